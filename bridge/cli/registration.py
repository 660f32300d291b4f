"""`qantara registration`: the file that a platform's server has to read before an account works."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from bridge.cli.asking import NOT_WELL
from bridge.cli.options import DEFAULT_CONFIG, WRONG_CONFIGURATION, ConfigFile, read_config
from bridge.config import Config
from bridge.connector import Connector
from bridge.ids import AccountName
from bridge.registry import installed


def registration(
    account: Annotated[str, typer.Argument(help="The account's name in the configuration.")],
    config: ConfigFile = DEFAULT_CONFIG,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to write it; its own name here unless told otherwise.")
    ] = None,
) -> None:
    """Write what a platform's server has to be told of an account, such as an application service of Matrix.

    The file holds the account's secrets: only you may read it. An older one is written over.
    """
    read, name = read_config(config), AccountName(account)
    if name not in read.accounts:
        print(f"no account {account}; there are {', '.join(sorted(read.accounts))}", file=sys.stderr)
        raise typer.Exit(WRONG_CONFIGURATION)
    settings = read.accounts[name]
    connector = installed().get(settings.connector)
    if not connector.can(Connector.registration):
        print(f"{account}: accounts of {settings.connector} need no registration", file=sys.stderr)
        raise typer.Exit(NOT_WELL)
    made = connector.registration(settings, name, _address(read, name))
    path = output or Path(made.name)
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(made.text, "utf-8")
    print(f"{path} is written. Now {made.told}.")


def _address(config: Config, account: AccountName) -> str:
    """Where the server reaches the account: the public address, or the one we listen on."""
    http = config.http
    if http is None:
        print(
            "the platform's server has to reach the bridge: add the part `http` to the configuration", file=sys.stderr
        )
        raise typer.Exit(WRONG_CONFIGURATION)
    return f"{(http.public_url or f'http://{http.listen}').rstrip('/')}/in/{account}"
