"""What the bridge asks for → calls of the Bot API."""

from collections.abc import Sequence
from contextlib import suppress

from telegram import Bot, LinkPreviewOptions, Message, MessageEntity, ReactionTypeEmoji, User

from bridge import Closing, Deletion, Edit, Outgoing, Reaction
from connectors.telegram import sharing
from connectors.telegram.addresses import chat_id, message_id, reply_parameters, topic
from connectors.telegram.config import LinkPreviews
from connectors.telegram.errors import Gone, Over, Unchanged, Uncommon, translated
from connectors.telegram.format import Entity, render, unpinged
from connectors.telegram.reactions import native


async def post(bot: Bot, message: Outgoing, previews: LinkPreviews) -> Message:
    """One message: the thing it carries, or its words."""
    sent = await _sent(bot, message, previews)
    with translated():
        if not isinstance(sent.message_id, int):
            raise TypeError("the id of what was sent is no number")
    return sent


async def _sent(bot: Bot, message: Outgoing, previews: LinkPreviews) -> Message:
    """`sendMessage`: explicit entities and no parse mode, so nothing a person typed is read as markup."""
    if message.shared:
        return await sharing.post(bot, message, message.shared[0])
    shown = render(unpinged(message.text))
    with translated():
        return await bot.send_message(
            chat_id=chat_id(message.room),
            text=shown.text,
            entities=native_entities(shown.entities),
            message_thread_id=topic(message.thread),
            link_preview_options=LinkPreviewOptions(is_disabled=previews is LinkPreviews.HIDDEN),
            reply_parameters=reply_parameters(message.in_reply_to),
        )


async def change(bot: Bot, edit: Edit, previews: LinkPreviews) -> None:
    """`editMessageText`; a text that is there already is as good as changed."""
    shown = render(unpinged(edit.content.text))
    with suppress(Unchanged), translated():
        await bot.edit_message_text(
            chat_id=chat_id(edit.target.room),
            message_id=message_id(edit.target.parts[0]),
            text=shown.text,
            entities=native_entities(shown.entities),
            link_preview_options=LinkPreviewOptions(is_disabled=previews is LinkPreviews.HIDDEN),
        )


async def change_caption(bot: Bot, edit: Edit) -> None:
    """`editMessageCaption`: other words under a file, which stays."""
    shown = render(unpinged(edit.content.text))
    with suppress(Unchanged), translated():
        await bot.edit_message_caption(
            chat_id=chat_id(edit.target.room),
            message_id=message_id(edit.target.parts[0]),
            caption=shown.text,
            caption_entities=native_entities(shown.entities),
        )


async def take_back(bot: Bot, deletion: Deletion) -> None:
    """`deleteMessage` for each part; one that is gone already is what was wanted."""
    for part in deletion.target.parts:
        with suppress(Gone), translated():
            await bot.delete_message(chat_id=chat_id(deletion.target.room), message_id=message_id(part))


async def close_poll(bot: Bot, closing: Closing) -> None:
    """`stopPoll`; one that is over already is as it should be."""
    with suppress(Over), translated():
        await bot.stop_poll(chat_id=chat_id(closing.target.room), message_id=message_id(closing.target.parts[-1]))


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


def native_entities(entities: Sequence[Entity]) -> list[MessageEntity] | None:
    """The stretches of a text that look different, as the library has them."""
    return [_entity(one) for one in entities] or None


def _entity(one: Entity) -> MessageEntity:
    user = User(int(one.user), "user", is_bot=False) if one.user else None
    return MessageEntity(
        one.type, one.offset, one.length, url=one.url or None, user=user, language=one.language or None
    )


def _allowed(emoji: str) -> str:
    if (spelled := native(emoji)) is None:
        raise Uncommon("Telegram has no such reaction for bots")
    return spelled
