"""Reading, tidying and reducing a tree, in tables of cases."""

import pytest
from hypothesis import given

from bridge.ids import UserId
from bridge.testing import strategies
from bridge.testing.formats import thorough
from bridge.text.nodes import (
    ALL_NODES,
    Block,
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
    Node,
    Paragraph,
    Quote,
    Rich,
    Spoiler,
    Strike,
    Text,
    Underline,
    said,
)
from bridge.text.walk import Unit, excerpt, keep, length, lines, normal, plain, safe_url

NOTHING: frozenset[type[Node]] = frozenset()


def p(*inside: Inline) -> Paragraph:
    return Paragraph(inside)


def t(text: str) -> Text:
    return Text(text)


ITEMS = List(((p(t("one")),), (p(t("two"), Break(), t("lines")), List(((p(t("deep")),),), start=7)), (p(t("three")),)))

PLAIN: list[tuple[Rich, str]] = [
    ((), ""),
    (said("one\ntwo\n\nfour"), "one\ntwo\n\nfour"),
    ((p(Bold((t("b"), Italic((t("i"),)))), t(" "), Code("c")),), "bi c"),
    ((p(t("a")), p(t("b"))), "a\nb"),
    ((p(Mention("Ada", UserId("@ada:x"))), p(Emoji("parrot"))), "Ada\n:parrot:"),
    ((Quote((p(t("a"), Break(), t("b")), Quote((p(t("c")),)))),), "> a\n> b\n> > c"),
    ((Quote((CodeBlock("x\n\ny"),)),), "> x\n> \n> y"),
    ((ITEMS,), "• one\n• two\n  lines\n  7. deep\n• three"),
    ((List(((p(t("a")),), (p(t("b")),)), start=9), Heading((t("title"),), 2)), "9. a\n10. b\ntitle"),
    ((p(Link((t("שלום"),), "https://e.org"), t(" می‌خواهم"), Spoiler((t("ක්‍ර"),), "why")),), "שלום می‌خواهمක්‍ර"),
]


@pytest.mark.parametrize(("tree", "words"), PLAIN, ids=[words for _, words in PLAIN])
def test_plain_keeps_the_words_and_the_shape(tree: Rich, words: str) -> None:
    assert plain(tree) == words


NORMAL: list[tuple[str, Rich, Rich]] = [
    ("neighbouring texts are one", (p(t("a"), t("b")),), (p(t("ab")),)),
    ("empty nodes are nothing", (p(t(""), Bold(()), Code("")), Quote(()), List(((),)), CodeBlock("\n")), ()),
    ("every kind of line end is a break", (p(t("a\r\nb\rc\u2028d")),), said("a\nb\nc\nd")),
    ("a code has one line", (p(Code("a\nb")),), (p(Code("a"), Break(), Code("b")),)),
    ("two bold words are one", (p(Bold((t("a"),)), Bold((t("b"),))),), (p(Bold((t("ab"),))),)),
    ("bold in bold is bold", (p(Bold((Bold((t("a"),)), t("b")))),), (p(Bold((t("ab"),))),)),
    ("styles have one order", (p(Italic((Bold((t("a"),)),))),), (p(Bold((Italic((t("a"),)),))),)),
    ("a link in a link leads where the outer one does", (p(Link((Link((t("a"),), "https://b"),), "https://a")),),
     (p(Link((t("a"),), "https://a")),)),
    ("lines of one style share it", (p(Bold((t("a"),)), Break(), Bold((t("b"),))),),
     (p(Bold((t("a"), Break(), t("b")))),)),
    ("no style ends with a line", (p(Bold((t("a"), Break())), t("b")),), (p(Bold((t("a"),)), Break(), t("b")),)),
    ("blank lines around are nobody's", (p(Break(), t("a"), Break(), Break(), t("b"), Break()),), said("a\n\nb")),
    ("different spoilers stay apart", (p(Spoiler((t("a"),), "x"), Spoiler((t("b"),), "y")),),
     (p(Spoiler((t("a"),), "x"), Spoiler((t("b"),), "y")),)),
    ("a list that counts on is one list", (List(((p(t("a")),),), start=1), List(((p(t("b")),),), start=2)),
     (List(((p(t("a")),), (p(t("b")),)), start=1),)),
    ("a list that counts anew is another", (List(((p(t("a")),),), start=1), List(((p(t("b")),),), start=1)),
     (List(((p(t("a")),),), start=1), List(((p(t("b")),),), start=1))),
    ("a mention stays on its line", (p(Mention("A\nda")),), (p(Mention("A da")),)),
    ("code blocks end without a line feed", (CodeBlock("a\r\n\n", " py x"),), (CodeBlock("a", "py"),)),
    ("levels of titles end at six", (Heading((t("a"),), 9),), (Heading((t("a"),), 6),)),
]  # fmt: skip


@pytest.mark.parametrize(("tree", "expected"), [row[1:] for row in NORMAL], ids=[row[0] for row in NORMAL])
def test_texts_that_look_the_same_become_the_same(tree: Rich, expected: Rich) -> None:
    assert normal(tree) == expected
    assert normal(expected) == expected


FALLBACKS: list[tuple[str, Block, str]] = [
    ("styles leave their words", p(Bold((Italic((Underline((Strike((t("a"),)),)),)),))), "a"),
    ("a spoiler is marked", p(Spoiler((t("boo"),))), "[spoiler: boo]"),
    ("a spoiler says why", p(Spoiler((t("boo"),), "film")), "[spoiler (film): boo]"),
    ("code stands in backticks", p(t("run "), Code("make")), "run `make`"),
    ("a link shows where it leads", p(Link((t("here"),), "https://e.org")), "here (https://e.org)"),
    ("an address is not shown twice", p(Link((t("https://e.org"),), "https://e.org")), "https://e.org"),
    ("nor is a mail address", p(Link((t("ada@e.org"),), "mailto:ada@e.org")), "ada@e.org"),
    ("a dangerous address is not shown", p(Link((t("here"),), "javascript:alert(1)")), "here"),
    ("a mention is a name", p(Mention("Ada", UserId("@ada:e.org"))), "Ada"),
    ("an emoji is its name", p(Emoji("parrot", "mxc://e.org/1")), ":parrot:"),
    ("quoted lines are marked", Quote((p(t("a"), Break(), t("b")), p(t("c")))), "> a\n> b\n> c"),
    ("code blocks are lines", CodeBlock("if x:\n  y", "py"), "if x:\n  y"),
    ("items are lines", ITEMS, "• one\n• two\n  lines\n  7. deep\n• three"),
    ("a title is words", Heading((t("a"),), 1), "a"),
]


@pytest.mark.parametrize(("block", "words"), [row[1:] for row in FALLBACKS], ids=[row[0] for row in FALLBACKS])
def test_what_a_room_lacks_is_said_in_words(block: Block, words: str) -> None:
    assert keep((block,), NOTHING) == said(words)


def test_a_title_is_bold_where_bold_is_known() -> None:
    assert keep((Heading((t("a"),), 1),), frozenset({Bold})) == (p(Bold((t("a"),))),)


def test_a_code_block_is_monospaced_where_that_is_known() -> None:
    assert keep((CodeBlock("a\n\nb"),), frozenset({Code})) == (p(Code("a"), Break(), Break(), Code("b")),)


def test_formatting_inside_a_lost_block_stays() -> None:
    tree = (Quote((p(Bold((t("a"), Break(), t("b")))),)),)
    assert keep(tree, frozenset({Bold})) == (p(t("> "), Bold((t("a"),)), Break(), t("> "), Bold((t("b"),))),)


def test_a_kept_block_keeps_what_it_holds_only_if_that_is_kept_too() -> None:
    tree = (List(((p(Code("a")), Quote((p(t("b")),))),)),)
    assert keep(tree, frozenset({List})) == (List(((p(t("`a`")), p(t("> b"))),)),)


@thorough
@given(strategies.trees())
def test_keeping_everything_changes_nothing(tree: Rich) -> None:
    assert keep(tree, ALL_NODES) == tree


@thorough
@given(strategies.trees())
def test_losing_styles_and_blocks_loses_no_line(tree: Rich) -> None:
    kept = keep(tree, frozenset({Code, Link, Spoiler}))
    assert _shown_lines(kept) == _shown_lines(tree)


def _shown_lines(tree: Rich) -> list[str]:
    return [line for line in plain(tree).split("\n") if line.strip()]


@thorough
@given(strategies.trees(lines=strategies.wild_texts()))
def test_what_is_kept_is_normal_and_keeps_its_words(tree: Rich) -> None:
    kept = keep(tree, NOTHING)
    assert normal(kept) == kept
    assert {type(node) for block in kept if isinstance(block, Paragraph) for node in block.inside} <= {Text, Break}


LINES: list[tuple[str, Rich, list[Rich]]] = [
    ("nothing has no lines", (), []),
    ("one line is itself", said("a"), [said("a")]),
    ("blank lines are dropped", said("a\n\n \nb"), [said("a"), said("b")]),
    ("blank words are no line", said("   "), []),
    ("styles are closed and opened again", (p(t("a"), Bold((t("b"), Break(), Italic((t("c"),))))),),
     [(p(t("a"), Bold((t("b"),))),), (p(Bold((Italic((t("c"),)),))),)]),
    ("each quoted line is marked", (Quote((p(t("a"), Break(), t("b")),)),), [said("> a"), said("> b")]),
    ("each line of code is code", (CodeBlock("a\n\n b"),), [(p(Code("a")),), (p(Code(" b")),)]),
    ("items keep their marks", (ITEMS,), [said(x) for x in ("• one", "• two", "  lines", "  7. deep", "• three")]),
    ("a title is bold", (Heading((t("a"),), 1), p(t("b"))), [(p(Bold((t("a"),))),), said("b")]),
]  # fmt: skip


@pytest.mark.parametrize(("tree", "expected"), [row[1:] for row in LINES], ids=[row[0] for row in LINES])
def test_rooms_of_one_line_get_line_by_line(tree: Rich, expected: list[Rich]) -> None:
    assert list(lines(tree)) == expected


@thorough
@given(strategies.trees())
def test_lines_are_the_lines_of_the_plain_words(tree: Rich) -> None:
    cut = lines(tree)
    assert [plain(line) for line in cut] == _shown_lines(tree)
    assert all(normal(line) == line for line in cut)


EXCERPTS = [
    ("short", 80, "short"),
    ("two\n lines  of\twords", 80, "two lines of words"),
    ("abcdefghij", 5, "abcd…"),
    ("abcd efgh", 6, "abcd…"),
    ("ab👩‍👩‍👧‍👦cd", 6, "ab…"),
    ("שָׁלוֹם", 3, "…"),
    ("שָׁלוֹם", 5, "שָׁל…"),
]


@pytest.mark.parametrize(("text", "characters", "expected"), EXCERPTS)
def test_an_excerpt_is_one_line_cut_between_graphemes(text: str, characters: int, expected: str) -> None:
    assert excerpt(said(text), characters) == expected


@thorough
@given(strategies.trees())
def test_an_excerpt_is_never_longer_than_asked(tree: Rich) -> None:
    assert len(excerpt(tree, 12)) <= 12
    assert "\n" not in excerpt(tree, 12)


@pytest.mark.parametrize(("unit", "expected"), [(Unit.CHARACTERS, 4), (Unit.UTF16, 5), (Unit.BYTES, 8)])
def test_each_platform_counts_in_its_own_unit(unit: Unit, expected: int) -> None:
    assert length(said("aש\n🚀"), unit) == expected


SAFE = [
    "https://e.org", "HTTP://e.org/a?b#c", "mailto:ada@e.org", "matrix:u/ada:e.org", "https://e.org/שלום",
    "https://[::1]:80/", "https://fa.e.org/می‌خواهم",
]  # fmt: skip
UNSAFE = [
    "", "e.org", "//e.org", "javascript:alert(1)", "JaVaScRiPt:x", "java\tscript:x", " https://e.org", "https://e.org ",
    "https://e.org/a b", "https://", "https:///x", "http:e.org", "data:text/html,x", "file:///etc/passwd", "vbscript:x",
    "https://e.org/\u202egpj", "https://e.org/\n", "https://e.org/\x00", "\x01https://e.org", "mailto:", "tg://user?id=1",
    'https://e.org/"onclick="x', "https://e.org/<b>", "https://e.org\\@evil.org", "https://e.org/\u200b",
]  # fmt: skip


@pytest.mark.parametrize("url", SAFE)
def test_a_link_may_lead_to_the_web_a_mailbox_or_a_room(url: str) -> None:
    assert safe_url(url)


@pytest.mark.parametrize("url", UNSAFE, ids=ascii)
def test_a_link_may_lead_nowhere_else(url: str) -> None:
    assert not safe_url(url)
