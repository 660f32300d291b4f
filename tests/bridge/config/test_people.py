"""Who is the same person on several platforms, and everything that can be wrong with that."""

import pytest

from bridge.config import Identity
from bridge.ids import AccountName, UserId
from tests.bridge.config.examples import SMALL, faults, read

CASES = [
    ("nobody else", "ada: [a/1]", "6  people.ada  needs two ids or more: it says which of them are the same person"),
    ("nobody", "ada: []", "6  people.ada  needs two ids or more: it says which of them are the same person"),
    ("empty", "ada:", "6  people.ada  is empty, but must be a list"),
    ("text", "ada: a/1", "6  people.ada  must be a list"),
    ("a number", "ada: [a/1, 5]", "6  people.ada[1]  must be text: put it in quotes"),
    ("no slash", "ada: [a/1, b]", '6  people.ada[1]  "b" is nobody: a person is written account/id'),
    ("no id", "ada: [a/1, b/]", '6  people.ada[1]  "b/" is nobody: a person is written account/id'),
    ("a blank id", 'ada: [a/1, "b/ "]', '6  people.ada[1]  "b/ " is nobody: a person is written account/id'),
    ("no account", "ada: [a/1, d/1]", '6  people.ada[1]  no account "d"'),
    ("twice", "ada: [a/1, b/Ada, b/ada]", '6  people.ada[2]  "b/ada" is a person already, in line 6'),
    (
        "a name of nothing",
        '"": [a/1, b/1]',
        "6  people.  a person's name is printable text of at most 80 characters",
    ),
]


@pytest.mark.parametrize(("person", "said"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_wrong_person_says_what_they_need(person: str, said: str) -> None:
    assert faults(f"{SMALL}people:\n  {person}\n") == [said]


def test_two_people_cannot_share_an_id() -> None:
    text = f"{SMALL}people:\n  ada: [a/1, b/1]\n  bob: [b/1, c/1]\n"
    assert faults(text) == ['7  people.bob[0]  "b/1" is a person already, in line 6']


def test_an_id_from_a_reference_is_not_shown() -> None:
    environ = {"ONE": "d/secret-one", "TWO": "b", "THREE": "c/3"}
    text = f'{SMALL}people:\n  ada: ["${{ONE}}", "${{TWO}}", "${{THREE}}"]\n  bob: ["${{THREE}}", a/1]\n'
    assert faults(text, environ) == [
        "6  people.ada[0]  no account of that name",
        "6  people.ada[1]  the value is nobody: a person is written account/id",
        "7  people.bob[0]  the id is a person already, in line 6",
    ]


def test_people_are_known_by_their_ids() -> None:
    people = read(f'{SMALL}people:\n  ada: ["a/@ada:example.org", b/1234, c/ada/x]\n').people
    assert people == {
        "ada": (
            Identity(AccountName("a"), UserId("@ada:example.org")),
            Identity(AccountName("b"), UserId("1234")),
            Identity(AccountName("c"), UserId("ada/x")),
        )
    }
