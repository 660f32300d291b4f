"""What a reader's client shows of a room: edits, redactions, replies and reactions taken together. Pure.

It reads the events of the client API, so the emulator and a real homeserver are read in the same way.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from bridge.events import Attachment, Kind, Manner
from bridge.ids import MessageId
from bridge.testing.holdings import Ballot, Filed, Holding, Spot
from bridge.testing.platform import Shown
from bridge.text import walk
from connectors.matrix import polls
from connectors.matrix.content import PROFILE, attachment, has_caption, part, relations, sticker, words
from connectors.matrix.format import parsed
from connectors.matrix.places import place
from connectors.matrix.sealing import Handle, handle_of, sealer, thumbnail_handle

_MESSAGES = polls.STARTS | {"m.room.message", "m.sticker"}
_Events = Sequence[Mapping[str, Any]]


def addresses(events: _Events) -> set[str]:
    """Where the files and pictures of a room lie: a client fetches them before it shows them."""
    contents = [content for raw in events for content in (raw["content"], part(raw["content"], "m.new_content"))]
    found = {handle.url for one in contents if (handle := handle_of(one)) is not None}
    found |= {handle.url for one in contents if (handle := thumbnail_handle(one)) is not None}
    found |= {words(part(one, PROFILE), "avatar_url") for one in contents}
    return {address for address in found if address.startswith("mxc://")}


def shown(
    events: Iterable[Mapping[str, Any]],
    name_of: Callable[[str], str],
    files: Mapping[str, bytes] | None = None,
    face_of: Callable[[str], bytes] = lambda _: b"",
) -> list[Shown]:
    """The messages of a room, oldest first, from all its events in order; `files` by their addresses."""
    kept = [raw for raw in events if raw.get("content") and "redacted_because" not in part(raw, "unsigned")]
    edits = _edits(kept)
    messages = [raw for raw in kept if raw.get("type") in _MESSAGES and not relations(raw["content"]).replaces]
    read = _Reader(name_of, files or {}, face_of)
    found = [read.message(raw, edits.get(raw["event_id"]), _reactions(kept, raw["event_id"])) for raw in messages]
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


class _Reader(Struct, frozen=True):
    """What a client knows besides the events."""

    name_of: Callable[[str], str]
    files: Mapping[str, bytes]
    face_of: Callable[[str], bytes]

    def message(self, raw: Mapping[str, Any], edit: Mapping[str, Any] | None, reactions: Mapping[str, int]) -> Shown:
        content = part(edit["content"], "m.new_content") if edit else raw["content"]
        one = sticker(content) if raw.get("type") == "m.sticker" else attachment(content)
        is_captioned = one is None or one.kind is Kind.LOCATION or has_caption(content)
        rich = parsed(content) if is_captioned else ()
        hangs = relations(raw["content"])
        return Shown(
            id=MessageId(raw["event_id"]),
            author=words(part(content, PROFILE), "displayname") or self.name_of(raw["sender"]),
            text=walk.plain(rich),
            rich=rich,
            edited=edit is not None,
            in_reply_to=hangs.in_reply_to,
            thread=MessageId(hangs.thread) if hangs.thread else None,
            reactions=reactions,
            manner=Manner.EMOTE if words(content, "msgtype") == "m.emote" else Manner.SAY,
            holds=self._held(content, one),
            face=self.files.get(words(part(content, PROFILE), "avatar_url"), b"") or self.face_of(raw["sender"]),
        )

    def _held(self, content: Mapping[str, Any], one: Attachment | None) -> tuple[Holding, ...]:
        """What a client draws beside or instead of words: a map, a picture, a player."""
        where = place(content).location if content.get("msgtype") == "m.location" else None
        if where is not None:
            return (Spot(latitude=where.latitude, longitude=where.longitude, title=where.title),)
        handle = handle_of(content)
        if one is None or handle is None:
            return ()
        small = thumbnail_handle(content)
        return (_filed(one, self._opened(handle), b"" if small is None else self._opened(small)),)

    def _opened(self, handle: Handle) -> bytes:
        """What a client has of a file: nothing of one that was changed on its way."""
        data = self.files.get(handle.url, b"")
        if not handle.key:
            return data
        opened = sealer(handle)
        data = opened.open(data)
        return data if opened.digest == handle.sha256 else b""


def _filed(one: Attachment, data: bytes, thumbnail: bytes) -> Filed:
    return Filed(
        kind=one.kind, data=data, name=one.name, mime=one.mime, alt=one.alt, duration=one.duration, emoji=one.emoji,
        width=one.width, height=one.height, thumbnail=thumbnail,
    )  # fmt: skip


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
