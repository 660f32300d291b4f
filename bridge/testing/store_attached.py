"""Promises of a store about attachments: fetched after any death, there as long as they are needed, and no longer."""

from collections.abc import Sequence

from msgspec import structs

from bridge.events import Attachment, File, Kind, Posted
from bridge.ids import AccountName, RoomNumber
from bridge.store.attached import Fetch, Fetched, Held, HeldOf, Linked, Served, Sweep, ToFetch
from bridge.store.codec import encode
from bridge.store.ops import Accepted, Settle
from bridge.store.rows import Arrival, Outcome, Row
from bridge.testing.store_kit import Book, Opened, accepting

PICTURE = Attachment(kind=Kind.IMAGE, name="camel.png", source="handle-1")
PAPER = Attachment(kind=Kind.FILE, name="paper.pdf", source="handle-2")


def _file(ident: str, mime: str = "image/png") -> File:
    return File(id=ident, kind=Kind.IMAGE, name="camel.png", mime=mime, size=3, sha256="abc")


def _with(there: Opened, *targets: RoomNumber) -> Arrival:
    """A message with two attachments."""
    arrival = there.posted("m1", *targets)
    assert isinstance(arrival.event, Posted)
    event = structs.replace(arrival.event, attachments=(PICTURE, PAPER))
    return structs.replace(arrival, event=event, body=encode(event), fetches=(0, 1))


def _accepted(there: Opened, *targets: RoomNumber) -> tuple[Sequence[Row], int]:
    accepted: Accepted = there.ask(accepting(_with(there, *targets)))
    return accepted.rows, accepted.rows[0].event_number


def _settled(there: Opened, rows: Sequence[Row]) -> None:
    for row in rows:
        there.ask(Settle(row=row, outcome=Outcome.DELIVERED))


class AttachedPromises:
    """Files themselves are none of the store's business; where they are is."""

    def test_what_is_to_be_fetched_is_stored_with_its_message(self, book: Book) -> None:
        accepted: Accepted = book.opened.ask(accepting(_with(book.opened)))
        event, account = accepted.rows[0].event_number, AccountName("left")
        wanted = tuple(
            Fetch(event=event, part=part, account=account, attachment=attachment)
            for part, attachment in enumerate((PICTURE, PAPER))
        )
        assert accepted.fetches == wanted
        assert book.reopened().ask(ToFetch()) == wanted

    def test_what_was_fetched_is_not_fetched_again(self, book: Book) -> None:
        _, event = _accepted(book.opened)
        book.opened.ask(Fetched(event=event, part=0, file=_file("one")))
        book.opened.ask(Fetched(event=event, part=1, why="it is gone"))
        there = book.reopened()
        assert there.ask(ToFetch()) == ()
        assert there.ask(HeldOf(event)) == (Held(0, (_file("one"),), forms=("",)), Held(1, (), "it is gone"))

    def test_other_forms_stand_behind_the_first(self, book: Book) -> None:
        there = book.opened
        _, event = _accepted(there)
        there.ask(Fetched(event=event, part=0, file=_file("one", "image/webp")))
        there.ask(Fetched(event=event, part=0, file=_file("two"), form="image/png"))
        assert there.ask(HeldOf(event))[0].files == (_file("one", "image/webp"), _file("two"))

    def test_a_file_stays_until_the_last_delivery_is_settled(self, book: Book) -> None:
        there = book.opened
        rows, event = _accepted(there, there.right, there.third)
        there.ask(Fetched(event=event, part=0, file=_file("one")))
        _settled(there, rows[:1])
        assert there.ask(Sweep(5000)) == {"one"}
        _settled(there, rows[1:])
        assert there.ask(Sweep(5000)) == frozenset()
        assert there.ask(ToFetch()) == ()

    def test_a_linked_file_stays_until_its_time_is_over(self, book: Book) -> None:
        there = book.opened
        rows, event = _accepted(there)
        there.ask(Fetched(event=event, part=0, file=_file("one")))
        there.ask(Linked(id="one", until=6000))
        _settled(there, rows)
        assert there.ask(Sweep(5000)) == {"one"}
        assert there.ask(Served("one", 5000)) == _file("one")
        assert there.ask(Served("one", 6001)) is None
        assert there.ask(Sweep(6001)) == frozenset()

    def test_a_file_without_a_link_is_served_to_nobody(self, book: Book) -> None:
        there = book.opened
        _, event = _accepted(there)
        there.ask(Fetched(event=event, part=0, file=_file("one")))
        assert there.ask(Served("one", 1)) is None

    def test_a_linked_file_goes_with_its_message(self, book: Book) -> None:
        there = book.opened
        rows, event = _accepted(there)
        there.ask(Fetched(event=event, part=0, file=_file("one")))
        there.ask(Linked(id="one", until=6000))
        _settled(there, rows)
        taken_back = there.accept(there.deleted("d1", "m1"))
        assert there.ask(Served("one", 5000)) is None
        _settled(there, taken_back)
        assert there.ask(Sweep(5000)) == frozenset()
