"""What stands on disk and cannot be read: it is parked for the operator, and everything behind it flows."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.errors import Unavailable
from bridge.snapshot import look
from bridge.testing.memory import MemoryPlatform
from bridge.testing.waiting import eventually, shown, shows
from bridge.unread import TOLD_EVERY_SECONDS
from tests.scenarios.bridge_under_test import balanced
from tests.scenarios.faulty import FaultyBridge, faulty
from tests.scenarios.speaking import heard, lines, speak

NOTICES = "notices: left/garden\n"
ROTTEN = {
    "body": "UPDATE event SET body = x'ff00' WHERE number = 3",
    "end": "UPDATE event SET body = CAST(substr(body, 1, length(body) - 3) AS BLOB) WHERE number = 3",
    "plan": "UPDATE outbox SET plan = x'ff00' WHERE number = 3",
    "parts": "UPDATE outbox SET sent = x'ff00' WHERE number = 3",
}


@pytest.fixture
async def waiting(tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform) -> AsyncIterator[FaultyBridge]:
    """Five lines wait on disk for a platform that is away."""
    bridge = await faulty(tmp_path, left, right, more=NOTICES)
    bridge.connector("right").connects = Unavailable("away")
    right.drop_connections()
    await eventually(lambda: bridge.account("right").state == "down")
    await speak(left, lines(5))
    await eventually(lambda: bridge.app.intake.received.get(bridge.account("left").account, 0) >= 5)
    yield bridge
    await bridge.stop()


def spoil(bridge: FaultyBridge, statement: str) -> None:
    """Change bytes on the disk behind the bridge's back."""
    bridge.store._connection.execute(statement)


@pytest.mark.parametrize("rotten", ROTTEN)
async def test_one_row_that_cannot_be_read_is_parked_and_the_others_flow(
    rotten: str, waiting: FaultyBridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    await waiting.crash()
    waiting.begin()
    spoil(waiting, ROTTEN[rotten])
    await shows(right, "town", heard(["line 0", *lines(3, 2)]), seconds=600)
    (parked,) = await waiting.parked()
    assert (parked.room, parked.reason) == ("right/town", "unreadable")
    assert parked.error
    seen = await shown(left, "garden", lambda seen: any("is parked" in one.text for one in seen))
    assert sum("is parked" in one.text for one in seen) == 1
    await waiting.retry_parked()
    await speak(left, ["after"])
    await shown(right, "town", lambda seen: any(one.text == "Ada: after" for one in seen))
    assert len(await waiting.parked()) == (0 if rotten == "plan" else 1)
    assert balanced(await waiting.ledger())


async def test_what_a_connector_cannot_read_is_counted_and_told_once_an_hour(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await faulty(tmp_path, left, right, more=NOTICES)
    account = bridge.account("right")
    for _ in range(5):
        account.unreadable("a line\r\nODD")
    (notice,) = await shown(left, "garden", len)
    assert "something that cannot be read (a line ODD); 1 since the start" in notice.text
    began = bridge.clock.monotonic()
    await eventually(lambda: bridge.clock.monotonic() - began > TOLD_EVERY_SECONDS, seconds=2 * TOLD_EVERY_SECONDS)
    account.unreadable("another")
    seen = await shown(left, "garden", lambda seen: len(seen) == 2)
    assert "(another); 6 since the start" in seen[1].text
    status = await look(bridge.app, bridge.clock.now())
    assert status.accounts["right"].unreadable == 6
    await bridge.stop()
