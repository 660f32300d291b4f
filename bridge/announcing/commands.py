"""What people ask for in a room for drafts. Pure: no I/O, no state."""

import re
from enum import StrEnum
from typing import TypeAlias, Union

from msgspec import Struct

from bridge.text.mapped import renamed
from bridge.text.nodes import Break, Inline, Inlines, Mention, Paragraph, Rich, Text
from bridge.text.walk import normal

_COMMAND = re.compile(r"!(\w+)(?:\s+|$)")
_NUMBER = re.compile(r"#?(\d{1,9})(?:[\s:,.]+|$)")


class Verb(StrEnum):
    """What can be asked for."""

    ANNOUNCE = "announce"
    URGENT = "urgent"
    APPROVE = "approve"
    UNDO = "undo"
    DROP = "drop"
    STATUS = "status"
    CORRECT = "correct"
    RECALL = "recall"
    RESEND = "resend"
    RESUME = "resume"
    HELP = "help"


HELP = """!announce TEXT: a draft (pictures too, with these words under them); !urgent TEXT: one that overtakes others
!approve 7: it goes, after a moment for second thoughts; !undo 7: not yet
!drop 7: the draft is dropped; editing its message changes it
!status, !status 7: how they go
!correct 7 TEXT: other words, where it is already; !recall 7: take it back where that is possible
!resend 7: once more to those of whom nobody knows whether they have it; !resume 7: go on after the budget ended it"""

_WITH_TEXT = frozenset({Verb.ANNOUNCE, Verb.URGENT, Verb.CORRECT})
_WITH_NUMBER = frozenset(Verb) - {Verb.ANNOUNCE, Verb.URGENT, Verb.HELP}


class Asked(Struct, frozen=True):
    """One command; without a `number` the one that is meant has to be the only one there is."""

    verb: Verb
    number: int | None = None
    text: Rich = ()


class Wrong(Struct, frozen=True):
    """What cannot be understood, in a sentence for who wrote it."""

    why: str


Understood: TypeAlias = Union[Asked, Wrong, None]


def is_command(text: Rich) -> bool:
    """Whether somebody speaks to the bridge."""
    return _beginning(text).startswith("!")


def understood(text: Rich, *, files: int = 0) -> Understood:
    """The command that stands at the beginning of a message; None for talk."""
    if not is_command(text):
        return None
    found = _COMMAND.match(_beginning(text))
    if found is None or found[1].lower() not in set(Verb):
        return Wrong("I do not understand that. What I understand:\n" + HELP)
    verb, rest = Verb(found[1].lower()), _without(text, found.end())
    number = _NUMBER.match(_beginning(rest)) if verb in _WITH_NUMBER else None
    if number is not None:
        rest = _without(rest, number.end())
    asked = Asked(verb, None if number is None else int(number[1]), _for_all(rest))
    return _complete(asked, files)


def _complete(asked: Asked, files: int) -> Asked | Wrong:
    verb = asked.verb
    if verb in _WITH_TEXT and not asked.text and not (files and verb is not Verb.CORRECT):
        return Wrong(f"!{verb} needs words: !{verb} {'7 ' if verb is Verb.CORRECT else ''}TEXT")
    if verb is Verb.CORRECT and asked.number is None:
        return Wrong("!correct needs the number of an announcement: !correct 7 TEXT")
    if verb not in _WITH_TEXT and asked.text:
        return Wrong(f"!{verb} takes a number and nothing else: !{verb} 7")
    return asked


def _beginning(text: Rich) -> str:
    """The words at the very beginning."""
    first = text[0] if text else None
    leaf = first.inside[0] if isinstance(first, Paragraph) and first.inside else None
    return leaf.text if isinstance(leaf, Text) else ""


def _without(text: Rich, characters: int) -> Rich:
    """The text without its first characters, and without the empty space that follows them."""
    first = text[0]
    inside = first.inside if isinstance(first, Paragraph) else ()
    rest = _trimmed((Text(_beginning(text)[characters:].lstrip()), *inside[1:]))
    return normal((Paragraph(rest), *text[1:]) if rest else text[1:])


def _trimmed(inside: Inlines) -> Inlines:
    kept: list[Inline] = list(inside)
    while kept and (isinstance(kept[0], Break) or (isinstance(kept[0], Text) and not kept[0].text.strip())):
        del kept[0]
    return tuple(kept)


def _for_all(text: Rich) -> Rich:
    """Mentions are names: who reads it elsewhere is nobody of this room."""
    return renamed(text, lambda mention: Mention(mention.name))
