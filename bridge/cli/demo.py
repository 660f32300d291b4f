"""`qantara demo`: linked rooms side by side, with emulated platforms."""

from importlib import import_module
from typing import Annotated

import typer


def demo(
    script: Annotated[bool, typer.Option("--script", help="Play a conversation in the terminal instead.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the page; 0 takes a free one.")] = 0,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the configuration, store and log behind.")] = False,
) -> None:
    """Show linked rooms side by side in your browser: a real bridge between emulated platforms, no account needed."""
    raise typer.Exit(import_module("bridge.demo.command").main(script=script, port=port, keep=keep))
