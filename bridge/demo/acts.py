"""What a visitor does as a person of a platform."""

from collections.abc import Sequence
from typing import Annotated, TypeAlias, Union

from msgspec import Meta, Struct

from bridge.demo.stage import Ability, Seat, Written
from bridge.ids import MessageId
from bridge.text.markdown import parse
from bridge.text.nodes import Rich, said

Name: TypeAlias = Annotated[str, Meta(min_length=1, max_length=40, pattern=r"\S")]
Words: TypeAlias = Annotated[str, Meta(min_length=1, max_length=4000, pattern=r"\S")]
Emoji: TypeAlias = Annotated[str, Meta(min_length=1, max_length=16)]

_EMOTE = "/me "


class Act(Struct, frozen=True, kw_only=True, tag_field="do", forbid_unknown_fields=True):
    """Something done in a room, by name of its account."""

    account: str
    room: str


class Say(Act, frozen=True, kw_only=True, tag="say"):
    """Write; `/me waves` is an emote where there are any."""

    person: Name
    text: Words
    in_reply_to: str | None = None


class Change(Act, frozen=True, kw_only=True, tag="edit"):
    """Other words for a message of one's own."""

    message: str
    text: Words


class Remove(Act, frozen=True, kw_only=True, tag="delete"):
    """Take back a message of one's own."""

    message: str


class React(Act, frozen=True, kw_only=True, tag="react"):
    """Put an emoji on a message; the same once more takes it back."""

    person: Name
    message: str
    emoji: Emoji


AnyAct: TypeAlias = Union[Say, Change, Remove, React]


class Refused(Exception):
    """The visitor asked for something that nobody could do there."""


class Actors:
    """Lets visitors act as people on the platforms."""

    def __init__(self, seats: Sequence[Seat]) -> None:
        self._seats = {seat.account: seat for seat in seats}
        self._reactions: set[React] = set()

    async def do(self, act: AnyAct) -> None:
        """Do it; `Refused` with a sentence for the visitor when the platform does not let them."""
        seat = self._seats.get(act.account)
        if seat is None or act.room not in seat.platform.rooms:
            raise Refused("There is no such room.")
        try:
            await self._done(seat, act)
        except (NotImplementedError, ValueError, LookupError) as error:
            raise Refused(f"{seat.platform.title} does not let a person do that.") from error

    async def _done(self, seat: Seat, act: AnyAct) -> None:
        match act:
            case Say():
                await self._say(seat, act)
            case Change(room=room, message=message, text=text):
                target = MessageId(message)
                writer = _writer(seat, room, target)
                await seat.platform.edit(room, writer, target, typed(text))
                seat.written[room, target] = Written(writer, text)
            case Remove(room=room, message=message):
                target = MessageId(message)
                await seat.platform.delete(room, _writer(seat, room, target), target)
            case React():
                await self._react(seat, act)

    async def _say(self, seat: Seat, act: Say) -> None:
        if act.text.startswith(_EMOTE) and act.in_reply_to is None and Ability.EMOTE in seat.can:
            new = await seat.platform.emote(act.room, act.person, typed(act.text.removeprefix(_EMOTE)))
        else:
            answered = None if act.in_reply_to is None else MessageId(act.in_reply_to)
            new = await seat.platform.say(act.room, act.person, typed(act.text), in_reply_to=answered)
        seat.written[act.room, new] = Written(act.person, act.text)

    async def _react(self, seat: Seat, act: React) -> None:
        if act in self._reactions:
            await seat.platform.unreact(act.room, act.person, MessageId(act.message), act.emoji)
            self._reactions.discard(act)
        else:
            await seat.platform.react(act.room, act.person, MessageId(act.message), act.emoji)
            self._reactions.add(act)


def _writer(seat: Seat, room: str, message: MessageId) -> str:
    written = seat.written.get((room, message))
    if written is None:
        raise Refused("Only who wrote a message may change it.")
    return written.person


def typed(text: str) -> Rich:
    """What somebody typed, as a tree: Markdown, as most clients take it."""
    return parse(text) or said(text.strip())
