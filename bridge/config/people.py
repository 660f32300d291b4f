"""Who is the same person on several platforms, as the file says. Pure: values and lines in, people and faults out."""

from collections.abc import Iterator, Mapping
from itertools import chain

from msgspec import Struct

from bridge.config.faults import MAX_NAME, Fault, Trail, did_you_mean, shown
from bridge.config.page import Page, Value
from bridge.ids import AccountName, UserId


class Identity(Struct, frozen=True):
    """A person on one platform: as which account sees them, and what the platform calls them."""

    account: AccountName
    user: UserId


class Seen(Struct, frozen=True):
    """An identity, and where it is written."""

    identity: Identity
    trail: Trail


People = Mapping[str, tuple[Identity, ...]]


def people(page: Page) -> tuple[People, tuple[Fault, ...]]:
    """Every person that could be read, and everything wrong with them, alone and together."""
    written = page.at(("people",))
    found: dict[str, tuple[Seen, ...]] = {}
    faults: list[Fault] = []
    for name, ids in written.items() if isinstance(written, dict) else ():
        read = list(_identities(page, name, ids))
        found[name] = tuple(item for item in read if isinstance(item, Seen))
        faults += [item for item in read if isinstance(item, Fault)]
        faults += _alone(page, name, ids)
    faults += _twice(page, found)
    return {name: tuple(one.identity for one in seen) for name, seen in found.items()}, tuple(faults)


def _identities(page: Page, name: str, ids: Value) -> Iterator[Seen | Fault]:
    for index, text in enumerate(ids if isinstance(ids, list) else ()):
        trail = ("people", name, index)
        if isinstance(text, str):
            yield _identity(page, trail, text)


def _identity(page: Page, trail: Trail, text: str) -> Seen | Fault:
    account, slash, user = text.partition("/")
    hidden = page.mark(trail).hidden
    if not slash or not user.strip() or not user.isprintable() or user != user.strip():
        written = "the value" if hidden else f'"{shown(text)}"'
        return page.fault(trail, f"{written} is nobody: a person is written account/id")
    known = page.at(("accounts",))
    if isinstance(known, dict) and account not in known:
        what = "no account of that name" if hidden else f'no account "{shown(account)}"{did_you_mean(account, known)}'
        return page.fault(trail, what)
    return Seen(Identity(AccountName(account), UserId(user)), trail)


def _alone(page: Page, name: str, ids: Value) -> Iterator[Fault]:
    if not name.strip() or not name.isprintable() or len(name) > MAX_NAME:
        yield page.fault(("people", name), f"a person's name is printable text of at most {MAX_NAME} characters")
    if isinstance(ids, list) and len(ids) < 2:  # noqa: PLR2004 - one id would say nothing
        yield page.fault(("people", name), "needs two ids or more: it says which of them are the same person")


def _twice(page: Page, found: Mapping[str, tuple[Seen, ...]]) -> Iterator[Fault]:
    first: dict[tuple[str, str], Seen] = {}
    for seen in chain.from_iterable(found.values()):
        one = seen.identity
        known = first.setdefault((one.account, one.user.casefold()), seen)
        if known is not seen:
            who = "the id" if page.mark(seen.trail).hidden else f'"{shown(f"{one.account}/{one.user}")}"'
            yield page.fault(seen.trail, f"{who} is a person already, in line {page.line(known.trail)}")
