"""Which addresses of the web lead outside, and not to this machine or its own network. Pure: no I/O, no state."""

import re
from collections.abc import Collection
from fnmatch import fnmatchcase
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

from msgspec import Struct
from yarl import URL

from bridge.errors import Rejected

Numeric = IPv4Address | IPv6Address
_LONGEST: Final = 8192
_PORTS: Final = {"http": 80, "https": 443}
_NUMBER: Final = re.compile(r"(0x[0-9a-f]*|\d+)", re.IGNORECASE)
_OLD_INSIDE_NEW: Final = tuple(
    IPv6Network(one) for one in ("64:ff9b::/96", "64:ff9b:1::/48", "::/96", "::ffff:0:0:0/96")
)
"""NAT64 with its local prefix, and the older ways to write an IPv4 address: it stands in the last 32 bits."""
_ISATAP: Final = (0x00005EFE, 0x02005EFE)


def taken_apart(address: str) -> URL:
    """An address of the web with nothing hidden in it. Raises `Rejected`."""
    if len(address) > _LONGEST or not address.isprintable() or "\\" in address or " " in address:
        raise Rejected("it is no address")
    try:
        url = URL(address)
        host, port = url.raw_host or "", url.port
    except ValueError as error:
        raise Rejected("it is no address") from error
    if url.scheme not in _PORTS or not host or port is None:
        raise Rejected("only addresses of the web are fetched")
    if url.raw_user is not None or url.raw_password is not None or "%" in host:
        raise Rejected("it holds more than an address")
    return url


class Bounds(Struct, frozen=True, kw_only=True):
    """What may be fetched from: only `hosts` (`*.example.org` as well), or anybody where that is None.

    `inside` are the exceptions ("127.0.0.1:8081") that the operator named: only they may lead inside and have other
    ports than `ports`.
    """

    hosts: frozenset[str] | None = None
    inside: frozenset[str] = frozenset()
    ports: frozenset[int] = frozenset(_PORTS.values())


def vouched_for(url: URL, bounds: Bounds) -> bool:
    """Whether the operator named it, so that nobody need look where it leads. `Rejected` where it may not be asked."""
    host = (url.raw_host or "").rstrip(".").lower()
    if f"{url.raw_host}:{url.port}" in bounds.inside:
        return True
    if bounds.hosts is not None and not any(fnmatchcase(host, pattern) for pattern in bounds.hosts):
        raise Rejected("its host is none of the platform's")
    if url.port not in bounds.ports:
        raise Rejected("only the ports of the web are fetched from")
    written = numeric(host)
    if written is not None and not leads_outside(written):
        raise Rejected("it leads inside")
    return False


def numeric(host: str) -> Numeric | None:
    """The number that a host is, however it is spelt; None for a name. Raises `Rejected` for a strange spelling."""
    try:
        return ip_address(host)
    except ValueError:
        if _NUMBER.fullmatch(host.rpartition(".")[2]) or ":" in host or not host.isascii():
            raise Rejected("it is no address") from None
    return None


def leads_outside(address: Numeric) -> bool:
    """Whether a number is one of the public internet, as is whatever is wrapped in it."""
    wrapped = _wrapped(address)
    if wrapped:
        return all(map(leads_outside, wrapped))
    old_local = isinstance(address, IPv6Address) and address.is_site_local
    return address.is_global and not (address.is_multicast or address.is_reserved or old_local)


def _wrapped(address: Numeric) -> tuple[IPv4Address, ...]:
    """What a number of the new kind carries of the old."""
    if isinstance(address, IPv4Address):
        return ()
    last = IPv4Address(int(address) & 0xFFFFFFFF)
    if address.ipv4_mapped is not None or any(address in net for net in _OLD_INSIDE_NEW):
        return (last,)
    if address.sixtofour is not None:
        return (address.sixtofour,)
    if address.teredo is not None:
        return address.teredo
    return (last,) if int(address) >> 32 & 0xFFFFFFFF in _ISATAP else ()


def all_outside(numbers: Collection[str]) -> bool:
    """Whether every answer to the question for a name leads outside; no answer does not."""
    try:
        return bool(numbers) and all(leads_outside(ip_address(one)) for one in numbers)
    except ValueError:
        return False
