"""Matrix's parsers for the fuzz kit: a whole answer to /sync, one event, one message's content, an error's answer."""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from bridge.errors import BridgeError
from bridge.events import User
from bridge.ids import RoomId, UserId
from bridge.testing.fuzz_target import Target
from bridge.text.walk import plain
from connectors.matrix import incoming
from connectors.matrix.answers import decoded
from connectors.matrix.batch import batch
from connectors.matrix.errors import translated
from connectors.matrix.format import parsed, rendered
from connectors.matrix.members import Members, named

_CONTROLS = frozenset(map(chr, (*range(9), *range(11, 32), 127)))
_ROOM, _ME = "!r:x", UserId("@bridge:x")


def _event(kind: str, content: Mapping[str, Any], **more: Any) -> dict[str, Any]:  # noqa: ANN401 JSON is anything
    event = {"type": kind, "event_id": "$e", "sender": "@ada:x", "origin_server_ts": 1_760_000_000_000}
    return {**event, "content": content, **more}


_TEXT = {"msgtype": "m.text", "body": "> <@a:x> old\n\nhello", "format": "org.matrix.custom.html",
         "formatted_body": "<mx-reply>old</mx-reply>hello <b>there</b>"}  # fmt: skip
_EVENTS = (
    _event("m.room.message", {**_TEXT, "m.relates_to": {"m.in_reply_to": {"event_id": "$f"}}}),
    _event("m.room.message", {"msgtype": "m.text", "body": "* x", "m.new_content": _TEXT,
                              "m.relates_to": {"rel_type": "m.replace", "event_id": "$f"}}),
    _event("m.room.message", {"msgtype": "m.image", "body": "a.png", "filename": "b.png", "url": "mxc://x/y",
                              "info": {"size": 12, "mimetype": "image/png", "duration": 5}}),
    _event("m.room.message", {"msgtype": "m.location", "body": "there", "geo_uri": "geo:1,2"}),
    _event("m.room.message", {**_TEXT, "com.beeper.per_message_profile": {"id": "1", "displayname": "N",
                                                                          "has_fallback": True}}),
    _event("m.reaction", {"m.relates_to": {"rel_type": "m.annotation", "event_id": "$f", "key": "👍"}}),
    _event("m.room.redaction", {"redacts": "$f"}, redacts="$f"),
    _event("m.sticker", {"body": "cat", "url": "mxc://x/y", "info": {"size": 1}}),
    _event("m.poll.start", {"m.poll": {"question": {"m.text": [{"body": "q"}]}, "answers": [{"m.text": "a"}]}}),
    _event("m.room.member", {"membership": "join", "displayname": "Ada"}, state_key="@ada:x",
           unsigned={"prev_content": {"membership": "leave"}, "transaction_id": "t"}),
    _event("m.room.tombstone", {"replacement_room": "!s:x", "body": "gone"}, state_key=""),
    _event("m.room.name", {"name": "n"}, state_key=""),
)  # fmt: skip
_SYNC = {
    "next_batch": "s2",
    "account_data": {"events": [{"type": "m.direct", "content": {"@ada:x": ["!d:x"]}}]},
    "rooms": {
        "join": {_ROOM: {"state": {"events": [_EVENTS[9]]},
                         "timeline": {"events": list(_EVENTS), "limited": True, "prev_batch": "s1"}}},
        "invite": {"!i:x": {"invite_state": {"events": []}}},
        "leave": {"!l:x": {"timeline": {"events": []}}},
    },
}  # fmt: skip
_ERRORS = ({"errcode": "M_LIMIT_EXCEEDED", "error": "slow", "retry_after_ms": 100}, {"errcode": "M_FORBIDDEN"})


def _name_of(_: RoomId, user: str) -> User:
    return named(user, {})


def _understood(raw: Mapping[str, Any]) -> None:
    """One event as the stream reads it, which passes over only what it names as unreadable."""
    members = Members()
    members.learn(RoomId(_ROOM), raw)
    incoming.replaced(raw)
    incoming.enters(raw, _ME)
    incoming.exits(raw, _ME)
    with suppress(incoming.MalformedError):  # the stream has a net below for all others, which must stay unused
        incoming.event(raw, incoming.Where(room=RoomId(_ROOM), me=_ME, name_of=_name_of))


def _sync(data: bytes) -> None:
    answer = decoded(data)
    for news in batch(answer).rooms if answer is not None else ():
        for raw in (*news.state, *news.events):
            _understood(raw)


def _one(data: bytes) -> None:
    raw = decoded(data)
    if raw is not None:
        _understood(raw)


def _content(data: bytes) -> None:
    content = decoded(data)
    if content is not None:
        tree = parsed(content)
        sent = rendered(tree)
        assert not set("".join(sent.values())) & _CONTROLS
        if not set(plain(tree)) & _CONTROLS:
            assert plain(parsed(sent)) == plain(tree), "words change on the way"


def _error(data: bytes) -> None:
    for status in (400, 401, 403, 404, 413, 429, 500, 502):
        error = translated(status=status, body=decoded(data), headers={"Retry-After": "1"})
        assert isinstance(error, BridgeError)


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


TARGETS = {
    "sync": Target(_sync, (_json(_SYNC),), "json"),
    "event": Target(_one, tuple(map(_json, _EVENTS)), "json"),
    "content": Target(_content, tuple(_json(one["content"]) for one in _EVENTS), "json"),
    "error": Target(_error, tuple(map(_json, _ERRORS)), "json"),
}
