"""The store's place on the disk: space, file system, owners and modes."""

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from bridge.findings import Finding, Grade

_MIB = 1 << 20
_FEW_FILES = 1000
_LONG_LOG = 256 * _MIB
_OTHERS = 0o077
_OTHERS_WRITE = 0o022
_OVER_THE_NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ncpfs", "vboxsf", "fuse.sshfs"})
"""Where SQLite's locks or syncs are not to be trusted (sqlite.org, How To Corrupt, 2.1)."""
_IN_MEMORY = frozenset({"tmpfs", "ramfs"})
_MOUNTS = Path("/proc/self/mountinfo")


class Entry(Struct, frozen=True, kw_only=True):
    """A file or a directory that exists: permission bits, owner's number, bytes, time of the last write."""

    path: Path
    mode: int
    owner: int
    size: int
    written: float


class Place(Struct, frozen=True, kw_only=True):
    """What was seen; `folder` is the store's directory or the nearest that exists, `free_files` None where endless."""

    path: Path
    folder: Entry
    store: Entry | None
    log: Entry | None
    free_bytes: int
    free_files: int | None
    file_system: str
    writable: bool
    user: int


def look(path: Path) -> Place:
    """See where the store is, or will be."""
    path = path.absolute()
    folder = next(one for one in path.parents if one.is_dir())
    numbers = os.statvfs(folder)
    return Place(
        path=path, folder=_existing(folder), store=_entry(path), log=_entry(path.with_name(path.name + "-wal")),
        free_bytes=shutil.disk_usage(folder).free, free_files=numbers.f_favail if numbers.f_files else None,
        file_system=file_system(folder.resolve(), _MOUNTS.read_text() if _MOUNTS.exists() else ""),
        writable=os.access(folder, os.W_OK | os.X_OK), user=os.geteuid(),
    )  # fmt: skip


def _existing(path: Path) -> Entry:
    seen = path.stat()
    return Entry(
        path=path, mode=stat.S_IMODE(seen.st_mode), owner=seen.st_uid, size=seen.st_size, written=seen.st_mtime
    )


def _entry(path: Path) -> Entry | None:
    try:
        return _existing(path)
    except OSError:
        return None


def file_system(path: Path, mounts: str) -> str:
    """The type of the file system that a path lies on, from the text of /proc/self/mountinfo; "" when unknown."""
    best, kind = "", ""
    for line in mounts.splitlines():
        before, dash, after = line.partition(" - ")
        fields = before.split()
        point = fields[4].encode().decode("unicode_escape") if dash and len(fields) > 4 else ""  # noqa: PLR2004 - proc(5)
        inside = bool(point) and (path == Path(point) or Path(point) in path.parents)
        if inside and len(point) >= len(best):
            best, kind = point, after.split()[0]
    return kind


def judged(place: Place, min_free_mib: int) -> Iterator[Finding]:
    """What is wrong with the place."""
    yield from _space(place, min_free_mib)
    yield from _kind(place)
    yield from _access(place)
    yield from _modes(place)


def _space(place: Place, min_free_mib: int) -> Iterator[Finding]:
    where, free = str(place.folder.path), place.free_bytes // _MIB
    store = place.store.size // _MIB if place.store else 0
    if free < min_free_mib:
        what = f"{free} MiB are free, and with less than {min_free_mib} nothing is accepted (store.min_free_mib)"
        yield Finding(grade=Grade.FAULT, where=where, what=what, remedy=f"make room: du -xh {where} | sort -h | tail")
    elif free < min_free_mib + store:
        what = (
            f"{free} MiB are free: not enough for a copy of the store ({store} MiB) above the limit of {min_free_mib}"
        )
        yield Finding(where=where, what=what, remedy=f"make room: du -xh {where} | sort -h | tail")
    if place.free_files is not None and place.free_files < _FEW_FILES:
        what = f"the file system can hold only {place.free_files} more files"
        yield Finding(where=where, what=what, remedy=f"remove small files: du -x --inodes {where} | sort -n | tail")
    if place.log is not None and place.log.size > _LONG_LOG:
        what = f"the store's log has {place.log.size // _MIB} MiB: it is not brought back into the store"
        yield Finding(where=str(place.log.path), what=what, remedy="stop the bridge in order and start it again")


def _kind(place: Place) -> Iterator[Finding]:
    where, kind = str(place.folder.path), place.file_system
    if kind in _OVER_THE_NETWORK:
        what = f"the store lies on {kind}, where SQLite's locks and syncs cannot be trusted: it may be damaged"
        yield Finding(grade=Grade.FAULT, where=where, what=what, remedy="set `store.path` to a disk of this machine")
    if kind in _IN_MEMORY:
        what = f"the store lies on {kind}: everything in it is gone when the machine starts again"
        yield Finding(where=where, what=what, remedy="set `store.path` to a disk")


def _access(place: Place) -> Iterator[Finding]:
    if not place.writable:
        what = "you may not write here, or the file system is read-only"
        remedy = f"run `qantara doctor` as the user that the bridge runs as, or: chown -R USER {place.folder.path}"
        yield Finding(grade=Grade.FAULT, where=str(place.folder.path), what=what, remedy=remedy)
    folder = place.folder if place.folder.path == place.path.parent else None
    owners = {entry.owner for entry in (folder, place.store, place.log) if entry is not None}
    if len(owners) > 1:
        what = "the store and its directory belong to different users: one of them cannot write"
        remedy = f"chown -R USER {place.path.parent}, where USER is whom the bridge runs as"
        yield Finding(grade=Grade.FAULT, where=str(place.path), what=what, remedy=remedy)
    elif owners and place.user not in {*owners, 0}:
        what = "the store belongs to another user than you are"
        yield Finding(
            where=str(place.path), what=what, remedy="run `qantara doctor` as the user that the bridge runs as"
        )


def _modes(place: Place) -> Iterator[Finding]:
    for entry in (place.store, place.log):
        if entry is not None and entry.mode & _OTHERS:
            what = f"its mode is {entry.mode:04o}: other users of this machine can open it"
            yield Finding(where=str(entry.path), what=what, remedy=f"chmod 600 {entry.path}")
    folder = place.folder
    if folder.path == place.path.parent and place.store is not None and folder.mode & _OTHERS:
        what = f"its mode is {folder.mode:04o}: other users of this machine can look into the store's directory"
        yield Finding(where=str(folder.path), what=what, remedy=f"chmod 700 {folder.path}")


def configuration(path: Path) -> Iterator[Finding]:
    """Whether others may change the configuration file."""
    entry = _existing(path)
    if entry.mode & _OTHERS_WRITE:
        what = f"its mode is {entry.mode:04o}: other users can change what the bridge does"
        yield Finding(grade=Grade.FAULT, where=str(path), what=what, remedy=f"chmod go-w {path}")
