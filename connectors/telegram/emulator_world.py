"""The Telegram that the emulator serves: people, chats, messages, and the queue of updates for one bot."""

import asyncio
import copy
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from itertools import count
from typing import Any, Final

from msgspec import Struct, field

from bridge.clock import Clock
from connectors.telegram.format import utf16

Json = dict[str, Any]

UPDATE_LIFE: Final = timedelta(hours=24)
_DEFAULT_UPDATES: Final = frozenset(
    {"message", "edited_message", "channel_post", "edited_channel_post", "my_chat_member", "poll"}
)
_FOUND: Final = re.compile(
    r"(?P<url>https?://[^\s<>\"']+)|(?<!\w)(?P<mention>@\w{5,32})|(?<!\S)(?P<bot_command>/\w{1,32})"
)


class Status(StrEnum):
    """What the bot is in a chat."""

    ADMINISTRATOR = "administrator"
    MEMBER = "member"
    RESTRICTED = "restricted"
    LEFT = "left"
    KICKED = "kicked"


class Message(Struct):
    """One message; `content` is what it carries besides its text, as the Bot API names it."""

    id: int
    chat: int
    author: Json
    date: int
    text: str = ""
    entities: list[Json] = field(default_factory=list)
    thread: int | None = None
    reply_to: int | None = None
    edited: int | None = None
    reactions: dict[int, list[str]] = field(default_factory=dict)
    content: Json = field(default_factory=dict)
    votes: dict[int, int] = field(default_factory=dict)


class Chat(Struct):
    """A group, channel or private chat, and what our bot is in it."""

    id: int
    title: str
    type: str = "supergroup"
    bot: Status = Status.ADMINISTRATOR
    is_forum: bool = False
    username: str = ""
    deleted: bool = False
    migrated_to: int | None = None
    topics: dict[int, str] = field(default_factory=dict)
    closed_topics: set[int] = field(default_factory=set)
    reactions: tuple[str, ...] = ()
    """Those it allows; none named, all of them."""
    administrators: set[int] = field(default_factory=set)
    """People who administer it."""
    description: str = ""
    messages: dict[int, Message] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def brief(self) -> Json:
        """The chat as messages carry it."""
        named = {"first_name": self.title} if self.type == "private" else {"title": self.title}
        more = {"is_forum": True} if self.is_forum else {}
        return {
            "id": self.id,
            "type": self.type,
            **named,
            **more,
            **({"username": self.username} if self.username else {}),
        }


class Pending(Struct):
    """An update that the bot has not confirmed; `at` is wall time in seconds."""

    body: Json
    at: float


class World:
    """Everything there is. `bot` is the bot's own user; `news` is set whenever an update is added.

    `on_update` sees every update before the bot does.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.bot: Json = {"id": 999000111, "is_bot": True, "first_name": "Bridge", "username": "qantara_bridge_bot"}
        self.reads_everything = True
        self.chats: dict[int, Chat] = {}
        self.people: dict[str, Json] = {}
        self.faces: dict[int, str] = {}
        self.customs: dict[str, str] = {}
        """Custom emoji that somebody drew: by number, the emoji each stands for."""
        self.pending: list[Pending] = []
        self.allowed: frozenset[str] = _DEFAULT_UPDATES
        self.next_update = 873_251_000
        self.news = asyncio.Event()
        self.on_update: Callable[[Json], object] = _ignore

    def now(self) -> int:
        """Wall time in whole seconds, as the Bot API counts."""
        return int(self.clock.now().timestamp())

    def person(self, name: str) -> Json:
        """A person by display name, made on first use."""
        return self.people.setdefault(name, {"id": 500_000_001 + len(self.people), "is_bot": False, "first_name": name})

    def allow(self, kinds: Sequence[str] | None) -> None:
        """What `allowed_updates` asks for: None keeps what was, an empty list means the defaults."""
        if kinds is not None:
            self.allowed = frozenset(kinds) or _DEFAULT_UPDATES

    def post(self, chat: Chat, author: Json, message: Mapping[str, Any]) -> Message:
        """Put a message into a chat; everybody but the bot itself makes an update."""
        posted = Message(id=next(chat.numbers), chat=chat.id, author=author, date=self.now(), **message)
        posted.text, posted.entities = trimmed(posted.text, posted.entities)
        chat.messages[posted.id] = posted
        if author["id"] != self.bot["id"] and self._is_seen(chat, posted):
            self.tell("channel_post" if chat.type == "channel" else "message", self.shown(posted))
        return posted

    def change(self, message: Message, text: str, entities: list[Json]) -> None:
        """Give a message another text."""
        chat = self.chats[message.chat]
        message.text, message.entities = trimmed(text, entities)
        message.edited = self.now()
        if message.author["id"] != self.bot["id"] and self._is_seen(chat, message):
            self.tell("edited_channel_post" if chat.type == "channel" else "edited_message", self.shown(message))

    def react(self, message: Message, person: Json, emoji: list[str]) -> None:
        """A person's whole set of reactions; only administrators hear of it, and never of bots' reactions.

        A number is a custom emoji.
        """
        chat = self.chats[message.chat]
        old = message.reactions.get(person["id"], [])
        message.reactions[person["id"]] = emoji
        if person["is_bot"] or chat.bot is not Status.ADMINISTRATOR:
            return
        change = {"chat": chat.brief(), "message_id": message.id, "user": person, "date": self.now()}
        self.tell("message_reaction", {**change, "old_reaction": _reactions(old), "new_reaction": _reactions(emoji)})

    def vote(self, message: Message, person: Json, option: int) -> None:
        """A person's choice; the bot hears how many chose what, of polls that it sent."""
        poll, before = message.content["poll"], message.votes.get(person["id"])
        message.votes[person["id"]] = option
        poll["total_voter_count"] = len(message.votes)
        for index, one in enumerate(poll["options"]):
            one["voter_count"] += (index == option) - (index == before)
        if message.author["id"] == self.bot["id"]:
            self.tell("poll", copy.deepcopy(poll))

    def close_poll(self, message: Message) -> None:
        """Nobody votes any more, and the result is told."""
        message.content["poll"]["is_closed"] = True
        self.tell("poll", copy.deepcopy(message.content["poll"]))

    def set_status(self, chat: Chat, status: Status, by: Json) -> None:
        """Somebody adds, removes or restricts the bot."""
        old, new = self.member(chat.bot), self.member(status)
        chat.bot = status
        change = {"chat": chat.brief(), "from": by, "date": self.now()}
        self.tell("my_chat_member", {**change, "old_chat_member": old, "new_chat_member": new})

    def member(self, status: Status) -> Json:
        """Our bot's membership as the Bot API describes it."""
        return self.person_as(self.bot, status)

    def person_as(self, user: Json, status: Status) -> Json:
        """Anybody's membership."""
        return {"user": user, "status": str(status), **_RIGHTS[status]}

    def ban(self, chat: Chat, by: Json, user: Json) -> None:
        """Throw somebody out for good; bots that administer the chat are told."""
        old, new = (self.person_as(user, one) for one in (Status.MEMBER, Status.KICKED))
        if chat.bot is Status.ADMINISTRATOR:
            change = {"chat": chat.brief(), "from": by, "date": self.now()}
            self.tell("chat_member", {**change, "old_chat_member": old, "new_chat_member": new})

    def tell(self, kind: str, body: Json) -> None:
        """Queue an update, if the bot asked for its kind."""
        if kind in self.allowed:
            self.add({"update_id": self.next_update, kind: body})

    def add(self, update: Json) -> None:
        """Queue any update, also one that no client could cause."""
        self.pending.append(Pending(update, self.clock.now().timestamp()))
        self.next_update = int(update["update_id"]) + 1
        self.on_update(update)
        self.news.set()

    def confirm_below(self, offset: int) -> None:
        """An offset confirms whatever has a lower number."""
        self.pending = [one for one in self.pending if one.body["update_id"] >= offset]

    def expire(self) -> None:
        """Telegram forgets what nobody fetched for a day."""
        oldest = (self.clock.now() - UPDATE_LIFE).timestamp()
        self.pending = [one for one in self.pending if one.at > oldest]

    def shown(self, message: Message) -> Json:
        """A message as the Bot API gives it."""
        chat = self.chats[message.chat]
        body: Json = {"message_id": message.id, "chat": chat.brief(), "date": message.date, **_author(chat, message)}
        if message.thread is not None:
            body |= {"message_thread_id": message.thread, "is_topic_message": True}
        if message.edited is not None:
            body["edit_date"] = message.edited
        if (target := chat.messages.get(message.reply_to or 0)) is not None:
            quoted = {"message_id": target.id, "chat": chat.brief(), "date": target.date, **_author(chat, target)}
            body["reply_to_message"] = {**quoted, **_words(target)}
        elif message.thread is not None:
            body["reply_to_message"] = self.opening(chat, message.thread)
        return {**body, **_words(message), **message.content}

    def opening(self, chat: Chat, topic: int) -> Json:
        """The service message a topic begins with, which those in it that answer nothing "answer"."""
        said = {"forum_topic_created": {"name": chat.topics.get(topic, ""), "icon_color": 7322096}}
        stamp = {"message_id": topic, "date": self.now(), "chat": chat.brief(), "from": self.bot}
        return {**stamp, "message_thread_id": topic, "is_topic_message": True, **said}

    def rename(self, chat: Chat, topic: int, name: str) -> None:
        """Somebody gives a topic another name."""
        chat.topics[topic] = name
        edited = {"message_id": next(chat.numbers), "forum_topic_edited": {"name": name}}
        service = {**self.opening(chat, topic), **edited, "from": self.person("Ada")}
        del service["forum_topic_created"]
        self.tell("message", service)

    def _is_seen(self, chat: Chat, message: Message) -> bool:
        """Privacy mode: a bot that is no administrator sees commands, replies to it and mentions of it only."""
        if chat.bot in {Status.LEFT, Status.KICKED}:
            return False
        if self.reads_everything or chat.type in {"private", "channel"} or chat.bot is Status.ADMINISTRATOR:
            return True
        replied = chat.messages.get(message.reply_to or 0)
        to_us = replied is not None and replied.author["id"] == self.bot["id"]
        return to_us or message.text.startswith("/") or f"@{self.bot['username']}" in message.text


def _ignore(_: Json) -> None:
    """Nobody looks."""


def _author(chat: Chat, message: Message) -> Json:
    if chat.type == "channel":
        return {"sender_chat": chat.brief(), "author_signature": message.author["first_name"]}
    return {"from": message.author}


def _words(message: Message) -> Json:
    if not message.text:
        return {}
    name, entities_name = ("caption", "caption_entities") if message.content else ("text", "entities")
    found = [*message.entities, *found_entities(message.text)]
    return {name: message.text, **({entities_name: found} if found else {})}


def found_entities(text: str) -> list[Json]:
    """What the server finds in a text by itself: addresses, mentions, commands."""
    return [
        {"type": match.lastgroup, "offset": utf16(text[: match.start()]), "length": utf16(match[0])}
        for match in _FOUND.finditer(text)
    ]


def trimmed(text: str, entities: Sequence[Json]) -> tuple[str, list[Json]]:
    """The server cuts white space off both ends, and entities with it."""
    begin = utf16(text) - utf16(text.lstrip())
    words = text.strip()
    end = utf16(words)
    kept = []
    for entity in entities:
        start = min(max(entity["offset"] - begin, 0), end)
        stop = min(max(entity["offset"] + entity["length"] - begin, 0), end)
        if stop > start:
            kept.append({**entity, "offset": start, "length": stop - start})
    return words, kept


def _reactions(emoji: Sequence[str]) -> list[Json]:
    return [
        {"type": "custom_emoji", "custom_emoji_id": one} if one.isdecimal() else {"type": "emoji", "emoji": one}
        for one in emoji
    ]


_ADMIN: Final[Json] = dict.fromkeys(
    (
        "can_manage_chat", "can_delete_messages", "can_manage_video_chats", "can_restrict_members", "can_change_info",
        "can_invite_users", "can_post_stories", "can_edit_stories", "can_delete_stories", "can_send_welcome_messages",
        "can_post_messages", "can_edit_messages", "can_pin_messages", "can_manage_topics",
    ),
    True,
)  # fmt: skip
_MUTED: Final[Json] = dict.fromkeys(
    (
        "can_send_messages", "can_send_audios", "can_send_documents", "can_send_photos", "can_send_videos",
        "can_send_video_notes", "can_send_voice_notes", "can_send_polls", "can_send_other_messages",
        "can_add_web_page_previews", "can_react_to_messages", "can_edit_tag", "can_change_info", "can_invite_users",
        "can_pin_messages", "can_manage_topics",
    ),
    False,
)  # fmt: skip
_RIGHTS: Final[dict[Status, Json]] = {
    Status.ADMINISTRATOR: {**_ADMIN, "can_be_edited": False, "is_anonymous": False, "can_promote_members": False},
    Status.MEMBER: {},
    Status.RESTRICTED: {**_MUTED, "is_member": True, "until_date": 0},
    Status.LEFT: {},
    Status.KICKED: {"until_date": 0},
}
