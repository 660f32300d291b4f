"""IRC formatting codes to the text tree and back. Pure.

Codes switch a style on and off: bold 02, italic 1D, underline 1F, strike 1E, monospace 11; 0F ends all of them.
Colours (03, 04) and reverse (16) are dropped: the tree has none.
"""

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from bridge.text.nodes import (
    Block,
    Bold,
    Break,
    Code,
    Emoji,
    Inline,
    Italic,
    Link,
    Mention,
    Node,
    Paragraph,
    Rich,
    Spoiler,
    Strike,
    Text,
    Underline,
)
from bridge.text.walk import normal, plain

Style = type[Bold] | type[Italic] | type[Underline] | type[Strike]

STYLES: dict[str, Style] = {"\x02": Bold, "\x1d": Italic, "\x1f": Underline, "\x1e": Strike}
_CODES: dict[type[Node], str] = {style: code for code, style in STYLES.items()}
_MONOSPACE = "\x11"
_RESET = "\x0f"
FORMATTING: frozenset[type[Node]] = frozenset({Bold, Italic, Underline, Strike, Code})
"""What the codes of a line can show."""

_COLOUR = re.compile(r"\x03(?:\d{1,2}(?:,\d{1,2})?)?|\x04(?:[0-9a-fA-F]{6}(?:,[0-9a-fA-F]{6})?)?")
_UNPLAIN = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_UNKNOWN = re.compile(r"[\x00\x01\x05-\x0e\x10\x12-\x1c\x7f]")
_SWITCHES = frozenset({*STYLES, _MONOSPACE})
_PIECES = re.compile(r"([\x02\x0f\x11\x1d-\x1f])")


def parse(native: str) -> Rich:
    """What a person wrote on one line; colours are dropped."""
    if not _UNPLAIN.search(native):
        return (Paragraph((Text(native),)),) if native else ()
    words = _UNKNOWN.sub("", _COLOUR.sub("", native.replace("\t", " ")))
    return normal((Paragraph(tuple(_runs(words))),))


def render(rich: Rich) -> str:
    """A text as IRC lines, divided by line feeds; nodes outside `FORMATTING` show as their words."""
    return "\n".join(_block(block) for block in rich)


def _runs(native: str) -> Iterator[Inline]:
    """The pieces of a line, each in the styles that are on where it stands."""
    on: set[str] = set()
    for piece in _PIECES.split(native):
        if piece == _RESET:
            on.clear()
        elif piece in _SWITCHES:
            on ^= {piece}
        elif piece:
            yield _dressed(Code(piece) if _MONOSPACE in on else Text(piece), on)


def _dressed(leaf: Inline, on: AbstractSet[str]) -> Inline:
    for code, style in STYLES.items():
        if code in on:
            leaf = style((leaf,))
    return leaf


def _block(block: Block) -> str:
    if isinstance(block, Paragraph):
        return "".join([_inline(each, "") for each in block.inside])
    return "\n".join(clean(each) for each in plain((block,)).split("\n"))


def _inline(node: Inline, on: str) -> str:
    """One node; `on` are the codes that are switched on around it."""
    match node:
        case Text():
            return clean(node.text)
        case Bold() | Italic() | Underline() | Strike():
            return _styled(node, on)
        case Code():
            return f"{_MONOSPACE}{clean(node.text)}{_MONOSPACE}"
        case Break():
            return "\n"
        case Link():
            words = "".join(_inline(each, on) for each in node.inside)
            return words if words == node.url else f"{words} <{clean(node.url)}>"
        case Mention() | Emoji() | Spoiler():
            return clean(plain((Paragraph((node,)),)))


def _styled(node: Bold | Italic | Underline | Strike, on: str) -> str:
    code = _CODES[type(node)]
    if code in on:
        return "".join(_inline(each, on) for each in node.inside)
    return f"{code}{''.join(_inline(each, on + code) for each in node.inside)}{code}"


def clean(text: str) -> str:
    """Words without anything that a client would take for a code."""
    return _CONTROL.sub(" ", text) if _CONTROL.search(text) else text
