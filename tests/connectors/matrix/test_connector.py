"""Matrix's own promises, kept over the emulated homeserver."""

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.asked import Deletion, Outgoing, Reaction, Target
from bridge.errors import Feature, Rejected, RoomClosed, Unavailable, Uncertain, Unsupported
from bridge.ids import Place, RoomId
from bridge.testing.contract_kit import Kit, Terms
from bridge.testing.host import KitHost
from bridge.testing.platform import Fault
from bridge.text.nodes import said
from connectors.matrix.emulator import MatrixEmulator
from connectors.matrix.emulator_errors import Canned, refusal
from tests.connectors.matrix.cases import MatrixCases, matrix


class TestMatrixOnTheEmulator(MatrixCases):
    @pytest.fixture
    async def platform(self) -> AsyncIterator[MatrixEmulator]:
        async with MatrixEmulator() as server:
            yield server


@pytest.fixture
async def platform() -> AsyncIterator[MatrixEmulator]:
    async with MatrixEmulator() as server:
        yield server


@pytest.fixture
def kit(platform: MatrixEmulator, tmp_path: Path) -> Kit:
    return Kit(platform, KitHost(tmp_path), lambda host: matrix(platform, host), Terms())


async def test_nothing_is_sent_without_a_run(kit: Kit, platform: MatrixEmulator) -> None:
    connector = matrix(platform, kit.host)
    with pytest.raises(Unavailable, match="not connected"):
        await connector.send(Outgoing(room=RoomId("!r:x"), key=kit.key(), text=said("x")))


async def test_a_homeserver_cannot_lead_us_into_another_room(kit: Kit, platform: MatrixEmulator) -> None:
    room = await platform.make_room("attic")
    async with kit.running() as run:
        platform.answer_next("/join/", Canned(body=b'{"room_id": "!trap:evil"}'))
        with pytest.raises(Rejected, match="another room"):
            await run.connector.join(room)


@pytest.mark.parametrize("path", ["/directory/", "/join/"])
async def test_a_room_without_id_is_tried_again(kit: Kit, platform: MatrixEmulator, path: str) -> None:
    room = await platform.make_room("attic")
    async with kit.running() as run:
        platform.answer_next(path, Canned(body=b"{}"))
        with pytest.raises(Unavailable, match="without the id of the room"):
            await run.connector.join(room)
        assert await run.connector.join(room) == Place(RoomId(platform.room_id(room)))


async def test_an_alias_is_told_apart_from_the_room_it_leads_to_later(kit: Kit, platform: MatrixEmulator) -> None:
    async with kit.running() as run:
        moved = b'{"room_id": "%s", "servers": ["x", 7]}' % platform.room_id(kit.garden).encode()
        platform.answer_next("/directory/", Canned(body=moved))
        assert await run.connector.join(kit.town) == run.place(kit.garden)


async def test_a_room_without_reactions_lacks_a_feature(kit: Kit, platform: MatrixEmulator) -> None:
    async with kit.running() as run:
        target = await run.sent("like me")
        levels = {"events": {"m.reaction": 50}, "redact": 50}
        await platform.set_state(kit.town, "m.room.power_levels", levels)
        with pytest.raises(Unsupported, match="permission") as caught:
            await run.connector.react(Reaction(target=target, emoji="👍", wanted=("👍",), key=kit.key()))
        assert caught.value.feature is Feature.REACT
        await run.send("words still go")


async def test_a_reaction_in_a_room_that_is_gone_is_closed(kit: Kit, platform: MatrixEmulator) -> None:
    async with kit.running() as run:
        target = await run.sent("like me")
        platform.answer_next("/send/", refusal(404, "M_NOT_FOUND"))
        with pytest.raises(RoomClosed):
            await run.connector.react(Reaction(target=target, emoji="👍", wanted=("👍",), key=kit.key()))


async def test_taking_back_a_reaction_from_what_is_gone_is_no_error(kit: Kit, platform: MatrixEmulator) -> None:
    async with kit.running() as run:
        target = await run.sent("like me")
        platform.answer_next("/relations/", refusal(404, "M_NOT_FOUND"))
        assert await run.connector.react(Reaction(target=target, emoji="👍", wanted=(), key=kit.key())) is None


async def test_every_part_is_taken_back_under_a_transaction_of_its_own(kit: Kit) -> None:
    async with kit.running() as run:
        parts = tuple([(await run.sent(words)).parts[0] for words in ("one", "two")])
        deletion = Deletion(target=Target(room=run.place(kit.town).room, parts=parts), key=kit.key())
        for _ in range(2):
            await run.connector.delete(deletion)
        redactions = [raw for raw in await kit.platform.events(kit.town) if raw["type"] == "m.room.redaction"]
        assert len(redactions) == 2
        assert await kit.platform.shown(kit.town) == []


async def test_a_room_is_listed_with_what_the_operator_should_know(kit: Kit, platform: MatrixEmulator) -> None:
    room = await platform.make_room("secret", encrypted=True)
    async with kit.running() as run:
        with pytest.raises(RoomClosed):
            await run.connector.join(room)
        notes = {info.name: info.note for info in await run.connector.rooms()}
        assert notes[kit.town] == ""
        assert "encrypted" in notes[room]


async def test_an_invitation_that_fails_stops_nothing(kit: Kit, platform: MatrixEmulator) -> None:
    room = await platform.make_room("wanted")
    await platform.set_state(room, "m.room.join_rules", {"join_rule": "invite"})
    async with kit.running() as run:
        with pytest.raises(RoomClosed):
            await run.connector.join(room)
        platform.answer_next("/join/", refusal(403, "M_FORBIDDEN"))
        await platform.change_membership(room, str(platform.settings()["user"]), "invite")
        await run.hears("still here")
        assert run.errors == []


async def test_a_bomb_ends_the_exchange_only(kit: Kit, platform: MatrixEmulator) -> None:
    bomb = gzip.compress(bytes(65 * 1024 * 1024))
    async with kit.running() as run:
        platform.answer_next("/send/", Canned(body=bomb, headers={"Content-Encoding": "gzip"}))
        with pytest.raises(Uncertain):
            await run.send("boom")
        await run.send("still here")


async def test_a_reused_connection_that_is_cut_is_asked_once(kit: Kit, platform: MatrixEmulator) -> None:
    async with kit.running() as run:
        await run.send("first")
        before = len([one for one in platform.server.requests if "/send/" in one])
        platform.fail_next(Fault.LOST_ANSWER)
        with pytest.raises(Uncertain):
            await run.send("second")
        assert len([one for one in platform.server.requests if "/send/" in one]) == before + 1


async def test_an_answer_that_is_none_makes_no_room_encrypted(kit: Kit, platform: MatrixEmulator) -> None:
    async with kit.running() as run:
        platform.answer_next("m.room.encryption", Canned())
        with pytest.raises(Unavailable, match="without the room's state"):
            await run.connector.join(kit.town)
        await run.connector.join(kit.town)
        await run.send("still readable")
        await kit.reads(kit.town, "still readable")


async def test_an_answer_that_is_none_takes_no_credentials_away(kit: Kit, platform: MatrixEmulator) -> None:
    platform.answer_next("whoami", Canned())
    with pytest.raises(Unavailable, match="without saying who we are"):
        await matrix(platform, kit.host).run()
