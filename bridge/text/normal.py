"""One shape for texts that look the same. Pure: no I/O, no state.

Inlines are seen as runs: leaves, each with the styles it wears. Styles are put in one order and neighbours with equal
styles share them, so that bold-in-italic and italic-in-bold, or one bold word written as two, become the same tree.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, takewhile
from typing import TypeAlias

from bridge.text.nodes import (
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
    Paragraph,
    Quote,
    Rich,
    Spoiler,
    Strike,
    Text,
    Underline,
)
from bridge.text.plain import only_words

_LINE_FEED = re.compile("\r\n|[\n\r\v\f\x85\u2028\u2029]")

Style: TypeAlias = Bold | Italic | Underline | Strike | Spoiler | Link
"""Holds nothing while it is worn by a run."""
Worn: TypeAlias = tuple[Style, ...]
Leaf: TypeAlias = Text | Break | Code | Mention | Emoji
Run: TypeAlias = tuple[Worn, Leaf]

_ORDER: dict[type[Style], int] = {Spoiler: 0, Link: 1, Bold: 2, Italic: 3, Underline: 4, Strike: 5}
"""Outermost first: what a reader opens or follows stays in one piece."""


def normal(rich: Rich) -> Rich:
    """The same text in its normal shape: see the module, and the promise in `nodes`."""
    words = only_words(rich)
    if words and not _LINE_FEED.search(words):
        return rich
    return _joined(clean for block in rich if (clean := _block(block)))


def neat(inside: Inlines) -> Inlines:
    """Inlines in their normal shape."""
    return dressed(runs(inside))


def runs(inside: Inlines) -> list[Run]:
    """The leaves of inlines with their styles, merged where nothing tells them apart, without blank lines around."""
    return _merged(_shared(_trimmed(list(_bare(inside, ())))))


def _trimmed(runs: list[Run]) -> list[Run]:
    shown = [index for index, (_, leaf) in enumerate(runs) if type(leaf) is not Break]
    return runs[shown[0] : shown[-1] + 1] if shown else []


def dressed(runs: Iterable[Run]) -> Inlines:
    """Inlines out of runs."""
    built: list[Inline] = []
    for style, group in groupby(runs, key=lambda run: run[0][0] if run[0] else None):
        if style is None:
            built.extend(leaf for _, leaf in group)
        else:
            built.append(wearing(style, dressed((worn[1:], leaf) for worn, leaf in group)))
    return tuple(built)


def wearing(style: Style, inside: Inlines) -> Style:
    """The same style around other inlines."""
    match style:
        case Spoiler(_, reason):
            return Spoiler(inside, reason)
        case Link(_, url):
            return Link(inside, url)
        case Bold() | Italic() | Underline() | Strike():
            return type(style)(inside)


def _bare(inside: Inlines, worn: Worn) -> Iterator[Run]:
    for node in inside:
        match node:
            case Bold() | Italic() | Underline() | Strike() | Spoiler() | Link():
                yield from _bare(node.inside, _with(worn, node))
            case Text(text):
                yield from ((worn, leaf) for leaf in _lines(text, Text))
            case Code(text):
                yield from ((worn, leaf) for leaf in _lines(text, Code))
            case Mention(name, user, person):
                if name:
                    yield worn, Mention(_LINE_FEED.sub(" ", name), user, person)
            case Emoji(name, native):
                if name:
                    yield worn, Emoji(_LINE_FEED.sub(" ", name), native)
            case Break():
                yield worn, node


def _with(worn: Worn, style: Style) -> Worn:
    """Put a style on; wearing one kind twice shows no more than once."""
    if any(type(other) is type(style) for other in worn):
        return worn
    bare = Spoiler((), _LINE_FEED.sub(" ", style.reason)) if isinstance(style, Spoiler) else wearing(style, ())
    return tuple(sorted((*worn, bare), key=lambda other: _ORDER[type(other)]))


def _lines(text: str, kind: type[Text | Code]) -> Iterator[Text | Code | Break]:
    for index, line in enumerate(_LINE_FEED.split(text)):
        if index:
            yield Break()
        if line:
            yield kind(line)


def _shared(runs: list[Run]) -> list[Run]:
    """A break wears what both its neighbours wear, from outside in: no style begins or ends with a line feed."""
    after: Worn = ()
    ahead: list[Worn] = []
    for worn, leaf in reversed(runs):
        after = after if type(leaf) is Break else worn
        ahead.append(after)
    before: Worn = ()
    shared: list[Run] = []
    for (worn, leaf), after in zip(runs, reversed(ahead), strict=True):
        if type(leaf) is Break:
            shared.append((_both(before, after), leaf))
        else:
            before = worn
            shared.append((worn, leaf))
    return shared


def _both(before: Worn, after: Worn) -> Worn:
    return tuple(one for one, _ in takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False)))


def _merged(runs: Sequence[Run]) -> list[Run]:
    merged: list[Run] = []
    for worn, leaf in runs:
        if merged and merged[-1][0] == worn and (whole := _whole(merged[-1][1], leaf)):
            merged[-1] = (worn, whole)
        else:
            merged.append((worn, leaf))
    return merged


def _whole(first: Leaf, second: Leaf) -> Text | Code | None:
    match first, second:
        case Text(), Text():
            return Text(first.text + second.text)
        case Code(), Code():
            return Code(first.text + second.text)
    return None


def _block(block: Block) -> Block | None:
    match block:
        case Paragraph(inside):
            words = neat(inside)
            return Paragraph(words) if words else None
        case Heading(inside, level):
            words = neat(inside)
            return Heading(words, min(max(level, 1), 6)) if words else None
        case Quote(inside):
            blocks = normal(inside)
            return Quote(blocks) if blocks else None
        case CodeBlock():
            return _code(block)
        case List(items, start):
            kept = tuple(filter(None, map(normal, items)))
            return List(kept, start) if kept else None


def _code(block: CodeBlock) -> CodeBlock | None:
    lines = _LINE_FEED.sub("\n", block.text).rstrip("\n")
    return CodeBlock(lines, "".join(block.language.split()[:1])) if lines else None


def _joined(blocks: Iterable[Block]) -> Rich:
    joined: list[Block] = []
    for block in blocks:
        if joined and (whole := continued(joined[-1], block)):
            joined[-1] = whole
        else:
            joined.append(block)
    return tuple(joined)


def continued(first: Block, second: Block) -> List | None:
    """Two neighbouring lists as one where the second only counts on; None for anything else."""
    if not (isinstance(first, List) and isinstance(second, List)):
        return None
    expected = None if first.start is None else first.start + len(first.items)
    return List(first.items + second.items, first.start) if second.start == expected else None
