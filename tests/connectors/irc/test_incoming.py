"""Lines of a server as events."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from irctokens.line import Line, tokenise

from bridge.chance import SeededChance
from bridge.events import Manner, Posted, Reacted, RoomKind, Unreacted
from bridge.ids import MessageId
from bridge.testing import strategies
from bridge.testing.clock import HandClock
from bridge.text.nodes import Bold, Paragraph, Text, said
from bridge.text.walk import plain
from connectors.irc.incoming import Incoming, is_native, nick_of
from connectors.irc.server import Server

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def incoming(seed: int = 1) -> Incoming:
    return Incoming(Server(), HandClock(NOW), SeededChance(seed))


def posted(raw: str) -> Posted | None:
    line = tokenise(raw)
    return incoming().posted(line, nick_of(line))


def test_a_message_has_the_servers_id_time_and_room() -> None:
    event = posted("@msgid=m1;time=2026-02-03T04:05:06.789Z;+draft/reply=m0 :Ada!a@b PRIVMSG #Lobby[1] :\x02hi\x02 all")
    assert event == Posted(
        id=event.id if event else MessageId(""),  # type: ignore[arg-type]
        room="#lobby{1}",  # type: ignore[arg-type]
        at=datetime(2026, 2, 3, 4, 5, 6, 789_000, tzinfo=UTC),
        message=(MessageId("m1"),),
        author=event.author,  # type: ignore[union-attr]
        text=(Paragraph((Bold((Text("hi"),)), Text(" all"))),),
        in_reply_to=MessageId("m0"),
    )
    assert event is not None
    assert (event.author.id, event.author.name) == ("ada", "Ada")
    assert event.id != event.message[0]
    assert is_native(event.message[0])


CASES = [
    (":a!b@c PRIVMSG #x :words", Manner.SAY, "words"),
    (":a!b@c NOTICE #x :words", Manner.NOTICE, "words"),
    (":a!b@c PRIVMSG #x :\x01ACTION waves\x01", Manner.EMOTE, "waves"),
    (":a!b@c PRIVMSG #x :\x01ACTION waves", Manner.EMOTE, "waves"),
    (":a!b@c PRIVMSG #x :not \x01ACTION this\x01", Manner.SAY, "not ACTION this"),
]


@pytest.mark.parametrize(("raw", "manner", "words"), CASES)
def test_what_is_said_done_and_noticed_is_told_apart(raw: str, manner: Manner, words: str) -> None:
    event = posted(raw)
    assert event is not None
    assert (event.manner, plain(event.text)) == (manner, words)


@pytest.mark.parametrize(
    "raw",
    [
        ":a!b@c PRIVMSG #x :\x01VERSION\x01",
        ":a!b@c PRIVMSG #x :\x01DCC SEND f 1 2 3\x01",
        ":a!b@c NOTICE #x :\x01PING 1\x01",
        ":a!b@c NOTICE #x :\x01ACTION waves\x01",
    ],
)
def test_talk_between_clients_is_for_nobody(raw: str) -> None:
    assert posted(raw) is None


def test_what_is_said_to_us_alone_is_direct_and_from_that_person() -> None:
    event = posted(":Ada!a@b PRIVMSG bridge :psst")
    assert event is not None
    assert (event.room, event.room_kind) == ("ada", RoomKind.DIRECT)


def test_what_has_no_id_gets_one_that_is_never_given_twice() -> None:
    clock, chance, seen = HandClock(NOW), SeededChance(1), set()
    line = tokenise(":a!b@c PRIVMSG #x :words")
    for _ in range(3):
        connection = Incoming(Server(), clock, chance)
        for _ in range(10):
            event = connection.posted(line, "a")
            assert event is not None
            assert not is_native(event.message[0])
            seen |= {event.id, event.message[0]}
    assert len(seen) == 60


@pytest.mark.parametrize(
    "time", ["", "yesterday", "2026-13-01T00:00:00Z", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+14:00"]
)
def test_a_time_that_is_none_is_now(time: str) -> None:
    assert incoming().at({"time": time}) == NOW


def test_a_time_without_a_zone_is_still_a_moment() -> None:
    assert incoming().at({"time": "2026-02-03T04:05:06"}) == datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)


REACTIONS = [
    ("@msgid=r;+draft/react=👍;+draft/reply=m :a!b@c TAGMSG #x", Reacted, "👍"),
    ("@msgid=r;+draft/unreact=👍;+draft/reply=m :a!b@c TAGMSG #x", Unreacted, "👍"),
    ("@msgid=r;+draft/react=👍;+reply=m :a!b@c TAGMSG #x", Reacted, "👍"),
]


@pytest.mark.parametrize(("raw", "kind", "emoji"), REACTIONS)
def test_a_reaction_is_a_tag(raw: str, kind: type, emoji: str) -> None:
    line = tokenise(raw)
    event = incoming().reacted(line, "a")
    assert type(event) is kind
    assert isinstance(event, Reacted | Unreacted)
    assert (event.message, event.emoji, event.by.name) == ("m", emoji, "a")


@pytest.mark.parametrize(
    "raw",
    [
        "@+typing=active :a!b@c TAGMSG #x",
        "@+draft/react=👍 :a!b@c TAGMSG #x",
        "@+draft/reply=m :a!b@c TAGMSG #x",
        "@+draft/react=👍;+draft/reply=m :a!b@c TAGMSG bridge",
    ],
)
def test_other_tags_are_nothing(raw: str) -> None:
    assert incoming().reacted(tokenise(raw), "a") is None


@given(
    tags=st.dictionaries(st.sampled_from(["msgid", "time", "+draft/reply", "batch"]), st.text()),
    words=st.one_of(st.text(), strategies.wild_texts()),
    target=st.text(min_size=1),
)
def test_nothing_a_server_says_raises(tags: dict[str, str], words: str, target: str) -> None:
    line = Line(tags, "a!b@c", "PRIVMSG", [target, words])
    event = incoming().posted(line, "a")
    assert event is None or event.at.utcoffset() is not None


def test_plain_words_stay_plain() -> None:
    event = posted(":a!b@c PRIVMSG #x :see https://example.org/a_b?c=d#e")
    assert event is not None
    assert event.text == said("see https://example.org/a_b?c=d#e")
