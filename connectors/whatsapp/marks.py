"""One line of WhatsApp's markup, read and written. Pure: no I/O, no state."""

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Final, TypeAlias

from msgspec import Struct

from bridge.text.nodes import Bold, Break, Code, Inline, Inlines, Italic, Strike, Text
from bridge.text.normal import runs
from bridge.text.plain import words_of

HAIR: Final = "\u200a"
"""Put beside a mark to take its meaning; typed ones are written twice."""
SEAM: Final = "\x00"
"""What stands for it while a line is read: a blank that nobody typed."""
_Style: TypeAlias = type[Bold] | type[Italic] | type[Strike]
MARKS: Final[dict[str, _Style]] = {"*": Bold, "_": Italic, "~": Strike}
_MARK_OF: Final[dict[type, str]] = {style: mark for mark, style in MARKS.items()}
_URL = re.compile(r"https?://[^\s\x00]*[^\s\x00*_~`]")
_CODE = re.compile(r"```((?:(?!```)[^\n])+)```|`([^`\s\x00](?:[^`\n]*[^`\s\x00])?)`")


def _is_blank(character: str) -> bool:
    return character == SEAM or character.isspace()


class Line:
    """A line while it is read; addresses and code in it are opaque."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._opaque = dict(_opaque(text))

    def inlines(self) -> Inlines:
        return tuple(self._between(0, len(self._text), frozenset()))

    def _between(self, start: int, end: int, worn: AbstractSet[str]) -> Iterator[Inline]:
        """What stands in a stretch, inside of the styles whose marks are `worn`."""
        done = at = start
        spent = set(worn)
        while at < end:
            if at in self._opaque:
                stop, code = self._opaque[at]
                if code:
                    yield from self._words(done, at)
                    yield Code(code)
                    done = stop
                at = stop
            elif (closing := self._closing(at, end, spent)) is not None:
                mark = self._text[at]
                yield from self._words(done, at)
                yield MARKS[mark](tuple(self._between(at + 1, closing, {*worn, mark})))
                done = at = closing + 1
            else:
                at += 1
        yield from self._words(done, end)

    def _words(self, start: int, end: int) -> Iterator[Text]:
        if words := self._text[start:end].replace(SEAM, ""):
            yield Text(words)

    def _closing(self, at: int, end: int, spent: set[str]) -> int | None:
        """Where the style ends that the mark here begins; None when it begins none."""
        text, mark = self._text, self._text[at]
        if mark not in MARKS or mark in spent or not _opens(text[at - 1 : at], text[at + 1 : at + 2]):
            return None
        here = at + 1
        while here < end:
            if here in self._opaque:
                here = self._opaque[here][0]
                continue
            if text[here] == mark and here > at + 1 and _closes(text[here - 1], text[here + 1 : here + 2]):
                return here
            here += 1
        spent.add(mark)
        return None


def _opens(before: str, after: str) -> bool:
    return not before.isalnum() and bool(after) and not _is_blank(after)


def _closes(before: str, after: str) -> bool:
    return bool(before) and not _is_blank(before) and not after.isalnum()


def _opaque(text: str) -> Iterator[tuple[int, tuple[int, str]]]:
    """Where addresses and code begin and end, and what the code is."""
    at = 0
    while at < len(text):
        found = _URL.match(text, at) if text[at] == "h" else _code(text, at) if text[at] == "`" else None
        if found is None:
            at += 1
            continue
        yield at, (found.end(), (found[1] or found[2]).replace(SEAM, "") if text[at] == "`" else "")
        at = found.end()


def _code(text: str, at: int) -> re.Match[str] | None:
    found = _CODE.match(text, at)
    if found is None or text[at - 1 : at].isalnum() or text[found.end() : found.end() + 1].isalnum():
        return None
    return found


def written(inside: Inlines) -> str:
    """Inlines as lines."""
    lines: list[list[_Letter]] = [[]]
    for worn, leaf in runs(inside):
        styles = frozenset(mark for style in worn if (mark := _MARK_OF.get(type(style))))
        if isinstance(leaf, Break):
            lines.append([])
        elif isinstance(leaf, Code):
            lines[-1].append(_Letter(_ticked(leaf.text), styles, is_code=True))
        else:
            lines[-1] += _letters(words_of(leaf), styles)
    return "\n".join(_guarded(_Pen(_trimmed(line)).line()) for line in lines)


def _guarded(line: str) -> str:
    """A line that begins like a quote or a block of code, and is none."""
    return f"{HAIR}{line}" if line.startswith(("> ", "```")) or line == ">" else line


def _ticked(code: str) -> str:
    """Code between ticks, with ticks in it between three."""
    words = code.replace(HAIR, HAIR * 2)
    if "`" in words or words != words.strip():
        inner = words.replace("`", f"`{HAIR}")
        return f"```{HAIR if inner.startswith('`') else ''}{inner}```"
    return f"`{words}`"


class _Letter(Struct):
    """One character of a line, or code, which is one; `styles` are the marks around it."""

    text: str
    styles: AbstractSet[str]
    is_code: bool = False
    in_address: bool = False


def _letters(words: str, styles: AbstractSet[str]) -> list[_Letter]:
    inside = {place for found in _URL.finditer(words) for place in range(*found.span())}
    return [_Letter(each, styles, in_address=place in inside) for place, each in enumerate(words)]


def _trimmed(line: list[_Letter]) -> list[_Letter]:
    """A blank wears only what both its neighbours wear: no style begins or ends with one."""
    for letters in (line, line[::-1]):
        worn: AbstractSet[str] = frozenset()
        for letter in letters:
            if letter.text.isspace():
                letter.styles = letter.styles & worn
            else:
                worn = letter.styles
    return line


class _Pen:
    """Writes one line: opens and closes marks, and puts hairs beside those that mean nothing."""

    def __init__(self, line: list[_Letter]) -> None:
        self._line = line
        self._written: list[str] = []
        self._open: list[str] = []
        self._opened_last = ""
        self._token = ""

    def line(self) -> str:
        for at, letter in enumerate(self._line):
            self._dress(at, letter)
            self._put(at, letter)
        while self._open:
            self._write(self._open.pop())
        return "".join(self._written)

    @property
    def _before(self) -> str:
        return self._written[-1][-1] if self._written else ""

    def _write(self, piece: str) -> None:
        self._written.append(piece)
        self._token = "" if piece[-1:].isspace() else self._token + piece
        self._opened_last = ""

    def _dress(self, at: int, letter: _Letter) -> None:
        """Close what ends here and open what begins, the longest first."""
        wanted = letter.styles
        closed = False
        while not set(self._open) <= wanted or self._outlived(at, wanted):
            self._close()
            closed = True
        begins = sorted(wanted - set(self._open), key=lambda mark: (-self._lasts(at, mark), mark))
        if (closed and not begins and letter.text[0].isalnum()) or (closed and "://" in self._token):
            self._write(HAIR)
        for index, mark in enumerate(begins):
            if not index and (self._before.isalnum() or "://" in self._token):
                self._write(HAIR)
            self._write(mark)
            self._open.append(mark)
            self._opened_last = mark

    def _outlived(self, at: int, wanted: AbstractSet[str]) -> bool:
        """Whether the innermost style ends before one that begins here: it is closed, to be opened again inside."""
        begins = wanted - set(self._open)
        if not self._open or not begins:
            return False
        lasts = self._lasts(at, self._open[-1])
        if lasts >= max(self._lasts(at, mark) for mark in begins):
            return False
        return not self._before.isspace() or self._line[at + lasts].text.isspace()

    def _close(self) -> None:
        """Close the innermost style, before the blanks that it ends with: no mark closes behind one."""
        blanks: list[str] = []
        while self._before.isspace():
            blanks.append(self._written.pop())
        for piece in (self._open.pop(), *reversed(blanks)):
            self._write(piece)

    def _lasts(self, at: int, mark: str) -> int:
        """How many letters wear a style from here on."""
        end = at
        while end < len(self._line) and mark in self._line[end].styles:
            end += 1
        return end - at

    def _put(self, at: int, letter: _Letter) -> None:
        text = letter.text
        if letter.is_code:
            if self._before.isalnum() or (text.startswith("```") and not self._written):
                self._write(HAIR)
            self._write(text)
            if self._following(at).isalnum():
                self._write(HAIR)
        elif text == HAIR:
            self._write(HAIR * 2)
        elif (text not in MARKS and text != "`") or letter.in_address:
            self._write(text)
        else:
            self._put_sign(text, self._following(at))

    def _put_sign(self, sign: str, after: str) -> None:
        """A mark that somebody typed and that means nothing."""
        if sign in self._open and self._opened_last != sign and _closes(self._before or HAIR, after):
            self._write(HAIR)
        opens = sign not in self._open and _opens(self._before, after)
        self._write(sign)
        if opens:
            self._write(HAIR)

    def _following(self, at: int) -> str:
        """What is written next: a letter, or the mark that ends or begins a style before it."""
        if at + 1 == len(self._line):
            return self._open[-1] if self._open else ""
        upcoming = self._line[at + 1]
        if set(self._open) - upcoming.styles:
            return self._open[-1]
        begins = upcoming.styles - set(self._open)
        return next(iter(begins)) if begins else upcoming.text[0]
