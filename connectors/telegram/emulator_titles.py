"""Titles and descriptions in the emulated Telegram: who may change them, how long they are, who is told."""

from connectors.telegram.emulator_rules import Call, bad, check_writable
from connectors.telegram.emulator_world import Chat, Json, Status, World

MOST_TITLE, MOST_DESCRIPTION = 128, 255


class TelegramTitles:
    """Both sides: what the bot asks for, and what people do. Of a description nobody is told."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.tells_bots = True
        """Whether a bot hears of the title that it set itself: nobody says."""

    def set_title(self, chat: Chat, call: Call) -> bool:
        title = (call.text("title") or "").strip()
        _check(chat, "title")
        if not 1 <= len(title) <= MOST_TITLE:
            raise bad("CHAT_TITLE_EMPTY" if not title else "title is too long")
        if chat.title == title:
            raise bad("chat title is not modified")
        chat.title = title
        if self.tells_bots:
            self._tell(chat, self._world.bot)
        return True

    def set_description(self, chat: Chat, call: Call) -> bool:
        description = (call.text("description") or "").strip()
        _check(chat, "description")
        if len(description) > MOST_DESCRIPTION:
            raise bad("CHAT_ABOUT_TOO_LONG")
        if chat.description == description:
            raise bad("chat description is not modified")
        chat.description = description
        return True

    async def trust(self, room: str) -> None:
        self._chat(room).bot = Status.ADMINISTRATOR

    async def rename(self, room: str, person: str, name: str) -> None:
        chat = self._chat(room)
        chat.title = name
        self._tell(chat, self._world.person(person))

    async def describe(self, room: str, person: str, topic: str) -> None:
        raise NotImplementedError("no bot is told of a description")

    async def name_of(self, room: str) -> str:
        return self._chat(room).title

    async def topic_of(self, room: str) -> str:
        return self._chat(room).description

    def _chat(self, room: str) -> Chat:
        return self._world.chats[int(room.partition("/")[0])]

    def _tell(self, chat: Chat, by: Json) -> None:
        number = next(chat.numbers)
        stamp = {"message_id": number, "date": self._world.now(), "chat": chat.brief(), "from": by}
        self._world.tell("message", {**stamp, "new_chat_title": chat.title})


def _check(chat: Chat, what: str) -> None:
    if chat.type == "private":
        raise bad(f"can't change private chat {what}")
    if chat.bot in {Status.KICKED, Status.LEFT} or chat.deleted or chat.migrated_to is not None:
        check_writable(chat, None)
    if chat.bot is not Status.ADMINISTRATOR:
        raise bad(f"not enough rights to change chat {what}")
