"""Where each person has a stand-in: they write, change, react and are taken back as one person would."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from bridge.asked import Outgoing
from bridge.capabilities import Authorship
from bridge.errors import Feature, Unsupported
from bridge.testing.memory import EVERYTHING, MemoryConnector, MemoryPlatform
from bridge.testing.waiting import shown, shows
from bridge.text.nodes import said
from tests.scenarios.bridge_under_test import Bridge, balanced, configured

GHOSTS = replace(EVERYTHING, authorship=Authorship.GHOST)


@pytest.fixture
def right() -> MemoryPlatform:
    return MemoryPlatform("right", capabilities=GHOSTS)


async def test_each_speaks_as_themselves(tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform) -> None:
    async with right:
        bridge = await Bridge(tmp_path, configured(left, right)).start()
        await left.say("town", "Ada", said("hello"))
        await left.say("town", "Grace", said("hi"))
        seen = await shown(right, "town", lambda seen: len(seen) == 2)
        assert [(one.author, one.text) for one in seen] == [("Ada", "hello"), ("Grace", "hi")]
        await right.say("town", "Olaf", said("hei"))
        await shows(left, "town", ["hello", "hi", "Olaf: hei"])
        await bridge.stop()


async def test_changes_and_reactions_are_their_ghosts(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    async with right:
        bridge = await Bridge(tmp_path, configured(left, right)).start()
        first = await left.say("town", "Ada", said("helo"))
        await left.edit("town", "Grace", first, said("hello"))
        for person, emoji in (("Ada", "👍"), ("Grace", "👍"), ("Grace", "🐫")):
            await left.react("town", person, first, emoji)
        await shown(right, "town", lambda seen: seen and dict(seen[0].reactions) == {"👍": 2, "🐫": 1})
        await bridge.stop()
        await bridge.start()
        await left.unreact("town", "Ada", first, "👍")
        seen = await shown(right, "town", lambda seen: dict(seen[0].reactions) == {"👍": 1, "🐫": 1})
        assert [(one.author, one.text, one.edited) for one in seen] == [("Ada", "hello", True)]
        await left.delete("town", "Grace", first)
        await shows(right, "town", [])
        await bridge.drained()
        assert balanced(await bridge.ledger())
        assert not (await bridge.ledger())["parked"]
        await bridge.stop()


async def test_a_name_that_two_have_is_told_apart(tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform) -> None:
    async with right:
        bridge = await Bridge(tmp_path, configured(left, right)).start()
        await right.say("town", "Ada", said("I am from here"))
        await left.say("town", "Ada\u202e", said("and I am not"))
        seen = await shown(right, "town", lambda seen: len(seen) == 2)
        assert seen[1].author.startswith("Ada [")
        await bridge.stop()


class Ghostless(MemoryConnector):
    """In the town nobody but the bridge's own user may speak, which it finds out by being refused."""

    async def send(self, message: Outgoing) -> tuple[()]:
        if message.author is not None and not message.label:
            raise Unsupported(Feature.AUTHORSHIP)
        await super().send(replace(message, author=None))
        return ()


async def test_where_ghosts_are_refused_the_name_stands_in_front(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    async with right:
        file = configured(left, right, connector="ghostless")
        bridge = await Bridge(tmp_path, file, connectors={"ghostless": Ghostless}).start()
        await left.say("town", "Ada", said("hello"))
        await left.say("town", "Ada", said("again"))
        await shows(right, "town", ["Ada: hello", "Ada: again"])
        assert not (await bridge.ledger())["parked"]
        await bridge.stop()
