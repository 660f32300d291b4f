"""Splitting: where parts end, what is closed and opened again, and that nothing is lost."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.ids import UserId
from bridge.testing import strategies
from bridge.testing.formats import thorough
from bridge.text.nodes import (
    Bold,
    Break,
    Code,
    CodeBlock,
    Emoji,
    Heading,
    Inline,
    Italic,
    Link,
    List,
    Mention,
    Paragraph,
    Quote,
    Rich,
    Text,
    said,
)
from bridge.text.walk import Unit, length, normal, plain, split

FAMILY = "👩‍👩‍👧‍👦"


def p(*inside: Inline) -> Paragraph:
    return Paragraph(inside)


def t(text: str) -> Text:
    return Text(text)


WORDS: list[tuple[str, str, int, Unit, list[str]]] = [
    ("what fits is one part", "hello", 16, Unit.BYTES, ["hello"]),
    ("words stay whole", "the quick brown fox jumps", 16, Unit.CHARACTERS, ["the quick brown", "fox jumps"]),
    ("blanks at the cut are lost", "the quick brown    fox", 16, Unit.CHARACTERS, ["the quick brown", "fox"]),
    ("a line end is better than a blank", "one two three\nfour five", 18, Unit.CHARACTERS,
     ["one two three", "four five"]),
    ("a blank line is better than a line end", "one two three\n\nfour\nfive", 22, Unit.CHARACTERS,
     ["one two three", "four\nfive"]),
    ("a line end far in front is not", "a\nbcd efg hij klm", 16, Unit.CHARACTERS, ["a\nbcd efg hij", "klm"]),
    ("a word too long is cut", "x" * 40, 16, Unit.CHARACTERS, ["x" * 16, "x" * 16, "x" * 8]),
    ("wide characters count twice in UTF-16", "🚀" * 9, 16, Unit.UTF16, ["🚀" * 8, "🚀"]),
    ("and four times in bytes", "🚀" * 9, 16, Unit.BYTES, ["🚀" * 4, "🚀" * 4, "🚀"]),
    ("Hebrew points stay with their letter", "שָׁלוֹם" * 3, 16, Unit.CHARACTERS, ["שָׁלוֹם" * 2, "שָׁלוֹם"]),
    ("a family stays together", "hello you " + FAMILY, 16, Unit.CHARACTERS, ["hello you", FAMILY]),
    ("also inside a word", "hello.you." + FAMILY, 16, Unit.CHARACTERS, ["hello.you.", FAMILY]),
    ("Sinhala joins over a joiner", "ක්‍ර" * 5, 18, Unit.CHARACTERS, ["ක්‍ර" * 4, "ක්‍ර"]),
    ("Persian half-spaces are no blanks", "کتاب‌خانه‌ها می‌خواهم", 16, Unit.CHARACTERS, ["کتاب‌خانه‌ها", "می‌خواهم"]),
    ("flags stay whole", "🇮🇱" * 5, 7, Unit.CHARACTERS, ["🇮🇱" * 3, "🇮🇱" * 2]),
    ("mixed directions keep their order", "שלום hello مرحبا world", 16, Unit.CHARACTERS, ["שלום hello مرحبا", "world"]),
    ("a stack of marks longer than the limit is cut, not lost", "a" + "\u0301" * 40, 16, Unit.CHARACTERS,
     ["a" + "\u0301" * 15, "\u0301" * 16, "\u0301" * 9]),
    ("blanks alone leave a blank part out", "hello" + " " * 60 + "x", 16, Unit.CHARACTERS, ["hello", "x"]),
    ("nothing but blanks is nothing", " " * 60, 16, Unit.CHARACTERS, []),
    ("a limit of one terminates", "a🚀b", 1, Unit.BYTES, ["a", "🚀", "b"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "limit", "unit", "expected"), [row[1:] for row in WORDS], ids=[row[0] for row in WORDS]
)
def test_words_are_cut_where_it_hurts_least(text: str, limit: int, unit: Unit, expected: list[str]) -> None:
    assert [plain(part) for part in split(said(text), limit, unit)] == expected


URL = "https://e.org"
TREES: list[tuple[str, Rich, int, list[Rich]]] = [
    ("styles are closed and opened again", (p(Bold((t("hello there "), Italic((t("my friend"),))))),), 16,
     [(p(Bold((t("hello there "), Italic((t("my"),))))),), (p(Bold((Italic((t("friend"),)),))),)]),
    ("both halves of a link lead there", (p(Link((t("the quick brown fox"),), URL)),), 16,
     [(p(Link((t("the quick brown"),), URL)),), (p(Link((t("fox"),), URL)),)]),
    ("a mention stays whole", (p(t("hello and "), Mention("Ada Lovelace", UserId("@ada"))),), 16,
     [said("hello and"), (p(Mention("Ada Lovelace", UserId("@ada"))),)]),
    ("a mention without a blank before it stays whole", (p(t("hello:"), Mention("Ada Lovelace")),), 16,
     [said("hello:"), (p(Mention("Ada Lovelace")),)]),
    ("a code stays whole", (p(t("now run "), Code("make all test")),), 16,
     [said("now run"), (p(Code("make all test")),)]),
    ("an emoji stays whole", (p(t("0123456789"), Emoji("parrot", "mxc://1")),), 16,
     [said("0123456789"), (p(Emoji("parrot", "mxc://1")),)]),
    ("a code too long is two codes", (p(Code("x" * 20)),), 16, [(p(Code("x" * 16)),), (p(Code("x" * 4)),)]),
    ("a name too long calls its owner once", (p(Mention("A" * 20, UserId("@a"))),), 16,
     [(p(Mention("A" * 16, UserId("@a"))),), said("A" * 4)]),
    ("an emoji too long is words", (p(Emoji("p" * 20)),), 16, [said(":" + "p" * 15), said("p" * 5 + ":")]),
    ("blocks are better borders than lines", (p(t("one two"), Break(), t("three")), p(t("four"))), 16,
     [(p(t("one two"), Break(), t("three")),), said("four")]),
    ("a quote goes on as a quote", (Quote((p(t("the quick brown fox")),)),), 17,
     [(Quote((p(t("the quick brown")),)),), (Quote((p(t("fox")),)),)]),
    ("code goes on as code, line by line", (CodeBlock("first = 1\n  second\nthird", "py"),), 20,
     [(CodeBlock("first = 1\n  second", "py"),), (CodeBlock("third", "py"),)]),
    ("an item's rest has no second mark", (List(((p(t("the quick brown fox")),), (p(t("b")),))),), 18,
     [(List(((p(t("the quick brown")),),)),),
      (p(t("fox")), List(((p(t("b")),),)))]),
    ("a list counts on", (List(((p(t("first item")),), (p(t("second item")),)), start=4),), 16,
     [(List(((p(t("first item")),),), start=4),), (List(((p(t("second item")),),), start=5),)]),
    ("a title goes on as one", (Heading((t("the quick brown fox"),), 2),), 16,
     [(Heading((t("the quick brown"),), 2),), (Heading((t("fox"),), 2),)]),
    ("shapes that leave no room become words",
     (Quote((Quote((Quote((Quote((Quote((p(t("abc def ghi")),)),)),)),)),)),), 16,
     [said("> > > > > abc"), said("def ghi")]),
]  # fmt: skip


@pytest.mark.parametrize(("tree", "limit", "expected"), [row[1:] for row in TREES], ids=[row[0] for row in TREES])
def test_what_is_cut_is_closed_and_opened_again(tree: Rich, limit: int, expected: list[Rich]) -> None:
    assert list(split(tree, limit, Unit.CHARACTERS)) == expected


def test_an_empty_text_is_one_empty_part() -> None:
    assert split((), 16, Unit.BYTES) == ((),)


@thorough
@given(strategies.trees(), st.integers(16, 80), st.sampled_from(Unit))
def test_parts_fit_are_normal_and_lose_no_word(tree: Rich, limit: int, unit: Unit) -> None:
    parts = split(tree, limit, unit)
    assert all(length(part, unit) <= limit and normal(part) == part and part for part in parts)
    assert _letters("".join(map(plain, parts))) == _letters(plain(tree))


def _letters(text: str) -> str:
    """Without white space and what markers of quotes and lists are made of: a part may repeat or drop those."""
    return re.sub(r"[\s>•.\d]", "", text)


@thorough
@given(strategies.wild_texts(), st.integers(1, 30), st.sampled_from(Unit))
def test_any_text_comes_to_an_end(text: str, limit: int, unit: Unit) -> None:
    parts = split(said(text), limit, unit)
    assert "".join("".join(map(plain, parts)).split()) == "".join(plain(normal(said(text))).split())


HUGE = [said("word " * 40_000), said("שלום" * 40_000), said("a" + "\u0301" * 40_000), said("🇮" * 40_000),
        said(" " * 100_000 + "x"), said("a\u200d" * 40_000), said("\n" * 100_000 + "x")]  # fmt: skip


@pytest.mark.parametrize("tree", HUGE, ids=["words", "hebrew", "marks", "flags", "blanks", "joiners", "lines"])
@pytest.mark.timeout(10)
def test_a_huge_text_takes_seconds_at_most(tree: Rich) -> None:
    parts = split(tree, 400, Unit.BYTES)
    assert sum(len("".join(plain(part).split())) for part in parts) == len("".join(plain(tree).split()))


def test_two_lists_that_meet_at_a_cut_become_one() -> None:
    hello = (Paragraph((Text("hello"),)),)
    inner = List(((*hello, *hello), hello))
    tree = (List(((*hello, *hello), (*hello, inner)), start=0), List((hello,)))
    parts = split(tree, 16, Unit.CHARACTERS)
    assert parts[-1] == (List((hello, hello)),)
    assert all(normal(part) == part for part in parts)


def test_lists_become_one_also_behind_what_a_torn_item_leaves() -> None:
    hello = (Paragraph((Text("hello"),)),)
    inner = List(((*hello, *hello), hello))
    parts = split((*hello, List(((inner,),), start=0), List((hello,))), 24, Unit.CHARACTERS)
    assert parts[-1] == (*hello, List((hello, hello)))
