"""`qantara connectors` and `schema`: what is installed, from the code itself."""

import json
import sys
from datetime import timedelta
from importlib.metadata import entry_points
from typing import Any

import typer

from bridge.capabilities import Capabilities, Relation
from bridge.cli.asking import NOT_WELL
from bridge.cli.tables import lasting, table
from bridge.config import schema as whole_schema
from bridge.connector import Connector
from bridge.registry import CONNECTORS, installed

_HEAD = (
    "connector", "package", "edits", "deletes", "reactions", "replies", "threads", "webhook", "lists rooms",
    "longest text", "formatting",
)  # fmt: skip


def connectors() -> None:
    """The installed connectors and what each can do, as its code says.

    Lengths, times and formatting are those of the platform; a room or a server may allow less or more.
    """
    found = installed()
    packages = {point.name: _package(point) for point in entry_points(group=CONNECTORS)}
    rows, missing = [], []
    for name in found.names():
        try:
            rows.append((name, packages[name], *features(found.get(name))))
        except ImportError as error:
            missing.append(str(error))
    print(table(_HEAD, rows))
    for line in missing:
        print(line, file=sys.stderr)
    raise typer.Exit(NOT_WELL if missing else 0)


def _package(point: Any) -> str:  # noqa: ANN401 - an entry point
    return f"{point.dist.name} {point.dist.version}" if point.dist is not None else point.module


def features(connector: type[Connector[Any]]) -> tuple[str, ...]:
    """One row: what is overridden, and the limits that are the same in every room."""
    can, limits = connector.can, connector.features
    return (
        _within(can(Connector.edit), limits.edit_within), _within(can(Connector.delete), limits.delete_within),
        _reactions(limits) if can(Connector.react) else "", _yes(Relation.REPLY in limits.relations),
        _yes(Relation.THREAD in limits.relations), _yes(can(Connector.receive)), _yes(can(Connector.rooms)),
        f"{limits.max_text} {limits.unit.value}", " ".join(sorted(node.__name__.lower() for node in limits.formatting)),
    )  # fmt: skip


def _yes(has: object) -> str:
    return "yes" if has else ""


def _within(has: object, limit: timedelta | None) -> str:
    return _yes(has) if not has or limit is None else f"for {lasting(limit.total_seconds())}"


def _reactions(limits: Capabilities) -> str:
    kinds = "any" if limits.reactions is None else f"{len(limits.reactions)} kinds"
    return kinds if limits.max_reactions is None else f"{kinds}, {limits.max_reactions} each"


def schema() -> None:
    """Print the JSON Schema of the configuration file, for your editor."""
    try:
        print(json.dumps(whole_schema(installed()), indent=2, ensure_ascii=False))
    except ImportError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(NOT_WELL) from None
