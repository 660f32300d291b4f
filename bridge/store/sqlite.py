"""The default store: one SQLite file, one connection, one writer, every commit synced.

The connection holds the file alone (`locking_mode=EXCLUSIVE`): a second process is refused, and the log needs no
shared memory, so the very same store runs on a file layer that cuts the power in tests.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import apsw
import msgspec
import structlog

from bridge.chance import Chance
from bridge.errors import BridgeError, Rejected, StoreFull
from bridge.store import answers, people
from bridge.store.accepting import Accepting
from bridge.store.attached import Fetched, HeldOf, Linked, Served, Sweep, ToFetch
from bridge.store.ballast import Ballast, BallastFile
from bridge.store.bonds import Bind, Binding, Bonds, Propose, Unbind
from bridge.store.care import Called, Decide, Deeds, HeldRows, Meant, Note, Retract, Revoke, Rulings, Unremoved
from bridge.store.caring import Caring
from bridge.store.conversations import (
    Converse,
    Due,
    Join,
    LastHeard,
    Meet,
    Overhear,
    Plant,
    Privates,
    Talk,
    TalkOf,
    Uproot,
)
from bridge.store.conversing import Conversing
from bridge.store.copying import Copying
from bridge.store.dying import AFTER_COMMIT, BEFORE_COMMIT
from bridge.store.faces import Faced, FaceOf
from bridge.store.filing import Filing
from bridge.store.forgetting import Forgetting
from bridge.store.lives import Lives
from bridge.store.log import Log
from bridge.store.opening import (
    StoreInUse,
    StoreLocked,
    StoreUnreadable,
    StoreUnwritable,
    connected,
    let_go,
    prepare,
    shipped,
    told,
)
from bridge.store.ops import (
    Accept,
    Accepted,
    Admit,
    Claim,
    Close,
    Delay,
    Discard,
    Follow,
    Forget,
    Hold,
    Identify,
    Mark,
    Op,
    Park,
    Pin,
    Progress,
    Purge,
    Relate,
    Remember,
    Seal,
    Settle,
    Start,
    StoreBroken,
    TakeOver,
    Tally,
    Unpark,
    Uptime,
)
from bridge.store.questions import (
    About,
    Claimed,
    CopyOut,
    Depths,
    DropCopy,
    Find,
    Ledger,
    Locate,
    Page,
    Parked,
    Position,
    Recall,
    Resolve,
    RoomRecord,
    Speakers,
    Tallies,
    Trace,
    Twins,
    Wanted,
)
from bridge.store.retention import purge
from bridge.store.sealing import unlocked
from bridge.store.settling import Settling
from bridge.store.tables import Act, of_announcements
from bridge.store.vault import Column, Keys, VaultError

logger = structlog.get_logger()
_BROKEN = (apsw.IOError, apsw.CorruptError, apsw.ReadOnlyError, apsw.CantOpenError)
_BAD = (Rejected, VaultError, apsw.Error, msgspec.MsgspecError, ValueError, TypeError, OverflowError)
_LEVELS = {0: "OFF", 1: "NORMAL", 2: "FULL", 3: "EXTRA"}


class SqliteStore:
    """`Store` on one SQLite file. Made, used and closed by one thread at a time."""

    migrations: ClassVar[Sequence[str]] = shipped()

    def __init__(  # noqa: PLR0913 - what a file is opened with
        self,
        path: Path,
        chance: Chance,
        *,
        synchronous: str = "FULL",
        vfs: str | None = None,
        ballast: Ballast | None = None,
        keys: Keys | None = None,
    ) -> None:
        self._chance = chance
        self._path = path
        self.ballast = ballast or Ballast(BallastFile(path.with_name(f"{path.name}.ballast")))
        self._connection = connected(path, vfs)
        with self._closed_on_failure():
            prepare(self._connection, path, synchronous, self.migrations)
            self._vault = unlocked(self._connection, path, keys, chance.raw)
        self._log = Log(self._connection, self.ballast.give_up)
        self._cursor = self._connection.cursor()
        self._accepting = Accepting(self._cursor, self._vault)
        self._settling = Settling(self._cursor, self._accepting, self._vault)
        self._forgetting = Forgetting(self._cursor, self._accepting, self._settling)
        self._cursor.fetchall()  # as after each batch
        self._copying = Copying(self._connection)
        self._facts, self._questions = self._tables()
        self._broken = self._purged = False
        self.commits = 0
        self.synchronous = _LEVELS[int(str(self._connection.pragma("synchronous")))]

    @contextmanager
    def _closed_on_failure(self) -> Iterator[None]:
        """A file that is refused is let go as it was."""
        try:
            with told(self._path):
                yield
        except BridgeError:
            let_go(self._connection)
            raise

    def alias(self, account: str, native: str) -> str:
        """What stands for somebody's native id; needs no file, so any thread may ask."""
        return self._vault.alias(account, native)

    def modes(self) -> dict[str, str | int]:
        """What the promises stand on, as the file says it: for the first line of the log."""
        return {
            "path": str(self._path),
            "journal_mode": str(self._connection.pragma("journal_mode")),
            "synchronous": self.synchronous,
            "locking_mode": str(self._connection.pragma("locking_mode")),
            "schema": int(str(self._connection.pragma("user_version"))),
            "sqlite": apsw.sqlite_lib_version(),
        }

    def drain(self, batch: list[Op]) -> list[object]:
        """Commit all facts in one transaction, then answer the questions; see `Store.drain`."""
        facts = [index for index, op in enumerate(batch) if type(op) in self._facts]
        results: list[object] = [None] * len(batch)
        done = self._commit([batch[index] for index in facts]) if facts else []
        for index, result in zip(facts, done, strict=True):
            results[index] = result
        for index, op in enumerate(batch):
            if type(op) in self._questions:
                results[index] = self._answer(op)
        self._cursor.fetchall()  # who was content with the first row would hold the log, and it could not be folded in
        if facts:
            self._fold_if_long()
        return results

    def _fold_if_long(self) -> None:
        try:
            if self._purged:
                self._log.empty()
            self._log.fold_if_long()
        except apsw.Error as error:
            raise self._broke(error) from error

    def _made_room(self) -> bool:
        """Give up the ballast, and let the log begin anew in the space it has already."""
        try:
            return self.ballast.give_up() | self._log.fold()
        except apsw.Error as error:
            raise self._broke(error) from error

    def _answer(self, op: Op) -> object:
        try:
            return self._questions[type(op)](op)
        except _BROKEN as error:
            raise self._broke(error) from error
        except _BAD as error:
            return _refused(error)

    def _commit(self, facts: list[Op]) -> list[object]:
        if self.ballast.spent and any(_is_new(op) for op in facts):
            return self._without_events(facts, StoreFull("the disk is full", retry_after=5.0))
        try:
            return self._together(facts)
        except apsw.FullError as error:
            self._rolled_back()
            if self._made_room():
                return self._commit(facts)
            return self._without_events(facts, StoreFull(f"the disk is full: {error}", retry_after=5.0))
        except _BROKEN as error:
            raise self._broke(error) from error
        except _BAD as error:
            self._rolled_back()
            return [_refused(error)] if len(facts) == 1 else self._apart(facts)

    def _without_events(self, facts: list[Op], full: StoreFull) -> list[object]:
        """The disk is full: nothing new is taken, but what was delivered may still fit, and makes room."""
        others = [op for op in facts if not _is_new(op)]
        if len(others) in {0, len(facts)}:
            return [full] * len(facts)
        done = iter(self._commit(others))
        return [full if _is_new(op) else next(done) for op in facts]

    def _broke(self, error: Exception) -> StoreBroken:
        """What the disk holds is unknown now: this connection must neither sync nor write again."""
        self._broken = True
        return StoreBroken(f"{self._path}: {error}")

    def _apart(self, facts: list[Op]) -> list[object]:
        """One of them is bad: commit each alone, so that only the bad one is refused."""
        return [self._commit([op])[0] for op in facts]

    def _together(self, facts: list[Op]) -> list[object]:
        self._connection.execute("BEGIN IMMEDIATE")
        self._accepting.begin(facts)
        self._purged = False
        self._forgetting.begin()
        results = [self._facts[type(op)](op) for op in facts]
        self._accepting.flush()
        self._settling.flush()
        self._settling.write_tally()
        if BEFORE_COMMIT is not None:
            BEFORE_COMMIT(facts)
        self._connection.execute("COMMIT")
        if AFTER_COMMIT is not None:
            AFTER_COMMIT(facts)
        self.commits += 1
        return results

    def _rolled_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
        self._accepting.forget()
        self._settling.forget()
        self._forgetting.undo()

    def _tables(self) -> tuple[dict[type, Act], dict[type, Act]]:
        """What is done for each fact, inside the transaction, and for each question, after it."""
        accepting, settling, ask = self._accepting, self._settling, self._cursor
        filing, talking = Filing(ask, self._vault), Conversing(ask, accepting, self._vault)
        accepting.turn = talking.turn
        lives, vault = Lives(ask, accepting, self._chance, self._vault), self._vault
        facts: dict[type, Act] = {
            Accept: self._accept, Settle: settling.settle, Progress: settling.progress, Seal: settling.seal,
            Delay: settling.delay, Park: settling.park, Mark: settling.mark, Unpark: settling.unpark,
            Discard: settling.discard, Tally: lambda op: settling.count(op.room, op.outcome, op.count),
            Relate: accepting.relate, Forget: self._forgetting.forget, Purge: self._purge,
            Start: lives.begin, Admit: self._admit,
            Identify: self._identify, Pin: self._pin, Hold: self._hold, Follow: self._follow,
            Uptime: self._uptime, Remember: self._remember, Close: lives.end, Claim: lives.claim,
            Meet: talking.meet, Converse: talking.converse, Join: talking.join,
            Uproot: talking.uproot, Plant: talking.plant,
            TakeOver: lives.take_over, Fetched: filing.fetched, Linked: filing.linked, Sweep: filing.sweep,
            Faced: filing.faces.faced,
        }  # fmt: skip
        caring = Caring(ask, accepting, vault)
        facts |= {Decide: caring.decide, Revoke: caring.revoke, Note: caring.note, Retract: caring.retract}
        binding = Binding(ask)
        facts |= {Propose: binding.propose, Bind: binding.bind, Unbind: binding.unbind}
        questions: dict[type, Act] = {
            Bonds: binding.bonds,
            Page: lambda op: answers.page(ask, vault, op), Twins: lambda op: answers.twins(ask, vault, op),
            Locate: lambda op: answers.locate(ask, op),
            Resolve: lambda op: answers.resolve(ask, op), Wanted: lambda op: answers.wanted(ask, vault, op),
            Recall: lambda op: answers.recall(ask, vault, op), Position: lambda op: answers.position(ask, op.account),
            Ledger: lambda _: (answers.depths(ask, vault), answers.tallies(ask)),
            Depths: lambda _: answers.depths(ask, vault), Tallies: lambda _: answers.tallies(ask),
            Parked: lambda op: answers.parked(ask, vault, op), Trace: lambda op: answers.trace(ask, vault, op),
            Find: lambda op: people.find(ask, vault, op), About: lambda op: people.about(ask, vault, op),
            Claimed: lives.standing, Speakers: lambda op: answers.speakers(ask, vault, op),
            Talk: talking.talk, TalkOf: talking.talk_of, Overhear: talking.overhear, Privates: talking.privates,
            Due: talking.due, LastHeard: talking.last_heard, CopyOut: self._copying.step, DropCopy: self._copying.drop,
            Rulings: lambda _: caring.rulings(), Deeds: caring.deeds, Meant: caring.meant, Called: caring.called,
            Unremoved: caring.standing, HeldRows: caring.held_rows,
            ToFetch: filing.to_fetch, HeldOf: filing.held_of, Served: filing.served,
            FaceOf: filing.faces.face_of,
        }  # fmt: skip
        told, asked = of_announcements(ask, accepting, vault)
        return facts | told, questions | asked

    def _accept(self, op: Accept) -> Accepted:
        accepted = self._accepting.accept(op)
        if not op.beside:
            return accepted
        beside = tuple(self._facts[type(one)](one) for one in op.beside)
        return msgspec.structs.replace(accepted, beside=beside)

    def _purge(self, op: Purge) -> int:
        self._accepting.flush()
        went = purge(self._cursor, op, self._settling.count)
        self._purged = not went
        return went

    def _pin(self, op: Pin) -> None:
        self._cursor.execute("UPDATE room SET native = ?, thread = ? WHERE number = ?", (op.native, op.thread, op.room))

    def _hold(self, op: Hold) -> None:
        to = (None, None) if op.moved_to is None else (op.moved_to.room, op.moved_to.thread)
        self._cursor.execute(
            "UPDATE room SET held = ?, held_until = ?, moved_to = ?, moved_thread = ? WHERE number = ?",
            (self._vault.seal(Column.HELD, op.reason), op.until, *to, op.room),
        )

    def _follow(self, op: Follow) -> None:
        self._pin(Pin(room=op.room, native=op.place.room, thread=op.place.thread))
        self._hold(Hold(room=op.room, reason=None))
        self._cursor.execute("UPDATE room SET followed = 1 WHERE number = ?", (op.room,))

    def _uptime(self, op: Uptime) -> None:
        self._cursor.execute(
            "INSERT INTO account (name, uptime) VALUES (?, ?) ON CONFLICT DO UPDATE SET uptime = excluded.uptime",
            (op.account, op.seconds),
        )

    def _remember(self, op: Remember) -> None:
        self._cursor.execute(
            "INSERT OR REPLACE INTO memory (account, name, value, until) VALUES (?, ?, ?, ?)",
            (op.account, op.name, self._vault.seal(Column.VALUE, op.value), op.until),
        )

    def _identify(self, op: Identify) -> str | None:
        """Keep the first identity; a different one is answered and not stored."""
        self._cursor.execute(
            "INSERT INTO account (name, me) VALUES (?, ?) ON CONFLICT DO UPDATE SET me = coalesce(me, excluded.me)",
            (op.account, op.me),
        )
        for (me,) in self._cursor.execute("SELECT me FROM account WHERE name = ?", (op.account,)):
            return str(me)
        return None

    def _admit(self, op: Admit) -> tuple[RoomRecord, ...]:
        for room in op.rooms:
            self._cursor.execute("INSERT OR IGNORE INTO room (account, name) VALUES (?, ?)", (room.account, room.name))
        return answers.depths(self._cursor, self._vault)

    def close(self) -> None:
        """Truncate the log, so that nothing of what was deleted remains, and close."""
        self._copying.drop(DropCopy())
        if self._broken:
            let_go(self._connection)
            return
        try:
            self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
            self._connection.close()
        except apsw.Error as error:
            logger.warning("store: the log was not truncated", error=str(error))
            let_go(self._connection)


def _is_new(op: Op) -> bool:
    """Whether it comes from outside, and can come again; the bridge's own words belong to no account."""
    return type(op) is Accept and bool(op.account)


def _refused(error: Exception) -> Rejected:
    return error if isinstance(error, Rejected) else Rejected(f"the store cannot hold it: {error}")


__all__ = ["SqliteStore", "StoreInUse", "StoreLocked", "StoreUnreadable", "StoreUnwritable"]
