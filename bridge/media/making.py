"""Makes pictures of another type, or smaller ones: a program of its own, as `worker.py` is.

    python -I limited.py … making.py "image/png 5000 10485760" image/webp < picture > answer

The job is the type to make, the longest side in pixels and the most bytes, `-` where nobody cares. What is decoded here
was cleaned before where it can be cleaned; nothing but pixels gets into what is made.
"""

import gzip
import json
import struct
import sys
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from PIL import Image

MOST_PIXELS: Final = 40_000_000
MEMORY_BYTES: Final = 1 << 30
CPU_SECONDS: Final = 30
_DRAWN_BYTES: Final = 4 << 20
_DRAWN_SIDE: Final = 384
_DRAWN_PAUSE: Final = 40
"""Milliseconds from one frame of a drawing to the next: what a GIF can say, and enough to move."""
_LONGEST_DRAWING: Final = 10_000
_MOVING: Final = frozenset({"image/webp", "image/gif"})
_FORMATS: Final = {
    "image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP", "image/gif": "GIF", "image/avif": "AVIF",
    "image/tiff": "TIFF", "image/bmp": "BMP", "image/heic": "HEIF",
}  # fmt: skip
_SMALLER: Final = (1.0, 0.75, 0.5, 0.35, 0.25)
_BROKEN: Final = (
    ArithmeticError, EOFError, LookupError, OSError, RuntimeError, SyntaxError, TypeError, ValueError, struct.error,
    zlib.error,
)  # fmt: skip
"""What libraries raise at what is no picture."""
DRAWING: Final = "application/x-tgsticker"


class Refused(Exception):
    """It is no such picture, or nothing can be made of it."""


class Made(NamedTuple):
    """A picture with nothing in it but itself."""

    width: int
    height: int
    animated: bool
    data: bytes


class _Shots(NamedTuple):
    """One picture, or many with so many milliseconds between them."""

    frames: "list[Image.Image]"
    pause: int = 0


def made(data: bytes, mime: str, job: str) -> Made:
    """A picture of the type that the job names, within its limits. Raises `Refused`."""
    to, side, most = (*job.split(), "-", "-")[:3]
    if to not in _FORMATS or (mime not in _FORMATS and mime != DRAWING):
        raise Refused(f"no {to} is made of {mime}")
    from PIL import Image  # noqa: PLC0415 - only this program needs it, once it runs

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    try:
        shots = _drawn(data) if mime == DRAWING else _opened(data, mime)
        return _fitting(shots if to in _MOVING else _Shots(shots.frames[:1]), to, _number(side), _number(most))
    except (*_BROKEN, Image.DecompressionBombError) as error:
        raise Refused("it is broken") from error


def _number(word: str) -> int | None:
    return None if word == "-" else int(word)


def _opened(data: bytes, mime: str) -> _Shots:
    """What a picture shows, upright; only the first of many where all together are too many pixels."""
    from PIL import Image, ImageOps, ImageSequence  # noqa: PLC0415 - the same

    if mime == "image/heic":
        import pi_heif  # noqa: PLC0415 - only photos of phones need it

        pi_heif.register_heif_opener()
    with Image.open(BytesIO(data), formats=[_FORMATS[mime]]) as picture:
        count = getattr(picture, "n_frames", 1)
        if not 0 < picture.width * picture.height <= MOST_PIXELS:
            raise Refused(f"it has {picture.width} times {picture.height} pixels")
        if count == 1 or mime not in {*_MOVING, "image/png"} or picture.width * picture.height * count > MOST_PIXELS:
            return _Shots([_bare(ImageOps.exif_transpose(picture))])
        frames = [_bare(frame) for frame in ImageSequence.Iterator(picture)]
        return _Shots(frames, int(picture.info.get("duration") or 100))


def _bare(picture: "Image.Image") -> "Image.Image":
    """Its pixels alone."""
    from PIL import Image  # noqa: PLC0415 - the same

    bare = Image.new("RGBA", picture.size)
    bare.paste(picture.convert("RGBA"))
    return bare


def _drawn(data: bytes) -> _Shots:
    """The frames of a drawing that moves; one that wants other files is refused."""
    from rlottie_python.rlottie_wrapper import LottieAnimation  # noqa: PLC0415 - only drawings need it

    drawing = _unpacked(data)
    if any("p" in one or "u" in one for one in drawing.get("assets", ())):
        raise Refused("it leads to other files")
    width, height = int(drawing["w"]), int(drawing["h"])
    if not (0 < width <= 4096 and 0 < height <= 4096):
        raise Refused(f"it has {width} times {height} pixels")
    scale = min(1.0, _DRAWN_SIDE / max(width, height))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    animation = LottieAnimation.from_data(json.dumps(drawing))
    return _Shots(list(_frames(animation, size)), _DRAWN_PAUSE)


def _unpacked(data: bytes) -> dict[str, Any]:
    """The JSON of a drawing, packed or not."""
    packed = gzip.GzipFile(fileobj=BytesIO(data))
    plain = packed.read(_DRAWN_BYTES + 1) if data[:2] == b"\x1f\x8b" else data
    if len(plain) > _DRAWN_BYTES:
        raise Refused("it unpacks to too many bytes")
    drawing = json.loads(plain)
    if not isinstance(drawing, dict):
        raise Refused("it is no drawing")
    return drawing


def _frames(animation: Any, size: tuple[int, int]) -> "Iterator[Image.Image]":  # noqa: ANN401 - the library has no types
    from PIL import Image  # noqa: PLC0415 - the same

    count, rate = animation.lottie_animation_get_totalframe(), animation.lottie_animation_get_framerate()
    if not (count > 0 and rate > 0):
        raise Refused("it is no drawing")
    length = min(_LONGEST_DRAWING, 1000 * count / rate)
    for at in range(0, max(1, int(length)), _DRAWN_PAUSE):
        pixels = animation.lottie_animation_render(min(count - 1, int(at * rate / 1000)), None, *size)
        yield Image.frombytes("RGBA", size, pixels, "raw", "BGRA")


def _fitting(shots: _Shots, to: str, side: int | None, most: int | None) -> Made:
    """As large as the limits let it be."""
    width, height = shots.frames[0].size
    largest = 1.0 if side is None else min(1.0, side / max(width, height))
    for smaller in _SMALLER:
        scale = largest * smaller
        size = max(1, int(width * scale)), max(1, int(height * scale))
        data = _saved([frame.resize(size) if frame.size != size else frame for frame in shots.frames], shots.pause, to)
        if most is None or len(data) <= most:
            return Made(*size, len(shots.frames) > 1, data)
    raise Refused(f"it does not fit into {most} bytes")


def _saved(frames: "list[Image.Image]", pause: int, to: str) -> bytes:
    out = BytesIO()
    more: dict[str, Any] = {"quality": 85} if to in {"image/jpeg", "image/webp"} else {}
    if len(frames) > 1:
        more |= {"save_all": True, "append_images": frames[1:], "duration": pause, "loop": 0}
        more |= {"disposal": 2} if to == "image/gif" else {"method": 2, "quality": 75}
    first = _on_white(frames[0]) if to == "image/jpeg" else frames[0]
    first.save(out, _FORMATS[to], **more)
    return out.getvalue()


def _on_white(picture: "Image.Image") -> "Image.Image":
    from PIL import Image  # noqa: PLC0415 - the same

    ground = Image.new("RGB", picture.size, "white")
    ground.paste(picture, mask=picture.getchannel("A"))
    return ground


def main(job: str, mime: str) -> None:
    """One job: from standard input to standard output."""
    try:
        picture = made(sys.stdin.buffer.read(), mime, job)
    except Refused as error:
        sys.stdout.write(json.dumps({"refused": str(error)}) + "\n")
        return
    told = {"width": picture.width, "height": picture.height, "animated": picture.animated, "same": False}
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    sys.stdout.buffer.write(picture.data)


if __name__ == "__main__":
    main(*sys.argv[1:3])
