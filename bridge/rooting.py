"""Another thread for a conversation whose own is not there any more, because somebody deleted it."""

import structlog
from msgspec import structs

from bridge.asking import answer
from bridge.errors import BridgeError, Unavailable
from bridge.events import Posted
from bridge.ids import MessageId, ThreadId
from bridge.lanes import Lanes
from bridge.shared import Shared
from bridge.steps import Facts, View, key_of
from bridge.store.conversations import Plant
from bridge.store.questions import Known
from bridge.store.rows import Row
from bridge.threads import uprooted

logger = structlog.get_logger()
_PART = 999
"""No message has so many parts: the key of a thread is no part's."""
_TRIES = 3
_REST_SECONDS, _LONGEST_REST_SECONDS = 1.0, 30.0


async def rooted(shared: Shared, account: Lanes, row: Row, facts: Facts, view: View) -> Facts:
    """The facts as they are, or with another thread; without one the row goes to the room, in words."""
    known, event = facts.thread, row.event
    if known is None or not isinstance(event, Posted) or not uprooted(row, known, view):
        return facts
    thread = await _opened(shared, account, event.thread_name or known.excerpt or "", view)
    if thread is None:
        return facts
    await shared.writer.insist(Plant(room=row.room, message=known.number, native=MessageId(thread)))
    there = structs.replace(known, thread=thread)
    return structs.replace(facts, thread=there, reply=_same(facts.reply, there))


def _same(reply: Known | None, root: Known) -> Known | None:
    return root if reply is not None and reply.number == root.number else reply


async def _opened(shared: Shared, account: Lanes, title: str, view: View) -> ThreadId | None:
    """A new thread; None where the platform gives none now."""
    connector = account.connector
    for _ in range(_TRIES):
        try:
            return await answer(connector, connector.open_thread(view.place.room, title, key_of(view, _PART)))
        except Unavailable as error:
            await shared.clock.sleep(min(error.retry_after or _REST_SECONDS, _LONGEST_REST_SECONDS))
        except BridgeError as error:
            logger.warning("thread not opened again", account=connector.host.account, why=str(error))
            return None
    return None
