"""Who is who on which account: as the file says it, and as the bridge heard them. No I/O and no clock.

What was heard is forgotten at the end, and when too many spoke: a native id need not stand on disk for this.
"""

from collections import OrderedDict

from bridge.config import Identity, People
from bridge.ids import AccountName, PersonNumber, UserId

_MOST_PEOPLE = 10_000


class Identities:
    """The same people on several platforms."""

    def __init__(self) -> None:
        self._named: dict[Identity, tuple[Identity, ...]] = {}
        self._met: OrderedDict[PersonNumber, Identity] = OrderedDict()
        self._first: dict[tuple[Identity, ...], PersonNumber] = {}

    def follow(self, people: People) -> None:
        """The file says who is the same person."""
        self._named = {_spelled(one): ids for ids in people.values() for one in ids}
        self._first = {}

    def meet(self, account: AccountName, user: UserId, person: PersonNumber) -> PersonNumber:
        """Somebody spoke; the number of the person they are, which is one for all their identities."""
        if person not in self._met:
            self._met[person] = Identity(account, user)
            if len(self._met) > _MOST_PEOPLE:
                self._met.popitem(last=False)
        return self.one(person)

    def one(self, person: PersonNumber) -> PersonNumber:
        """The number under which all identities of a person go, their own where the file says nothing of them."""
        if not self._named or (met := self._met.get(person)) is None:
            return person
        named = self._named.get(_spelled(met))
        return person if named is None else self._first.setdefault(named, person)

    def on(self, account: AccountName, who: Identity) -> UserId | None:
        """What a person is called on an account: themselves there, or somebody the file says is the same."""
        if who.account == account:
            return who.user
        named = self._named.get(_spelled(who), ())
        return next((one.user for one in named if one.account == account), None)

    def of(self, person: PersonNumber) -> Identity | None:
        """Where somebody was heard."""
        return self._met.get(person)


def _spelled(one: Identity) -> Identity:
    """Platforms differ in whether capitals matter; two people who differ in nothing else are not to be expected."""
    return Identity(one.account, UserId(one.user.casefold()))
