"""Writes the pages of docs/reference from the code they tell of; `--check` only compares."""

import inspect
import json
import sys
from collections.abc import Iterator, Mapping
from enum import EnumMeta
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel
from typer.main import get_command

from bridge import cli
from bridge.config import schema
from bridge.config.settings import FileSettings, HttpSettings, LinkSettings, StoreSettings
from bridge.connector import ConnectorConfig
from bridge.http.routes import ROUTES
from bridge.metrics import FAMILIES
from bridge.registry import Registry, installed

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "reference"
COMMAND = "python scripts/reference.py"

BEFORE = f"""\
# The configuration file

<!-- Written by `{COMMAND}`: change the sentences in the code, not here. -->

One YAML file says which accounts the bridge has and which of their rooms hear each other.
`config.example.yaml` uses every part once; `config.schema.json`, beside this page, tells editors what may stand where.
`qantara check` reads a file and prints everything that is wrong with it.

```yaml
accounts:
  home:
    connector: matrix
    homeserver: https://matrix.example.org
    user: "@bridge:example.org"
    token: "${{MATRIX_TOKEN}}"
  libera:
    connector: irc
    server: ircs://irc.libera.chat:6697
    nick: qantara
links:
  lobby:
    rooms: ["home/#lobby:example.org", "libera/#lobby"]
```
"""

RULES = """\
## How values are written

* Only `true` and `false` are booleans, only plain decimal numbers are numbers; everything else is text.
  `yes`, `no`, `on`, `off`, `007`, `0x1F` and `1:30` are text, and so is anything in quotes.
* Text that begins with `@`, `*`, `&`, `!`, `#`, `[`, `{` or `%`, or that holds `: ` or ` #`, needs quotes:
  that is YAML's rule.
* `${NAME}` is the environment variable of that name;
  `${NAME:-default}` is the same with a default for when it is unset or empty.
  `${file:/run/secrets/token}` is the content of a file, without its last line end; the path is absolute.
  `$${` stands for the two characters `${`.
  References work inside every value and in no name.
  A value made of one may be a number or a boolean.
* An alias (`*name`) stands for the whole value that its anchor (`&name`) marks; `<<` is not merged.
* Relative paths start at the directory of the file.
* The file is UTF-8, at most 1 MiB. It is yours: the bridge never writes it.

## Environment variables

The configuration reads no variable but those that the file names with `${NAME}`.

## Rooms

A room is written `account/name`, split at the first `/`:
the name of one of your accounts, and what that account's connector calls a room.
`home/#lobby:example.org`, `tg/-1001234567890` and `libera/#lobby` are rooms;
`tg/-1001234567890/42` is a topic inside a group; the group without a topic is linked with all of its topics.
`qantara rooms ACCOUNT` lists what an account sees, ready to paste.
The names of accounts are made of `a-z`, `0-9`, `_` and `-`.

## What is a fault

A file with a fault is not used.
Everything wrong with it is printed at once, each with its line, and nothing is started or changed.

```text
config.yaml:17  links.news.to[1]  no account "vibr", did you mean "viber"?
```

* YAML that cannot be read, a name written twice, a tag (`!…`), or values nested more than 32 deep.
* A part or setting that does not exist, or that is planned but not in this version yet.
* A setting that is missing, empty, of the wrong kind, or outside its limits.
* A connector that is not there, or whose library is not installed.
* A variable that is not set, or a file that cannot be read.
* A room of an account that does not exist, or that is not written `account/name`.
* A link with fewer than two rooms, with a room twice, or with neither `rooms` nor `from` and `to`, or with both.
* The same two rooms, in the same direction, in two links.

These are warnings, and stop nothing:

* A room that hears in one link and speaks in another: nothing is passed on from link to link.
* A secret written out in a file that everybody on the machine can read.
* An `http.token` of fewer than 32 bytes where only this machine can call; elsewhere it is a fault.
* No links at all.

Values of secret settings and whatever came from `${…}` are never shown in a fault.
"""


COMMANDS = f"""\
# The command line

<!-- Written by `{COMMAND}`: change the sentences in the code, not here. -->

`qantara` and `python -m bridge` are the same; `qantara COMMAND --help` says what stands here.
`qantara --install-completion` teaches your shell to complete commands and options (bash, zsh, fish, PowerShell).

`status`, `queue`, `trace`, `follow`, `rooms` and `check --live` ask the running daemon through a socket beside its
store (`data/qantara.db` → `data/qantara.sock`), which only the user that the daemon runs as may use.

## Exit status

| status | meaning |
|---|---|
| 0 | as asked |
| 1 | something that was checked is not well |
| 2 | wrong usage, or a fault in the configuration: nothing was started |
| 65 | the store is damaged, or was written by a newer version: it was not touched |
| 69 | no daemon answers, or the address to listen on is taken |
| 74 | the disk failed or is full, or the store's place cannot be written |
| 75 | another process holds the store |
| 128 + signal | the daemon ended at once: told a second time, or not done 25 seconds after it was told |

Whatever the status, what was accepted is on disk, and the next start carries on.
"""

WEB = f"""\
# The web server

<!-- Written by `{COMMAND}`: change the sentences in the code, not here. -->

It runs where the configuration has a part `http`, on `http.listen`.
Answers are JSON; an answer that is not 200 holds `error`, a sentence, and `faults` where there are several.
`/openapi.json` describes everything for programs.

`/` is the operator's page, for a browser: it asks for the token, keeps it in the tab and sends it as the header below.

Routes for those with the token want the header `Authorization: Bearer …` with `http.token`.
Without a token in the configuration they do not exist (404).
A token of fewer than 32 bytes is warned of where `listen` is a loopback address, and is a fault elsewhere.
On a loopback address the server answers to `localhost`, its address and the name in `public_url` only (421 otherwise),
so that no web page of a stranger reaches it under a name of its own; `/health`, `/ready` and `/in/` answer to any.
Every change is a line of the log, `operator`, with who, from where, what, and which rows.
After 30 wrong tokens in a minute an address gets 429 for a while, whatever token it sends.
Let a proxy in front show nothing to the world but `/in/`: behind it all callers have one address.

An unknown name behind a `?` is passed over; an unknown field in a body is refused (400).

A body may have 1 MiB; a packed one is refused (415).
There is no TLS: put a proxy in front where others can listen.
"""

WEBHOOKS = """\
## Webhooks

`/in/{account}` and everything below it belongs to that account's connector, for any method.
The connector checks the platform's signature or secret itself.
An unknown account is 404; what cannot be stored is 503 with `Retry-After`, and the platform calls again;
a fault in a connector is 500 without details.

## The local socket

The same routes, without token and without webhooks, are on a socket beside the store (`qantara.db` → `qantara.sock`),
for the user that the daemon runs as.
"""

METRICS = f"""\
# Metrics

<!-- Written by `{COMMAND}`: change the sentences in the code, not here. -->

`GET /metrics`, with the token, in Prometheus' text format.
Labels hold names of the configuration only, never anything a person wrote.
`accepted` is the sum of all other outcomes and of everything open, always: `qantara_counts_add_up` says so.
"""

PROCESS = """\
| `qantara_process_resident_memory_bytes` | gauge |  | Memory the process holds. |
| `qantara_process_virtual_memory_bytes` | gauge |  | Memory the process has reserved. |
| `qantara_process_cpu_seconds_total` | counter |  | Processor time used. |
| `qantara_process_start_time_seconds` | gauge |  | When the process started, in seconds since 1970. |
| `qantara_process_open_fds` | gauge |  | Open files and connections. |
| `qantara_process_max_fds` | gauge |  | How many there may be. |
"""


def main(arguments: list[str]) -> int:
    """Write both files, or with `--check` say which are stale."""
    try:
        pages = reference(installed())
    except ImportError as error:
        print(f"every connector must be installed to describe it: {error}", file=sys.stderr)
        return 2
    stale = [path for path, text in pages.items() if not path.exists() or path.read_text() != text]
    if "--check" in arguments:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is stale: run `{COMMAND}`", file=sys.stderr)
        return 1 if stale else 0
    for path in stale:
        path.write_text(pages[path])
        print(path.relative_to(ROOT))
    return 0


def reference(connectors: Registry[Any]) -> Mapping[Path, str]:
    """Every file and what it must hold."""
    return {
        FOLDER / "configuration.md": page(connectors),
        FOLDER / "config.schema.json": json.dumps(schema(connectors), indent=2, ensure_ascii=False) + "\n",
        FOLDER / "commands.md": commands(),
        FOLDER / "http.md": http(),
        FOLDER / "metrics.md": metrics(),
    }


def page(connectors: Registry[Any]) -> str:
    """The page: how values are written, one section a part, one section a connector."""
    common = section("`accounts`: settings every account has", ConnectorConfig, frozenset())
    parts = [
        section("The file", FileSettings, frozenset()),
        section("`store`", StoreSettings, frozenset()),
        section("`http`", HttpSettings, frozenset()),
        section("`links`", LinkSettings, frozenset()),
        common,
        *(account(name, connectors.get(name).Config) for name in connectors.names()),
    ]
    return "\n".join([BEFORE, RULES, *parts])


def account(name: str, settings: type[ConnectorConfig]) -> str:
    """What a connector adds to the settings every account has."""
    return section(f"`accounts`: `connector: {name}`", settings, frozenset(ConnectorConfig.model_fields))


def commands() -> str:
    """The page of the command line: each command with what its `--help` says."""
    group = get_command(cli.app)
    return "\n".join([COMMANDS, *_command("qantara", group), ""])


def _command(name: str, command: Any) -> Iterator[str]:  # noqa: ANN401  # click's group or command
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    usage = " ".join([name, *(_shown_name(one) for one in arguments)])
    yield from (f"## `{usage}`", "", *inspect.cleandoc(command.help or "").splitlines(), "")
    rows = [*map(_argument, arguments), *(_option(one) for one in command.params if one not in arguments)]
    if rows:
        yield from ("| option | default | meaning |", "|---|---|---|", *rows, "")
    for child, one in getattr(command, "commands", {}).items():
        yield from _command(f"{name} {child}", one)


def _shown_name(argument: Any) -> str:  # noqa: ANN401  # click's argument
    return str(argument.metavar or argument.name.upper())


def _argument(argument: Any) -> str:  # noqa: ANN401  # click's argument
    return f"| `{_shown_name(argument)}` | {'required' if argument.required else 'none'} | {argument.help} |"


def _option(option: Any) -> str:  # noqa: ANN401  # click's option
    names = ", ".join(f"`{name}`" for name in option.opts)
    default = (
        "" if option.is_flag or option.default is None else f"`{getattr(option.default, 'value', option.default)}`"
    )
    kind = option.type_descriptor.annotation
    words = alternatives([f"`{one.value}`" for one in kind]) if isinstance(kind, EnumMeta) else ""
    variable = f" Environment variable: `{option.envvar}`." if option.envvar else ""
    return f"| {names} | {default} | {option.help}{' One of ' + words + '.' if words else ''}{variable} |"


def http() -> str:
    """The page of the web server: each route, from the table that mounts them."""
    rows = [
        f"| `{route.method} {route.path}` | {'token' if route.needs_token else 'everybody'} | {route.meaning} |"
        for route in ROUTES
    ]
    return "\n".join([WEB, "| route | who | what |", "|---|---|---|", *rows, "", WEBHOOKS])


def metrics() -> str:
    """The page of the metrics."""
    rows = [
        f"| `{family.shown}` | {'counter' if family.counter else 'gauge'} |"
        f" {', '.join(f'`{label}`' for label in family.labels)} | {family.meaning} |"
        for family in FAMILIES
    ]
    return "\n".join([METRICS, "| name | type | labels | meaning |", "|---|---|---|---|", *rows, PROCESS])


def section(title: str, settings: type[BaseModel], known: frozenset[str]) -> str:
    """One part: its sentence, and a row for each setting that is not known yet."""
    described = settings.model_json_schema()
    rows = [row for name, row in rows_of(described) if name not in known]
    table = (
        ["| name | type | default | meaning |", "|---|---|---|---|", *rows]
        if rows
        else ["It has no settings of its own."]
    )
    return "\n".join([f"## {title}", "", " ".join(described.get("description", "").split()), "", *table, ""])


def rows_of(described: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each setting's name and row."""
    definitions = described.get("$defs", {})
    for name, setting in described.get("properties", {}).items():
        needed = name in described.get("required", ())
        default = "required" if needed else shown(setting.get("default"))
        sentence = " ".join(setting.get("description", "").split())
        cells = (f"`{name}`", kind(setting, definitions), default, sentence)
        yield name, f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def shown(default: Any) -> str:  # noqa: ANN401  # whatever a setting's default is
    """A default as one would write it in the file."""
    if default is None or default in ({}, []):
        return "none"
    if isinstance(default, dict):
        return "its defaults"
    return f"`{yaml.safe_dump(default, default_flow_style=True).removesuffix('...' + chr(10)).strip()}`"


def kind(setting: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    """What a setting takes, in words."""
    match setting:
        case {"$ref": str(name)}:
            inner = definitions[name.rpartition("/")[2]]
            return kind(inner, definitions) if "enum" in inner else "settings (see below)"
        case {"anyOf": choices}:
            return alternatives([kind(choice, definitions) for choice in choices if choice.get("type") != "null"])
        case {"enum": values}:
            return alternatives([f"`{value}`" for value in values])
        case {"type": "array"}:
            return f"list of {kind(setting['items'], definitions)}"
        case {"type": "object", "additionalProperties": dict(inner)}:
            return f"names, each with {kind(inner, definitions)}"
    return WORDS.get(setting.get("format", ""), WORDS.get(setting.get("type", ""), "anything")) + limits(setting)


def alternatives(words: list[str]) -> str:
    """`a, b or c`."""
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))


WORDS = {
    "password": "secret text",
    "path": "path",
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "`true` or `false`",
    "object": "settings",
}


def limits(setting: Mapping[str, Any]) -> str:
    """`, 1 to 50` and the like."""
    low, high, above = (setting.get(key) for key in ("minimum", "maximum", "exclusiveMinimum"))
    words = [f"above {above:g}"] if above is not None else []
    if low is not None and high is not None:
        words.append(f"{low} to {high}")
    elif low is not None:
        words.append(f"{low} or more")
    elif high is not None:
        words.append(f"at most {high}")
    return "".join(f", {word}" for word in words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
