"""`qantara backup`: a whole and checked copy of what the bridge knows, in one file, while it runs."""

import asyncio
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import apsw
import msgspec
import typer

from bridge.app import Exit
from bridge.cli.asking import NOT_WELL, NoDaemon, fetching, store_of
from bridge.cli.options import DEFAULT_CONFIG, ConfigFile
from bridge.clock import SystemClock
from bridge.http.backups import TOTALS
from bridge.store.backups import completed, copied, synced
from bridge.store.opening import StoreInUse, StoreUnreadable, StoreUnwritable
from bridge.store.questions import Totals

_MIB = 1 << 20
To = Annotated[
    Path | None,
    typer.Argument(metavar="[FILE]", help="Where to; unless told, a name with the time in `backups` beside the store."),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Take the place of a file that is there already.")]


class NotMade(Exception):
    """There is no backup, and why: a sentence and the exit status."""

    def __init__(self, why: str, status: int) -> None:
        super().__init__(why)
        self.status = status


def backup(file: To = None, config: ConfigFile = DEFAULT_CONFIG, overwrite: Overwrite = False) -> None:
    """Copy the store and the accounts' own files into one file, consistent, checked and readable by you alone.

    The running daemon is asked and goes on meanwhile; where none runs, the store is opened. The file appears when it
    is whole and on disk, not before. It holds what the store holds: messages that wait, names, native ids. Tokens and
    the configuration are not in it.
    """
    store = store_of(config)
    to = file or _default(store)
    try:
        with told(to):
            print(_made(store, to, overwrite))
    except NotMade as error:
        print(error, file=sys.stderr)
        raise typer.Exit(error.status) from None


def _default(store: Path) -> Path:
    folder = store.parent / "backups"
    if store.parent.exists():
        folder.mkdir(mode=0o700, exist_ok=True)
    return folder / f"{store.stem}-{SystemClock().now():%Y%m%d-%H%M%S}.db"


@contextmanager
def told(to: Path) -> Iterator[None]:
    """What keeps a backup from being made or read, with its exit status."""
    try:
        yield
    except StoreInUse as error:
        raise NotMade(f"{error}, or be the user that it runs as", Exit.IN_USE) from None
    except StoreUnreadable as error:
        raise NotMade(str(error), Exit.STORE_UNREADABLE) from None
    except StoreUnwritable as error:
        raise NotMade(str(error), Exit.DISK_FAILED) from None
    except (apsw.FullError, apsw.IOError, apsw.CantOpenError, OSError) as error:
        raise NotMade(f"{to} cannot be written: {error}; nothing was left behind", Exit.DISK_FAILED) from None
    except apsw.Error as error:
        raise NotMade(f"the copy is damaged and was removed: {error}", Exit.STORE_UNREADABLE) from None


def _made(store: Path, to: Path, overwrite: bool) -> str:
    if not store.exists():
        raise NotMade(f"there is no store at {store}", Exit.STORE_UNREADABLE)
    if to.exists() and not overwrite:
        raise NotMade(f"{to} is there already: choose another name, or say --overwrite", NOT_WELL)
    with _whole_or_nothing(to) as part:
        held = _taken(store, part)
        found = completed(part, store.parent / "accounts", int(SystemClock().now().timestamp() * 1000))
        if found != held:
            raise NotMade(f"the copy holds {found} and the store {held}: it was removed", Exit.STORE_UNREADABLE)
    return (
        f"{to}: {to.stat().st_size / _MIB:.1f} MiB, whole and checked; {found.messages} messages so far,"
        f" {found.waiting} deliveries wait, {found.parked} are parked"
    )


@contextmanager
def _whole_or_nothing(to: Path) -> Iterator[Path]:
    """A new file beside the one that is meant, which takes its place when all went well."""
    number, name = tempfile.mkstemp(prefix=f"{to.name}.", suffix=".part", dir=to.parent)
    os.close(number)
    part = Path(name)
    try:
        yield part
        part.replace(to)
        synced(to.parent)
    finally:
        part.unlink(missing_ok=True)
        part.with_name(f"{part.name}-journal").unlink(missing_ok=True)


def _taken(store: Path, part: Path) -> Totals:
    """Fill the file with a copy: the daemon's, or our own where none answers. What the store held."""
    try:
        status, headers, body = asyncio.run(fetching(store, "/backup", part))
    except NoDaemon:
        part.unlink()
        return copied(store, part)
    if status >= 400:  # noqa: PLR2004 - where HTTP's refusals begin
        raise NotMade(_sentence(body), NOT_WELL)
    return msgspec.json.decode(headers[TOTALS], type=Totals)


def _sentence(body: bytes) -> str:
    try:
        return str(msgspec.json.decode(body)["error"])
    except (msgspec.MsgspecError, KeyError, TypeError):
        return "the daemon refused without a reason"
