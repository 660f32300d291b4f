"""HTML as Matrix carries it: cases from clients, hostile input, and the contract of every format."""

from hypothesis import strategies as st

from bridge.ids import UserId
from bridge.testing import strategies
from bridge.testing.formats import FormatContract
from bridge.text import html
from bridge.text.nodes import ALL_NODES


class TestHtml(FormatContract[str]):
    nodes = ALL_NODES
    trees = strategies.trees(
        users=st.just(UserId("@ada:example.org")),
        emoji=st.just("mxc://example.org/parrot"),
        reasons=st.just("") | strategies.words(),
    )
    parse = staticmethod(html.parse)
    render = staticmethod(html.render)
