"""What a store promises about moderation: decisions stay, deeds are told, copies are asked back once."""

from bridge.ids import AccountName, MessageId, PersonNumber, Room, RoomNumber, UserId
from bridge.store.bonds import Bind, Bond, Bonds, Propose, Unbind
from bridge.store.care import (
    Called,
    Decide,
    Deed,
    Deeds,
    HeldRow,
    HeldRows,
    Meant,
    Note,
    Retract,
    Retracted,
    Revoke,
    Ruled,
    Ruling,
    Rulings,
    Standing,
    Unremoved,
    Who,
)
from bridge.store.ops import Forget, Op, Park, Settle
from bridge.store.people import Holdings
from bridge.store.questions import About
from bridge.store.rows import Outcome, RowKind
from bridge.testing.store_kit import ADA, Book, Opened, purging

_LEFT = AccountName("left")
_MUTE = Decide(kind=Ruled.MUTE, link="town", at=7, person=PersonNumber(1))


def asked_of_care(room: RoomNumber) -> tuple[Op, ...]:
    """One of each operation."""
    return (
        Decide(kind=Ruled.PAUSE, link="town", at=1), Revoke((9,)), Rulings(), Deeds(), Meant(room, MessageId("m1")),
        Note(at=1, link="town", room=room, actor="Mo", did="mute"), Called((_LEFT,), "Ada"), Unremoved(1),
        Retract(purge=1, at=1, person=PersonNumber(99)), HeldRows(rooms=(room,), reasons=("held",)),
        Propose(room=Room(_LEFT, "x"), code="c", until=9), Bind(9, Room(_LEFT, "x")), Unbind(Room(_LEFT, "x")),
        Bonds(1),
    )  # fmt: skip


def _retracted(there: Opened, op: Retract) -> Retracted:
    found: Retracted = there.ask(op)
    return found


class CarePromises:
    """Inherited by `StoreContract`."""

    def test_a_decision_stays_until_it_is_taken_back(self, book: Book) -> None:
        there = book.opened
        there.post("m1")
        made: Ruling = there.ask(_MUTE)
        assert (made.name, made.account, made.native) == ("Ada", _LEFT, there.store.alias(_LEFT, ADA.id))
        paused: Ruling = there.ask(Decide(kind=Ruled.PAUSE, link="town", room=there.right, at=8))
        assert (paused.native, paused.room) == (None, there.right)
        assert book.reopened().ask(Rulings()) == (made, paused)
        book.opened.ask(Revoke((made.number,)))
        assert book.reopened().ask(Rulings()) == (paused,)

    def test_somebody_the_store_never_saw_is_known_again(self, book: Book) -> None:
        there = book.opened
        op = Decide(kind=Ruled.OPTOUT, link="", at=1, account=_LEFT, user=UserId("u9"))
        made: Ruling = there.ask(op)
        assert made.native == there.store.alias(_LEFT, "u9")
        assert made.name == ""

    def test_a_decision_outlives_that_somebody_is_forgotten_and_their_name_does_not(self, book: Book) -> None:
        there = book.opened
        there.post("m1")
        made: Ruling = there.ask(_MUTE)
        there.ask(Note(at=1, link="town", room=None, actor="Mo", did="mute", about="Ada", person=PersonNumber(1)))
        there.ask(Forget(person=PersonNumber(1), at=9))
        (kept,) = there.ask(Rulings())
        assert (kept.native, kept.name) == (made.native, "")
        (deed,) = there.ask(Deeds())
        assert (deed.did, deed.about) == ("mute", "")

    def test_deeds_are_told_newest_first(self, book: Book) -> None:
        there = book.opened
        first: int = there.ask(Note(at=1, link="town", room=there.left, actor="Mo", did="mute", about="Ada"))
        there.ask(Note(at=2, link="town", room=None, actor="Jo", did="pause"))
        found: tuple[Deed, ...] = book.reopened().ask(Deeds())
        assert [(one.actor, one.did, one.room) for one in found] == [("Jo", "pause", ""), ("Mo", "mute", "left/town")]
        assert found[1].number == first
        assert book.opened.ask(Deeds(most=1)) == found[:1]

    def test_who_is_meant_is_found_by_any_copy_by_name_by_number_and_by_id(self, book: Book) -> None:
        there = book.opened
        (row,) = there.post("m1")
        there.deliver(row, "copy")
        for room, native in ((there.left, "m1"), (there.right, "copy")):
            who: Who = there.ask(Meant(room, MessageId(native)))
            assert (who.person, who.name, who.room, who.message) == (1, "Ada", there.left, row.message)
            assert who.excerpt == "excerpt m1"
        assert there.ask(Meant(there.right, MessageId("m1"))) is None
        for question in (Called((_LEFT,), "ADA"), Called((), person=who.person), Called((_LEFT,), user=ADA.id)):
            assert [one.name for one in there.ask(question)] == ["Ada"]
        assert there.ask(Called((AccountName("right"),), "Ada")) == ()

    def test_all_that_somebody_wrote_lately_is_asked_back_wherever_it_is(self, book: Book) -> None:
        there = book.opened
        (old,) = there.post("m1", at=1000)
        (shown, waits) = there.post("m2", there.right, there.third, at=5000)
        for row, copy in ((old, "c1"), (shown, "c2")):
            there.deliver(row, copy)
        found = _retracted(there, Retract(purge=4, at=9, person=PersonNumber(1), since=2000))
        assert found == Retracted(2, (there.right, there.third))
        for room in (there.right, there.third):
            row = there.page(room)[-1]
            assert (row.kind, row.message, row.link) == (RowKind.DELETE, waits.message, "(purge 4)")
        assert there.balanced()

    def test_copies_in_one_room_are_asked_back_there_alone(self, book: Book) -> None:
        there = book.opened
        rows = there.post("m1", there.right, there.third)
        for row in rows:
            there.deliver(row, f"c{row.room}")
        found = _retracted(there, Retract(purge=1, at=9, message=rows[0].message, room=there.third))
        assert found == Retracted(1, (there.third,))
        known = there.known(rows[0])
        assert known is not None
        assert not known.gone

    def test_what_could_not_be_removed_is_told(self, book: Book) -> None:
        there = book.opened
        for row in (*there.post("m1", there.right, there.third), *there.post("m2")):
            there.deliver(row, f"c{row.number}")
        there.ask(Note(at=1, link="town", room=None, actor="Mo", did="purge"))
        _retracted(there, Retract(purge=1, at=9, person=PersonNumber(1)))
        first, second = there.page()
        (other,) = there.page(there.third)
        assert there.ask(Unremoved(1)) == Standing(3, ())
        there.ask(Settle(row=first, outcome=Outcome.DROPPED, cause="too old"))
        there.ask(Settle(row=second, outcome=Outcome.DELIVERED))
        there.ask(Park(row=other, reason="rejected", error="", at=1))
        left = (("right/town", "too old", 1), ("third/town", "rejected", 1))
        assert book.reopened().ask(Unremoved(1)) == Standing(0, left)
        assert book.opened.ask(Deeds())[0].unremoved == 1

    def test_what_waits_for_a_moderator_is_found_by_reason_message_and_person(self, book: Book) -> None:
        there = book.opened
        rows = [there.post(f"m{number}")[0] for number in range(3)]
        for row, reason in zip(rows, ("held", "rejected", "held"), strict=True):
            there.ask(Park(row=row, reason=reason, error="", at=1))
        question = HeldRows(rooms=(there.right,), reasons=("held",))
        found: tuple[HeldRow, ...] = there.ask(question)
        assert [one.row for one in found] == [rows[0].number, rows[2].number]
        assert (found[0].source, found[0].author, found[0].excerpt) == (there.left, "Ada", "excerpt m0")
        (one,) = there.ask(HeldRows(rooms=(there.right,), reasons=("held",), message=rows[2].message))
        assert one.row == rows[2].number
        assert there.ask(HeldRows(rooms=(there.right,), reasons=("held",), person=PersonNumber(9))) == ()
        assert there.ask(HeldRows(rooms=(there.third,), reasons=("held",))) == ()

    def test_rooms_are_bound_by_a_code_once_and_leave_again(self, book: Book) -> None:
        here, there, later = (Room(_LEFT, name) for name in ("here", "there", "later"))
        number: int = book.opened.ask(Propose(room=here, code="abc", until=100))
        book.opened.ask(Propose(room=there, code=None, until=100))
        assert [one.code for one in book.opened.ask(Bonds(100))] == [None, None]
        assert [(one.code, one.rooms) for one in book.reopened().ask(Bonds(99))] == [("abc", (here,)), (None, (there,))]
        book.opened.ask(Bind(number, there))
        assert book.reopened().ask(Bonds(1000)) == (Bond(number=number, rooms=(here, there)),)
        book.opened.ask(Propose(room=later, code="def", until=2000))
        book.opened.ask(Propose(room=later, code="ghi", until=2000))
        assert [one.code for one in book.opened.ask(Bonds(1000))] == [None, "ghi"]
        book.opened.ask(Unbind(here))
        assert [one.rooms for one in book.reopened().ask(Bonds(1000))] == [(later,)]

    def test_deeds_are_purged_when_their_time_is_over(self, book: Book) -> None:
        there = book.opened
        for at in (1000, 5000):
            there.ask(Note(at=at, link="town", room=None, actor="Mo", did="pause"))
        there.ask(purging(9000, deeds_before=5000))
        assert [one.at for one in book.reopened().ask(Deeds())] == [5000]

    def test_what_is_held_about_somebody_tells_what_was_decided_about_them(self, book: Book) -> None:
        there = book.opened
        there.post("m1")
        there.ask(_MUTE)
        there.ask(Note(at=9, link="town", room=None, actor="Mo", did="purge 2 h", about="Ada", person=PersonNumber(1)))
        held: Holdings = there.ask(About(PersonNumber(1)))
        assert [(one.what, one.at) for one in held.decided] == [("mute", 7), ("purge 2 h", 9)]
