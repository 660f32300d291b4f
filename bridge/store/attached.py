"""Attachments in the store: facts and questions about them, and the shapes that come back."""

from msgspec import Struct

from bridge.events import Attachment, File
from bridge.ids import AccountName, MessageNumber


class Fetch(Struct, frozen=True, kw_only=True):
    """One attachment whose bytes are still to come: the `part`-th of an event."""

    event: int
    part: int
    account: AccountName
    attachment: Attachment


class Held(Struct, frozen=True):
    """What is there of one attachment: the file as it came and in other forms, or why there is none.

    `forms` says of each file by which job it was made, "" as it came.
    """

    part: int
    files: tuple[File, ...] = ()
    why: str = ""
    forms: tuple[str, ...] = ()


class Fetched(Struct, frozen=True, kw_only=True):
    """The bytes of an attachment are on disk, or `why` they never will be. `form` is what they were converted to."""

    event: int
    part: int
    file: File | None = None
    why: str = ""
    form: str = ""


class Linked(Struct, frozen=True, kw_only=True):
    """A file has a public address until then (milliseconds)."""

    id: str
    until: int


class Sweep(Struct, frozen=True):
    """Forget the files nobody needs any more. Answer: the names of those that stay, as a frozenset."""

    at: int


class ToFetch(Struct, frozen=True):
    """What was to be fetched when the process ended. Answer: a tuple of `Fetch`."""


class HeldOf(Struct, frozen=True):
    """What is there of the attachments of an event, or of a message those that were linked. Answer: many `Held`."""

    event: int | None = None
    message: MessageNumber | None = None


class Served(Struct, frozen=True):
    """The file with this id, if it has a public address now. Answer: `File` or None."""

    id: str
    at: int
