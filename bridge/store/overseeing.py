"""Finds the announcements that operators should see."""

from typing import Any

import apsw

from bridge.store.announced import Shares, Stage, What
from bridge.store.overseen import Oversee, Overseen
from bridge.store.spreading import Spreading

_MOST = 20
_WEEK_MS = 7 * 86_400_000
_UNHEARD_OF = (
    "at > ?2 AND EXISTS (SELECT 1 FROM awaited w WHERE w.announcement = a.number AND w.state = 0)"
    " AND NOT EXISTS (SELECT 1 FROM awaited w WHERE w.announcement = a.number AND w.state = 1)"
)
"""The platform said of nobody that it arrived: does it reach us at all?"""
_OPEN = (
    "SELECT number, name, what, about, stage, at, due,"  # noqa: S608 - our own words
    " (SELECT min(begun) FROM course WHERE announcement = a.number) FROM announcement a"
    " WHERE stage IN (1, 2) OR settles_at IS NOT NULL OR stage IN (3, 5) AND EXISTS"
    " (SELECT 1 FROM course c WHERE c.announcement = a.number AND (c.state = 2 OR EXISTS"
    " (SELECT 1 FROM recipient r WHERE r.announcement = a.number AND r.account = c.account AND r.state IN (6, 9))))"
    f" OR {_UNHEARD_OF} ORDER BY number DESC LIMIT ?1"
)


class Overseeing:
    """The statement that finds them."""

    def __init__(self, cursor: apsw.Cursor, spreading: Spreading) -> None:
        self._cursor, self._spreading = cursor, spreading

    def overseen(self, op: Oversee) -> tuple[Overseen, ...]:
        found: Any = list(self._cursor.execute(_OPEN, (_MOST, op.at - _WEEK_MS)))
        return tuple(
            Overseen(
                number=number, name=name, what=What(what), about=about, stage=Stage(stage),
                at=at, due=due, begun=begun,
                progress=self._spreading.progress(Shares(number, op.at)),
            )
            for number, name, what, about, stage, at, due, begun in found
        )  # fmt: skip
