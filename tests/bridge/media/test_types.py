"""What a file is: told by its bytes, whatever its name and its sender say."""

import pytest

from bridge.events import Kind
from bridge.media.types import UNKNOWN, fitting, told
from bridge.testing import samples

PNG = samples.content("image/png", "x")


@pytest.mark.parametrize(
    ("header", "declared", "expected"),
    [
        (PNG, "image/jpeg", "image/png"),
        (b"<svg xmlns='x' onload='alert(1)'>", "image/png", "image/svg+xml"),
        (b"\xef\xbb\xbf <?xml version='1.0'?><svg/>", "image/png", "image/svg+xml"),
        (b"<!DOCTYPE html><p>", "text/plain", "text/html"),
        (b"%PDF-1.7", "image/png", "application/pdf"),
        (b"SIMPLE  =                    T", "image/png", "application/fits"),
        (b"%!PS-Adobe", "image/png", "application/postscript"),
        (b"MZ\x90\0", "image/png", "application/vnd.microsoft.portable-executable"),
        (b"\0\0\0\x18ftypisom", "", "video/mp4"),
        (b"\0\0\0\x18ftypheic", "image/jpeg", "image/heic"),
        (b"\0\0\0\x18ftypM4A ", "", "audio/mp4"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/png", "image/webp"),
        (b"RIFF\0\0\0\0WAVEfmt ", "", "audio/wav"),
        (b"OggS\0\x02" + bytes(22) + b"OpusHead", "audio/mpeg", "audio/ogg"),
        (b"\x1a\x45\xdf\xa3....webm", "", "video/webm"),
        (b"PK\x03\x04", "application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.text"),
        (b"PK\x03\x04", "image/png", "application/zip"),
        (b"plain words", "text/csv; charset=utf-8", "text/csv"),
        (b"plain words", "text/html", "text/plain"),
        (b"plain words", "image/svg+xml", "text/plain"),
        ("ניסיון".encode(), "", "text/plain"),
        ("é".encode() * 2048, "", "text/plain"),
        (("é" * 2048).encode()[:4095], "", "text/plain"),
        (b"\xff\xfe\0\0", "", UNKNOWN),
        (b"\x01\x02\x03", "application/x-own", "application/x-own"),
        (b"\x01\x02\x03", "video/mp4", UNKNOWN),
        (b"\x01\x02\x03", "not a type", UNKNOWN),
        (b"\x01\x02\x03", "a/b\r\nX: y", UNKNOWN),
        (b"", "", UNKNOWN),
    ],
)
def test_the_bytes_say_what_it_is(header: bytes, declared: str, expected: str) -> None:
    assert told(header, declared, Kind.FILE) == expected


@pytest.mark.parametrize(
    ("kind", "mime", "expected"),
    [
        (Kind.IMAGE, "image/png", Kind.IMAGE),
        (Kind.IMAGE, "application/pdf", Kind.FILE),
        (Kind.IMAGE, "image/svg+xml", Kind.FILE),
        (Kind.IMAGE, "image/heic", Kind.FILE),
        (Kind.VIDEO, "image/gif", Kind.VIDEO),
        (Kind.VOICE, "audio/ogg", Kind.VOICE),
        (Kind.VOICE, "video/mp4", Kind.FILE),
        (Kind.STICKER, "application/x-tgsticker", Kind.STICKER),
        (Kind.FILE, "image/png", Kind.FILE),
    ],
)
def test_what_is_called_a_picture_and_is_none_is_a_file(kind: Kind, mime: str, expected: Kind) -> None:
    assert fitting(kind, mime) is expected


@pytest.mark.parametrize("mime", [mime for mimes in samples.OF_KIND.values() for mime in mimes])
def test_the_samples_are_what_they_say(mime: str) -> None:
    assert told(samples.content(mime, "x"), "", Kind.FILE) == mime


def test_a_packed_sticker_is_known_by_its_kind() -> None:
    assert told(b"\x1f\x8b\x08", "", Kind.STICKER) == "application/x-tgsticker"
