"""What the emulated Graph API refuses, in Meta's own words; its limits, and the facts that nobody is sure of."""

from collections.abc import Mapping
from typing import Any, Final, Literal

from msgspec import Struct

from bridge.events import Kind
from connectors.messenger.outgoing import MIB

Json = dict[str, Any]


class Limits(Struct, frozen=True, kw_only=True):
    """Sizes and rates, the real ones unless told; a rate of 0 is none."""

    text: int = 2000
    metadata: int = 1000
    image_bytes: int = 8 * MIB
    other_bytes: int = 25 * MIB
    personas: int = 50
    persona_name: int = 50
    album: int = 30
    choices: int = 13
    choice: int = 20
    choice_payload: int = 1000
    edits: int = 5
    per_second: int = 300
    heavy_per_second: int = 10
    window_hours: int = 24
    agent_hours: int = 7 * 24
    answer_seconds: float = 5
    give_up_seconds: float = 3600
    file_days: int = 7


REAL: Final = Limits()
UNLIMITED: Final = Limits(per_second=0, heavy_per_second=0)


class Unsure(Struct, frozen=True, kw_only=True):
    """What facts/platform-apis.md marks as uncertain: either position is possible, and the tests try both."""

    success: Literal["a truth", "a word"] = "a truth"
    statuses: Literal["by code", "all 400"] = "by code"
    bearer: Literal["taken", "not taken"] = "taken"
    personas: Literal["allowed", "not made", "not heard"] = "allowed"
    blocked: Literal["551", "200"] = "551"
    unsend: Literal["untold", "told"] = "untold"
    stickers: Literal["once", "twice", "as pictures"] = "once"
    edits: Literal["a number", "a word"] = "a number"
    deliveries: Literal["named", "by time"] = "named"
    unreact: Literal["bare", "with the emoji"] = "bare"
    stamps: Literal["milliseconds", "seconds"] = "milliseconds"
    human_agent: Literal["allowed", "not allowed"] = "allowed"
    albums: Literal["taken", "not taken"] = "taken"
    fields: Literal["all known", "some unknown", "not ours to ask for"] = "all known"


SURE: Final = Unsure()
OTHERWISE: Final = Unsure(
    success="a word", statuses="all 400", bearer="not taken", blocked="200", unsend="told", stickers="twice",
    edits="a word", deliveries="by time", unreact="with the emoji", stamps="seconds",
)  # fmt: skip
"""Every switch that leaves things possible, in its other position."""

_STATUSES: Final = {
    190: 401,
    102: 401,
    10: 403,
    200: 403,
    230: 403,
    551: 400,
    613: 429,
    4: 429,
    32: 429,
    1: 500,
    2: 500,
}


class ApiError(Exception):
    """One refusal of the Graph API."""

    def __init__(
        self, code: int, message: str, subcode: int | None = None, *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.code, self.subcode, self.headers = code, subcode, dict(headers or {})

    def status(self, unsure: Unsure) -> int:
        """The status of HTTP, as far as anybody knows."""
        return 400 if unsure.statuses == "all 400" else _STATUSES.get(self.code, 400)

    def body(self) -> Json:
        kind = "GraphMethodException" if self.code == 100 and self.subcode == 33 else "OAuthException"
        told: Json = {"message": str(self), "type": kind, "code": self.code, "fbtrace_id": "BLBz/WZt8dN"}
        return {"error": told if self.subcode is None else {**told, "error_subcode": self.subcode}}


def bad(message: str, subcode: int | None = None) -> ApiError:
    """An invalid parameter."""
    return ApiError(100, f"(#100) {message}", subcode)


OUTSIDE: Final = ApiError(10, "(#10) This message is sent outside of allowed window.", 2018278)
TYPES: Final = {"image": Kind.IMAGE, "video": Kind.VIDEO, "audio": Kind.AUDIO, "file": Kind.FILE}
HEAVY: Final = frozenset({"audio", "video"})
MESSAGING_TYPES: Final = ("RESPONSE", "UPDATE", "MESSAGE_TAG")
TAG: Final = "HUMAN_AGENT"
_SAID: Final = frozenset({"text", "attachment", "attachments", "sticker_id"})
ACTIONS: Final = frozenset({"typing_on", "typing_off", "mark_seen", "react", "unreact"})
SEND_FIELDS: Final = frozenset({
    "recipient", "messaging_type", "message", "sender_action", "payload", "tag", "reply_to", "persona_id",
    "notification_type", "filedata",
})  # fmt: skip


def check_send(fields: Json) -> None:
    """The fields of one send, without regard to whom it goes."""
    if unknown := set(fields) - SEND_FIELDS:
        raise bad(f"Param {min(unknown)} is not allowed")
    if ("message" in fields) == ("sender_action" in fields):
        raise bad("One of message and sender_action is required")
    if "sender_action" in fields:
        _check_action(fields)
    else:
        _check_type(fields)


def _check_action(fields: Json) -> None:
    name, payload = fields["sender_action"], fields.get("payload")
    if name not in ACTIONS:
        raise bad("Param sender_action must be one of {TYPING_ON, TYPING_OFF, MARK_SEEN, REACT, UNREACT}")
    if set(fields) - {"recipient", "sender_action", "payload"}:
        raise bad("sender_action must be sent alone")
    wanted = {"react": {"message_id", "reaction"}, "unreact": {"message_id"}}.get(str(name), set())
    given = set(payload) if isinstance(payload, dict) else set()
    if given != wanted:
        raise bad("Invalid payload for sender_action")


def _check_type(fields: Json) -> None:
    kind, tag = fields.get("messaging_type"), fields.get("tag")
    if kind not in MESSAGING_TYPES:
        raise bad("Param messaging_type must be one of {RESPONSE, UPDATE, MESSAGE_TAG}")
    if (kind == "MESSAGE_TAG") != (tag is not None):
        raise bad("Param tag must be given with messaging_type MESSAGE_TAG, and only then")
    if tag is not None and tag != TAG:
        raise bad("The message tag is not supported any more")


def check_message(message: object, limits: Limits) -> Json:
    """What is said: one thing, of the right length."""
    if not isinstance(message, dict):
        raise bad("Param message must be a JSON object")
    if unknown := set(message) - {*_SAID, "metadata", "quick_replies"}:
        raise bad(f"Param message has unexpected key {min(unknown)}")
    if len(_SAID & set(message)) != 1:
        raise bad("Exactly one of text, attachment, attachments and sticker_id is required")
    text = message.get("text", "x")
    if not isinstance(text, str) or not text.strip():
        raise bad("Message cannot be empty, must provide valid attachment or text")
    if len(text) > limits.text:
        raise bad(f"Length of param message[text] must be less than or equal to {limits.text}")
    if len(str(message.get("metadata", ""))) > limits.metadata:
        raise bad(f"Length of param message[metadata] must be less than or equal to {limits.metadata}")
    if "quick_replies" in message:
        _check_choices(message["quick_replies"], limits)
    return message


def _check_choices(choices: object, limits: Limits) -> None:
    """Buttons under a message, each with a title and what it brings home."""
    if not isinstance(choices, list) or not 0 < len(choices) <= limits.choices:
        raise bad(f"Param message[quick_replies] must have 1 to {limits.choices} elements")
    for one in choices:
        if not isinstance(one, dict) or set(one) - {"content_type", "title", "payload", "image_url"}:
            raise bad("Param message[quick_replies] has unexpected keys")
        title, payload = one.get("title"), one.get("payload")
        if one.get("content_type") != "text" or not isinstance(title, str) or not isinstance(payload, str):
            raise bad("A quick reply of content_type text needs a title and a payload")
        if not 0 < len(title) <= limits.choice or not 0 < len(payload) <= limits.choice_payload:
            raise bad("The title or the payload of a quick reply is too long, or empty")


def check_album(message: Json, limits: Limits, unsure: Unsure) -> list[tuple[str, Json]]:
    """The files of a message: one of any type, or several pictures."""
    if "attachment" in message:
        return [check_attachment(message["attachment"])]
    if "attachments" not in message:
        return []
    files = message["attachments"]
    if unsure.albums == "not taken":
        raise bad("Param message has unexpected key attachments")
    if not isinstance(files, list) or not 0 < len(files) <= limits.album:
        raise bad(f"Param message[attachments] must have 1 to {limits.album} elements")
    found = [check_attachment(one) for one in files]
    if any(kind != "image" for kind, _ in found):
        raise bad("Param message[attachments] may hold images only")
    return found


def check_attachment(attachment: object) -> tuple[str, Json]:
    """The type and the payload of a file."""
    if not isinstance(attachment, dict) or attachment.get("type") not in TYPES:
        raise bad("Param message[attachment][type] must be one of {AUDIO, FILE, IMAGE, VIDEO}")
    payload = attachment.get("payload", {})
    if not isinstance(payload, dict) or set(payload) - {"url", "attachment_id", "is_reusable"}:
        raise bad("Param message[attachment][payload] is invalid")
    return str(attachment["type"]), payload
