"""Messenger's text and the text tree. Pure: no I/O, no state.

The interface knows no formatting (facts/platform-apis.md 3.7): what is typed are words, and so is what we send.
"""

from bridge.text.nodes import Break, Node, Rich, said
from bridge.text.walk import normal, plain

FORMATTING: frozenset[type[Node]] = frozenset({Break})
MAX_TEXT = 2000


def parse(text: str) -> Rich:
    """What somebody wrote, as a tree."""
    return normal(said(text.replace("\r\n", "\n").replace("\r", "\n")))


def render(rich: Rich) -> str:
    """The words of a tree."""
    return plain(rich)
