"""Names and topics of rooms that are kept the same: what people set in one is set in those that hear it.

The last change that was heard wins, wherever it was made. What is to be set is in the store until it is.
"""

from collections.abc import Iterable, Mapping

import structlog
from msgspec import Struct

from bridge.asking import answer
from bridge.backoff import asked, wait
from bridge.config.settings import Link, Sync
from bridge.connector import Connector
from bridge.delivery import Lane
from bridge.errors import BridgeError, Feature, Rejected, RoomClosed, Unauthorized, Unavailable, Unsupported
from bridge.events import RoomChanged, RoomKind
from bridge.ids import AccountName, RoomNumber, UserId
from bridge.routing import Routes
from bridge.shared import Shared
from bridge.store.ops import Remember
from bridge.store.questions import Recall
from bridge.supervisor import Account, State
from bridge.titles import fitted

logger = structlog.get_logger()
_SETTLES_SECONDS = 1.0
"""Changes made at once become one; of many in a row each waits twice as long as the one before, up to a minute."""
_MOST_DOUBLINGS = 6
_IN_A_ROW_SECONDS = 120.0
_CROSSING_SECONDS = 30.0
"""Where somebody changes what we set so long ago and did not hear of, nobody knows which of the two came last."""
_KEPT_MS = 30 * 86_400_000
_LONGEST_WAIT = 60.0


class _Title(Struct):
    """The name or topic of one room: as people want it, and as it is as far as we know.

    `made` is what we set, until we hear of it as it comes home; some platforms never tell.
    """

    wanted: str | None = None
    current: str | None = None
    made: str | None = None
    made_at: float = float("-inf")
    in_a_row: int = 0
    busy: bool = False
    refused: bool = False


class Syncing:
    """Knows what is to be set where; one task a title, while there is something to set."""

    def __init__(
        self, shared: Shared, accounts: Mapping[AccountName, Account], lanes: Mapping[RoomNumber, Lane]
    ) -> None:
        self._shared, self._accounts, self._lanes = shared, accounts, lanes
        self._titles: dict[tuple[RoomNumber, Sync], _Title] = {}
        self._syncs: Mapping[str, frozenset[Sync]] = {}
        self._routes: Routes = {}

    async def follow(self, links: Iterable[Link], routes: Routes) -> None:
        """Another configuration is in force; what was to be set when the bridge ended is set now."""
        self._syncs = {link.name: link.sync for link in links if link.sync}
        self._routes = routes
        heard = {(to, what) for source in routes for what in Sync for to in self._hearing(source, what)}
        for key in self._titles.keys() - heard:
            self._titles[key].wanted = None
        for room, what in sorted(heard - self._titles.keys()):
            await self._resume(room, what)

    async def _resume(self, room: RoomNumber, what: Sync) -> None:
        title = self._title(room, what)
        asked = Recall(self._lanes[room].name.account, _name(room, what), self._shared.now_ms())
        title.wanted = await self._shared.writer.ask(asked)
        self._bring(room, what)

    def heard(self, room: RoomNumber, change: RoomChanged, me: UserId | None) -> None:
        """A room is called otherwise, or is about something else."""
        if not self._syncs or change.thread is not None or change.room_kind is RoomKind.DIRECT:
            return
        by = None if change.by is None else change.by.id
        for what, words in ((Sync.NAME, change.name), (Sync.TOPIC, change.topic)):
            if words is None or not (self._hearing(room, what) or (room, what) in self._titles):
                continue
            title = self._title(room, what)
            if (by is not None and by == me) or words == title.made:
                title.current, title.made = words, None
                self._bring(room, what)
            else:
                self._changed(room, what, words)

    def _changed(self, room: RoomNumber, what: Sync, words: str) -> None:
        """People did it."""
        title = self._title(room, what)
        crossing = title.made is not None and self._shared.clock.monotonic() - title.made_at < _CROSSING_SECONDS
        title.wanted, title.current, title.made = words, None if crossing else words, None
        for to in self._hearing(room, what):
            self._want(to, what, words)
        if crossing:
            self._want(room, what, words)

    def _want(self, room: RoomNumber, what: Sync, words: str) -> None:
        self._title(room, what).wanted = words
        self._keep(room, what, words)
        self._bring(room, what)

    def _keep(self, room: RoomNumber, what: Sync, words: str) -> None:
        until = self._shared.now_ms() + _KEPT_MS if words else 0
        account = self._lanes[room].name.account
        self._shared.writer.tell(Remember(account=account, name=_name(room, what), value=words, until=until))

    def _hearing(self, room: RoomNumber, what: Sync) -> list[RoomNumber]:
        """The rooms that are called as this one is; a thread has a name of its own."""
        heard = (to.room for to in self._routes.get(room, ()) if what in self._syncs.get(to.link, ()))
        return [to for to in heard if to in self._lanes and self._lanes[to].state.place.thread is None]

    def _title(self, room: RoomNumber, what: Sync) -> _Title:
        return self._titles.setdefault((room, what), _Title())

    def _bring(self, room: RoomNumber, what: Sync) -> None:
        """See that a title becomes what it is to be."""
        title = self._title(room, what)
        if not title.busy and self._due(room, what) is not None:
            title.busy = True
            self._shared.group.create_task(self._set(room, what), name=f"the {what} of a room")

    def _due(self, room: RoomNumber, what: Sync) -> str | None:
        """What is to be set; None where nothing is. A room cannot be without a name."""
        title, lane = self._title(room, what), self._lanes.get(room)
        if title.wanted is None or lane is None:
            return None
        can = self._accounts[lane.name.account].lanes.shown(lane.state.place.room)
        words = fitted(title.wanted, what, can)
        same = title.current is not None and fitted(title.current, what, can) == words
        return None if same or (what is Sync.NAME and not words) else words

    async def _set(self, room: RoomNumber, what: Sync) -> None:
        """Set a title until it is what it is to be; what is refused is said once, and left."""
        title, failures = self._title(room, what), 0
        while self._due(room, what) is not None:
            await self._shared.clock.sleep(self._rest(title))
            words = self._due(room, what)
            lane = self._lanes.get(room)
            if words is None or lane is None:
                continue
            title.made, title.made_at = words, self._shared.clock.monotonic()
            try:
                await self._ask(self._accounts[lane.name.account], lane, what, words)
            except (Rejected, RoomClosed) as error:
                self._refused(title, lane, what, error)
            except Unavailable as error:
                pause = min(wait(failures, self._shared.chance.fraction()), _LONGEST_WAIT)
                await self._shared.clock.sleep(max(pause, asked(error.retry_after) or 0.0))
                failures += 1
            else:
                title.current, title.refused, failures = words, False, 0
        title.busy = False
        if room in self._lanes:
            self._keep(room, what, "")

    async def _ask(self, account: Account, lane: Lane, what: Sync, words: str) -> None:
        """Give a room another name or topic. Raises `Rejected` and `RoomClosed` as connectors do, else `Unavailable`.

        Where the credentials are refused the account stops, as with a message.
        """
        connector, room = account.connector, lane.state.place.room
        if not connector.can(Connector.rename if what is Sync.NAME else Connector.describe):
            raise Unsupported(Feature.TITLE, f"its platform lets nobody set the {what} of a room")
        if account.state is not State.UP or not lane.state.joined:
            raise Unavailable("the room is not entered")
        change = connector.rename if what is Sync.NAME else connector.describe
        try:
            await answer(connector, change(room, words))
        except (Rejected, RoomClosed, Unavailable):
            raise
        except Unauthorized as error:
            account.refused(str(error))
            raise Unavailable(f"the account is stopped: {error}") from error
        except BridgeError as error:
            raise Unavailable(str(error)) from error

    def _rest(self, title: _Title) -> float:
        """How long a change waits for others; longer where one follows the other, as in a loop with another bridge."""
        recent = self._shared.clock.monotonic() - title.made_at < _IN_A_ROW_SECONDS
        title.in_a_row = title.in_a_row + 1 if recent else 0
        return _SETTLES_SECONDS * float(2 ** min(title.in_a_row, _MOST_DOUBLINGS))

    def _refused(self, title: _Title, lane: Lane, what: Sync, error: Exception) -> None:
        title.wanted = title.made = None
        if not title.refused:
            title.refused = True
            logger.warning("a title cannot be set", room=str(lane.name), what=str(what), why=str(error))
            self._shared.notice(lane.number, f"The {what} of {lane.name} cannot be set as its link says: {error}")


def _name(room: RoomNumber, what: Sync) -> str:
    return f"sync {what} {room}"
