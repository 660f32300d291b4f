"""A backup in the place of a store: what is sent again, what is skipped, and what still finds its message."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bridge.cli import app
from bridge.store.backups import completed
from bridge.store.questions import Copied, CopyOut
from bridge.testing.memory import MemoryPlatform, Repeats
from bridge.testing.platform import Fault, texts
from bridge.testing.waiting import eventually, shows
from bridge.text.nodes import said
from tests.scenarios.bridge_under_test import Bridge, balanced, configured

BEFORE, WAITING, SINCE, AFTER = (
    [f"{when} {number}" for number in range(count)]
    for when, count in (("before", 3), ("waiting", 4), ("since", 5), ("after", 6))
)


def ada(*words: list[str]) -> list[str]:
    return [f"Ada: {one}" for several in words for one in several]


async def say(left: MemoryPlatform, words: list[str]) -> None:
    for one in words:
        await left.say("town", "Ada", said(one))


async def backed_up(bridge: Bridge) -> Path:
    """What the command does, in this process."""
    path = bridge.folder / "backup.db"
    piece = Copied(1)
    while piece.totals is None:
        piece = await bridge.writer.ask(CopyOut(str(path)))
    assert completed(path, bridge.folder / "data" / "accounts", 1_795_320_000_000) == piece.totals
    return path


async def lived(folder: Path, left: MemoryPlatform, right: MemoryPlatform) -> Path:
    """Some messages arrive, some wait in the backup and arrive later, some are written after it; then a death."""
    bridge = await Bridge(folder, configured(left, right)).start()
    (folder / "config.yaml").write_text(bridge.yaml.replace("data/q.db", f"{folder}/data/q.db"))
    await say(left, BEFORE)
    await shows(right, "town", ada(BEFORE))
    right.fail_next(Fault.UNAVAILABLE, 1_000_000)
    await say(left, WAITING)
    await eventually(lambda: bridge.store.commits)

    async def waits() -> bool:
        return (await bridge.ledger()).get("waiting") == len(WAITING)

    await eventually(waits)
    backup = await backed_up(bridge)
    right.restore()
    await say(left, SINCE)
    await shows(right, "town", ada(BEFORE, WAITING, SINCE), seconds=3600)
    shutil.copytree(folder / "data", folder / "killed", ignore=shutil.ignore_patterns("*.sock", "*.ballast"))
    await bridge.crash()
    return backup


def restored(folder: Path, *arguments: object) -> Result:
    return CliRunner().invoke(app, ["restore", *map(str, arguments), "-c", str(folder / "config.yaml")])


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """Another machine."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "config.yaml").write_text(f"store: {{path: {folder}/data/q.db}}\n")
    return folder


async def again(folder: Path, left: MemoryPlatform, right: MemoryPlatform) -> Bridge:
    bridge = Bridge(folder, configured(left, right))
    bridge.lives = 100  # draws of its own
    return await bridge.start()


@pytest.mark.parametrize("repeats", list(Repeats))
async def test_from_backup_sends_what_waited_and_takes_what_the_platform_kept(
    repeats: Repeats, tmp_path: Path, elsewhere: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.repeats = repeats
    backup = await lived(tmp_path, left, right)
    left.confirmed.clear()  # as a platform that keeps history
    result = restored(elsewhere, backup, "--from", "backup", "--yes")
    assert result.exit_code == 0, result.output
    assert f"sends the {len(WAITING)} deliveries again" in result.output
    bridge = await again(elsewhere, left, right)
    await say(left, AFTER)
    doubles = WAITING if repeats is Repeats.SHOWN else []
    await shows(right, "town", ada(BEFORE, WAITING, SINCE, doubles, SINCE, AFTER), seconds=3600)
    assert balanced(await bridge.ledger())
    await bridge.stop()


async def test_from_now_skips_what_is_old_and_parks_what_waited(
    tmp_path: Path, elsewhere: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    backup = await lived(tmp_path, left, right)
    left.confirmed.clear()
    result = restored(elsewhere, backup, "--from", "now", "--yes")
    assert result.exit_code == 0, result.output
    assert f"parks {len(WAITING)} deliveries" in result.output
    bridge = await again(elsewhere, left, right)
    await say(left, AFTER)
    await shows(right, "town", ada(BEFORE, WAITING, SINCE, AFTER), seconds=3600)
    assert [row.reason for row in await bridge.parked()] == ["restored"] * len(WAITING)
    assert balanced(await bridge.ledger())
    await bridge.retry_parked()
    await bridge.drained()
    assert await texts(right, "town") == ada(BEFORE, WAITING, SINCE, AFTER)  # their keys are what they were
    await bridge.stop()


async def test_a_store_that_can_be_compared_says_how_many(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    backup = await lived(tmp_path, left, right)
    result = restored(tmp_path, backup)
    assert result.exit_code == 2
    said_first = result.output
    assert f"accepted {len(SINCE)} messages, and 0 deliveries wait there" in said_first
    assert (
        f"sends the {len(WAITING)} deliveries again that waited in the backup, of which {len(WAITING)} ended"
        in said_first
    )
    assert f"up to {len(SINCE)} messages are relayed a second time" in said_first
    assert "parks 0 deliveries" in said_first


async def test_relations_of_a_store_that_can_be_compared_are_kept(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    backup = await lived(tmp_path, left, right)
    assert restored(tmp_path, backup, "--from", "now", "--yes").exit_code == 0
    bridge = await again(tmp_path, left, right)
    old = {one.text: one.id for one in await left.shown("town")}
    for words in (BEFORE[0], WAITING[0], SINCE[0]):
        await left.edit("town", "Ada", old[words], said(f"{words} edited"))
    reply = await left.say("town", "Ada", said("answer"), in_reply_to=old[SINCE[1]])
    assert reply

    async def all_there() -> bool:
        return len(await texts(right, "town")) == len([*BEFORE, *WAITING, *SINCE]) + 1

    await eventually(all_there)
    await bridge.drained()
    shown = await right.shown("town")
    assert [one.text for one in shown if one.edited] == [
        f"Ada: {words} edited" for words in (BEFORE[0], WAITING[0], SINCE[0])
    ]
    assert shown[-1].in_reply_to == next(one.id for one in shown if one.text == f"Ada: {SINCE[1]}")
    ledger = await bridge.ledger()
    assert (ledger["merged:restored"], balanced(ledger)) == (len(WAITING), True)
    await bridge.stop()


async def test_relations_of_the_backup_are_kept(
    tmp_path: Path, elsewhere: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    backup = await lived(tmp_path, left, right)
    assert restored(elsewhere, backup, "--from", "backup", "--yes").exit_code == 0
    bridge = await again(elsewhere, left, right)
    old = {one.text: one.id for one in await left.shown("town")}
    await left.edit("town", "Ada", old[BEFORE[1]], said("changed"))

    async def changed() -> bool:
        return "Ada: changed" in await texts(right, "town")

    await eventually(changed)
    await bridge.stop()


async def test_the_old_store_is_kept_aside_whole_and_its_log_touches_nothing(
    tmp_path: Path, elsewhere: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    backup = await lived(tmp_path, left, right)
    data = elsewhere / "data"
    (tmp_path / "killed").rename(data)
    assert (data / "q.db-wal").stat().st_size
    assert restored(elsewhere, backup, "--from", "backup", "--yes").exit_code == 0
    (aside,) = data.glob("q.db.replaced-*")
    assert sorted(path.name for path in data.iterdir()) == ["q.db", aside.name]
    assert restored(elsewhere, aside, "--from", "now", "--yes").exit_code == 0
    bridge = await again(elsewhere, left, right)
    assert (await bridge.ledger())["delivered"] == len([*BEFORE, *WAITING, *SINCE])
    await bridge.stop()
