"""What one file of the simulated disk holds: what is written, what of it is synced, and what a power cut leaves."""

from collections import Counter
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import TypeAlias

from bridge.chance import Chance

SECTOR = 512
"""Bytes the disk writes whole or not at all."""

Change: TypeAlias = tuple[int, bytes | None]
"""Bytes written at an offset, or None: the file was cut, or lengthened, to that size."""


class Loss(StrEnum):
    """What a power cut does to the changes that were not synced.

    `LAST` loses the latest ones only; `ANY` loses, keeps and tears each for itself, as a disk that reorders does.
    """

    NONE = "none"
    ALL = "all"
    LAST = "last"
    ANY = "any"


class Content:
    """One file: `now` is what a reader sees; what is needed to undo each change since the last sync stands beside."""

    __slots__ = ("_undo", "changes", "now")

    def __init__(self) -> None:
        self.now = bytearray()
        self.changes: list[Change] = []
        self._undo: list[tuple[int, bytes, int]] = []

    def change(self, offset: int, data: bytes | None) -> None:
        """Write, or with None set the size; a power cut may undo it until `sync`."""
        size = len(self.now)
        self.changes.append((offset, data))
        if offset == size and data is not None:  # a log grows
            self._undo.append((offset, b"", size))
            self.now += data
            return
        end = size if data is None else offset + len(data)
        self._undo.append((offset, bytes(self.now[offset:end]), size))
        _apply(self.now, (offset, data))

    def growth(self, end: int) -> int:
        """How many bytes longer the file becomes when it reaches to `end`."""
        return max(0, end - len(self.now))

    def sync(self) -> None:
        """From now on a power cut keeps everything written so far."""
        self.changes.clear()
        self._undo.clear()

    def damage(self, content: bytes) -> None:
        """Make the file hold this, as if it had always been so."""
        self.now = bytearray(content)
        self.sync()

    def after_cut(self, loss: Loss, chance: Chance, tally: Counter[str]) -> bytes:
        """What is left when the power is cut now; `tally` counts what became of the changes not synced."""
        left = bytearray(self.now)
        for offset, before, size in reversed(self._undo):
            del left[size:]
            left[offset : offset + len(before)] = before
        for change in _surviving(self.changes, loss, chance, tally):
            _apply(left, change)
        return bytes(left)


def _apply(content: bytearray, change: Change) -> None:
    offset, data = change
    if data is None:
        del content[offset:]
    if offset > len(content):
        content.extend(bytes(offset - len(content)))
    if data is not None:
        content[offset : offset + len(data)] = data


def _surviving(changes: Sequence[Change], loss: Loss, chance: Chance, tally: Counter[str]) -> Iterator[Change]:
    match loss:
        case Loss.NONE:
            kept = len(changes)
        case Loss.ALL:
            kept = 0
        case Loss.LAST:
            kept = int(chance.fraction() * (len(changes) + 1))
        case Loss.ANY:
            for change in changes:
                yield from _maybe(change, chance, tally)
            return
    tally["kept"] += kept
    tally["lost"] += len(changes) - kept
    yield from changes[:kept]


def _maybe(change: Change, chance: Chance, tally: Counter[str]) -> Iterator[Change]:
    """Kept, lost or torn, each as often as the others."""
    fate = ("kept", "lost", "torn")[int(chance.fraction() * 3)]
    tally[fate] += 1
    offset, data = change
    if fate == "kept" or (fate == "torn" and data is None):
        yield change
    elif fate == "torn" and data is not None:
        yield from _torn(offset, data, chance)


def _torn(offset: int, data: bytes, chance: Chance) -> Iterator[Change]:
    """Each sector by itself: written, not written, or, now and then, nonsense."""
    begin, end = offset, offset + len(data)
    while begin < end:
        until = min(end, (begin // SECTOR + 1) * SECTOR)
        fate = chance.fraction()
        if fate < 0.5:
            yield begin, data[begin - offset : until - offset]
        elif fate < 0.6:
            yield begin, chance.token(until - begin).encode()
        begin = until


__all__ = ["SECTOR", "Change", "Content", "Loss"]
