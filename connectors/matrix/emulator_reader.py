"""What a reader's client shows of a room: edits, redactions, replies and reactions taken together. Pure.

It reads the events of the client API, so the emulator and a real homeserver are read in the same way.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from bridge.events import Manner
from bridge.ids import MessageId
from bridge.testing.holdings import Ballot, Holding, Spot
from bridge.testing.platform import Shown
from bridge.text import walk
from connectors.matrix import polls
from connectors.matrix.content import PROFILE, part, relations, words
from connectors.matrix.format import parsed
from connectors.matrix.places import place

_MESSAGES = polls.STARTS | {"m.room.message"}
_Events = Sequence[Mapping[str, Any]]


def shown(events: Iterable[Mapping[str, Any]], name_of: Callable[[str], str]) -> list[Shown]:
    """The messages of a room, oldest first, from all its events in order."""
    kept = [raw for raw in events if raw.get("content") and "redacted_because" not in part(raw, "unsigned")]
    edits = _edits(kept)
    messages = [raw for raw in kept if raw.get("type") in _MESSAGES and not relations(raw["content"]).replaces]
    found = [_message(raw, edits.get(raw["event_id"]), _reactions(kept, raw["event_id"]), name_of) for raw in messages]
    return [
        _asked(one, raw, kept) if raw["type"] in polls.STARTS else one for one, raw in zip(found, messages, strict=True)
    ]


def _asked(one: Shown, raw: Mapping[str, Any], events: _Events) -> Shown:
    """A poll as a client draws it, without its words."""
    asked = polls.poll(raw["content"]).poll
    if asked is None:
        return one
    about = [other for other in events if polls.about(other) == raw["event_id"]]
    votes = polls.tally(raw["content"], [other for other in about if other["type"] == polls.RESPONSE])
    closed = any(other["type"] == polls.END for other in about)
    ballot = Ballot(question=asked.question, options=asked.answers, votes=votes, closed=closed)
    return replace(one, text="", rich=(), holds=(ballot,))


def _message(
    raw: Mapping[str, Any],
    edit: Mapping[str, Any] | None,
    reactions: Mapping[str, int],
    name_of: Callable[[str], str],
) -> Shown:
    content = part(edit["content"], "m.new_content") if edit else raw["content"]
    rich = parsed(content)
    return Shown(
        id=MessageId(raw["event_id"]),
        author=words(part(content, PROFILE), "displayname") or name_of(raw["sender"]),
        text=walk.plain(rich),
        rich=rich,
        edited=edit is not None,
        in_reply_to=relations(raw["content"]).in_reply_to,
        reactions=reactions,
        manner=Manner.EMOTE if words(content, "msgtype") == "m.emote" else Manner.SAY,
        holds=_held(content),
    )


def _held(content: Mapping[str, Any]) -> tuple[Holding, ...]:
    """What a client draws beside or instead of words: a map."""
    where = place(content).location if content.get("msgtype") == "m.location" else None
    return () if where is None else (Spot(latitude=where.latitude, longitude=where.longitude, title=where.title),)


def _edits(events: _Events) -> dict[str, Mapping[str, Any]]:
    """The last edit of each message; an edit by anybody but the writer is not shown."""
    writers = {raw["event_id"]: raw["sender"] for raw in events}
    found: dict[str, Mapping[str, Any]] = {}
    for raw in events:
        target = relations(raw["content"]).replaces
        if target is not None and writers.get(target) == raw["sender"] and words(raw, "type") == "m.room.message":
            found[target] = raw
    return found


def _reactions(events: _Events, message: str) -> dict[str, int]:
    of_it = (relations(raw["content"]) for raw in events if raw.get("type") == "m.reaction")
    return dict(Counter(relation.emoji for relation in of_it if relation.annotates == message))
