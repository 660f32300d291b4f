"""A small, strict Messenger on 127.0.0.1: people write to a page, and the page's app sees what Meta would show it."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, Self

from msgspec.structs import replace

from bridge.clock import Clock, SystemClock
from bridge.events import Kind
from bridge.ids import MessageId
from bridge.testing.holdings import Ballot, Filed
from bridge.testing.platform import Fault, Shown
from bridge.text.nodes import Rich
from connectors.messenger.emulator_calls import Calls
from connectors.messenger.emulator_files import Files
from connectors.messenger.emulator_rules import OUTSIDE, REAL, SURE, ApiError, Json, Limits, Unsure, bad
from connectors.messenger.emulator_server import Answer, Call, Server
from connectors.messenger.emulator_webhook import Webhook
from connectors.messenger.emulator_world import APP, INBOX, PAGE, Message, Person, World
from connectors.messenger.format import parse, render

_FAULTS: Final = {
    Fault.UNAVAILABLE: ApiError(2, "(#2) Service temporarily unavailable"),
    Fault.RATE_LIMITED: ApiError(
        613, "(#613) Calls to this api have exceeded the rate limit.", headers={"Retry-After": "1"}
    ),
    Fault.REJECTED: bad("Invalid parameter"),
    Fault.CLOSED: OUTSIDE,
    Fault.UNAUTHORIZED: ApiError(190, "Error validating access token: Session has expired", 463),
}


class MessengerEmulator:
    """A page, and two people who talk with it: Ada and Grace.

    `limits` are the platform's sizes, rates and times, `unsure` the facts that nobody is sure of; `world` is open to
    tests, and so are `server.calls`, the journal, and `webhook`.
    """

    title = "Messenger"

    def __init__(self, *, limits: Limits = REAL, unsure: Unsure = SURE, clock: Clock | None = None) -> None:
        clock = clock or SystemClock()
        self.token = "EAAemulatedTokenOfThePage0123456789"  # noqa: S105 - opens nothing but this emulator
        self.secret = "0123456789abcdef0123456789abcdef"  # noqa: S105 - the same
        self.verify_token = "emulated-verify-token"  # noqa: S105 - the same
        self.world = World(clock, limits, unsure)
        self.files = Files(limits, clock)
        self.webhook = Webhook(self.world, limits, self.secret)
        self._carried = Calls(self.world, limits, self.files, self.webhook)
        self.server = Server(self._carried, unsure, (self.token, self.secret), self._due)
        self._limits = limits
        self._faults: list[Fault] = []
        self._answers: list[Answer] = []
        self.rooms: Sequence[str] = tuple(self.world.person(name).psid for name in ("Ada", "Grace"))
        """Ada's number, and Grace's."""

    @property
    def untold(self) -> frozenset[str]:
        """What people can do here and no page hears of."""
        return frozenset({"delete"}) if self.world.unsure.unsend == "untold" else frozenset()

    async def __aenter__(self) -> Self:
        await self.server.__aenter__()
        await self.webhook.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.webhook.stop()
        await self.server.__aexit__()

    def person_in(self, room: str) -> str:
        return self.world.people[room].name

    def settings(self) -> Mapping[str, object]:
        """An account at this emulator."""
        return {
            "connector": "messenger",
            "page": PAGE,
            "app_id": APP,
            "token": self.token,
            "app_secret": self.secret,
            "verify_token": self.verify_token,
            "api_url": self.server.address,
            "media_hosts": ["*.fbcdn.net", "*.fbsbx.com", self.server.address.removeprefix("http://")],
            "persona_picture": "https://bridge.example.org/face.png",
            "token_place": "header" if self.world.unsure.bearer == "taken" else "query",
        }

    def webhook_settings(self) -> Mapping[str, object]:
        """The same: there is no other way to hear of anything."""
        return self.settings()

    # People act.

    async def say(self, room: str, person: str, text: Rich, *, in_reply_to: MessageId | None = None) -> MessageId:
        return self._said(self._person(room, person), render(text), in_reply_to)

    async def emote(self, room: str, person: str, text: Rich) -> MessageId:
        raise NotImplementedError("Messenger has no emotes")

    async def send_files(self, room: str, person: str, files: Sequence[Filed], caption: Rich = ()) -> MessageId:
        """Several go as one message, of pictures only."""
        if len(files) > 1 and {one.kind for one in files} != {Kind.IMAGE}:
            raise NotImplementedError("only pictures are sent together")
        who = self._person(room, person)
        message = self.world.blank(person, ours=False)
        message.text, message.files = render(caption), tuple(files)
        message.attachments = [self.files.attach(one) for one in files]
        self.world.said(who, self.world.post(who, message))
        return MessageId(message.mid)

    async def edit(self, room: str, person: str, message: MessageId, text: Rich) -> None:
        """At most five times."""
        found = self._own(room, person, message)
        if found.edits >= self._limits.edits:
            raise ValueError("a message is edited five times at most")
        found.edits, found.text = found.edits + 1, render(text)
        number = str(found.edits) if self.world.unsure.edits == "a word" else found.edits
        told = {"mid": found.mid, "text": found.text, "num_edit": number}
        self.world.tell("message_edit", self.world.people[room], told)

    async def delete(self, room: str, person: str, message: MessageId) -> None:
        """Gone for the person; whether a page hears of it is uncertain."""
        found = self._own(room, person, message)
        self.world.messages[room].remove(found)
        if self.world.unsure.unsend == "told":
            self.world.tell("message", self.world.people[room], {"mid": found.mid, "is_deleted": True})

    async def react(self, room: str, person: str, message: MessageId, emoji: str) -> None:
        self.world.react(self._person(room, person), self.world.find(room, message), emoji)

    async def unreact(self, room: str, person: str, message: MessageId, emoji: str) -> None:
        found = self.world.find(room, message)
        if found.reactions.get(self._person(room, person).psid) == emoji:
            self.world.react(self.world.people[room], found, "")

    async def shown(self, room: str) -> Sequence[Shown]:
        return [_shown(one) for one in self.world.messages[room]]

    async def subscribe(self, room: str) -> None:
        """The person comes by a link to the conversation."""
        who = self.world.people[room]
        self.world.acted(who)
        self.world.tell("referral", who, {"ref": "site", "source": "SHORTLINK", "type": "OPEN_THREAD"})

    async def unsubscribe(self, room: str) -> None:
        raise NotImplementedError("a page is not told when somebody has had enough of it")

    def press(self, room: str, title: str, payload: str = "P1", mid: str = "") -> None:
        """A button; one that begins the conversation is called GET_STARTED."""
        who = self.world.people[room]
        self.world.acted(who)
        told = {"mid": mid} if mid else {}
        self.world.tell("postback", who, {**told, "title": title, "payload": payload})

    def choose(self, room: str, message: MessageId, title: str) -> MessageId:
        """A button under a message of the page's, which is gone with that."""
        who, asked = self.world.people[room], self.world.find(room, message)
        payload, asked.choices = asked.choices[title], {}
        said = self.world.blank(who.name, ours=False)
        said.text = title
        self.world.said(who, self.world.post(who, said), {"quick_reply": {"payload": payload}})
        return MessageId(said.mid)

    def is_read(self, room: str, message: MessageId) -> bool:
        """Whether the person sees that the page saw what they wrote."""
        return self.world.find(room, message).at <= self.world.seen.get(room, 0)

    def read(self, room: str) -> None:
        """The person looks at everything the page wrote."""
        self.world.tell("read", self.world.people[room], {"watermark": self.world.stamp()})

    def attach(self, room: str, attachments: Sequence[Json], text: str = "") -> MessageId:
        """A message with whatever Meta may put into one."""
        who = self.world.people[room]
        message = self.world.blank(who.name, ours=False)
        message.text, message.attachments = text, list(attachments)
        self.world.said(who, self.world.post(who, message))
        return MessageId(message.mid)

    def answer(self, room: str, text: str, app: str = INBOX) -> MessageId:
        """Somebody else writes in the page's name: in its inbox, or by another app."""
        who = self.world.people[room]
        message = self.world.post(who, self.world.blank("Town Hall", ours=True))
        message.text = text
        self.world.tell("echo", who, {"is_echo": True, "app_id": int(app), "mid": message.mid, "text": text})
        return MessageId(message.mid)

    def block(self, room: str) -> None:
        """The person wants nothing more from the page."""
        self.world.people[room].blocks = "yes"

    def pass_time(self, span: timedelta) -> None:
        """Let time pass on the platform: windows close."""
        self.world.passed += span

    def hasten(self) -> None:
        """Drop the rates; only before the server runs."""
        self._carried.limits = replace(self._carried.limits, per_second=0, heavy_per_second=0)

    def tamper_calls(self, tamper: Callable[[Any], bytes | None]) -> None:
        self.webhook.tamper = tamper

    # Trouble.

    def drop_connections(self) -> None:
        self.server.cut()

    def fail_next(self, fault: Fault, count: int = 1) -> None:
        self._faults += [fault] * count

    def answer_next(self, status: int, body: bytes) -> None:
        """Let the next send get these bytes, whatever they are."""
        self._answers.append(Answer(status, body))

    def refuse_next(self, error: ApiError) -> None:
        """Let the next send run into one documented error."""
        self._answers.append(self._told(error))

    def restore(self) -> None:
        self._faults.clear()
        self._answers.clear()

    def _due(self, call: Call) -> Answer | None:
        if Fault.UNAUTHORIZED in self._faults[:1]:
            return self._told(_FAULTS[Fault.UNAUTHORIZED])
        if not call.path.endswith("/messages") or "message" not in call.fields:
            return None
        if self._answers:
            return self._answers.pop(0)
        if not self._faults:
            return None
        fault = self._faults.pop(0)
        return Answer(200, b"", lost=True) if fault is Fault.LOST_ANSWER else self._told(_FAULTS[fault])

    def _told(self, error: ApiError) -> Answer:
        return Answer(error.status(self.world.unsure), json.dumps(error.body()).encode(), error.headers)

    def _said(self, who: Person, text: str, in_reply_to: MessageId | None) -> MessageId:
        message = self.world.blank(who.name, ours=False)
        message.text, message.reply_to = text, in_reply_to or ""
        self.world.said(who, self.world.post(who, message))
        return MessageId(message.mid)

    def _person(self, room: str, name: str) -> Person:
        found = self.world.people[room]
        if found.name != name:
            raise NotImplementedError(f"{name} is not in {found.name}'s conversation")
        return found

    def _own(self, room: str, person: str, message: MessageId) -> Message:
        self._person(room, person)
        found = self.world.find(room, message)
        if found.ours:
            raise ValueError(f"{person} did not write message {message}")
        return found


def _shown(message: Message) -> Shown:
    counted: dict[str, int] = {}
    for emoji in message.reactions.values():
        counted[emoji] = counted.get(emoji, 0) + 1
    return Shown(
        id=MessageId(message.mid),
        author=message.author,
        text=message.text,
        rich=parse(message.text),
        edited=message.edits > 0,
        in_reply_to=MessageId(message.reply_to) if message.reply_to else None,
        reactions=counted,
        holds=(*message.files, *_asked(message)),
    )


def _asked(message: Message) -> Sequence[Ballot]:
    """The question that stands there with buttons."""
    return [Ballot(question=message.text, options=tuple(message.choices))] if message.choices else []
