"""Whom a room is: a person by user id, or by phone number, or a group. Pure; facts/platform-apis.md 2.2 and 2.6."""

import re
from typing import Final

from bridge import Rejected, RoomId, RoomKind, UserId
from connectors.graph.wire import Json, text

BSUID: Final = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}")
"""A business-scoped user id."""
_PHONE = re.compile(r"\d{5,15}")
_WRITTEN_PHONE = re.compile(r"\+?[\d ().-]{5,30}")
_GROUP = re.compile(r"[A-Za-z0-9_=+/-]{16,200}")


def kind_of(room: RoomId) -> RoomKind:
    """Whether a room is one person's."""
    return RoomKind.DIRECT if BSUID.fullmatch(room) or _PHONE.fullmatch(room) else RoomKind.GROUP


def address(room: RoomId) -> Json:
    """How a message says whom it is for: user ids have a field of their own."""
    if BSUID.fullmatch(room):
        return {"recipient_type": "individual", "recipient": str(room)}
    if _PHONE.fullmatch(room):
        return {"recipient_type": "individual", "to": str(room)}
    return {"recipient_type": "group", "to": str(room)}


def room_of(name: str) -> RoomId:
    """The room that somebody names in the configuration; phone numbers as people write them."""
    if BSUID.fullmatch(name):
        return RoomId(name)
    if _WRITTEN_PHONE.fullmatch(name):
        return RoomId("".join(filter(str.isdigit, name)))
    if _GROUP.fullmatch(name):
        return RoomId(name)
    raise Rejected("a room of WhatsApp is a group's id, a user id (UA.1349…) or a phone number with its country")


def person_of(*ids: object) -> UserId | None:
    """The first user id among these, or else the first phone number; either may stand in the other's field."""
    given = [text(one).removeprefix("+") for one in ids]
    named = [one for one in given if BSUID.fullmatch(one)]
    called = [one for one in given if _PHONE.fullmatch(one)]
    found = next(iter((*named, *called)), None)
    return None if found is None else UserId(found)


def phone_of(*ids: object) -> str | None:
    """The first phone number among these."""
    return next((one for given in ids if _PHONE.fullmatch(one := text(given).removeprefix("+"))), None)
