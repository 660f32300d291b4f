"""`qantara doctor`: everything that could be looked at, and what to do about what is not well."""

import asyncio
import json
import platform
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import apsw
import msgspec
import typer

from bridge import logs
from bridge.cli.asking import NOT_WELL, NoDaemon, asking
from bridge.cli.options import DEFAULT_CONFIG, ConfigFile, read_config
from bridge.cli.probe import ProbeHost, Report, probe_all
from bridge.clock import Clock, SystemClock
from bridge.config import Config
from bridge.doctor import clocks, place, public, running, servers, settings, store
from bridge.findings import Finding, Grade
from bridge.ids import AccountName
from bridge.registry import installed

AsJson = Annotated[bool, typer.Option("--json", help="The findings as JSON: `grade`, `where`, `what`, `remedy`.")]
_OK = 200


def doctor(config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Examine everything, and say of each thing that is not well where it is, what it is, and what to type or click.

    Looked at: the configuration, the place of the store (space, owners, modes, file system), the store itself, the
    clock, the certificates of all servers, whether platforms reach `http.public_url`, and every account: its login,
    its rooms, its rights there, its server's version, and which rooms are encrypted.
    Where the daemon runs it is asked; otherwise every account logs in for a moment, as `check --live` does.
    Nothing is changed and nothing is written on a platform.

    Exit status 0 when there are only notes, 1 with a warning or a fault, 2 when the configuration is wrong.
    """
    read = read_config(config)
    mask = logs.Mask(read.secrets)
    logs.configure(mask, logs.Format.AUTO, logs.Level.ERROR)
    found = [_masked(one, mask) for one in asyncio.run(examined(config, read, SystemClock()))]
    print(_as_json(found) if as_json else "\n".join(_lines(found)))
    raise typer.Exit(0 if all(one.grade is Grade.NOTE for one in found) else NOT_WELL)


def _order(finding: Finding) -> tuple[int, str]:
    return (Grade.FAULT, Grade.WARNING, Grade.NOTE).index(finding.grade), finding.where


def _masked(finding: Finding, mask: logs.Mask) -> Finding:
    shown: Any = mask.value(msgspec.to_builtins(finding))
    return msgspec.convert(shown, Finding)


async def examined(path: Path, config: Config, clock: Clock) -> list[Finding]:
    """Everything that is found, the worst first; the daemon is asked where it runs, and else the accounts log in."""
    seen = place.look(config.store.path)
    found = [
        *_program(), *settings.judged(config), *settings.files(config, _missing(config)), *place.configuration(path),
        *place.judged(seen, config.store.min_free_mib), *clocks.stepped(seen, clock.now()),
    ]  # fmt: skip
    status = await _status(config)
    try:
        found += await (_by_ourselves(config) if status is None else _by_the_daemon(config, status))
    except NoDaemon as error:
        found.append(Finding(grade=Grade.FAULT, where="the daemon", what=str(error), remedy="qantara doctor, again"))
    return sorted([*found, *await _servers(config, clock)], key=_order)


def _missing(config: Config) -> Collection[str]:
    """What works on files and is not here: packages that an extra brings, which the daemon never imports; a program."""
    program = ["ffmpeg"] if shutil.which(config.media.ffmpeg or "ffmpeg") is None else []
    modules = {"pillow": "PIL", "pi-heif": "pi_heif", "rlottie-python": "rlottie_python"}
    return program + [name for name, module in modules.items() if find_spec(module) is None]


def _program() -> Iterator[Finding]:
    what = f"Python {platform.python_version()}, SQLite {apsw.sqlite_lib_version()}"
    yield Finding(grade=Grade.NOTE, where="this program", what=what)


async def _servers(config: Config, clock: Clock) -> list[Finding]:
    known = installed()
    endpoints = {
        name: known.get(one.connector)(one, ProbeHost(name, config, None)).endpoints()
        for name, one in config.accounts.items()
    }
    return await servers.examined(config, endpoints, clock)


# --- where the daemon runs ---


async def _status(config: Config) -> Mapping[str, Any] | None:
    """The daemon's status; None where none answers."""
    try:
        status, answer = await asking(config.store.path, "GET", "/status")
    except NoDaemon:
        return None
    return answer if status == _OK else {"error": answer["error"]}


async def _by_the_daemon(config: Config, status: Mapping[str, Any]) -> list[Finding]:
    if "error" in status:
        what = f"the daemon does not say how it is: {status['error']}"
        return [Finding(grade=Grade.FAULT, where="the daemon", what=what, remedy="journalctl -u qantara, its log")]
    found = list(running.judged(status, config.accounts))
    _, told = await asking(config.store.path, "GET", "/examine")
    for name, findings in told["accounts"].items():
        found += [_of(config, name, one) for one in msgspec.convert(findings, list[Finding])]
    if config.http is not None and config.http.public_url is not None:
        _, here = await asking(config.store.path, "GET", public.PATH)
        reached = await public.look(config.http.public_url)
        found += public.judged(config.http.public_url, reached, here["instance"])
    return found


# --- where it does not ---


async def _by_ourselves(config: Config) -> list[Finding]:
    found = list(store.older(config.store.path, store.newest()))
    if config.http is not None and config.http.public_url is not None:
        what = "whether platforms reach the bridge is seen only while it runs"
        found.append(Finding(grade=Grade.NOTE, where="http.public_url", what=what, remedy="qantara run, then again"))
    return found if store.is_older(config.store.path, store.newest()) else [*found, *await _accounts(config)]


async def _accounts(config: Config) -> list[Finding]:
    found: list[Finding] = []
    with store.opened(config.store, found) as ready:
        if found:
            return found  # without the store's positions a login might skip what waits
        reports = await probe_all(config, installed(), ready)
        return [one for report in reports for one in _told(config, report)]


def _told(config: Config, report: Report) -> Iterator[Finding]:
    for fault in report.faults:
        finding = Finding(grade=Grade.FAULT, where="", what=fault, remedy=_remedy(fault))
        yield _of(config, report.account, finding)
    yield from (_of(config, report.account, one) for one in report.findings)


def _remedy(fault: str) -> str:
    """What helps against an error that a connector raised, by its name."""
    if fault.startswith("Unauthorized"):
        return "get a new token or password, write it where the configuration names it, then `qantara doctor` again"
    if fault.startswith("room "):
        return "let the bridge's user into the room, or name another room in the link"
    return "look at the server's address in the configuration, and whether the server is up"


def _of(config: Config, name: str, finding: Finding) -> Finding:
    """The same, with the account it is about."""
    known = config.accounts.get(AccountName(name))
    account = f"accounts.{name}" + (f" ({known.connector})" if known is not None else "")
    where = "  ".join(filter(None, (account, finding.where)))
    return msgspec.structs.replace(finding, where=where)


# --- how it is shown ---


def _lines(found: Iterable[Finding]) -> Iterator[str]:
    counts = dict.fromkeys(Grade, 0)
    for one in found:
        counts[one.grade] += 1
        yield f"{one.grade.value:<8} {one.where}: {one.what}"
        if one.remedy:
            yield f"{'':<8} → {one.remedy}"
    wrong = [f"{counts[grade]} {grade.value}s" for grade in (Grade.FAULT, Grade.WARNING) if counts[grade]]
    yield ", ".join(wrong) or "all is well"


def _as_json(found: Sequence[Finding]) -> str:
    return json.dumps({"findings": msgspec.to_builtins(found)}, indent=2, ensure_ascii=False)
