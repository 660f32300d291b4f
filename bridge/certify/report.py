"""What came of a certification: a verdict a trial, as a page and as data. Pure: no I/O, no clock."""

from collections.abc import Iterator, Sequence
from enum import StrEnum

import msgspec
from msgspec import Struct


class Verdict(StrEnum):
    """What one trial showed."""

    KEPT = "kept"
    BROKEN = "broken"
    MISSING = "not shown"
    """The platform has none of it, or nobody could do or see it."""


class Line(Struct, frozen=True):
    """One trial; `why` is empty where it was kept."""

    trial: str
    verdict: Verdict
    why: str = ""


class Certificate(Struct, frozen=True, kw_only=True):
    """Everything one run showed. `day` is the date in UTC, `where` "the real platform" or which emulator."""

    connector: str
    version: str
    day: str
    where: str
    lines: tuple[Line, ...]

    @property
    def broken(self) -> Sequence[Line]:
        return [line for line in self.lines if line.verdict is Verdict.BROKEN]

    @property
    def counted(self) -> str:
        """Such as "12 kept, 1 broken, 3 not shown"."""
        return ", ".join(f"{sum(line.verdict is one for line in self.lines)} {one}" for one in Verdict)


def page(certificate: Certificate) -> str:
    """The report as people read it, in Markdown."""
    return "\n".join(_lines(certificate)) + "\n"


def _lines(certificate: Certificate) -> Iterator[str]:
    yield f"# {certificate.connector}, {certificate.day}, on {certificate.where}"
    yield ""
    yield f"Qantara {certificate.version}: {certificate.counted}."
    yield ""
    yield "| trial | verdict | why |"
    yield "|---|---|---|"
    for line in certificate.lines:
        yield f"| {_cell(line.trial)} | {line.verdict} | {_cell(line.why)} |"


def _cell(why: str) -> str:
    return " ".join(why.split()).replace("|", "\\|")


def data(certificate: Certificate) -> bytes:
    """The report as a program reads it."""
    return msgspec.json.format(msgspec.json.encode(certificate)) + b"\n"


def read(found: bytes) -> Certificate:
    """A report that `data` wrote; `msgspec.DecodeError` when it is none."""
    return msgspec.json.decode(found, type=Certificate)
