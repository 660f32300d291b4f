"""Two copies of one store: the one that was started later goes on, the other stops and keeps everything."""

import asyncio
import shutil
from pathlib import Path

import pytest

from bridge.claims import LOOK_SECONDS
from bridge.testing.memory import BareMemoryConnector, MemoryPlatform, Repeats
from bridge.testing.platform import Fault, texts
from bridge.testing.waiting import eventually, shows
from bridge.text.nodes import said
from tests.scenarios.bridge_under_test import Bridge, balanced, configured
from tests.scenarios.test_restore import backed_up, restored


def copy_of(folder: Path, name: str = "copy") -> Path:
    """What somebody does who moves a bridge by hand."""
    there = folder.parent / f"{folder.name}-{name}"
    shutil.copytree(folder / "data", there / "data", ignore=shutil.ignore_patterns("*.sock"))
    return there


async def started(folder: Path, *platforms: MemoryPlatform, seed: int = 0, more: str = "") -> Bridge:
    bridge = Bridge(folder, configured(*platforms, more=more))
    bridge.lives = seed  # draws of its own, as another machine has
    bridge.begin()
    return bridge


def states(bridge: Bridge) -> set[str]:
    return {str(account.state) for account in bridge.app.accounts.values()}


async def running(bridge: Bridge) -> Bridge:
    await eventually(bridge._settled)
    return bridge


@pytest.fixture
async def lived(tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform) -> Path:
    """A folder whose bridge ran for a while."""
    folder = tmp_path / "old"
    bridge = await running(await started(folder, left, right, more="notices: left/garden\n"))
    await left.say("town", "Ada", said("before"))
    await shows(right, "town", ["Ada: before"])
    await bridge.stop()
    return folder


async def test_the_copy_that_is_started_later_goes_on_and_the_other_stops(
    lived: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.repeats = Repeats.SHOWN
    old = await running(await started(lived, left, right, seed=10, more="notices: left/garden\n"))
    await left.say("town", "Ada", said("to the old one"))
    await shows(right, "town", ["Ada: before", "Ada: to the old one"])
    new = await running(await started(copy_of(lived), left, right, seed=20))
    await eventually(lambda: states(old) == {"stopped"}, seconds=3 * LOOK_SECONDS)
    assert states(new) == {"up"}
    await left.say("town", "Ada", said("once"))
    await shows(right, "town", ["Ada: before", "Ada: to the old one", "Ada: once"])
    await new.drained()
    errors = [account.last_error for account in old.app.accounts.values()]
    assert all("another copy of this store runs" in error and "qantara claim" in error for error in errors)
    await old.stop()
    await new.stop()


async def test_a_copy_that_was_left_behind_stays_stopped_and_sends_nothing(
    lived: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.repeats = Repeats.SHOWN
    behind = copy_of(lived)
    new = await running(await started(lived, left, right, seed=10))
    left.confirmed.clear()  # it would hear everything anew
    old = await started(behind, left, right, seed=20)
    await eventually(lambda: states(old) == {"stopped"})
    await left.say("town", "Ada", said("once"))
    await shows(right, "town", ["Ada: before", "Ada: once"])
    await asyncio.sleep(3 * LOOK_SECONDS)
    assert states(new) == {"up"}
    await old.stop()
    again = await started(behind, left, right, seed=30)
    await eventually(lambda: states(again) == {"stopped"})
    assert await texts(right, "town") == ["Ada: before", "Ada: once"]
    assert (await again.ledger()).get("accepted") == 1
    await again.stop()
    await new.stop()


async def test_the_same_store_is_never_stopped_however_often_it_dies(
    lived: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = Bridge(lived, configured(left, right))
    bridge.lives = 10
    for life in range(8):
        bridge.begin()
        if life % 2:
            await running(bridge)
        else:
            await eventually(lambda: bridge.writer.store.commits)
        await bridge.crash()
    await running(await bridge.start())
    await left.say("town", "Ada", said("after"))
    await shows(right, "town", ["Ada: before", "Ada: after"])
    await bridge.stop()


async def test_the_operator_chooses_the_copy_that_was_stopped(
    lived: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right_one = await running(await started(lived, left, right, seed=10))
    by_mistake = await running(await started(copy_of(lived), left, right, seed=20))
    await eventually(lambda: states(right_one) == {"stopped"}, seconds=3 * LOOK_SECONDS)
    await left.say("town", "Ada", said("kept meanwhile"))
    for account in right_one.app.accounts.values():
        await account.take_over()
    await eventually(lambda: states(right_one) == {"up"})
    await eventually(lambda: states(by_mistake) == {"stopped"}, seconds=3 * LOOK_SECONDS)
    await left.say("town", "Ada", said("from the right one"))

    async def there() -> bool:
        return "Ada: from the right one" in await texts(right, "town")

    await eventually(there)
    assert (await texts(right, "town")).count("Ada: from the right one") == 1
    assert balanced(await right_one.ledger())
    await right_one.stop()
    await by_mistake.stop()


async def test_a_platform_that_cannot_be_asked_stops_nobody(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    class Forgetful(BareMemoryConnector):
        """A platform whose place for claims is broken."""

        async def claim(self, name: str, value: str) -> None:
            raise TimeoutError

        async def claimed(self, name: str) -> str | None:
            raise ZeroDivisionError

    bridge = Bridge(tmp_path, configured(left, right, connector="forgetful"), connectors={"forgetful": Forgetful})
    await bridge.start()
    await left.say("town", "Ada", said("hello"))
    await shows(right, "town", ["Ada: hello"], seconds=120)
    right.fail_next(Fault.LOST_ANSWER)
    await left.say("town", "Ada", said("again"))
    await shows(right, "town", ["Ada: hello", "Ada: again"], seconds=600)
    await bridge.stop()


async def test_a_restored_backup_takes_over_from_the_machine_that_still_runs(
    lived: Path, tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    old = await running(await started(lived, left, right, seed=10))
    backup = await backed_up(old)
    await old.stop()
    old = await running(await started(lived, left, right, seed=20))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "config.yaml").write_text(f"store: {{path: {elsewhere}/data/q.db}}\n")
    assert restored(elsewhere, backup, "--from", "now", "--yes").exit_code == 0
    new = await running(await started(elsewhere, left, right, seed=30))
    await eventually(lambda: states(old) == {"stopped"}, seconds=3 * LOOK_SECONDS)
    assert states(new) == {"up"}
    await left.say("town", "Ada", said("once"))
    await shows(right, "town", ["Ada: before", "Ada: once"])
    await new.stop()
    new = await running(await started(elsewhere, left, right, seed=40))
    await new.stop()
    await old.stop()
