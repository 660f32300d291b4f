"""A thread that a link names is a room of its own; what speaks of its messages finds it without naming it."""

from pathlib import Path

from bridge.ids import Place, ThreadId
from bridge.testing.memory import MemoryConnector
from bridge.testing.memory_platform import MemoryPlatform
from bridge.testing.waiting import shown, shows
from bridge.text.nodes import said
from tests.scenarios.bridge_under_test import Bridge, configured


class _InTopics(MemoryConnector):
    """Says that each of its rooms is the topic 7 of a group, as forums do; its events name the topic."""

    async def join(self, name: str) -> Place:
        return Place((await super().join(name)).room, ThreadId("7"))


async def test_a_reaction_that_names_no_thread_finds_its_message(
    left: MemoryPlatform, right: MemoryPlatform, tmp_path: Path
) -> None:
    yaml = configured(left, right)
    bridge = Bridge(
        tmp_path, yaml.replace("connector: memory", "connector: topics", 1), connectors={"topics": _InTopics}
    )
    await bridge.start()
    await right.say("town", "Bob", said("hello"))
    await shows(left, "town", ["Bob: hello"])
    (copy,) = await left.shown("town")
    await left.react("town", "Ada", copy.id, "👍")
    await shown(right, "town", lambda seen: dict(seen[0].reactions) == {"👍": 1})
    await bridge.stop()
