"""`bridge.testing.Platform` over a real Synapse: real users act through the client API."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, Self
from urllib.parse import quote

import aiohttp
from msgspec import Struct
from yarl import URL

from bridge.ids import MessageId
from bridge.testing.holdings import Ballot, Filed, Spot
from bridge.testing.platform import Fault, Shown
from bridge.text.nodes import Rich
from connectors.matrix import emulator_people as clients
from connectors.matrix import emulator_reader as reader
from connectors.matrix import polls
from connectors.matrix.emulator_errors import Canned
from connectors.matrix.emulator_rooms import MatrixRefusal
from tests.live.faults import FaultProxy
from tests.live.synapse import Synapse
from tests.live.synapse_titles import SynapseTitles

_numbers = itertools.count(1)


class Account(Struct, frozen=True):
    id: str
    token: str
    name: str
    device: str


class SynapsePlatform:
    """Two rooms and a bridge's user of its own on a server that other tests share."""

    title = "Matrix"

    def __init__(self, server: Synapse) -> None:
        self._server = server
        self._mark = f"{next(_numbers)}"
        self._proxy = FaultProxy(server.address)
        self._people: dict[str, Account] = {}
        self._inside: set[tuple[str, str]] = set()
        self._ids: dict[str, str] = {}
        self._acts = itertools.count(1)
        self._files: dict[str, bytes] = {}

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True))
        await self._proxy.__aenter__()
        self._owner, self._bridge = self._person("Olga"), self._person("Bridge")
        self._names = [await self.make_room("lobby"), await self.make_room("garden")]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._proxy.__aexit__()
        await self._session.close()

    @property
    def rooms(self) -> Sequence[str]:
        return self._names

    def settings(self) -> Mapping[str, object]:
        return {
            "connector": "matrix",
            "homeserver": self._proxy.address,
            "user": self._bridge.id,
            "token": self._bridge.token,
        }

    async def say(self, room: str, person: str, text: Rich, *, in_reply_to: MessageId | None = None) -> MessageId:
        return await self.post(room, person, "m.room.message", clients.message(text, in_reply_to=in_reply_to))

    async def emote(self, room: str, person: str, text: Rich) -> MessageId:
        return await self.post(room, person, "m.room.message", clients.message(text, msgtype="m.emote"))

    async def share_spot(self, room: str, person: str, spot: Spot) -> MessageId:
        return await self.post(room, person, "m.room.message", clients.spot(spot))

    async def say_in_thread(self, room: str, person: str, root: MessageId, text: Rich) -> MessageId:
        return await self.post(room, person, "m.room.message", clients.in_thread(root, text))

    async def open_poll(self, room: str, person: str, ballot: Ballot) -> MessageId:
        return await self.post(room, person, polls.START, clients.ballot(ballot))

    async def vote(self, room: str, person: str, message: MessageId, option: int) -> None:
        start = next(raw for raw in await self.events(room) if raw["event_id"] == message)
        answer = polls.answers_of(start["content"])[option][0]
        await self.post(room, person, polls.RESPONSE, clients.vote(message, answer))

    async def edit(self, room: str, person: str, message: MessageId, text: Rich) -> None:
        await self.post(room, person, "m.room.message", clients.edit(message, text, await self.events(room)))

    async def delete(self, room: str, person: str, message: MessageId) -> None:
        who, name = await self._present(room, person)
        await self._ask(who, "PUT", "rooms", name, "redact", message, f"act{next(self._acts)}", body={})

    async def react(self, room: str, person: str, message: MessageId, emoji: str) -> None:
        await self.post(room, person, "m.reaction", clients.reaction(message, emoji))

    async def unreact(self, room: str, person: str, message: MessageId, emoji: str) -> None:
        who, content = self._person(person), clients.reaction(message, emoji)
        mine = [raw for raw in await self.events(room) if raw["sender"] == who.id and raw["content"] == content]
        await self.delete(room, person, MessageId(mine[-1]["event_id"]))

    async def shown(self, room: str) -> Sequence[Shown]:
        events = await self.events(room)
        files = {address: await self.bytes_of(address) for address in reader.addresses(events)}
        return reader.shown(events, _names(events).__getitem__, files)

    async def send_files(self, room: str, person: str, files: Sequence[Filed], caption: Rich = ()) -> MessageId:
        where = await self.upload(person, files[0].data, files[0].mime)
        return await self.post(room, person, clients.kind_of(files[0]), clients.filed(files, where, caption))

    async def upload(self, person: str, data: bytes, mime: str) -> str:
        """A file as a person uploads it; its address."""
        headers = {"Authorization": f"Bearer {self._person(person).token}", "Content-Type": mime}
        address = f"{self._server.address}/_matrix/media/v3/upload"
        async with self._session.post(address, data=data, headers=headers) as response:
            assert response.status == 200, await response.text()
            return str((await response.json())["content_uri"])

    async def bytes_of(self, address: str) -> bytes:
        """A file as the owner's client gets it, once."""
        if address not in self._files:
            path = address.removeprefix("mxc://")
            headers = {"Authorization": f"Bearer {self._owner.token}"}
            url = f"{self._server.address}/_matrix/client/v1/media/download/{path}"
            async with self._session.get(url, headers=headers) as response:
                self._files[address] = await response.read() if response.status == 200 else b""
        return self._files[address]

    def drop_connections(self) -> None:
        self._proxy.drop_connections()

    def fail_next(self, fault: Fault, count: int = 1) -> None:
        if fault is Fault.UNAUTHORIZED:
            self._proxy.refuses_everybody = True
            self._proxy.drop_connections()
            return
        self._proxy.faults.extend([fault] * count)

    def restore(self) -> None:
        self._proxy.faults.clear()
        self._proxy.canned.clear()
        self._proxy.refuses_everybody = False

    # What only Matrix's own tests do; the emulator has the same.

    def answer_next(self, path: str, answer: Canned) -> None:
        self._proxy.canned.append((path, answer))

    async def make_room(self, localpart: str, *, encrypted: bool = False) -> str:
        """A public room; its alias."""
        local = f"{localpart}{self._mark}"
        encryption = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}
        body = {
            "preset": "public_chat",
            "room_alias_name": local,
            "name": localpart.title(),
            "initial_state": [encryption] if encrypted else [],
        }
        made = await self._ask(self._owner, "POST", "createRoom", body=body)
        alias = f"#{local}:lab.test"
        self._ids[alias] = made["room_id"]
        return alias

    async def enter(self, room: str, person: str) -> tuple[str, str, str]:
        """Let a person into a room; their id, token and device, for a client of the test's own."""
        who, _ = await self._present(room, person)
        return who.id, who.token, who.device

    def room_id(self, room: str) -> str:
        return self._ids[room]

    async def post(self, room: str, person: str, kind: str, content: Mapping[str, Any]) -> MessageId:
        """Any event, as a person."""
        who, name = await self._present(room, person)
        key = f"act{next(self._acts)}"
        return MessageId((await self._ask(who, "PUT", "rooms", name, "send", kind, key, body=content))["event_id"])

    async def events(self, room: str) -> list[Mapping[str, Any]]:
        """Everything in a room as its owner's client gets it, oldest first."""
        found: list[Mapping[str, Any]] = []
        start: str | None = None
        while True:
            query = {"dir": "f", "limit": "500"} | ({"from": start} if start else {})
            answer = await self._ask(self._owner, "GET", "rooms", self._ids[room], "messages", query=query)
            found += answer["chunk"]
            start = answer.get("end")
            if start is None or not answer["chunk"]:
                return found

    async def set_state(self, room: str, kind: str, content: Mapping[str, Any], *, key: str = "") -> None:
        """Change the room's state, as its owner."""
        await self._ask(self._owner, "PUT", "rooms", self._ids[room], "state", kind, key, body=content)

    @property
    def titles(self) -> SynapseTitles:
        return SynapseTitles(self._promoted, self._set_own_state, self._state, self._bridge.id)

    async def _promoted(self, room: str, user: str) -> None:
        levels = await self._state(room, "m.room.power_levels")
        await self.set_state(room, "m.room.power_levels", {**levels, "users": {**levels["users"], user: 50}})

    async def _set_own_state(self, room: str, person: str, kind: str, content: Mapping[str, Any]) -> None:
        who, name = await self._present(room, person)
        await self._promoted(room, who.id)
        await self._ask(who, "PUT", "rooms", name, "state", kind, "", body=content)

    async def _state(self, room: str, kind: str) -> Mapping[str, Any]:
        try:
            return await self._ask(self._owner, "GET", "rooms", self._ids[room], "state", kind, "")
        except MatrixRefusal:
            return {}

    async def change_membership(self, room: str, user: str, membership: str, reason: str = "") -> None:
        """Invite, kick or ban somebody, as the room's owner."""
        verb = {"leave": "kick", "ban": "ban", "invite": "invite"}[membership]
        body = {"user_id": user} | ({"reason": reason} if reason else {})
        await self._ask(self._owner, "POST", "rooms", self._ids[room], verb, body=body)

    async def set_account_data(self, kind: str, content: Mapping[str, Any]) -> None:
        """The bridge's own account data."""
        await self._ask(self._bridge, "PUT", "user", self._bridge.id, "account_data", kind, body=content)

    def _person(self, name: str) -> Account:
        if name not in self._people:
            made = self._server.register(f"user{self._mark}x{len(self._people)}", name)
            self._people[name] = Account(made["user_id"], made["access_token"], name, made["device_id"])
        return self._people[name]

    async def _present(self, room: str, person: str) -> tuple[Account, str]:
        who, name = self._person(person), self._ids[room]
        if (who.id, name) not in self._inside and who is not self._owner:
            await self._ask(who, "POST", "join", name, body={})
            self._inside.add((who.id, name))
        return who, name

    async def _ask(
        self,
        who: Account,
        method: str,
        *path: str,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        address = f"{self._server.address}/_matrix/client/v3/{'/'.join(quote(part, safe='') for part in path)}"
        url = URL(address, encoded=True).with_query(query or {})
        headers = {"Authorization": f"Bearer {who.token}"}
        async with self._session.request(method, url, json=body, headers=headers) as response:
            answer: dict[str, Any] = await response.json()
            if response.status != 200:
                raise MatrixRefusal(response.status, answer["errcode"], answer["error"])
            return answer


def _names(events: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
    """What everybody who was ever in a room is called."""
    members = (raw for raw in events if raw["type"] == "m.room.member")
    return {raw["state_key"]: name for raw in members if (name := raw["content"].get("displayname"))}
