"""Takes out what films of the MP4 family say, in place and without ffmpeg: a program of its own that knows no bridge.

    python -I limited.py … boxes.py 5

5 is an open file. Such a film is boxes in boxes: those that make the film stay, every other becomes free space, and the
times of recording become zero; no box moves, so nothing that points into the file has to be changed. A film with a
track that is neither picture, sound nor words is refused: what it says lies among the pictures. The answer is a line of
JSON.
"""

import json
import os
import struct
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import BinaryIO, Final, NamedTuple

CPU_SECONDS: Final = 30
MEMORY_BYTES: Final = 512 << 20
_MOST_BOXES: Final = 20_000
_PIECE: Final = 1 << 20
_KEPT: Final[Mapping[bytes, frozenset[bytes]]] = {
    b"": frozenset({
        b"ftyp", b"styp", b"mdat", b"moov", b"moof", b"mfra", b"sidx", b"ssix", b"pdin", b"wide",
    }),
    b"moov": frozenset({b"mvhd", b"trak", b"mvex", b"iods"}),
    b"trak": frozenset({b"tkhd", b"edts", b"tref", b"tapt", b"mdia"}),
    b"mdia": frozenset({b"mdhd", b"hdlr", b"elng", b"minf"}),
    b"moof": frozenset({b"mfhd", b"traf"}),
}  # fmt: skip
"""What stays in each box that is opened; what stays and is not opened stays whole."""
_TIMED: Final = frozenset({b"mvhd", b"tkhd", b"mdhd"})
_HANDLED: Final = frozenset({b"vide", b"soun", b"text", b"sbtl", b"subt", b"clcp"})
_PACKED: Final = b"cmov"
TYPES: Final = frozenset({"video/mp4", "video/quicktime", "video/3gpp", "audio/mp4"})
"""The types that are made of such boxes."""


class Refused(Exception):
    """It is no such film, or says something that cannot be taken out."""


class Box(NamedTuple):
    """Where a box stands: its type, where its inside begins, and where it ends."""

    kind: bytes
    begin: int
    inside: int
    end: int


class Blanking:
    """One film. `changed` says whether anything was taken out; the rest is what it tells of itself."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._left = file, _MOST_BOXES
        self._size = file.seek(0, os.SEEK_END)
        self.changed = False
        self.width, self.height, self.seconds = 0, 0, 0.0

    def run(self) -> None:
        """All of it. Raises `Refused`; then the file is to be thrown away."""
        if self._read(4, 4) != b"ftyp":
            raise Refused("it is no such film")
        self._level(b"", 0, self._size)

    def _level(self, parent: bytes, begin: int, end: int) -> None:
        for box in self._boxes(begin, end):
            if box.kind == _PACKED:
                raise Refused("what it says is packed")
            if box.kind not in _KEPT[parent]:
                self._free(box)
            elif box.kind in _KEPT:
                self._level(box.kind, box.inside, box.end)
            else:
                self._look(box)

    def _boxes(self, begin: int, end: int) -> Iterator[Box]:
        while end - begin >= 8:  # noqa: PLR2004 - a size and a type
            self._left -= 1
            size, kind = struct.unpack(">I4s", self._read(begin, 8))
            inside = begin + 8
            if size == 1:
                size, inside = struct.unpack(">Q", self._read(inside, 8))[0], inside + 8
            size = size or end - begin
            if self._left < 0 or size < inside - begin or begin + size > end:
                raise Refused("it is broken")
            yield Box(kind, begin, inside, begin + size)
            begin += size
        if any(self._read(begin, end - begin)):  # QuickTime ends some lists with a zero
            raise Refused("it is broken")

    def _look(self, box: Box) -> None:
        if box.kind in _TIMED:
            head = self._read(box.inside, min(128, box.end - box.inside))
            self._told(box.kind, head)
            self._zero(box.inside + 4, box.inside + (20 if head[:1] == b"\1" else 12), box.end)
        elif box.kind == b"hdlr" and self._read(box.inside + 8, 4) not in _HANDLED:
            raise Refused("it has a track of data")

    def _told(self, kind: bytes, head: bytes) -> None:
        """Its measures, where they are what they should be."""
        wide = head[:1] == b"\1"
        with suppress(struct.error):
            if kind == b"mvhd":
                scale, count = struct.unpack_from(">IQ" if wide else ">II", head, 20 if wide else 12)
                self.seconds = count / scale if scale else 0.0
            elif kind == b"tkhd":
                at = 52 if wide else 40
                a, _, _, _, d = struct.unpack_from(">5i", head, at)
                sides = [side >> 16 for side in struct.unpack_from(">II", head, at + 36)]
                if all(sides):
                    self.width, self.height = sides if a or d else sides[::-1]

    def _free(self, box: Box) -> None:
        if box.kind != b"free":
            self._write(box.begin + 4, b"free")
        self._zero(box.inside, box.end, box.end)

    def _zero(self, begin: int, end: int, most: int) -> None:
        for at in range(begin, min(end, most), _PIECE):
            old = self._read(at, min(_PIECE, min(end, most) - at))
            if any(old):
                self._write(at, bytes(len(old)))

    def _read(self, at: int, size: int) -> bytes:
        self._file.seek(at)
        return self._file.read(size)

    def _write(self, at: int, data: bytes) -> None:
        self.changed = True
        self._file.seek(at)
        self._file.write(data)


def blanked(file: BinaryIO) -> Mapping[str, object]:
    """What the bridge is told of the outcome: the file says nothing any more, or is refused."""
    film = Blanking(file)
    try:
        film.run()
    except Refused as error:
        return {"refused": str(error)}
    except struct.error:
        return {"refused": "it is broken"}
    return {"width": film.width, "height": film.height, "duration": film.seconds or None, "same": not film.changed}


if __name__ == "__main__":
    with os.fdopen(int(sys.argv[1]), "r+b", buffering=0) as given:
        sys.stdout.write(json.dumps(blanked(given)) + "\n")
