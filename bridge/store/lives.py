"""The begin and the end of one life of the daemon, as the store notes them."""

from typing import Any

import apsw

from bridge.chance import Chance
from bridge.store.accepting import Accepting
from bridge.store.epochs import begun
from bridge.store.ops import Claim, Close, Start, TakeOver
from bridge.store.questions import Claimed, Standing, Started
from bridge.store.vault import Column, Vault

_DEATHS = 3
_NAME = 12
"""Letters of the name of a store, which its copies share, and of a branch, which begins anew with each restore."""
_POISON = "the bridge died while sending it, three times"


class Lives:
    """Each start begins an epoch; each end that was none in order is noted by its absence."""

    def __init__(self, cursor: apsw.Cursor, accepting: Accepting, chance: Chance, vault: Vault) -> None:
        self._cursor, self._accepting, self._chance, self._vault = cursor, accepting, chance, vault

    def begin(self, _: Start) -> Started:
        """Blame the rows that were being sent alone when we died."""
        found: Any = list(self._cursor.execute("SELECT value FROM meta WHERE name = 'clean'"))
        clean = all(value == "1" for (value,) in found)
        self._cursor.execute("INSERT OR REPLACE INTO meta (name, value) VALUES ('clean', '0')")
        if not clean:
            self._blame()
        for name in ("store", "branch"):
            value = (name, self._chance.token(_NAME))
            self._cursor.execute("INSERT OR IGNORE INTO meta (name, value) VALUES (?, ?)", value)
        epochs = begun(self._cursor, self._accepting.last_row, self._chance.token)
        uptimes: dict[Any, Any] = dict(list(self._cursor.execute("SELECT name, uptime FROM account")))
        left: dict[Any, Any] = dict(list(self._cursor.execute("SELECT number, suspects FROM room WHERE suspects > 0")))
        return Started(epochs=epochs, clean=clean, uptimes=uptimes, left=left)

    def claim(self, op: Claim) -> None:
        self._account(op.account)
        self._cursor.execute("UPDATE account SET mark = ?, claims = 0 WHERE name = ?", (op.value, op.account))

    def take_over(self, op: TakeOver) -> None:
        self._account(op.account)
        self._cursor.execute("UPDATE account SET claims = 1 WHERE name = ?", (op.account,))

    def standing(self, op: Claimed) -> Standing:
        found: Any = list(self._cursor.execute("SELECT value FROM meta WHERE name = 'store'"))
        store = str(found[0][0]) if found else ""
        account: Any = self._cursor.execute("SELECT mark, claims FROM account WHERE name = ?", (op.account,))
        for last, claims in list(account):
            return Standing(store=store, last=last, takes=bool(claims))
        return Standing(store=store)

    def _account(self, name: str) -> None:
        self._cursor.execute("INSERT OR IGNORE INTO account (name) VALUES (?)", (name,))

    def end(self, op: Close) -> None:
        self._cursor.execute("UPDATE room SET suspects = 0 WHERE suspects > 0")
        for room, count in op.left.items():
            self._cursor.execute("UPDATE room SET suspects = ? WHERE number = ?", (count, room))
        self._cursor.execute("UPDATE outbox SET marked = 0, deaths = 0 WHERE marked = 1 OR deaths > 0")
        self._cursor.execute("INSERT OR REPLACE INTO meta (name, value) VALUES ('clean', '1')")

    def _blame(self) -> None:
        self._cursor.execute("UPDATE outbox SET deaths = deaths + 1, marked = 0 WHERE marked = 1")
        self._cursor.execute(
            "UPDATE outbox SET state = 1, reason = 'poison', error = ?,"
            " parked_at = (SELECT at FROM event WHERE event.number = outbox.event) WHERE state = 0 AND deaths >= ?",
            (self._vault.seal(Column.ERROR, _POISON), _DEATHS),
        )
