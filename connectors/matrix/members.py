"""What people in rooms are called. Bounded: the homeserver tells the names again beside every message."""

from collections import OrderedDict
from collections.abc import Mapping

from bridge.events import User
from bridge.ids import RoomId, UserId

_KEPT = 10_000


def localpart(user: str) -> str:
    """`ada` of `@ada:example.org`: what somebody without a display name is called."""
    return user.removeprefix("@").partition(":")[0] or user


def named(user: str, profile: Mapping[str, object]) -> User:
    """A person as a profile or a membership describes them."""
    name, avatar = profile.get("displayname"), profile.get("avatar_url")
    shown = name.strip() if isinstance(name, str) else ""
    return User(
        id=UserId(user), name=shown or localpart(user), avatar=avatar if isinstance(avatar, str) and avatar else None
    )


def member(user: str, known: User) -> dict[str, object]:
    """A membership that says what is known of a person: `Members.learn` takes it in again later."""
    content = {"membership": "join", "displayname": known.name, "avatar_url": known.avatar}
    return {"type": "m.room.member", "state_key": user, "content": content}


class Members:
    """Names and pictures of people, room by room."""

    def __init__(self) -> None:
        self._users: OrderedDict[tuple[RoomId, str], User] = OrderedDict()

    def learn(self, room: RoomId, event: Mapping[str, object]) -> None:
        """Take in a `m.room.member` event; any other is passed over."""
        user, content = event.get("state_key"), event.get("content")
        if event.get("type") != "m.room.member" or not isinstance(user, str) or not isinstance(content, Mapping):
            return
        if content.get("membership") == "join" or (room, user) not in self._users:
            self._keep((room, user), named(user, content))

    def knows(self, room: RoomId, user: str) -> bool:
        """Whether the room told what somebody is called."""
        return (room, user) in self._users

    def user(self, room: RoomId, user: str) -> User:
        """The person as the room shows them; by the local part of the id when nobody told their name."""
        return self._users.get((room, user)) or named(user, {})

    def _keep(self, place: tuple[RoomId, str], user: User) -> None:
        self._users[place] = user
        self._users.move_to_end(place)
        if len(self._users) > _KEPT:
            self._users.popitem(last=False)
