"""A bridge on a busy day: something is held, something parked, an account is down, one is stopped, a room moved."""

from typing import Final

from bridge.errors import Rejected, Unavailable, Uncertain
from bridge.ids import Place, RoomId
from bridge.testing.platform import Fault
from bridge.testing.waiting import eventually, shown
from bridge.text.nodes import said
from tests.operator.lab import Lab

PLACES: Final[dict[str, tuple[str, ...]]] = {
    "home": ("lobby", "garden", "news"),
    "town": ("lobby", "garden", "news"),
    "harbour": ("lobby", "news"),
    "attic": ("lobby",),
}
LINKS: Final = (
    "  lobby: {rooms: [home/lobby, town/lobby, harbour/lobby, attic/lobby]}\n"
    "  garden: {rooms: [home/garden, town/garden]}\n"
    "  news: {from: [home/news], to: [town/news, harbour/news]}\n"
)
ANNOUNCING: Final = (
    "  lobby: {rooms: [home/lobby, town/lobby]}\n"
    "announcements:\n  office: {room: home/press, to: [town/news], approval: author, undo_seconds: 1}\n"
)


async def announce(lab: Lab) -> None:
    """Of the only recipient of an announcement nobody knows whether it has it."""
    home = lab.platforms["home"]
    lab.bridge.connector("town").fails.append(Uncertain("the answer was lost"))
    for words, answered in (("!announce We close at noon", "approves it by"), ("!approve 1", "nobody knows")):
        await home.say("press", "Ada", said(words))
        await shown(home, "press", lambda seen, answered=answered: any(answered in one.text for one in seen))


async def play(lab: Lab) -> None:
    """Let all of it happen."""
    home, town = lab.platforms["home"], lab.platforms["town"]
    for number, words in enumerate(["Good morning!", "Does the bridge hold today?", "It does."]):
        await home.say("lobby", ("Ada", "Ben", "نور")[number], said(words))
    await shown(town, "lobby", lambda seen: len(seen) == 3)
    connector = lab.bridge.connector("town")
    for who, why in (("Ada", "the message is too long for this room"), ("نور الدين", "links are not allowed here")):
        connector.fails.append(Rejected(why))
        await home.say("garden", who, said("words nobody sees on the page"))
        await eventually(lambda: not connector.fails)
    town.closed.add("news")
    await home.say("news", "Ada", said("News of the day"))
    await eventually(lambda: lab.bridge.lane("town/news").state.held)
    lab.bridge.lane("home/garden").state.hold_until_told(
        "home/garden says that it moved to !orchard:example.org", Place(RoomId("!orchard:example.org"))
    )
    lab.bridge.connector("harbour").connects = Unavailable("connection refused")
    lab.platforms["harbour"].drop_connections()
    lab.platforms["attic"].fail_next(Fault.UNAUTHORIZED)
    await eventually(lambda: lab.bridge.account("attic").state == "stopped")
    await eventually(lambda: lab.bridge.account("harbour").last_error == "connection refused")
    for words in ("Is anybody there?", "I shall wait.", "A little longer."):
        await home.say("lobby", "Cleo", said(words))
    await shown_everywhere(lab)


async def shown_everywhere(lab: Lab) -> None:
    """Wait until what was said last has arrived where it can."""

    async def settled() -> bool:
        nonlocal ledger
        ledger = await lab.bridge.ledger()
        return ledger["waiting"] == 7 and ledger["parked"] == 2

    ledger: dict[str, int] = {}
    await eventually(settled, what=lambda: ledger)
