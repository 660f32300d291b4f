"""Messages that come late: marked with their time, told of, or set aside where a link says so.

No I/O and no clock: time is handed in. A lane's `Lag` remembers what its readers and the operator were told.
"""

from datetime import UTC, datetime

from bridge.blocks import lag
from bridge.patience import Patience
from bridge.store.rows import Row, RowKind

_CAUGHT_UP = 0.5
"""Under this part of the most that a link allows, a room keeps up again."""


class Lag:
    """One lane's."""

    def __init__(self) -> None:
        self.told = False
        """The operator knows that the room lags."""
        self.aside: list[datetime] = []
        """When the messages were written that were set aside, of which the readers were not told yet."""

    def over(self, row: Row, patience: Patience, now: datetime) -> float | None:
        """How late a message is, in seconds, where that is more than its link allows; None once it was tried."""
        if row.kind is not RowKind.POST or row.person is None or row.plan is not None or row.doubtful or row.generation:
            return None
        late = max(now.timestamp() - row.at / 1000, (now - row.event.at).total_seconds())
        return late if late > patience.seconds else None

    def change(self, late: float | None, patience: Patience, waited: float) -> str:
        """What the operator is to hear, in words that follow the room's name; empty where nothing changed."""
        if late is not None and not self.told:
            self.told = True
            return f"lags: messages come {lag(late)} late"
        if late is None and self.told and waited < patience.seconds * _CAUGHT_UP:
            self.told = False
            return "has caught up"
        return ""

    def summary(self) -> str:
        """What the readers are to hear of the messages that were set aside; empty where there are none."""
        written, self.aside = self.aside, []
        if not written:
            return ""
        count = f"{len(written)} messages" if len(written) > 1 else "1 message"
        return f"[{count} of {_span(min(written), max(written))} came too late and are kept by the operator]"


def _span(first: datetime, last: datetime) -> str:
    begin, end = first.astimezone(UTC), last.astimezone(UTC)
    if begin.date() == end.date():
        return f"{begin:%b} {begin.day}, {begin:%H:%M} to {end:%H:%M} UTC"
    return f"{begin:%b} {begin.day} {begin:%H:%M} to {end:%b} {end.day} {end:%H:%M} UTC"
