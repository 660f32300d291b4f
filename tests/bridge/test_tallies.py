"""How a poll stands elsewhere: one note, brought up to date, or one line at the end."""

from datetime import UTC, datetime

import pytest

from bridge.asked import Closing, Edit, Outgoing
from bridge.capabilities import Capabilities
from bridge.errors import Feature
from bridge.events import Tallied
from bridge.ids import EventId, MessageId, MessageNumber, Place, RoomId, RoomNumber, RowNumber
from bridge.reactions import together
from bridge.steps import Ended, Facts, Plan, View
from bridge.store.questions import Known
from bridge.store.rows import Outcome, Row, RowKind, TwinKind
from bridge.tallies import in_words, tallied
from bridge.text.nodes import ALL_NODES
from bridge.text.walk import plain

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
ROOM = Place(RoomId("town"))
EVERY = frozenset(Feature)


def counts(*numbers: int, closed: bool = False) -> Tallied:
    return Tallied(
        id=EventId("e"), room=RoomId("r"), at=NOON, message=MessageId("p"), answers=("soup", "@room"), counts=numbers,
        closed=closed,
    )  # fmt: skip


def row(event: Tallied, number: int = 1, origin: int = 7, message: int = 5) -> Row:
    return Row(
        number=RowNumber(number), room=RoomNumber(2), event_number=number, event=event, kind=RowKind.TALLY, link="l",
        born=0, at=0, fanout=1, origin=RoomNumber(origin), message=MessageNumber(message),
    )  # fmt: skip


def known(**more: object) -> Known:
    parts = {"parts": ((MessageId("m1"),), (MessageId("m2"),)), "carried": True, **more}
    return Known(number=MessageNumber(5), author="Ada", excerpt="📊 Lunch?", at=0, gone=False, **parts)  # type: ignore[arg-type]  # fields by name


def view(features: frozenset[Feature] = EVERY) -> View:
    return View(place=ROOM, capabilities=Capabilities(formatting=ALL_NODES), features=features, prefix="k.1")


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (counts(2, 1), "📊 Votes elsewhere so far: soup 2, @\u200broom 1"),
        (counts(0, 0), "📊 Votes elsewhere so far: none"),
        (counts(1, 0, closed=True), "📊 Votes elsewhere at the end: soup 1"),
        (counts(), "📊 Votes elsewhere so far: none"),
    ],
)
def test_the_words(event: Tallied, expected: str) -> None:
    assert plain(in_words(event)) == expected


def test_the_first_count_hangs_on_the_poll_and_is_kept_under_its_room() -> None:
    plan = tallied([row(counts(1, 0))], Facts(about=known()), view())
    assert isinstance(plan, Plan)
    (step,) = plan.steps
    assert isinstance(step.action, Outgoing)
    assert step.action.in_reply_to is not None
    assert (step.part, step.kind) == (7, TwinKind.TALLY)


def test_a_later_count_changes_the_note_of_its_own_room() -> None:
    about = known(tallies={7: MessageId("n7"), 8: MessageId("n8")})
    plan = tallied([row(counts(0, 0), origin=8)], Facts(about=about), view())
    assert isinstance(plan, Plan)
    (step,) = plan.steps
    assert isinstance(step.action, Edit)
    assert step.action.target.parts == ("n8",)


def test_only_the_newest_of_several_counts_is_told() -> None:
    rows = [row(counts(1, 0)), row(counts(2, 0), 2), row(counts(3, 0), 3)]
    plan = tallied(rows, Facts(about=known()), view())
    assert isinstance(plan, Plan)
    assert plan.joined == (2, 3)
    (step,) = plan.steps
    assert isinstance(step.action, Outgoing)
    assert plain(step.action.text) == "📊 Votes elsewhere so far: soup 3"


def test_counts_of_one_poll_in_one_room_go_together() -> None:
    first = row(counts(1, 0))
    assert together([first, row(counts(2, 0), 2)]) == (first, row(counts(2, 0), 2))
    assert together([first, row(counts(2, 0), 2, origin=8)]) == (first,)
    assert together([first, row(counts(2, 0), 2, message=6)]) == (first,)


def test_our_copy_ends_with_the_poll_and_with_no_other_copy() -> None:
    over = row(counts(1, 0, closed=True))
    plan = tallied([over], Facts(about=known(origin=RoomNumber(7))), view())
    assert isinstance(plan, Plan)
    assert [type(step.action) for step in plan.steps] == [Outgoing, Closing]
    for about, features in (
        (known(origin=RoomNumber(8)), EVERY),
        (known(origin=RoomNumber(7)), EVERY - {Feature.CLOSE}),
    ):
        other = tallied([over], Facts(about=about), view(features))
        assert isinstance(other, Plan)
        assert [type(step.action) for step in other.steps] == [Outgoing]


def test_without_replies_the_poll_is_quoted() -> None:
    plan = tallied([row(counts(1, 0, closed=True))], Facts(about=known()), view(EVERY - {Feature.REPLY}))
    assert isinstance(plan, Plan)
    (step,) = plan.steps
    assert isinstance(step.action, Outgoing)
    assert "Lunch?" in plain(step.action.text)


@pytest.mark.parametrize(
    ("event", "about", "features", "outcome"),
    [
        (counts(1, 0), None, EVERY, Outcome.DROPPED),
        (counts(1, 0), known(carried=False), EVERY, Outcome.DROPPED),
        (counts(0, 0), known(), EVERY, Outcome.MERGED),
        (counts(1, 0), known(), EVERY - {Feature.EDIT}, Outcome.MERGED),
    ],
)
def test_what_is_not_told(event: Tallied, about: Known | None, features: frozenset[Feature], outcome: Outcome) -> None:
    decision = tallied([row(event)], Facts(about=about), view(features))
    assert isinstance(decision, Ended)
    assert decision.outcome is outcome


def test_a_poll_that_was_taken_back_gets_no_more_notes() -> None:
    gone = Known(number=MessageNumber(5), author="Ada", excerpt="x", at=0, gone=True, carried=True)
    decision = tallied([row(counts(1, 0))], Facts(about=gone), view())
    assert isinstance(decision, Ended)
    assert decision.outcome is Outcome.CANCELLED
