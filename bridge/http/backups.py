"""Gives a copy of the store to the operator on the local socket, made piece by piece while the bridge goes on."""

import asyncio
from pathlib import Path

import msgspec
from aiohttp import web

from bridge.errors import Rejected
from bridge.http.audit import noted
from bridge.snapshot import Bridge
from bridge.store.questions import Copied, CopyOut, DropCopy, Totals

TOTALS = "Qantara-Totals"
"""The header that says what the store held at the moment of the copy."""
_MIB = 1 << 20


class Backups:
    """One copy at a time. It lies beside the store until it is read, and is removed by the next start at the latest."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._busy = asyncio.Lock()

    @property
    def _path(self) -> Path:
        store = self._bridge.config.store.path
        return store.with_name(f"{store.name}.copy")

    def clean(self) -> None:
        """Remove what a death left behind."""
        self._path.unlink(missing_ok=True)

    async def give(self, request: web.Request) -> web.StreamResponse:
        """The whole store, as of the moment when the copy was done."""
        if self._busy.locked():
            raise web.HTTPConflict(reason="a backup is being made already")
        async with self._busy:
            if missing := self._missing():
                why = f"no space for a copy beside the store: {missing} MiB are missing"
                raise web.HTTPInsufficientStorage(reason=why)
            return await self._given(request)

    def _missing(self) -> int:
        """MiB that a copy would take from what must stay free."""
        store, settings = self._bridge.config.store.path, self._bridge.config.store
        free = self._bridge.writer.store.ballast.free() - settings.min_free_mib * _MIB
        return max(0, store.stat().st_size - free + _MIB - 1) // _MIB

    async def _given(self, request: web.Request) -> web.StreamResponse:
        self.clean()
        try:
            held = await self._copied()
            noted(request, "backup", messages=held.messages, bytes=self._path.stat().st_size)
            response = web.FileResponse(self._path, headers={TOTALS: msgspec.json.encode(held).decode()})
            await response.prepare(request)
        except Rejected as error:
            raise web.HTTPInsufficientStorage(reason=" ".join(str(error).split())) from None
        else:
            return response
        finally:
            self._bridge.writer.tell(DropCopy())
            self.clean()

    async def _copied(self) -> Totals:
        """Ask for one piece after another: between them the store does what else it has to do."""
        while True:
            piece: Copied = await self._bridge.writer.ask(CopyOut(str(self._path)))
            if piece.totals is not None:
                return piece.totals
