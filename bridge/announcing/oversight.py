"""What of an announcement needs somebody, in words for operators. Pure: no I/O, no clock, no state."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from bridge.store.announced import Count, Course, Reach, Stage
from bridge.store.overseen import Overseen

LATE_MS = 5 * 60 * 1000
"""So long after it was due an announcement that did not begin is a fault."""
LONG_MS = 60 * 60 * 1000
"""So long one goes before operators are told that it does."""


class Need(Struct, frozen=True, kw_only=True):
    """`what` is so, after the announcement's name; `advice` says what to do about it."""

    what: str
    advice: str


def needs(one: Overseen, now: int) -> Iterator[Need]:
    """What somebody should look at; `now` in milliseconds."""
    if one.stage is Stage.APPROVED and one.due is not None and now - one.due > LATE_MS:
        yield Need(what="is approved, and did not begin when it was due", advice=_LOG)
    waits = waiting(one)
    if one.stage is Stage.GOING and waits and now - (one.begun or one.at) > LONG_MS:
        what = f"has been going for {_lasting(now - (one.begun or one.at))}, and {waits:,} wait"
        yield Need(what=what, advice=f"`!status {one.number}` in its room says for what; look at its accounts")
    for share in one.progress.shares:
        if share.state is Course.STOPPED:
            advice = f"raise the budget or wait for the next month, then `!resume {one.number}` in its room"
            yield Need(what=f"was stopped at {share.account}: {share.why}", advice=advice)
    for count in one.progress.counts:
        yield from _of(one, count, one.progress.counts)


def waiting(one: Overseen) -> int:
    """How many have still to get it."""
    waits = sum(count.many for count in one.progress.counts if count.reach is Reach.WAITS)
    return waits + sum(share.left for share in one.progress.shares)


_LOG = "look into the log; `qantara doctor` once more after the next start"


def _of(one: Overseen, count: Count, counts: Sequence[Count]) -> Iterator[Need]:
    match count.reach:
        case Reach.UNKNOWN:
            what = f"may have reached {count.many:,} on {count.account}, or not: nobody knows"
            advice = f"`!status {one.number}` in its room names some, `!resend {one.number}` sends it to them again"
            yield Need(what=what, advice=advice)
        case Reach.LOST:
            what = f"did not reach {count.many:,} on {count.account} after all"
            yield Need(what=what, advice=f"`!resend {one.number}` in its room sends it to them again")
        case Reach.UNCONFIRMED if not _confirmed(count, counts):
            what = f"went to {count.many:,} on {count.account}, which said in time of nobody that it arrived"
            yield Need(what=what, advice="see that the platform's calls reach the bridge: `qantara doctor`")
        case _:
            pass


def _confirmed(count: Count, counts: Sequence[Count]) -> bool:
    return any(other.account == count.account and other.reach is Reach.DELIVERED for other in counts)


def _lasting(milliseconds: int) -> str:
    hours = milliseconds // LONG_MS
    return "an hour" if hours == 1 else f"{hours} hours"
