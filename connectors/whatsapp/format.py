"""WhatsApp's markup ↔ the text tree. Pure; facts/platform-apis.md 2.10.

`*bold* _italic_ ~struck~ `code``, "```" around several lines, "> " before a quoted one. A mark opens between something
that is no letter and something that is no blank, and closes the other way round. There is no escape: a hair space, as
narrow as a blank can be, stands beside a mark that is none, and goes when we read it back.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from bridge.text.nodes import (
    Block,
    Bold,
    Break,
    Code,
    CodeBlock,
    Heading,
    Inline,
    Inlines,
    Italic,
    List,
    Node,
    Paragraph,
    Quote,
    Rich,
    Strike,
    Text,
)
from bridge.text.walk import normal, plain
from connectors.whatsapp.marks import HAIR, MARKS, SEAM, Line, written

FORMATTING: Final[frozenset[type[Node]]] = frozenset({Break, Bold, Italic, Strike, Code, CodeBlock, Quote})
_DEEPEST: Final = 8
_FENCE: Final = "```"
_FENCED = re.compile(r"```((?:(?!```).)+)```(?=\n|\Z)", re.DOTALL)
_LINE_FEED = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_HAIRS = re.compile(f"{HAIR}+")
_BESIDE = frozenset({*MARKS, "`", ">"})


class _Lines(Struct):
    """The lines of a text while they are read."""

    all: Sequence[str]
    next: int = 0

    def ahead(self) -> str | None:
        return self.all[self.next] if self.next < len(self.all) else None


def parse(native: str) -> Rich:
    """The tree of what somebody typed; marks that are none stay as typed."""
    text = _LINE_FEED.sub("\n", native.replace(SEAM, ""))
    return normal(tuple(_blocks(_HAIRS.sub(_seam_or_hair, text) if HAIR in text else text, 0)))


def _seam_or_hair(hairs: re.Match[str]) -> str:
    """One of us was put beside a mark; those that were typed stand twice."""
    whole, (start, end) = hairs.string, hairs.span()
    twice, odd = divmod(end - start, 2)
    if not odd:
        return HAIR * twice
    beside = {whole[start - 1 : start], whole[end : end + 1]} & _BESIDE
    return HAIR * twice + SEAM if beside else HAIR * (end - start)


def _blocks(text: str, depth: int) -> Iterator[Block]:
    lines = _Lines(text.split("\n"))
    said: list[str] = []
    while (line := lines.ahead()) is not None:
        block = _block(lines, line, depth)
        if block is None:
            said.append(line)
            lines.next += 1
            continue
        yield from _paragraph(said)
        said = []
        yield block
    yield from _paragraph(said)


def _block(lines: _Lines, line: str, depth: int) -> Block | None:
    """The code or the quote that begins with this line."""
    if line.startswith(_FENCE) and (fenced := _FENCED.match("\n".join(lines.all[lines.next :]))):
        code = fenced[1].replace(SEAM, "").removeprefix("\n").removesuffix("\n")
        if code.strip("\n"):
            lines.next += fenced[0].count("\n") + 1
            return CodeBlock(code)
    if not _is_quoted(line) or depth > _DEEPEST:
        return None
    quoted: list[str] = []
    while (each := lines.ahead()) is not None and _is_quoted(each):
        quoted.append(each[2:])
        lines.next += 1
    return Quote(tuple(_blocks("\n".join(quoted), depth + 1)))


def _is_quoted(line: str) -> bool:
    return line.startswith("> ") or line == ">"


def _paragraph(lines: Sequence[str]) -> Iterator[Paragraph]:
    inside: list[Inline] = []
    for index, line in enumerate(lines):
        if index:
            inside.append(Break())
        inside.extend(Line(line).inlines())
    if inside:
        yield Paragraph(tuple(inside))


def render(rich: Rich, most: int | None = None) -> str:
    """The message that shows a tree, in at most `most` characters where the words fit: formatting is left out first."""
    shown = _rendered(rich, 0)
    if most is None or len(shown) <= most:
        return shown
    words = plain(rich)
    bare = _rendered(normal((Paragraph((Text(words),)),)), 0)
    return bare if len(bare) <= most else words


def _rendered(rich: Rich, depth: int) -> str:
    """Blocks one below the other, a blank line where two quotes would become one."""
    pieces: list[str] = []
    before: Block | None = None
    for block in rich:
        if before is not None:
            pieces.append("\n\n" if isinstance(before, Quote) and isinstance(block, Quote) else "\n")
        pieces.append(_shown(block, depth))
        before = block
    return "".join(pieces)


def _shown(block: Block, depth: int) -> str:
    match block:
        case Paragraph(inside):
            return _inline(inside)
        case Heading(inside):
            return _inline((Bold(inside),))
        case Quote(inside):
            return "\n".join(f"> {line}" for line in _rendered(inside, depth + 1).split("\n"))
        case CodeBlock(text):
            return _fenced(text)
        case List():
            return _inline((Text(plain((block,))),))


def _fenced(text: str) -> str:
    """Code between fences; a tick in it is kept from being one of them."""
    code = text.replace(HAIR, HAIR * 2).replace("`", f"`{HAIR}")
    return f"{_FENCE}{HAIR if code.startswith('`') else ''}{_opened(code)}{_FENCE}"


def _opened(code: str) -> str:
    """A line feed at its very beginning stands twice: people put one there that means nothing."""
    return f"\n{code}" if code.startswith("\n") else code


def _inline(inside: Inlines) -> str:
    """Lines of a paragraph; one that would be read back as other words goes without its styles."""
    (paragraph,) = normal((Paragraph(inside),)) or (Paragraph(()),)
    shown = written(paragraph.inside) if isinstance(paragraph, Paragraph) else ""
    if any(mark in shown for mark in MARKS) and plain(parse(shown)) != plain((paragraph,)):
        return written((Text(plain((paragraph,))),))
    return shown
