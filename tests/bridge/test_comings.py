"""Who came and went, in words."""

from datetime import UTC, datetime

import pytest

from bridge.comings import Change, shown_by, told
from bridge.config.settings import Show
from bridge.events import Joined, Left, RoomChanged, User
from bridge.ids import EventId, RoomId, UserId

FIELDS = {"id": EventId("e"), "room": RoomId("!r"), "at": datetime(2026, 1, 1, tzinfo=UTC)}


def came(name: str) -> Joined:
    return Joined(user=User(id=UserId(name), name=name), **FIELDS)  # type: ignore[arg-type]


def went(name: str) -> Left:
    return Left(user=User(id=UserId(name), name=name), reason="@everyone come", **FIELDS)  # type: ignore[arg-type]


def changed(name: str | None = None, topic: str | None = None) -> RoomChanged:
    return RoomChanged(name=name, topic=topic, **FIELDS)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ([came("Ada")], "Ada joined"),
        ([came("Ada"), came("Bob"), came("Ada")], "Ada, Bob joined"),
        ([came("Ada"), went("Bob")], "Ada joined; Bob left"),
        ([went(f"P{number}") for number in range(500)], "P0, P1, P2, P3, P4 and 495 others left"),
        ([came("bridge")], ""),
        ([came("bridge"), went("Ada")], "Ada left"),
        ([came("<b>[tg] @room\n")], "(b)(tg) @\u200broom joined"),
        ([changed(name="Town  hall\n2")], "the room is called “Town hall 2” now"),
        ([changed(name=" ")], "the room has no name now"),
        ([changed(topic="tea at five")], "the topic is now: tea at five"),
        ([changed(topic="half \ud800")], "the topic is now: half ?"),
        ([changed(topic="")], "there is no topic any more"),
        ([changed(topic="x" * 300)], f"the topic is now: {'x' * 200}…"),
        ([changed(name="A", topic="B")], "the room is called “A” now; the topic is now: B"),
        ([], ""),
    ],
)
def test_changes_are_one_line(changes: list[Change], line: str) -> None:
    assert told(changes, UserId("bridge")) == line


def test_each_change_has_what_shows_it() -> None:
    assert [shown_by(one) for one in (came("Ada"), went("Ada"), changed())] == [Show.JOINS, Show.JOINS, Show.TOPICS]
