"""What a target room can show now, and how often it may be written to."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC

from msgspec import structs

from bridge.asked import Template
from bridge.blocks import is_slow
from bridge.capabilities import Authorship, Capabilities, Isolation
from bridge.config.settings import Show
from bridge.desk import handle, is_late
from bridge.errors import Feature, Scope
from bridge.events import Posted, User
from bridge.ids import MessageNumber, PersonNumber, Place, RoomNumber
from bridge.lanes import Lanes
from bridge.limits import Limiter
from bridge.naming import Naming
from bridge.people import bare
from bridge.plainly import Byline, byline, direction, on_time, plainly, words_of
from bridge.plan import features
from bridge.sending import OF_ONE
from bridge.shared import Shared
from bridge.steps import Facts, Plan, View
from bridge.store.rows import Row
from bridge.text.nodes import Break

_MOST_UNFIT = 1000
_NOTHING: frozenset[Show] = frozenset()
_MOST_BYLINES = 4096


def _handled(labels: Mapping[PersonNumber, str], row: Row) -> Mapping[PersonNumber, str]:
    """Names with the number of the conversation, where the room cannot show it as a thread: [#12 Olena]."""
    number = handle(row.event.thread)
    if number is None:
        return labels
    return {person: f"[#{number} {bare(shown)}]" for person, shown in labels.items()}


class Abilities:
    """Asked of the connector once a connection, and after each refusal of a feature."""

    def __init__(self, room: RoomNumber, account: Lanes, shared: Shared, ask: Callable[[], Capabilities]) -> None:
        self._naming = Naming(room, shared)
        self._room, self._account, self._shared, self._ask = room, account, shared, ask
        self._asked_at = -1
        self.lacking: frozenset[Feature] = frozenset()
        self._unfit: dict[MessageNumber, frozenset[str]] = {}
        """Emoji that were refused, by the message they were for: nobody tries them there again."""
        self._shown = Capabilities()
        self._features: frozenset[Feature] = frozenset()
        self._limiter = Limiter((), Scope.ROOM)
        self._bylines: dict[tuple[PersonNumber, str, str | None, bool], Byline] = {}
        shared.limiters[room] = lambda: self.limiter
        self.slow = False
        """Whether messages are joined here when they have to wait."""

    @property
    def capabilities(self) -> Capabilities:
        self._look()
        return self._shown

    @property
    def features(self) -> frozenset[Feature]:
        self._look()
        return self._features

    @property
    def limiter(self) -> Limiter:
        """It outlives connections: what was sent before one was lost still counts."""
        self._look()
        return self._limiter

    def of(self, row: Row) -> Capabilities:
        """What the room can show of a message, of which it may have refused something."""
        self._look()
        return (
            structs.replace(self._shown, media={}) if row.lacks or Feature.ATTACHMENT in self.lacking else self._shown
        )

    def plainly(self, place: Place, row: Row) -> Plan | None:
        """The plan of a row that goes the short way; None when it has to go the long one."""
        words, event = words_of(row), row.event
        shared = self._shared
        if not words or row.person is None or not isinstance(event, Posted) or row.link in shared.rewrites:
            return None
        self._look()
        late = shared.late.get(row.link, 0.0)
        if late and not on_time(event.at, shared.clock.now(), late):
            return None
        by = self._byline(row, event.author, row.person, words)
        return plainly(row, words, by, place, f"{shared.epochs.of(row.number)}.{row.number}")

    def _byline(self, row: Row, user: User, person: PersonNumber, words: str) -> Byline:
        name = self._naming.speaker(row, user, person)
        key = person, name, user.avatar, direction(words)
        by = self._bylines.get(key)
        if by is None:
            if len(self._bylines) >= _MOST_BYLINES:
                self._bylines.clear()
            shown = name if self._shown.isolation is Isolation.MARKS else bare(name)
            by = self._bylines[key] = byline(person, shown, user.avatar, words, self._shown)
        return by

    def view(self, place: Place, row: Row, behind: Sequence[Row], facts: Facts) -> View:
        """The room as the plan of `row` and of those `behind` that go with it sees it."""
        self._look()
        generation = f".{row.generation}" if row.generation else ""
        shown, features = self._shown, self._features
        if row.lacks:
            features -= row.lacks
            shown = structs.replace(shown, media={}) if Feature.ATTACHMENT in row.lacks else shown
        labels = self._labels(row, behind, facts)
        if row.event.thread is not None and Feature.THREAD not in features:
            labels = _handled(labels, row)
        return View(
            place=place, capabilities=shown, features=features, shows=self._shared.shows.get(row.link, _NOTHING),
            prefix=f"{self._shared.epochs.of(row.number)}.{row.number}{generation}",
            late=self._shared.late.get(row.link, 0.0), zone=self._shared.zones.get(row.link, UTC), labels=labels,
            told=self._naming.told(row), unfit=self._unfit_of(row), template=self._template(row),
        )  # fmt: skip

    def _template(self, row: Row) -> Template | None:
        """As what an answer goes whose person wrote too long ago."""
        late = Feature.TEMPLATE in row.lacks or is_late(row.link)
        return self._shared.late_answers.get(row.link) if late else None

    def _labels(self, row: Row, behind: Sequence[Row], facts: Facts) -> Mapping[PersonNumber, str]:
        labels = self._naming.labels(row, behind, facts)
        if self._shown.isolation is Isolation.MARKS:
            return labels
        return {person: bare(shown) for person, shown in labels.items()}

    def refused(self, feature: Feature, row: Row) -> None:
        """The room refused this feature, of all messages or of one; its connector may know by now what else it does."""
        if feature not in OF_ONE:
            self.lacking |= {feature}
        if row.unfit and row.message is not None:
            self._unfit[row.message] = self._unfit.pop(row.message, frozenset()) | row.unfit
            if len(self._unfit) > _MOST_UNFIT:
                del self._unfit[next(iter(self._unfit))]
        self._asked_at = -1

    def _unfit_of(self, row: Row) -> frozenset[str]:
        known = self._unfit.get(row.message) if self._unfit and row.message is not None else None
        return row.unfit | known if known else row.unfit

    def _look(self) -> None:
        if self._asked_at != self._account.connection:
            self._asked_at = self._account.connection
            shown = self._ask()
            if Feature.FORMATTING in self.lacking:
                shown = structs.replace(shown, formatting=shown.formatting & {Break})
            if Feature.AUTHORSHIP in self.lacking:
                shown = structs.replace(shown, authorship=Authorship.PREFIX)
            self._shown = structs.replace(shown, isolation=self._account.connector.config.isolation)
            self._bylines.clear()
            self._features = features(type(self._account.connector), shown) - self.lacking
            self._limiter = self._limiter.changed(shown.rates)
            self.slow = is_slow(shown, self._features)
            self._account.keep(shown.rates)
