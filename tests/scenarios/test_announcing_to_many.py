"""Announcements to the people of an account: everybody once, page by page, within a budget, whatever falls over."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from bridge.events import Failure, RoomKind, SendFailed
from bridge.ids import AccountName, EventId, MessageId, RoomId
from bridge.store.announced import Audience, Size, Unfinished
from bridge.testing.clock import LoopClock
from bridge.testing.memory import MemoryPlatform
from bridge.testing.platform import Fault
from bridge.testing.waiting import eventually, shows
from tests.scenarios.announcing import ROOM, announcing, says, told
from tests.scenarios.bridge_under_test import Bridge
from tests.scenarios.crowd import AT_A_CALL, CONNECTORS, Crowd

TO = "undo_seconds: 1, subscribers: [crowd]"
CROWD = AccountName("crowd")


@pytest.fixture
async def left() -> AsyncIterator[MemoryPlatform]:
    async with MemoryPlatform(name="left", rooms=("town", ROOM)) as platform:
        yield platform


async def started(  # noqa: PLR0913 - what a town of such people differs in
    folder: Path, left: MemoryPlatform, crowd: Crowd, *, settings: str = TO, connector: str = "single", more: str = ""
) -> Bridge:
    yaml = announcing(left, crowd, settings=settings, more=more)
    yaml = yaml.replace("crowd: {connector: memory", f"crowd: {{connector: {connector}")
    return await Bridge(folder, yaml, connectors=dict(CONNECTORS)).start()


async def subscribed(bridge: Bridge, many: int, *, writers: bool = False) -> None:
    """Wait until so many are known."""
    size = Size(Audience(account=CROWD, people=True, writers=writers))

    async def known() -> bool:
        return bool(await bridge.writer.ask(size) == many)

    await eventually(known, seconds=600)


async def announced(left: MemoryPlatform, words: str, *, urgent: bool = False) -> None:
    await says(left, "Ada", f"!{'urgent' if urgent else 'announce'} {words}")
    await told(left, f"(?s)announcement \\d+, by Ada.*{words}")
    await says(left, "Grace", "!approve")


async def test_who_asked_for_it_gets_it_and_nobody_else(tmp_path: Path, left: MemoryPlatform) -> None:
    async with Crowd(4) as crowd:
        bridge = await started(tmp_path, left, crowd)
        crowd.subscribe("p00000", "p00001", "p00002")
        await crowd.write("p00002")
        await crowd.write("p00003")
        crowd.unsubscribe("p00001")
        await subscribed(bridge, 2)
        await announced(left, "news")
        await told(left, "delivered 2 of 2")
        assert crowd.heard("news") == [1, 0, 1, 0]
        await bridge.stop()


async def test_who_only_wrote_hears_it_where_the_file_says_so(tmp_path: Path, left: MemoryPlatform) -> None:
    async with Crowd(3) as crowd:
        bridge = await started(tmp_path, left, crowd, settings=f"{TO}, reachable: writers")
        crowd.subscribe("p00000")
        await crowd.write("p00001")
        await crowd.write("p00002")
        crowd.unsubscribe("p00002")
        await subscribed(bridge, 2, writers=True)
        await announced(left, "news")
        await told(left, "delivered 2 of 2")
        assert crowd.heard("news") == [1, 1, 0]
        await bridge.stop()


@pytest.mark.parametrize(("connector", "many", "most"), [("single", 1000, 16), ("many", 10_000, AT_A_CALL)])
async def test_a_death_in_the_middle_repeats_nothing_and_holds_what_was_under_way(
    tmp_path: Path, left: MemoryPlatform, connector: str, many: int, most: int
) -> None:
    async with Crowd(many) as crowd:
        bridge = await started(tmp_path, left, crowd, connector=connector)
        crowd.subscribe()
        await subscribed(bridge, many)
        await announced(left, "news")
        await eventually(lambda: any(crowd.written.messages[RoomId("!p00400")]))
        await bridge.crash()
        await bridge.start()
        report = await told(left, f"delivered .* of {many:,}", seconds=600)
        heard = crowd.heard("news")
        assert max(heard) == 1
        held = many - int(report.split("delivered ")[1].split(" ")[0].replace(",", ""))
        assert 0 < held <= most
        assert heard.count(0) <= held
        assert f"{held} of crowd of whom nobody knows" in report
        await says(left, "Ada", "!resend 1")
        await told(left, f"delivered {many:,} of {many:,}")
        assert min(crowd.heard("news")) == 1
        await bridge.stop()


async def test_an_end_in_order_holds_nobody(tmp_path: Path, left: MemoryPlatform) -> None:
    async with Crowd(500) as crowd:
        bridge = await started(tmp_path, left, crowd)
        crowd.subscribe()
        await subscribed(bridge, 500)
        await announced(left, "news")
        await eventually(lambda: sum(crowd.heard("news")) > 100)
        await bridge.stop()
        assert sum(crowd.heard("news")) < 500
        await bridge.start()
        await told(left, "delivered 500 of 500\\.")
        assert crowd.heard("news") == [1] * 500
        await bridge.stop()


async def test_a_call_for_many_whose_answer_is_lost_is_held(tmp_path: Path, left: MemoryPlatform) -> None:
    async with Crowd(700) as crowd:
        bridge = await started(tmp_path, left, crowd, connector="many")
        crowd.subscribe()
        await subscribed(bridge, 700)
        crowd.lost_calls = 1
        await announced(left, "news")
        report = await told(left, "delivered .* of 700")
        assert "delivered 400 of 700; 300 of crowd of whom nobody knows" in report
        assert crowd.calls == [300, 300, 100]
        await says(left, "Ada", "!status 1")
        assert "crowd no. 1, crowd no. 2" in await told(left, "Nobody knows of")
        await bridge.clock.sleep(7200)
        assert max(crowd.heard("news")) == 1
        await bridge.stop()


async def test_who_left_meanwhile_gets_nothing_and_is_counted(tmp_path: Path, left: MemoryPlatform) -> None:
    async with Crowd(400) as crowd:
        bridge = await started(tmp_path, left, crowd)
        crowd.subscribe()
        await subscribed(bridge, 400)
        crowd.closed_to = {"p00001"}
        await announced(left, "news")
        await eventually(lambda: sum(crowd.heard("news")) > 50)
        crowd.unsubscribe("p00398", "p00399")
        report = await told(left, "delivered .* of 400")
        assert report == (
            "announcement 1: delivered 397 of 400; 1 of crowd cannot be written to: they do not take messages;"
            " 2 left crowd."
        )
        await bridge.stop()


async def test_the_urgent_overtake_what_is_being_sent(tmp_path: Path, left: MemoryPlatform) -> None:
    async with Crowd(600) as crowd:
        bridge = await started(tmp_path, left, crowd)
        crowd.subscribe()
        await subscribed(bridge, 600)
        await announced(left, "news")
        await eventually(lambda: sum(crowd.heard("news")))
        await says(left, "Ada", "!urgent run")
        await told(left, "urgent announcement 2, by Ada")
        await says(left, "Grace", "!approve 2")
        await told(left, "urgent announcement 2: delivered 600 of 600")
        assert crowd.heard("run") == [1] * 600
        assert 0 < sum(crowd.heard("news")) < 600
        await told(left, "^announcement 1: delivered 600 of 600")
        await bridge.stop()


async def test_a_recall_stops_what_is_being_sent_and_takes_back_what_went(tmp_path: Path, left: MemoryPlatform) -> None:
    async with Crowd(600) as crowd:
        bridge = await started(tmp_path, left, crowd)
        crowd.subscribe()
        await subscribed(bridge, 600)
        await announced(left, "news")
        await eventually(lambda: sum(crowd.heard("news")) > 100)
        await says(left, "Grace", "!recall 1")
        stopped = await told(left, "did not get it")
        kept = int(stopped.split("; ")[1].split(" ")[0])
        report = await told(left, "recall 2 of 1: taken back from")
        assert f"taken back from {600 - kept} of {600 - kept}" in report
        there = [one for person in crowd.people for one in await crowd.shown(person) if one.text == "news"]
        assert there == []
        assert not await bridge.writer.ask(Unfinished())
        await bridge.stop()


async def test_what_the_budget_does_not_allow_is_not_approved(tmp_path: Path, left: MemoryPlatform) -> None:
    async with Crowd(50) as crowd:
        money = f"{TO}, costs: {{crowd: 0.5}}"
        bridge = await started(tmp_path, left, crowd, settings=money, more="budget: {crowd: 20}\n")
        crowd.subscribe()
        await subscribed(bridge, 50)
        await says(left, "Ada", "!announce news")
        shown = await told(left, "announcement 1, by Ada")
        assert "crowd: 50 people, at most 25.00 (20.00 left this month)" in shown
        assert "It cannot go: it would cost 25.00 on crowd, and 20.00 of 20.00 are left this month." in shown
        await says(left, "Grace", "!approve 1")
        await told(left, "Grace: it would cost 25.00")
        assert sum(crowd.heard("news")) == 0
        await bridge.stop()


async def test_a_budget_is_a_hard_stop_and_goes_on_by_decision(tmp_path: Path, left: MemoryPlatform) -> None:
    async with Crowd(50) as crowd:
        money = f"{TO}, costs: {{crowd: 0.5}}"
        bridge = await started(tmp_path, left, crowd, settings=money, more="budget: {crowd: 30}\n")
        crowd.subscribe("p00000")
        await subscribed(bridge, 1)
        await announced(left, "first")
        await told(left, "delivered 1 of 1")
        await says(left, "Ada", "!announce news")
        await told(left, "(?s)announcement 2.*at most 0.50 \\(29.50 left this month\\)")
        crowd.subscribe(*crowd.people[1:])
        await subscribed(bridge, 50)
        bridge.yaml = bridge.yaml.replace("budget: {crowd: 30}", "budget: {crowd: 26}")
        await bridge.app.reload()
        await says(left, "Grace", "!approve 2")
        await told(left, "approved and goes to 50")
        bridge.yaml = bridge.yaml.replace("budget: {crowd: 26}", "budget: {crowd: 15}")
        await bridge.app.reload()
        report = await told(left, "announcement 2: delivered")
        assert report == (
            "announcement 2: delivered 29 of 50; 21 of crowd wait; stopped at crowd: its budget of the month is used"
            " up. !resume 2 goes on once there is money."
        )
        await bridge.clock.sleep(7200)
        assert sum(crowd.heard("news")) == 29
        bridge.yaml = bridge.yaml.replace("budget: {crowd: 15}", "budget: {crowd: 100}")
        await bridge.app.reload()
        await says(left, "Ada", "!resume 2")
        await told(left, "announcement 2: delivered 50 of 50\\.")
        assert crowd.heard("news") == [1] * 50
        await bridge.stop()


async def test_what_did_not_arrive_after_all_is_told(tmp_path: Path, left: MemoryPlatform) -> None:
    async with Crowd(3) as crowd:
        bridge = await started(tmp_path, left, crowd, more="notices: left/town\n")
        crowd.subscribe()
        await subscribed(bridge, 3)
        await announced(left, "news")
        await told(left, "delivered 3 of 3")
        room = RoomId("!p00001")
        native = crowd.written.messages[room][-1].id
        failed = SendFailed(
            id=EventId("late"), room=room, at=LoopClock().now(), message=native, reason="the phone is off",
            failure=Failure.REFUSED, room_kind=RoomKind.DIRECT,
        )  # fmt: skip
        await bridge.account("crowd").publish(failed)
        await bridge.account("crowd").publish(replace(failed, message=MessageId("another")))
        await shows(left, "town", ["crowd says a message was not delivered: the phone is off"])
        assert await told(left, "What platforms said since", seconds=120) == (
            "What platforms said since: announcement 1: delivered 2 of 3; 1 refused by crowd: the phone is off."
        )
        await bridge.stop()


async def test_an_outage_is_waited_for_and_nobody_gets_it_twice(tmp_path: Path, left: MemoryPlatform) -> None:
    async with Crowd(200) as crowd:
        bridge = await started(tmp_path, left, crowd)
        crowd.subscribe()
        await subscribed(bridge, 200)
        await announced(left, "news")
        await eventually(lambda: sum(crowd.heard("news")) > 20)
        crowd.fail_next(Fault.UNAVAILABLE, 20)
        crowd.drop_connections()
        await told(left, "delivered 200 of 200\\.", seconds=3600)
        assert crowd.heard("news") == [1] * 200
        await bridge.stop()
