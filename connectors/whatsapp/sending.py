"""Messages on their way out: what an answer means for this one message, and for the person it is for."""

from collections import OrderedDict
from typing import Final, TypeVar

from msgspec.structs import replace

from bridge import (
    Delivered,
    Key,
    MessageId,
    Posted,
    Rejected,
    RoomId,
    SendFailed,
    Unavailable,
    Uncertain,
    UserId,
)
from bridge.events import AnyEvent
from connectors.graph.client import Call, Client
from connectors.graph.wire import Json, objects, text
from connectors.whatsapp.addresses import phone_of
from connectors.whatsapp.errors import Crowded, Faltering, PhoneNeeded, pair_wait
from connectors.whatsapp.incoming import Reacting, Told
from connectors.whatsapp.outgoing import to_phone

_MOST: Final = 10_000
K = TypeVar("K")
V = TypeVar("V")


class Sending:
    """Posts for one account; remembers, until a restart, phone numbers and how often who was refused."""

    def __init__(self, phone_number_id: str) -> None:
        self.path = f"{phone_number_id}/messages"
        self._phones: OrderedDict[str, str] = OrderedDict()
        self._crowded: OrderedDict[RoomId, int] = OrderedDict()
        self._faltered: OrderedDict[Key, int] = OrderedDict()
        self._rooms: OrderedDict[MessageId, RoomId] = OrderedDict()

    def knows(self, person: UserId, phone: str) -> None:
        """Somebody's number: some messages go to nothing else. Never stored."""
        _put(self._phones, str(person), phone)

    async def post(self, client: Client, room: RoomId, key: Key, body: Json) -> MessageId:
        """One message; its id."""
        try:
            answer = await self._posted(client, room, body)
        except Crowded as crowded:
            _put(self._crowded, room, self._crowded.get(room, 0) + 1)
            wait = max(pair_wait(self._crowded[room]), crowded.retry_after or 0)
            raise Unavailable(str(crowded), retry_after=wait) from None
        except Faltering as faltering:
            _put(self._faltered, key, self._faltered.get(key, 0) + 1)
            if self._faltered[key] >= faltering.tries:
                raise Rejected(f"{faltering}, {faltering.tries} times") from None
            raise
        self._crowded.pop(room, None)
        self._faltered.pop(key, None)
        ident = self._ident(answer)
        _put(self._rooms, ident, room)
        return ident

    def placed(self, told: Told) -> Told:
        """What became of our messages, in the rooms that they went to: a status may know the phone number alone."""
        return replace(told, events=tuple(map(self._placed, told.events)))

    def _placed(self, event: AnyEvent | Reacting) -> AnyEvent | Reacting:
        match event:
            case Delivered(message=str(message)) | SendFailed(message=str(message)) if message in self._rooms:
                return replace(event, room=self._rooms[message])
            case Posted(message=(message,), echo_of=str()) if message in self._rooms:
                return replace(event, room=self._rooms[message])
            case _:
                return event

    async def _posted(self, client: Client, room: RoomId, body: Json) -> Json:
        try:
            return await client.call(Call(path=self.path, body=body))
        except PhoneNeeded:
            phone = self._phones.get(str(room))
            if phone is None:
                raise
        return await client.call(Call(path=self.path, body=to_phone(body, phone)))

    def _ident(self, answer: Json) -> MessageId:
        """The new message's id; who it went to is told beside it."""
        for contact in objects(answer.get("contacts")):
            if (phone := phone_of(contact.get("wa_id"))) and (person := text(contact.get("user_id"))):
                self.knows(UserId(person), phone)
        ident = next((text(one.get("id")) for one in objects(answer.get("messages"))), "")
        if not ident:
            raise Uncertain("WhatsApp gave no id for what was sent")
        return MessageId(ident)


def _put(kept: OrderedDict[K, V], name: K, value: V) -> None:
    """Keep a value, and of very many only the newest."""
    kept[name] = value
    kept.move_to_end(name)
    if len(kept) > _MOST:
        kept.popitem(last=False)
