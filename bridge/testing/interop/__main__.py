"""`python -m bridge.testing.interop`: prints what survives which crossing; with a table and a page, writes both."""

import asyncio
import sys
from pathlib import Path

from bridge.testing.interop.run import crossed
from bridge.testing.interop.table import page, written


def main(arguments: list[str]) -> int:
    """1 where something is lost in silence."""
    table = asyncio.run(crossed())
    if arguments:
        expected, reference = map(Path, arguments)
        expected.write_bytes(written(table))
        reference.write_text(page(table), encoding="utf-8")
    else:
        sys.stdout.write(page(table))
    lost = [" ".join(one) for one in table.walk() if one[3].startswith("lost")]
    sys.stderr.write("".join(f"{one} in silence\n" for one in lost))
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
