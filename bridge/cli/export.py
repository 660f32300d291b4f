"""`qantara export-config`: the file, and what people linked by a code, as one file."""

from typing import Any

import yaml

from bridge.cli.asking import answered
from bridge.cli.options import DEFAULT_CONFIG, ConfigFile


def export_config(config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Print the configuration with the links that moderators made by a code, as the running daemon knows them.

    The file itself is never written by the program. References such as ${NAME} stay as they are; comments are not kept.
    """
    print(union(config.read_text("utf-8-sig"), answered(config, "GET", "/status")["links"]), end="")


def union(text: str, links: dict[str, Any]) -> str:
    """The file with those links in force that it does not name."""
    written = yaml.safe_load(text)
    own = written.get("links") or {}
    made = {
        name: {"rooms": one["sources"], "moderation": {}}
        for name, one in links.items() if name not in own and len(one["sources"]) > 1
    }  # fmt: skip
    if made:
        written["links"] = {**own, **made}
    text = yaml.safe_dump(written, sort_keys=False, allow_unicode=True, width=120)
    return str(text)
