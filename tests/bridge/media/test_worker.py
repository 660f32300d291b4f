"""Pictures of strangers: nothing is kept of place and camera, nothing is lost of the picture, no bomb goes off."""

import asyncio
import io
import os
import resource
import struct
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from bridge.errors import Rejected
from bridge.media.made import Made
from bridge.media.worker import Cleaned, Refused, cleaned
from bridge.media.workshop import Processes
from bridge.testing import samples
from bridge.testing.waiting import eventually

PLACE = b"59 deg 56' N"
MIMES = ["image/jpeg", "image/png", "image/webp", "image/gif"]


def picture(mime: str, turned: int = 1, frames: int = 1) -> bytes:
    """A picture of 30 x 20 pixels that tells where it was taken, in every way its format has."""
    shots = [Image.new("RGB", (30, 20), (200, 10 * number, 30)) for number in range(frames)]
    shots[0].putpixel((0, 0), (0, 0, 255))
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = turned, PLACE.decode()
    exif.get_ifd(0x8825)[2] = (59.0, 56.0, 0.0)
    more: dict[str, object] = {"save_all": True, "append_images": shots[1:]} if frames > 1 else {}
    xmp = b"<x:xmpmeta>" + PLACE + b"</x:xmpmeta>"
    match mime:
        case "image/jpeg":
            more.update(exif=exif, comment=PLACE, xmp=xmp)
        case "image/png":
            info = PngImagePlugin.PngInfo()
            info.add_text("Comment", PLACE.decode())
            info.add_itxt("XML:com.adobe.xmp", PLACE.decode())
            more.update(exif=exif, pnginfo=info)
        case "image/webp":
            more.update(exif=exif, xmp=xmp, lossless=True)
        case _:
            more.update(comment=PLACE)
    out = io.BytesIO()
    shots[0].save(out, mime.partition("/")[2].upper(), **more)
    return out.getvalue()


def pixels(data: bytes) -> tuple[tuple[int, int], bytes]:
    with Image.open(io.BytesIO(data)) as shown:
        return shown.size, shown.convert("RGB").tobytes()


@pytest.mark.parametrize("mime", MIMES)
def test_what_a_picture_says_of_place_and_camera_is_taken_out_and_it_stays_the_same(mime: str) -> None:
    before = picture(mime)
    assert PLACE in before
    after = cleaned(before, mime)
    assert PLACE not in after.data
    with Image.open(io.BytesIO(after.data)) as shown:
        assert not dict(shown.getexif())
        assert not {"exif", "xmp", "comment", "Comment"} & shown.info.keys()
    assert pixels(after.data) == pixels(before)
    assert (after.width, after.height, after.animated) == (30, 20, False)


@pytest.mark.parametrize("mime", MIMES)
def test_what_was_cleaned_is_clean(mime: str) -> None:
    once = cleaned(picture(mime), mime).data
    assert cleaned(once, mime).data == once
    assert cleaned(samples.content(mime, "x"), mime).data == samples.content(mime, "x")


@pytest.mark.parametrize("mime", MIMES)
def test_what_hangs_behind_a_picture_goes(mime: str) -> None:
    once = cleaned(picture(mime), mime).data
    assert cleaned(once + b"ftyp a film of where it was taken", mime).data == once


@pytest.mark.parametrize("turned", range(1, 9))
def test_a_photo_that_lies_on_its_side_still_stands_upright(turned: int) -> None:
    after = cleaned(picture("image/jpeg", turned), "image/jpeg").data
    with Image.open(io.BytesIO(after)) as shown:
        exif = dict(shown.getexif())
    assert exif == ({} if turned == 1 else {0x0112: turned})


@pytest.mark.parametrize("mime", ["image/gif", "image/webp", "image/png"])
def test_what_moves_still_moves(mime: str) -> None:
    after = cleaned(picture(mime, frames=3), mime)
    assert after.animated
    assert PLACE not in after.data
    with Image.open(io.BytesIO(after.data)) as shown:
        assert getattr(shown, "n_frames", 1) == 3


@pytest.mark.parametrize(
    ("data", "mime"),
    [
        (samples.png(60_000, 60_000), "image/png"),
        (samples.png(0, 5), "image/png"),
        (b"<svg/>", "image/png"),
        (b"SIMPLE  =", "image/png"),
        (b"%PDF-1.7", "image/jpeg"),
        (picture("image/png"), "image/jpeg"),
        (picture("image/jpeg")[:-40], "image/jpeg"),
        (picture("image/png")[:-40], "image/png"),
        (b"GIF89a" + struct.pack("<HHB", 65_535, 65_535, 0) + b"\0\0;", "image/gif"),
        (b"", "image/png"),
        (b"x", "image/svg+xml"),
    ],
)
def test_bombs_and_what_is_no_such_picture_are_refused_unopened(data: bytes, mime: str) -> None:
    began = time.monotonic()
    with pytest.raises(Refused):
        cleaned(data, mime)
    assert time.monotonic() - began < 1


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(MIMES), st.data())
def test_whatever_comes_is_cleaned_or_refused(mime: str, data: st.DataObject) -> None:
    whole = bytearray(picture(mime))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        made = cleaned(bytes(whole[: data.draw(st.integers(0, len(whole)))]), mime)
    except Refused:
        return
    assert isinstance(made, Cleaned)


# --- in a process of its own ---


async def pieces(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), 1000):
        yield data[start : start + 1000]


async def worked(job: str, mime: str, data: bytes) -> tuple[Made, bytes]:
    out = bytearray()

    async def put(piece: bytes) -> None:
        out.extend(piece)

    made = await Processes().do(job, mime, pieces(data), put)
    return made, bytes(out)


async def test_a_process_does_the_same() -> None:
    before = picture("image/jpeg")
    made, data = await worked("clean", "image/jpeg", before)
    assert (made, data) == (Made(30, 20), cleaned(before, "image/jpeg").data)
    assert await worked("clean", "image/jpeg", data) == (Made(30, 20, same=True), b"")


async def test_a_process_says_why_it_refuses() -> None:
    made, data = await worked("clean", "image/png", samples.png(60_000, 60_000))
    assert (made.refused, data) == ("it has 60000 times 60000 pixels", b"")


async def test_a_process_that_needs_too_much_ends_alone_and_ours_grows_hardly() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(Rejected):
        await Processes().do("clean", "image/png", endless(1200), nobody)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


async def endless(mebibytes: int) -> AsyncIterator[bytes]:
    """More than the process may hold."""
    piece = bytes(1 << 20)
    for _ in range(mebibytes):
        yield piece


async def nobody(piece: bytes) -> None:
    raise AssertionError(piece)


async def test_a_process_is_gone_when_nobody_waits_for_it() -> None:
    async def never() -> AsyncIterator[bytes]:
        yield b"\x89PNG"
        await asyncio.Event().wait()

    task = asyncio.create_task(Processes().do("clean", "image/png", never(), nobody))
    await asyncio.sleep(0)
    await eventually(children)
    task.cancel()
    await asyncio.wait([task])
    assert not children()


def children() -> list[str]:
    """Processes of ours that still are."""
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text("utf-8").split()
