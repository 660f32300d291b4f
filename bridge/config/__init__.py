"""YAML text → Config, or every fault at once, each with its line."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import msgspec
from pydantic import BaseModel, SecretBytes, SecretStr

from bridge.config import announcements as announced
from bridge.config import page as pages
from bridge.config import rooms
from bridge.config.announcements import Announcing, Approval, ApprovedWords, Reachable
from bridge.config.checking import check
from bridge.config.connectors import Connectors
from bridge.config.desks import Answer, Desk, desk, desks
from bridge.config.faults import ConfigError, Fault, Trail, did_you_mean, listed, shown
from bridge.config.page import Page
from bridge.config.people import Identity, People, people
from bridge.config.schema import schema
from bridge.config.settings import (
    Allowance,
    Config,
    FileSettings,
    HttpSettings,
    Limits,
    Link,
    LinkSettings,
    StoreSettings,
    is_loopback,
)
from bridge.config.zones import zone_of
from bridge.connector import ConnectorConfig
from bridge.ids import AccountName, Room
from bridge.patience import Patience

__all__ = [
    "Allowance",
    "Announcing",
    "Answer",
    "Approval",
    "ApprovedWords",
    "Config",
    "ConfigError",
    "Connectors",
    "Desk",
    "Fault",
    "HttpSettings",
    "Identity",
    "Limits",
    "Link",
    "People",
    "Reachable",
    "StoreSettings",
    "is_loopback",
    "load",
    "parse",
    "schema",
]

M = TypeVar("M", bound=BaseModel)

SHORT_TOKEN = "is shorter than 32 bytes and might be guessed (`openssl rand -hex 32` makes one)"  # noqa: S105 - a sentence
_WORTH_HIDING = 4
"""Values shorter than this are no secrets, and masking them would leave nothing of a log."""


def load(path: Path, environ: Mapping[str, str], connectors: Connectors) -> Config:
    """Read a configuration file; raises ConfigError with everything that is wrong with it."""
    text, readable_by_all = _text(path)
    page = pages.read(text, name=str(path), environ=environ)
    config = _config(page, connectors, path.parent)
    warnings = (*config.warnings, *_literal_secrets(page, config)) if readable_by_all else config.warnings
    return msgspec.structs.replace(config, warnings=warnings)


def parse(text: str, *, name: str, environ: Mapping[str, str], connectors: Connectors, base: Path) -> Config:
    """Read a configuration; relative paths in it start at `base`. Raises ConfigError with everything that is wrong."""
    return _config(pages.read(text, name=name, environ=environ), connectors, base)


def _text(path: Path) -> tuple[str, bool]:
    """The file's text, and whether everybody on the machine can read it."""
    try:
        content, mode = path.read_bytes(), path.stat().st_mode
    except OSError as error:
        raise ConfigError([_whole(path, 0, f"cannot be read: {error.strerror or 'error'}")]) from None
    try:
        return content.decode("utf-8-sig"), bool(mode & 0o004)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
    raise ConfigError([_whole(path, line, "is not UTF-8 text: save the file as UTF-8")])


def _whole(path: Path, line: int, problem: str) -> Fault:
    return Fault(file=str(path), line=line, path="", problem=problem)


def _config(page: Page, connectors: Connectors, base: Path) -> Config:
    if page.values is None:
        raise ConfigError(page.faults or [page.fault((), "is empty: it needs at least `accounts`")])
    if not isinstance(page.values, dict):
        raise ConfigError([*page.faults, page.fault((), 'must be a mapping: "accounts:", "links:" and so on')])
    settings, wrong = check(FileSettings, page)
    accounts, wrong_accounts = _accounts(page, connectors)
    sides, wrong_links = rooms.links(page)
    known, wrong_people = people(page)
    seats, wrong_desks = desks(page, sides)
    notices = rooms.room(page, ("notices",))
    moderators, wrong_moderators = rooms.moderators(page)
    faults = [
        *wrong,
        *_empty(page),
        *wrong_accounts,
        *wrong_links,
        *wrong_people,
        *wrong_desks,
        *announced.faults(page, sides),
        *wrong_moderators,
        *([notices] if isinstance(notices, Fault) else ()),
    ]
    faults = [*page.faults, *_new(page, faults)]
    http = None if settings is None else settings.http
    short = [page.fault(("http", "token"), SHORT_TOKEN)] if http is not None and http.token_is_short else []
    if http is not None and not http.is_local:
        faults += short
    if faults or settings is None:
        raise ConfigError(faults)
    links = {side.name: _link(side, settings.links[side.name], moderators.get(side.name)) for side in sides}
    return Config(
        store=_from_base(settings.store, base),
        http=settings.http,
        media=_from_base(settings.media, base),
        notices=notices if isinstance(notices, Room) else None,
        accounts={name: _from_base(account, base) for name, account in accounts.items()},
        links=links,
        desks={name: desk(name, settings.desks[name], place) for name, place in seats.items()},
        announcements={name: announced.announcing(name, one) for name, one in settings.announcements.items()},
        budget=announced.millionths(settings.budget),
        people=known,
        pairing=settings.pairing,
        secrets=frozenset(_secrets(page, [settings, *accounts.values()])),
        warnings=(*short, *_warnings(page, sides)),
    )


def _from_base(settings: M, base: Path) -> M:
    """The same settings; relative paths start at `base`."""
    paths = {name: value for name, value in settings if isinstance(value, Path)}
    return settings.model_copy(update={name: base / path for name, path in paths.items()})


def _new(page: Page, faults: Sequence[Fault]) -> Iterator[Fault]:
    """Faults of what could be read: a place whose very writing is wrong is not told of again."""
    told = {fault.path for fault in page.faults}
    return (fault for fault in faults if fault.path not in told)


def _empty(page: Page) -> Iterator[Fault]:
    for name in ("http", "notices"):
        if name in page.values and page.values[name] is None:
            yield page.fault((name,), "is empty: give it settings, or leave it out")
    if page.values.get("accounts") == {}:
        yield page.fault(("accounts",), "needs at least one account")


def _accounts(page: Page, connectors: Connectors) -> tuple[dict[AccountName, ConnectorConfig], list[Fault]]:
    written = page.at(("accounts",))
    accounts: dict[AccountName, ConnectorConfig] = {}
    faults: list[Fault] = []
    for name, value in written.items() if isinstance(written, dict) else ():
        if not rooms.ACCOUNT_NAME.fullmatch(name):
            faults.append(page.fault(("accounts", name), "an account's name is made of a-z, 0-9, _ and - only"))
        if isinstance(value, dict):
            settings, wrong = _account(page, ("accounts", name), connectors)
            faults += wrong
            if settings is not None:
                accounts[AccountName(name)] = settings
    return accounts, faults


def _account(page: Page, trail: Trail, connectors: Connectors) -> tuple[ConnectorConfig | None, Sequence[Fault]]:
    place = (*trail, "connector")
    name = page.at(place)
    known = connectors.names()
    if "connector" not in page.at(trail):
        return None, [page.fault(place, f"is missing; there are {listed(known)}")]
    if not isinstance(name, str) or name not in known:
        return None, [page.fault(place, _no_connector(page, place, name, known))]
    try:
        model = connectors.get(name).Config
    except ImportError as error:
        return None, [page.fault(place, " ".join(str(error).split()))]
    return check(model, page, trail)


def _no_connector(page: Page, place: Trail, name: object, known: Sequence[str]) -> str:
    if not isinstance(name, str) or page.mark(place).hidden:
        return f"is no connector's name; there are {listed(known)}"
    return f'no connector "{shown(name)}"{did_you_mean(name, known) or f"; there are {listed(known)}"}'


def _link(sides: rooms.Sides, settings: LinkSettings, moderators: Room | None) -> Link:
    most = settings.max_lag_minutes
    return Link(
        name=sides.name,
        sources=tuple(seat.room for seat in sides.sources),
        targets=tuple(seat.room for seat in sides.targets),
        lifetime=timedelta(hours=settings.lifetime_hours),
        late=settings.late_minutes * 60,
        zone=zone_of(settings.time_zone),
        patience=None if most is None else Patience(most * 60, settings.over_max_lag),
        limits=settings.limits,
        label=settings.label,
        show=frozenset(settings.show),
        sync=frozenset(settings.sync),
        transforms=settings.transforms,
        moderation=settings.moderation,
        moderators=moderators,
    )


def _warnings(page: Page, sides: Sequence[rooms.Sides]) -> Iterator[Fault]:
    if not sides and not page.values.get("desks") and not page.values.get("announcements"):
        yield page.fault(("links",), "there are no links: nothing is bridged")
    yield from rooms.chains(page, sides)


def _secrets(page: Page, parts: Sequence[BaseModel]) -> Iterator[str]:
    """What a log must not show: every secret setting, what it was put together from, and whatever came from a file."""
    values = {value for part in parts for value in _kept_secret(part)}
    found = set(values)
    for trail, mark in page.marks.items():
        found.update(mark.read)
        if mark.taken and page.at(trail) in values:
            found.update(mark.taken)
    return (value for value in found if len(value) >= _WORTH_HIDING)


def _kept_secret(value: object) -> Iterator[str]:
    match value:
        case SecretStr():
            yield value.get_secret_value()
        case SecretBytes():
            yield value.get_secret_value().decode(errors="replace")
        case BaseModel():
            for name in type(value).model_fields:
                yield from _kept_secret(getattr(value, name))
        case dict():
            for item in value.values():
                yield from _kept_secret(item)
        case list() | tuple() | set() | frozenset():
            for item in value:
                yield from _kept_secret(item)


def _literal_secrets(page: Page, config: Config) -> Iterator[Fault]:
    kept = {value for part in (config.http, config.store, *config.accounts.values()) for value in _kept_secret(part)}
    for trail, mark in page.marks.items():
        value = page.at(trail)
        if value and isinstance(value, str) and value in kept and not mark.hidden:
            yield page.fault(trail, "is a secret written out in a file that everybody on this machine can read")
