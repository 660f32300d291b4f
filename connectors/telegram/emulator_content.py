"""Places and cards in the emulated Bot API: what it refuses of them, and how a reader sees them."""

from typing import Final

from bridge.testing.holdings import Ballot, Card, Holding, Spot
from connectors.telegram.emulator_rules import Call, bad
from connectors.telegram.emulator_world import Json
from connectors.telegram.format import utf16

_MOST_NAME: Final = 64
_LONGEST_LIVE: Final = 86_400
_FOR_EVER: Final = 0x7FFFFFFF


def location(call: Call) -> Json:
    """The content of `sendLocation`."""
    live = call.number("live_period")
    if live is not None and live != _FOR_EVER and not 60 <= live <= _LONGEST_LIVE:
        raise bad("wrong live location period specified")
    return {"location": _point(call) | ({"live_period": live} if live else {})}


def venue(call: Call) -> Json:
    """The content of `sendVenue`."""
    title, address = call.text("title"), call.text("address")
    if not title.strip() or not address.strip():
        raise bad("venue title and address must be non-empty")
    point = _point(call)
    return {"location": point, "venue": {"location": point, "title": title, "address": address}}


def contact(call: Call) -> Json:
    """The content of `sendContact`."""
    phone, name = call.text("phone_number"), call.text("first_name")
    if not phone.strip() or not name.strip():
        raise bad("contact phone number and first name must be non-empty")
    return {"contact": {"phone_number": phone, "first_name": name[:_MOST_NAME]}}


def poll(call: Call) -> Json:
    """The content of `sendPoll`."""
    question, options = call.text("question").strip(), call.items("options") or []
    texts = [str(one.get("text", "") if isinstance(one, dict) else one).strip() for one in options]
    if not 1 <= utf16(question) <= 300:
        raise bad("poll question must be non-empty" if not question else "poll question length must not exceed 300")
    if len(texts) < 2:
        raise bad("poll must have at least 2 options")
    if len(texts) > 12:
        raise bad("poll can't have more than 12 options")
    if not all(1 <= utf16(text) <= 100 for text in texts):
        raise bad("poll options length must not exceed 100")
    several = call.text("allows_multiple_answers").lower() == "true"
    return asked(Ballot(question=question, options=tuple(texts)), f"p{call.text('chat_id')}{question}", several=several)


def asked(ballot: Ballot, ident: str, *, several: bool = False) -> Json:
    """A poll as messages carry it."""
    options = [{"text": text, "voter_count": 0, "persistent_id": str(at)} for at, text in enumerate(ballot.options)]
    return {
        "poll": {
            "id": ident, "question": ballot.question, "options": options, "total_voter_count": 0, "is_closed": False,
            "is_anonymous": True, "type": "regular", "allows_multiple_answers": several, "allows_revoting": True,
            "members_only": False,
        }
    }  # fmt: skip


SHARED: Final = {"sendlocation": location, "sendvenue": venue, "sendcontact": contact, "sendpoll": poll}
"""Methods that send a thing without words."""


def spot(where: Spot, live_seconds: int | None = None) -> Json:
    """What a person's client sends as a place, of which one with a name has an address as well."""
    live = {"live_period": live_seconds} if live_seconds else {}
    point = {"latitude": where.latitude, "longitude": where.longitude, **live}
    if not where.title:
        return {"location": point}
    return {"location": point, "venue": {"location": point, "title": where.title, "address": "High Street 1"}}


def card(one: Card) -> Json:
    """What a person's client sends as a contact."""
    return {"contact": {"phone_number": one.phone, "first_name": one.name}}


def held(content: Json) -> tuple[Holding, ...]:
    """What a reader sees beside or instead of words."""
    if isinstance(point := content.get("location"), dict):
        title = (content.get("venue") or {}).get("title", "")
        return (Spot(latitude=point["latitude"], longitude=point["longitude"], title=title),)
    if isinstance(one := content.get("contact"), dict):
        return (Card(name=one["first_name"], phone=one["phone_number"]),)
    if isinstance(asks := content.get("poll"), dict):
        options, votes = zip(*((each["text"], each["voter_count"]) for each in asks["options"]), strict=True)
        return (Ballot(question=asks["question"], options=options, votes=votes, closed=asks["is_closed"]),)
    return ()


def _point(call: Call) -> Json:
    latitude, longitude = _degrees(call, "latitude"), _degrees(call, "longitude")
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise bad("wrong location specified")
    return {"latitude": latitude, "longitude": longitude}


def _degrees(call: Call, name: str) -> float:
    if not call.text(name):
        raise bad(f"{name} is empty")
    try:
        return float(call.text(name))
    except ValueError:
        raise bad(f"can't parse {name}: expected a number") from None
