"""The daemon with a desk dies at each point of a question and its answer: each word arrives, in its one thread."""

from pathlib import Path

import pytest

from bridge.failpoints import Point
from tests.crash.bureau import bureau

pytestmark = [pytest.mark.crash, pytest.mark.timeout(240)]
WHERE = (
    (Point.ACCEPT_BEFORE, 2),
    (Point.ACCEPT_AFTER, 1),
    (Point.SEAL_BEFORE, 1),
    (Point.SEAL_AFTER, 2),
    (Point.SEND_BEFORE, 1),
    (Point.SEND_AFTER, 1),  # the root of a thread stands there, and the bridge does not know where
    (Point.DONE_BEFORE, 1),
    (Point.DONE_AFTER, 2),
)


async def test_each_word_arrives_in_its_one_thread_wherever_the_daemon_dies(tmp_path: Path) -> None:
    async with bureau(tmp_path) as there:
        await there.daemon.start()
        there.daemon.kill()  # what is written from now on may not be missed
        await there.write("Olena")
        await there.lives()
        there.daemon.kill()
        await there.dies(Point.ACCEPT_BEFORE, 1, newcomer="Taras")
        assert there.hollow() == 1, "the room and the conversation have numbers, and the message is not stored"
        for number, (point, passages) in enumerate(WHERE):
            await there.dies(point, passages, newcomer=f"Guest{number}", known="Olena")
        await there.lives()
        there.daemon.kill()
        assert there.hollow() == 0, "who wrote again has the conversation that was begun before the death"
        assert not (faults := await there.faults()), "\n".join(faults)
