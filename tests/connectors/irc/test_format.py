"""IRC's codes and the text tree."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.testing import strategies
from bridge.testing.formats import FormatContract
from bridge.text.nodes import (
    Bold,
    Break,
    Code,
    CodeBlock,
    Emoji,
    Inline,
    Italic,
    Link,
    Mention,
    Paragraph,
    Quote,
    Rich,
    Spoiler,
    Strike,
    Text,
    Underline,
    said,
)
from bridge.text.walk import keep, plain
from connectors.irc.format import FORMATTING, parse, render


class TestIrcCodes(FormatContract[str]):
    nodes = FORMATTING
    trees = strategies.trees(FORMATTING).filter(lambda tree: len(tree) == 1)
    parse = staticmethod(parse)
    render = staticmethod(render)


def one(*inside: Inline) -> Rich:
    return (Paragraph(inside),)


WRITTEN = [
    ("plain", said("plain")),
    ("", ()),
    ("\x02", ()),
    ("\x02\x02", ()),
    ("\x02bold\x02 not", one(Bold((Text("bold"),)), Text(" not"))),
    ("\x02never closed", one(Bold((Text("never closed"),)))),
    ("\x1dslanted\x1d", one(Italic((Text("slanted"),)))),
    ("\x1funder\x1f", one(Underline((Text("under"),)))),
    ("\x1estruck\x1e", one(Strike((Text("struck"),)))),
    ("\x11x = 1\x11", one(Code("x = 1"))),
    ("\x02a\x1db\x02c\x1d", one(Bold((Text("a"), Italic((Text("b"),)))), Italic((Text("c"),)))),
    ("\x02a\x0fb", one(Bold((Text("a"),)), Text("b"))),
    ("\x02\x11a\x0fb", one(Bold((Code("a"),)), Text("b"))),
    ("\x0304red\x03 none", said("red none")),
    ("\x034,12red on blue", said("red on blue")),
    ("\x03,5", said(",5")),
    ("\x03123", said("3")),
    ("\x04ff8800hex\x04", said("hex")),
    ("\x04ff8800,000000hex", said("hex")),
    ("\x16reversed\x16", said("reversed")),
    ("tab\there", said("tab here")),
    ("bell\x07 and \x00nothing", said("bell and nothing")),
    ("שלום \x02עולם\x02", one(Text("שלום "), Bold((Text("עולם"),)))),
    ("https://example.org/a_b?c=\x02d", one(Text("https://example.org/a_b?c="), Bold((Text("d"),)))),
    ("one\u2028two\x85three", one(Text("one"), Break(), Text("two"), Break(), Text("three"))),
]


@pytest.mark.parametrize(("native", "tree"), WRITTEN)
def test_what_people_write_is_understood(native: str, tree: Rich) -> None:
    assert parse(native) == tree


SHOWN = [
    (one(Bold((Text("a"), Bold((Text("b"),))))), "\x02ab\x02"),
    (one(Link((Text("page"),), "https://example.org")), "page <https://example.org>"),
    (one(Link((Text("https://example.org"),), "https://example.org")), "https://example.org"),
    (one(Mention("Ada"), Text(" and "), Emoji("parrot")), "Ada and :parrot:"),
    (one(Spoiler((Text("hidden"),))), "hidden"),
    (one(Text("a\x02b\x03c\r\nd\x00")), "a b c  d "),
    (one(Text("one"), Break(), Text("two")), "one\ntwo"),
    ((*said("one"), *said("two")), "one\ntwo"),
    ((Quote(said("quoted")),), "> quoted"),
    ((CodeBlock("a\nb"),), "a\nb"),
]


@pytest.mark.parametrize(("tree", "native"), SHOWN)
def test_what_a_line_cannot_show_is_shown_as_words(tree: Rich, native: str) -> None:
    assert render(tree) == native


@given(st.text(st.characters(min_codepoint=0, max_codepoint=0x2FF)))
def test_no_byte_a_person_sends_leaves_a_control_character(native: str) -> None:
    assert not [each for each in plain(parse(native)) if each < " " and each != "\n"]


@given(strategies.trees(lines=strategies.wild_texts()))
def test_nothing_rendered_ends_a_line_or_begins_a_command(tree: Rich) -> None:
    assert not set(render(keep(tree, FORMATTING))) & {"\r", "\x00", "\x01"}
