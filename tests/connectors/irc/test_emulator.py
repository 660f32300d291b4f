"""The emulated network is as strict as a real one: each documented error, with its own words."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bridge.testing.platform import Fault
from bridge.text.nodes import said
from connectors.irc.emulator import IrcEmulator
from connectors.irc.emulator_network import Flood, Limits
from tests.connectors.irc.lab import LOBBY, RawClient


@pytest.fixture
async def server() -> AsyncIterator[IrcEmulator]:
    limits = Limits(channels_each=3, nick_length=20)
    async with IrcEmulator(accounts={"raw": "sesame"}, limits=limits, denied_tags="typing") as server:
        yield server


@pytest.fixture
async def raw(server: IrcEmulator) -> AsyncIterator[RawClient]:
    client = RawClient()
    await client.connect(server)
    await client.until(" 422 ")
    yield client
    await client.close()


ANSWERS = [
    ("BOGUS", "421 raw BOGUS :Unknown command"),
    ("PRIVMSG", "411 raw :No recipient given (PRIVMSG)"),
    ("PRIVMSG #lobby", "412 raw :No text to send"),
    ("PRIVMSG #lobby :", "412 raw :No text to send"),
    ("PRIVMSG #lobby :outside", "404 raw #lobby :Cannot send to channel"),
    ("PRIVMSG #nowhere :x", "403 raw #nowhere :No such channel"),
    ("PRIVMSG nobody :x", "401 raw nobody :No such nick"),
    ("TAGMSG #lobby", "421 raw TAGMSG :Unknown command"),
    ("PRIVMSG #lobby :" + "x" * 500, "417 raw :Input line was too long"),
    ("@+a=" + "x" * 4100 + " PRIVMSG #lobby :x", "417 raw :Input line was too long"),
    ("JOIN", "461 raw JOIN :Not enough parameters"),
    ("JOIN lobby", "403 raw lobby :No such channel"),
    ("JOIN #a\x07", "403 raw #a\x07 :No such channel"),
    ("JOIN #" + "x" * 64, "403 raw #" + "x" * 64 + " :No such channel"),
    ("JOIN #1,#2,#3,#4", "405 raw #4 :You have joined too many channels"),
    ("JOIN #locked wrong", "475 raw #locked :Cannot join channel (+k)"),
    ("PART #lobby", "442 raw #lobby :You're not on that channel"),
    ("PART #nowhere", "403 raw #nowhere :No such channel"),
    ("KICK #lobby Ada", "442 raw #lobby :You're not on that channel"),
    ("TOPIC #lobby :x", "442 raw #lobby :You're not on that channel"),
    ("NAMES #lobby", "442 raw #lobby :You're not on that channel"),
    ("NICK Ada", "433 raw Ada :Nickname is already in use"),
    ("NICK #x", "432 raw #x :Erroneous nickname"),
    ("NICK " + "x" * 21, "432 raw " + "x" * 21 + " :Erroneous nickname"),
    ("AUTHENTICATE EXTERNAL", "904 raw :SASL authentication failed"),
    ("PING token", "PONG irc.test token"),
    ("CAP REQ :echo-message nonsense", "CAP raw NAK :echo-message nonsense"),
]


@pytest.mark.parametrize(("line", "answer"), ANSWERS)
async def test_each_error_is_the_protocols(server: IrcEmulator, raw: RawClient, line: str, answer: str) -> None:
    server.network.make("#locked").key = "right"
    server.enter(LOBBY, "Ada")
    await raw.tell(line, "PING end")
    await raw.until("PONG irc.test end")
    assert any(answer in each for each in raw.lines), raw.lines[-5:]


async def test_rank_is_asked_for(server: IrcEmulator, raw: RawClient) -> None:
    server.enter(LOBBY, "Ada")
    await raw.tell("JOIN #lobby", "KICK #lobby Ada", "MODE #lobby +m", "MODE #lobby")
    await raw.until("324 raw #lobby +")
    assert sum("482 raw #lobby" in line for line in raw.lines) == 2
    server.network.channels[LOBBY].operators.add("raw")
    await raw.tell("MODE #lobby +m", "KICK #lobby Nobody", "KICK #lobby Ada :out", "MODE #lobby -m", "MODE #lobby")
    await raw.until("324 raw #lobby +")
    assert any(line.endswith("KICK #lobby Ada out") for line in raw.lines)
    assert any("441 raw Nobody #lobby" in line for line in raw.lines)
    assert server.network.channels[LOBBY].modes == set()


async def test_names_carry_their_signs(server: IrcEmulator, raw: RawClient) -> None:
    server.enter(LOBBY, "Ada")
    server.enter(LOBBY, "Bob")
    server.topic(LOBBY, "Ada", "tea")
    channel = server.network.channels[LOBBY]
    channel.operators.add("ada")
    channel.voiced.add("bob")
    await raw.tell("JOIN #lobby")
    assert await raw.until(" 353 ") == ":irc.test 353 raw = #lobby :@Ada +Bob raw"
    assert ":irc.test 332 raw #lobby tea" in raw.lines
    await raw.tell("NAMES #lobby", "TOPIC #lobby :coffee", "NICK row", "PART #lobby :bye", "QUIT :gone")
    ended = await raw.ended()
    assert any(line.endswith("TOPIC #lobby coffee") for line in ended)
    assert any(line.endswith("NICK row") for line in ended)
    assert ended[-1] == "ERROR :Closing Link: row[127.0.0.1] (Quit: gone)"


async def test_nothing_is_done_for_a_stranger(server: IrcEmulator) -> None:
    client = RawClient()
    await client.connect(server, "#wrong")
    await client.tell("PRIVMSG #lobby :x")
    assert await client.until(" 451 ") == ":irc.test 451 * :You have not registered"
    await client.close()


@pytest.mark.parametrize("answer", ["!", "cmF3", "AHJhdwB3cm9uZw=="])
async def test_a_wrong_answer_to_sasl_is_refused(server: IrcEmulator, raw: RawClient, answer: str) -> None:
    await raw.tell("AUTHENTICATE PLAIN", f"AUTHENTICATE {answer}")
    await raw.until(" 904 ")


async def test_lines_are_cut_at_512_bytes_as_others_receive_them(server: IrcEmulator, raw: RawClient) -> None:
    reader = RawClient()
    await reader.connect(server, "reader")
    for client in (raw, reader):
        await client.tell("JOIN #lobby")
        await client.until(" 366 ")
    await raw.tell("PRIVMSG #lobby :" + "x" * 494)
    assert len(await reader.until("PRIVMSG")) == 510
    await reader.close()


async def test_several_answers_to_a_label_are_a_batch(server: IrcEmulator, raw: RawClient) -> None:
    await raw.tell(
        "CAP REQ :labeled-response batch message-tags echo-message", "@label=1 JOIN #lobby", "@label=2 PONG x"
    )
    begin = await raw.until("BATCH +1 labeled-response")
    assert begin.startswith("@label=1 ")
    await raw.until("BATCH -1")
    assert await raw.until("ACK") == "@label=2 :irc.test ACK"
    await raw.tell("@label=3;+typing=active;+draft/reply=m PRIVMSG #lobby :x")
    echo = await raw.until("PRIVMSG")
    assert "label=3" in echo
    assert "+draft/reply=m" in echo
    assert "+typing" not in echo


async def test_capabilities_are_switched_off_again(server: IrcEmulator, raw: RawClient) -> None:
    await raw.tell("JOIN #lobby", "CAP REQ :echo-message", "CAP REQ :-echo-message", "PRIVMSG #lobby :x", "PING end")
    await raw.until("PONG")
    assert not any("PRIVMSG" in line for line in raw.lines)


async def test_a_flood_is_excess() -> None:
    async with IrcEmulator(limits=Limits(flood=Flood(threshold=10, per_second=0.001))) as server:
        client = RawClient()
        await client.connect(server)
        await client.tell(*(f"PING {number}" for number in range(20)))
        assert (await client.ended())[-1] == "ERROR :Closing Link: raw[127.0.0.1] (Excess Flood)"
        await client.close()


async def test_a_wrong_password_is_told() -> None:
    async with IrcEmulator(password="right") as server:
        client = RawClient()
        await client.connect(server)
        assert ":irc.test 464 raw :Password incorrect" in await client.ended()
        await client.close()


async def test_people_of_the_test_cannot_take_a_clients_nick(server: IrcEmulator, raw: RawClient) -> None:
    assert raw
    with pytest.raises(ValueError, match="raw"):
        await server.say(LOBBY, "raw", said("x"))
    with pytest.raises(ValueError, match="nowhere"):
        await server.shown("#nowhere")
    message = await server.say(LOBBY, "Ada Lovelace", said("x"))
    (shown,) = await server.shown(LOBBY)
    assert (shown.id, shown.author) == (message, "Ada_Lovelace")


async def test_nobody_edits_or_deletes(server: IrcEmulator) -> None:
    message = await server.say(LOBBY, "Ada", said("x"))
    for action in (server.edit(LOBBY, "Ada", message, said("y")), server.delete(LOBBY, "Ada", message)):
        with pytest.raises(NotImplementedError):
            await action


async def test_reactions_to_what_is_not_there_are_nothing(server: IrcEmulator) -> None:
    message = await server.say(LOBBY, "Ada", said("x"))
    await server.react(LOBBY, "Ada", "nothing", "👍")  # type: ignore[arg-type]
    await server.unreact(LOBBY, "Ada", message, "👍")
    await server.react(LOBBY, "Ada", message, "👍")
    await server.react(LOBBY, "Grace", message, "👍")
    assert (await server.shown(LOBBY))[0].reactions == {"👍": 2}


async def test_restored_is_as_if_nothing_had_been(server: IrcEmulator, raw: RawClient) -> None:
    server.fail_next(Fault.CLOSED, 3)
    server.network.refusing = True
    server.restore()
    await raw.tell("JOIN #lobby", "PRIVMSG #lobby :x", "PING end")
    await raw.until("PONG")
    assert [one.text for one in await server.shown(LOBBY)] == ["x"]


async def test_a_network_without_capabilities_knows_no_cap() -> None:
    async with IrcEmulator(capabilities=frozenset()) as server:
        client = RawClient()
        await client.connect(server)
        await client.tell("CAP LS 302")
        await client.until("421 raw CAP :Unknown command")
        await asyncio.wait_for(client.close(), 5)


async def test_who_never_listened_stops_in_peace() -> None:
    await IrcEmulator().stop()
