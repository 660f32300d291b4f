"""A disk in memory for the store that ships: its power can be cut, it can be full, fail, be read-only or damaged.

SQLite reaches it as a file layer: `SqliteStore(path, chance, vfs=disk.name)`. What is written counts as held by the
machine, what is synced as held by the disk; `cut` throws the former away as a seeded chance decides, `kill` does not.
The directory behaves likewise: a new or deleted name is certain only once the directory is synced, which SQLite does
with the first sync of a new journal or log. Facts of the layer: https://sqlite.org/c3ref/io_methods.html
"""

from collections import Counter
from errno import ENOSPC
from itertools import count
from typing import TypeAlias

import apsw

from bridge.chance import Chance
from bridge.testing.disk_content import SECTOR, Content, Loss

_NUMBERS = count()
_JOURNALS = apsw.SQLITE_OPEN_MAIN_JOURNAL | apsw.SQLITE_OPEN_SUPER_JOURNAL | apsw.SQLITE_OPEN_WAL
_MOODS = (Loss.ALL, Loss.LAST, Loss.ANY, Loss.ANY, Loss.NONE)
Name: TypeAlias = str | apsw.URIFilename | None


class Disk(apsw.VFS):
    """One disk, registered with SQLite under `name` as long as it lives.

    Set `capacity` (bytes, None: endless), `failing_syncs`, `failing_sync_of` (the path of one file), `failing_writes`
    or `read_only` at any moment. After `cut` and `kill` every file that was open is dead: it raises `apsw.IOError`,
    closing it does nothing; open the store anew.
    """

    def __init__(self, chance: Chance, *, capacity: int | None = None) -> None:
        self.name = f"disk{next(_NUMBERS)}"
        self.capacity = capacity
        self.failing_syncs = self.failing_writes = self.read_only = False
        self.failing_sync_of: str | None = None
        self.life = 0
        """How often the power was cut or the process killed."""
        self.steps = 0
        """Writes, changes of size, deletions and syncs so far: the moments at which the power can be cut."""
        self.tally: Counter[str] = Counter()
        """What happened: cuts, syncs, writes kept, lost and torn, names lost, refusals."""
        self._chance = chance
        self._cut_at: int | None = None
        self._names: dict[str, Content] = {}
        self._synced_names: dict[str, Content] = {}
        self._renamed: list[tuple[str, Content | None]] = []
        self._locks: dict[Content, dict[OpenFile, int]] = {}
        super().__init__(self.name, "")

    # --- what a test does to it ---

    def cut(self, loss: Loss | None = None) -> None:
        """Cut the power now and switch it on again. Without `loss` chance decides what becomes of unsynced writes."""
        loss = loss or _MOODS[int(self._chance.fraction() * len(_MOODS))]
        self._names = self._names_after_cut(loss)
        for content in self._names.values():
            content.damage(content.after_cut(loss, self._chance, self.tally))
        self._synced_names, self._renamed = dict(self._names), []
        self.tally["cuts"] += 1
        self.tally[f"cut: {loss}"] += 1
        self.kill()

    def cut_after(self, steps: int) -> None:
        """Cut the power at a write, change of size, deletion or sync: `steps` 1 is the next one."""
        self._cut_at = self.steps + steps

    def spare(self) -> None:
        """Take back a cut that is still to come."""
        self._cut_at = None

    def kill(self) -> None:
        """End the process that uses the disk: what it wrote stays written, though not synced."""
        self._locks.clear()
        self._cut_at = None
        self.life += 1

    def sync(self) -> None:
        """Make all that was written, created and deleted so far certain, as `sync` of the machine does."""
        for content in self._names.values():
            content.sync()
        self._synced_names, self._renamed = dict(self._names), []

    def read(self, path: str) -> bytes:
        """What a reader of this file sees now."""
        return bytes(self._names[path].now)

    def damage(self, path: str, content: bytes) -> None:
        """Make a file hold this, synced."""
        self._names.setdefault(path, Content()).damage(content)
        self._synced_names[path] = self._names[path]

    def flip(self, path: str, offset: int, mask: int = 0xFF) -> None:
        """Turn the bits of `mask` in one byte of a file."""
        content = bytearray(self.read(path))
        content[offset] ^= mask
        self.damage(path, bytes(content))

    def remove(self, path: str) -> None:
        """Delete a file, synced."""
        self._names.pop(path, None)
        self._synced_names.pop(path, None)

    @property
    def files(self) -> dict[str, int]:
        """Every file with its size in bytes."""
        return {path: len(content.now) for path, content in self._names.items()}

    @property
    def free(self) -> int:
        """Bytes that can still be written."""
        return (1 << 62 if self.capacity is None else self.capacity) - sum(self.files.values())

    def _names_after_cut(self, loss: Loss) -> dict[str, Content]:
        """Each name for itself: its creations and deletions are lost from some moment on."""
        names = dict(self._synced_names)
        lost: set[str] = set()
        for path, content in self._renamed:
            lost |= {path} if self._forgets(loss) else set()
            if path in lost:
                self.tally["names lost"] += 1
            elif content is None:
                names.pop(path, None)
            else:
                names[path] = content
        return names

    def _forgets(self, loss: Loss) -> bool:
        match loss:
            case Loss.NONE:
                return False
            case Loss.ALL:
                return True
            case Loss.LAST | Loss.ANY:
                return self._chance.fraction() < 0.5

    # --- what its files ask ---

    def step(self) -> None:
        """One more moment; raises when the power is cut at it."""
        self.steps += 1
        if self.steps == self._cut_at:
            self.cut()
            raise apsw.IOError("the power was cut")

    def room_for(self, growth: int) -> None:
        """Refuse what does not fit."""
        if growth and self.capacity is not None and growth > self.free:
            self.tally["full"] += 1
            raise apsw.FullError("the simulated disk is full")

    def sync_names(self, folder: str) -> None:
        """From now on a power cut changes nothing about which files this directory holds."""
        for path, content in self._renamed:
            if _folder(path) == folder and content is None:
                self._synced_names.pop(path, None)
            elif _folder(path) == folder and content is not None:
                self._synced_names[path] = content
        self._renamed = [change for change in self._renamed if _folder(change[0]) != folder]

    def locks(self, content: Content) -> "dict[OpenFile, int]":
        """Who holds which lock on a file."""
        return self._locks.setdefault(content, {})

    # --- what SQLite asks ---

    def xOpen(self, name: Name, flags: list[int]) -> "OpenFile":  # type: ignore[override]
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        flags[1] = flags[0]
        creates = path is None or path not in self._names
        if creates and (self.read_only or not flags[0] & apsw.SQLITE_OPEN_CREATE):
            raise apsw.CantOpenError("no such file on the simulated disk, and none can be made")
        if self.read_only and flags[0] & apsw.SQLITE_OPEN_READWRITE:
            flags[1] = flags[0] & ~(apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE) | apsw.SQLITE_OPEN_READONLY
        content = self._created(path) if creates else self._names[str(path)]
        return OpenFile(self, path, content, flags[0])

    def _created(self, path: str | None) -> Content:
        content = Content()
        if path is not None:
            self._names[path] = content
            self._renamed.append((path, content))
        return content

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: FBT001 - the driver's signature
        self.step()
        if self.read_only:
            raise apsw.IOError("the simulated disk is read-only")
        if self._names.pop(filename, None) is None:
            raise apsw.exception_for(apsw.SQLITE_IOERR_DELETE_NOENT)
        self._renamed.append((filename, None))
        if syncdir:
            self.sync_names(_folder(filename))

    def xAccess(self, pathname: str, flags: int) -> bool:
        return pathname in self._names and not (flags == apsw.SQLITE_ACCESS_READWRITE and self.read_only)

    def xFullPathname(self, name: str) -> str:
        return name


class OpenFile:
    """An open file of the disk; dead once the power was cut or the process killed."""

    def __init__(self, disk: Disk, path: str | None, content: Content, flags: int) -> None:
        self._disk, self._path, self._content = disk, path, content
        self._life, self._flags = disk.life, flags
        self._syncs_name = bool(flags & apsw.SQLITE_OPEN_CREATE and flags & _JOURNALS)

    def _alive(self) -> None:
        if self._life != self._disk.life:
            raise apsw.IOError("the process that opened this file is dead")

    def _changing(self) -> None:
        self._alive()
        if self._disk.read_only or self._disk.failing_writes:
            self._disk.tally["failed writes"] += 1
            raise apsw.IOError("the simulated disk takes no writes")

    def xRead(self, amount: int, offset: int) -> bytes:
        self._alive()
        return bytes(self._content.now[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:
        disk = self._disk  # nothing is asked as often: it costs a tenth of a simulated seed
        if self._life != disk.life or disk.read_only or disk.failing_writes:
            self._changing()
        if disk.capacity is not None:
            disk.room_for(self._content.growth(offset + len(data)))
        self._content.change(offset, bytes(data))
        disk.step()

    def xTruncate(self, newsize: int) -> None:
        self._changing()
        self._disk.room_for(self._content.growth(newsize))
        self._content.change(newsize, None)
        self._disk.step()

    def xSync(self, flags: int) -> None:  # noqa: ARG002 - the disk has one way to sync
        self._alive()
        self._disk.step()
        if self._disk.failing_syncs or self._disk.failing_sync_of == (self._path or ""):
            self._disk.tally["failed syncs"] += 1
            raise apsw.IOError("the simulated disk failed to sync")
        self._disk.tally["syncs"] += 1
        self._content.sync()
        if self._syncs_name and self._path is not None:
            self._disk.sync_names(_folder(self._path))
            self._syncs_name = False

    def xFileSize(self) -> int:
        self._alive()
        return len(self._content.now)

    def xLock(self, level: int) -> None:
        self._alive()
        locks = self._disk.locks(self._content)
        others = max((held for file, held in locks.items() if file is not self), default=0)
        if others >= _FORBIDDING[level]:
            raise apsw.BusyError("another connection holds the file")
        locks[self] = max(level, locks.get(self, 0))

    def xUnlock(self, level: int) -> None:
        if self._life == self._disk.life:
            self._disk.locks(self._content)[self] = level

    def xCheckReservedLock(self) -> bool:
        return any(held >= apsw.SQLITE_LOCK_RESERVED for held in self._disk.locks(self._content).values())

    def xSectorSize(self) -> int:
        return max(SECTOR, 4096)  # as the machine's own layer says, so that the store writes the same

    def xDeviceCharacteristics(self) -> int:
        return apsw.SQLITE_IOCAP_POWERSAFE_OVERWRITE  # the same

    def xFileControl(self, op: int, ptr: int) -> bool:  # noqa: ARG002 - nothing is controlled
        return False

    def xClose(self) -> None:
        self._disk.locks(self._content).pop(self, None)
        if self._flags & apsw.SQLITE_OPEN_DELETEONCLOSE and self._path is not None and self._life == self._disk.life:
            self._disk.remove(self._path)


class DiskBallast:
    """A file of ballast on the simulated disk, for `bridge.store.ballast.Ballast`."""

    def __init__(self, disk: Disk, path: str) -> None:
        self._disk, self._path = disk, path

    def free(self) -> int:
        return self._disk.free

    def size(self) -> int:
        return self._disk.files.get(self._path, 0)

    def allocate(self, size: int) -> None:
        if size > self._disk.free:
            raise OSError(ENOSPC, "the simulated disk is full")
        self._disk.damage(self._path, bytes(size))

    def remove(self) -> None:
        self._disk.remove(self._path)


_FORBIDDING = {
    apsw.SQLITE_LOCK_SHARED: apsw.SQLITE_LOCK_PENDING,
    apsw.SQLITE_LOCK_RESERVED: apsw.SQLITE_LOCK_RESERVED,
    apsw.SQLITE_LOCK_EXCLUSIVE: apsw.SQLITE_LOCK_SHARED,
}
"""The least lock of another connection that refuses each lock."""


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


__all__ = ["Disk", "DiskBallast", "Loss", "OpenFile"]
