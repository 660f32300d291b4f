"""The table of what survives which crossing: as it is kept, compared, and published. Pure.

`expected.json` holds, by feature, by the platform where it was done, by the one where it was looked at, one cell.
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec
from msgspec import Struct

from bridge.testing.interop.looks import LOST, NATIVE, NONE

Cells = Mapping[str, Mapping[str, Mapping[str, str]]]


class Table(Struct, frozen=True):
    """Cells by feature, source and target, in the order in which they are published."""

    cells: Cells

    def faults(self, expected: "Table") -> list[str]:
        """What is lost, what differs from the expected table, and what was not tried, a sentence each."""
        untried = [one for one in expected.walk() if self.get(*one[:3]) is None]
        return [
            *(sentence for one in self.walk() for sentence in _judged(one, expected)),
            *(f"{one}, {here} → {there}: {cell} was expected, and was not tried" for one, here, there, cell in untried),
        ]

    def walk(self) -> Iterator[tuple[str, str, str, str]]:
        """Feature, source, target and cell."""
        for feature, sources in self.cells.items():
            for source, targets in sources.items():
                for target, cell in targets.items():
                    yield feature, source, target, cell

    def get(self, feature: str, source: str, target: str) -> str | None:
        return self.cells.get(feature, {}).get(source, {}).get(target)

    @property
    def platforms(self) -> Sequence[str]:
        return sorted({source for sources in self.cells.values() for source in sources})

    @property
    def readers(self) -> Sequence[str]:
        """Platforms whose people only read."""
        targets = {target for sources in self.cells.values() for cells in sources.values() for target in cells}
        return sorted(targets - set(self.platforms))


def _judged(one: tuple[str, str, str, str], expected: Table) -> Iterator[str]:
    feature, source, target, cell = one
    where, before = f"{feature}, {source} → {target}", expected.get(feature, source, target)
    if cell.startswith(LOST):
        yield f"{where}: {cell} in silence"
    if before is None:
        yield f"{where}: {cell}, and nothing was expected: `make interop` writes the table anew"
    elif cell != before:
        yield f"{where}: {cell}, expected: {before}"


def read(data: bytes) -> Table:
    """A table as kept."""
    return Table(msgspec.json.decode(data, type=dict[str, dict[str, dict[str, str]]]))


def written(table: Table) -> bytes:
    """A table to keep."""
    return msgspec.json.format(msgspec.json.encode(table.cells), indent=1) + b"\n"


# The page.

_BEFORE = """\
# What survives which crossing

<!-- Written by `make interop` from a run: change the code, not this page. -->

Every feature was done by people of one emulated platform, and looked at by the readers of another.
`native` means that the reader's platform shows it as its own.
Words in quotes are a fallback as its reader saw it; Ada and Ben are the people who did it.
Where people talk with an account one by one, links hear nothing.
Of such a platform the table has its channel, if it has channels: what is said elsewhere is read there.
"""


def page(table: Table) -> str:
    """The table for readers: what each platform gives and takes, then each pair."""
    return "\n".join((_BEFORE, _summary(table), *_pairs(table), ""))


def _summary(table: Table) -> str:
    """A row a feature; for each platform, from how many others it arrives natively, and how many get it from there."""
    lines = ["## What each platform gives and takes", "", _SUMMARY, ""]
    heads = [f"{platform} {way}" for platform in table.platforms for way in ("gives", "takes")]
    heads += [f"{platform} takes" for platform in table.readers]
    lines += [_row("feature", *heads), _row(*["---"] * (len(heads) + 1))]
    for feature in table.cells:
        ways = [cell for one in table.platforms for cell in (_gives(table, feature, one), _takes(table, feature, one))]
        ways += [_takes(table, feature, one) for one in table.readers]
        lines.append(_row(feature, *ways))
    return "\n".join([*lines, ""])


_SUMMARY = """\
A platform gives what arrives from it, and takes what it shows natively.
`yes`: everywhere where the other side has it too; `in words`: readers see a fallback; `none`: the platform has none.\
"""


def _gives(table: Table, feature: str, platform: str) -> str:
    cells = [cell for _, cell in _from(table, feature, platform)]
    return "none" if all(cell == NONE for cell in cells) else "yes"


def _takes(table: Table, feature: str, platform: str) -> str:
    cells = {cell for cell in (table.get(feature, one, platform) for one in table.platforms if one != platform) if cell}
    told = cells - {NONE, NATIVE}
    if NATIVE in cells:
        return "yes" if not told else "yes, or in words"
    return "in words" if told else "none"


def _from(table: Table, feature: str, platform: str) -> Sequence[tuple[str, str]]:
    return list(table.cells[feature].get(platform, {}).items())


def _pairs(table: Table) -> Iterator[str]:
    for source in table.platforms:
        others = [one for one in (*table.platforms, *table.readers) if one != source]
        yield f"## From {source}\n"
        yield _row("feature", *(f"to {one}" for one in others))
        yield _row(*["---"] * (len(others) + 1))
        for feature in table.cells:
            yield _row(feature, *(_escaped(table.get(feature, source, one) or "") for one in others))
        yield ""


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(cell: str) -> str:
    for sign in "\\`*_<>|[]":
        cell = cell.replace(sign, f"\\{sign}")
    return cell
