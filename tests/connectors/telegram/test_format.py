"""Entities and trees: offsets in UTF-16, nesting, overlap, and nothing that raises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.ids import UserId
from bridge.testing import strategies
from bridge.testing.formats import FormatContract
from bridge.text.nodes import (
    Bold,
    Break,
    Code,
    CodeBlock,
    Italic,
    Link,
    Mention,
    Paragraph,
    Quote,
    Rich,
    Spoiler,
    Text,
    said,
)
from bridge.text.walk import normal, plain
from connectors.telegram.format import FORMATTING, Entity, Formatted, parse, render, utf16

BOTH_WAYS: list[tuple[str, tuple[Entity, ...], Rich]] = [
    ("", (), ()),
    ("hello", (), said("hello")),
    ("one\ntwo", (), said("one\ntwo")),
    ("a 😀 b", (Entity("bold", 2, 2),), (Paragraph((Text("a "), Bold((Text("😀"),)), Text(" b"))),)),
    ("😀😀x", (Entity("italic", 4, 1),), (Paragraph((Text("😀😀"), Italic((Text("x"),)))),)),
    ("שלום عالم", (Entity("bold", 5, 4),), (Paragraph((Text("שלום "), Bold((Text("عالم"),)))),)),
    (
        "👩‍👩‍👧 ok",
        (Entity("code", 9, 2),),
        (Paragraph((Text("👩‍👩‍👧 "), Code("ok"))),),
    ),
    (
        "page",
        (Entity("text_link", 0, 4, url="https://example.org/"),),
        (Paragraph((Link((Text("page"),), "https://example.org/"),)),),
    ),
    ("Ada!", (Entity("text_mention", 0, 3, user="7"),), (Paragraph((Mention("Ada", UserId("7")), Text("!"))),)),
    ("hid", (Entity("spoiler", 0, 3),), (Paragraph((Spoiler((Text("hid"),)),)),)),
    (
        "before\nq1\nq2\nafter",
        (Entity("blockquote", 7, 5),),
        (
            Paragraph((Text("before"),)),
            Quote((Paragraph((Text("q1"), Break(), Text("q2"))),)),
            Paragraph((Text("after"),)),
        ),
    ),
    ("x = 1\ny", (Entity("pre", 0, 7, language="python"),), (CodeBlock("x = 1\ny", "python"),)),
    (
        "q\nin",
        (Entity("blockquote", 0, 4), Entity("pre", 2, 2)),
        (Quote((Paragraph((Text("q"),)), CodeBlock("in"))),),
    ),
]


@pytest.mark.parametrize(("text", "entities", "tree"), BOTH_WAYS)
def test_a_text_with_entities_is_a_tree_and_back(text: str, entities: tuple[Entity, ...], tree: Rich) -> None:
    assert parse(Formatted(text, entities)) == tree
    assert render(tree) == Formatted(text, entities)


ONE_WAY: list[tuple[str, str, tuple[Entity, ...], Rich]] = [
    (
        "crossing entities are cut at each other's edges",
        "abc",
        (Entity("bold", 0, 2), Entity("italic", 1, 2)),
        (Paragraph((Bold((Text("a"), Italic((Text("b"),)))), Italic((Text("c"),)))),),
    ),
    (
        "an entity beyond the end ends with the text",
        "ab",
        (Entity("bold", 1, 99),),
        (Paragraph((Text("a"), Bold((Text("b"),)))),),
    ),
    ("an entity outside is dropped", "ab", (Entity("bold", 7, 3), Entity("italic", -5, 2)), said("ab")),
    ("an unknown entity is plain text", "#tag", (Entity("hashtag", 0, 4),), said("#tag")),
    ("a dangerous link is plain text", "ab", (Entity("text_link", 0, 2, url="javascript:alert(1)"),), said("ab")),
    (
        "an edge inside a character moves behind it",
        "😀a",
        (Entity("bold", 1, 2),),
        (Paragraph((Text("😀"), Bold((Text("a"),)))),),
    ),
    ("an expandable quote is a quote", "q", (Entity("expandable_blockquote", 0, 1),), (Quote(said("q")),)),
    (
        "bold across a quote stays inside both",
        "a\nb",
        (Entity("bold", 0, 3), Entity("blockquote", 2, 1)),
        (Paragraph((Bold((Text("a"),)),)), Quote((Paragraph((Bold((Text("b"),)),)),))),
    ),
]


@pytest.mark.parametrize(("what", "text", "entities", "tree"), ONE_WAY, ids=[row[0] for row in ONE_WAY])
def test_entities_that_do_not_fit_cost_only_themselves(
    what: str, text: str, entities: tuple[Entity, ...], tree: Rich
) -> None:
    assert parse(Formatted(text, entities)) == tree, what


def test_a_foreign_mention_leads_nowhere() -> None:
    tree: Rich = (Paragraph((Mention("Ada", UserId("@ada:example.org")),)),)
    assert render(tree) == Formatted("Ada")


def test_a_dangerous_link_is_sent_as_words() -> None:
    assert render((Paragraph((Link((Text("here"),), "javascript:alert(1)"),)),)) == Formatted("here")


KINDS = [
    "bold",
    "italic",
    "underline",
    "strikethrough",
    "spoiler",
    "code",
    "pre",
    "blockquote",
    "text_link",
    "url",
    "x",
]
entities = st.builds(
    Entity, st.sampled_from(KINDS), st.integers(-3, 40), st.integers(-3, 40), st.just("https://example.org")
)
texts = st.text(st.sampled_from("ab \n😀é\u200fשع\u0301"), max_size=30)


@given(texts, st.lists(entities, max_size=8))
def test_whatever_entities_come_no_word_is_lost(text: str, some: list[Entity]) -> None:
    tree = parse(Formatted(text, tuple(some)))
    assert tree == normal(tree)
    shown = "".join(plain(tree).replace("> ", "").split())
    assert shown == "".join(text.split())


@given(texts, st.lists(entities, max_size=8))
def test_rendered_entities_lie_inside_the_text_at_the_borders_of_characters(text: str, some: list[Entity]) -> None:
    written = render(parse(Formatted(text, tuple(some))))
    encoded = written.text.encode("utf-16-le")
    for entity in written.entities:
        assert 0 <= entity.offset < entity.offset + entity.length <= utf16(written.text)
        encoded[: entity.offset * 2].decode("utf-16-le")
        encoded[: (entity.offset + entity.length) * 2].decode("utf-16-le")


@given(st.text())
def test_length_counts_as_utf16_does(text: str) -> None:
    assert utf16(text) == len(text.encode("utf-16-le", "surrogatepass")) // 2


class TestTelegramFormat(FormatContract[Formatted]):
    """The contract of every format; paragraphs are lines here, and a mention names a Telegram user."""

    nodes = FORMATTING
    trees = strategies.trees(FORMATTING, users=st.sampled_from((UserId("7"), UserId("500000001")))).map(
        strategies.joined
    )
    parse = staticmethod(parse)
    render = staticmethod(render)

    def typed(self, text: str) -> Formatted:
        return Formatted(text)
