"""A lane holds a window of its rows, whatever waits on disk, and never twice the same."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bridge.backlog import WINDOW, Backlog, Loaded
from bridge.errors import Rejected
from bridge.events import Deleted, Posted
from bridge.ids import MessageNumber, RoomNumber, RowNumber
from bridge.quota import Quota
from bridge.store.questions import Page
from bridge.store.rows import Row
from bridge.store.writer import Then, Writer
from tests.bridge.test_plan import DELETED, POSTED, row


class Disk:
    """A store that answers pages; it stands for the writer as well."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.asked: list[tuple[Page, Then]] = []

    def tell(self, op: Page, then: Then) -> None:
        self.asked.append((op, then))

    tell_lazily = tell

    def answer(self) -> None:
        asked, self.asked = self.asked, []
        for op, then in asked:
            then([one for one in self.rows if one.number > op.after][: op.most])


def made(loaded: Loaded | None = None) -> tuple[Backlog, Disk, Loaded]:
    disk, counted = Disk(), loaded or Loaded()
    writer: Any = disk
    assert isinstance(writer, (Writer, Disk))
    return Backlog(RoomNumber(1), writer, counted, Quota(), lambda: None), disk, counted


def numbered(number: int, event: Posted | Deleted = POSTED, **more: Any) -> Row:  # noqa: ANN401 - fields by name
    return row(event, number=RowNumber(number), **{"message": MessageNumber(number), **more})


def drained(backlog: Backlog, disk: Disk) -> list[int]:
    found = []
    while backlog:
        if backlog.first() is None:
            disk.answer()
        else:
            found.append(backlog.pop().number)
    return found


@given(st.lists(st.sampled_from(("accept", "take", "answer", "give back")), max_size=200), st.integers(0, 100))
def test_every_row_comes_once_and_in_order(acts: list[str], begin: int) -> None:
    backlog, disk, loaded = made()
    disk.rows = [numbered(number) for number in range(1, begin + 1)]
    backlog.on_disk(1)
    out: list[int] = []
    for act in acts:
        if act == "accept":
            disk.rows.append(numbered(len(disk.rows) + 1))
            backlog.feed(disk.rows[-1])
        elif act == "answer":
            disk.answer()
        elif act == "take" and backlog.first() is not None:
            out.append(backlog.pop().number)
        elif act == "give back" and out:
            backlog.put_back(disk.rows[out.pop() - 1])
        assert loaded.rows <= WINDOW + len(acts)
    assert out + drained(backlog, disk) == list(range(1, len(disk.rows) + 1))
    assert loaded.rows == 0


def test_no_more_than_a_window_is_held() -> None:
    backlog, disk, loaded = made()
    for number in range(1, 1000):
        disk.rows.append(numbered(number))
        backlog.feed(disk.rows[-1])
    assert loaded.rows == WINDOW
    assert drained(backlog, disk) == list(range(1, 1000))


def test_nothing_is_held_while_all_lanes_together_hold_too_much() -> None:
    full = Loaded(most=1)
    full.add(1)
    backlog, disk, _ = made(full)
    disk.rows = [numbered(1)]
    backlog.feed(disk.rows[0])
    assert full.rows == 1
    assert drained(backlog, disk) == [1]


def test_a_deletion_cancels_what_was_not_tried() -> None:
    backlog, _, _ = made()
    seven = MessageNumber(7)
    tried, sure, other = numbered(1, message=seven, doubtful=True), numbered(2, message=seven), numbered(3)
    for one in (tried, sure, other, numbered(4, DELETED, message=seven)):
        backlog.feed(one)
    assert [one.gone for one in (tried, sure, other)] == [False, True, False]


def test_a_deletion_that_stays_on_disk_cancels_too() -> None:
    backlog, _, _ = made()
    rows = [numbered(number) for number in range(1, WINDOW + 1)]
    for one in rows:
        backlog.feed(one)
    backlog.feed(numbered(WINDOW + 1, DELETED, message=MessageNumber(3)))
    assert [one.number for one in rows if one.gone] == [3]


def test_starting_over_reads_from_the_first_row() -> None:
    backlog, disk, loaded = made()
    disk.rows = [numbered(number) for number in (1, 2, 3)]
    for one in disk.rows[1:]:
        backlog.feed(one)
    assert backlog.start_over()
    assert loaded.rows == 0
    assert backlog.first() is None
    assert not backlog.start_over()
    disk.answer()
    assert drained(backlog, disk) == [1, 2, 3]


def test_a_page_that_cannot_be_read_leaves_the_lane_as_it_is() -> None:
    backlog, disk, _ = made()
    backlog.on_disk(1)
    assert backlog.first() is None
    disk.asked.pop()[1](Rejected("unreadable"))
    disk.rows = [numbered(1)]
    assert drained(backlog, disk) == [1]


def test_what_may_wait_is_known_without_asking() -> None:
    backlog, disk, loaded = made()
    assert not backlog.may_hold(RowNumber(1))
    backlog.feed(numbered(1))
    assert backlog.may_hold(RowNumber(1))
    backlog.on_disk(1)
    assert backlog.may_hold(RowNumber(9))
    backlog.end()
    assert (loaded.rows, bool(backlog), len(disk.asked)) == (0, False, 0)
