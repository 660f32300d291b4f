"""What a failed try with one recipient means. Pure: no I/O, no clock, no state."""

from collections.abc import Sequence
from datetime import timedelta

from msgspec import structs

from bridge.backoff import asked, wait
from bridge.errors import Rejected, RoomClosed, Unauthorized, Unavailable, Uncertain
from bridge.store.announced import Reach, Recipient, Result, Stands


def ended(  # noqa: PLR0913 - what an end depends on
    error: BaseException, recipient: Recipient, stands: Sequence[Stands], *, now: int, fraction: float, price: int
) -> Result:
    """It waits, or it is over; nobody knows only where the platform may have taken it. `now` in milliseconds."""
    reach, seconds = _reached(error, recipient, fraction)
    refunded = 0 if stands or reach is Reach.UNKNOWN else price
    return Result(
        number=recipient.number, reach=reach, natives=tuple(stands), why=str(error) or type(error).__name__,
        next_at=None if seconds is None else now + int(seconds * 1000), refund=refunded,
    )  # fmt: skip


def _reached(error: BaseException, recipient: Recipient, fraction: float) -> tuple[Reach, float | None]:
    match error:
        case Unauthorized():
            return Reach.WAITS, 0.0
        case RoomClosed():
            return (Reach.CLOSED, None) if recipient.room is None else (Reach.WAITS, wait(recipient.tries, fraction))
        case Rejected():
            return Reach.REFUSED, None
        case Uncertain():
            return Reach.UNKNOWN, None
        case Unavailable():
            told, own = asked(error.retry_after), wait(recipient.tries, fraction)
            return Reach.WAITS, max(told or 0.0, own) if told is None or recipient.tries else told
        case _:
            return Reach.UNKNOWN, None


def waits(  # noqa: PLR0913 - what a wait is made of
    recipient: Recipient, stands: Sequence[Stands], *, at: int, why: str, price: int, tries: int = 0
) -> Result:
    """It was not tried; `tries` is 1 where it is to be asked later and later."""
    return Result(
        number=recipient.number, reach=Reach.WAITS, natives=tuple(stands), why=why, next_at=at,
        refund=0 if stands else price, tries=tries,
    )  # fmt: skip


def awaiting(result: Result, stood: int, within: timedelta | None, at: int) -> Result:
    """The same, where its platform says `within` this time what became of what went `at`, behind what `stood` there."""
    went = tuple(native for part in result.natives[stood:] for native in part.ids if native)
    if within is None or not went:
        return result
    return structs.replace(result, awaits=went, at=at, due=at + int(within.total_seconds() * 1000))
