"""Deaths in the middle of work on files: nothing is lost, nothing is left behind."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from bridge.capabilities import MediaLimit
from bridge.events import Kind
from bridge.media.made import CLEAN, Made
from bridge.media.workshop import Here, Put
from bridge.testing import samples
from bridge.testing.memory import WITH_FILES, MemoryPlatform
from bridge.testing.waiting import eventually, shown
from tests.scenarios.bridge_under_test import Bridge, balanced, configured

ONLY_PICTURES = replace(WITH_FILES, media={Kind.IMAGE: MediaLimit(mimes=frozenset({"image/png"}))})


class Hangs:
    """A workshop that stops in the middle of the first job of a kind, having written half of it."""

    def __init__(self, kind: Callable[[str], bool]) -> None:
        self._kind = kind
        self.reached = asyncio.Event()

    async def do(self, job: str, mime: str, data: AsyncIterator[bytes], put: Put) -> Made:
        if self._kind(job) and not self.reached.is_set():
            await put(bytes(1 << 20))
            self.reached.set()
            await asyncio.Event().wait()
        return await Here().do(job, mime, data, put)


def on_disk(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "data" / "media").glob("*"))


@pytest.mark.parametrize("kind", [CLEAN, "image/png"], ids=["cleaned", "converted"])
async def test_a_death_while_a_file_is_worked_on_loses_nothing_and_leaves_nothing(kind: str, tmp_path: Path) -> None:
    hangs = Hangs(lambda job: job.partition(" ")[0] == kind)
    source, target = (
        MemoryPlatform("source", capabilities=WITH_FILES),
        MemoryPlatform("target", capabilities=ONLY_PICTURES),
    )
    async with source, target:
        bridge = Bridge(tmp_path, configured(source, target))
        bridge.workshop = hangs
        await bridge.start()
        await source.send_files("town", "Ada", [samples.upload(Kind.STICKER, "dies", "image/webp")])
        await hangs.reached.wait()
        assert on_disk(tmp_path)
        await bridge.crash()
        await bridge.start()
        seen = await shown(target, "town", lambda seen: any(one.files for one in seen))
        assert [one.files[0].mime for one in seen if one.files] == ["image/png"]
        await eventually(lambda: not on_disk(tmp_path))
        assert balanced(await bridge.ledger())
        await bridge.stop()
