"""Our own messages as their platform showed them to us, while their rows may still need to know."""

from collections import OrderedDict

from bridge.ids import MessageId, RowNumber
from bridge.store.ops import Row

_MOST = 1000
Natives = tuple[MessageId, ...]


class Echoes:
    """By row and part; at most so many, the oldest go first."""

    def __init__(self) -> None:
        self._found: OrderedDict[tuple[RowNumber, int], Natives] = OrderedDict()

    def __len__(self) -> int:
        return len(self._found)

    def keep(self, row: RowNumber, part: int, natives: Natives) -> None:
        """That part of that row arrived, as these."""
        self._found[row, part] = natives
        if len(self._found) > _MOST:
            self._found.popitem(last=False)

    def take(self, row: RowNumber, part: int) -> Natives | None:
        """What a part arrived as; None when nobody has seen it."""
        return self._found.pop((row, part), None) if self._found else None

    def forget(self, row: Row) -> None:
        """The row is settled."""
        for key in [key for key in self._found if key[0] == row.number]:
            del self._found[key]
