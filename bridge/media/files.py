"""Files on disk under random names: written piece by piece, synced before anything points to them, read the same way.

A name tells nothing of what is inside and is never used twice: nothing has to be counted, nothing can be mixed up.
"""

import hashlib
import os
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from bridge.media.disk import Disk
from bridge.media.sealing import HEAD, PIECE, SEALED_PIECE, Opener, Sealer, Sealing
from bridge.store.vault import VaultError

HEADER_BYTES = 4096
_NAME_CHARACTERS = 32
_SEALED = ".sealed"


class Written(Struct, frozen=True):
    """What stands on disk now: `header` are its first bytes, for telling what it is."""

    id: str
    size: int
    sha256: str
    header: bytes


class Writing:
    """One file being written. Ends with `finish` or `discard`."""

    def __init__(self, path: Path, disk: Disk, sealing: Sealing | None) -> None:
        self._path, self._disk = path, disk
        self._head, self._sealer = _unsealed() if sealing is None else sealing.sealer(path.name)
        self._file: BinaryIO | None = None
        self._hash = hashlib.sha256()
        self._buffer = bytearray()
        self._header = b""
        self.size = 0
        self._finished = False

    @property
    def name(self) -> str:
        """What the file is called on disk."""
        return self._path.name

    async def write(self, piece: bytes) -> None:
        """Take the next bytes; they reach the disk in larger pieces."""
        self.size += len(piece)
        if len(self._header) < HEADER_BYTES:
            self._header += piece[: HEADER_BYTES - len(self._header)]
        self._buffer += piece
        if len(self._buffer) > 4 * PIECE:
            ready = len(self._buffer) - 1 - (len(self._buffer) - 1) % PIECE
            taken, self._buffer = bytes(self._buffer[:ready]), self._buffer[ready:]
            await self._disk.do(self._put, taken)

    async def finish(self) -> Written:
        """Write what is left and sync file and directory."""
        await self._disk.do(self._end, bytes(self._buffer))
        self._finished = True
        return Written(self._path.name, self.size, self._hash.hexdigest(), self._header)

    def discard(self) -> None:
        """Nothing stays of it, unless it is finished."""
        if self._finished:
            return
        if self._file is not None:
            self._file.close()
        self._path.unlink(missing_ok=True)

    def _opened(self) -> BinaryIO:
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            self._file = os.fdopen(descriptor, "wb", buffering=0)
            self._file.write(self._head)
        return self._file

    def _put(self, data: bytes) -> None:
        """Whole pieces, none of them the last."""
        self._hash.update(data)
        file, sealer = self._opened(), self._sealer
        if sealer is None:
            file.write(data)
            return
        for start in range(0, len(data), PIECE):
            file.write(sealer.seal(data[start : start + PIECE]))

    def _end(self, data: bytes) -> None:
        whole = max(0, len(data) - 1) // PIECE * PIECE
        self._put(data[:whole])
        self._hash.update(data[whole:])
        file, last = self._opened(), data[whole:]
        file.write(last if self._sealer is None else self._sealer.seal(last, b"\1"))
        os.fsync(file.fileno())
        file.close()
        _sync_directory(self._path.parent)


class Files:
    """The directory of files; made on first use. `draw` makes names nobody can guess."""

    def __init__(self, directory: Path, disk: Disk, draw: Callable[[int], str], sealing: Sealing | None = None) -> None:
        self.directory, self._disk, self._draw, self._sealing = directory, disk, draw, sealing

    def begin(self) -> Writing:
        """A new file."""
        name = self._draw(_NAME_CHARACTERS) + (_SEALED if self._sealing else "")
        return Writing(self.directory / name, self._disk, self._sealing)

    async def read(self, name: str) -> AsyncIterator[bytes]:
        """The bytes of a file, in pieces. Raises FileNotFoundError; `VaultError` for a sealed one without its key."""
        file = await self._disk.do(open, self.directory / name, "rb", 0)
        try:
            if not name.endswith(_SEALED):
                while piece := await self._disk.do(file.read, PIECE):
                    yield piece
                return
            opener = await self._opener(name, file)
            piece = await self._disk.do(file.read, SEALED_PIECE)
            while piece:
                after = await self._disk.do(file.read, SEALED_PIECE)
                yield opener.open(piece, b"\0" if after else b"\1")
                piece = after
        finally:
            file.close()

    async def _opener(self, name: str, file: BinaryIO) -> Opener:
        if self._sealing is None:
            raise VaultError("a file is sealed, and there is no store.key")
        return self._sealing.opener(name, await self._disk.do(file.read, HEAD))

    def has(self, name: str) -> bool:
        """Whether it is there."""
        return (self.directory / name).exists()

    def names(self) -> frozenset[str]:
        """Every file there is."""
        with suppress(FileNotFoundError):
            return frozenset(path.name for path in self.directory.iterdir())
        return frozenset()

    def remove(self, names: frozenset[str]) -> None:
        """Delete files; one that is gone already is no error."""
        for name in names:
            (self.directory / name).unlink(missing_ok=True)

    def size(self) -> int:
        """Bytes of all files together."""
        total = 0
        for name in self.names():
            with suppress(FileNotFoundError):
                total += (self.directory / name).stat().st_size
        return total


def _unsealed() -> tuple[bytes, Sealer | None]:
    return b"", None


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


__all__ = ["Files", "Sealer", "Writing", "Written"]
