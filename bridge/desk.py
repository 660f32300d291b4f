"""What an event in a private conversation means, and what agents get of it. Pure: no I/O, no clock, no state.

A person's words go to the thread of their conversation. Of the agents' words only answers go to the person.
"""

from datetime import datetime, timedelta

from msgspec import Struct, structs

from bridge.config import Desk
from bridge.events import (
    Deleted,
    Edited,
    Manner,
    Posted,
    Reacted,
    Relayed,
    Tallied,
    Unreacted,
    User,
)  # fmt: skip
from bridge.ids import EventId, MessageId, RoomId, RoomNumber, ThreadId, UserId
from bridge.people import bare, label
from bridge.store.conversations import Conversation, Join, Private, State, Turn
from bridge.text.mapped import renamed
from bridge.text.nodes import Mention, Rich, said

_MARK = "\x1fdesk"
"""What no platform's thread begins with."""
_NOBODY = "Guest"
_MOST_DIGITS = 6
"""A name with more digits than this may be a phone number."""
BRIDGE = User(id=UserId(""), name="")
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
    again = (note(event, talk, desk, "The person writes again: the conversation is open."),) if talk.state else ()
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
        id=derived(event, "root"), room=RoomId(""), at=event.at, thread=thread, message=(MessageId(thread),),
        author=BRIDGE, text=said(name), manner=Manner.NOTICE, thread_name=name,
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
        id=derived(event, f"told {index}"), room=RoomId(""), at=event.at, message=(), author=BRIDGE, text=said(text)
    )
    return Passage(event=words, room=None, to=private.room, private=private)


def _long_ago(at: int | None, now: datetime) -> bool:
    return at is None or now.timestamp() - at / 1000 >= _AWAY_AGAIN.total_seconds()


def unaddressed(text: Rich) -> Rich:
    """The text with its mentions as mere names."""
    return renamed(text, lambda mention: Mention(mention.name, None))


def note(event: Relayed, talk: Conversation, desk: Desk, text: str, kind: str = "note") -> Passage:
    """Words of the bridge's own in the thread, told once of an event."""
    words = Posted(
        id=derived(event, kind), room=RoomId(""), thread=thread_of(talk), thread_name=title(talk, desk), at=event.at,
        message=(), author=BRIDGE, text=said(text), manner=Manner.NOTICE,
    )  # fmt: skip
    return Passage(event=words, room=talk.rooms[0].room if talk.rooms else None, to=talk.agents)


def derived(event: Relayed, kind: str) -> EventId:
    """The id of what follows from an event: when the event comes again, so does this, and both are known."""
    return EventId(f"{event.id}\x1f{kind}")
