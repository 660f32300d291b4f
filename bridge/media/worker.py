"""Cleans pictures of strangers: a program of its own, with little memory and time, that knows nothing of the bridge.

    python -I limited.py … worker.py image/jpeg < picture > answer

The answer is a line of JSON and then, where it changed, the picture. What it says of place, camera and people is taken
out without encoding it anew: only known pieces of its format are kept, in their order, and nothing behind its end.
"""

import json
import struct
import sys
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

MOST_PIXELS: Final = 40_000_000
MEMORY_BYTES: Final = 1 << 30
CPU_SECONDS: Final = 30
_TO_LEFT: Final = 0x0112
"""The tag of EXIF that says which way a picture is to be turned: all that is kept of it."""


class Refused(Exception):
    """It is no such picture, or too big a one."""


class Cleaned(NamedTuple):
    """A picture with nothing in it but itself."""

    width: int
    height: int
    animated: bool
    data: bytes


def cleaned(data: bytes, mime: str) -> Cleaned:
    """A picture of this type, cleaned. Raises `Refused`."""
    clean = _CLEANERS.get(mime)
    if clean is None:
        raise Refused(f"{mime} is not opened")
    try:
        found = clean(data)
    except (struct.error, IndexError, ValueError) as error:
        raise Refused("it is broken") from error
    if not 0 < found.width * found.height <= MOST_PIXELS:
        raise Refused(f"it has {found.width} times {found.height} pixels")
    return found


# --- JPEG ---

_SIZES: Final = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_BARE: Final = frozenset({0x00, 0x01, *range(0xD0, 0xD8)})


def _jpeg(data: bytes) -> Cleaned:
    if data[:3] != b"\xff\xd8\xff":
        raise Refused("it is no JPEG")
    kept, width, height, turned = [], 0, 0, 1
    for marker, piece in _segments(data):
        if marker in _SIZES and not width:
            height, width = struct.unpack(">HH", piece[5:9])
        if marker == 0xE1 and piece[4:10] == b"Exif\0\0":
            turned = _turned(piece[10:])
        if _belongs(marker, piece):
            kept.append(piece)
    if not width or kept[-1] != b"\xff\xd9":
        raise Refused("it is broken")
    if turned != 1:
        body = b"Exif\0\0" + _turning(turned)
        first = 1 if kept[0][1] == 0xE0 else 0
        kept.insert(first, b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body)
    return Cleaned(width, height, animated=False, data=b"".join((b"\xff\xd8", *kept)))


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Every segment with its marker, what is encoded between them as marker -1, up to the end of the picture."""
    at = 2
    while True:
        end = at
        while data[end] != 0xFF or data[end + 1] in _BARE:
            found = data.find(b"\xff", end + 1 if data[end] != 0xFF else end + 2)
            if found < 0:
                raise Refused("it is cut off")
            end = found
        if end > at:
            yield -1, data[at:end]
        while data[end + 1] == 0xFF:
            end += 1
        marker = data[end + 1]
        if marker == 0xD9:
            yield marker, b"\xff\xd9"
            return
        at = end + 2 + struct.unpack(">H", data[end + 2 : end + 4])[0]
        if at > len(data):
            raise Refused("it is cut off")
        yield marker, data[end:at]


def _belongs(marker: int, piece: bytes) -> bool:
    """Of what applications write, only the colours and the format's own."""
    if marker == 0xE0:
        return piece[4:9] == b"JFIF\0"
    if marker == 0xE2:
        return piece[4:16] == b"ICC_PROFILE\0"
    return marker == 0xEE or not (0xE1 <= marker <= 0xEF or marker == 0xFE)


def _turned(exif: bytes) -> int:
    """Which way EXIF says that the picture is to be turned; 1 for not at all."""
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    try:
        if order is None:
            return 1
        (start,) = struct.unpack(f"{order}I", exif[4:8])
        (count,) = struct.unpack(f"{order}H", exif[start : start + 2])
        for at in range(start + 2, start + 2 + 12 * min(count, 512), 12):
            tag, kind, _, value = struct.unpack(f"{order}HHIH", exif[at : at + 10])
            if tag == _TO_LEFT and kind == 3 and 1 <= value <= 8:
                return int(value)
    except struct.error:
        pass
    return 1


def _turning(way: int) -> bytes:
    """EXIF that says nothing but that."""
    return b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, _TO_LEFT, 3, 1, way, 0, 0)


# --- PNG ---

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_CHUNKS: Final = frozenset({
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"bKGD", b"pHYs", b"hIST",
    b"sPLT", b"acTL", b"fcTL", b"fdAT", b"cICP", b"mDCV", b"cLLI",
})  # fmt: skip


def _png(data: bytes) -> Cleaned:
    if data[:8] != _PNG or data[12:16] != b"IHDR":
        raise Refused("it is no PNG")
    width, height = struct.unpack(">II", data[16:24])
    kept, at, names = [_PNG], 8, set()
    while b"IEND" not in names:
        (length,) = struct.unpack(">I", data[at : at + 4])
        name, piece = data[at + 4 : at + 8], data[at : at + 12 + length]
        if len(piece) != 12 + length:
            raise Refused("it is cut off")
        names.add(name)
        if name in _CHUNKS:
            kept.append(piece)
        at += 12 + length
    return Cleaned(width, height, b"acTL" in names, b"".join(kept))


# --- WebP ---

_WEBP: Final = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"})
_SPEAKING: Final = 0x08 | 0x04
"""The bits that promise EXIF and XMP."""


def _webp(data: bytes) -> Cleaned:
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        raise Refused("it is no WebP")
    end = min(len(data), 8 + struct.unpack("<I", data[4:8])[0])
    pieces, at = [], 12
    while at + 8 <= end:
        (length,) = struct.unpack("<I", data[at + 4 : at + 8])
        piece = data[at : at + 8 + length]
        if len(piece) != 8 + length:
            raise Refused("it is cut off")
        if piece[:4] in _WEBP:
            pieces.append(piece + bytes(length % 2))
        at += 8 + length + length % 2
    if pieces[0][:4] == b"VP8X":
        pieces[0] = pieces[0][:8] + bytes([pieces[0][8] & ~_SPEAKING]) + pieces[0][9:]
    body = b"WEBP" + b"".join(pieces)
    width, height = _webp_size(pieces[0])
    animated = any(piece[:4] == b"ANMF" for piece in pieces)
    return Cleaned(width, height, animated, b"RIFF" + struct.pack("<I", len(body)) + body)


def _webp_size(first: bytes) -> tuple[int, int]:
    match first[:4]:
        case b"VP8X":
            return int.from_bytes(first[12:15], "little") + 1, int.from_bytes(first[15:18], "little") + 1
        case b"VP8L":
            bits = int.from_bytes(first[9:13], "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 ":
            width, height = struct.unpack("<HH", first[14:18])
            return width & 0x3FFF, height & 0x3FFF
        case _:
            raise Refused("it is broken")


# --- GIF ---

_APPLICATIONS: Final = (b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012")


def _gif(data: bytes) -> Cleaned:
    if data[:6] not in {b"GIF87a", b"GIF89a"}:
        raise Refused("it is no GIF")
    width, height, flags = struct.unpack("<HHB", data[6:11])
    at = 13 + _colours(flags)
    kept, images = [data[:at]], 0
    while data[at] != 0x3B:
        if data[at] == 0x21:
            end = _blocks_end(data, at + 2)
            keep = data[at + 1] != 0xFE and (data[at + 1] != 0xFF or data[at + 3 : at + 14] in _APPLICATIONS)
        elif data[at] == 0x2C:
            end = _blocks_end(data, at + 11 + _colours(data[at + 9]))
            keep, images = True, images + 1
        else:
            raise Refused("it is broken")
        kept += [data[at:end]] if keep else []
        at = end
    return Cleaned(width, height, images > 1, b"".join((*kept, b";")))


def _colours(flags: int) -> int:
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _blocks_end(data: bytes, at: int) -> int:
    while data[at]:
        at += data[at] + 1
    return at + 1


_CLEANERS: Final[dict[str, Callable[[bytes], Cleaned]]] = {
    "image/jpeg": _jpeg, "image/png": _png, "image/webp": _webp, "image/gif": _gif,
}  # fmt: skip


def main(mime: str) -> None:
    """One picture: from standard input to standard output."""
    data = sys.stdin.buffer.read()
    try:
        made = cleaned(data, mime)
    except Refused as error:
        sys.stdout.write(json.dumps({"refused": str(error)}) + "\n")
        return
    same = made.data == data
    told = {"width": made.width, "height": made.height, "animated": made.animated, "same": same}
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    if not same:
        sys.stdout.buffer.write(made.data)


if __name__ == "__main__":
    main(sys.argv[1])
