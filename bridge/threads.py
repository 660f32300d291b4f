"""Where a message of a thread stands in a room that hears it. Pure: no I/O, no state.

Some threads are messages (any may begin one), others stand by themselves and have a name, such as forum topics.
A thread of the second kind gets a first message in rooms whose threads are messages: an event of its own, once.
"""

from collections.abc import Sequence
from typing import TypeGuard

from msgspec import structs

from bridge.capabilities import Relation
from bridge.desk import handle
from bridge.errors import Feature
from bridge.events import Edited, Event, Manner, Posted, RoomChanged, User, begins_thread
from bridge.ids import EventId, MessageId, Place, RoomNumber, ThreadId, UserId
from bridge.people import bare, label
from bridge.steps import View
from bridge.store.codec import encode
from bridge.store.questions import Known
from bridge.store.rows import Arrival, Route, Row, RowKind
from bridge.text.nodes import said

_SHORT_ID = 12
_BRIDGE = User(id=UserId(""), name="")


def opened(of: Arrival, room: RoomNumber, thread: ThreadId) -> Arrival:
    """What stands for a thread: in rooms where threads are messages, the first of it."""
    name = of.event.thread_name if isinstance(of.event, Posted) else ""
    event = Posted(
        id=EventId(f"thread:{room}:{thread}"), room=of.event.room, thread=thread, at=of.event.at, manner=Manner.NOTICE,
        message=(MessageId(thread),), author=_BRIDGE, text=said(f"Thread: {name}" if name else "A thread"),
        thread_name=name,
    )  # fmt: skip
    targets: Sequence[Route] = [structs.replace(route, parked="") for route in of.targets]
    return Arrival(
        id=event.id, event=event, kind=RowKind.POST, body=encode(event), room=room, natives=event.message,
        excerpt=name, targets=tuple(targets), is_thread=True,
    )  # fmt: skip


def wished(of: Arrival, room: RoomNumber, thread: ThreadId, targets: Sequence[Route]) -> Arrival:
    """A thread of its own in these rooms, for one that hangs on a message; asked for once a day, and made once."""
    event = Posted(
        id=EventId(f"open:{room}:{thread}:{of.event.at.date()}"), room=of.event.room, thread=thread, at=of.event.at,
        message=(MessageId(thread),), author=_BRIDGE,
    )  # fmt: skip
    return Arrival(
        id=event.id, event=event, kind=RowKind.OPEN, body=encode(event), room=room, relates=MessageId(thread),
        targets=tuple(structs.replace(route, parked="") for route in targets),
    )  # fmt: skip


def called_now(change: RoomChanged, room: RoomNumber, targets: Sequence[Route]) -> Arrival | None:
    """Another name for what stands for a thread; the store passes it over where nothing does. None without a name."""
    if change.thread is None or not change.name:
        return None
    event = Edited(
        id=change.id, room=change.room, at=change.at, replaces=MessageId(change.thread), author=_BRIDGE,
        text=said(f"Thread: {change.name}"), manner=Manner.NOTICE,
    )  # fmt: skip
    return Arrival(
        id=event.id, event=event, kind=RowKind.EDIT, body=encode(event), room=room, natives=(event.replaces,),
        relates=event.replaces, targets=tuple(targets), is_thread=True,
    )  # fmt: skip


def is_of_a_thread(change: Event, place: Place | None) -> TypeGuard[RoomChanged]:
    """Whether a thread changed and not the room at `place` itself: a thread that a link names is the room."""
    if not isinstance(change, RoomChanged) or change.thread is None:
        return False
    return place is None or place.thread != change.thread


def begins_here(view: View) -> bool:
    """Whether a thread can begin in the room with a message."""
    return Feature.THREAD in view.features and Relation.ROOT in view.capabilities.relations


def opens(view: View) -> bool:
    """Whether a thread of its own can begin in the room."""
    return Feature.OPEN in view.features and Feature.THREAD in view.features


def handled(thread: ThreadId | None, view: View) -> int | None:
    """The number of a conversation that the names of people must tell, because the room has no threads."""
    return None if thread is None or Feature.THREAD in view.features else handle(thread)


def thread_there(event: Posted, known: Known | None, view: View) -> ThreadId | None:
    """The thread of the room that is this one; None where there is none, or where threads are told in words."""
    if event.thread is None or known is None or begins_thread(event) or Feature.THREAD not in view.features:
        return None
    if known.thread is None and known.parts and begins_here(view):
        return ThreadId(known.parts[0][0])
    return known.thread


def uprooted(row: Row, known: Known | None, view: View) -> bool:
    """Whether the thread of a conversation is not there any more, and the room can have another."""
    event = row.event
    if not isinstance(event, Posted) or known is None or handle(event.thread) is None or begins_thread(event):
        return False
    gone = not known.parts if known.thread is None else known.thread == row.uprooted
    return gone and opens(view)


def in_thread(view: View, thread: ThreadId | None) -> View:
    """The same room, in that thread of it."""
    return view if thread is None else structs.replace(view, place=Place(view.place.room, thread))


def hangs(event: Posted, known: Known | None, thread: ThreadId | None) -> bool:
    """Whether a post is shown as an answer: a message of a thread is one where only the thread's root is there."""
    if event.in_reply_to is not None or event.thread is None:
        return True
    return thread is None and known is not None and not _stands_for_it(known)


def in_words(event: Posted, known: Known | None, *, answers: bool) -> str:
    """A thread that the room does not have; a long native id would tell readers nothing."""
    if event.thread is None or begins_thread(event):
        return ""
    name = event.thread_name or (known.excerpt if known is not None and _stands_for_it(known) else "")
    if name:
        return f"in {bare(label(name))}"
    if answers:
        return ""
    return f"in thread {event.thread}" if len(event.thread) <= _SHORT_ID else "in a thread"


def _stands_for_it(known: Known) -> bool:
    """Whether a message is nobody's words, but what stands for a thread."""
    return known.person is None and not known.author
