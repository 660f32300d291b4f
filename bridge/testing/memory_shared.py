"""Places, cards and polls on a messenger in memory: as people share them, and as readers have them."""

from collections.abc import Sequence

from bridge.capabilities import Capabilities
from bridge.content import Contact, Location, Poll
from bridge.events import Attachment, Kind
from bridge.testing.holdings import Ballot, Card, Holding, Spot


def attached(what: Spot | Card | Ballot) -> Attachment:
    """What a person shares, as the bridge knows it."""
    match what:
        case Spot():
            place = Location(latitude=what.latitude, longitude=what.longitude, title=what.title)
            return Attachment(kind=Kind.LOCATION, location=place)
        case Card():
            return Attachment(kind=Kind.CONTACT, contact=Contact(name=what.name, phone=what.phone))
        case Ballot():
            return Attachment(kind=Kind.POLL, poll=Poll(question=what.question, answers=what.options))


def held(one: Attachment, chosen: Sequence[int], *, closed: bool) -> Holding:
    """An attachment as a reader has it; `chosen` are the answers that people chose."""
    if (place := one.location) is not None:
        return Spot(latitude=place.latitude, longitude=place.longitude, title=place.title)
    if one.contact is not None:
        return Card(name=one.contact.name, phone=one.contact.phone)
    if one.poll is None:
        raise NotImplementedError(f"no reader here sees {one.kind}")
    votes = tuple(chosen.count(index) for index in range(len(one.poll.answers)))
    return Ballot(question=one.poll.question, options=one.poll.answers, votes=votes, closed=closed)


def unshown(shared: Sequence[Attachment], refused: list[Kind], can: Capabilities) -> str:
    """Why a room does not take these; "" when it does. What stands in `refused` is refused once."""
    for kind in {one.kind for one in shared} & set(refused):
        refused.remove(kind)
        return f"not this {kind}"
    return "" if all(one.kind in can.media for one in shared) else "the room shows no such thing"
