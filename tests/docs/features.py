"""The README's table of features, made from the code: `python -m tests.docs.features` writes it."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bridge.capabilities import Capabilities, Relation
from bridge.connector import Connector
from bridge.registry import installed
from bridge.text.length import Unit
from bridge.text.nodes import Bold, Break, Code, CodeBlock, Italic, Link, List, Node, Quote, Spoiler, Strike, Underline

README = Path(__file__).parents[2] / "README.md"
_PLACE = re.compile(r"(<!-- features:[^\n]*-->\n)(.*?)(<!-- end -->)", re.DOTALL)
_SHOWN: tuple[type[Node], ...] = (
    Bold, Italic, Underline, Strike, Spoiler, Code, Link, Break, Quote, CodeBlock, List,
)  # fmt: skip
_UNITS = {Unit.CHARACTERS: "characters", Unit.UTF16: "UTF-16 units", Unit.BYTES: "bytes"}
Connectors = dict[str, type[Connector[Any]]]


def table() -> str:
    """One column a connector, one row a feature."""
    connectors = {name: installed().get(name) for name in installed().names()}
    rows = [["", *connectors], ["---"] * (len(connectors) + 1), *_methods(connectors), *_numbers(connectors)]
    return "\n" + "".join(f"| {' | '.join(row)} |\n" for row in rows) + "\n"


def _methods(connectors: Connectors) -> list[list[str]]:
    asked: dict[str, Callable[..., Any]] = {
        "edits of copies": Connector.edit,
        "deletions of copies": Connector.delete,
        "reactions on copies": Connector.react,
        "webhook instead of polling": Connector.receive,
        "list of rooms": Connector.rooms,
        "differs by room or server": Connector.capabilities,
    }
    in_words = {"edits of copies", "reactions on copies"}
    return [
        [what, *(_yes(one, method, in_words=what in in_words) for one in connectors.values())]
        for what, method in asked.items()
    ]


def _yes(connector: type[Connector[Any]], method: Callable[..., Any], *, in_words: bool) -> str:
    if connector.can(method):
        return "yes"
    return "in words" if in_words else "no"


def _numbers(connectors: Connectors) -> list[list[str]]:
    asked: dict[str, Callable[[Capabilities], str]] = {
        "replies": lambda can: "yes" if Relation.REPLY in can.relations else "in words",
        "longest text": lambda can: f"{can.max_text} {_UNITS[can.unit]}",
        "formatting": lambda can: ", ".join(node.__name__ for node in _SHOWN if node in can.formatting) or "none",
    }
    return [[what, *(ask(one.features) for one in connectors.values())] for what, ask in asked.items()]


def in_readme() -> str:
    """The table as it stands in the README."""
    found = _PLACE.search(README.read_text("utf-8"))
    return found[2] if found else ""


if __name__ == "__main__":
    README.write_text(_PLACE.sub(lambda old: old[1] + table() + old[3], README.read_text("utf-8")), "utf-8")
