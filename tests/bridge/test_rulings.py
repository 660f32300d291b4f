"""Where a decision of moderators holds."""

import pytest

from bridge.ids import RoomNumber
from bridge.routing import Heard
from bridge.rulings import concerns, stopped
from bridge.store.care import Ruled, Ruling

HERE, THERE, ELSEWHERE = RoomNumber(1), RoomNumber(2), RoomNumber(3)
TO = Heard(THERE, "town")


def ruling(link: str = "town", room: RoomNumber | None = None, kind: Ruled = Ruled.MUTE) -> Ruling:
    return Ruling(number=1, kind=kind, link=link, room=room)


CASES = [
    ("the whole link", ruling(), True),
    ("every link", ruling(link=""), True),
    ("another link", ruling(link="news"), False),
    ("the room it goes to", ruling(room=THERE), True),
    ("the room it comes from", ruling(room=HERE), True),
    ("another room", ruling(room=ELSEWHERE), False),
    ("that room in another link", ruling(link="news", room=THERE), False),
]


@pytest.mark.parametrize(("decided", "holds"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_ruling_holds_over_its_link_or_one_room_of_it(decided: Ruling, holds: object) -> None:
    assert concerns(decided, HERE, TO) is holds


def test_the_first_ruling_says_why() -> None:
    others = Heard(ELSEWHERE, "town")
    found = stopped([ruling(room=ELSEWHERE, kind=Ruled.LOCK), ruling()], HERE, (TO, others))
    assert found == {TO: Ruled.MUTE, others: Ruled.LOCK}
    assert stopped([], HERE, (TO,)) == {}
