"""The whole daemon between an encrypted room and one in clear on a real Synapse, killed and started again."""

import io
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from PIL import Image

from bridge.events import Kind
from bridge.testing import samples
from bridge.testing.holdings import Filed
from bridge.testing.platform import Platform, Shown
from bridge.testing.waiting import eventually
from bridge.text.nodes import said
from tests.bridge.media.test_recoding import film
from tests.connectors.matrix.secret_platform import SecretPlatform
from tests.live.daemon import Daemon
from tests.live.synapse import running
from tests.live.synapse_platform import SynapsePlatform

pytestmark = [pytest.mark.live, pytest.mark.crash, pytest.mark.timeout(120)]
KILLS = 2


def line(message: Shown) -> str:
    """Who said what, wherever the name stands."""
    return f"{message.author}: {message.text}"


async def read(platform: Platform) -> list[str]:
    return [line(message) for message in await platform.shown(platform.rooms[0])]


class Pair:
    """A room whose words nobody but its members can read, and one where everybody can, linked."""

    def __init__(self, secret: SecretPlatform, plain: SynapsePlatform, daemon: Daemon) -> None:
        self.secret, self.plain, self.daemon = secret, plain, daemon

    async def says(self, platform: Platform, person: str, words: str) -> None:
        await platform.say(platform.rooms[0], person, said(words))

    async def reads(self, platform: Platform, words: str) -> None:
        async def seen() -> bool:
            return words in await read(platform)

        await eventually(seen, seconds=30, what=self.daemon.log)

    async def holds(self, platform: Platform, words: str) -> Filed:
        """The file over these words."""

        async def seen() -> Filed | None:
            found = [one for one in await platform.shown(platform.rooms[0]) if line(one) == words and one.files]
            return found[0].files[0] if found else None

        one: Filed = await eventually(seen, seconds=30, what=self.daemon.log)
        return one


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
        everything = await read(platform)
        assert len(everything) == len(set(everything)) == KILLS * 6, "nothing is lost, nothing doubled"
    assert "sealed" not in str(await pair.secret.inner.events(pair.secret.rooms[0])), "nothing of it in clear"
    status = await pair.daemon.status()
    assert status["counts"]["waiting"] == 0


async def test_files_with_words_cross_into_an_encrypted_room_and_out_of_it(pair: Pair) -> None:
    for kind in (Kind.IMAGE, Kind.VIDEO, Kind.VOICE, Kind.FILE):
        out, into = samples.upload(kind, f"out {kind}"), samples.upload(kind, f"into {kind}")
        await pair.secret.send_files(pair.secret.rooms[0], "Ada", (out,), said(f"out {kind}"))
        await pair.plain.send_files(pair.plain.rooms[0], "Bob", (into,), said(f"into {kind}"))
        assert (await pair.holds(pair.plain, f"Ada: out {kind}")).kind is kind
        assert (await pair.holds(pair.secret, f"Bob: into {kind}")).kind is kind
    assert "mxc://" not in str(await pair.secret.inner.events(pair.secret.rooms[0]))


async def test_films_and_photos_have_thumbnails_that_clients_can_fetch(pair: Pair) -> None:
    out = io.BytesIO()
    Image.new("RGB", (1600, 800), "green").save(out, "JPEG")
    photo = Filed(kind=Kind.IMAGE, data=out.getvalue(), mime="image/jpeg", name="photo.jpg")
    for given, size in (
        (photo, (800, 400)),
        (Filed(kind=Kind.VIDEO, data=film(), mime="video/mp4", name="film.mp4"), (96, 64)),
    ):
        await pair.secret.send_files(pair.secret.rooms[0], "Ada", (given,), said(f"out {given.kind}"))
        await pair.plain.send_files(pair.plain.rooms[0], "Bob", (given,), said(f"into {given.kind}"))
        for one in (
            await pair.holds(pair.plain, f"Ada: out {given.kind}"),
            await pair.holds(pair.secret, f"Bob: into {given.kind}"),
        ):
            with Image.open(io.BytesIO(one.thumbnail)) as seen:
                assert (seen.format, seen.size) == ("JPEG", size)
            assert (one.kind, one.data, one.width) == (given.kind, given.data, 1600 if given is photo else 96)
    assert "mxc://" not in str(await pair.secret.inner.events(pair.secret.rooms[0]))
    infos = [one["content"].get("info", {}) for one in await pair.plain.events(pair.plain.rooms[0])]
    small = [one["thumbnail_info"]["mimetype"] for one in infos if "thumbnail_url" in one]
    assert small == ["image/jpeg"] * 2
