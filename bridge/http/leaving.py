"""To leave a room that no link names any more, with everything of ours that is still there."""

from bridge.connector import Connector
from bridge.errors import Rejected
from bridge.supervisor import Account


class StillLinked(Exception):
    """A link names the room: it is left when the link ends."""


def can_leave(account: Account) -> bool:
    """Whether the platform lets us leave rooms, and tells in which we are."""
    return account.connector.can(Connector.leave) and account.connector.can(Connector.rooms)


async def left(account: Account, name: str) -> None:
    """Leave a room that the account sees, by the name it has there.

    Raises `StillLinked`; `Rejected` when the account sees no such room; whatever else the connector raises.
    """
    linked = account.rooms.values()
    if any(lane.name.name == name for lane in linked):
        raise StillLinked(f"a link names {account.account}/{name}: it is left when no link does")
    if name not in {room.name for room in await account.connector.rooms()}:
        raise Rejected(f"{account.account} sees no room {name}; `qantara rooms {account.account}` lists those it sees")
    place = await account.connector.join(name)
    for lane in linked:
        if lane.state.pinned is not None and lane.state.pinned.room == place.room:
            raise StillLinked(f"that is {lane.name}, which a link names: it is left when no link does")
    await account.connector.leave(place)
