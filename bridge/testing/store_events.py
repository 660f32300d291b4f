"""What a store promises about events: order, repeats, positions, relations."""

from typing import Any

import pytest
from msgspec import structs

from bridge.errors import Rejected
from bridge.events import Unreacted
from bridge.ids import AccountName, MessageId, RowNumber
from bridge.store.ops import Accepted, Op, Relate, Settle
from bridge.store.questions import Page, Position, Recall, Tallies, Wanted
from bridge.store.rows import Made, Outcome, RowKind
from bridge.testing.store_kit import Book, accepting


class EventPromises:
    def test_rows_come_back_in_the_order_of_acceptance(self, book: Book) -> None:
        there = book.opened
        rows = there.accept(*(there.posted(f"m{number}", there.right, there.third) for number in range(5)))
        assert [row.number for row in rows] == sorted(row.number for row in rows)
        assert [(row.room, row.event.id) for row in rows[:3]] == [
            (there.right, "em0"), (there.third, "em0"), (there.right, "em1"),
        ]  # fmt: skip
        assert [row.event for row in there.page()] == [row.event for row in rows if row.room == there.right]

    def test_a_page_says_what_was_accepted_and_nothing_else(self, book: Book) -> None:
        (row,) = book.opened.post("m1")
        assert book.opened.page() == [row]
        assert book.reopened().page() == [row]

    def test_pages_follow_each_other_without_gap_or_overlap(self, book: Book) -> None:
        there = book.opened
        rows = there.accept(*(there.posted(f"m{number}") for number in range(10)))
        found, after = [], 0
        while page := there.page(after=after, most=3):
            found += page
            after = page[-1].number
        assert found == list(rows)

    def test_numbers_are_never_used_again(self, book: Book) -> None:
        (first,) = book.opened.post("m1")
        book.opened.deliver(first, "c1")
        (second,) = book.reopened().post("m2")
        assert second.number > first.number
        assert (second.message or 0) > (first.message or 0)
        assert second.event_number > first.event_number

    def test_a_repeated_event_is_dropped(self, book: Book) -> None:
        there = book.opened
        again = there.posted("m1")
        first: Accepted = there.ask(accepting(again, again))
        assert (len(first.rows), first.repeated) == (1, 1)
        second: Accepted = book.reopened().ask(accepting(again))
        assert (second.rows, second.repeated) == ((), 1)
        both = book.opened.store.drain([accepting(book.opened.posted("m2")), accepting(book.opened.posted("m2"))])
        assert [len(result.rows) for result in both if isinstance(result, Accepted)] == [1, 0]

    def test_a_position_is_kept_with_its_events(self, book: Book) -> None:
        account = AccountName("left")
        assert book.opened.ask(Position(account)) is None
        book.opened.accept(book.opened.posted("m1"), position="17")
        assert book.reopened().ask(Position(account)) == "17"
        book.opened.accept(position="18")
        assert book.opened.ask(Position(account)) == "18"

    def test_a_position_does_not_move_without_its_events(self, book: Book) -> None:
        there = book.opened
        bad = structs.replace(there.posted("m1"), body=b"x" * (2 << 20))
        with pytest.raises(Rejected):
            there.accept(there.posted("m0"), bad, position="17")
        assert there.ask(Position(AccountName("left"))) is None
        assert not there.page()

    @pytest.mark.parametrize("bad", [{"body": b"x" * (2 << 20)}, {"excerpt": "\ud800"}])
    def test_one_bad_event_of_a_batch_is_refused_alone(self, book: Book, bad: dict[str, Any]) -> None:
        there = book.opened
        batch: list[Op] = [accepting(there.posted(f"m{number}"), position=str(number)) for number in range(500)]
        batch[250] = accepting(structs.replace(there.posted("bad"), **bad), position="bad")
        results = there.store.drain(batch)
        assert [index for index, result in enumerate(results) if isinstance(result, Exception)] == [250]
        assert isinstance(results[250], Rejected)
        assert len(there.page(most=1000)) == 499
        assert there.ask(Position(AccountName("left"))) == "499"
        assert there.balanced()

    def test_a_bad_question_is_refused_alone(self, book: Book) -> None:
        there = book.opened
        there.post("m1")
        bad, good = there.store.drain([Recall(AccountName("\ud800"), "x", 0), Page(there.right, RowNumber(0))])
        assert isinstance(bad, Rejected)
        assert isinstance(good, list)
        assert len(good) == 1

    def test_relations_are_found_after_reopening(self, book: Book) -> None:
        (post,) = book.opened.post("m1")
        book.opened.deliver(post, "c1")
        there = book.reopened()
        (reply,) = there.post("m2", reply="m1")
        (edit, reaction) = there.accept(there.edited("e2", "m1"), there.reacted("e3", "m1", "👍"))
        assert (reply.reply, edit.message, reaction.message) == (post.message, post.message, post.message)
        (deletion,) = there.accept(there.deleted("e4", "m1"))
        assert (deletion.kind, deletion.message) == (RowKind.DELETE, post.message)
        known = there.known(post)
        assert known is not None
        assert (known.parts, known.author, known.excerpt, known.gone, known.ours, known.origin) == (
            (("c1",),), "Ada", "excerpt m1", True, True, there.left,
        )  # fmt: skip

    def test_an_edit_of_what_was_never_seen_is_a_message_that_others_find(self, book: Book) -> None:
        there = book.opened
        (edit,) = there.accept(there.edited("e1", "m0"))
        there.deliver(edit, "c0")
        there = book.reopened()
        (again, reaction) = there.accept(there.edited("e2", "m0"), there.reacted("e3", "m0", "👍"))
        assert edit.message is not None
        assert again.message == reaction.message == edit.message
        known = there.known(edit)
        assert known is not None
        assert (known.parts, known.ours) == ((("c0",),), True)

    def test_old_words_that_come_behind_their_edit_are_not_shown(self, book: Book) -> None:
        there = book.opened
        there.accept(there.edited("e1", "m1"))
        assert there.post("m1") == ()
        tallies = there.ask(Tallies())
        assert tallies[there.right, "merged:edited before"] == 1
        (other,) = there.post("m2")
        assert other.message is not None
        assert there.balanced()

    def test_a_copy_resolves_to_its_message(self, book: Book) -> None:
        there = book.opened
        (post,) = there.post("m1")
        there.deliver(post, "c1")
        from_right = structs.replace(there.edited("e2", "c1"), room=there.right)
        (edit,) = there.accept(from_right)
        assert edit.message == post.message
        known = there.known(post, there.left)
        assert known is not None
        assert (known.parts, known.ours) == ((("m1",),), False)

    def test_the_same_id_in_another_room_is_another_message(self, book: Book) -> None:
        there = book.opened
        there.post("m1")
        (reaction,) = there.accept(structs.replace(there.reacted("e2", "m1", "👍"), room=there.right))
        assert reaction.message is None

    def test_what_was_unknown_when_accepted_can_be_related_later(self, book: Book) -> None:
        there = book.opened
        (post,) = there.post("m1")
        (reaction,) = there.accept(structs.replace(there.reacted("e2", "c1", "👍"), room=there.right))
        (deletion,) = there.accept(structs.replace(there.deleted("e3", "c1"), room=there.right))
        (reply,) = there.accept(structs.replace(there.posted("m9", reply="c1"), room=there.right))
        assert there.ask(Relate(row=reaction, native=MessageId("c1"))) is None
        there.deliver(post, "c1")
        assert reaction.message is reply.reply is None
        for row in (reaction, deletion, reply):
            assert there.ask(Relate(row=row, native=MessageId("c1"))) == post.message
        assert post.message is not None
        assert there.ask(Wanted(post.message, there.left)).wanted == ("👍",)
        there = book.reopened()
        (one, two, three) = there.page()
        assert (one.message, two.message, three.reply) == (post.message,) * 3
        (gone,) = there.accept(structs.replace(there.unreacted("e4", "c2", "👍"), room=there.right))
        assert gone.message is None

    def test_a_reaction_that_is_related_late_does_not_undo_what_was_decided_since(self, book: Book) -> None:
        there = book.opened
        (post,) = there.post("m1")
        assert post.message is not None
        late, gone = (
            structs.replace(there.reacted(event, "c1", emoji), room=there.right)
            for event, emoji in (("e2", "👍"), ("e3", "🐫"))
        )
        (put,) = there.accept(late)
        (other,) = there.accept(gone)
        there.deliver(post, "c1")
        there.accept(structs.replace(there.unreacted("e4", "c1", "👍"), room=there.right))
        for row in (put, other, put):
            assert there.ask(Relate(row=row, native=MessageId("c1"))) == post.message
        wanted = Wanted(post.message, there.left)
        assert there.ask(wanted).wanted == ("🐫",)
        there.accept(structs.replace(there.unreacted("e5", "c1", "🐫"), room=there.right))
        assert there.ask(Relate(row=other, native=MessageId("c1"))) == post.message
        assert there.ask(wanted).wanted == ()

    def test_a_reaction_that_is_a_message_is_taken_back_by_its_deletion(self, book: Book) -> None:
        there = book.opened
        (post,) = there.post("m1")
        there.accept(there.reacted("e2", "m1", "👍", own="r1"))
        assert post.message is not None
        wanted = Wanted(post.message, there.right)
        assert there.ask(wanted).wanted == ("👍",)
        (row,) = there.accept(there.deleted("e3", "r1"))
        assert (row.kind, row.message) == (RowKind.UNREACT, post.message)
        assert isinstance(row.event, Unreacted)
        assert (row.event.emoji, row.event.by.name) == ("👍", "Ada")
        assert there.ask(wanted).wanted == ()

    def test_reactions_are_what_people_elsewhere_put(self, book: Book) -> None:
        there = book.opened
        (post,) = there.post("m1")
        there.accept(there.reacted("e2", "m1", "👍"), there.reacted("e3", "m1", "🐫"))
        there.accept(there.unreacted("e4", "m1", "👍"))
        (row,) = there.accept(there.reacted("e5", "m1", "🐫"))
        there.ask(Settle(row=row, outcome=Outcome.DELIVERED, made=Made(reacted=(("🐫", MessageId("r1")),))))
        assert post.message is not None
        emojis = there.ask(Wanted(post.message, there.right))
        assert (emojis.wanted, emojis.ours) == (("🐫",), {"🐫": "r1"})
        assert there.ask(Wanted(post.message, there.left)).wanted == ()
        there.ask(Settle(row=row, outcome=Outcome.DELIVERED, made=Made(unreacted=("🐫",))))
        assert there.ask(Wanted(post.message, there.right)).ours == {}
