"""What an operator should know of a WhatsApp number: how it stands, and whether Meta calls us. Pure."""

from collections.abc import Iterator

from bridge import Finding, Grade, RoomId
from connectors.graph.wire import Json, objects, text


def standing(number: Json) -> Iterator[Finding]:
    """What people's complaints did to the number."""
    match text(number.get("quality_rating")).upper():
        case "RED":
            what = "people block or report this number often: WhatsApp may limit it soon"
            remedy = "send fewer messages that nobody asked for; WhatsApp Manager, Phone numbers, Quality rating"
            yield Finding(grade=Grade.FAULT, where="phone_number_id", what=what, remedy=remedy)
        case "YELLOW":
            what = "some people block or report this number"
            remedy = "see which templates they report: WhatsApp Manager, Message templates"
            yield Finding(where="phone_number_id", what=what, remedy=remedy)


def calling(subscribed: Json | None, ours: str | None) -> Iterator[Finding]:
    """Whether Meta calls us: `subscribed` is what it says of who is called, None where it was not asked."""
    if ours is None:
        what = "there is no `http.public_url`: Meta cannot call the bridge, and nothing comes in"
        yield Finding(grade=Grade.FAULT, where="http.public_url", what=what, remedy="set it, with https")
    elif subscribed is None:
        what = "without `business_account` nobody can tell whether Meta calls the bridge"
        remedy = f"set it; or see in the app: WhatsApp, Configuration, Callback URL is {ours}"
        yield Finding(grade=Grade.NOTE, where="business_account", what=what, remedy=remedy)
    elif ours not in (called := [text(one.get("override_callback_uri")) for one in objects(subscribed.get("data"))]):
        what = "Meta calls another program for this number" if any(called) else "Meta does not call the bridge"
        remedy = "restart the account; if it stays so, remove the other program's app from the business account"
        yield Finding(grade=Grade.FAULT, where="business_account", what=what, remedy=remedy)


def waiting(room: RoomId, people: int) -> Iterator[Finding]:
    """Who wants to be let into a group: that is for a person to decide."""
    if people:
        what = f"{people} {'person waits' if people == 1 else 'people wait'} to be let into this group"
        remedy = (
            f"see who: GET /{room}/join_requests; let in with POST, turn away with DELETE; docs/whatsapp.md, Groups"
        )
        yield Finding(where=str(room), what=what, remedy=remedy)
