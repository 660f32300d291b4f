"""The text tree: what formatting a message can carry, whatever platform it came from.

A text (`Rich`) is a tuple of blocks, top to bottom; blocks hold inlines, left to right.
Trees are kept *normal* (see `walk.normal`): no empty nodes, no two neighbouring `Text`, no line feed inside a `Text`
(that is a `Break`), so that two texts that look the same are equal.
"""

from typing import TypeAlias, Union

from msgspec import Struct

from bridge.ids import PersonNumber, UserId


class Node(Struct, frozen=True, array_like=True, tag=True, gc=False):
    """Anything in a tree; `Capabilities.formatting` is a set of these classes."""


class Text(Node, frozen=True, array_like=True, tag="text"):
    """Plain characters: no line feed, never empty."""

    text: str


class Break(Node, frozen=True, array_like=True, tag="break"):
    """A new line inside a block."""


class Bold(Node, frozen=True, array_like=True, tag="bold"):
    inside: "Inlines"


class Italic(Node, frozen=True, array_like=True, tag="italic"):
    inside: "Inlines"


class Underline(Node, frozen=True, array_like=True, tag="underline"):
    inside: "Inlines"


class Strike(Node, frozen=True, array_like=True, tag="strike"):
    inside: "Inlines"


class Spoiler(Node, frozen=True, array_like=True, tag="spoiler"):
    """Hidden until the reader asks; `reason` may say why and may be empty."""

    inside: "Inlines"
    reason: str = ""


class Code(Node, frozen=True, array_like=True, tag="code"):
    """Monospaced characters on one line: no markup inside."""

    text: str


class Link(Node, frozen=True, array_like=True, tag="link"):
    """Words that lead to `url` (http, https, mailto or matrix only: see `walk.safe_url`)."""

    inside: "Inlines"
    url: str


class Mention(Node, frozen=True, array_like=True, tag="mention"):
    """A person named in the text. `user` is the platform's own id and never crosses to another platform.

    `person` is whom a ghost stands for that was mentioned: a connector with ghosts sets it.
    """

    name: str
    user: UserId | None = None
    person: PersonNumber | None = None


class Emoji(Node, frozen=True, array_like=True, tag="emoji"):
    """A custom emoji of one platform, such as `:parrot:`; Unicode emoji are plain `Text`."""

    name: str
    native: str = ""


Inline: TypeAlias = Union[Text, Break, Bold, Italic, Underline, Strike, Spoiler, Code, Link, Mention, Emoji]
Inlines: TypeAlias = tuple[Inline, ...]


class Paragraph(Node, frozen=True, array_like=True, tag="paragraph"):
    inside: Inlines


class Quote(Node, frozen=True, array_like=True, tag="quote"):
    """Somebody else's words; holds blocks."""

    inside: "Rich"


class CodeBlock(Node, frozen=True, array_like=True, tag="codeblock"):
    """Preformatted lines (line feeds allowed, none at the end); `language` may be empty."""

    text: str
    language: str = ""


class List(Node, frozen=True, array_like=True, tag="list"):
    """Items, each a text of its own. `start` is the first number, None for bullets."""

    items: tuple["Rich", ...]
    start: int | None = None


class Heading(Node, frozen=True, array_like=True, tag="heading"):
    """A title; `level` is 1 to 6."""

    inside: Inlines
    level: int = 1


Block: TypeAlias = Union[Paragraph, Quote, CodeBlock, List, Heading]
Rich: TypeAlias = tuple[Block, ...]

STYLES = (Bold, Italic, Underline, Strike, Spoiler)
"""Inlines that only decorate what they hold."""

ALL_NODES: frozenset[type[Node]] = frozenset(
    {Break, Bold, Italic, Underline, Strike, Spoiler, Code, Link, Mention, Emoji, Quote, CodeBlock, List, Heading}
)
"""Every node a platform may or may not show; `Text` and `Paragraph` everybody shows."""


def said(text: str) -> Rich:
    """A tree of plain words: line feeds become breaks, an empty text becomes an empty tree."""
    lines = text.split("\n")
    inside: list[Inline] = []
    for index, line in enumerate(lines):
        if index:
            inside.append(Break())
        if line:
            inside.append(Text(line))
    return (Paragraph(tuple(inside)),) if text else ()
