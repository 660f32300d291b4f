"""The same tree with other words, or other people. Pure: no I/O, no state."""

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
Rename: TypeAlias = Callable[[Mention], Mention]


def mapped(rich: Rich, change: Change) -> Rich:
    """Every word a reader sees, changed; addresses stay."""
    return _blocks(rich, change, _same)


def renamed(rich: Rich, change: Rename) -> Rich:
    """Every mention of somebody, changed; all other words stay."""
    return _blocks(rich, str, change)


def _same(mention: Mention) -> Mention:
    return mention


def _blocks(rich: Rich, change: Change, rename: Rename) -> Rich:
    return tuple(_block(block, change, rename) for block in rich)


def _block(block: Block, change: Change, rename: Rename) -> Block:
    match block:
        case Paragraph(inside):
            return Paragraph(_inlines(inside, change, rename))
        case Heading(inside, level):
            return Heading(_inlines(inside, change, rename), level)
        case Quote(inside):
            return Quote(_blocks(inside, change, rename))
        case CodeBlock(text, language):
            return CodeBlock(change(text), language)
        case List(items, start):
            return List(tuple(_blocks(item, change, rename) for item in items), start)


def _inlines(inside: Inlines, change: Change, rename: Rename) -> Inlines:
    return tuple(_inline(node, change, rename) for node in inside)


def _inline(node: Inline, change: Change, rename: Rename) -> Inline:
    match node:
        case Text(text):
            return Text(change(text))
        case Code(text):
            return Code(change(text))
        case Mention(name, user, person):
            return rename(Mention(change(name), user, person))
        case Bold() | Italic() | Underline() | Strike() | Spoiler() | Link():
            return wearing(node, _inlines(node.inside, change, rename))
        case Break() | Emoji():
            return node
