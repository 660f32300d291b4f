"""The rooms a bot was seen in, kept over restarts: Telegram gives bots no list of them."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Final

import msgspec
import structlog
from telegram import Chat, ChatFullInfo

from bridge import Host, RoomInfo
from connectors.telegram.membership import PRIVACY, info

_LIFE: Final = timedelta(days=3650)
_MOST: Final = 1000


class Seen:
    """`entered` are those of the configuration that were entered in this run, by number of the chat."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._rooms: dict[str, RoomInfo] = {}
        self.entered: dict[str, RoomInfo] = {}
        self._log = structlog.get_logger().bind(account=host.account)

    @property
    def rooms(self) -> Sequence[RoomInfo]:
        """All of them, by title."""
        return sorted(self._rooms.values(), key=lambda room: room.title)

    async def recall(self) -> None:
        """As they were before a restart."""
        known = await self._host.recall("rooms")
        with suppress(msgspec.MsgspecError):  # only a list of rooms to show; it must not keep us from logging in
            for room in msgspec.json.decode(known, type=list[RoomInfo]) if known else ():
                self._rooms.setdefault(room.name, room)

    async def enter(self, chat: Chat | ChatFullInfo, remark: str) -> None:
        """A room was entered; `remark` is what keeps the bot from hearing or speaking there."""
        self.entered[str(chat.id)] = info(chat, remark)
        if remark == PRIVACY and not any(room.note == PRIVACY for room in self._rooms.values()):
            self._log.warning("telegram bot does not see the group's messages", room=str(chat.id), way_out=PRIVACY)
        await self._add([info(chat, remark)])

    async def learn(self, chats: Iterable[Chat]) -> None:
        """Something happened in these chats."""
        await self._add([info(chat, "") for chat in chats if str(chat.id) not in self._rooms])

    async def _add(self, found: Sequence[RoomInfo]) -> None:
        fresh = {room.name: room for room in found if self._rooms.get(room.name) != room}
        if not fresh or len(self._rooms) >= _MOST:
            return
        self._rooms |= fresh
        await self._host.remember("rooms", msgspec.json.encode(list(self._rooms.values())).decode(), _LIFE)
