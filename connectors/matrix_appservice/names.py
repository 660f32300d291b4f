"""What ghosts are called: made of the store's own numbers, never of anybody's native id. Pure.

The mark between is the store's: another store counts people anew, and must not take over the ghosts of this one.
"""

import re

from bridge.ids import PersonNumber

MARK_LENGTH = 6
_MARK = re.compile(r"[0-9a-z]{6}")


def parted(user: str) -> tuple[str, str]:
    """The local part and the server of a user's id."""
    localpart, _, server = user.removeprefix("@").partition(":")
    return localpart, server


def namespace(bot: str) -> str:
    """The ids of all ghosts that the service of this user may have, as a regular expression."""
    localpart, server = parted(bot)
    return f"@{re.escape(localpart)}_[0-9a-z]{{{MARK_LENGTH}}}_[0-9]+:{re.escape(server)}"


def is_mark(text: str) -> bool:
    """Whether a store may mark its ghosts with it."""
    return _MARK.fullmatch(text) is not None


def person(bot: str, mark: str, user: str) -> PersonNumber | None:
    """Whom a ghost of this store stands for; None for any other user."""
    localpart, server = parted(bot)
    found = re.fullmatch(rf"@{re.escape(localpart)}_{mark}_(\d{{1,15}}):{re.escape(server)}", user)
    return PersonNumber(int(found[1])) if found else None


def ghost(bot: str, mark: str, person: PersonNumber) -> str:
    """The id of a person's ghost."""
    localpart, server = parted(bot)
    return f"@{localpart}_{mark}_{person}:{server}"
