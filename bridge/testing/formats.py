"""The contract every format keeps: give `parse`, `render` and what the format can hold, inherit the promises.

    class TestMarkdown(FormatContract[str]):
        nodes = markdown.NODES
        trees = strategies.trees(markdown.NODES)
        parse = staticmethod(markdown.parse)
        render = staticmethod(markdown.render)

A native form other than `str` (a text with entities) also overrides `typed`.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar, Generic, TypeVar, cast

import grapheme
import pytest
from hypothesis import HealthCheck, Phase, assume, example, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from bridge.testing import strategies
from bridge.text.nodes import (
    Block,
    Break,
    Code,
    CodeBlock,
    Emoji,
    Heading,
    List,
    Mention,
    Node,
    Paragraph,
    Quote,
    Rich,
    Text,
)
from bridge.text.plain import leaves, words_of
from bridge.text.walk import Unit, keep, length, lines, normal, plain, split

Native = TypeVar("Native")

HOSTILE = (
    *strategies.MARKUP,
    *strategies.SPOKEN,
    "<b>bold</b> <script>alert(1)</script> &lt;i&gt; &amp;lt;",
    '"><img src=x onerror=alert(1)>',
    "**bold** __bold__ *it* _it_ ~~no~~ ||no|| `code` ```code```",
    "[words](https://example.org) <https://example.org> ![picture](https://example.org)",
    "@everyone @here @room <!channel> <!here> <@&1> <@U012> <#C012>",
    "***a** b* _c__ **d * e** ~ f ~~g~",
    "\\*not bold\\* \\\\ \\",
    "# not a title", "> not a quote", "- not an item", "+ not an item", "12. not an item", "12) not an item",
    "    not code", "--- not a rule", "***", "===", "```not code", "~~~", "[a]: https://example.org", "| a | b |",
    "<!-- no -->", "&#35; no",
    "a<b>c", "x *y", "2*3*4", "snake_case_and_more", "``", "` `` `", "~~~~", "! [a](b)", "!", "a\\",
    "end with space&#32;",
    "\u202eright to left\u202c \u2066isolated\u2069", "\u200f\u200e\u200b\u2060\ufeff",
)  # fmt: skip
"""What must stay words and nothing else, each on one line."""

thorough = settings(
    max_examples=100,
    deadline=None,
    # Not "explain": it traces every line and takes longer than a test may.
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    # One test serves every format; big trees take long to draw.
    suppress_health_check=[HealthCheck.differing_executors, HealthCheck.too_slow, HealthCheck.data_too_large],
)


class FormatContract(ABC, Generic[Native]):
    """Every promise of a format, one test each; subclass it as `TestYours`."""

    nodes: ClassVar[frozenset[type[Node]]]
    """What the format can show; without `Break` it is one of single lines."""
    trees: ClassVar[SearchStrategy[Rich]]
    """Trees that the format holds without any loss: `strategies.trees` with its limits, or what is made of it."""

    @abstractmethod
    def parse(self, native: Native) -> Rich:
        """The format's own."""

    @abstractmethod
    def render(self, rich: Rich) -> Native:
        """The format's own."""

    def typed(self, text: str) -> Native:
        """A text as a person's client hands it over, without formatting."""
        return cast("Native", text)

    def shown(self, rich: Rich) -> tuple[Rich, ...]:
        """A tree as the bridge would send it: only what the format can show, line by line without `Break`."""
        kept = keep(rich, self.nodes)
        return (kept,) if Break in self.nodes else lines(kept)

    @thorough
    @given(data=st.data())
    def test_what_was_rendered_is_parsed_back(self, data: st.DataObject) -> None:
        tree = data.draw(self.trees)
        assert self.parse(self.render(tree)) == tree

    @thorough
    @given(text=strategies.wild_texts())
    @example(text="<b>" * 3000)
    @example(text="> " * 3000)
    @example(text="*_" * 3000)
    @example(text="[" * 3000)
    @example(text="")
    def test_nothing_typed_raises(self, text: str) -> None:
        tree = self.parse(self.typed(text))
        assert normal(tree) == tree
        self.render(tree)

    @thorough
    @given(tree=strategies.trees(lines=strategies.wild_texts()))
    def test_no_tree_raises(self, tree: Rich) -> None:
        self.parse(self.render(tree))

    @thorough
    @given(tree=strategies.trees())
    def test_what_the_format_lacks_stays_readable(self, tree: Rich) -> None:
        for shown in self.shown(tree):
            back = self.parse(self.render(shown))
            assert _squeezed(plain(back)) == _squeezed(plain(shown))

    @pytest.mark.parametrize("text", HOSTILE)
    def test_words_stay_words(self, text: str) -> None:
        (tree,) = lines((Paragraph((Text(text.strip()),)),))
        assert self.parse(self.render(tree)) == tree

    @thorough
    @given(data=st.data(), limit=st.sampled_from((24, 60, 200)), unit=st.sampled_from(Unit))
    def test_parts_fit_and_lose_nothing(self, data: st.DataObject, limit: int, unit: Unit) -> None:
        tree = data.draw(self.trees)
        parts = split(tree, limit, unit)
        assert all(length(part, unit) <= limit for part in parts)
        assert _squeezed("".join(map(_said, parts))) == _squeezed(_said(tree))

    @thorough
    @given(data=st.data(), limit=st.sampled_from((16, 24, 60, 200)), unit=st.sampled_from(Unit))
    def test_parts_close_and_open_what_they_cut(self, data: st.DataObject, limit: int, unit: Unit) -> None:
        for part in split(data.draw(self.trees), limit, unit):
            assert normal(part) == part
            assert self.parse(self.render(part)) == part

    @thorough
    @given(data=st.data(), unit=st.sampled_from(Unit))
    def test_parts_cut_no_grapheme_and_no_entity(self, data: st.DataObject, unit: Unit) -> None:
        tree, limit = data.draw(self.trees), 64
        clusters = _graphemes(_said(tree))
        assume(all(length((Paragraph((Text(one),)),), unit) <= limit // 4 for one in clusters))
        parts = split(tree, limit, unit)
        assert [one for part in parts for one in _graphemes(_said(part))] == clusters
        whole = [leaf for leaf in _entities(tree) if length((Paragraph((leaf,)),), unit) <= limit // 2]
        kept = [leaf for part in parts for leaf in _entities(part)]
        assert [leaf for leaf in kept if leaf in whole] == whole


def _squeezed(text: str) -> str:
    return "".join(text.split())


def _said(rich: Rich) -> str:
    """The words themselves, without the markers of quotes and lists, blocks divided by line feeds."""
    return "\n".join(_said_in(block) for block in rich)


def _said_in(block: Block) -> str:
    match block:
        case Paragraph(inside) | Heading(inside):
            return "".join(map(words_of, leaves(inside)))
        case CodeBlock(text):
            return text
        case Quote(inside):
            return _said(inside)
        case List(items):
            return "\n".join(map(_said, items))


def _graphemes(text: str) -> list[str]:
    """The characters a person sees, white space left out: it may fall to a cut."""
    return [stripped for one in grapheme.graphemes(text) if (stripped := one.strip())]


def _entities(rich: Rich) -> Iterator[Code | Mention | Emoji]:
    for block in rich:
        match block:
            case Paragraph(inside) | Heading(inside):
                yield from (leaf for leaf in leaves(inside) if isinstance(leaf, (Code, Mention, Emoji)))
            case Quote(inside):
                yield from _entities(inside)
            case List(items):
                yield from (leaf for item in items for leaf in _entities(item))
            case CodeBlock():
                pass
