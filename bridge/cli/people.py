"""`qantara person` and `qantara forget`: what is held about somebody, and that it goes."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Protocol
from urllib.parse import quote

import msgspec
import typer

from bridge.app import Exit
from bridge.chance import SystemChance
from bridge.cli.asking import NOT_WELL, NoDaemon, ask, store_of
from bridge.cli.options import DEFAULT_CONFIG, ConfigFile, read_config
from bridge.cli.tables import table
from bridge.clock import SystemClock
from bridge.errors import BridgeError
from bridge.ids import PersonNumber
from bridge.store.keys import keys_of
from bridge.store.ops import Forget, Op
from bridge.store.people import Forgotten
from bridge.store.questions import About, Find
from bridge.store.sqlite import SqliteStore, StoreInUse, StoreUnreadable

Who = Annotated[
    str, typer.Argument(metavar="PERSON", help="A name, a piece of one, or a native id as account/id.", show_default="")
]
Chosen = Annotated[int | None, typer.Option("--number", "-n", help="Which of several: the number from the list.")]
Export = Annotated[Path | None, typer.Option(help="Write it as JSON to this file; - is standard output.")]


class Source(Protocol):
    """Who answers: the running daemon, or the store itself."""

    def find(self, who: str) -> Sequence[dict[str, Any]]: ...
    def about(self, number: int) -> Any: ...  # noqa: ANN401 - JSON
    def forget(self, number: int) -> dict[str, int]: ...


def person(who: Who = "", number: Chosen = None, export: Export = None, config: ConfigFile = DEFAULT_CONFIG) -> None:
    """What is held about a person: a line each of those who may be meant, or all about one, as JSON.

    The running daemon is asked; where none runs, the store is opened.
    """
    with _source(config) as source:
        if export is None and number is None:
            print(_listed(source.find(who)))
            return
        found = source.about(_meant(source, who, number))
    if found is None:
        _end("nobody has this number")
    _write(export, msgspec.json.format(msgspec.json.encode(found), indent=2))


def forget(who: Who = "", number: Chosen = None, config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Forget a person: what waits of them is dropped, targets are asked to delete what they show, the rest goes.

    When several may be meant they are listed, and nothing is done until one is chosen with --number.
    The running daemon does it; where none runs, the store is changed and the targets are asked at the next start.
    """
    with _source(config) as source:
        meant = _meant(source, who, number)
        done = source.forget(meant)
    print(f"forgotten: {done['dropped']} deliveries dropped, {done['copies']} copies to be deleted by their targets")


def _meant(source: Source, who: str, number: int | None) -> int:
    """The one person who is meant; else the program ends with the list."""
    if number is not None:
        return number
    found = source.find(who)
    if len(found) != 1:
        _end(f"{_listed(found)}\n\nnothing was done: choose one with --number" if found else _listed(found))
    return int(found[0]["number"])


def _end(why: str) -> None:
    print(why, file=sys.stderr)
    raise typer.Exit(NOT_WELL)


def _listed(found: Sequence[dict[str, Any]]) -> str:
    rows = [
        (str(one["number"]), one["account"], one["name"], str(one["messages"]), str(one["waiting"])) for one in found
    ]
    return table(("number", "account", "name", "messages", "waiting"), rows) if rows else "nobody of that name or id"


def _write(to: Path | None, content: bytes) -> None:
    if to is None or str(to) == "-":
        print(content.decode())
        return
    with os.fdopen(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content + b"\n")
    print(f"{to}: {len(content)} bytes")


# --- who answers ---


class Daemon:
    """The running daemon, through its socket."""

    def __init__(self, store: Path) -> None:
        self._store = store

    def find(self, who: str) -> Sequence[dict[str, Any]]:
        found: Sequence[dict[str, Any]] = self._answer("GET", f"/people?who={quote(who, safe='')}")["people"]
        return found

    def about(self, number: int) -> Any:  # noqa: ANN401 - JSON
        return self._answer("GET", f"/people/{number}")

    def forget(self, number: int) -> dict[str, int]:
        done: dict[str, int] = self._answer("POST", "/people/forget", {"number": number})
        return done

    def _answer(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:  # noqa: ANN401 - JSON
        status, answer = ask(self._store, method, path, body)
        if status >= 400:  # noqa: PLR2004 - where HTTP's refusals begin
            _end(answer["error"])
        return answer


class Alone:
    """The store itself, while nobody else uses it."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store

    def find(self, who: str) -> Sequence[dict[str, Any]]:
        return [msgspec.to_builtins(one) for one in self._ask(Find(who))]

    def about(self, number: int) -> Any:  # noqa: ANN401 - JSON
        return msgspec.to_builtins(self._ask(About(PersonNumber(number))))

    def forget(self, number: int) -> dict[str, int]:
        if self._ask(About(PersonNumber(number))) is None:
            _end("nobody has this number")
        dropped, copies, done = 0, 0, False
        while not done:
            at = int(SystemClock().now().timestamp() * 1000)
            piece: Forgotten = self._ask(Forget(person=PersonNumber(number), at=at))
            dropped, copies, done = dropped + piece.dropped, copies + piece.copies, piece.done
        return {"dropped": dropped, "copies": copies}

    def _ask(self, op: Op) -> Any:  # noqa: ANN401 - each op documents its answer
        (answer,) = self._store.drain([op])
        if isinstance(answer, Exception):
            _end(str(answer))
        return answer


@contextmanager
def _source(config: Path) -> Iterator[Source]:
    """The daemon where one answers, else the store."""
    daemon = Daemon(store_of(config))
    try:
        daemon.find("")
    except NoDaemon as error:
        nobody = error
    else:
        yield daemon
        return
    settings = read_config(config).store
    if not settings.path.exists():
        print(nobody, file=sys.stderr)
        raise typer.Exit(Exit.CANNOT_LISTEN)
    try:
        store = SqliteStore(settings.path, SystemChance(), keys=keys_of(settings))
    except BridgeError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(_status(error)) from None
    try:
        yield Alone(store)
    finally:
        store.close()


def _status(error: BridgeError) -> Exit:
    if isinstance(error, StoreInUse):
        return Exit.IN_USE
    return Exit.STORE_UNREADABLE if isinstance(error, StoreUnreadable) else Exit.DISK_FAILED
