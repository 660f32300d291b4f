"""What each tag of HTML means as nodes of the text tree, once it is closed. Pure: no I/O, no state."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import TypeAlias, TypeGuard
from urllib.parse import unquote

from msgspec import Struct

from bridge.ids import UserId
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
from bridge.text.normal import Leaf, Run, dressed, runs
from bridge.text.plain import plain, words_in
from bridge.text.url import safe_url

Attributes: TypeAlias = dict[str, str | None]
STYLES: dict[str, type[Bold | Italic | Underline | Strike]] = {
    "b": Bold, "strong": Bold, "i": Italic, "em": Italic, "u": Underline, "ins": Underline,
    "s": Strike, "del": Strike, "strike": Strike,
}  # fmt: skip
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
BOXES = frozenset({
    "address", "article", "aside", "blockquote", "body", "center", "details", "dd", "div", "dl", "dt", "fieldset",
    "figcaption", "figure", "footer", "form", "header", "html", "li", "main", "nav", "ol", "p", "pre", "section",
    "summary", "table", "tbody", "tfoot", "thead", "tr", "ul", *_HEADINGS,
})  # fmt: skip
"""Tags that begin and end lines."""
UNREAD = frozenset({"mx-reply", "script", "style"})
"""Tags whose words nobody was meant to read."""
_PERSON = re.compile(r"(?:https?://matrix\.to/#/@|matrix:u/)([^\s:/?]+:[^\s/?]+)(?:\?.*)?", re.IGNORECASE)
SOFT = "\x1c"
"""A line feed of the source: a space between words, nothing at the ends of a line; no text holds this character."""


class _Item(Struct, frozen=True):
    """A list's item, until the list around it closes."""

    inside: Rich


_Node: TypeAlias = Inline | Block | _Item


class Open:
    """A tag that is open, and what it holds so far."""

    def __init__(self, tag: str, attributes: Attributes) -> None:
        self.tag = tag
        self.attributes = attributes
        self.inside: list[_Node] = []


def alone(tag: str, attributes: Attributes) -> list[_Node]:
    """Tags that hold nothing; of one we do not know nothing is shown."""
    match tag:
        case "br":
            return [Break()]
        case "hr":
            return [Paragraph((Text("———"),))]
        case "img":
            return [_image(attributes)]
        case "td" | "th":
            return [Text(SOFT)]
        case _:
            return []


def _image(attributes: Attributes) -> Inline:
    words = attributes.get("alt") or attributes.get("title") or ""
    if "data-mx-emoticon" in attributes and words.strip(":"):
        return Emoji(words.strip(":"), attributes.get("src") or "")
    return Text(words)


def closed(done: Open) -> Sequence[_Node]:
    """What a tag means, now that all it holds is known."""
    if done.tag in UNREAD:
        return ()
    if (style := STYLES.get(done.tag)) is not None:
        return tuple(_pushed(done.inside, lambda inside: (style(inside),)))
    if done.tag in BOXES:
        return _box(done)
    return _inline(done)


def _inline(done: Open) -> Sequence[_Node]:
    match done.tag:
        case "code":
            return _code(done)
        case "a":
            return _link(done)
        case "span" if "data-mx-spoiler" in done.attributes:
            reason = (done.attributes["data-mx-spoiler"] or "").strip()
            return tuple(_pushed(done.inside, lambda inside: (Spoiler(inside, reason),)))
        case _:
            return done.inside


def _box(done: Open) -> Sequence[_Node]:
    match done.tag:
        case "blockquote":
            return (Quote(blocks(done.inside)),)
        case "pre":
            return (CodeBlock(_words(done.inside), _language(done)),)
        case "ul":
            return (List(tuple(_items(done.inside))),)
        case "ol":
            return (List(tuple(_items(done.inside)), _start(done.attributes)),)
        case "li":
            return (_Item(blocks(done.inside)),)
        case tag if tag in _HEADINGS:
            return (Heading(_trimmed(tuple(_flat(done.inside))), _HEADINGS[tag]),)
        case _:
            return blocks(done.inside) or (Paragraph(()),)


def blocks(nodes: Iterable[_Node]) -> Rich:
    """Loose inlines become paragraphs; the white space between tags is nobody's words."""
    return tuple(_gathered(nodes))


def _gathered(nodes: Iterable[_Node]) -> Iterator[Block]:
    for inline, group in groupby(nodes, key=_is_inline):
        if inline:
            if words := _trimmed(tuple(node for node in group if _is_inline(node))):
                yield Paragraph(words)
            continue
        for node in group:
            if isinstance(node, _Item):
                yield from node.inside
            elif isinstance(node, (Paragraph, Heading, Quote, CodeBlock, List)):
                yield node


def _is_inline(node: _Node) -> TypeGuard[Inline]:
    return not isinstance(node, (Paragraph, Heading, Quote, CodeBlock, List, _Item))


def _items(nodes: Iterable[_Node]) -> Iterator[Rich]:
    """The items of a list; what stands in it without being one becomes one."""
    for is_item, group in groupby(nodes, key=lambda node: isinstance(node, _Item)):
        if is_item:
            yield from (node.inside for node in group if isinstance(node, _Item))
        else:
            yield blocks(group)


def _pushed(nodes: Sequence[_Node], wrap: Callable[[Inlines], Inlines]) -> Iterator[_Node]:
    """A style around blocks, put around what each block holds; other blocks keep their words without it."""
    for inline, group in groupby(nodes, key=_is_inline):
        if inline:
            yield from wrap(tuple(node for node in group if _is_inline(node)))
            continue
        for node in group:
            match node:
                case Paragraph(inside):
                    yield Paragraph(wrap(inside))
                case Heading(inside, level):
                    yield Heading(wrap(inside), level)
                case _:
                    yield node


def _trimmed(inside: Inlines) -> Inlines:
    """Without the line feeds of the source; nothing is left when there is nothing else but blanks."""
    forward = _lines_without(runs(inside), str.lstrip)
    backward = list(_lines_without(reversed(list(forward)), str.rstrip))
    words = dressed((worn, _spaced(leaf)) for worn, leaf in reversed(backward))
    return words if words_in(words).strip(" \t\n") else ()


def _lines_without(runs: Iterable[Run], strip: Callable[[str, str], str]) -> Iterator[Run]:
    edge = True
    for worn, leaf in runs:
        shown = Text(strip(leaf.text, SOFT)) if edge and isinstance(leaf, Text) else leaf
        if shown != Text(""):
            edge = isinstance(leaf, Break)
            yield worn, shown


def _spaced(leaf: Leaf) -> Leaf:
    return Text(leaf.text.replace(SOFT, " ")) if isinstance(leaf, Text) else leaf


def _flat(nodes: Sequence[_Node]) -> Iterator[Inline]:
    """What a title holds, whatever it was made of."""
    for node in nodes:
        if _is_inline(node):
            yield node
        else:
            yield from (Break(), Text(_words((node,))))


def _words(nodes: Sequence[_Node]) -> str:
    inline = tuple(node for node in nodes if _is_inline(node))
    if len(inline) < len(nodes):
        return plain(blocks(nodes))
    return words_in(inline).replace(SOFT, " ")


def _code(done: Open) -> Sequence[_Node]:
    words = _words(done.inside)
    return (Code(words),) if words else ()


def _language(done: Open) -> str:
    names = (done.attributes.get("class") or "").split()
    return next((name.removeprefix("language-") for name in names if name.startswith("language-")), "")


def _start(attributes: Attributes) -> int:
    number = attributes.get("start") or ""
    return int(number) if re.fullmatch(r"[0-9]{1,9}", number) else 1


def _link(done: Open) -> Sequence[_Node]:
    url = (done.attributes.get("href") or "").strip()
    if person := _PERSON.fullmatch(unquote(url)):
        user = f"@{person[1]}"
        return (Mention(_words(done.inside).strip() or user, UserId(user)),)
    return tuple(_pushed(done.inside, lambda inside: (Link(inside, url),))) if safe_url(url) else done.inside
