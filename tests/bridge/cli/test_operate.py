"""`status`, `queue` and `trace` against a running daemon, and without one."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bridge.cli import app
from bridge.cli.tables import lasting, table
from bridge.ids import Place, RoomId
from bridge.testing.memory import MemoryPlatform
from bridge.testing.waiting import eventually, shows
from bridge.text.nodes import said
from tests.bridge.cli.program import Done, qantara
from tests.scenarios.bridge_under_test import Bridge, configured


@pytest.fixture
async def bridge(left: MemoryPlatform, right: MemoryPlatform, tmp_path: Path) -> AsyncIterator[Bridge]:
    bridge = Bridge(tmp_path, configured(left, right))
    (tmp_path / "config.yaml").write_text(bridge.yaml)
    await bridge.start()
    yield bridge
    await bridge.stop()


async def asked(bridge: Bridge, *arguments: object) -> Done:
    return await qantara(*arguments, cwd=bridge.folder)


async def refused(bridge: Bridge, left: MemoryPlatform, right: MemoryPlatform) -> int:
    """Let a message be refused and parked; its row."""
    right.refused_words.add("bad")
    await left.say("town", "Ada", said("bad news"))
    await eventually(bridge.parked)
    return (await bridge.parked())[0].number


async def test_status_is_a_table_and_says_whether_all_is_well(
    bridge: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    await left.say("town", "Ada", said("hello"))
    await shows(right, "town", ["Ada: hello"])
    await eventually(lambda: not bridge.writer.depth)
    done = await asked(bridge, "status")
    assert (done.status, done.err) == (0, "")
    head, *accounts = (line.split() for line in done.out.splitlines()[:3])
    assert head == ["account", "state", "for", "queued", "oldest", "last", "error"]
    assert [[*line[:2], *line[-3:]] for line in accounts] == [[name, "up", "0", "-", "-"] for name in ("left", "right")]
    assert "deliveries: 1 accepted, 1 delivered" in done.out
    right.closed.add("town")
    await left.say("town", "Ada", said("more"))
    await eventually(lambda: bridge.lane("right/town").state.held)
    done = await asked(bridge, "status")
    assert done.status == 1
    assert "we may not write here" in done.out


async def test_status_as_json_is_the_whole_answer(bridge: Bridge) -> None:
    done = await asked(bridge, "status", "--json")
    assert json.loads(done.out)["counts_add_up"]


async def test_without_a_daemon_it_is_told_where_it_was_looked_for(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("accounts: {a: {connector: console, token: '${NOT_SET}'}}\n")
    for command in (["status"], ["queue"], ["queue", "retry", "1"], ["trace", "1"]):
        done = await qantara(*command, cwd=tmp_path)
        assert (done.status, done.out) == (69, "")
        assert done.err.startswith("no daemon answers at data/qantara.sock: is `qantara run` running")
    assert (await qantara("status", "-c", "none.yaml", cwd=tmp_path)).status == 2


async def test_the_queue_is_listed_retried_and_dropped(
    bridge: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    row = await refused(bridge, left, right)
    listed = await asked(bridge, "queue")
    assert listed.out.splitlines()[1].split()[0] == str(row)
    assert "right/town" in listed.out
    assert "bad news" not in listed.out
    assert (await asked(bridge, "queue", "list", "--room", "right/town")).out == listed.out
    assert len(json.loads((await asked(bridge, "queue", "list", "--json")).out)["rows"]) == 1
    right.refused_words.clear()
    assert (await asked(bridge, "queue", "retry", row)).out == "1 in right/town\n"
    await shows(right, "town", ["Ada: bad news"])
    await refused(bridge, left, right)
    assert (await asked(bridge, "queue", "drop", "--room", "right/town")).out == "1 in right/town\n"
    assert (await asked(bridge, "queue")).out == "nothing is parked\n"


@pytest.mark.parametrize("arguments", [[], ["1", "--room", "left/town"], ["x"]])
def test_a_change_wants_numbers_or_a_room(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, ["queue", "drop", *arguments]).exit_code == 2


async def test_an_unknown_room_is_told(bridge: Bridge) -> None:
    done = await asked(bridge, "queue", "drop", "--room", "left/nowhere")
    assert (done.status, done.err) == (1, "no room of that name was ever in the configuration\n")


async def test_queue_takes_its_configuration_before_the_command(bridge: Bridge) -> None:
    done = await qantara("queue", "--config", bridge.folder / "config.yaml", "list")
    assert (done.status, done.out) == (0, "nothing is parked\n")


async def test_a_room_that_moved_is_listed_and_followed(bridge: Bridge) -> None:
    assert (await asked(bridge, "follow")).out == "no room waits for your word\n"
    bridge.lane("left/town").state.hold_until_told("it says so", Place(RoomId("!garden\x1b[2J")))
    head, line = (await asked(bridge, "follow")).out.splitlines()
    assert (head.split()[:2], line.split()[:3]) == (["room", "was"], ["left/town", "!town", "!garden\\x1b[2J"])
    assert (await asked(bridge, "follow", "left/garden")).out == "no room waits for your word\n"
    done = await asked(bridge, "follow", "left/town", "!garden")
    assert (done.status, done.out) == (1, "")
    done = await asked(bridge, "follow", "left/town", "!town")
    assert (done.status, done.out) == (0, "left/town is !town\n")


async def test_the_life_of_a_message_is_told(bridge: Bridge, left: MemoryPlatform, right: MemoryPlatform) -> None:
    await refused(bridge, left, right)
    await eventually(lambda: not bridge.writer.depth)
    done = await asked(bridge, "trace", "1")
    assert done.status == 0
    assert done.out.startswith("message 1 by Ada in left/town at ")
    assert [line.split()[:2] for line in done.out.splitlines()[2:]] == [["origin", "left/town"], ["post", "parked"]]
    assert json.loads((await asked(bridge, "trace", "1", "--json")).out)["message"] == 1
    done = await asked(bridge, "trace", "$unknown:example.org/with/slash")
    assert (done.status, done.err) == (1, "no message has this number or id, or it was forgotten\n")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, ""), (0, "0 s"), (59.9, "59 s"), (60, "1 min"), (3600, "1 h"), (86399, "23 h"), (86400, "1 d")],
)
def test_a_time_is_told_in_its_largest_unit(seconds: float | None, words: str) -> None:
    assert lasting(seconds) == words


def test_a_table_is_aligned_and_harmless() -> None:
    assert table(("a", "long"), [("x\x1b[2J", ""), ("yy", "z")]) == "a      long\nx�[2J  -\nyy     z"
