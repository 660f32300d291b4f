"""The texts the contract speaks with: plain, formatted, long and hostile. Pure: no I/O, no state."""

from collections.abc import Iterator
from unicodedata import category

from bridge.capabilities import Capabilities
from bridge.text.nodes import (
    Block,
    Bold,
    Code,
    CodeBlock,
    Heading,
    Inline,
    Italic,
    Link,
    List,
    Node,
    Paragraph,
    Quote,
    Rich,
    Spoiler,
    Strike,
    Text,
    Underline,
)
from bridge.text.walk import Unit, length

HOSTILE = (
    "<b>bold</b> <script>alert(1)</script> &lt;i&gt; &#64;room",
    "**stars** __lines__ ~~waves~~ ||bars|| `ticks` [page](https://example.org) > quoted",
    "@everyone @here @room @all <!channel> <@&1> <@123>",
    "/quit now and *_never_* come [b]back[/b]",
    "\u202eright to left\u202c \u2066isolated\u2069 \u200fmarked",
    "four bytes \U0001f9d1\u200d\U0001f680 \U0001d54f and \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "%s %n {0} ${HOME} $(id) \\n \\u0041 '; --",
)
"""What people type to break a bridge; nothing of it may become more than words."""

FORGED = (
    "before\rQUIT :gone",
    "before\r\nPRIVMSG bridge :forged",
    "before\x00after",
    "before\x01ACTION after\x01",
    "before\u2028between\u2029after\u0085end",
)
"""Characters that end lines and commands; a platform may turn them into blanks, never into a second message."""

INLINES: tuple[Inline, ...] = (
    Bold((Text("bold"),)),
    Italic((Text("italic"),)),
    Underline((Text("underlined"),)),
    Strike((Text("struck"),)),
    Spoiler((Text("hidden"),)),
    Code("code"),
    Link((Text("page"),), "https://example.org/a?b=1&c=2"),
)
BLOCKS: tuple[Block, ...] = (
    Quote((Paragraph((Text("quoted"),)),)),
    CodeBlock("first\n  second"),
    List(((Paragraph((Text("one"),)),), (Paragraph((Text("two"),)),))),
    Heading((Text("title"),), 2),
)


def samples(formatting: frozenset[type[Node]], word: str) -> Iterator[tuple[type[Node], Rich]]:
    """One text for each node a room can show, recognised by `word`."""
    for inline in INLINES:
        if type(inline) in formatting:
            yield type(inline), (Paragraph((Text(f"{word} {_name(inline)} "), inline)),)
    for block in BLOCKS:
        if type(block) in formatting:
            yield type(block), (Paragraph((Text(f"{word} {_name(block)}"),)), block)


def holds(rich: Rich, node: type[Node]) -> bool:
    """Whether a tree has a node of this class anywhere."""
    return any(isinstance(one, node) for one in nodes(rich))


def nodes(inside: object) -> Iterator[Node]:
    """Every node of a tree, outer ones first."""
    if isinstance(inside, Node):
        yield inside
        yield from nodes(tuple(getattr(inside, name) for name in inside.__struct_fields__))
    elif isinstance(inside, tuple):
        for one in inside:
            yield from nodes(one)


def longest(can: Capabilities, letter: str = "") -> str:
    """A text of exactly `max_text`, of words of ten letters; `letter` fills it instead where one is given."""
    tens = "".join(f"{number:08d}, " for number in range(can.max_text // 10 + 1))
    if not letter:
        return tens[: can.max_text - 1].rstrip().ljust(can.max_text - 1, "-") + "."
    each = measure(letter, can.unit)
    whole, rest = divmod(can.max_text, each)
    return letter * whole + "." * rest


def measure(text: str, unit: Unit) -> int:
    """How long a text is in a unit."""
    return length((Paragraph((Text(text),)),), unit)


def bare(text: str) -> str:
    """A text without blanks, controls and invisible characters, which a platform may change."""
    return "".join(one for one in text if not one.isspace() and category(one) not in {"Cc", "Cf", "Zl", "Zp"})


def _name(node: Node) -> str:
    return type(node).__name__.lower()
