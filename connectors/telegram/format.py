"""Telegram's text with entities ↔ the text tree. Pure; offsets are UTF-16 units, facts/platform-apis.md 4.4."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final

from msgspec import Struct

from bridge.ids import UserId
from bridge.text.mapped import mapped
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
    Node,
    Paragraph,
    Quote,
    Rich,
    Spoiler,
    Strike,
    Text,
    Underline,
)
from bridge.text.walk import normal, safe_url

FORMATTING: Final[frozenset[type[Node]]] = frozenset(
    {Break, Bold, Italic, Underline, Strike, Spoiler, Code, Link, Mention, Quote, CodeBlock}
)
"""What a Telegram message shows; of mentions only those of a Telegram user lead anywhere."""
USER_NAME: Final = re.compile(r"@[A-Za-z][A-Za-z0-9_]{3,31}")
"""How a person is named by everybody; facts/platform-apis.md 4.4."""
_PINGING: Final = re.compile(r"(?<!\w)@(?=[A-Za-z][A-Za-z0-9_]{3,31}(?!\w))")
MAX_ENTITIES: Final = 100
"""The server ignores what comes after so many."""
_QUOTES = frozenset({"blockquote", "expandable_blockquote"})
_STYLES: Final[dict[str, type[Bold | Italic | Underline | Strike | Spoiler]]] = {
    "bold": Bold,
    "italic": Italic,
    "underline": Underline,
    "strikethrough": Strike,
    "spoiler": Spoiler,
}
_NAMES: Final[dict[type[Node], str]] = {style: name for name, style in _STYLES.items()}


class Entity(Struct, frozen=True, omit_defaults=True):
    """One stretch of a text and what it is; `offset` and `length` in UTF-16 units, `user` a numeric id."""

    type: str
    offset: int
    length: int
    url: str = ""
    language: str = ""
    user: str = ""


class Formatted(Struct, frozen=True):
    """A text as the Bot API carries it."""

    text: str
    entities: tuple[Entity, ...] = ()


class _Span(Struct, frozen=True):
    """An entity in positions of the Python string."""

    start: int
    end: int
    entity: Entity


def utf16(text: str) -> int:
    """Length in UTF-16 units, the only length Telegram knows."""
    return len(text) + sum(character > "\uffff" for character in text)


def parse(native: Formatted) -> Rich:
    """The tree of a message; entities that overlap, cross or point outside cost only themselves."""
    text = native.text
    if not text:
        return ()
    spans = _spans(text, native.entities)
    return normal(tuple(_blocks(text, 0, len(text), spans)))


def _spans(text: str, entities: Sequence[Entity]) -> list[_Span]:
    """Entities as positions in the string; an entity that covers nothing is dropped."""
    if not entities:
        return []
    place = _places(text)
    spans = [_Span(place(one.offset), place(one.offset + one.length), one) for one in entities[:MAX_ENTITIES]]
    return sorted((one for one in spans if one.start < one.end), key=lambda one: (one.start, -one.end))


def _places(text: str) -> Callable[[int], int]:
    """UTF-16 offset → position in the string; an edge inside a character moves behind it."""
    wide = [index for index, character in enumerate(text) if character > "\uffff"]
    ends = [index + before + 2 for before, index in enumerate(wide)]

    def place(offset: int) -> int:
        before = bisect_right(ends, offset)
        inside = before < len(ends) and ends[before] - 1 == offset
        return min(max(offset - before, 0), len(text)) if not inside else wide[before] + 1

    return place


def _blocks(text: str, start: int, end: int, spans: list[_Span]) -> Iterator[Block]:
    """Quotes and code as blocks of their own, what stands between as paragraphs."""
    at = start
    for span in spans:
        if _is_block(span) and at <= span.start < end:
            border = span.start - 1 if at < span.start and text[span.start - 1] == "\n" else span.start
            yield from _paragraph(text, at, border, spans)
            stop = min(span.end, end)
            yield _block(text, span, stop, spans)
            at = stop
            if text[at : at + 1] == "\n":
                at += 1
    yield from _paragraph(text, at, end, spans)


def _is_block(span: _Span) -> bool:
    return span.entity.type == "pre" or span.entity.type in _QUOTES


def _block(text: str, span: _Span, end: int, spans: list[_Span]) -> Block:
    if span.entity.type == "pre":
        return CodeBlock(text[span.start : end], span.entity.language)
    inner = [other for other in spans if other is not span]
    return Quote(tuple(_blocks(text, span.start, end, inner)))


def _paragraph(text: str, start: int, end: int, spans: list[_Span]) -> Iterator[Paragraph]:
    if start < end:
        yield Paragraph(tuple(_inlines(text, start, end, spans)))


def _inlines(text: str, start: int, end: int, spans: list[_Span]) -> Iterator[Inline]:
    """Pieces between the borders of entities, each in all its styles; `normal` joins them."""
    inline = [span for span in spans if not _is_block(span) and span.start < end and span.end > start]
    borders = {start, end} | {min(max(edge, start), end) for span in inline for edge in (span.start, span.end)}
    edges = sorted(borders)
    for left, right in pairwise(edges):
        worn = [span.entity for span in inline if span.start <= left and span.end >= right]
        yield from _dressed(text[left:right], worn)


def _dressed(words: str, worn: list[Entity]) -> Inlines:
    """One piece of text under the entities that cover it."""
    types = {entity.type for entity in worn}
    mentioned = next((who for entity in worn if (who := _whom(entity, words))), None)
    inside: Inlines = (Code(words),) if "code" in types else (Text(words),)
    if mentioned:
        inside = (Mention(words, UserId(mentioned)),)
    for entity in worn:
        inside = _styled(entity, inside)
    return inside


def _whom(entity: Entity, words: str) -> str:
    """The person an entity names: by number, or by the user name that its words are."""
    if entity.type == "mention" and USER_NAME.fullmatch(words):
        return words
    return entity.user if entity.type == "text_mention" else ""


def _styled(entity: Entity, inside: Inlines) -> Inlines:
    if (style := _STYLES.get(entity.type)) is not None:
        return (style(inside),)
    if entity.type == "text_link" and safe_url(entity.url):
        return (Link(inside, entity.url),)
    return inside


def unpinged(rich: Rich) -> Rich:
    """The same words, but a user name that somebody typed elsewhere calls nobody here: the server looks for them."""
    return mapped(rich, lambda words: _PINGING.sub("@\u200b", words))


def render(rich: Rich) -> Formatted:
    """The message that shows a tree; no markup is parsed anywhere, so nothing typed can become formatting."""
    writer = _Writer()
    writer.blocks(rich)
    return Formatted("".join(writer.pieces), tuple(writer.entities[:MAX_ENTITIES]))


class _Writer:
    """Text and entities of one message while they grow; an outer entity stands before its inner ones."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.entities: list[Entity] = []
        self._length = 0

    def blocks(self, rich: Iterable[Block]) -> None:
        for index, block in enumerate(rich):
            if index:
                self._write("\n")
            self._block(block)

    def _block(self, block: Block) -> None:
        match block:
            case Paragraph(inside):
                self._inlines(inside)
            case Heading(inside):
                self._inlines((Bold(inside),))
            case Quote(inside):
                self._around(Entity("blockquote", 0, 0), lambda: self.blocks(inside))
            case CodeBlock(text, language):
                self._around(Entity("pre", 0, 0, language=language), lambda: self._write(text))
            case List():
                self._list(block)

    def _list(self, block: List) -> None:
        for index, item in enumerate(block.items):
            marker = "• " if block.start is None else f"{block.start + index}. "
            self._write(f"\n{marker}" if index else marker)
            self.blocks(item)

    def _inlines(self, inside: Inlines) -> None:
        for node in inside:
            self._inline(node)

    def _inline(self, node: Inline) -> None:
        match node:
            case Text(text):
                self._write(text)
            case Break():
                self._write("\n")
            case Code(text):
                self._around(Entity("code", 0, 0), lambda: self._write(text))
            case Link(inside, url):
                self._link(inside, url)
            case Mention(name, user):
                self._mention(name, user)
            case Emoji(name):
                self._write(f":{name}:")
            case Bold() | Italic() | Underline() | Strike() | Spoiler():
                inner = node.inside
                self._around(Entity(_NAMES[type(node)], 0, 0), lambda: self._inlines(inner))

    def _link(self, inside: Inlines, url: str) -> None:
        if safe_url(url):
            self._around(Entity("text_link", 0, 0, url=url), lambda: self._inlines(inside))
        else:
            self._inlines(inside)

    def _mention(self, name: str, user: UserId | None) -> None:
        if user is not None and USER_NAME.fullmatch(user):
            self._write(user)  # the server finds the person by itself
        elif user is not None and user.isascii() and user.isdecimal():
            self._around(Entity("text_mention", 0, 0, user=user), lambda: self._write(name))
        else:
            self._write(name)

    def _around(self, entity: Entity, write: Callable[[], None]) -> None:
        index, start = len(self.entities), self._length
        write()
        if length := self._length - start:
            placed = Entity(entity.type, start, length, entity.url, entity.language, entity.user)
            self.entities.insert(index, placed)

    def _write(self, text: str) -> None:
        self.pieces.append(text)
        self._length += utf16(text)
