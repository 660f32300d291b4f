"""Matrix's own promises of encrypted rooms, kept over the emulated homeserver."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from bridge.errors import RoomClosed
from bridge.events import Deleted, Edited, Posted, Reacted
from bridge.findings import Grade
from bridge.ids import MessageId
from bridge.testing.contract_kit import Kit, Terms
from bridge.testing.host import KitHost
from bridge.testing.waiting import eventually
from bridge.text.nodes import said
from bridge.text.walk import plain
from connectors.matrix.e2ee.keystore import opened
from connectors.matrix.emulator import MatrixEmulator
from connectors.matrix.emulator_rooms import Json
from tests.connectors.matrix.cases import heard, matrix
from tests.connectors.matrix.secret_cases import SecretCases
from tests.connectors.matrix.secret_people import SecretPerson
from tests.connectors.matrix.secret_platform import PASSPHRASE, SecretPlatform

_OLM = "m.olm.v1.curve25519-aes-sha2"
STRANGE: list[Json] = [
    {},
    {"algorithm": _OLM},
    {"algorithm": _OLM, "sender_key": "x", "ciphertext": {"y": {"type": 0, "body": "z"}}},
    {"algorithm": _OLM, "sender_key": 7, "ciphertext": []},
    {"code": "m.unverified", "room_id": 3, "session_id": "x"},
]


class TestSecretsOnTheEmulator(SecretCases):
    @pytest.fixture
    async def platform(self, tmp_path: Path) -> AsyncIterator[SecretPlatform]:
        async with MatrixEmulator() as server, SecretPlatform(server, tmp_path / "people") as secret:
            yield secret


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[SecretPlatform]:
    async with MatrixEmulator() as server, SecretPlatform(server, tmp_path / "people") as secret:
        yield secret


@pytest.fixture
def kit(platform: SecretPlatform, tmp_path: Path) -> Kit:
    return Kit(platform, KitHost(tmp_path), lambda host: matrix(platform, host), Terms())


def impatient(platform: SecretPlatform, tmp_path: Path) -> Kit:
    """A bridge that waits for no key."""
    return Kit(platform, KitHost(tmp_path), lambda host: matrix(platform, host, e2ee_wait_seconds=0), Terms())


async def said_without_key(kit: Kit, words: str) -> MessageId:
    """A message whose key the homeserver keeps back."""
    await (await kit.platform.person(kit.town, "Ada")).catch_up()
    kit.platform.server.keys.hold()
    return await kit.platform.say(kit.town, "Ada", said(words))


async def test_a_message_waits_for_its_key(kit: Kit, platform: SecretPlatform) -> None:
    async with kit.running() as run:
        await run.send("hello")
        await said_without_key(kit, "sealed")
        await platform.inner.react(kit.town, "Bob", (await kit.reads(kit.town, "hello")).id, "👍")
        await heard(run, Reacted)  # the bridge has seen the message, and went on
        assert kit.host.words() == []
        platform.server.keys.release()
        platform.server.wake()
        await run.published("sealed")
    assert kit.host.unread == []


async def test_what_waits_survives_a_restart(kit: Kit, platform: SecretPlatform) -> None:
    async with kit.running() as run:
        await run.send("hello")
        await said_without_key(kit, "sealed")
        await platform.inner.react(kit.town, "Bob", (await kit.reads(kit.town, "hello")).id, "👍")
        await heard(run, Reacted)
        kit.crash()
    platform.server.keys.release()
    async with kit.running() as run:
        await run.published("sealed")
        (posted,) = [event for event in kit.host.events if isinstance(event, Posted)]
        assert posted.author.name == "Ada"


async def test_readers_are_told_of_what_stays_sealed_and_get_the_words_when_the_key_comes(
    platform: SecretPlatform, tmp_path: Path
) -> None:
    kit = impatient(platform, tmp_path)
    async with kit.running() as run:
        await run.send("hello")
        sealed = await said_without_key(kit, "sealed")
        posted = await heard(run, Posted)
        assert posted.text == said("[a message could not be decrypted]")
        assert posted.message == (sealed,)
        assert kit.host.unread == ["m.room.encrypted"]
        platform.server.keys.release()
        platform.server.wake()
        edited = await heard(run, Edited)
        assert edited.replaces == sealed
        assert edited.text == said("sealed")


async def test_what_was_taken_back_before_its_key_came_is_not_told(kit: Kit, platform: SecretPlatform) -> None:
    async with kit.running() as run:
        await run.send("hello")
        sealed = await said_without_key(kit, "sealed")
        await platform.delete(kit.town, "Ada", sealed)
        await heard(run, Deleted)
        platform.server.keys.release()
        await run.hears("after that")
    assert kit.host.words() == ["after that"]


async def test_a_key_that_is_refused_is_not_waited_for(kit: Kit, platform: SecretPlatform) -> None:
    async with kit.running() as run:
        await run.send("hello")
        await said_without_key(kit, "sealed")
        await platform.inner.react(kit.town, "Bob", (await kit.reads(kit.town, "hello")).id, "👍")
        await heard(run, Reacted)
        (raw,) = [
            one
            for one in await platform.inner.events(kit.town)
            if one["sender"] != _us(platform) and "ciphertext" in one["content"]
        ]
        content = {
            "code": "m.unverified",
            "room_id": platform.room_id(kit.town),
            "session_id": raw["content"]["session_id"],
        }
        platform.server.keys.release()
        platform.inner.write_to_bridge("Ada", "m.room_key.withheld", content)
        await heard(run, Posted)


async def test_whoever_asks_for_a_key_is_told_once_that_there_is_none(kit: Kit, platform: SecretPlatform) -> None:
    user, token, device = await platform.inner.enter(kit.town, "Mallory")
    body = {
        "algorithm": "m.megolm.v1.aes-sha2",
        "room_id": platform.room_id(kit.town),
        "session_id": "s",
        "sender_key": "c",
    }
    asked = {"action": "request", "requesting_device_id": device, "request_id": "1", "body": body}
    async with kit.running() as run:
        for content in (
            asked,
            {**asked, "request_id": "2"},
            {**asked, "action": "request_cancellation"},
            {**asked, "body": 7},
        ):
            platform.inner.write_to_bridge("Mallory", "m.room_key_request", content)
        await run.hears("still here")
        answered = [one for one in platform.server.requests if "sendToDevice/m.room_key.withheld" in one]
        assert len(answered) == 1
    letters = [one for one in platform.server.keys.letters_of(user, device) if one["type"] == "m.room_key.withheld"]
    assert [(one["content"]["code"], one["content"]["session_id"]) for one in letters] == [("m.unauthorised", "s")]
    assert token


@pytest.mark.parametrize("content", STRANGE, ids=range(len(STRANGE)))
async def test_a_strange_letter_stops_nothing(kit: Kit, platform: SecretPlatform, content: Json) -> None:
    async with kit.running() as run:
        await run.send("hello")
        for kind in ("m.room.encrypted", "m.room_key.withheld", "m.room_key", "m.room_key_request", "m.dummy"):
            platform.inner.write_to_bridge("Mallory", kind, content)
        await run.hears("still here")
        assert run.errors == []


async def test_one_time_keys_are_filled_up(kit: Kit, platform: SecretPlatform) -> None:
    async with kit.running() as run:
        await run.hears("hello")
        user, device = _us(platform), platform.inner.bridge_device
        await kit.host.when(lambda: platform.server.keys.held_of(user, device) > 25)
        for _ in range(30):
            platform.server.keys.claim({"one_time_keys": {user: {device: "signed_curve25519"}}})
        await run.hears("they run out")
        await eventually(lambda: platform.server.keys.held_of(user, device) > 25, seconds=10)


async def test_a_device_with_forged_keys_gets_nothing_and_hinders_nobody(kit: Kit, platform: SecretPlatform) -> None:
    mallory = await platform.inner.enter(kit.town, "Mallory")
    platform.inner.upload_keys(
        "Mallory", {"device_keys": {"user_id": mallory[0], "device_id": mallory[2], "keys": "x"}}
    )
    async with kit.running() as run:
        await run.send("for honest people")
        await kit.reads(kit.town, "for honest people")
    assert not any(f"/{mallory[2]}" in one for one in platform.server.requests)


async def test_a_session_that_broke_is_mended(platform: SecretPlatform, tmp_path: Path) -> None:
    kit = impatient(platform, tmp_path)
    async with kit.running() as run:
        await run.hears("hello")
    path = key_store(tmp_path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM olm")
    async with kit.running() as run:
        ada = await platform.person(kit.town, "Ada")
        ada.forget_session(platform.room_id(kit.town))
        await platform.say(kit.town, "Ada", said("lost"))
        await heard(run, Posted, lambda event: "could not be decrypted" in plain(event.text))
        await eventually(lambda: _has_two_sessions(ada))
        ada.forget_session(platform.room_id(kit.town))
        await run.hears("found again")


async def test_a_copied_key_store_begins_new_sessions(kit: Kit, tmp_path: Path) -> None:
    async with kit.running() as run:
        await run.send("hello")
    path = key_store(tmp_path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM olm").fetchone() != (0,)
    copy = path.with_suffix(".copy")
    copy.write_bytes(path.read_bytes())
    path.rename(tmp_path / "aside")
    copy.rename(path)
    with opened(path, PASSPHRASE, b"salt"):
        pass
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM olm").fetchone() == (0,)


async def test_the_doctor_hears_whether_the_device_is_cross_signed(kit: Kit, platform: SecretPlatform) -> None:
    async with kit.running() as run:
        await run.send("hello")
        found = [one for one in await run.connector.examine() if one.where == "end-to-end encryption"]
        assert [one.grade for one in found] == [Grade.WARNING]
        assert "no cross-signing keys" in found[0].what


async def test_without_the_switch_an_encrypted_room_is_refused(platform: SecretPlatform, tmp_path: Path) -> None:
    kit = Kit(platform, KitHost(tmp_path), lambda host: matrix(platform.inner, host), Terms())
    connector = matrix(platform.inner, kit.host)
    running = asyncio.create_task(connector.run())
    await kit.host.when(lambda: kit.host.online)
    with pytest.raises(RoomClosed, match="e2ee: true"):
        await connector.join(kit.town)
    (note,) = [room.note for room in await connector.rooms() if room.name == kit.town]
    assert "e2ee: true" in note
    running.cancel()
    await asyncio.wait([running])


def test_without_the_extra_nothing_of_it_is_imported() -> None:
    program = (
        "import sys; sys.modules['vodozemac'] = None\n"
        "from connectors.matrix import connector\n"
        "assert connector._end_to_end() is None\n"
        "assert 'connectors.matrix.e2ee.olm' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


async def _has_two_sessions(person: SecretPerson) -> bool:
    await person.catch_up()
    return any(len(person.client.olm.session_store[curve]) > 1 for curve in person.client.olm.session_store._entries)


def key_store(folder: Path) -> Path:
    (path,) = folder.glob("e2ee-*.db")
    return path


def _us(platform: SecretPlatform) -> str:
    return str(platform.settings()["user"])
