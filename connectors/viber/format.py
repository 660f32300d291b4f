"""Viber's `*bold* _italic_ ~strike~ ```mono``` ` ↔ the text tree. Pure; facts/platform-apis.md 1.10.

The signs are read by people's programs, line by line, and nothing escapes them. Two unseen characters help: a guard
behind a sign that is a word's own, and a border between a sign and a word that touches it from outside.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from bridge.text.nodes import Bold, Break, Code, Inline, Inlines, Italic, Node, Paragraph, Rich, Strike, Text
from bridge.text.normal import neat
from bridge.text.walk import keep, normal

FORMATTING: Final[frozenset[type[Node]]] = frozenset({Break, Bold, Italic, Strike, Code})
"""What a Viber message shows."""
Style = type[Bold] | type[Italic] | type[Strike]
_STYLES: Final[dict[str, Style]] = {"*": Bold, "_": Italic, "~": Strike}
_SIGNS: Final[dict[type[Node], str]] = {style: sign for sign, style in _STYLES.items()}
_MONO: Final = "```"
_MARKS: Final = "*_~`"
_GUARD: Final = "\u2060"
_BORDER: Final = "\u200b"
_UNPLAIN: Final = re.compile("[*_~`\n\u2060\u200b]")
_PIECE: Final = re.compile(
    rf"```(?P<code>[^`\n]+)```|(?P<guarded>[*_~`]){_GUARD}|(?P<url>https?://[^\s{_BORDER}{_GUARD}]+)|(?P<sign>[*_~])"
    rf"|(?P<rest>[^*_~`h{_BORDER}{_GUARD}]+|.)",
    re.DOTALL,
)
_BEFORE: Final = re.compile(rf"[\s{_GUARD}{_BORDER}]+")
_BEHIND: Final = re.compile(rf"[\s{_GUARD}{_BORDER}]+$")
_OUTSIDE: Final = "*_~`.,;:!?)'\""
"""What ends a sentence, and not the address before it."""


class _Piece(Struct, frozen=True):
    """A piece of a line: `sign` where it may open or close a style, `code` where it is monospaced."""

    text: str
    sign: str = ""
    code: str = ""


def parse(native: str) -> Rich:
    """The tree of a message as a person wrote it."""
    if not native:
        return ()
    if not _UNPLAIN.search(native):
        return normal((Paragraph((Text(native),)),))
    inside: list[Inline] = []
    for number, line in enumerate(native.split("\n")):
        inside += [Break()] if number else []
        inside += _Line(line).inlines()
    return normal((Paragraph(tuple(inside)),))


def render(rich: Rich) -> str:
    """A message that shows this tree; nodes outside of `FORMATTING` show as their words."""
    return "\n".join(_rendered(line) for line in _lines(rich))


def fitted(rich: Rich) -> Rich:
    """The tree as Viber can show it: one paragraph; styles end with their line and touch words from inside."""
    inside: list[Inline] = []
    for number, line in enumerate(_lines(rich)):
        inside += [Break()] if number else []
        inside += line
    return normal((Paragraph(tuple(inside)),)) if inside else ()


class _Line:
    """One line of a message, in pieces."""

    def __init__(self, line: str) -> None:
        self._pieces = list(_pieces(line))
        self._closers: dict[str, list[int]] = {sign: [] for sign in _STYLES}
        for index, piece in enumerate(self._pieces):
            if piece.sign and self._closes(index):
                self._closers[piece.sign].append(index)

    def inlines(self) -> list[Inline]:
        return self._between(0, len(self._pieces), "")

    def _between(self, start: int, end: int, worn: str) -> list[Inline]:
        """What stands there; `worn` are the signs of the styles around it."""
        found: list[Inline] = []
        at = start
        while at < end:
            piece = self._pieces[at]
            close = self._close(at, end) if piece.sign and piece.sign not in worn else None
            if close is not None:
                _drop_border(found)
                found.append(_STYLES[piece.sign](tuple(self._between(at + 1, close, worn + piece.sign))))
                at = close + 1
            elif piece.code:
                _drop_border(found)
                found.append(Code(piece.code))
                at += 1
            else:
                found.append(Text(piece.text))
                at += 1
                continue
            at += at < end and self._pieces[at].text == _BORDER
        return found

    def _close(self, at: int, end: int) -> int | None:
        """Where the style ends that a sign opens; None where it opens none."""
        after = self._after(at)
        if self._before(at).isalnum() or not after or after.isspace():
            return None
        closers = self._closers[self._pieces[at].sign]
        index = bisect_left(closers, at + 2)
        return closers[index] if index < len(closers) and closers[index] < end else None

    def _closes(self, at: int) -> bool:
        before = self._before(at)
        return bool(before) and not before.isspace() and not self._after(at).isalnum()

    def _before(self, at: int) -> str:
        """The character before a sign; "" at the beginning of the line."""
        return self._pieces[at - 1].text[-1] if at else ""

    def _after(self, at: int) -> str:
        return self._pieces[at + 1].text[0] if at + 1 < len(self._pieces) else ""


def _pieces(line: str) -> Iterator[_Piece]:
    at = 0
    while (match := _PIECE.match(line, at)) is not None:
        at = match.end()
        match match.lastgroup:
            case "code":
                yield _Piece("`", code=match["code"])
            case "guarded":
                yield _Piece(match["guarded"])
            case "url":
                address = match["url"].rstrip(_OUTSIDE)
                at = match.start() + len(address)
                yield _Piece(address)
            case "sign":
                yield _Piece(match["sign"], sign=match["sign"])
            case _:
                yield _Piece(match["rest"])


def _drop_border(found: list[Inline]) -> None:
    """The border before a sign is ours."""
    if found and isinstance(last := found[-1], Text) and last.text == _BORDER:
        found.pop()


# Rendering.


def _lines(rich: Rich) -> Iterator[Inlines]:
    """The lines of all paragraphs, each in its styles; an empty one stands between two paragraphs."""
    for number, block in enumerate(keep(rich, FORMATTING)):
        if number:
            yield ()
        if isinstance(block, Paragraph):  # nothing else is in `FORMATTING`
            yield from (neat(tuple(_hugged(line))) for line in _broken(block.inside))


def _broken(inside: Inlines) -> list[Inlines]:
    lines: list[list[Inline]] = [[]]
    for node in inside:
        match node:
            case Break():
                lines.append([])
            case Bold() | Italic() | Strike():
                first, *others = _broken(node.inside)
                lines[-1].append(type(node)(first))
                lines += [[type(node)(one)] for one in others]
            case _:
                lines[-1].append(node)
    return [tuple(line) for line in lines]


def _hugged(inside: Sequence[Inline]) -> Iterator[Inline]:
    """The same with the blanks at the edges of each style outside of it."""
    for node in inside:
        match node:
            case Bold() | Italic() | Strike():
                yield from _moved_out(type(node), list(neat(tuple(_hugged(node.inside)))))
            case Code(text) if "`" in text or not text.strip():
                yield Text(text)
            case _:
                yield node


def _moved_out(style: Style, inside: list[Inline]) -> Iterator[Inline]:
    before = after = ""
    while inside and isinstance(first := inside[0], Text) and (edge := _BEFORE.match(first.text)):
        before += edge[0]
        inside[:1] = [Text(first.text[edge.end() :])] if edge.end() < len(first.text) else []
    while inside and isinstance(last := inside[-1], Text) and (edge := _BEHIND.search(last.text)):
        after = edge[0] + after
        inside[-1:] = [Text(last.text[: edge.start()])] if edge.start() else []
    yield from (Text(one) for one in (before,) if one)
    if inside:
        yield style(tuple(inside))
    yield from (Text(one) for one in (after,) if one)


class _Written:
    """One line as it is written: what stands last says whether a border is needed."""

    def __init__(self) -> None:
        self.text = ""
        self._ends_in_words, self._ends_in_close = False, False

    def words(self, words: str) -> None:
        border = self._ends_in_close and not words[0].isspace()
        self.text += (_BORDER if border else "") + _guarded(words)
        self._ends_in_words, self._ends_in_close = True, False

    def open(self, sign: str) -> None:
        border = self._ends_in_close or (self._ends_in_words and not self.text[-1].isspace())
        self.text += (_BORDER if border else "") + sign
        self._ends_in_words = self._ends_in_close = False

    def close(self, sign: str) -> None:
        self.text += sign
        self._ends_in_words, self._ends_in_close = False, True


def _rendered(line: Inlines) -> str:
    written = _Written()
    _write(line, written, "")
    return written.text


def _write(inside: Inlines, written: _Written, worn: str) -> None:
    for node in inside:
        match node:
            case Text(text):
                written.words(text)
            case Code(text):
                written.open(_MONO)
                written.close(text + _MONO)
            case Bold() | Italic() | Strike():
                _write_style(node, written, worn)
            case _:  # a line has no other
                pass


def _write_style(node: Bold | Italic | Strike, written: _Written, worn: str) -> None:
    sign = _SIGNS[type(node)]
    if sign in worn:
        return _write(node.inside, written, worn)
    written.open(sign)
    _write(node.inside, written, worn + sign)
    return written.close(sign)


def _guarded(text: str) -> str:
    """Words whose signs open and close nothing."""
    written: list[str] = []
    at = 0
    for piece in _words_apart(text):
        end = at + len(piece)
        written.append(piece)
        if len(piece) == 1 and piece in _MARKS and _acts(text, at):
            written.append(_GUARD)
        at = end
    return "".join(written)


def _words_apart(text: str) -> Iterator[str]:
    """Addresses whole, everything else sign by sign."""
    at = 0
    for match in re.finditer(rf"https?://[^\s{_BORDER}{_GUARD}]+", text):
        yield from text[at : match.start()]
        address = match[0].rstrip(_OUTSIDE)
        yield address
        at = match.start() + len(address)
    yield from text[at:]


def _acts(text: str, at: int) -> bool:
    """Whether a sign could open or close something where it stands; what is beyond the words may be anything."""
    before, after = text[at - 1 : at] if at else "", text[at + 1 : at + 2]
    if after == _GUARD:
        return True
    if text[at] == "`":
        return after in {"`", ""} or before == "`"
    opens = not before.isalnum() and not after.isspace()
    closes = not before.isspace() and not after.isalnum()
    return opens or closes
