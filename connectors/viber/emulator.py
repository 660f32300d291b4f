"""A small, strict Viber on 127.0.0.1: people talk with a bot one by one, or read a channel."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, ClassVar, Final, Self

from msgspec.structs import replace

from bridge.clock import Clock, SystemClock
from bridge.events import Kind
from bridge.ids import MessageId
from bridge.testing.holdings import Card, Filed, Spot
from bridge.testing.platform import Fault, Shown
from bridge.text.nodes import Paragraph, Rich, Text
from bridge.text.walk import plain
from connectors.viber.config import Account
from connectors.viber.emulator_rules import MESSAGES, Habits, Limits, Signed, Spelling
from connectors.viber.emulator_server import SENDING, Answer, Call, Server
from connectors.viber.emulator_world import CHANNEL, Kept, Person, World
from connectors.viber.format import parse, render
from connectors.viber.wire import Json, dumps

TOKEN: Final = "0a0a0a0a0a0a0a0a-1b1b1b1b1b1b1b1b-2c2c2c2c2c2c2c2c"  # noqa: S105 - opens nothing but this emulator
_STATUSES: Final = {Fault.REJECTED: 3, Fault.CLOSED: 6, Fault.UNAUTHORIZED: 2}
_HTTP: Final = {
    Fault.UNAVAILABLE: Answer(status=503),
    Fault.RATE_LIMITED: Answer(status=429, headers={"Retry-After": "1"}),
    Fault.LOST_ANSWER: Answer(lost=True),
}
_TYPES: Final = {Kind.IMAGE: "picture", Kind.VIDEO: "video", Kind.FILE: "file", Kind.STICKER: "sticker"}
_STICKER: Final = 40108


class Emulated:
    """One account of an emulated Viber, and how it runs into trouble. `world` and `server` are open to tests."""

    account: ClassVar[Account]

    def __init__(
        self, *, limits: Limits | None = None, habits: Habits | None = None, clock: Clock | None = None
    ) -> None:
        self.token = TOKEN
        self.world = World(clock or SystemClock(), limits or Limits(), habits or Habits())
        self.server = Server(self.world, self.token, self.account, self._due)
        self._faults: list[Fault] = []
        self._answers: list[Answer] = []

    async def __aenter__(self) -> Self:
        await self.server.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.server.__aexit__()

    @property
    def calls(self) -> Sequence[Call]:
        """Every call of the bridge's, in order."""
        return self.server.calls

    def settings(self) -> Mapping[str, object]:
        """An account at this emulator, whose files lie there as well."""
        return {
            "connector": "viber",
            "token": self.token,
            "api_url": self.server.address,
            "account": str(self.account),
            "fetch_inside": [self.server.address.removeprefix("http://")],
        }

    def hasten(self) -> None:
        """Count nobody's hour."""
        self.world.limits = replace(self.world.limits, hourly=0)

    # What no account hears of, whoever does it.

    async def emote(self, room: str, person: str, text: Rich) -> MessageId:
        raise NotImplementedError("Viber has no emotes")

    async def edit(self, room: str, person: str, message: MessageId, text: Rich) -> None:
        raise NotImplementedError("no bot hears of edits on Viber")

    async def delete(self, room: str, person: str, message: MessageId) -> None:
        raise NotImplementedError("no bot hears of deletions on Viber")

    async def react(self, room: str, person: str, message: MessageId, emoji: str) -> None:
        raise NotImplementedError("no bot hears of reactions on Viber")

    async def unreact(self, room: str, person: str, message: MessageId, emoji: str) -> None:
        raise NotImplementedError("no bot hears of reactions on Viber")

    # Trouble.

    def drop_connections(self) -> None:
        self.server.cut()

    def fail_next(self, fault: Fault, count: int = 1) -> None:
        self._faults += [fault] * count

    def answer_next(self, answer: Answer) -> None:
        """Let the next message get this answer, whatever it is."""
        self._answers.append(answer)

    def refuse_next(self, status: int) -> None:
        """Let the next message be refused with a status."""
        told = {"status": status, "status_message": MESSAGES.get(status, "general error"), "message_token": 0}
        self._answers.append(Answer(body=dumps(told)))

    def hang(self) -> None:
        """From now on no message is answered, until `restore`."""
        self.server.going.clear()

    def restore(self) -> None:
        self.server.going.set()
        self._faults.clear()
        self._answers.clear()

    def tamper_calls(self, tamper: Callable[[Any], bytes | None]) -> None:
        """Let somebody change what the account is told, before it is signed."""
        self.server.callbacks.tamper = tamper

    def _due(self, call: Call) -> Answer | None:
        if Fault.UNAUTHORIZED in self._faults[:1]:
            return _answer(Fault.UNAUTHORIZED)
        if call.method not in SENDING:
            return None
        if self._answers:
            return self._answers.pop(0)
        return _answer(self._faults.pop(0)) if self._faults else None


class ViberEmulator(Emulated):
    """A bot, and two people who are subscribed to it."""

    title = "Viber"
    account = Account.BOT
    people = ("Ada", "Grace")

    def __init__(self, **more: Any) -> None:  # noqa: ANN401 passed on as it comes
        super().__init__(**more)
        for name in self.people:
            self.world.person(name).subscribed = True

    @property
    def rooms(self) -> Sequence[str]:
        """Each person is a room."""
        return tuple(self.world.person(name).id for name in self.people)

    def webhook_settings(self) -> Mapping[str, object]:
        """The account's; from now on only the header is signed, so that whoever changes it changes all there is."""
        self.world.habits = replace(self.world.habits, signed=Signed.HEADER)
        return self.settings()

    def audience(self) -> "ViberChannelEmulator":
        """A channel, which is another account."""
        return ViberChannelEmulator()

    # People act.

    def person_in(self, room: str) -> str:
        return self.world.people[room].name

    async def say(self, room: str, person: str, text: Rich, *, in_reply_to: MessageId | None = None) -> MessageId:
        del in_reply_to  # Viber's people answer in words
        return self._said(room, person, {"type": "text", "text": render(text)})

    async def send_files(self, room: str, person: str, files: Sequence[Filed], caption: Rich = ()) -> MessageId:
        """One message a file; words stand under the first, where it is a picture or a video."""
        bodies = [self._carrying(one) for one in files]
        if caption:
            if bodies[0]["type"] not in {"picture", "video"}:
                raise NotImplementedError("no words stand under such a file on Viber")
            bodies[0]["text"] = render(caption)
        ids = [self._said(room, person, body, one) for body, one in zip(bodies, files, strict=True)]
        return ids[0]

    async def share_spot(self, room: str, person: str, spot: Spot) -> MessageId:
        degrees = [str(one) if self._in_text else one for one in (spot.latitude, spot.longitude)]
        address = {"address": spot.title} if spot.title else {}
        place = {"lat": degrees[0], "lon": degrees[1], **address}
        return self._said(room, person, {"type": "location", "location": place})

    async def share_card(self, room: str, person: str, card: Card) -> MessageId:
        contact = {"name": card.name, "phone_number": card.phone}
        return self._said(room, person, {"type": "contact", "contact": contact})

    def press(self, room: str, person: str, option: str) -> MessageId:
        """A button under the last message that has any: it says its words in the person's name."""
        asked = next(one for one in reversed(self.world.shown_in(room)) if "keyboard" in one.body)
        (body,) = [one["ActionBody"] for one in asked.body["keyboard"]["Buttons"] if one["ActionBody"] == option]
        return self._said(room, person, {"type": "text", "text": body})

    async def subscribe(self, room: str) -> None:
        self.world.subscribe(self.world.people[room])

    async def unsubscribe(self, room: str) -> None:
        self.world.unsubscribe(self.world.people[room])

    def send_raw(self, room: str, body: Json) -> MessageId:
        """Send anything else that Viber's people can."""
        return self._said(room, self.person_in(room), body)

    async def shown(self, room: str) -> Sequence[Shown]:
        return [_shown(one) for one in self.world.shown_in(room)]

    @property
    def _in_text(self) -> bool:
        return self.world.habits.spelling is Spelling.TEXT

    def _said(self, room: str, person: str, body: Json, file: Filed | None = None) -> MessageId:
        who = self._in(room, person)
        return MessageId(str(self.world.say(who, body, file)))

    def _in(self, room: str, person: str) -> Person:
        found = self.world.people[room]
        if found.name != person:
            raise LookupError(f"{person} is not in the conversation with {found.name}")
        return found

    def _carrying(self, file: Filed) -> Json:
        if file.kind not in _TYPES:
            raise NotImplementedError(f"nobody sends a {file.kind} to a bot as what it is")
        address = f"{self.server.address}/media/{self.world.serve(file)}"
        body: Json = {"type": _TYPES[file.kind], "media": address, "file_name": file.name}
        match file.kind:
            case Kind.VIDEO:
                return {**body, "size": len(file.data), "duration": round(file.duration or 1)}
            case Kind.FILE:
                return {**body, "size": len(file.data)}
            case Kind.STICKER:
                ident = str(_STICKER) if self._in_text else _STICKER
                return {"type": "sticker", "media": address, "sticker_id": ident}
            case _:
                return body


class ViberChannelEmulator(Emulated):
    """A channel: the bridge writes, people read, and nothing that they do is told."""

    title = "Viber channel"
    account = Account.CHANNEL

    @property
    def rooms(self) -> Sequence[str]:
        """The channel."""
        return ("channel",)

    async def say(self, room: str, person: str, text: Rich, *, in_reply_to: MessageId | None = None) -> MessageId:
        raise NotImplementedError("nobody but its administrators writes in a channel, and nobody is told")

    async def shown(self, room: str) -> Sequence[Shown]:
        return [_shown(one) for one in self.world.shown_in(CHANNEL)] if room in self.rooms else []


def _answer(fault: Fault) -> Answer:
    if fault in _HTTP:
        return _HTTP[fault]
    status = _STATUSES[fault]
    return Answer(body=dumps({"status": status, "status_message": MESSAGES[status], "message_token": 0}))


@lru_cache(maxsize=4096)
def _read(text: str) -> Rich:
    """A text as it is read; who looks at a room looks at all of it, again and again."""
    return parse(text)


def _shown(message: Kept) -> Shown:
    """A message as the program of a person shows it, signs read as formatting."""
    body = message.body
    rich = (Paragraph((Text(body["media"]),)),) if body["type"] == "url" else _read(str(body.get("text", "")))
    return Shown(
        id=MessageId(str(message.token)), author=message.author, text=plain(rich), rich=rich, holds=message.holds
    )
