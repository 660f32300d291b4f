"""What a store promises about private conversations."""

from typing import Any

from msgspec import structs

from bridge.ids import AccountName, MessageId, MessageNumber, RoomId, RoomNumber, ThreadId, UserId
from bridge.store.conversations import (
    Conversation,
    Converse,
    Due,
    Join,
    LastHeard,
    Meet,
    Overhear,
    Overheard,
    Plant,
    Private,
    Privates,
    State,
    Talk,
    TalkOf,
    Turn,
    Uproot,
)
from bridge.store.ops import Accept, Settle
from bridge.store.questions import Depths, Known, Twins
from bridge.store.rows import Copy, Made, Outcome, Row, TwinKind
from bridge.testing.store_kit import Book, Opened

_LEFT = AccountName("left")
_ADA, _BOB = RoomId("380501111111"), RoomId("380502222222")
_THREAD = ThreadId("\x1fdesk 2 1")


def _talk(there: Opened, native: RoomId, title: str = "Ada") -> Conversation:
    op = Converse(account=_LEFT, native=native, desk="help", agents=there.right, title=title)
    talk: Conversation = there.ask(op)
    return talk


def _turned(there: Opened, turn: Turn) -> None:
    there.ask(Accept(account=_LEFT, arrivals=(), at=1, turns=(turn,)))


def _thread(there: Opened, row: Row) -> ThreadId | None:
    """What stands for a message in the agents' room."""
    assert row.message is not None
    known: dict[MessageNumber, Known] = there.ask(Twins(there.right, (row.message,)))
    return known[row.message].thread


def _delivered(there: Opened, row: Row, native: str) -> None:
    made = Made((Copy(0, MessageId(native)),))
    there.ask(Settle(row=row, outcome=Outcome.DELIVERED, made=made))


class DeskPromises:
    """Inherited by `StoreContract`."""

    def test_a_private_room_has_one_number(self, book: Book) -> None:
        there = book.opened
        met: Private = there.ask(Meet(account=_LEFT, native=_ADA))
        other: Private = there.ask(Meet(account=_LEFT, native=_BOB))
        assert other.room not in {met.room, there.left, there.right, there.third}
        again: Private = book.reopened().ask(Meet(account=_LEFT, native=_ADA))
        assert (again.room, again.native) == (met.room, _ADA)

    def test_a_conversation_is_begun_once(self, book: Book) -> None:
        there = book.opened
        assert there.ask(Talk(account=_LEFT, native=_ADA)) is None
        begun, other = _talk(there, _ADA), _talk(there, _BOB, "Bob")
        assert begun.number != other.number
        assert begun.rooms[0].native == _ADA
        there = book.reopened()
        assert _talk(there, _ADA, "someone else") == begun
        assert there.ask(Talk(account=_LEFT, native=_ADA)) == begun
        assert there.ask(TalkOf(number=begun.number)) == begun
        assert there.ask(TalkOf(room=begun.rooms[0].room)) == begun

    def test_a_turn_changes_only_what_it_sets(self, book: Book) -> None:
        there = book.opened
        talk = _talk(there, _ADA)
        _turned(there, Turn(conversation=talk.number, waits_since=5, greeted_at=6))
        _turned(there, Turn(conversation=talk.number, state=State.CLOSED, waits_since=None))
        found: Conversation = book.reopened().ask(TalkOf(number=talk.number))
        assert (found.state, found.waits_since, found.greeted_at) == (State.CLOSED, None, 6)

    def test_what_comes_again_turns_nothing(self, book: Book) -> None:
        there = book.opened
        talk = _talk(there, _ADA)
        said = structs.replace(there.posted("m1", there.right), room=talk.rooms[0].room)
        wrote = Turn(conversation=talk.number, state=State.OPEN, waits_since=5)
        there.ask(Accept(account=_LEFT, arrivals=(said,), at=1, turns=(wrote,)))
        _turned(there, Turn(conversation=talk.number, state=State.CLOSED, waits_since=None))
        there.ask(Accept(account=_LEFT, arrivals=(said,), at=2, turns=(wrote,)))
        found: Conversation = there.ask(TalkOf(number=talk.number))
        assert (found.state, found.waits_since) == (State.CLOSED, None)

    def test_what_a_person_wrote_last_is_known(self, book: Book) -> None:
        there = book.opened
        room = _talk(there, _ADA).rooms[0].room
        assert there.ask(LastHeard(room)) is None
        for native in ("m1", "m2"):
            there.accept(structs.replace(there.posted(native, there.right), room=room))
        (answer,) = there.accept(structs.replace(there.posted("a1", room), room=there.right))
        _delivered(there, answer, "copy")
        assert book.reopened().ask(LastHeard(room)) == "m2"

    def test_who_claims_is_known_by_an_alias(self, book: Book) -> None:
        there = book.opened
        talk = _talk(there, _ADA)
        claim = Turn(conversation=talk.number, claimed_by=UserId("u7"), by_account=_LEFT, claimant="Ada", claimed_at=9)
        _turned(there, claim)
        found: Conversation = book.reopened().ask(TalkOf(number=talk.number))
        speaker: Overheard = book.opened.ask(Overhear(account=_LEFT, room=there.right, speaker=UserId("u7")))
        assert (found.claimed_by, found.claimant, found.claimed_at) == (speaker.speaker, "Ada", 9)

    def test_the_room_last_written_in_comes_first(self, book: Book) -> None:
        there = book.opened
        talk, other = _talk(there, _ADA), _talk(there, _BOB)
        joined: Conversation = there.ask(Join(conversation=talk.number, other=other.number, thread=_THREAD))
        assert {private.native for private in joined.rooms} == {_ADA, _BOB}
        room = next(private.room for private in joined.rooms if private.native == _BOB)
        _turned(there, Turn(conversation=talk.number, heard=room, heard_at=7, window_until=99))
        found: Conversation = there.ask(TalkOf(number=talk.number))
        assert (found.rooms[0].native, found.rooms[0].window_until) == (_BOB, 99)
        assert there.ask(TalkOf(number=other.number)) is None

    def test_another_thread_may_stand_for_a_conversation(self, book: Book) -> None:
        there = book.opened
        talk = _talk(there, _ADA)
        (row,) = there.accept(structs.replace(there.posted("r1"), room=talk.rooms[0].room))
        there.ask(Settle(row=row, outcome=Outcome.DELIVERED, made=Made((Copy(0, MessageId("t1"), TwinKind.THREAD),))))
        _turned(there, Turn(conversation=talk.number, heard=talk.rooms[0].room, heard_at=1, root=ThreadId("r1")))
        assert _thread(there, row) == "t1"
        there.ask(Uproot(room=there.right, native=MessageId("t1")))
        there = book.reopened()
        assert _thread(there, row) is None
        assert row.message is not None
        there.ask(Plant(room=there.right, message=row.message, native=MessageId("t2")))
        there.ask(Plant(room=there.right, message=row.message, native=MessageId("t3")))
        assert _thread(there, row) == "t3"
        for old in ("t1", "t2", "t3"):
            found: Overheard = there.ask(Overhear(account=_LEFT, room=there.right, thread=ThreadId(old)))
            assert found.conversation is not None
            assert found.conversation.number == talk.number

    def test_a_message_finds_its_conversation_from_both_sides(self, book: Book) -> None:
        there = book.opened
        talk = _talk(there, _ADA)
        room = talk.rooms[0].room
        said = structs.replace(there.posted("m1", there.right), room=room)
        (row,) = there.accept(said)
        _delivered(there, row, "c1")
        found: Overheard = there.ask(Overhear(account=_LEFT, room=there.right, about=MessageId("c1")))
        assert found.conversation is not None
        assert (found.conversation.number, found.theirs) == (talk.number, True)
        assert found.place is not None
        assert found.place.native == _ADA
        (answer,) = there.accept(structs.replace(there.posted("a1", room), room=there.right))
        waiting: Overheard = there.ask(Overhear(account=_LEFT, room=there.right, about=MessageId("a1")))
        _delivered(there, answer, "p1")
        gone: Overheard = there.ask(Overhear(account=_LEFT, room=there.right, about=MessageId("a1")))
        for one in (waiting, gone):
            assert [private.room for private in one.sent] == [room]
            assert not one.theirs

    def test_rows_that_wait_for_a_person_are_found(self, book: Book) -> None:
        there = book.opened
        room = _talk(there, _ADA).rooms[0].room
        _talk(there, _BOB)
        there.accept(there.posted("a1", room))
        found: tuple[Private, ...] = book.reopened().ask(Privates())
        assert [(one.room, one.native, one.waiting) for one in found] == [(room, _ADA, 1)]
        assert there_of(book, room) == there_of(book, None) == 1

    def test_no_private_room_is_told_of_alone(self, book: Book) -> None:
        there = book.opened
        room = _talk(there, _ADA).rooms[0].room
        _talk(there, _BOB)
        there.accept(there.posted("a1", room))
        records: Any = book.opened.ask(Depths())
        (private,) = (record for record in records if record.private)
        assert (private.private, private.waiting, private.native) == (2, 1, None)
        assert _ADA not in repr(records)
        assert there.balanced()

    def test_who_waits_too_long_is_found_until_told(self, book: Book) -> None:
        there = book.opened
        talk, _ = _talk(there, _ADA), _talk(there, _BOB)
        _turned(there, Turn(conversation=talk.number, waits_since=100))
        assert there.ask(Due(desk="help", what="waiting", before=99)) == ()
        (due,) = there.ask(Due(desk="help", what="waiting", before=100))
        assert due.number == talk.number
        _turned(there, Turn(conversation=talk.number, alarmed=1))
        assert there.ask(Due(desk="help", what="waiting", before=100)) == ()

    def test_a_closing_window_is_found_until_told(self, book: Book) -> None:
        there = book.opened
        talk = _talk(there, _ADA)
        room = talk.rooms[0].room
        _turned(there, Turn(conversation=talk.number, waits_since=1, heard=room, heard_at=1, window_until=100))
        assert there.ask(Due(desk="help", what="closing", before=99)) == ()
        assert len(there.ask(Due(desk="help", what="closing", before=100, after=50))) == 1
        _turned(there, Turn(conversation=talk.number, warned=room))
        assert there.ask(Due(desk="help", what="closing", before=100, after=50)) == ()


def there_of(book: Book, room: RoomNumber | None) -> int:
    """How many private rooms have rows that wait: of one, or of all."""
    return len(book.opened.ask(Privates(None if room is None else (room,))))
