"""Commands that agents write in the thread of a conversation. Pure: no I/O, no clock, no state."""

import re
from enum import StrEnum

from msgspec import Struct

from bridge.text.nodes import Break, Inline, Paragraph, Rich, Text


class Word(StrEnum):
    """What agents may ask of the desk."""

    REPLY = "reply"
    CLOSE = "close"
    BLOCK = "block"
    UNBLOCK = "unblock"
    WHO = "who"
    CLAIM = "claim"
    RELEASE = "release"
    JOIN = "join"
    HELP = "help"


HELP = (
    "A reply to the person's message goes to them, and so does !reply with words behind it; all else stays here."
    " !close, !block, !unblock, !who, !claim, !release, and !join #14 for the same person elsewhere."
)
_COMMAND = re.compile(r"!(?P<name>[A-Za-z]{1,20})(?=\s|$)\s*")
_HANDLE = re.compile(r"#(?P<number>[0-9]{1,15})(?=\s|$)\s*")


class Command(Struct, frozen=True, kw_only=True):
    """What somebody asked; `word` is None where there is no such command, `rest` are the words behind it.

    `handle` is the number of the conversation that it names: for `!join` the other one.
    """

    name: str
    word: Word | None
    handle: int | None = None
    rest: Rich = ()


def command(text: Rich) -> Command | None:
    """The command that a text begins with; None where it is no command."""
    first = text[0] if text else None
    if not isinstance(first, Paragraph) or not first.inside or not isinstance(first.inside[0], Text):
        return None
    found = _COMMAND.match(first.inside[0].text)
    if found is None:
        return None
    name = found["name"].lower()
    words = first.inside[0].text[found.end() :]
    numbered = _HANDLE.match(words)
    words = words[numbered.end() :] if numbered else words
    return Command(
        name=name, word=Word(name) if name in set(Word) else None, rest=_rest(text, words),
        handle=int(numbered["number"]) if numbered else None,
    )  # fmt: skip


def _rest(text: Rich, words: str) -> Rich:
    """A text whose first words are these."""
    first = text[0]
    inside: tuple[Inline, ...] = first.inside[1:] if isinstance(first, Paragraph) else ()
    while not words and inside and isinstance(inside[0], Break):
        inside = inside[1:]
    kept = (Text(words), *inside) if words else inside
    return (Paragraph(kept), *text[1:]) if kept else text[1:]
