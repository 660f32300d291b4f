"""Whom a message mentions: links to people in its HTML, and `m.mentions` beside plain words. Pure: no I/O, no state."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bridge.ids import UserId
from bridge.text.mapped import renamed
from bridge.text.nodes import Inline, Mention, Paragraph, Rich, Text

_USER = re.compile(r"@[^:/?]+:[^/?]+")
_MOST = 20
"""People of one message that are looked for in its words."""


def users(rich: Rich) -> list[str]:
    """Whom a text mentions, each once, in order; ids of other platforms are nobody's here."""
    found: dict[str, None] = {}

    def note(mention: Mention) -> Mention:
        if mention.user is not None and _USER.fullmatch(mention.user):
            found[mention.user] = None
        return mention

    renamed(rich, note)
    return list(found)


def mentioning(text: Rich, content: Mapping[str, Any], name_of: Callable[[str], str]) -> Rich:
    """The text with those whom `m.mentions` names where their name or id stands in plain words."""
    mentions = content.get("m.mentions")
    listed = mentions.get("user_ids") if isinstance(mentions, Mapping) else None
    if not isinstance(listed, list) or not listed:
        return text
    known = users(text)
    for user in [one for one in listed[:_MOST] if isinstance(one, str) and one not in known and _USER.fullmatch(one)]:
        words = sorted({user, name_of(user)}, key=len, reverse=True)
        found = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, filter(None, words)))})(?!\w)")
        text = tuple(
            Paragraph(tuple(_in(block.inside, found, user))) if isinstance(block, Paragraph) else block
            for block in text
        )
    return text


def _in(inside: tuple[Inline, ...], found: re.Pattern[str], user: str) -> Iterator[Inline]:
    for node in inside:
        if not isinstance(node, Text):
            yield node
            continue
        done = 0
        for place in found.finditer(node.text):
            if place.start() > done:
                yield Text(node.text[done : place.start()])
            yield Mention(place[0], UserId(user))
            done = place.end()
        if node.text[done:]:
            yield Text(node.text[done:])
