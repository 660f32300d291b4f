"""One device of ours on the homeserver, with everything it needs to read and write encrypted rooms."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import structlog

from bridge.connector import Host
from bridge.errors import Rejected, Unauthorized
from bridge.findings import Finding
from bridge.ids import RoomId
from connectors.matrix import calls, checkup
from connectors.matrix.batch import Post
from connectors.matrix.client import Client
from connectors.matrix.config import MatrixConfig
from connectors.matrix.content import part, words
from connectors.matrix.e2ee.aside import Aside
from connectors.matrix.e2ee.devices import MEGOLM, cross_signed
from connectors.matrix.e2ee.following import Following
from connectors.matrix.e2ee.keystore import KeyStore, opened
from connectors.matrix.e2ee.megolm import Megolm
from connectors.matrix.e2ee.olm import Olm
from connectors.matrix.e2ee.reading import Missing, Reading, Request
from connectors.matrix.e2ee.writing import Writing
from connectors.matrix.secrecy import Late, Raw

_SALT_BYTES = 16
_LEAST_PATIENCE = 0.05

_log = structlog.get_logger()


class EndToEnd:
    """Implements `connectors.matrix.secrecy.Secrecy`. Open it with `device_of`."""

    def __init__(self, store: KeyStore, client: Client, config: MatrixConfig, host: Host, device: str) -> None:
        clock = host.clock
        self._client = client
        self._olm = Olm(store, clock, user=config.user, device=device)
        self._store = store
        megolm = Megolm(store, clock, device=device, curve=self._olm.curve)
        self._following = Following(store, client, clock)
        self._aside = Aside(store, clock, config.e2ee_wait_seconds)
        self._reading = Reading(store, self._olm, megolm, self._following, self._aside)
        self._writing = Writing(
            store=store, client=client, clock=clock, olm=self._olm, megolm=megolm, following=self._following
        )
        self._asked: set[Missing] = set()

    async def ready(self) -> None:
        """Make sure that this device is the one the homeserver shows to others, its keys uploaded.

        Raises `Unauthorized` where the device has keys that are not here: everybody would refuse new ones.
        """
        answer = await self._client.call(calls.keys_query([self._olm.user]))
        fields = part(part(part(answer, "device_keys"), self._olm.user), self._olm.device)
        shown = words(part(fields, "keys"), f"ed25519:{self._olm.device}")
        if shown and shown != self._olm.ed25519:
            raise Unauthorized(
                f"the keys of device {self._olm.device} are not in the account's data directory: restore them, or"
                " log in anew, which makes a new device, and use its token"
            )
        if not shown:
            await self._client.call(calls.keys_upload({"device_keys": self._olm.device_keys()}))

    def begin_anew(self) -> None:
        """There is no position: what changed meanwhile is not known."""
        self._following.begin_anew()

    def take(self, post: Post, since: str) -> None:
        self._reading.take(post, since)
        if post.changed or post.left:
            self._writing.devices_changed()

    def late(self) -> Sequence[Late]:
        return self._reading.late()

    def read(self, room: RoomId, raw: Raw, writer: Raw) -> Raw | None:
        return self._reading.read(room, raw, writer)

    def peek(self, room: RoomId, raw: Raw) -> Raw | None:
        return self._reading.peek(room, raw)

    def forget(self, event: str) -> None:
        self._aside.settle([event], [])

    def settle(self, told: Sequence[Late]) -> None:
        self._reading.settle(told)

    async def tend(self) -> None:
        todo = self._reading.todo
        while todo.broken:
            await self._writing.mend(*todo.broken.pop())
        while todo.missing:
            await self._ask_for(todo.missing.pop())
        while todo.requests:
            await self._refuse(todo.requests.pop())
        if todo.keys_held is not None and todo.keys_held <= self._olm.wanted // 2:
            held, todo.keys_held = todo.keys_held, None
            await self._fill_up(held)

    def patience(self, longest: float) -> float:
        left = self._aside.seconds_left()
        return longest if left is None else min(longest, max(left, _LEAST_PATIENCE))

    def changed(self, room: RoomId) -> None:
        self._writing.changed(room)

    async def seal(self, room: RoomId, kind: str, content: Raw, encryption: Raw) -> dict[str, Any]:
        return await self._writing.seal(room, kind, content, encryption)

    async def examine(self) -> Sequence[Finding]:
        answer = await self._client.call(calls.keys_query([self._olm.user]))
        signed = cross_signed(self._olm.user, self._olm.device, answer)
        return [*checkup.device(self._olm.device, self._olm.ed25519, signed.value)]

    async def _fill_up(self, held: int) -> None:
        with self._store.change():
            keys = self._olm.new_keys(held)
        try:
            await self._client.call(calls.keys_upload(keys))
        except Rejected as error:
            # A restored device makes keys anew whose names the homeserver knows: the next ones have other names.
            _log.warning("one-time keys were refused, others will be made", why=str(error))
        with self._store.change():
            self._olm.published()

    async def _refuse(self, asked: Request) -> None:
        """Say to a device that it gets no key, so that its user need not wait for one."""
        content = {
            "algorithm": MEGOLM, "room_id": asked.room, "session_id": asked.session, "sender_key": asked.curve,
            "code": "m.unauthorised", "reason": "this device gives its keys to nobody afterwards",
        }  # fmt: skip
        await self._writing.tell("m.room_key.withheld", asked.user, asked.device, content)

    async def _ask_for(self, key: Missing) -> None:
        """Ask the writer's devices for a key, once a run: most answer nobody but those they gave it before."""
        if key in self._asked or not key.session:
            return
        self._asked.add(key)
        body = {"algorithm": MEGOLM, "room_id": key.room, "session_id": key.session, "sender_key": key.curve}
        request = {
            "action": "request",
            "body": body,
            "requesting_device_id": self._olm.device,
            "request_id": hashlib.sha256(f"{self._olm.device} {key.room} {key.session}".encode()).hexdigest()[:32],
        }
        await self._writing.ask("m.room_key_request", key.user, request)


@contextmanager
def device_of(client: Client, config: MatrixConfig, host: Host, device: str) -> Iterator[EndToEnd]:
    """The account's device, its key store held open while the block lasts."""
    if config.e2ee_passphrase is None or not device:
        raise Unauthorized("e2ee needs a passphrase, and a token that belongs to a device")
    name = hashlib.sha256(f"{config.user} {device}".encode()).hexdigest()[:16]
    path = host.data_dir / f"e2ee-{name}.db"
    with opened(path, config.e2ee_passphrase.get_secret_value(), host.chance.raw(_SALT_BYTES)) as store:
        yield EndToEnd(store, client, config, host, device)
