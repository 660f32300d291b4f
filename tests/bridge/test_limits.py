"""Rates, loops, routes and backlogs: small state, tried with any order of events."""

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.capabilities import Rate
from bridge.config import Link
from bridge.errors import Scope
from bridge.ids import AccountName, Place, Room, RoomId, RoomNumber, ThreadId
from bridge.limits import Limiter
from bridge.loops import LABELLED, WINDOW_SECONDS, Breaker, essence
from bridge.routing import Atlas, Heard, routes
from bridge.text.nodes import said

ROOMS = st.builds(Rate, st.just(Scope.ROOM), st.integers(1, 5), st.sampled_from((0.5, 1.0, 7.0, 60.0)))


@given(st.lists(ROOMS, min_size=1, max_size=3), st.lists(st.floats(0, 20), max_size=60))
def test_never_more_than_the_count_in_any_window(rates: Sequence[Rate], pauses: Sequence[float]) -> None:
    limiter, now, starts = Limiter(rates, Scope.ROOM), 0.0, []
    for pause in pauses:
        now += pause
        now += limiter.delay(now)
        if limiter.delay(now) > 0:
            now += 1e-6
        limiter.start(now)
        starts.append(now)
    for rate in rates:
        pairs = zip(starts, starts[rate.count :], strict=False)
        assert all(later - earlier >= rate.seconds - 1e-6 for earlier, later in pairs)


def test_a_burst_goes_at_once() -> None:
    limiter = Limiter([Rate(Scope.ROOM, 3, 10.0)], Scope.ROOM)
    for _ in range(3):
        assert limiter.delay(5.0) == 0
        limiter.start(5.0)
    assert limiter.delay(6.0) == 9.0


def test_rates_of_another_scope_do_not_count() -> None:
    limiter = Limiter([Rate(Scope.ACCOUNT, 1, 10.0)], Scope.ROOM)
    limiter.start(0)
    assert limiter.delay(0) == 0


def test_a_rate_that_stays_keeps_what_it_remembers() -> None:
    kept, other = Rate(Scope.ROOM, 1, 10.0), Rate(Scope.ROOM, 1, 99.0)
    limiter = Limiter([kept], Scope.ROOM)
    limiter.start(0)
    assert limiter.changed([kept, other]).delay(1) == 9
    assert limiter.changed([other]).delay(1) == 0


A, B, C = RoomNumber(1), RoomNumber(2), RoomNumber(3)


def test_words_that_bounce_trip_the_breaker() -> None:
    breaker = Breaker()
    trips = [breaker.trips(*pair, "hi", at) for at, pair in enumerate([(A, B), (B, A)] * 3)]
    assert trips == [False] * 3 + [True] * 3


def test_words_with_a_name_in_front_trip_before_a_third_copy() -> None:
    breaker = Breaker()
    trips = [breaker.trips(*pair, "hi", at, LABELLED) for at, pair in enumerate([(A, B), (B, A)] * 2)]
    assert trips == [False, False, True, True]


def test_words_said_again_by_the_same_room_do_not_trip() -> None:
    breaker = Breaker()
    assert not any(breaker.trips(A, B, "hi", 0) for _ in range(100))


def test_words_between_other_rooms_do_not_count() -> None:
    breaker = Breaker()
    for _ in range(10):
        breaker.trips(A, B, "hi", 0)
        assert not breaker.trips(A, C, "hi", 0)


def test_a_breaker_forgets_after_its_window() -> None:
    breaker = Breaker()
    for at in range(10):
        origin, target = (A, B) if at % 2 else (B, A)
        assert not breaker.trips(origin, target, "hi", at * (WINDOW_SECONDS / 2))


def test_a_breaker_remembers_only_so_many() -> None:
    breaker = Breaker()
    for number in range(5000):
        breaker.trips(A, B, str(number), 0)
    assert len(breaker._trails) <= 4096


@pytest.mark.parametrize(
    "words", ["Hello  World", "Ada: hello world", "<Ada> Hello world", "[tg] Ada: hello\nworld", "* Ada> hello world"]
)
def test_labels_do_not_change_the_essence(words: str) -> None:
    assert essence(said(words)) == "hello world"


def room(account: str, name: str = "town") -> Room:
    return Room(AccountName(account), name)


def test_everybody_hears_everybody_but_oneself() -> None:
    a, b, c = room("a"), room("b"), room("c")
    link = Link(name="one", sources=(a, b, c), targets=(a, b, c))
    found = routes([link], {a: A, b: B, c: C})
    assert found == {A: (Heard(B, "one"), Heard(C, "one")), B: (Heard(A, "one"), Heard(C, "one")),
                     C: (Heard(A, "one"), Heard(B, "one"))}  # fmt: skip


def test_a_room_in_two_links_hears_once_and_links_are_not_joined() -> None:
    a, b, c = room("a"), room("b"), room("c")
    links = [Link(name="one", sources=(a,), targets=(b,)), Link(name="two", sources=(a, b), targets=(b, c))]
    found = routes(links, {a: A, b: B, c: C})
    assert found == {A: (Heard(B, "one"), Heard(C, "two")), B: (Heard(C, "two"),)}


def test_a_thread_wins_over_its_room() -> None:
    atlas, account = Atlas(), AccountName("tg")
    assert atlas.pin(account, Place(RoomId("x")), A) is None
    assert atlas.pin(account, Place(RoomId("x"), ThreadId("7")), B) is None
    assert atlas.find(account, RoomId("x"), ThreadId("7")) == B
    assert atlas.find(account, RoomId("x"), ThreadId("8")) == A
    assert atlas.find(account, RoomId("x"), None) == A
    assert atlas.find(AccountName("other"), RoomId("x"), None) is None
    assert set(atlas.all_in(account, RoomId("x"))) == {A, B}


def test_two_rooms_are_never_pinned_to_one_place() -> None:
    atlas, account, place = Atlas(), AccountName("tg"), Place(RoomId("x"))
    atlas.pin(account, place, A)
    assert atlas.pin(account, place, B) == A
    assert atlas.place(B) is None
    atlas.unpin(A)
    atlas.unpin(A)
    assert atlas.pin(account, place, B) is None
    assert atlas.pin(account, Place(RoomId("y")), B) is None
    assert atlas.find(account, RoomId("x"), None) is None
    assert atlas.place(B) == Place(RoomId("y"))


def test_what_is_left_of_a_window_is_spread_over_it() -> None:
    limiter = Limiter([Rate(Scope.ROOM, 20, 60.0)], Scope.ROOM)
    now, starts = 0.0, []
    for _ in range(40):
        now += limiter.paced(now)
        limiter.start(now)
        starts.append(now)
    assert starts[:5] == [0.0] * 5
    assert all(later - earlier <= 4.0 for earlier, later in itertools.pairwise(starts))
    assert all(later - earlier >= 60.0 for earlier, later in zip(starts, starts[20:], strict=False))


def test_a_small_window_is_not_spread() -> None:
    limiter = Limiter([Rate(Scope.ROOM, 3, 10.0)], Scope.ROOM)
    limiter.start(0.0)
    assert limiter.paced(0.0) == 0.0
    assert Limiter((), Scope.ROOM).paced(0.0) == 0.0
