"""`qantara rooms`: what an account sees, ready to paste."""

import asyncio
import json
import sys
from collections.abc import Sequence
from contextlib import closing, nullcontext
from typing import Annotated

import msgspec
import typer

from bridge import logs
from bridge.chance import SystemChance
from bridge.cli.asking import NOT_WELL, NoDaemon, ask
from bridge.cli.options import DEFAULT_CONFIG, WRONG_CONFIGURATION, ConfigFile, read_config
from bridge.cli.probe import Report, online
from bridge.config import Config
from bridge.connector import Connector, RoomInfo
from bridge.ids import AccountName
from bridge.registry import installed
from bridge.store.keys import keys_of
from bridge.store.sqlite import SqliteStore

_NO_LIST = "this connector cannot list rooms: name the room in the configuration"


def rooms(
    account: Annotated[str, typer.Argument(help="The account's name in the configuration.")],
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """List the rooms that an account sees, ready to paste below `rooms:` of a link.

    The running daemon is asked; where none runs, the account logs in for a moment.
    """
    read, name = read_config(config), AccountName(account)
    if name not in read.accounts:
        print(f"no account {account}; there are {', '.join(sorted(read.accounts))}", file=sys.stderr)
        raise typer.Exit(WRONG_CONFIGURATION)
    mask = logs.Mask(read.secrets)
    logs.configure(mask, logs.Format.AUTO, logs.Level.WARNING)
    for room in _seen(read, name, mask):
        print(mask.value(_line(account, room)))


def _line(account: str, room: RoomInfo) -> str:
    about = "; ".join(filter(None, (room.title, "" if room.kind == "group" else room.kind, room.note)))
    name = json.dumps(f"{account}/{room.name}", ensure_ascii=False)
    return f"- {name}" + (f"  # {about}" if about else "")


def _seen(config: Config, account: AccountName, mask: logs.Mask) -> Sequence[RoomInfo]:
    try:
        status, answer = ask(config.store.path, "GET", f"/rooms/{account}")
    except NoDaemon:
        found = asyncio.run(_listed(config, account))
    else:
        found = answer["error"] if status >= 400 else msgspec.convert(answer["rooms"], list[RoomInfo])  # noqa: PLR2004
    if isinstance(found, str):
        print(mask.value(f"{account}: {found}"), file=sys.stderr)
        raise typer.Exit(NOT_WELL)
    return found


async def _listed(config: Config, account: AccountName) -> Sequence[RoomInfo] | str:
    """What the account sees when it logs in for a moment; a sentence when it cannot."""
    report = Report(account)
    with (
        closing(SqliteStore(config.store.path, SystemChance(), keys=keys_of(config.store)))
        if config.store.path.exists()
        else nullcontext() as store
    ):
        async with online(config, account, installed(), store, report) as connector:
            if connector is None:
                return "; ".join(report.faults)
            if not connector.can(Connector.rooms):
                return _NO_LIST
            try:
                return await connector.rooms()
            except NotImplementedError:  # as with an account that only talks with people one by one
                return _NO_LIST
