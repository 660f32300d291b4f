"""What a store promises about deliveries: settled, sealed, delayed, parked, marked."""

import pytest
from msgspec import structs

from bridge.ids import MessageId, RowNumber
from bridge.store.ops import Close, Delay, Discard, Mark, Park, Progress, Purge, Seal, Settle, Unpark
from bridge.store.questions import Joint, Parked, Piece, Tallies
from bridge.store.rows import Copy, Made, Outcome, Route, TwinKind
from bridge.testing.store_kit import Book
from bridge.text.nodes import said


class RowPromises:
    def test_a_settled_row_leaves_and_its_twins_stay(self, book: Book) -> None:
        (row,) = book.opened.post("m1")
        book.opened.deliver(row, "c1")
        there = book.reopened()
        assert not there.page()
        known = there.known(row)
        assert known is not None
        assert known.parts == (("c1",),)
        assert there.balanced()

    def test_a_body_stays_until_its_last_target_is_settled(self, book: Book) -> None:
        there = book.opened
        first, second = there.post("m1", there.right, there.third)
        there.deliver(first, "c1")
        (left,) = book.reopened().page(there.third)
        assert left.event == second.event
        book.opened.deliver(left, "c2")
        assert not book.opened.page(there.third)
        assert book.opened.balanced()

    def test_parts_and_notes_are_told_apart_and_what_was_taken_back_is_forgotten(self, book: Book) -> None:
        there = book.opened
        (row,) = there.post("m1")
        for part, native in enumerate(("c1", "c2")):
            made = Made((Copy(part, MessageId(native)),))
            there.ask(Progress(row=row, made=made, sent=tuple(range(part + 1))))
        assert book.reopened().page()[0].sent == (0, 1)
        there = book.opened
        there.deliver(row, "n1", kind=TwinKind.NOTE)
        known = there.known(row)
        assert known is not None
        assert (known.parts, known.notes) == ((("c1",), ("c2",)), ("n1",))
        (edit,) = there.accept(there.edited("e2", "m1"))
        there.ask(Settle(row=edit, outcome=Outcome.DELIVERED, made=Made(removed=(MessageId("c2"),))))
        known = there.known(row)
        assert known is not None
        assert known.parts == (("c1",),)

    def test_rows_shown_together_leave_together(self, book: Book) -> None:
        there = book.opened
        (first,), (second,) = there.post("m1"), there.post("m2")
        there.ask(Settle(row=first, outcome=Outcome.DELIVERED, joined=(second,)))
        assert not book.reopened().page()
        tallies, room = book.opened.ask(Tallies()), book.opened.right
        assert [tallies[room, end] for end in ("delivered", "merged", "merged:joined")] == [1, 1, 1]
        assert book.opened.balanced()

    def test_several_messages_that_are_one_are_known_by_it(self, book: Book) -> None:
        there = book.opened
        (first,), (second,) = there.post("m1"), there.post("m2")
        pieces = tuple(Piece(row.message, said(f"words {row.number}")) for row in (first, second) if row.message)
        made = Made((Copy(0, MessageId("c1")),))
        joint = Joint(pieces, until=5_000)
        there.ask(Settle(row=first, outcome=Outcome.DELIVERED, made=made, joined=(second,), joint=joint))
        there = book.reopened()
        for row in (first, second):
            known = there.known(row)
            assert known is not None
            assert (known.parts, known.joined, known.joint) == ((("c1",),), True, joint)
        there.ask(Purge(at=5_001, relations_before=0, excerpts_before=0, seen_before=0, parked_before=0))
        known = there.known(second)
        assert known is not None
        assert (known.joined, known.joint) == (True, None)

    def test_a_message_taken_out_of_several_leaves_the_others(self, book: Book) -> None:
        there = book.opened
        (first,), (second,) = there.post("m1"), there.post("m2")
        pieces = tuple(Piece(row.message, said(f"words {row.number}")) for row in (first, second) if row.message)
        made = Made((Copy(0, MessageId("c1")),))
        there.ask(
            Settle(row=first, outcome=Outcome.DELIVERED, made=made, joined=(second,), joint=Joint(pieces, until=5_000))
        )
        (deletion,) = there.accept(there.deleted("d1", "m1"))
        there.ask(Settle(row=deletion, outcome=Outcome.DELIVERED, joint=Joint(pieces[1:])))
        there = book.reopened()
        gone, left = there.known(first), there.known(second)
        assert gone is not None
        assert left is not None
        assert (gone.parts, left.parts, left.joined) == ((), (("c1",),), False)

    def test_a_seal_is_kept_and_a_new_generation_replaces_it(self, book: Book) -> None:
        (row,) = book.opened.post("m1")
        book.opened.ask(Seal(row=row, plan=b"one", generation=0))
        book.opened.ask(Seal(row=row, plan=b"other", generation=0))
        (found,) = book.reopened().page()
        assert (found.plan, found.generation) == (b"one", 0)
        book.opened.ask(Seal(row=row, plan=b"two", generation=1))
        (found,) = book.reopened().page()
        assert (found.plan, found.generation, found.sent) == (b"two", 1, ())
        book.opened.ask(Seal(row=row, plan=b"three", generation=2, sent=(0, 1)))
        (found,) = book.reopened().page()
        assert (found.plan, found.generation, found.sent) == (b"three", 2, (0, 1))

    def test_a_delay_is_kept(self, book: Book) -> None:
        (row,) = book.opened.post("m1")
        book.opened.ask(Delay(row=row, attempts=2, next_at=99, error="slow down", doubtful=True))
        (found,) = book.reopened().page()
        assert (found.attempts, found.next_at, found.doubtful) == (2, 99, True)

    def test_a_deletion_marks_what_waits_unless_it_may_have_arrived(self, book: Book) -> None:
        there = book.opened
        (sure,) = there.post("m1")
        (doubtful,) = there.post("m2")
        there.ask(Delay(row=doubtful, attempts=0, next_at=0, error="", doubtful=True))
        there.accept(there.deleted("e1", "m1"), there.deleted("e2", "m2"))
        gone = {row.number: row.gone for row in there.page()}
        assert (gone[sure.number], gone[doubtful.number]) == (True, False)

    def test_a_parked_row_waits_aside_until_somebody_decides(self, book: Book) -> None:
        there = book.opened
        first, second = there.accept(there.posted("m1"), there.posted("m2"))
        for row in (first, second):
            there.ask(Park(row=row, reason="rejected", error="too blue", at=7))
        there = book.reopened()
        assert not there.page()
        assert [(row.reason, row.error, row.author, row.kind) for row in there.ask(Parked())] == [
            ("rejected", "too blue", "Ada", "post")
        ] * 2
        assert not there.ask(Parked(there.left))
        known = there.known(first)
        assert known is not None
        assert known.parked
        assert there.ask(Unpark((first.number, RowNumber(999)))) == (there.right,)
        (again,) = there.page()
        assert (again.number, again.generation, again.attempts) == (first.number, 1, 0)
        assert there.ask(Discard((second.number, first.number))) == 1
        assert not there.ask(Parked())
        assert there.ask(Tallies())[there.right, "dropped:discarded"] == 1
        assert there.balanced()

    @pytest.mark.parametrize("reason", ["unknown outcome", "fails"])
    def test_what_may_have_arrived_goes_again_under_its_key(self, book: Book, reason: str) -> None:
        there = book.opened
        (row,) = there.post("m1")
        there.ask(Seal(row=row, plan=b"plan", generation=0))
        there.ask(Park(row=row, reason=reason, error="", at=7))
        there.ask(Unpark((row.number,)))
        (again,) = there.page()
        assert (again.plan, again.generation) == (b"plan", 0)

    def test_an_arrival_may_be_parked_at_once(self, book: Book) -> None:
        there = book.opened
        targets = (Route(there.right, "town", 0, "loop"), Route(there.third, "town"))
        rows = there.accept(structs.replace(there.posted("m1"), targets=targets))
        assert [row.room for row in rows] == [there.third]
        assert [row.reason for row in there.ask(Parked())] == ["loop"]
        there.deliver(rows[0], "c1")
        assert there.balanced()
        assert there.ask(Unpark(tuple(row.number for row in there.ask(Parked())))) == (there.right,)
        assert len(there.page()) == 1

    def test_three_deaths_under_a_mark_park_a_row(self, book: Book) -> None:
        first, second = book.opened.accept(book.opened.posted("m1"), book.opened.posted("m2"))
        for death in range(3):
            assert [row.number for row in book.opened.page()] == [first.number, second.number], death
            book.opened.ask(Mark(first))
            assert not book.reopened().started.clean
        assert [row.number for row in book.opened.page()] == [second.number]
        assert [(row.number, row.reason) for row in book.opened.ask(Parked())] == [(first.number, "poison")]
        assert book.opened.balanced()

    def test_a_clean_end_forgives_deaths(self, book: Book) -> None:
        (row,) = book.opened.post("m1")
        for _ in range(2):
            book.opened.ask(Mark(row))
            book.reopened()
        assert book.opened.page()[0].deaths == 2
        book.opened.ask(Mark(row))
        book.opened.ask(Close())
        assert book.reopened().started.clean
        (row,) = book.opened.page()
        assert (row.deaths, row.marked) == (0, False)

    def test_what_a_room_without_a_lane_left_is_suspected_after_a_clean_end_and_said_once(self, book: Book) -> None:
        (row,) = book.opened.post("m1")
        book.opened.ask(Close(left={row.room: 1}))
        started = book.reopened().started
        assert (started.clean, started.left) == (True, {row.room: 1})
        book.opened.ask(Close())
        assert book.reopened().started.left == {}

    def test_a_failed_try_takes_the_mark_away(self, book: Book) -> None:
        (row,) = book.opened.post("m1")
        book.opened.ask(Mark(row))
        assert book.opened.page()[0].marked
        book.opened.ask(Delay(row=row, attempts=0, next_at=0, error=""))
        assert book.reopened().page()[0].deaths == 0

    def test_the_first_start_is_clean(self, book: Book) -> None:
        assert book.opened.started.clean
        assert not book.reopened().started.clean

    def test_a_row_keeps_the_epoch_of_the_life_that_accepted_it(self, book: Book) -> None:
        names = []
        for life in range(4):
            names.append(book.opened.started.epochs.name)
            book.opened.post(f"m{life}")
            book.reopened()
        rows = book.opened.page()
        assert [book.opened.started.epochs.of(row.number) for row in rows] == names
        for row in rows[:3]:
            book.opened.deliver(row, f"copy of {row.number}")
        epochs = book.reopened().started.epochs
        assert (epochs.of(rows[3].number), len(epochs.older)) == (names[3], 1)

    def test_a_life_without_rows_leaves_no_epoch(self, book: Book) -> None:
        (row,) = book.opened.post("m1")
        first = book.opened.started.epochs.of(row.number)
        for _ in range(5):
            epochs = book.reopened().started.epochs
        assert (epochs.of(row.number), len(epochs.older)) == (first, 1)
