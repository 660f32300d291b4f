"""Which files carry words under them, and what becomes of the words of the others."""

import pytest
from msgspec.structs import replace

from bridge.capabilities import Authorship, Capabilities, MediaLimit
from bridge.events import File, Kind
from bridge.fit import Words, fit
from bridge.text.nodes import said
from bridge.text.walk import plain

TAKES = Capabilities(
    authorship=Authorship.OVERRIDE, max_caption=100, media={kind: MediaLimit() for kind in (Kind.IMAGE, Kind.AUDIO)}
)


def file(kind: Kind) -> File:
    return File(id="f1", kind=kind, name="a", mime="a/b", size=1, sha256="00")


@pytest.mark.parametrize(
    ("kind", "uncaptioned", "parts"),
    [
        (Kind.IMAGE, {Kind.STICKER}, [("words", 1)]),
        (Kind.AUDIO, {Kind.STICKER}, [("words", 1)]),
        (Kind.AUDIO, {Kind.STICKER, Kind.AUDIO}, [("words", 0), ("", 1)]),
        (Kind.IMAGE, {Kind.STICKER, Kind.AUDIO}, [("words", 1)]),
        (Kind.STICKER, {Kind.STICKER}, [("words", 0), ("", 1)]),
    ],
)
def test_words_stand_under_a_file_where_the_platform_has_them_there(
    kind: Kind, uncaptioned: set[Kind], parts: list[tuple[str, int]]
) -> None:
    can = replace(TAKES, uncaptioned=frozenset(uncaptioned))
    fitted = fit(Words(text=said("words"), files=(file(kind),)), can)
    assert [(plain(part.text), len(part.files)) for part in fitted] == parts
