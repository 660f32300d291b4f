"""Files on a homeserver: they come and go in pieces, and each is uploaded once."""

import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from datetime import timedelta
from hmac import compare_digest
from urllib.parse import quote

import msgspec

from bridge.connector import Host
from bridge.errors import Feature, Rejected, RoomClosed, Unauthorized, Unavailable, Unsupported
from bridge.events import Attachment, File
from connectors.matrix import calls
from connectors.matrix.client import Client
from connectors.matrix.content_fields import words
from connectors.matrix.errors import AlreadyThere, Unknown
from connectors.matrix.files import Placed
from connectors.matrix.sealing import KEY_BYTES, NONCE_BYTES, Handle, Sealer, packed, sealer, text, unpacked

_ADDRESS = re.compile(r"mxc://([^/?#\s]+)/([^/?#\s]+)")
_KEPT = timedelta(days=7)
"""How long an upload is used again: homeservers may throw old media away."""
_SEALED_MIME = "application/octet-stream"


class Media:
    """The files of one account."""

    def __init__(self, client: Client, host: Host) -> None:
        self._client = client
        self._host = host

    async def most_bytes(self) -> int | None:
        """The largest upload that the homeserver takes; None where it does not say."""
        try:
            answer = await self._client.call(calls.media_config())
        except Unknown:
            answer = await self._client.call(calls.media_config(old=True))
        size = answer.get("m.upload.size")
        return size if isinstance(size, int) and not isinstance(size, bool) and size > 0 else None

    async def fetched(self, attachment: Attachment) -> AsyncGenerator[bytes, None]:
        """The bytes of what somebody attached. `Rejected` for what is not there, or is not what its message says."""
        try:
            handle = unpacked(attachment.source)
            opened = sealer(handle) if handle.key else None
        except ValueError as error:
            raise Rejected("the file cannot be opened: its key is none") from error
        async with aclosing(self._pieces(handle.url)) as pieces:
            async for piece in pieces:
                yield opened.open(piece) if opened else piece
        if opened and not compare_digest(opened.digest.encode(), handle.sha256.encode("utf-8", "replace")):
            raise Rejected("the file was changed on its way")

    async def uploaded(self, file: File, *, sealed: bool) -> Handle:
        """Where the file is on the homeserver, uploaded where it is not: once for each content.

        Raises `Unsupported` where the homeserver does not take it, `Unavailable` where it cannot now: the message
        that it belongs to was not sent in either case.
        """
        name = f"{'sealed' if sealed else 'file'} {file.sha256}"
        known = await self._host.recall(name)
        if known is not None:
            return unpacked(known)
        try:
            handle = await self._begun(name, file, sealed=sealed)
        except Unauthorized:
            raise
        except (Rejected, RoomClosed) as error:
            raise Unsupported(Feature.ATTACHMENT, f"the homeserver does not take the file: {error}") from error
        except Unavailable as error:
            why = f"the file cannot be uploaded: {error}"
            raise Unavailable(why, retry_after=error.retry_after, scope=error.scope) from error
        await self._host.remember(name, packed(handle), _KEPT)
        return handle

    async def placed(self, file: File, *, sealed: bool) -> Placed:
        """The same, with its thumbnail; a homeserver that takes no thumbnail still gets the file."""
        small = None
        if file.thumbnail is not None:
            with suppress(Unsupported):
                small = await self.uploaded(file.thumbnail, sealed=sealed)
        return Placed(await self.uploaded(file, sealed=sealed), small)

    async def _begun(self, name: str, file: File, *, sealed: bool) -> Handle:
        """Upload to an address that is noted first, so that a try whose answer was lost is not a second file."""
        try:
            handle = await self._place(f"place {name}", sealed=sealed)
        except Unknown:  # the homeserver is older than 1.7
            handle = self._fresh("", sealed=sealed)
            return await self._sent(handle, file)
        try:
            return await self._sent(handle, file)
        except AlreadyThere:
            return await self._summed(handle, file)

    async def _place(self, name: str, *, sealed: bool) -> Handle:
        known = await self._host.recall(name)
        if known is not None:
            return msgspec.json.decode(known, type=Handle)
        url = words(await self._client.call(calls.media_create()), "content_uri")
        if not _ADDRESS.fullmatch(url):
            raise Unavailable("the homeserver gives no place for a file")
        handle = self._fresh(url, sealed=sealed)
        await self._host.remember(name, msgspec.json.encode(handle).decode(), timedelta(hours=1))
        return handle

    def _fresh(self, url: str, *, sealed: bool) -> Handle:
        if not sealed:
            return Handle(url=url)
        key, nonce = self._host.chance.raw(KEY_BYTES), self._host.chance.raw(NONCE_BYTES)
        return Handle(url=url, key=text(key), iv=text(nonce + bytes(NONCE_BYTES)))

    async def _sent(self, handle: Handle, file: File) -> Handle:
        opened = sealer(handle) if handle.key else None
        mime = _SEALED_MIME if opened else file.mime
        call = calls.media_upload(*_parted(handle.url), "" if opened else file.name)
        answer = await self._client.send_stream(call, self._read(file, opened), file.size, mime)
        url = handle.url or words(answer, "content_uri")
        if not _ADDRESS.fullmatch(url):
            raise Unavailable("the homeserver does not say where it put the file")
        return msgspec.structs.replace(handle, url=url, sha256=opened.digest if opened else "")

    async def _summed(self, handle: Handle, file: File) -> Handle:
        """What an earlier try has uploaded, under the same key."""
        if not handle.key:
            return handle
        opened = sealer(handle)
        async for _ in self._read(file, opened):
            pass
        return msgspec.structs.replace(handle, sha256=opened.digest)

    async def _read(self, file: File, opened: Sealer | None) -> AsyncIterator[bytes]:
        async for piece in self._host.read(file):
            yield opened.seal(piece) if opened else piece

    async def _pieces(self, url: str) -> AsyncGenerator[bytes, None]:
        if not _ADDRESS.fullmatch(url):
            raise Rejected("the file has no address on a homeserver")
        try:
            async with aclosing(self._client.stream(calls.media_download(*_parted(url)))) as pieces:
                async for piece in pieces:
                    yield piece
        except Unknown:  # the homeserver is older than 1.11
            async with aclosing(self._client.stream(calls.media_download(*_parted(url), old=True))) as pieces:
                async for piece in pieces:
                    yield piece
        except RoomClosed as error:
            raise Rejected(f"the homeserver does not give the file: {error}") from error


def _parted(url: str) -> tuple[str, str]:
    """Server and id of an `mxc` address, quoted for a path; empty for none."""
    found = _ADDRESS.fullmatch(url)
    return (quote(found[1], safe=""), quote(found[2], safe="")) if found else ("", "")
