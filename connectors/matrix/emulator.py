"""A small, strict Matrix homeserver with two rooms and people in them: for tests, scenarios and the demo."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

from bridge.clock import Clock, SystemClock
from bridge.ids import MessageId, ThreadId, UserId
from bridge.testing.holdings import Ballot, Filed, Spot
from bridge.testing.platform import Fault, Shown
from bridge.text.nodes import Mention, Rich
from connectors.matrix import emulator_keys_http, emulator_media, emulator_titles, polls
from connectors.matrix import emulator_people as clients
from connectors.matrix import emulator_reader as reader
from connectors.matrix.emulator_errors import Canned
from connectors.matrix.emulator_http import Homeserver, Service
from connectors.matrix.emulator_rooms import Json, MatrixRefusal, MatrixRoom, Person, Rooms
from connectors.matrix.emulator_sync import seen_by

SERVER = "matrix.test"
_MAX_EVENT_BYTES = 65_536


class MatrixEmulator:
    """Implements `bridge.testing.Platform`.

    `max_event_bytes` is the specification's limit. `sends_per_second` and `burst` limit each user of the API; real
    homeservers limit bridges or not as their administrator likes, so None is the default.
    """

    title = "Matrix"

    def __init__(
        self,
        *,
        max_event_bytes: int = _MAX_EVENT_BYTES,
        sends_per_second: float | None = None,
        burst: int = 10,
        clock: Clock | None = None,
        service: Service | None = None,
    ) -> None:
        clock = clock or SystemClock()
        self._rooms = Rooms(server=SERVER, clock=clock, max_event_bytes=max_event_bytes)
        self.server = Homeserver(
            self._rooms,
            clock,
            sends_per_second=sends_per_second,
            burst=burst,
            more=(*emulator_keys_http.ROUTES, *emulator_media.ROUTES, *emulator_titles.ROUTES),
        )
        self.server.service = service
        self._owner = self._rooms.person("Olga", "olga")
        self._bridge = self._rooms.person("Bridge", "bridge")
        self.titles = emulator_titles.MatrixTitles(self._rooms, self._owner, self._bridge, self.server.wake)
        self._acts = 0
        self._names = [self._made(name) for name in ("lobby", "garden", "office")]

    async def __aenter__(self) -> Self:
        await self.server.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.server.__aexit__()

    @property
    def rooms(self) -> Sequence[str]:
        return self._names

    def settings(self) -> Mapping[str, object]:
        if self.server.service is not None:
            return self.server.service.settings(self.server.address)
        return {
            "connector": "matrix",
            "homeserver": self.server.address,
            "user": self._bridge.id,
            "token": self._bridge.token,
        }

    async def say(self, room: str, person: str, text: Rich, *, in_reply_to: MessageId | None = None) -> MessageId:
        return await self.post(room, person, "m.room.message", clients.message(text, in_reply_to=in_reply_to))

    def mention(self, person: str) -> Mention:
        return Mention(person, UserId(self._rooms.person(person).id))

    async def emote(self, room: str, person: str, text: Rich) -> MessageId:
        return await self.post(room, person, "m.room.message", clients.message(text, msgtype="m.emote"))

    async def share_spot(self, room: str, person: str, spot: Spot) -> MessageId:
        return await self.post(room, person, "m.room.message", clients.spot(spot))

    async def say_in_thread(self, room: str, person: str, root: MessageId, text: Rich) -> MessageId:
        return await self.post(room, person, "m.room.message", clients.in_thread(root, text))

    async def shown_in_thread(self, room: str, thread: ThreadId) -> Sequence[Shown]:
        return [one for one in await self.shown(room) if one.thread == MessageId(thread)]

    async def answer_in_thread(self, room: str, person: str, thread: ThreadId, text: Rich) -> MessageId:
        return await self.say_in_thread(room, person, MessageId(thread), text)

    async def remove_thread(self, room: str, thread: ThreadId) -> None:
        """Somebody with the power to do so redacts what the thread hangs on."""
        self._redact(room, self._owner.name, MessageId(thread))

    async def seclude(self, room: str) -> None:
        await self.set_state(room, "m.room.join_rules", {"join_rule": "invite"})

    async def open_poll(self, room: str, person: str, ballot: Ballot) -> MessageId:
        return await self.post(room, person, polls.START, clients.ballot(ballot))

    async def vote(self, room: str, person: str, message: MessageId, option: int) -> None:
        start = next(raw for raw in await self.events(room) if raw["event_id"] == message)
        answer = polls.answers_of(start["content"])[option][0]
        await self.post(room, person, polls.RESPONSE, clients.vote(message, answer))

    async def edit(self, room: str, person: str, message: MessageId, text: Rich) -> None:
        await self.post(room, person, "m.room.message", clients.edit(message, text, await self.events(room)))

    async def delete(self, room: str, person: str, message: MessageId) -> None:
        self._redact(room, person, message)

    async def promote(self, room: str, person: str) -> None:
        who, name = self._present(room, person)
        self._rooms.promote(self._owner, name, who.id)
        self.server.wake()

    async def ban(self, room: str, moderator: str, person: str) -> None:
        by, name = self._present(room, moderator)
        self._rooms.change_membership(by, self._rooms.room(name), self._rooms.person(person).id, "ban")
        self.server.wake()

    async def react(self, room: str, person: str, message: MessageId, emoji: str) -> None:
        await self.post(room, person, "m.reaction", clients.reaction(message, emoji))

    async def unreact(self, room: str, person: str, message: MessageId, emoji: str) -> None:
        self._redact(room, person, self._reaction(self._rooms.room(room), self._rooms.person(person), message, emoji))

    async def shown(self, room: str) -> Sequence[Shown]:
        events = await self.events(room)
        files = {address: await self.bytes_of(address) for address in reader.addresses(events)}
        return reader.shown(events, lambda user: self._rooms.name_in(room, user), files, self._face_of)

    async def set_face(self, person: str, picture: Filed) -> None:
        who = self._rooms.person(person)
        who.avatar = await self.upload(person, picture.data, picture.mime)
        for room in self._rooms.rooms.values():
            if room.membership(who.id) == "join":
                self._rooms.announce(who, room)
        self.server.wake()

    def _face_of(self, user: str) -> bytes:
        avatar = self._rooms.people[user].avatar
        return self.server.media.bytes_of(avatar) if avatar else b""

    async def send_files(self, room: str, person: str, files: Sequence[Filed], caption: Rich = ()) -> MessageId:
        content = clients.filed(files, await self.upload(person, files[0].data, files[0].mime), caption)
        return await self.post(room, person, clients.kind_of(files[0]), content)

    async def upload(self, person: str, data: bytes, mime: str) -> str:
        """A file as a person uploads it; its address."""
        return self.server.media.add(self._rooms.person(person), data, mime)

    async def bytes_of(self, address: str) -> bytes:
        """A file as a reader's client gets it."""
        return self.server.media.bytes_of(address)

    def drop_connections(self) -> None:
        self.server.drop_connections()

    def fail_next(self, fault: Fault, count: int = 1) -> None:
        if fault is Fault.UNAUTHORIZED:
            self.server.refuses_everybody = True
            self.server.wake()
            return
        self.server.faults.extend([fault] * count)

    def restore(self) -> None:
        self.server.faults.clear()
        self.server.canned.clear()
        self.server.refuses_everybody = False

    # What only Matrix's own tests do.

    def answer_next(self, path: str, answer: Canned) -> None:
        """Answer the next request whose path contains `path` with bytes of the test's own."""
        self.server.canned.append((path, answer))

    def lose_next(self, path: str) -> None:
        """Carry out the next request whose path contains `path`, and cut the connection before its answer."""
        self.server.lost.append(path)

    async def make_room(self, localpart: str, *, encrypted: bool = False) -> str:
        """A further room; its alias."""
        return self._made(localpart, encrypted=encrypted)

    @property
    def owner(self) -> str:
        """Who made the rooms."""
        return self._owner.id

    def room_of(self, name: str) -> MatrixRoom:
        """A room as the homeserver holds it."""
        return self._rooms.room(name)

    async def enter(self, room: str, person: str) -> tuple[str, str, str]:
        """Let a person into a room; their id, token and device, for a client of the test's own."""
        who, _ = self._present(room, person)
        return who.id, who.token, who.device

    @property
    def bridge_device(self) -> str:
        return self._bridge.device

    def write_to_bridge(self, person: str, kind: str, content: Json) -> None:
        """A letter to the bridge's device, as a person; strange content is the test's own business."""
        letters = {self._bridge.id: {self._bridge.device: content}}
        self._acts += 1
        self.server.keys.send(self._rooms.person(person), kind, f"act{self._acts}", {"messages": letters})
        self.server.wake()

    def upload_keys(self, person: str, keys: Json) -> None:
        """Whatever a person's client says its keys are."""
        self.server.keys.upload(self._rooms.person(person), keys)

    def room_id(self, room: str) -> str:
        return self._rooms.room(room).id

    async def post(self, room: str, person: str, kind: str, content: Json) -> MessageId:
        """Any event, as a person; strange content is the test's own business."""
        who, name = self._present(room, person)
        self._acts += 1
        event_id = self._rooms.send(who, name, kind, content, f"act{self._acts}")
        self.server.wake()
        return MessageId(event_id)

    async def events(self, room: str) -> list[Mapping[str, Any]]:
        """Everything in a room as its owner's client gets it."""
        return [seen_by(stored, self._owner) for stored in self._rooms.room(room).events]

    async def set_state(self, room: str, kind: str, content: Json, *, key: str = "") -> None:
        """Change the room's state, as its owner."""
        self._rooms.set_state(self._owner, self._rooms.room(room).id, kind, key, content)
        self.server.wake()

    async def set_own_state(self, room: str, person: str, kind: str, content: Json) -> MessageId:
        """State that a person has of their own, by their id: they must be allowed to."""
        who, name = self._present(room, person)
        event_id = self._rooms.set_state(who, name, kind, who.id, content)
        self.server.wake()
        return MessageId(event_id)

    async def change_membership(self, room: str, user: str, membership: str, reason: str = "") -> None:
        """Invite, kick or ban somebody, as the room's owner."""
        self._rooms.change_membership(self._owner, self._rooms.room(room), user, membership, reason)
        self.server.wake()

    async def set_account_data(self, kind: str, content: Json) -> None:
        """The bridge's own account data."""
        self._bridge.account_data[kind] = content

    def _made(self, localpart: str, *, encrypted: bool = False) -> str:
        return self._rooms.create(self._owner, localpart, localpart.title(), encrypted=encrypted).alias

    def _present(self, room: str, person: str) -> tuple[Person, str]:
        """The person, in the room."""
        who = self._rooms.person(person)
        return who, self._rooms.join(who, room)

    def _redact(self, room: str, person: str, message: MessageId) -> None:
        who, name = self._present(room, person)
        self._acts += 1
        self._rooms.redact(who, name, message, f"act{self._acts}")
        self.server.wake()

    def _reaction(self, room: MatrixRoom, who: Person, message: MessageId, emoji: str) -> MessageId:
        content = clients.reaction(message, emoji)
        mine = [s for s in room.events if s.event["sender"] == who.id and s.event["content"] == content]
        if not mine:
            raise MatrixRefusal(404, "M_NOT_FOUND", "there is no such reaction")
        return MessageId(mine[-1].event["event_id"])
