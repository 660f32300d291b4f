"""Messages that come late: marked with their time, told of, or set aside where a link says so.

No I/O and no clock: time is handed in. A lane's `Lag` remembers what its readers and the operator were told.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo

from bridge.blocks import lag
from bridge.events import Attachment, Kind, Posted
from bridge.fit import described
from bridge.patience import Patience
from bridge.people import bare
from bridge.steps import View, name_of
from bridge.store.rows import Row, RowKind
from bridge.text.walk import plain

_MOST_BYTES = 500_000
_CAUGHT_UP = 0.5
"""Under this part of the most that a link allows, a room keeps up again."""


class Lag:
    """One lane's."""

    def __init__(self) -> None:
        self.told = False
        """The operator knows that the room lags."""
        self.aside: list[datetime] = []
        """When the messages were written that were set aside, of which the readers were not told yet."""
        self.lines: list[str] = []
        """What they say, where the readers get it as a file."""

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

    def summary(self, zone: tzinfo = UTC) -> str:
        """What the readers are to hear of the messages that were set aside; empty where there are none."""
        written, self.aside = self.aside, []
        if not written:
            return ""
        count = f"{len(written)} messages" if len(written) > 1 else "1 message"
        return f"[{count} of {_span(min(written), max(written), zone)} came too late and are kept by the operator]"

    def file(self) -> tuple[Attachment, ...]:
        """What was set aside since readers were told last, for those who want to read it; () where that is nothing."""
        lines, self.lines = self.lines, []
        return (_file_of(lines),) if lines else ()


def line(row: Row, view: View) -> str:
    """One message as it stands in a file: when, who, and what, as far as words say it."""
    event = row.event
    if not isinstance(event, Posted):
        return ""
    told = [plain(view.told(event.text)), *(described(one) for one in event.attachments)]
    said = "\n    ".join("\n".join(filter(None, told)).splitlines())
    return f"{event.at.astimezone(view.zone):%Y-%m-%d %H:%M} {bare(name_of(row, view))}: {said}"


def _file_of(lines: Sequence[str]) -> Attachment:
    """A text of the bridge's own: it is its own handle, and so as durable, and as sealed, as any message."""
    kept: list[str] = []
    size = 0
    for one in lines:
        size += len(one.encode(errors="replace")) + 1
        if size > _MOST_BYTES:
            kept.append(f"… and {len(lines) - len(kept)} more, which the operator has")
            break
        kept.append(one)
    source = "\n".join((*kept, "")).encode(errors="replace").decode()
    return Attachment(kind=Kind.FILE, name="missed.txt", mime="text/plain", source=source)


def _span(first: datetime, last: datetime, zone: tzinfo) -> str:
    begin, end = first.astimezone(zone), last.astimezone(zone)
    if begin.date() == end.date():
        return f"{begin:%b} {begin.day}, {begin:%H:%M} to {end:%H:%M %Z}"
    return f"{begin:%b} {begin.day} {begin:%H:%M} to {end:%b} {end.day} {end:%H:%M %Z}"
