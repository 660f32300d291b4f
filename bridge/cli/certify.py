"""`qantara certify`: shows on the real platform what an account's connector does there."""

import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from bridge.cli.options import DEFAULT_CONFIG, WRONG_CONFIGURATION, ConfigFile, read_config
from bridge.ids import AccountName
from bridge.registry import emulators


def certify(
    account: Annotated[str, typer.Argument(help="The account's name in the configuration.")],
    room: Annotated[
        str, typer.Argument(help="A room made for this, as one writes it behind `account/`.", show_default=False)
    ] = "",
    config: ConfigFile = DEFAULT_CONFIG,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to write the report; ACCOUNT.md unless told otherwise.")
    ] = None,
    emulator: Annotated[
        bool, typer.Option("--emulator", help="On the emulator of the connector of that name: nothing real is touched.")
    ] = False,
) -> None:
    """Try on the real platform what the account's connector promises, and write down what was shown.

    Stop the daemon first, and make a room that nobody else is in: it will be full of odd messages. You sit in it with
    an account of your own, and are asked to write there, and to say what you read. Beside the report stands the same
    as JSON. Exit status 1: a promise was broken.
    """
    command, path = import_module("bridge.certify.command"), output or Path(f"{account}.md")
    if emulator:
        if account not in emulators().names():
            _refuse(f"no emulator of {account}; there are {', '.join(emulators().names())}")
        raise typer.Exit(command.on_emulator(account, path))
    read, name = read_config(config), AccountName(account)
    if name not in read.accounts:
        _refuse(f"no account {account}; there are {', '.join(sorted(read.accounts))}")
    if not room:
        _refuse("which room? Make one for this, and name it as one writes it behind the account's name")
    raise typer.Exit(command.on_platform(read, name, room, path))


def _refuse(why: str) -> None:
    print(why, file=sys.stderr)
    raise typer.Exit(WRONG_CONFIGURATION)
