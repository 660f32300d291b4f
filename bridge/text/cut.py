"""A tree cut in two at one place: open nodes are closed before it and opened again after it. Pure: no I/O, no state.

A place is counted in leaves, as `plain.spans` gives them, so that markers of quotes and lists play no part. What lies
before the place is walked once; what lies behind it is never looked at, however long.
"""

from typing import TypeAlias

from msgspec import Struct

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
from bridge.text.normal import continued, wearing
from bridge.text.plain import words_of


class Place(Struct, frozen=True):
    """Before leaf number `leaf` where `offset` is 0, else inside it, after so many characters."""

    leaf: int
    offset: int = 0


Left: TypeAlias = Place | None
"""What is still to go until the place; None once it is behind us."""


def cut(rich: Rich, place: Place) -> tuple[Rich, Rich]:
    """What stands before the place, and the rest."""
    before, after, _ = _blocks(rich, place)
    return before, after


def _blocks(rich: Rich, place: Place) -> tuple[Rich, Rich, Left]:
    left = place
    for index, block in enumerate(rich):
        before, after, behind = _block(block, left)
        if behind is None:
            return (*rich[:index], *before), _beside(after, rich[index + 1 :]), None
        left = behind
    return rich, (), left


def _beside(torn: Rich, rest: Rich) -> Rich:
    """What is left of a torn block and what follows it: two lists that meet there and count on are one."""
    whole = continued(torn[-1], rest[0]) if torn and rest else None
    return (*torn[:-1], whole, *rest[1:]) if whole else (*torn, *rest)


def _block(block: Block, place: Place) -> tuple[Rich, Rich, Left]:
    match block:
        case Paragraph(inside):
            before, after, left = _inlines(inside, place)
            return (Paragraph(before),) if before else (), (Paragraph(after),) if after else (), left
        case Heading(inside, level):
            before, after, left = _inlines(inside, place)
            return (Heading(before, level),) if before else (), (Heading(after, level),) if after else (), left
        case Quote(inside):
            above, below, left = _blocks(inside, place)
            return (Quote(above),) if above else (), (Quote(below),) if below else (), left
        case CodeBlock(text, language):
            return _code(text, language, place)
        case List(items, start):
            return _list(items, start, place)


def _code(text: str, language: str, place: Place) -> tuple[Rich, Rich, Left]:
    if place.leaf:
        return (CodeBlock(text, language),), (), Place(place.leaf - 1, place.offset)
    before = text[: place.offset].rstrip("\n")
    after = text[place.offset :].removeprefix("\n")
    return (CodeBlock(before, language),) if before else (), (CodeBlock(after, language),) if after else (), None


def _list(items: tuple[Rich, ...], start: int | None, place: Place) -> tuple[Rich, Rich, Left]:
    left = place
    for index, item in enumerate(items):
        before, after, behind = _blocks(item, left)
        if behind is None:
            kept = (*items[:index], before) if before else items[:index]
            rest = items[index + 1 :] if before or not after else (after, *items[index + 1 :])
            number = None if start is None else start + len(items) - len(rest)
            tail = _beside(after if before else (), (List(rest, number),) if rest else ())
            return (List(kept, start),) if kept else (), tail, None
        left = behind
    return (List(items, start),), (), left


def _inlines(inside: Inlines, place: Place) -> tuple[Inlines, Inlines, Left]:
    left = place
    for index, node in enumerate(inside):
        before, after, behind = _inline(node, left)
        if behind is None:
            return (*inside[:index], *before), (*after, *inside[index + 1 :]), None
        left = behind
    return inside, (), left


def _inline(node: Inline, place: Place) -> tuple[Inlines, Inlines, Left]:
    match node:
        case Bold() | Italic() | Underline() | Strike() | Spoiler() | Link():
            before, after, left = _inlines(node.inside, place)
            return (wearing(node, before),) if before else (), (wearing(node, after),) if after else (), left
        case Text() | Break() | Code() | Mention() | Emoji():
            if place.leaf:
                return (node,), (), Place(place.leaf - 1, place.offset)
            before, after = _leaf(node, place.offset)
            return before, after, None


def _leaf(node: Text | Break | Code | Mention | Emoji, offset: int) -> tuple[Inlines, Inlines]:
    """A name too long for any part keeps its person in its first piece only: nobody is called twice."""
    if not offset:
        return (), (node,)
    words = words_of(node)
    first, second = words[:offset], words[offset:]
    match node:
        case Code():
            return _code_piece(first.rstrip()), _code_piece(second.lstrip())
        case Mention(_, user):
            return (Mention(first.rstrip(), user),), _text_piece(second.lstrip())
        case Text() | Emoji() | Break():
            return (Text(first) if second else node,), _text_piece(second)


def _code_piece(words: str) -> Inlines:
    return (Code(words),) if words else ()


def _text_piece(words: str) -> Inlines:
    return (Text(words),) if words else ()
