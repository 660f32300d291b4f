"""Which answer of a server settles which line."""

import asyncio
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import Rejected, RoomClosed, Scope, Unauthorized, Unavailable, Uncertain
from bridge.ids import MessageId
from connectors.irc.receipts import ALONE_AFTER_DOUBT, Proof, Receipts, Sending

CLOSED = RoomClosed("moderated")
LOST = Unavailable("the connection is lost", scope=Scope.ACCOUNT)
Done = asyncio.Future[tuple[MessageId, ...]]


class _NoLoop(asyncio.AbstractEventLoop):
    """Futures ask it only whether it looks for mistakes, and to call back nobody."""

    def get_debug(self) -> bool:
        return False

    def call_exception_handler(self, context: object) -> None:
        """An error that a test did not look at is none of the test's."""


_LOOP = _NoLoop()


class Lines:
    """Lines under way, and how each ended: its ids, its error, or None."""

    def __init__(self, proof: Proof) -> None:
        self.receipts = Receipts(proof)
        self.done: list[Done] = []

    def say(self, room: str = "#a", words: str = "x", *, lines: int = 1, deadline: float = 30) -> int:
        self.done.append(asyncio.Future(loop=_LOOP))
        sending = Sending(lines, self.done[-1])
        return [self.receipts.expect(sending, room, words, deadline) for _ in range(lines)][-1]

    def ends(self) -> Sequence[object]:
        return [_end(each) for each in self.done]


def _end(done: Done) -> object:
    if not done.done():
        return None
    return type(done.exception()) if done.exception() else done.result()


def test_a_label_settles_its_own_line_whatever_the_order() -> None:
    lines = Lines(Proof.LABEL)
    first, second, third = lines.say(), lines.say(), lines.say()
    lines.receipts.labelled(second, MessageId("b"))
    lines.receipts.refused(CLOSED, number=third, room="#a")
    lines.receipts.labelled(first, None)
    lines.receipts.labelled(99, MessageId("nobody asked"))
    assert lines.ends() == [(), ("b",), RoomClosed]
    assert lines.receipts.fence() is None


def test_an_unlabelled_refusal_settles_nothing_where_labels_are() -> None:
    lines = Lines(Proof.LABEL)
    lines.say()
    lines.receipts.refused(CLOSED, room="#a")
    assert lines.ends() == [None]


def test_several_lines_are_one_message_with_all_their_ids() -> None:
    lines = Lines(Proof.LABEL)
    last = lines.say(lines=3)
    for number, name in ((last - 2, "a"), (last - 1, "b"), (last, "c")):
        assert lines.ends() == [None]
        lines.receipts.labelled(number, MessageId(name))
    assert lines.ends() == [("a", "b", "c")]


def test_one_refused_line_refuses_its_message() -> None:
    lines = Lines(Proof.LABEL)
    last = lines.say(lines=2)
    lines.receipts.refused(CLOSED, number=last - 1)
    lines.receipts.labelled(last, MessageId("b"))
    assert lines.ends() == [RoomClosed]


def test_echoes_settle_by_order_and_words() -> None:
    lines = Lines(Proof.ECHO)
    for room, words in (("#a", "one"), ("#b", "one"), ("#a", "two"), ("#a", "three")):
        lines.say(room, words)
    lines.receipts.echoed("#a", "two", MessageId("2"))
    lines.receipts.echoed("#a", "changed by the server", MessageId("1"))
    lines.receipts.echoed("#b", "one", None)
    lines.receipts.echoed("#c", "one", MessageId("not ours"))
    assert lines.ends() == [("1",), (), ("2",), None]


def test_a_refusal_between_echoes_hits_the_first_that_waits() -> None:
    lines = Lines(Proof.ECHO)
    for words in ("one", "two", "three"):
        lines.say("#a", words)
    lines.receipts.echoed("#a", "one", MessageId("1"))
    lines.receipts.refused(CLOSED, room="#a")
    lines.receipts.echoed("#a", "three", MessageId("3"))
    assert lines.ends() == [("1",), RoomClosed, ("3",)]


def test_what_is_not_echoed_before_its_fence_was_shown_to_nobody() -> None:
    lines = Lines(Proof.ECHO)
    number = lines.say()
    assert lines.receipts.fence() == number
    lines.receipts.passed(number)
    assert lines.ends() == [Rejected]


def test_a_fence_confirms_all_lines_before_it_and_none_behind() -> None:
    lines = Lines(Proof.FENCE)
    lines.say()
    fence = lines.say("#b")
    assert lines.receipts.fence() == fence
    assert lines.receipts.fence() is None
    lines.say()
    lines.receipts.passed(fence)
    assert lines.ends() == [(), (), None]


def test_a_refusal_before_its_fence_fails_the_line() -> None:
    lines = Lines(Proof.FENCE)
    lines.say("#a")
    fence = lines.say("#b")
    lines.receipts.refused(CLOSED, room="#a")
    assert lines.ends() == [None, None]
    lines.receipts.passed(fence)
    assert lines.ends() == [RoomClosed, ()]


def test_as_many_refusals_as_lines_are_told_apart() -> None:
    lines = Lines(Proof.FENCE)
    lines.say("#a")
    fence = lines.say("#a")
    lines.receipts.refused(CLOSED, room="#a")
    lines.receipts.refused(Rejected("a word"), room="#a")
    lines.receipts.passed(fence)
    assert lines.ends() == [RoomClosed, Rejected]


def test_a_refusal_of_one_among_several_is_doubt_and_then_each_goes_alone() -> None:
    lines = Lines(Proof.FENCE)
    lines.say("#a")
    lines.say("#b")
    fence = lines.say("#a")
    lines.receipts.refused(CLOSED, room="#a")
    lines.receipts.passed(fence)
    assert lines.ends() == [Uncertain, (), Uncertain]
    assert [lines.receipts.needs_own_fence() for _ in range(ALONE_AFTER_DOUBT + 1)] == [True] * ALONE_AFTER_DOUBT + [
        False
    ]


def test_a_refusal_that_names_no_room_may_mean_any_line() -> None:
    lines = Lines(Proof.FENCE)
    alone = lines.say()
    lines.receipts.refused(Rejected("too long"))
    lines.receipts.passed(alone)
    lines.say("#a")
    fence = lines.say("#b")
    lines.receipts.refused(Rejected("too long"))
    lines.receipts.passed(fence)
    assert lines.ends() == [Rejected, Uncertain, Uncertain]


def test_a_refusal_of_nothing_is_not_kept_for_the_next() -> None:
    lines = Lines(Proof.FENCE)
    lines.receipts.refused(CLOSED, room="#a")
    fence = lines.say()
    lines.receipts.passed(fence)
    assert lines.ends() == [()]


def test_what_waits_too_long_is_uncertain() -> None:
    lines = Lines(Proof.LABEL)
    lines.say(deadline=10)
    lines.say(deadline=20)
    lines.receipts.overdue(15)
    assert lines.ends() == [Uncertain, None]
    assert len(lines.receipts) == 1


def test_a_lost_connection_tells_written_from_unwritten() -> None:
    lines = Lines(Proof.LABEL)
    lines.say()
    lines.receipts.written()
    lines.say()
    lines.receipts.lost(LOST)
    assert lines.ends() == [Uncertain, Unavailable]
    for each in lines.done:
        error = each.exception()
        assert isinstance(error, Unavailable)
        assert error.scope is Scope.ACCOUNT


def test_refused_credentials_are_the_answer_to_all() -> None:
    lines = Lines(Proof.FENCE)
    lines.say()
    lines.receipts.written()
    lines.receipts.lost(Unauthorized("banned"))
    assert lines.ends() == [Unauthorized]


async def test_who_no_longer_waits_is_no_obstacle() -> None:
    receipts, done = Receipts(Proof.FENCE), Done()
    number = receipts.expect(Sending(1, done), "#a", "x", 30)
    done.cancel()
    receipts.passed(number)
    assert len(receipts) == 0


@given(
    proof=st.sampled_from(Proof),
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("say"), st.sampled_from("ab")),
            st.tuples(st.just("refuse"), st.sampled_from(["a", "b", ""])),
            st.tuples(st.just("echo"), st.sampled_from("ab")),
            st.tuples(st.just("pass"), st.just("")),
        ),
        max_size=30,
    ),
)
def test_every_line_ends_exactly_once_whatever_comes(proof: Proof, steps: list[tuple[str, str]]) -> None:
    lines = Lines(proof)
    last = 0
    for step, room in steps:
        match step:
            case "say":
                last = lines.say(room)
            case "refuse":
                lines.receipts.refused(CLOSED, room=room)
            case "echo":
                lines.receipts.echoed(room, "x", MessageId("m"))
            case _:
                lines.receipts.passed(last)
    waiting = sum(end is None for end in lines.ends())
    assert len(lines.receipts) == waiting
    lines.receipts.lost(LOST)
    assert None not in lines.ends()
