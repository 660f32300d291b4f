"""The WhatsApp that the emulator serves: people, chats, messages, files and templates of one business number."""

import hashlib
from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import count
from typing import Any, Final

from msgspec import Struct, field

from bridge.clock import Clock

Json = dict[str, Any]
PHONE_ID: Final = "106540352242922"
ACCOUNT_ID: Final = "102290129340398"
DISPLAY: Final = "380441234567"
US: Final = "Bridge"
MOST_IN_GROUP: Final = 8


class Phones(StrEnum):
    """Where people's phone numbers stand in events."""

    SHOWN = "shown"
    ABSENT = "absent"
    """As of people with usernames: no `from`, no `wa_id`."""
    EMPTY = "empty"
    USER_ID = "user_id"
    """The user id stands in the phone number's place."""


class Switches(Struct, frozen=True, kw_only=True):
    """Facts that nobody is sure of; each position is one way in which the platform may be."""

    phones: Phones = Phones.SHOWN
    throttled_with: int = 429
    """HTTP's status of a refusal for speed: 429 with headers, or 400 without any."""
    late: frozenset[int] = frozenset()
    """Codes that come as a failed status after a 200."""
    unreacted: str = "empty"
    """What an emoji that was taken back is: "empty", or "absent"."""
    sizes: str = "numbers"
    """A file's size: as "numbers" or as "texts"."""
    coexists: str = "no"
    """Whether the number is also used in WhatsApp's own program: only then edits and deletions are told."""
    proof: str = "free"
    """Whether `appsecret_proof` is "free" to leave out or "required"."""
    no_token: int = 401
    """What a file's address answers without our token."""
    failed_contacts: str = "given"
    """Whether a failed status says who it was for by name: "given" or "left out"."""
    group_types: str = "table"
    """The `type` of what happens to groups: as in the "table", or as in Meta's "sample"."""
    redelivered: str = "once"
    """Whether each call comes "once" or "twice"."""


LIKELY: Final = Switches()


class Limits(Struct, frozen=True, kw_only=True):
    """Sizes, rates and spans, the real ones unless told; 0 as a rate means none."""

    per_second: int = 80
    burst: int = 45
    pair_seconds: float = 6.0
    window: timedelta = timedelta(hours=24)
    url_life: timedelta = timedelta(minutes=5)
    uploads_life: timedelta = timedelta(days=30)
    people_files_life: timedelta = timedelta(days=7)
    reaction_age: timedelta = timedelta(days=30)
    text: int = 4096
    caption: int = 1024
    redelivery: timedelta = timedelta(days=7)


REAL: Final = Limits()
UNLIMITED: Final = Limits(per_second=0, burst=0)


class Person(Struct):
    """Somebody on WhatsApp."""

    name: str
    phone: str
    bsuid: str
    username: str = ""
    blocks_us: bool = False


class Message(Struct):
    """One message; `content` is what it carries, by its type, with our upload's id or a person's."""

    id: str
    author: str
    at: datetime
    type: str
    content: Any
    reply_to: str | None = None
    edited: bool = False
    reactions: dict[str, str] = field(default_factory=dict)
    key: str = ""
    read: bool = False


class Chat(Struct):
    """One person's conversation with us, or a group; `heard` is when somebody last wrote there."""

    id: str
    members: dict[str, Person]
    subject: str = ""
    heard: datetime | None = None
    suspended: bool = False
    messages: dict[str, Message] = field(default_factory=dict)
    sent_at: deque[float] = field(default_factory=deque)
    asking: dict[str, Person] | None = None
    """Who wants to be let in, by the ids of their requests; None where everybody may come."""

    @property
    def is_group(self) -> bool:
        return bool(self.subject)


class Stored(Struct):
    """A file at WhatsApp."""

    id: str
    mime: str
    data: bytes
    until: datetime


def _no_news(_: Json) -> None:
    """Nobody listens."""


class World:
    """Everything there is. `told` gets the body of each change that a webhook would carry."""

    def __init__(self, clock: Clock, limits: Limits, switches: Switches) -> None:
        self.clock = clock
        self.limits = limits
        self.switches = switches
        self.people: dict[str, Person] = {}
        self.chats: dict[str, Chat] = {}
        self.files: dict[str, Stored] = {}
        self.templates: dict[tuple[str, str], int] = {("hello_world", "en_US"): 0, ("come_back", "en_US"): 1}
        self.told: Callable[[Json], None] = _no_news
        self.quality = "GREEN"
        self._numbers: Iterator[int] = count(1)

    def now(self) -> datetime:
        return self.clock.now()

    def stamp(self) -> str:
        """Now, as WhatsApp writes it."""
        return str(int(self.now().timestamp()))

    def person(self, name: str) -> Person:
        """Somebody by display name, made on first use together with their conversation."""
        if name not in self.people:
            number = len(self.people)
            made = Person(name, str(380671112233 + number), f"UA.{13491208655302741918 + number}")
            self.people[name] = made
            self.chats[made.bsuid] = Chat(made.bsuid, {name: made})
        return self.people[name]

    def by_id(self, ident: str) -> Person | None:
        """Who has this user id or phone number."""
        wanted = ident.removeprefix("+")
        return next((one for one in self.people.values() if wanted in {one.bsuid, one.phone}), None)

    def group(self, subject: str) -> Chat:
        """A new group; people come by its invitation."""
        ident = f"Y2FwaV9ncm91cDo{1705555013900 + next(self._numbers)}D"
        self.chats[ident] = Chat(ident, {}, subject)
        return self.chats[ident]

    def enter(self, chat: Chat, person: Person) -> None:
        """Somebody follows the invitation."""
        if person.name in chat.members:
            return
        if len(chat.members) >= MOST_IN_GROUP:
            raise NotImplementedError("a group of WhatsApp's API has room for eight people")
        chat.members[person.name] = person
        added = {"input": person.phone, **self.ids(person)}
        self.tell_group(chat, "group_participants_update", "group_participants_add", added_participants=[added])

    def make_room(self, chat: Chat) -> None:
        """Whoever has been silent the longest leaves a full group."""
        if len(chat.members) >= MOST_IN_GROUP:
            spoke = [message.author for message in chat.messages.values()]
            silent = [name for name in chat.members if name not in spoke]
            name = silent[0] if silent else min(chat.members, key=lambda one: len(spoke) - spoke[::-1].index(one))
            gone = {"input": chat.members[name].phone, **self.ids(chat.members.pop(name))}
            self.tell_group(chat, "group_participants_update", "group_participants_remove", removed_participants=[gone])

    def ids(self, person: Person) -> Json:
        """Somebody's ids as events have them."""
        match self.switches.phones:
            case Phones.SHOWN:
                return {"wa_id": person.phone, "user_id": person.bsuid}
            case Phones.ABSENT:
                return {"user_id": person.bsuid}
            case Phones.EMPTY:
                return {"wa_id": "", "user_id": person.bsuid}
            case Phones.USER_ID:
                return {"wa_id": person.bsuid, "user_id": person.bsuid}

    def new_id(self) -> str:
        number = next(self._numbers)
        mark = hashlib.sha256(str(number).encode()).hexdigest().upper()
        return f"wamid.HBgMMzgwNjcxMTEyMjMzFQIAEhgU{mark[:24]}{number:04d}AA=="

    def keep(self, mime: str, data: bytes, life: timedelta) -> Stored:
        """A file, under an id of its own."""
        ident = str(1479537139650973 + next(self._numbers))
        self.files[ident] = Stored(ident, mime, data, self.now() + life)
        return self.files[ident]

    def is_open(self, chat: Chat) -> bool:
        """Whether somebody wrote there within a day."""
        return chat.heard is not None and self.now() - chat.heard <= self.limits.window

    def hear(self, chat: Chat, person: Person, kind: str, content: Any, **more: Any) -> Message:  # noqa: ANN401 what a message has
        """Somebody writes: it stands in the chat and is told."""
        made = Message(self.new_id(), person.name, self.now(), kind, content, **more)
        chat.messages[made.id] = made
        self.tell(chat, person, made)
        return made

    def tell(self, chat: Chat, person: Person, message: Message) -> None:
        """A new message of somebody's, as a webhook brings it."""
        chat.heard = self.now()
        context = {"context": {"from": DISPLAY, "id": message.reply_to}} if message.reply_to else {}
        self.tell_item(chat, person, message.id, {"type": message.type, message.type: message.content, **context})

    def tell_item(self, chat: Chat, person: Person, ident: str, item: Json) -> None:
        """Anything that somebody did in a chat."""
        ids = self.ids(person)
        sender = {"from": ids["wa_id"]} if "wa_id" in ids else {}
        where = {"group_id": chat.id} if chat.is_group else {}
        head = {**sender, "from_user_id": person.bsuid, "id": ident, "timestamp": self.stamp(), **where}
        self.tell_change("messages", contacts=[self.contact(person)], messages=[{**head, **item}])

    def contact(self, person: Person) -> Json:
        called = {"username": person.username} if person.username else {}
        return {"profile": {"name": person.name, **called}, **self.ids(person)}

    def tell_group(self, chat: Chat, where: str, kind: str, **more: Any) -> None:  # noqa: ANN401 what happened
        """Something that happened to a group."""
        hint = "group_create" if self.switches.group_types == "sample" else kind
        self.tell_change(where, groups=[{"timestamp": self.stamp(), "group_id": chat.id, "type": hint, **more}])

    def ask_in(self, chat: Chat, person: Person) -> None:
        """Somebody follows the invitation to a group where people are let in one by one."""
        chat.asking = chat.asking or {}
        ident = f"request-{next(self._numbers)}"
        chat.asking[ident] = person
        self.tell_group(
            chat, "group_participants_update", "group_join_request_created", join_request_id=ident, **self.ids(person)
        )

    def tell_change(self, where: str, **value: Any) -> None:  # noqa: ANN401 what an event carries
        """One change of one field."""
        head = {"messaging_product": "whatsapp", "metadata": {"display_phone_number": DISPLAY,
                                                              "phone_number_id": PHONE_ID}}  # fmt: skip
        self.told({"field": where, "value": {**head, **value}})
