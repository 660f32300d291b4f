"""A video of 50 MiB crosses a whole bridge; prints how many bytes arrived and the most memory the process had, in MiB.

The platforms keep nothing of it: what is measured is the bridge. Run by `test_crossing.py`, in a process of its own.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec.structs import replace

from bridge.asked import Outgoing
from bridge.events import Attachment, Kind
from bridge.ids import MessageId
from bridge.testing import samples
from bridge.testing.memory import WITH_FILES, MemoryConnector, MemoryPlatform
from bridge.testing.waiting import eventually
from tests.scenarios.bridge_under_test import Bridge, configured

MIB = 1 << 20
SIZE = 50 * MIB
arrived: list[int] = []


class Streams(MemoryConnector):
    """Gives a long film piece by piece, and takes one the same way."""

    async def fetch(self, attachment: Attachment) -> AsyncIterator[bytes]:
        begin = samples.content("video/mp4", "film")
        yield begin
        left = SIZE - len(begin)
        while left:
            piece = bytes(min(left, 1 << 17))
            left -= len(piece)
            yield piece
            await asyncio.sleep(0)

    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        arrived.extend([sum([len(piece) async for piece in self.host.read(file)]) for file in message.files])
        return await super().send(replace(message, files=()))


async def cross(folder: Path, key: str) -> None:
    both = [MemoryPlatform(name, capabilities=WITH_FILES) for name in ("source", "target")]
    async with both[0], both[1]:
        yaml = configured(*both, connector="streams").replace("store: {", f"store: {{{key}")
        bridge = await Bridge(folder, yaml, connectors={"streams": Streams}).start()
        await both[0].send_files("town", "Ada", [samples.upload(Kind.VIDEO, "film")])
        await eventually(lambda: arrived, seconds=60)
        await bridge.stop()


def peak() -> int:
    """Not of `getrusage`: that remembers what its parent had before this program began."""
    status = Path("/proc/self/status").read_text("utf-8")
    return next(int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith("VmHWM"))


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        asyncio.run(cross(Path(folder), sys.argv[1] if len(sys.argv) > 1 else ""))
    print(arrived[0], peak())
