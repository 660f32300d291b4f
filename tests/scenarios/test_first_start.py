"""The very first start: nobody knows yet where the rooms are."""

import asyncio
from pathlib import Path

from bridge.ids import Place
from bridge.testing.memory import MemoryConnector
from bridge.testing.memory_platform import MemoryPlatform
from bridge.testing.waiting import eventually, shows
from bridge.text.nodes import said
from tests.scenarios.bridge_under_test import Bridge, configured


class _SlowToEnter(MemoryConnector):
    """Enters its rooms when told."""

    may_enter = asyncio.Event()
    asked = asyncio.Event()

    async def join(self, name: str) -> Place:
        self.asked.set()
        await self.may_enter.wait()
        return await super().join(name)


async def test_what_is_said_while_the_rooms_are_entered_for_the_first_time_is_not_passed_over(
    left: MemoryPlatform, right: MemoryPlatform, tmp_path: Path
) -> None:
    _SlowToEnter.may_enter, _SlowToEnter.asked = asyncio.Event(), asyncio.Event()
    yaml = configured(left, right).replace("connector: memory", "connector: slow", 1)
    bridge = Bridge(tmp_path, yaml, connectors={"slow": _SlowToEnter})
    starting = asyncio.create_task(bridge.start())
    await eventually(_SlowToEnter.asked.is_set)
    await left.say("town", "Ada", said("good morning"))
    _SlowToEnter.may_enter.set()
    await starting
    await shows(right, "town", ["Ada: good morning"])
    await bridge.stop()
