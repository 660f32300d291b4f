"""Votes in polls on Telegram: counts of our own polls, the end of people's; nothing of polls that nobody knows."""

from bridge import Attachment, Kind, Poll, Tallied
from bridge.testing.contract_kit import Kit
from bridge.testing.holdings import Ballot
from connectors.telegram.emulator import TelegramEmulator

ASKED = Ballot(question="Lunch?", options=("soup", "salad"))
POLL = Attachment(kind=Kind.POLL, poll=Poll(question="Lunch?", answers=("soup", "salad")))


async def test_the_end_of_a_persons_poll_tells_how_it_ended(kit: Kit, server: TelegramEmulator) -> None:
    async with kit.running() as run:
        native = await server.open_poll(kit.town, "Ada", ASKED)
        await run.hears("asked")
        await server.vote(kit.town, "Grace", native, 1)
        await server.close_poll(kit.town, "Ada", native)
        event = await run.event(Tallied, lambda one: one.closed, "the end")
    assert (event.message, event.counts, event.answers) == (native, (0, 1), ASKED.options)


async def test_votes_are_known_after_a_restart_and_in_a_topic(kit: Kit, server: TelegramEmulator) -> None:
    async with kit.running() as run:
        (native,) = await run.send((), shared=(POLL,), room=kit.garden)
    kit.crash()
    async with kit.running() as run:
        await server.vote(kit.garden, "Grace", native, 0)
        event = await run.event(Tallied, lambda one: one.counts == (1, 0), "a vote")
    assert (event.message, event.room) == (native, run.place(kit.garden).room)


async def test_a_poll_that_nobody_saw_is_passed_over(kit: Kit, server: TelegramEmulator) -> None:
    poll = {
        "id": "9", "question": "x", "options": [], "total_voter_count": 0, "is_closed": True, "is_anonymous": True,
        "type": "regular", "allows_multiple_answers": False, "allows_revoting": True, "members_only": False,
    }  # fmt: skip
    async with kit.running() as run:
        server.world.tell("poll", poll)
        await run.hears("the end")
    assert not [event for event in kit.host.events if isinstance(event, Tallied)]
