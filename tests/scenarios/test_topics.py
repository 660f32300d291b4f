"""A topic is a thread of its group: what readers see of it where threads are messages, and where there are none."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from bridge.asked import Outgoing
from bridge.capabilities import Relation
from bridge.errors import Rejected, RoomClosed
from bridge.events import RoomChanged
from bridge.ids import AccountName, EventId, Key, MessageId, RoomId, ThreadId
from bridge.testing.memory import EVERYTHING, MemoryPlatform
from bridge.testing.memory_rooms import Post, room_id
from bridge.testing.platform import Shown, texts
from bridge.testing.waiting import shown, shows
from bridge.text.nodes import said
from tests.scenarios.bridge_under_test import Bridge, balanced, configured
from tests.scenarios.faulty import FaultyConnector, faulty

TOPICS = replace(EVERYTHING, relations=frozenset({Relation.REPLY, Relation.THREAD}))
ROOTS = replace(EVERYTHING, relations=frozenset({Relation.REPLY, Relation.THREAD, Relation.ROOT}))
NONE = replace(EVERYTHING, relations=frozenset({Relation.REPLY}))
CAMELS = ThreadId("42")


def talk(  # noqa: PLR0913 - who says what where
    platform: MemoryPlatform, who: str, words: str, thread: str, *, name: str = "", to: MessageId | None = None
) -> MessageId:
    """Somebody writes in a thread of the town."""
    post = Post(room=room_id("town"), rich=said(words), thread=ThreadId(thread), thread_name=name, in_reply_to=to)
    return platform.written.post(platform.written.person(who), post)


@pytest.fixture
async def forum(left: MemoryPlatform, right: MemoryPlatform, tmp_path: Path) -> AsyncIterator[Bridge]:
    """Topics on the left, threads that are messages on the right."""
    left.capabilities, right.capabilities = TOPICS, ROOTS
    bridge = await Bridge(tmp_path, configured(left, right)).start()
    yield bridge
    assert balanced(await bridge.ledger())
    await bridge.stop()


def lines(seen: Sequence[Shown]) -> list[tuple[str, MessageId | None]]:
    return [(one.text, one.thread) for one in seen]


async def test_a_topic_is_a_thread_with_a_first_message_made_once(
    forum: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    talk(left, "Ada", "hello", CAMELS, name="Camels")
    talk(left, "Bob", "hi", CAMELS, name="Camels")
    await left.say("town", "Ada", said("outside"))
    talk(left, "Ada", "elsewhere", "43", name="Boats")
    seen = await shown(right, "town", lambda seen: len(seen) == 6)
    assert lines(seen) == [
        ("Thread: Camels", None), ("Ada: hello", "m1"), ("Bob: hi", "m1"), ("Ada: outside", None),
        ("Thread: Boats", None), ("Ada: elsewhere", "m5"),
    ]  # fmt: skip
    assert all(one.in_reply_to is None for one in seen)


async def test_answers_in_the_thread_go_back_into_the_topic(
    forum: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    first = talk(left, "Ada", "hello", CAMELS, name="Camels")
    root, copy = await shown(right, "town", lambda seen: len(seen) == 2)
    talk(right, "Cid", "in it", root.id)
    talk(right, "Cid", "an answer", root.id, to=copy.id)
    await right.say("town", "Cid", said("outside"))
    seen = await shown(left, "town", lambda seen: len(seen) == 4)
    assert lines(seen)[1:] == [("Cid: in it", CAMELS), ("Cid: an answer", CAMELS), ("Cid: outside", None)]
    assert [one.in_reply_to for one in seen[1:]] == [None, first, None]


async def test_the_thread_is_remembered_by_a_restart(
    forum: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    talk(left, "Ada", "hello", CAMELS, name="Camels")
    await shown(right, "town", lambda seen: len(seen) == 2)
    await forum.stop()
    await forum.start()
    talk(left, "Ada", "again", CAMELS, name="Camels")
    talk(right, "Cid", "and you", "m1")
    seen = await shown(right, "town", lambda seen: len(seen) == 4)
    assert {("Ada: again", MessageId("m1"))} < set(lines(seen))
    assert sum(one.text.startswith("Thread") for one in seen) == 1
    back = await shown(left, "town", lambda seen: len(seen) == 3)
    assert ("Cid: and you", CAMELS) in lines(back)


async def test_what_happens_to_a_message_of_a_thread_finds_it(
    forum: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    first = talk(left, "Ada", "helo", CAMELS, name="Camels")
    await shown(right, "town", lambda seen: len(seen) == 2)
    await left.edit("town", "Ada", first, said("hello"))
    await left.react("town", "Bob", first, "👍")
    seen = await shown(right, "town", lambda seen: dict(seen[1].reactions) == {"👍": 1})
    assert lines(seen)[1] == ("Ada: hello", "m1")
    await left.delete("town", "Ada", first)
    await shows(right, "town", ["Thread: Camels"])


async def test_where_there_are_no_threads_a_topic_stands_in_front(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    left.capabilities, right.capabilities = TOPICS, NONE
    bridge = await Bridge(tmp_path, configured(left, right)).start()
    first = talk(left, "Ada", "hello", CAMELS, name="Ca[mels]")
    talk(left, "Bob", "hi", CAMELS, name="Ca[mels]", to=first)
    talk(left, "Bob", "who?", "43")
    seen = await shown(right, "town", lambda seen: len(seen) == 3)
    assert [one.text for one in seen] == [
        "Ada: (in Ca(mels)) hello", "Bob: (in Ca(mels)) hi", "Bob: (in thread 43) who?",
    ]  # fmt: skip
    assert seen[1].in_reply_to == seen[0].id
    ledger = await bridge.ledger()
    assert balanced(ledger)
    assert ledger["merged:a thread in words there"] == 2
    await bridge.stop()


async def test_a_thread_on_a_message_is_one_where_any_message_can_begin_one(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    left.capabilities = right.capabilities = ROOTS
    bridge = await Bridge(tmp_path, configured(left, right)).start()
    await right.say("town", "Cid", said("before"))
    first = await left.say("town", "Ada", said("hello"))
    await shown(right, "town", lambda seen: len(seen) == 2)
    talk(left, "Bob", "in it", first)
    seen = await shown(right, "town", lambda seen: len(seen) == 3)
    assert lines(seen)[2] == ("Bob: in it", seen[1].id)
    talk(right, "Cid", "me too", seen[1].id)
    back = await shown(left, "town", lambda seen: len(seen) == 4)
    assert lines(back)[3] == ("Cid: me too", first)
    await bridge.stop()


async def test_a_thread_on_a_message_is_an_answer_where_only_topics_are(
    forum: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    first = await right.say("town", "Cid", said("hello"))
    (copy,) = await shown(left, "town", len)
    talk(right, "Dan", "in it", first)
    seen = await shown(left, "town", lambda seen: len(seen) == 2)
    assert (seen[1].text, seen[1].thread, seen[1].in_reply_to) == ("Dan: in it", None, copy.id)


class Shut(FaultyConnector):
    """A forum whose topic was closed."""

    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        if message.thread is not None:
            raise RoomClosed("the topic is closed")
        return await super().send(message)


async def test_a_topic_that_is_closed_closes_not_the_room(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    left.capabilities, right.capabilities = replace(TOPICS, in_flight=1), ROOTS
    bridge = await faulty(tmp_path, left, right, connector=FaultyConnector)
    talk(left, "Ada", "hello", CAMELS, name="Camels")
    root, _ = await shown(right, "town", lambda seen: len(seen) == 2)
    await bridge.stop()
    bridge = await faulty(tmp_path, left, right, connector=Shut)
    talk(right, "Cid", "are you there?", root.id)
    await right.say("town", "Cid", said("outside"))
    await shown(left, "town", lambda seen: len(seen) == 3)
    assert (await texts(left, "town"))[1:] == ["Cid: (in Camels) are you there?", "Cid: outside"]
    assert not await bridge.parked()
    assert balanced(await bridge.ledger())
    await bridge.stop()


class Forum(FaultyConnector):
    """A forum: threads of its own begin at a word, with a name, and not everywhere."""

    def __init__(self, config: Any, host: Any) -> None:  # noqa: ANN401 - handed on as they are
        super().__init__(config, host)
        self.topics: list[str] = []
        self.refuses_topics = False

    async def open_thread(self, room: RoomId, title: str, key: Key) -> ThreadId:
        del room, key
        if self.refuses_topics:
            raise Rejected("no rights to make topics")
        self.topics.append(title)
        return ThreadId(f"t{len(self.topics)}")


async def asking(folder: Path, left: MemoryPlatform, right: MemoryPlatform, link: str) -> Bridge:
    """Threads that are messages on the left, topics on the right."""
    left.capabilities, right.capabilities = ROOTS, TOPICS
    file = configured(left, right, connector="forum", link=link)
    return await Bridge(folder, file, connectors={"forum": Forum}).start()


async def test_a_thread_on_a_message_opens_a_topic_where_the_link_says_so(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await asking(tmp_path, left, right, "show: [threads], ")
    root = await left.say("town", "Ada", said("camels"))
    talk(left, "Bob", "one", root)
    talk(left, "Bob", "two", root)
    seen = await shown(right, "town", lambda seen: len(seen) == 3)
    assert lines(seen) == [("Ada: camels", None), ("Bob: one", "t1"), ("Bob: two", "t1")]
    talk(right, "Cid", "from the topic", "t1", name="camels")
    back = await shown(left, "town", lambda seen: len(seen) == 4)
    assert (back[-1].text, back[-1].thread) == ("Cid: from the topic", root)
    await bridge.stop()
    await bridge.start()
    talk(left, "Bob", "three", root)
    seen = await shown(right, "town", lambda seen: len(seen) == 5)
    assert lines(seen)[-1] == ("Bob: three", "t1")
    assert balanced(await bridge.ledger())
    await bridge.stop()


async def test_without_the_setting_a_thread_on_a_message_stays_where_its_message_is(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await asking(tmp_path, left, right, "")
    root = await left.say("town", "Ada", said("camels"))
    talk(left, "Bob", "one", root)
    seen = await shown(right, "town", lambda seen: len(seen) == 2)
    assert (seen[1].thread, seen[1].in_reply_to) == (None, seen[0].id)
    await bridge.stop()


async def test_where_topics_are_refused_threads_are_told_as_before(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await asking(tmp_path, left, right, "show: [threads], ")
    connector = bridge.app.accounts[AccountName("right")].connector
    assert isinstance(connector, Forum)
    connector.refuses_topics = True
    root = await left.say("town", "Ada", said("camels"))
    talk(left, "Bob", "one", root)
    seen = await shown(right, "town", lambda seen: len(seen) == 2)
    assert (seen[1].text, seen[1].thread, seen[1].in_reply_to) == ("Bob: one", None, seen[0].id)
    await bridge.drained()
    assert not await bridge.parked()
    assert balanced(await bridge.ledger())
    await bridge.stop()


async def test_a_topic_that_is_renamed_renames_what_stands_for_it(
    forum: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    talk(left, "Ada", "hello", CAMELS, name="Camels")
    await shows(right, "town", ["Thread: Camels", "Ada: hello"])
    host = forum.app.accounts[AccountName("left")]
    for thread, name in ((CAMELS, "Dromedaries"), (ThreadId("77"), "Nobody wrote here")):
        change = RoomChanged(
            id=EventId(f"name {thread}"), room=room_id("town"), thread=thread, at=forum.clock.now(), name=name
        )
        await host.publish(change)
    await shows(right, "town", ["Thread: Dromedaries", "Ada: hello"])
