"""Files become what a room takes: drawings that move, photos of phones, pictures that are too large."""

import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from PIL import Image

from bridge.capabilities import MediaLimit
from bridge.events import Kind
from bridge.testing.holdings import Filed
from bridge.testing.interop.pieces import animated
from bridge.testing.memory import WITH_FILES, MemoryPlatform
from bridge.testing.waiting import shown
from tests.bridge.media.test_making import HEIC
from tests.scenarios.bridge_under_test import Bridge, configured


@pytest.fixture
async def source() -> AsyncIterator[MemoryPlatform]:
    async with MemoryPlatform("source", capabilities=WITH_FILES) as platform:
        yield platform


async def crossed(folder: Path, source: MemoryPlatform, given: Filed, kind: Kind, limit: MediaLimit) -> Filed:
    """The file as the reader of a room has it that takes only this."""
    media = {one: limits for one, limits in WITH_FILES.media.items() if one not in {Kind.IMAGE, Kind.STICKER}}
    can = replace(WITH_FILES, media={**media, kind: limit})
    async with MemoryPlatform("target", capabilities=can) as target:
        bridge = await Bridge(folder, configured(source, target)).start()
        await source.send_files("town", "Ada", [given])
        await shown(target, "town", lambda seen: any(one.files for one in seen))
        await bridge.stop()
        return next(one.files[0] for one in await target.shown("town") if one.files)


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
