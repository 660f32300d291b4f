"""Telegram's refusals in the bridge's words. Pure: one table, one function; facts/platform-apis.md 4.5."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import msgspec
from msgspec import Struct
from telegram.error import TelegramError

from bridge.errors import (
    BridgeError,
    Feature,
    Rejected,
    RoomClosed,
    Scope,
    ThreadGone,
    Unauthorized,
    Unavailable,
    Uncertain,
    Unsupported,
)

CONFLICT_SECONDS: Final = 300.0
"""How long we leave a second poller alone before we look again."""
LONGEST_WAIT: Final = 3600
OK: Final = 200
FLOOD: Final = 429
UNREADABLE: Final = (
    AttributeError, KeyError, IndexError, TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError,
)  # fmt: skip
"""What is raised for JSON of another shape than it should have."""
_ASKED = re.compile(r"retry after (\d{1,9})")
_TOKEN = re.compile(r"\d{6,20}:[A-Za-z0-9_-]{30,}")


class Refused(TelegramError):
    """Carries a bridge error through the library, which lets only its own errors pass."""

    def __init__(self, error: BridgeError) -> None:
        super().__init__(str(error))
        self.error = error


class Unchanged(Rejected):
    """An edit that changes nothing: the wanted state is there already."""


class Over(Rejected):
    """A poll that is closed already."""


class Gone(Rejected):
    """The message in question is not there (any more)."""


class Uncommon(Unsupported):
    """A reaction with an emoji that bots, or this chat, do not have."""

    def __init__(self, why: str) -> None:
        super().__init__(Feature.EMOJI, why)


class Migrated(RoomClosed):
    """The group goes on as the supergroup `to`."""

    def __init__(self, to: int) -> None:
        super().__init__("the group became a supergroup with another id")
        self.to = to


class Refusal(Struct, frozen=True):
    """One documented error: `description` is how the server begins to say it; `method` is one that can say it."""

    code: int
    description: str
    becomes: Callable[[str], BridgeError]
    method: str = "sendMessage"


def _lacks(feature: Feature) -> Callable[[str], BridgeError]:
    return lambda why: Unsupported(feature, why)


def _conflict(why: str) -> BridgeError:
    return Unavailable(why, retry_after=CONFLICT_SECONDS, scope=Scope.ACCOUNT)


REFUSALS: Final[tuple[Refusal, ...]] = (
    Refusal(400, "Bad Request: chat not found", RoomClosed),
    Refusal(400, "Bad Request: not enough rights to send", RoomClosed),
    Refusal(400, "Bad Request: have no rights to send a message", RoomClosed),
    Refusal(400, "Bad Request: need administrator rights in the channel chat", RoomClosed),
    Refusal(400, "Bad Request: CHAT_WRITE_FORBIDDEN", RoomClosed),
    Refusal(400, "Bad Request: CHAT_RESTRICTED", RoomClosed),
    Refusal(400, "Bad Request: PEER_ID_INVALID", RoomClosed),
    Refusal(400, "Bad Request: USER_IS_BLOCKED", RoomClosed),
    Refusal(400, "Bad Request: group chat was deactivated", RoomClosed),
    Refusal(400, "Bad Request: message thread not found", ThreadGone),
    Refusal(400, "Bad Request: TOPIC_CLOSED", RoomClosed),
    Refusal(400, "Bad Request: TOPIC_DELETED", ThreadGone),
    Refusal(400, "Bad Request: message to be replied not found", _lacks(Feature.REPLY)),
    Refusal(400, "Bad Request: replied message not found", _lacks(Feature.REPLY)),
    Refusal(400, "Bad Request: can't parse entities", _lacks(Feature.FORMATTING)),
    Refusal(400, "Bad Request: ENTITY_BOUNDS_INVALID", _lacks(Feature.FORMATTING)),
    Refusal(400, "Bad Request: the chat is not a forum", _lacks(Feature.THREAD), "createForumTopic"),
    Refusal(400, "Bad Request: not enough rights to create a topic", _lacks(Feature.THREAD), "createForumTopic"),
    Refusal(400, "Bad Request: message text is empty", Rejected),
    Refusal(400, "Bad Request: message is too long", Rejected),
    Refusal(400, "Bad Request: MESSAGE_TOO_LONG", Rejected, "editMessageText"),
    Refusal(400, "Bad Request: message caption is too long", Rejected, "sendPhoto"),
    Refusal(400, "Bad Request: message is not modified", Unchanged, "editMessageText"),
    Refusal(400, "Bad Request: chat title is not modified", Unchanged, "setChatTitle"),
    Refusal(400, "Bad Request: chat description is not modified", Unchanged, "setChatDescription"),
    Refusal(400, "Bad Request: CHAT_NOT_MODIFIED", Unchanged, "setChatTitle"),
    Refusal(400, "Bad Request: CHAT_ABOUT_NOT_MODIFIED", Unchanged, "setChatDescription"),
    Refusal(400, "Bad Request: poll has already been closed", Over, "stopPoll"),
    Refusal(400, "Bad Request: message with poll to stop not found", _lacks(Feature.CLOSE), "stopPoll"),
    Refusal(400, "Bad Request: message to edit not found", Gone, "editMessageText"),
    Refusal(400, "Bad Request: message can't be edited", _lacks(Feature.EDIT), "editMessageText"),
    Refusal(400, "Bad Request: message to delete not found", Gone, "deleteMessage"),
    Refusal(400, "Bad Request: message can't be deleted", _lacks(Feature.DELETE), "deleteMessage"),
    Refusal(400, "Bad Request: message to react not found", Gone, "setMessageReaction"),
    Refusal(400, "Bad Request: REACTION_INVALID", Uncommon, "setMessageReaction"),
    Refusal(400, "Bad Request: REACTIONS_TOO_MANY", _lacks(Feature.EMOJI), "setMessageReaction"),
    Refusal(400, "Bad Request: wrong file identifier", _lacks(Feature.ATTACHMENT), "sendPhoto"),
    Refusal(400, "Bad Request: wrong HTTP URL specified", _lacks(Feature.ATTACHMENT), "sendPhoto"),
    Refusal(400, "Bad Request: failed to get HTTP URL content", _lacks(Feature.ATTACHMENT), "sendPhoto"),
    Refusal(400, "Bad Request: file is too big", _lacks(Feature.ATTACHMENT), "sendPhoto"),
    Refusal(400, "Bad Request: PHOTO_INVALID_DIMENSIONS", _lacks(Feature.ATTACHMENT), "sendPhoto"),
    Refusal(400, "Bad Request: bad webhook", Rejected, "setWebhook"),
    Refusal(401, "Unauthorized", Unauthorized),
    Refusal(401, "Unauthorized: invalid token specified", Unauthorized),
    Refusal(403, "Forbidden: bot was blocked by the user", RoomClosed),
    Refusal(403, "Forbidden: user is deactivated", RoomClosed),
    Refusal(403, "Forbidden: bot was kicked from the group chat", RoomClosed),
    Refusal(403, "Forbidden: bot was kicked from the supergroup chat", RoomClosed),
    Refusal(403, "Forbidden: bot was kicked from the channel chat", RoomClosed),
    Refusal(403, "Forbidden: bot is not a member of the supergroup chat", RoomClosed),
    Refusal(403, "Forbidden: bot is not a member of the channel chat", RoomClosed),
    Refusal(403, "Forbidden: the group chat was deleted", RoomClosed),
    Refusal(403, "Forbidden: bot can't initiate conversation with a user", RoomClosed),
    Refusal(404, "Not Found: method not found", Rejected),
    Refusal(404, "Not Found", Unauthorized),
    Refusal(409, "Conflict: can't use getUpdates method while webhook is active", _conflict, "getUpdates"),
    Refusal(409, "Conflict: terminated by other getUpdates request", _conflict, "getUpdates"),
    Refusal(413, "Request Entity Too Large", Rejected),
)
"""Every refusal whose meaning is known. The first row of its code that the answer begins with decides."""

_OTHERWISE: Final[dict[int, Callable[[str], BridgeError]]] = {
    400: Rejected,
    401: Unauthorized,
    403: RoomClosed,
    404: Unauthorized,
    409: _conflict,
    413: Rejected,
}


class _Answer(Struct, frozen=True):
    ok: bool = False
    description: str = ""
    result: msgspec.Raw = msgspec.Raw(b"")
    parameters: object = None


def refusal(status: int, body: bytes, scope: Scope, asked: str | None = None) -> BridgeError | None:
    """What an answer of the Bot API means; None when the call succeeded.

    `scope` is how much the call spoke of: a wait asked of a call about one chat binds that chat only.
    `asked` is the header Retry-After, for a server in front of the Bot API that has had enough of us.
    """
    answer = _read(body)
    if answer is None and status == FLOOD:
        return _flooded(int(asked) if asked is not None and asked.isdecimal() else None, "", scope)
    if answer is None or (status == OK and not (answer.ok and bytes(answer.result))):
        return Uncertain(f"the Bot API gave an unreadable answer ({status})", scope=scope)
    if status == OK:
        return None
    return _meaning(status, answer, scope)


def _read(body: bytes) -> _Answer | None:
    """The envelope of an answer; the slow way where a text inside holds half a character, which msgspec refuses."""
    try:
        return msgspec.json.decode(body, type=_Answer)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return _read_slowly(body)


def _read_slowly(body: bytes) -> _Answer | None:
    try:
        loaded = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(loaded, dict) or loaded.get("ok") is not True or "result" not in loaded:
        return None
    return _Answer(ok=True, result=msgspec.Raw(b"null"))


def _meaning(status: int, answer: _Answer, scope: Scope) -> BridgeError:
    parameters = answer.parameters if isinstance(answer.parameters, dict) else {}
    if isinstance(to := parameters.get("migrate_to_chat_id"), int):
        return Migrated(to)
    if status == FLOOD:
        return _flooded(parameters.get("retry_after"), answer.description, scope)
    why = clean(answer.description) or f"the Bot API answered {status}"
    for row in REFUSALS:
        if row.code == status and why.casefold().startswith(row.description.casefold()):
            return row.becomes(why)
    return _OTHERWISE[status](why) if status in _OTHERWISE else Uncertain(why, scope=scope)


def _flooded(asked: object, description: str, scope: Scope) -> BridgeError:
    """A wait is believed between 0 s and an hour: above it is cut, anything else leaves it to the bridge."""
    if asked is None and (found := _ASKED.search(description)):
        asked = int(found[1])
    if isinstance(asked, bool) or not isinstance(asked, int | float) or asked < 0:
        return Unavailable("too many requests; Telegram names no usable waiting time", scope=scope)
    if asked > LONGEST_WAIT:
        why = f"too many requests; Telegram asks for {asked} seconds, an hour is waited"
        return Unavailable(why, retry_after=LONGEST_WAIT, scope=scope)
    return Unavailable(f"too many requests; Telegram asks for {asked} seconds", retry_after=asked, scope=scope)


def clean(description: str) -> str:
    """A server's sentence, short and without anything that looks like a bot's token."""
    return _TOKEN.sub("***", " ".join(description.split()))[:200]


@contextmanager
def translated() -> Iterator[None]:
    """Let calls of the library raise the bridge's errors; never chained, the library's may hold the token's address.

    The library checks no types: a success whose result has another shape than it expects raises whatever it raises.
    """
    try:
        yield
    except Refused as refused:
        error: BridgeError = refused.error
    except UNREADABLE as unknown:
        error = Uncertain(f"the Bot API gave a result of another shape ({type(unknown).__name__})", scope=Scope.ACCOUNT)
    except TelegramError as unknown:
        error = Uncertain(f"the Telegram library failed: {type(unknown).__name__}", scope=Scope.ACCOUNT)
    else:
        return
    raise error from None
