"""The world of one seed: its platforms, their rooms, and the files that link them."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from msgspec import Struct

from bridge.config import Config, parse
from bridge.testing.memory_abilities import Repeats
from bridge.testing.simulation.abilities import Kind, in_room, several
from bridge.testing.simulation.connector import CONNECTORS
from bridge.testing.simulation.dice import Dice
from bridge.testing.simulation.platform import SimulatedPlatform
from bridge.testing.simulation.weather import Weather
from bridge.testing.simulation.witness import Witness

ROOMS = ("hall", "yard", "attic")
_LINKS = (
    "  hall: {late_minutes: 0, lifetime_hours: %(life)s, rooms: [a/hall, b/hall, c/hall]}\n",
    "  left: {late_minutes: 0, lifetime_hours: %(life)s, rooms: [a/yard, b/yard]}\n",
    "  right: {late_minutes: 0, lifetime_hours: %(life)s, rooms: [b/yard, c/yard]}\n",
    "  news: {late_minutes: 0, lifetime_hours: %(life)s, from: [a/attic], to: [c/attic, b/attic]}\n",
)
NAMES = ("a", "b", "c")


class Plan(Struct, frozen=True, kw_only=True):
    """What the files of one seed say: `drops` may be missing for a while after a reload."""

    kinds: tuple[Kind, ...]
    policies: tuple[str, ...]
    hours: float
    drops: int
    ballast: int

    def text(self, variant: int = 0) -> str:
        """The file: 0 as at the start, 1 without one link, 2 with another account, 3 with other lifetimes."""
        accounts = "".join(
            f"  {name}: {{connector: {kind.connector}, platform: {name}, unknown_outcome: {policy}"
            f"{', note: other' if variant == 2 and name == NAMES[self.drops % 3] else ''}}}\n"
            for name, kind, policy in zip(NAMES, self.kinds, self.policies, strict=True)
        )
        hours = self.hours * (2 if variant == 3 else 1)
        links = "".join(
            link % {"life": hours} for index, link in enumerate(_LINKS) if variant != 1 or index != self.drops
        )
        store = f"store: {{path: data/q.db, min_free_mib: 0, ballast_mib: {self.ballast}}}\n"
        return f"{store}accounts:\n{accounts}links:\n{links}"

    @property
    def by_account(self) -> dict[str, str]:
        """What each account does when nobody knows whether a message arrived."""
        return dict(zip(NAMES, self.policies, strict=True))


@lru_cache(maxsize=4096)
def read(text: str, folder: Path) -> Config:
    """A file, parsed once however often it is used."""
    return parse(text, name="simulation.yaml", environ={}, connectors=CONNECTORS, base=folder)


def drawn(dice: Dice) -> Plan:
    """The file of a seed."""
    kinds = several(dice, len(NAMES))
    policies = tuple("hold" if kind.repeats is Repeats.SHOWN and dice.happens(0.2) else "retry" for kind in kinds)
    return Plan(
        kinds=kinds,
        policies=policies,
        hours=dice.pick((24, 24, 24, 0.05)),
        drops=dice.below(len(_LINKS)),
        ballast=dice.below(2),
    )


def platforms(plan: Plan, weather: Weather, dice: Dice, witness: Witness, seed: int) -> Mapping[str, SimulatedPlatform]:
    """One for each account."""
    return {
        name: SimulatedPlatform(
            name, kind, {room: in_room(kind, dice) for room in ROOMS}, weather, Dice(seed, 8 + index), witness
        )
        for index, (name, kind) in enumerate(zip(NAMES, plan.kinds, strict=True))
    }


def ways(config: Config) -> Mapping[str, tuple[str, ...]]:
    """Who hears each room, told apart from `bridge.routing` on purpose."""
    found: dict[str, dict[str, None]] = {}
    for link in config.links.values():
        for source in link.sources:
            found.setdefault(str(source), {}).update({str(to): None for to in link.targets if to != source})
    return {source: tuple(targets) for source, targets in found.items()}
