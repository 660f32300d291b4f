"""`qantara check`: everything wrong with the configuration, and, live, what each account says."""

import asyncio
import sys
from collections.abc import Mapping
from contextlib import closing
from typing import Annotated, Any

import structlog
import typer

from bridge import logs
from bridge.chance import SystemChance
from bridge.cli.asking import NOT_WELL, NoDaemon, ask
from bridge.cli.options import DEFAULT_CONFIG, ConfigFile, read_config
from bridge.cli.probe import Report, probe_all
from bridge.config import Config
from bridge.errors import BridgeError
from bridge.registry import installed
from bridge.store.keys import keys_of
from bridge.store.sqlite import SqliteStore

logger = structlog.get_logger()
Live = Annotated[
    bool,
    typer.Option("--live", help="Also log in to every account, enter its rooms, and say what it sees."),
]


def check(config: ConfigFile = DEFAULT_CONFIG, live: Live = False) -> None:
    """Say everything that is wrong with the configuration (exit status 2), each with its line.

    With --live every account logs in, enters the rooms that the links name, and logs out again; nothing is taken from
    a platform and nothing is written there. Where the daemon runs already, it is asked instead.
    Exit status 1 when an account or a room cannot be reached.
    """
    read = read_config(config)
    for warning in read.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    print(f"{config}: {len(read.accounts)} accounts and {len(read.links)} links, no fault")
    if live:
        mask = logs.Mask(read.secrets)
        logs.configure(mask, logs.Format.AUTO, logs.Level.WARNING)
        raise typer.Exit(_live(read, mask))


def _live(config: Config, mask: logs.Mask) -> int:
    try:
        _, status = ask(config.store.path, "GET", "/status")
    except NoDaemon:
        return _probed(config, mask)
    return _running(status)


def _probed(config: Config, mask: logs.Mask) -> int:
    reports = _reports(config)
    for report in reports:
        for line in _lines(config, report):
            print(mask.value(line))
    return NOT_WELL if any(report.faults for report in reports) else 0


def _reports(config: Config) -> list[Report]:
    """Probe on the store's positions, where there is a store: then no other process can take it meanwhile."""
    if not config.store.path.exists():
        return asyncio.run(probe_all(config, installed(), None))
    try:
        store = SqliteStore(config.store.path, SystemChance(), keys=keys_of(config.store))
    except BridgeError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(NOT_WELL) from None
    with closing(store):
        return asyncio.run(probe_all(config, installed(), store))


def _lines(config: Config, report: Report) -> list[str]:
    connector = config.accounts[report.account].connector
    who = f"{report.account} ({connector}): " + (f"logged in as {report.me.name}" if report.me else "not logged in")
    notes = {room.name: room.note for room in report.seen if room.note}
    entered = [f"  room {name}: entered{'; ' + notes[name] if name in notes else ''}" for name in report.entered]
    sees = [f"  sees {len(report.seen)} rooms: `qantara rooms {report.account}` lists them"] if report.seen else []
    found = [f"  {one.grade}: {one.where}: {one.what}" for one in report.findings]
    return [who, *entered, *(f"  {fault}" for fault in report.faults), *sees, *found]


def _running(status: Mapping[str, Any]) -> int:
    """The daemon's own words: logging in a second time would disturb it."""
    print("the daemon is running; it says:")
    for name, account in status["accounts"].items():
        print(f"{name} ({account['connector']}): {account['state']}", account["last_error"] or "")
    rooms = [room for room in status["rooms"] if room["configured"]]
    for room in rooms:
        print(f"  room {room['room']}: {room['held'] or ('open' if room['entered'] else 'not entered')}")
    good = all(account["state"] == "up" for account in status["accounts"].values())
    return 0 if good and all(room["entered"] and not room["held"] for room in rooms) else NOT_WELL
