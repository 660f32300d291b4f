"""Files become what a room takes: drawings that move, photos of phones, pictures that are too large."""

import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from PIL import Image

from bridge.capabilities import MediaLimit, Thumbnail
from bridge.events import Kind
from bridge.media.disk import Threads
from bridge.media.films import Films, tools
from bridge.media.workshop import Processes
from bridge.testing import samples
from bridge.testing.holdings import Filed
from bridge.testing.interop.pieces import animated
from bridge.testing.memory import WITH_FILES, MemoryPlatform
from bridge.testing.waiting import shown
from tests.bridge.media.test_making import HEIC
from tests.bridge.media.test_recoding import SOUND, codecs, film, moving, recorded, said, told
from tests.scenarios.bridge_under_test import Bridge, configured


@pytest.fixture
async def source() -> AsyncIterator[MemoryPlatform]:
    async with MemoryPlatform("source", capabilities=WITH_FILES) as platform:
        yield platform


ONLY_LIGHT_FILMS = replace(WITH_FILES, media={Kind.VIDEO: MediaLimit(max_bytes=100_000)})


async def bridged(folder: Path, source: MemoryPlatform, target: MemoryPlatform, more: str = "") -> Bridge:
    """A bridge with a real workshop."""
    bridge = Bridge(folder, configured(source, target, more=more))
    bridge.workshop = Processes(Films(lambda: tools(bridge.app.config, folder / "media"), Threads()))
    return await bridge.start()


async def crossed(folder: Path, source: MemoryPlatform, given: Filed, kind: Kind, limit: MediaLimit) -> Filed:
    """The file as the reader of a room has it that takes only this, and any file."""
    return await into(folder, source, given, {kind: limit, Kind.FILE: WITH_FILES.media[Kind.FILE]})


async def into(folder: Path, source: MemoryPlatform, given: Filed, limits: dict[Kind, MediaLimit]) -> Filed:
    """The file as the reader of a room has it that takes only these."""
    async with MemoryPlatform("target", capabilities=replace(WITH_FILES, media=limits)) as target:
        bridge = await bridged(folder, source, target)
        await source.send_files("town", "Ada", [given])
        await shown(target, "town", lambda seen: any(one.files for one in seen))
        await bridge.stop()
        return next(one.files[0] for one in await target.shown("town") if one.files)


def sound(kind: Kind, mime: str, name: str) -> Filed:
    return Filed(kind=kind, data=recorded(*SOUND, name=name), mime=mime, name=name)


def opened(file: Filed) -> tuple[str | None, tuple[int, int], int]:
    with Image.open(io.BytesIO(file.data)) as one:
        return one.get_format_mimetype(), one.size, getattr(one, "n_frames", 1)


async def test_a_drawing_that_moves_is_a_sticker_that_moves_elsewhere(tmp_path: Path, source: MemoryPlatform) -> None:
    limit = MediaLimit(mimes=frozenset({"image/webp", "image/png"}), max_bytes=1 << 19)
    file = await crossed(tmp_path, source, animated("crossing"), Kind.STICKER, limit)
    mime, size, frames = opened(file)
    assert (file.kind, file.mime, mime, frames > 6) == (Kind.STICKER, "image/webp", "image/webp", True)
    assert size == (file.width, file.height)


async def test_a_drawing_is_a_picture_where_there_are_no_stickers(tmp_path: Path, source: MemoryPlatform) -> None:
    limit = MediaLimit(mimes=frozenset({"image/png"}))
    file = await crossed(tmp_path, source, animated("still"), Kind.IMAGE, limit)
    assert (file.kind, file.mime, opened(file)[2]) == (Kind.IMAGE, "image/png", 1)


@pytest.mark.parametrize(("kind", "name"), [(Kind.IMAGE, "IMG_1.HEIC"), (Kind.FILE, "IMG_1.heic")])
async def test_a_photo_of_a_phone_arrives_as_one_that_everybody_can_open(
    kind: Kind, name: str, tmp_path: Path, source: MemoryPlatform
) -> None:
    given = Filed(kind=kind, data=HEIC, mime="image/heic", name=name)
    file = await crossed(tmp_path, source, given, Kind.IMAGE, MediaLimit(mimes=frozenset({"image/jpeg"})))
    assert (file.kind, file.mime, file.name) == (kind, "image/jpeg", "IMG_1.jpg")
    assert opened(file) == ("image/jpeg", (64, 64), 1)


@pytest.mark.parametrize("limit", [{"max_side": 100}, {"max_bytes": 40_000}])
async def test_a_picture_that_is_too_large_is_shown_smaller(
    limit: dict[str, int], tmp_path: Path, source: MemoryPlatform
) -> None:
    out = io.BytesIO()
    Image.effect_noise((640, 320), 80).save(out, "PNG")
    given = Filed(kind=Kind.IMAGE, data=out.getvalue(), mime="image/png", name="large.png")
    most = MediaLimit(mimes=frozenset({"image/png", "image/jpeg"}), **limit)
    file = await crossed(tmp_path, source, given, Kind.IMAGE, most)
    width, height = opened(file)[1]
    assert (file.kind, width > height, len(file.data) < len(given.data)) == (Kind.IMAGE, True, True)
    assert max(width, height) <= limit.get("max_side", 640)
    assert len(file.data) <= limit.get("max_bytes", 1 << 20)


@pytest.mark.parametrize(
    ("given", "to", "expected"),
    [
        (sound(Kind.VOICE, "audio/mp4", "a.m4a"), "audio/ogg", ["opus"]),
        (sound(Kind.VOICE, "audio/ogg", "a.ogg"), "audio/mpeg", ["mp3"]),
        (sound(Kind.AUDIO, "audio/wav", "a.wav"), "audio/mpeg", ["mp3"]),
        (Filed(kind=Kind.VIDEO, data=film("a.webm"), mime="video/webm", name="a"), "video/mp4", ["h264", "aac"]),
    ],
)
async def test_sound_and_films_become_what_a_room_takes(
    given: Filed, to: str, expected: list[str], tmp_path: Path, source: MemoryPlatform
) -> None:
    file = await crossed(tmp_path, source, given, given.kind, MediaLimit(mimes=frozenset({to}), max_bytes=1 << 24))
    assert (file.kind, file.mime, codecs(file.data)) == (given.kind, to, expected)
    assert file.duration == pytest.approx(1, abs=0.3)
    assert given.kind is not Kind.VIDEO or (file.width, file.height) == (96, 64)


async def test_what_is_seen_of_a_film_before_it_is_there_is_its_first_picture(
    tmp_path: Path, source: MemoryPlatform
) -> None:
    blue = ("-f", "lavfi", "-i", "color=c=blue:size=640x360:rate=10:duration=1", "-pix_fmt", "yuv420p")
    given = Filed(kind=Kind.VIDEO, data=recorded(*blue, name="blue.mp4"), mime="video/mp4", name="blue.mp4")
    file = await crossed(tmp_path, source, given, Kind.VIDEO, MediaLimit(thumbnail=Thumbnail(320, 200_000)))
    assert (file.data, file.width, file.height, file.duration) == (given.data, 640, 360, pytest.approx(1, abs=0.2))
    with Image.open(io.BytesIO(file.thumbnail)) as one:
        red, _, blueness = one.convert("RGB").resize((1, 1)).getpixel((0, 0))
        assert (one.format, one.size, red < 30, blueness > 200) == ("JPEG", (320, 180), True, True)


async def test_a_large_picture_has_a_small_one_in_front(tmp_path: Path, source: MemoryPlatform) -> None:
    out = io.BytesIO()
    Image.new("RGB", (1000, 500), "green").save(out, "JPEG")
    given = Filed(kind=Kind.IMAGE, data=out.getvalue(), mime="image/jpeg", name="a.jpg")
    file = await crossed(tmp_path, source, given, Kind.IMAGE, MediaLimit(thumbnail=Thumbnail(320, 200_000)))
    with Image.open(io.BytesIO(file.thumbnail)) as one:
        assert (one.format, one.size, file.width) == ("JPEG", (320, 160), 1000)


async def test_a_film_that_is_too_heavy_for_a_room_is_made_smaller_for_it(
    tmp_path: Path, source: MemoryPlatform
) -> None:
    given = Filed(kind=Kind.VIDEO, data=moving(), mime="video/mp4", name="heavy.mp4", width=640, height=480)
    most = MediaLimit(max_bytes=120_000)
    file = await into(tmp_path, source, given, {Kind.VIDEO: most, Kind.FILE: most})
    picture = told(file.data)["streams"][0]
    assert (file.kind, file.mime, file.name) == (Kind.VIDEO, "video/mp4", "heavy.mp4")
    assert (picture["width"], picture["height"]) == (file.width, file.height)
    assert (file.duration, len(file.data) <= 120_000) == (pytest.approx(2, abs=0.2), True)


async def test_a_film_of_which_nothing_would_be_left_is_linked(tmp_path: Path, source: MemoryPlatform) -> None:
    given = Filed(kind=Kind.VIDEO, data=moving(), mime="video/mp4", name="heavy.mp4")
    async with MemoryPlatform("target", capabilities=ONLY_LIGHT_FILMS) as target:
        await bridged(tmp_path, source, target, "http: {listen: '127.0.0.1:0', public_url: 'https://b.example.org'}\n")
        await source.send_files("town", "Ada", [given])
        (seen,) = await shown(target, "town", lambda seen: seen)
        assert (seen.files, "https://b.example.org/files/" in seen.text) == ((), True)


async def test_a_picture_that_moves_is_a_film_where_only_films_move(tmp_path: Path, source: MemoryPlatform) -> None:
    gif = recorded("-f", "lavfi", "-i", "testsrc=size=96x64:rate=10:duration=1", name="a.gif")
    given = Filed(kind=Kind.IMAGE, data=gif, mime="image/gif", name="a.gif")
    file = await crossed(tmp_path, source, given, Kind.VIDEO, MediaLimit(mimes=frozenset({"video/mp4"})))
    assert (file.kind, file.mime, file.name, codecs(file.data)) == (Kind.VIDEO, "video/mp4", "a.mp4", ["h264"])


async def test_a_film_does_not_say_where_it_was_taken_also_when_it_is_a_file(
    tmp_path: Path, source: MemoryPlatform
) -> None:
    data = film("a.mp4", "-metadata", "location=+59.9333+030.3000/")
    given = Filed(kind=Kind.FILE, data=data, mime="video/mp4", name="a.mp4")
    file = await crossed(tmp_path, source, given, Kind.FILE, WITH_FILES.media[Kind.FILE])
    assert ("location" in said(data), "location" in said(file.data)) == (True, False)


async def test_a_film_that_the_program_cannot_open_goes_as_it_came_where_it_says_nothing(
    tmp_path: Path, source: MemoryPlatform
) -> None:
    given = samples.upload(Kind.VIDEO, "no real film")
    file = await crossed(tmp_path, source, given, Kind.VIDEO, WITH_FILES.media[Kind.VIDEO])
    assert file.data == given.data
