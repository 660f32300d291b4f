"""Reads a Containerfile, as far as ours goes: one instruction a line, in stages."""

from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PATH = ROOT / "deploy" / "Containerfile"


class Instruction(NamedTuple):
    word: str
    rest: str


def stages(text: str) -> list[list[Instruction]]:
    """The instructions of each stage; what stands before the first `FROM` is left out."""
    found: list[list[Instruction]] = []
    for line in text.splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "FROM":
            found.append([])
        if found and word and not word.startswith("#"):
            found[-1].append(Instruction(word, rest.strip()))
    return found


def of(stage: list[Instruction], word: str) -> list[str]:
    """What stands behind a word, each time it does."""
    return [one.rest for one in stage if one.word == word]
