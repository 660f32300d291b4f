"""`person` and `forget`, with the running daemon and without one."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.testing.memory import MemoryPlatform
from bridge.testing.waiting import shows
from bridge.text.nodes import said
from tests.bridge.cli.program import Done, qantara
from tests.scenarios.bridge_under_test import Bridge, configured


@pytest.fixture
async def bridge(left: MemoryPlatform, right: MemoryPlatform, tmp_path: Path) -> AsyncIterator[Bridge]:
    bridge = Bridge(tmp_path, configured(left, right))
    (tmp_path / "config.yaml").write_text("accounts: {left: {connector: console}}\nstore: {path: data/q.db}\n")
    await bridge.start()
    for name in ("Zenobia", "Zeno", "Bob"):
        await left.say("town", name, said(f"words of {name}"))
    await shows(right, "town", [f"{name}: words of {name}" for name in ("Zenobia", "Zeno", "Bob")])
    yield bridge
    await bridge.stop()


async def asked(bridge: Bridge, *arguments: object) -> Done:
    return await qantara(*arguments, cwd=bridge.folder)


@pytest.mark.parametrize("running", [True, False])
async def test_when_several_are_meant_they_are_listed_and_nothing_is_done(bridge: Bridge, running: bool) -> None:  # noqa: FBT001 - a case
    if not running:
        await bridge.stop()
    listed = await asked(bridge, "person", "zen")
    done = await asked(bridge, "forget", "zen")
    assert (listed.status, done.status) == (0, 1)
    assert [line.split()[2] for line in listed.out.splitlines()[1:]] == ["Zenobia", "Zeno"]
    assert "nothing was done: choose one with --number" in done.err
    assert (await asked(bridge, "person", "zen")).out == listed.out


@pytest.mark.parametrize("running", [True, False])
async def test_one_is_chosen_by_number_exported_and_forgotten(
    bridge: Bridge,
    right: MemoryPlatform,
    running: bool,  # noqa: FBT001 - a case
) -> None:
    if not running:
        await bridge.stop()
    number = (await asked(bridge, "person", "Zenobia")).out.splitlines()[1].split()[0]
    export = await asked(bridge, "person", "--number", number, "--export", "held.json")
    assert (export.status, export.err) == (0, "")
    assert (bridge.folder / "held.json").stat().st_mode & 0o777 == 0o600
    held = json.loads((bridge.folder / "held.json").read_text())
    assert (held["person"]["name"], held["messages"][0]["excerpt"]) == ("Zenobia", "words of Zenobia")
    done = await asked(bridge, "forget", "--number", number)
    assert (done.status, done.out) == (
        0,
        "forgotten: 0 deliveries dropped, 1 copies to be deleted by their targets\n",
    )
    assert (await asked(bridge, "forget", "--number", number)).status == 1
    assert "Zenobia" not in (await asked(bridge, "person", "zen")).out
    if not running:
        await bridge.start()
    await shows(right, "town", ["Zeno: words of Zeno", "Bob: words of Bob"])


async def test_somebody_is_found_by_the_id_on_their_platform(bridge: Bridge) -> None:
    ids = {str(native) for (native,) in bridge.store._connection.execute("SELECT native FROM person")}
    outs = [(await asked(bridge, "person", f"left/{native}")).out.splitlines() for native in sorted(ids)]
    assert all(len(lines) == 2 for lines in outs)
    assert sorted(lines[1].split()[2] for lines in outs) == ["Bob", "Zeno", "Zenobia"]


async def test_nobody_is_found_and_nothing_done(bridge: Bridge) -> None:
    done = await asked(bridge, "forget", "Aurelian")
    assert (done.status, done.out, done.err) == (1, "", "nobody of that name or id\n")
