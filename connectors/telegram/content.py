"""What a Telegram message says and carries. Pure: no I/O, no state."""

from collections.abc import Callable
from typing import Final, TypeAlias

from msgspec.structs import replace
from telegram import (
    Animation,
    Audio,
    Chat,
    ChatFullInfo,
    Document,
    Message,
    MessageEntity,
    MessageOriginChannel,
    MessageOriginChat,
    MessageOriginHiddenUser,
    MessageOriginUser,
    PhotoSize,
    User,
    Video,
    VideoNote,
    Voice,
)

from bridge.content import Poll
from bridge.events import Attachment, Kind
from bridge.events import User as Author
from bridge.ids import UserId
from bridge.text.nodes import Italic, Paragraph, Rich, Text, said
from connectors.telegram.format import Entity, Formatted, parse
from connectors.telegram.sharing import card, place, thrown

_File: TypeAlias = Animation | Audio | Document | Video | VideoNote | Voice

_OTHERS: Final = (
    "checklist", "game", "gift", "giveaway", "giveaway_winners", "invoice", "live_photo", "paid_media", "story",
    "successful_payment", "unique_gift",
)  # fmt: skip
"""Content that no other platform has: a placeholder stands for it."""

_SERVICE: Final = (
    "boost_added", "channel_chat_created", "chat_background_set", "chat_owner_changed", "chat_owner_left",
    "chat_shared", "checklist_tasks_added", "checklist_tasks_done", "connected_website", "delete_chat_photo",
    "direct_message_price_changed", "forum_topic_closed", "forum_topic_created", "forum_topic_edited",
    "forum_topic_reopened", "general_forum_topic_hidden", "general_forum_topic_unhidden", "gift_upgrade_sent",
    "giveaway_completed", "giveaway_created", "group_chat_created", "left_chat_member", "managed_bot_created",
    "message_auto_delete_timer_changed", "migrate_from_chat_id", "migrate_to_chat_id", "new_chat_members",
    "new_chat_photo", "new_chat_title", "paid_message_price_changed", "passport_data", "pinned_message",
    "poll_option_added", "poll_option_deleted", "proximity_alert_triggered", "refunded_payment",
    "suggested_post_approval_failed", "suggested_post_approved", "suggested_post_declined", "suggested_post_paid",
    "suggested_post_refunded", "supergroup_chat_created", "users_shared", "video_chat_ended",
    "video_chat_participants_invited", "video_chat_scheduled", "video_chat_started", "web_app_data",
    "write_access_allowed",
)  # fmt: skip
"""What the platform says about the chat itself: nobody's words."""


def words(message: Message) -> Rich:
    """The text or caption, or a placeholder for what cannot cross."""
    text = message.text if message.text is not None else message.caption
    entities = message.entities or message.caption_entities
    return parse(Formatted(text or "", tuple(map(_entity, entities)))) or _instead(message)


def attachments(message: Message) -> tuple[Attachment, ...]:
    """The one thing a message carries, as a tuple that may be empty; `source` is the file's id."""
    found = next((made for read in _READERS if (made := read(message)) is not None), None)
    return (found,) if found is not None else ()


def speaks(message: Message) -> bool:
    """Whether somebody wrote or sent something, in contrast to a service message."""
    return not any(getattr(message, name) for name in _SERVICE)


def author_of(message: Message) -> Author:
    """Who is shown as the author: a person, or the group or channel in whose name somebody writes."""
    chat = message.sender_chat
    if chat is None and message.from_user is not None:
        number = str(message.from_user.id)
        return Author(id=UserId(number), name=user_name(message.from_user), avatar=number)
    chat = chat or message.chat
    return Author(id=UserId(str(chat.id)), name=message.author_signature or chat_name(chat))


def user_name(user: User) -> str:
    """First and last name; a deleted account has neither."""
    return (user.full_name or "").strip() or "Deleted Account"


def chat_name(chat: Chat | ChatFullInfo) -> str:
    """A group's or channel's title, a person's name."""
    return chat.effective_name or str(chat.id)


def _entity(entity: MessageEntity) -> Entity:
    user = str(entity.user.id) if entity.user else ""
    return Entity(str(entity.type), entity.offset, entity.length, entity.url or "", entity.language or "", user)


def _instead(message: Message) -> Rich:
    if message.dice:
        return said(thrown(message.dice))
    if attachments(message) or not speaks(message):
        return ()
    kinds = [name for name in _OTHERS if getattr(message, name)] or sorted(message.api_kwargs)
    return said(f"[{', '.join(kinds).replace('_', ' ') or 'a message that bots cannot see'}]")


def forwarded(message: Message) -> Rich:
    """A line that says whose words these are, where they are somebody else's; an album has it once."""
    if message.forward_origin is None or message.is_automatic_forward:
        return ()
    return (Paragraph((Italic((Text(f"Forwarded from {_origin(message)}"),)),)),)


def _origin(message: Message) -> str:
    match message.forward_origin:
        case MessageOriginUser(sender_user=user):
            return _one_line(user_name(user))
        case MessageOriginHiddenUser(sender_user_name=name):
            return _one_line(name)
        case MessageOriginChat(sender_chat=chat) | MessageOriginChannel(chat=chat):
            return _one_line(chat_name(chat))
        case _:
            return "somebody"


def _one_line(name: str) -> str:
    return " ".join(name.split()) or "somebody"


def _file(kind: Kind, media: _File, name: str = "", mime: str = "") -> Attachment:
    facts = media.to_dict()
    return Attachment(
        kind=kind,
        name=name or str(facts.get("file_name") or ""),
        mime=str(facts.get("mime_type") or mime),
        size=facts.get("file_size"),
        duration=facts.get("duration"),
        width=facts.get("width") or facts.get("length"),
        height=facts.get("height") or facts.get("length"),
        source=media.file_id,
    )


def _photo(message: Message) -> Attachment | None:
    largest: PhotoSize | None = max(message.photo, key=lambda size: size.width * size.height, default=None)
    if largest is None:
        return None
    return Attachment(
        kind=Kind.IMAGE, mime="image/jpeg", size=largest.file_size, width=largest.width, height=largest.height,
        source=largest.file_id,
    )  # fmt: skip


def _animation(message: Message) -> Attachment | None:
    if message.animation is None:
        return None
    return replace(_file(Kind.VIDEO, message.animation, mime="video/mp4"), animated=True)


def _video(message: Message) -> Attachment | None:
    return _file(Kind.VIDEO, message.video, mime="video/mp4") if message.video else None


def _video_note(message: Message) -> Attachment | None:
    return _file(Kind.VIDEO, message.video_note, mime="video/mp4") if message.video_note else None


def _voice(message: Message) -> Attachment | None:
    return _file(Kind.VOICE, message.voice, mime="audio/ogg") if message.voice else None


def _audio(message: Message) -> Attachment | None:
    if (audio := message.audio) is None:
        return None
    return _file(Kind.AUDIO, audio, name=" - ".join(filter(None, (audio.performer, audio.title))))


def _document(message: Message) -> Attachment | None:
    return _file(Kind.FILE, message.document) if message.document else None


def _sticker(message: Message) -> Attachment | None:
    if (sticker := message.sticker) is None:
        return None
    mime = "video/webm" if sticker.is_video else "application/x-tgsticker" if sticker.is_animated else "image/webp"
    return Attachment(
        kind=Kind.STICKER,
        name=sticker.set_name or "",
        mime=mime,
        size=sticker.file_size,
        width=sticker.width,
        height=sticker.height,
        animated=bool(sticker.is_video or sticker.is_animated),
        emoji=sticker.emoji or "",
        source=sticker.file_id,
    )


def _poll(message: Message) -> Attachment | None:
    if (poll := message.poll) is None:
        return None
    answers = tuple(option.text for option in poll.options)
    most = len(answers) if poll.allows_multiple_answers else 1
    return Attachment(kind=Kind.POLL, poll=Poll(question=poll.question, answers=answers, most=most))


_READERS: Final[tuple[Callable[[Message], Attachment | None], ...]] = (
    _photo, _animation, _video, _video_note, _voice, _audio, _document, _sticker, place, card, _poll,
)  # fmt: skip
"""An animation comes with a document, a venue with a location: the first that finds something decides."""
