"""A text that bounces between the same two rooms trips a breaker. State only; time is handed in.

Own echoes are known by twin, key or author. This is for what those cannot see: another bridge between the same rooms,
which posts our copies as its own words.
"""

import re
from collections import OrderedDict

from bridge.ids import RoomNumber
from bridge.text.nodes import Rich
from bridge.text.plain import only_words
from bridge.text.walk import plain

BOUNCES = 6
"""So much together trips the breaker."""
PLAIN = 2
"""What counts a change of direction: people who answer one another in the same words do that."""
LABELLED = 3
"""The same with a name in front, as a bridge puts it there: two of them, and it is open before a third copy."""
WINDOW_SECONDS = 30.0
_REMEMBERED = 4096
# Each repetition is bounded: what a person types could otherwise hold the bridge for minutes.
_LABEL = re.compile(r"^(?:\W{0,8}[^\s:<>\[\]]{1,40}(?: \[\d{1,19}\])?\W{0,8}[:>\]]\s+)+")
_LABEL_WITHIN = 64
_Trail = tuple[RoomNumber, int, float]


def essence(text: Rich) -> str:
    """What stays the same when a bridge puts names in front: lower case, single spaces, no labels."""
    return weighed(text)[0]


def weighed(text: Rich) -> tuple[str, int]:
    """The essence, and what a change of direction with it counts."""
    words = " ".join((only_words(text) or plain(text)).split()).casefold()
    if not any(mark in words[:_LABEL_WITHIN] for mark in ":>]"):
        return words, PLAIN
    bare = _LABEL.sub("", words)
    return bare, PLAIN if bare == words else LABELLED


class Breaker:
    """Counts how often the same words change direction between two rooms."""

    def __init__(self) -> None:
        self._trails: OrderedDict[tuple[RoomNumber, RoomNumber, str], _Trail] = OrderedDict()

    def trips(self, origin: RoomNumber, target: RoomNumber, words: str, now: float, weight: int = PLAIN) -> bool:
        """Whether these words have bounced too often between these rooms within the window."""
        key = (min(origin, target), max(origin, target), words)
        last, bounces, since = self._trails.get(key, (origin, 0, now))
        if now - since > WINDOW_SECONDS:
            last, bounces, since = origin, 0, now
        bounces += weight if last != origin else 0
        self._trails[key] = (origin, bounces, since)
        self._trails.move_to_end(key)
        if len(self._trails) > _REMEMBERED:
            self._trails.popitem(last=False)
        return bounces >= BOUNCES
