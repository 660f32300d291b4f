"""What the bridge asks for → calls of the Bot API."""

from collections.abc import Sequence
from contextlib import suppress

from telegram import Bot, LinkPreviewOptions, MessageEntity, ReactionTypeEmoji, ReplyParameters, User

from bridge import Deletion, Edit, Outgoing, Reaction, Target
from bridge.errors import Feature, Rejected, Unsupported
from bridge.ids import MessageId, RoomId, ThreadId
from connectors.telegram.config import LinkPreviews
from connectors.telegram.errors import Gone, Unchanged, translated
from connectors.telegram.format import Entity, render
from connectors.telegram.reactions import native


async def post(bot: Bot, message: Outgoing, previews: LinkPreviews) -> MessageId:
    """`sendMessage`: explicit entities and no parse mode, so nothing a person typed is read as markup."""
    shown = render(message.text)
    with translated():
        sent = await bot.send_message(
            chat_id=chat_id(message.room),
            text=shown.text,
            entities=_entities(shown.entities),
            message_thread_id=_topic(message.thread),
            link_preview_options=LinkPreviewOptions(is_disabled=previews is LinkPreviews.HIDDEN),
            reply_parameters=_reply(message.in_reply_to),
        )
        if not isinstance(sent.message_id, int):
            raise TypeError("the id of what was sent is no number")
    return MessageId(str(sent.message_id))


async def change(bot: Bot, edit: Edit, previews: LinkPreviews) -> None:
    """`editMessageText`; a text that is there already is as good as changed."""
    shown = render(edit.content.text)
    with suppress(Unchanged), translated():
        await bot.edit_message_text(
            chat_id=chat_id(edit.target.room),
            message_id=message_id(edit.target.parts[0]),
            text=shown.text,
            entities=_entities(shown.entities),
            link_preview_options=LinkPreviewOptions(is_disabled=previews is LinkPreviews.HIDDEN),
        )


async def take_back(bot: Bot, deletion: Deletion) -> None:
    """`deleteMessage` for each part; one that is gone already is what was wanted."""
    for part in deletion.target.parts:
        with suppress(Gone), translated():
            await bot.delete_message(chat_id=chat_id(deletion.target.room), message_id=message_id(part))


async def put_reaction(bot: Bot, reaction: Reaction) -> None:
    """`setMessageReaction` with the wanted emoji; a bot has room for one, so the newest wins."""
    newest = [reaction.emoji] if reaction.emoji in reaction.wanted else list(reaction.wanted[-1:])
    wanted = [ReactionTypeEmoji(_allowed(emoji)) for emoji in newest]
    with translated():
        await bot.set_message_reaction(
            chat_id=chat_id(reaction.target.room),
            message_id=message_id(reaction.target.parts[0]),
            reaction=wanted,
        )


def chat_id(room: RoomId) -> int:
    """A room's number; rooms are made canonical by `join`, so anything else is none of ours."""
    return _number(room, "room")


def message_id(message: MessageId) -> int:
    """A message's number."""
    return _number(message, "message")


def _number(native_id: str, what: str) -> int:
    if not (native_id.isascii() and native_id.removeprefix("-").isdecimal()):
        raise Rejected(f"not a Telegram {what}: its id is no number")
    return int(native_id)


def _topic(thread: ThreadId | None) -> int | None:
    return None if thread is None else _number(thread, "topic")


def _reply(target: Target | None) -> ReplyParameters | None:
    if target is None:
        return None
    return ReplyParameters(message_id=message_id(target.parts[0]), allow_sending_without_reply=True)


def _entities(entities: Sequence[Entity]) -> list[MessageEntity] | None:
    return [_entity(one) for one in entities] or None


def _entity(one: Entity) -> MessageEntity:
    user = User(int(one.user), "user", is_bot=False) if one.user else None
    return MessageEntity(
        one.type, one.offset, one.length, url=one.url or None, user=user, language=one.language or None
    )


def _allowed(emoji: str) -> str:
    if (spelled := native(emoji)) is None:
        raise Unsupported(Feature.REACT, "Telegram has no such reaction for bots")
    return spelled
