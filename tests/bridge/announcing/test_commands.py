"""What is understood of what people write where announcements are drafted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.announcing.commands import Asked, Verb, Wrong, is_command, understood
from bridge.ids import UserId
from bridge.testing.strategies import trees
from bridge.text.nodes import Bold, Break, Mention, Paragraph, Quote, Rich, Text, said
from bridge.text.walk import normal, plain

CASES: list[tuple[str, Asked | None]] = [
    ("hello", None),
    ("", None),
    ("! hello", None),
    ("!approve", Asked(Verb.APPROVE)),
    ("!approve 7", Asked(Verb.APPROVE, 7)),
    ("!APPROVE #7", Asked(Verb.APPROVE, 7)),
    ("!undo 12", Asked(Verb.UNDO, 12)),
    ("!status", Asked(Verb.STATUS)),
    ("!announce 7 seats are left", Asked(Verb.ANNOUNCE, None, said("7 seats are left"))),
    ("!urgent  run", Asked(Verb.URGENT, None, said("run"))),
    ("!correct 7: at one", Asked(Verb.CORRECT, 7, said("at one"))),
    ("!help", Asked(Verb.HELP)),
]
WRONG = [
    "!",
    "!7",
    "!anounce x",
    "!announce",
    "!correct at one",
    "!correct 7",
    "!approve 7 now",
    "!help me",
    "!undo it",
]


@pytest.mark.parametrize(("words", "meant"), [case for case in CASES if case[0] != "! hello"])
def test_words_mean(words: str, meant: Asked | None) -> None:
    assert understood(said(words) if words else ()) == meant


@pytest.mark.parametrize("words", WRONG)
def test_what_is_not_understood_is_an_error_and_never_talk(words: str) -> None:
    assert isinstance(understood(said(words)), Wrong)


def test_a_picture_needs_no_words() -> None:
    assert understood(said("!announce"), files=1) == Asked(Verb.ANNOUNCE)


def test_formatting_and_further_blocks_stay_and_mentions_are_names() -> None:
    text: Rich = (
        Paragraph((Text("!announce"), Break(), Bold((Text("now"),)), Mention("Ada", UserId("@ada")))),
        Quote((Paragraph((Text("!undo"),)),)),
    )
    asked = understood(text)
    assert isinstance(asked, Asked)
    assert asked.text == (Paragraph((Bold((Text("now"),)), Mention("Ada"))), text[1])


def test_a_command_that_is_formatted_is_talk() -> None:
    assert understood((Paragraph((Bold((Text("!approve 7"),)),)),)) is None


@given(st.sampled_from(["announce", "urgent"]), trees())
def test_whatever_is_announced_keeps_its_words(verb: str, text: Rich) -> None:
    text = normal(text)
    first, *rest = text or (Paragraph((Text("x"),)),)
    inside = first.inside if isinstance(first, Paragraph) else ()
    command = (Paragraph((Text(f"!{verb} "), *inside)), *(rest if inside else text))
    asked = understood(normal(command), files=1)
    assert isinstance(asked, Asked)
    assert plain(normal(command)).split()[1:] == plain(asked.text).split()


@given(trees())
def test_talk_is_no_command(text: Rich) -> None:
    assert is_command(text) == (understood(text) is not None)
