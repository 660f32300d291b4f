"""The stream of news from a homeserver: our own loop, which loses nothing and never spins.

The token of a batch is stored together with the batch's events, and only then the next batch is asked for.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

import structlog

from bridge.connector import Host
from bridge.errors import Rejected, RoomClosed, Scope, StoreFull, Unavailable
from bridge.events import AnyEvent, Left, User
from bridge.ids import EventId, RoomId
from connectors.matrix import calls, incoming
from connectors.matrix.batch import (
    BEGINNING,
    HISTORY,
    Batch,
    RoomNews,
    batch,
    news_of,
    objects,
    without_edits_of_the_gone,
)
from connectors.matrix.beacons import Beacons
from connectors.matrix.client import Client
from connectors.matrix.config import MatrixConfig
from connectors.matrix.content import part, words
from connectors.matrix.incoming import MalformedError, Where
from connectors.matrix.members import Members, member
from connectors.matrix.portion import Portion, careful
from connectors.matrix.rooms import Rooms
from connectors.matrix.secrecy import ENCRYPTED, Late, Secrecy
from connectors.matrix.senders import Senders
from connectors.matrix.votes import counted

IDLE_SECONDS = 1.0
"""The least time between two requests when the first brought nothing: a broken homeserver must not make us spin."""
FULL_SECONDS = 1.0
"""How long a batch that could not be stored waits before it is offered again."""
_LONGEST_ID = 255
_UNREADABLE = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError)

_log = structlog.get_logger()

Enter = Callable[[RoomId], Awaitable[None]]


class Stream:
    """The news of one run. `enter` accepts an invitation."""

    def __init__(  # noqa: PLR0913  the seven things a run consists of
        self,
        *,
        client: Client,
        config: MatrixConfig,
        host: Host,
        me: User,
        rooms: Rooms,
        enter: Enter,
        secrecy: Secrecy | None = None,
    ) -> None:
        self._client = client
        self._config = config
        self._host = host
        self._me = me
        self._rooms = rooms
        self._enter = enter
        self._secrecy = secrecy
        self._members = Members()
        self._portion = Portion()
        self._senders = Senders(client)
        self._beacons = Beacons(client, me.id, self._members.user)
        self._newest: dict[RoomId, str] = {}

    async def follow(self) -> None:
        """Publish news until cancelled; every error leaves it."""
        since = await self._host.position() or await self._begin()
        while True:
            since = await self._step(since)

    async def _begin(self) -> str:
        """A first start: from now on, nothing of what was said before."""
        first = self._told(await self._client.call(calls.sync(None, 0, BEGINNING)))
        if self._secrecy is not None:
            self._secrecy.take(first.post, "")
        await self._stored((), first.token)
        return first.token

    async def _step(self, since: str) -> str:
        started = self._host.clock.monotonic()
        news = await self._portion.asked(lambda size: self._asked(since, size))
        late = self._taken(news, since)
        events = [event for one in late for event in await self._caught_up(one)]
        events += [event for room in news.rooms for event in await self._read(room, since)]
        if events or news.token != since:
            await self._stored(events, news.token)
        if self._secrecy is not None:
            self._secrecy.settle(late)
            await self._secrecy.tend()
        await self._accept(news.invites)
        if not (events or news.post.letters) or news.token == since:
            await self._rest(started)
        return news.token

    async def _asked(self, since: str, size: int) -> Batch:
        longest = self._config.sync_timeout_seconds
        patience = longest if self._secrecy is None else self._secrecy.patience(longest)
        call = calls.sync(since, patience, news_of(size))
        return self._told(await self._client.call(careful(call, size)))

    def _told(self, answered: Mapping[str, Any]) -> Batch:
        answer = batch(answered)
        if not answer.token:
            raise Unavailable("the homeserver's news have no token to go on with", scope=Scope.ACCOUNT)
        if answer.direct is not None:
            self._rooms.direct = answer.direct
        return answer

    def _taken(self, news: Batch, since: str) -> Sequence[Late]:
        """What the batch brought for our device is kept before anything else: its letters open what it says."""
        if self._secrecy is None:
            return ()
        self._secrecy.take(news.post, since)
        for room in news.rooms:
            if room.limited:
                self._secrecy.changed(room.room)
        return self._secrecy.late()

    async def _caught_up(self, late: Late) -> list[AnyEvent]:
        """An event that waited for its key; one that was shown as unreadable is changed into what it says."""
        self._members.learn(late.room, late.writer)
        event = await self._told_of(late.room, late.raw)
        if event is not None and late.was_shown and late.is_read:
            event = incoming.belated(event)
        return [event] if event is not None else []

    async def _stored(self, events: Sequence[AnyEvent], token: str) -> None:
        """Return once the batch is on disk. A full store takes nothing in, but what waits can still be sent: go on."""
        while True:
            try:
                return await self._host.publish(*events, position=token)
            except StoreFull as error:
                await self._host.clock.sleep(error.retry_after or FULL_SECONDS)

    async def _rest(self, started: float) -> None:
        left = IDLE_SECONDS - (self._host.clock.monotonic() - started)
        if left > 0:
            await self._host.clock.sleep(left)

    async def _accept(self, invites: Sequence[RoomId]) -> None:
        for room in invites:
            if room in self._rooms.wanted:
                await self._try_to_enter(room)

    async def _try_to_enter(self, room: RoomId) -> None:
        try:
            await self._enter(room)
        except (RoomClosed, Rejected) as error:
            _log.warning("an invitation could not be accepted", room=room, why=str(error))

    async def _read(self, news: RoomNews, since: str) -> list[AnyEvent]:
        """The events of one room in order, a gap filled, nothing from before we came in."""
        for raw in news.state:
            self._members.learn(news.room, raw)
        timeline = await self._whole(news, since)
        kept = without_edits_of_the_gone(timeline)
        events = [event for raw in kept if (event := await self._event(news.room, raw)) is not None]
        opened = partial(self._as_written, news.room)
        votes = await counted(self._client, news.room, kept, opened)
        moved = await self._beacons.moved(news.room, kept, opened)
        if timeline:
            self._newest[news.room] = words(timeline[-1], "event_id")
        return [*events, *votes, *moved, *self._parting(news, timeline, since)]

    async def _whole(self, news: RoomNews, since: str) -> Sequence[Mapping[str, Any]]:
        timeline = list(news.events)
        if news.limited and news.prev_batch and not any(self._enters(raw) for raw in timeline):
            timeline = [*await self._missed(news, since), *timeline]
        entries = [index for index, raw in enumerate(timeline) if self._enters(raw)]
        return timeline[entries[-1] :] if entries else timeline

    def _enters(self, raw: Mapping[str, Any]) -> bool:
        return incoming.enters(raw, self._me.id)

    async def _missed(self, news: RoomNews, since: str) -> list[Mapping[str, Any]]:
        """What stands between the last batch and this one, oldest first."""
        found: list[Mapping[str, Any]] = []
        start = news.prev_batch
        try:
            while start and len(found) < self._config.catch_up_events:
                start = await self._page(news.room, start, since, found)
        except RoomClosed as error:
            _log.warning("missed events cannot be read", room=news.room, why=str(error))
        if len(found) >= self._config.catch_up_events:
            _log.warning("too many missed events, the oldest are given up", room=news.room, kept=len(found))
        return found[::-1]

    async def _page(self, room: RoomId, start: str, since: str, found: list[Mapping[str, Any]]) -> str:
        """Add one page, newest first, and return where the next starts, "" when there is none."""
        answer = await self._portion.asked(
            lambda size: self._client.call(careful(calls.messages(room, start, since, size, HISTORY), size))
        )
        for raw in objects(answer.get("state")):
            self._members.learn(room, raw)
        for raw in objects(answer.get("chunk")):
            if words(raw, "event_id") == self._newest.get(room, " "):
                return ""
            found.append(raw)
            if self._enters(raw):
                return ""
        end = words(answer, "end")
        return end if end not in {start, since} else ""

    async def _event(self, room: RoomId, raw: Mapping[str, Any]) -> AnyEvent | None:
        if self._secrecy is not None and incoming.is_sealed(raw):
            sender = words(raw, "sender")
            opened = self._secrecy.read(room, raw, member(sender, self._members.user(room, sender)))
            return await self._told_of(room, opened) if opened is not None else None
        return await self._told_of(room, raw)

    def _as_written(self, room: RoomId, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        """An event decrypted, where it is encrypted and can be."""
        if self._secrecy is None or not incoming.is_sealed(raw):
            return raw
        return self._secrecy.peek(room, raw) or raw

    async def _told_of(self, room: RoomId, raw: Mapping[str, Any]) -> AnyEvent | None:
        self._notice(room, raw)
        where = Where(room=room, me=self._me.id, name_of=self._members.user, room_kind=self._rooms.kind(room))
        try:
            if await self._senders.allow(room, raw):
                if incoming.is_sealed(raw):
                    self._host.unreadable(ENCRYPTED)
                return incoming.event(raw, where)
            _log.warning("an edit of somebody else's message is passed over", event_id=_id(raw))
        except MalformedError as error:
            _log.warning("a malformed event is passed over", event_id=_id(raw), why=str(error))
            self._host.unreadable(words(raw, "type"))
        except _UNREADABLE as error:  # ours to mend; the stream must not stand still for it, and would for ever
            _log.warning("an event cannot be read", event_id=_id(raw), error=type(error).__name__)
            self._host.unreadable(words(raw, "type"))
        return None

    def _notice(self, room: RoomId, raw: Mapping[str, Any]) -> None:
        """What an event tells us besides what it tells the bridge."""
        self._members.learn(room, raw)
        self._senders.learn(room, raw)
        if raw.get("type") == "m.room.encryption" and raw.get("state_key") == "":
            self._rooms.encrypted[room] = part(raw, "content")
        if self._secrecy is not None:
            _tell(self._secrecy, room, raw)
        if self._enters(raw):
            self._rooms.joined.add(room)
        if incoming.exits(raw, self._me.id):
            self._rooms.joined.discard(room)

    def _parting(self, news: RoomNews, timeline: Sequence[Mapping[str, Any]], since: str) -> list[AnyEvent]:
        """Our leaving, where the homeserver lists the room as left and does not show how that happened."""
        if not news.is_left or any(incoming.exits(raw, self._me.id) for raw in timeline):
            return []
        self._rooms.joined.discard(news.room)
        gone = EventId(f"left {news.room} {since}")
        now = self._host.clock.now()
        return [Left(id=gone, room=news.room, at=now, user=self._me, reason="no longer in the room")]


def _tell(secrecy: Secrecy, room: RoomId, raw: Mapping[str, Any]) -> None:
    """What an event means to the keeping of secrets."""
    if raw.get("type") == "m.room.member":
        secrecy.changed(room)
    if raw.get("type") == "m.room.redaction":
        secrecy.forget(words(raw, "redacts") or words(part(raw, "content"), "redacts"))


def _id(raw: Mapping[str, Any]) -> str:
    return words(raw, "event_id")[:_LONGEST_ID]
