"""The bridge's ids as the numbers that the Bot API takes. Pure: no I/O, no state."""

from telegram import ReplyParameters

from bridge import Rejected, Target
from bridge.ids import MessageId, RoomId, ThreadId


def chat_id(room: RoomId) -> int:
    """A room's number; rooms are made canonical by `join`, so anything else is none of ours."""
    return _number(room, "room")


def message_id(message: MessageId) -> int:
    """A message's number."""
    return _number(message, "message")


def topic(thread: ThreadId | None) -> int | None:
    """A topic's number, None outside of topics."""
    return None if thread is None else _number(thread, "topic")


def reply_parameters(target: Target | None) -> ReplyParameters | None:
    """What a message answers; one that is gone meanwhile does not keep the answer back."""
    if target is None:
        return None
    return ReplyParameters(message_id=message_id(target.parts[0]), allow_sending_without_reply=True)


def _number(native_id: str, what: str) -> int:
    if not (native_id.isascii() and native_id.removeprefix("-").isdecimal()):
        raise Rejected(f"not a Telegram {what}: its id is no number")
    return int(native_id)
