"""What an event in a private conversation, or in the room of its agents, means. Pure: no I/O, no clock, no state.

A person's words go to the thread of their conversation. Of the agents' words only answers go to the person.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TypeAlias, Union

from msgspec import Struct, structs

from bridge.config import Answer, Desk
from bridge.desk_commands import HELP, Command, Word, command
from bridge.events import (
    Deleted,
    Edited,
    Failure,
    Left,
    Manner,
    Posted,
    Reacted,
    Relayed,
    SendFailed,
    Tallied,
    Unreacted,
    User,
)  # fmt: skip
from bridge.ids import AccountName, EventId, MessageId, RoomId, RoomNumber, ThreadId, UserId
from bridge.people import bare, label
from bridge.store.conversations import Conversation, Join, Overheard, Private, State, Turn
from bridge.text.mapped import renamed
from bridge.text.nodes import Mention, Rich, said

_MARK = "\x1fdesk"
"""What no platform's thread begins with."""
_NOBODY = "Guest"
_MOST_DIGITS = 6
"""A name with more digits than this may be a phone number."""
_BRIDGE = User(id=UserId(""), name="")
_AWAY_AGAIN = timedelta(hours=12)


class Passage(Struct, frozen=True, kw_only=True):
    """An event that goes to a room: `room` is where it happened, None for the bridge's own words to a person.

    `private` is the target where it is a person's; `root`: it stands for the thread of a conversation.
    """

    event: Relayed
    room: RoomNumber | None
    to: RoomNumber
    by: User | None = None
    private: Private | None = None
    root: ThreadId | None = None
    late: bool = False
    """It goes as the desk's template: the person wrote too long ago."""


class Ruling(Struct, frozen=True):
    """What follows from an event: what goes where, what conversations become, and which are one from now on."""

    passages: tuple[Passage, ...] = ()
    turns: tuple[Turn, ...] = ()
    join: Join | None = None


NOTHING = Ruling()
Change: TypeAlias = Union[Edited, Deleted, Reacted, Unreacted, Tallied]


def thread_of(talk: Conversation) -> ThreadId:
    """What the thread of a conversation is called where its person writes."""
    return ThreadId(f"{_MARK} {talk.agents} {talk.number}")


def handle(thread: ThreadId | None) -> int | None:
    """The number of the conversation whose thread this is."""
    if thread is None or not thread.startswith(_MARK):
        return None
    return int(thread.rpartition(" ")[2])


def link_of(desk: str) -> str:
    """What the rows of a desk have for a link: none of a configuration, so that they never expire."""
    return f"(desk {desk})"


def late_link_of(desk: str) -> str:
    """The same for answers to people who wrote too long ago: they go as the desk's template."""
    return f"(desk {desk}, late)"


def is_late(link: str) -> bool:
    """Whether a row is an answer to somebody who wrote too long ago."""
    return link.startswith("(desk ") and link.endswith(", late)")


def chosen(user: User, native: RoomId) -> str:
    """The name that a person chose, unless it tells an id or a number of theirs."""
    name, digits = user.name.strip(), sum(map(str.isdigit, user.name))
    return _NOBODY if not name or digits > _MOST_DIGITS or user.id in name or native in name else name


def title(talk: Conversation, desk: Desk) -> str:
    """What the thread of a conversation is called."""
    name = f"#{talk.number} {bare(label(talk.title))}"
    ids = ", ".join(private.native for private in talk.rooms) if desk.show_ids else ""
    return f"{name} ({ids})" if ids else name


# --- the person ---


def heard(  # noqa: PLR0913, PLR0917 - what a person's act is judged by
    event: Relayed, private: Private, talk: Conversation, desk: Desk, now: datetime, window: timedelta | None
) -> Ruling:
    """A person wrote, or changed something: the agents see it in the thread."""
    if talk.state is State.BLOCKED:
        return NOTHING
    if isinstance(event, Posted):
        return _wrote(event, private, talk, desk, now, window)
    return shown(event, private, talk)


def shown(event: Relayed, private: Private, talk: Conversation) -> Ruling:
    """The agents see it in the thread, and nothing follows: an edit, or what somebody else wrote in our own name."""
    by = event.author if isinstance(event, (Posted, Edited)) else event.by
    seen = _anonymous(event, by, talk, private)
    return Ruling((Passage(event=seen, room=private.room, to=talk.agents, by=_seen(by, talk, private)),))


def _wrote(  # noqa: PLR0913, PLR0917 - as above
    event: Posted, private: Private, talk: Conversation, desk: Desk, now: datetime, window: timedelta | None
) -> Ruling:
    at, name = int(now.timestamp() * 1000), title(talk, desk)
    begin = () if talk.rooted else (_root(event, private, talk, name),)
    shown = _anonymous(event, event.author, talk, private)
    words = Passage(
        event=structs.replace(shown, thread_name=name), room=private.room, to=talk.agents,
        by=_seen(event.author, talk, private),
    )  # fmt: skip
    again = (_note(event, talk, desk, "The person writes again: the conversation is open."),) if talk.state else ()
    greets = bool(desk.greeting) and talk.greeted_at is None
    away = bool(desk.away) and not desk.hours.open(now) and _long_ago(talk.away_at, now)
    told = [text for text, due in ((desk.greeting, greets), (desk.away, away)) if due]
    turn = Turn(
        conversation=talk.number, state=State.OPEN, title=chosen(event.author, private.native), heard=private.room,
        heard_at=at, window_until=None if window is None else at + int(window.total_seconds() * 1000),
        waits_since=at if talk.waits_since is None else talk.waits_since, root=None if talk.rooted else thread_of(talk),
    )  # fmt: skip
    turn = structs.replace(turn, greeted_at=at) if greets else turn
    turn = structs.replace(turn, away_at=at) if away else turn
    tells = (_to_person(event, private, text, index) for index, text in enumerate(told))
    return Ruling((*begin, *again, words, *tells), (turn,))


def _root(event: Posted, private: Private, talk: Conversation, name: str) -> Passage:
    thread = thread_of(talk)
    root = Posted(
        id=_derived(event, "root"), room=RoomId(""), at=event.at, thread=thread, message=(MessageId(thread),),
        author=_BRIDGE, text=said(name), manner=Manner.NOTICE, thread_name=name,
    )  # fmt: skip
    return Passage(event=root, room=private.room, to=talk.agents, root=thread)


def _anonymous(event: Relayed, by: User | None, talk: Conversation, private: Private) -> Relayed:
    """The same in the conversation's thread, with nothing of the person but the chosen name and the words."""
    event = structs.replace(event, room=RoomId(""), thread=thread_of(talk))
    match event:
        case Posted():
            return structs.replace(event, author=_seen(event.author, talk, private), text=unaddressed(event.text))
        case Edited():
            return structs.replace(event, author=_seen(event.author, talk, private), text=unaddressed(event.text))
        case Deleted() | Reacted() | Unreacted() | Tallied():
            return structs.replace(event, by=None if by is None else _seen(by, talk, private))


def _seen(by: User | None, talk: Conversation, private: Private) -> User:
    """Somebody as the agents see them: of a deletion or a vote nobody may say whose it is."""
    if by is None:
        return User(id=UserId(private.native), name=talk.title)
    return User(id=by.id, name=chosen(by, private.native))


def _to_person(event: Posted, private: Private, text: str, index: int) -> Passage:
    """The desk's own words to the person."""
    words = Posted(
        id=_derived(event, f"told {index}"), room=RoomId(""), at=event.at, message=(), author=_BRIDGE, text=said(text)
    )
    return Passage(event=words, room=None, to=private.room, private=private)


def _long_ago(at: int | None, now: datetime) -> bool:
    return at is None or now.timestamp() - at / 1000 >= _AWAY_AGAIN.total_seconds()


def unaddressed(text: Rich) -> Rich:
    """The text with its mentions as mere names."""
    return renamed(text, lambda mention: Mention(mention.name, None))


# --- the agents ---


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
    return Ruling((_note(spoken.event, talk, desk, text),), (turn,))


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
    there = _note(
        spoken.event, other, desk, f"{spoken.name} joined this with #{talk.number}: it goes on there.", "left"
    )
    join = Join(conversation=talk.number, other=other.number, thread=thread_of(talk))
    return Ruling((_note(spoken.event, talk, desk, text), there), join=join)


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
    return Ruling((structs.replace(goes, late=True), _note(spoken.event, talk, desk, text)), (turn,))


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
    return User(id=by.id, name=desk.shown_as.replace("{name}", by.name)) if desk.shown_as else _BRIDGE


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


# --- the bridge's own words to the agents ---


def who(talk: Conversation, desk: Desk, now: datetime) -> str:
    """What the agents may know of a conversation."""
    networks = ", ".join(dict.fromkeys(private.account for private in talk.rooms))
    lines = [f"{title(talk, desk)}, on {networks}", f"The conversation is {talk.state.name.lower()}."]
    if talk.claimed_by is not None:
        lines.append(f"{talk.claimant} answers it.")
    if talk.waits_since is not None:
        lines.append(f"The person has waited {_minutes(now, talk.waits_since)} for an answer.")
    until = [private.window_until for private in talk.rooms if private.window_until is not None]
    if until:
        ends = max(until) / 1000 - now.timestamp()
        lines.append(f"They can be written to for {_lasts(ends)}." if ends > 0 else "They have to write first.")
    return "\n".join(lines)


def _minutes(now: datetime, since: int) -> str:
    return _lasts(now.timestamp() - since / 1000)


def _lasts(seconds: float) -> str:
    minutes = max(1, round(seconds / 60))
    if minutes < 120:  # noqa: PLR2004 - two hours
        return "a minute" if minutes == 1 else f"{minutes} minutes"
    return f"{minutes // 60} hours"


def alarmed(talk: Conversation, desk: Desk, now: datetime) -> Ruling:
    """The person waits for an answer longer than the desk wants."""
    text = f"{bare(label(talk.title))} has waited {_minutes(now, talk.waits_since or 0)} for an answer."
    note = noted(talk, desk, text, f"alarm {talk.number} {talk.waits_since}", now)
    return Ruling((note,), (Turn(conversation=talk.number, alarmed=1),))


def closing(talk: Conversation, desk: Desk, now: datetime, before: int) -> Ruling:
    """The platform lets the person be written to only for a while; they wait for an answer."""
    at, passages, turns = int(now.timestamp() * 1000), [], []
    for private in talk.rooms:
        until = private.window_until
        if until is not None and at < until <= before:
            text = f"{bare(label(talk.title))} can be answered for {_lasts((until - at) / 1000)} more."
            passages.append(noted(talk, desk, text, f"closing {private.room} {until}", now))
            turns.append(Turn(conversation=talk.number, warned=private.room))
    return Ruling(tuple(passages), tuple(turns))


_DIGITS = re.compile(r"\d{7,}")


def failed(event: SendFailed, private: Private, talk: Conversation, desk: Desk) -> Ruling:
    """The platform took an answer and did not deliver it: the agents see that behind the answer."""
    why = _DIGITS.sub("…", event.reason.replace(private.native, "…"))
    turns: tuple[Turn, ...] = ()
    match event.failure:
        case Failure.CLOSED:
            text, turns = f"Not delivered: {why}. {_CLOSED}", (Turn(conversation=talk.number, closed=private.room),)
        case Failure.LOST:
            text = f"Not delivered: {why}. It may be sent again."
        case Failure.REFUSED:
            text = f"Not delivered: {why}."
    note = noted(talk, desk, text, f"{event.id}", event.at)
    words = structs.replace(note.event, in_reply_to=event.message) if isinstance(note.event, Posted) else note.event
    return Ruling((structs.replace(note, event=words, room=private.room),), turns)


_CLOSED = "The person has to write first."


def left(event: Left, talk: Conversation, desk: Desk) -> Ruling:
    """The person wants to hear nothing any more."""
    return Ruling((noted(talk, desk, "The person left, and hears nothing any more.", f"{event.id}", event.at),))


def noted(talk: Conversation, desk: Desk, text: str, cause: str, at: datetime) -> Passage:
    """Words of the bridge's own in the thread of a conversation; told once of their cause."""
    event = Deleted(id=EventId(cause), room=RoomId(""), at=at, message=MessageId(""))
    return _note(event, talk, desk, text)


def _note(event: Relayed, talk: Conversation, desk: Desk, text: str, kind: str = "note") -> Passage:
    """Words of the bridge's own in the thread."""
    words = Posted(
        id=_derived(event, kind), room=RoomId(""), thread=thread_of(talk), thread_name=title(talk, desk), at=event.at,
        message=(), author=_BRIDGE, text=said(text), manner=Manner.NOTICE,
    )  # fmt: skip
    return Passage(event=words, room=talk.rooms[0].room if talk.rooms else None, to=talk.agents)


def _told(spoken: Spoken, talk: Conversation | None, desk: Desk, text: str) -> Ruling:
    """An answer to the agent: in the thread, or in the room where no conversation is meant."""
    if talk is not None:
        return Ruling((_note(spoken.event, talk, desk, text),))
    words = Posted(
        id=_derived(spoken.event, "note"), room=RoomId(""), at=spoken.event.at, message=(), author=_BRIDGE,
        text=said(text), manner=Manner.NOTICE,
    )  # fmt: skip
    return Ruling((Passage(event=words, room=None, to=spoken.room),))


def _derived(event: Relayed, kind: str) -> EventId:
    """The id of what follows from an event: when the event comes again, so does this, and both are known."""
    return EventId(f"{event.id}\x1f{kind}")


__all__ = [
    "NOTHING",
    "Passage",
    "Ruling",
    "Spoken",
    "alarmed",
    "chosen",
    "claimed_by_other",
    "closing",
    "failed",
    "handle",
    "heard",
    "is_late",
    "late_link_of",
    "left",
    "link_of",
    "noted",
    "overheard",
    "shown",
    "thread_of",
    "title",
    "unaddressed",
    "who",
]
