"""People who write in private, and the room of those who answer them: two platforms in memory, and a desk."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

from msgspec import structs

from bridge.asked import Outgoing
from bridge.capabilities import Capabilities, Relation
from bridge.errors import Feature, RoomClosed
from bridge.events import AnyEvent, Failure, RoomKind, SendFailed, User
from bridge.ids import EventId, MessageId, RoomId, ThreadId, UserId
from bridge.testing.memory import EVERYTHING, MemoryConnector, MemoryPlatform
from bridge.testing.memory_rooms import Post, Update, room_id
from bridge.testing.waiting import shown
from bridge.text.nodes import said
from tests.scenarios.bridge_under_test import Bridge

NUMBERS = ("380501111111", "380502222222", "380503333333")
"""What the platform calls people: phone numbers, which nobody else may see."""
TOPICS = structs.replace(EVERYTHING, relations=frozenset({Relation.REPLY, Relation.THREAD}))
ROOTS = structs.replace(EVERYTHING, relations=frozenset({Relation.REPLY, Relation.THREAD, Relation.ROOT}))
"""Where threads are messages, and any message may begin one."""


class Private(MemoryConnector):
    """Each of its rooms is a conversation with one person."""

    features = structs.replace(EVERYTHING, window=timedelta(minutes=30))

    shut: ClassVar[set[RoomId]] = set()
    """Rooms that take only templates."""

    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        template = message.template
        if template is None and message.room in self.shut:
            raise RoomClosed("the window is closed", accepts=frozenset({Feature.TEMPLATE}))
        if template is not None:
            words = f"{template.name}({template.language}): {' | '.join(template.parameters)}"
            message = structs.replace(message, text=said(words), template=None)
        return await super().send(message)

    async def fail(self, number: str, message: MessageId, failure: Failure) -> None:
        """What was accepted is not delivered after all."""
        event = SendFailed(
            id=EventId(f"failed {message}"), room=room_id(number), room_kind=RoomKind.DIRECT, message=message,
            reason=f"no device of {number} answers", failure=failure, at=self.host.clock.now(),
        )  # fmt: skip
        await self.host.publish(event)

    def _event(self, update: Update) -> AnyEvent:
        face = f"https://faces.test/{update.room}"
        person = User(id=UserId(update.room), name=update.person.name, avatar=face)
        return structs.replace(super()._event(structs.replace(update, person=person)), room_kind=RoomKind.DIRECT)


class Town:
    """The people's platform, the agents' platform and a desk between them."""

    def __init__(self, people: MemoryPlatform, agents: MemoryPlatform, bridge: Bridge) -> None:
        self.people, self.agents, self.bridge = people, agents, bridge

    async def writes(self, number: str, name: str, words: str, *, reply: MessageId | None = None) -> MessageId:
        """A person writes in private."""
        return await self.people.say(number, name, said(words), in_reply_to=reply)

    def answers(
        self, name: str, words: str, *, reply: MessageId | None = None, thread: MessageId | None = None
    ) -> MessageId:
        """An agent writes in the agents' room."""
        where = None if thread is None else ThreadId(thread)
        post = Post(room=room_id("desk"), rich=said(words), in_reply_to=reply, thread=where)
        return self.agents.written.post(self.agents.written.person(name), post)

    async def thread(self, title: str) -> MessageId:
        """The thread that is called so."""
        found = await shown(self.agents, "desk", lambda there: any(one.text == title for one in there))
        return next(one.id for one in found if one.text == title)

    async def in_thread(self, thread: MessageId, last: str) -> MessageId:
        """Wait until the last words in a thread are these; their message."""

        def words(there: object) -> bool:
            return bool(mine := [one for one in there if one.thread == thread]) and mine[-1].text == last  # type: ignore[attr-defined]

        found = await shown(self.agents, "desk", words)
        return [one for one in found if one.thread == thread][-1].id

    async def reads(self, number: str, *expected: str) -> list[MessageId]:
        """Wait until a person reads these words from us; our messages."""

        def ours(there: object) -> list[str]:
            return [one.text for one in there if one.author == "bridge"]  # type: ignore[attr-defined]

        found = await shown(self.people, number, lambda there: ours(there) == list(expected))
        return [one.id for one in found if one.author == "bridge"]


@asynccontextmanager
async def town(  # noqa: PLR0913 - what a town is made of
    folder: Path, *, desk: str = "", agents: Capabilities = TOPICS, chats: type[Private] = Private, rooms: int = 0,
    offices: type[MemoryConnector] = MemoryConnector,
) -> AsyncIterator[Town]:  # fmt: skip
    """A town with its desk; `desk` are further settings, as in YAML."""
    names = [*NUMBERS, *(f"38060{number:07}" for number in range(rooms))]
    async with (
        MemoryPlatform("chat", rooms=names) as people,
        MemoryPlatform("office", rooms=("desk", "other"), capabilities=agents) as office,
    ):
        bridge = Bridge(folder, configured(people, office, desk), connectors={"private": chats, "memory": offices})
        await bridge.start()
        try:
            yield Town(people, office, bridge)
        finally:
            await bridge.stop()


def configured(people: MemoryPlatform, office: MemoryPlatform, desk: str) -> str:
    """The file: one account for people, one for agents, one desk."""
    return (
        "store: {path: data/q.db, min_free_mib: 0, ballast_mib: 0}\n"
        "accounts:\n"
        f"  chat: {{connector: private, platform: chat, token: {people.token}}}\n"
        f"  office: {{connector: memory, platform: office, token: {office.token}}}\n"
        f"desks:\n  help: {{room: office/desk, accounts: [chat]{', ' + desk if desk else ''}}}\n"
    )


__all__ = ["NUMBERS", "ROOTS", "TOPICS", "Town", "town"]
