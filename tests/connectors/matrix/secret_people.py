"""People whose clients encrypt: matrix-nio's own client, so that two implementations must understand each other."""

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nio import AsyncClient, AsyncClientConfig, MegolmEvent, RoomMessagesResponse, RoomSendResponse, SyncResponse

_ROOM_FILTER = {"room": {"timeline": {"limit": 200}}}
_acts = itertools.count(1)


class SecretPerson:
    """One person's client, over the emulator or a real homeserver; `credentials` are id, token and device."""

    def __init__(self, address: str, credentials: tuple[str, str, str], folder: Path) -> None:
        user, token, device = credentials
        folder.mkdir(parents=True, exist_ok=True)
        settings = AsyncClientConfig(store_sync_tokens=False, encryption_enabled=True, max_limit_exceeded=0)
        self.client = AsyncClient(address, user, device_id=device, store_path=str(folder), config=settings)
        self.client.restore_login(user, device, token)
        self.user = user

    async def close(self) -> None:
        await self.client.close()
        if self.client.store is not None:
            self.client.store.database.close()

    async def catch_up(self) -> None:
        """Take in what is new, and give the homeserver what it needs of us."""
        answer = await self.client.sync(timeout=0, sync_filter=_ROOM_FILTER, full_state=self.client.next_batch is None)
        assert isinstance(answer, SyncResponse), answer
        if self.client.should_upload_keys:
            await self.client.keys_upload()
        if self.client.should_query_keys:
            await self.client.keys_query()
        await self.client.send_to_device_messages()

    async def say(self, room: str, content: Mapping[str, Any], kind: str = "m.room.message") -> str:
        """A message, encrypted for everybody in the room."""
        await self.catch_up()
        key = f"person{next(_acts)}"
        answer = await self.client.room_send(room, kind, dict(content), tx_id=key, ignore_unverified_devices=True)
        assert isinstance(answer, RoomSendResponse), answer
        return str(answer.event_id)

    def forget_session(self, room: str) -> None:
        """Write the next message under a key that nobody has yet."""
        self.client.olm.outbound_group_sessions.pop(room, None)

    async def events(self, room: str) -> list[dict[str, Any]]:
        """Everything in a room, decrypted where this client can, oldest first; what it cannot read stays encrypted."""
        await self.catch_up()
        answer = await self.client.room_messages(room, limit=500)
        assert isinstance(answer, RoomMessagesResponse), answer
        return [self._seen(event, room) for event in reversed(answer.chunk)]

    def _seen(self, event: Any, room: str) -> dict[str, Any]:  # noqa: ANN401  nio has no types
        source: dict[str, Any] = event.source
        if not isinstance(event, MegolmEvent):
            return source
        event.room_id = room
        try:
            plain = self.client.decrypt_event(event)
        except Exception:  # noqa: BLE001  nio raises many kinds, and each means that this person cannot read it
            return source
        return {**source, **plain.source}
