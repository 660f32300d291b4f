"""Makes a store look as earlier versions of the program left it."""

import re
from collections.abc import Iterator

from bridge.store.opening import shipped

_MADE = re.compile(r"CREATE TABLE (\w+)|ALTER TABLE (\w+) ADD COLUMN (\w+)")


def _undone(migration: str) -> Iterator[str]:
    """What a migration made, the last first."""
    for table, changed, column in reversed(_MADE.findall(migration)):
        yield f"DROP TABLE {table};" if table else f"ALTER TABLE {changed} DROP COLUMN {column};"


SCHEMA_2 = "\n".join(
    (
        *(line for migration in reversed(shipped()[2:]) for line in _undone(migration)),
        "INSERT INTO meta (name, value) VALUES ('epoch', 'ancient');",
        "PRAGMA user_version = 2;",
    )
)
"""From the newest schema back to the one before each life had an epoch of its own."""
