"""The whole daemon between an encrypted room and one in clear on a real Synapse, killed and started again."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from bridge.testing.platform import Platform, texts
from bridge.testing.waiting import eventually
from bridge.text.nodes import said
from tests.connectors.matrix.secret_platform import SecretPlatform
from tests.live.daemon import Daemon
from tests.live.synapse import running
from tests.live.synapse_platform import SynapsePlatform

pytestmark = [pytest.mark.live, pytest.mark.crash, pytest.mark.timeout(120)]
KILLS = 2


class Pair:
    """A room whose words nobody but its members can read, and one where everybody can, linked."""

    def __init__(self, secret: SecretPlatform, plain: SynapsePlatform, daemon: Daemon) -> None:
        self.secret, self.plain, self.daemon = secret, plain, daemon

    async def says(self, platform: Platform, person: str, words: str) -> None:
        await platform.say(platform.rooms[0], person, said(words))

    async def reads(self, platform: Platform, words: str) -> None:
        async def seen() -> bool:
            return words in await texts(platform, platform.rooms[0])

        await eventually(seen, seconds=30, what=self.daemon.log)


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Pair]:
    async with AsyncExitStack() as stack:
        inner = await stack.enter_async_context(SynapsePlatform(running()))
        secret = await stack.enter_async_context(SecretPlatform(inner, tmp_path / "people"))
        plain = await stack.enter_async_context(SynapsePlatform(running()))
        accounts = {"secret": secret.settings(), "plain": plain.settings()}
        links = {"pair": {"rooms": [f"secret/{secret.rooms[0]}", f"plain/{plain.rooms[0]}"]}}
        daemon = await stack.enter_async_context(Daemon(tmp_path / "daemon", accounts, links))
        yield Pair(secret, plain, daemon)


async def test_an_encrypted_conversation_goes_on_though_the_daemon_is_killed(pair: Pair) -> None:
    for life in range(KILLS):
        await pair.says(pair.secret, "Ada", f"sealed {life}")
        await pair.reads(pair.plain, f"Ada: sealed {life}")
        await pair.says(pair.plain, "Bob", f"open {life}")
        await pair.reads(pair.secret, f"Bob: open {life}")
        ada = await pair.secret.person(pair.secret.rooms[0], "Ada")
        ada.forget_session(pair.secret.room_id(pair.secret.rooms[0]))  # its key is under way as the daemon dies
        await pair.says(pair.secret, "Ada", f"as it dies {life}")
        await pair.says(pair.plain, "Bob", f"as it dies {life}")
        pair.daemon.kill()
        await pair.says(pair.secret, "Ada", f"while it is dead {life}")
        await pair.says(pair.plain, "Bob", f"while it is dead {life}")
        await pair.daemon.start()
        for words in ("as it dies", "while it is dead"):
            await pair.reads(pair.plain, f"Ada: {words} {life}")
            await pair.reads(pair.secret, f"Bob: {words} {life}")
    for platform in (pair.secret, pair.plain):
        everything = await texts(platform, platform.rooms[0])
        assert len(everything) == len(set(everything)) == KILLS * 6, "nothing is lost, nothing doubled"
    assert "sealed" not in str(await pair.secret.inner.events(pair.secret.rooms[0])), "nothing of it in clear"
    status = await pair.daemon.status()
    assert status["counts"]["waiting"] == 0
