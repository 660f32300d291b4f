"""The daemon is killed in the middle of work on files: each is at each target, none is lost, nothing stays on disk."""

import hashlib
import io
import signal
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from PIL import Image

from bridge.events import Kind
from bridge.failpoints import DEATHS, WHERE, Point, deaths
from bridge.testing.acts import SendsFiles
from bridge.testing.holdings import Filed
from bridge.testing.waiting import eventually
from tests.crash.town import Town

pytestmark = [pytest.mark.crash, pytest.mark.timeout(240)]
SIDE = 400
"""Of pictures that are noise: their bytes are too many to be written at once."""
MOMENTS = (
    (Point.SEND_AFTER, 1, "telegram"), (Point.FETCH_DURING, 6, "telegram"), (Point.MAKE_DURING, 6, "matrix"),
    (Point.FILE_BEFORE, 1, "telegram"), (Point.FILE_AFTER, 2, "matrix"),
)  # fmt: skip
"""Where it dies, at which passage, and on whose file: what comes from Matrix has to be made into another type."""


@cache
def noise(name: str) -> Image.Image:
    return Image.frombytes("RGB", (SIDE, SIDE), hashlib.shake_128(name.encode()).digest(3 * SIDE * SIDE))


def given(point: Point, source: str) -> Filed:
    """A file of its own for each death: a picture that Telegram does not take as it is, or any file."""
    out = io.BytesIO()
    noise(point).save(out, "WEBP", lossless=True)
    if source == "matrix":
        return Filed(kind=Kind.IMAGE, data=out.getvalue(), mime="image/webp", name=f"{point}.webp")
    return Filed(kind=Kind.FILE, data=b"%PDF-1.4\n" + out.getvalue(), mime="application/pdf", name=f"{point}.pdf")


def on_disk(town: Town) -> list[Path]:
    return sorted((town.daemon.store.parent / "media").glob("*"))


async def dies(town: Town, folder: Path, point: Point, passage: int, source: str) -> None:
    """One life, one file, one death while a file is on the disk in whole or in part."""
    town.daemon.environment = {WHERE: f"{point}:{passage}", DEATHS: str(folder)}
    if (point, passage, source) == MOMENTS[0]:  # from its first life on nothing that is said may be missed
        await town.daemon.start()
    else:  # it may die of what was left over, before it is ready
        town.daemon.launch()
    platform = town.platforms[source]
    assert isinstance(platform, SendsFiles)
    await platform.send_files(town.room(source), "Ada", (given(point, source),))
    await eventually(lambda: town.daemon.ended is not None, what=town.daemon.log, seconds=40)
    assert (town.daemon.ended, deaths(folder / point)) == (-signal.SIGKILL, 1), town.daemon.log()
    assert on_disk(town), "the death came when there was nothing to lose"


async def held(town: Town, name: str, kind: Kind) -> list[Filed]:
    """What a reader there has of this kind: on Matrix only copies are files, on Telegram only copies pictures."""
    return [
        file for one in await town.platforms[name].shown(town.room(name)) for file in one.files if file.kind is kind
    ]


async def told(town: Town) -> Counter[Point]:
    """How often people on IRC are told of each file."""
    words = "\n".join(one.text for one in await town.platforms["irc"].shown(town.room("irc")))
    return Counter({point: words.count(f'"{given(point, source).name}"') for point, _, source in MOMENTS})


def pixels(file: Filed) -> bytes:
    with Image.open(io.BytesIO(file.data)) as picture:
        return picture.convert("RGB").tobytes()


async def test_each_file_is_at_each_target_once_though_the_daemon_dies_in_the_middle(
    town: Town, tmp_path: Path
) -> None:
    folder = tmp_path / "deaths"
    folder.mkdir()
    for point, passage, source in MOMENTS:
        await dies(town, folder, point, passage, source)
    town.daemon.environment = {}
    await town.daemon.start()

    async def settled() -> bool:
        return not await town.daemon.waiting()

    await eventually(settled, what=town.daemon.log, seconds=60)
    copies = [(one.name, one.data) for one in await held(town, "matrix", Kind.FILE)]
    sent = [given(point, source) for point, _, source in MOMENTS]
    assert copies == [(one.name, one.data) for one in sent if one.kind is Kind.FILE], "once and in order: it knows keys"
    pictures = [pixels(one) for one in await held(town, "telegram", Kind.IMAGE)]
    assert pictures == [pixels(one) for one in sent if one.kind is Kind.IMAGE], "none was under way there"
    assert all(1 <= count <= (2 if point is Point.SEND_AFTER else 1) for point, count in (await told(town)).items())
    await eventually(lambda: not on_disk(town), what=lambda: on_disk(town), seconds=40)
