"""Files of the emulated Messenger: what pages upload, what people attach, and the server that gives them out."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import aiohttp
from msgspec import Struct

from bridge.clock import Clock
from bridge.events import Kind
from bridge.testing.holdings import Filed
from connectors.messenger.emulator_rules import TYPES, Json, Limits, bad

_OF: Final = {
    Kind.IMAGE: "image", Kind.VIDEO: "video", Kind.AUDIO: "audio", Kind.VOICE: "audio", Kind.FILE: "file",
    Kind.STICKER: "sticker",
}  # fmt: skip
SIGNED: Final = "oh=0123456789abcdef&oe=6800"
"""What stands behind the address of a file: without it nothing is given."""
_STICKER: Final = 767226160478561
_FETCH: Final = aiohttp.ClientTimeout(total=10)


class Part(Struct, frozen=True):
    """A file inside of a request."""

    name: str
    mime: str
    data: bytes


class Upload(Struct, frozen=True):
    """A file that may be sent by its id, as one type only."""

    type: str
    name: str
    mime: str
    data: bytes


class Given(Struct, frozen=True):
    """A file of a person: its address ends some days later."""

    name: str
    data: bytes
    until: datetime


class Files:
    """All files of the server: `uploads` by id, `given` by number."""

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self.uploads: dict[str, Upload] = {}
        self.given: list[Given] = []
        self.address = ""
        self.uploaded = 0

    def take(self, kind: str, part: Part) -> str:
        """Keep what a page uploaded, under a new id."""
        upload = self.checked(kind, part)
        self.uploaded += 1
        ident = str(1857777774821000 + self.uploaded)
        self.uploads[ident] = upload
        return ident

    def checked(self, kind: str, part: Part) -> Upload:
        """The file, if it is one of this type and not too big."""
        most = self._limits.image_bytes if kind == "image" else self._limits.other_bytes
        if len(part.data) > most:
            raise bad("Attachment size exceeds allowable limit", 2018109)
        if not part.data or (kind != "file" and not part.mime.startswith(f"{kind}/")):
            raise bad("Failed to upload: the MIME type does not match the attachment type", 2018047)
        return Upload(kind, part.name, part.mime, part.data)

    def named(self, kind: str, ident: object) -> Upload:
        """What was uploaded before, as the same type."""
        upload = self.uploads.get(str(ident))
        if upload is None or upload.type != kind:
            raise bad("The attachment id is invalid or belongs to another page", 2018074)
        return upload

    async def fetched(self, kind: str, address: object) -> Upload:
        """What Meta fetches by itself."""
        try:
            async with aiohttp.ClientSession(timeout=_FETCH) as session, session.get(str(address)) as answer:
                if answer.status == 200:
                    name = str(address).rpartition("/")[2]
                    return self.checked(kind, Part(name, answer.content_type, await answer.read()))
        except (aiohttp.ClientError, TimeoutError, ValueError):
            pass
        raise bad("Failed to fetch the file from the url", 2018008)

    def attach(self, one: Filed) -> Json:
        """What a webhook tells of a file that a person sent."""
        number = len(self.given)
        name = f"audioclip-{number}.ogg" if one.kind is Kind.VOICE else one.name or f"file-{number}"
        until = self._clock.now() + timedelta(days=self._limits.file_days)
        self.given.append(Given(name, one.data, until))
        payload: Json = {"url": f"{self.address}/cdn/{number}/{name}?{SIGNED}"}
        if one.kind is Kind.STICKER:
            payload["sticker_id"] = _STICKER
        return {"type": _OF[one.kind], "payload": payload}

    def at(self, number: str, name: str) -> bytes | None:
        """The bytes behind an address; None once it has ended."""
        if not number.isdecimal() or int(number) >= len(self.given):
            return None
        found = self.given[int(number)]
        return found.data if found.name == name and found.until > self._clock.now() else None


def album(uploads: Sequence[Upload], mid: str) -> tuple[Filed, ...]:
    """The files of a page's message as a reader has them."""
    together = mid if len(uploads) > 1 else ""
    return tuple(
        Filed(kind=TYPES[one.type], data=one.data, name=one.name, mime=one.mime, album=together) for one in uploads
    )
