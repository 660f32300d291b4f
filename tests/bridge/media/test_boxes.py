"""Films of the MP4 family say nothing any more, without ffmpeg: every box that does not make the film is free space."""

import io
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import Rejected
from bridge.media.boxes import blanked
from bridge.media.disk import Threads
from bridge.media.films import Films, Tools
from bridge.media.made import CLEAN, Made
from bridge.media.workshop import Processes
from tests.bridge.media.test_recoding import PICTURE, PLACE, SPOKEN, codecs, film, left, recorded, said, told

FRAGMENTED = ("-movflags", "frag_keyframe+empty_moov+default_base_moof")


def box(kind: bytes, inside: bytes = b"") -> bytes:
    return struct.pack(">I4s", 8 + len(inside), kind) + inside


def after(data: bytes) -> tuple[dict[str, object], bytes]:
    file = io.BytesIO(data)
    return dict(blanked(file)), file.getvalue()


async def worked(data: bytes, mime: str, folder: Path | None, program: Path | None = None) -> tuple[Made, bytes]:
    """What a workshop without ffmpeg makes of it."""
    out = bytearray()

    async def put(piece: bytes) -> None:
        out.extend(piece)

    async def pieces() -> AsyncIterator[bytes]:
        yield data

    made = await Processes(Films(lambda: Tools(program, 20, folder), Threads())).do(CLEAN, mime, pieces(), put)
    return made, bytes(out)


@pytest.mark.parametrize(
    ("mime", "name", "more"),
    [
        ("video/mp4", "a.mp4", ()),
        ("video/mp4", "a.mp4", ("-movflags", "+faststart")),
        ("video/mp4", "a.mp4", ("-movflags", "use_metadata_tags", "-metadata", "com.apple.quicktime.make=Camera")),
        ("video/mp4", "a.mp4", FRAGMENTED),
        ("video/quicktime", "a.mov", ()),
        ("video/3gpp", "a.3gp", ("-s", "176x144", "-c:v", "h263", "-c:a", "aac")),
    ],
)
async def test_a_film_does_not_say_where_and_when_it_was_taken_though_there_is_no_ffmpeg(
    mime: str, name: str, more: tuple[str, ...], tmp_path: Path
) -> None:
    before = film(name, *SPOKEN, *more)
    assert {"location", "creation_time"} & said(before)
    made, data = await worked(before, mime, tmp_path)
    assert (made.refused, made.same, len(data)) == ("", False, len(before))
    assert PLACE.encode() not in data
    assert not any(word in data for word in (b"Camera", b"loci", b"Duck"))
    assert not {"location", "creation_time", "title", "com.apple.quicktime.make"} & said(data)
    assert codecs(data) == codecs(before)
    assert [one.get("nb_frames") for one in told(data)["streams"]] == [
        one.get("nb_frames") for one in told(before)["streams"]
    ]
    assert (made.width, made.height) == ((216, 144) if name == "a.3gp" else (96, 64))
    assert more == FRAGMENTED or made.duration == pytest.approx(1, abs=0.2)
    assert not left(tmp_path)


async def test_what_says_nothing_stays_as_it_is(tmp_path: Path) -> None:
    _, silent = await worked(film("a.mp4", *SPOKEN), "video/mp4", tmp_path)
    made, data = await worked(silent, "video/mp4", None)
    assert (made.same, data) == (True, b"")


async def test_a_film_that_lies_on_its_side_is_as_high_as_it_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "in.mp4"
    path.write_bytes(recorded(*PICTURE, "-pix_fmt", "yuv420p", name="a.mp4"))
    turned = recorded("-i", str(path), "-c", "copy", "-metadata:s:v", "rotate=90", name="turned.mp4")
    told, _ = after(turned)
    assert (told["width"], told["height"]) == (64, 96)


async def test_what_the_program_cannot_open_is_blanked_all_the_same(tmp_path: Path) -> None:
    broken = box(b"ftyp", b"isom\0\0\0\0") + box(b"mdat", b"no pictures") + box(b"udta", PLACE.encode())
    made, data = await worked(broken, "video/mp4", tmp_path, Path("/bin/false"))
    assert (made.refused, data) == ("", broken.replace(b"udta" + PLACE.encode(), b"free" + bytes(len(PLACE))))


def test_what_was_left_over_in_free_space_goes_too() -> None:
    _, data = after(box(b"ftyp") + box(b"free", b"place") + box(b"skip", b"place"))
    assert data == box(b"ftyp") + box(b"free", bytes(5)) * 2


async def test_films_of_other_types_are_not_opened(tmp_path: Path) -> None:
    with pytest.raises(Rejected):
        await worked(film("a.webm"), "video/webm", tmp_path)


TRACK = box(b"hdlr", bytes(8) + b"gpmd" + bytes(12))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (box(b"moov", box(b"trak", box(b"mdia", TRACK))), "it has a track of data"),
        (box(b"moov", box(b"cmov", b"x")), "what it says is packed"),
        (b"\0\0\0\x08mda", "it is broken"),
        (struct.pack(">I4s", 7, b"free"), "it is broken"),
        (struct.pack(">I4s", 90, b"mdat") + b"cut", "it is broken"),
        (struct.pack(">I4sQ", 1, b"mdat", 1 << 60), "it is broken"),
        (box(b"free") * 20_000, "it is broken"),
        (b"trailer", "it is broken"),
    ],
)
def test_what_cannot_be_taken_out_is_refused(data: bytes, why: str) -> None:
    assert after(box(b"ftyp") + data)[0] == {"refused": why}


@pytest.mark.parametrize("data", [b"", bytes(5000), box(b"moov")])
def test_what_is_no_film_is_refused(data: bytes) -> None:
    assert after(data)[0] == {"refused": "it is no such film"}


@pytest.mark.parametrize("size", [struct.pack(">I4sQ", 1, b"uuid", 16 + 5), struct.pack(">I4s", 0, b"uuid")])
def test_sizes_are_read_in_every_form(size: bytes) -> None:
    _, data = after(box(b"ftyp") + size + b"place")
    assert data == box(b"ftyp") + size.replace(b"uuid", b"free") + bytes(5)


@given(st.data())
def test_no_film_breaks_it_and_none_grows(data: st.DataObject) -> None:
    before = bytearray(film("a.mp4", *SPOKEN))
    moov = before.index(b"moov")
    for _ in range(data.draw(st.integers(0, 5))):
        before[data.draw(st.integers(moov - 4, min(len(before), moov + 600) - 1))] = data.draw(st.integers(0, 255))
    told, made = after(bytes(before))
    assert len(made) == len(before)
    assert "refused" in told or told["same"] == (made == bytes(before))
