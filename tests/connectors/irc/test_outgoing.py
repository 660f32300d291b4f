"""A message as lines: never too long, nothing cut in two, nobody pinged by his own name."""

import grapheme
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.ids import UserId
from bridge.testing import strategies
from bridge.text.nodes import Bold, Code, Italic, Link, Mention, Paragraph, Rich, Text, said
from bridge.text.walk import keep, plain
from connectors.irc.format import FORMATTING, parse, render
from connectors.irc.outgoing import JOINER, quieted, texts, unpinged
from connectors.irc.server import fold


def lower(name: str) -> str:
    return fold(name, "rfc1459")


@settings(deadline=None)
@given(tree=strategies.trees(FORMATTING), budget=st.integers(64, 400))
def test_no_line_is_longer_than_it_may_be_and_no_word_is_lost(tree: Rich, budget: int) -> None:
    made = texts(tree, budget)
    assert all(len(each.encode()) <= budget for each in made)
    shown = "".join(plain(parse(each)) for each in made)
    assert "".join(shown.split()) == "".join(plain(tree).split())


@settings(deadline=None)
@given(tree=strategies.trees(lines=strategies.wild_texts()), budget=st.integers(64, 400))
def test_no_tree_makes_a_line_with_a_control_character_that_matters(tree: Rich, budget: int) -> None:
    for each in texts(keep(tree, FORMATTING), budget):
        assert len(each.encode()) <= budget
        assert not set(each) & set("\r\n\0\x01")
        assert each.strip()


@pytest.mark.parametrize("letter", ["a", "é", "😀", "👩‍👩‍👧", "कि", "שָּׁ"])
def test_a_long_word_is_cut_between_graphemes(letter: str) -> None:
    made = texts(said(letter * 100), 64)
    assert "".join(made) == letter * 100
    assert all(len(each.encode()) <= 64 for each in made)
    assert all(part == letter for each in made for part in grapheme.graphemes(each))


def test_formatting_is_closed_and_opened_again_where_a_line_is_cut() -> None:
    tree = (Paragraph((Bold((Text("word " * 40),)),)),)
    made = texts(tree, 100)
    assert len(made) > 1
    for each in made:
        (paragraph,) = parse(each)
        assert isinstance(paragraph, Paragraph)
        assert [type(node) for node in paragraph.inside] == [Bold]


def test_many_small_pieces_of_formatting_count_too() -> None:
    inside = tuple(node for _ in range(60) for node in (Bold((Text("a"),)), Italic((Text("b"),)), Code("c")))
    made = texts((Paragraph(inside),), 100)
    assert all(len(each.encode()) <= 100 for each in made)
    assert "".join(plain(parse(each)) for each in made) == "abc" * 60


def test_a_grapheme_longer_than_a_line_is_cut_at_last() -> None:
    made = texts(said("a" + "\u0301" * 200), 64)
    assert "".join(made) == "a" + "\u0301" * 200
    assert all(len(each.encode()) <= 64 for each in made)


@pytest.mark.parametrize("budget", [8, 12, 17])
def test_a_budget_of_a_few_bytes_is_kept_too(budget: int) -> None:
    made = texts((Paragraph((Bold((Text("héllo wörld"),)), Code("👩‍👩‍👧"))),), budget)
    assert all(len(each.encode()) <= budget for each in made)


@pytest.mark.parametrize(("tree", "lines"), [((), []), (said("  "), []), (said("one\n\ntwo"), ["one", "two"])])
def test_blank_lines_are_left_out(tree: Rich, lines: list[str]) -> None:
    assert texts(tree, 100) == lines


QUIET = [
    ("Ada", {"ada"}, f"A{JOINER}da"),
    ("ADA", {"ada"}, f"A{JOINER}DA"),
    ("Ada", {"grace"}, "Ada"),
    ("Ada Lovelace", {"lovelace", "ada"}, f"A{JOINER}da L{JOINER}ovelace"),
    ("Adam", {"ada"}, "Adam"),
    ("[Ada]", {"{ada}"}, f"[{JOINER}Ada]"),
    ("Ada (tg)", {"tg"}, f"Ada (t{JOINER}g)"),
    ("x", {"x"}, "x"),
    ("שרה", {"שרה"}, f"ש{JOINER}רה"),
    ("", {"ada"}, ""),
]


@pytest.mark.parametrize(("words", "nicks", "shown"), QUIET)
def test_a_name_that_is_a_nick_is_broken(words: str, nicks: set[str], shown: str) -> None:
    assert quieted(words, nicks, lower) == shown


def test_only_the_label_is_broken_and_only_once() -> None:
    tree = (Paragraph((Bold((Text("Ada"),)), Text(": Ada is here, see https://ada.example.org/Ada"))),)
    assert render(unpinged(tree, "Ada", {"ada"}, lower)) == (
        f"\x02A{JOINER}da\x02: Ada is here, see https://ada.example.org/Ada"
    )


def test_a_mention_pings_only_whom_it_means() -> None:
    tree = (Paragraph((Mention("Ada"), Text(" "), Mention("Ada", UserId("ada")), Text(" "), Mention("Bob"))),)
    assert render(unpinged(tree, "", {"ada"}, lower)) == f"A{JOINER}da Ada Bob"


def test_a_mention_inside_other_formatting_is_quiet_too() -> None:
    tree = (Paragraph((Bold((Link((Mention("Ada"),), "https://example.org"),)),)),)
    assert f"A{JOINER}da" in render(unpinged(tree, "", {"ada"}, lower))


@given(tree=strategies.trees(), label=st.one_of(st.just(""), strategies.words()))
def test_without_such_a_nick_nothing_changes(tree: Rich, label: str) -> None:
    assert unpinged(tree, label, frozenset(), lower) == tree
