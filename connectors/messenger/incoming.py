"""Calls of Meta → events. Pure: no I/O, no state; facts/platform-apis.md 3.2 and 3.3.

One call may carry several entries with several items each; an item that cannot be read must not cost the others.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from bridge.events import (
    AnyEvent,
    Deleted,
    Delivered,
    Edited,
    Joined,
    Posted,
    Reacted,
    RoomKind,
    Unreacted,
    User,
)
from bridge.ids import EventId, Key, MessageId, RoomId, UserId
from bridge.text.nodes import Rich, said
from connectors.graph.wire import Json, an_object, number, objects, text
from connectors.messenger import attached
from connectors.messenger.format import parse

ECHO: Final = "qantara "
"""What `metadata` of a message of ours begins with; the key follows."""
OLDEST: Final = timedelta(days=7)
"""What is older was stored long ago: a call that brings it is a replay. The bridge knows what it saw for 8 days."""
NOT_READ: Final = "[a message that only Messenger itself can show]"
_PSID: Final = re.compile(r"\d{3,40}")
_SECONDS_BELOW: Final = 10**12
_LATEST: Final = 10**13
_KINDS: Final = ("message", "message_edit", "reaction", "postback", "delivery", "read", "referral", "optin")
_PASSED_OVER: Final = (
    "pass_thread_control", "take_thread_control", "request_thread_control", "app_roles", "account_linking",
    "policy_enforcement", "message_context", "messaging_feedback", "messaging_customer_information",
    "response_feedback",
)  # fmt: skip
_STARTED: Final = "GET_STARTED"
_LONGEST_KEY: Final = 200
_EMOJI: Final = {
    "smile": "😆", "angry": "😠", "sad": "😢", "wow": "😮", "love": "❤️", "like": "👍", "dislike": "👎",
}  # fmt: skip


class Item(Struct, frozen=True):
    """One thing that happened with one person: `body` is what stands under its kind, `raw` all of it."""

    kind: str
    person: str
    at: datetime
    body: Json
    raw: Json

    @property
    def is_echo(self) -> bool:
        """Whether the page wrote it, whoever that was."""
        return self.body.get("is_echo") is True or self.body.get("is_echo") == "true"


class Read(Struct, frozen=True):
    """What a call holds, in the order of its times, and what of it could not be read."""

    items: tuple[Item, ...]
    unreadable: tuple[str, ...]


class Known(Struct, frozen=True):
    """What the events of a call are made with: who we are, people by their ids, and the reactions before this one.

    `about` is the poll of ours under which a button was pressed.
    """

    me: User
    app: str
    people: Mapping[str, User]
    before: Mapping[str, str] = {}
    about: str | None = None


def read(body: Json, page: str, now: datetime) -> Read:
    """Everything in a call about our page: order may break after failures, so its times decide."""
    items: list[Item] = []
    unreadable: list[str] = []
    for entry in objects(body.get("entry")):
        if str(entry.get("id")) != page:
            unreadable.append("an entry of another page")
            continue
        for raw in (*objects(entry.get("messaging")), *objects(entry.get("standby"))):
            _read(raw, entry, page, items, unreadable)
    fresh = [one for one in items if one.at > now - OLDEST]
    unreadable += ["a replayed call"] * (len(items) - len(fresh))
    return Read(tuple(sorted(fresh, key=lambda one: one.at)), tuple(unreadable))


def _read(raw: Json, entry: Json, page: str, items: list[Item], unreadable: list[str]) -> None:
    kind = next((one for one in _KINDS if isinstance(raw.get(one), dict)), None)
    if kind is None:
        if not any(one in raw for one in _PASSED_OVER):
            unreadable.append("an item of no known kind")
        return
    at, person = _time(raw, entry), _person(raw, page)
    if at is None or person is None:
        unreadable.append(f"a {kind.replace('_', ' ')}")
        return
    items.append(Item(kind, person, at, an_object(raw[kind]), raw))


def _person(raw: Json, page: str) -> str | None:
    """The one of sender and recipient who is not the page."""
    ends = [str(an_object(raw.get(end)).get("id")) for end in ("sender", "recipient")]
    others = [one for one in ends if one != page]
    return others[0] if len(others) == 1 and _PSID.fullmatch(others[0]) else None


def _time(raw: Json, entry: Json) -> datetime | None:
    return moment(number(raw.get("timestamp")) or number(entry.get("time")))


def moment(stamp: int | None) -> datetime | None:
    """A time of Meta's, in milliseconds, or in seconds where it is that small; None for none."""
    if stamp is None or stamp <= 0 or stamp >= _LATEST:
        return None
    return datetime.fromtimestamp((stamp * 1000 if stamp < _SECONDS_BELOW else stamp) / 1000, UTC)


def events(item: Item, known: Known) -> Sequence[AnyEvent]:
    """What an item means; empty for what concerns nobody. Raises `ValueError` for what lacks its own id."""
    return tuple(_EVENTS[item.kind](item, known))


# Messages.


def _message(item: Item, known: Known) -> Iterator[AnyEvent]:
    mid = _mid(item)
    if item.is_echo:
        yield from _echo(item, known, mid)
        return
    author = known.people[item.person]
    if _is_gone(item):
        yield Deleted(id=EventId(f"deletion {mid}"), message=mid, by=author, **_where(item))
        return
    answered = MessageId(known.about) if known.about else _answered(item.body)
    yield replace(_posted(item, mid, author), in_reply_to=answered)


def pressed(item: Item) -> Key | None:
    """The key of our poll under which somebody pressed a button; the title stands in the text."""
    payload = text(an_object(item.body.get("quick_reply")).get("payload"))
    key, _, number = payload.removeprefix(ECHO).rpartition(" ")
    ours = item.kind == "message" and payload.startswith(ECHO) and len(key) <= _LONGEST_KEY
    return Key(key) if ours and key and number.isdecimal() else None


def polled(key: Key) -> str:
    """The name under which it is remembered which message a poll became."""
    return f"poll {key}"


def _posted(item: Item, mid: MessageId, author: User, echo_of: Key | None = None) -> Posted:
    return Posted(
        id=EventId(f"message {mid}"),
        message=(mid,),
        author=author,
        text=words(item.body),
        attachments=attached.files(item.body),
        in_reply_to=_answered(item.body),
        echo_of=echo_of,
        **_where(item),
    )


def _echo(item: Item, known: Known, mid: MessageId) -> Iterator[AnyEvent]:
    """Ours by its key, then ours by the app, then what somebody else wrote in the page's name."""
    key = echoed(item.body)
    if key is not None:
        yield _posted(item, mid, known.me, key)
    elif (app := str(item.body.get("app_id", ""))) != known.app:
        yield _posted(item, mid, User(id=UserId(f"{known.me.id}/{app}"), name=known.me.name))


def echoed(body: Json) -> Key | None:
    """Our key in an echo."""
    metadata = text(body.get("metadata"))
    return Key(metadata.removeprefix(ECHO)) if metadata.startswith(ECHO) else None


def words(body: Json) -> Rich:
    """The text of a message, with what it only points at; a placeholder where nothing of it can be shown."""
    written = text(body.get("text"))
    found = [written, *(one for one in attached.pointers(body) if one not in written)]
    tree = parse("\n".join(one for one in found if one))
    return tree or (() if attached.files(body) else said(NOT_READ))


def unshown(item: Item) -> bool:
    """Whether a placeholder stands for a message."""
    spoken = item.kind == "message" and not item.is_echo and not _is_gone(item)
    return spoken and words(item.body) == said(NOT_READ)


def _is_gone(item: Item) -> bool:
    return item.body.get("is_deleted") in {True, "true"}


def _edited(item: Item, known: Known) -> Iterator[AnyEvent]:
    mid, edit = _mid(item), number(item.body.get("num_edit"))
    yield Edited(
        id=EventId(f"edit {mid} {stamp(item) if edit is None else edit}"),
        replaces=mid,
        author=known.people[item.person],
        text=parse(text(item.body.get("text"))),
        **_where(item),
    )


def _postback(item: Item, known: Known) -> Iterator[AnyEvent]:
    """A button was pressed: its words are what the person says."""
    author, title = known.people[item.person], text(item.body.get("title"))
    if text(item.body.get("payload")) == _STARTED or isinstance(item.body.get("referral"), dict):
        yield _joined(item, author)
    mid = text(item.body.get("mid")) or f"postback {item.person} {stamp(item)}"
    if title:
        yield Posted(
            id=EventId(f"pressed {mid}"), message=(MessageId(mid),), author=author, text=parse(title), **_where(item)
        )


def _came(item: Item, known: Known) -> Iterator[AnyEvent]:
    yield _joined(item, known.people[item.person])


def _joined(item: Item, user: User) -> Joined:
    return Joined(id=EventId(f"came {item.person} {stamp(item)}"), user=user, **_where(item))


# Reactions and confirmations.


def _reacted(item: Item, known: Known) -> Iterator[AnyEvent]:
    """One reaction a person and message: the next takes the place of the last, and its end may name no emoji."""
    mid, by, old = _mid(item), known.people[item.person], known.before.get(before(item), "")
    new = left(item)
    ident = f"reaction {mid} {item.person} {stamp(item)}"
    gone = old if new else old or emoji(item.body)
    if gone and gone != new:
        yield Unreacted(id=EventId(f"{ident} off"), message=mid, emoji=gone, by=by, **_where(item))
    if new:
        yield Reacted(id=EventId(f"{ident} on"), message=mid, emoji=new, by=by, **_where(item))


def left(item: Item) -> str:
    """The emoji that stands there after a reaction; empty when it was taken back."""
    return "" if text(item.body.get("action")) == "unreact" else emoji(item.body)


def emoji(body: Json) -> str:
    """The emoji of a reaction; empty where none is named."""
    return text(body.get("emoji")) or _EMOJI.get(text(body.get("reaction")), "")


def before(item: Item) -> str:
    """The name under which a person's reaction on a message is remembered; it tells nobody whose it is."""
    about = hashlib.sha256(f"{item.person} {text(item.body.get('mid'))}".encode("utf-8", "replace"))
    return f"reaction {about.hexdigest()[:40]}"


def _delivered(item: Item, _: Known) -> Iterator[AnyEvent]:
    """What the person's device has, named where Meta names it, and everything up to a time."""
    mids = item.body.get("mids")
    for mid in (one for one in mids if isinstance(one, str) and one) if isinstance(mids, list) else ():
        yield Delivered(id=EventId(f"delivered {mid}"), message=MessageId(mid), **_confirmed(item))
    yield from _until(item, "delivered")


def _seen(item: Item, _: Known) -> Iterator[AnyEvent]:
    """What was read was delivered."""
    yield from _until(item, "read")


def _until(item: Item, what: str) -> Iterator[AnyEvent]:
    mark = number(item.body.get("watermark"))
    if (until := moment(mark)) is not None:
        yield Delivered(id=EventId(f"{what} {item.person} {mark}"), until=until, **_confirmed(item))


def _confirmed(item: Item) -> dict[str, Any]:
    return {**_where(item), "recipient": RoomId(item.person)}


_EVENTS: Final = {
    "message": _message,
    "message_edit": _edited,
    "reaction": _reacted,
    "postback": _postback,
    "delivery": _delivered,
    "read": _seen,
    "referral": _came,
    "optin": _came,
}


def _mid(item: Item) -> MessageId:
    mid = text(item.body.get("mid"))
    if not mid:
        raise ValueError("it has no id")
    return MessageId(mid)


def _answered(body: Json) -> MessageId | None:
    mid = text(an_object(body.get("reply_to")).get("mid"))
    return MessageId(mid) if mid else None


def _where(item: Item) -> dict[str, Any]:
    return {"room": RoomId(item.person), "room_kind": RoomKind.DIRECT, "at": item.at}


def stamp(item: Item) -> int:
    """The time of an item, in milliseconds."""
    return round(item.at.timestamp() * 1000)
