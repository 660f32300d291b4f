"""Whether the machine's clock is right, told by others' clocks and by the store."""

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp

from bridge.clock import Clock
from bridge.doctor.place import Place
from bridge.findings import Endpoint, Finding, Grade

SECONDS = 10.0
_NOTICED = 30.0
_REFUSED = 300.0
"""What is signed is refused when it is so far from now."""
_AHEAD = 60.0
_REMEDY = "timedatectl set-ntp true, then `timedatectl` must say: System clock synchronized: yes"


async def difference(endpoint: Endpoint, clock: Clock) -> float | None:
    """Seconds by which our clock is ahead of a server's; None where it does not tell."""
    timeout = aiohttp.ClientTimeout(total=SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.head(endpoint.address, ssl=endpoint.tls or True, allow_redirects=False) as answer,
        ):
            theirs = parsedate_to_datetime(answer.headers.get("Date", ""))
    except (aiohttp.ClientError, TimeoutError, ValueError, OSError):
        return None
    return (clock.now() - theirs.astimezone(UTC)).total_seconds()


def judged(address: str, ahead: float | None) -> Iterator[Finding]:
    """Whether our clock and a server's agree."""
    if ahead is None or abs(ahead) <= _NOTICED:
        return
    side = "ahead of" if ahead > 0 else "behind"
    what = f"this machine's clock is {abs(ahead):.0f} s {side} that of {address}"
    yield Finding(
        grade=Grade.FAULT if abs(ahead) > _REFUSED else Grade.WARNING, where="clock", what=what, remedy=_REMEDY
    )


def stepped(place: Place, now: datetime) -> Iterator[Finding]:
    """Whether the store was written after now: then the clock was set back."""
    written = max((entry.written for entry in (place.store, place.log) if entry is not None), default=0.0)
    if written > now.timestamp() + _AHEAD:
        ahead = written - now.timestamp()
        what = f"the store was last written {ahead:.0f} s from now: the clock was set back, or was wrong then"
        yield Finding(where="clock", what=what, remedy=_REMEDY)
