"""What is known to have arrived though no call of the lane said so, while the row may still need to know.

Platforms show us our own messages; and a call may be answered when the lane that made it is over.
"""

from collections import OrderedDict

from bridge.ids import RowNumber
from bridge.store.rows import Arrived, Row

_MOST = 1000


class Echoes:
    """Of one room, by row and part; at most so many, the oldest go first. They outlive the lane of the room."""

    def __init__(self) -> None:
        self._found: OrderedDict[tuple[RowNumber, int], Arrived] = OrderedDict()

    def __len__(self) -> int:
        return len(self._found)

    def __contains__(self, part: tuple[RowNumber, int]) -> bool:
        return part in self._found

    def keep(self, row: RowNumber, part: int, as_these: Arrived) -> None:
        """That part of that row arrived, as these."""
        self._found[row, part] = as_these
        if len(self._found) > _MOST:
            self._found.popitem(last=False)

    def take(self, row: RowNumber, part: int) -> Arrived | None:
        """What a part arrived as; None when nobody has seen it."""
        return self._found.pop((row, part), None) if self._found else None

    def forget(self, row: Row) -> None:
        """The row is settled."""
        for key in [key for key in self._found if key[0] == row.number]:
            del self._found[key]
