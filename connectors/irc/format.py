"""IRC formatting codes to the text tree and back. Pure.

Codes switch a style on and off: bold 02, italic 1D, underline 1F, strike 1E, monospace 11; 0F ends all of them.
Colours (03, 04) and reverse (16) are dropped: the tree has none.
"""

import re

from bridge.text.nodes import (
    Block,
    Bold,
    Break,
    Code,
    Emoji,
    Inline,
    Inlines,
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
from bridge.text.walk import plain

Style = type[Bold] | type[Italic] | type[Underline] | type[Strike]

STYLES: dict[str, Style] = {"\x02": Bold, "\x1d": Italic, "\x1f": Underline, "\x1e": Strike}
_CODES: dict[type[Node], str] = {style: code for code, style in STYLES.items()}
_MONOSPACE = "\x11"
_RESET = "\x0f"
FORMATTING: frozenset[type[Node]] = frozenset({Bold, Italic, Underline, Strike, Code})
"""What a line of IRC can show."""

_COLOUR = re.compile(r"\x03(?:\d{1,2}(?:,\d{1,2})?)?|\x04(?:[0-9a-fA-F]{6}(?:,[0-9a-fA-F]{6})?)?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_UNKNOWN = re.compile(r"[\x00\x01\x05-\x0e\x10\x12-\x1c\x7f]")
_PIECES = re.compile(r"([\x02\x0f\x11\x1d-\x1f])")


def parse(native: str) -> Rich:
    """What a person wrote on one line; colours are dropped."""
    if not _CONTROL.search(native):
        return (Paragraph((Text(native),)),) if native else ()
    inside = _tree(_UNKNOWN.sub("", _COLOUR.sub("", native.replace("\t", " "))))
    return (Paragraph(inside),) if inside else ()


def render(rich: Rich) -> str:
    """A text as IRC lines, divided by line feeds; nodes outside `FORMATTING` show as their words."""
    return "\n".join(_block(block) for block in rich)


class _Open:
    """A style that is on, and what it holds so far."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.inside: list[Inline] = []


def _tree(native: str) -> Inlines:
    stack = [_Open("")]
    monospace = False
    for piece in _PIECES.split(native):
        if piece == _MONOSPACE:
            monospace = not monospace
        elif piece == _RESET:
            monospace = False
            _close(stack, 1)
        elif piece in STYLES:
            _toggle(stack, piece)
        elif piece:
            _say(stack[-1].inside, piece, Code if monospace else Text)
    _close(stack, 1)
    return tuple(stack[0].inside)


def _say(inside: list[Inline], words: str, kind: type[Code] | type[Text]) -> None:
    """Add words; two neighbouring pieces of plain text become one."""
    if kind is Text and inside and isinstance(last := inside[-1], Text):
        inside[-1] = Text(last.text + words)
    else:
        inside.append(kind(words))


def _toggle(stack: list[_Open], code: str) -> None:
    """Switch a style on; or off, wherever it stands: those opened after it go on."""
    codes = [each.code for each in stack]
    if code not in codes:
        stack.append(_Open(code))
        return
    place = codes.index(code)
    _close(stack, place)
    stack.extend(_Open(each) for each in codes[place + 1 :])


def _close(stack: list[_Open], down_to: int) -> None:
    while len(stack) > down_to:
        done = stack.pop()
        if done.inside:
            stack[-1].inside.append(STYLES[done.code](tuple(done.inside)))


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
