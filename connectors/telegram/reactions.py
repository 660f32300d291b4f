"""Reactions: which emoji Telegram lets a bot react with (facts/platform-apis.md 4.3), and what people did. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from telegram import ChatFullInfo, MessageReactionUpdated, ReactionType, ReactionTypeCustomEmoji, ReactionTypeEmoji
from telegram.constants import ReactionEmoji

from bridge.events import AnyEvent, Reacted, Unreacted, User
from bridge.ids import EventId, MessageId, UserId
from connectors.telegram.content import chat_name, user_name
from connectors.telegram.rooms import place, stamp_of

VARIATION: Final = "\ufe0f"
"""Asks for the coloured form of a sign; Telegram leaves it out, most others put it in."""

_NATIVE: Final[dict[str, str]] = {emoji.value.replace(VARIATION, ""): emoji.value for emoji in ReactionEmoji}
_SHOWN: Final[dict[str, str]] = {
    form.replace(VARIATION, ""): form
    for form in (
        "\u2764\ufe0f", "\u2764\ufe0f\u200d\U0001f525", "\U0001f54a\ufe0f", "\u2603\ufe0f", "\u270d\ufe0f",
        "\U0001f937\u200d\u2642\ufe0f", "\U0001f937\u200d\u2640\ufe0f",
    )
}  # fmt: skip
"""Those of them that Unicode calls fully qualified only with the sign; a test compares them with the emoji library."""
ALLOWED: Final[frozenset[str]] = frozenset(
    {*_NATIVE, *_NATIVE.values(), *_SHOWN.values(), *(bare + VARIATION for bare in _NATIVE)}
)
"""Every spelling of the emoji a bot may react with."""


def allowed_in(chat: ChatFullInfo) -> frozenset[str]:
    """Every spelling of the emoji a chat allows; where it names none, all of them (or none, which a try tells)."""
    named = {
        one.emoji.replace(VARIATION, "") for one in chat.available_reactions or () if isinstance(one, ReactionTypeEmoji)
    }
    return (
        frozenset(form for form in ALLOWED if form.replace(VARIATION, "") in named)
        if chat.available_reactions
        else ALLOWED
    )


def others(allowed: frozenset[str], emoji: str) -> frozenset[str]:
    """What is left of those a chat allows, once one was refused."""
    return frozenset(form for form in allowed if form.replace(VARIATION, "") != emoji.replace(VARIATION, ""))


def native(emoji: str) -> str | None:
    """The emoji as Telegram spells it; None when a bot may not react with it."""
    return _NATIVE.get(emoji.replace(VARIATION, ""))


def shown(emoji: str) -> str:
    """The emoji as everybody else spells it."""
    return _SHOWN.get(emoji.replace(VARIATION, ""), emoji)


def reacted(change: MessageReactionUpdated, number: int, customs: Mapping[str, str]) -> Iterator[AnyEvent]:
    """Old and new set → what was taken back, then what was added; `customs` are the emoji that custom ones stand for.

    Several custom emoji may stand for one: it is there as long as one of them is.
    """
    by = _reactor(change)
    if by is None:
        return
    old, new = _emoji(change.old_reaction, customs), _emoji(change.new_reaction, customs)
    room, kind = place(change.chat)
    message = MessageId(str(change.message_id))
    stamp = f"{room}:{message}:{by.id}:{stamp_of(change.date)}:{number}"
    for emoji in (one for one in old if one not in new):
        name = EventId(f"unreact:{stamp}:{emoji}")
        yield Unreacted(id=name, room=room, room_kind=kind, at=change.date, message=message, emoji=emoji, by=by)
    for emoji in (one for one in new if one not in old):
        name = EventId(f"react:{stamp}:{emoji}")
        yield Reacted(id=name, room=room, room_kind=kind, at=change.date, message=message, emoji=emoji, by=by)


def _reactor(change: MessageReactionUpdated) -> User | None:
    if change.user is not None:
        return User(id=UserId(str(change.user.id)), name=user_name(change.user))
    if (chat := change.actor_chat) is not None:
        return User(id=UserId(str(chat.id)), name=chat_name(chat))
    return None


def _emoji(reactions: Sequence[ReactionType], customs: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_name(one, customs) for one in reactions))


def _name(reaction: ReactionType, customs: Mapping[str, str]) -> str:
    match reaction:
        case ReactionTypeEmoji(emoji=emoji):
            return shown(emoji)
        case ReactionTypeCustomEmoji(custom_emoji_id=number):
            return customs.get(number) or f":custom-{number[-6:]}:"
        case _:
            return "⭐"
