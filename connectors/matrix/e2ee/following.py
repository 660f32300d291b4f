"""The devices of the people we write to, kept as their homeservers list them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import structlog

from bridge.clock import Clock
from connectors.matrix import calls
from connectors.matrix.client import Client
from connectors.matrix.content import part
from connectors.matrix.e2ee.devices import Device, devices
from connectors.matrix.e2ee.keystore import KeyStore

_USERS = 100
_AGAIN_SECONDS = 300.0
"""A homeserver that did not answer for its people is asked again after this."""

_log = structlog.get_logger()


class Following:
    """Whose devices we know. A user is asked for once, and again when the homeserver says that something changed."""

    def __init__(self, store: KeyStore, client: Client, clock: Clock) -> None:
        self._store = store
        self._client = client
        self._clock = clock
        self._failed: dict[str, float] = {}

    def changed(self, users: Iterable[str], left: Iterable[str]) -> None:
        """Note what /sync says, within the caller's transaction: who must be asked for again, who is nobody to us."""
        for user in users:
            self._store.write("UPDATE followed SET stale = 1 WHERE user = ?", user)
            self._failed.pop(user, None)
        for user in left:
            self._store.write("DELETE FROM followed WHERE user = ?", user)

    def begin_anew(self) -> None:
        """Nobody told us of changes for a while."""
        self._store.write("UPDATE followed SET stale = 1")

    async def refresh(self, users: Iterable[str]) -> None:
        """Ask for the devices of whom we do not know them, or not any more."""
        known = {user for (user,) in self._store.rows("SELECT user FROM followed WHERE stale = 0")}
        missing = sorted(user for user in set(users) - known if not self._gave_up(user))
        for some in _groups(missing, _USERS):
            answer = await self._client.call(calls.keys_query(some))
            with self._store.change():
                self._learn(some, answer)

    def of(self, users: Iterable[str]) -> list[Device]:
        """The devices there are, of these people."""
        rows = (self._store.rows(_DEVICES + "WHERE user = ? AND gone = 0 ORDER BY id", user) for user in sorted(users))
        return [_device(row) for found in rows for row in found]

    def owner(self, user: str, curve: str) -> Device | None:
        """A user's device with this identity key."""
        found = self._store.rows(_DEVICES + "WHERE user = ? AND curve = ?", user, curve)
        return _device(found[0]) if found else None

    def _learn(self, users: Sequence[str], answer: Mapping[str, Any]) -> None:
        for user in users:
            if user in part(answer, "device_keys"):
                self._replace(user, list(devices(user, answer)))
            else:
                self._failed[user] = self._clock.monotonic()

    def _replace(self, user: str, found: Sequence[Device]) -> None:
        self._store.write("UPDATE device SET gone = 1 WHERE user = ?", user)
        self._store.write("INSERT OR REPLACE INTO followed (user, stale) VALUES (?, 0)", user)
        for device in found:
            self._store.write(
                "INSERT INTO device (user, id, curve, ed25519, gone) VALUES (?, ?, ?, ?, 0)"
                " ON CONFLICT DO UPDATE SET gone = 0 WHERE ed25519 = excluded.ed25519 AND curve = excluded.curve",
                device.user, device.id, device.curve, device.ed25519,
            )  # fmt: skip
            if self._store.rows("SELECT 1 FROM device WHERE user = ? AND id = ? AND gone = 1", user, device.id):
                _log.warning("a device that came back with other keys is not written to", device=device.id)

    def _gave_up(self, user: str) -> bool:
        failed = self._failed.get(user)
        return failed is not None and self._clock.monotonic() - failed < _AGAIN_SECONDS


_DEVICES = "SELECT user, id, curve, ed25519 FROM device "


def _device(row: tuple[Any, ...]) -> Device:
    user, name, curve, ed25519 = row
    return Device(user=user, id=name, curve=curve, ed25519=ed25519)


def _groups(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (items[start : start + size] for start in range(0, len(items), size))
