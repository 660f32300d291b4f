"""Sound and films: what they say is taken out, they become what a room takes, and liars and bombs are refused."""

import asyncio
import io
import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bridge.errors import Rejected
from bridge.media.disk import Threads
from bridge.media.films import Films, Tools
from bridge.media.made import CLEAN, Made
from bridge.media.recoding import Refused, asked, is_silent, making, seen
from bridge.media.workshop import Processes
from bridge.testing.waiting import eventually

FFMPEG = Path(shutil.which("ffmpeg") or "ffmpeg")
PLACE = "+59.9333+030.3000/"
SPOKEN = (
    "-metadata",
    f"location={PLACE}",
    "-metadata",
    "creation_time=2024-05-06T07:08:09Z",
    "-metadata",
    "title=Duck",
)
PICTURE = ("-f", "lavfi", "-i", "testsrc=size=96x64:rate=10:duration=1")
BRANDS = {"major_brand", "minor_version", "compatible_brands"}
SOUND = ("-f", "lavfi", "-i", "sine=frequency=440:duration=1")


@cache
def recorded(*options: str, name: str) -> bytes:
    """What ffmpeg makes of its own test picture and tone."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        subprocess.run([FFMPEG, "-v", "error", *options, path], check=True)
        return path.read_bytes()


def film(name: str = "a.mp4", *more: str) -> bytes:
    return recorded(*PICTURE, *SOUND, "-pix_fmt", "yuv420p", *more, name=name)


def told(data: bytes) -> dict[str, Any]:
    """What is in a file, as the program sees it that made it."""
    options = ["-v", "error", "-print_format", "json", "-show_format", "-show_streams"]
    done = subprocess.run([FFMPEG.with_name("ffprobe"), *options, "-"], input=data, capture_output=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def said(data: bytes) -> set[str]:
    """The names of all tags."""
    whole = told(data)
    return {name.lower() for one in (whole["format"], *whole["streams"]) for name in one.get("tags", {})}


def left(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def codecs(data: bytes) -> list[str]:
    return [one["codec_name"] for one in told(data)["streams"]]


async def pieces(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), 50_000):
        yield data[start : start + 50_000]


async def worked(
    job: str, mime: str, data: bytes, folder: Path | None = None, seconds: float = 30
) -> tuple[Made, bytes]:
    out = bytearray()

    async def put(piece: bytes) -> None:
        out.extend(piece)

    workshop = Processes(Films(lambda: Tools(FFMPEG, seconds, folder), Threads()))
    return await workshop.do(job, mime, pieces(data), put), bytes(out)


# --- what it says ---


@pytest.mark.parametrize(
    ("mime", "name", "sealed"),
    [
        ("video/mp4", "a.mp4", False),
        ("video/mp4", "a.mp4", True),
        ("video/quicktime", "a.mov", False),
        ("video/webm", "a.webm", False),
    ],
)
async def test_a_film_does_not_say_where_and_when_it_was_taken(
    mime: str,
    name: str,
    sealed: bool,  # noqa: FBT001 - a table
    tmp_path: Path,
) -> None:
    before = film(name, *SPOKEN)
    assert {"location", "creation_time"} & said(before)
    made, after = await worked(CLEAN, mime, before, None if sealed else tmp_path)
    assert (made.width, made.height, made.duration) == (96, 64, pytest.approx(1, abs=0.2))
    assert said(after) <= {"title", "duration", "encoder", "language", "handler_name", "vendor_id", *BRANDS}
    assert PLACE.encode() not in after
    assert (codecs(after), "title" in said(after)) == (codecs(before), True)
    assert not left(tmp_path)


@pytest.mark.parametrize(("mime", "name"), [("audio/ogg", "a.ogg"), ("audio/mpeg", "a.mp3"), ("audio/mp4", "a.m4a")])
async def test_a_song_keeps_whose_it_is_and_nothing_else(mime: str, name: str, tmp_path: Path) -> None:
    before = recorded(*SOUND, *SPOKEN, "-metadata", "comment=at home", name=name)
    made, after = await worked(CLEAN, mime, before, tmp_path)
    assert (made.same, made.duration) == (False, pytest.approx(1, abs=0.2))
    assert b"at home" not in after
    assert b"Duck" in after


async def test_what_says_nothing_stays_as_it_is_byte_for_byte(tmp_path: Path) -> None:
    before = film()
    made, after = await worked(CLEAN, "video/mp4", before, tmp_path)
    assert (made.same, made.width, made.height, after) == (True, 96, 64, b"")


async def test_a_film_that_lies_on_its_side_still_stands_upright(tmp_path: Path) -> None:
    upright = recorded(*PICTURE, "-pix_fmt", "yuv420p", name="a.mp4")
    path = tmp_path / "in.mp4"
    path.write_bytes(upright)
    turned = recorded("-i", str(path), "-c", "copy", "-metadata:s:v", "rotate=90", *SPOKEN, name="turned.mp4")
    made, after = await worked(CLEAN, "video/mp4", turned, tmp_path)
    assert (made.width, made.height) == (64, 96)
    (stream,) = told(after)["streams"]
    assert [abs(one["rotation"]) for one in stream["side_data_list"]] == [90]


# --- another type ---


@pytest.mark.parametrize(
    ("mime", "name", "job", "expected"),
    [
        ("video/webm", "a.webm", "video/mp4 - 5000000", ["h264", "aac"]),
        ("video/quicktime", "a.mov", "video/mp4", ["h264", "aac"]),
        ("video/webm", "a.webm", "image/gif 48 -", ["gif"]),
        ("video/webm", "a.webm", "image/png", ["png"]),
        ("video/mp4", "a.mp4", "image/jpeg 48 -", ["mjpeg"]),
    ],
)
async def test_a_film_becomes_what_a_room_takes(
    mime: str, name: str, job: str, expected: list[str], tmp_path: Path
) -> None:
    made, after = await worked(job, mime, film(name, *SPOKEN), tmp_path)
    assert (made.same, codecs(after)) == (False, expected)
    assert PLACE.encode() not in after
    if job.startswith("video/"):
        assert (made.width, made.height, made.duration) == (96, 64, pytest.approx(1, abs=0.2))
    if " 48 " in job:
        assert told(after)["streams"][0]["width"] == 48
    if job.startswith(("image/png", "image/jpeg")):
        assert (made.width, made.duration) == (48 if " 48 " in job else 96, None)


async def test_a_picture_that_moves_becomes_a_film_and_a_film_a_picture_that_moves(tmp_path: Path) -> None:
    gif = recorded(*PICTURE, name="a.gif")
    made, after = await worked("video/mp4", "image/gif", gif, tmp_path)
    assert (made.animated, codecs(after)) == (True, ["h264"])
    made, back = await worked("image/gif", "video/mp4", after, tmp_path)
    assert (made.animated, back[:6]) == (True, b"GIF89a")


async def test_a_sticker_that_is_a_film_becomes_a_picture_that_moves_and_stays_clear(tmp_path: Path) -> None:
    half = (
        "-f",
        "lavfi",
        "-i",
        "testsrc=size=64x64:rate=10:duration=1",
        "-vf",
        "format=rgba,geq=r='r(X,Y)':a='if(lt(X,32),0,255)'",
    )
    sticker = recorded(*half, "-c:v", "libvpx-vp9", "-pix_fmt", "yuva420p", name="a.webm")
    made, after = await worked("image/webp 512 524288", "video/webm", sticker, tmp_path)
    with Image.open(io.BytesIO(after)) as shown:
        frames, left, right = (
            getattr(shown, "n_frames", 1),
            *(shown.convert("RGBA").getpixel(at) for at in ((2, 32), (60, 32))),
        )
    assert isinstance(left, tuple)
    assert isinstance(right, tuple)
    assert (made.animated, frames > 5, left[3], right[3]) == (True, True, 0, 255)


@pytest.mark.parametrize(
    ("mime", "name", "to", "codec"),
    [
        ("audio/ogg", "a.ogg", "audio/mpeg", "mp3"),
        ("audio/ogg", "a.ogg", "audio/mp4", "aac"),
        ("audio/mpeg", "a.mp3", "audio/ogg", "opus"),
        ("audio/wav", "a.wav", "audio/ogg", "opus"),
    ],
)
async def test_a_voice_becomes_what_a_room_takes(mime: str, name: str, to: str, codec: str, tmp_path: Path) -> None:
    made, after = await worked(to, mime, recorded(*SOUND, name=name), tmp_path)
    assert (codecs(after), made.duration) == ([codec], pytest.approx(1, abs=0.3))


async def test_a_film_that_would_not_fit_is_refused(tmp_path: Path) -> None:
    made, after = await worked("video/mp4 - 1000", "video/webm", film("a.webm"), tmp_path)
    assert (made.refused, after) == ("it is too long for 1000 bytes", b"")


def moving(seconds: int = 2, size: str = "640x480", rate: int = 60) -> bytes:
    """A film with much in it that changes: encoders need many bits for it."""
    picture = ("-f", "lavfi", "-i", f"testsrc=size={size}:rate={rate}:duration={seconds},noise=alls=60:allf=t")
    tone = ("-f", "lavfi", "-i", f"sine=frequency=440:duration={seconds}")
    light = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "256k")
    return recorded(*picture, *tone, *light, name="heavy.mp4")


async def test_a_film_that_is_too_heavy_is_made_smaller_and_can_be_watched(tmp_path: Path) -> None:
    before, most = moving(), 120_000
    made, after = await worked(f"video/mp4 - {most}", "video/mp4", before, tmp_path)
    assert (len(before) > 5 * most, most / 2 < len(after) <= most) == (True, True)
    picture, sound = told(after)["streams"]
    assert (codecs(after), made.duration) == (["h264", "aac"], pytest.approx(2, abs=0.2))
    assert (picture["width"], picture["height"]) == (made.width, made.height)
    assert 320 <= made.width < 640
    assert (picture["avg_frame_rate"], int(sound["bit_rate"]) < 130_000) == ("30/1", True)


async def test_a_film_of_which_only_a_stamp_could_be_left_is_refused(tmp_path: Path) -> None:
    made, after = await worked("video/mp4 - 100000", "video/mp4", moving(), tmp_path)
    assert (made.refused, after) == ("it is too long for 100000 bytes", b"")


async def test_a_film_that_fits_already_is_copied_as_it_is(tmp_path: Path) -> None:
    before = film("a.mov")
    _, after = await worked("video/mp4 - 5000000", "video/quicktime", before, tmp_path)
    assert [one["bit_rate"] for one in told(after)["streams"]] == [one["bit_rate"] for one in told(before)["streams"]]


# --- what is none ---

LIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
CONCAT = b"ffconcat version 1.0\nfile /etc/passwd\n"


@pytest.mark.parametrize(
    ("job", "mime"), [(CLEAN, "video/mp4"), ("video/mp4", "video/webm"), ("image/png", "video/x-msvideo")]
)
@pytest.mark.parametrize(
    "data", [LIST, CONCAT, b"", b"\0" * 5000, film()[:700]], ids=["list", "concat", "none", "zero", "cut"]
)
async def test_what_is_no_film_is_refused(data: bytes, mime: str, job: str, tmp_path: Path) -> None:
    made, after = await worked(job, mime, data, tmp_path)
    assert (bool(made.refused), after) == (True, b"")


async def test_a_film_of_another_kind_than_it_is_called_is_refused(tmp_path: Path) -> None:
    assert (await worked("video/mp4", "video/webm", film(), tmp_path))[0].refused == "it is broken"


async def test_a_bomb_of_pixels_is_refused(tmp_path: Path) -> None:
    gif = bytearray(recorded(*PICTURE, name="a.gif"))
    gif[6:10] = b"\xff\xff\xff\xff"
    assert (await worked("video/mp4", "image/gif", bytes(gif), tmp_path))[0].refused


async def test_a_job_that_takes_too_long_ends_with_all_that_it_started(tmp_path: Path) -> None:
    long = recorded("-f", "lavfi", "-i", "testsrc=size=1280x720:rate=30:duration=4", "-c:v", "mjpeg", name="long.mkv")
    made, _ = await worked("video/mp4 - 50000000", "video/x-matroska", long, tmp_path, seconds=0.4)
    assert made.refused == "it cannot be opened"
    await eventually(lambda: not running(tmp_path))
    assert not left(tmp_path)


def running(folder: Path) -> list[str]:
    """Processes that hold a file of this folder."""
    return [
        str(path) for path in Path("/proc").glob("[0-9]*/fd/*")
        if "self" not in str(path) and str(folder) in _read(path) and "ffmpeg" in _program(path)
    ]  # fmt: skip


def _read(path: Path) -> str:
    try:
        return str(path.readlink())
    except OSError:
        return ""


def _program(path: Path) -> str:
    try:
        return (path.parents[1] / "comm").read_text("utf-8")
    except OSError:
        return ""


async def test_a_job_that_nobody_waits_for_ends(tmp_path: Path) -> None:
    long = recorded("-f", "lavfi", "-i", "testsrc=size=1280x720:rate=30:duration=4", "-c:v", "mjpeg", name="long.mkv")
    task = asyncio.create_task(worked("video/mp4 - 50000000", "video/x-matroska", long, tmp_path))
    await eventually(lambda: running(tmp_path))
    task.cancel()
    await asyncio.wait([task])
    await eventually(lambda: not running(tmp_path))


async def test_without_the_program_films_are_not_opened(tmp_path: Path) -> None:
    async def put(piece: bytes) -> None:
        raise AssertionError(piece)

    for workshop in (Processes(), Processes(Films(lambda: Tools(None, 1, tmp_path), Threads()))):
        with pytest.raises(Rejected):
            await workshop.do("image/png", "video/mp4", pieces(film()), put)


# --- pure ---


def test_a_song_with_a_cover_is_no_film() -> None:
    cover = {"codec_type": "video", "disposition": {"attached_pic": 1}}
    assert seen({"streams": [{"codec_type": "audio"}, cover], "format": {}}).video is None


@pytest.mark.parametrize(
    ("tags", "silent"),
    [
        ({"encoder": "x"}, True),
        ({"location-eng": PLACE}, False),
        ({"com.apple.quicktime.make": "x"}, False),
        ({}, True),
    ],
)
def test_what_has_to_be_taken_out_is_known_by_what_may_stay(tags: dict[str, str], silent: bool) -> None:  # noqa: FBT001 - a table
    what = seen({"streams": [{"codec_type": "video", "tags": {"handler_name": "v"}}], "format": {"tags": tags}})
    assert is_silent(what) == silent


def test_a_track_of_places_is_taken_out_too() -> None:
    assert not is_silent(seen({"streams": [{"codec_type": "video"}, {"codec_type": "data"}], "format": {}}))


@given(st.sampled_from(["video/mp4", "image/gif", "audio/ogg", "image/bmp"]), st.none() | st.integers(1, 10**9))
def test_every_job_has_its_options_or_is_refused(to: str, most: int | None) -> None:
    what = seen({"streams": [{"codec_type": "video"}], "format": {"duration": "9"}})
    try:
        options = making(what, asked(f"{to} - {most or '-'}"))
    except Refused:
        return
    assert options[-2:] == ("-f", {"video/mp4": "mp4", "image/gif": "gif"}[to])
