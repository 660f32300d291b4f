"""A command where it holds: what was asked, in which link, and how far the word of who asked it goes."""

from collections.abc import Mapping

from msgspec import Struct

from bridge.commands import Command
from bridge.config import Link
from bridge.config.moderation import ModerationSettings
from bridge.events import Posted, User
from bridge.guard import Commanded
from bridge.ids import Room, RoomNumber
from bridge.people import label
from bridge.rulings import REASONS
from bridge.store.care import Who
from bridge.transforms.filters import Verdict, rules

MOST_LISTED = 20
"""Lines of one answer."""


class Refused(Exception):
    """It cannot be done, and why, in words for the room."""


class Watch(Struct, frozen=True):
    """A link that heeds its moderators: its rooms, and where it tells them of reports and of what is held.

    `reasons` are those for which something waits for a moderator.
    """

    name: str
    settings: ModerationSettings
    rooms: frozenset[RoomNumber]
    told: RoomNumber | None
    reasons: tuple[str, ...]


class Asked(Struct, frozen=True):
    """A command of somebody who may: `scope` is the one room that their word is about, None the whole link."""

    what: Commanded
    event: Posted
    command: Command
    link: Watch
    scope: RoomNumber | None

    @property
    def by(self) -> User:
        return self.event.author


def watch(link: Link, settings: ModerationSettings, numbers: Mapping[Room, RoomNumber]) -> Watch:
    """How a link of the configuration is watched."""
    held = (rule.name for rule in rules(link.transforms) if rule.verdict is Verdict.HOLD)
    rooms = frozenset(numbers[room] for room in (*link.sources, *link.targets))
    told = None if link.moderators is None else numbers[link.moderators]
    return Watch(link.name, settings, rooms, told, (*REASONS, *held))


def reaching(asked: Asked, who: Who) -> RoomNumber | None:
    """Where a word about somebody holds: everywhere about those who write in the moderator's own room."""
    here = who.room == asked.what.room if who.room is not None else who.account == asked.what.account
    return None if here else asked.scope


def named(user: User | None) -> str:
    """Who did something, by a name that is safe to show."""
    return "somebody" if user is None else label(user.name)
