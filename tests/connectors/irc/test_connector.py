"""IRC's own promises, kept against the emulated network."""

import asyncio
from collections.abc import Set as AbstractSet
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.asked import Outgoing, Reaction, Target
from bridge.capabilities import Relation
from bridge.errors import Feature, Rejected, RoomClosed, Scope, Unavailable, Uncertain, Unsupported
from bridge.events import Joined, Left, Manner, Posted, RoomChanged, RoomKind
from bridge.ids import Key, MessageId, Place, RoomId
from bridge.testing import strategies
from bridge.testing.contract_kit import Running
from bridge.testing.platform import Fault, texts
from bridge.text.nodes import Bold, Paragraph, Text, said
from bridge.text.walk import plain
from connectors.irc.connector import Irc
from connectors.irc.emulator import IrcEmulator
from connectors.irc.emulator_network import ECHO_ONLY, FULL, Flood, Limits
from connectors.irc.outgoing import JOINER
from tests.connectors.irc.lab import GARDEN, LOBBY, RawClient, kit_on, running

NOTHING: AbstractSet[str] = frozenset()
PROOFS = pytest.mark.parametrize("capabilities", [FULL, ECHO_ONLY, NOTHING], ids=["labels", "echoes", "fences"])
TAGS = {"relations": "tags"}
ROOM = RoomId(LOBBY)


@PROOFS
async def test_a_thousand_lines_keep_their_order(tmp_path: Path, capabilities: AbstractSet[str]) -> None:
    async with running(tmp_path, capabilities=capabilities) as (server, run):
        words = [f"line {number}" for number in range(1000)]
        async with asyncio.TaskGroup() as group:
            sends = [group.create_task(run.send(one)) for one in words]
        assert await texts(server, LOBBY) == words
        ids = [each for send in sends for each in send.result()]
        assert ids == ([one.id for one in await server.shown(LOBBY)] if capabilities is FULL else [])
        for one in words:
            await server.say(LOBBY, "Ada", said(one))
        await run.published(words[-1])
        assert run.kit.host.words() == words


@PROOFS
async def test_refused_lines_among_others_fail_alone(tmp_path: Path, capabilities: AbstractSet[str]) -> None:
    async with running(tmp_path, capabilities=capabilities) as (server, run):
        server.network.channels[GARDEN].modes.add("m")
        async with asyncio.TaskGroup() as group:
            good = group.create_task(run.send("to the town"))
            bad = group.create_task(_error(run, "to the garden", GARDEN))
            too = group.create_task(run.send("to the town again"))
        assert isinstance(bad.result(), RoomClosed)
        assert good.done()
        assert too.done()
        assert await texts(server, LOBBY) == ["to the town", "to the town again"]
        assert await texts(server, GARDEN) == []


async def _error(run: Running, words: str, room: str = LOBBY) -> Exception | None:
    try:
        await run.send(words, room=room)
    except Exception as error:  # noqa: BLE001  # the test looks at whatever it is
        return error
    return None


@PROOFS
async def test_a_refusal_of_one_among_many_loses_none(tmp_path: Path, capabilities: AbstractSet[str]) -> None:
    async with running(tmp_path, capabilities=capabilities) as (server, run):
        server.fail_next(Fault.CLOSED)
        words = [f"line {number}" for number in range(5)]
        async with asyncio.TaskGroup() as group:
            ends = [group.create_task(_error(run, one)) for one in words]
        shown = await texts(server, LOBBY)
        refused = [one for one, end in zip(words, ends, strict=True) if end.result() is not None]
        assert shown == words[1:]
        assert words[0] in refused, "what is not shown must not be confirmed"
        if capabilities is NOTHING:
            assert all(isinstance(end.result(), Uncertain) for end in ends)
            server.fail_next(Fault.CLOSED)
            async with asyncio.TaskGroup() as group:
                ends = [group.create_task(_error(run, one)) for one in words]
            assert [type(end.result()) for end in ends] == [RoomClosed] + [type(None)] * 4
        else:
            assert refused == words[:1]


async def test_every_line_fits_as_others_receive_it(tmp_path: Path) -> None:
    async with running(tmp_path) as (server, run):
        reader = RawClient()
        await reader.connect(server, "reader")
        await reader.tell("JOIN #lobby")
        await reader.until(" 366 ")
        can = run.capabilities(LOBBY)
        for manner in Manner:
            await run.send("x" * can.max_text, manner=manner)
        await run.send((Paragraph((Bold((Text("é" * 400),)),)),))
        await run.send("the end")
        await reader.until("the end")
        heard = [line for line in reader.lines if "PRIVMSG" in line or "NOTICE #" in line]
        assert max(len(f"{line}\r\n".encode()) for line in heard) <= 512
        assert "".join(plain(one.rich) for one in await server.shown(LOBBY)).count("é") == 400
        await reader.close()


def test_the_budget_is_kept_before_anything_is_known(tmp_path: Path) -> None:
    kit = kit_on(IrcEmulator(), tmp_path)
    connector = kit.connect(kit.host)
    assert 300 < connector.capabilities(RoomId(LOBBY)).max_text < 420
    assert connector.capabilities(RoomId("#" + "x" * 63)).max_text > 250
    assert (
        not kit_on(IrcEmulator(), tmp_path, **TAGS)
        .connect(kit_on(IrcEmulator(), tmp_path).host)
        .capabilities(ROOM)
        .relations
    )


async def test_longer_lines_are_used_where_the_server_takes_them(tmp_path: Path) -> None:
    async with running(tmp_path, limits=Limits(line_bytes=2048)) as (server, run):
        words = "x" * run.capabilities(LOBBY).max_text
        assert len(words) > 1900
        await run.send(words)
        assert await texts(server, LOBBY) == [words]


async def test_rates_are_the_settings(tmp_path: Path) -> None:
    async with running(tmp_path, {"rate_per_second": 4, "burst": 10, "max_lines": 3}) as (_, run):
        can = run.capabilities(LOBBY)
        assert [(rate.scope, rate.count, rate.seconds) for rate in can.rates] == [(Scope.ACCOUNT, 10, 2.5)]
        assert (can.max_lines, can.in_flight) == (3, 64)
    async with running(tmp_path / "b", {"rate_per_second": 0}) as (_, run):
        assert run.capabilities(LOBBY).rates == ()


async def test_a_flood_is_cut_and_we_come_back(tmp_path: Path) -> None:
    async with running(tmp_path, limits=Limits(flood=Flood(threshold=20, per_second=1000))) as (server, run):
        async with asyncio.TaskGroup() as group:
            ends = [group.create_task(_error(run, f"line {number}")) for number in range(64)]
        errors = [end.result() for end in ends]
        assert any(isinstance(error, Uncertain) for error in errors)
        await run.deliver(run.outgoing("slower now"))
        assert (await texts(server, LOBBY))[-1] == "slower now"


# Rooms.


async def test_all_spellings_of_a_channel_are_one_room(tmp_path: Path) -> None:
    async with running(tmp_path) as (server, run):
        assert await run.connector.join("#LOBBY") == Place(RoomId("#lobby"))
        assert (await run.connector.join("#A[1]")) == await run.connector.join("#a{1}") == Place(RoomId("#a{1}"))
        await server.say("#a{1}", "Ada", said("hello"))
        assert (await run.published("hello")).room == "#a{1}"


async def test_brackets_are_told_apart_where_the_server_does(tmp_path: Path) -> None:
    async with running(tmp_path, casemapping="ascii") as (_, run):
        assert await run.connector.join("#a[1]") != await run.connector.join("#a{1}")


@pytest.mark.parametrize("name", ["#a,#b", "#a b", "#a\x07b", "lobby", "", "#a\r\nQUIT", "#a\0", "#" + "x" * 64, ":#a"])
async def test_what_is_no_channel_is_refused_with_a_sentence(tmp_path: Path, name: str) -> None:
    async with running(tmp_path) as (server, run):
        before = set(server.network.channels)
        with pytest.raises(Rejected) as caught:
            await run.connector.join(name)
        assert len(str(caught.value)) > 20
        await run.send("still here")
        assert set(server.network.channels) == before


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.lists(strategies.wild_texts(), min_size=1, max_size=3))
def test_no_words_become_a_command(tmp_path: Path, words: list[str]) -> None:
    async def test() -> None:
        async with running(tmp_path) as (server, run):
            before = set(server.network.members)
            for one in words:
                await _error(run, one)
                await _error(run, one.replace("x", "\r\nQUIT\r\n"))
            for name in words:
                await _outcome(run.connector.join(name))
                await _outcome(run.connector.send(Outgoing(room=RoomId(name), key=Key("k"), text=said("words"))))
            await run.send("the end")
            shown = await server.shown(LOBBY)
            assert {one.author for one in shown} == {"bridge"}
            assert (set(server.network.members), run.kit.host.connections) == (before, 1)

    asyncio.run(test())


async def _outcome(action: object) -> None:
    try:
        await action  # type: ignore[misc]
    except (Rejected, RoomClosed):
        return


async def test_a_kick_is_told_and_we_come_back(tmp_path: Path) -> None:
    async with running(tmp_path) as (server, run):
        server.kick(LOBBY, "bridge", "too loud")
        left = await run.event(Left, lambda event: event.room == LOBBY, "our leaving")
        assert run.kit.host.connected_as is not None
        assert left.user.id == run.kit.host.connected_as.id
        assert "too loud" in left.reason
        back = await run.event(Joined, lambda event: event.user.id == left.user.id, "our coming back")
        assert back.room == LOBBY
        await run.hears("welcome back")


@pytest.mark.parametrize(
    ("shut", "numeric"),
    [("ban", "474"), ("invite", "473"), ("key", "475"), ("full", "471")],
)
async def test_a_closed_channel_says_why_and_is_entered_once_open(tmp_path: Path, shut: str, numeric: str) -> None:
    async with IrcEmulator() as server, kit_on(server, tmp_path).running() as run:
        channel = server.network.make("#closed")
        _shut(server, shut)
        with pytest.raises(RoomClosed) as caught:
            await run.connector.join("#closed")
        assert numeric in str(caught.value)
        channel.bans, channel.modes, channel.key, channel.room_for = set(), set(), "", 0
        back = await run.event(Joined, lambda event: event.room == "#closed", "our coming in")
        assert back.user.id == "self:bridge"
        await run.hears("come in", room="#closed")


def _shut(server: IrcEmulator, how: str) -> None:
    channel = server.network.make("#closed")
    server.enter("#closed", "Ada")
    match how:
        case "ban":
            channel.bans.add("bridge")
        case "invite":
            channel.modes.add("i")
        case "key":
            channel.key = "sesame"
        case _:
            channel.room_for = 1


async def test_a_key_opens_its_channel(tmp_path: Path) -> None:
    async with IrcEmulator() as server:
        server.network.make("#secret[1]").key = "sesame"
        async with kit_on(server, tmp_path, channel_keys={"#Secret{1}": "sesame"}).running() as run:
            assert await run.connector.join("#secret[1]") == Place(RoomId("#secret{1}"))


async def test_an_invitation_to_a_channel_we_want_is_taken(tmp_path: Path) -> None:
    async with IrcEmulator() as server, kit_on(server, tmp_path, rejoin_seconds=3600).running() as run:
        _shut(server, "invite")
        with pytest.raises(RoomClosed):
            await run.connector.join("#closed")
        server.network.make("#closed").modes.clear()
        server.invite("#closed", "bridge", "Ada")
        await run.event(Joined, lambda event: event.room == "#closed", "our coming in")


async def test_a_channel_that_was_left_is_not_entered_again(tmp_path: Path) -> None:
    async with running(tmp_path) as (server, run):
        await run.connector.leave(Place(RoomId(GARDEN)))
        assert "bridge" not in server.network.channels[GARDEN].members
        await run.connector.leave(Place(RoomId(GARDEN)))
        with pytest.raises(RoomClosed):
            await run.send("nobody hears", room=GARDEN)
        await run.hears("the end")


async def test_people_come_and_go(tmp_path: Path) -> None:
    async with running(tmp_path) as (server, run):
        for person in ("Ada", "Grace"):
            server.enter(LOBBY, person)
        server.enter(GARDEN, "Ada")
        server.topic(LOBBY, "Ada", "tea at five")
        server.rename("Grace", "Hopper")
        server.leave(LOBBY, "Hopper", "bye")
        server.kick(LOBBY, "Ada", "out")
        server.go("Ada", "gone")
        await run.hears("the end", person="Zoe")
        seen = [
            (type(event).__name__, str(event.room), event.user.name)
            for event in run.kit.host.events
            if isinstance(event, Joined | Left)
        ]
        assert seen == [
            ("Joined", LOBBY, "Ada"), ("Joined", LOBBY, "Grace"), ("Joined", GARDEN, "Ada"),
            ("Left", LOBBY, "Hopper"), ("Left", LOBBY, "Ada"), ("Left", GARDEN, "Ada"), ("Joined", LOBBY, "Zoe"),
        ]  # fmt: skip
        changed = [event for event in run.kit.host.events if isinstance(event, RoomChanged)]
        assert [(event.room, event.topic) for event in changed] == [(LOBBY, "tea at five")]


async def test_the_rooms_are_listed(tmp_path: Path) -> None:
    async with running(tmp_path) as (server, run):
        server.topic(LOBBY, "Ada", "tea at five")
        rooms = {room.name: room for room in await run.connector.rooms()}
        assert rooms[LOBBY].title == "tea at five"
        assert rooms[GARDEN].note == "1 people"


# Words.


async def test_nobody_is_pinged_by_his_own_name(tmp_path: Path) -> None:
    async with running(tmp_path) as (server, run):
        server.enter(LOBBY, "Ada")
        server.enter(LOBBY, "Bob")
        server.rename("Bob", "Grace")
        await run.hears("all are here", room=GARDEN)
        for label in ("Ada", "grace", "Bob"):
            text = (Paragraph((Bold((Text(label),)), Text(f": {label} speaks"))),)
            await run.send(text, label=label)
        assert await texts(server, LOBBY) == [
            f"A{JOINER}da: Ada speaks", f"g{JOINER}race: grace speaks", "Bob: Bob speaks",
        ]  # fmt: skip
        await run.send("Bob: elsewhere nobody is called so", room=GARDEN, label="Bob")
        assert (await texts(server, GARDEN))[-1] == "Bob: elsewhere nobody is called so"


async def test_a_message_of_nothing_is_parked_not_lost(tmp_path: Path) -> None:
    async with running(tmp_path) as (_, run):
        with pytest.raises(Rejected):
            await run.send(" ")


async def test_lines_of_one_message_go_one_by_one(tmp_path: Path) -> None:
    async with running(tmp_path) as (server, run):
        ids = await run.send("one\ntwo\n\nthree")
        assert await texts(server, LOBBY) == ["one", "two", "three"]
        assert ids == tuple(one.id for one in await server.shown(LOBBY))


async def test_manners_are_kept(tmp_path: Path) -> None:
    async with running(tmp_path) as (server, run):
        reader = RawClient()
        await reader.connect(server, "reader")
        await reader.tell("JOIN #lobby")
        await reader.until(" 366 ")
        await run.send("waves", manner=Manner.EMOTE)
        await run.send("beep", manner=Manner.NOTICE)
        assert (await reader.until("PRIVMSG")).endswith("PRIVMSG #lobby :\x01ACTION waves\x01")
        assert (await reader.until("NOTICE")).endswith("NOTICE #lobby beep")
        await reader.close()


async def test_what_is_for_operators_only_does_not_leave_the_channel(tmp_path: Path) -> None:
    async with running(tmp_path) as (server, run):
        server.network.channels[LOBBY].operators.add("bridge")
        server.enter(LOBBY, "Ada")
        server.whisper("Ada", "@#lobby", "shall we ban him")
        await run.hears("the end")
        assert run.kit.host.words() == ["the end"]


async def test_what_is_said_to_us_alone_is_direct(tmp_path: Path) -> None:
    async with running(tmp_path) as (server, run):
        server.whisper("Ada", "bridge", "psst")
        event = await run.published("psst")
        assert (event.room, event.room_kind) == ("ada", RoomKind.DIRECT)


async def test_relations_are_words_unless_asked_for_as_tags(tmp_path: Path) -> None:
    async with running(tmp_path) as (_, run):
        assert run.capabilities(LOBBY).relations == frozenset()
        with pytest.raises(Unsupported):
            await run.connector.react(_reaction("m"))
    async with running(tmp_path / "b", TAGS) as (_, run):
        assert run.capabilities(LOBBY).relations == {Relation.REPLY}


def _reaction(message: str) -> Reaction:
    target = Target(room=RoomId(LOBBY), parts=(MessageId(message),))
    return Reaction(target=target, emoji="👍", wanted=("👍",), key=Key("k"))


@pytest.mark.parametrize("denied", ["draft/reply", "draft/react", "*"])
async def test_tags_that_the_server_denies_are_not_promised(tmp_path: Path, denied: str) -> None:
    async with running(tmp_path, TAGS, denied_tags=denied) as (_, run):
        assert (Relation.REPLY in run.capabilities(LOBBY).relations) is (denied == "draft/react")
        with pytest.raises(Unsupported) as caught:
            await run.connector.react(_reaction("m"))
        assert caught.value.feature is Feature.REACT


async def test_a_reply_to_what_has_no_id_of_the_servers_is_plain(tmp_path: Path) -> None:
    async with running(tmp_path, TAGS) as (server, run):
        target = Target(room=RoomId(LOBBY), parts=(MessageId("local:abc-1"),))
        await run.send("an answer", in_reply_to=target)
        assert (await server.shown(LOBBY))[-1].in_reply_to is None
        with pytest.raises(Unsupported):
            await run.connector.react(_reaction("local:abc-1"))


# Trouble.


async def test_a_restarted_server_is_found_again(tmp_path: Path) -> None:
    async with running(tmp_path) as (server, run):
        await run.hears("before")
        await server.stop()
        await server.start()
        await run.kit.host.until(lambda _: run.kit.host.connections > 1, "a second connection")
        await run.ready()
        await run.hears("after")
        await run.send("out")
        assert run.kit.host.words() == ["before", "after"]


async def test_what_was_heard_before_the_connection_was_lost_is_published(tmp_path: Path) -> None:
    async with running(tmp_path) as (server, run):
        run.kit.host.hold()
        words = [f"line {number}" for number in range(5)]
        for one in words:
            await server.say(LOBBY, "Ada", said(one))
        await run.kit.host.until(lambda _: run.kit.host.waiting, "a publish that waits")
        server.drop_connections()
        run.kit.host.release()
        await run.published(words[-1])
        await run.kit.host.until(lambda _: run.kit.host.connections > 1, "a second connection")
        assert run.kit.host.words() == words


async def test_a_slow_store_makes_the_server_wait(tmp_path: Path) -> None:
    async with running(tmp_path) as (server, run):
        run.kit.host.hold()
        words = [f"line {number}" for number in range(6000)]
        for one in words:
            await server.say(LOBBY, "Ada", said(one))
        connection = run.connector._session._connection
        await run.kit.until_shown(LOBBY, lambda _: connection.hears_nothing(), "nothing read any more")
        assert len(run.connector._session._feed._waiting) < 4000
        run.kit.host.release()
        await run.published(words[-1])
        assert run.kit.host.words() == words
        await run.send("and out")


async def test_a_silent_server_is_left(tmp_path: Path) -> None:
    async with IrcEmulator() as server:
        settings_ = {"keepalive_seconds": 0.05, "timeout_seconds": 0.3}
        async with kit_on(server, tmp_path, **settings_).running() as run:
            server.network.deaf = True
            with pytest.raises(Uncertain):
                await run.send("hello")
            await run.kit.host.until(lambda _: run.errors, "the connection to be given up")
            assert any("silent" in str(error) for error in run.errors)
            server.network.deaf = False
            await run.deliver(run.outgoing("back"))
            await run.kit.reads(LOBBY, "back")


async def test_a_quiet_server_that_answers_is_kept(tmp_path: Path) -> None:
    async with running(tmp_path, {"keepalive_seconds": 0.02, "timeout_seconds": 0.2}) as (server, run):
        await run.kit.until_shown(LOBBY, lambda _: server.network.pings > 3, "some pings")
        assert run.kit.host.connections == 1


async def test_a_ping_is_answered(tmp_path: Path) -> None:
    async with running(tmp_path) as (server, run):
        server.ping("are you there")
        await run.kit.until_shown(LOBBY, lambda _: "are you there" in server.network.pongs, "the answer")


async def test_nothing_can_be_sent_before_we_are_there(tmp_path: Path) -> None:
    kit = kit_on(IrcEmulator(), tmp_path)
    connector: Irc = kit.connect(kit.host)
    for action in (
        connector.send(Outgoing(room=RoomId(LOBBY), key=Key("k"), text=said("x"))),
        connector.join(LOBBY),
        connector.leave(Place(RoomId(LOBBY))),
        connector.react(_reaction("m")),
        connector.rooms(),
    ):
        with pytest.raises(Unavailable) as caught:
            await action
        assert not isinstance(caught.value, Uncertain)


async def test_the_servers_time_is_the_events(tmp_path: Path) -> None:
    async with running(tmp_path) as (server, run):
        _, event = await run.hears("what time is it")
        assert abs(event.at - server.network.clock.now()) < timedelta(seconds=5)
        assert all(isinstance(each, Posted | Joined) for each in run.kit.host.events)
