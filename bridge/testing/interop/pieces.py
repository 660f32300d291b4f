"""Files that a run plants: small, of their own for each scene, and what they say they are. Pure."""

import gzip
import json
import struct
import zlib
from collections.abc import Iterable

from bridge.events import Kind
from bridge.testing.holdings import Filed
from bridge.testing.samples import webp

_PNG = b"\x89PNG\r\n\x1a\n"
_SILENT_MP3_FRAME = b"\xff\xfb\x90\x64" + bytes(413)
_SILENT_OPUS = b"\xf8\xff\xfe"


def _ogg_row(number: int) -> int:
    value = number << 24
    for _ in range(8):
        value = (value << 1) ^ (0x04C11DB7 if value & 0x80000000 else 0)
    return value & 0xFFFFFFFF


_OGG_TABLE = tuple(map(_ogg_row, range(256)))


def number_of(words: str) -> int:
    """A number for some words, the same in every run."""
    return zlib.crc32(words.encode())


def image(token: str, *, alt: str = "", name: str = "") -> Filed:
    """A picture whose size is its own."""
    width, height = 16 + number_of(token) % 211, 16 + number_of(f"{token} height") % 199
    return Filed(
        kind=Kind.IMAGE, data=png(width, height, token), name=name or f"{token}.png", mime="image/png", alt=alt
    )


def png(width: int, height: int, token: str) -> bytes:
    """A plain picture in one colour."""
    colour = number_of(f"{token} colour").to_bytes(4, "big")[:3]
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress((b"\0" + colour * width) * height)
    return _PNG + b"".join(_chunk(kind, body) for kind, body in ((b"IHDR", header), (b"IDAT", rows), (b"IEND", b"")))


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def audio(token: str) -> Filed:
    """Half a second of silence with a title."""
    title = b"TIT2" + struct.pack(">IH", len(token) + 1, 0) + b"\0" + token.encode()
    tag = b"ID3\x03\0\0" + bytes((0, 0, len(title) >> 7, len(title) & 0x7F)) + title
    return Filed(
        kind=Kind.AUDIO, data=tag + _SILENT_MP3_FRAME * 20, name=f"{token}.mp3", mime="audio/mpeg", duration=1.0
    )


def voice(token: str) -> Filed:
    """A second of silence as somebody speaks it into a telephone."""
    head = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, 312, 48000, 0, 0)
    tags = b"OpusTags" + struct.pack("<I", len(token)) + token.encode() + struct.pack("<I", 0)
    serial = number_of(token) & 0x7FFFFFFF
    pages = (
        _ogg_page(serial, 0, 2, 0, (head,)),
        _ogg_page(serial, 1, 0, 0, (tags,)),
        _ogg_page(serial, 2, 4, 48000, (_SILENT_OPUS,) * 50),
    )
    return Filed(kind=Kind.VOICE, data=b"".join(pages), name=f"{token}.ogg", mime="audio/ogg", duration=1.0)


def _ogg_page(serial: int, number: int, flags: int, at: int, packets: Iterable[bytes]) -> bytes:
    packets = tuple(packets)
    sizes = bytes(len(packet) for packet in packets)
    before = b"OggS\0" + struct.pack("<BqII", flags, at, serial, number)
    after = bytes((len(sizes),)) + sizes + b"".join(packets)
    return before + struct.pack("<I", _ogg_check(before + bytes(4) + after)) + after


def _ogg_check(page: bytes) -> int:
    value = 0
    for byte in page:
        value = ((value << 8) & 0xFFFFFFFF) ^ _OGG_TABLE[(value >> 24) ^ byte]
    return value


def video(token: str) -> Filed:
    """The outside of a film: nothing in it moves."""
    data = _box(b"ftyp", b"isom\0\0\2\0isomiso2mp41") + _box(b"free", b"") + _box(b"mdat", token.encode() + bytes(64))
    return Filed(kind=Kind.VIDEO, data=data, name=f"{token}.mp4", mime="video/mp4", duration=1.0)


def _box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body) + 8) + kind + body


def file(token: str) -> Filed:
    """A text of its own."""
    return Filed(kind=Kind.FILE, data=f"minutes of {token}\n".encode() * 9, name=f"{token}.txt", mime="text/plain")


def sticker(token: str) -> Filed:
    """A picture without a name that stands for an emoji."""
    data = webp(token.encode() + bytes(len(token) % 2))
    return Filed(kind=Kind.STICKER, data=data, mime="image/webp", emoji="🦆", alt=token)


def animated(token: str) -> Filed:
    """A sticker that moves: a square that goes aside, on ground of its own size."""
    width, height = 64 + number_of(token) % 211, 64 + number_of(f"{token} height") % 199
    evenly = {"i": {"x": 1, "y": 1}, "o": {"x": 0, "y": 0}}
    moving = {"a": 1, "k": [{"t": 0, "s": [20, 20, 0], "e": [60, 60, 0], **evenly}, {"t": 60}]}
    still = {"k": [0, 0]}, {"k": [100, 100]}, {"k": 0}, {"k": 100}
    square = [
        {"ty": "rc", "p": still[0], "s": {"k": [20, 20]}, "r": still[2]},
        {"ty": "fl", "c": {"k": [1, 0, 0, 1]}, "o": still[3]},
        {"ty": "tr", "p": still[0], "a": still[0], "s": still[1], "r": still[2], "o": still[3]},
    ]
    place = {"o": still[3], "r": still[2], "p": moving, "a": still[0], "s": still[1]}
    layer = {"ty": 4, "ip": 0, "op": 60, "st": 0, "ks": place, "shapes": [{"ty": "gr", "it": square}]}
    drawing = {
        "tgs": 1,
        "v": "5.5.2",
        "fr": 60,
        "ip": 0,
        "op": 60,
        "w": width,
        "h": height,
        "nm": token,
        "layers": [layer],
    }
    data = gzip.compress(json.dumps(drawing).encode(), mtime=0)
    return Filed(kind=Kind.STICKER, data=data, mime="application/x-tgsticker", emoji="🦆", alt=token)


def alike(planted: Filed, held: Filed) -> bool:
    """Whether what a reader holds is what was planted: the same bytes, or a picture of the same size."""
    return held.data == planted.data or (bool(size := _size(planted.data)) and size == _size(held.data))


def _size(data: bytes) -> tuple[int, int] | None:
    """Width and height of a picture that was planted, or of one that it may have become; a drawing must still move."""
    if data.startswith(_PNG):
        width, height = struct.unpack(">II", data[16:24])
        return width, height
    if data.startswith(b"\x1f\x8b"):
        drawing = json.loads(gzip.decompress(data))
        return drawing["w"], drawing["h"]
    if data[8:16] == b"WEBPVP8X" and b"ANMF" in data:
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    return _jpeg_size(data) if data.startswith(b"\xff\xd8") else None


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 < len(data) and data[at] == 0xFF:
        if data[at + 1] in {0xC0, 0xC1, 0xC2}:
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        at += 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]
    return None
