"""WhatsApp's markup and trees: both ways, and nothing typed becomes a mark."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.testing import strategies
from bridge.testing.formats import FormatContract, thorough
from bridge.text.nodes import Bold, Break, Code, CodeBlock, Italic, Paragraph, Quote, Rich, Strike, Text, said
from bridge.text.normal import runs
from bridge.text.plain import words_of
from bridge.text.walk import normal, plain
from connectors.whatsapp.format import FORMATTING, parse, render
from connectors.whatsapp.marks import HAIR

HAIRS = "\u200a"


def line(*inside: Text | Bold | Italic | Strike | Code | Break) -> Rich:
    return (Paragraph(inside),)


BOTH_WAYS: list[tuple[str, Rich]] = [
    ("", ()),
    ("hello", said("hello")),
    ("one\ntwo", said("one\ntwo")),
    ("*bold*", line(Bold((Text("bold"),)))),
    ("a _b c_ d", line(Text("a "), Italic((Text("b c"),)), Text(" d"))),
    ("~gone~!", line(Strike((Text("gone"),)), Text("!"))),
    ("*_both_*", line(Bold((Italic((Text("both"),)),)))),
    ("*a _b_ c*", line(Bold((Text("a "), Italic((Text("b"),)), Text(" c"))))),
    ("say `x = 1` now", line(Text("say "), Code("x = 1"), Text(" now"))),
    ("```x\ny```", (CodeBlock("x\ny"),)),
    ("before\n> q1\n> q2\nafter", (*said("before"), Quote(said("q1\nq2")), *said("after"))),
    ("> one\n\n> two", (Quote(said("one")), Quote(said("two")))),
    ("> > deep", (Quote((Quote(said("deep")),)),)),
    ("snake_case_name and 2*3*4", said("snake_case_name and 2*3*4")),
    ("https://e.org/_a_b_(c)_d", said("https://e.org/_a_b_(c)_d")),
    ("* an item", said("* an item")),
    (f"*{HAIR}not bold*", said("*not bold*")),
    (f"foo{HAIR}*bar*{HAIR}baz", line(Text("foo"), Bold((Text("bar"),)), Text("baz"))),
    (f"{HAIR}> no quote", said("> no quote")),
    (f"{HAIR}```a`{HAIR}b``` c", line(Code("a`b"), Text(" c"))),
    (f"a{HAIR}{HAIR}b", said(f"a{HAIR}b")),
    ("*a*_*b* c_", line(Bold((Text("a"), Italic((Text("b"),)))), Italic((Text(" c"),)))),
    ("*a _b_*_c_", line(Bold((Text("a "), Italic((Text("b"),)))), Italic((Text("c"),)))),
]

ONE_WAY: list[tuple[str, Rich]] = [
    ("* not bold*", said("* not bold*")),
    ("*not bold *", said("*not bold *")),
    ("**", said("**")),
    ("*one\ntwo*", said("*one\ntwo*")),
    ("a*b*c", said("a*b*c")),
    ("*a*b*", line(Bold((Text("a*b"),)))),
    ("```\ncode\n```", (CodeBlock("code"),)),
    ("say ```x = 1``` now", line(Text("say "), Code("x = 1"), Text(" now"))),
    ("```open", said("```open")),
    (">no quote", said(">no quote")),
    ("*https://e.org/a*", line(Bold((Text("https://e.org/a"),)))),
    ("_`*`_", line(Italic((Code("*"),)))),
    (f"a{HAIR}b", said(f"a{HAIR}b")),
]


@pytest.mark.parametrize(("native", "tree"), BOTH_WAYS)
def test_markup_is_a_tree_and_back(native: str, tree: Rich) -> None:
    assert parse(native) == tree
    assert render(tree) == native


@pytest.mark.parametrize(("native", "tree"), ONE_WAY)
def test_markup_is_read_as_a_client_would(native: str, tree: Rich) -> None:
    assert parse(native) == tree


@thorough
@given(words=st.lists(strategies.words(), min_size=1, max_size=5).map(" ".join))
def test_nothing_typed_becomes_formatting(words: str) -> None:
    tree = normal(said(words))
    assert parse(render(tree)) == tree


def test_formatting_is_left_out_before_words_are() -> None:
    tree = line(Bold((Text("words"),)))
    assert [render(tree, most) for most in (7, 6, 5, 4)] == ["*words*", "words", "words", "words"]
    assert render(said("*a*"), 3) == "*a*"


@pytest.mark.parametrize("piece", ["*a ", "_*~", "`a ", "```\n", "> ", "https://*", f"*{HAIRS}"])
def test_long_and_hostile_texts_are_read_quickly(piece: str) -> None:
    text = (piece * 4096)[:4096]
    assert len(plain(parse(text))) > 0
    assert render(parse(text))


def crosses_between_blanks(rich: Rich) -> bool:
    """Whether a style begins in another after a blank, and outlives it before one: that blank loses the other."""
    if any(crosses_between_blanks(block.inside) for block in rich if isinstance(block, Quote)):
        return True
    lines = (block.inside for block in rich if isinstance(block, Paragraph))
    worn = [(set(map(type, styles)), words_of(leaf)) for inside in lines for styles, leaf in runs(inside)]
    return any(
        before & here and here - before and words[-1:].isspace() and after - before and then[:1].isspace()
        for (before, words), (here, _), (after, then) in zip(worn, worn[1:], worn[2:], strict=False)
    )


def test_a_blank_between_crossing_styles_loses_one() -> None:
    tree = line(Bold((Text("a "), Italic((Text("b"),)))), Italic((Text(" c"),)))
    assert crosses_between_blanks(tree)
    assert render(tree) == "*a* _*b* c_"


def nameless(rich: Rich) -> Rich:
    """Lines instead of paragraphs, and code in no language: nobody can write those here."""
    without = (CodeBlock(block.text) if isinstance(block, CodeBlock) else block for block in strategies.joined(rich))
    return tuple(Quote(nameless(block.inside)) if isinstance(block, Quote) else block for block in without)


class TestWhatsApp(FormatContract[str]):
    nodes = FORMATTING
    trees = (
        strategies.trees(FORMATTING, lines=strategies.words().filter(lambda words: not set("*_~`>") & set(words)))
        .map(nameless)
        .filter(lambda rich: not crosses_between_blanks(rich))
    )
    parse = staticmethod(parse)
    render = staticmethod(render)
