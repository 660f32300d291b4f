"""Pictures of people: had once, small and clean, kept while they are known, never by the address they came from."""

from collections.abc import AsyncIterator, Sequence
from io import BytesIO
from pathlib import Path

import pytest
from msgspec.structs import replace
from PIL import Image

from bridge.asked import Outgoing
from bridge.capabilities import Authorship
from bridge.errors import Rejected, Unavailable
from bridge.events import File
from bridge.ids import MessageId
from bridge.store.keys import keys_of
from bridge.store.ops import Forget
from bridge.store.questions import Find
from bridge.store.sqlite import SqliteStore
from bridge.testing import samples
from bridge.testing.memory import WITH_FILES, MemoryConnector, MemoryPlatform
from bridge.testing.waiting import eventually
from bridge.text.nodes import said
from tests.bridge.media.test_worker import PLACE, picture
from tests.scenarios.bridge_under_test import Bridge, configured

MISTAKE = b"a mistake"
HANDLE = "mxc://somewhere.example/secret"
PUBLIC = "http: {listen: '127.0.0.1:0', public_url: 'https://bridge.example.org'}\n"
sent: list[Outgoing] = []
had: list[str] = []
pictures: dict[str, bytes] = {}


@pytest.fixture(autouse=True)
def _nothing_yet() -> None:
    for one in (sent, had, pictures):
        one.clear()


class Pictured(MemoryConnector):
    """People have pictures, by handle."""

    async def face(self, avatar: str) -> AsyncIterator[bytes]:
        had.append(avatar)
        if avatar not in pictures:
            raise Rejected("there is none")
        if not pictures[avatar]:
            raise Unavailable("not now")
        if pictures[avatar] == MISTAKE:
            raise ValueError("a bug")
        yield pictures[avatar]

    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        sent.append(message)
        return await super().send(message)


class Lab:
    """Two platforms, of which one shows pictures."""

    def __init__(self, folder: Path, key: str = "") -> None:
        can = replace(WITH_FILES, authorship=Authorship.OVERRIDE)
        self.source = MemoryPlatform("source", capabilities=WITH_FILES)
        self.target = MemoryPlatform("target", capabilities=can)
        yaml = configured(self.source, self.target, more=PUBLIC, connector="pictured").replace(
            "store: {", f"store: {{{key}"
        )
        self.bridge = Bridge(folder, yaml, connectors={"pictured": Pictured})
        self.media = folder / "data" / "media"

    async def says(self, name: str, words: str) -> Outgoing:
        """What the other side is asked to show."""
        before = len(sent)
        await self.source.say("town", name, said(words))
        await eventually(lambda: len(sent) > before)
        return sent[-1]

    def wears(self, name: str, handle: str | None) -> None:
        """From now on somebody's picture has this handle."""
        known = self.source.written.person(name)
        self.source.written.know(replace(known, avatar=handle))

    async def face(self, outgoing: Outgoing) -> File | None:
        assert outgoing.author is not None
        return await self.bridge.account("target").face(outgoing.author)

    async def there(self, outgoing: Outgoing) -> File:
        """The picture, once it is there."""
        for _ in range(200):
            if (file := await self.face(outgoing)) is not None:
                return file
            await self.bridge.clock.sleep(0.05)
        raise AssertionError("it never came")

    async def bytes_of(self, file: File) -> bytes:
        return b"".join([piece async for piece in self.bridge.account("target").read(file)])


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    made = Lab(tmp_path)
    async with made.source, made.target:
        await made.bridge.start()
        yield made
        await made.bridge.stop()


def large() -> bytes:
    out = BytesIO()
    Image.effect_noise((1500, 900), 90).save(out, "PNG")
    return out.getvalue()


def on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def small(colour: str = "red") -> bytes:
    out = BytesIO()
    Image.new("RGB", (64, 64), colour).save(out, "PNG")
    return out.getvalue()


async def test_a_picture_crosses_as_our_own_file_and_never_as_the_address_it_came_from(lab: Lab) -> None:
    pictures[HANDLE] = small()
    lab.wears("Ada", HANDLE)
    first = await lab.says("Ada", "hello")
    file = await lab.there(first)
    assert await lab.bytes_of(file) == pictures[HANDLE]
    assert (file.mime, file.width, file.height) == ("image/png", 64, 64)
    assert HANDLE not in repr(first)
    assert "somewhere.example" not in repr(file)
    link = await lab.bridge.account("target").link(file)
    assert link == f"https://bridge.example.org/files/{file.id}/{file.name}"
    assert await lab.bridge.app.media.served(file.id) == file


async def test_a_picture_is_had_once_for_all_messages_and_stays_over_a_restart(lab: Lab) -> None:
    pictures[HANDLE] = small()
    lab.wears("Ada", HANDLE)
    file = await lab.there(await lab.says("Ada", "one"))
    await lab.bridge.app.media.sweep()
    await lab.bridge.stop()
    await lab.bridge.start()
    assert await lab.face(await lab.says("Ada", "two")) == file
    assert (had, [path.name for path in lab.media.iterdir()]) == ([HANDLE], [file.id])


async def test_nobodys_words_wait_for_their_picture(lab: Lab) -> None:
    pictures[HANDLE] = b""
    lab.wears("Ada", HANDLE)
    first = await lab.says("Ada", "hello")
    assert await lab.face(first) is None
    await eventually(lambda: had)
    assert await lab.face(first) is None
    assert had == [HANDLE], "what cannot be had now is let rest"


async def test_a_connector_that_falls_while_it_gives_a_picture_harms_nobody(lab: Lab) -> None:
    pictures[HANDLE] = MISTAKE
    lab.wears("Ada", HANDLE)
    first = await lab.says("Ada", "hello")
    assert await lab.face(first) is None
    await eventually(lambda: had)
    await lab.says("Ada", "again")
    assert await lab.face(first) is None
    assert had == [HANDLE], "it is let rest"


async def test_another_picture_takes_the_place_of_the_first(lab: Lab) -> None:
    pictures.update({HANDLE: small(), "other": small("blue")})
    lab.wears("Ada", HANDLE)
    first = await lab.says("Ada", "one")
    before = await lab.there(first)
    lab.wears("Ada", "other")
    second = await lab.says("Ada", "two")
    assert first.author is not None
    assert second.author is not None
    assert first.author.avatar != second.author.avatar
    await lab.face(second)
    await eventually(lambda: "other" in had)
    for _ in range(100):
        after = await lab.there(second)
        if after != before:
            break
        await lab.bridge.clock.sleep(0.05)
    assert await lab.bytes_of(after) == pictures["other"]
    await lab.bridge.app.media.sweep()
    assert [path.name for path in lab.media.iterdir()] == [after.id]
    assert await lab.bridge.app.media.served(before.id) is None


async def test_who_takes_their_picture_away_has_none(lab: Lab) -> None:
    pictures[HANDLE] = small()
    lab.wears("Ada", HANDLE)
    await lab.there(await lab.says("Ada", "one"))
    lab.wears("Ada", None)
    second = await lab.says("Ada", "two")
    assert second.author is not None
    assert second.author.avatar is None
    assert await lab.face(second) is None


@pytest.mark.parametrize("data", [b"<svg/>", b"%PDF-1.7", samples.png(60_000, 60_000), b"\0" * 100])
async def test_what_is_no_picture_is_not_shown(data: bytes, lab: Lab) -> None:
    pictures[HANDLE] = data
    lab.wears("Ada", HANDLE)
    first = await lab.says("Ada", "hello")
    assert await lab.face(first) is None
    await eventually(lambda: had)
    await lab.bridge.clock.sleep(0)
    assert await lab.face(first) is None
    await lab.bridge.app.media.sweep()
    assert not list(lab.media.iterdir())


async def test_a_picture_says_nothing_of_place_and_is_small(lab: Lab) -> None:
    pictures.update({HANDLE: picture("image/jpeg"), "large": large()})
    lab.wears("Ada", HANDLE)
    clean = await lab.there(await lab.says("Ada", "one"))
    assert PLACE not in await lab.bytes_of(clean)
    lab.wears("Grace", "large")
    shown = await lab.there(await lab.says("Grace", "two"))
    assert (shown.mime, shown.size <= 100_000, max(shown.width or 0, shown.height or 0) <= 640) == (
        "image/jpeg", True, True,
    )  # fmt: skip


async def test_nothing_is_left_of_the_picture_of_somebody_who_was_forgotten(lab: Lab) -> None:
    pictures[HANDLE] = small()
    lab.wears("Ada", HANDLE)
    file = await lab.there(await lab.says("Ada", "hello"))
    (ada,) = await lab.bridge.writer.ask(Find("Ada"))
    while not (await lab.bridge.writer.ask(Forget(person=ada.number, at=0))).done:
        pass
    await lab.bridge.app.media.sweep()
    assert not list(lab.media.iterdir())
    assert await lab.bridge.app.media.served(file.id) is None


async def test_under_a_key_nothing_of_a_picture_is_on_disk_in_clear(tmp_path: Path) -> None:
    lab = Lab(tmp_path, key=f"key: {'5a' * 32}, ")
    lab.bridge.make_store = lambda path, chance: SqliteStore(path, chance, keys=keys_of(lab.bridge.read().store))
    async with lab.source, lab.target:
        await lab.bridge.start()
        pictures[HANDLE] = small()
        lab.wears("Ada", HANDLE)
        file = await lab.there(await lab.says("Ada", "hello"))
        assert await lab.bytes_of(file) == pictures[HANDLE]
        await lab.bridge.stop()
    stored = on_disk(tmp_path)
    assert pictures[HANDLE][:40] not in stored
    assert HANDLE.encode() not in stored
