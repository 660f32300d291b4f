"""The connector to a wired platform: the smallest one that keeps every promise about the network."""

import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import aiohttp
import msgspec
from msgspec.structs import replace
from pydantic import SecretStr

from bridge.asked import Outgoing
from bridge.capabilities import Capabilities
from bridge.connector import Connector, ConnectorConfig
from bridge.errors import BridgeError, Scope, Unavailable, Uncertain
from bridge.events import User
from bridge.ids import MessageId, Place, RoomId
from bridge.testing.memory import error_of, event_of
from bridge.testing.memory_abilities import EVERYTHING
from bridge.testing.memory_rooms import Post, Update
from bridge.testing.memory_trouble import Trouble
from bridge.testing.platform import Fault
from bridge.testing.wired_platform import POLL_SECONDS

_SECONDS = 20.0


class WiredConfig(ConnectorConfig):
    """Settings of an account on a wired platform."""

    connector: str = "wired"
    """Name of the connector that serves this account."""
    url: str
    """Address of the platform."""
    token: SecretStr
    """What the platform asks for at each call."""
    ca_file: Path | None = None
    """Certificates to trust instead of the machine's own, as one PEM file."""


class Call(msgspec.Struct, frozen=True):
    """One question, and how long its answer may take."""

    name: str
    body: bytes
    seconds: float


class Told(msgspec.Struct, frozen=True):
    """What an exchange brought: the status, the header Retry-After, the body."""

    status: int
    asked: str | None
    body: bytes


class WiredConnector(Connector[WiredConfig]):
    """Asks over HTTP; every answer is judged in one place, and every wait has an end."""

    Config: ClassVar[type[ConnectorConfig]] = WiredConfig
    features: ClassVar[Capabilities] = replace(EVERYTHING, in_flight=1, media={})
    _http: aiohttp.ClientSession | None = None
    _up = False

    async def run(self) -> None:
        try:
            async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=self._tls())) as self._http:
                await self._follow()
        finally:
            self._up, self._http = False, None

    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        if not self._up:
            raise Unavailable("not connected", scope=Scope.ACCOUNT)
        post = Post(room=message.room, rich=message.text, key=message.key)
        return (MessageId(await self._field("post", post, "id")),)

    async def join(self, name: str) -> Place:
        return Place(RoomId(await self._field("enter", {"room": name}, "room")))

    async def _follow(self) -> None:
        begun = await self._ask("begin", {}, _SECONDS)
        me, newest = _part(begun, "me", User), _part(begun, "newest", int)
        after = int(await self.host.position() or newest)
        await self.host.publish(position=str(after))
        self._up = True
        self.host.connected(me)
        while True:
            after = await self._relay(after)

    async def _relay(self, after: int) -> int:
        told = await self._ask("updates", {"after": after}, POLL_SECONDS + _SECONDS)
        updates = _part(told, "updates", list[Update])
        if not updates:
            return after
        foreign = [event_of(update) for update in updates if update.key is None]
        await self.host.publish(*foreign, position=str(updates[-1].offset))
        return int(updates[-1].offset)

    def _tls(self) -> ssl.SSLContext | bool:
        return True if self.config.ca_file is None else ssl.create_default_context(cafile=self.config.ca_file)

    async def _field(self, call: str, asked: object, name: str) -> str:
        return str(_part(await self._ask(call, asked, _SECONDS), name, str))

    async def _ask(self, call: str, asked: object, seconds: float) -> Any:  # noqa: ANN401 JSON is anything
        return self._judged(await self._exchanged(Call(call, msgspec.json.encode(asked), seconds)))

    async def _exchanged(self, call: Call) -> Told:
        if self._http is None:
            raise Unavailable("not connected", scope=Scope.ACCOUNT)
        try:
            return await self._exchange(self._http, call)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise Unavailable(f"cannot be reached ({type(error).__name__})", scope=Scope.ACCOUNT) from None
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Uncertain(f"the answer was lost ({type(error).__name__})", scope=Scope.ACCOUNT) from None

    async def _exchange(self, http: aiohttp.ClientSession, call: Call) -> Told:
        headers = {"Token": self.config.token.get_secret_value()}
        limit = aiohttp.ClientTimeout(total=call.seconds, connect=min(call.seconds, _SECONDS) / 2)
        async with http.post(
            f"{self.config.url}/{call.name}", data=call.body, headers=headers, timeout=limit, allow_redirects=False
        ) as answer:
            return Told(answer.status, answer.headers.get("Retry-After"), await answer.read())

    def _judged(self, told: Told) -> Any:  # noqa: ANN401 JSON is anything
        """The answer's JSON, or the error that its status stands for."""
        match told.status:
            case 200:
                return _loaded(told.body)
            case 409:
                raise _fault(_loaded(told.body))
            case 429:
                wait = float(told.asked) if told.asked and told.asked.isdecimal() else None
                raise Unavailable("too many requests", retry_after=wait, scope=Scope.ACCOUNT)
            case status:
                raise Uncertain(f"the platform answered {status}", scope=Scope.ACCOUNT)


def _loaded(body: bytes) -> object:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Uncertain("an answer that is no JSON", scope=Scope.ACCOUNT) from None


def _part(told: object, name: str, kind: Any) -> Any:  # noqa: ANN401 whatever `kind` is
    """A field of an answer; one that is not there means that the answer was none."""
    try:
        return msgspec.convert(told[name], kind)  # type: ignore[index]  # what is no object has no fields
    except (TypeError, KeyError, IndexError, msgspec.ValidationError):
        raise Uncertain(f"an answer without `{name}`", scope=Scope.ACCOUNT) from None


def _fault(told: object) -> BridgeError:
    return error_of(Trouble(_part(told, "fault", Fault), "refused"))
