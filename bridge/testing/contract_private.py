"""Promises about platforms that speak with one person at a time: whose room it is, who wants to hear, what arrived."""

from collections.abc import Sequence

import pytest

from bridge.asked import Outgoing, Target
from bridge.connector import Connector
from bridge.errors import BridgeError, Uncertain
from bridge.events import Delivered, Joined, Left, Posted, RoomKind
from bridge.ids import MessageId, RoomId
from bridge.testing.acts import Private, ShowsMarks, Subscribes
from bridge.testing.contract_kit import Kit, Running, told
from bridge.testing.platform import Fault, texts


class PrivatePromises:
    """What holds where each room is one person's conversation with us; skipped where rooms are shared."""

    async def test_a_private_room_is_its_persons(self, kit: Kit) -> None:
        _needs_private(kit)
        async with kit.running() as run:
            _, ada = await run.hears("is this between us", room=kit.town)
            _, grace = await run.hears("and this", room=kit.garden)
            for event, room in ((ada, kit.town), (grace, kit.garden)):
                assert event.room_kind is RoomKind.DIRECT, f"a private conversation is published as {event.room_kind}"
                assert str(event.room) == event.author.id, "the id of a private room is the person's"
                assert event.room == run.place(room).room
                assert event.author.name == kit.person(room=room)

    async def test_who_subscribes_comes_in_and_who_had_enough_leaves(self, kit: Kit) -> None:
        if not isinstance(kit.platform, Subscribes):
            pytest.skip("no subscriptions: the platform has no `subscribe`")
        async with kit.running() as run:
            room = run.place(kit.garden).room
            await kit.platform.subscribe(kit.garden)
            joined = await run.event(Joined, lambda event: event.room == room, "somebody who wants to hear from us")
            await kit.acts(kit.platform.unsubscribe(kit.garden), "leaving by people")
            left = await run.event(Left, lambda event: event.room == room, "somebody who had enough")
            assert [one.room_kind for one in (joined, left)] == [RoomKind.DIRECT] * 2
            assert [str(one.user.id) for one in (joined, left)] == [room] * 2

    async def test_what_was_read_is_marked(self, kit: Kit) -> None:
        kit.needs(Connector.mark_read, "marks that something was read")
        _needs_private(kit)
        async with kit.running() as run:
            native, event = await run.hears("did you read this", room=kit.town)
            if not isinstance(kit.platform, ShowsMarks):
                pytest.skip("no marks: people here do not see what was read")
            assert not kit.platform.is_read(kit.town, native)
            for _ in range(2):
                await run.connector.mark_read(Target(room=event.room, parts=event.message))
            platform = kit.platform
            await kit.until_shown(kit.town, lambda _: platform.is_read(kit.town, native), "a mark that it was read")

    async def test_what_arrived_is_confirmed(self, kit: Kit) -> None:
        async with kit.running() as run:
            if run.capabilities(kit.town).confirms_within is None:
                pytest.skip("no confirmations: the room's capabilities do not name `confirms_within`")
            target = await run.sent("did you get it")
            event = await run.event(Delivered, lambda one: one.room == target.room, "that it arrived")
            assert event.until or event.message in target.parts, f"{event} speaks of another than {target.parts}"
            await run.hears("yes")
            assert [plain.author.name for plain in kit.host.events if isinstance(plain, Posted)] == [kit.person()]

    async def test_a_broadcast_reaches_everybody_once(self, kit: Kit) -> None:
        kit.needs(Connector.broadcast, "broadcasts")
        async with kit.running() as run:
            rooms = [run.place(one).room for one in (kit.town, kit.garden)]
            told_to = await run.connector.broadcast(run.outgoing("news for all"), rooms)
            for room in (kit.town, kit.garden):
                shown = await kit.reads(room, "news for all")
                assert told_to[run.place(room).room] == shown.id, told(kit.host.events)

    async def test_a_broadcast_says_whom_it_did_not_reach(self, kit: Kit) -> None:
        kit.needs(Connector.broadcast, "broadcasts")
        async with kit.running() as run:
            here, nowhere = run.place(kit.town).room, RoomId(f"{run.place(kit.town).room}nobody")
            told_to = await run.connector.broadcast(run.outgoing("news for some"), [here, nowhere])
            assert set(told_to) == {here, nowhere}
            assert isinstance(told_to[nowhere], BridgeError), f"{told_to[nowhere]!r} for nobody"
            assert told_to[here] == (await kit.reads(kit.town, "news for some")).id
            assert "news for some" not in await texts(kit.platform, kit.garden)

    async def test_a_broadcast_that_is_put_off_reached_nobody_and_goes_later(self, kit: Kit) -> None:
        """Whoever is not told of as reached, or in doubt, gets it again: they must not have it."""
        kit.needs(Connector.broadcast, "broadcasts")
        async with kit.running() as run:
            rooms = {run.place(one).room: one for one in (kit.town, kit.garden)}
            part = run.outgoing("news for later")
            kit.fail_next(Fault.UNAVAILABLE, len(rooms))
            told_to = await _answers(run, part, tuple(rooms))
            again = [room for room, answer in told_to.items() if isinstance(answer, BridgeError)]
            assert again, "nobody was told of a platform that was away"
            doubtful = [answer for answer in told_to.values() if isinstance(answer, Uncertain)]
            assert not doubtful, f"certainly not sent, and told as {doubtful}"
            for room in again:
                assert "news for later" not in await texts(kit.platform, rooms[room])
            for _ in rooms:
                await run.ready()
                again = [room for room, answer in told_to.items() if isinstance(answer, BridgeError)]
                told_to |= await _answers(run, part, again) if again else {}
            assert not [one for one in told_to.values() if isinstance(one, BridgeError)], told_to

    async def test_a_broadcast_whose_answer_is_lost_denies_nobody(self, kit: Kit) -> None:
        kit.needs(Connector.broadcast, "broadcasts")
        async with kit.running() as run:
            rooms = {run.place(one).room: one for one in (kit.town, kit.garden)}
            kit.fail_next(Fault.LOST_ANSWER)
            told_to = await _answers(run, run.outgoing("news in the dark"), tuple(rooms))
            await run.ready()
            for room, answer in told_to.items():
                reached = "news in the dark" in await texts(kit.platform, rooms[room])
                denied = isinstance(answer, BridgeError) and not isinstance(answer, Uncertain)
                assert not (reached and denied), f"{answer!r} for somebody who has it"

    async def test_a_broadcast_names_how_many_it_takes(self, kit: Kit) -> None:
        kit.needs(Connector.broadcast, "broadcasts")
        assert kit.connect(kit.host).features.max_recipients > 1, "`max_recipients` says that nobody may be sent to"


async def _answers(run: Running, part: Outgoing, rooms: Sequence[RoomId]) -> dict[RoomId, MessageId | BridgeError]:
    """How it went for each of them; what is raised is meant for all."""
    try:
        return dict(await run.connector.broadcast(part, rooms))
    except BridgeError as error:
        return dict.fromkeys(rooms, error)


def _needs_private(kit: Kit) -> None:
    if not isinstance(kit.platform, Private):
        pytest.skip("no private rooms: several people are in each")
