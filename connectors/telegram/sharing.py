"""Places and cards, as people send them and as the Bot API takes them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from telegram import Bot, Dice, Message

from bridge import Attachment, Contact, Kind, Location, Outgoing, Poll
from bridge.errors import Feature, Rejected, Unsupported
from connectors.telegram.addresses import chat_id, reply_parameters, topic
from connectors.telegram.errors import translated
from connectors.telegram.format import utf16

_FACES: Final = {"🏀": 5, "⚽": 5}
"""How many sides a thrown emoji has, where it is not six."""
_SIX: Final = 6
_FEWEST: Final = 2
_MOST: Final = 12
_LONGEST_ANSWER: Final = 100
_LONGEST_QUESTION: Final = 300
_MACHINE: Final = "🎰"
_REELS: Final = ("BAR", "🍇", "🍋", "7️⃣")


async def post(bot: Bot, message: Outgoing, one: Attachment) -> Message:
    """`sendVenue`, `sendLocation`, `sendContact` or `sendPoll`; what Telegram refuses of them is for words."""
    where: dict[str, Any] = {
        "chat_id": chat_id(message.room),
        "message_thread_id": topic(message.thread),
        "reply_parameters": reply_parameters(message.in_reply_to),
    }
    with _or_in_words(), translated():
        if (place := one.location) is not None:
            if place.title and place.address:
                return await bot.send_venue(
                    latitude=place.latitude,
                    longitude=place.longitude,
                    title=place.title,
                    address=place.address,
                    **where,
                )
            return await bot.send_location(latitude=place.latitude, longitude=place.longitude, **where)
        if (card := one.contact) is not None:
            return await bot.send_contact(phone_number=card.phone, first_name=card.name or card.phone, **where)
        if (asked := one.poll) is not None:
            return await _ask(bot, asked, where)
    raise Unsupported(Feature.ATTACHMENT, f"the bridge sends no {one.kind} to Telegram")


async def _ask(bot: Bot, asked: Poll, where: Mapping[str, Any]) -> Message:
    """`sendPoll`, anonymous, as channels want it: how many people chose what is told all the same."""
    if not _fits(asked):
        raise Unsupported(Feature.ATTACHMENT, "Telegram takes 2 to 12 answers of at most 100 characters")
    return await bot.send_poll(
        question=asked.question,
        options=list(asked.answers),
        is_anonymous=True,
        allows_multiple_answers=asked.most > 1,
        **where,
    )


def _fits(asked: Poll) -> bool:
    sizes = all(0 < utf16(answer.strip()) <= _LONGEST_ANSWER for answer in asked.answers)
    return sizes and _FEWEST <= len(asked.answers) <= _MOST and 0 < utf16(asked.question.strip()) <= _LONGEST_QUESTION


def place(message: Message) -> Attachment | None:
    """A point on the map, with the name and address of a venue, and how long it may still move."""
    if (point := message.location) is None:
        return None
    venue = message.venue
    location = Location(
        latitude=point.latitude,
        longitude=point.longitude,
        title=venue.title if venue else "",
        address=venue.address if venue else "",
        live_seconds=_seconds(point.to_dict().get("live_period")),
    )
    return Attachment(kind=Kind.LOCATION, location=location)


def card(message: Message) -> Attachment | None:
    """Somebody's name and number."""
    if (contact := message.contact) is None:
        return None
    name = " ".join(filter(None, (contact.first_name, contact.last_name)))
    return Attachment(kind=Kind.CONTACT, contact=Contact(name=name, phone=contact.phone_number))


def thrown(dice: Dice) -> str:
    """What chance gave: of a slot machine its three reels, otherwise the number and how high it could be."""
    if dice.emoji == _MACHINE:
        left, middle, right = (_REELS[(dice.value - 1) // 4**reel % 4] for reel in range(3))
        return f"{dice.emoji} {left} {middle} {right}"
    return f"{dice.emoji} {dice.value} of {_FACES.get(dice.emoji, _SIX)}"


def _seconds(period: object) -> int | None:
    """How long a place is live; Telegram's number for "for ever" is more than anybody waits."""
    return period if isinstance(period, int) and period > 0 else None


@contextmanager
def _or_in_words() -> Iterator[None]:
    """What is refused for good as it is can still be said."""
    try:
        yield
    except Unsupported:
        raise
    except Rejected as error:
        raise Unsupported(Feature.ATTACHMENT, str(error)) from error
