"""What of people's words does not go by itself over a link. Decides at once, from what it was told before."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import Struct

from bridge.commands import Command, command_in, pairing_in
from bridge.config import Link
from bridge.events import Deleted, Edited, Posted, Reacted, Relayed, RoomKind, User
from bridge.fit import excerpted
from bridge.ids import AccountName, RoomNumber, UserId
from bridge.routing import Heard
from bridge.rulings import ABOUT_PEOPLE, HELD, PAUSED, stopped
from bridge.shared import Shared
from bridge.store.care import Ruled, Ruling
from bridge.store.ops import Tally
from bridge.transforms.filters import Rule, Verdict, judged, rules, seen_of


class Commanded(Struct, frozen=True):
    """Somebody asks something of the bridge: `command` None is a report of the message they reacted to."""

    account: AccountName
    room: RoomNumber
    event: Posted | Reacted
    command: Command | None


class Pairwise(Struct, frozen=True):
    """A moderator wants to link or unlink a room, which may be in no link yet."""

    account: AccountName
    event: Posted
    word: str
    argument: str


def _nowhere(_: str) -> None:
    """Nobody looks at what waits."""


def _nobody(_: Commanded) -> None:
    """Nobody does what is asked."""


class Guard:
    """Stands behind the intake. While it `watches` nothing, a message costs one look."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._rules: Mapping[str, tuple[Rule, ...]] = {}
        self._rooms: Mapping[RoomNumber, str] = {}
        """The rooms in which commands are read, and the emoji of a report there."""
        self._newcomers: Mapping[str, int] = {}
        self._people: dict[tuple[AccountName, str], list[Ruling]] = {}
        self._links: dict[Ruled, list[Ruling]] = {}
        self._ruled: dict[int, Ruling] = {}
        self._trusted: dict[tuple[RoomNumber | None, str | None], Ruling] = {}
        """Who showed that they have power in a room, as the store spells them."""
        self.on_command: Callable[[Commanded], None] = _nobody
        self.on_held: Callable[[str], None] = _nowhere
        """Called with the link in which something waits for a moderator."""
        self.on_pairing: Callable[[Pairwise], None] | None = None
        """Called with what moderators say about links; None where only the operator links rooms."""
        self.watches = False

    # --- what it goes by ---

    def follow(self, links: Mapping[str, Link], rooms: Mapping[RoomNumber, str]) -> None:
        """Keep to what the links say from now on; `rooms` are those in which commands are read."""
        found = {name: rules(link.transforms) for name, link in links.items()}
        self._rules = {name: known for name, known in found.items() if known}
        self._rooms = rooms
        self._newcomers = {
            name: int(link.moderation.newcomer_minutes * 60_000)
            for name, link in links.items() if link.moderation is not None and link.moderation.newcomer_minutes
        }  # fmt: skip
        self._look()

    @property
    def rulings(self) -> Iterable[Ruling]:
        """Every decision in force, oldest first."""
        return self._ruled.values()

    def obey(self, ruling: Ruling) -> None:
        """A decision is in force from now on."""
        if ruling.kind is Ruled.TRUST:
            self._trusted[ruling.room, ruling.native] = ruling
            return
        self._ruled[ruling.number] = ruling
        self._look()

    def drop(self, numbers: Iterable[int]) -> None:
        """Decisions are taken back."""
        gone = set(numbers)
        self._trusted = {who: one for who, one in self._trusted.items() if one.number not in gone}
        self._ruled = {number: one for number, one in self._ruled.items() if number not in gone}
        self._look()

    def trusted(self, room: RoomNumber, user: UserId) -> Ruling | None:
        """That somebody showed that they have power in a room: under a lock they are relayed."""
        if not self._trusted:
            return None
        return self._trusted.get((room, self._shared.writer.store.alias(self._account(room), user)))

    def _look(self) -> None:
        self._people, self._links = {}, {}
        for ruling in self._ruled.values():
            if ruling.account is not None and ruling.native is not None:
                self._people.setdefault((ruling.account, ruling.native), []).append(ruling)
            elif ruling.kind not in ABOUT_PEOPLE:
                self._links.setdefault(ruling.kind, []).append(ruling)
        self.watches = bool(self._rules or self._rooms or self._ruled)

    # --- what it decides ---

    def let_through(
        self, event: Relayed, room: RoomNumber, by: User | None, heard: tuple[Heard, ...]
    ) -> tuple[Heard, ...]:
        """Who hears of an event all the same; commands nobody hears, and what is dropped is counted by its cause."""
        if self.takes(event, room):
            return ()
        causes = {**self._dropped_by_rules(event, heard), **self._stopped(event, room, by, heard)}
        for to, cause in causes.items():
            self._shared.writer.tell_lazily(Tally(to.room, f"dropped:{cause}"))
        return tuple(to for to in heard if to not in causes) if causes else heard

    def held(self, event: Relayed, room: RoomNumber, by: User | None, heard: Sequence[Heard]) -> dict[Heard, str]:
        """Where a message waits for a decision, and why."""
        if isinstance(event, Deleted):
            return {}
        found: dict[Heard, str] = {}
        if isinstance(event, (Posted, Edited)):
            found = {to: rule.name for to, rule in self._judged(event, heard).items()}
            found |= dict.fromkeys(self._under(Ruled.HOLD, room, by, heard), HELD)
        for link in {to.link for to in found}:
            self.on_held(link)
        return found | dict.fromkeys(stopped(self._links.get(Ruled.PAUSE, ()), room, heard), PAUSED)

    def newcomer(self, room: RoomNumber, by: User | None, heard: Sequence[Heard]) -> int:
        """For how many milliseconds after somebody was heard of first what they say waits."""
        if by is None or not self._newcomers or self.trusted(room, by.id):
            return 0
        return max((self._newcomers.get(to.link, 0) for to in heard), default=0)

    def silences(self, room: RoomNumber | None, user: UserId) -> bool:
        """Whether somebody's comings and goings are nobody's business, in any link."""
        if room is None or not self._people:
            return False
        account = self._account(room)
        return (account, self._shared.writer.store.alias(account, user)) in self._people

    def excerpt(self, event: Relayed, heard: Sequence[Heard], excerpt: str) -> str:
        """The first words of a message as its readers have them: what a link replaces is not quoted either."""
        rewrites = (self._shared.rewrites.get(to.link) for to in heard)
        rewrite = next(filter(None, rewrites), None)
        if rewrite is None or not isinstance(event, (Posted, Edited)):
            return excerpt
        return excerpted(rewrite(event.text), event.attachments)

    def pairs(self, account: AccountName, event: Relayed, me: UserId | None) -> bool:
        """Whether somebody speaks of linking a room, linked or not."""
        if self.on_pairing is None or not isinstance(event, Posted) or event.author.id == me:
            return False
        found = None if event.room_kind is RoomKind.DIRECT else pairing_in(event)
        if found is not None:
            self.on_pairing(Pairwise(account, event, *found))
        return found is not None

    def takes(self, event: Relayed, room: RoomNumber) -> bool:
        """Whether an event is for the bridge itself, which then hears of it: a command, or a report."""
        report = self._rooms.get(room)
        if report is None:
            return False
        if isinstance(event, Posted) and (command := command_in(event)) is not None:
            self.on_command(Commanded(self._account(room), room, event, command))
            return True
        if isinstance(event, Reacted) and report and event.emoji == report:
            self.on_command(Commanded(self._account(room), room, event, None))
            return True
        return False

    def _stopped(self, event: Relayed, room: RoomNumber, by: User | None, heard: Sequence[Heard]) -> dict[Heard, Ruled]:
        """Who does not hear it because of whom it is from, or because only moderators are heard."""
        if isinstance(event, Deleted) or by is None:
            return {}
        rulings: Sequence[Ruling] = ()
        if self._people:
            account = self._account(room)
            rulings = self._people.get((account, self._shared.writer.store.alias(account, by.id)), ())
        locked = self._under(Ruled.LOCK, room, by, heard)
        return {**dict.fromkeys(locked, Ruled.LOCK), **stopped(rulings, room, heard)}

    def _under(self, kind: Ruled, room: RoomNumber, by: User | None, heard: Sequence[Heard]) -> Iterable[Heard]:
        """The rooms between which everybody but moderators is under a ruling."""
        rulings = self._links.get(kind)
        if not rulings or (by is not None and self.trusted(room, by.id)):
            return ()
        return stopped(rulings, room, heard)

    def _dropped_by_rules(self, event: Relayed, heard: Sequence[Heard]) -> dict[Heard, str]:
        found = self._judged(event, heard) if isinstance(event, (Posted, Edited)) else {}
        return {to: rule.name for to, rule in found.items() if rule.verdict is Verdict.DROP}

    def _judged(self, event: Posted | Edited, heard: Sequence[Heard]) -> dict[Heard, Rule]:
        """The rule that speaks of a message, for each room whose link has one."""
        links = {to.link: self._rules[to.link] for to in heard if to.link in self._rules}
        if not links:
            return {}
        said = seen_of(event)
        found = {link: judged(known, said) for link, known in links.items()}
        return {to: rule for to in heard if (rule := found.get(to.link)) is not None}

    def _account(self, room: RoomNumber) -> AccountName:
        return self._shared.accounts[room]
