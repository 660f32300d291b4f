"""Opens sound and films of strangers with the ffmpeg program: a program of its own, with limits, that knows no bridge.

    python -I limited.py … recoding.py /usr/bin/ffmpeg "video/mp4 - 52428800" video/webm 5 6

The job is `clean`, or the type to make, its longest side and its most bytes, `-` where nobody cares. 5 and 6 are open
files: what came, and what is made of it. The answer is a line of JSON. Which format is read says the bridge, not the
file, so that no list of addresses is taken for a film; nothing is opened but those two files.
"""

import json
import math
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

MEMORY_BYTES: Final = 2 << 30
_MOST_BYTES: Final = 1 << 30
CPU_SECONDS: Final = 300
_MOST_PIXELS: Final = 40_000_000
_LARGEST: Final = 1280
"""The longest side of a film that is encoded anew."""
_FRUGAL: Final = ("-x264-params", "ref=1:rc-lookahead=5:sync-lookahead=0")
"""Pictures that the encoder holds at once: a third less memory for a film of 1080 lines, and hardly more bytes."""
_SLOWEST_BITS: Final = 150_000
_SOUND_BITS: Final = 100_000
_FILLED: Final = 0.93
"""How much of what a room takes is filled, the rest is for the container and for what an encoder misses by."""
_MOST_FRAMES: Final = 30
_SMALLEST: Final = 320
"""The longest side of a film below which nobody sees much."""
_BITS_A_PIXEL: Final = 0.04
"""Of each picture, at least: H.264 with less shows blocks where something moves."""
_READ: Final = {
    "video/mp4": "mov", "video/quicktime": "mov", "video/3gpp": "mov", "audio/mp4": "mov", "video/webm": "matroska",
    "audio/webm": "matroska", "video/x-matroska": "matroska", "video/x-msvideo": "avi", "video/ogg": "ogg",
    "audio/ogg": "ogg", "audio/mpeg": "mp3", "audio/wav": "wav", "audio/flac": "flac", "audio/aac": "aac",
    "audio/amr": "amr", "image/gif": "gif",
}  # fmt: skip
READ: Final = frozenset(_READ)
"""The types that it opens."""
_WRITTEN: Final = {
    "video/mp4": "mp4", "video/quicktime": "mov", "video/3gpp": "3gp", "audio/mp4": "ipod", "video/webm": "webm",
    "audio/webm": "webm", "video/x-matroska": "matroska", "video/x-msvideo": "avi", "video/ogg": "ogg",
    "audio/ogg": "ogg", "audio/mpeg": "mp3", "audio/wav": "wav", "audio/flac": "flac", "audio/aac": "adts",
    "audio/amr": "amr",
}  # fmt: skip
_HARMLESS: Final = frozenset({
    "major_brand", "minor_version", "compatible_brands", "encoder", "handler_name", "vendor_id", "language", "duration",
    "title", "artist", "album", "album_artist", "track", "genre", "alpha_mode", "bps", "number_of_frames",
    "number_of_bytes",
})  # fmt: skip
"""What may be said of sound and film: nothing of place, time, camera and people but whose song it is."""
_TITLES: Final = ("title", "artist", "album", "album_artist", "track", "genre")
_AS_IT_IS: Final = ("-map", "0:V?", "-map", "0:a?", "-map", "0:s?", "-c", "copy")
_SOUND: Final = {
    "audio/ogg": ("-c:a", "libopus", "-b:a", "48k", "-f", "ogg"),
    "audio/mpeg": ("-c:a", "libmp3lame", "-q:a", "4", "-f", "mp3"),
    "audio/mp4": ("-c:a", "aac", "-b:a", "96k", "-movflags", "+faststart", "-f", "ipod"),
}
_STILL: Final = {"image/png": ("-c:v", "png"), "image/jpeg": ("-c:v", "mjpeg", "-q:v", "4", "-pix_fmt", "yuvj420p")}


class Refused(Exception):
    """It is no such file, or nothing can be made of it."""


class Seen(NamedTuple):
    """What is in a file: the tags of all of it, and of its streams those that count."""

    tags: frozenset[str]
    titles: Mapping[str, str]
    video: Mapping[str, Any] | None
    audio: Mapping[str, Any] | None
    data: bool
    seconds: float
    size: float


class Job(NamedTuple):
    """What is to be made."""

    to: str
    side: int
    most: int | None


def asked(job: str) -> Job:
    """A job as it is told on the command line."""
    to, side, most = (*job.split(), "-", "-")[:3]
    return Job(to, _LARGEST if side == "-" else min(_LARGEST, int(side)), None if most == "-" else int(most))


def seen(told: Mapping[str, Any]) -> Seen:
    """What `ffprobe` told. Raises `Refused` where that is nothing."""
    streams, whole = told.get("streams") or [], told.get("format") or {}
    kinds = [(one.get("codec_type"), one) for one in streams if not one.get("disposition", {}).get("attached_pic")]
    if not any(kind in {"audio", "video"} for kind, _ in kinds):
        raise Refused("there is neither sound nor film in it")
    tags = {name: value for one in (*streams, whole) for name, value in one.get("tags", {}).items()}
    named = frozenset(name.lower() for one in (whole, *streams) for name in one.get("tags", {}))
    titles = {name.lower(): str(value) for name, value in tags.items() if name.lower() in _TITLES}
    return Seen(
        frozenset(name.partition("-")[0] for name in named), titles,
        next((one for kind, one in kinds if kind == "video"), None),
        next((one for kind, one in kinds if kind == "audio"), None),
        any(kind not in {"audio", "video", "subtitle"} for kind, _ in kinds), _number(whole.get("duration")),
        _number(whole.get("size")),
    )  # fmt: skip


def _number(value: object) -> float:
    try:
        return max(0.0, float(str(value)))
    except ValueError:
        return 0.0


def is_silent(what: Seen) -> bool:
    """Whether a file says nothing that would have to be taken out."""
    return what.tags <= _HARMLESS and not what.data


def cleaning(what: Seen, mime: str) -> Sequence[str]:
    """The options that copy sound and film as they are, with nothing said of them but whose song it is."""
    titles = [word for name, value in what.titles.items() for word in ("-metadata", f"{name}={value}")]
    spoken = ("-map_metadata", "-1", "-map_metadata:s", "-1", "-map_chapters", "-1", *titles)
    begin = ("-movflags", "+faststart") if _WRITTEN[mime] in {"mp4", "mov", "ipod", "3gp"} else ()
    return (*_AS_IT_IS, *spoken, "-fflags", "+bitexact", *begin, "-f", _WRITTEN[mime])


def making(what: Seen, job: Job) -> Sequence[str]:
    """The options that make another type. Raises `Refused`."""
    bare = ("-map_metadata", "-1", "-map_metadata:s", "-1", "-map_chapters", "-1")
    if job.to in _SOUND and what.audio is not None:
        titles = [word for name, value in what.titles.items() for word in ("-metadata", f"{name}={value}")]
        return ("-map", "0:a:0", *bare, *titles, *_SOUND[job.to])
    if what.video is None:
        raise Refused(f"no {job.to} can be made of it")
    scaled = _scaled(job.side)
    match job.to:
        case "video/mp4":
            return ("-map", "0:V:0", "-map", "0:a:0?", *bare, *_film(what, job))
        case "image/webp":
            more = ("-c:v", "libwebp_anim", "-q:v", "70", "-compression_level", "2", "-loop", "0", "-f", "webp")
            return ("-map", "0:V:0", "-an", *bare, "-vf", f"{scaled},fps=25", *more)
        case "image/gif":
            colours = f"{scaled},fps=15,split[a][b];[a]palettegen[p];[b][p]paletteuse"
            return ("-map", "0:V:0", "-an", *bare, "-vf", colours, "-loop", "0", "-f", "gif")
        case still if still in _STILL:
            return ("-map", "0:V:0", "-an", *bare, "-vf", scaled, "-frames:v", "1", *_STILL[still], "-f", "image2pipe")
        case _:
            raise Refused(f"no {job.to} can be made of it")


def _film(what: Seen, job: Job) -> Sequence[str]:
    """As it is where that plays everywhere and fits, encoded anew otherwise."""
    video, audio = what.video or {}, what.audio or {}
    plays = (video.get("codec_name"), video.get("pix_fmt")) == ("h264", "yuv420p") and job.side == _LARGEST
    light = job.most is None or 0 < what.size <= job.most * _FILLED
    slow = job.most is None or 0 < _number(audio.get("bit_rate")) <= _SOUND_BITS
    sound = ("-c:a", "copy") if audio.get("codec_name") == "aac" and (slow or light) else ("-c:a", "aac", "-b:a", "96k")
    end = ("-movflags", "+faststart", "-f", "mp4")
    if plays and light:
        return ("-c:v", "copy", *sound, *end)
    side, rate = _rated(what, job)
    smooth = f",fps={_MOST_FRAMES}" if _frames(video) > _MOST_FRAMES + 1 else ""
    even = f"{_scaled(side)}:force_divisible_by=2,setsar=1{smooth}"
    return ("-c:v", "libx264", "-preset", "veryfast", "-crf", "26", *_FRUGAL, *rate, "-pix_fmt", "yuv420p",
            "-vf", even, *sound, *end)  # fmt: skip


def _scaled(side: int) -> str:
    return f"scale=w='min({side},iw)':h='min({side},ih)':force_original_aspect_ratio=decrease"


def _rated(what: Seen, job: Job) -> tuple[int, Sequence[str]]:
    """The longest side, and as many bits, as fit into what a room takes. Raises `Refused` where nobody would see much.

    The buffer is a second of it: so much more than the rate a film may have in all.
    """
    if job.most is None or not what.seconds:
        return job.side, ()
    sound = _SOUND_BITS if what.audio is not None else 0
    bits = int(job.most * 8 * _FILLED / (what.seconds + 1)) - sound
    side = _watchable(what.video or {}, bits, job.side) if bits >= _SLOWEST_BITS else None
    if side is None:
        raise Refused(f"it is too long for {job.most} bytes")
    return side, ("-maxrate", str(bits), "-bufsize", str(bits))


def _watchable(video: Mapping[str, Any], bits: int, most: int) -> int | None:
    """The longest side that so many bits a second draw well enough; None where that is hardly more than a stamp."""
    width, height = int(video.get("width") or 0), int(video.get("height") or 0)
    if not width or not height:
        return most
    longest, frames = max(width, height), min(_frames(video) or _MOST_FRAMES, _MOST_FRAMES)
    drawn = math.sqrt(bits / (frames * _BITS_A_PIXEL) / (width * height)) * longest
    side = min(most, longest, int(drawn))
    return side if side >= min(_SMALLEST, longest) else None


def _frames(video: Mapping[str, Any]) -> float:
    """How many pictures a second."""
    count, _, seconds = str(video.get("avg_frame_rate") or "").partition("/")
    return _number(count) / _number(seconds) if _number(seconds) else 0.0


class Ffmpeg:
    """The program, the type of what came, and the two files."""

    def __init__(self, program: str, mime: str, given: int, made: int) -> None:
        if mime not in _READ:
            raise Refused(f"{mime} is not opened")
        self._program, self._mime, self._given, self._made = program, mime, given, made

    def look(self, path: str, form: str = "") -> Seen:
        """What is in a file."""
        probe = str(Path(self._program).with_name(Path(self._program).name.replace("ffmpeg", "ffprobe")))
        options = ("-v", "error", "-print_format", "json", "-show_format", "-show_streams")
        done = self._run(probe, *options, *self._reading(path, form))
        try:
            told = json.loads(done)
        except ValueError as error:
            raise Refused("it is broken") from error
        return seen(told)

    def make(self, what: Seen, options: Sequence[str]) -> None:
        """Fill the file that is made."""
        alpha = "alpha_mode" in what.tags and (what.video or {}).get("codec_name") in {"vp8", "vp9"}
        decoder = ("-c:v", "libvpx" if (what.video or {}).get("codec_name") == "vp8" else "libvpx-vp9") if alpha else ()
        alone = ("-threads", "1", "-filter_threads", "1")  # each more holds pictures of its own while it reads
        quietly = ("-nostdin", "-v", "error", "-y", *alone, "-max_pixels", str(_MOST_PIXELS))
        self._run(self._program, *quietly, *decoder, *self._reading(f"/dev/fd/{self._given}"), *options,
                  "-threads", "2", f"/dev/fd/{self._made}")  # fmt: skip

    def _reading(self, path: str, form: str = "") -> Sequence[str]:
        return ("-protocol_whitelist", "file", "-f", form or _READ[self._mime], "-i", path)

    def _run(self, *command: str) -> bytes:
        done = subprocess.run(  # noqa: S603 - what is run is the operator's, and nothing in it is the sender's but bytes
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False,
            pass_fds=(self._given, self._made), env={"LANG": "C"},
        )  # fmt: skip
        if done.returncode:
            raise Refused("it is broken")
        return done.stdout


def recoded(ffmpeg: Ffmpeg, mime: str, job: str, given: int, made: int) -> Mapping[str, object]:
    """What the bridge is told of the outcome. Raises `Refused`."""
    what = ffmpeg.look(f"/dev/fd/{given}")
    if _pixels(what) > _MOST_PIXELS:
        raise Refused("it has too many pixels")
    if job == "clean" and is_silent(what):
        return _told(what, same=True)
    ffmpeg.make(what, cleaning(what, mime) if job == "clean" else making(what, asked(job)))
    size, most = os.fstat(made).st_size, None if job == "clean" else asked(job).most
    if not size or (most is not None and size > most):
        raise Refused("it does not fit" if size else "it is broken")
    return _told(_after(ffmpeg, what, made, job), same=False, animated=_moves(mime, job))


def _after(ffmpeg: Ffmpeg, before: Seen, made: int, job: str) -> Seen:
    """How large it is now; pictures tell that themselves."""
    to = "" if job == "clean" else asked(job).to
    if to in _STILL:
        return ffmpeg.look(f"/dev/fd/{made}", f"{to.removeprefix('image/')}_pipe")._replace(seconds=0.0)
    if to and not to.startswith("video/"):
        return before._replace(video=None)
    return Ffmpeg(ffmpeg._program, to or ffmpeg._mime, made, made).look(f"/dev/fd/{made}")  # noqa: SLF001 - its own kind


def _pixels(what: Seen) -> int:
    video = what.video or {}
    return int(video.get("width") or 0) * int(video.get("height") or 0)


def _moves(mime: str, job: str) -> bool:
    """Whether what is made is a picture that moves, or a film that was one."""
    return mime == "image/gif" or asked(job).to in {"image/webp", "image/gif"}


def _told(what: Seen, *, same: bool, animated: bool = False) -> Mapping[str, object]:
    video = what.video or {}
    width, height = int(video.get("width") or 0), int(video.get("height") or 0)
    turned = any(abs(int(one.get("rotation") or 0)) in {90, 270} for one in video.get("side_data_list") or ())
    sides = {"width": height if turned else width, "height": width if turned else height}
    return {**sides, "duration": what.seconds or None, "animated": animated, "same": same}


def main(program: str, job: str, mime: str, given: str, made: str) -> None:
    """One job."""
    try:
        told = recoded(Ffmpeg(program, mime, int(given), int(made)), mime, job, int(given), int(made))
    except Refused as error:
        told = {"refused": str(error)}
    except (ValueError, TypeError, KeyError, AttributeError):
        told = {"refused": "it is broken"}
    sys.stdout.write(json.dumps(told) + "\n")


def _modest() -> None:
    """It comes after everybody else, and what it makes may be no larger than this; not every system can say so."""
    with suppress(OSError):  # a unit may forbid it
        os.nice(10)
    with suppress(ImportError):
        import resource  # noqa: PLC0415 - not on every system

        resource.setrlimit(resource.RLIMIT_FSIZE, (_MOST_BYTES, _MOST_BYTES))


if __name__ == "__main__":
    _modest()
    main(*sys.argv[1:6])
