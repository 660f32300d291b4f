"""How people are named on the other side. Pure: no I/O, no clock, no state.

A label is ours: nothing a person puts into their name may look like another person, markup, a command or a mention.
"""

import re
import unicodedata
from functools import lru_cache

import grapheme
from precis_i18n import get_profile

from bridge.ids import PersonNumber
from bridge.template import filled
from bridge.text.length import Unit, measure

_MOST_CHARACTERS = 32
_MOST_READ = 512
"""Characters of a name that are looked at: what a name of megabytes would cost is its sender's to choose."""
_MOST_MARKS = 6
_ISOLATE, _ISOLATED = "\u2068", "\u2069"
_NOBODY = "somebody"
_FENCED = str.maketrans({"[": "(", "]": ")", "<": "(", ">": ")", ":": "꞉", "\n": " ", "\r": " ", "\t": " "})
_DIGITS = str.maketrans("01", "ol")
_INVISIBLE_BUT_NEEDED = {"\u200c", "\u200d"}  # Persian and Sinhala words and joined emoji are made with them
_EVERYBODY = ("room", "everyone", "here", "all", "channel")
_CROWD = re.compile(rf"@(?=(?:{'|'.join(_EVERYBODY)})\b)", re.IGNORECASE)
_NICKNAME = get_profile("NicknameCasePreserved")


@lru_cache(maxsize=4096)
def label(name: str) -> str:
    """A display name made safe to stand before words: one line, at most 32 graphemes, no markup, no tricks."""
    profiled = _profiled(_visible(unicodedata.normalize("NFC", name[:_MOST_READ])))
    # Fenced last: the profile makes plain brackets and colons of wide, small and vertical ones.
    short = defused(_shortened(" ".join(profiled.translate(_FENCED).split()))) or _NOBODY
    return isolated(short) if right_to_left(short) else short


@lru_cache(maxsize=4096)
def skeleton(name: str) -> str:
    """What a label looks like: equal for labels that readers take for each other (UTS 39, and some more of Latin).

    Small and capital letters count as one; so do I, l and 1, O and 0, rn and m, vv and w.
    """
    from disarm import skeleton_key  # noqa: PLC0415 - 3 MB that a bridge nobody has spoken over yet does not need

    look = skeleton_key(name.strip(_ISOLATE + _ISOLATED)).translate(_DIGITS)
    return "".join(look.replace("rn", "m").replace("vv", "w").split())


def told_apart(name: str, number: PersonNumber) -> str:
    """A label that another person has or looks like, with the person's number behind it, which nobody can type."""
    behind = f" [{number}]"
    short = cropped(name.strip(_ISOLATE + _ISOLATED), _MOST_CHARACTERS - len(behind), Unit.CHARACTERS)
    return isolated(short + behind) if right_to_left(short) else short + behind


def bare(name: str) -> str:
    """A label where nothing stands beside it: without the marks that keep it from turning a line."""
    return name.removeprefix(_ISOLATE).removesuffix(_ISOLATED) if name.startswith(_ISOLATE) else name


def dressed(name: str, template: str, network: str, number: PersonNumber) -> str:
    """A label as a link writes it, such as "Ada [tg]"."""
    shown = filled(template, {"name": bare(name), "network": network, "number": str(number)})
    return isolated(shown) if right_to_left(shown) else shown


def isolated(name: str) -> str:
    """A name that leaves the direction of the line to the words around it."""
    return name if name.startswith(_ISOLATE) else f"{_ISOLATE}{name}{_ISOLATED}"


def cropped(name: str, limit: int, unit: Unit) -> str:
    """A label of at most `limit` in `unit`, cut between graphemes."""
    if measure(name, unit) <= limit:
        return name
    bare = name.removeprefix(_ISOLATE).removesuffix(_ISOLATED)
    space = limit - (measure(name, unit) - measure(bare, unit))
    kept = ""
    for one in grapheme.graphemes(bare):
        if measure(kept + one, unit) > space:
            break
        kept += one
    return name.replace(bare, kept.rstrip() or "…")


def defused(text: str) -> str:
    """Words in which `@room`, `@everyone` and the like call nobody: a zero-width space breaks them."""
    return _CROWD.sub("@\u200b", text) if "@" in text else text


def calls_everybody(name: str) -> bool:
    """Whether a mention would call all of a room: `@room`, `@everyone` and the like, with or without their sign."""
    return name.removeprefix("@").casefold() in _EVERYBODY


def _visible(name: str) -> str:
    """Without controls, bidirectional overrides and stacks of more than six marks."""
    kept: list[str] = []
    marks = 0
    for character in name:
        category = unicodedata.category(character)
        if category[0] == "C" and character not in _INVISIBLE_BUT_NEEDED and character not in "\n\r\t":
            continue  # before marks are counted: what is taken out must not let a stack begin again
        marks = marks + 1 if category[0] == "M" or character in _INVISIBLE_BUT_NEEDED else 0
        if marks <= _MOST_MARKS:
            kept.append(character)
    return "".join(kept)


def _profiled(name: str) -> str:
    """The PRECIS Nickname profile (RFC 8266); what it refuses keeps joiners only beside emoji."""
    squeezed = " ".join(name.split())
    try:
        return str(_NICKNAME.enforce(squeezed))
    except UnicodeEncodeError:
        return " ".join(_without_stray_joiners(squeezed).split())


def _without_stray_joiners(name: str) -> str:
    """Joiners hidden between letters could make two names look alike."""
    around = zip(f" {name}", name, f"{name} "[1:], strict=False)
    return "".join(
        character
        for before, character, after in around
        if character not in _INVISIBLE_BUT_NEEDED or _pictured(before) or _pictured(after)
    )


def _pictured(character: str) -> bool:
    return unicodedata.category(character) in {"So", "Sk"}


def _shortened(name: str) -> str:
    if len(name) <= _MOST_CHARACTERS:
        return name
    short = "".join(list(grapheme.graphemes(name))[:_MOST_CHARACTERS])
    return short[: 4 * _MOST_CHARACTERS].rstrip(" \u200c\u200d")


def right_to_left(text: str) -> bool:
    """Whether a text holds letters that run from right to left."""
    return not text.isascii() and any(unicodedata.bidirectional(character) in {"R", "AL"} for character in text)
