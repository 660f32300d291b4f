"""What people are called in one room, and whom the words that go there mean."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from bridge.config import Identity
from bridge.events import Edited, Posted, User
from bridge.ids import AccountName, PersonNumber, RoomNumber, UserId
from bridge.mentions import mentioned, names_nobody
from bridge.people import dressed
from bridge.shared import Shared
from bridge.steps import Facts, as_it_is
from bridge.store.questions import Emojis, Known
from bridge.store.rows import Row
from bridge.text.nodes import Mention, Rich


class Naming:
    """The names of one target room."""

    def __init__(self, room: RoomNumber, shared: Shared) -> None:
        self._room, self._shared = room, shared

    def labels(self, row: Row, behind: Sequence[Row], facts: Facts) -> dict[PersonNumber, str]:
        """What the people a plan speaks of are called here, where nobody else may be called so."""
        return {**self._people(facts.emojis), **self._author(row, facts.reply), **self._speakers((row, *behind))}

    def told(self, row: Row) -> Callable[[Rich], Rich]:
        """How the words of a row are said here: its mentions mean people of this platform, or nobody."""
        rewrite = self._shared.rewrites.get(row.link)
        if rewrite is None:
            return self._meant(row)
        meant = self._meant(row)
        return lambda text: meant(rewrite(text))

    def _meant(self, row: Row) -> Callable[[Rich], Rich]:
        event = row.event
        if not isinstance(event, (Posted, Edited)) or names_nobody(event.text):
            return as_it_is
        target, source = self._shared.accounts.get(self._room), self._shared.accounts.get(row.origin or self._room)
        if target is None or source is None:
            return as_it_is
        there = partial(self._there, source, target)
        return partial(mentioned, there=there, called=partial(self._called, row.origin or self._room, target))

    def _there(self, source: AccountName, target: AccountName, mention: Mention) -> UserId | None:
        identities = self._shared.identities
        if mention.person is not None:
            who = identities.of(mention.person)
            return None if who is None else identities.on(target, who)
        return None if mention.user is None else identities.on(target, Identity(source, mention.user))

    def _called(self, origin: RoomNumber, target: AccountName, name: str) -> UserId | None:
        """Somebody who was shown under this name in the room where it was written."""
        person = self._shared.names.called(origin, name)
        who = None if person is None else self._shared.identities.of(person)
        return None if who is None else self._shared.identities.on(target, who)

    def _speakers(self, rows: Iterable[Row]) -> dict[PersonNumber, str]:
        found = {}
        for row in rows:
            user = _speaker(row)
            if user is not None and row.person is not None:
                found[row.person] = self.speaker(row, user, row.person)
        return found

    def speaker(self, row: Row, user: User, person: PersonNumber) -> str:
        """What the one behind a row is called here."""
        names = self._shared.names
        if row.origin is not None and row.origin in self._shared.accounts:  # else a private conversation
            person = self._met(row.origin, user, person)
            names.present(row.origin, person, user.name)
        shown = names.shown(self._room, person, user.name)
        return self._dressed(row, row.origin, person, shown) if self._shared.templates else shown

    def _met(self, origin: RoomNumber, user: User, person: PersonNumber) -> PersonNumber:
        account = self._shared.accounts.get(origin)
        return person if account is None else self._shared.identities.meet(account, user.id, person)

    def _people(self, emojis: Emojis | None) -> dict[PersonNumber, str]:
        """Those who reacted."""
        put = () if emojis is None else emojis.put
        return {one.person: self._known(one.person, one.name) for one in put}

    def _dressed(self, row: Row, origin: RoomNumber | None, person: PersonNumber, shown: str) -> str:
        """The name as the row's link writes those of that room."""
        template, network = self._shared.templates.get(row.link), self._shared.accounts.get(origin or self._room)
        if template is None or network is None:
            return shown
        return dressed(shown, template, network, person)

    def _author(self, row: Row, known: Known | None) -> dict[PersonNumber, str]:
        """The author of a message that may be quoted."""
        if known is None or known.person is None or known.origin is None:
            return {}
        self._shared.names.recall(known.origin, self._shared.identities.one(known.person), known.author)
        shown = self._known(known.person, known.author)
        return {known.person: self._dressed(row, known.origin, known.person, shown)}

    def _known(self, person: PersonNumber, name: str) -> str:
        return self._shared.names.shown(self._room, self._shared.identities.one(person), name)


def _speaker(row: Row) -> User | None:
    event = row.event
    return event.author if isinstance(event, (Posted, Edited)) else event.by
