"""Pictures of other types, smaller ones, and drawings that move: made in a process of their own, or refused."""

import base64
import gzip
import io
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bridge.media.making import DRAWING, Made, Refused, made
from bridge.media.workshop import Processes
from bridge.testing import samples

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # the library warns of what it then refuses
PLACE = "59 deg 56' N"
HEIC = base64.b64decode(
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAVZtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAA"
    "ACJpbG9jAAAAAERAAAEAAQAAAAABegABAAAAAAAAABkAAAAjaWluZgAAAAAAAQAAABVpbmZlAgAAAAABAABodmMxAAAAAA5waXRt"
    "AAAAAAABAAAA1mlwcnAAAAC3aXBjbwAAAHhodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMA"
    "AAMAHroCQGEAAQArQgEBA3AAAAMAkAAAAwAAAwAeoCCBBZbqSSmubgIaDAgAAAMAyAAAAwAIQGIAAQAHRAHBcrAiQAAAABNjb2xy"
    "bmNseAABAA0ABoAAAAAUaXNwZQAAAAAAAABAAAAAQAAAABBwaXhpAAAAAAMICAgAAAAXaXBtYQAAAAAAAAABAAEEgQIDBAAAACFt"
    "ZGF0AAAAFSgBrwtg+sbB1//6L/vzBEHSQ+07cA=="
)
"""A red square as phones write photos."""
OPENED = ["image/png", "image/jpeg", "image/webp", "image/gif", "image/avif", "image/tiff", "image/bmp"]


def picture(mime: str, size: tuple[int, int] = (30, 20), frames: int = 1) -> bytes:
    shots = [Image.new("RGB", size, (200, 20 * number, 30)) for number in range(frames)]
    more: dict[str, Any] = {"save_all": True, "append_images": shots[1:], "duration": 70} if frames > 1 else {}
    exif = Image.Exif()
    exif[0x010E], exif[0x0112] = PLACE, 6
    if mime in {"image/jpeg", "image/tiff", "image/avif"}:
        more["exif"] = exif
    if mime in {"image/jpeg", "image/gif"}:
        more["comment"] = PLACE.encode()
    out = io.BytesIO()
    shots[0].save(out, mime.partition("/")[2].upper(), **more)
    return out.getvalue()


def drawing(**changed: object) -> bytes:
    """A red square that moves aside for a second."""
    evenly = {"i": {"x": 1, "y": 1}, "o": {"x": 0, "y": 0}}
    moving = {"a": 1, "k": [{"t": 0, "s": [256, 256, 0], "e": [400, 256, 0], **evenly}, {"t": 60}]}
    square = [
        {"ty": "rc", "p": {"k": [0, 0]}, "s": {"k": [200, 200]}, "r": {"k": 0}},
        {"ty": "fl", "c": {"k": [1, 0, 0, 1]}, "o": {"k": 100}},
        {"ty": "tr", "p": {"k": [0, 0]}, "a": {"k": [0, 0]}, "s": {"k": [100, 100]}, "r": {"k": 0}, "o": {"k": 100}},
    ]
    place = {
        "o": {"k": 100},
        "r": {"k": 0},
        "p": moving,
        "a": {"k": [0, 0, 0]},
        "s": {"k": [100, 100, 100]},
    }
    layer = {"ty": 4, "ip": 0, "op": 60, "st": 0, "ks": place, "shapes": [{"ty": "gr", "it": square}]}
    whole = {"v": "5.5.2", "tgs": 1, "fr": 60, "ip": 0, "op": 60, "w": 512, "h": 512, "layers": [layer], **changed}
    return gzip.compress(json.dumps(whole).encode(), mtime=0)


def shown(data: bytes) -> tuple[str | None, tuple[int, int], int]:
    with Image.open(io.BytesIO(data)) as one:
        return one.get_format_mimetype(), one.size, getattr(one, "n_frames", 1)


@pytest.mark.parametrize("mime", OPENED)
@pytest.mark.parametrize("to", ["image/png", "image/jpeg"])
def test_a_picture_becomes_one_of_another_type_upright_and_without_what_it_says(mime: str, to: str) -> None:
    after = made(picture(mime), mime, to).data
    turned = mime in {"image/jpeg", "image/tiff", "image/avif"}
    assert shown(after) == (to, (20, 30) if turned else (30, 20), 1)
    assert PLACE.encode() not in after
    with Image.open(io.BytesIO(after)) as one:
        assert not dict(one.getexif())


def test_a_photo_of_a_phone_becomes_one_that_everybody_can_open() -> None:
    import pi_heif  # noqa: PLC0415 - it is not imported where no such photo is

    assert pi_heif.is_supported(HEIC)
    assert shown(made(HEIC, "image/heic", "image/jpeg").data) == ("image/jpeg", (64, 64), 1)


@pytest.mark.parametrize(
    ("job", "size"),
    [
        ("image/jpeg 500 -", (500, 250)),
        ("image/jpeg 5000 -", (1000, 500)),
        ("image/jpeg - 20000", None),
        ("image/png 100 1000", None),
    ],
)
def test_a_picture_that_is_too_large_is_made_smaller(job: str, size: tuple[int, int] | None) -> None:
    noise = (
        Image.effect_noise((1000, 500), 90) if size is None and "jpeg" in job else Image.new("RGB", (1000, 500), "red")
    )
    out = io.BytesIO()
    noise.save(out, "PNG")
    after = made(out.getvalue(), "image/png", job)
    assert size is None or (after.width, after.height) == size
    limit = job.split()[2]
    assert limit == "-" or len(after.data) <= int(limit)
    assert shown(after.data)[1] == (after.width, after.height)


def test_what_cannot_be_made_small_enough_is_refused() -> None:
    with pytest.raises(Refused, match="does not fit"):
        made(picture("image/png", (400, 400)), "image/png", "image/png - 10")


@pytest.mark.parametrize(("mime", "to"), [("image/webp", "image/gif"), ("image/gif", "image/webp")])
def test_what_moves_moves_as_another_type(mime: str, to: str) -> None:
    after = made(picture(mime, frames=3), mime, to)
    assert after.animated
    assert shown(after.data) == (to, (30, 20), 3)


def test_what_moves_stands_still_where_nothing_moves() -> None:
    assert shown(made(picture("image/gif", frames=3), "image/gif", "image/png").data) == ("image/png", (30, 20), 1)


@pytest.mark.parametrize("to", ["image/webp", "image/gif"])
def test_a_drawing_that_moves_becomes_a_picture_that_does(to: str) -> None:
    after = made(drawing(), DRAWING, f"{to} 512 524288")
    mime, size, frames = shown(after.data)
    assert (mime, after.animated) == (to, True)
    assert size == (after.width, after.height)
    assert frames >= 6, "equal frames may be joined"
    with Image.open(io.BytesIO(after.data)) as one:
        red = one.convert("RGBA").getpixel((size[0] // 2, size[1] // 2))
        corner = one.convert("RGBA").getpixel((0, 0))
    assert isinstance(red, tuple)
    assert isinstance(corner, tuple)
    assert (red[0] > 200, red[1] < 50, red[3], corner[3]) == (True, True, 255, 0)


def test_a_drawing_stands_still_where_nothing_moves() -> None:
    assert shown(made(drawing(), DRAWING, "image/png").data)[::2] == ("image/png", 1)


@pytest.mark.parametrize(
    ("data", "mime", "why"),
    [
        (samples.png(60_000, 60_000), "image/png", "broken"),
        (samples.png(0, 5), "image/png", "broken"),
        (b"<svg/>", "image/png", "broken"),
        (picture("image/png"), "image/jpeg", "broken"),
        (picture("image/tiff")[:60], "image/tiff", "broken"),
        (b"%PDF-1.7", "application/pdf", "is made of"),
        (b"%!PS", "image/tiff", "broken"),
        (b"ftypheic", "image/heic", "broken"),
        (b"", "image/avif", "broken"),
        (gzip.compress(bytes(64 << 20), mtime=0), DRAWING, "too many bytes"),
        (gzip.compress(b"[" * 100_000, mtime=0), DRAWING, "broken"),
        (b"\x1f\x8b\x08 no gzip", DRAWING, "broken"),
        (gzip.compress(b"[]", mtime=0), DRAWING, "no drawing"),
        (drawing(w=100_000), DRAWING, "pixels"),
        (drawing(w="wide"), DRAWING, "broken"),
        (drawing(op=-5), DRAWING, "drawing"),
        (drawing(assets=[{"id": "a", "u": "/etc/", "p": "passwd", "e": 0}]), DRAWING, "other files"),
    ],
)
def test_bombs_liars_and_what_leads_elsewhere_are_refused(data: bytes, mime: str, why: str) -> None:
    began = time.monotonic()
    with pytest.raises(Refused, match=why):
        made(data, mime, "image/png")
    assert time.monotonic() - began < 2


def test_a_drawing_without_end_is_cut() -> None:
    after = made(drawing(op=10_000_000, w=8, h=8), DRAWING, "image/webp")
    with Image.open(io.BytesIO(after.data)) as one:
        assert getattr(one, "n_frames", 1) <= 250


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(OPENED), st.data())
def test_whatever_comes_is_made_or_refused(mime: str, data: st.DataObject) -> None:
    whole = bytearray(picture(mime))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        after = made(bytes(whole), mime, "image/png 64 100000")
    except Refused:
        return
    assert isinstance(after, Made)


async def pieces(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def test_a_process_does_the_same() -> None:
    out = bytearray()

    async def put(piece: bytes) -> None:
        out.extend(piece)

    told = await Processes().do("image/webp 512 -", DRAWING, pieces(drawing()), put)
    assert told.animated
    assert shown(bytes(out))[0] == "image/webp"
