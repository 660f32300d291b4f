"""What happens to a platform, to the machine and to its disk: each at some moment, most of them for a while."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from bridge.ids import AccountName, RoomId
from bridge.testing.memory_rooms import room_id
from bridge.testing.simulation.connector import Bare
from bridge.testing.simulation.dice import Dice
from bridge.testing.simulation.machine import Machine
from bridge.testing.simulation.platform import SimulatedPlatform
from bridge.testing.simulation.weather import Mishap, Weather
from bridge.testing.simulation.world import ROOMS


class Episodes:
    """Those of one seed. A machine that died begins again after a while."""

    def __init__(self, machine: Machine, weather: Weather, dice: Dice, seconds: float) -> None:
        self._machine, self._weather, self._dice, self._seconds = machine, weather, dice, seconds
        self._platforms: Mapping[str, SimulatedPlatform] = machine.platforms
        self._acts: dict[Mishap, Callable[[], Awaitable[None]]] = {
            Mishap.CUT: self._cut,
            Mishap.UNREACHABLE: self._unreachable,
            Mishap.REFUSED: self._refused,
            Mishap.KICKED: self._kicked,
            Mishap.CRASH: self._crash,
            Mishap.CRASH_AT_COMMIT: self._crash_at_commit,
            Mishap.STOP: self._stop,
            Mishap.RELOAD: self._reload,
            Mishap.CLOCK_FORWARD: self._forward,
            Mishap.CLOCK_BACK: self._back,
            Mishap.DISK_FULL: self._full,
            Mishap.SYNC_ERROR: self._sync_error,
        }

    async def run(self) -> None:
        """All of them, at their times."""
        async with asyncio.TaskGroup() as group:
            for mishap in self._drawn():
                group.create_task(self._one(mishap, self._dice.between(0.05, 1.0) * self._seconds))

    def _drawn(self) -> list[Mishap]:
        """Some of each kind that this seed knows, and always a crash."""
        drawn = [mishap for mishap in self._weather.episodes for _ in range(1 + self._dice.below(3))]
        if not {Mishap.CRASH, Mishap.CRASH_AT_COMMIT} & set(drawn):
            drawn.append(Mishap.CRASH)
        return drawn

    async def _one(self, mishap: Mishap, after: float) -> None:
        await asyncio.sleep(after)
        await self._acts[mishap]()

    def _happened(self, mishap: Mishap, *what: object) -> None:
        self._weather.happened(mishap)
        self._machine.witness.note("mishap", mishap.value, *what)

    def _a_while(self) -> float:
        return min(120.0, self._dice.about(self._seconds / 4))

    def _somewhere(self) -> SimulatedPlatform:
        return self._dice.pick(tuple(self._platforms.values()))

    # --- platforms ---

    async def _cut(self) -> None:
        platform = self._somewhere()
        if platform.session is not None:
            self._happened(Mishap.CUT, platform.name)
            platform.cut()

    async def _unreachable(self) -> None:
        platform = self._somewhere()
        self._happened(Mishap.UNREACHABLE, platform.name)
        platform.away = True
        platform.cut()
        await asyncio.sleep(self._a_while())
        platform.away = False

    async def _refused(self) -> None:
        platform = self._somewhere()
        self._happened(Mishap.REFUSED, platform.name)
        platform.refused = True
        platform.cut()
        await asyncio.sleep(self._a_while())
        platform.refused = False
        self._happened(Mishap.MENDED, platform.name)
        self._machine.reload(self._machine.variant)

    async def _kicked(self) -> None:
        platform, room = self._somewhere(), room_id(self._dice.pick(ROOMS))
        self._happened(Mishap.KICKED, platform.name, room)
        while_ = self._a_while()
        # A wall clock set back between two lives makes a room that opens at a moment wait so much longer: known.
        told = self._dice.happens(0.3) and Mishap.CLOCK_BACK not in self._weather.episodes
        until = self._machine.clock.monotonic() + while_ if told else None
        platform.remove(room, until)
        if self._dice.happens(0.5):
            self._tell(platform, room)
        await asyncio.sleep(while_)
        platform.readmit(room)
        self._happened(Mishap.READMITTED, platform.name, room)

    def _tell(self, platform: SimulatedPlatform, room: RoomId) -> None:
        """The connector hears that we were removed."""
        account = self._machine.app.accounts.get(AccountName(platform.name)) if self._machine.running else None
        if account is not None and isinstance(account.connector, Bare) and platform.session is not None:
            account.connector.hear_removal(room)

    # --- the machine ---

    async def _crash(self) -> None:
        await self._machine.alive.wait()
        self._happened(Mishap.CRASH)
        self._machine.die()

    async def _crash_at_commit(self) -> None:
        if self._machine.running:
            self._happened(Mishap.CRASH_AT_COMMIT)
            self._machine.disk.cut_after(1 + self._dice.below(12))

    async def revive(self) -> None:
        """Begin again some time after each death or stop; until cancelled."""
        while True:
            await self._machine.changed.wait()
            await self._machine.bury()
            await asyncio.sleep(self._dice.about(min(5.0, self._seconds / 8)))
            self._machine.begin()

    async def _stop(self) -> None:
        if self._machine.running:
            self._happened(Mishap.STOP)
            await self._machine.stop()

    async def _reload(self) -> None:
        self._happened(Mishap.RELOAD)
        self._machine.reload(1 + self._dice.below(3))
        await asyncio.sleep(self._a_while())
        self._machine.reload(0)

    async def _forward(self) -> None:
        self._happened(Mishap.CLOCK_FORWARD)
        self._machine.clock.step(self._dice.pick((60.0, 3600.0, 90_000.0)))

    async def _back(self) -> None:
        self._happened(Mishap.CLOCK_BACK)
        self._machine.clock.step(-self._dice.pick((60.0, 3600.0, 90_000.0)))

    # --- the disk ---

    async def _full(self) -> None:
        if self._machine.running:
            self._happened(Mishap.DISK_FULL)
            self._machine.fill_disk()
            await asyncio.sleep(self._a_while())
            self._machine.disk.capacity = None

    async def _sync_error(self) -> None:
        if self._machine.running:
            self._happened(Mishap.SYNC_ERROR)
            self._machine.disk.failing_syncs = True
