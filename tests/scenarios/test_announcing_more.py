"""Announcements with pictures, to people whose window is closed, beside a desk, and what stays of them on the disk."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from bridge.errors import Feature
from bridge.events import Kind
from bridge.store.announced import Announced
from bridge.store.keys import keys_of
from bridge.store.ops import Forget
from bridge.store.questions import About, Find
from bridge.store.sqlite import SqliteStore
from bridge.testing import samples
from bridge.testing.memory import EVERYTHING, WITH_FILES, MemoryPlatform
from bridge.testing.waiting import eventually, shown, shows
from bridge.text.nodes import said
from tests.scenarios.announcing import ROOM, announcing, says, told
from tests.scenarios.bridge_under_test import Bridge
from tests.scenarios.crowd import CONNECTORS, Crowd
from tests.scenarios.test_announcing_to_many import announced, started, subscribed

TO = "undo_seconds: 1, subscribers: [crowd]"


@pytest.fixture
async def left() -> AsyncIterator[MemoryPlatform]:
    async with MemoryPlatform(name="left", rooms=("town", "help", ROOM), capabilities=WITH_FILES) as platform:
        yield platform


async def test_a_picture_is_announced_as_one_or_told_and_its_words_can_be_corrected(
    tmp_path: Path, left: MemoryPlatform
) -> None:
    async with (
        MemoryPlatform("right", capabilities=WITH_FILES) as right,
        MemoryPlatform("plain", capabilities=replace(EVERYTHING, media={})) as plain,
    ):
        yaml = announcing(left, right, plain, settings="undo_seconds: 1, to: [right/town, plain/town]")
        bridge = await Bridge(tmp_path, yaml).start()
        picture = samples.upload(Kind.IMAGE, "house")
        await left.send_files(ROOM, "Ada", [picture], said("!announce our new house"))
        preview = await told(left, "announcement 1, by Ada")
        assert "[image" in preview
        await says(left, "Grace", "!approve")
        await shown(right, "town", lambda seen: len(seen) == 1)
        (copy,) = await right.shown("town")
        assert (copy.text, len(copy.files)) == ("our new house", 1)
        (worded,) = await shown(plain, "town", lambda seen: len(seen) == 1)
        assert worded.text.startswith("our new house\n[image")
        await told(left, "delivered 2 of 2")
        await says(left, "Ada", "!correct 1 our newest house")
        await told(left, "correction 2 of 1")
        await says(left, "Grace", "!approve")
        await shows(right, "town", ["our newest house"])
        assert len((await right.shown("town"))[0].files) == 1
        await says(left, "Grace", "!recall 1")
        await shows(right, "town", [])
        await eventually(lambda: not list((tmp_path / "data" / "media").glob("*")), seconds=60)
        await bridge.stop()


async def test_who_may_not_be_written_to_freely_gets_the_approved_words(tmp_path: Path, left: MemoryPlatform) -> None:
    async with Crowd(2) as crowd:
        words = f"{TO}, templates: {{crowd: {{name: notice, language: uk}}}}"
        bridge = await started(tmp_path, left, crowd, settings=words)
        crowd.subscribe()
        await subscribed(bridge, 2)
        crowd.closed_to, crowd.accepts = {"p00001"}, frozenset({Feature.TEMPLATE})
        await announced(left, "we  close")
        assert "the template notice does" in await told(left, "by Ada")
        await told(left, "delivered 2 of 2\\.")
        (template,) = crowd.templates
        assert (template.name, template.language, template.parameters) == ("notice", "uk", ("we close",))
        await bridge.stop()


async def test_without_approved_words_they_are_counted_as_closed(tmp_path: Path, left: MemoryPlatform) -> None:
    async with Crowd(2) as crowd:
        bridge = await started(tmp_path, left, crowd)
        crowd.subscribe()
        await subscribed(bridge, 2)
        crowd.closed_to, crowd.accepts = {"p00001"}, frozenset({Feature.TEMPLATE})
        await announced(left, "news")
        await told(left, "delivered 1 of 2; 1 of crowd cannot be written to: they do not take messages\\.")
        await bridge.stop()


async def test_a_desk_and_announcements_share_an_account(tmp_path: Path, left: MemoryPlatform) -> None:
    async with Crowd(3) as crowd:
        desk = "desks: {help: {room: left/help, accounts: [crowd]}}\n"
        bridge = await started(tmp_path, left, crowd, more=desk)
        crowd.subscribe("p00000", "p00001")
        await crowd.write("p00000")
        await subscribed(bridge, 2)
        await shown(left, "help", lambda seen: any("hello" in one.text for one in seen))
        await announced(left, "news")
        await told(left, "delivered 2 of 2\\.")
        assert crowd.heard("news") == [1, 1, 0]
        crowd.unsubscribe("p00001")
        await subscribed(bridge, 1)
        assert not [one for one in await left.shown("help") if "news" in one.text]
        await bridge.stop()


async def test_with_a_key_nothing_of_an_announcement_is_on_the_disk(tmp_path: Path, left: MemoryPlatform) -> None:
    async with Crowd(2) as crowd:
        yaml = announcing(left, crowd, settings=TO).replace("crowd: {connector: memory", "crowd: {connector: single")
        bridge = Bridge(tmp_path, yaml.replace("store: {", f"store: {{key: {'0f' * 32}, "), connectors=dict(CONNECTORS))
        keys = keys_of(bridge.read().store)
        bridge.make_store = lambda path, chance: SqliteStore(path, chance, keys=keys)
        await bridge.start()
        crowd.subscribe()
        await subscribed(bridge, 2)
        crowd.closed_to = {"p00001"}
        await announced(left, "kanarek")
        await told(left, "delivered 1 of 2")
        await bridge.crash()
        disk = b"".join(path.read_bytes() for path in (tmp_path / "data").glob("q.db*"))
        assert not [word for word in (b"kanarek", b"p00001", b"Ada", b"do not take") if word in disk]
        await bridge.start()
        await says(left, "Ada", "!status 1")
        await told(left, "cannot be written to: they do not take messages")
        await bridge.stop()


async def test_the_words_leave_with_the_last_recipient(tmp_path: Path, left: MemoryPlatform) -> None:
    async with Crowd(2) as crowd:
        bridge = await started(tmp_path, left, crowd)
        crowd.subscribe()
        await subscribed(bridge, 2)
        await announced(left, "news")
        await told(left, "delivered 2 of 2")
        (one,) = await bridge.writer.ask(Announced(number=1))
        assert one.words is None
        await bridge.stop()


async def test_who_is_forgotten_hears_no_more_and_is_no_author(tmp_path: Path, left: MemoryPlatform) -> None:
    async with Crowd(2) as crowd:
        bridge = await started(tmp_path, left, crowd)
        crowd.subscribe()
        await crowd.write("p00001")
        await subscribed(bridge, 2)
        await announced(left, "news")
        await told(left, "delivered 2 of 2")
        for account, native in (("crowd", "!p00001"), ("left", "person-1")):
            for somebody in await bridge.writer.ask(Find(f"{account}/{native}")):
                held = await bridge.writer.ask(About(somebody.number))
                assert held.hears == ("joined" if account == "crowd" else "")
                await bridge.writer.ask(Forget(person=somebody.number, at=1))
        (one,) = await bridge.writer.ask(Announced(number=1))
        assert (one.person, one.author) == (None, "")
        await subscribed(bridge, 1)
        await bridge.stop()
