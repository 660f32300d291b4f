"""CommonMark (with struck-through text) ↔ the text tree. Pure: no I/O, no state.

A line feed is a new line, as people mean it in a chat; HTML is text; a link that `safe_url` refuses stays as typed.
"""

from collections.abc import Iterable, Sequence

from markdown_it import MarkdownIt
from markdown_it.common.utils import unescapeAll
from markdown_it.token import Token

from bridge.text.markdown_render import NODES, render
from bridge.text.nodes import (
    Block,
    Bold,
    Break,
    Code,
    CodeBlock,
    Heading,
    Inline,
    Inlines,
    Italic,
    Link,
    List,
    Paragraph,
    Quote,
    Rich,
    Strike,
    Text,
    said,
)
from bridge.text.normal import normal
from bridge.text.url import safe_url

__all__ = ["NODES", "parse", "render"]

MAX_DEPTH = 32
"""Levels of quotes, lists and styles; a text with deeper blocks is shown as typed, deeper styles are left out."""

_STYLES: dict[str, type[Bold | Italic | Strike]] = {"strong": Bold, "em": Italic, "s": Strike}


def _reader() -> MarkdownIt:
    """References are off, because their definitions are words that nobody would see."""
    reader = MarkdownIt("commonmark", {"html": False, "maxNesting": MAX_DEPTH})
    reader.enable("strikethrough").disable("reference")
    reader.validateLink = safe_url  # type: ignore[method-assign]  # the library's own way to say which links may be
    reader.normalizeLink = _as_typed  # type: ignore[method-assign]  # the same
    return reader


def _as_typed(url: str) -> str:
    """An address keeps its own script."""
    return url


_READER = _reader()


def parse(native: str) -> Rich:
    """The tree of a message; never raises, whatever was typed."""
    tokens = _READER.parse(native)
    if any(token.level >= MAX_DEPTH - 1 for token in tokens):
        # The parser leaves out what is nested deeper.
        return normal(said(native))
    return normal(_blocks(tokens))


def _blocks(tokens: Iterable[Token]) -> Rich:
    """Blocks as they open and close; the innermost open one collects."""
    opened: list[Token] = []
    held: list[list[Block]] = [[]]
    for token in tokens:
        if token.type == "inline":
            held[-1].append(Paragraph(_inlines(token.children or ())))
        elif token.nesting == 1:
            opened.append(token)
            held.append([])
        elif token.nesting == -1:
            blocks = tuple(held.pop())
            held[-1].extend(_closed(opened.pop(), blocks))
        else:
            held[-1].append(_alone(token))
    return tuple(held[0])


def _closed(token: Token, blocks: Rich) -> Rich:
    """What a block means, now that all it holds is known; an item travels as a list of one."""
    match token.type:
        case "blockquote_open":
            return (Quote(blocks),)
        case "heading_open":
            return tuple(Heading(one.inside, int(token.tag[1:])) for one in blocks if isinstance(one, Paragraph))
        case "list_item_open":
            return (List((blocks,)),)
        case "bullet_list_open":
            return (List(_items(blocks)),)
        case "ordered_list_open":
            return (List(_items(blocks), int(token.attrs.get("start", 1))),)
        case _:
            return blocks


def _items(blocks: Rich) -> tuple[Rich, ...]:
    return tuple(item for one in blocks if isinstance(one, List) for item in one.items)


def _alone(token: Token) -> Block:
    if token.type in {"fence", "code_block"}:
        return CodeBlock(token.content, unescapeAll(token.info))
    return Paragraph((Text("———" if token.type == "hr" else token.content),))


def _inlines(tokens: Sequence[Token]) -> Inlines:
    """Inlines as they open and close; too deep a style is left out, its words stay."""
    opened: list[Token] = []
    held: list[list[Inline]] = [[]]
    for token in tokens:
        if token.nesting == 1:
            opened.append(token)
            if len(opened) <= MAX_DEPTH:
                held.append([])
        elif token.nesting == -1:
            begun = opened.pop()
            if len(opened) < MAX_DEPTH:
                inside = tuple(held.pop())
                held[-1].append(_styled(begun, inside))
        else:
            held[-1].append(_leaf(token))
    return tuple(held[0])


def _styled(token: Token, inside: Inlines) -> Inline:
    if token.tag in _STYLES:
        return _STYLES[token.tag](inside)
    return Link(inside, str(token.attrs.get("href", "")))


def _leaf(token: Token) -> Inline:
    match token.type:
        case "softbreak" | "hardbreak":
            return Break()
        case "code_inline":
            return Code(token.content)
        case "image":
            url = str(token.attrs.get("src", ""))
            return Link((Text(token.content or url),), url)
        case _:
            return Text(token.content)
