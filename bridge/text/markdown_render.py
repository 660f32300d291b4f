"""The text tree → CommonMark, escaped so that reading it again gives the same tree. Pure: no I/O, no state.

Words keep their look wherever they can. Two things need care. Characters that mean something get a backslash, most of
them only at the beginning of a line. And a mark such as `**` is only taken for one where the characters on both sides
allow it (the specification calls it flanking): where they do not, the character beside it is written as a number.
"""

import re
from collections.abc import Iterator, Sequence
from enum import Enum
from typing import TypeAlias

from markdown_it.common.utils import isMdAsciiPunct, isPunctChar, isWhiteSpace
from msgspec import Struct

from bridge.text.keep import keep
from bridge.text.nodes import (
    Block,
    Bold,
    Break,
    Code,
    CodeBlock,
    Emoji,
    Heading,
    Inline,
    Inlines,
    Italic,
    Link,
    List,
    Mention,
    Node,
    Paragraph,
    Quote,
    Rich,
    Spoiler,
    Strike,
    Text,
    Underline,
)
from bridge.text.plain import words_of
from bridge.text.url import safe_url

NODES: frozenset[type[Node]] = frozenset({Break, Bold, Italic, Strike, Code, Link, Quote, CodeBlock, List, Heading})
"""What CommonMark, with struck-through text, can show."""

# Italic has a sign of its own: with one sign for both, some neighbours of bold and italic cannot be told apart.
_MARKS: dict[type[Node], str] = {Bold: "**", Italic: "_", Strike: "~~"}
_SPECIAL = re.compile(r"[\\`*\[\]<&~]|(?<![^\W_])_|_(?![^\W_])")
_BEGINS_BLOCK = re.compile(r"(?=[#>=]|[-+](?:[-+\s]|$))|\d{1,9}(?=[.)](?:\s|$))")
_FIRST, _LAST = 0, -1


class _Words(Struct):
    """Plain characters; `numbered` are the ends (`_FIRST`, `_LAST`) that have to be written as numbers."""

    text: str
    numbered: set[int]


class _Mark(Struct, frozen=True):
    """Where a style begins (`inner` is 1: what it holds stands behind it) or ends (-1)."""

    text: str
    inner: int


class _Raw(Struct, frozen=True):
    """Markup that is written as it is."""

    text: str


_Piece: TypeAlias = _Words | _Mark | _Raw


class _Side(Enum):
    """What the specification distinguishes beside a mark."""

    BLANK = "blank"
    PUNCTUATION = "punctuation"
    LETTER = "letter"


def render(rich: Rich) -> str:
    """The CommonMark that shows a tree; what it lacks shows as `keep` puts it."""
    return "\n".join(_lines(keep(rich, NODES)))


def _lines(rich: Rich) -> Iterator[str]:
    """Blocks with an empty line between; a list behind a list changes its mark, or the two would be one."""
    mark = ")"
    for index, block in enumerate(rich):
        if index:
            yield ""
        mark = "." if mark == ")" or not isinstance(block, List) else ")"
        yield from _block(block, mark)


def _block(block: Block, mark: str) -> Iterator[str]:
    match block:
        case Paragraph(inside):
            yield from _written(_pieces(inside)).split("\n")
        case Heading(inside, level):
            yield _heading(inside, level)
        case Quote(inside):
            yield from (f"> {line}" if line else ">" for line in _lines(inside))
        case CodeBlock(text, language):
            yield from _fenced(text, language)
        case List(items, start):
            for index, item in enumerate(items):
                yield from _item("- " if start is None else f"{start + index}{mark} ", item)


def _item(lead: str, item: Rich) -> Iterator[str]:
    for index, line in enumerate(_lines(item)):
        yield (lead if not index else " " * len(lead) if line else "") + line


def _heading(inside: Inlines, level: int) -> str:
    """A title is one line; number signs at its end would be taken for decoration."""
    pieces = [_Raw(" ") if piece == _BREAK else piece for piece in _pieces(inside)]
    line = _written([_Raw("#" * level + " "), *pieces])
    return line[:-1] + "&#35;" if line.endswith("#") else line


def _fenced(text: str, language: str) -> Iterator[str]:
    sign = "~" if "`" in language else "`"
    longest = max((len(run) for run in re.findall(f"{sign}+", text)), default=0)
    fence = sign * max(3, longest + 1)
    yield fence + re.sub(r"[\\&]", r"\\\g<0>", language)
    yield from text.split("\n")
    yield fence


_BREAK, _LINK = _Raw("\\\n"), _Raw("[")


def _pieces(inside: Inlines) -> list[_Piece]:
    return [piece for node in inside for piece in _piece(node)]


def _piece(node: Inline) -> list[_Piece]:
    match node:
        case Bold(inside) | Italic(inside) | Strike(inside):
            mark = _MARKS[type(node)]
            return [_Mark(mark, 1), *_pieces(inside), _Mark(mark, -1)]
        case Link(inside, url):
            return [_LINK, *_pieces(inside), _Raw(f"]({_destination(url)})")] if safe_url(url) else _pieces(inside)
        case Code(text):
            return [_Raw(_code(text))]
        case Break():
            return [_BREAK]
        case Underline(inside) | Spoiler(inside):
            return _pieces(inside)
        case Text() | Mention() | Emoji():
            return [_Words(words_of(node), set())]


def _destination(url: str) -> str:
    return re.sub(r"[\\&()<>*_`\[\]]", r"\\\g<0>", url)


def _code(text: str) -> str:
    """The fence is longer than any run of backticks inside; blanks at both ends would be taken for padding."""
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    padded = "`" in {text[0], text[-1]} or (text[0] == text[-1] == " " and text.strip(" "))
    return f"{fence} {text} {fence}" if padded else fence + text + fence


def _written(pieces: list[_Piece]) -> str:
    _number_edges(pieces)
    # A character that became a number looks like punctuation to the mark on its other side: again until all is well.
    while sum(_number_beside(pieces, place) for place in range(len(pieces))):
        pass
    return "".join(_escaped(pieces, place) for place in range(len(pieces)))


def _number_edges(pieces: Sequence[_Piece]) -> None:
    """White space at the ends of a line would be taken off."""
    for place, piece in enumerate(pieces):
        if isinstance(piece, _Words):
            if _is_edge(pieces, place - 1) and piece.text[0].isspace():
                piece.numbered.add(_FIRST)
            if _is_edge(pieces, place + 1) and piece.text[-1].isspace():
                piece.numbered.add(_LAST)


def _is_edge(pieces: Sequence[_Piece], place: int) -> bool:
    """Whether a line, or the words of a title, end at this place."""
    if not 0 <= place < len(pieces):
        return True
    piece = pieces[place]
    return isinstance(piece, _Raw) and piece.text[-1].isspace()


def _number_beside(pieces: Sequence[_Piece], place: int) -> bool:
    """Make room for one mark; says whether anything had to change.

    A mark is taken for one when no blank stands on its inner side, and no letter on its outer side if punctuation
    stands on the inner; an underscore wants no letter there at all.
    """
    mark = pieces[place]
    if not isinstance(mark, _Mark):
        return False
    inner, outer = _side(pieces, place, mark.inner), _side(pieces, place, -mark.inner)
    if inner is _Side.BLANK:
        return _number(pieces, place, mark.inner)
    if outer is _Side.LETTER and (inner is _Side.PUNCTUATION or mark.text == _MARKS[Italic]):
        return _number(pieces, place, -mark.inner)
    return False


def _beside(pieces: Sequence[_Piece], place: int, step: int) -> int:
    """The place next to a run of equal signs, which counts as one mark."""
    sign = pieces[place].text[0]
    while 0 <= place < len(pieces) and isinstance(pieces[place], _Mark) and pieces[place].text[0] == sign:
        place += step
    return place


def _side(pieces: Sequence[_Piece], place: int, step: int) -> _Side:
    place = _beside(pieces, place, step)
    if not 0 <= place < len(pieces):
        return _Side.BLANK
    piece = pieces[place]
    end = _FIRST if step > 0 else _LAST
    if isinstance(piece, _Words) and _is_numbered(piece, end):
        return _Side.PUNCTUATION
    character = piece.text[end]
    if isWhiteSpace(ord(character)):
        return _Side.BLANK
    return _Side.PUNCTUATION if isMdAsciiPunct(ord(character)) or isPunctChar(character) else _Side.LETTER


def _number(pieces: Sequence[_Piece], place: int, step: int) -> bool:
    place = _beside(pieces, place, step)
    piece = pieces[place] if 0 <= place < len(pieces) else None
    end = _FIRST if step > 0 else _LAST
    if not isinstance(piece, _Words) or _is_numbered(piece, end):
        return False
    piece.numbered.add(end)
    return True


def _is_numbered(piece: _Words, end: int) -> bool:
    return end in piece.numbered or (len(piece.text) == 1 and bool(piece.numbered))


def _escaped(pieces: Sequence[_Piece], place: int) -> str:
    piece = pieces[place]
    if not isinstance(piece, _Words):
        return piece.text
    first = 1 if _is_numbered(piece, _FIRST) else 0
    last = len(piece.text) - (1 if len(piece.text) > 1 and _LAST in piece.numbered else 0)
    middle = _SPECIAL.sub(r"\\\g<0>", piece.text[first:last])
    begins_line = not place or pieces[place - 1] == _BREAK
    if begins_line and not first and (begin := _BEGINS_BLOCK.match(middle)):
        middle = middle[: begin.end()] + "\\" + middle[begin.end() :]
    if middle.endswith("!") and pieces[place + 1 : place + 2] == [_LINK]:
        middle = middle[:-1] + "\\!"
    return "".join((_as_number(piece.text[:first]), middle, _as_number(piece.text[last:])))


def _as_number(character: str) -> str:
    return f"&#{ord(character)};" if character else ""
