"""The pictures of an album one by one, where Meta takes no albums: whether it does is not certain."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from msgspec.structs import replace

from bridge import Key, MessageId, Outgoing

_MOST: Final = 1000


class Apart:
    """What went of albums so far: a second try goes on where the first one ended.

    `needed`: Meta refused an album and took its pictures, so that nobody has to ask again until the next start.
    """

    def __init__(self) -> None:
        self.needed = False
        self._went: OrderedDict[Key, list[MessageId]] = OrderedDict()

    async def send(self, message: Outgoing, one: Callable[[Outgoing], Awaitable[MessageId]]) -> Sequence[MessageId]:
        """Each picture as a message; only the last brings the key home, so that its echo stands for all of them."""
        went = self._went.setdefault(message.key, [])
        if len(self._went) > _MOST:
            self._went.popitem(last=False)
        for piece in pieces(message)[len(went) :]:
            went.append(await one(piece))
        self._went.pop(message.key, None)
        self.needed = True
        return tuple(went)


def pieces(message: Outgoing) -> Sequence[Outgoing]:
    """A message for each file: the first is the answer, the last has the key."""
    last = len(message.files) - 1
    return [
        replace(
            message, files=(file,), key=message.key if number == last else Key(""),
            in_reply_to=None if number else message.in_reply_to,
        )
        for number, file in enumerate(message.files)
    ]  # fmt: skip
