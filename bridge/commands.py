"""What moderators, and people for themselves, may ask the bridge in a room. Pure: no I/O, no state."""

from enum import StrEnum

from msgspec import Struct

from bridge.events import Manner, Posted
from bridge.text.plain import plain

PREFIX = "!"
LONG = "!qantara"
PAIRING = ("pair", "join", "leave")
"""Words about links: they are read in rooms that are in no link, too."""
_LONGEST = 200
"""Characters of a message that is looked at as a command."""


class Word(StrEnum):
    """The first word of a command."""

    HELP = "help"
    MUTE = "mute"
    UNMUTE = "unmute"
    MUTED = "muted"
    REMOVE = "remove"
    PURGE = "purge"
    PAUSE = "pause"
    RESUME = "resume"
    LOCK = "lock"
    UNLOCK = "unlock"
    HOLD = "hold"
    RELEASE = "release"
    APPROVE = "approve"
    HELD = "held"
    OPTOUT = "optout"
    OPTIN = "optin"


FOR_EVERYBODY = frozenset({Word.HELP, Word.OPTOUT, Word.OPTIN})
"""What people may ask for themselves; all else needs power in the room."""
HELP = """\
!qantara optout — from now on nothing of what you write here is relayed; !qantara optin takes that back.
Moderators, to the message of somebody or with a name behind it: !mute, !unmute, !purge (24 hours, or: !purge Ada 2).
!remove to a message: its copies are taken back. !approve to a message, with its number, or all: it goes on.
!hold, !release: each message waits for a moderator. !lock, !unlock: only moderators are relayed. !pause, !resume.
!held: what waits for a moderator. !muted: who is muted, and what else is in force."""


class Command(Struct, frozen=True):
    """A word, and what stands behind it."""

    word: Word
    argument: str = ""


def command_in(event: Posted) -> Command | None:
    """The command that a message is, None for any other: a machine's notice never is one, nor are words with files.

    After `!qantara` a word that is none means help.
    """
    if event.manner is not Manner.SAY or event.attachments:
        return None
    words = plain(event.text)
    return read(words) if words.startswith(PREFIX) and len(words) <= _LONGEST else None


def pairing_in(event: Posted) -> tuple[str, str] | None:
    """`pair`, `join` or `leave` with what stands behind it; only after `!qantara`, and as `command_in` has it."""
    if event.manner is not Manner.SAY or event.attachments:
        return None
    words = plain(event.text)
    if not words.startswith(LONG) or len(words) > _LONGEST or "\n" in words:
        return None
    _, _, rest = words.strip().partition(" ")
    word, _, argument = rest.strip().partition(" ")
    return (word.lower(), argument.strip()) if words.split()[0] == LONG and word.lower() in PAIRING else None


def read(words: str) -> Command | None:
    """The same, of plain words on one line."""
    if "\n" in words:
        return None
    first, _, rest = words.strip().partition(" ")
    if first.lower() == LONG:
        word, _, argument = rest.strip().partition(" ")
        return Command(_WORDS.get(word.lower(), Word.HELP), argument.strip())
    word = first.removeprefix(PREFIX).lower()
    return Command(_WORDS[word], rest.strip()) if word in _WORDS and word != Word.HELP else None


_WORDS = {word.value: word for word in Word}
