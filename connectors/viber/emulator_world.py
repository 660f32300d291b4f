"""What the emulated Viber holds: people, their conversations with the account, its channel. No network here."""

import base64
import hashlib
from collections.abc import Callable
from html import unescape
from typing import Final

from msgspec import Struct, field

from bridge.clock import Clock
from bridge.events import Kind
from bridge.testing.holdings import Ballot, Card, Filed, Holding, Spot
from connectors.viber.emulator_rules import Habits, Limits, Refusal, Spelling
from connectors.viber.wire import Json

CHANNEL: Final = "pa:5046315527544841000"
_FIRST_TOKEN: Final = 5_741_311_803_571_721_087
_KINDS: Final = {"picture": Kind.IMAGE, "video": Kind.VIDEO, "file": Kind.FILE, "sticker": Kind.STICKER}
_HOUR: Final = 3600


class Person(Struct, kw_only=True):
    """Somebody with Viber: `sent` counts what they got in the hour `hour` and did not answer.

    `tracking` is what the last message of the account to them carried, and theirs to it will.
    """

    id: str
    name: str
    subscribed: bool = False
    hour: int = 0
    sent: int = 0
    tracking: str = ""
    asked: list[float] = field(default_factory=list)

    def profile(self) -> Json:
        """How a callback shows them."""
        avatar = f"https://media-direct.cdn.viber.com/{self.id.rstrip('=')}.jpg"
        about = {"language": "uk", "country": "UA", "api_version": 10}
        return {"id": self.id, "name": self.name, "avatar": avatar, **about}


class Kept(Struct, kw_only=True):
    """A message of a conversation: `author` as a reader sees it, `file` what its media led to."""

    token: int
    author: str
    body: Json
    avatar: str = ""
    file: bytes | None = None
    mime: str = ""
    thumbnail: bytes = b""

    @property
    def holds(self) -> tuple[Holding, ...]:
        """What there is beside the words."""
        if (spot := self.body.get("location")) is not None:
            title = str(spot.get("address", ""))
            return (Spot(latitude=float(spot["lat"]), longitude=float(spot["lon"]), title=title),)
        if (card := self.body.get("contact")) is not None:
            return (Card(name=card["name"], phone=card["phone_number"]),)
        if (keyboard := self.body.get("keyboard")) is not None:
            return (
                Ballot(question=self.body["text"], options=tuple(unescape(one["Text"]) for one in keyboard["Buttons"])),
            )
        if self.file is None:
            return ()
        name = str(self.body.get("file_name") or str(self.body.get("media")).rpartition("/")[2])
        return (
            Filed(kind=_KINDS[self.body["type"]], data=self.file, name=name, mime=self.mime, thumbnail=self.thumbnail),
        )


class World:
    """One account of Viber's and everybody who talks with it. `tell` is called with each callback there is."""

    def __init__(self, clock: Clock, limits: Limits, habits: Habits) -> None:
        self.clock, self.limits, self.habits = clock, limits, habits
        self.people: dict[str, Person] = {}
        self.kept: dict[str, list[Kept]] = {}
        self.media: dict[str, tuple[Filed, float]] = {}
        self.broadcasts: list[float] = []
        self.tell: Callable[[Json], None] = _ignore
        self._next = _FIRST_TOKEN

    def person(self, name: str) -> Person:
        """Somebody by name, made on first use; strangers are not subscribed."""
        ident = base64.b64encode(hashlib.md5(name.encode(), usedforsecurity=False).digest()).decode()
        return self.people.setdefault(ident, Person(id=ident, name=name))

    def token(self) -> int:
        """The next message's token: 19 digits, more than a float can hold."""
        self._next += 1
        return self._next

    def spelled(self, token: int) -> int | str:
        """A token as the server writes it."""
        return str(token) if self.habits.spelling is Spelling.TEXT else token

    def shown_in(self, room: str) -> list[Kept]:
        return self.kept.setdefault(room, [])

    # People act.

    def say(self, person: Person, body: Json, file: Filed | None = None) -> int:
        """Somebody writes to the account: they are subscribed from then on, and the count of their hour begins anew."""
        token = self.token()
        data = None if file is None else file.data
        kept = Kept(token=token, author=person.name, body=body, file=data, mime="" if file is None else file.mime)
        self.shown_in(person.id).append(kept)
        person.subscribed, person.sent = True, 0
        told = {**body, "tracking_data": person.tracking} if person.tracking else body
        self.tell({**self._event("message", token), "sender": person.profile(), "message": told, "silent": False})
        if self.habits.receipts.value != "ours":
            self.confirm("delivered", token, person)
        return token

    def open(self, person: Person) -> None:
        """Somebody opens the chat."""
        about = {"type": "open", "user": person.profile(), "subscribed": person.subscribed}
        self.tell({**self._event("conversation_started", self.token()), **about})

    def subscribe(self, person: Person) -> None:
        person.subscribed = True
        self.tell({**self._event("subscribed", self.token()), "user": person.profile()})

    def unsubscribe(self, person: Person) -> None:
        person.subscribed = False
        self.tell({**self._event("unsubscribed", self.token()), "user_id": person.id})

    def confirm(self, event: str, token: int, person: Person) -> None:
        """What became of a message: `delivered`, `seen`, or `failed`."""
        why = {"desc": "failure description"} if event == "failed" else {}
        self.tell({**self._event(event, token), "user_id": person.id, **why})

    # The account acts.

    def reachable(self, receiver: str) -> Person:
        """Somebody who may be written to."""
        person = self.people.get(receiver)
        if person is None:
            raise Refusal(5)
        if not person.subscribed:
            raise Refusal(6)
        return person

    def count(self, person: Person) -> None:
        """One message more in this hour of the clock; too many are refused."""
        hour = int(self.clock.now().timestamp()) // _HOUR
        if person.hour != hour:
            person.hour, person.sent = hour, 0
        if self.limits.hourly and person.sent >= self.limits.hourly:
            raise Refusal(12)
        person.sent += 1

    def count_broadcast(self) -> None:
        now = self.clock.monotonic()
        self.broadcasts = [one for one in self.broadcasts if now - one < self.limits.broadcast_seconds]
        if self.limits.broadcasts and len(self.broadcasts) >= self.limits.broadcasts:
            raise Refusal(12)
        self.broadcasts.append(now)

    def count_question(self, person: Person) -> None:
        """A question for a profile: two in twelve hours."""
        now = self.clock.monotonic()
        person.asked = [one for one in person.asked if now - one < 12 * _HOUR]
        if self.limits.details and len(person.asked) >= self.limits.details:
            raise Refusal(12)
        person.asked.append(now)

    def keep(self, room: str, message: Kept) -> None:
        self.shown_in(room).append(message)

    def serve(self, file: Filed) -> str:
        """Under which path a person's file can be fetched, for an hour."""
        path = f"{self.token()}/{file.name or 'sticker.png'}"
        self.media[path] = file, self.clock.monotonic()
        return path

    def served(self, path: str) -> Filed | None:
        """A file, while its address lives."""
        file, at = self.media.get(path, (None, 0.0))
        return file if self.clock.monotonic() - at < self.limits.media_seconds else None

    def _event(self, event: str, token: int) -> Json:
        stamp = int(self.clock.now().timestamp() * 1000)
        return {
            "event": event, "timestamp": stamp, "chat_hostname": "SN-CHAT-05_", "message_token": self.spelled(token)
        }  # fmt: skip


def _ignore(_: Json) -> None:
    """Nobody looks."""
