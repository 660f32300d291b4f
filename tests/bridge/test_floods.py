"""Allowances: what goes through, what is held, and that nobody is remembered for ever."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from bridge.config import Allowance, Limits
from bridge.floods import Floods, Held, Who, for_operator, for_readers
from bridge.ids import EventId, RoomNumber, UserId

TOWN, GARDEN = RoomNumber(1), RoomNumber(2)
ADA, BOB = UserId("ada"), UserId("bob")
Saying = tuple[float, UserId, RoomNumber]
SAYINGS = st.lists(
    st.tuples(st.sampled_from((0.0, 0.1, 1.0, 9.0)), st.sampled_from((ADA, BOB)), st.sampled_from((TOWN, GARDEN))),
    max_size=80,
)
ALLOWANCES = st.builds(lambda messages, seconds: Allowance(messages=messages, seconds=seconds), st.integers(1, 5),
                       st.sampled_from((0.5, 1.0, 10.0)))  # fmt: skip


def floods(person: Allowance | None = None, room: Allowance | None = None) -> Floods:
    made = Floods()
    made.follow({"link": Limits(person=person, room=room)})
    return made


def few(messages: int = 2, seconds: float = 10) -> Allowance:
    return Allowance(messages=messages, seconds=seconds)


def say(to: Floods, count: int, now: float = 0.0, person: UserId | None = ADA, room: RoomNumber = TOWN) -> list[bool]:
    """Which of so many messages go through."""
    begin = hash((now, person, room))
    return [to.held("link", room, person, EventId(f"{begin}:{each}"), now) is None for each in range(count)]


@given(SAYINGS, ALLOWANCES, ALLOWANCES)
def test_never_more_than_the_allowance_in_any_window(
    sayings: Sequence[Saying], person: Allowance, room: Allowance
) -> None:
    limits, now = floods(person, room), 0.0
    went: list[Saying] = []
    for number, (pause, who, where) in enumerate(sayings):
        now += pause
        if limits.held("link", where, who, EventId(str(number)), now) is None:
            went.append((now, who, where))
    for where in (TOWN, GARDEN):
        _within([at for at, _, there in went if there == where], room)
        for who in (ADA, BOB):
            _within([at for at, one, there in went if (one, there) == (who, where)], person)


def _within(times: Sequence[float], allowance: Allowance) -> None:
    pairs = zip(times, times[allowance.messages :], strict=False)
    assert all(later - earlier >= allowance.seconds - 1e-9 for earlier, later in pairs)


@given(SAYINGS, ALLOWANCES)
def test_who_says_less_than_the_allowance_is_never_held(sayings: Sequence[Saying], person: Allowance) -> None:
    limits, now = floods(person), 0.0
    said: list[Saying] = []
    for number, (pause, who, where) in enumerate(sayings):
        now += pause
        lately = [at for at, one, there in said if (one, there) == (who, where) and at > now - person.seconds]
        if len(lately) < person.messages:
            assert limits.held("link", where, who, EventId(str(number)), now) is None
            said.append((now, who, where))


@given(SAYINGS, ALLOWANCES, ALLOWANCES)
def test_who_is_not_heard_of_any_more_is_forgotten(
    sayings: Sequence[Saying], person: Allowance, room: Allowance
) -> None:
    limits, now = floods(person, room), 0.0
    for number, (pause, _, where) in enumerate(sayings):
        now += pause
        limits.held("link", where, UserId(f"somebody {number}"), EventId(str(number)), now)
    now += max(person.seconds, room.seconds)
    limits.held("link", TOWN, ADA, EventId("last"), now)
    assert len(limits) == 2


def test_nothing_is_limited_where_nothing_is_said_of_it() -> None:
    limits = floods()
    assert not limits.limits("link")
    assert all(say(limits, 1000))
    assert not len(limits)


def test_one_person_leaves_the_others_and_the_other_rooms_their_allowance() -> None:
    limits = floods(person=few())
    assert say(limits, 4) == [True, True, False, False]
    assert say(limits, 2, person=BOB) == [True, True]
    assert say(limits, 2, room=GARDEN) == [True, True]
    assert say(limits, 2, now=10.0) == [True, True]


def test_what_a_person_may_not_say_does_not_use_up_what_the_room_may() -> None:
    limits = floods(person=few(1), room=few(3))
    assert say(limits, 5) == [True, False, False, False, False]
    assert say(limits, 1, person=BOB) == [True]
    assert say(limits, 2, person=None) == [True, False]


def test_who_is_unknown_has_no_allowance_of_a_person() -> None:
    assert all(say(floods(person=few()), 10, person=None))


def test_an_event_that_is_given_again_counts_once() -> None:
    limits = floods(person=few())
    again = [limits.held("link", TOWN, ADA, EventId("same"), 0.0) for _ in range(50)]
    assert again == [None] * 50
    assert say(limits, 2) == [True, False]


def test_a_burst_is_told_once() -> None:
    limits = floods(person=few(1))

    def held(number: int, now: float) -> Held | None:
        return limits.held("link", TOWN, ADA, EventId(str(number)), now)

    firsts = [held(number, now) for number, now in enumerate((0.0, 1.0, 2.0, 10.0, 11.0, 19.0, 40.0, 41.0))]
    assert [one and one.first for one in firsts] == [None, True, False, None, False, False, None, True]


def test_an_allowance_that_stays_keeps_what_it_remembers() -> None:
    limits = floods(person=few(), room=few(5))
    say(limits, 2)
    limits.follow({"link": Limits(person=few(), room=few(50))})
    assert say(limits, 1, now=1.0) == [False]
    limits.follow({"link": Limits(person=few(3))})
    assert say(limits, 1, now=2.0) == [True]
    limits.follow({})
    assert not limits.limits("link")


def test_nobody_is_named_by_what_only_platforms_know() -> None:
    limits = floods(person=few(1), room=few(2))
    say(limits, 1)
    held = limits.held("link", TOWN, ADA, EventId("over"), 0.0)
    assert held == Held(Who.PERSON, few(1), first=True)
    assert held is not None
    assert for_readers(held, "Ada") == "Messages of Ada are held: too many at once."
    told = for_operator(held, "town", "Ada")
    assert told.startswith("Link town: Ada says more than 1 messages in 10 s.")
    assert "Ada" not in for_readers(Held(Who.ROOM, few(1), first=True), "Ada")
