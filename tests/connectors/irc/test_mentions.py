"""Nicks in what somebody wrote: only those that are spoken to or marked are mentions."""

import pytest

from bridge.ids import UserId
from bridge.text.nodes import Inline, Mention, Paragraph, Rich, Text
from connectors.irc.format import parse
from connectors.irc.mentions import may_mention, mentioning

NICKS = {"ada", "the", "b[ob]"}
ADA = UserId("ada")


def one(*inside: Inline) -> Rich:
    return (Paragraph(inside),)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Ada: hi", one(Mention("Ada", ADA), Text(": hi"))),
        ("ada, hi", one(Mention("ada", ADA), Text(", hi"))),
        ("ada:", one(Mention("ada", ADA), Text(":"))),
        ("@Ada hi", one(Mention("@Ada", ADA), Text(" hi"))),
        ("b[ob]: hi", one(Mention("b[ob]", UserId("b[ob]")), Text(": hi"))),
        ("hi @Ada, and @ada!", one(Text("hi "), Mention("@Ada", ADA), Text(", and "), Mention("@ada", ADA), Text("!"))),
        ("the cat sat", one(Text("the cat sat"))),
        ("hi ada", one(Text("hi ada"))),
        ("ada:hi", one(Text("ada:hi"))),
        ("eve: hi", one(Text("eve: hi"))),
        ("mail me@ada", one(Text("mail me@ada"))),
    ],
)
def test_a_nick_is_a_mention_where_it_is_meant(line: str, expected: Rich) -> None:
    assert mentioning(parse(line), NICKS, str.casefold) == expected
    assert may_mention(line) or expected == parse(line)


def test_formatting_around_a_mention_stays() -> None:
    (block,) = mentioning(parse("\x02ada: hi\x02 there"), NICKS, str.casefold)
    assert block == parse("\x02ada: hi\x02 there")[0]


def test_nothing_is_a_mention_of_nobody() -> None:
    assert mentioning((), NICKS, str.casefold) == ()
