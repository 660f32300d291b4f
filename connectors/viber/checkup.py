"""What Viber says of our account, and what an operator should know of it. Pure; facts/platform-apis.md 1.7, 1.8."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from msgspec import Struct

from bridge import Finding, Grade, Unavailable
from connectors.viber.config import Account, ViberConfig
from connectors.viber.door import Refused
from connectors.viber.wire import Json, text

_ROLES: Final = ("superadmin", "admin")
_MANY: Final = 10


class Known(Struct, frozen=True, kw_only=True):
    """An account as Viber knows it; `author` is in whose name a channel's posts go, `webhook` whom Viber calls."""

    id: str
    name: str
    uri: str = ""
    author: str = ""
    webhook: str = ""

    @property
    def names(self) -> frozenset[str]:
        """By what a link may name the channel."""
        return frozenset(one.casefold() for one in (self.id, self.uri, "channel") if one)


def known(answer: Json, config: ViberConfig) -> Known:
    """The answer to `get_account_info`. Raises `Unavailable` where it is none."""
    found = text(answer, "id")
    if not found:
        raise Unavailable("Viber does not say which account it is")
    author = config.post_as or _author(answer.get("members"))
    if config.account is Account.CHANNEL and not author:
        raise Unavailable("Viber names no administrator of the channel: set `post_as` to the id of one")
    return Known(
        id=found, name=text(answer, "name") or found, uri=text(answer, "uri"), author=author,
        webhook=text(answer, "webhook"),
    )  # fmt: skip


def _author(members: object) -> str:
    """The owner, else an administrator, else anybody: how Viber spells the roles is not certain."""
    people = [one for one in members if isinstance(one, dict)] if isinstance(members, list) else []
    ranked = sorted(people, key=_rank)
    return next((ident for one in ranked if (ident := text(one, "id"))), "")


def _rank(member: Mapping[str, Any]) -> int:
    role = text(member, "role").casefold().replace("_", "").replace(" ", "")
    return _ROLES.index(role) if role in _ROLES else len(_ROLES)


def account(found: Known, ours: str | None) -> Iterator[Finding]:
    """Whether Viber calls us."""
    if found.webhook and found.webhook != ours:
        what = f"Viber calls {_host(found.webhook)} for this account, and not us: another program uses its token"
        remedy = "stop that program, or give the bridge an account of its own"
        yield Finding(grade=Grade.FAULT, where="token", what=what, remedy=remedy)


def knocks(refused: Counter[Refused]) -> Iterator[Finding]:
    """Who called and was not Viber."""
    for why, count in sorted(refused.items()):
        if count >= _MANY:
            what = f"{count} calls to our address were refused since the start: {why.value}"
            remedy = "if nobody is trying the door, see whether a proxy in front changes the calls' bodies or headers"
            yield Finding(where="webhook", what=what, remedy=remedy)


def _host(address: str) -> str:
    """Where an address leads; its path may hold somebody's secret."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else "another address"
