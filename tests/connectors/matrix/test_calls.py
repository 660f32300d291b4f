"""Every request is the one that another client builds: matrix-nio's builders, without the token in the address."""

from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from nio import Api, MessageDirection
from nio.api import RelationshipType

from bridge.ids import MessageId, RoomId
from connectors.matrix import calls
from connectors.matrix.calls import Call

ROOM, EVENT, USER = RoomId("!r/ü?:x"), MessageId("$e/+=ü"), "@a/b:x"
ONLY = {"room": {"timeline": {"limit": 0}, "types": ["*", "é"]}}
BODY = {"body": 'ü "\u2028', "n": [1, None, True]}
PAIRS: dict[str, tuple[Call, tuple[str, ...]]] = {
    "whoami": (calls.whoami(), Api.whoami("t")),
    "profile": (calls.profile(USER), Api.profile_get(USER)),
    "direct rooms": (calls.direct_rooms(USER), Api.direct_room_list("t", USER)),
    "the first sync": (calls.sync(None, 0, ONLY), Api.sync("t", None, 0, ONLY, set_presence="offline")),
    "sync": (calls.sync("s 1", 30.0, ONLY), Api.sync("t", "s 1", 30_000, ONLY, set_presence="offline")),
    "messages": (
        calls.messages(ROOM, "s", "e", 10, ONLY),
        Api.room_messages("t", ROOM, "s", "e", MessageDirection.back, 10, ONLY),
    ),
    "an event": (calls.event(ROOM, EVENT), Api.room_get_event("t", ROOM, EVENT)),
    "state": (calls.state(ROOM, "m.room.name"), Api.room_get_state_event("t", ROOM, "m.room.name", "")),
    "annotations": (
        calls.annotations(ROOM, EVENT),
        Api.room_get_event_relations("t", ROOM, EVENT, RelationshipType.annotation, "m.reaction", limit=100),
    ),
    "references": (
        calls.references(ROOM, EVENT),
        Api.room_get_event_relations("t", ROOM, EVENT, RelationshipType.reference, limit=1000),
    ),
    "a message": (calls.send(ROOM, "m.x", BODY, "k/1"), Api.room_send("t", ROOM, "m.x", BODY, "k/1")),
    "a redaction": (calls.redact(ROOM, EVENT, "k"), Api.room_redact("t", ROOM, EVENT, "k")),
    "an alias": (calls.resolve("#a/ü:x"), Api.room_resolve_alias("#a/ü:x")),
    "join": (calls.join(ROOM, []), Api.join("t", ROOM)),
    "leave": (calls.leave(ROOM), Api.room_leave("t", ROOM)),
    "joined rooms": (calls.joined_rooms(), Api.joined_rooms("t")),
    "upload of keys": (calls.keys_upload(BODY), Api.keys_upload("t", BODY)),
    "query of keys": (calls.keys_query([USER]), Api.keys_query("t", [USER])),
    "claim of keys": (calls.keys_claim({USER: ["D", "E"]}), Api.keys_claim("t", {USER: ["D", "E"]})),
    "a letter": (
        calls.to_device("m.x", {USER: {"*": BODY}}, "t/1"),
        Api.to_device("t", "m.x", {"messages": {USER: {"*": BODY}}}, "t/1"),
    ),
}


@pytest.mark.parametrize(("ours", "theirs"), PAIRS.values(), ids=PAIRS.keys())
def test_a_request_is_the_one_that_others_make(ours: Call, theirs: tuple[Any, ...]) -> None:
    method, address, *body = theirs
    path, _, query = address.partition("?")
    kept = [pair for pair in parse_qsl(query) if pair[0] != "access_token"]
    assert (ours.method, ours.path) == (method, f"{path}?{urlencode(kept)}" if kept else path)
    assert ours.body == (body[0] if body else "{}" if method == "POST" else None)


def test_servers_that_know_a_room_are_named_in_both_ways() -> None:
    path = calls.join(RoomId("!r:x"), ["a b", "c"]).path
    assert path == "/_matrix/client/v3/join/%21r%3Ax?via=a+b&server_name=a+b&via=c&server_name=c"


def test_the_event_that_made_a_room_is_asked_for_whole() -> None:
    assert calls.creation(RoomId("!r:x")).path == "/_matrix/client/v3/rooms/%21r%3Ax/state/m.room.create?format=event"
