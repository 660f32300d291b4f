"""Where announcements are drafted and to whom they go, and everything that can be wrong with that."""

import pytest

from bridge.config import Approval, Reachable
from bridge.ids import AccountName, Room
from tests.bridge.config.examples import SMALL, faults, read

A, B = AccountName("a"), AccountName("b")
CASES = [
    ("no room", "x: {to: [b/t]}", "6  announcements.x.room  is missing"),
    ("nobody", "x: {room: a/r}", '6  announcements.x  needs "to", "subscribers" or both: nobody would hear anything'),
    ("no account", "x: {room: d/r, to: [b/t]}", '6  announcements.x.room  no account "d"'),
    ("no such target", "x: {room: a/r, to: [d/t]}", '6  announcements.x.to[0]  no account "d"'),
    ("itself", "x: {room: a/r, to: [a/r]}", "6  announcements.x.to[0]  is the room in which they are drafted"),
    ("twice", "x: {room: a/r, to: [b/t, b/t]}", "6  announcements.x.to[1]  is named already, in line 6"),
    ("strangers", "x: {room: a/r, subscribers: [d]}", '6  announcements.x.subscribers[0]  no account "d"'),
    ("whose cost", "x: {room: a/r, to: [b/t], costs: {d: 1}}", '6  announcements.x.costs.d  no account "d"'),
    (
        "whose template",
        "x: {room: a/r, to: [b/t], templates: {d: {name: n, language: uk}}}",
        '6  announcements.x.templates.d  no account "d"',
    ),
]


@pytest.mark.parametrize(("one", "said"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_wrong_announcement_says_what_it_needs(one: str, said: str) -> None:
    (fault,) = faults(f"{SMALL}announcements:\n  {one}\n")
    assert fault.startswith(said)


def test_drafts_must_not_be_heard_elsewhere() -> None:
    text = f"{SMALL}links:\n  l: {{rooms: [a/r, c/r]}}\nannouncements:\n  x: {{room: a/r, to: [b/t]}}\n"
    (fault,) = faults(text)
    assert fault == (
        '8  announcements.x.room  is heard in link "l": drafts would be read there before they are approved'
    )


def test_one_room_is_for_one_kind_of_announcement() -> None:
    text = f"{SMALL}announcements:\n  x: {{room: a/r, to: [b/t]}}\n  y: {{room: a/r, to: [c/t]}}\n"
    assert faults(text) == ["7  announcements.y.room  other announcements are drafted in this room already, in line 6"]


def test_a_desk_and_drafts_need_rooms_of_their_own() -> None:
    text = f"{SMALL}desks:\n  d: {{room: a/r, accounts: [c]}}\nannouncements:\n  x: {{room: a/r, to: [b/t]}}\n"
    assert faults(text) == ['8  announcements.x.room  is the room of desk "d": each needs its own']


def test_a_budget_is_of_an_account() -> None:
    assert faults(f"{SMALL}budget: {{d: 5}}\n") == ['5  budget.d  no account "d"']


def test_everything_is_read_and_money_is_counted_exactly() -> None:
    text = (
        f"{SMALL}announcements:\n  x:\n    room: a/r\n    to: [b/t]\n    subscribers: [b]\n    reachable: writers\n"
        "    approval: author\n    undo_seconds: 0\n    costs: {b: 0.0035}\nbudget: {b: 12.5}\n"
    )
    config = read(text)
    (one,) = config.announcements.values()
    assert (one.room, one.rooms, one.accounts) == (Room(A, "r"), (Room(B, "t"),), (B,))
    assert (one.reachable, one.approval, one.undo) == (Reachable.WRITERS, Approval.AUTHOR, 0)
    assert one.costs == {B: 3500}
    assert config.budget == {B: 12_500_000}
