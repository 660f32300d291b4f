"""What a room cannot show, in words it can. Pure: no I/O, no state.

The table of fallbacks: nothing is dropped, and the reader sees that something was there.
"""

from collections.abc import Iterable
from itertools import groupby

from bridge.text.nodes import (
    ALL_NODES,
    Block,
    Bold,
    Break,
    Code,
    CodeBlock,
    Emoji,
    Heading,
    Inline,
    Inlines,
    Italic,
    Link,
    List,
    Mention,
    Node,
    Paragraph,
    Quote,
    Rich,
    Spoiler,
    Strike,
    Text,
    Underline,
)
from bridge.text.normal import dressed, neat, normal, runs
from bridge.text.plain import INDENT, QUOTED, marker, only_words, words_in, words_of
from bridge.text.url import safe_url

Nodes = frozenset[type[Node]]

_BLOCKS: Nodes = frozenset({Quote, CodeBlock, List, Heading})


def keep(rich: Rich, nodes: Nodes) -> Rich:
    """The same text in the nodes a room can show; the result is normal.

    A `Break` stays whatever `nodes` says: see `lines` for rooms of one line.
    """
    if only_words(rich) is not None:
        return normal(rich)
    return normal(_kept(rich, nodes))


def _kept(rich: Rich, nodes: Nodes) -> Rich:
    return tuple(block for old in rich for block in _block(old, nodes))


def lines(rich: Rich) -> tuple[Rich, ...]:
    """One text a line, for rooms that cannot show a `Break`: a paragraph each, styles closed and opened again.

    Blocks become lines with their markers; blank lines are dropped.
    """
    clean = normal(rich)
    if (words := only_words(clean)) is not None:
        return (clean,) if words.strip() else ()
    rows = (neat(row) for row in _rows(clean, ALL_NODES - _BLOCKS))
    return tuple((Paragraph(row),) for row in rows if words_in(row).strip())


def _block(block: Block, nodes: Nodes) -> Rich:
    match block:
        case Paragraph(inside):
            return (Paragraph(_inlines(inside, nodes)),)
        case Heading(inside, level) if Heading in nodes:
            return (Heading(_inlines(inside, nodes), level),)
        case Quote(inside) if Quote in nodes:
            return (Quote(_kept(inside, nodes)),)
        case List(items, start) if List in nodes:
            return (List(tuple(_kept(item, nodes) for item in items), start),)
        case CodeBlock() if CodeBlock in nodes:
            return (block,)
        case Heading() | Quote() | List() | CodeBlock():
            return (Paragraph(_stacked(_rows((block,), nodes))),)


def _rows(rich: Rich, nodes: Nodes) -> list[Inlines]:
    """Blocks as lines of inlines with their markers."""
    return [row for block in rich for row in _rows_of(block, nodes)]


def _rows_of(block: Block, nodes: Nodes) -> list[Inlines]:
    match block:
        case Paragraph(inside):
            return _broken(_inlines(inside, nodes))
        case Heading(inside):
            return _broken(_inlines((Bold(inside),), nodes))
        case CodeBlock(text):
            return [(Code(line) if Code in nodes else Text(line),) for line in text.split("\n")]
        case Quote(inside):
            return [(Text(QUOTED), *row) for row in _rows(inside, nodes)]
        case List(items):
            return [row for index, item in enumerate(items) for row in _item(marker(block, index), item, nodes)]


def _item(lead: str, item: Rich, nodes: Nodes) -> list[Inlines]:
    rows = _rows(item, nodes)
    return [(Text(INDENT if index else lead), *row) for index, row in enumerate(rows)]


def _stacked(rows: Iterable[Inlines]) -> Inlines:
    stacked: list[Inline] = []
    for index, row in enumerate(rows):
        if index:
            stacked.append(Break())
        stacked.extend(row)
    return tuple(stacked)


def _broken(inside: Inlines) -> list[Inlines]:
    """Inlines cut at their breaks, styles closed and opened again."""
    rows: list[Inlines] = [()]
    for is_break, group in groupby(runs(inside), key=lambda run: type(run[1]) is Break):
        if is_break:
            rows.extend(() for _ in group)
        else:
            rows[-1] = dressed(group)
    return rows


def _inlines(inside: Inlines, nodes: Nodes) -> Inlines:
    return tuple(shown for node in inside for shown in _inline(node, nodes))


def _inline(node: Inline, nodes: Nodes) -> Inlines:
    match node:
        case Text() | Break():
            return (node,)
        case Bold(inside) | Italic(inside) | Underline(inside) | Strike(inside):
            kept = _inlines(inside, nodes)
            return (type(node)(kept),) if type(node) in nodes else kept
        case Spoiler(inside, reason):
            kept = _inlines(inside, nodes)
            return (Spoiler(kept, reason),) if Spoiler in nodes else _marked(kept, reason)
        case Link(inside, url):
            kept = _inlines(inside, nodes)
            return (Link(kept, url),) if Link in nodes else _spelled(kept, url)
        case Code() | Mention() | Emoji():
            return (node if type(node) in nodes else Text(_quoted(node)),)


def _quoted(node: Code | Mention | Emoji) -> str:
    return f"`{node.text}`" if isinstance(node, Code) else words_of(node)


def _marked(inside: Inlines, reason: str) -> Inlines:
    return (Text(f"[spoiler ({reason}): " if reason else "[spoiler: "), *inside, Text("]"))


def _spelled(inside: Inlines, url: str) -> Inlines:
    """A link in words: the address in brackets, unless the words are the address or nobody should go there."""
    words = words_in(inside)
    if not safe_url(url) or url in {words, f"mailto:{words}"}:
        return inside
    return (*inside, Text(f" ({url})"))
