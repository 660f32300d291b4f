"""A small, strict Telegram on 127.0.0.1: people act, a bot sees what the real one would show it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Self

import msgspec
from msgspec.structs import replace

from bridge.clock import Clock, SystemClock
from bridge.ids import MessageId, ThreadId, UserId
from bridge.testing.holdings import Ballot, Card, Filed, Holding, Spot
from bridge.testing.platform import Fault, Shown
from bridge.text.nodes import Mention, Rich
from connectors.telegram import emulator_content as content
from connectors.telegram.emulator_files import Stored, sent_by_a_person
from connectors.telegram.emulator_methods import WRITES
from connectors.telegram.emulator_rules import REAL, ApiError, Call, Limits
from connectors.telegram.emulator_server import Answer, Server
from connectors.telegram.emulator_titles import TelegramTitles
from connectors.telegram.emulator_world import Chat, Json, Message, Status, World, found_entities
from connectors.telegram.errors import Refusal
from connectors.telegram.format import Entity, Formatted, parse, render
from connectors.telegram.reactions import native, shown

TOWN: Final = -1001000000001
FORUM: Final = -1001000000002
TOPIC: Final = 42
CHANNEL: Final = -1001000000003
_FAULTS: Final = {
    Fault.UNAVAILABLE: ApiError(502, "Bad Gateway"),
    Fault.RATE_LIMITED: ApiError(429, "Too Many Requests: retry after 1", retry_after=1),
    Fault.REJECTED: ApiError(400, "Bad Request: message is too long"),
    Fault.CLOSED: ApiError(403, "Forbidden: bot was kicked from the supergroup chat"),
    Fault.UNAUTHORIZED: ApiError(401, "Unauthorized"),
}
_PREMIUM_REACTIONS: Final = 3


class TelegramEmulator:
    """Two rooms, a group and one topic of a forum, and a channel; our bot is an administrator of all.

    `limits` are the server's sizes and rates, the real ones unless told; `world` is open to tests.
    """

    title = "Telegram"
    untold = frozenset({"delete"})
    """What people can do here and no bot hears of: facts/platform-apis.md 4.5."""

    def __init__(self, *, limits: Limits = REAL, clock: Clock | None = None) -> None:
        self.limits = limits
        self.token = "123456789:AAE-emulated-token-of-the-bridge-0123"  # noqa: S105 - opens nothing but this emulator
        self.world = World(clock or SystemClock())
        self.world.chats = {
            TOWN: Chat(TOWN, "Town", username="town_square"),
            FORUM: Chat(FORUM, "Garden", is_forum=True, topics={TOPIC: "Roses"}),
            CHANNEL: Chat(CHANNEL, "News", type="channel", username="town_news"),
        }
        self.server = Server(self.world, limits, self.token, self._due)
        self._faults: list[Fault] = []
        self._answers: list[Answer] = []

    async def __aenter__(self) -> Self:
        await self.server.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.server.__aexit__()

    @property
    def rooms(self) -> Sequence[str]:
        """A group and a topic."""
        return (str(TOWN), f"{FORUM}/{TOPIC}")

    @property
    def calls(self) -> Sequence[Call]:
        """Every call of the bot, in order."""
        return self.server.calls

    @property
    def titles(self) -> TelegramTitles:
        """What chats are called and about."""
        return self.server.methods.titles

    def hasten(self) -> None:
        """Drop the rates and keep the sizes; only before the server runs."""
        self.limits = replace(self.limits, per_second=0, room_per_second=0, group_per_minute=0)
        self.server = Server(self.world, self.limits, self.token, self._due)

    def settings(self) -> Mapping[str, object]:
        """An account at this emulator, with rates that fit its limits."""
        return {
            "connector": "telegram",
            "token": self.token,
            "api_url": self.server.address,
            "rate_per_second": self.limits.per_second,
            "room_rate_per_second": self.limits.room_per_second,
            "group_rate_per_minute": self.limits.group_per_minute,
        }

    def webhook_settings(self) -> Mapping[str, object]:
        """An account that is called instead of asking; on this machine without TLS."""
        self.server.insecure_webhooks = True
        return {**self.settings(), "mode": "webhook"}

    # People act.

    async def say(self, room: str, person: str, text: Rich, *, in_reply_to: MessageId | None = None) -> MessageId:
        chat, thread = self._place(room)
        words, entities = _native(text)
        fields = {"text": words, "entities": entities, "thread": thread}
        fields["reply_to"] = None if in_reply_to is None else int(in_reply_to)
        return MessageId(str(self.world.post(chat, self.world.person(person), fields).id))

    def mention(self, person: str) -> Mention:
        return Mention(person, UserId(str(self.world.person(person)["id"])))

    async def emote(self, room: str, person: str, text: Rich) -> MessageId:
        raise NotImplementedError("Telegram has no emotes")

    async def promote(self, room: str, person: str) -> None:
        self._place(room)[0].administrators.add(self.world.person(person)["id"])

    async def ban(self, room: str, moderator: str, person: str) -> None:
        self.world.ban(self._place(room)[0], self.world.person(moderator), self.world.person(person))

    async def shown_in_thread(self, room: str, thread: ThreadId) -> Sequence[Shown]:
        return await self.shown(f"{self._place(room)[0].id}/{thread}")

    async def answer_in_thread(self, room: str, person: str, thread: ThreadId, text: Rich) -> MessageId:
        return await self.say(f"{self._place(room)[0].id}/{thread}", person, text)

    async def remove_thread(self, room: str, thread: ThreadId) -> None:
        """An administrator deletes a topic with what was said there; no bot is told."""
        chat = self._place(room)[0]
        del chat.topics[int(thread)]
        chat.messages = {number: one for number, one in chat.messages.items() if one.thread != int(thread)}

    async def seclude(self, room: str) -> None:
        """The group loses its public name."""
        self._place(room)[0].username = ""

    async def share_spot(self, room: str, person: str, spot: Spot) -> MessageId:
        return await self.send_content(room, person, content.spot(spot))

    async def share_card(self, room: str, person: str, card: Card) -> MessageId:
        return await self.send_content(room, person, content.card(card))

    async def open_poll(self, room: str, person: str, ballot: Ballot) -> MessageId:
        chat = self._place(room)[0]
        return await self.send_content(room, person, content.asked(ballot, f"p{chat.id}-{len(chat.messages)}"))

    async def vote(self, room: str, person: str, message: MessageId, option: int) -> None:
        self.world.vote(self._message(room, message), self.world.person(person), option)

    async def close_poll(self, room: str, person: str, message: MessageId) -> None:
        """Its writer ends a poll: the only thing a bot ever hears of a poll that is not its own."""
        self.world.close_poll(self._own(room, person, message))

    async def send_files(self, room: str, person: str, files: Sequence[Filed], caption: Rich = ()) -> MessageId:
        """One message, or an album in which each file is a message; the words stand under the first."""
        words, entities = _native(caption)
        carried = [sent_by_a_person(self.server.files, one) for one in files]
        chat, thread = self._place(room)
        album = {"media_group_id": f"album-{chat.id}-{len(chat.messages)}"} if len(files) > 1 else {}
        ids = []
        for index, one in enumerate(carried):
            said = {} if index else {"text": words, "entities": entities}
            fields = {**said, "thread": thread, "content": {**one, **album}}
            ids.append(self.world.post(chat, self.world.person(person), fields).id)
        return MessageId(str(ids[0]))

    async def set_face(self, person: str, picture: Filed) -> None:
        kept = Stored("photo", picture.name, picture.mime, picture.data, width=picture.width, height=picture.height)
        self.world.faces[self.world.person(person)["id"]] = self.server.files.keep(kept)

    async def move(self, room: str, person: str, message: MessageId, to: Spot, live_seconds: int | None) -> None:
        """A live place goes on; without seconds it has come to its end."""
        found = self._own(room, person, message)
        found.content = content.spot(to, live_seconds)
        self.world.change(found, found.text, found.entities)

    async def edit(self, room: str, person: str, message: MessageId, text: Rich) -> None:
        self.world.change(self._own(room, person, message), *_native(text))

    async def delete(self, room: str, person: str, message: MessageId) -> None:
        """A person may delete, but Telegram tells no bot: the message is gone, and no update says so."""
        self._own(room, person, message)
        del self._place(room)[0].messages[int(message)]

    async def react(self, room: str, person: str, message: MessageId, emoji: str) -> None:
        spelled = native(emoji)
        if spelled is None:
            raise NotImplementedError("Telegram has no such reaction")
        found, user = self._message(room, message), self.world.person(person)
        others = [one for one in found.reactions.get(user["id"], []) if one != spelled]
        self.world.react(found, user, [*others, spelled][-_PREMIUM_REACTIONS:])

    async def unreact(self, room: str, person: str, message: MessageId, emoji: str) -> None:
        found, user = self._message(room, message), self.world.person(person)
        left = [one for one in found.reactions.get(user["id"], []) if one != native(emoji)]
        self.world.react(found, user, left)

    async def shown(self, room: str) -> Sequence[Shown]:
        chat, thread = self._place(room)
        there = [message for message in chat.messages.values() if message.thread == thread]
        return [replace(_shown(one, self._held(one)), face=self._face_of(one.author)) for one in there]

    def _face_of(self, author: Json) -> bytes:
        name = self.world.faces.get(author.get("id", 0))
        return b"" if name is None else self.server.files.stored[name].data

    async def send_content(self, room: str, person: str, carried: Json, caption: str = "") -> MessageId:
        """Send anything else the Bot API knows, such as `{"location": {...}}`."""
        chat, thread = self._place(room)
        fields = {"text": caption, "thread": thread, "content": carried}
        return MessageId(str(self.world.post(chat, self.world.person(person), fields).id))

    def set_status(self, room: str, status: Status, by: str = "Ada") -> None:
        """Somebody adds, promotes, restricts or removes the bot."""
        self.world.set_status(self._place(room)[0], status, self.world.person(by))

    def migrate(self, room: str, to: int, by: str = "Ada") -> None:
        """A group becomes the supergroup `to`; both ends say so."""
        chat, person = self._place(room)[0], self.world.person(by)
        self.world.chats[to] = Chat(to, chat.title)
        self.world.post(chat, person, {"content": {"migrate_to_chat_id": to}})
        chat.migrated_to = to
        self.world.post(self.world.chats[to], person, {"content": {"migrate_from_chat_id": chat.id}})

    # Trouble.

    def drop_connections(self) -> None:
        self.server.cut()

    def fail_next(self, fault: Fault, count: int = 1) -> None:
        self._faults += [fault] * count

    def answer_next(self, status: int, body: bytes) -> None:
        """Let the next write get these bytes, whatever they are."""
        self._answers.append(Answer(status, body))

    def refuse_next(self, refusal: Refusal) -> None:
        """Let the next write run into one documented error."""
        error = ApiError(refusal.code, refusal.description)
        self._answers.append(Answer(error.code, msgspec.json.encode(error.body())))

    def hang(self) -> None:
        """From now on no write is answered, until `restore`."""
        self.server.going.clear()

    def restore(self) -> None:
        self.server.going.set()
        self._faults.clear()
        self._answers.clear()

    def _due(self, call: Call) -> Answer | None:
        if Fault.UNAUTHORIZED in self._faults[:1]:
            return _answer(Fault.UNAUTHORIZED)
        if call.method not in WRITES:
            return None
        if self._answers:
            return self._answers.pop(0)
        return _answer(self._faults.pop(0)) if self._faults else None

    def _place(self, room: str) -> tuple[Chat, int | None]:
        number, _, topic = room.partition("/")
        return self.world.chats[int(number)], int(topic) if topic else None

    def _held(self, message: Message) -> tuple[Holding, ...]:
        files = self.server.files.held(message.content, str(message.content.get("media_group_id", "")))
        return (*files, *content.held(message.content))

    def _message(self, room: str, message: MessageId) -> Message:
        return self._place(room)[0].messages[int(message)]

    def _own(self, room: str, person: str, message: MessageId) -> Message:
        found = self._message(room, message)
        if found.author["id"] != self.world.person(person)["id"]:
            raise ValueError(f"{person} did not write message {message}")
        return found


def _answer(fault: Fault) -> Answer:
    if fault is Fault.LOST_ANSWER:
        return Answer(200, b"", lost=True)
    error = _FAULTS[fault]
    return Answer(error.code, msgspec.json.encode(error.body()))


def _native(text: Rich) -> tuple[str, list[dict[str, Any]]]:
    """What a client sends when a person writes this text."""
    written = render(text)
    return written.text, [_entity(one) for one in written.entities]


def _entity(one: Entity) -> Json:
    body: Json = msgspec.to_builtins(one)
    if one.user:
        body["user"] = {"id": int(one.user), "is_bot": False, "first_name": "user"}
    return body


def _shown(message: Message, held: tuple[Holding, ...]) -> Shown:
    called = (one for one in found_entities(message.text) if one["type"] == "mention")
    entities = tuple(msgspec.convert(_flat(one), Entity) for one in (*message.entities, *called))
    counted: dict[str, int] = {}
    for emoji in (shown(one) for each in message.reactions.values() for one in each):
        counted[emoji] = counted.get(emoji, 0) + 1
    return Shown(
        id=MessageId(str(message.id)),
        author=message.author["first_name"],
        text=message.text,
        holds=held,
        rich=parse(Formatted(message.text, entities)),
        edited=message.edited is not None,
        in_reply_to=None if message.reply_to is None else MessageId(str(message.reply_to)),
        reactions=counted,
    )


def _flat(entity: Json) -> Json:
    user = entity.get("user")
    return {**entity, "user": str(user["id"])} if isinstance(user, dict) else entity
