"""What the platforms of the simulation can do: each kind lacks something else."""

from datetime import timedelta
from enum import Enum

from msgspec import Struct, structs

from bridge.capabilities import Capabilities, Rate, Relation
from bridge.errors import Scope
from bridge.testing.memory_abilities import Repeats
from bridge.testing.simulation.dice import Dice
from bridge.text.nodes import ALL_NODES, Bold, Break, Text


class Home(Enum):
    """How our own messages come home."""

    NEVER = "never"
    WITH_KEY = "with key"
    AS_A_USERS = "as a user's"


class Memory(Enum):
    """Whether a platform gives later what was said while we were away."""

    KEPT = "kept"
    NONE = "none"


class Ids(Enum):
    """Whether a message that we send gets an id."""

    GIVEN = "given"
    NONE = "none"


class Kind(Struct, frozen=True, kw_only=True):
    """One kind of platform. `connector` is the name of the connector that knows its methods."""

    connector: str
    repeats: Repeats
    home: Home
    memory: Memory = Memory.KEPT
    ids: Ids = Ids.GIVEN
    shows: Capabilities


_SHORT = timedelta(minutes=5)
_RICH = Capabilities(formatting=ALL_NODES, relations=frozenset({Relation.REPLY}), max_text=4000)
_LINES = Capabilities(formatting=frozenset({Text, Bold}), max_text=300, in_flight=64)

KINDS = (
    Kind(connector="whole", repeats=Repeats.DROPPED, home=Home.WITH_KEY, shows=_RICH),
    Kind(
        connector="whole",
        repeats=Repeats.SHOWN,
        home=Home.NEVER,
        shows=structs.replace(
            _RICH, max_text=400, max_reactions=1, rates=(Rate(scope=Scope.ROOM, count=20, seconds=10.0),)
        ),
    ),
    Kind(
        connector="bare",
        repeats=Repeats.SHOWN,
        home=Home.AS_A_USERS,
        memory=Memory.NONE,
        ids=Ids.NONE,
        shows=_LINES,
    ),
    Kind(
        connector="editing",
        repeats=Repeats.SHOWN,
        home=Home.WITH_KEY,
        shows=structs.replace(_RICH, relations=frozenset(), in_flight=64),
    ),
    Kind(
        connector="reacting", repeats=Repeats.DROPPED, home=Home.AS_A_USERS, shows=structs.replace(_RICH, in_flight=4)
    ),
    Kind(
        connector="bare",
        repeats=Repeats.SHOWN,
        home=Home.NEVER,
        shows=Capabilities(formatting=frozenset({Text, Break}), max_text=90, in_flight=4),
    ),
    Kind(
        connector="editing",
        repeats=Repeats.DROPPED,
        home=Home.NEVER,
        shows=structs.replace(_RICH, edit_within=_SHORT, delete_within=_SHORT),
    ),
)


def several(dice: Dice, count: int) -> tuple[Kind, ...]:
    """Different kinds, in any order; one of them always knows keys and one never does."""
    left = list(KINDS)
    found: list[Kind] = []
    for repeats in (Repeats.DROPPED, Repeats.SHOWN):
        one = dice.pick([kind for kind in left if kind.repeats is repeats])
        left.remove(one)
        found.append(one)
    while len(found) < count:
        one = dice.pick(left)
        left.remove(one)
        found.append(one)
    shift = dice.below(count)
    return (*found[shift:], *found[:shift])


def in_room(kind: Kind, dice: Dice) -> Capabilities:
    """What one room shows: rooms of one platform may differ."""
    shows = kind.shows
    if shows.in_flight > 1 and dice.happens(0.3):
        shows = structs.replace(shows, in_flight=2)
    if dice.happens(0.2):
        shows = structs.replace(shows, max_text=120)
    return shows
