"""What follows each error, under each policy; how long to wait."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.after import Again, Closed, GiveUp, Refit, Stop, Tries, after
from bridge.backoff import asked, wait
from bridge.errors import (
    BridgeError,
    Feature,
    Rejected,
    RoomClosed,
    Scope,
    StoreFull,
    Unauthorized,
    Unavailable,
    Uncertain,
    Unsupported,
)  # fmt: skip

POLICIES = ("retry", "detect", "hold")
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def tries(
    policy: str = "retry",
    failures: int = 0,
    undeclared: int = 0,
    since: float = 0.0,
    others: frozenset[str] = frozenset(),
) -> Tries:
    return Tries(
        failures=failures, undeclared=undeclared, since=since, others_succeed="succeed" in others, policy=policy,
        fraction=0.5,
    )  # fmt: skip


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Unavailable("down"), Again(0.5, Scope.ROOM, "down")),
        (Unavailable("slow down", retry_after=7.0), Again(7.0, Scope.ROOM, "slow down")),
        (Unavailable("all of you", retry_after=7, scope=Scope.ACCOUNT), Again(7.0, Scope.ACCOUNT, "all of you")),
        (Unavailable("absurd", retry_after=1e9), Again(3600.0, Scope.ROOM, "absurd")),
        (Unavailable("negative", retry_after=-1), Again(0.5, Scope.ROOM, "negative")),
        (StoreFull("full"), Again(0.5, Scope.ROOM, "full")),
        (Rejected("never"), GiveUp("rejected", "never")),
        (Unsupported(Feature.EDIT), Refit(Feature.EDIT)),
        (RoomClosed("kicked"), Closed("kicked", None)),
        (RoomClosed("window", until=NOON), Closed("window", NOON)),
        (Unauthorized("revoked"), Stop("revoked")),
        (BridgeError("something"), Again(0.5, Scope.ROOM, "something")),
    ],
)
def test_what_the_platform_says_is_done_whatever_the_policy(error: Exception, expected: object, policy: str) -> None:
    assert after(error, tries(policy)) == expected


@pytest.mark.parametrize("policy", ["retry", "detect"])
def test_an_unknown_outcome_is_tried_again(policy: str) -> None:
    assert after(Uncertain("lost"), tries(policy)) == Again(0.5, Scope.ROOM, "lost", doubtful="yes")
    found = after(Uncertain("lost", retry_after=9, scope=Scope.ACCOUNT), tries(policy))
    assert found == Again(9.0, Scope.ACCOUNT, "lost", doubtful="yes")


@pytest.mark.parametrize(("error", "why"), [(Uncertain("lost"), "lost"), (KeyError("x"), "KeyError in the connector")])
def test_an_unknown_outcome_is_held_where_the_account_says_so(error: Exception, why: str) -> None:
    assert after(error, tries("hold")) == GiveUp("unknown outcome", why)


@pytest.mark.parametrize(
    ("undeclared", "since", "others", "ends"),
    [
        (0, 0.0, "", "again"),
        (1, 100.0, "succeed", "again"),
        (2, 59.0, "succeed", "again"),
        (2, 60.0, "succeed", "parked"),
        (2, 9999.0, "", "again"),
        (10, 9999.0, "", "again"),
        (11, 0.0, "", "parked"),
    ],
)
def test_an_undeclared_error_is_tried_three_times_or_twelve(
    undeclared: int, since: float, others: str, ends: str
) -> None:
    found = after(ValueError("words"), tries(undeclared=undeclared, since=since, others=frozenset({others})))
    if ends == "parked":
        assert found == GiveUp("fails", "ValueError in the connector")
    else:
        assert found == Again(0.5, Scope.ROOM, "ValueError in the connector", "attempt", "yes")


def test_words_of_an_undeclared_error_are_not_shown() -> None:
    """They may hold a message, or a token."""
    assert "secret" not in repr(after(ValueError("secret"), tries()))


@given(st.integers(0, 10_000), st.floats(0, 1, exclude_max=True))
def test_a_wait_is_jittered_and_capped(failures: int, fraction: float) -> None:
    assert 0 <= wait(failures, fraction) <= min(300.0, 2.0 ** min(failures, 20))


def test_a_wait_doubles() -> None:
    assert [wait(failures, 0.5) for failures in range(5)] == [0.5, 1, 2, 4, 8]
    assert wait(100, 0.5) == 150
    assert wait(3, 0.5, base=10, cap=20) == 10


@pytest.mark.parametrize(
    ("told", "sane"),
    [
        (None, None), (3, 3.0), (0, 0.0), (-1, None), (1e9, 3600.0), (float("inf"), 3600.0), (float("nan"), None),
        ("x", None), ("5", None),
    ],
)  # fmt: skip
def test_what_a_platform_asks_is_made_sane(told: object, sane: float | None) -> None:
    assert asked(told) == sane


@pytest.mark.parametrize("error", [Unavailable("now", retry_after=0.0), Uncertain("now", retry_after=0.5)])
def test_who_says_at_once_again_and_again_is_asked_later_and_later(error: Unavailable) -> None:
    waits = [after(error, tries(failures=failures)) for failures in range(8)]
    seconds = [one.seconds for one in waits if isinstance(one, Again)]
    assert seconds[:3] == [error.retry_after] * 3
    assert seconds[3:] == [4.0, 8.0, 16.0, 32.0, 64.0]
