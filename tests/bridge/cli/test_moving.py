"""A daemon under load is backed up, dies, and goes on from the backup on another machine."""

import asyncio
from pathlib import Path

import pytest

from bridge.testing.waiting import shows
from bridge.text.nodes import said
from connectors.matrix.emulator import MatrixEmulator
from connectors.telegram.emulator import TelegramEmulator
from tests.bridge.cli.program import qantara
from tests.live.daemon import Daemon

pytestmark = pytest.mark.timeout(120)
_BEFORE, _AFTER = 100, 10


async def _say(telegram: TelegramEmulator, numbers: range) -> None:
    for number in numbers:
        await telegram.say(telegram.rooms[0], "Ada", said(str(number)))
        await asyncio.sleep(0.005)


def _daemon(folder: Path, telegram: TelegramEmulator, matrix: MatrixEmulator) -> Daemon:
    rooms = [f"tg/{telegram.rooms[0]}", f"home/{matrix.rooms[0]}"]
    accounts = {"tg": telegram.settings(), "home": matrix.settings()}
    return Daemon(folder, accounts, {"town": {"rooms": rooms}})


def _heard(count: int) -> list[str]:
    """Clients that know profiles of single messages show the name as the author's."""
    return [str(number) for number in range(count)]


async def test_a_bridge_moves_under_load_and_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    """Telegram gives what was acknowledged once, Matrix knows the keys: so exactly once, though one was killed."""
    async with TelegramEmulator() as telegram, MatrixEmulator() as matrix:
        old, new = (_daemon(tmp_path / name, telegram, matrix) for name in ("old", "new"))
        async with old:
            saying = asyncio.create_task(_say(telegram, range(_BEFORE)))
            backup = tmp_path / "backup.db"
            made = await qantara("backup", backup, "-c", old.config)
            assert (made.status, made.err) == (0, "")
            await saying
            await shows(matrix, matrix.rooms[0], _heard(_BEFORE), seconds=40)
            refused = await qantara("restore", backup, "--from", "backup", "--yes", "-c", old.config)
            assert refused.status == 75, refused
            old.kill()
        done = await qantara("restore", backup, "--from", "backup", "--yes", "-c", new.config)
        assert done.status == 0, done
        async with new:
            await _say(telegram, range(_BEFORE, _BEFORE + _AFTER))
            await shows(matrix, matrix.rooms[0], _heard(_BEFORE + _AFTER), seconds=40)
