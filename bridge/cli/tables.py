"""Plain columns, fit for a terminal and for grep."""

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Aligned text, two spaces between the columns."""
    lines = [list(head), *([_plain(cell) for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def _plain(cell: str) -> str:
    """What a stranger wrote must not move the terminal's cursor."""
    return "".join(character if character.isprintable() else "�" for character in cell) or "-"


def lasting(seconds: float | None) -> str:
    """`3 s`, `5 min`, `2 h`, `4 d`; nothing for None."""
    if seconds is None:
        return ""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return f"{int(seconds)} s"
