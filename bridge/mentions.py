"""Mentions of people, as the room that hears them can mention them. Pure: no I/O, no state.

A mention stays one only where the same person is known there; else it is their name, which pings nobody.
"""

import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

from bridge.ids import UserId
from bridge.text.mapped import renamed
from bridge.text.nodes import Inline, Mention, Paragraph, Rich, Text
from bridge.text.plain import only_words

There: TypeAlias = Callable[[Mention], UserId | None]
"""Who a mention means in the room that hears it; None for a stranger."""
Called: TypeAlias = Callable[[str], UserId | None]
"""Who is called so in the room where it was written, having no account there, as the room that hears it knows them."""

_LONGEST_NAME = 40
_AT = re.compile(r"(?<![\w@])@(\w[\w.-]*\w|\w)")
_ADDRESSED = re.compile(r"@?([^\s:,@][^:,\n]{0,39})[:,](?=\s)")


def mentioned(text: Rich, there: There, called: Called) -> Rich:
    """The text with its mentions as they are there, and with people of there whom it names as mentions."""
    if names_nobody(text):
        return text
    return _named(renamed(text, lambda mention: Mention(mention.name, there(mention))), called)


def names_nobody(text: Rich) -> bool:
    """The quick look at what nearly every message is: a few plain words that speak to nobody."""
    words = only_words(text)
    return words is not None and speaks_to_nobody(words)


def speaks_to_nobody(words: str) -> bool:
    """The same of words without any formatting."""
    if "@" in words:
        return False
    beginning = words[: _LONGEST_NAME + 2]
    return ":" not in beginning and "," not in beginning


def _named(text: Rich, called: Called) -> Rich:
    """Words that name somebody who is known there: "Ada: " at the very beginning, "@Ada" in every paragraph."""
    return tuple(
        Paragraph(tuple(_inlines(block.inside, called, first=not index))) if isinstance(block, Paragraph) else block
        for index, block in enumerate(text)
    )


def _inlines(inside: tuple[Inline, ...], called: Called, *, first: bool) -> Iterator[Inline]:
    for index, node in enumerate(inside):
        if isinstance(node, Text):
            yield from _spotted(node.text, called, _ADDRESSED if first and not index else None)
        else:
            yield node


def _spotted(words: str, called: Called, addressed: re.Pattern[str] | None) -> Iterator[Inline]:
    done = 0
    start = addressed.match(words) if addressed else None
    for found in (*((start,) if start else ()), *_AT.finditer(words)):
        user = called(found[1]) if found.start(1) >= done else None
        if user is not None:
            if found.start() > done:
                yield Text(words[done : found.start()])
            yield Mention(words[found.start() : found.end(1)], user)
            done = found.end(1)
    if words[done:]:
        yield Text(words[done:])
