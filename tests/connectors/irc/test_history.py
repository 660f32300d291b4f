"""What was said while we were away, where the server keeps it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from irctokens.line import Line

from bridge.events import Posted, RoomKind, User
from bridge.ids import EventId, MessageId, RoomId, UserId
from bridge.testing.contract_kit import Kit
from bridge.text.nodes import said
from connectors.irc import emulator_history
from connectors.irc.emulator import IrcEmulator
from connectors.irc.emulator_network import REMEMBERING, Relay
from connectors.irc.history import History, marks
from connectors.irc.server import Server
from tests.connectors.irc.lab import kit_on

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
CAPS = {"draft/chathistory", "batch", "server-time", "message-tags"}


class Talk:
    """A history whose questions are kept."""

    def __init__(self, *, caps: set[str] = CAPS, most: str = "2") -> None:
        self.asked: list[str] = []
        server = Server()
        server.caps |= caps
        server.support["CHATHISTORY"] = most
        self.history = History(server, lambda raw: self.asked.append(raw.decode().strip()))

    def batch(self, *messages: str) -> None:
        """The server answers with these."""
        assert self.history.begins("b", "#Lobby")
        for one in messages:
            self.history.holds("b", one)
        self.history.ends("b")


def posted(minutes: float, room: str = "#lobby", kind: RoomKind = RoomKind.GROUP) -> Posted:
    return Posted(
        id=EventId(f"e{minutes}"), room=RoomId(room), room_kind=kind, at=NOON + timedelta(minutes=minutes),
        message=(MessageId("m"),), author=User(id=UserId("ada"), name="Ada"), text=said("hello"),
    )  # fmt: skip


def test_a_channel_is_asked_from_a_moment_before_its_newest_message() -> None:
    talk = Talk()
    talk.history.begin({"#lobby": NOON})
    talk.history.entered("#lobby")
    talk.history.entered("#garden")
    assert talk.asked == ["CHATHISTORY AFTER #lobby timestamp=2026-01-01T11:59:59.999Z 2"]


def test_full_batches_are_followed_by_the_next_question() -> None:
    talk = Talk()
    talk.history.begin({"#lobby": NOON})
    talk.history.entered("#lobby")
    talk.batch("m1", "m2")
    talk.batch("m3", "m4")
    talk.batch("m5")
    assert [one.split()[3] for one in talk.asked[1:]] == ["msgid=m2", "msgid=m4"]
    assert not talk.history.begins("b", "#lobby")


def test_a_batch_that_brings_nothing_new_ends_it() -> None:
    talk = Talk()
    talk.history.begin({"#lobby": NOON})
    talk.history.entered("#lobby")
    talk.batch("m1", "m2")
    talk.batch("m1", "m2")
    assert len(talk.asked) == 2


def test_the_position_of_a_channel_waits_for_its_past() -> None:
    talk = Talk()
    talk.history.begin({"#lobby": NOON})
    talk.history.entered("#lobby")
    assert marks(talk.history.after([posted(9), posted(9, "#garden")])) == {
        "#lobby": NOON, "#garden": NOON + timedelta(minutes=9),
    }  # fmt: skip
    talk.batch()
    assert marks(talk.history.after([posted(9), posted(5)]))["#lobby"] == NOON + timedelta(minutes=9)


def test_who_keeps_nothing_is_asked_nothing_and_has_no_position() -> None:
    for missing in CAPS:
        talk = Talk(caps=CAPS - {missing})
        talk.history.begin({"#lobby": NOON})
        talk.history.entered("#lobby")
        assert (talk.asked, talk.history.after([posted(1)])) == ([], None)


def test_a_refusal_ends_the_question_and_private_words_have_no_mark() -> None:
    talk = Talk(most="")
    talk.history.begin({"#lobby": NOON})
    talk.history.entered("#lobby")
    assert talk.asked[0].endswith(" 100")
    talk.history.failed("#LOBBY")
    found = marks(talk.history.after([posted(3), posted(4, "ada", RoomKind.DIRECT)]))
    assert found == {"#lobby": NOON + timedelta(minutes=3)}


@pytest.mark.parametrize("position", [None, "", "{", "[]", '{"#lobby": "yesterday"}', '{"#lobby": 5}'])
def test_a_position_that_says_nothing_is_begun_anew(position: str | None) -> None:
    assert marks(position) == {}


def spoken(number: int) -> Relay:
    tags = {"time": f"2026-01-01T12:0{number}:00.000Z", "msgid": f"m{number}"}
    return Relay(source="a!a@a", command="PRIVMSG", params=("#l", str(number)), tags=tags)


SAID = [spoken(number) for number in range(5)]
ANSWERS = [
    ("AFTER #l timestamp=2026-01-01T12:01:00.000Z 2", ["2", "3"]),
    ("after #l msgid=m3 9", ["4"]),
    ("AFTER #l msgid=unknown 9", []),
    ("LATEST #l * 2", ["3", "4"]),
    ("LATEST #l msgid=m0 9", ["1", "2", "3", "4"]),
]
FAILS = [
    ("AFTER #l msgid=m1", "NEED_MORE_PARAMS"),
    ("AROUND #l msgid=m1 5", "INVALID_PARAMS"),
    ("AFTER #l * 5", "INVALID_PARAMS"),
    ("AFTER #l m1 5", "INVALID_PARAMS"),
    ("AFTER #l msgid= 5", "INVALID_PARAMS"),
    ("AFTER #l msgid=m1 few", "INVALID_PARAMS"),
]


@pytest.mark.parametrize(("asked", "words"), ANSWERS)
def test_the_emulator_gives_what_was_asked_for_in_one_batch(asked: str, words: list[str]) -> None:
    begin, *inside, end = emulator_history.answer(asked.split(), SAID, "irc.test")
    assert (begin.command, begin.params[1:], end.command) == ("BATCH", ["chathistory", "#l"], "BATCH")
    assert [one.params[-1] for one in inside] == words
    assert {(one.tags or {})["batch"] for one in inside} <= {begin.params[0][1:]}


@pytest.mark.parametrize(("asked", "code"), FAILS)
def test_the_emulator_refuses_what_a_server_refuses(asked: str, code: str) -> None:
    (fail,) = emulator_history.answer(asked.split(), SAID, "irc.test")
    assert isinstance(fail, Line)
    assert (fail.command, fail.params[:2]) == ("FAIL", ["CHATHISTORY", code])


@pytest.fixture
async def kit(tmp_path: Path) -> AsyncIterator[Kit]:
    async with IrcEmulator(capabilities=REMEMBERING) as server:
        yield kit_on(server, tmp_path)


async def test_more_than_one_batch_and_our_own_words_between(kit: Kit) -> None:
    async with kit.running() as run:
        await run.hears("before")
        await run.deliver(run.outgoing("our own words"))
    kit.crash()
    total = 3 * emulator_history.MOST
    for number in range(total):
        await kit.platform.say(kit.town, "Ada", said(f"meanwhile {number}"))
    async with kit.running() as run:
        await run.published(f"meanwhile {total - 1}")
    words = [one for one in dict.fromkeys(kit.host.words()) if one.startswith("meanwhile")]
    assert words == [f"meanwhile {number}" for number in range(total)]
    assert "our own words" not in kit.host.words()
