"""`qantara restore`: a backup in the place of the store, after saying what that will do."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import apsw
import typer

from bridge.chance import SystemChance
from bridge.cli.asking import NOT_WELL, store_of
from bridge.cli.backup import NotMade, told
from bridge.cli.options import DEFAULT_CONFIG, WRONG_CONFIGURATION, ConfigFile
from bridge.clock import SystemClock
from bridge.store.backups import examined
from bridge.store.replacing import given_to, held, replace, unpack
from bridge.store.restoring import From, Outlook, Restoring, belongings, outlook

Backup = Annotated[Path, typer.Argument(metavar="FILE", help="What `qantara backup` made.")]
Where = Annotated[
    From | None,
    typer.Option("--from", help="Go on from now and skip what is old, or from the backup and send what waited in it."),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def restore(file: Backup, where: Where = None, config: ConfigFile = DEFAULT_CONFIG, yes: Yes = False) -> None:
    """Put a backup in the place of the store. The bridge must be stopped; the old store is kept aside.

    First it says what each choice would send again and skip. Without --from that is all (exit status 2); without
    --yes it asks, and where nobody can be asked nothing is done (1).
    """
    store = store_of(config)
    try:
        with told(store):
            _restored(file, store, where, yes)
    except NotMade as error:
        print(error, file=sys.stderr)
        raise typer.Exit(error.status) from None


def _restored(file: Path, store: Path, where: From | None, yes: bool) -> None:
    if not file.exists():
        raise NotMade(f"there is no {file}", NOT_WELL)
    if store.exists() and file.samefile(store):
        raise NotMade(f"{file} is the store itself: back it up, then restore that", NOT_WELL)
    store.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with held(store) as old, examined(file) as (backup, holding):
        print(_told(file, store, outlook(backup, holding, old), old))
        _agreed(where, yes)
        if where is not None:
            _put(file, store, where, (backup, old))


def _agreed(where: From | None, yes: bool) -> None:
    if where is None:
        raise NotMade("Nothing was done: say --from now or --from backup.", WRONG_CONFIGURATION)
    if yes:
        return
    if not sys.stdin.isatty():
        raise NotMade("Nothing was done: say --yes where nobody can be asked.", NOT_WELL)
    if not typer.confirm(f"Restore, and go on from {where}?"):
        raise NotMade("Nothing was done.", NOT_WELL)


def _put(file: Path, store: Path, where: From, stores: tuple[apsw.Connection, apsw.Connection | None]) -> None:
    backup, old = stores
    now = SystemClock().now()
    name = _free(store, f"replaced-{now:%Y%m%d-%H%M%S}")
    aside, accounts = store.with_name(f"{store.name}.{name}"), store.parent / "accounts"
    with _space(store.parent) as folder:
        new = folder / store.name
        shutil.copyfile(file, new)
        new.chmod(0o600)
        Restoring(new, old, SystemChance(), int(now.timestamp() * 1000)).finish(where)
        files = belongings(backup)
        unpack(files, folder / "accounts")
        given_to(store.parent, [new, folder / "accounts"] if files else [new])
        if files:
            if accounts.exists():
                accounts.rename(store.parent / f"accounts.{name}")
            (folder / "accounts").rename(accounts)
        replace(store, new, aside, old)
    print(f"{store} is the backup now" + (f"; the old store is {aside}" if aside.exists() else ""))
    print("Start the bridge. A copy of it that runs elsewhere must be stopped.")


def _free(store: Path, name: str) -> str:
    """A name under which nothing is kept aside yet."""
    again = 1
    found = name
    while store.with_name(f"{store.name}.{found}").exists():
        again += 1
        found = f"{name}-{again}"
    return found


@contextmanager
def _space(parent: Path) -> Iterator[Path]:
    """A folder beside the store for what is not whole yet."""
    folder = Path(tempfile.mkdtemp(prefix="restoring-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _told(file: Path, store: Path, found: Outlook, old: apsw.Connection | None) -> str:
    """What each choice would do, in numbers where they are known."""
    at = found.backup.at
    made = f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%d %H:%M} UTC" if at else "an unknown time"
    if found.ended is None:
        why = "it cannot be read" if old is None and store.exists() else "it is another one's"
        compared = "There is no store in its place." if not store.exists() else f"{store} cannot be compared: {why}."
    else:
        compared = f"Since then {store} accepted {found.since} messages, and {found.only_there} deliveries wait there."
    head = f"{file} is of {made} and holds {found.backup.totals.messages} messages. {compared}"
    return "\n".join((head, f"--from backup  {_from_backup(found)}", f"--from now     {_from_now(found)}"))


def _from_backup(found: Outlook) -> str:
    sent = f"sends the {found.waiting} deliveries again that waited in the backup"
    again = "what was written since comes again where the platform keeps history, and is lost elsewhere"
    if found.ended is None:
        return f"{sent}, how many of them went since is not known; {again}."
    went = f", of which {found.ended} ended since and are repeated where the platform knows no keys"
    return f"{sent}{went}; {again}: up to {found.since} messages are relayed a second time."


def _from_now(found: Outlook) -> str:
    parked = found.waiting - (found.ended or 0)
    skipped = f"parks {parked} deliveries that waited in the backup for you to decide (`qantara queue`)"
    rest = "what was written between the backup and the next start is skipped"
    if found.ended is None:
        return f"{skipped}; {rest}."
    kept = "edits of and replies to what was relayed since still find it"
    return f"{skipped}; {rest}: {found.only_there} deliveries that wait now; {kept}."
