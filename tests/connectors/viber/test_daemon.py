"""From somebody's phone to the agents' room and back: a real daemon, which is killed, between Viber and Matrix."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from bridge.clock import SystemClock
from bridge.demo.daemon import Daemon, free_port
from bridge.events import Kind
from bridge.testing import samples
from bridge.testing.platform import Platform, Shown, texts
from bridge.testing.waiting import eventually
from bridge.text.nodes import said
from connectors.matrix.emulator import MatrixEmulator
from connectors.viber.emulator import ViberEmulator

_PATIENCE_SECONDS = 20.0


@asynccontextmanager
async def desk(folder: Path, viber: ViberEmulator, matrix: MatrixEmulator) -> AsyncIterator[Daemon]:
    """A daemon with one desk, ready."""
    port = free_port()
    async with asyncio.TaskGroup() as group:
        daemon = Daemon(folder, port, clock=SystemClock(), group=group)
        daemon.configure({
            "store": {"path": "data/qantara.db", "min_free_mib": 0, "ballast_mib": 0},
            "http": {"listen": f"127.0.0.1:{port}", "public_url": f"http://127.0.0.1:{port}"},
            "accounts": {"vb": {**viber.settings(), "name": "Town Hall"}, "home": dict(matrix.settings())},
            "desks": {"help": {"room": f"home/{matrix.rooms[0]}", "accounts": ["vb"]}},
        })  # fmt: skip
        await daemon.start()
        try:
            await daemon.ready()
            yield daemon
        finally:
            await daemon.stop()


async def seen(platform: Platform, room: str, fact: Callable[[Shown], object]) -> Shown:
    """The first message there for which `fact` holds, as soon as there is one."""
    found: Sequence[Shown] = ()

    async def there() -> bool:
        nonlocal found
        found = [one for one in await platform.shown(room) if fact(one)]
        return bool(found)

    await eventually(there, what=lambda: "a message", seconds=_PATIENCE_SECONDS)
    return found[0]


async def test_a_person_is_answered_from_one_room_through_a_death(tmp_path: Path) -> None:
    async with ViberEmulator() as viber, MatrixEmulator() as matrix, desk(tmp_path, viber, matrix) as daemon:
        phone, office = viber.rooms[0], matrix.rooms[0]
        await viber.say(phone, "Ada", said("our street has no light"))
        await seen(matrix, office, lambda one: "our street has no light" in one.text)
        await matrix.say(office, "Olga", said("!reply #1 We are *on* it"))
        answer = await seen(viber, phone, lambda one: "We are *on* it" in one.text)
        assert answer.author == "Olga"
        upload = samples.upload(Kind.IMAGE, "the dark street")
        await viber.send_files(phone, "Ada", (upload,), said("look"))
        await seen(matrix, office, lambda one: [file.data for file in one.files] == [upload.data])
        await daemon.kill()
        await viber.say(phone, "Ada", said("is anybody there"))
        await daemon.start()
        await seen(matrix, office, lambda one: "is anybody there" in one.text)
        await matrix.say(office, "Olga", said("!reply #1 Always"))
        await seen(viber, phone, lambda one: one.text == "Always")
        words = [*await texts(matrix, office), *await texts(viber, phone)]
        assert not [one for one in words if phone in one], "somebody's id is shown"
