"""The command `qantara`: everything an operator types."""

from importlib.metadata import version
from typing import Annotated

import typer

from bridge.cli.backup import backup
from bridge.cli.certify import certify
from bridge.cli.check import check
from bridge.cli.connectors import connectors, schema
from bridge.cli.demo import demo
from bridge.cli.doctor import doctor
from bridge.cli.export import export_config
from bridge.cli.new import new
from bridge.cli.operate import audit, claim, follow, leave, queue, status, trace
from bridge.cli.people import forget, person
from bridge.cli.privacy import privacy
from bridge.cli.registration import registration
from bridge.cli.restore import restore
from bridge.cli.rooms import rooms
from bridge.cli.run import run

ENDS = """\
Exit status: 0 as asked; 1 something checked is not well; 2 wrong usage or a fault in the configuration;
65 the store cannot be read; 69 no daemon answers, or the address to listen on is taken; 74 the disk failed;
75 another process holds the store.
"""

app = typer.Typer(
    name="qantara",
    help="A bridge between messengers: it links their rooms and loses nothing.",
    epilog=ENDS,
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # the pretty ones show the values of variables
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"qantara {version('qantara')}")
        raise typer.Exit


@app.callback()
def qantara(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which.")] = False,
) -> None:
    """A bridge between messengers: it links their rooms and loses nothing."""


for command in (
    run,
    check,
    doctor,
    certify,
    status,
    trace,
    audit,
    follow,
    leave,
    person,
    forget,
    claim,
    backup,
    restore,
    rooms,
    connectors,
    schema,
    new,
    registration,
    privacy,
    demo,
):
    app.command()(command)
app.command("export-config")(export_config)
app.add_typer(queue, name="queue")


def main() -> None:
    """The entry point."""
    app(prog_name="qantara")
