"""`qantara status`, `queue` and `trace`: what the running daemon does, asked through its socket."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from bridge.cli.asking import NOT_WELL, answered
from bridge.cli.options import CONFIG_VARIABLE, DEFAULT_CONFIG, ConfigFile
from bridge.cli.tables import lasting, table
from bridge.clock import SystemClock

AsJson = Annotated[bool, typer.Option("--json", help="The whole answer, as JSON.")]


def status(config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """How the running daemon is: accounts, rooms, what waits and why.

    Exit status 1 when something is not well: an account is not up, a room is held or not
    entered, or nothing is accepted.
    """
    found = answered(config, "GET", "/status")
    print(json.dumps(found, indent=2, ensure_ascii=False) if as_json else _summary(found))
    raise typer.Exit(0 if _well(found) else NOT_WELL)


def _well(found: dict[str, Any]) -> bool:
    return (
        found["ready"]
        and found["store"]["refusing"] is None
        and all(account["state"] == "up" for account in found["accounts"].values())
        and all(room["entered"] and not room["held"] for room in found["rooms"] if room["configured"])
    )


def _summary(found: dict[str, Any]) -> str:
    now = SystemClock().now()
    accounts = [
        (name, one["state"], _since(one["since"], now), str(one["queued"]), lasting(one["oldest_waiting_seconds"]),
         one["last_error"] if one["state"] != "up" else "")
        for name, one in found["accounts"].items()
    ]  # fmt: skip
    rooms = [
        (room["room"], *(str(room["counts"][name]) for name in ("delivered", "waiting", "held", "parked")),
         room["held"] or ("" if room["entered"] else "not entered"))
        for room in found["rooms"]
        if room["configured"] or room["counts"]["held"] or room["counts"]["parked"]
    ]  # fmt: skip
    return "\n\n".join(
        [
            table(("account", "state", "for", "queued", "oldest", "last error"), accounts),
            table(("room", "delivered", "waiting", "held", "parked", "why not"), rooms),
            _totals(found),
        ]
    )


def _totals(found: dict[str, Any]) -> str:
    counts = ", ".join(f"{count} {name}" for name, count in found["counts"].items() if count) or "nothing yet"
    sums = "" if found["counts_add_up"] else "\nThe counts do not add up: please report this."
    refusing = found["store"]["refusing"]
    return f"deliveries: {counts}{sums}" + (f"\nNothing is accepted: {refusing}" if refusing else "")


def _since(at: str, now: datetime) -> str:
    return lasting((now - datetime.fromisoformat(at).astimezone(UTC)).total_seconds())


def trace(
    what: Annotated[str, typer.Argument(metavar="ID", help="A message's number, or its id on any platform.")],
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """The life of one message: where it came from, where it went, what still waits and why."""
    life = answered(config, "GET", f"/trace/{quote(what, safe='')}")
    if as_json:
        print(json.dumps(life, indent=2, ensure_ascii=False))
        return
    copies = [(copy["kind"], copy["room"], copy["id"]) for copy in life["copies"]]
    waiting = [(row["what"], row["room"], row["why"]) for row in life["waiting"]]
    print(f"message {life['message']} by {life['author']} in {life['room'] or 'the bridge'} at {life['at']}")
    print(table(("what", "room", "id or why"), [*copies, *waiting]))


def audit(config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """What moderators did in the rooms, by commands and bans, newest first."""
    found = answered(config, "GET", "/audit")
    if as_json:
        print(json.dumps(found, indent=2, ensure_ascii=False))
        return
    rows = [
        (one["at"][:19], one["link"], one["room"], one["actor"], one["did"], one["about"],
         f"{one['unremoved']} copies stay" if one["unremoved"] else "")
        for one in found["deeds"]
    ]  # fmt: skip
    print(table(("when", "link", "room", "who", "did", "to whom", ""), rows))


def follow(
    room: Annotated[
        str | None, typer.Argument(metavar="[ACCOUNT/NAME]", help="The room, as in the configuration.")
    ] = None,
    to: Annotated[str | None, typer.Argument(metavar="[PLACE]", help="Where it is: one of the two listed.")] = None,
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Say where a room is that is held because it moved or its name leads elsewhere.

    Without arguments such rooms are listed, each with where it was and where it says it went.
    Anybody who administers a room can make it say so: ask somebody you trust before you name the new place.
    """
    if room is None or to is None:
        print(_moved(answered(config, "GET", "/status"), room))
        return
    done = answered(config, "POST", "/follow", {"room": room, "to": to})
    print(f"{done['room']} is {done['to']}")


def leave(
    room: Annotated[str, typer.Argument(metavar="ACCOUNT/NAME", help="The room, as `qantara rooms` lists it.")],
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Leave a room that no link names any more, and let the stand-ins of people leave it first.

    A room is left by itself when the running daemon reads that its link ended; this is for what was left behind.
    """
    done = answered(config, "POST", "/leave", {"room": room})
    print(f"{done['room']} is left")


def claim(
    account: Annotated[str, typer.Argument(help="The account's name in the configuration.")],
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Let the running daemon run an account that was stopped because a copy of its store runs it elsewhere.

    Stop that copy for good first: of two that run, it will stop instead.
    """
    done = answered(config, "POST", "/claim", {"account": account})
    print(f"{done['account']} is run here from now on")


def _moved(found: dict[str, Any], only: str | None) -> str:
    rows = [
        (room["room"], room["place"] or "", room["moved_to"], room["held"])
        for room in found["rooms"]
        if room["moved_to"] is not None and only in {None, room["room"]}
    ]
    return table(("room", "was", "says it went to", "why it is held"), rows) if rows else "no room waits for your word"


queue = typer.Typer(help="Deliveries that could not go and are parked: list them, retry or drop them.")
Rows = Annotated[list[int] | None, typer.Argument(metavar="[NUMBER]...", help="Numbers from `qantara queue`.")]
InRoom = Annotated[str | None, typer.Option("--room", metavar="ACCOUNT/NAME", help="All that are parked for a room.")]


@queue.callback(invoke_without_command=True)
def _queue(context: typer.Context, config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Deliveries that could not go and are parked. Without a command they are listed."""
    if context.invoked_subcommand is None:
        listed(config)
    os.environ[CONFIG_VARIABLE] = str(config)  # so that `queue --config FILE list` is understood as well


@queue.command("list")
def listed(config: ConfigFile = DEFAULT_CONFIG, room: InRoom = None, as_json: AsJson = False) -> None:
    """What is parked, oldest first, and why."""
    found = answered(config, "GET", "/queue" + (f"?room={quote(room, safe='')}" if room else ""))
    if as_json:
        print(json.dumps(found, indent=2, ensure_ascii=False))
        return
    rows = [
        (str(row["number"]), row["at"][:19], row["room"], row["kind"], row["author"], row["reason"], row["error"])
        for row in found["rows"]
    ]
    print(
        table(("number", "accepted", "room", "what", "from", "reason", "error"), rows) if rows else "nothing is parked"
    )
    if found["more"]:
        print("… and more behind these")


@queue.command()
def retry(config: ConfigFile = DEFAULT_CONFIG, rows: Rows = None, room: InRoom = None) -> None:
    """Let parked deliveries wait in line again."""
    _change(config, "retry", rows, room)


@queue.command()
def drop(config: ConfigFile = DEFAULT_CONFIG, rows: Rows = None, room: InRoom = None) -> None:
    """Forget parked deliveries for good."""
    _change(config, "drop", rows, room)


def _change(config: Path, what: str, rows: list[int] | None, room: str | None) -> None:
    if bool(rows) == bool(room):
        raise typer.BadParameter("give numbers, or --room, and not both")
    done = answered(config, "POST", f"/queue/{what}", {"rows": rows} if rows else {"room": room})
    print(f"{done['rows']} in {', '.join(done['rooms']) or 'no room'}")
