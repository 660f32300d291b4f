"""The methods of the Bot API that the emulator knows, as strict as the real ones."""

from collections.abc import Callable
from typing import Any, Final

from connectors.telegram.emulator_content import SHARED
from connectors.telegram.emulator_files import METHODS, Files, caption, entities
from connectors.telegram.emulator_rules import ApiError, Call, Limits, Meter, bad, check_writable, checked_entities
from connectors.telegram.emulator_titles import TelegramTitles
from connectors.telegram.emulator_world import Chat, Json, Message, Status, World
from connectors.telegram.format import utf16
from connectors.telegram.reactions import native

WRITES: Final = frozenset(
    {
        "sendmessage", "editmessagetext", "editmessagecaption", "sendmediagroup", "stoppoll", "deletemessage",
        "deletemessages", "setmessagereaction", "createforumtopic", *SHARED, *METHODS,
    }
)  # fmt: skip
"""The methods by which a bridge writes: only they run into faults."""
_MOST_TOPIC_NAME: Final = 128
_MOST_CUSTOMS: Final = 200


class Methods:
    """Carries calls out in a world; polling and webhooks are the server's."""

    def __init__(self, world: World, limits: Limits) -> None:
        self._world = world
        self._limits = limits
        self._meter = Meter(limits, world.clock)
        self.files = Files(limits)
        self.titles = TelegramTitles(world)
        self._known: dict[str, Callable[[Call], Any]] = {
            "getme": self._get_me,
            "getchat": self._get_chat,
            "getchatmember": self._get_chat_member,
            "getchatadministrators": self._get_administrators,
            "sendmessage": self._send_message,
            "sendmediagroup": self._send_album,
            "editmessagecaption": self._edit_caption,
            "getfile": self.files.get_file,
            "getuserprofilephotos": self._get_photos,
            "stoppoll": self._stop_poll,
            "sendchataction": self._send_chat_action,
            "editmessagetext": self._edit_message_text,
            "deletemessage": self._delete_message,
            "deletemessages": self._delete_messages,
            "setmessagereaction": self._set_reaction,
            "createforumtopic": self._create_topic,
            "getcustomemojistickers": self._get_customs,
            "leavechat": self._leave_chat,
            "setchattitle": lambda call: self.titles.set_title(self._chat(call), call),
            "setchatdescription": lambda call: self.titles.set_description(self._chat(call), call),
            **dict.fromkeys(SHARED, self._share),
            **dict.fromkeys(METHODS, self._send_file),
        }

    def forget(self, method: str) -> None:
        """Become an older server, which has no such method."""
        del self._known[method]

    def carry_out(self, call: Call) -> Any:  # noqa: ANN401 - results are any JSON
        """The result of one call, or `ApiError`."""
        method = self._known.get(call.method)
        if method is None:
            raise ApiError(404, "Not Found: method not found")
        return method(call)

    def _get_photos(self, call: Call) -> Json:
        """`getUserProfilePhotos`: one picture at most, in two sizes."""
        user = call.number("user_id")
        if user not in {person["id"] for person in self._world.people.values()}:
            raise bad("invalid user_id specified")
        name = self._world.faces.get(user or 0)
        photos = [] if name is None else [self.files.content("photo", name)["photo"]]
        return {"total_count": len(photos), "photos": photos}

    def _get_me(self, _: Call) -> Json:
        rights = {"can_join_groups": True, "supports_inline_queries": False}
        return {**self._world.bot, **rights, "can_read_all_group_messages": self._world.reads_everything}

    def _get_chat(self, call: Call) -> Json:
        chat = self._chat(call)
        if chat.type != "private":
            self._check_inside(chat)
        gifts = dict.fromkeys(
            ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels"), False
        )
        full = {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": gifts, "permissions": {}}
        allowed = [{"type": "emoji", "emoji": one} for one in chat.reactions]
        return {**chat.brief(), **full, **({"available_reactions": allowed} if allowed else {})}

    def _get_chat_member(self, call: Call) -> Json:
        chat = self._chat(call)
        user = call.needed("user_id", "USER_ID_INVALID")
        if user == self._world.bot["id"]:
            return self._world.member(chat.bot)
        known = next((person for person in self._world.people.values() if person["id"] == user), None)
        if known is None:
            raise bad("member not found")
        return self._world.person_as(known, Status.ADMINISTRATOR if user in chat.administrators else Status.MEMBER)

    def _get_administrators(self, call: Call) -> list[Json]:
        chat = self._chat(call)
        return [self._world.member(chat.bot)] if chat.bot is Status.ADMINISTRATOR else []

    def _send_message(self, call: Call) -> Json:
        chat, thread = self._place(call)
        text, entities = self._text(call)
        reply = self._reply(call, chat)
        self._meter.check(chat)
        fields = {"text": text, "entities": entities, "thread": thread, "reply_to": reply}
        return self._world.shown(self._world.post(chat, self._world.bot, fields))

    def _send_file(self, call: Call) -> Json:
        chat, thread = self._place(call)
        words = caption(call.fields, self._limits)
        looks = checked_entities(words, entities(call.fields))
        reply, content = self._reply(call, chat), self.files.single(call)
        self._meter.check(chat)
        fields = {"text": words, "entities": looks, "thread": thread, "reply_to": reply, "content": content}
        return self._world.shown(self._world.post(chat, self._world.bot, fields))

    def _send_album(self, call: Call) -> list[Json]:
        chat, thread = self._place(call)
        reply, made = self._reply(call, chat), self.files.album(call)
        worded = [(caption(item, self._limits), entities(item)) for _, item in made]
        self._meter.check(chat)
        album = f"album-{chat.id}-{len(chat.messages)}"
        sent = []
        for (content, _), (words, looks) in zip(made, worded, strict=True):
            carried = {**content, "media_group_id": album}
            fields = {"text": words, "entities": looks, "thread": thread, "reply_to": reply, "content": carried}
            sent.append(self._world.post(chat, self._world.bot, fields))
        return [self._world.shown(one) for one in sent]

    def _stop_poll(self, call: Call) -> Json:
        chat = self._chat(call)
        check_writable(chat, None)
        message = self._message(call, chat, "message with poll to stop not found")
        if "poll" not in message.content or message.author["id"] != self._world.bot["id"]:
            raise bad("message with poll to stop not found")
        if message.content["poll"]["is_closed"]:
            raise bad("poll has already been closed")
        self._world.close_poll(message)
        return dict(message.content["poll"])

    def _edit_caption(self, call: Call) -> Json:
        message = self._ours(call)
        if not message.content:
            raise bad("there is no caption in the message to edit")
        words = caption(call.fields, self._limits)
        looks = checked_entities(words, entities(call.fields))
        self._change(message, words, looks)
        return self._world.shown(message)

    def _share(self, call: Call) -> Json:
        chat, thread = self._place(call)
        content = SHARED[call.method](call)
        reply = self._reply(call, chat)
        self._meter.check(chat)
        fields = {"thread": thread, "reply_to": reply, "content": content}
        return self._world.shown(self._world.post(chat, self._world.bot, fields))

    def _send_chat_action(self, call: Call) -> bool:
        self._place(call)
        if not call.text("action"):
            raise bad("wrong parameter action in request")
        return True

    def _edit_message_text(self, call: Call) -> Json:
        message = self._ours(call)
        if message.content:
            raise bad("there is no text in the message to edit")
        self._change(message, *self._text(call))
        return self._world.shown(message)

    def _ours(self, call: Call) -> Message:
        """The message of the bot that is to be changed."""
        chat = self._chat(call)
        check_writable(chat, None)
        message = self._message(call, chat, "message to edit not found")
        if message.author["id"] != self._world.bot["id"]:
            raise bad("message can't be edited")
        return message

    def _change(self, message: Message, text: str, entities: list[Json]) -> None:
        if (text.strip(), entities) == (message.text, message.entities):
            raise bad(
                "message is not modified: specified new message content and reply markup are exactly the same as a "
                "current content and reply markup of the message"
            )
        self._world.change(message, text, entities)

    def _delete_message(self, call: Call) -> bool:
        chat = self._chat(call)
        check_writable(chat, None)
        self._delete(chat, self._message(call, chat, "message to delete not found"))
        return True

    def _delete_messages(self, call: Call) -> bool:
        chat = self._chat(call)
        check_writable(chat, None)
        numbers = call.items("message_ids") or []
        if not 1 <= len(numbers) <= 100:
            raise bad("message identifiers are not specified")
        for number in numbers:
            if (message := chat.messages.get(int(number))) is not None:
                self._delete(chat, message)
        return True

    def _delete(self, chat: Chat, message: Message) -> None:
        age = self._world.now() - message.date
        own = message.author["id"] == self._world.bot["id"]
        if age >= self._limits.delete_hours * 3600 or not (own or chat.bot is Status.ADMINISTRATOR):
            raise bad("message can't be deleted")
        del chat.messages[message.id]

    def _set_reaction(self, call: Call) -> bool:
        chat = self._chat(call)
        check_writable(chat, None)
        message = self._message(call, chat, "message to react not found")
        wanted = call.items("reaction") or []
        if len(wanted) > 1:
            raise bad("REACTIONS_TOO_MANY")
        emoji = [str(one.get("emoji", "")) for one in wanted if isinstance(one, dict)]
        allowed = self._world.chats[message.chat].reactions
        if any(native(one) != one or (allowed and one not in allowed) for one in emoji):
            raise bad("REACTION_INVALID")
        self._world.react(message, self._world.bot, emoji)
        return True

    def _get_customs(self, call: Call) -> list[Json]:
        """Those that there are; a number that nobody drew is passed over (facts of the real one are not known)."""
        numbers = [str(one) for one in call.items("custom_emoji_ids") or []]
        if not 1 <= len(numbers) <= _MOST_CUSTOMS:
            raise bad("DOCUMENT_INVALID")
        drawn = {"type": "custom_emoji", "width": 100, "height": 100, "is_animated": False, "is_video": False}
        return [
            {**drawn, "file_id": f"C{one}", "file_unique_id": f"c{one}", "custom_emoji_id": one, "emoji": emoji}
            for one in numbers
            if (emoji := self._world.customs.get(one))
        ]

    def _create_topic(self, call: Call) -> Json:
        chat, name = self._chat(call), call.text("name")
        check_writable(chat, None)
        if not chat.is_forum:
            raise bad("the chat is not a forum")
        if not 1 <= len(name) <= _MOST_TOPIC_NAME:
            raise bad("TOPIC_TITLE_EMPTY")
        number = next(chat.numbers)
        chat.topics[number] = name
        return {"message_thread_id": number, "name": name, "icon_color": 7322096}

    def _leave_chat(self, call: Call) -> bool:
        chat = self._chat(call)
        self._check_inside(chat)
        chat.bot = Status.LEFT
        return True

    # What several methods need.

    def _chat(self, call: Call) -> Chat:
        wanted = call.text("chat_id")
        if not wanted:
            raise bad("chat_id is empty")
        for chat in self._world.chats.values():
            if wanted == str(chat.id) or (chat.username and wanted == f"@{chat.username}"):
                return chat
        raise bad("chat not found")

    def _check_inside(self, chat: Chat) -> None:
        if chat.bot in {Status.KICKED, Status.LEFT} or chat.deleted or chat.migrated_to is not None:
            check_writable(chat, None)

    def _place(self, call: Call) -> tuple[Chat, int | None]:
        chat, thread = self._chat(call), call.number("message_thread_id")
        check_writable(chat, thread)
        return chat, thread

    def _text(self, call: Call) -> tuple[str, list[Json]]:
        if call.text("parse_mode"):
            raise bad("unsupported parse_mode")
        text = call.text("text")
        entities = checked_entities(text, call.items("entities") or [])
        if not text.strip():
            raise bad("message text is empty")
        if utf16(text.strip()) > self._limits.max_text:
            raise bad("message is too long")
        return text, entities

    def _reply(self, call: Call, chat: Chat) -> int | None:
        wanted = call.record("reply_parameters")
        if not wanted:
            return None
        number = int(wanted.get("message_id", 0))
        if number in chat.messages:
            return number
        if not wanted.get("allow_sending_without_reply"):
            raise bad("message to be replied not found")
        return None

    def _message(self, call: Call, chat: Chat, complaint: str) -> Message:
        message = chat.messages.get(call.needed("message_id", "message identifier is not specified"))
        if message is None:
            raise bad(complaint)
        return message
