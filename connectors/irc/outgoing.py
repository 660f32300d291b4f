"""A message of the bridge as the texts of IRC lines. Pure: no I/O, no state."""

import re
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import TypeGuard

import grapheme
from msgspec.structs import replace

from bridge.text.nodes import (
    Block,
    Bold,
    Inline,
    Inlines,
    Italic,
    Link,
    Mention,
    Paragraph,
    Rich,
    Spoiler,
    Strike,
    Text,
    Underline,
)
from bridge.text.walk import Unit, length, lines, split
from connectors.irc.format import render

JOINER = "\u2060"
"""A character nobody sees: inside a nick it keeps a client from taking the word for that nick."""
HEADROOM = 24
"""Bytes of a line kept free for formatting codes and for joiners."""
_SMALLEST = 16
_NICKLIKE = re.compile(r"[^\s:,;.!?()<>\"'@#/]+")

Fold = Callable[[str], str]


def texts(text: Rich, budget: int) -> list[str]:
    """One text a line, none longer than `budget` bytes, cut at word and grapheme borders; blank lines are left out."""
    rendered = render(text)
    if "\n" not in rendered and _fits(rendered, budget):
        return [rendered] if rendered.strip() else []
    return [each for one in lines(text) for each in _cut(one, budget) if each.strip()]


def _cut(line: Rich, budget: int) -> list[str]:
    """The parts of one line, each with its codes closed and opened again."""
    limit = min(budget, length(line, Unit.BYTES))
    while limit > _SMALLEST:
        parts = [render(part).replace("\n", " ") for part in split(line, limit, Unit.BYTES)]
        longest = max((len(part.encode()) for part in parts), default=0)
        if longest <= budget:
            return parts
        limit = min(limit - 1, limit * budget // longest)
    return _chopped(render(line), budget)


def _chopped(text: str, budget: int) -> list[str]:
    """The last resort for a budget smaller than a word with its codes: graphemes, or what they are made of."""
    parts = [""]
    for whole in grapheme.graphemes(text):
        for each in [whole] if _fits(whole, budget) else whole:
            if not _fits(parts[-1] + each, budget):
                parts.append("")
            parts[-1] += each
    return parts


def _fits(text: str, budget: int) -> bool:
    return len(text) * 4 <= budget or len(text.encode("utf-8", "replace")) <= budget


def unpinged(text: Rich, label: str, nicks: AbstractSet[str], fold: Fold) -> Rich:
    """The same words, but the author's name and mentions of strangers ping nobody of that name in the channel."""
    quiet = quieted(label, nicks, fold)
    if quiet == label and all(_is_quiet(block) for block in text):
        return text
    change = _Change(label if quiet != label else "", quiet, nicks, fold)
    return tuple(replace(block, inside=change.all(block.inside)) if _holds(block) else block for block in text)


def quieted(words: str, nicks: AbstractSet[str], fold: Fold) -> str:
    """Each word that is somebody's nick with a joiner behind its first character."""
    if words.isalnum():  # one word, as most names are: no need to look for others
        return _joined(words) if fold(words) in nicks else words
    return _NICKLIKE.sub(lambda found: _joined(found[0]) if fold(found[0]) in nicks else found[0], words)


def _joined(nick: str) -> str:
    first = next(grapheme.graphemes(nick))
    return first + JOINER + nick[len(first) :] if first != nick else nick


def _holds(block: Block) -> TypeGuard[Paragraph]:
    return isinstance(block, Paragraph)


def _is_quiet(block: Block) -> bool:
    """Whether a block is nothing but words, plain or bold, as nearly all are: there is no mention in it."""
    if type(block) is not Paragraph:
        return False
    for node in block.inside:
        if type(node) is Bold:
            if any(type(one) is not Text for one in node.inside):
                return False
        elif type(node) is not Text:
            return False
    return True


class _Change:
    """One walk over a text: the first `label` and every mention of a stranger become quiet."""

    def __init__(self, label: str, quiet: str, nicks: AbstractSet[str], fold: Fold) -> None:
        self._label = label
        self._quiet = quiet
        self._nicks = nicks
        self._fold = fold

    def all(self, inside: Inlines) -> Inlines:
        return tuple(self._one(node) for node in inside)

    def _one(self, node: Inline) -> Inline:
        match node:
            case Text() if self._label and self._label in node.text:
                label, self._label = self._label, ""
                return Text(node.text.replace(label, self._quiet, 1))
            case Bold() | Italic() | Underline() | Strike() | Spoiler() | Link():
                return replace(node, inside=self.all(node.inside))
            case Mention(name, None):
                return Mention(quieted(name, self._nicks, self._fold))
            case Mention(name, str() as nick):
                return node if self._fold(name) == self._fold(nick) else Mention(nick, nick)
            case _:
                return node
