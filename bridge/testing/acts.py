"""What people can do on some platforms beyond `Platform`: each act is a protocol of its own, and optional.

A platform has an act by having its method: `isinstance(platform, SendsFiles)`.
What its readers then hold stands in `Shown.holds`, `Shown.thread` and `Shown.face`.
An emulator's `untold`, where it has one, names features of that table which people have and no bot is told of;
its `barred` those that people have and no bot may use.
The interop table (`bridge.testing.interop`) does each act wherever it is found, and "the platform has none" elsewhere.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, runtime_checkable

from bridge.connector import Registration
from bridge.ids import MessageId, ThreadId
from bridge.testing.holdings import Ballot, Card, Filed, Spot
from bridge.testing.platform import Platform, Shown
from bridge.text.nodes import Mention, Rich


@runtime_checkable
class SendsFiles(Protocol):
    """People send pictures, voices, stickers and files."""

    async def send_files(self, room: str, person: str, files: Sequence[Filed], caption: Rich = ()) -> MessageId:
        """One message with one file, or an album of several; `NotImplementedError` for a kind nobody can send here.

        The caption is changed by `edit`. The id is that of the first.
        """
        ...


@runtime_checkable
class SharesSpots(Protocol):
    """People share where something is."""

    async def share_spot(self, room: str, person: str, spot: Spot) -> MessageId: ...


@runtime_checkable
class SharesCards(Protocol):
    """People pass on a contact."""

    async def share_card(self, room: str, person: str, card: Card) -> MessageId: ...


@runtime_checkable
class OpensPolls(Protocol):
    """People ask each other to vote."""

    async def open_poll(self, room: str, person: str, ballot: Ballot) -> MessageId: ...

    async def vote(self, room: str, person: str, message: MessageId, option: int) -> None:
        """Choose the option with this index; a second vote of the same person replaces the first."""
        ...


@runtime_checkable
class HasThreads(Protocol):
    """People talk in threads."""

    async def say_in_thread(self, room: str, person: str, root: MessageId, text: Rich) -> MessageId:
        """Write in the thread that hangs on the message `root` of the room."""
        ...


@runtime_checkable
class ShowsThreads(Protocol):
    """Threads that we opened can be looked into, and answered in."""

    async def shown_in_thread(self, room: str, thread: ThreadId) -> Sequence[Shown]:
        """What a reader sees in the thread now, oldest first, without what it began with."""
        ...

    async def answer_in_thread(self, room: str, person: str, thread: ThreadId, text: Rich) -> MessageId: ...


@runtime_checkable
class RemovesThreads(Protocol):
    """Somebody may take away a thread that we opened."""

    async def remove_thread(self, room: str, thread: ThreadId) -> None: ...


@runtime_checkable
class Mentions(Protocol):
    """People are named in a text so that their client tells them."""

    def mention(self, person: str) -> Mention:
        """The node that names somebody of this platform."""
        ...


@runtime_checkable
class HasFaces(Protocol):
    """People have pictures of themselves that others see."""

    async def set_face(self, person: str, picture: Filed) -> None: ...


@runtime_checkable
class Private(Protocol):
    """Each room is one person's conversation with the bridge: nobody else is in it, and its id is the person's.

    The first room is Ada's; `say` and the other acts take no other person there.
    """

    def person_in(self, room: str) -> str:
        """The display name of whose conversation it is."""
        ...


@runtime_checkable
class AlsoPrivate(Protocol):
    """The platform has groups, and private conversations beside them: the demo shows the latter."""

    def private(self) -> Platform:
        """The same account in private conversations, not entered yet."""
        ...


@runtime_checkable
class HasAudience(Protocol):
    """The platform has channels as well, which are accounts of their own."""

    def audience(self) -> Platform:
        """One such account, not entered yet: only the bridge writes in its one room, and everybody reads."""
        ...


@runtime_checkable
class Subscribes(Protocol):
    """People say, in their own room, that they want to hear from us or nothing any more."""

    async def subscribe(self, room: str) -> None: ...

    async def unsubscribe(self, room: str) -> None:
        """`NotImplementedError` where nobody can."""
        ...


class Titles(Protocol):
    """What rooms are called and about. `NotImplementedError` where people have no such thing, or no bot is told."""

    async def trust(self, room: str) -> None:
        """Let the bridge's user change them, where that is a right."""
        ...

    async def rename(self, room: str, person: str, name: str) -> None: ...

    async def describe(self, room: str, person: str, topic: str) -> None: ...

    async def name_of(self, room: str) -> str:
        """What readers see as the name of the room."""
        ...

    async def topic_of(self, room: str) -> str:
        """What readers see as its topic, "" for none."""
        ...


@runtime_checkable
class HasTitles(Protocol):
    """Rooms have names or topics that people change."""

    @property
    def titles(self) -> Titles: ...


@runtime_checkable
class Moderates(Protocol):
    """Some people have power in a room over what others write there."""

    async def promote(self, room: str, person: str) -> None:
        """Make somebody a moderator of the room."""
        ...

    async def ban(self, room: str, moderator: str, person: str) -> None:
        """Throw somebody out for good; `NotImplementedError` where no bot is told who it was."""
        ...


@runtime_checkable
class Secludes(Protocol):
    """Rooms anybody may enter can be closed to strangers."""

    async def seclude(self, room: str) -> None:
        """From now on only who is let in comes in, and nobody else reads along."""
        ...


@runtime_checkable
class Telling(Protocol):
    """An emulator of a platform that calls the bridge and is never asked what happened."""

    def tamper_calls(self, tamper: Callable[[Any], bytes | None]) -> None:
        """From now on hand each call to `tamper`, as a list of what it tells, before it is signed.

        It returns the list to tell instead, as JSON, or None to leave it.
        """
        ...


@runtime_checkable
class Registers(Protocol):
    """The platform's server reads a file about the account before the account works."""

    def register(self, registration: Registration) -> None:
        """Read it; raises where a real server would not start with it."""
        ...


@runtime_checkable
class ShowsMarks(Protocol):
    """People see which of their messages were read."""

    def is_read(self, room: str, message: MessageId) -> bool: ...


@runtime_checkable
class Hastens(Protocol):
    """The emulator keeps rates which a long test need not wait for."""

    def hasten(self) -> None:
        """From now on let everything through at once; called before `settings`."""
        ...
