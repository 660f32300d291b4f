"""What events mean besides deliveries: wishes and failures of announcements, stored with them, and commands."""

import asyncio
from collections.abc import Iterable

from msgspec import structs

from bridge.events import AnyEvent, Delivered, Relayed, User
from bridge.ids import AccountName, RoomNumber, UserId
from bridge.store.announced import Subscribe
from bridge.store.confirmed import Said
from bridge.store.ops import Accept
from bridge.wishes import commands, meant


class Beside:
    """Gathers until the next commit; `commanded` is set when somebody wrote in one of the rooms for `drafting`.

    What arrived is noted only on the accounts in `awaiting`: elsewhere nobody waits for it.
    """

    def __init__(self) -> None:
        self.drafting: frozenset[RoomNumber] = frozenset()
        self.awaiting: set[AccountName] = set()
        self.commanded = asyncio.Event()
        self._facts: tuple[Said, ...] = ()

    def __bool__(self) -> bool:
        return bool(self._facts)

    def note(self, account: AccountName, events: Iterable[AnyEvent], me: UserId | None) -> bool:
        """Keep what these say of announcements; whether there is any now."""
        asked = (one for one in events if account in self.awaiting or not isinstance(one, Delivered))
        self._facts += tuple(fact for event in asked if (fact := meant(account, event, me)) is not None)
        return bool(self._facts)

    def with_facts(self, op: Accept) -> Accept:
        """The commit with all that was noted."""
        facts, self._facts = self._facts, ()
        heard = (structs.replace(one, heard_at=op.at) if isinstance(one, Subscribe) else one for one in facts)
        return structs.replace(op, beside=tuple(heard))

    def is_command(self, event: Relayed, room: RoomNumber | None, by: User | None, me: UserId | None) -> bool:
        """Whether it is for the bridge to carry out; it is told so, and carries it out once it is stored."""
        own = by is not None and by.id == me
        if room not in self.drafting or own or not commands(event):
            return False
        self.commanded.set()
        return True
