"""What a message holds beside its words, as a person sends it and as a reader has it afterwards."""

from typing import TypeAlias, Union

from msgspec import Struct

from bridge.events import Kind


class Filed(Struct, frozen=True, kw_only=True):
    """A file: `data` is what a reader gets who opens it, `duration` is in seconds, `emoji` is a sticker's.

    `album` is the same for all files that one platform shows as one message, empty for a file alone.
    `thumbnail` is the small picture that a reader sees before it is opened, where the sender gave one.
    """

    kind: Kind
    data: bytes
    name: str = ""
    mime: str = ""
    alt: str = ""
    duration: float | None = None
    emoji: str = ""
    album: str = ""
    width: int | None = None
    height: int | None = None
    thumbnail: bytes = b""

    def __repr__(self) -> str:
        return f"Filed({self.kind} {self.name!r} {self.mime}, {len(self.data)} bytes, {self.alt!r})"


class Spot(Struct, frozen=True, kw_only=True):
    """A place on the map, in degrees."""

    latitude: float
    longitude: float
    title: str = ""


class Card(Struct, frozen=True, kw_only=True):
    """A contact."""

    name: str
    phone: str


class Ballot(Struct, frozen=True, kw_only=True):
    """A poll: `votes` says how many chose each of the options, in their order."""

    question: str
    options: tuple[str, ...]
    votes: tuple[int, ...] = ()
    closed: bool = False


Holding: TypeAlias = Union[Filed, Spot, Card, Ballot]
