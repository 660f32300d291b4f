"""Which failpoints a transaction passes, by what stands in it; nothing is bound unless a test named one."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from bridge.failpoints import Point, failpoint, pass_by
from bridge.store.attached import Fetched
from bridge.store.ops import Accept, Close, Mark, Op, Progress, Seal, Settle, Start

Passing: TypeAlias = Callable[[Sequence[Op]], None]
_BEFORE: dict[type, Point] = {Seal: Point.SEAL_BEFORE, Settle: Point.DONE_BEFORE, Fetched: Point.FILE_BEFORE}
_AFTER: dict[type, Point] = {
    Seal: Point.SEAL_AFTER, Settle: Point.DONE_AFTER, Mark: Point.MARK_AFTER, Progress: Point.PART_AFTER,
    Start: Point.START_AFTER, Close: Point.STOP_AFTER, Fetched: Point.FILE_AFTER,
}  # fmt: skip


def _passing(kinds: Mapping[type, Point], accept: Point, position: Point) -> Passing | None:
    """What to call with the facts of each transaction; None when none of these points is named."""
    points = {kind: passage for kind, point in kinds.items() if (passage := failpoint(point))}
    accepted, moved = failpoint(accept), failpoint(position)
    if not (points or accepted or moved):
        return None

    def passing(facts: Sequence[Op]) -> None:
        for op in facts:
            if isinstance(op, Accept):
                pass_by(accepted if op.arrivals else None)
                pass_by(moved if op.position is not None else None)
            else:
                pass_by(points.get(type(op)))

    return passing


BEFORE_COMMIT = _passing(_BEFORE, Point.ACCEPT_BEFORE, Point.POSITION_BEFORE)
AFTER_COMMIT = _passing(_AFTER, Point.ACCEPT_AFTER, Point.POSITION_AFTER)
