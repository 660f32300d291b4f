"""What the bridge sends, as Matrix wants it. Pure."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from bridge.asked import Edit, Outgoing
from bridge.events import Manner
from bridge.ids import AccountName, Key, MessageId
from bridge.text.nodes import Rich
from connectors.matrix import files, places, polls, profile
from connectors.matrix.files import Placed
from connectors.matrix.mentions import users

ORIGIN = "org.qantara.origin"
"""The mark on what a bridge wrote: its account and key, no id of anybody."""
MAX_TEXT_BYTES = 16_000
"""Words of one part: body and HTML, each escaped, together stay under the 65,536 bytes an event may have."""
LARGEST_CONTENT = 60_000
LARGEST_SEALED = 46_000
"""Bytes of what is encrypted: a third more goes over the wire."""
_EXCERPT = 200
_TYPES = {Manner.SAY: "m.text", Manner.EMOTE: "m.emote", Manner.NOTICE: "m.notice"}

Content = dict[str, Any]


def message(
    outgoing: Outgoing, account: AccountName, largest: int = LARGEST_CONTENT, placed: Placed | None = None
) -> Content:
    """The content of a new message; `m.mentions` names whom it mentions, and is never absent.

    `placed` is where the file lies that it carries.
    """
    content = _said(outgoing, placed) | {ORIGIN: {"account": account, "key": outgoing.key}}
    relation = _relation(outgoing)
    if relation:
        content["m.relates_to"] = relation
    return _first_that_fits(content, largest, _without_html)


def recaptioned(edit: Edit, account: AccountName, old: Content, largest: int = LARGEST_CONTENT) -> Content:
    """The content of an edit that gives a file other words; `old` is the message's own content."""
    inside = files.recaptioned(old, _caption(edit.content)) | {"m.mentions": mentions(edit.content.text)}
    return _replacing(inside, edit, account, largest)


def edited(edit: Edit, account: AccountName, largest: int = LARGEST_CONTENT) -> Content:
    """The content of an edit: the new one inside, and a version for clients that know no edits outside."""
    return _replacing(_said(edit.content), edit, account, largest)


def _replacing(inside: Content, edit: Edit, account: AccountName, largest: int) -> Content:
    outside = inside | {"body": f"* {inside['body']}", "m.mentions": {}}  # who was told once is not told again
    if "formatted_body" in inside:
        outside["formatted_body"] = f"* {inside['formatted_body']}"
    outside |= {
        "m.new_content": inside,
        "m.relates_to": {"rel_type": "m.replace", "event_id": edit.target.parts[0]},
        ORIGIN: {"account": account, "key": edit.content.key},
    }
    return _first_that_fits(outside, largest, _without_html, _short_outside, _without_html_inside)


def reaction(target: MessageId, emoji: str) -> Content:
    """The content of an `m.reaction`."""
    return {"m.relates_to": {"rel_type": "m.annotation", "event_id": target, "key": emoji}}


def part_key(key: Key, index: int) -> str:
    """The transaction id for one part of a deletion: the key stands for all of them."""
    return f"{key}.{index}"


def kind(outgoing: Outgoing) -> str:
    """The type of the event that carries it."""
    if outgoing.files:
        return files.kind_of(outgoing.files[0])
    return polls.START if any(one.poll is not None for one in outgoing.shared) else "m.room.message"


def _said(outgoing: Outgoing, placed: Placed | None = None) -> Content:
    if placed is not None:
        return files.content(outgoing.files[0], placed, _caption(outgoing)) | {"m.mentions": mentions(outgoing.text)}
    for one in outgoing.shared:
        if one.location is not None:
            return places.content(one.location)
        if one.poll is not None:
            return polls.content(one.poll)
    return {"msgtype": _TYPES[outgoing.manner], **profile.worded(outgoing), "m.mentions": mentions(outgoing.text)}


def _caption(outgoing: Outgoing) -> Content:
    return profile.worded(outgoing) if outgoing.text else {}


def mentions(text: Rich) -> Content:
    """Whom the homeserver has to tell; never the whole room."""
    found = users(text)
    return {"user_ids": found} if found else {}


def _relation(outgoing: Outgoing) -> Content:
    reply = outgoing.in_reply_to.parts[0] if outgoing.in_reply_to and outgoing.in_reply_to.parts else None
    if outgoing.thread is not None:
        return {
            "rel_type": "m.thread",
            "event_id": outgoing.thread,
            "is_falling_back": reply is None,
            "m.in_reply_to": {"event_id": reply or outgoing.thread},
        }
    return {"m.in_reply_to": {"event_id": reply}} if reply else {}


def _first_that_fits(content: Content, largest: int, *smaller: Callable[[Content], Content]) -> Content:
    """The content, made smaller step by step while it is too large; the words of the message itself stay whole."""
    return next((version for version in _versions(content, smaller) if _fits(version, largest)), content)


def _versions(content: Content, smaller: tuple[Callable[[Content], Content], ...]) -> Iterator[Content]:
    yield content
    for step in smaller:
        content = step(content)
        yield content


def _fits(content: Mapping[str, Any], largest: int) -> bool:
    try:
        return len(msgspec.json.encode(content)) <= largest
    except UnicodeEncodeError:
        return True  # half a character: the homeserver says so better than we can


def _without_html(content: Content) -> Content:
    return {name: value for name, value in content.items() if name not in {"format", "formatted_body"}}


def _short_outside(content: Content) -> Content:
    return content | {"body": content["body"][:_EXCERPT] + "…"}


def _without_html_inside(content: Content) -> Content:
    return content | {"m.new_content": _without_html(content["m.new_content"])}
