"""Which job makes of a file what a room takes: the best kind first, and what moves goes on moving if it can."""

from typing import Any

import pytest

from bridge.capabilities import Capabilities, MediaLimit, Thumbnail
from bridge.events import File, Kind
from bridge.fit_files import in_front, taken, thumbnailed, wanted
from bridge.store.attached import Held


def held(kind: Kind, mime: str, **more: object) -> Held:
    told: dict[str, Any] = {"id": "a", "name": "a", "size": 1000, "sha256": "", **more}
    return Held(0, (File(kind=kind, mime=mime, **told),), forms=("",))


def room(limits: dict[Kind, MediaLimit | str]) -> Capabilities:
    """What a room takes of each kind: types, with a space between them."""
    media = {
        kind: MediaLimit(mimes=frozenset(one.split())) if isinstance(one, str) else one for kind, one in limits.items()
    }
    return Capabilities(media=media)


SMALL = MediaLimit(mimes=frozenset({"image/png", "image/jpeg"}), max_bytes=500, max_side=100, max_ratio=20)
FILM = MediaLimit(mimes=frozenset({"video/*"}), max_bytes=10_000_000)


@pytest.mark.parametrize(
    ("what", "takes", "job"),
    [
        (held(Kind.IMAGE, "image/png"), {Kind.IMAGE: "image/png"}, None),
        (held(Kind.IMAGE, "image/webp"), {Kind.IMAGE: "image/jpeg"}, "image/jpeg"),
        (held(Kind.IMAGE, "image/gif", animated=True), {Kind.IMAGE: "image/png", Kind.VIDEO: "video/mp4"}, "video/mp4"),
        (held(Kind.IMAGE, "image/gif"), {Kind.IMAGE: "image/png", Kind.VIDEO: "video/mp4"}, "image/png"),
        (held(Kind.IMAGE, "image/png", width=300, height=90, size=9), {Kind.IMAGE: SMALL}, "image/png 100 500"),
        (held(Kind.IMAGE, "image/png", width=30, height=90), {Kind.IMAGE: SMALL}, "image/jpeg 100 500"),
        (held(Kind.IMAGE, "image/png", width=3000, height=9), {Kind.IMAGE: SMALL}, None),
        (held(Kind.STICKER, "application/x-tgsticker", animated=True), {Kind.STICKER: "image/webp"}, "image/webp"),
        (held(Kind.STICKER, "application/x-tgsticker", animated=True), {Kind.IMAGE: "image/png"}, "image/png"),
        (held(Kind.STICKER, "video/webm", animated=True), {Kind.STICKER: "image/gif image/webp"}, "image/webp"),
        (held(Kind.VIDEO, "video/webm"), {Kind.VIDEO: "video/mp4", Kind.FILE: "*/*"}, "video/mp4"),
        (held(Kind.VIDEO, "video/quicktime"), {Kind.VIDEO: MediaLimit(frozenset({"video/mp4"}), 99)}, "video/mp4 - 99"),
        (held(Kind.VOICE, "audio/mp4"), {Kind.VOICE: "audio/ogg", Kind.AUDIO: "audio/*"}, "audio/ogg"),
        (held(Kind.VOICE, "audio/mp4"), {Kind.AUDIO: "audio/*"}, None),
        (held(Kind.FILE, "video/webm"), {Kind.VIDEO: "video/mp4", Kind.FILE: "*/*"}, None),
        (held(Kind.FILE, "application/pdf"), {Kind.FILE: "image/*"}, None),
        (Held(0, why="it is gone"), {Kind.IMAGE: "image/png"}, None),
        (held(Kind.VIDEO, "video/mp4", size=9**8, duration=60.0), {Kind.VIDEO: FILM}, "video/mp4 - 10000000"),
        (held(Kind.VIDEO, "video/mp4", size=9**8), {Kind.VIDEO: FILM}, None),
        (held(Kind.VIDEO, "video/mp4", size=9**8, duration=600.0), {Kind.VIDEO: FILM}, None),
        (held(Kind.VIDEO, "video/mp4", size=9**8, duration=60.0), {Kind.VIDEO: FILM, Kind.FILE: "*/*"}, None),
        (held(Kind.FILE, "video/mp4", size=9**8, duration=60.0), {Kind.VIDEO: FILM, Kind.FILE: FILM}, None),
        (held(Kind.VIDEO, "video/webm", duration=6.0), {Kind.IMAGE: "image/png image/gif"}, None),
    ],
)
def test_the_job_that_makes_the_best_of_it(what: Held, takes: dict[Kind, MediaLimit | str], job: str | None) -> None:
    assert wanted(what, room(takes)) == job


def test_a_job_that_failed_gives_way_to_the_next_best() -> None:
    what, can = held(Kind.IMAGE, "image/gif", animated=True), room({Kind.IMAGE: "image/png", Kind.VIDEO: "video/mp4"})
    assert wanted(what, can, {"video/mp4"}) == "image/png"
    assert wanted(what, can, {"video/mp4", "image/png"}) is None


def test_a_form_that_is_there_is_not_made_again_and_is_taken() -> None:
    small = File(id="b", kind=Kind.IMAGE, name="b", mime="image/png", size=10, sha256="", width=100, height=30)
    before = held(Kind.IMAGE, "image/png", width=300, height=90)
    both = Held(0, (*before.files, small), forms=("", "image/png 100 500"))
    can = room({Kind.IMAGE: SMALL})
    assert wanted(both, can) is None
    assert taken(both, can) == small


def test_a_room_gets_the_least_small_of_the_films_that_were_made_for_others() -> None:
    small, large = (
        File(id=str(size), kind=Kind.VIDEO, name="b", mime="video/mp4", size=size, sha256="") for size in (10, 20)
    )
    before = held(Kind.VIDEO, "video/mp4", duration=60.0, size=9**8)
    can = room({Kind.VIDEO: FILM})
    both = Held(0, (*before.files, small, large), forms=("", "video/mp4 - 10", "video/mp4 - 20"))
    assert taken(both, can) == large
    assert wanted(both, can) == "video/mp4 - 10000000"


WITH_SMALL = MediaLimit(thumbnail=Thumbnail(320, 200_000))
FORM = "thumbnail image/jpeg 320 200000"


@pytest.mark.parametrize(
    ("what", "takes", "form"),
    [
        (held(Kind.VIDEO, "video/mp4"), {Kind.VIDEO: WITH_SMALL}, FORM),
        (held(Kind.VIDEO, "video/mp4"), {Kind.VIDEO: MediaLimit(thumbnail=Thumbnail(8))}, "thumbnail image/jpeg 8 -"),
        (held(Kind.VIDEO, "video/mp4"), {Kind.VIDEO: "video/*"}, None),
        (held(Kind.FILE, "video/webm"), {Kind.FILE: WITH_SMALL}, FORM),
        (held(Kind.IMAGE, "image/png", width=400, height=20), {Kind.IMAGE: WITH_SMALL}, FORM),
        (held(Kind.IMAGE, "image/png", width=320, height=20), {Kind.IMAGE: WITH_SMALL}, None),
        (held(Kind.IMAGE, "image/png"), {Kind.IMAGE: WITH_SMALL}, FORM),
        (held(Kind.FILE, "application/pdf"), {Kind.FILE: WITH_SMALL}, None),
        (held(Kind.AUDIO, "audio/mpeg"), {Kind.AUDIO: WITH_SMALL}, None),
    ],
)
def test_what_has_a_thumbnail(what: Held, takes: dict[Kind, MediaLimit | str], form: str | None) -> None:
    can = room(takes)
    file = taken(what, can)
    assert file is not None
    assert thumbnailed(file, what, can) == form


def test_a_thumbnail_is_never_taken_for_the_file() -> None:
    first = held(Kind.VIDEO, "video/mp4", duration=2.0)
    small = File(id="b", kind=Kind.VIDEO, name="b", mime="image/jpeg", size=9, sha256="", width=4, duration=2.0)
    both = Held(0, (*first.files, small), forms=("", FORM))
    assert taken(both, room({Kind.IMAGE: "image/jpeg", Kind.FILE: "image/*"})) is None
    film = taken(both, room({Kind.VIDEO: WITH_SMALL}))
    assert film is not None
    seen = in_front(film, both, FORM).thumbnail
    assert seen is not None
    assert (seen.id, seen.kind, seen.width, seen.duration) == ("b", Kind.IMAGE, 4, None)
    assert in_front(film, both, "thumbnail image/jpeg 9 -") == film
