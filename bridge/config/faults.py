"""What is wrong with a configuration, said so that its writer finds the place."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import TypeAlias

from msgspec import Struct

Trail: TypeAlias = tuple[str | int, ...]
"""The way to a value: keys of mappings and indexes of lists, from the top."""


MAX_NAME = 80
"""Characters of a name that are shown, and that a link's name may have."""
FIXED_SENTENCE = "fixed_sentence"
"""Type of our own validators' errors: their text holds nothing of the value, so a fault may show it."""


class Fault(Struct, frozen=True, kw_only=True):
    """One thing that is wrong, or a warning: `line` counts from 1, 0 means the file as a whole."""

    file: str
    line: int
    path: str
    problem: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return "  ".join(part for part in (place, self.path, self.problem) if part)


class ConfigError(Exception):
    """The configuration cannot be used: `faults` holds everything that is wrong, in the order of the lines."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(set(faults), key=lambda fault: (fault.line, fault.path, fault.problem)))
        super().__init__("\n".join(map(str, self.faults)))


def dotted(trail: Trail) -> str:
    """`("links", "news", "to", 1)` as `links.news.to[1]`, in one line whatever the keys hold."""
    text = ""
    for step in trail:
        text += f"[{step}]" if isinstance(step, int) else f".{shown(step)}"
    return text.removeprefix(".")


def shown(name: str) -> str:
    """A name in one short line."""
    printable = name if name.isprintable() else name.encode("unicode_escape").decode("ascii")
    return printable if len(printable) <= MAX_NAME else f"{printable[: MAX_NAME - 1]}…"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`, did you mean "viber"?` where a known name looks like it, else nothing."""
    close = get_close_matches(name[:MAX_NAME], list(known), n=1, cutoff=0.6)
    return f', did you mean "{close[0]}"?' if close else ""


def listed(names: Sequence[str]) -> str:
    """`"a", "b" and "c"`."""
    quoted = [f'"{name}"' for name in names]
    return " and ".join(filter(None, (", ".join(quoted[:-1]), *quoted[-1:])))
