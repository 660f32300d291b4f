"""A whole bridge in this process between accounts without a network, each well or ill, over a real store."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar, Literal

from bridge.app import App
from bridge.asked import Outgoing
from bridge.capabilities import Capabilities
from bridge.chance import SystemChance
from bridge.clock import SystemClock
from bridge.config import parse
from bridge.connector import Connector, ConnectorConfig, Host
from bridge.errors import Unavailable
from bridge.events import Posted, User
from bridge.ids import AccountName, EventId, MessageId, RoomId, UserId
from bridge.registry import Registry
from bridge.store.ops import StoreBroken
from bridge.store.sqlite import SqliteStore
from bridge.store.writer import ThreadPump, Writer
from bridge.testing.waiting import eventually
from bridge.text.nodes import said
from bridge.text.walk import plain

Mood = Literal["well", "hangs", "slow", "falls", "down"]
ADA = User(id=UserId("ada"), name="Ada")


class SpotConfig(ConnectorConfig):
    """An account that needs no server."""

    mood: Mood = "well"
    """`hangs`: no send ends; `slow`: each takes about a second; `falls`: each ends the account; `down`: never up."""


class Spot(Connector[SpotConfig]):
    """Notes when each number came, and whether they came in order."""

    Config = SpotConfig
    features: ClassVar[Capabilities] = Capabilities(in_flight=64)

    def __init__(self, config: SpotConfig, host: Host) -> None:
        super().__init__(config, host)
        self.arrived: defaultdict[str, dict[int, float]] = defaultdict(dict)
        self._fallen = asyncio.Event()

    async def run(self) -> None:
        if self.config.mood == "down":
            raise Unavailable("down for a benchmark")
        self.host.connected(User(id=UserId("bridge"), name="bridge"))
        await self._fallen.wait()
        raise RuntimeError("fell")

    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        number = int(plain(message.text).rpartition(" ")[2])
        match self.config.mood:
            case "hangs":
                await asyncio.Event().wait()
            case "slow":
                await asyncio.sleep(0.5 + number % 64 / 64)
            case "falls":
                self._fallen.set()
                raise RuntimeError("falls at every message")
            case "well" | "down":
                pass
        self.arrived[message.room][number] = time.perf_counter()
        return (MessageId(message.key),)


class Bench:
    """A running bridge; `source` is heard by every other account."""

    def __init__(self, app: App) -> None:
        self.app = app

    def spot(self, name: str) -> Spot:
        connector = self.app.accounts[AccountName(name)].connector
        assert isinstance(connector, Spot)
        return connector

    def arrived(self, name: str, room: str = "town") -> dict[int, float]:
        return self.spot(name).arrived[room]

    async def publish(self, numbers: Sequence[int], room: str = "town") -> None:
        await self.spot("source").host.publish(*(posted(number, room) for number in numbers))

    async def pour(self, count: int, begin: int = 0) -> None:
        for first in range(begin, begin + count, 200):
            await self.publish(range(first, min(first + 200, begin + count)))


def posted(number: int, room: str) -> Posted:
    """Ada says a number, after some words."""
    return Posted(
        id=EventId(f"{room}-{number}"), room=RoomId(room), at=datetime.now(UTC), author=ADA,
        message=(MessageId(f"{room}-{number}"),), text=said(f"{'x' * 80} {number}"),
    )  # fmt: skip


def written(targets: dict[str, Mood], rooms: Sequence[str] = ("town",)) -> str:
    """The configuration: each room of the source is heard by all targets."""
    accounts = "".join(f"  {name}: {{connector: spot, mood: {mood}}}\n" for name, mood in targets.items())
    links = "".join(
        f'  {room}: {{from: ["source/{room}"], to: [{", ".join(f"{name}/{room}" for name in targets)}]}}\n'
        for room in rooms
    )
    store = "store: {min_free_mib: 0, ballast_mib: 0}\n"
    return f"{store}accounts:\n  source: {{connector: spot}}\n{accounts}links:\n{links}"


@asynccontextmanager
async def running(folder: Path, yaml: str) -> AsyncIterator[Bench]:
    """From an empty folder, or from what a bridge left there, until every account was tried."""
    registry = Registry.of({"spot": Spot})
    config = parse(yaml, name="config.yaml", environ={}, connectors=registry, base=folder)

    def broken(error: StoreBroken) -> None:
        app.broken(error)

    writer = Writer(SqliteStore(config.store.path, SystemChance()), broken)
    app = App(config, registry, writer, clock=SystemClock(), chance=SystemChance())
    pump = ThreadPump(writer)
    pump.start()
    life = asyncio.create_task(app.run())
    await eventually(lambda: app.ready or (life.done() and life.result()), seconds=120)
    try:
        yield Bench(app)
    finally:
        app.end()
        await life
        pump.stop()
