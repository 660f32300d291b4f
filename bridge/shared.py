"""What all lanes and accounts share: the store's writer, time, chance, and the way to tell the operator."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import tzinfo
from typing import Protocol

from bridge.asked import Template
from bridge.backlog import Loaded
from bridge.chance import Chance
from bridge.clock import Clock
from bridge.config.settings import Show
from bridge.echoes import Echoes
from bridge.events import Attachment
from bridge.identities import Identities
from bridge.ids import AccountName, RoomNumber
from bridge.limits import Limiter
from bridge.media.keeping import Keeping
from bridge.names import Names
from bridge.patience import Patience
from bridge.quota import Quota
from bridge.store.epochs import Epochs
from bridge.store.writer import Writer
from bridge.transforms.patterns import Rewrite

_DRAIN_SECONDS = 10.0
Notice = Callable[[RoomNumber | None, str], None]


class Say(Protocol):
    """Posts the bridge's own words to a room; a file of its own has its text for a handle."""

    def __call__(self, room: RoomNumber, text: str, files: Sequence[Attachment] = (), /) -> None: ...


class Shared:
    """Made once by `app`; `notice(room, text)` tells the operator, `room` being what it is about, `say` a room."""

    def __init__(  # noqa: PLR0913 - the parts everybody needs
        self,
        *,
        writer: Writer,
        clock: Clock,
        chance: Chance,
        group: asyncio.TaskGroup,
        epochs: Epochs,
        notice: Notice,
        say: Say,
    ) -> None:
        self.writer, self.clock, self.chance, self.group = writer, clock, chance, group
        self.epochs, self.notice, self.say = epochs, notice, say
        self.lifetimes: Mapping[str, int | None] = {}
        self.shows: Mapping[str, frozenset[Show]] = {}
        """What each link carries besides messages."""
        self.late: Mapping[str, float] = {}
        """From how many seconds on each link marks messages with their time."""
        self.zones: Mapping[str, tzinfo] = {}
        """Whose time the readers of a link are told, where it is not UTC."""
        self.patience: Mapping[str, Patience] = {}
        """How late messages may be, for links that say so."""
        self.rewrites: Mapping[str, Rewrite] = {}
        """How links that replace words do it."""
        self.templates: Mapping[str, str] = {}
        """How links write the names of people, where not plainly."""
        self.late_answers: Mapping[str, Template] = {}
        """As which template the answers of desks go where a platform takes nothing else, by their links."""
        self.loaded = Loaded()
        self.quota = Quota()
        self.names = Names()
        self.identities = Identities()
        self.accounts: Mapping[RoomNumber, AccountName] = {}
        self.listeners: Mapping[RoomNumber, frozenset[RoomNumber]] = {}
        """Which rooms hear each room through links."""
        self.media = Keeping(writer, clock, chance, group)
        self.echoes: defaultdict[RoomNumber, Echoes] = defaultdict(Echoes)
        self.limiters: dict[RoomNumber, Callable[[], Limiter]] = {}
        """How often each room may be written to: whoever does so counts."""
        self.unsure: dict[RoomNumber, Callable[[], bool]] = {}
        """Whether copies may stand in a room whose ids are not known yet: a try that may have gone is made again."""
        self.under_way: Counter[RoomNumber] = Counter()
        """Sends to each room that have begun and are not durable yet."""

    async def idle(self, done: Callable[[], bool]) -> bool:
        """Wait, not for long, until sends under way have ended; whether they have."""
        deadline = self.clock.monotonic() + _DRAIN_SECONDS
        while not done() and self.clock.monotonic() < deadline:
            await self.clock.sleep(0.02)
        return done()

    def may_know_soon(self, room: RoomNumber) -> bool:
        """Whether a copy stands in a room, or will at once, whose id is not known yet."""
        unsure = self.unsure.get(room)
        return bool(self.under_way[room]) or (unsure is not None and unsure())

    def hears(self, room: RoomNumber, source: RoomNumber) -> bool:
        """Whether a room is told what happens in another; of private rooms and desks only their own is ever told."""
        return room not in self.accounts or source not in self.listeners or room in self.listeners[source]

    def now_ms(self) -> int:
        """Wall time in milliseconds, as the store keeps it."""
        return int(self.clock.now().timestamp() * 1000)
