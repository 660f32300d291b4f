"""Whom a ban is about: a mask names nobody, but who is thrown out along with it is meant.

State only; time is handed in.
A mode line is read by what the server says of its modes (ISUPPORT CHANMODES and PREFIX).
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import translate
from typing import NamedTuple

TOGETHER_SECONDS = 10.0
"""So close stand a ban and a kick by the same moderator that are about the same person."""
_MOST = 200
_LISTS = "beIq,k,l,"
"""Modes where the server does not say: those of lists, with a value, with a value when set, and without."""


class Set(NamedTuple):
    """A ban that somebody set: `at` in monotonic seconds."""

    mask: str
    by: str
    at: float


def changes(params: Sequence[str], support: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """What a MODE line changes: sign, mode, value."""
    lists, always, when_set, *_ = [*support.get("CHANMODES", _LISTS).split(","), "", "", ""]
    ranks = support.get("PREFIX", "(ov)@+").removeprefix("(").partition(")")[0]
    values, sign = iter(params[1:]), "+"
    for letter in params[0] if params else "":
        if letter in "+-":
            sign = letter
            continue
        valued = letter in lists or letter in always or letter in ranks or (letter in when_set and sign == "+")
        yield sign, letter, next(values, "") if valued else ""


class Bans:
    """Of all channels of one connection. `fold` makes nicks comparable."""

    def __init__(self, fold: Callable[[str], str]) -> None:
        self._fold = fold
        self._set: dict[str, list[Set]] = {}
        self._addresses: dict[str, str] = {}

    def met(self, nick: str, address: str) -> None:
        """Somebody came in, from `user@host`."""
        self._addresses[self._fold(nick)] = address
        while len(self._addresses) > _MOST * 10:
            del self._addresses[next(iter(self._addresses))]

    def renamed(self, old: str, new: str) -> None:
        """Somebody has another nick."""
        address = self._addresses.pop(self._fold(old), None)
        if address is not None:
            self._addresses[self._fold(new)] = address

    def gone(self, nick: str) -> None:
        """Somebody left the network."""
        self._addresses.pop(self._fold(nick), None)

    def heard(self, channel: str, by: str, params: Sequence[str], support: Mapping[str, str], now: float) -> None:
        """Modes of a channel were changed."""
        known = self._set.setdefault(channel, [])
        for sign, letter, mask in changes(params, support):
            if letter == "b" and mask:
                known[:] = [one for one in known if one.mask != mask]
                if sign == "+":
                    known.append(Set(mask, by, now))
        del known[:-_MOST]

    def means(self, channel: str, by: str, nick: str, now: float) -> bool:
        """Whether somebody who is thrown out now is banned as well; a ban of a mere address counts for one of them."""
        address = self._addresses.get(self._fold(nick))
        for one in self._set.get(channel, ()):
            if not _fits(one.mask, self._fold(nick), address, self._fold):
                continue
            if address is not None or one.mask.partition("!")[0].strip("*?"):
                return True
            if one.by == by and now - one.at <= TOGETHER_SECONDS:
                self._set[channel].remove(one)
                return True
        return False


def _fits(mask: str, nick: str, address: str | None, fold: Callable[[str], str]) -> bool:
    """Whether a mask speaks of somebody, as far as is known; what is no `nick!user@host` (an extended ban) does not."""
    name, bang, rest = mask.partition("!")
    if not bang or not _glob(fold(name)).match(nick):
        return False
    return address is None or _glob(rest).match(address) is not None


def _glob(pattern: str) -> re.Pattern[str]:
    """`*` and `?` as on IRC; brackets are letters of nicks."""
    return re.compile(translate(pattern.replace("[", "[[]")), re.IGNORECASE)
