"""Whom a text means in the room that hears it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.config import Identity
from bridge.identities import Identities
from bridge.ids import AccountName, PersonNumber, RoomNumber, UserId
from bridge.mentions import mentioned
from bridge.names import Names
from bridge.testing.strategies import trees
from bridge.text.nodes import ALL_NODES, Bold, Code, Heading, Inline, Mention, Paragraph, Rich, Text, said
from bridge.text.walk import plain

LEFT, RIGHT, THIRD = AccountName("left"), AccountName("right"), AccountName("third")
ADA = (Identity(LEFT, UserId("L1")), Identity(RIGHT, UserId("ada")))
HERE = {"ada": UserId("ada"), "bob lee": UserId("bob")}


def there(mention: Mention) -> UserId | None:
    return UserId("ada") if mention.user == "L1" else None


def called(name: str) -> UserId | None:
    return HERE.get(name.casefold())


def one(*inside: Inline) -> Rich:
    return (Paragraph(inside),)


A, AT, B = Mention("Ada", UserId("ada")), Mention("@Ada", UserId("ada")), Mention("Bob Lee", UserId("bob"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (one(Mention("Ada", UserId("L1")), Text(" hi")), one(A, Text(" hi"))),
        (one(Mention("Eve", UserId("L2")), Text(" hi")), one(Mention("Eve"), Text(" hi"))),
        (one(Bold((Mention("Ada", UserId("L1")),))), one(Bold((A,)))),
        (said("Ada: hi"), one(A, Text(": hi"))),
        (said("Bob Lee, hi"), one(B, Text(", hi"))),
        (said("@Ada: hi"), one(AT, Text(": hi"))),
        (said("hi @Ada!"), one(Text("hi "), AT, Text("!"))),
        (said("hi @ada and @Ada."), one(Text("hi "), Mention("@ada", UserId("ada")), Text(" and "), AT, Text("."))),
        (said("Ada hi"), said("Ada hi")),
        (said("hi Ada: hi"), said("hi Ada: hi")),
        (said("Eve: hi"), said("Eve: hi")),
        (said("Ada:hi"), said("Ada:hi")),
        (said("mail x@ada.example"), said("mail x@ada.example")),
        (said("mail x@Ada"), said("mail x@Ada")),
        (one(Code("@Ada")), one(Code("@Ada"))),
        ((Heading((Text("@Ada"),)),), (Heading((Text("@Ada"),)),)),
        (said("one\nAda: two"), said("one\nAda: two")),
    ],
)
def test_a_text_means_whom_the_other_room_knows(text: Rich, expected: Rich) -> None:
    assert mentioned(text, there, called) == expected


@given(trees(ALL_NODES, lines=st.sampled_from(("Ada: x", "@Ada", "a, b @ada, c", "Eve: @Bob Lee"))))
def test_no_word_is_lost_or_added(tree: Rich) -> None:
    assert plain(mentioned(tree, there, called)) == plain(tree)


def known() -> Identities:
    same = Identities()
    same.follow({"ada": ADA})
    return same


def test_a_person_is_known_on_each_account_of_theirs_and_on_no_other() -> None:
    same = known()
    assert same.on(RIGHT, Identity(LEFT, UserId("l1"))) == "ada"
    assert same.on(LEFT, Identity(RIGHT, UserId("ADA"))) == "L1"
    assert same.on(THIRD, Identity(LEFT, UserId("L1"))) is None
    assert same.on(RIGHT, Identity(LEFT, UserId("L2"))) is None
    assert same.on(LEFT, Identity(LEFT, UserId("L2"))) == "L2"


def test_the_same_person_has_one_number_whoever_speaks_first() -> None:
    same = known()
    assert same.meet(RIGHT, UserId("ada"), PersonNumber(7)) == 7
    assert same.meet(LEFT, UserId("L1"), PersonNumber(3)) == 7
    assert same.meet(LEFT, UserId("L2"), PersonNumber(4)) == 4
    assert same.of(PersonNumber(3)) == ADA[0]
    same.follow({})
    assert same.one(PersonNumber(3)) == 3


def test_only_so_many_are_remembered() -> None:
    same = Identities()
    for number in range(10_001):
        same.meet(LEFT, UserId(f"u{number}"), PersonNumber(number))
    assert same.of(PersonNumber(0)) is None
    assert same.of(PersonNumber(10_000)) is not None


def test_who_is_in_the_room_is_not_called_by_a_name_shown_there() -> None:
    names, room = Names(), RoomNumber(1)
    assert names.called(room, "Ada") is None
    names.shown(room, PersonNumber(1), "Ada")
    assert names.called(room, "ada") == 1
    names.present(room, PersonNumber(2), "Ada")
    assert names.called(room, "Ada") is None
