"""Viber's signs and trees: what is marked, what stays a word, and nothing that raises."""

import pytest

from bridge.testing import strategies
from bridge.testing.formats import FormatContract
from bridge.text.nodes import Bold, Break, Code, Inline, Italic, Paragraph, Rich, Strike, Text, said
from bridge.text.walk import plain
from connectors.viber.format import FORMATTING, fitted, parse, render


def one(*inside: Inline) -> Rich:
    return (Paragraph(inside),)


READ: list[tuple[str, Rich]] = [
    ("", ()),
    ("hello", said("hello")),
    ("*bold* words", one(Bold((Text("bold"),)), Text(" words"))),
    ("_it_ and ~no~", one(Italic((Text("it"),)), Text(" and "), Strike((Text("no"),)))),
    ("(*bold*)", one(Text("("), Bold((Text("bold"),)), Text(")"))),
    ("*bold _and italic_*", one(Bold((Text("bold "), Italic((Text("and italic"),)))))),
    ("```x = *1*```", one(Code("x = *1*"))),
    ("snake_case_name and 2*3*4", said("snake_case_name and 2*3*4")),
    ("* item\n* item", said("* item\n* item")),
    ("*two\nlines*", said("*two\nlines*")),
    ("https://example.org/_a_/*b*", said("https://example.org/_a_/*b*")),
    ("see *https://example.org*", one(Text("see "), Bold((Text("https://example.org"),)))),
    ("*open", said("*open")),
    ("**", said("**")),
]


@pytest.mark.parametrize(("native", "tree"), READ)
def test_what_people_write_is_read_as_they_see_it(native: str, tree: Rich) -> None:
    assert parse(native) == tree


WRITTEN: list[tuple[Rich, str]] = [
    (one(Bold((Text("bold"),)), Text(" words")), "*bold* words"),
    (one(Bold((Text("one"), Break(), Text("two")))), "*one*\n*two*"),
    (one(Bold((Text(" edge "),)), Text("x")), " *edge* x"),
    (one(Text("2 * 3 and snake_case")), "2 * 3 and snake_case"),
    (one(Text("https://example.org/a_b_c")), "https://example.org/a_b_c"),
    (one(Code("a`b")), "a`b"),
]  # fmt: skip


@pytest.mark.parametrize(("tree", "native"), WRITTEN)
def test_trees_are_written_as_people_write(tree: Rich, native: str) -> None:
    assert render(tree) == native


@pytest.mark.parametrize("words", ["*not bold*", "_not_ it", "~no~", "```no code```", "x*", "*"])
def test_words_with_signs_show_as_they_are(words: str) -> None:
    assert parse(render(said(words))) == said(words)
    assert plain(said(render(said(words)))).replace("\u2060", "") == words


class TestViber(FormatContract[str]):
    nodes = FORMATTING
    trees = strategies.trees(FORMATTING).map(fitted)
    parse = staticmethod(parse)
    render = staticmethod(render)
