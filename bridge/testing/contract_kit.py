"""What every promise of the contract is tested with: a platform, a host, and a connector run as the bridge runs it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import count
from typing import Any, NoReturn, Self, TypeVar

import pytest
from msgspec import Struct

from bridge.asked import Outgoing, Person, Target
from bridge.capabilities import Capabilities
from bridge.clock import SystemClock
from bridge.connector import Connector
from bridge.errors import BridgeError, Rejected, Unauthorized, Unavailable, Unsupported
from bridge.events import AnyEvent, Posted
from bridge.ids import Key, MessageId, PersonNumber, Place
from bridge.testing.acts import Private
from bridge.testing.host import KitHost, sketch
from bridge.testing.platform import Fault, Platform, Shown
from bridge.text.nodes import Rich, said
from bridge.text.walk import plain

T = TypeVar("T")
E = TypeVar("E", bound=AnyEvent)

ADA = Person(number=PersonNumber(1), name="Ada")
"""Whose words the kit sends, unless a test says otherwise."""

_PAUSE_SECONDS = 0.02
_STEADY_SECONDS = 60.0
"""Up this long, the next failure counts as the first: as the supervisor has it."""
_STUBBORNNESS = 20
"""How often a connector that swallows its cancellation is cancelled again before the test gives it up."""


class Terms(Struct, frozen=True, kw_only=True):
    """What a contract class says of its platform; `no_replay` and `no_idempotency` are reasons, empty where it can."""

    no_replay: str = ""
    no_idempotency: str = ""
    patience_seconds: float = 10.0
    closes_within_seconds: float = 2.0
    settle_seconds: float = 0.2


class Kit:
    """One test's platform and host; `connect` makes a new connector for a host.

    `waits` says how many seconds pass before what failed so many times in a row is tried again.
    """

    def __init__(
        self, platform: Platform, host: KitHost, connect: Callable[[KitHost], Connector[Any]], terms: Terms
    ) -> None:
        self.platform = platform
        self.host = host
        self.connect = connect
        self.terms = terms
        self.town, self.garden = platform.rooms[:2]
        host.patience_seconds = terms.patience_seconds
        self.waits: Callable[[int], float] = lambda _: _PAUSE_SECONDS
        self._rows = count(1)
        self._clock = SystemClock()

    def running(self) -> "Running":
        """A new connector on the present host: `async with kit.running() as run`."""
        return Running(self, self.connect(self.host))

    def crash(self) -> None:
        """From now on nothing more is stored; the next `running` starts from what was."""
        self.host = self.host.after_crash()

    def key(self, *, part: int = 0) -> Key:
        """A key as the store makes them; the parts of one delivery share the row: see `keys`."""
        return Key(f"k3y5epoch.{next(self._rows)}.{part}")

    def keys(self, parts: int) -> list[Key]:
        """The keys of all parts of one delivery."""
        row = next(self._rows)
        return [Key(f"k3y5epoch.{row}.{part}") for part in range(parts)]

    def needs(self, feature: Callable[..., Any], what: str) -> None:
        """Skip when the connector does not override a method: the report then reads as its list of features."""
        if not type(self.connect(self.host)).can(feature):
            pytest.skip(f"no {what}: `{feature.__name__}` is not overridden")

    async def acts(self, action: Awaitable[T], what: str) -> T:
        """Let a person do what people on this platform may be unable to do."""
        try:
            return await action
        except NotImplementedError:
            pytest.skip(f"no {what}: people on this platform cannot")

    def person(self, name: str = "Ada", room: str = "") -> str:
        """Who acts in a room (the first one unless told): whoever a test names, or the one person who is in it."""
        if not isinstance(self.platform, Private):
            return name
        return self.platform.person_in(room or self.town)

    def home(self, person: str) -> str:
        """A room in which somebody can act: the first one, or their own."""
        if not isinstance(self.platform, Private):
            return self.town
        return next(room for room in self.platform.rooms if self.platform.person_in(room) == person)

    def fail_next(self, fault: Fault, count: int = 1) -> None:
        """Arm a fault, or skip where the platform cannot run into it."""
        try:
            self.platform.fail_next(fault, count)
        except NotImplementedError:
            pytest.skip(f"no fault `{fault}`: it cannot be made on this platform")

    async def until_shown(self, room: str, fact: Callable[[Sequence[Shown]], object], what: str) -> Sequence[Shown]:
        """Wait until a reader of the room sees it; fails with what there is instead."""
        shown: Sequence[Shown] = ()
        try:
            async with asyncio.timeout(self.terms.patience_seconds):
                while not fact(shown := await self.platform.shown(room)):
                    await self.pause()
        except TimeoutError:
            raise AssertionError(f"waited in vain to read {what} in {room}; it shows: {list(shown)}") from None
        return shown

    async def reads(self, room: str, words: str) -> Shown:
        """The one message with exactly these words, as soon as a reader sees it."""
        shown = await self.until_shown(room, lambda shown: words in [one.text for one in shown], repr(words))
        found = [one for one in shown if one.text == words]
        assert len(found) == 1, f"{words!r} is shown {len(found)} times: {list(shown)}"
        return found[0]

    async def pause(self, seconds: float = _PAUSE_SECONDS) -> None:
        """Let a platform that tells nobody when something changes get on; in the machine's own time."""
        await self._clock.sleep(seconds)


class Running:
    """A connector run as the bridge runs it: again when it falls, joined to the rooms when it connects.

    Its tasks are not in a TaskGroup: an error or a skip of the test must not arrive wrapped, and a connector that
    swallows its cancellation must not hang the test.
    """

    def __init__(self, kit: Kit, connector: Connector[Any]) -> None:
        self.kit = kit
        self.connector = connector
        self.places: dict[str, Place] = {}
        self.errors: list[Exception] = []
        self.stopped: Unauthorized | None = None
        self._host = kit.host
        self._attended = kit.host.connections
        self._refused: BridgeError | None = None
        self._ending = False
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._runs()), asyncio.create_task(self._attends())]
        try:
            await self.ready()
        except BaseException:
            await self.end()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.end()

    async def ready(self) -> None:
        """Wait until the connector is connected and joined to every room."""
        try:
            await self._host.until(lambda _: self._settled(), "the connector to connect and join")
        except AssertionError as error:
            raise AssertionError(f"{error}\nrun ended with: {self.errors!r}") from None
        if self._refused or self.stopped:
            raise AssertionError(f"the connector cannot join: {self._refused or self.stopped!r}")

    async def cancelled_in_time(self) -> bool:
        """Cancel `run` once, and say whether it ended within the time it has."""
        self._ending = True
        run = self._tasks[0]
        run.cancel()
        await asyncio.wait([run], timeout=self.kit.terms.closes_within_seconds)
        return run.done()

    async def end(self) -> None:
        """Cancel everything, as often as it takes."""
        for task in self._tasks:
            task.cancel()
        for _ in range(_STUBBORNNESS):
            if await self.cancelled_in_time():
                break
        self._host.lost()
        await asyncio.wait(self._tasks, timeout=self.kit.terms.closes_within_seconds)

    def place(self, room: str) -> Place:
        """What `join` returned for a room of the platform."""
        return self.places[room]

    def capabilities(self, room: str) -> Capabilities:
        """What the connector says the room can show."""
        return self.connector.capabilities(self.place(room).room)

    def outgoing(self, words: str | Rich, *, room: str = "", **more: Any) -> Outgoing:  # noqa: ANN401 Outgoing's fields
        """A part with these words for a room (the first one unless told), with a new key."""
        place = self.place(room or self.kit.town)
        text = said(words) if isinstance(words, str) else words
        fields: dict[str, Any] = {"key": self.kit.key(), "author": ADA, **more}
        return Outgoing(room=place.room, thread=place.thread, text=text, **fields)

    async def send(self, words: str | Rich, *, room: str = "", **more: Any) -> tuple[MessageId, ...]:  # noqa: ANN401
        """Send once, as the bridge would; errors are the test's."""
        return await self.send_part(self.outgoing(words, room=room, **more))

    async def send_part(self, part: Outgoing) -> tuple[MessageId, ...]:
        """Send one part once."""
        async with asyncio.timeout(self.kit.terms.patience_seconds):
            return tuple(await self.connector.send(part))

    async def deliver(self, part: Outgoing) -> tuple[MessageId, ...]:
        """Send one part with the same key until it arrived, as a lane does."""
        async with asyncio.timeout(self.kit.terms.patience_seconds):
            while True:
                await self.ready()
                try:
                    return tuple(await self.connector.send(part))
                except Unavailable as error:
                    await self.kit.pause(error.retry_after or _PAUSE_SECONDS)

    async def sent(self, words: str | Rich, *, room: str = "", **more: Any) -> Target:  # noqa: ANN401
        """Send and return the target by which the copy is edited, answered and so on; skip where there are no ids."""
        part = self.outgoing(words, room=room, **more)
        parts = await self.send_part(part)
        if not parts:
            pytest.skip("no ids: `send` returns none, so nothing can point at a copy")
        return Target(room=part.room, thread=part.thread, parts=parts)

    async def hears(self, words: str, *, person: str = "Ada", room: str = "") -> tuple[MessageId, Posted]:
        """Let a person say something, and wait until it is published: the platform's id and the event."""
        who = self.kit.person(person, room)
        native = await self.kit.platform.say(room or self.kit.town, who, said(words))
        return native, await self.published(words)

    async def published(self, words: str) -> Posted:
        """The first message with these words, as soon as it is published."""
        return await self.event(Posted, lambda posted: plain(posted.text) == words, f"{words!r}")

    async def event(self, kind: type[E], fact: Callable[[E], bool], what: str) -> E:
        """The first event of a kind for which `fact` holds, as soon as it is published."""

        def found(events: Sequence[AnyEvent]) -> list[E]:
            return [event for event in events if isinstance(event, kind) and fact(event)]

        await self._host.until(found, f"a published {kind.__name__}: {what}")
        return found(self._host.events)[0]

    def _settled(self) -> bool:
        if self._refused or self.stopped:
            return True
        return self._host.online and self._attended == self._host.connections and bool(self.places)

    async def _runs(self) -> None:
        failures = 0
        while not self._ending:
            began = self._host.clock.monotonic()
            try:
                await self.connector.run()
            except Unauthorized as error:
                self.stopped = error
                self._ending = True
            except NotImplementedError as error:  # a skeleton: there is nothing to wait for
                self._refused = Rejected(f"not written yet: {error!r}")
                self._ending = True
            except Exception as error:  # noqa: BLE001 the kit stands where the supervisor stands: run it again
                self.errors.append(error)
            failures = failures + 1 if self._host.clock.monotonic() - began < _STEADY_SECONDS else 0
            self._host.lost()
            await self.kit.pause(self.kit.waits(failures))

    async def _attends(self) -> None:
        failures = 0
        while True:
            await self._host.when(lambda: self._host.online and self._attended != self._host.connections)
            connection = self._host.connections
            try:
                self.places = {room: await self.connector.join(room) for room in self.kit.platform.rooms}
                self._attended = connection
                failures = 0
            except Unavailable:
                failures += 1
                await self.kit.pause(self.kit.waits(failures))
            except BridgeError as error:
                self._refused = error
                self._attended = connection
            self._host.tell()


def unsupported(what: str, error: Unsupported) -> NoReturn:
    """Skip what the room itself refuses as a feature it lacks."""
    pytest.skip(f"no {what} in this room: {error}")


def told(events: Sequence[AnyEvent]) -> str:
    """Events in a failure's message."""
    return "\n".join(map(sketch, events)) or "nothing"
