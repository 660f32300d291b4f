"""What the store knows of the messages a row speaks of, asked before the row is planned."""

from msgspec import structs

from bridge.blocks import quoted_in
from bridge.events import Deleted, Edited, Posted, Reacted, Tallied, Unreacted, answered
from bridge.ids import MessageId, MessageNumber, RoomNumber
from bridge.shared import Shared
from bridge.steps import Facts
from bridge.store.ops import Relate
from bridge.store.questions import Emojis, Known, Resolve, Twins, Wanted
from bridge.store.rows import Row, RowKind

_PATIENCE_SECONDS = 5.0
"""As long as this a row waits for the native id of a copy that is being sent."""
_LOOK_AGAIN_SECONDS = 0.05


async def learned(shared: Shared, room: RoomNumber, row: Row) -> Facts:
    """The messages that `row` speaks of and answers, as `room` knows them."""
    await _relate(shared, row)
    if isinstance(row.event, Posted) and row.event.quoted and row.reply is not None:
        await _single_out(shared, row, row.reply, row.event.quoted)
    about = None if row.kind is RowKind.POST else row.message
    thread = await _thread(shared, row)
    numbers = tuple(number for number in (about, row.reply, thread) if number is not None)
    known: dict[MessageNumber, Known] = await shared.writer.learn(Twins(room, numbers))
    emojis: Emojis | None = None
    if about is not None and row.kind in (RowKind.REACT, RowKind.UNREACT):
        emojis = _heard(shared, room, await shared.writer.learn(Wanted(about, room)))
    return Facts(
        about=known.get(about) if about is not None else None,
        reply=known.get(row.reply) if row.reply is not None else None,
        thread=known.get(thread) if thread is not None else None,
        emojis=emojis,
    )


def _heard(shared: Shared, room: RoomNumber, emojis: Emojis) -> Emojis:
    """Without what people put on in a room that this one does not hear, though both hear the one it was said in."""
    put = tuple(one for one in emojis.put if shared.hears(room, one.room))
    return structs.replace(emojis, put=put)


async def _single_out(shared: Shared, row: Row, reply: MessageNumber, quoted: str) -> None:
    """What answers several messages that are one there is about the one whose words it quotes."""
    if row.origin is None:
        return
    there: dict[MessageNumber, Known] = await shared.writer.learn(Twins(row.origin, (reply,)))
    joint = there[reply].joint if reply in there else None
    if joint is not None:
        row.reply = quoted_in(joint, quoted) or reply


async def _thread(shared: Shared, row: Row) -> MessageNumber | None:
    """What the thread of a post hangs on: a message like others, or one that stands for the thread."""
    event = row.event
    if not isinstance(event, Posted) or event.thread is None or row.origin is None:
        return None
    if event.in_reply_to is None and row.reply is not None:
        return row.reply
    number: MessageNumber | None = await shared.writer.learn(Resolve(row.origin, MessageId(event.thread)))
    return number


async def _relate(shared: Shared, row: Row) -> None:
    """Ask again which message a row speaks of: its copy may have been on its way when the row was accepted."""
    native = _about(row)
    known = row.reply if row.kind is RowKind.POST else row.message
    if row.origin is None or native is None or known is not None:
        return
    found = await _found(shared, Relate(row=row, native=native), row.origin)
    if row.kind is RowKind.POST:
        row.reply = found
    else:
        row.message = found


async def _found(shared: Shared, question: Relate, origin: RoomNumber) -> MessageNumber | None:
    """Ask until it is known, or no copy can be where the event happened that we do not know yet."""
    deadline = shared.clock.monotonic() + _PATIENCE_SECONDS
    while True:
        on_its_way = shared.may_know_soon(origin)
        found: MessageNumber | None = await shared.writer.insist(question)
        if found is not None or not on_its_way or shared.clock.monotonic() >= deadline:
            return found
        await shared.clock.sleep(_LOOK_AGAIN_SECONDS)


def _about(row: Row) -> MessageId | None:
    event = row.event
    if isinstance(event, Edited):
        return event.replaces
    if isinstance(event, (Deleted, Reacted, Unreacted, Tallied)):
        return event.message
    return answered(event)
