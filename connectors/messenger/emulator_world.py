"""Who and what there is in the emulated Messenger: people, conversations with the page, personas, subscriptions."""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct, field

from bridge.clock import Clock
from bridge.testing.holdings import Filed
from connectors.messenger.emulator_rules import Json, Limits, Unsure, bad

PAGE: Final = "104567890123456"
APP: Final = "1517776481860111"
INBOX: Final = "26390203743090"
"""The app in whose name people write who answer in the page's own inbox."""
PAGE_NAME: Final = "Town Hall"
_FIRST_PSID: Final = 6571234567890100
_FIELDS: Final = {
    "message": "messages", "echo": "message_echoes", "message_edit": "message_edits", "reaction": "message_reactions",
    "delivery": "message_deliveries", "read": "message_reads", "postback": "messaging_postbacks",
    "referral": "messaging_referrals",
}  # fmt: skip
_NAMES: Final = {
    "😆": "smile", "😠": "angry", "😢": "sad", "😮": "wow", "❤️": "love", "👍": "like", "👎": "dislike",
}  # fmt: skip


class Person(Struct):
    """Somebody; `heard` is when they last did something that opens the window."""

    psid: str
    name: str
    heard: datetime
    blocks: str = ""


class Message(Struct):
    """One message; `ours` when the page wrote it, under the name `author`."""

    mid: str
    author: str
    ours: bool
    at: int
    text: str = ""
    attachments: list[Json] = field(default_factory=list)
    files: tuple[Filed, ...] = ()
    reply_to: str = ""
    edits: int = 0
    reactions: dict[str, str] = field(default_factory=dict)
    choices: dict[str, str] = field(default_factory=dict)
    """Buttons under it by their titles, with what they bring home."""


class World:
    """Everything the page's people see. `pending` is what Meta still has to tell; `subscribed` what it tells at all."""

    def __init__(self, clock: Clock, limits: Limits, unsure: Unsure) -> None:
        self._clock = clock
        self._limits = limits
        self.unsure = unsure
        self.passed = timedelta()
        self.people: dict[str, Person] = {}
        self.messages: dict[str, list[Message]] = {}
        self.personas: dict[str, Json] = {}
        self.seen: dict[str, int] = {}
        self.subscribed: set[str] = set()
        self.pending: deque[Json] = deque()
        self.news = asyncio.Event()
        self.standby = False
        self._numbers = 0
        self._last = 0

    def now(self) -> datetime:
        """The time here, which tests may move on."""
        return self._clock.now() + self.passed

    def stamp(self) -> int:
        """Milliseconds, no two alike."""
        self._last = max(self._last + 1, round(self.now().timestamp() * 1000))
        return self._last

    def person(self, name: str) -> Person:
        """Somebody of this name, who pressed "Get started" when they were met first."""
        found = next((one for one in self.people.values() if one.name == name), None)
        if found is None:
            found = Person(str(_FIRST_PSID + len(self.people)), name, self.now())
            self.people[found.psid] = found
            self.messages[found.psid] = []
        return found

    def find(self, psid: str, mid: object) -> Message:
        """A message of a conversation."""
        found = next((one for one in self.messages[psid] if one.mid == mid), None)
        if found is None:
            raise bad("The message id is invalid")
        return found

    def post(self, person: Person, message: Message) -> Message:
        """Somebody on either side writes."""
        self.messages[person.psid].append(message)
        return message

    def blank(self, author: str, *, ours: bool) -> Message:
        """A message that says nothing yet."""
        self._numbers += 1
        return Message(f"m_{self._numbers:04}AbC-{'x' * 20}", author, ours, self.stamp())

    # What Meta tells.

    def acted(self, person: Person) -> None:
        """A person did something that opens the window."""
        person.heard = self.now()

    def tell(self, kind: str, person: Person, body: Json, stamp: int = 0) -> None:
        """Note an item to be told, if anybody asked for it: from the person, an echo from the page."""
        if _FIELDS[kind] not in self.subscribed:
            return
        ends = [person.psid, PAGE] if kind != "echo" else [PAGE, person.psid]
        at = stamp or self.stamp()
        if kind == "referral" and self.unsure.stamps == "seconds":
            at //= 1000
        item = {"sender": {"id": ends[0]}, "recipient": {"id": ends[1]}, "timestamp": at}
        self.pending.append({**item, "message" if kind == "echo" else kind: body})
        self.news.set()

    def said(self, person: Person, message: Message, more: Mapping[str, object] | None = None) -> None:
        """Tell of a new message of a person."""
        reply = {"reply_to": {"mid": message.reply_to, "is_self_reply": False}} if message.reply_to else {}
        words = {"text": message.text} if message.text else {}
        files = {"attachments": self._stickers(message.attachments)} if message.attachments else {}
        self.acted(person)
        self.tell("message", person, {"mid": message.mid, **words, **files, **reply, **(more or {})}, message.at)

    def _stickers(self, attachments: Sequence[Json]) -> list[Json]:
        """A sticker came as a picture once, then as both; facts/platform-apis.md 3.3."""
        if attachments[0]["type"] != "sticker" or self.unsure.stickers == "once":
            return list(attachments)
        picture = {**attachments[0], "type": "image"}
        return [picture] if self.unsure.stickers == "as pictures" else [picture, *attachments]

    def confirm(self, person: Person, message: Message) -> None:
        """A person's device has a message of the page."""
        mids = {"mids": [message.mid]} if self.unsure.deliveries == "named" else {}
        self.tell("delivery", person, {**mids, "watermark": message.at})

    def react(self, person: Person, message: Message, emoji: str) -> None:
        """A person puts their one reaction on a message, or takes it away with none."""
        old = message.reactions.pop(person.psid, "")
        if emoji:
            message.reactions[person.psid] = emoji
        shown = emoji or old
        named = {"reaction": _NAMES.get(shown, "other"), "emoji": shown}
        bare = not emoji and self.unsure.unreact == "bare"
        self.acted(person)
        told = {} if bare else named
        self.tell("reaction", person, {**told, "action": "react" if emoji else "unreact", "mid": message.mid})
