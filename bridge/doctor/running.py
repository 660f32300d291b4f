"""What the running daemon's own status tells of trouble. Pure."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from bridge.findings import Finding, Grade

_LOG = "journalctl -u qantara, or wherever its log goes"


def judged(status: Mapping[str, Any], configured: Collection[str]) -> Iterator[Finding]:
    """The findings in an answer of `/status`; `configured` are the accounts that the file names now."""
    if status["accounts"].keys() != set(configured):
        what = (
            "the daemon has other accounts than the configuration file names: it did not read it since, or refused it"
        )
        yield Finding(where="the configuration", what=what, remedy="systemctl reload qantara (SIGHUP), then its log")
    if status["store"]["refusing"]:
        what = f"nothing is accepted: {status['store']['refusing']}"
        yield Finding(grade=Grade.FAULT, where="store", what=what, remedy=f"mend that; {_LOG}, tells more")
    if not status["counts_add_up"]:
        what = "the counts of deliveries do not add up"
        yield Finding(
            grade=Grade.FAULT, where="store", what=what, remedy="please report this, with `qantara status --json`"
        )
    for name, account in status["accounts"].items():
        yield from _account(name, account)
    for room in status["rooms"]:
        yield from _room(room)
    for one in status.get("announcements", ()):
        for need in one["needs"]:
            where = f"announcements.{one['name']}"
            yield Finding(where=where, what=f"{one['title']} {need['what']}", remedy=need["advice"])


def _account(name: str, account: Mapping[str, Any]) -> Iterator[Finding]:
    if account["state"] != "up":
        why = f"{account['state']}: {account['last_error'] or 'no reason yet'}"
        remedy = account["advice"] or "qantara status, again in a minute"
        yield Finding(grade=Grade.FAULT, where=f"accounts.{name} ({account['connector']})", what=why, remedy=remedy)


def _room(room: Mapping[str, Any]) -> Iterator[Finding]:
    where, waits, parked = room["room"], room["counts"]["held"], room["counts"]["parked"]
    if room["configured"] and (room["held"] or not room["entered"]):
        what = room["held"] or "the bridge is not in this room"
        remedy = room["advice"] or "let the bridge's user into the room; it tries again by itself"
        yield Finding(grade=Grade.FAULT, where=where, what=what, remedy=remedy)
    elif not room["configured"] and waits:
        what = f"{waits} deliveries wait for a room that no link names any more"
        yield Finding(where=where, what=what, remedy="name the room in a link again, or leave them to expire")
    if parked:
        what = f"{parked} deliveries are parked"
        yield Finding(where=where, what=what, remedy=f"qantara queue list --room {where}")
