"""The contract of a store: give a way to open one, inherit the promises.

    class TestSqlite(StoreContract):
        @pytest.fixture
        def opens(self, tmp_path):
            return lambda: SqliteStore(tmp_path / "q.db", SeededChance(1))

`opens()` opens the same durable place each time; a test closes one store before it opens the next.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

import pytest

pytest.register_assert_rewrite(
    "bridge.testing.store_attached",
    "bridge.testing.store_care",
    "bridge.testing.store_desks",
    "bridge.testing.store_events",
    "bridge.testing.store_rows",
)

# The imports stand below the call: pytest explains the assertions only of modules that it is told of before.
from msgspec import structs  # noqa: E402

from bridge.ids import AccountName, MessageId, Place, RoomId, ThreadId  # noqa: E402
from bridge.store.ops import Follow, Hold, Identify, Op, Park, Pin, Remember, Settle, Store, Tally, Uptime  # noqa: E402
from bridge.store.questions import Depths, Locate, Parked, Recall, Tallies, Trace  # noqa: E402
from bridge.store.rows import Outcome  # noqa: E402
from bridge.testing.store_attached import AttachedPromises  # noqa: E402
from bridge.testing.store_care import CarePromises, asked_of_care  # noqa: E402
from bridge.testing.store_desks import DeskPromises  # noqa: E402
from bridge.testing.store_events import EventPromises  # noqa: E402
from bridge.testing.store_kit import DAY, Book, examples, purging  # noqa: E402
from bridge.testing.store_rows import RowPromises  # noqa: E402


class StoreContract(EventPromises, RowPromises, AttachedPromises, DeskPromises, CarePromises):
    """Every promise of a store, one test each; only `drain` and `close` are used."""

    @pytest.fixture
    def opens(self) -> Callable[[], Store]:
        """A way to open the place under test, again and again."""
        raise NotImplementedError

    @pytest.fixture
    def book(self, opens: Callable[[], Store]) -> Iterator[Book]:
        book = Book(opens)
        yield book
        book.close()

    def test_counts_add_up(self, book: Book) -> None:
        there = book.opened
        rows = there.accept(*(there.posted(f"m{number}", there.right, there.third) for number in range(20)))
        for row, outcome in zip(rows, [one for one in Outcome if one is not Outcome.ACCEPTED] * 3, strict=False):
            there.ask(Settle(row=row, outcome=outcome, cause="a cause"))
            assert there.balanced()
        there.ask(Tally(there.right, "unknown outcome", 2))
        assert there.ask(Tallies())[there.right, "unknown outcome"] == 2
        assert book.reopened().balanced()

    def test_rooms_keep_their_number_place_and_hold(self, book: Book) -> None:
        there = book.opened
        there.ask(Pin(room=there.right, native="!abc", thread="7"))
        there.ask(Hold(room=there.right, reason="kicked", until=99))
        there.post("m1", at=77)
        again = book.reopened()
        assert (again.left, again.right, again.third) == (there.left, there.right, there.third)
        (record,) = (one for one in again.ask(Depths()) if one.number == there.right)
        assert structs.astuple(record) == (
            there.right, "right", "town", "!abc", "7", "kicked", 99, None, None, 0, 1, 0, 77, 0,
        )  # fmt: skip
        again.ask(Hold(room=there.right, reason=None))
        assert all(one.held is None for one in again.ask(Depths()))

    def test_where_a_room_says_it_went_is_kept_until_somebody_says_where_it_is(self, book: Book) -> None:
        there = book.opened
        there.ask(Pin(room=there.right, native="!old", thread="7"))
        place = Place(RoomId("!new"), ThreadId("7"))
        there.ask(Hold(room=there.right, reason="moved", until=-1, moved_to=place))
        again = book.reopened()

        def record() -> tuple[object, ...]:
            (one,) = (one for one in again.ask(Depths()) if one.number == again.right)
            return one.native, one.thread, one.held, one.held_until, one.moved_to, one.moved_thread, one.followed

        assert record() == ("!old", "7", "moved", -1, "!new", "7", 0)
        again.ask(Follow(room=again.right, place=place))
        assert record() == ("!new", "7", None, None, None, None, 1)

    def test_an_account_is_who_it_was_first(self, book: Book) -> None:
        account = AccountName("left")
        assert book.opened.ask(Identify(account, "me")) == "me"
        assert book.reopened().ask(Identify(account, "somebody else")) == "me"
        assert book.opened.ask(Identify(account, "me")) == "me"

    def test_uptimes_are_kept(self, book: Book) -> None:
        book.opened.ask(Uptime(AccountName("left"), 5))
        book.opened.ask(Uptime(AccountName("left"), 9))
        assert book.reopened().started.uptimes == {"left": 9}

    def test_what_is_remembered_is_recalled_until_its_time(self, book: Book) -> None:
        account = AccountName("left")
        for value in ("a", "b"):
            book.opened.ask(Remember(account=account, name="upload", value=value, until=100))
        there = book.reopened()
        assert there.ask(Recall(account, "upload", 99)) == "b"
        assert there.ask(Recall(account, "upload", 100)) is None
        assert there.ask(Recall(AccountName("right"), "upload", 0)) is None

    def test_a_trace_tells_the_life_of_a_message(self, book: Book) -> None:
        there = book.opened
        first, second = there.post("m1", there.right, there.third)
        there.deliver(first, "c1")
        there.ask(Park(row=second, reason="rejected", error="", at=1))
        for what in ("c1", "m1", str(first.message)):
            life = there.ask(Trace(what))
            assert (life.room, life.author) == ("left/town", "Ada")
            assert life.twins == (("left/town", "m1", "origin"), ("right/town", "c1", "copy"))
            assert life.waiting == (("third/town", "post parked", "rejected"),)
        assert there.ask(Trace("nobody")) is None

    def test_relations_are_forgotten_after_their_time_in_small_pieces(self, book: Book) -> None:
        there = book.opened
        rows = there.accept(*(there.posted(f"m{number}") for number in range(25)), at=100)
        for row in rows[1:]:
            there.deliver(row, f"c{row.number}")
        (young,) = there.post("young", at=DAY)
        pieces = []
        while gone := there.ask(purging(2 * DAY, relations_before=DAY)):
            pieces.append(gone)
        assert max(pieces) <= 10
        assert sum(pieces) == 24
        assert there.known(rows[1]) is None
        assert there.known(rows[0]) is not None
        assert there.known(young) is not None

    def test_excerpts_are_forgotten_before_relations(self, book: Book) -> None:
        there = book.opened
        old = there.accept(*(there.posted(f"m{number}") for number in range(15)), at=100)
        (young,) = there.post("young", at=DAY)
        (late,) = there.post("clock set back", at=100)
        while there.ask(purging(2 * DAY, excerpts_before=DAY)):
            pass
        known = [there.known(row) for row in (*old, young)]
        assert [one is not None and one.excerpt for one in known] == [None] * 15 + ["excerpt young"]
        while there.ask(purging(3 * DAY, excerpts_before=2 * DAY)):
            pass
        assert [one and one.excerpt for one in (there.known(young), there.known(late))] == [None, None]

    def test_seen_events_parked_rows_and_memories_are_forgotten(self, book: Book) -> None:
        there = book.opened
        first, second = there.accept(there.posted("m1", there.right, there.third))
        there.ask(Park(row=first, reason="rejected", error="", at=100))
        there.ask(Remember(account=AccountName("left"), name="x", value="y", until=100))
        assert there.ask(purging(2000, parked_before=100, seen_before=1000)) == 0
        assert there.ask(purging(2000, parked_before=101, seen_before=1001)) == 2
        assert not there.ask(Parked())
        assert there.ask(Tallies())[there.right, "expired"] == 1
        assert there.ask(Recall(AccountName("left"), "x", 0)) is None
        assert [row.event for row in there.page(there.third)] == [second.event]
        assert len(there.accept(there.posted("m1"))) == 1
        assert there.balanced()

    def test_the_room_that_holds_a_message_is_found(self, book: Book) -> None:
        there = book.opened
        (row,) = there.post("m1")
        there.deliver(row, "copy")
        assert there.ask(Locate((there.left, there.right), MessageId("copy"))) == there.right
        assert there.ask(Locate((there.left, there.right), MessageId("m1"))) == there.left
        assert there.ask(Locate((there.left, there.right), MessageId("unheard of"))) is None

    def test_every_operation_is_answered(self, book: Book, tmp_path: Path) -> None:
        """An operation that no table of the store names would be answered by None in silence."""
        there = book.opened
        (row,) = there.post("m1")
        given = examples(there, row, tmp_path / "copy.db")
        given |= {type(op): op for op in asked_of_care(there.right)}
        assert set(given) == set(get_args(Op))
        assert not [result for result in there.store.drain(list(given.values())) if isinstance(result, Exception)]
