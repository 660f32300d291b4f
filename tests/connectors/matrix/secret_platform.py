"""A homeserver, emulated or real, whose rooms are encrypted and whose people read and write with matrix-nio."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from nio.crypto.attachments import encrypt_attachment

from bridge.ids import MessageId
from bridge.testing.holdings import Ballot, Filed
from bridge.testing.platform import Fault, Shown
from bridge.text.nodes import Rich
from connectors.matrix import emulator_people as clients
from connectors.matrix import emulator_reader as reader
from connectors.matrix import polls
from tests.connectors.matrix.secret_people import SecretPerson

OWNER = "Olga"
PASSPHRASE = "correct horse battery"


class SecretPlatform:
    """`bridge.testing.Platform` over another one of Matrix; what is not encrypted goes through that one."""

    title = "Matrix, encrypted"

    def __init__(self, inner: Any, folder: Path) -> None:  # noqa: ANN401  the emulator or a real server
        self.inner = inner
        self._folder = folder
        self._people: dict[str, SecretPerson] = {}
        self._names: dict[str, str] = {}
        self._rooms: list[str] = []

    async def __aenter__(self) -> Self:
        for name in ("cellar", "vault"):
            await self.make_room(name)
        return self

    async def __aexit__(self, *_: object) -> None:
        for person in self._people.values():
            await person.close()

    @property
    def rooms(self) -> Sequence[str]:
        return self._rooms

    def settings(self) -> Mapping[str, object]:
        return {**self.inner.settings(), "e2ee": True, "e2ee_passphrase": PASSPHRASE}

    async def make_room(self, localpart: str) -> str:
        room: str = await self.inner.make_room(localpart, encrypted=True)
        self._rooms.append(room)
        await self.person(room, OWNER)
        return room

    def room_id(self, room: str) -> str:
        name: str = self.inner.room_id(room)
        return name

    async def person(self, room: str, name: str) -> SecretPerson:
        """Somebody's client, in the room, with what is new taken in."""
        credentials = await self.inner.enter(room, name)
        if name not in self._people:
            address = str(self.inner.settings()["homeserver"])
            self._people[name] = SecretPerson(address, credentials, self._folder / name)
            self._names[credentials[0]] = name
        await self._people[name].catch_up()
        return self._people[name]

    async def say(self, room: str, person: str, text: Rich, *, in_reply_to: MessageId | None = None) -> MessageId:
        return await self.write(room, person, clients.message(text, in_reply_to=in_reply_to))

    async def emote(self, room: str, person: str, text: Rich) -> MessageId:
        return await self.write(room, person, clients.message(text, msgtype="m.emote"))

    async def edit(self, room: str, person: str, message: MessageId, text: Rich) -> None:
        known = await (await self.person(room, person)).events(self.room_id(room))
        await self.write(room, person, clients.edit(message, text, known))

    async def delete(self, room: str, person: str, message: MessageId) -> None:
        await self.inner.delete(room, person, message)

    async def react(self, room: str, person: str, message: MessageId, emoji: str) -> None:
        await self.inner.react(room, person, message, emoji)

    async def unreact(self, room: str, person: str, message: MessageId, emoji: str) -> None:
        await self.inner.unreact(room, person, message, emoji)

    async def shown(self, room: str) -> Sequence[Shown]:
        owner = await self.person(room, OWNER)
        events = await owner.events(self.room_id(room))
        files = {address: await self.inner.bytes_of(address) for address in reader.addresses(events)}
        return reader.shown(events, lambda user: self._names.get(user, user), files)

    async def send_files(self, room: str, person: str, files: Sequence[Filed], caption: Rich = ()) -> MessageId:
        sealed, keys = encrypt_attachment(files[0].data)
        where = await self.inner.upload(person, sealed, "application/octet-stream")
        who = await self.person(room, person)
        content = clients.filed(files, {**keys, "url": where}, caption)
        return MessageId(await who.say(self.room_id(room), content, clients.kind_of(files[0])))

    async def write(self, room: str, person: str, content: Mapping[str, Any]) -> MessageId:
        who = await self.person(room, person)
        return MessageId(await who.say(self.room_id(room), content))

    async def open_poll(self, room: str, person: str, ballot: Ballot) -> MessageId:
        who = await self.person(room, person)
        return MessageId(await who.say(self.room_id(room), clients.ballot(ballot), polls.START))

    async def vote(self, room: str, person: str, message: MessageId, option: int) -> None:
        who, owner = await self.person(room, person), await self.person(room, OWNER)
        start = next(raw for raw in await owner.events(self.room_id(room)) if raw["event_id"] == message)
        answer = polls.answers_of(start["content"])[option][0]
        await who.say(self.room_id(room), clients.vote(message, answer), polls.RESPONSE)

    def drop_connections(self) -> None:
        self.inner.drop_connections()

    def fail_next(self, fault: Fault, count: int = 1) -> None:
        self.inner.fail_next(fault, count)

    def restore(self) -> None:
        self.inner.restore()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  what only Matrix's own tests do
        return getattr(self.inner, name)
