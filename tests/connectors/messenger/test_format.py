"""Messenger's text and the text tree."""

import pytest

from bridge.testing import strategies
from bridge.testing.formats import FormatContract
from bridge.text.nodes import Rich, said
from connectors.messenger.format import FORMATTING, parse, render


class TestMessengerText(FormatContract[str]):
    nodes = FORMATTING
    trees = strategies.trees(FORMATTING).filter(lambda tree: len(tree) <= 1)
    parse = staticmethod(parse)
    render = staticmethod(render)


@pytest.mark.parametrize(
    ("text", "tree"),
    [("", ()), ("a\r\nb\rc", said("a\nb\nc")), ("*not bold*", said("*not bold*")), ("@[657:Ada]", said("@[657:Ada]"))],
)
def test_what_is_typed_is_words(text: str, tree: Rich) -> None:
    assert parse(text) == tree
