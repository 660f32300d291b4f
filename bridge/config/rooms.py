"""What links say, against the accounts there are. Pure: values and lines in, links and faults out."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain

from msgspec import Struct

from bridge.config.faults import MAX_NAME, Fault, Trail, did_you_mean, listed, shown
from bridge.config.page import Page, Value
from bridge.ids import AccountName, Room

ACCOUNT_NAME = re.compile(r"[a-z0-9_-]+")


class Seat(Struct, frozen=True):
    """A room as one link names it, and where."""

    room: Room
    trail: Trail


class Sides(Struct, frozen=True, kw_only=True):
    """The rooms of one link: who is heard, and who hears; with `rooms` both are the same."""

    name: str
    sources: tuple[Seat, ...]
    targets: tuple[Seat, ...]

    def ways(self, among: Collection[Room]) -> Iterator[tuple[Seat, Seat]]:
        """Every (source, target) of the link among some rooms."""
        targets = [seat for seat in self.targets if seat.room in among]
        sources = (seat for seat in self.sources if seat.room in among)
        return ((source, target) for source in sources for target in targets if source.room != target.room)


def room(page: Page, trail: Trail) -> Room | Fault | None:
    """The room written at `trail`; None where there is no text, which is a fault of its own elsewhere."""
    text = page.at(trail)
    if not isinstance(text, str):
        return None
    account, slash, name = text.partition("/")
    written = "the value" if page.mark(trail).hidden else f'"{shown(text)}"'
    if not slash or not name.strip() or not name.isprintable():
        return page.fault(trail, f"{written} is no room: a room is written account/name")
    known = page.at(("accounts",))
    if isinstance(known, dict) and account not in known:
        return page.fault(trail, _no_account(page, trail, account, known))
    return Room(AccountName(account), name)


def _no_account(page: Page, trail: Trail, account: str, known: Iterable[str]) -> str:
    if page.mark(trail).hidden:
        return "no account of that name (it came from a reference and is not shown)"
    return f'no account "{shown(account)}"{did_you_mean(account, known)}'


def links(page: Page) -> tuple[tuple[Sides, ...], tuple[Fault, ...]]:
    """Every link that could be read, and everything wrong with them, alone and together."""
    written = page.at(("links",))
    sides: list[Sides] = []
    faults: list[Fault] = []
    for name in written if isinstance(written, dict) else ():
        if isinstance(written[name], dict):
            read, wrong = _link(page, name, written[name])
            sides += [read]
            faults += wrong
    return tuple(sides), (*faults, *_twice(page, sides))


def _link(page: Page, name: str, written: Mapping[str, Value]) -> tuple[Sides, list[Fault]]:
    trail = ("links", name)
    faults = [fault for fault in (_name(page, name), _shape(page, name, written)) if fault]
    seats = {key: list(_seats(page, (*trail, key), written.get(key))) for key in ("rooms", "from", "to")}
    faults += [item for item in chain(*seats.values()) if isinstance(item, Fault)]
    read = {key: tuple(item for item in found if isinstance(item, Seat)) for key, found in seats.items()}
    faults += [*_repeated(page, read["rooms"]), *_repeated(page, (*read["from"], *read["to"]))]
    sides = Sides(name=name, sources=read["rooms"] + read["from"], targets=read["rooms"] + read["to"])
    return sides, faults


def moderators(page: Page) -> tuple[dict[str, Room], tuple[Fault, ...]]:
    """The moderators' room of each link that has one."""
    written = page.at(("links",))
    parts = (
        {name: link.get("moderation") for name, link in written.items() if isinstance(link, dict)}
        if isinstance(written, dict)
        else {}
    )
    named = [name for name, part in parts.items() if isinstance(part, dict) and "room" in part]
    found = {name: room(page, ("links", name, "moderation", "room")) for name in named}
    rooms = {name: one for name, one in found.items() if isinstance(one, Room)}
    return rooms, tuple(one for one in found.values() if isinstance(one, Fault))


def _name(page: Page, name: str) -> Fault | None:
    if name.strip() and name.isprintable() and len(name) <= MAX_NAME:
        return None
    return page.fault(("links", name), f"a link's name is printable text of at most {MAX_NAME} characters")


def _shape(page: Page, name: str, written: Mapping[str, Value]) -> Fault | None:
    """Either `rooms`, or `from` and `to`; and enough of them."""
    trail = ("links", name)
    for key in ("rooms", "from", "to"):
        if key in written and written[key] is None:
            return page.fault((*trail, key), "is empty: it needs rooms")
    if "rooms" in written:
        if "from" in written or "to" in written:
            return page.fault(trail, 'has "rooms" and also "from" or "to": it needs one or the other')
        return _enough(page, (*trail, "rooms"), 2, "needs two rooms or more")
    if "from" not in written and "to" not in written:
        return page.fault(trail, 'needs "rooms", or "from" and "to"')
    for key in ("from", "to"):
        if key not in written:
            return page.fault(trail, f'has no "{key}": it needs "from" and "to", or "rooms"')
    return _enough(page, (*trail, "from"), 1, "needs a room") or _enough(page, (*trail, "to"), 1, "needs a room")


def _enough(page: Page, trail: Trail, least: int, problem: str) -> Fault | None:
    written = page.at(trail)
    return page.fault(trail, problem) if isinstance(written, list) and len(written) < least else None


def _seats(page: Page, trail: Trail, written: Value) -> Iterator[Seat | Fault]:
    for index in range(len(written) if isinstance(written, list) else 0):
        match room(page, (*trail, index)):
            case Room() as found:
                yield Seat(found, (*trail, index))
            case Fault() as fault:
                yield fault
            case None:
                pass


def _repeated(page: Page, seats: Sequence[Seat]) -> Iterator[Fault]:
    first: dict[Room, Seat] = {}
    for seat in seats:
        if first.setdefault(seat.room, seat) is not seat:
            line = page.line(first[seat.room].trail)
            yield page.fault(seat.trail, f"{_shown(page, seat)} is in this link already, in line {line}")


def _shown(page: Page, seat: Seat) -> str:
    return "the room" if page.mark(seat.trail).hidden else f'"{shown(str(seat.room))}"'


def _twice(page: Page, sides: Sequence[Sides]) -> Iterator[Fault]:
    """The same two rooms in two links, in the same direction: each message would arrive twice."""
    named = Counter(place for link in sides for place in {seat.room for seat in (*link.sources, *link.targets)})
    shared = {place for place, count in named.items() if count > 1}
    first: dict[tuple[Room, Room], tuple[str, Seat]] = {}
    told: set[tuple[str, str, frozenset[Room]]] = set()
    for link in sides:
        for source, target in link.ways(shared):
            name, seat = first.setdefault((source.room, target.room), (link.name, target))
            pair = (name, link.name, frozenset((source.room, target.room)))
            if name != link.name and pair not in told:
                told.add(pair)
                problem = (
                    f"{_shown(page, target)} hears {_shown(page, source)} in link {listed([shown(link.name)])} and "
                )
                elsewhere = f"already in link {listed([shown(name)])} (line {page.line(seat.trail)})"
                yield page.fault(target.trail, f"{problem}{elsewhere}: everything would arrive twice")


def chains(page: Page, sides: Sequence[Sides]) -> Iterator[Fault]:
    """A warning for each room that hears one link and is heard in another: nothing is passed on through it."""
    hears: dict[Room, dict[str, Seat]] = {}
    heard: dict[Room, dict[str, Seat]] = {}
    for link in sides:
        for seat in link.sources:
            heard.setdefault(seat.room, {})[link.name] = seat
        for seat in link.targets:
            hears.setdefault(seat.room, {})[link.name] = seat
    for place in sorted(hears.keys() & heard.keys()):
        names = tuple(dict.fromkeys((*hears[place], *heard[place])))
        if len(names) > 1:
            seat = (heard[place] | hears[place])[names[-1]]
            problem = f"{_shown(page, seat)} is in the links {listed([shown(name) for name in names])}: "
            yield page.fault(seat.trail, f"{problem}what it hears in one of them is not passed on to the others")
