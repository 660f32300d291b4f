"""What agents do in their room: which words are answers, commands or talk. Pure: no I/O, no clock, no state."""

from collections.abc import Iterator
from datetime import datetime
from typing import TypeAlias, Union

from msgspec import Struct, structs

from bridge.config import Answer, Desk
from bridge.desk import BRIDGE, NOTHING, Passage, Ruling, derived, link_of, note, thread_of, unaddressed
from bridge.desk_commands import HELP, Command, Word, command
from bridge.desk_notes import who
from bridge.events import Deleted, Edited, Manner, Posted, Reacted, Relayed, Tallied, Unreacted, User
from bridge.ids import AccountName, RoomId, RoomNumber, UserId
from bridge.people import bare, label
from bridge.store.conversations import Conversation, Join, Overheard, Private, State, Turn
from bridge.text.nodes import Rich, said

Change: TypeAlias = Union[Edited, Deleted, Reacted, Unreacted, Tallied]


class Spoken(Struct, frozen=True, kw_only=True):
    """An agent's act, with what the store knows of it."""

    event: Relayed
    by: User
    account: AccountName
    room: RoomNumber
    """Where it happened."""
    heard: Overheard
    now: datetime

    @property
    def at(self) -> int:
        """When, in milliseconds."""
        return int(self.now.timestamp() * 1000)

    @property
    def name(self) -> str:
        """Who."""
        return bare(label(self.by.name))


def overheard(spoken: Spoken, desk: Desk, other: Conversation | None = None) -> Ruling:
    """An agent wrote, or changed something. `other` is the conversation that `!join` names."""
    event, talk = spoken.event, spoken.heard.conversation
    talk = talk if talk is not None and talk.agents == spoken.room else None
    if not isinstance(event, Posted):
        return _changed(spoken, event, desk)
    word = command(event.text)
    if word is None:
        answers = spoken.heard.theirs and Answer.REPLIES in desk.answers and talk is not None
        return _answered(spoken, talk, desk, event.text) if answers and talk is not None else NOTHING
    if word.word is None:
        return _told(spoken, talk, desk, f"There is no !{word.name}. {HELP}")
    if word.word is Word.HELP:
        return _told(spoken, talk, desk, HELP)
    if talk is None:
        return _told(spoken, None, desk, f"Which conversation? Write !{word.name} in its thread, or !{word.name} #12.")
    return _commanded(spoken, talk, desk, word, other)


def _commanded(spoken: Spoken, talk: Conversation, desk: Desk, word: Command, other: Conversation | None) -> Ruling:
    match word.word:
        case Word.REPLY:
            return _answered(spoken, talk, desk, word.rest)
        case Word.CLOSE:
            turn = _over(talk, State.CLOSED)
            text = f"Closed by {spoken.name}. It opens again when the person writes."
        case Word.BLOCK:
            turn = _over(talk, State.BLOCKED)
            text = f"Blocked by {spoken.name}: what the person writes is not shown any more. !unblock ends that."
        case Word.UNBLOCK:
            turn, text = Turn(conversation=talk.number, state=State.OPEN), f"Unblocked by {spoken.name}."
        case Word.CLAIM:
            turn = _claimed(Turn(conversation=talk.number), spoken, None)
            text = f"{spoken.name} answers this conversation now. !release gives it back."
        case Word.RELEASE:
            turn, text = _unclaimed(Turn(conversation=talk.number)), f"Released by {spoken.name}: anybody may answer."
        case Word.WHO:
            return _told(spoken, talk, desk, who(talk, desk, spoken.now))
        case Word.JOIN:
            return _joined(spoken, talk, desk, other)
        case Word.HELP | None:
            return NOTHING
    return Ruling((note(spoken.event, talk, desk, text),), (turn,))


def _over(talk: Conversation, state: State) -> Turn:
    return _unclaimed(Turn(conversation=talk.number, state=state, waits_since=None, alarmed=0))


def _unclaimed(turn: Turn) -> Turn:
    return structs.replace(turn, claimed_by=None, claimant="", claimed_at=None)


def _claimed(turn: Turn, spoken: Spoken, at: int | None) -> Turn:
    """`at` None: until it is released."""
    return structs.replace(
        turn, claimed_by=spoken.by.id, by_account=spoken.account, claimant=spoken.name, claimed_at=at
    )


def _joined(spoken: Spoken, talk: Conversation, desk: Desk, other: Conversation | None) -> Ruling:
    if other is None or other.number == talk.number or other.agents != talk.agents:
        return _told(spoken, talk, desk, "With which conversation? Write !join #14 in the thread that is to stay.")
    text = (
        f"{spoken.name} joined #{other.number} {bare(label(other.title))} with this: what they write stands here now."
    )
    there = note(spoken.event, other, desk, f"{spoken.name} joined this with #{talk.number}: it goes on there.", "left")
    join = Join(conversation=talk.number, other=other.number, thread=thread_of(talk))
    return Ruling((note(spoken.event, talk, desk, text), there), join=join)


def _answered(spoken: Spoken, talk: Conversation, desk: Desk, text: Rich) -> Ruling:
    """The words go to the person, unless somebody else is answering them."""
    event, private = spoken.event, _where(spoken.heard, talk)
    if not isinstance(event, Posted) or private is None:
        return NOTHING
    if talk.state is State.BLOCKED:
        return _told(spoken, talk, desk, "Not sent: the person is blocked. !unblock ends that.")
    if claimed_by_other(talk, spoken.heard.speaker, desk, spoken.now):
        why = f"Not sent: {talk.claimant} answers this conversation. !claim takes it over."
        return _told(spoken, talk, desk, why)
    if not text and not event.attachments:
        return _told(spoken, talk, desk, "Not sent: there are no words behind !reply.")
    hangs = spoken.heard.theirs or private in spoken.heard.sent
    answer = structs.replace(
        event, room=RoomId(""), thread=None, thread_name="", text=unaddressed(text),
        author=_agent(spoken.by, desk), in_reply_to=event.in_reply_to if hangs else None,
    )  # fmt: skip
    turn = Turn(conversation=talk.number, state=State.OPEN, waits_since=None, alarmed=0)
    if desk.claim is not None and not (talk.claimed_by is not None and talk.claimed_at is None):
        turn = _claimed(turn, spoken, spoken.at)
    goes = Passage(event=answer, room=spoken.room, to=private.room, by=_by(spoken.by, desk), private=private)
    if private.window_until is None or private.window_until > spoken.at:
        return Ruling((goes,), (turn,))
    return _answered_late(spoken, talk, desk, goes, turn)


def _answered_late(spoken: Spoken, talk: Conversation, desk: Desk, goes: Passage, turn: Turn) -> Ruling:
    """The platform lets nobody write who was written to so long ago: a template goes, or the answer waits."""
    if desk.template is None and goes.private is not None:
        private = structs.replace(goes.private, late=_TOO_LATE)
        return Ruling((structs.replace(goes, private=private),), (turn,))
    text = f"The person wrote too long ago: this goes as the template {desk.template.name if desk.template else ''}."
    return Ruling((structs.replace(goes, late=True), note(spoken.event, talk, desk, text)), (turn,))


_TOO_LATE = "the person wrote too long ago, and has to write first"


def claimed_by_other(talk: Conversation, speaker: str, desk: Desk, now: datetime) -> bool:
    """Whether another agent answers the conversation, and did so lately or said so."""
    if talk.claimed_by is None or talk.claimed_by == speaker:
        return False
    if talk.claimed_at is None:
        return True
    return desk.claim is not None and now.timestamp() - talk.claimed_at / 1000 < desk.claim.total_seconds()


def _where(found: Overheard, talk: Conversation) -> Private | None:
    """Where the person is answered: where the words were written that are answered, else where they wrote last."""
    mine = {private.room for private in talk.rooms}
    nearest = (found.place,) if found.place is not None else ()
    return next((private for private in (*nearest, *found.sent, *talk.rooms) if private.room in mine), None)


def _agent(by: User, desk: Desk) -> User:
    """An agent as the person sees them."""
    return User(id=by.id, name=desk.shown_as.replace("{name}", by.name)) if desk.shown_as else BRIDGE


def _by(by: User, desk: Desk) -> User | None:
    """Whose words the store says that they are: a desk whose agents have one name speaks as one person."""
    if not desk.shown_as:
        return None
    return (
        User(id=by.id, name=by.name)
        if "{name}" in desk.shown_as
        else User(id=UserId(link_of(desk.name)), name=desk.shown_as)
    )


def _changed(spoken: Spoken, event: Change, desk: Desk) -> Ruling:
    """What an agent changes follows an answer to where it went; a reaction on a person's words goes there."""
    found = spoken.heard
    if isinstance(event, (Reacted, Unreacted)):
        place = found.place if found.theirs and Answer.REACTIONS in desk.answers else None
        return Ruling(tuple(_follows(spoken, event, desk, (place,) if place is not None else ())))
    return Ruling(tuple(_follows(spoken, event, desk, found.sent)))


def _follows(spoken: Spoken, event: Change, desk: Desk, rooms: tuple[Private, ...]) -> Iterator[Passage]:
    event = structs.replace(event, room=RoomId(""), thread=None)
    if isinstance(event, Edited):
        word = command(event.text)
        event = structs.replace(
            event, text=unaddressed(word.rest if word else event.text), author=_agent(spoken.by, desk)
        )
    else:
        event = structs.replace(event, by=_agent(spoken.by, desk))
    for private in rooms:
        yield Passage(event=event, room=spoken.room, to=private.room, by=_by(spoken.by, desk), private=private)


def _told(spoken: Spoken, talk: Conversation | None, desk: Desk, text: str) -> Ruling:
    """An answer to the agent: in the thread, or in the room where no conversation is meant."""
    if talk is not None:
        return Ruling((note(spoken.event, talk, desk, text),))
    words = Posted(
        id=derived(spoken.event, "note"), room=RoomId(""), at=spoken.event.at, message=(), author=BRIDGE,
        text=said(text), manner=Manner.NOTICE,
    )  # fmt: skip
    return Ruling((Passage(event=words, room=None, to=spoken.room),))
