"""Our words into encrypted rooms: who may read them gets the key first, device by device."""

import asyncio
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import apsw
import structlog

from bridge.clock import Clock
from bridge.errors import Rejected, RoomClosed, Scope, Unauthorized, Unavailable
from bridge.ids import RoomId
from connectors.matrix import calls
from connectors.matrix.batch import objects
from connectors.matrix.client import Client
from connectors.matrix.content import part, words
from connectors.matrix.e2ee.devices import Device
from connectors.matrix.e2ee.following import Following
from connectors.matrix.e2ee.keystore import KeyStore
from connectors.matrix.e2ee.megolm import Megolm, RoomSession, rotation
from connectors.matrix.e2ee.olm import Olm
from connectors.matrix.secrecy import ENCRYPTED, Raw

_LETTERS = 20
"""Devices that get a letter with one request."""
_CLAIMS = 50
_AGAIN_SECONDS = 3600.0
"""A device that has no one-time keys left is asked again after this."""
_LOOK_SECONDS = 600.0
"""How often it is looked again whether everybody has the key, though nobody told of a change."""

_log = structlog.get_logger()


class Writing:
    """Everything of one device that goes out."""

    def __init__(  # noqa: PLR0913  the six things it consists of
        self, *, store: KeyStore, client: Client, clock: Clock, olm: Olm, megolm: Megolm, following: Following
    ) -> None:
        self._store = store
        self._client = client
        self._clock = clock
        self._olm = olm
        self._megolm = megolm
        self._following = following
        self._sessions: dict[RoomId, RoomSession] = {}
        self._turns: defaultdict[RoomId, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._looked: dict[RoomId, float] = {}
        self._members: dict[RoomId, frozenset[str]] = {}
        self._silent: dict[str, float] = {}
        self._mended: dict[str, float] = {}

    def changed(self, room: RoomId) -> None:
        """The next message looks anew who is in the room."""
        self._looked.pop(room, None)
        self._members.pop(room, None)

    def devices_changed(self) -> None:
        """The next message of each room looks anew which devices there are."""
        self._looked.clear()

    async def seal(self, room: RoomId, kind: str, content: Raw, encryption: Raw) -> dict[str, Any]:
        """The encrypted content. Raises `Unavailable` where somebody's key could not be given: nothing was sent yet."""
        async with self._turns[room]:
            with _not_sent_yet():
                session = await self._ready(room, encryption)
            return self._megolm.write(room, session, kind, content)

    async def mend(self, user: str, curve: str) -> None:
        """Begin a new session with a device whose letters do not open any more, and tell it so."""
        await self._following.refresh([user])
        device = self._following.owner(user, curve)
        if device is not None and not self._is_recent(self._mended, device):
            self._mended[device.curve] = self._clock.monotonic()  # at most once an hour: it may be broken for good
            self._silent.pop(device.curve, None)
            await self._claim([device])
            if self._olm.has_session(device):
                await self._write([device], "m.dummy", {})

    async def ask(self, kind: str, user: str, content: Raw) -> None:
        """Something in clear to all devices of a user."""
        await self._send(kind, {user: {"*": content}})

    async def tell(self, kind: str, user: str, device: str, content: Raw) -> None:
        """Something in clear to one device."""
        await self._send(kind, {user: {device: content}})

    async def _ready(self, room: RoomId, encryption: Raw) -> RoomSession:
        """The room's session, with its key at everybody who may read."""
        session, now = self._sessions.get(room), self._clock.monotonic()
        looked = self._looked.get(room)
        if session is not None and session.is_over(rotation(encryption), now):
            session = None
        if session is not None and looked is not None and now - looked < _LOOK_SECONDS:
            return session
        self._looked[room] = now  # before we look: what changes meanwhile takes it away again
        try:
            return await self._looked_at(room, session)
        except BaseException:
            self._looked.pop(room, None)
            raise

    async def _looked_at(self, room: RoomId, session: RoomSession | None) -> RoomSession:
        readers = await self._readers(room)
        if session is None or not session.shared.keys() <= {device.curve for device in readers}:
            with self._store.change():
                session = self._sessions[room] = self._megolm.begin(room, self._olm.user)
        await self._share(room, session, [device for device in readers if device.curve not in session.shared])
        return session

    async def _readers(self, room: RoomId) -> list[Device]:
        people = self._members.get(room) or await self._people(room)
        await self._following.refresh(people)
        return [device for device in self._following.of(people) if device.curve != self._olm.curve]

    async def _people(self, room: RoomId) -> frozenset[str]:
        """Who may read: who is in the room, and who is invited."""
        listed = objects((await self._client.call(calls.members(room))).get("chunk"))
        inside = (raw for raw in listed if words(part(raw, "content"), "membership") in {"join", "invite"})
        people = frozenset(words(raw, "state_key") for raw in inside)
        if room in self._looked:  # nothing changed meanwhile
            self._members[room] = people
        return people

    async def _share(self, room: RoomId, session: RoomSession, devices: Sequence[Device]) -> None:
        await self._claim([device for device in devices if not self._olm.has_session(device)])
        reached = [device for device in devices if self._olm.has_session(device)]
        key = self._megolm.key_of(room, session)
        for start in range(0, len(reached), _LETTERS):
            some = reached[start : start + _LETTERS]
            await self._write(some, "m.room_key", key)
            session.shared.update((device.curve, device) for device in some)
        if len(reached) < len(devices):
            _log.info("some devices cannot be written to yet", room=room, devices=len(devices) - len(reached))

    async def _claim(self, devices: Sequence[Device]) -> None:
        """Begin sessions with devices that we have none with; those without a one-time key are left for later."""
        wanted = [device for device in devices if not self._is_recent(self._silent, device)]
        for start in range(0, len(wanted), _CLAIMS):
            some = wanted[start : start + _CLAIMS]
            by_user: defaultdict[str, list[str]] = defaultdict(list)
            for device in some:
                by_user[device.user].append(device.id)
            answer = part(await self._client.call(calls.keys_claim(by_user)), "one_time_keys")
            with self._store.change():
                for device in some:
                    if not self._olm.begin(device, part(part(answer, device.user), device.id)):
                        self._silent[device.curve] = self._clock.monotonic()

    async def _write(self, devices: Sequence[Device], kind: str, content: Mapping[str, Any]) -> None:
        letters: defaultdict[str, dict[str, Any]] = defaultdict(dict)
        with self._store.change():  # the sessions' new states are on disk before anything sealed with them is sent
            for device in devices:
                letters[device.user][device.id] = self._olm.seal(device, kind, content)
        await self._send(ENCRYPTED, letters)

    async def _send(self, kind: str, letters: Mapping[str, Mapping[str, Any]]) -> None:
        """The transaction is named after what it carries: nothing else can ever have the same name."""
        digest = hashlib.sha256(json.dumps(letters, sort_keys=True).encode()).hexdigest()[:40]
        await self._client.call(calls.to_device(kind, letters, digest))

    def _is_recent(self, times: Mapping[str, float], device: Device) -> bool:
        since = times.get(device.curve)
        return since is not None and self._clock.monotonic() - since < _AGAIN_SECONDS


@contextmanager
def _not_sent_yet() -> Iterator[None]:
    """Whatever fails before the message itself goes out leaves no doubt about it, and is no fault of its words."""
    try:
        yield
    except (Unauthorized, RoomClosed):
        raise
    except (Unavailable, Rejected) as error:
        wait = error.retry_after if isinstance(error, Unavailable) else None
        scope = error.scope if isinstance(error, Unavailable) else Scope.ROOM
        raise Unavailable(f"the room's key cannot be shared: {error}", retry_after=wait, scope=scope) from error
    except apsw.Error as error:
        raise Unavailable(f"the device's keys cannot be kept: {error}", scope=Scope.ACCOUNT) from error
