"""`qantara privacy`: what goes to whom, as a notice for a room or as a record for an authority."""

import sys
from typing import Annotated

import typer

from bridge.cli.options import DEFAULT_CONFIG, WRONG_CONFIGURATION, ConfigFile, read_config
from bridge.ids import AccountName, Room
from bridge.privacy import notice, parties, record
from bridge.registry import installed


def privacy(
    room: Annotated[
        str | None, typer.Argument(metavar="[ACCOUNT/NAME]", help="A room, for a notice to be shown there.")
    ] = None,
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """What is shown where, which company gets it under which terms, and how long it is kept.

    Without a room this is a record for an authority, in Markdown. It is made from the configuration and from what
    the connectors declare, and does not replace a lawyer: read it, and the terms that it names.
    """
    read = read_config(config)
    connectors = installed()
    known = parties(read, {one.connector: connectors.get(one.connector).recipient for one in read.accounts.values()})
    if room is None:
        print(record(read, known))
        return
    account, _, name = room.partition("/")
    words = notice(read, known, Room(AccountName(account), name))
    if words is None:
        print(f"no link names {room}", file=sys.stderr)
        raise typer.Exit(WRONG_CONFIGURATION)
    print(words)
