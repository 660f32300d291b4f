"""Nicks of the channel's members in what somebody wrote, as mentions. Pure: no I/O, no state.

Careful: words are often nicks by chance. Only a nick that is spoken to (`ada: hello`) or marked (`@ada`) is one.
"""

import re
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet

from bridge.ids import UserId
from bridge.text.nodes import Inline, Mention, Paragraph, Rich, Text

_SPOKEN_TO = re.compile(r"@?([^\s:,@]+)[:,](?=\s|$)")
_MARKED = re.compile(r"(?<!\S)@([^\s:,.;!?()<>\"'@]+)")
_LONGEST = 64


def may_mention(words: str) -> bool:
    """The quick look: whether a line may name anybody at all."""
    return "@" in words or ":" in words[:_LONGEST] or "," in words[:_LONGEST]


def mentioning(text: Rich, nicks: AbstractSet[str], fold: Callable[[str], str]) -> Rich:
    """The line with the members that it mentions; `nicks` are folded."""
    if len(text) != 1 or not isinstance(text[0], Paragraph):
        return text
    inside = text[0].inside
    made = (_in(node, nicks, fold, _SPOKEN_TO if not index else None) for index, node in enumerate(inside))
    return (Paragraph(tuple(one for several in made for one in several)),)


def _in(
    node: Inline, nicks: AbstractSet[str], fold: Callable[[str], str], first: re.Pattern[str] | None
) -> Iterator[Inline]:
    if not isinstance(node, Text):
        yield node
        return
    words, done = node.text, 0
    start = first.match(words) if first else None
    for found in (*((start,) if start else ()), *_MARKED.finditer(words)):
        if found.start(1) >= done and fold(found[1]) in nicks:
            if found.start() > done:
                yield Text(words[done : found.start()])
            yield Mention(words[found.start() : found.end(1)], UserId(fold(found[1])))
            done = found.end(1)
    if words[done:]:
        yield Text(words[done:])
