"""How much a person, or a room, may say over a link: what is over it is held. State only; time is handed in.

Only what went through counts: somebody who floods still gets the allowance, and no more. An event that is given again,
as platforms do after a lost answer, counts once.
"""

from collections import OrderedDict
from collections.abc import Hashable, Iterator, Mapping
from enum import Enum

from msgspec import Struct

from bridge.config import Allowance, Limits
from bridge.ids import EventId, RoomNumber, UserId


class Who(Enum):
    """Whose allowance it is."""

    PERSON = "person"
    ROOM = "room"


class Held(Struct, frozen=True):
    """A message is over an allowance; `first` when it is the first after a time in which none was."""

    who: Who
    allowance: Allowance
    first: bool


class Speaker:
    """What went through of one speaker lately, oldest first, and when something last did not."""

    def __init__(self) -> None:
        self.went: OrderedDict[EventId, float] = OrderedDict()
        self.held_at = float("-inf")

    def last(self) -> float:
        """When this speaker was last heard of."""
        newest = next(reversed(self.went.values()), float("-inf"))
        return max(newest, self.held_at)


class Gate:
    """One allowance, for each speaker it is about. Speakers of whom nothing was heard in its time are forgotten."""

    def __init__(self, who: Who, allowance: Allowance) -> None:
        self.who, self.allowance = who, allowance
        self._speakers: OrderedDict[Hashable, Speaker] = OrderedDict()

    def __len__(self) -> int:
        return len(self._speakers)

    def speaker(self, name: Hashable, now: float) -> Speaker:
        """What is remembered of a speaker, who now is the one heard of last."""
        self._forget(now)
        speaker = self._speakers.setdefault(name, Speaker())
        self._speakers.move_to_end(name)
        while speaker.went and next(iter(speaker.went.values())) + self.allowance.seconds <= now:
            speaker.went.popitem(last=False)
        return speaker

    def is_open(self, speaker: Speaker) -> bool:
        return len(speaker.went) < self.allowance.messages

    def hold(self, speaker: Speaker, now: float) -> Held:
        first = speaker.held_at + self.allowance.seconds <= now
        speaker.held_at = now
        return Held(self.who, self.allowance, first)

    def _forget(self, now: float) -> None:
        """The speaker heard of longest ago stands first."""
        while self._speakers:
            name, speaker = next(iter(self._speakers.items()))
            if speaker.last() + self.allowance.seconds > now:
                return
            del self._speakers[name]


class Floods:
    """The gates of all links that limit anything."""

    def __init__(self) -> None:
        self._gates: dict[str, tuple[Gate, ...]] = {}

    def __len__(self) -> int:
        """How many speakers are remembered."""
        return sum(len(gate) for gates in self._gates.values() for gate in gates)

    def follow(self, limits: Mapping[str, Limits]) -> None:
        """Keep to these, by link; an allowance that stays keeps what it remembers."""
        known = {(link, gate.who, gate.allowance): gate for link, gates in self._gates.items() for gate in gates}
        wanted = {link: tuple(_allowances(each)) for link, each in limits.items()}
        self._gates = {
            link: tuple(known.get((link, who, allowance)) or Gate(who, allowance) for who, allowance in allowances)
            for link, allowances in wanted.items()
            if allowances
        }

    def limits(self, link: str) -> bool:
        """Whether anything is limited on a link."""
        return link in self._gates

    def held(self, link: str, room: RoomNumber, person: UserId | None, event: EventId, now: float) -> Held | None:
        """Whether a message said in a room is over an allowance of the link; one that is not is counted.

        Who is not known is limited as a room only.
        """
        speakers: dict[Who, Hashable] = {Who.ROOM: room}
        if person is not None:
            speakers[Who.PERSON] = (room, person)
        asked = [
            (gate, gate.speaker(speakers[gate.who], now)) for gate in self._gates.get(link, ()) if gate.who in speakers
        ]
        if any(event in speaker.went for _, speaker in asked):
            return None
        for gate, speaker in asked:
            if not gate.is_open(speaker):
                return gate.hold(speaker, now)
        for _, speaker in asked:
            speaker.went[event] = now
        return None


def for_readers(held: Held, name: str) -> str:
    """What those who do not hear it are told, once; `name` is safe to show."""
    match held.who:
        case Who.PERSON:
            return f"Messages of {name} are held: too many at once."
        case Who.ROOM:
            return "Messages from elsewhere are held: too many at once."


def for_operator(held: Held, link: str, name: str) -> str:
    """What the operator is told, once."""
    speaker = {Who.PERSON: name, Who.ROOM: "one room"}[held.who]
    most = f"{held.allowance.messages} messages in {held.allowance.seconds:g} s"
    return f"Link {link}: {speaker} says more than {most}. What is over it is parked now: see `qantara queue`."


def _allowances(limits: Limits) -> Iterator[tuple[Who, Allowance]]:
    if limits.person is not None:
        yield Who.PERSON, limits.person
    if limits.slow_seconds is not None:
        yield Who.PERSON, Allowance(messages=1, seconds=limits.slow_seconds)
    if limits.room is not None:
        yield Who.ROOM, limits.room
