"""What of an announcement needs somebody: each fault is planted, and what goes well needs nobody."""

import pytest
from msgspec.structs import replace

from bridge.announcing.oversight import LATE_MS, LONG_MS, needs, waiting
from bridge.ids import AccountName
from bridge.store.announced import Count, Course, Progress, Reach, Share, Stage, What
from bridge.store.overseen import Overseen

NOW = 10 * LONG_MS
V = AccountName("viber")
GOING = (Share(account=V, state=Course.GOING),)
GOOD = Overseen(
    number=7, name="office", what=What.ANNOUNCE, about=None, stage=Stage.GOING, at=NOW - LONG_MS, begun=NOW - LONG_MS,
    progress=Progress(counts=(Count(V, Reach.DELIVERED, 9), Count(V, Reach.WAITS, 3)), shares=GOING),
)  # fmt: skip


def counted(*counts: Count, state: Course = Course.THROUGH, why: str = "", left: int = 0) -> Overseen:
    shares = (Share(account=V, state=state, why=why, left=left),)
    return replace(GOOD, stage=Stage.DONE, progress=Progress(counts=counts, shares=shares))


@pytest.mark.parametrize(
    ("planted", "words"),
    [
        (GOOD, ""),
        (replace(GOOD, begun=NOW - LONG_MS - 1), "has been going for an hour, and 3 wait"),
        (replace(GOOD, begun=NOW - 3 * LONG_MS), "has been going for 3 hours, and 3 wait"),
        (replace(GOOD, begun=0, progress=Progress(counts=GOOD.progress.counts[:1], shares=GOING)), ""),
        (replace(GOOD, stage=Stage.APPROVED, due=NOW - LATE_MS), ""),
        (replace(GOOD, stage=Stage.APPROVED, due=NOW - LATE_MS - 1), "did not begin when it was due"),
        (counted(Count(V, Reach.UNKNOWN, 3)), "may have reached 3 on viber, or not"),
        (counted(Count(V, Reach.LOST, 1)), "did not reach 1 on viber after all"),
        (counted(Count(V, Reach.REFUSED, 1), Count(V, Reach.CLOSED, 2)), ""),
        (counted(Count(V, Reach.ACCEPTED, 5)), ""),
        (counted(Count(V, Reach.UNCONFIRMED, 5)), "went to 5 on viber, which said in time of nobody"),
        (counted(Count(V, Reach.DELIVERED, 1), Count(V, Reach.UNCONFIRMED, 5)), ""),
        (counted(state=Course.STOPPED, why="its budget is used up"), "was stopped at viber: its budget is used up"),
    ],
)
def test_what_needs_somebody_says_what_to_do(planted: Overseen, words: str) -> None:
    found = list(needs(planted, NOW))
    assert len(found) == bool(words)
    assert not words or (words in found[0].what and found[0].advice)


def test_who_was_not_looked_at_yet_waits_too() -> None:
    assert waiting(counted(Count(V, Reach.WAITS, 3), Count(V, Reach.DELIVERED, 3), left=4)) == 7
