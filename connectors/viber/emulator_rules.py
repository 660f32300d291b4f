"""What the emulated Viber refuses, and with which status; facts/platform-apis.md 1.5, 1.6, 1.8, 1.9, 1.11. Pure."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlsplit

from msgspec import Struct

from connectors.viber.wire import Json

MIB: Final = 1024 * 1024
MAX_BODY: Final = 30 * 1024
MESSAGES: Final = {
    0: "ok", 1: "invalidUrl", 2: "invalidAuthToken", 3: "badData", 4: "missingData", 5: "receiverNotRegistered",
    6: "receiverNotSubscribed", 7: "publicAccountBlocked", 8: "publicAccountNotFound", 9: "publicAccountSuspended",
    10: "webhookNotSet", 11: "receiverNoSuitableDevice", 12: "tooManyRequests", 13: "apiVersionNotSupported",
    14: "incompatibleWithVersion", 15: "publicAccountNotAuthorized", 16: "inchatReplyMessageNotAllowed",
    17: "publicAccountIsNotInline", 18: "noPublicChat", 19: "cannotSendBroadcast", 20: "broadcastNotAllowed",
}  # fmt: skip


class Spelling(StrEnum):
    """How Viber writes what its pages write in two ways: message tokens, stickers' ids, degrees."""

    NUMBER = "number"
    TEXT = "text"


class Signed(StrEnum):
    """Where a callback's signature stands: whether `sig` is always there is not certain."""

    BOTH = "both"
    HEADER = "header"
    QUERY = "query"


class Greeting(StrEnum):
    """Whether the call that tries an address out is signed like all others."""

    SIGNED = "signed"
    UNSIGNED = "unsigned"


class Receipts(StrEnum):
    """Whose messages are confirmed: those of people to the bot are said to be as well."""

    OURS = "ours"
    EVERYBODYS = "everybody's"


class Webhooks(StrEnum):
    """Which addresses Viber calls: without TLS only ones of this machine, and only in an emulator."""

    SECURE = "secure"
    LOOPBACK = "loopback"


class Habits(Struct, frozen=True):
    """What is not certain about Viber, one way or the other; and how soon the emulator calls again."""

    spelling: Spelling = Spelling.NUMBER
    signed: Signed = Signed.BOTH
    greeting: Greeting = Greeting.SIGNED
    receipts: Receipts = Receipts.EVERYBODYS
    webhooks: Webhooks = Webhooks.LOOPBACK
    max_caption: int = 512
    video_bytes: int = 26 * MIB
    owner: str = "superadmin"
    first_wait: float = 0.05
    """Seconds before a callback comes again; each further wait is twice as long, up to a minute."""
    refusals: int = 2
    """How often a callback may be answered with 4xx before it is given up; any other failure is tried again."""
    answer_seconds: float = 10.0
    """How long an answer to a callback may take."""


class Limits(Struct, frozen=True):
    """How much Viber takes; 0 means any number. `hourly` messages to one person in an hour of the clock."""

    hourly: int = 100
    broadcasts: int = 500
    broadcast_seconds: float = 10.0
    recipients: int = 300
    details: int = 2
    """Questions for one person's profile in twelve hours."""
    media_seconds: float = 3600.0
    """How long the address of a person's file lives."""


class Refusal(Exception):
    """An answer with a status other than 0."""

    def __init__(self, status: int, message: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message or MESSAGES.get(status, "general error")


def bad(why: str) -> Refusal:
    """Status 3, with what is wrong behind its name."""
    return Refusal(3, f"badData: {why}")


def check(body: Json, habits: Habits) -> None:
    """Refuse a message that Viber would refuse; whom it is for and its media are somebody else's matter."""
    kind = _required(body, "type", str)
    if kind not in _TYPES:
        raise bad("unknown type")
    if len(str(body.get("tracking_data") or "")) > 4000:
        raise bad("tracking_data is too long")
    version = body.get("min_api_version", 1)
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise bad("min_api_version is no number")
    if "keyboard" in body:
        _check_keyboard(_required(body, "keyboard", dict))
    _TYPES[kind](body, habits)


def _check_keyboard(keyboard: Json) -> None:
    """Buttons under a message: at most 24 rows of six columns."""
    if keyboard.get("Type") != "keyboard":
        raise bad("keyboard.Type is not keyboard")
    buttons = _required(keyboard, "Buttons", list)
    if not buttons or not all(isinstance(one, dict) for one in buttons):
        raise bad("keyboard.Buttons is empty")
    for one in buttons:
        action = one.get("ActionType", "reply")
        if action not in {"reply", "open-url", "location-picker", "share-phone", "none"}:
            raise bad("ActionType is unknown")
        if action != "none":
            _required(one, "ActionBody", str)
        if len(str(one.get("Text", ""))) > 250:
            raise bad("the text of a button is too long")
        if one.get("Columns", 6) not in range(1, 7) or one.get("Rows", 1) not in range(1, 3):
            raise bad("a button is too big, or has no size")
    if sum(one.get("Columns", 6) * one.get("Rows", 1) for one in buttons) > 6 * 24:
        raise bad("the keyboard has too many rows")


def check_sender(body: Json) -> None:
    """Who is shown as the author."""
    sender = _required(body, "sender", dict)
    if len(_required(sender, "name", str)) > 28:
        raise bad("sender.name is too long")
    avatar = sender.get("avatar")
    if avatar is not None and (not isinstance(avatar, str) or not avatar.startswith("https://")):
        raise bad("sender.avatar is no address")


def check_media(body: Json, data: bytes, mime: str, habits: Habits) -> None:
    """Refuse a file that is not what was said of it, once it was fetched."""
    kind, ending = body["type"], _ending(body["media"])
    if kind == "picture" and (ending not in {"jpg", "jpeg", "png", "gif"} or not mime.startswith("image/")):
        raise bad("this is no picture")
    if kind == "picture" and len(data) > 3 * MIB:
        raise bad("the picture is too big")
    if kind == "video" and (ending != "mp4" or mime != "video/mp4"):
        raise bad("this is no video")
    if kind == "video" and len(data) > habits.video_bytes:
        raise bad("the video is too big")
    if kind in {"video", "file"} and len(data) != body["size"]:
        raise bad("size is not the file's")


def check_thumbnail(data: bytes, mime: str) -> None:
    """Refuse a thumbnail that no client would show."""
    if mime != "image/jpeg" or not data.startswith(b"\xff\xd8") or len(data) > 100 * 1024:
        raise bad("thumbnail is no JPEG of at most 100 KB")


def _required(body: Mapping[str, Any], name: str, kind: type) -> Any:  # noqa: ANN401 - whatever kind it is
    found = body.get(name)
    if found is None:
        raise Refusal(4, f"missingData: {name}")
    if not isinstance(found, kind) or isinstance(found, bool):
        raise bad(f"{name} is of the wrong type")
    if found == "" and name != "text":
        raise Refusal(4, f"missingData: {name}")
    return found


def _words(body: Json, most: int) -> None:
    if len(_required(body, "text", str)) > most:
        raise bad("the text is too long")


def _address(body: Json) -> None:
    if len(_required(body, "media", str)) > 2000 or urlsplit(body["media"]).scheme not in {"http", "https"}:
        raise bad("media is no address")
    if "thumbnail" in body and urlsplit(_required(body, "thumbnail", str)).scheme not in {"http", "https"}:
        raise bad("thumbnail is no address")


def _text(body: Json, _: Habits) -> None:
    _words(body, 7000)
    if not body["text"]:
        raise Refusal(4, "missingData: text")


def _picture(body: Json, habits: Habits) -> None:
    _address(body)
    _words(body, habits.max_caption)


def _video(body: Json, habits: Habits) -> None:
    _address(body)
    _size(body, habits.video_bytes)
    seconds = body.get("duration")
    if seconds is not None and (not isinstance(seconds, int) or not 0 < seconds <= 180):
        raise bad("the video is too long")
    if "text" in body:
        _words(body, habits.max_caption)


def _file(body: Json, _: Habits) -> None:
    _address(body)
    _size(body, 50 * MIB)
    name = _required(body, "file_name", str)
    if len(name) > 256 or "." not in name.strip("."):
        raise bad("file_name is too long, or has no extension")
    if name.rpartition(".")[2].lower() in {"exe", "apk", "bat", "cmd", "msi", "vbs", "scr"}:
        raise bad("this type of file is forbidden")


def _size(body: Json, most: int) -> None:
    if not 0 < _required(body, "size", int) <= most:
        raise bad("the file is too big")


def _contact(body: Json, _: Habits) -> None:
    contact = _required(body, "contact", dict)
    if len(_required(contact, "name", str)) > 28 or len(_required(contact, "phone_number", str)) > 18:
        raise bad("the contact is too long")


def _location(body: Json, _: Habits) -> None:
    spot = _required(body, "location", dict)
    for name, most in (("lat", 90), ("lon", 180)):
        if abs(_required(spot, name, int | float)) > most:  # type: ignore[arg-type]  # a union does as well
            raise bad(f"{name} is out of range")


def _url(body: Json, _: Habits) -> None:
    _address(body)


def _sticker(body: Json, _: Habits) -> None:
    _required(body, "sticker_id", int)


def _carousel(body: Json, _: Habits) -> None:
    _required(body, "rich_media", dict)
    if body.get("min_api_version", 1) < 2:
        raise bad("rich_media needs min_api_version 2")


_TYPES: Final[Mapping[str, Callable[[Json, Habits], None]]] = {
    "text": _text, "picture": _picture, "video": _video, "file": _file, "contact": _contact, "location": _location,
    "url": _url, "sticker": _sticker, "rich_media": _carousel,
}  # fmt: skip


def _ending(address: str) -> str:
    return urlsplit(address).path.rpartition("/")[2].rpartition(".")[2].lower()
