"""`audit`, `privacy` and `export-config`, as people run them."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml

from bridge.testing.memory import MemoryPlatform
from bridge.testing.waiting import shows
from bridge.text.nodes import said
from tests.bridge.cli.program import qantara
from tests.scenarios.moderated import asks, moderated
from tests.scenarios.test_pairing import linked, paired

ROOMS = ("town", "garden", "attic")
TELEGRAM = "tg: {connector: telegram, token: '123456789:AAE-token-of-a-test-of-the-bridge-0123'}"
IRC = "libera: {connector: irc, server: 'ircs://irc.libera.chat:6697', nick: qantara}"


@pytest.fixture
async def left() -> AsyncIterator[MemoryPlatform]:
    async with MemoryPlatform("left", rooms=ROOMS) as left:
        yield left


@pytest.fixture
async def right() -> AsyncIterator[MemoryPlatform]:
    async with MemoryPlatform("right", rooms=ROOMS) as right:
        yield right


def written(folder: Path, links: str = "", more: str = "") -> Path:
    """A file beside the store of a bridge in this process."""
    text = f"accounts: {{left: {{connector: console}}}}\nstore: {{path: data/q.db}}\n{links}{more}"
    (folder / "config.yaml").write_text(text)
    return folder


async def test_audit_tells_who_did_what_to_whom_newest_first(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await moderated(tmp_path, left, right)
    await left.say("town", "Eve", said("buy this"))
    await shows(right, "town", ["Eve: buy this"])
    await asks(left, "!mute Eve")
    await asks(left, "!lock")
    done = await qantara("audit", cwd=written(tmp_path))
    assert (done.status, done.err) == (0, "")
    head, *rows = [line.split() for line in done.out.splitlines()]
    assert head == ["when", "link", "room", "who", "did", "to", "whom"]
    assert [row[1:] for row in rows] == [
        ["town", "left/town", "Mo", "lock", "-", "-"],
        ["town", "left/town", "Mo", "mute", "Eve", "-"],
    ]
    assert "buy this" not in done.out, "deeds hold no words of messages"
    deeds = json.loads((await qantara("audit", "--json", cwd=tmp_path)).out)["deeds"]
    assert [(one["actor"], one["did"], one["about"]) for one in deeds] == [("Mo", "lock", ""), ("Mo", "mute", "Eve")]
    await bridge.stop()
    silent = await qantara("audit", cwd=tmp_path)
    assert silent.status != 0
    assert silent.out == ""
    assert silent.err.strip()


async def test_export_config_prints_the_file_with_what_people_linked_and_keeps_its_references(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await paired(tmp_path, left, right)
    await linked(left, right)
    written(tmp_path, more='notices: "${NOTICES:-left/town}"  # where trouble is told\n')
    before = (tmp_path / "config.yaml").read_text()
    done = await qantara("export-config", cwd=tmp_path)
    assert (done.status, done.err) == (0, "")
    found = yaml.safe_load(done.out)
    assert found["notices"] == "${NOTICES:-left/town}"
    made = [one for name, one in found["links"].items() if name.startswith("paired ")]
    assert made == [{"rooms": ["left/!attic", "right/!attic"], "moderation": {}}]
    assert (tmp_path / "config.yaml").read_text() == before, "the file is the operator's"
    await bridge.stop()


async def test_privacy_makes_a_record_of_all_and_a_notice_for_a_room(tmp_path: Path) -> None:
    links = 'links:\n  town: {rooms: ["libera/#town", "tg/-1001234567890"]}\n'
    (tmp_path / "config.yaml").write_text(f"accounts:\n  {IRC}\n  {TELEGRAM}\n{links}")
    record = await qantara("privacy", cwd=tmp_path)
    notice = await qantara("privacy", "libera/#town", cwd=tmp_path)
    assert {record.status, notice.status} == {0}
    assert "Telegram" in record.out
    assert notice.out.startswith("This room is bridged.")
    assert "tg/-1001234567890" in notice.out
    assert "AAE-token" not in record.out + notice.out


async def test_privacy_of_a_room_that_no_link_names_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(f"accounts:\n  {IRC}\n")
    done = await qantara("privacy", "libera/#nowhere", cwd=tmp_path)
    assert (done.status, done.out, done.err) == (2, "", "no link names libera/#nowhere\n")
