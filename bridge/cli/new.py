"""`qantara new`: the package of a connector that is still to be written."""

import keyword
import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from bridge.cli.asking import NOT_WELL
from bridge.registry import installed
from bridge.scaffold import Names, files

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


def new(
    name: Annotated[str, typer.Argument(help="What `connector:` will say: a-z, 0-9 and _.")],
    directory: Annotated[
        Path | None, typer.Option("--directory", "-d", help="Where to write it; qantara-NAME unless told otherwise.")
    ] = None,
) -> None:
    """Write the package of a new connector: a skeleton, and the contract it has to keep, which is red until it does."""
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise typer.BadParameter("a connector's name is made of a-z, 0-9 and _, and begins with a letter")
    if name in installed().names():
        raise typer.BadParameter(f"there is a connector {name} already")
    names = Names(name)
    folder = directory or Path(names.project)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        print(f"{folder} is there already and not empty: nothing was written", file=sys.stderr)
        raise typer.Exit(NOT_WELL)
    for path, text in files(names).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")
        print(folder / path)
    print(f"Now write {folder}/{names.package}/connector.py; `python -m pytest` in {folder} says when it is done.")
