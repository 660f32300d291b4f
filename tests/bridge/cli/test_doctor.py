"""`doctor`: a healthy set-up has no finding, and each planted fault is found with its way out."""

import json
import os
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from bridge.testing.platform import Fault, Platform
from bridge.testing.waiting import eventually
from connectors.irc.emulator import IrcEmulator
from connectors.matrix.emulator import MatrixEmulator
from connectors.telegram.emulator import TelegramEmulator
from tests.bridge.cli.program import daemon, environment, qantara

SASL = {"qantara": "canary-of-the-irc-account"}
ADMIN = "canary-of-the-admin-token-0123456789abcdef"


class Setup(NamedTuple):
    """Three platforms, and a bridge between them that is as it should be."""

    irc: IrcEmulator
    matrix: MatrixEmulator
    telegram: TelegramEmulator
    path: Path

    @property
    def store(self) -> Path:
        return self.path.parent / "data" / "qantara.db"

    def change(self, *trail: str, to: object) -> None:
        """Set a value of the file."""
        file = yaml.safe_load(self.path.read_text())
        part = file
        for step in trail[:-1]:
            part = part.setdefault(step, {})
        part[trail[-1]] = to
        self.path.write_text(yaml.safe_dump(file))


@pytest.fixture
async def setup(tmp_path: Path) -> AsyncIterator[Setup]:
    async with AsyncExitStack() as stack:
        irc = await stack.enter_async_context(IrcEmulator(accounts=SASL))
        matrix = await stack.enter_async_context(MatrixEmulator())
        telegram = await stack.enter_async_context(TelegramEmulator())
        one = Setup(irc, matrix, telegram, tmp_path / "config.yaml")
        _write(one)
        yield one


def _write(setup: Setup) -> None:
    def account(platform: Platform) -> dict[str, object]:
        return dict(platform.settings())

    login = {"sasl_user": "qantara", "sasl_password": SASL["qantara"]}
    accounts = {"home": account(setup.matrix), "tg": account(setup.telegram), "libera": account(setup.irc) | login}
    rooms = [f"home/{setup.matrix.rooms[0]}", f"tg/{setup.telegram.rooms[0]}", f"libera/{setup.irc.rooms[0]}"]
    file = {
        "store": {"min_free_mib": 0}, "notices": rooms[0], "links": {"lobby": {"rooms": rooms}}, "accounts": accounts,
        "http": {"listen": "127.0.0.1:0", "token": ADMIN},
    }  # fmt: skip
    setup.path.write_text(yaml.safe_dump(file))
    setup.path.chmod(0o600)


class Told(NamedTuple):
    status: int
    findings: list[dict[str, str]]

    def about(self, words: str) -> dict[str, str]:
        """The one finding whose sentence or place holds these words; it says what to do."""
        found = [one for one in self.findings if words in one["what"] or words in one["where"]]
        assert len(found) == 1, (words, self.findings)
        assert found[0]["remedy"]
        assert found[0]["grade"] != "note"
        assert self.status == 1
        return found[0]

    @property
    def wrong(self) -> list[dict[str, str]]:
        return [one for one in self.findings if one["grade"] != "note"]


async def examined(setup: Setup, **variables: str) -> Told:
    done = await qantara("doctor", "--json", "-c", setup.path, env=environment(**variables))
    assert done.err == ""
    for secret in (SASL["qantara"], ADMIN, setup.telegram.token, str(setup.matrix.settings()["token"])):
        assert secret not in done.out
    return Told(done.status, json.loads(done.out)["findings"])


async def well(setup: Setup) -> bool:
    return (await qantara("status", "-c", setup.path)).status == 0


async def test_a_healthy_set_up_has_no_finding_before_and_after_its_first_run(setup: Setup) -> None:
    before = await examined(setup)
    assert (before.wrong, before.status) == ([], 0)
    assert {"accounts.home (matrix)  the homeserver", "accounts.libera (irc)  the server", "this program"} <= {
        one["where"] for one in before.findings
    }
    async with daemon(setup.path) as one:
        await one.says("running")
        await eventually(lambda: well(setup))
        meanwhile = await examined(setup)
        assert await one.stop() == 0
    assert (meanwhile.wrong, meanwhile.status) == ([], 0)
    assert "accounts.home (matrix)  the homeserver" in {one["where"] for one in meanwhile.findings}
    done = await qantara("doctor", "-c", setup.path)
    assert done.status == 0
    assert done.out.splitlines()[-1] == "all is well"
