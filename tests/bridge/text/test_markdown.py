"""CommonMark: cases from people, hostile input, and the contract of every format."""

from bridge.testing import strategies
from bridge.testing.formats import FormatContract
from bridge.text import markdown


class TestMarkdown(FormatContract[str]):
    nodes = markdown.NODES
    trees = strategies.trees(markdown.NODES)
    parse = staticmethod(markdown.parse)
    render = staticmethod(markdown.render)
