"""A tree as plain words: the one place that says how blocks look without formatting. Pure: no I/O, no state."""

from collections.abc import Iterator
from typing import TypeAlias

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
    Paragraph,
    Quote,
    Rich,
    Spoiler,
    Strike,
    Text,
    Underline,
)

QUOTED = "> "
INDENT = "  "

Leaf: TypeAlias = Text | Break | Code | Mention | Emoji | CodeBlock
Span: TypeAlias = tuple[str, int, Leaf | None]
"""Words, where they begin inside their leaf, and the leaf: None for markers and borders, which only blocks add."""


def plain(rich: Rich) -> str:
    """The words only: blocks and breaks as line feeds, list items as "• x" or "1. x", quoted lines as "> x"."""
    words = only_words(rich)
    return "".join([span[0] for span in spans(rich)]) if words is None else words


def only_words(rich: Rich) -> str | None:
    """The words of a text that is nothing but one run of them, as most are; None for any other."""
    if len(rich) == 1 and type(rich[0]) is Paragraph and len(rich[0].inside) == 1:
        leaf = rich[0].inside[0]
        return leaf.text if type(leaf) is Text else None
    return None


def marker(block: List, index: int) -> str:
    """What stands before an item."""
    return "• " if block.start is None else f"{block.start + index}. "


def spans(rich: Rich, first: str = "", other: str = "") -> Iterator[Span]:
    """The plain text piece by piece; `first` stands before the first line, `other` before each other."""
    for index, block in enumerate(rich):
        if index:
            yield "\n", 0, None
        yield from _block_spans(block, other if index else first, other)


def _block_spans(block: Block, first: str, other: str) -> Iterator[Span]:
    match block:
        case Paragraph(inside) | Heading(inside):
            yield first, 0, None
            yield from _inline_spans(inside, other)
        case CodeBlock():
            yield from _code_spans(block, first, other)
        case Quote(inside):
            yield from spans(inside, first + QUOTED, other + QUOTED)
        case List():
            yield from _list_spans(block, first, other)


def _list_spans(block: List, first: str, other: str) -> Iterator[Span]:
    for index, item in enumerate(block.items):
        if index:
            yield "\n", 0, None
        yield from spans(item, (other if index else first) + marker(block, index), other + INDENT)


def _code_spans(block: CodeBlock, first: str, other: str) -> Iterator[Span]:
    offset = 0
    yield first, 0, None
    for index, line in enumerate(block.text.split("\n")):
        if index:
            yield "\n", offset, block
            yield other, 0, None
            offset += 1
        if line:
            yield line, offset, block
        offset += len(line)


def _inline_spans(inside: Inlines, other: str) -> Iterator[Span]:
    for leaf in leaves(inside):
        yield words_of(leaf), 0, leaf
        if type(leaf) is Break:
            yield other, 0, None


def leaves(inside: Inlines) -> Iterator[Text | Break | Code | Mention | Emoji]:
    """What the inlines hold, left to right, without what decorates it."""
    for node in inside:
        match node:
            case Bold() | Italic() | Underline() | Strike() | Spoiler() | Link():
                yield from leaves(node.inside)
            case Text() | Break() | Code() | Mention() | Emoji():
                yield node


def words_of(leaf: Text | Break | Code | Mention | Emoji) -> str:
    """How a leaf reads without formatting."""
    match leaf:
        case Text(text) | Code(text):
            return text
        case Break():
            return "\n"
        case Mention(name):
            return name
        case Emoji(name):
            return f":{name}:"


def words_in(inside: tuple[Inline, ...]) -> str:
    """How inlines read without formatting."""
    return "".join(map(words_of, leaves(inside)))
