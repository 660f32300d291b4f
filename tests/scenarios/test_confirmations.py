"""Announcements on a platform that says later what became of what it took: only what arrived counts as delivered."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import pytest
from msgspec.structs import replace

from bridge.asked import Outgoing
from bridge.capabilities import Capabilities
from bridge.errors import Feature
from bridge.events import Delivered, Failure, RoomKind, SendFailed
from bridge.ids import AccountName, EventId, MessageId, RoomId
from bridge.snapshot import look
from bridge.store.announced import Announced, Announcement
from bridge.testing.memory import MemoryPlatform
from bridge.testing.waiting import eventually, shown
from tests.scenarios.announcing import ROOM, announcing, says, told
from tests.scenarios.bridge_under_test import Bridge
from tests.scenarios.crowd import ALONE, Crowd, ManyAtOnce, OneByOne
from tests.scenarios.test_announcing_to_many import announced, subscribed

TO = "undo_seconds: 1, subscribers: [crowd]"
CROWD = AccountName("crowd")
WITHIN = timedelta(minutes=5)


class Confirming(OneByOne):
    """Its platform says within five minutes what became of a message."""

    features: ClassVar[Capabilities] = replace(ALONE, confirms_within=WITHIN)

    def capabilities(self, room: RoomId) -> Capabilities:
        del room
        return self.features


class Hasty(Confirming):
    """What becomes of a message is said before the call that sends it is answered."""

    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        natives = await super().send(message)
        platform = self._platform()
        assert isinstance(platform, Crowd)
        if message.room in {RoomId(f"!{one}") for one in platform.people[:2]}:
            await self.host.publish(arrived(message.room, natives[0]))
        else:
            await self.host.publish(failed(message.room, natives[0], Failure.REFUSED))
        return natives


class Late(Confirming):
    """Who did not write lately gets approved words only, and the platform says so after it took others."""

    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        platform = self._platform()
        assert isinstance(platform, Crowd)
        natives = await super().send(message)
        if message.template is not None:
            platform.templates.append(message.template)
            await self.host.publish(arrived(message.room, natives[0]))
        else:
            await self.host.publish(failed(message.room, natives[0], Failure.CLOSED))
        return natives


class Confirmed(ManyAtOnce):
    """Calls for three hundred, of which each hears later."""

    features: ClassVar[Capabilities] = replace(ManyAtOnce.features, confirms_within=WITHIN)


CONNECTORS = {"single": Confirming, "hasty": Hasty, "late": Late, "many": Confirmed}


def arrived(room: RoomId, message: MessageId) -> Delivered:
    return Delivered(
        id=EventId(f"arrived {message} {room}"), room=room, room_kind=RoomKind.DIRECT, at=datetime.now(UTC),
        message=message,
    )  # fmt: skip


def failed(room: RoomId, message: MessageId, failure: Failure) -> SendFailed:
    return SendFailed(
        id=EventId(f"failed {message} {room}"), room=room, room_kind=RoomKind.DIRECT, at=datetime.now(UTC),
        message=message, reason="the phone is off", failure=failure,
    )  # fmt: skip


@pytest.fixture
async def left() -> AsyncIterator[MemoryPlatform]:
    async with MemoryPlatform(name="left", rooms=("town", "help", ROOM)) as platform:
        yield platform


async def started(  # noqa: PLR0913 - what such a town differs in
    folder: Path, left: MemoryPlatform, crowd: Crowd, connector: str = "single", *, settings: str = TO, more: str = ""
) -> Bridge:
    yaml = announcing(left, crowd, settings=settings, more=f"notices: left/town\n{more}")
    yaml = yaml.replace("crowd: {connector: memory", f"crowd: {{connector: {connector}")
    bridge = await Bridge(folder, yaml, connectors=dict(CONNECTORS)).start()
    crowd.subscribe()
    await subscribed(bridge, len(crowd.people))
    return bridge


async def speaks(bridge: Bridge, crowd: Crowd, number: int, failure: Failure | None = None) -> None:
    """The platform says what became of the newest message to somebody."""
    room = RoomId(f"!{crowd.people[number]}")
    native = crowd.written.messages[room][-1].id
    await bridge.account("crowd").publish(arrived(room, native) if failure is None else failed(room, native, failure))


async def announcement(bridge: Bridge) -> Announcement:
    (found,) = await bridge.writer.ask(Announced(number=1))
    assert isinstance(found, Announcement)
    return found


async def needs(bridge: Bridge) -> list[str]:
    """What the operator is told to look at."""
    status = await look(bridge.app, bridge.clock.now())
    return [need.what for one in status.announcements for need in one.needs]


@pytest.mark.parametrize("connector", ["single", "many"])
async def test_who_is_confirmed_counts_and_who_is_not_is_said_after_the_time(
    tmp_path: Path, left: MemoryPlatform, connector: str
) -> None:
    async with Crowd(4) as crowd:
        bridge = await started(tmp_path, left, crowd, connector)
        await announced(left, "news")
        assert await told(left, "delivered . of 4") == (
            "announcement 1: delivered 0 of 4; 4 sent to crowd, not confirmed yet."
        )
        await speaks(bridge, crowd, 0)
        await speaks(bridge, crowd, 0)
        await speaks(bridge, crowd, 1, Failure.REFUSED)
        assert await told(left, "delivered 1 of 4", seconds=120) == (
            "What platforms said since: announcement 1: delivered 1 of 4; 1 refused by crowd: the phone is off;"
            " 2 sent to crowd, not confirmed yet."
        )
        await speaks(bridge, crowd, 2)
        assert (await announcement(bridge)).words is not None
        assert await told(left, "delivered 2 of 4", seconds=400) == (
            "What platforms said since: announcement 1: delivered 2 of 4; 1 refused by crowd: the phone is off;"
            " 1 of crowd not confirmed in time."
        )
        assert (await announcement(bridge)).words is None
        assert await needs(bridge) == []
        await bridge.stop()


async def test_the_status_has_what_goes_and_what_needs_somebody(tmp_path: Path, left: MemoryPlatform) -> None:
    async with Crowd(2) as crowd:
        bridge = await started(tmp_path, left, crowd, "many")
        await announced(left, "news")
        await told(left, "2 sent to crowd")
        (one,) = (await look(bridge.app, bridge.clock.now())).announcements
        assert (one.title, one.stage, one.reaches, one.needs) == (
            "announcement 1",
            "done",
            {"crowd": {"accepted": 2}},
            [],
        )
        await told(left, "2 of crowd not confirmed in time", seconds=400)
        assert await needs(bridge) == ["went to 2 on crowd, which said in time of nobody that it arrived"]
        crowd.lost_calls = 1
        await says(left, "Ada", "!announce more")
        await told(left, "announcement 2, by Ada")
        await says(left, "Grace", "!approve 2")
        await told(left, "announcement 2: delivered 0 of 2")
        assert (await needs(bridge))[0] == "may have reached 2 on crowd, or not: nobody knows"
        await bridge.stop()


async def test_once_everybody_has_it_that_is_told_and_nothing_after_it(tmp_path: Path, left: MemoryPlatform) -> None:
    async with Crowd(2) as crowd:
        bridge = await started(tmp_path, left, crowd)
        await announced(left, "news")
        await told(left, "2 sent to crowd")
        await speaks(bridge, crowd, 0)
        await speaks(bridge, crowd, 1)
        await told(left, "since: announcement 1: delivered 2 of 2\\.", seconds=120)
        said = len(await left.shown(ROOM))
        await bridge.clock.sleep(400)
        assert len(await left.shown(ROOM)) == said
        assert not bridge.app.announcements.running.waiting.accounts
        await bridge.stop()


async def test_a_restart_loses_no_word_of_it(tmp_path: Path, left: MemoryPlatform) -> None:
    async with Crowd(3) as crowd:
        bridge = await started(tmp_path, left, crowd)
        await announced(left, "news")
        await told(left, "3 sent to crowd")
        await speaks(bridge, crowd, 0)
        await bridge.crash()
        await bridge.start()
        await eventually(lambda: CROWD in bridge.app.announcements.running.waiting.accounts)
        await speaks(bridge, crowd, 1)
        await speaks(bridge, crowd, 2)
        await bridge.crash()
        await bridge.start()
        await told(left, "since: announcement 1: delivered 3 of 3\\.", seconds=120)
        await bridge.stop()


async def test_the_time_that_ended_while_the_bridge_was_down_is_told_after_the_start(
    tmp_path: Path, left: MemoryPlatform
) -> None:
    async with Crowd(2) as crowd:
        bridge = await started(tmp_path, left, crowd)
        await announced(left, "news")
        await told(left, "2 sent to crowd")
        await bridge.stop()
        await bridge.clock.sleep(400)
        await bridge.start()
        await told(left, "since: announcement 1: delivered 0 of 2; 2 of crowd not confirmed in time")
        await bridge.stop()


async def test_what_is_said_before_the_call_is_answered_counts(tmp_path: Path, left: MemoryPlatform) -> None:
    async with Crowd(3) as crowd:
        bridge = await started(tmp_path, left, crowd, "hasty")
        await announced(left, "news")
        assert await told(left, "delivered . of 3") == (
            "announcement 1: delivered 2 of 3; 1 refused by crowd: the phone is off."
        )
        await bridge.stop()


async def test_a_confirmation_beats_a_failure_whichever_comes_first(tmp_path: Path, left: MemoryPlatform) -> None:
    async with Crowd(2) as crowd:
        bridge = await started(tmp_path, left, crowd)
        await announced(left, "news")
        await told(left, "2 sent to crowd")
        await speaks(bridge, crowd, 0)
        await speaks(bridge, crowd, 0, Failure.REFUSED)
        await speaks(bridge, crowd, 1, Failure.REFUSED)
        await speaks(bridge, crowd, 1)
        await told(left, "since: announcement 1: delivered 2 of 2\\.", seconds=120)
        await bridge.stop()


async def test_what_was_lost_after_all_goes_again_only_by_decision(tmp_path: Path, left: MemoryPlatform) -> None:
    async with Crowd(2) as crowd:
        bridge = await started(tmp_path, left, crowd)
        await announced(left, "news")
        await told(left, "2 sent to crowd")
        await speaks(bridge, crowd, 0)
        await speaks(bridge, crowd, 1, Failure.LOST)
        await told(left, r"since: .*1 of crowd did not get it after all \(!resend 1 sends it", seconds=120)
        await bridge.clock.sleep(400)
        assert crowd.heard("news") == [1, 1]
        crowd.written.messages[RoomId("!p00001")].clear()
        await says(left, "Ada", "!resend 1")
        await told(left, "delivered 1 of 2; 1 sent to crowd, not confirmed yet")
        assert crowd.heard("news") == [1, 1]
        await speaks(bridge, crowd, 1, Failure.LOST)
        await speaks(bridge, crowd, 1)
        await told(left, "since: announcement 1: delivered 2 of 2\\.", seconds=120)
        await bridge.stop()


async def test_whom_the_platform_takes_only_approved_words_for_gets_those(tmp_path: Path, left: MemoryPlatform) -> None:
    settings = f"{TO}, templates: {{crowd: {{name: news_2, language: uk}}}}"
    async with Crowd(2) as crowd:
        crowd.accepts = frozenset({Feature.TEMPLATE})
        bridge = await started(tmp_path, left, crowd, "late", settings=settings)
        await announced(left, "news")
        await told(left, "announcement 1: delivered 2 of 2\\.", seconds=120)
        assert [one.name for one in crowd.templates] == ["news_2", "news_2"]
        assert crowd.heard("news") == [2, 2], "the platform holds what it did not deliver, and what it did"
        await bridge.stop()


async def test_a_correction_is_made_only_where_that_is_confirmed(tmp_path: Path, left: MemoryPlatform) -> None:
    async with Crowd(2) as crowd:
        bridge = await started(tmp_path, left, crowd)
        await announced(left, "news")
        await told(left, "2 sent to crowd")
        await says(left, "Ada", "!correct 1 better news")
        await told(left, "(?s)correction 2 of 1, by Ada.*2 people")
        await says(left, "Grace", "!approve 2")
        await told(left, "correction 2 of 1: corrected 2 of 2")
        assert crowd.heard("better news") == [1, 1]
        await bridge.stop()


async def test_agents_of_a_desk_are_told_of_their_answers_and_of_no_announcement(
    tmp_path: Path, left: MemoryPlatform
) -> None:
    async with Crowd(1) as crowd:
        desk = "desks: {help: {room: left/help, accounts: [crowd]}}\n"
        bridge = await started(tmp_path, left, crowd, more=desk)
        await crowd.write("p00000")
        await shown(left, "help", lambda seen: any("hello" in one.text for one in seen))
        await announced(left, "news")
        await told(left, "1 sent to crowd")
        await speaks(bridge, crowd, 0, Failure.REFUSED)
        await bridge.account("crowd").publish(failed(RoomId("!p00000"), MessageId("an answer"), Failure.REFUSED))
        await told(left, "since: announcement 1: delivered 0 of 1; 1 refused by crowd", seconds=120)
        seen = await shown(left, "help", lambda seen: any("Not delivered" in one.text for one in seen))
        assert len([one for one in seen if "Not delivered" in one.text]) == 1
        await bridge.stop()
