"""A small, strict WhatsApp on 127.0.0.1: people act, a business number sees what the real one would show it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Self

import msgspec
from msgspec.structs import replace

from bridge.clock import Clock, SystemClock
from bridge.events import Kind
from bridge.ids import MessageId
from bridge.testing.holdings import Card, Filed, Spot
from bridge.testing.platform import Fault, Shown
from bridge.text.nodes import Rich
from connectors.whatsapp import emulator_statuses as statuses
from connectors.whatsapp.emulator_content import carried, shown_message
from connectors.whatsapp.emulator_courier import Courier
from connectors.whatsapp.emulator_errors import GraphRefusal
from connectors.whatsapp.emulator_interactive import pressed
from connectors.whatsapp.emulator_server import Answer, Asked, Server
from connectors.whatsapp.emulator_world import (
    ACCOUNT_ID,
    LIKELY,
    PHONE_ID,
    REAL,
    Chat,
    Json,
    Limits,
    Message,
    Person,
    Switches,
    World,
)
from connectors.whatsapp.format import render

TOKEN: Final = "EAAemulatedTokenOfTheBridge0123"  # noqa: S105 - opens nothing but this emulator
SECRET: Final = "0123456789abcdef0123456789abcdef"  # noqa: S105 - the same
_CODES: Final = {
    Fault.UNAVAILABLE: GraphRefusal(2),
    Fault.RATE_LIMITED: GraphRefusal(130429, retry_after=1),
    Fault.REJECTED: GraphRefusal(131026, "Message Undeliverable."),
    Fault.CLOSED: GraphRefusal(131047, "More than 24 hours have passed."),
    Fault.UNAUTHORIZED: GraphRefusal(190),
}


class WhatsAppEmulator:
    """Two groups of a business number, in which whoever acts takes part; the longest silent leaves one that is full.

    `limits` are the platform's, the real ones unless told; `switches` choose between ways it may be.
    """

    title = "WhatsApp"
    untold = frozenset({"edit", "delete", "caption edit", "edit of a reply to a copy"})
    """What people can do here and no business hears of: facts/platform-apis.md 2.3."""
    barred = frozenset({"delete"})
    """What they can and a business cannot: facts/platform-apis.md 2.6."""

    def __init__(
        self,
        *,
        limits: Limits = REAL,
        switches: Switches = LIKELY,
        clock: Clock | None = None,
    ) -> None:
        self.world = World(clock or SystemClock(), limits, switches)
        self.courier = Courier(self.world, SECRET)
        self.server = Server(self.world, self.courier, TOKEN, self._due)
        self.world.told = self.courier.take
        self._groups = [self.world.group(subject) for subject in ("Town", "Garden")]
        self._faults: list[Fault] = []
        self._answers: list[Answer] = []

    def private(self) -> "PrivateWhatsApp":
        """Ada and Grace, each alone with the business."""
        return PrivateWhatsApp(limits=self.world.limits)

    async def __aenter__(self) -> Self:
        await self.server.start()
        self.courier.start()
        for chat in self._groups:
            self.world.enter(chat, self.world.person("Ada"))
            self.world.enter(chat, self.world.person("Grace"))
        for chat in self.world.chats.values():
            chat.heard = self.world.now()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.courier.stop()
        await self.server.stop()

    @property
    def rooms(self) -> Sequence[str]:
        """Two groups."""
        return [chat.id for chat in self._groups]

    @property
    def calls(self) -> Sequence[Asked]:
        """Every call of the business, in order."""
        return self.server.calls

    def hasten(self) -> None:
        """Drop the rates and keep the sizes; only before the server runs."""
        self.world.limits = replace(self.world.limits, per_second=0, burst=0)

    def settings(self) -> Mapping[str, object]:
        """An account at this emulator, with rates that fit its limits."""
        return {
            "connector": "whatsapp",
            "token": TOKEN,
            "app_secret": SECRET,
            "verify_token": "open sesame",
            "api_url": self.server.address,
            "phone_number_id": PHONE_ID,
            "business_account": ACCOUNT_ID,
            "media_hosts": [self.server.address.removeprefix("http://")],
            "rate_per_second": self.world.limits.per_second,
            "person_burst": self.world.limits.burst,
        }

    def webhook_settings(self) -> Mapping[str, object]:
        """The same: there is no other way to hear."""
        return self.settings()

    def tamper_calls(self, tamper: Callable[[Any], bytes | None]) -> None:
        """Let somebody put other changes in the place of those that a call carries."""
        self.courier.tamper = tamper

    # People act.

    async def say(self, room: str, person: str, text: Rich, *, in_reply_to: MessageId | None = None) -> MessageId:
        about = None if in_reply_to is None else str(in_reply_to)
        return self.hear(room, person, "text", {"body": render(text)}, reply_to=about)

    def hear(self, room: str, person: str, kind: str, content: Any, **more: Any) -> MessageId:  # noqa: ANN401 anything
        """Anything that WhatsApp knows: its type, and what stands under that name."""
        chat, who = self._place(room, person)
        return MessageId(self.world.hear(chat, who, kind, content, **more).id)

    async def emote(self, room: str, person: str, text: Rich) -> MessageId:
        raise NotImplementedError("WhatsApp has no emotes")

    async def share_spot(self, room: str, person: str, spot: Spot) -> MessageId:
        named = {"name": spot.title} if spot.title else {}
        return self.hear(room, person, "location", {"latitude": spot.latitude, "longitude": spot.longitude, **named})

    async def share_card(self, room: str, person: str, card: Card) -> MessageId:
        name = {"formatted_name": card.name, "first_name": card.name}
        return self.hear(room, person, "contacts", [{"name": name, "phones": [{"phone": card.phone, "type": "CELL"}]}])

    async def send_files(self, room: str, person: str, files: Sequence[Filed], caption: Rich = ()) -> MessageId:
        """One message a file: WhatsApp's albums are messages of their own. Sounds and stickers have no words."""
        if caption and files[0].kind in {Kind.AUDIO, Kind.VOICE}:
            raise NotImplementedError("WhatsApp has no words under sounds")
        ids = []
        for index, one in enumerate(files):
            kind, content = carried(self.world, one, "" if index else render(caption))
            ids.append(self.hear(room, person, kind, content))
        return ids[0]

    async def edit(self, room: str, person: str, message: MessageId, text: Rich) -> None:
        """A person may edit, but only a number that is used in WhatsApp's own program as well is told."""
        chat, who = self._place(room, person)
        found = self._own(chat, who, message)
        found.content = {**found.content, "body" if found.type == "text" else "caption": render(text)}
        found.edited = True
        if self.world.switches.coexists == "yes":
            inside = {"context": {"id": "M0"}, "type": found.type, found.type: found.content}
            edit = {"original_message_id": found.id, "message": inside}
            self.world.tell_item(chat, who, self.world.new_id(), {"type": "edit", "edit": edit})

    async def delete(self, room: str, person: str, message: MessageId) -> None:
        """The same with deletions."""
        chat, who = self._place(room, person)
        found = self._own(chat, who, message)
        del chat.messages[found.id]
        if self.world.switches.coexists == "yes":
            revoke = {"type": "revoke", "revoke": {"original_message_id": found.id}}
            self.world.tell_item(chat, who, self.world.new_id(), revoke)

    async def react(self, room: str, person: str, message: MessageId, emoji: str) -> None:
        chat, who = self._place(room, person)
        chat.messages[message].reactions[person] = emoji
        self._tell_reaction(chat, who, {"message_id": message, "emoji": emoji})

    async def unreact(self, room: str, person: str, message: MessageId, emoji: str) -> None:
        chat, who = self._place(room, person)
        if chat.messages[message].reactions.get(person) == emoji:
            del chat.messages[message].reactions[person]
            gone = {"emoji": ""} if self.world.switches.unreacted == "empty" else {}
            self._tell_reaction(chat, who, {"message_id": message, **gone})

    def choose(self, room: str, person: str, message: MessageId, option: str) -> MessageId:
        """Somebody presses a button of ours, or picks from a list: both stay, and may be pressed again."""
        content = self.world.chats[room].messages[message].content
        return self.hear(room, person, "interactive", pressed(content, option), reply_to=str(message))

    def is_read(self, room: str, message: MessageId) -> bool:
        """Whether a person sees that what they wrote was read."""
        return self.world.chats[room].messages[message].read

    def read(self, room: str, message: MessageId) -> None:
        """Whoever is in a room reads what we wrote."""
        chat = self.world.chats[room]
        statuses.read(self.world, chat, chat.messages[message])

    async def shown(self, room: str) -> Sequence[Shown]:
        return [shown_message(self.world, one) for one in self.world.chats[room].messages.values()]

    # Trouble.

    def drop_connections(self) -> None:
        self.server.cut()

    def fail_next(self, fault: Fault, count: int = 1) -> None:
        self._faults += [fault] * count

    def answer_next(self, answer: Answer) -> None:
        """Let the next write get this, whatever it is."""
        self._answers.append(answer)

    def refuse_next(self, refusal: GraphRefusal) -> None:
        """Let the next write run into an error."""
        self.answer_next(self._refused(refusal))

    def restore(self) -> None:
        self.server.going.set()
        self._faults.clear()
        self._answers.clear()

    def _due(self, asked: Asked) -> Answer | None:
        if Fault.UNAUTHORIZED in self._faults[:1]:
            return self._refused(_CODES[Fault.UNAUTHORIZED])
        if asked.method != "POST" or not asked.path.endswith("/messages"):
            return None
        if self._answers:
            return self._answers.pop(0)
        fault = self._faults.pop(0) if self._faults else None
        if fault is None:
            return None
        return Answer(lost=True) if fault is Fault.LOST_ANSWER else self._refused(_CODES[fault])

    def _refused(self, refusal: GraphRefusal) -> Answer:
        how = self.world.switches.throttled_with
        return Answer(refusal.status(how), msgspec.json.encode(refusal.body()), refusal.headers(how))

    def _place(self, room: str, person: str) -> tuple[Chat, Person]:
        chat, who = self.world.chats[room], self.world.person(person)
        if chat.is_group and person not in chat.members:
            self.world.make_room(chat)
            self.world.enter(chat, who)
        elif not chat.is_group and person not in chat.members:
            raise LookupError(f"{person} is not in this conversation")
        return chat, who

    def _own(self, chat: Chat, who: Person, message: MessageId) -> Message:
        found = chat.messages[message]
        if found.author != who.name:
            raise ValueError(f"{who.name} did not write message {message}")
        return found

    def _tell_reaction(self, chat: Chat, who: Person, reaction: Json) -> None:
        chat.heard = self.world.now()
        self.world.tell_item(chat, who, self.world.new_id(), {"type": "reaction", "reaction": reaction})


class PrivateWhatsApp(WhatsAppEmulator):
    """The same number's private conversations: each room is one person's."""

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self._rooms = [self.world.person(name).bsuid for name in ("Ada", "Grace")]
        return self

    @property
    def rooms(self) -> Sequence[str]:
        """Ada's and Grace's."""
        return self._rooms

    def person_in(self, room: str) -> str:
        return next(iter(self.world.chats[room].members))
