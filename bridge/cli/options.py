"""What several commands take, and how a configuration is read for them."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from bridge.config import Config, ConfigError, Connectors, load
from bridge.registry import installed

CONFIG_VARIABLE = "QANTARA_CONFIG"
ConfigFile = Annotated[
    Path,
    typer.Option("--config", "-c", envvar=CONFIG_VARIABLE, metavar="FILE", help="The configuration file."),
]
DEFAULT_CONFIG = Path("config.yaml")
WRONG_CONFIGURATION = 2


def read_config(path: Path, connectors: Connectors | None = None) -> Config:
    """The configuration; with a fault everything wrong is printed and the program ends (2)."""
    try:
        return load(path, os.environ, connectors or installed())
    except ConfigError as error:
        for fault in error.faults:
            print(fault, file=sys.stderr)
        raise typer.Exit(WRONG_CONFIGURATION) from None
