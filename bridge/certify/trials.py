"""What is tried on the platform, one thing at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from msgspec import Struct

from bridge.asked import Deletion, Edit, Person, Reaction, Target
from bridge.capabilities import Relation
from bridge.certify.companion import Companion, Declined
from bridge.certify.report import Line, Verdict
from bridge.certify.stand import Failed, Stand
from bridge.connector import Connector
from bridge.errors import BridgeError, Unsupported
from bridge.events import AnyEvent, Deleted, Edited, Kind, Posted, Reacted, Unreacted
from bridge.ids import MessageId, PersonNumber
from bridge.testing.samples import taken
from bridge.text.nodes import Bold, Link, Paragraph, Text
from bridge.text.plain import plain

E = TypeVar("E", bound=AnyEvent)
_LINES: Final = 10
_SELF: Final = Person(number=PersonNumber(1), name="Qantara")


class Absent(Exception):
    """The platform has none of it, as the connector says itself."""


class Scene:
    """The stand and the companion, with words that nobody said before. `patience` in seconds, for people to act."""

    def __init__(self, stand: Stand, companion: Companion, patience: float) -> None:
        self.stand, self.companion = stand, companion
        self._patience, self._said = patience, 0

    def words(self, what: str) -> str:
        """Words of one line, never the same twice."""
        self._said += 1
        return f"{what} {self.stand.host.chance.token(4)}{self._said}"

    def needs(self, feature: Callable[..., Any], what: str) -> None:
        """Nothing is tried that the connector does not claim."""
        if not self.stand.connector.can(feature):
            raise Absent(f"no {what}")

    async def sent(self, what: str, **more: Any) -> tuple[str, Target]:  # noqa: ANN401 - Outgoing's fields
        """Words of ours that are read, and what points at them."""
        words = self.words(what)
        ids = await self.stand.send(self.stand.outgoing(words, **more))
        await self.read(words)
        return words, self.target(ids)

    def target(self, ids: tuple[MessageId, ...]) -> Target:
        return Target(room=self.stand.place.room, thread=self.stand.place.thread, parts=ids)

    async def read(self, words: str) -> None:
        if not await self.companion.reads(words):
            raise Failed("it is not read in the room, or not once")

    async def heard(self, what: str) -> tuple[str, Posted]:
        """Words of the companion, and their event."""
        words = self.words(what)
        await self.companion.write(words)
        return words, await self.event(Posted, lambda event: plain(event.text) == words)

    async def event(self, kind: type[E], fact: Callable[[E], bool]) -> E:
        """The first such event; `Declined` when the companion gives up or the time is over."""
        stand = self.stand
        seen = asyncio.create_task(stand.host.when(lambda: stand.found(kind, fact)))
        tired = asyncio.create_task(self.companion.gives_up())
        await asyncio.wait({seen, tired}, timeout=self._patience, return_when=asyncio.FIRST_COMPLETED)
        for task in (seen, tired):
            task.cancel()
        await asyncio.gather(seen, tired, return_exceptions=True)
        events = stand.found(kind, fact)
        if not events:
            raise Declined(f"no {kind.__name__} was published")
        return events[0]


class Trial(Struct, frozen=True):
    """One thing that is tried, in a sentence."""

    sentence: str
    act: Callable[[Scene], Awaitable[None]]


async def tried(trial: Trial, scene: Scene) -> Line:
    """What one trial shows."""
    try:
        await trial.act(scene)
    except (Absent, Unsupported, Declined) as why:
        return Line(trial.sentence, Verdict.MISSING, str(why))
    except (Failed, BridgeError) as why:
        return Line(trial.sentence, Verdict.BROKEN, str(why) or type(why).__name__)
    except Exception as error:  # noqa: BLE001 - whatever a connector raises is what the report is about
        return Line(trial.sentence, Verdict.BROKEN, f"{type(error).__name__} in the connector")
    return Line(trial.sentence, Verdict.KEPT)


async def _sent_is_read(scene: Scene) -> None:
    await scene.sent("sent")


async def _same_words_are_two_messages(scene: Scene) -> None:
    words = scene.words("again")
    for _ in range(2):
        await scene.stand.send(scene.stand.outgoing(words))
    if not await scene.companion.reads_in_order([words, words]):
        raise Failed("the same words under two keys are not read twice")


async def _order_is_kept(scene: Scene) -> None:
    lines = [scene.words(f"line {number}") for number in range(_LINES)]
    step = scene.stand.can.in_flight
    for first in range(0, _LINES, step):
        async with asyncio.TaskGroup() as group:
            for line in lines[first : first + step]:
                group.create_task(scene.stand.send(scene.stand.outgoing(line)))
    if not await scene.companion.reads_in_order(lines):
        raise Failed("they are not all read in order")


async def _longest_is_whole(scene: Scene) -> None:
    most = scene.stand.can.max_text
    begin = scene.words("long")
    words = f"{begin} {'x' * (most - len(begin) - 2)}."
    await scene.stand.send(scene.stand.outgoing(words))
    await scene.read(words)


async def _formatting_is_shown(scene: Scene) -> None:
    shown = scene.stand.can.formatting
    if Bold not in shown and Link not in shown:
        raise Absent("no formatting")
    words = scene.words("formatted")
    node, look = (Bold((Text(words),)), "bold") if Bold in shown else (Link((Text(words),), _PAGE), "as a link")
    await scene.stand.send(scene.stand.outgoing((Paragraph((node,)),)))
    await _sees(scene, words, look)


_PAGE: Final = "https://example.org/a?b=1&c=2"


async def _sees(scene: Scene, words: str, look: str) -> None:
    if not await scene.companion.sees(words, look):
        raise Failed(f"it is not shown {look}")


async def _edit_is_read(scene: Scene) -> None:
    scene.needs(Connector.edit, "edits")
    _, target = await scene.sent("before the edit")
    other, _ = await scene.sent("not edited")
    words = scene.words("after the edit")
    await scene.stand.connector.edit(Edit(target=_pointed(target), content=scene.stand.outgoing(words)))
    await scene.read(words)
    await scene.read(other)


async def _deletion_takes_away(scene: Scene) -> None:
    scene.needs(Connector.delete, "deletions")
    words, target = await scene.sent("soon gone")
    await scene.stand.connector.delete(Deletion(target=_pointed(target), key=scene.stand.key(), by=_SELF))
    if not await scene.companion.misses(words):
        raise Failed("it is still there")


def _pointed(target: Target) -> Target:
    if not target.parts:
        raise Absent("the platform gives no ids here")
    return target


async def _answer_hangs(scene: Scene) -> None:
    if Relation.REPLY not in scene.stand.can.relations:
        raise Absent("no replies")
    asked, event = await scene.heard("a question")
    answered = scene.target(event.message)
    words, _ = await scene.sent("an answer", in_reply_to=answered)
    await _sees(scene, words, f"as an answer to “{asked}”")


async def _reaction_is_shown(scene: Scene) -> None:
    scene.needs(Connector.react, "reactions")
    words, event = await scene.heard("good news")
    target, emoji = scene.target(event.message), _emoji(scene)
    react = scene.stand.connector.react
    native = await react(Reaction(target=target, emoji=emoji, wanted=(emoji,), key=scene.stand.key(), by=_SELF))
    await _sees(scene, words, f"with {emoji}")
    key = scene.stand.key()
    await react(Reaction(target=target, emoji=emoji, wanted=(), key=key, native=native, by=_SELF))
    await _sees(scene, words, "without any reaction")


def _emoji(scene: Scene) -> str:
    allowed = scene.stand.can.reactions
    return "👍" if allowed is None or "👍" in allowed else min(allowed)


async def _picture_is_shown(scene: Scene) -> None:
    limit = scene.stand.can.media.get(Kind.IMAGE)
    words = scene.words("a picture")
    upload = None if limit is None else taken(Kind.IMAGE, limit, words)
    if upload is None or not scene.stand.can.max_caption:
        raise Absent("no pictures with words under them")
    file = scene.stand.host.keep(upload)
    await scene.stand.send(scene.stand.outgoing(words, files=(file,)))
    await _sees(scene, words, "under a picture")


async def _said_is_heard(scene: Scene) -> None:
    words, event = await scene.heard("said")
    if event.room != scene.stand.place.room:
        raise Failed("it is heard in another room")
    if not event.author.name or event.at.utcoffset() is None:
        raise Failed("it has no author's name, or a time without a zone")
    again = scene.stand.found(Posted, lambda event: plain(event.text) == words)
    if len(again) > 1:
        raise Failed(f"it is heard {len(again)} times")


async def _edit_is_heard(scene: Scene) -> None:
    words, first = await scene.heard("to be edited")
    for into in (scene.words("edited"), scene.words("edited again")):
        await scene.companion.change(words, into)
        event = await scene.event(Edited, lambda event, into=into: plain(event.text) == into)  # type: ignore[misc]
        if event.replaces not in first.message:
            raise Failed("the edit speaks of another message")
        words = into


async def _deletion_is_heard(scene: Scene) -> None:
    words, first = await scene.heard("to be deleted")
    await scene.companion.take_back(words)
    await scene.event(Deleted, lambda event: event.message in first.message)


async def _answer_is_heard(scene: Scene) -> None:
    words, target = await scene.sent("answer me")
    await scene.sent("not this")
    answer = scene.words("the answer")
    await scene.companion.answer(answer, words)
    event = await scene.event(Posted, lambda event: plain(event.text) == answer)
    if event.in_reply_to is None:
        raise Absent("people's answers do not say to what")
    if event.in_reply_to not in target.parts:
        raise Failed("the answer speaks of another message")


async def _reaction_is_heard(scene: Scene) -> None:
    words, target = await scene.sent("like me")
    emoji = _emoji(scene)
    await scene.companion.react(words, emoji)
    await scene.event(Reacted, lambda event: event.message in target.parts and event.emoji == emoji)
    if scene.stand.found(Unreacted, lambda event: event.message in target.parts):
        raise Failed("the reaction is said to be taken back")


async def _picture_is_heard(scene: Scene) -> None:
    words = scene.words("my picture")
    await scene.companion.send_picture(words)
    event = await scene.event(Posted, lambda event: plain(event.text) == words and bool(event.attachments))
    scene.needs(Connector.fetch, "files that people send")
    size = 0
    async for piece in scene.stand.connector.fetch(event.attachments[0]):
        size += len(piece)
    if not size:
        raise Failed("the picture is empty")


async def _nothing_is_twice(scene: Scene) -> None:
    ids = [event.id for event in scene.stand.host.events]
    if len(ids) != len(set(ids)) or scene.stand.host.repeated:
        raise Failed("two events share an id")


TRIALS: Final = (
    Trial("what is sent is read", _sent_is_read),
    Trial("the same words, sent twice, are read twice", _same_words_are_two_messages),
    Trial("ten messages are read in their order", _order_is_kept),
    Trial("the longest text is read whole", _longest_is_whole),
    Trial("formatting is shown", _formatting_is_shown),
    Trial("an edit of ours is read", _edit_is_read),
    Trial("a deletion of ours takes the message away", _deletion_takes_away),
    Trial("what a person says is heard once, with a name and a time", _said_is_heard),
    Trial("an answer of ours hangs on what it answers", _answer_hangs),
    Trial("a reaction of ours is shown, and taken back", _reaction_is_shown),
    Trial("a picture of ours is shown with its words", _picture_is_shown),
    Trial("a person's edit is heard", _edit_is_heard),
    Trial("a person's deletion is heard", _deletion_is_heard),
    Trial("a person's answer is heard as one", _answer_is_heard),
    Trial("a person's reaction is heard", _reaction_is_heard),
    Trial("a person's picture is heard, and can be fetched", _picture_is_heard),
    Trial("no event has the id of another", _nothing_is_twice),
)
"""In this order: the first ones speak of nothing that the later ones try."""
