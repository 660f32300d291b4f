"""The pictures of people: had when a room first shows one, kept while the person is known, and looked for again."""

import asyncio
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Final

import structlog

from bridge.clock import Clock
from bridge.errors import BridgeError, Rejected
from bridge.events import File
from bridge.ids import AccountName, PersonNumber
from bridge.store.faces import Face, Faced, FaceOf
from bridge.store.writer import Writer

logger = structlog.get_logger()
_FRESH_MS: Final = 86_400_000
"""So long a picture counts as what its handle leads to."""
_REST_SECONDS: Final = 600.0
"""After a try that failed."""
Stored = Callable[[File], Awaitable[None]]
Get = Callable[[AccountName, str, Stored], Awaitable[None]]


class Faces:
    """`get` has a picture and, before anybody can sweep it away, gives it to be stored."""

    def __init__(self, writer: Writer, clock: Clock, group: asyncio.TaskGroup, get: Get) -> None:
        self._writer, self._clock, self._group, self._get = writer, clock, group, get
        self._under_way: dict[PersonNumber, asyncio.Task[None]] = {}
        self._failed: dict[PersonNumber, float] = {}

    async def of(self, person: PersonNumber) -> File | None:
        """Somebody's picture as far as it is here; a newer one is looked for meanwhile, and nobody waits for it."""
        face: Face | None = await self._writer.ask(FaceOf(person))
        if face is None or face.avatar is None:
            return None
        if person not in self._under_way and self._is_due(person, face):
            task = self._under_way[person] = self._group.create_task(self._have(person, face))
            task.add_done_callback(lambda _: self._under_way.pop(person, None))
        return face.file

    def _is_due(self, person: PersonNumber, face: Face) -> bool:
        if self._clock.monotonic() - self._failed.get(person, -_REST_SECONDS) < _REST_SECONDS:
            return False
        return face.source != mark(face.avatar or "") or self._now() - face.at > _FRESH_MS

    async def _have(self, person: PersonNumber, face: Face) -> None:
        source, avatar = mark(face.avatar or ""), face.avatar or ""

        async def stored(file: File | None) -> None:
            same = face.file is not None and file is not None and face.file.sha256 == file.sha256
            kept = face.file if same else file
            await self._writer.insist(Faced(person=person, source=source, file=kept, at=self._now()))

        try:
            await self._get(face.account, avatar, stored)
        except Rejected as error:
            logger.info("somebody's picture cannot be had", account=face.account, why=str(error))
            await stored(None)
        except (BridgeError, OSError, TimeoutError) as error:
            self._rest(person)
            logger.info("somebody's picture cannot be had now", account=face.account, why=type(error).__name__)
        except Exception:  # a connector's bug must not end the bridge
            self._rest(person)
            logger.exception("somebody's picture was not had", account=face.account)

    def _rest(self, person: PersonNumber) -> None:
        self._failed[person] = self._clock.monotonic()

    def _now(self) -> int:
        return int(self._clock.now().timestamp() * 1000)


def mark(avatar: str) -> str:
    """What may be known of a handle: whether it is another one."""
    return sha256(avatar.encode("utf-8", "surrogatepass")).hexdigest()[:32]
