"""What the kit draws is what it says: valid events, normal trees, texts with and without control characters."""

import unicodedata

import msgspec
from hypothesis import given

from bridge.events import AnyEvent
from bridge.testing import strategies
from bridge.testing.formats import thorough
from bridge.text.nodes import Bold, Break, Code, Node, Paragraph, Rich
from bridge.text.walk import keep, normal


@thorough
@given(strategies.events())
def test_events_are_valid(event: AnyEvent) -> None:
    assert msgspec.json.decode(msgspec.json.encode(event), type=AnyEvent) == event  # type: ignore[arg-type]  # a union


@thorough
@given(strategies.trees(frozenset({Bold, Break, Code}), bare=frozenset({Code})))
def test_trees_hold_only_what_was_asked_for(tree: Rich) -> None:
    nodes: frozenset[type[Node]] = frozenset({Bold, Break, Code})
    assert keep(tree, nodes) == normal(tree) == tree
    assert not any(
        isinstance(one, Bold) and any(isinstance(leaf, Code) for leaf in one.inside) for one in _inlines(tree)
    )


@thorough
@given(strategies.trees(frozenset({Break})))
def test_joined_trees_have_no_two_paragraphs_side_by_side(tree: Rich) -> None:
    assert len(strategies.joined(tree)) == 1


@thorough
@given(strategies.texts())
def test_people_type_no_control_characters(text: str) -> None:
    assert not any(unicodedata.category(one) in {"Cc", "Cs"} for one in text if one != "\n")


def _inlines(tree: Rich) -> list[Node]:
    return [node for block in tree if isinstance(block, Paragraph) for node in block.inside]
