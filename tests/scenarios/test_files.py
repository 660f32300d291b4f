"""Files cross: fetched once for all, shown as what they are, or as the next best thing a reader can have."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from bridge.capabilities import Capabilities, MediaLimit
from bridge.errors import StoreFull
from bridge.events import Kind
from bridge.store.attached import Fetched
from bridge.store.keys import keys_of
from bridge.store.ops import Forget, Op
from bridge.store.questions import Find
from bridge.store.sqlite import SqliteStore
from bridge.testing import samples
from bridge.testing.holdings import Filed
from bridge.testing.memory import EVERYTHING, WITH_FILES, MemoryPlatform
from bridge.testing.waiting import eventually, shown
from bridge.text.nodes import Break, said
from tests.scenarios.bridge_under_test import Bridge, balanced, configured

LINE = Capabilities(max_text=400)
"""A platform of lines, as IRC."""
PUBLIC = "http: {listen: '127.0.0.1:0', public_url: 'https://bridge.example.org'}\n"


@pytest.fixture
async def source() -> AsyncIterator[MemoryPlatform]:
    async with MemoryPlatform("source", capabilities=WITH_FILES) as platform:
        yield platform


@pytest.fixture
async def target() -> AsyncIterator[MemoryPlatform]:
    async with MemoryPlatform("target", capabilities=WITH_FILES) as platform:
        yield platform


async def linked(folder: Path, *platforms: MemoryPlatform, more: str = "") -> Bridge:
    return await Bridge(folder, configured(*platforms, more=more)).start()


async def read(platform: MemoryPlatform, count: int = 1) -> list[tuple[str, list[bytes]]]:
    """What a reader has: words, and the bytes of the files above them."""
    await shown(platform, "town", lambda seen: len(seen) >= count)
    return [(one.text, [file.data for file in one.files]) for one in await platform.shown("town")]


def on_disk(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "data" / "media").glob("*"))


# --- natively ---


@pytest.mark.parametrize("kind", [Kind.IMAGE, Kind.VIDEO, Kind.AUDIO, Kind.VOICE, Kind.FILE])
async def test_a_file_crosses_as_what_it_is_with_its_words(
    kind: Kind, tmp_path: Path, source: MemoryPlatform, target: MemoryPlatform
) -> None:
    await linked(tmp_path, source, target)
    given = samples.upload(kind, "crossing")
    await source.send_files("town", "Ada", [given], said("look"))
    assert await read(target) == [("Ada: look", [given.data])]
    (seen,) = (await target.shown("town"))[0].files
    assert (seen.kind, seen.mime, seen.duration) == (kind, given.mime, given.duration)


async def test_a_file_without_words_has_the_name_of_its_sender_under_it(
    tmp_path: Path, source: MemoryPlatform, target: MemoryPlatform
) -> None:
    await linked(tmp_path, source, target)
    given = samples.upload(Kind.IMAGE, "silent")
    await source.send_files("town", "Ada", [given])
    assert await read(target) == [("Ada", [given.data])]


async def test_a_sticker_has_its_sender_in_front(
    tmp_path: Path, source: MemoryPlatform, target: MemoryPlatform
) -> None:
    await linked(tmp_path, source, target)
    given = samples.upload(Kind.STICKER, "camel")
    await source.send_files("town", "Ada", [given])
    assert await read(target, 2) == [("Ada: [sticker 🐫]", []), ("", [given.data])]


async def test_an_album_is_split_by_kind(tmp_path: Path, source: MemoryPlatform, target: MemoryPlatform) -> None:
    await linked(tmp_path, source, target)
    kinds = [Kind.IMAGE, Kind.VIDEO, Kind.FILE, Kind.FILE, Kind.VOICE]
    given = [samples.upload(kind, f"{index}") for index, kind in enumerate(kinds)]
    await source.send_files("town", "Ada", given, said("my week"))
    data = [one.data for one in given]
    assert await read(target, 3) == [("Ada: my week", data[:2]), ("", data[2:4]), ("", data[4:])]


async def test_words_too_long_to_stand_under_a_file_stand_behind_it(
    tmp_path: Path, source: MemoryPlatform, target: MemoryPlatform
) -> None:
    await linked(tmp_path, source, target)
    given, words = samples.upload(Kind.IMAGE, "long"), "word " * 300
    await source.send_files("town", "Ada", [given], said(words.strip()))
    assert await read(target, 2) == [("Ada", [given.data]), (f"Ada: {words.strip()}", [])]


async def test_where_no_words_stand_under_files_they_stand_before(
    tmp_path: Path, source: MemoryPlatform, target: MemoryPlatform
) -> None:
    target.capabilities = replace(WITH_FILES, max_caption=0)
    await linked(tmp_path, source, target)
    given = samples.upload(Kind.IMAGE, "bare")
    await source.send_files("town", "Ada", [given], said("look"))
    assert await read(target, 2) == [("Ada: look", []), ("", [given.data])]


# --- the ladder ---


async def test_a_voice_becomes_audio_then_a_file(
    tmp_path: Path, source: MemoryPlatform, target: MemoryPlatform
) -> None:
    takes = dict(WITH_FILES.media)
    del takes[Kind.VOICE]
    target.capabilities = replace(WITH_FILES, media=takes)
    await linked(tmp_path, source, target)
    await source.send_files("town", "Ada", [samples.upload(Kind.VOICE, "one")])
    await read(target)
    del takes[Kind.AUDIO]
    target.capabilities = replace(WITH_FILES, media=dict(takes))
    target.drop_connections()
    await eventually(lambda: target.connection == 1)
    await source.send_files("town", "Ada", [samples.upload(Kind.VOICE, "two")])
    await read(target, 2)
    kinds = [file.kind for one in await target.shown("town") for file in one.files]
    assert kinds == [Kind.AUDIO, Kind.FILE]


async def test_what_a_room_does_not_take_is_linked(
    tmp_path: Path, source: MemoryPlatform, target: MemoryPlatform
) -> None:
    target.capabilities = LINE
    bridge = await linked(tmp_path, source, target, more=PUBLIC)
    given = replace(samples.upload(Kind.IMAGE, "line"), alt="a camel")
    await source.send_files("town", "Ada", [given], said("look"))
    (first, _), (second, _) = await read(target, 2)
    assert first == "Ada: look"
    words, _, address = second.rpartition(" ")
    assert words == f'Ada: [image "picture.png", {len(given.data)} B: a camel]'
    assert address == f"https://bridge.example.org/files/{on_disk(tmp_path)[0]}/picture.png"
    assert await bridge.app.shared.media.served(on_disk(tmp_path)[0]) is not None


async def test_without_a_public_address_it_is_told(
    tmp_path: Path, source: MemoryPlatform, target: MemoryPlatform
) -> None:
    target.capabilities = replace(LINE, formatting=frozenset({Break}))
    await linked(tmp_path, source, target)
    given = samples.upload(Kind.IMAGE, "told")
    await source.send_files("town", "Ada", [given], said("look"))
    assert await read(target) == [(f'Ada: look\n[image "picture.png", {len(given.data)} B]', [])]


async def test_what_is_refused_when_it_is_sent_is_linked(
    tmp_path: Path, source: MemoryPlatform, target: MemoryPlatform
) -> None:
    target.refused_files.add("image/png")
    bridge = await linked(tmp_path, source, target, more=PUBLIC)
    await source.send_files("town", "Ada", [samples.upload(Kind.IMAGE, "refused")])
    ((words, files),) = await read(target)
    assert (files, "https://bridge.example.org/files/" in words) == ([], True)
    await source.send_files("town", "Ada", [samples.upload(Kind.FILE, "the next")])
    assert (await read(target, 2))[1][1] != []
    await bridge.drained()
    assert balanced(await bridge.ledger())


async def test_a_picture_too_big_for_a_picture_goes_as_a_file(
    tmp_path: Path, source: MemoryPlatform, target: MemoryPlatform
) -> None:
    limits = {**WITH_FILES.media, Kind.IMAGE: MediaLimit(max_bytes=10)}
    target.capabilities = replace(WITH_FILES, media=limits)
    await linked(tmp_path, source, target)
    given = samples.upload(Kind.IMAGE, "big")
    await source.send_files("town", "Ada", [given])
    await read(target)
    assert [(file.kind, file.data) for file in (await target.shown("town"))[0].files] == [(Kind.FILE, given.data)]


async def test_a_sticker_becomes_a_picture_of_a_type_that_the_room_takes(
    tmp_path: Path, source: MemoryPlatform, target: MemoryPlatform
) -> None:
    takes = {kind: limit for kind, limit in WITH_FILES.media.items() if kind is not Kind.STICKER}
    target.capabilities = replace(WITH_FILES, media=takes)
    await linked(tmp_path, source, target)
    await source.send_files("town", "Ada", [samples.upload(Kind.STICKER, "camel")])
    await read(target)
    (seen,) = (await target.shown("town"))[0].files
    assert (seen.kind, seen.mime, seen.name) == (Kind.IMAGE, "image/png", "sticker.png")


# --- what pictures say ---


@pytest.mark.parametrize("kind", [Kind.IMAGE, Kind.FILE])
async def test_a_picture_does_not_say_where_it_was_taken_also_when_it_is_a_file(
    kind: Kind, tmp_path: Path, source: MemoryPlatform, target: MemoryPlatform
) -> None:
    await linked(tmp_path, source, target)
    place = samples.chunk(b"tEXt", b"Comment\x0059 deg N")
    await source.send_files("town", "Ada", [Filed(kind=kind, data=samples.png(8, 8, place), name="photo.png")])
    ((_, (data,)),) = await read(target)
    assert data == samples.png(8, 8)


async def test_a_film_does_not_say_where_it_was_taken_though_nothing_opens_films(
    tmp_path: Path, source: MemoryPlatform, target: MemoryPlatform
) -> None:
    await linked(tmp_path, source, target)
    silent = samples.upload(Kind.VIDEO, "town").data
    place = b"\0\0\0\x14udta+59.93 +30.3"
    await source.send_files("town", "Ada", [Filed(kind=Kind.VIDEO, data=silent + place, mime="video/mp4", name="a")])
    ((_, (data,)),) = await read(target)
    assert data == silent + b"\0\0\0\x14free" + bytes(12)


async def test_the_operator_may_leave_it_in(tmp_path: Path, source: MemoryPlatform, target: MemoryPlatform) -> None:
    await linked(tmp_path, source, target, more="media: {metadata: keep}\n")
    whole = samples.png(8, 8, samples.chunk(b"tEXt", b"Comment\x0059 deg N"))
    await source.send_files("town", "Ada", [Filed(kind=Kind.IMAGE, data=whole, name="photo.png")])
    assert await read(target) == [("Ada", [whole])]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (samples.png(60_000, 60_000), "it has 60000 times 60000 pixels"),
        (b"\0\0\0\x18ftypheic" + bytes(100), "what it says of place and camera cannot be taken out"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "it is no PNG"),
        (b"\x1a\x45\xdf\xa3webm" + bytes(100), "what it says of place and camera cannot be taken out"),
    ],
)
async def test_a_picture_that_is_not_opened_is_told(
    data: bytes, why: str, tmp_path: Path, source: MemoryPlatform, target: MemoryPlatform
) -> None:
    await linked(tmp_path, source, target)
    await source.send_files("town", "Ada", [Filed(kind=Kind.IMAGE, data=data, name="photo.png", mime="image/png")])
    ((words, files),) = await read(target)
    assert (files, words.endswith(f"(not carried: {why})]")) == ([], True)


async def test_what_is_called_a_picture_and_is_none_goes_as_a_file_under_its_right_name(
    tmp_path: Path, source: MemoryPlatform, target: MemoryPlatform
) -> None:
    await linked(tmp_path, source, target)
    page = b"<html><script>alert(1)</script></html>"
    await source.send_files("town", "Ada", [Filed(kind=Kind.IMAGE, data=page, name="../x.png", mime="image/png")])
    await read(target)
    (seen,) = (await target.shown("town"))[0].files
    assert (seen.kind, seen.mime, seen.name, seen.data) == (Kind.FILE, "text/html", "x.html", page)


# --- fetching ---


async def test_a_file_is_fetched_once_for_all_targets(
    tmp_path: Path, source: MemoryPlatform, target: MemoryPlatform
) -> None:
    async with MemoryPlatform("third", capabilities=WITH_FILES) as third:
        await linked(tmp_path, source, target, third)
        given = samples.upload(Kind.FILE, "shared")
        await source.send_files("town", "Ada", [given])
        for platform in (target, third):
            assert await read(platform) == [("Ada", [given.data])]
    assert len(source.fetched) == 1


async def test_a_file_that_does_not_come_is_told_and_what_follows_goes_on(
    tmp_path: Path, source: MemoryPlatform, target: MemoryPlatform
) -> None:
    await linked(tmp_path, source, target, more="media: {wait_seconds: 5}\n")
    source.keep_files()
    await source.send_files("town", "Ada", [samples.upload(Kind.IMAGE, "slow")], said("look"))
    await source.say("town", "Bob", said("nice"))
    words = [text for text, _ in await read(target, 2)]
    assert words[1] == "Bob: nice"
    assert words[0].startswith('Ada: look\n[image "picture.png"')
    assert words[0].endswith("(it did not come in time)]")


async def test_a_file_that_is_gone_is_told(tmp_path: Path, source: MemoryPlatform, target: MemoryPlatform) -> None:
    await linked(tmp_path, source, target)
    given = samples.upload(Kind.IMAGE, "gone")
    source.lost_files.add(given.data)
    await source.send_files("town", "Ada", [given])
    ((words, files),) = await read(target)
    assert (files, "not carried: no such message" in words) == ([], True)


async def test_only_the_room_of_a_file_waits_for_it(
    tmp_path: Path, source: MemoryPlatform, target: MemoryPlatform
) -> None:
    yaml = configured(source, target, rooms=("town", "garden"))
    await Bridge(tmp_path, yaml).start()
    source.keep_files()
    await source.send_files("town", "Ada", [samples.upload(Kind.IMAGE, "slow")])
    await source.say("garden", "Bob", said("quick"))
    await shown(target, "garden", lambda seen: len(seen) == 1)
    assert not await target.shown("town")
    source.restore()
    assert len((await read(target))[0][1]) == 1


async def test_a_death_while_a_file_is_fetched_loses_nothing(
    tmp_path: Path, source: MemoryPlatform, target: MemoryPlatform
) -> None:
    bridge = await linked(tmp_path, source, target)
    source.keep_files()
    given = samples.upload(Kind.IMAGE, "survivor")
    await source.send_files("town", "Ada", [given], said("look"))
    await eventually(lambda: source.fetched)
    await eventually(lambda: not bridge.writer.depth)
    await bridge.crash()
    source.restore()
    await bridge.start()
    assert await read(target) == [("Ada: look", [given.data])]
    assert len(source.fetched) == 2


async def test_a_fetched_file_goes_to_a_target_that_comes_back_after_a_restart(
    tmp_path: Path, source: MemoryPlatform, target: MemoryPlatform
) -> None:
    bridge = await linked(tmp_path, source, target)
    target.closed.add("town")
    given = samples.upload(Kind.IMAGE, "patient")
    await source.send_files("town", "Ada", [given])
    await eventually(lambda: on_disk(tmp_path))
    await eventually(lambda: not bridge.writer.depth)
    await bridge.crash()
    source.lost_files.add(given.data)
    target.restore()
    await bridge.start()
    assert await read(target) == [("Ada", [given.data])]


async def test_a_message_whose_file_was_left_behind_by_a_restore_goes_without_it(
    tmp_path: Path, source: MemoryPlatform, target: MemoryPlatform
) -> None:
    bridge = await linked(tmp_path, source, target)
    target.closed.add("town")
    await source.send_files("town", "Ada", [samples.upload(Kind.IMAGE, "left")], said("look"))
    await eventually(lambda: on_disk(tmp_path))
    await eventually(lambda: not bridge.writer.depth)
    await bridge.crash()
    for path in (tmp_path / "data" / "media").iterdir():
        path.unlink()
    target.restore()
    await bridge.start()
    ((words, files),) = await read(target)
    assert (files, words.startswith("Ada: look"), "(not carried: the file is gone)" in words) == ([], True, True)


async def test_too_big_a_file_is_told(tmp_path: Path, source: MemoryPlatform, target: MemoryPlatform) -> None:
    await linked(tmp_path, source, target, more="media: {max_mib: 1}\n")
    given = Filed(kind=Kind.FILE, data=b"x" * (1 << 21), name="huge.bin")
    await source.send_files("town", "Ada", [given])
    ((words, files),) = await read(target)
    assert (files, "bytes are too many" in words) == ([], True)


# --- letting go ---


async def test_files_go_when_everybody_has_them(tmp_path: Path, source: MemoryPlatform, target: MemoryPlatform) -> None:
    await linked(tmp_path, source, target)
    await source.send_files("town", "Ada", [samples.upload(Kind.IMAGE, "brief")])
    await read(target)
    await eventually(lambda: not on_disk(tmp_path))


async def test_a_linked_file_goes_with_its_message(
    tmp_path: Path, source: MemoryPlatform, target: MemoryPlatform
) -> None:
    target.capabilities = LINE
    bridge = await linked(tmp_path, source, target, more=PUBLIC)
    message = await source.send_files("town", "Ada", [samples.upload(Kind.IMAGE, "linked")])
    await read(target)
    await bridge.drained()
    await bridge.app.shared.media.sweep()
    (name,) = on_disk(tmp_path)
    await source.delete("town", "Ada", message)
    await eventually(lambda: not on_disk(tmp_path))
    assert await bridge.app.shared.media.served(name) is None


async def test_what_a_death_left_half_written_goes(
    tmp_path: Path, source: MemoryPlatform, target: MemoryPlatform
) -> None:
    (tmp_path / "data" / "media").mkdir(parents=True)
    (tmp_path / "data" / "media" / "half").write_bytes(b"half")
    await linked(tmp_path, source, target)
    await eventually(lambda: not on_disk(tmp_path))


async def test_under_a_key_nothing_of_a_file_is_on_disk_in_clear(
    tmp_path: Path, source: MemoryPlatform, target: MemoryPlatform
) -> None:
    yaml = configured(source, target).replace("store: {", f"store: {{key: {'5a' * 32}, ")
    bridge = Bridge(tmp_path, yaml)
    bridge.make_store = lambda path, chance: SqliteStore(path, chance, keys=keys_of(bridge.read().store))
    await bridge.start()
    target.closed.add("town")
    given = samples.upload(Kind.FILE, "palmyra")
    await source.send_files("town", "Ada", [given])
    await eventually(lambda: on_disk(tmp_path))
    await eventually(lambda: not bridge.writer.depth)
    await bridge.stop()
    left = [path for path in (tmp_path / "data").rglob("*") if path.is_file() and b"palmyra" in path.read_bytes()]
    assert not left
    target.restore()
    await bridge.start()
    assert await read(target) == [("Ada", [given.data])]


async def test_files_of_somebody_who_was_forgotten_go(
    tmp_path: Path, source: MemoryPlatform, target: MemoryPlatform
) -> None:
    target.capabilities = LINE
    bridge = await linked(tmp_path, source, target, more=PUBLIC)
    await source.send_files("town", "Zenobia", [samples.upload(Kind.FILE, "palmyra")])
    await read(target)
    (name,) = on_disk(tmp_path)
    (somebody,) = await bridge.writer.ask(Find("zenobia"))
    await bridge.writer.ask(Forget(person=somebody.number, at=bridge.app.shared.now_ms()))
    assert await bridge.app.shared.media.served(name) is None
    await eventually(lambda: not on_disk(tmp_path))


# --- edits ---


async def test_other_words_under_a_file_reach_its_copies(
    tmp_path: Path, source: MemoryPlatform, target: MemoryPlatform
) -> None:
    await linked(tmp_path, source, target)
    given = samples.upload(Kind.IMAGE, "captioned")
    message = await source.send_files("town", "Ada", [given], said("frist"))
    await read(target)
    await source.edit("town", "Ada", message, said("first"))
    await shown(target, "town", lambda seen: seen[0].text == "Ada: first")
    assert await read(target) == [("Ada: first", [given.data])]


async def test_long_words_under_a_file_become_short_and_long_again(
    tmp_path: Path, source: MemoryPlatform, target: MemoryPlatform
) -> None:
    await linked(tmp_path, source, target)
    given, long = samples.upload(Kind.IMAGE, "captioned"), ("word " * 300).strip()
    message = await source.send_files("town", "Ada", [given], said("short"))
    await read(target)
    await source.edit("town", "Ada", message, said(long))
    assert await read(target, 2) == [("Ada", [given.data]), (f"Ada: {long}", [])]
    await source.edit("town", "Ada", message, said("short again"))
    await shown(target, "town", lambda seen: len(seen) == 1)
    assert await read(target) == [("Ada: short again", [given.data])]


async def test_a_message_with_files_is_taken_back_whole(
    tmp_path: Path, source: MemoryPlatform, target: MemoryPlatform
) -> None:
    await linked(tmp_path, source, target)
    given = [samples.upload(kind, "gone") for kind in (Kind.IMAGE, Kind.FILE)]
    message = await source.send_files("town", "Ada", given, said("oops"))
    await read(target, 2)
    await source.delete("town", "Ada", message)
    await shown(target, "town", lambda seen: not seen)


async def test_words_alone_are_as_they_were(tmp_path: Path, source: MemoryPlatform, target: MemoryPlatform) -> None:
    target.capabilities = EVERYTHING
    await linked(tmp_path, source, target)
    await source.say("town", "Ada", said("hello"))
    assert await read(target) == [("Ada: hello", [])]
    assert not (tmp_path / "data" / "media").exists()


class FullOnce(SqliteStore):
    """A disk that has no space for a while from the moment a file is there."""

    full = 3

    def drain(self, batch: list[Op]) -> list[object]:
        if not self.full or not any(isinstance(op, Fetched) for op in batch):
            return super().drain(batch)
        self.full -= 1
        others = iter(super().drain([op for op in batch if not isinstance(op, Fetched)]))
        return [StoreFull("the disk is full") if isinstance(op, Fetched) else next(others) for op in batch]


async def test_a_file_that_came_while_the_disk_was_full_is_not_fetched_again(
    tmp_path: Path, source: MemoryPlatform, target: MemoryPlatform
) -> None:
    bridge = Bridge(tmp_path, configured(source, target))
    bridge.make_store = FullOnce
    await bridge.start()
    data = samples.upload(Kind.IMAGE, "a")
    await source.send_files("town", "Ada", (data,), said("look"))
    assert await read(target) == [("Ada: look", [data.data])]
    assert isinstance(bridge.store, FullOnce)
    assert (len(source.fetched), bridge.store.full) == (1, 0)
    await bridge.stop()
