"""One run: a real daemon between all emulators that are installed, every feature on each of them at once."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import structlog

from bridge.clock import SystemClock
from bridge.demo.daemon import Daemon, free_port
from bridge.ids import AccountName
from bridge.registry import emulators
from bridge.testing.acts import HasAudience, Hastens, Private
from bridge.testing.interop.features import FEATURES
from bridge.testing.interop.looks import LOST, NATIVE, NONE
from bridge.testing.interop.scene import Feature, NotSeen, Room, Scene, Seat
from bridge.testing.interop.table import Table
from bridge.testing.platform import Platform
from bridge.testing.registration import register
from bridge.text.nodes import said

logger = structlog.get_logger()

_LOOK_AGAIN_SECONDS = 0.05
_LOOKING_COSTS = 4.0
"""How many times as long as a look took nobody looks: the rooms stand in the same process."""
_QUIET_SECONDS = 1.0
_LAST_PATIENCE_SECONDS = 8.0
_LAST_WORDS = "that was all"


async def crossed(names: Sequence[str] = (), features: Sequence[Feature] = FEATURES) -> Table:
    """The table of one run, over the emulators with these names, or all that are installed."""
    async with AsyncExitStack() as stack:
        seats, readers = await _seated(stack, names or emulators().names())
        await stack.enter_async_context(_bridged(seats, readers))
        room = Room(seats, readers)
        scenes = [Scene(feature.name, seat, room) for feature in features for seat in seats]
        async with _watched(room):
            tried = await _played(dict(zip(scenes, [one for one in features for _ in seats], strict=True)), room)
        return _table(features, seats, tried, readers)


async def _seated(stack: AsyncExitStack, names: Sequence[str]) -> tuple[Sequence[Seat], Sequence[Seat]]:
    """Who talks with everybody else, and who only reads: of private conversations links hear nothing."""
    seats, readers = [], []
    for name in names:
        platform = emulators().get(name)()
        if not isinstance(platform, Private):
            seats.append(await _seat(stack, name, platform))
        elif isinstance(platform, HasAudience):
            readers.append(await _seat(stack, f"{name}-channel", platform.audience()))
    return seats, readers


async def _seat(stack: AsyncExitStack, name: str, platform: Platform) -> Seat:
    if isinstance(platform, Hastens):
        platform.hasten()
    return Seat(name, await stack.enter_async_context(platform))


@asynccontextmanager
async def _bridged(seats: Sequence[Seat], readers: Sequence[Seat]) -> AsyncIterator[None]:
    """The daemon as a process of its own; one link over the first room of each platform, one to those who only read."""
    with tempfile.TemporaryDirectory(prefix="qantara-interop-") as folder:
        port = free_port()
        async with asyncio.TaskGroup() as group:
            daemon = Daemon(Path(folder), port, clock=SystemClock(), group=group)
            daemon.configure(_configuration(seats, readers, port))
            for seat in seats:
                register(seat.platform, AccountName(seat.name), f"http://127.0.0.1:{port}/in/{seat.name}")
            await daemon.start()
            await daemon.ready()
            try:
                yield
            finally:
                await daemon.stop()


def _configuration(seats: Sequence[Seat], readers: Sequence[Seat], port: int) -> Mapping[str, object]:
    talking, reading = ([f"{seat.name}/{seat.room}" for seat in some] for some in (seats, readers))
    one_way = {"readers": {"from": talking, "to": reading}} if reading else {}
    return {
        "store": {"path": "data/qantara.db", "min_free_mib": 0, "ballast_mib": 0},
        "http": {"listen": f"127.0.0.1:{port}", "public_url": f"http://127.0.0.1:{port}"},
        "accounts": {seat.name: dict(seat.platform.settings()) for seat in (*seats, *readers)},
        "links": {"table": {"rooms": talking}, **one_way},
    }


@asynccontextmanager
async def _watched(room: Room) -> AsyncIterator[None]:
    """Somebody goes round and looks into every room, and leaves most of the time to those who write there."""
    clock = SystemClock()

    async def go_round() -> None:
        while True:
            began = clock.monotonic()
            await room.look()
            await asyncio.sleep(max(_LOOK_AGAIN_SECONDS, _LOOKING_COSTS * (clock.monotonic() - began)))

    task = asyncio.create_task(go_round(), name="rooms watched")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _played(features: Mapping[Scene, Feature], room: Room) -> Mapping[tuple[str, str, str], str]:
    """Everything done and, when all rooms are quiet, every cell."""
    can = dict(zip(features, await asyncio.gather(*map(_done, features, features.values())), strict=True))
    have = {(feature.name, scene.seat.name) for scene, feature in features.items() if can[scene]}
    await asyncio.gather(*(_last_words(seat, room) for seat in room.seats))
    await _quiet(room)

    def cells() -> Mapping[tuple[str, str, str], str]:
        return {
            (feature.name, scene.seat.name, place): _cell(scene, feature, place, have)
            for scene, feature in features.items()
            for place in scene.places
            if place != scene.seat.name
        }

    await room.until(lambda: LOST not in cells().values(), _LAST_PATIENCE_SECONDS)
    await _quiet(room)
    return cells()


async def _done(scene: Scene, feature: Feature) -> bool:
    """Whether the platform has it."""
    try:
        await feature.act(scene)
    except NotImplementedError:
        return False
    except NotSeen as error:
        logger.warning("a scene could not go on", feature=feature.name, why=str(error))
    return True


async def _last_words(seat: Seat, room: Room) -> None:
    """What comes last from each platform: when it is seen, everything before had its turn."""
    words = f"{_LAST_WORDS} from {seat.name}"
    await seat.platform.say(seat.room, seat.named("Zed"), said(words))
    await room.until(lambda: all(any(words in one.text for one in there) for there in room.shown.values()))


async def _quiet(room: Room) -> None:
    """Until nothing changes for a while."""
    while await _changes(room):
        pass


async def _changes(room: Room) -> bool:
    before = room.shown
    return await room.until(lambda: room.shown is not before, _QUIET_SECONDS)


def _cell(scene: Scene, feature: Feature, place: str, have: AbstractSet[tuple[str, str]]) -> str:
    """What a reader there sees, unless those at the source see none themselves, or no bridge is told of it."""
    here, untold = scene.seat.name, getattr(scene.platform, "untold", ())
    if (feature.name, here) not in have or feature.name in untold or feature.look(scene, here) != NATIVE:
        return NONE
    absent = (feature.name, place) not in have or feature.name in _barred(scene, place)
    return feature.look(scene, place) or (feature.if_absent if absent else LOST)


def _barred(scene: Scene, place: str) -> AbstractSet[str]:
    """What people there have and a bridge may not do."""
    return next(
        (getattr(seat.platform, "barred", frozenset()) for seat in scene.room.seats if seat.name == place), set()
    )


def _table(
    features: Sequence[Feature],
    seats: Sequence[Seat],
    tried: Mapping[tuple[str, str, str], str],
    readers: Sequence[Seat],
) -> Table:
    names = [seat.name for seat in seats]
    everybody = [*names, *(seat.name for seat in readers)]
    return Table(
        {
            feature.name: {
                source: {target: tried[feature.name, source, target] for target in everybody if target != source}
                for source in names
            }
            for feature in features
        }
    )
