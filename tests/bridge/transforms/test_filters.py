"""Which messages do not go as they are."""

from datetime import UTC, datetime

import pytest

from bridge.config.transforms import FilterSettings, ReplaceSettings, TransformSettings
from bridge.events import Attachment, Kind, Posted, User
from bridge.ids import EventId, MessageId, RoomId, UserId
from bridge.text.nodes import Bold, Break, Code, Link, List, Paragraph, Quote, Rich, Text, said
from bridge.text.walk import normal, plain
from bridge.transforms.filters import judged, replacements, rules, seen_of
from bridge.transforms.patterns import rewriting

AT = datetime(2026, 1, 1, tzinfo=UTC)


def posted(text: Rich, *files: Attachment) -> Posted:
    ada = User(id=UserId("1"), name="Ada")
    return Posted(
        id=EventId("e"), room=RoomId("r"), at=AT, message=(MessageId("m"),), author=ada, text=text, attachments=files
    )


def drop(text: str, name: str = "") -> TransformSettings:
    return TransformSettings(drop=FilterSettings(text=text, name=name))


def hold(text: str, name: str = "") -> TransformSettings:
    return TransformSettings(hold=FilterSettings(text=text, name=name))


LINKED: Rich = (Quote((List(((Paragraph((Bold((Link((Text("look"),), "https://casino.example"),)),)),),)),)),)
CASES = [
    ("at the beginning", "^!", said("!roll"), True),
    ("not inside", "^!", said("hey!"), False),
    ("any case", "(?i)CASINO", said("my Casino"), True),
    ("across formatting", "casino", (Paragraph((Text("ca"), Bold((Text("sino"),)))),), True),
    ("an address deep inside", "casino", LINKED, True),
    ("its words", "^> • look$", LINKED, True),
    ("no address", "casino", said("look"), False),
    ("a second line", "(?m)^!", said("well\n!roll"), True),
]


@pytest.mark.parametrize(("text", "words", "found"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_rule_looks_at_what_readers_see(text: str, words: Rich, found: object) -> None:
    assert (judged(rules([drop(text)]), seen_of(posted(words))) is not None) is found


def test_names_and_descriptions_of_files_are_looked_at() -> None:
    file = Attachment(kind=Kind.FILE, name="casino.exe", alt="win now")
    for text in ("exe$", "^win"):
        assert judged(rules([drop(text)]), seen_of(posted((), file))) is not None


def test_the_first_rule_decides_and_rules_are_named_by_their_place() -> None:
    known = rules(
        [drop("x"), TransformSettings(replace=ReplaceSettings(text="a", **{"with": "b"})), hold("a"), hold("a")]
    )
    assert [rule.name for rule in known] == ["drop 1", "hold 3", "hold 4"]
    assert judged(known, ["a"]) == known[1]
    assert rules([drop("x", "ads")])[0].name == "ads"


def test_a_pattern_that_is_slow_elsewhere_takes_no_time() -> None:
    assert judged(rules([drop("(a+)+$")]), ["a" * 50_000 + "!"]) is None


def test_words_are_replaced_in_each_piece_and_the_tree_stays_normal() -> None:
    text: Rich = (Paragraph((Text("secret "), Bold((Text("secret"),)), Break(), Code("secret"))),)
    rewrite = rewriting((("secret", ""), (" ", "_")))
    assert rewrite(text) == normal((Paragraph((Text("_"), Break())),))
    assert plain(rewriting((("s(.)cret", "\\1"),))(said("secret"))) == "\\1"


def test_what_is_replaced_is_taken_from_the_list_in_order() -> None:
    first = TransformSettings(replace=ReplaceSettings(text="a", **{"with": "b"}))
    assert replacements([first, drop("x")]) == (("a", "b"),)
