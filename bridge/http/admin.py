"""What an operator asks and changes: status, metrics, queue, reload, trace."""

import asyncio
from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec
from aiohttp import web
from msgspec import UnsetType, structs

from bridge.clock import Clock
from bridge.connector import Connector
from bridge.errors import BridgeError, Rejected
from bridge.findings import Finding
from bridge.http.answers import (
    MOST_ROWS,
    Change,
    Changed,
    Claimant,
    Copy,
    Deed,
    Deeds,
    Examined,
    Farewell,
    Gone,
    Health,
    Here,
    People,
    Problem,
    Queue,
    Read,
    Seen,
    Trace,
    Waiting,
    Whereabouts,
    Whom,
    answer,
    moment,
    parked,
)
from bridge.http.audit import noted
from bridge.http.leaving import StillLinked, can_leave, left
from bridge.ids import AccountName, PersonNumber, Room, RoomNumber, RowNumber
from bridge.logs import Mask
from bridge.metrics import CONTENT_TYPE, exposition
from bridge.rooms import NotOffered
from bridge.snapshot import Bridge, Status, look
from bridge.store import care, ops, questions
from bridge.store.people import Forgotten, Holdings, Somebody
from bridge.supervisor import State

Asked = TypeVar("Asked", bound=msgspec.Struct)
ASK_SECONDS = 10.0
LIST_SECONDS = 60.0
_NO_LIST = "this connector cannot list rooms: name the room in the configuration"
EXAMINE_SECONDS = 30.0
_STORE_SECONDS = 2.0
_BODY_SECONDS = 20.0
_PAGE = 1000
_SEARCHED = 1_000_000
_NOBODY = "nobody has this number; `qantara person NAME` tells numbers"


class Admin:
    """The routes, each a method. `mask` hides every secret of the configuration in force."""

    def __init__(self, bridge: Bridge, clock: Clock, instance: str) -> None:
        self._bridge, self._clock, self._instance = bridge, clock, instance

    def mask(self) -> Mask:
        return Mask(self._bridge.config.secrets)

    def _answer(self, shape: msgspec.Struct, status: int = 200) -> web.Response:
        return answer(shape, self.mask(), status)

    # --- open to everybody ---

    async def health(self, _: web.Request) -> web.Response:
        """200 as long as the event loop turns."""
        return self._answer(Health("ok"))

    async def here(self, _: web.Request) -> web.Response:
        """Which running bridge answers, so that it can be told from another behind the same address."""
        return self._answer(Here(self._instance))

    async def ready(self, _: web.Request) -> web.Response:
        """200 when every account was tried and the store accepts; else 503 with the reason."""
        why = await self._not_ready()
        return self._answer(Health("ready")) if why is None else self._answer(Problem(why), 503)

    async def _not_ready(self) -> str | None:
        if self._bridge.intake.refusing:
            return self._bridge.intake.refusing
        if not self._bridge.ready:
            return "starting: not every account was tried yet"
        try:
            await self._ask(questions.Position(AccountName("")), within=_STORE_SECONDS)
        except TimeoutError:
            return "the store does not answer"
        return None

    async def _ask(self, op: ops.Op, within: float = ASK_SECONDS) -> Any:  # noqa: ANN401 - each op documents its answer
        """Ask the store; when it does not answer in time, `TimeoutError` becomes 503."""
        async with asyncio.timeout(within):
            return await self._bridge.writer.ask(op)

    async def _look(self) -> Status:
        async with asyncio.timeout(ASK_SECONDS):
            return await look(self._bridge, self._clock.now())

    # --- looking ---

    async def status(self, _: web.Request) -> web.Response:
        """Every account, room and count, as of one moment."""
        return self._answer(await self._look())

    async def metrics(self, _: web.Request) -> web.Response:
        """The same in Prometheus' text format."""
        text = exposition(await self._look())
        return web.Response(body=self.mask().text(text.decode()).encode(), headers={"Content-Type": CONTENT_TYPE})

    async def trace(self, request: web.Request) -> web.Response:
        """The life of one message, by its number or any native id."""
        life: questions.Life | None = await self._ask(questions.Trace(request.match_info["what"]))
        if life is None:
            return self._answer(Problem("no message has this number or id, or it was forgotten"), 404)
        shape = Trace(
            message=life.number, room=life.room, author=life.author, at=moment(life.at),
            copies=[Copy(*twin) for twin in life.twins], waiting=[Waiting(*row) for row in life.waiting],
        )  # fmt: skip
        return self._answer(shape)

    async def seen(self, request: web.Request) -> web.Response:
        """The rooms an account sees on its platform, for whoever writes a configuration."""
        account = self._bridge.accounts.get(AccountName(request.match_info["account"]))
        if account is None:
            raise web.HTTPNotFound(reason="no account of that name")
        if not account.connector.can(Connector.rooms):
            raise web.HTTPNotImplemented(reason=_NO_LIST)
        async with asyncio.timeout(LIST_SECONDS):
            try:
                return self._answer(Seen([*await account.connector.rooms()]))
            except NotImplementedError:  # as with an account that only talks with people one by one
                raise web.HTTPNotImplemented(reason=_NO_LIST) from None
            except BridgeError as error:
                return self._answer(Problem(str(error)), 503)

    async def examined(self, _: web.Request) -> web.Response:
        """What each account that is up has to say about its server and its rooms."""
        up = [one for one in self._bridge.accounts.values() if one.state is State.UP]
        told = await asyncio.gather(*(_examined(one.connector) for one in up))
        return self._answer(Examined({one.account: found for one, found in zip(up, told, strict=True)}))

    async def audit(self, _: web.Request) -> web.Response:
        """What moderators did by commands and bans, newest first."""
        found: Sequence[care.Deed] = await self._ask(care.Deeds())
        return self._answer(Deeds([Deed(**{**structs.asdict(one), "at": moment(one.at)}) for one in found]))

    async def queue(self, request: web.Request) -> web.Response:
        """Parked deliveries, of all rooms or of `?room=account/name`."""
        room = request.query.get("room")
        rows = await self._parked(None if room is None else self._number(room), _PAGE + 1)
        return self._answer(Queue([parked(row) for row in rows[:_PAGE]], more=len(rows) > _PAGE))

    async def _parked(self, room: RoomNumber | None, most: int) -> Sequence[questions.ParkedRow]:
        rows: Sequence[questions.ParkedRow] = await self._ask(questions.Parked(room, most))
        return rows

    def _number(self, name: str) -> RoomNumber:
        account, _, rest = name.partition("/")
        number = self._bridge.rooms.numbers.get(Room(AccountName(account), rest))
        if number is None:
            raise web.HTTPNotFound(reason="no room of that name was ever in the configuration")
        return number

    async def people(self, request: web.Request) -> web.Response:
        """Who may be meant by `?who=`: an id as `account/id`, a name, or a piece of one."""
        found: Sequence[Somebody] = await self._ask(questions.Find(request.query.get("who", "")))
        return self._answer(People([*found]))

    async def person(self, request: web.Request) -> web.Response:
        """All that is held about one person."""
        number = request.match_info["number"]
        found: Holdings | None = await self._ask(questions.About(PersonNumber(int(number))))
        return self._answer(Problem(_NOBODY), 404) if found is None else self._answer(found)

    # --- changing ---

    async def forget(self, request: web.Request) -> web.Response:
        """Forget a person: what waits is dropped, targets are asked to delete what they show, the rest goes."""
        number = PersonNumber((await self._asked(request, Whom)).number)
        if await self._ask(questions.About(number)) is None:
            return self._answer(Problem(_NOBODY), 404)
        dropped, copies, done = 0, 0, False
        while not done:
            piece: Forgotten = await self._ask(ops.Forget(person=number, at=int(self._clock.now().timestamp() * 1000)))
            self._bridge.rooms.reread(piece.rooms)
            dropped, copies, done = dropped + piece.dropped, copies + piece.copies, piece.done
        noted(request, "forget", person=number, dropped=dropped, copies=copies)
        return self._answer(Gone(dropped, copies))

    async def retry(self, request: web.Request) -> web.Response:
        """Let parked deliveries wait in line again."""
        meant = await self._meant(request)
        rooms: Sequence[RoomNumber] = await self._ask(ops.Unpark(_numbers(meant)))
        self._bridge.rooms.reread(rooms)
        return self._changed("retry", request, meant)

    async def drop(self, request: web.Request) -> web.Response:
        """Forget parked deliveries for good."""
        meant = await self._meant(request)
        await self._ask(ops.Discard(_numbers(meant)))
        return self._changed("drop", request, meant)

    async def follow(self, request: web.Request) -> web.Response:
        """Say where a held room is now: where it went, or where it was. It is entered there and opens."""
        told = await self._asked(request, Whereabouts)
        account, _, name = told.room.partition("/")
        try:
            async with asyncio.timeout(ASK_SECONDS):
                await self._bridge.rooms.follow(Room(AccountName(account), name), told.to)
        except NotOffered as error:
            return self._answer(Problem(str(error)), 409)
        noted(request, "follow", room=told.room, to=told.to)
        return self._answer(told)

    async def leave(self, request: web.Request) -> web.Response:
        """Leave a room that no link names any more; stand-ins of people that are there leave it too."""
        told = await self._asked(request, Farewell)
        name, _, room = told.room.partition("/")
        account = self._bridge.accounts.get(AccountName(name))
        if account is None or not room:
            raise web.HTTPNotFound(reason="no account of that name, or no room behind it")
        if not can_leave(account):
            raise web.HTTPNotImplemented(reason="this connector cannot list and leave rooms")
        try:
            async with asyncio.timeout(LIST_SECONDS):
                await left(account, room)
        except (StillLinked, Rejected) as error:
            return self._answer(Problem(str(error)), 409)
        except BridgeError as error:
            return self._answer(Problem(str(error)), 503)
        noted(request, "leave", room=told.room)
        return self._answer(told)

    async def claim(self, request: web.Request) -> web.Response:
        """Let this copy of the store run an account, though another copy was started later."""
        told = await self._asked(request, Claimant)
        account = self._bridge.accounts.get(AccountName(told.account))
        if account is None:
            raise web.HTTPNotFound(reason="no account of that name")
        if not account.connector.can(Connector.claim):
            raise web.HTTPNotImplemented(reason="this platform keeps no claims: nothing stops this account")
        async with asyncio.timeout(ASK_SECONDS):
            await account.take_over()
        noted(request, "claim", account=told.account)
        return self._answer(told)

    async def _meant(self, request: web.Request) -> Sequence[questions.ParkedRow]:
        """The parked rows a change speaks of."""
        change = await self._asked(request, Change)
        match change.rows, change.room:
            case list() as rows, UnsetType():
                wanted = set(rows)
            case UnsetType(), str() as room:
                return await self._parked(self._number(room), MOST_ROWS)
            case _:
                raise web.HTTPBadRequest(reason="give either `rows` or `room`")
        return [row for row in await self._parked(None, _SEARCHED) if row.number in wanted]

    async def _asked(self, request: web.Request, shape: type[Asked]) -> Asked:
        """What the body says, within a time: a slow one must not hold a connection for ever."""
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                return msgspec.json.decode(await request.read(), type=shape)
        except TimeoutError:
            raise web.HTTPRequestTimeout from None
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise web.HTTPBadRequest(reason=_line(error)) from None

    def _changed(self, what: str, request: web.Request, rows: Sequence[questions.ParkedRow]) -> web.Response:
        rooms = sorted({row.room for row in rows})
        noted(request, f"queue {what}", rows=len(rows), rooms=rooms, numbers=list(_numbers(rows)))
        return self._answer(Changed(len(rows), rooms))

    async def reload(self, request: web.Request) -> web.Response:
        """Read the configuration again; 422 with every fault when it is wrong, and then nothing changed."""
        faults = await self._bridge.reload_or_tell()
        noted(request, "reload", faults=len(faults))
        if faults:
            return self._answer(Problem("nothing changed", [str(fault) for fault in faults]), 422)
        config = self._bridge.config
        return self._answer(Read(sorted(config.accounts), sorted(config.links)))


async def _examined(connector: Connector[Any]) -> list[Finding]:
    if not connector.can(Connector.examine):
        return []
    try:
        async with asyncio.timeout(EXAMINE_SECONDS):
            return [*await connector.examine()]
    except (BridgeError, TimeoutError) as error:
        why = str(error) or f"no answer after {EXAMINE_SECONDS:.0f} seconds"
        return [Finding(where="the account", what=f"could not be examined: {why}", remedy="qantara doctor, again")]


def _numbers(rows: Sequence[questions.ParkedRow]) -> tuple[RowNumber, ...]:
    return tuple(row.number for row in rows)


def _line(error: Exception) -> str:
    """What msgspec says, fit for a status line: it names the field, not its content."""
    return " ".join(str(error).split()).encode("ascii", "replace").decode()[:200]
