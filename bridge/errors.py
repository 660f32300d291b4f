"""What may go wrong, named after what the bridge does about it.

    BridgeError
    ├── Unavailable      later: for the room or the whole account; ends only by the link's lifetime
    │   ├── Uncertain    later, and it may have arrived
    │   └── StoreFull    raised by publish: do not acknowledge
    ├── Rejected         never: this delivery is parked, the next goes on
    │   └── Unsupported  this room has no such feature: fitted again without it
    ├── RoomClosed       the room is held and its rows are kept: kicked, banned, archived, window closed
    │   └── ThreadGone   only a thread of it is gone: a conversation gets another, else it is told in words
    └── Unauthorized     the account stops, everything of it is kept, the operator is told

Anything else a connector raises counts as `Uncertain`: a bug must not lose a message.
"""

from datetime import datetime
from enum import StrEnum


class Scope(StrEnum):
    """How much an error speaks of."""

    ROOM = "room"
    ACCOUNT = "account"


class Feature(StrEnum):
    """What a platform may lack in one room; the names `Unsupported` uses."""

    EDIT = "edit"
    DELETE = "delete"
    CLOSE = "close"
    REACT = "react"
    EMOJI = "emoji"
    """To put the emoji of one reaction on its message: it is told in words, and other emoji go on."""
    REPLY = "reply"
    THREAD = "thread"
    OPEN = "open"
    """To begin a thread of its own: see `Connector.open_thread`."""
    FORMATTING = "formatting"
    ATTACHMENT = "attachment"
    TEMPLATE = "template"
    """To say, outside a person's window, what the platform approved beforehand: see `Outgoing.template`."""
    TITLE = "title"
    """To have its name or topic set: see `Connector.rename` and `Connector.describe`."""
    AUTHORSHIP = "authorship"
    """To speak under another name than our own: fitted again with the name in front of the words."""


class BridgeError(Exception):
    """The root; its text is shown to operators, so it holds no secret and no message text."""


class Unavailable(BridgeError):
    """It did not happen and may work later.

    `retry_after` is in seconds and wins over the bridge's own back-off; None leaves it to the bridge.
    """

    def __init__(self, why: str, *, retry_after: float | None = None, scope: Scope = Scope.ROOM) -> None:
        super().__init__(why)
        self.retry_after = retry_after
        self.scope = scope


class Uncertain(Unavailable):
    """Nobody knows whether it happened: the answer was lost."""


class StoreFull(Unavailable):
    """`publish` could not store the events: do not acknowledge them; the platform gives them again."""


class Rejected(BridgeError):
    """The platform will never take this message: it is parked with this reason."""


class Unsupported(Rejected):
    """The room lacks `feature`: the bridge fits the message again without it, once per feature."""

    def __init__(self, feature: Feature, why: str = "") -> None:
        super().__init__(why or f"this room has no {feature}")
        self.feature = feature


class RoomClosed(BridgeError):
    """Nothing can be sent to this room now; `until` says when it opens again, None means nobody knows.

    `accepts` is what it takes all the same: a closed window may take `Feature.TEMPLATE`.
    """

    def __init__(self, why: str, *, until: datetime | None = None, accepts: frozenset[Feature] = frozenset()) -> None:
        super().__init__(why)
        self.until = until
        self.accepts = accepts


class ThreadGone(RoomClosed):
    """Somebody deleted the thread; the room around it is there. What a link names as its room is held all the same."""


class Unauthorized(BridgeError):
    """The platform refuses our credentials: only the operator can help."""
