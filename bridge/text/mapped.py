"""The same tree with other words. Pure: no I/O, no state."""

from collections.abc import Callable
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
)  # fmt: skip
from bridge.text.normal import wearing

Change: TypeAlias = Callable[[str], str]


def mapped(rich: Rich, change: Change) -> Rich:
    """Every word a reader sees, changed; addresses stay."""
    return tuple(_block(block, change) for block in rich)


def _block(block: Block, change: Change) -> Block:
    match block:
        case Paragraph(inside):
            return Paragraph(_inlines(inside, change))
        case Heading(inside, level):
            return Heading(_inlines(inside, change), level)
        case Quote(inside):
            return Quote(mapped(inside, change))
        case CodeBlock(text, language):
            return CodeBlock(change(text), language)
        case List(items, start):
            return List(tuple(mapped(item, change) for item in items), start)


def _inlines(inside: Inlines, change: Change) -> Inlines:
    return tuple(_inline(node, change) for node in inside)


def _inline(node: Inline, change: Change) -> Inline:
    match node:
        case Text(text):
            return Text(change(text))
        case Code(text):
            return Code(change(text))
        case Mention(name, user):
            return Mention(change(name), user)
        case Bold() | Italic() | Underline() | Strike() | Spoiler() | Link():
            return wearing(node, _inlines(node.inside, change))
        case Break() | Emoji():
            return node
