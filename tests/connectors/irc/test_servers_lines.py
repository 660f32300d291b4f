"""What a server may say, line by line: odd, rare or hostile, it ends nothing and is understood where it can be."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from irctokens.line import Line

from bridge.asked import Outgoing
from bridge.clock import Clock
from bridge.errors import BridgeError, Rejected, RoomClosed, Unauthorized, Unavailable, Uncertain
from bridge.ids import Key, MessageId, Place, RoomId
from bridge.testing.clock import HandClock
from bridge.testing.host import KitHost
from bridge.text.nodes import said
from connectors.irc.config import IrcConfig
from connectors.irc.connection import MAX_UNFINISHED
from connectors.irc.connector import Irc
from connectors.irc.feed import MAX_WAITING
from connectors.irc.refusals import REFUSALS
from tests.connectors.irc.lab import LOBBY, ScriptedServer

EVERYTHING = "message-tags server-time echo-message labeled-response batch"
ROOM = RoomId(LOBBY)


@asynccontextmanager
async def connected(
    server: ScriptedServer, path: Path, /, clock: Clock | None = None, **more: object
) -> AsyncIterator[tuple[Irc, KitHost]]:
    """A connector that this server let in, in the lobby."""
    host = KitHost(path, clock=clock)
    connector = Irc(IrcConfig.model_validate({**server.settings(), **more}), host)
    task = asyncio.create_task(connector.run())
    try:
        await host.until(lambda _: host.online, "the connector to come in")
        await connector.join(LOBBY)
        yield connector, host
    finally:
        task.cancel()
        await asyncio.wait([task])


async def refused(server: ScriptedServer, path: Path, /, **more: object) -> BridgeError:
    """Why the connector does not come in."""
    with pytest.raises(BridgeError) as caught:
        await Irc(IrcConfig.model_validate({**server.settings(), **more}), KitHost(path)).run()
    return caught.value


def sent(connector: Irc, words: str) -> "asyncio.Task[tuple[MessageId, ...]]":
    async def send() -> tuple[MessageId, ...]:
        return tuple(await connector.send(Outgoing(room=ROOM, key=Key("k"), text=said(words))))

    return asyncio.create_task(send())


async def error_of(action: Awaitable[object]) -> BridgeError:
    with pytest.raises(BridgeError) as caught:
        await action
    return caught.value


async def test_a_server_that_never_answers_is_given_up(tmp_path: Path) -> None:
    async with ScriptedServer(silent=True) as server:
        assert "does not answer" in str(await refused(server, tmp_path, timeout_seconds=0.3))


async def test_a_server_that_hangs_up_says_why(tmp_path: Path) -> None:
    async with ScriptedServer(silent=True) as server:
        error = asyncio.create_task(refused(server, tmp_path))
        await server.until("USER")
        server.tell("ERROR :Closing Link: (Too many connections)")
        assert "Too many connections" in str(await error)


async def test_a_server_that_hangs_up_without_a_word_is_lost(tmp_path: Path) -> None:
    async with ScriptedServer(silent=True) as server:
        error = asyncio.create_task(refused(server, tmp_path))
        await server.until("USER")
        server._writer.transport.abort()
        assert isinstance(await error, Unavailable)


async def test_a_certificate_handshake_that_hangs_is_given_up(tmp_path: Path) -> None:
    async with ScriptedServer(silent=True) as server:
        error = await refused(server, tmp_path, timeout_seconds=0.3, server=f"ircs://127.0.0.1:{server.port}")
        assert "does not answer" in str(error)


async def test_a_standard_reply_at_login_is_understood(tmp_path: Path) -> None:
    async with ScriptedServer(silent=True) as server:
        error = asyncio.create_task(refused(server, tmp_path))
        await server.until("USER")
        server.tell(":s FAIL * ACCOUNT_REQUIRED_TO_CONNECT :You must log in")
        assert isinstance(await error, Unauthorized)


SASL = {"sasl_user": "me", "sasl_password": "secret"}


async def test_another_way_of_authentication_needs_the_operator(tmp_path: Path) -> None:
    async with ScriptedServer(offers="sasl=EXTERNAL") as server:
        error = await refused(server, tmp_path, **SASL)
        assert isinstance(error, Unauthorized)
        assert "EXTERNAL" in str(error)


async def test_refused_capabilities_are_gone_without_and_sasl_never(tmp_path: Path) -> None:
    async with ScriptedServer(silent=True) as server:
        error = asyncio.create_task(refused(server, tmp_path, **SASL))
        await server.until("USER")
        server.tell(":s CAP * LS :sasl batch")
        await server.until("CAP REQ :batch sasl")
        server.tell(":s CAP * NAK :batch sasl")
        assert "SASL" in str(await error)
    async with ScriptedServer(silent=True) as server:
        error = asyncio.create_task(refused(server, tmp_path))
        await server.until("USER")
        server.tell("AUTHENTICATE +", ":s CAP * LS :batch")
        await server.until("CAP REQ batch")
        server.tell(":s CAP * NAK :batch")
        await server.until("CAP END")
        server.tell("ERROR :bye")
        await error


async def test_a_server_with_nothing_to_offer_lets_us_in_but_not_as_a_stranger(tmp_path: Path) -> None:
    async with ScriptedServer(offers="") as server:
        assert "SASL" in str(await refused(server, tmp_path, **SASL))
    async with ScriptedServer(offers="") as server, connected(server, tmp_path) as (connector, _):
        assert not connector.capabilities(ROOM).relations


async def test_capabilities_may_come_and_go_later(tmp_path: Path) -> None:
    async with ScriptedServer(offers="message-tags") as server, connected(server, tmp_path) as (connector, _):
        assert connector.capabilities(ROOM).relations
        server.tell(":s CAP bridge DEL :message-tags")
        server.tell(":s CAP bridge NEW :message-tags account-tag", "PING :seen")
        await server.until("CAP REQ :account-tag message-tags")
        assert not connector.capabilities(ROOM).relations
        await server.until("PONG seen")
        server.tell("PING :again")
        await server.until("PONG again")
        assert connector.capabilities(ROOM).relations


async def test_a_hidden_address_makes_room(tmp_path: Path) -> None:
    async with ScriptedServer() as server, connected(server, tmp_path) as (connector, _):
        before = connector.capabilities(ROOM).max_text
        server.tell(":s 396 bridge a.very.long.cloak.example.org :is now your hidden host", "PING :1")
        await server.until("PONG 1")
        assert connector.capabilities(ROOM).max_text == before + len("host") - len("a.very.long.cloak.example.org")
        server.tell(":s 396 bridge u@h :is now your hidden host", "PING :2")
        await server.until("PONG 2")
        assert connector.capabilities(ROOM).max_text == before + len("~u@host") - len("u@h")


async def test_what_is_played_back_is_not_said_now(tmp_path: Path) -> None:
    async with ScriptedServer(offers=EVERYTHING) as server, connected(server, tmp_path) as (_, host):
        server.tell(
            ":s BATCH +h chathistory #lobby",
            "@batch=h :ada!a@b PRIVMSG #lobby :long ago",
            "@batch=other :ada!a@b PRIVMSG #lobby :in another batch",
            ":ada!a@b PRIVMSG #lobby :meanwhile",
            ":s BATCH -h",
            "@batch=h :ada!a@b PRIVMSG #lobby :now",
        )
        await host.until(lambda _: "now" in host.words(), "the words of now")
        assert host.words() == ["in another batch", "meanwhile", "now"]


async def test_a_label_may_stand_on_a_batch_or_an_acknowledgement(tmp_path: Path) -> None:
    async with ScriptedServer(offers=EVERYTHING) as server, connected(server, tmp_path) as (connector, _):
        first, second, third = (sent(connector, words) for words in ("one", "two", "three"))
        await server.until("@label=3")
        server.tell(
            "@label=1 :s BATCH +b labeled-response",
            "@batch=b;msgid=m1 :bridge!~u@host PRIVMSG #lobby :one",
            ":s BATCH -b",
            ":s ACK",
            "@label=2 :s ACK",
            "@label=nonsense :s ACK",
            "@label=3 :s FAIL PRIVMSG CANNOT_SEND #lobby :no",
        )
        assert (await first, await second) == (("m1",), ())
        assert isinstance(await error_of(third), RoomClosed)


async def test_a_standard_reply_may_name_a_room_or_none(tmp_path: Path) -> None:
    async with ScriptedServer() as server, connected(server, tmp_path) as (connector, _):
        for words, reply in (("one", "PRIVMSG CANNOT_SEND #lobby :no"), ("two", "PRIVMSG INVALID_UTF8 :no")):
            task = sent(connector, words)
            token = (await server.until("PING")).partition(" ")[2]
            server.tell(":s FAIL METADATA INVALID :not ours", f":s FAIL {reply}", f":s PONG s {token}")
            assert isinstance(await error_of(task), RoomClosed if words == "one" else Rejected)


async def test_refusals_of_other_things_are_not_ours(tmp_path: Path) -> None:
    async with ScriptedServer() as server, connected(server, tmp_path) as (connector, _):
        task = sent(connector, "fine")
        token = (await server.until("PING")).partition(" ")[2]
        server.tell(":s 421 bridge WHOX :Unknown command", ":s 404 bridge #elsewhere :Cannot send to channel")
        server.tell(":s PONG s :fence-x", ":s PONG s :something", f":s PONG s {token}")
        assert await task == ()


async def test_a_server_that_gives_no_receipt_leaves_us_uncertain(tmp_path: Path) -> None:
    async with ScriptedServer() as server, connected(server, tmp_path, timeout_seconds=0.3) as (connector, _):
        assert isinstance(await error_of(sent(connector, "lost")), Uncertain)
        assert server.heard


async def test_wishes_that_nobody_answers_end(tmp_path: Path) -> None:
    async with ScriptedServer() as server, connected(server, tmp_path, timeout_seconds=0.3) as (connector, _):
        server._silent = True
        for action in (
            connector.join("#elsewhere"),
            connector.leave(Place(ROOM)),
            connector.rooms(),
        ):
            assert isinstance(await error_of(action), Unavailable)


async def test_wishes_end_with_the_connection(tmp_path: Path) -> None:
    async with ScriptedServer() as server, connected(server, tmp_path, timeout_seconds=60) as (connector, host):
        server._silent = True
        join = asyncio.create_task(error_of(connector.join("#elsewhere")))
        rooms = asyncio.create_task(error_of(connector.rooms()))
        leave = asyncio.create_task(connector.leave(Place(ROOM)))
        await server.until("PART")
        server._writer.transport.abort()
        assert isinstance(await join, Unavailable)
        assert isinstance(await rooms, Unavailable)
        await leave
        assert host.connections == 1


async def test_a_channel_nobody_may_have_is_given_up(tmp_path: Path) -> None:
    async with ScriptedServer() as server, connected(server, tmp_path) as (connector, _):
        server._silent = True
        join = asyncio.create_task(error_of(connector.join("#juped")))
        await server.until("JOIN #juped")
        server.tell(":s 479 bridge #juped :Illegal channel name")
        assert isinstance(await join, Rejected)


async def test_a_channel_that_leads_elsewhere_is_not_followed(tmp_path: Path) -> None:
    async with ScriptedServer() as server, connected(server, tmp_path) as (connector, host):
        server._silent = True
        join = asyncio.create_task(error_of(connector.join("#old")))
        await server.until("JOIN #old")
        server.tell(":s 470 bridge #old ##new :Forwarding to another channel", ":bridge!~u@host JOIN ##new")
        server.tell(":s 353 bridge = ##new :bridge", ":s 366 bridge ##new :End of list")
        error = await join
        assert isinstance(error, RoomClosed)
        assert "470" in str(error)
        assert host.events == []


async def test_a_list_of_members_without_us_is_not_our_coming_in(tmp_path: Path) -> None:
    async with ScriptedServer() as server, connected(server, tmp_path, timeout_seconds=0.3) as (connector, _):
        server._silent = True
        join = asyncio.create_task(error_of(connector.join("#other")))
        await server.until("JOIN #other")
        server.tell(":s 353 bridge = #other :@ada", ":s 366 bridge #other :End of list", ":s 366 bridge #never :End")
        assert isinstance(await join, Unavailable)


async def test_a_server_that_never_ends_a_line_is_left(tmp_path: Path) -> None:
    async with ScriptedServer() as server, connected(server, tmp_path) as (_, host):
        server.raw(b"x" * (MAX_UNFINISHED * 2))
        await server.until("JOIN")
        await _ended(server)
        assert host.connections == 1


async def _ended(server: ScriptedServer) -> None:
    async with asyncio.timeout(5):
        while not server._writer.is_closing():
            server.raw(b"x")
            await asyncio.sleep(0)


async def test_a_server_that_reads_slowly_loses_nothing(tmp_path: Path) -> None:
    async with ScriptedServer() as server, connected(server, tmp_path, timeout_seconds=30) as (connector, _):
        server.reading.clear()
        words = [f"{number} " + "x" * 300 for number in range(20_000)]
        tasks = [sent(connector, each) for each in words]
        await _until_full(connector)
        server.reading.set()
        await server.until(f"PRIVMSG #lobby :{words[-1]}", patience_seconds=30)
        lines = [line for line in server.past if line.startswith("PRIVMSG")]
        assert [line.partition(":")[2] for line in lines] == words
        await asyncio.gather(*(_cancelled(task) for task in tasks))


async def _until_full(connector: Irc) -> None:
    """Wait until the system takes no more of what we write."""
    session = connector._session
    assert session is not None
    async with asyncio.timeout(5):
        while session._connection._writable:  # noqa: ASYNC110  # only the transport knows, and tells its protocol
            await asyncio.sleep(0)


async def _cancelled(task: "asyncio.Task[tuple[MessageId, ...]]") -> None:
    task.cancel()
    await asyncio.wait([task])


async def test_a_slow_store_is_no_silence_of_the_server(tmp_path: Path) -> None:
    clock, more = HandClock(), {"timeout_seconds": 30}
    async with ScriptedServer() as server, connected(server, tmp_path, clock=clock, **more) as (connector, host):
        host.hold()
        words = [f"line {number}" for number in range(3 * MAX_WAITING)]
        server.tell(*(f":ada!a@b PRIVMSG #lobby :{each}" for each in words))
        session = connector._session
        assert session is not None
        async with asyncio.timeout(5):
            while not session._connection.hears_nothing():  # noqa: ASYNC110  # only the transport knows
                await asyncio.sleep(0)
        await clock.turn(1000)
        host.release()
        await host.until(lambda _: len(host.words()) == len(words), "all lines")
        assert host.words() == words
        assert host.connections == 1


async def passed(server: ScriptedServer, beginning: str) -> int:
    """How many such lines the connector wrote since the last time, and all of them up to now."""
    mark = len(server.past)
    server.tell("PING :mark")
    await server.until("PONG mark")
    return sum(line.startswith(beginning) for line in server.past[mark:])


async def test_a_silent_server_is_asked_once_and_then_left(tmp_path: Path) -> None:
    clock, more = HandClock(), {"keepalive_seconds": 60, "timeout_seconds": 30}
    async with ScriptedServer() as server, connected(server, tmp_path, clock=clock, **more) as (connector, _):
        await clock.turn(59)
        assert await passed(server, "PING") == 0
        await clock.turn(68)
        assert await passed(server, "PING still-there") == 1
        session = connector._session
        assert session is not None
        await clock.turn(100)
        async with asyncio.timeout(5):
            await session._connection.lost


async def test_a_nick_is_asked_for_again_from_time_to_time(tmp_path: Path) -> None:
    clock, more = HandClock(), {"keepalive_seconds": 3600, "timeout_seconds": 40}
    async with (
        ScriptedServer(nick="bridge_") as server,
        connected(server, tmp_path, clock=clock, **more) as (_, host),
    ):
        await passed(server, "NICK")
        for _ in range(2):
            await clock.turn(49)
            assert await passed(server, "NICK") == 0
            await clock.turn(11)
            assert await passed(server, "NICK bridge") == 1
            server.tell(":s 433 bridge_ bridge :Nickname is already in use")
        server.tell(":bridge_!~u@host NICK bridge")
        assert await passed(server, "NICK") == 0
        await clock.turn(100)
        assert await passed(server, "NICK") == 0
        assert host.connected_as is not None
        assert host.connected_as.id == "self:bridge"


async def test_a_closed_channel_is_tried_again_later_and_later(tmp_path: Path) -> None:
    clock = HandClock()
    more = {"rejoin_seconds": 8, "keepalive_seconds": 3600, "timeout_seconds": 600}
    async with ScriptedServer() as server, connected(server, tmp_path, clock=clock, **more) as (connector, host):
        server._silent = True
        server.tell(":op!o@h KICK #lobby bridge :out")
        await host.until(lambda events: events, "our leaving")
        assert await passed(server, "JOIN #lobby") == 1
        for wait in (8, 16, 32):
            await clock.turn(wait * 0.74)
            assert await passed(server, "JOIN #lobby") == 0
            await clock.turn(wait * 0.26)
            assert await passed(server, "JOIN #lobby") == 1
            server.tell(":s 474 bridge #lobby :Cannot join channel (+b)")
            await passed(server, "")
        await connector.leave(Place(ROOM))
        await clock.turn(100)
        assert await passed(server, "JOIN") == 0


async def test_a_store_that_stands_still_does_not_keep_sends_waiting_for_a_lost_server(tmp_path: Path) -> None:
    async with ScriptedServer() as server, connected(server, tmp_path, timeout_seconds=60) as (connector, host):
        host.hold()
        server.tell(":ada!a@b PRIVMSG #lobby :hello")
        await host.until(lambda _: host.waiting, "a publish that waits")
        task = sent(connector, "lost")
        await server.until("PRIVMSG")
        server._writer.transport.abort()
        assert isinstance(await error_of(task), Uncertain)
        error = await error_of(sent(connector, "not written"))
        assert isinstance(error, Unavailable)
        assert not isinstance(error, Uncertain)
        host.release()
        await host.until(lambda _: host.words() == ["hello"], "what was heard")


async def test_a_server_that_reads_nothing_does_not_keep_us(tmp_path: Path) -> None:
    async with ScriptedServer() as server:
        async with connected(server, tmp_path, timeout_seconds=30) as (connector, _):
            server.reading.clear()
            tasks = [sent(connector, "x" * 300) for _ in range(20_000)]
            await _until_full(connector)
        for task in tasks:
            assert isinstance(await error_of(task), Unavailable)
        server.reading.set()


COMMANDS = sorted(
    {
        "PRIVMSG", "NOTICE", "TAGMSG", "JOIN", "PART", "QUIT", "KICK", "NICK", "TOPIC", "INVITE", "MODE", "PING",
        "PONG", "CAP", "BATCH", "ACK", "FAIL", "AUTHENTICATE", "ERROR", "001", "005", "322", "323", "353", "366", "376",
        "396", "433",
        *REFUSALS,
    }
)  # fmt: skip
words_ = st.one_of(
    st.sampled_from([LOBBY, "bridge", "ada", "", "*", "+b", "-b", "LS", "ACK", "@#lobby"]), st.text(max_size=8)
)
tags_ = st.dictionaries(st.sampled_from(["label", "batch", "msgid", "time", "+draft/react", "+draft/reply"]), words_)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=st.lists(
        st.builds(
            Line, st.none() | tags_, st.sampled_from([None, "s", "ada!a@b", "bridge!a@b", "!", ""]),
            st.sampled_from(COMMANDS), st.lists(words_, max_size=4),
        ),
        max_size=20,
    )
)  # fmt: skip
@example(lines=[Line(None, None, command, []) for command in COMMANDS])
@example(lines=[Line(None, "bridge!a@b", command, ["", ""]) for command in COMMANDS])
def test_no_line_of_a_server_ends_the_connection(tmp_path: Path, lines: list[Line]) -> None:
    async def test() -> None:
        async with ScriptedServer(offers=EVERYTHING) as server, connected(server, tmp_path) as (connector, host):
            session = connector._session
            assert session is not None
            session.heard(lines)
            session.heard([Line(None, "zoe!z@z", "PRIVMSG", [LOBBY, "the end"])])
            await host.until(lambda _: "the end" in host.words(), "the next line")

    asyncio.run(test())
