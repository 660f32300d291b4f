"""A daemon over three platforms that run into every fault: no secret of its settings comes out, wherever one looks."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest
import yaml

from bridge.testing.platform import Fault, Platform, texts
from bridge.testing.secrecy import written
from bridge.testing.waiting import eventually
from bridge.text.nodes import said
from connectors.irc.emulator import IrcEmulator
from connectors.matrix.emulator import MatrixEmulator
from connectors.telegram.emulator import TelegramEmulator
from tests.bridge.cli.program import daemon

ADMIN = "canary/of+the=administrator&0123456789"
SASL = {"qantara": "canary-sasl+/="}
PAGES = ("/status", "/metrics", "/queue", "/trace/1", "/examine", "/people", "/rooms/tg", "/health", "/ready", "/")
LATE = (Fault.UNAUTHORIZED,)
"""After these an account is stopped: nothing else can happen to it."""


@pytest.fixture
async def platforms() -> AsyncIterator[tuple[Platform, ...]]:
    async with AsyncExitStack() as stack:
        made = (MatrixEmulator(), TelegramEmulator(), IrcEmulator(accounts=SASL))
        yield tuple([await stack.enter_async_context(one) for one in made])


def config(folder: Path, matrix: Platform, telegram: Platform, irc: Platform) -> Path:
    login = {"sasl_user": "qantara", "sasl_password": SASL["qantara"]}
    accounts = {"home": dict(matrix.settings()), "tg": dict(telegram.settings()), "libera": {**irc.settings(), **login}}
    town = [f"home/{matrix.rooms[0]}", f"tg/{telegram.rooms[0]}", f"libera/{irc.rooms[0]}"]
    file = {
        "store": {"min_free_mib": 0}, "notices": f"home/{matrix.rooms[1]}", "links": {"town": {"rooms": town}},
        "accounts": accounts, "http": {"listen": "127.0.0.1:0", "token": ADMIN},
    }  # fmt: skip
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(file))
    path.chmod(0o600)
    return path


async def asked(address: str) -> list[str]:
    """What every page says, with its headers, to the operator and to somebody else."""
    found = []
    async with aiohttp.ClientSession() as session:
        for token in (ADMIN, "wrong"):
            for page in PAGES:
                async with session.get(f"http://{address}{page}", headers={"Authorization": f"Bearer {token}"}) as one:
                    found.append(f"{page} {one.headers} {await one.text()}")
    return found


async def stopped(address: str) -> bool:
    """Whether an account was stopped for its credentials; wrong tokens beside it would lock us out."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://{address}/status", headers={"Authorization": f"Bearer {ADMIN}"}) as one,
    ):
        return '"state":"stopped"' in await one.text()


async def trouble(platforms: tuple[Platform, ...], faults: tuple[Fault, ...]) -> None:
    """Each platform runs into each fault while somebody speaks elsewhere."""
    for fault in faults:
        for platform in platforms:
            try:
                platform.fail_next(fault)
            except NotImplementedError:
                continue
            other = next(one for one in platforms if one is not platform)
            await other.say(other.rooms[0], "Ada", said(f"{fault} on {platform.title}"))
        for platform in platforms:
            platform.drop_connections()


async def test_no_canary_comes_out_of_a_daemon_in_trouble(platforms: tuple[Platform, ...], tmp_path: Path) -> None:
    matrix, telegram, _ = platforms
    tokens = [str(one.settings()["token"]) for one in (matrix, telegram)]
    forms = [form for secret in (ADMIN, *SASL.values(), *tokens) for form in written(secret)]
    async with daemon(config(tmp_path, *platforms)) as one:
        address = (await one.says("listening"))["address"]
        await one.says("running")
        await trouble(platforms, tuple(fault for fault in Fault if fault not in LATE))
        told = await asked(address)
        await trouble(platforms, LATE)
        await eventually(lambda: stopped(address), seconds=20)
        told += await asked(address)
        for platform in platforms:
            for room in platform.rooms[:2]:
                told += await texts(platform, room)
        await one.stop()
    assert "account lost" in one.text
    assert sum("lost" in words for words in told) > 1, "nothing was in trouble"
    leaks = [line.replace(form, "<THE SECRET>")[:500] for form in forms for line in [*told, one.text] if form in line]
    assert not leaks, "\n".join(leaks)
