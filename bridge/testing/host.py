"""A host without a bridge: keeps in memory what one connector publishes, and makes trouble when a test asks for it."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from msgspec import Struct, field

from bridge.asked import Person
from bridge.chance import Chance, SeededChance
from bridge.clock import Clock, SystemClock
from bridge.errors import Rejected, StoreFull, Unauthorized
from bridge.events import (
    AnyEvent,
    Deleted,
    Delivered,
    Edited,
    File,
    Joined,
    Left,
    Pinned,
    Posted,
    Reacted,
    RoomChanged,
    RoomMoved,
    SendFailed,
    Tallied,
    Unreacted,
    User,
)
from bridge.ids import AccountName, EventId, PersonNumber
from bridge.testing.holdings import Filed
from bridge.testing.samples import described
from bridge.text.walk import plain

_PIECE = 1 << 16
_NOWHERE = "https://bridge.example.org/files"


class Kept(Struct):
    """What survives a crash, as it would on disk."""

    events: list[AnyEvent] = field(default_factory=list)
    seen: set[EventId] = field(default_factory=set)
    position: str | None = None
    values: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    me: User | None = None

    def copy(self) -> "Kept":
        """The same again, changed by nobody else."""
        return Kept(list(self.events), set(self.seen), self.position, dict(self.values), self.me)


class KitHost:
    """A `Host` for one connector under test.

    `events` are the published ones in order, without those the bridge drops: ids seen before (`repeated`),
    echoes with our key (`echoes`) and what our own user did (`own`).
    `waiting` holds the events of each `publish` that `hold` keeps; `refused` counts those that `fill` turned away.
    `unread` is what the connector said it could not read. `files` are those that `keep` made, by id.
    """

    patience_seconds = 10.0
    """How long `until` waits for its fact."""

    def __init__(
        self,
        data_dir: Path,
        *,
        account: str = "kit",
        webhook_url: str | None = None,
        clock: Clock | None = None,
        chance: Chance | None = None,
    ) -> None:
        self.account = AccountName(account)
        self.data_dir = data_dir
        self.webhook_url = webhook_url
        self.files_url = _NOWHERE
        self.clock: Clock = clock or SystemClock()
        self.chance: Chance = chance or SeededChance(1)
        self.repeated: list[EventId] = []
        self.echoes: list[AnyEvent] = []
        self.own: list[AnyEvent] = []
        self.waiting: list[tuple[AnyEvent, ...]] = []
        self.unread: list[str] = []
        self.files: dict[str, bytes] = {}
        self.faces: dict[PersonNumber, File] = {}
        self.refused = 0
        self.connections = 0
        self.online = False
        self._kept = Kept()
        self._full = False
        self._gate = asyncio.Event()
        self._gate.set()
        self._changed = asyncio.Event()

    # What a connector sees.

    async def publish(self, *events: AnyEvent, position: str | None = None) -> None:
        """Store events and position; raises `StoreFull` when filled, waits while held."""
        self._refuse_when_full()
        await self._admitted(events)
        for event in events:
            self._store(event)
        if position is not None:
            self._kept.position = position
        self.tell()
        await asyncio.sleep(0)  # the bridge's publish never returns at once either

    async def position(self) -> str | None:
        """The last stored position."""
        return self._kept.position

    def connected(self, me: User) -> None:
        """Note who we are; raises `Unauthorized` when that was somebody else before."""
        if self._kept.me is not None and self._kept.me.id != me.id:
            raise Unauthorized(f"{self.account} was {self._kept.me.id} before and is {me.id} now")
        self._kept.me = me
        self.connections += 1
        self.online = True
        self.tell()

    def unreadable(self, what: str) -> None:
        """Note that something could not be read."""
        self.unread.append(what)
        self.tell()

    async def read(self, file: File) -> AsyncIterator[bytes]:
        """The bytes of a file that `keep` made."""
        if file.id not in self.files:
            raise Rejected("the file is gone")
        data = self.files[file.id]
        for start in range(0, len(data), _PIECE):
            yield data[start : start + _PIECE]

    async def link(self, file: File) -> str | None:
        """An address below `files_url`, which nobody serves unless a `Door` does."""
        return f"{self.files_url}/{file.id}/{quote(file.name)}"

    async def face(self, person: Person) -> File | None:
        """What `faces` holds of somebody."""
        return self.faces.get(person.number)

    async def remember(self, name: str, value: str, ttl: timedelta) -> None:
        """Keep a value until its time is over."""
        self._kept.values[name] = (value, self.clock.now() + ttl)

    async def recall(self, name: str) -> str | None:
        """The value, None when unknown or too old."""
        match self._kept.values.get(name):
            case (value, until) if until > self.clock.now():
                return value
            case _:
                return None

    # What a test sees and does.

    @property
    def events(self) -> Sequence[AnyEvent]:
        """What was stored, in order, also before a crash."""
        return self._kept.events

    @property
    def connected_as(self) -> User | None:
        """Who the connector said we are, ever."""
        return self._kept.me

    def words(self) -> list[str]:
        """The plain words of every message that was published, in order."""
        return [plain(event.text) for event in self.events if isinstance(event, Posted)]

    def keep(self, upload: Filed) -> File:
        """A file as the bridge would hand it to `send`."""
        ident = f"file{len(self.files) + 1}"
        self.files[ident] = upload.data
        return described(upload, ident, hashlib.sha256(upload.data).hexdigest())

    def fill(self) -> None:
        """From now on the store is full."""
        self._full = True

    def drain(self) -> None:
        """The store has room again."""
        self._full = False

    def hold(self) -> None:
        """From now on `publish` waits."""
        self._gate.clear()

    def release(self) -> None:
        """`publish` goes on, those that waited in their order."""
        self._gate.set()

    def lost(self) -> None:
        """The connector's `run` ended."""
        self.online = False
        self.tell()

    def after_crash(self) -> "KitHost":
        """The host after a kill: knows what was stored until now; the old one never stores again."""
        self.hold()
        fresh = KitHost(
            self.data_dir,
            account=self.account,
            webhook_url=self.webhook_url,
            clock=self.clock,
            chance=self.chance,
        )
        fresh.patience_seconds = self.patience_seconds
        fresh._kept = self._kept.copy()
        fresh.files, fresh.files_url, fresh.faces = self.files, self.files_url, self.faces
        return fresh

    async def until(self, fact: Callable[[Sequence[AnyEvent]], object], what: str = "a fact") -> None:
        """Wait until `fact(events)` holds; after `patience_seconds` fails with what there is instead."""
        try:
            async with asyncio.timeout(self.patience_seconds):
                await self.when(lambda: fact(self.events))
        except TimeoutError:
            raise AssertionError(f"waited {self.patience_seconds} s in vain for {what}\n{self.report()}") from None

    async def when(self, fact: Callable[[], object]) -> None:
        """Wait until `fact()` holds, looking whenever something here changes."""
        while not fact():
            await self._changed.wait()

    def tell(self) -> None:
        """Something changed: whoever waits looks again."""
        self._changed.set()
        self._changed = asyncio.Event()

    def report(self) -> str:
        """What happened so far, for a failure's message."""
        lines = [f"connected {self.connections} times, online: {self.online}, position: {self._kept.position!r}"]
        lines += [f"published: {sketch(event)}" for event in self.events]
        lines += [f"waits: {sketch(event)}" for events in self.waiting for event in events]
        lines += [f"dropped as seen before: {event_id}" for event_id in self.repeated]
        lines += [f"dropped as our own: {sketch(event)}" for event in (*self.own, *self.echoes)]
        return "\n".join(lines)

    def _refuse_when_full(self) -> None:
        if self._full:
            self.refused += 1
            self.tell()
            raise StoreFull("the kit's store is full")

    async def _admitted(self, events: tuple[AnyEvent, ...]) -> None:
        if self._gate.is_set():
            return
        self.waiting.append(events)
        self.tell()
        try:
            await self._gate.wait()
        finally:
            self.waiting.remove(events)

    def _store(self, event: AnyEvent) -> None:
        if event.id in self._kept.seen:
            self.repeated.append(event.id)
            return
        self._kept.seen.add(event.id)
        self._shelf(event).append(event)

    def _shelf(self, event: AnyEvent) -> list[AnyEvent]:
        if event.echo_of is not None:
            return self.echoes
        me, actor = self._kept.me, _actor(event)
        return self.own if me and actor and actor.id == me.id else self._kept.events


def sketch(event: AnyEvent) -> str:
    """An event on one line, for a failure's message."""
    words = plain(event.text) if isinstance(event, Posted | Edited) else ""
    who = _actor(event)
    return f"{type(event).__name__} {event.id} in {event.room} by {who.name if who else 'nobody'} {words!r}"


def _actor(event: AnyEvent) -> User | None:
    match event:
        case Posted() | Edited():
            return event.author
        case Deleted() | Reacted() | Unreacted() | Tallied() | Pinned():
            return event.by
        case Joined() | Left() | RoomChanged() | RoomMoved() | Delivered() | SendFailed():
            return None
