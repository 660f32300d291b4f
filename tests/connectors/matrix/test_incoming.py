"""A homeserver's dictionaries into events: a table of cases, and anything at all."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.content import Location, Poll
from bridge.events import (
    AnyEvent,
    Attachment,
    Deleted,
    Edited,
    Joined,
    Kind,
    Left,
    Manner,
    Pinned,
    Posted,
    Reacted,
    RoomChanged,
    RoomMoved,
    User,
)
from bridge.ids import Key, RoomId, UserId
from bridge.text.nodes import Bold, Paragraph, Text, said
from connectors.matrix import incoming
from connectors.matrix.content import relations
from connectors.matrix.incoming import MalformedError, Where
from connectors.matrix.members import Members, named

ROOM = RoomId("!r:x")
ME = UserId("@bridge:x")
WHERE = Where(room=ROOM, me=ME, name_of=lambda _, user: named(user, {}))
ADA = User(id=UserId("@ada:x"), name="ada")
AT = datetime(2026, 1, 2, tzinfo=UTC)


def raw(kind: str, content: dict[str, Any], **more: object) -> dict[str, Any]:
    stamp = int(AT.timestamp() * 1000)
    return {"event_id": "$1", "type": kind, "sender": ADA.id, "origin_server_ts": stamp, "content": content} | more


def message(**content: object) -> dict[str, Any]:
    return raw("m.room.message", {"msgtype": "m.text", "body": "words"} | content)


def read(event: dict[str, Any]) -> Any:  # noqa: ANN401  any event, or none
    return incoming.event(event, WHERE)


def test_a_message_has_all_its_fields() -> None:
    assert read(message()) == Posted(id="event $1", room=ROOM, at=AT, message=("$1",), author=ADA, text=said("words"))


@pytest.mark.parametrize(
    ("msgtype", "manner"), [("m.text", Manner.SAY), ("m.emote", Manner.EMOTE), ("m.notice", Manner.NOTICE)]
)
def test_the_manner_is_the_messages_type(msgtype: str, manner: Manner) -> None:
    assert read(message(msgtype=msgtype)).manner is manner


def test_an_unknown_type_of_message_is_shown_by_its_words() -> None:
    assert read(message(msgtype="org.example.dance")).text == said("words")


HTML = {"format": "org.matrix.custom.html"}
PROFILE = {"com.beeper.per_message_profile": {"id": "7", "displayname": "Bob", "has_fallback": True}}
REPLY = {"m.relates_to": {"m.in_reply_to": {"event_id": "$0"}}}
WORDS = (Paragraph((Bold((Text("bold"),)),)),)
TEXTS: dict[str, tuple[dict[str, object], object]] = {
    "formatted": (HTML | {"formatted_body": "<b>bold</b>"}, WORDS),
    "another format": ({"format": "x", "formatted_body": "<b>bold</b>"}, said("words")),
    "formatted with nothing": (HTML | {"formatted_body": "<p></p>"}, said("words")),
    "a quoted line of one's own": ({"body": "> wisdom\nindeed"}, said("> wisdom\nindeed")),
    "a reply's own quoted line": (REPLY | {"body": "> wisdom\nindeed"}, said("> wisdom\nindeed")),
    "a reply with fallback": (REPLY | {"body": "> <@bob:x> one\n> two\n\nanswer"}, said("answer")),
    "an answer to an emote": (REPLY | {"body": "> * <@bob:x> waves\n\nanswer"}, said("answer")),
    "a formatted reply": (
        REPLY | HTML | {"formatted_body": "<mx-reply><blockquote>old</blockquote></mx-reply><b>bold</b>"},
        WORDS,
    ),
    "a profile": (PROFILE | {"body": "Bob: words"}, said("words")),
    "a formatted profile": (
        PROFILE | HTML | {"formatted_body": "<strong data-mx-profile-fallback>Bob: </strong><b>bold</b>"},
        WORDS,
    ),
    "a profile without fallback": (
        {"com.beeper.per_message_profile": {"id": "7", "displayname": "Bob"}, "body": "Bob: is me"},
        said("Bob: is me"),
    ),
    "lines": ({"body": "one\r\ntwo"}, said("one\ntwo")),
}


@pytest.mark.parametrize(("content", "text"), TEXTS.values(), ids=TEXTS.keys())
def test_the_words_are_the_messages_own(content: dict[str, object], text: object) -> None:
    assert read(message(**content)).text == text


def test_a_per_message_profile_is_the_author() -> None:
    author = read(message(**PROFILE)).author
    assert (author.id, author.name) == ("@ada:x/7", "Bob")


def test_the_name_is_the_rooms() -> None:
    members = Members()
    member = {"membership": "join", "displayname": "Ada Lovelace", "avatar_url": "mxc://x/a"}
    members.learn(ROOM, {"type": "m.room.member", "state_key": ADA.id, "content": member})
    members.learn(ROOM, {"type": "m.room.member", "state_key": ADA.id, "content": {"membership": "leave"}})
    assert members.user(ROOM, ADA.id) == User(id=ADA.id, name="Ada Lovelace", avatar="mxc://x/a")
    assert members.user(RoomId("!other:x"), ADA.id).name == "ada"


def test_names_are_kept_for_a_bounded_number_of_people() -> None:
    members = Members()
    for number in range(10_001):
        content = {"membership": "join", "displayname": f"Person {number}"}
        members.learn(ROOM, {"type": "m.room.member", "state_key": f"@p{number}:x", "content": content})
    assert [members.user(ROOM, f"@p{number}:x").name for number in (0, 1)] == ["p0", "Person 1"]


RELATIONS: dict[str, tuple[dict[str, object], tuple[object, object]]] = {
    "a reply": ({"m.in_reply_to": {"event_id": "$0"}}, ("$0", None)),
    "a thread": ({"rel_type": "m.thread", "event_id": "$t"}, (None, "$t")),
    "a thread for old clients": (
        {"rel_type": "m.thread", "event_id": "$t", "is_falling_back": True, "m.in_reply_to": {"event_id": "$0"}},
        (None, "$t"),
    ),
    "a reply in a thread": (
        {"rel_type": "m.thread", "event_id": "$t", "is_falling_back": False, "m.in_reply_to": {"event_id": "$0"}},
        ("$0", "$t"),
    ),
    "an unknown one": ({"rel_type": "org.example", "event_id": "$t"}, (None, None)),
}


@pytest.mark.parametrize(("relation", "expected"), RELATIONS.values(), ids=RELATIONS.keys())
def test_a_relation_is_read(relation: dict[str, object], expected: tuple[object, object]) -> None:
    posted = read(message(**{"m.relates_to": relation}))
    assert (posted.in_reply_to, posted.thread) == expected


def test_an_edit_has_the_new_words() -> None:
    content = {"m.new_content": {"msgtype": "m.emote", "body": "new"}, "body": "* new"}
    edited = read(message(**content, **{"m.relates_to": {"rel_type": "m.replace", "event_id": "$0"}}))
    assert isinstance(edited, Edited)
    assert (edited.id, edited.replaces, edited.text, edited.manner) == ("event $1", "$0", said("new"), Manner.EMOTE)


SEALED = {
    "v": "v2", "url": "mxc://x/e", "iv": "i", "key": {"alg": "A256CTR", "k": "k"}, "hashes": {"sha256": "c3Vt"}
}  # fmt: skip

FILE = {"url": "mxc://x/f", "info": {"mimetype": "image/png", "size": 12, "duration": 1500}}
FILES: dict[str, tuple[dict[str, object], Attachment]] = {
    "an image": (
        FILE | {"msgtype": "m.image", "body": "a.png"},
        Attachment(kind=Kind.IMAGE, name="a.png", mime="image/png", size=12, duration=1.5, source="mxc://x/f"),
    ),
    "a voice message": (
        {"msgtype": "m.audio", "body": "v", "org.matrix.msc3245.voice": {}, "url": "mxc://x/v"},
        Attachment(kind=Kind.VOICE, name="v", source="mxc://x/v"),
    ),
    "music": ({"msgtype": "m.audio", "body": "s"}, Attachment(kind=Kind.AUDIO, name="s")),
    "an encrypted file": (
        {"msgtype": "m.file", "body": "f", "file": SEALED},
        Attachment(kind=Kind.FILE, name="f", source='{"url":"mxc://x/e","key":"k","iv":"i","sha256":"c3Vt"}'),
    ),
    "an encrypted file whose key is none": (
        {"msgtype": "m.file", "body": "f", "file": {"url": "mxc://x/e"}},
        Attachment(kind=Kind.FILE, name="f"),
    ),
    "a voice with its waveform": (
        {
            "msgtype": "m.audio",
            "body": "v",
            "url": "mxc://x/v",
            "org.matrix.msc3245.voice": {},
            "org.matrix.msc1767.audio": {"duration": 1500, "waveform": [0, 2000, -5, "x", 512]},
        },
        Attachment(kind=Kind.VOICE, name="v", duration=1.5, waveform=(0, 1024, 0, 512), source="mxc://x/v"),
    ),
    "a picture that moves": (
        {"msgtype": "m.image", "body": "g", "info": {"mimetype": "image/gif", "w": 8, "h": 9}},
        Attachment(kind=Kind.IMAGE, name="g", mime="image/gif", width=8, height=9, animated=True),
    ),
    "a video without size": (
        {"msgtype": "m.video", "body": "v", "info": {"size": "big", "duration": True}},
        Attachment(kind=Kind.VIDEO, name="v"),
    ),
    "a film with a thumbnail, which is no file of its own": (
        {
            "msgtype": "m.video",
            "body": "a.mp4",
            "url": "mxc://x/film",
            "info": {
                "mimetype": "video/mp4",
                "w": 8,
                "thumbnail_url": "mxc://x/small",
                "thumbnail_info": {"mimetype": "image/jpeg", "w": 4, "h": 4, "size": 9},
            },
        },
        Attachment(kind=Kind.VIDEO, name="a.mp4", mime="video/mp4", width=8, source="mxc://x/film"),
    ),
    "a film of which only the thumbnail has an address": (
        {"msgtype": "m.video", "body": "a.mp4", "info": {"thumbnail_url": "mxc://x/small"}},
        Attachment(kind=Kind.VIDEO, name="a.mp4"),
    ),
    "a place": (
        {"msgtype": "m.location", "body": "home", "geo_uri": "geo:1,2"},
        Attachment(kind=Kind.LOCATION, location=Location(latitude=1, longitude=2, title="home")),
    ),
    "a place that a client described": (
        {
            "msgtype": "m.location",
            "body": "Location home was shared at geo:1.5,-2;u=35 as of now",
            "org.matrix.msc3488.location": {"uri": "geo:1.5,-2;u=35", "description": "home"},
        },
        Attachment(kind=Kind.LOCATION, location=Location(latitude=1.5, longitude=-2, title="home")),
    ),
    "a place nowhere": (
        {"msgtype": "m.location", "body": "home", "geo_uri": "geo:north"},
        Attachment(kind=Kind.LOCATION, name="home"),
    ),
}


@pytest.mark.parametrize(("content", "expected"), FILES.values(), ids=FILES.keys())
def test_a_file_is_an_attachment_without_words(content: dict[str, object], expected: Attachment) -> None:
    posted = read(message(**content))
    assert (posted.text, posted.attachments) == ((), (expected,))


def test_a_caption_is_the_words_of_its_file() -> None:
    posted = read(message(msgtype="m.image", body="look", filename="a.png", url="mxc://x/f"))
    assert posted.text == said("look")
    assert posted.attachments[0].name == "a.png"


def test_a_sticker_is_described_by_its_body() -> None:
    posted = read(raw("m.sticker", {"body": "a cat", "url": "mxc://x/s", "info": {"mimetype": "image/webp"}}))
    assert posted.attachments == (Attachment(kind=Kind.STICKER, alt="a cat", mime="image/webp", source="mxc://x/s"),)


@pytest.mark.parametrize("name", ["m.poll.start", "org.matrix.msc3381.poll.start"])
def test_a_poll_is_its_question_and_its_answers(name: str) -> None:
    answers = [{"id": "1", "org.matrix.msc1767.text": "yes"}, {"m.text": [{"body": "no"}]}, 7]
    posted = read(raw(name, {name: {"question": {"org.matrix.msc1767.text": "well?"}, "answers": answers}}))
    assert posted.text == ()
    assert posted.attachments == (Attachment(kind=Kind.POLL, poll=Poll(question="well?", answers=("yes", "no"))),)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, ["$a"], "$a"),
        (["$a"], ["$a", "$b"], "$b"),
        (["$a", "$b"], ["$a"], None),
        (["$a"], ["$a"], None),
        ("$a", {"$b": 1}, None),
        ([7], [8, ""], None),
    ],
)
def test_a_new_pin_is_told_and_no_other_change_of_the_list(before: object, after: object, expected: str | None) -> None:
    unsigned = {} if before is None else {"prev_content": {"pinned": before}}
    event = read(raw("m.room.pinned_events", {"pinned": after}, state_key="", unsigned=unsigned))
    told = None if expected is None else Pinned(id="event $1", room=ROOM, at=AT, message=expected, by=ADA)
    assert event == told


def test_what_is_encrypted_is_shown_as_such() -> None:
    posted = read(raw("m.room.encrypted", {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "…"}))
    assert posted.text == said("[a message could not be decrypted]")


def test_a_reaction_has_an_id_of_its_own() -> None:
    content = {"m.relates_to": {"rel_type": "m.annotation", "event_id": "$0", "key": "👍"}}
    expected = Reacted(id="event $1", room=ROOM, at=AT, message="$0", emoji="👍", by=ADA, reaction="$1")
    assert read(raw("m.reaction", content)) == expected


def test_a_reaction_with_a_picture_goes_by_its_short_name() -> None:
    relation = {"rel_type": "m.annotation", "event_id": "$0", "key": "mxc://x/p"}
    assert read(raw("m.reaction", {"m.relates_to": relation, "shortcode": ":parrot:"})).emoji == ":parrot:"
    assert read(raw("m.reaction", {"m.relates_to": relation})).emoji == ":emoji:"


@pytest.mark.parametrize("where", ["top", "content"])
def test_a_redaction_says_what_it_takes_back_at_either_place(where: str) -> None:
    event = raw("m.room.redaction", {"redacts": "$0"} if where == "content" else {})
    deleted = read(event | ({"redacts": "$0"} if where == "top" else {}))
    assert deleted == Deleted(id="event $1", room=ROOM, at=AT, message="$0", by=ADA)


def member(membership: str, before: str | None, **more: object) -> dict[str, Any]:
    unsigned = {"prev_content": {"membership": before}} if before else {}
    return raw("m.room.member", {"membership": membership}, state_key="@bob:x", unsigned=unsigned) | more


BOB = User(id=UserId("@bob:x"), name="bob")
STATES: dict[str, tuple[dict[str, Any], AnyEvent | None]] = {
    "came": (member("join", None), Joined(id="event $1", room=ROOM, at=AT, user=BOB)),
    "came back": (member("join", "leave"), Joined(id="event $1", room=ROOM, at=AT, user=BOB)),
    "new name": (member("join", "join"), None),
    "left": (
        member("leave", "join", sender="@bob:x"),
        Left(id="event $1", room=ROOM, at=AT, user=BOB, reason="left the room"),
    ),
    "kicked": (
        member("leave", "join"),
        Left(id="event $1", room=ROOM, at=AT, user=BOB, reason="removed by ada", how="removed", by=ADA),
    ),
    "banned": (
        member("ban", "join", content={"membership": "ban", "reason": "spam"}),
        Left(id="event $1", room=ROOM, at=AT, user=BOB, reason="banned by ada: spam", how="banned", by=ADA),
    ),
    "invitation taken back": (member("leave", "invite"), None),
    "ban lifted": (member("leave", "ban"), None),
    "invited": (member("invite", None), None),
    "name": (
        raw("m.room.name", {"name": "Hall"}, state_key=""),
        RoomChanged(id="event $1", room=ROOM, at=AT, name="Hall", by=ADA),
    ),
    "topic": (
        raw("m.room.topic", {"topic": ""}, state_key=""),
        RoomChanged(id="event $1", room=ROOM, at=AT, topic="", by=ADA),
    ),
    "moved": (
        raw("m.room.tombstone", {"replacement_room": "!new:x"}, state_key=""),
        RoomMoved(id="event $1", room=ROOM, at=AT, to="!new:x", confirmed="old_end"),
    ),
    "a tombstone that is no state": (raw("m.room.tombstone", {"replacement_room": "!new:x"}), None),
    "powers": (raw("m.room.power_levels", {"users": {}}, state_key=""), None),
    "a message with a state key": (message() | {"state_key": ""}, None),
}


@pytest.mark.parametrize(("event", "expected"), STATES.values(), ids=STATES.keys())
def test_a_state_means(event: dict[str, Any], expected: AnyEvent | None) -> None:
    assert read(event) == expected


def test_our_own_message_comes_home_under_its_key_or_not_at_all() -> None:
    ours = message() | {"sender": ME}
    assert read(ours) is None
    assert read(ours | {"unsigned": {"transaction_id": "k.1.0"}}).echo_of == Key("k.1.0")


def test_somebody_elses_transaction_is_no_echo() -> None:
    assert read(message() | {"unsigned": {"transaction_id": "k.1.0"}}).echo_of is None


@pytest.mark.parametrize("kind", ["m.room.message", "m.reaction", "m.sticker", "m.poll.start"])
def test_what_was_taken_back_already_means_nothing(kind: str) -> None:
    assert read(raw(kind, {})) is None


@pytest.mark.parametrize("kind", ["m.call.invite", "m.poll.response", "org.example.game", "m.room.server_acl"])
def test_what_is_no_speech_means_nothing(kind: str) -> None:
    assert read(raw(kind, {"body": "x"})) is None


def test_entering_and_leaving_are_told_from_new_names() -> None:
    mine = {"state_key": ME}
    assert incoming.enters(member("join", "invite") | mine, ME)
    assert incoming.enters(member("join", None) | mine, ME)
    assert not incoming.enters(member("join", "join") | mine, ME)
    assert not incoming.enters(member("join", None), ME)
    assert incoming.exits(member("ban", "join") | mine, ME)
    assert not incoming.exits(member("join", "join") | mine, ME)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_NAMES = st.sampled_from(
    [
        "body",
        "msgtype",
        "format",
        "formatted_body",
        "m.relates_to",
        "rel_type",
        "event_id",
        "key",
        "m.in_reply_to",
        "m.new_content",
        "url",
        "file",
        "info",
        "size",
        "duration",
        "filename",
        "redacts",
        "membership",
        "m.poll.start",
        "question",
        "answers",
        "com.beeper.per_message_profile",
        "displayname",
        "is_falling_back",
        "geo_uri",
        "m.text",
    ]
)
_WORDS = st.sampled_from(
    ["m.text", "m.image", "m.audio", "m.location", "m.replace", "m.thread", "org.matrix.custom.html"]
)
_CONTENT = st.recursive(
    st.dictionaries(_NAMES, _JSON | _WORDS, max_size=5),
    lambda inner: st.dictionaries(_NAMES, inner | _JSON | _WORDS | st.lists(inner, max_size=2), max_size=5),
    max_leaves=6,
)
_TYPES = st.sampled_from(
    [
        "m.room.message",
        "m.reaction",
        "m.room.redaction",
        "m.sticker",
        "m.room.member",
        "m.room.name",
        "m.poll.start",
        "m.room.tombstone",
        "m.room.encrypted",
        "m.room.topic",
    ]
)


@given(kind=_TYPES, content=_CONTENT, unsigned=_JSON | _CONTENT, state_key=st.none() | st.just("") | st.just(ADA.id))
def test_nothing_a_person_can_send_does_harm(
    kind: str, content: dict[str, Any], unsigned: object, state_key: str | None
) -> None:
    event = json.loads(json.dumps(raw(kind, content, unsigned=unsigned)))
    if state_key is not None:
        event["state_key"] = state_key
    try:
        result = read(event)
    except MalformedError:
        result = None
    assert result is None or result.id == "event $1"
    assert relations(content).replaces != ""
