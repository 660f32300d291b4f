"""A video of 50 MiB crosses a whole bridge and is converted; prints its size, what arrived, and the most memory in MiB.

First of the process, then of the largest program that it started. The film is a real one: it says where it was taken,
and becomes another type, because the room takes no such film. The platforms keep nothing of it: what is measured is the
bridge. Run by `test_crossing.py`, in a process of its own.
"""

import asyncio
import resource
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec.structs import replace

from bridge.asked import Outgoing
from bridge.events import Attachment, Kind
from bridge.ids import MessageId
from bridge.media.disk import Threads
from bridge.media.films import Films, tools
from bridge.media.workshop import Processes
from bridge.testing import samples
from bridge.testing.memory import WITH_FILES, MemoryConnector, MemoryPlatform
from bridge.testing.waiting import eventually
from tests.scenarios.bridge_under_test import Bridge, configured

arrived: list[tuple[str, int]] = []


def record(folder: Path) -> Path:
    """A film as a camera writes it before anything is made smaller."""
    path = folder / "film.mkv"
    picture = ("-f", "lavfi", "-i", "testsrc=size=1920x1080:rate=25:duration=0.8", "-pix_fmt", "yuv420p")
    place = ("-c:v", "rawvideo", "-metadata", "location=+59.9333+030.3000/")
    subprocess.run(["ffmpeg", "-v", "error", *picture, *place, path], check=True)
    return path


class Streams(MemoryConnector):
    """Gives a long film piece by piece, and takes one the same way."""

    film: Path

    async def fetch(self, attachment: Attachment) -> AsyncIterator[bytes]:
        with self.film.open("rb") as file:
            while piece := file.read(1 << 17):
                yield piece
                await asyncio.sleep(0)

    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        arrived.extend(
            [(file.mime, sum([len(piece) async for piece in self.host.read(file)])) for file in message.files]
        )
        return await super().send(replace(message, files=()))


async def cross(folder: Path, key: str) -> None:
    both = [MemoryPlatform(name, capabilities=WITH_FILES) for name in ("source", "target")]
    async with both[0], both[1]:
        yaml = configured(*both, connector="streams").replace("store: {", f"store: {{{key}")
        bridge = Bridge(folder, yaml, connectors={"streams": Streams})
        bridge.workshop = Processes(Films(lambda: tools(bridge.app.config, folder / "media"), Threads()))
        await bridge.start()
        await both[0].send_files("town", "Ada", [samples.upload(Kind.VIDEO, "film")])
        await eventually(lambda: arrived, seconds=60)
        await bridge.stop()


def peak() -> int:
    """Not of `getrusage`: that remembers what its parent had before this program began."""
    status = Path("/proc/self/status").read_text("utf-8")
    return next(int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith("VmHWM"))


if __name__ == "__main__":
    with TemporaryDirectory() as name:
        Streams.film = record(Path(name))
        size = Streams.film.stat().st_size
        asyncio.run(cross(Path(name), sys.argv[1] if len(sys.argv) > 1 else ""))
    started = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    print(size, *arrived[0], peak(), started)
