"""Small files of every kind to attach and to send: right from their first bytes on, each with a token of its own."""

import hashlib
import struct
import zlib
from fnmatch import fnmatchcase

from bridge.capabilities import MediaLimit
from bridge.events import File, Kind
from bridge.testing.holdings import Filed

_NAMES = {
    "image/png": "picture.png", "image/jpeg": "photo.jpg", "image/webp": "sticker.webp", "image/gif": "moves.gif",
    "video/mp4": "film.mp4", "audio/mpeg": "song.mp3", "audio/ogg": "voice.ogg", "application/pdf": "paper.pdf",
    "text/plain": "notes.txt",
}  # fmt: skip
OF_KIND: dict[Kind, tuple[str, ...]] = {
    Kind.IMAGE: ("image/png", "image/jpeg"),
    Kind.STICKER: ("image/webp", "image/png"),
    Kind.VIDEO: ("video/mp4",),
    Kind.AUDIO: ("audio/mpeg", "audio/ogg"),
    Kind.VOICE: ("audio/ogg",),
    Kind.FILE: ("application/pdf", "text/plain"),
}
"""Which of them are usual for a kind, the most usual first."""


def upload(kind: Kind, token: str, mime: str = "") -> Filed:
    """A file to attach; `token` stands in its bytes."""
    mime = mime or OF_KIND[kind][0]
    timed = 2.0 if kind in {Kind.VIDEO, Kind.AUDIO, Kind.VOICE} else None
    side = 8 if kind in {Kind.IMAGE, Kind.VIDEO, Kind.STICKER} else None
    return Filed(
        kind=kind, data=content(mime, token), mime=mime, name="" if kind is Kind.STICKER else _NAMES[mime],
        duration=timed, width=side, height=side, emoji="🐫" if kind is Kind.STICKER else "",
    )  # fmt: skip


def taken(kind: Kind, limit: MediaLimit, token: str) -> Filed | None:
    """A file of a kind that a room takes; None when it takes none of those."""
    usual = (*OF_KIND[kind], *_NAMES) if kind is Kind.FILE else OF_KIND[kind]
    for mime in usual:
        if any(fnmatchcase(mime, pattern) for pattern in limit.mimes):
            return upload(kind, token, mime)
    return None


def described(one: Filed, ident: str, sha256: str) -> File:
    """An upload as the bridge has it, once it is fetched."""
    return File(
        id=ident, kind=one.kind, name=one.name or f"file-{ident[:4]}", mime=one.mime, size=len(one.data), sha256=sha256,
        duration=one.duration, width=one.width, height=one.height, alt=one.alt, emoji=one.emoji,
    )  # fmt: skip


def content(mime: str, token: str) -> bytes:
    """The bytes of a file of this type; of pictures the token makes the colours, so that nobody takes it out."""
    own = hashlib.sha256(token.encode()).digest()
    match mime:
        case "image/png":
            return png(8, 8, colour=own[:3])
        case "image/jpeg":
            return _JPEG[:2] + b"\xff\xe2\x00\x22ICC_PROFILE\0\1\1" + own[:18] + _JPEG[2:]
        case "image/gif":
            return _GIF[:13] + own[:6] + _GIF[19:]
        case "image/webp":
            return webp(own[:12])
        case "video/mp4":
            return _BEGINNINGS[mime] + struct.pack(">I4s", 8 + len(token.encode()), b"mdat") + token.encode()
        case _:
            return _BEGINNINGS[mime] + f"\n% {token}\n".encode()


def webp(profile: bytes, *chunks: bytes) -> bytes:
    """A picture of one pixel with a profile of colours of its own, and further `chunks` behind."""
    canvas = b"VP8X" + struct.pack("<II", 10, 0x20) + bytes(6)
    body = b"WEBP" + canvas + b"ICCP" + struct.pack("<I", len(profile)) + profile + _PIXEL + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def png(width: int, height: int, *chunks: bytes, colour: bytes = b"\x40\x80\xc0") -> bytes:
    """A picture of one colour, with further `chunks` behind its header; a big one has its first rows only."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress((b"\0" + colour * width) * min(height, 1000))
    return b"".join((
        b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", header), *chunks, chunk(b"IDAT", rows), chunk(b"IEND", b""),
    ))  # fmt: skip


def chunk(name: bytes, data: bytes) -> bytes:
    """One piece of a PNG."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


_BEGINNINGS = {
    "video/mp4": bytes.fromhex("000000186674797069736f6d0000020069736f6d6d703432") + bytes.fromhex("0000000866726565"),
    "audio/mpeg": b"ID3\x04\x00\x00\x00\x00\x00\x00\xff\xfb\x90\x64" + bytes(64),
    "audio/ogg": (
        b"OggS\x00\x02" + bytes(8) + b"\x01\x00\x00\x00" + bytes(8) + b"\x01\x13"
        b"OpusHead\x01\x01\x38\x01\x80\xbb\x00\x00\x00\x00\x00"
    ),
    "application/pdf": b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF",
    "text/plain": b"plain words",
}
_JPEG = bytes.fromhex(
    "ffd8ffe000104a46494600010100000100010000ffdb004300080606070605080707070909080a0c140d0c0b0b0c1912130f141d1a1f1e1d"
    "1a1c1c20242e2720222c231c1c2837292c30313434341f27393d38323c2e333432ffc0000b080001000101011100ffc4001f000001050101"
    "0101010100000000000000000102030405060708090a0bffc400b5100002010303020403050504040000017d010203000411051221314106"
    "13516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a3435363738393a434445464748494a535455"
    "565758595a636465666768696a737475767778797a838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9ba"
    "c2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9faffda0008010100003f00fbd3ffd9"
)
_GIF = bytes.fromhex("47494638396101000100800000ff000000000021f90400000000002c00000000010001000002024401003b")
_PIXEL = b"VP8L" + struct.pack("<I", 14) + bytes.fromhex("2f00000010071011118888fe0700")
