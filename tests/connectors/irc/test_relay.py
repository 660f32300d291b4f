"""Speaking under other nicks where the server and the channel let us (draft/relaymsg)."""

from collections.abc import AsyncIterator
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.asked import Person
from bridge.capabilities import Authorship
from bridge.errors import Feature, Rejected, RoomClosed, Unsupported
from bridge.events import Manner, Posted
from bridge.ids import PersonNumber
from bridge.testing.contract_kit import ADA
from bridge.testing.platform import texts
from bridge.text.nodes import said
from connectors.irc.emulator import IrcEmulator
from connectors.irc.emulator_network import ECHO_ONLY, FULL, RELAYING
from connectors.irc.emulator_relay import refusal
from connectors.irc.relay import nick, refused
from tests.connectors.irc.lab import GARDEN, LOBBY, RawClient, running

PROOFS = pytest.mark.parametrize(
    "capabilities",
    [RELAYING, ECHO_ONLY | {"draft/relaymsg"}, frozenset({"draft/relaymsg"})],
    ids=["labels", "echoes", "fences"],
)


@asynccontextmanager
async def client(server: IrcEmulator, nick: str) -> AsyncIterator[RawClient]:
    """A client of the test's own."""
    raw = RawClient()
    await raw.connect(server, nick)
    await raw.until(" 422 ")
    yield raw
    await raw.close()


@pytest.mark.parametrize(
    ("name", "longest", "expected"),
    [
        ("Ada", 30, "Ada/x"),
        ("Ada Lovelace", 30, "Ada_Lovelace/x"),
        ("a/b", 30, "a_b/x"),
        ("@everyone!*", 30, "everyone/x"),
        ("Ada [12]", 30, "Ada_[12]/x"),
        ("::.,", 30, "somebody/x"),
        ("Ευκλείδης", 12, "Ευκλε/x"),
        ("👩‍👩‍👧 Ada", 10, "somebody/x"),
    ],
)
def test_a_name_becomes_a_nick_that_nobody_can_have(name: str, longest: int, expected: str) -> None:
    assert nick(name, "x", "/", longest) == expected


@given(st.text(), st.integers(12, 64))
def test_every_name_makes_a_nick_that_the_server_takes(name: str, longest: int) -> None:
    made = nick(name, "x", "/", longest)
    assert not refusal(made, "words", allowed={"bridge"}, by="bridge")
    assert len(made.encode("utf-8", "replace")) <= longest
    assert made.count("/") == 1


@PROOFS
async def test_each_speaks_under_their_own_nick_and_nobody_is_heard_twice(
    tmp_path: Path, capabilities: AbstractSet[str]
) -> None:
    async with running(tmp_path, capabilities=capabilities) as (server, run):
        assert run.capabilities(LOBBY).authorship is Authorship.OVERRIDE
        await run.send("hello", author=ADA)
        await run.send("waves", author=Person(number=PersonNumber(2), name="Grace Hopper"), manner=Manner.EMOTE)
        await run.send("the bridge's own", author=None)
        seen = await server.shown(LOBBY)
        assert [one.author for one in seen] == ["Ada/x", "Grace_Hopper/x", "bridge"]
        assert [one.text for one in seen] == ["hello", "waves", "the bridge's own"]
        await run.hears("a person")
        assert run.kit.host.words() == ["a person"]


async def test_where_we_may_not_the_name_stands_in_front_and_elsewhere_nothing_changes(tmp_path: Path) -> None:
    async with running(tmp_path, capabilities=RELAYING) as (server, run):
        server.network.relayers.clear()
        server.network.channels[GARDEN].operators.add("bridge")
        with pytest.raises(Unsupported) as caught:
            await run.send("hello", author=ADA)
        assert caught.value.feature is Feature.AUTHORSHIP
        assert run.capabilities(LOBBY).authorship is Authorship.PREFIX
        await run.send("Ada: hello", author=ADA, label="Ada")
        await run.send("hello", author=ADA, room=GARDEN)
        assert await texts(server, LOBBY) == ["Ada: hello"]
        assert [one.author for one in await server.shown(GARDEN)] == ["Ada/x"]


async def test_a_channel_that_is_closed_is_closed_and_not_only_its_nicks(tmp_path: Path) -> None:
    async with running(tmp_path, capabilities=RELAYING) as (server, run):
        server.network.channels[LOBBY].modes.add("m")
        with pytest.raises(RoomClosed):
            await run.send("hello", author=ADA)
        server.network.channels[LOBBY].modes.discard("m")
        await run.send("hello", author=ADA)
        assert [one.author for one in await server.shown(LOBBY)] == ["Ada/x"]


@pytest.mark.parametrize(
    "switches", [{"capabilities": FULL}, {"capabilities": RELAYING, "settings": {"relays": "off"}}]
)
async def test_without_it_everything_is_as_ever(tmp_path: Path, switches: dict[str, object]) -> None:
    async with running(tmp_path, **switches) as (server, run):  # type: ignore[arg-type]
        assert run.capabilities(LOBBY).authorship is Authorship.PREFIX
        await run.send("Ada: hello", author=ADA, label="Ada")
        assert [one.author for one in await server.shown(LOBBY)] == ["bridge"]


async def test_what_another_bot_relays_is_heard_as_whoever_it_is_by(tmp_path: Path) -> None:
    async with running(tmp_path, capabilities=RELAYING) as (server, run):
        server.network.relayers.add("other")
        async with client(server, "other") as raw:
            await raw.tell("CAP REQ :draft/relaymsg", f"JOIN {LOBBY}", f"RELAYMSG {LOBBY} Olaf/y :hei")
            event = await run.event(Posted, lambda posted: posted.author.name == "Olaf/y", "a relayed message")
            assert event.text == said("hei")


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (f"RELAYMSG {LOBBY} Ada :hi", "FAIL RELAYMSG INVALID_NICK"),
        (f"RELAYMSG {LOBBY} A!da/x :hi", "FAIL RELAYMSG INVALID_NICK"),
        (f"RELAYMSG {LOBBY} Ada/x : ", "FAIL RELAYMSG BLANK_MSG"),
        (f"RELAYMSG {GARDEN} Ada/x :hi", " 442 "),
        ("NICK Ada/x", " 432 "),
        (f"RELAYMSG {LOBBY} Ada/x", " 461 "),
    ],
)
async def test_the_emulator_is_as_strict_as_the_draft(tmp_path: Path, line: str, answer: str) -> None:
    async with running(tmp_path, capabilities=RELAYING) as (server, _):
        server.network.relayers.add("raw")
        async with client(server, "raw") as raw:
            await raw.tell(f"JOIN {LOBBY}", f"RELAYMSG {LOBBY} Ada/x :too early")
            await raw.until(" 421 ")
            await raw.tell("CAP REQ :draft/relaymsg", line)
            await raw.until(answer)


def test_only_words_that_say_nothing_are_refused_for_good() -> None:
    assert type(refused("BLANK_MSG", "no")) is Rejected
    for code in ("PRIVS_NEEDED", "INVALID_NICK", "NOT_IN_CHANNEL", "421", "?"):
        assert isinstance(refused(code, "no"), Unsupported)
