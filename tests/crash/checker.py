"""What was said against what each platform holds: nothing lost, in order, doubles only where they must be. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum

from msgspec import Struct

from tests.crash.record import Death, Line, Post, Record, Who


class Broken(StrEnum):
    """Which promise does not hold."""

    LOST = "lost"
    ORDER = "order"
    DOUBLE = "double"
    RELATION = "relation"
    POSITION = "position"
    LEDGER = "ledger"


class Fault(Struct, frozen=True):
    promise: Broken
    what: str


class Verdict(Struct, frozen=True, kw_only=True):
    """What a run showed. `doubles` are by platform and by the death they come of."""

    faults: tuple[Fault, ...]
    said: int
    accepted: int
    delivered: int
    parked: int
    lost: int
    doubles: Mapping[tuple[str, str], int]

    @property
    def broken(self) -> frozenset[Broken]:
        return frozenset(fault.promise for fault in self.faults)


class Copies(Struct, frozen=True):
    """What one platform holds of the messages of the others."""

    platform: str
    by_message: Mapping[Who, Sequence[Line]]
    notes: Mapping[Who, Sequence[Line]]


def judged(record: Record) -> Verdict:
    """Look for every broken promise."""
    views = [_copies(record, platform) for platform in record.platforms]
    expected = [(view, post) for view in views for post in _accepted(record) if _is_for(view, post)]
    lost = [*_unaccepted(record), *(fault for view, post in expected for fault in _lost(record, view, post))]
    others = [fault for view, post in expected for fault in _unrelated(record, view, post)]
    others += [fault for post in _accepted(record) for fault in _unreacted(record, post)]
    for view in views:
        others += [*_disordered(record, view), *_doubled(record, view)]
    others += [*_ahead(record.deaths), *_unbalanced(record)]
    return Verdict(
        faults=(*lost, *others), said=len(record.posts), accepted=len(record.accepted), parked=len(record.parked),
        delivered=sum(len(view.by_message) for view in views), lost=len(lost), doubles=_counted(record, views),
    )  # fmt: skip


def _accepted(record: Record) -> list[Post]:
    known = frozenset(record.accepted)
    return [post for post in record.posts if post.who in known]


def _is_for(view: Copies, post: Post) -> bool:
    return post.who[0] != view.platform


def _copies(record: Record, platform: str) -> Copies:
    copies: dict[Who, list[Line]] = {}
    notes: dict[Who, list[Line]] = {}
    for line in record.held[platform].lines:
        if line.who[0] != platform:
            (notes if line.note else copies).setdefault(line.who, []).append(line)
    return Copies(platform, copies, notes)


# --- nothing is lost ---


def _unaccepted(record: Record) -> Iterator[Fault]:
    """What a platform keeps for us must have been taken, whenever it was said."""
    known = frozenset(record.accepted)
    for post in record.posts:
        if record.platforms[post.who[0]].history and post.who not in known and not post.deleted:
            yield Fault(Broken.LOST, f"{post.who} was never accepted")


def _lost(record: Record, view: Copies, post: Post) -> Iterator[Fault]:
    if (view.platform, post.who) in record.parked or post.deleted:
        return
    if post.who not in view.by_message:
        yield Fault(Broken.LOST, f"{post.who} is not on {view.platform}")
    elif missing := set(post.words) - record.held[view.platform].words:
        yield Fault(Broken.LOST, f"{post.who} lacks {len(missing)} words on {view.platform}")


# --- relations survive ---


def _unrelated(record: Record, view: Copies, post: Post) -> Iterator[Fault]:
    copies = view.by_message.get(post.who, ())
    if (view.platform, post.who) in record.parked:
        return
    if post.deleted:
        yield from _remaining(record, view, post)
    elif copies:
        yield from _unlike(record, view, post)


def _remaining(record: Record, view: Copies, post: Post) -> Iterator[Fault]:
    """Of what was taken back only doubles may remain, and only where nobody could know of them."""
    copies = view.by_message.get(post.who, ())
    if copies and record.platforms[view.platform].native and not _windows(record, view.platform, post.who):
        yield Fault(Broken.RELATION, f"{post.who} was deleted and is still on {view.platform}")


def _unlike(record: Record, view: Copies, post: Post) -> Iterator[Fault]:
    copies = view.by_message[post.who]
    newest = max(line.version for line in (*copies, *view.notes.get(post.who, ())))
    if newest != post.version:
        yield Fault(Broken.RELATION, f"{post.who} is in version {newest}, not {post.version}, on {view.platform}")
    answered = post.answers if post.answers in record.accepted else None
    if answered is not None and not any(_hangs(record, view, line, answered) for line in copies):
        yield Fault(Broken.RELATION, f"{post.who} hangs on nothing on {view.platform}")


def _unreacted(record: Record, post: Post) -> Iterator[Fault]:
    """A reaction is seen wherever there are any: on one of the copies, and on the message itself."""
    for platform, traits in record.platforms.items() if post.emoji and not post.deleted else ():
        lines = [one for one in record.held[platform].lines if one.who == post.who]
        there = lines and (platform, post.who) not in record.parked and traits.native
        if there and not any(post.emoji in one.reactions for one in lines):
            yield Fault(Broken.RELATION, f"{post.who} misses {post.emoji} on {platform}")


def _hangs(record: Record, view: Copies, line: Line, answered: Who) -> bool:
    """Whether a copy answers a copy of what its original answered, or that itself, or quotes it in words."""
    if line.answers == "words" and not record.platforms[view.platform].native:
        return True
    there = {one.id for one in record.held[view.platform].lines if one.who == answered}
    gone = (view.platform, answered) in record.parked or any(p.deleted for p in record.posts if p.who == answered)
    return gone or line.answers in there


# --- order ---


def _disordered(record: Record, view: Copies) -> Iterator[Fault]:
    place = {who: number for number, who in enumerate(record.accepted)}
    last: Who | None = None
    for who in view.by_message:
        if who not in place or (view.platform, who) in record.parked:
            continue
        if last is not None and place[who] < place[last]:
            yield Fault(Broken.ORDER, f"{who} comes after {last} on {view.platform}")
        last = who


# --- doubles ---


def _windows(record: Record, platform: str, who: Who) -> list[Death]:
    """The deaths at which a delivery of this message may have been under way there."""
    return [death for death in record.deaths if who in death.windows.get(platform, ())]


def _surplus(view: Copies) -> Iterator[tuple[Who, int]]:
    for who, lines in view.by_message.items():
        yield who, len(lines) - 1
    for who, lines in view.notes.items():
        yield who, len(lines) - len({line.version for line in lines})


def _doubled(record: Record, view: Copies) -> Iterator[Fault]:
    for who, surplus in _surplus(view):
        if surplus and record.platforms[view.platform].keyed:
            yield Fault(Broken.DOUBLE, f"{who} is doubled on {view.platform}, which knows keys")
        elif surplus > len(_windows(record, view.platform, who)):
            yield Fault(Broken.DOUBLE, f"{who} is doubled on {view.platform}, and was not under way at a death")


def _counted(record: Record, views: Sequence[Copies]) -> dict[tuple[str, str], int]:
    found: Counter[tuple[str, str]] = Counter()
    for view in views:
        for who, surplus in _surplus(view):
            causes = [death.cause for death in _windows(record, view.platform, who)]
            found.update((view.platform, cause) for cause in (*causes, *["unknown"] * surplus)[:surplus])
    return dict(found)


# --- positions and counts ---


def _ahead(deaths: Sequence[Death]) -> Iterator[Fault]:
    for number, death in enumerate(deaths, start=1):
        for account, passed in death.passed.items():
            if gone := passed - death.stored.get(account, frozenset()):
                yield Fault(
                    Broken.POSITION, f"death {number} ({death.cause}): {account} is past {len(gone)} not stored"
                )


def _unbalanced(record: Record) -> Iterator[Fault]:
    """Accepted events times targets are all deliveries, and nothing waits at the end."""
    counts = dict(record.counts)
    accepted = counts.pop("accepted", 0)
    if accepted != sum(counts.values()):
        yield Fault(Broken.LEDGER, f"{accepted} deliveries accepted, {counts} found")
    if accepted != record.events * (len(record.platforms) - 1):
        yield Fault(Broken.LEDGER, f"{accepted} deliveries of {record.events} events")
    if counts.get("waiting", 0) or counts.get("held", 0):
        yield Fault(Broken.LEDGER, f"at the end still: {counts}")
