"""What a desk holds about somebody, and how it goes when they are forgotten."""

from collections.abc import Sequence
from typing import Any

import apsw

from bridge.ids import PersonNumber
from bridge.store.bulk import execute_in


def private_of(cursor: apsw.Cursor, person: PersonNumber) -> list[Any]:
    """The numbers of the rooms in which they wrote to us in private: mostly such a room is called as they are."""
    found: Any = cursor.execute(
        "SELECT c.number FROM correspondent c JOIN person p ON p.account = c.account AND p.native = c.alias"
        " WHERE p.number = ?1 UNION"
        " SELECT m.room FROM message m JOIN correspondent c ON c.number = m.room WHERE m.person = ?1",
        (person,),
    )
    return [number for (number,) in found]


def departed(cursor: apsw.Cursor, person: PersonNumber, rooms: Sequence[Any]) -> None:
    """Nothing of their conversations stays; what an agent claimed, who is forgotten, is claimed by nobody."""
    talks = [one for (one,) in execute_in(cursor, "SELECT conversation FROM correspondent WHERE number IN ({})", rooms)]
    called = "SELECT account, alias FROM correspondent WHERE number IN ({})"
    execute_in(cursor, f"DELETE FROM subscription WHERE (account, alias) IN ({called})", rooms)  # noqa: S608 - our own words
    execute_in(  # who was announced to under the name of the room, where that is not the person's own
        cursor,
        f"DELETE FROM person WHERE (account, native) IN ({called})"  # noqa: S608 - our own words
        " AND NOT EXISTS (SELECT 1 FROM message m WHERE m.person = person.number)",
        rooms,
    )
    execute_in(cursor, "DELETE FROM correspondent WHERE number IN ({})", rooms)
    for table in ("twin", "reacted", "ghosted"):
        execute_in(cursor, f"DELETE FROM {table} WHERE room IN ({{}})", rooms)  # noqa: S608 - names from the line above
    for talk in talks:
        _parted(cursor, talk)
    cursor.execute(
        "UPDATE conversation SET claimed_by = NULL, claimant = NULL, claimed_at = NULL"
        " WHERE claimed_by IN (SELECT native FROM person WHERE number = ?)",
        (person,),
    )


def _parted(cursor: apsw.Cursor, talk: Any) -> None:  # noqa: ANN401 - a number
    """A conversation goes with its last room; one with other rooms begins a thread anew, under the next name."""
    cursor.execute(
        "DELETE FROM conversation WHERE number = ?1 AND NOT EXISTS"
        " (SELECT 1 FROM correspondent WHERE conversation = ?1)",
        (talk,),
    )
    cursor.execute("UPDATE conversation SET root = NULL, title = '' WHERE number = ?", (talk,))
