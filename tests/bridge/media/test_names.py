"""File names: whatever is sent, one line that hides nothing and leads nowhere."""

import unicodedata
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.events import Kind
from bridge.media.names import safe


@pytest.mark.parametrize(
    ("name", "mime", "expected"),
    [
        ("../../etc/passwd", "text/plain", "passwd.txt"),
        ("..\\..\\x.png", "image/png", "x.png"),
        ("a\0b.png", "image/png", "ab.png"),
        ("CON", "text/plain", "_CON.txt"),
        ("lpt1.txt", "text/plain", "_lpt1.txt"),
        ("photo\u202egpj.exe", "application/vnd.microsoft.portable-executable", "photogpj.exe"),
        ("photo.jpg", "image/png", "photo.png"),
        ("photo.JPEG", "image/jpeg", "photo.JPEG"),
        ("page.png", "text/html", "page.html"),
        (".htaccess", "text/plain", "htaccess.txt"),
        ("", "image/png", "image.png"),
        ("...", "application/octet-stream", "image"),
        ("two\nlines\r\n.pdf", "application/pdf", "two lines.pdf"),
        ("a  b.txt", "text/plain", "a b.txt"),
        ("ⴰⵣⵓⵍ.ogg", "audio/ogg", "ⴰⵣⵓⵍ.ogg"),
        ("@room.png", "image/png", "@\u200broom.png"),
        ("notes.md", "text/plain", "notes.md"),
        ("archive.tar.zst", "application/zstd", "archive.tar.zst"),
        ('a<b>:"|?*.png', "image/png", "a_b______.png"),
        ("x" * 5000, "image/png", "x" * 116 + ".png"),
    ],
)
def test_a_name_is_made_safe(name: str, mime: str, expected: str) -> None:
    assert safe(name, mime, Kind.IMAGE) == expected


@given(st.text(max_size=300), st.sampled_from(["image/png", "text/plain", "application/octet-stream", "x/y"]))
def test_any_name_is_one_short_visible_piece(name: str, mime: str) -> None:
    made = safe(name, mime, Kind.FILE)
    assert made
    assert len(made.encode()) <= 130
    assert PurePosixPath(made).name == made == PureWindowsPath(made).name
    assert not made.startswith((".", " "))
    assert not [one for one in made if unicodedata.category(one)[0] == "C" and one != "\u200b"]
