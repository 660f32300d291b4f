"""What a message of a person carries beside its words. Pure: no I/O, no state; facts/platform-apis.md 3.3."""

import math
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote, urlsplit

from bridge.content import Location
from bridge.events import Attachment, Kind
from connectors.graph.wire import Json, an_object, objects, text

_KINDS: Final = {"image": Kind.IMAGE, "video": Kind.VIDEO, "audio": Kind.AUDIO, "file": Kind.FILE}
_THUMBS: Final = frozenset({"369239263222822", "369239343222814", "369239383222810"})
"""The thumb in its three sizes."""
_SPOKEN: Final = "audioclip"
"""What the name of a recorded voice begins with, as far as anybody has seen; others are audio."""
_LONGEST_NAME: Final = 200
_LONGEST_ADDRESS: Final = 4096
_WEB: Final = frozenset({"http", "https"})


def files(body: Json) -> tuple[Attachment, ...]:
    """What can be fetched, and places; a sticker that comes as a picture as well is one sticker."""
    found = [(one, an_object(one.get("payload"))) for one in objects(body.get("attachments"))]
    stickers = [payload for one, payload in found if _sticker(payload) or one.get("type") == "sticker"]
    if stickers:
        return (_thrown(stickers[0]),)
    return tuple(made for one, payload in found for made in _made(text(one.get("type")), one, payload))


def pointers(body: Json) -> Iterator[str]:
    """Titles and addresses of what is shown elsewhere: shared pages, reels, posts, cards."""
    for one in objects(body.get("attachments")):
        payload = an_object(one.get("payload"))
        if text(one.get("type")) not in {*_KINDS, "location", "sticker"} and not _sticker(payload):
            title = text(one.get("title")) or text(payload.get("title"))
            yield from (part for part in (title, _address(payload) or _address(one)) if part)


def _made(kind: str, one: Json, payload: Json) -> Iterator[Attachment]:
    if kind == "location" and (place := _place(one, payload)) is not None:
        yield Attachment(kind=Kind.LOCATION, location=place)
    if kind in _KINDS and (address := _address(payload)):
        name = _name(address)
        told = Kind.VOICE if kind == "audio" and name.startswith(_SPOKEN) else _KINDS[kind]
        moves = told is Kind.IMAGE and name.casefold().endswith(".gif")
        yield Attachment(kind=told, name=name, source=address, animated=moves)


def _thrown(payload: Json) -> Attachment:
    thumb = _sticker(payload) in _THUMBS
    return Attachment(kind=Kind.STICKER, source=_address(payload), emoji="👍" if thumb else "")


def _sticker(payload: Json) -> str:
    """A sticker's number, which may come as a text."""
    given = payload.get("sticker_id")
    return str(given) if isinstance(given, int | str) and not isinstance(given, bool) else ""


def _place(one: Json, payload: Json) -> Location | None:
    spot = an_object(payload.get("coordinates"))
    degrees = [spot.get("lat"), spot.get("long")]
    if not all(
        isinstance(each, int | float) and not isinstance(each, bool) and math.isfinite(each) for each in degrees
    ):
        return None
    latitude, longitude = float(degrees[0] or 0), float(degrees[1] or 0)
    return Location(latitude=latitude, longitude=longitude, title=text(one.get("title")))


def _address(payload: Json) -> str:
    """An address of the web; empty for anything else."""
    address = text(payload.get("url"))
    try:
        scheme = urlsplit(address).scheme
    except ValueError:
        return ""
    return address if scheme in _WEB and len(address) <= _LONGEST_ADDRESS and address.isprintable() else ""


def _name(address: str) -> str:
    """What a file is called, as its address ends."""
    return unquote(urlsplit(address).path.rpartition("/")[2], errors="replace")[-_LONGEST_NAME:]
