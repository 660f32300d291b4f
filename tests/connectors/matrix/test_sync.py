"""The stream against a homeserver that misbehaves: nothing is lost, nothing spins, nothing strange stops it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bridge.errors import Unauthorized, Unavailable
from bridge.events import Edited, Left, Posted
from bridge.testing.clock import HandClock
from bridge.testing.contract_kit import Kit, Terms
from bridge.testing.host import KitHost
from bridge.text.nodes import said
from bridge.text.walk import plain
from connectors.matrix.emulator import MatrixEmulator
from connectors.matrix.emulator_errors import Canned, refusal
from connectors.matrix.sync import IDLE_SECONDS
from tests.connectors.matrix.cases import WORDLESS, Listening, matrix, posted

ROOM = "!room:matrix.test"


@pytest.fixture
async def platform() -> AsyncIterator[MatrixEmulator]:
    async with MatrixEmulator() as server:
        yield server


@pytest.fixture
def host(tmp_path: Path) -> KitHost:
    return KitHost(tmp_path)


def kit(platform: MatrixEmulator, host: KitHost, **more: object) -> Kit:
    return Kit(platform, host, lambda one: matrix(platform, one, **more), Terms())


def syncs(platform: MatrixEmulator) -> int:
    return sum(request.endswith("/sync") for request in platform.server.requests)


async def until(fact: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not fact():  # noqa: ASYNC110  nothing tells when a server has got a request
            await asyncio.sleep(0.002)


def news(*events: object, next_batch: str = "s99", section: str = "join", **timeline: object) -> Canned:
    """An answer to /sync with one room."""
    room = {"timeline": {"events": list(events), **timeline}}
    return Canned(body=json.dumps({"next_batch": next_batch, "rooms": {section: {ROOM: room}}}).encode())


def words(text: str, **more: object) -> dict[str, Any]:
    """A message as /sync gives it."""
    message = {"type": "m.room.message", "sender": "@ada:x", "origin_server_ts": 1, "event_id": f"${text}"}
    return message | {"content": {"msgtype": "m.text", "body": text}} | more


@pytest.mark.parametrize("token", ["s1", "s2"])
async def test_a_homeserver_that_answers_at_once_is_asked_once_a_second(
    platform: MatrixEmulator, tmp_path: Path, token: str
) -> None:
    clock = HandClock()
    host = KitHost(tmp_path, clock=clock)
    platform.answer_next("/sync", Canned(body=b'{"next_batch": "s1"}'))
    for _ in range(5):
        platform.answer_next("/sync", Canned(body=json.dumps({"next_batch": token}).encode()))
    async with Listening(kit(platform, host)):
        for turn in range(4):
            await until(lambda: clock.next_wake is not None)
            assert syncs(platform) == turn + 2
            await clock.turn(IDLE_SECONDS)


async def test_news_are_not_held_up(platform: MatrixEmulator, tmp_path: Path) -> None:
    clock = HandClock()
    host = KitHost(tmp_path, clock=clock)
    async with Listening(kit(platform, host)):
        await until(lambda: syncs(platform) == 2)
        for number in range(3):
            platform.answer_next("/sync", news(words(f"word {number}"), next_batch=f"s{number}"))
        platform.drop_connections()
        await host.until(lambda events: len(events) == 3, "three batches while the clock stands still")
    assert clock.next_wake is None


async def test_an_event_that_names_another_room_is_counted_and_left_out(
    platform: MatrixEmulator, host: KitHost
) -> None:
    async with Listening(kit(platform, host)):
        await until(lambda: syncs(platform) == 2)
        platform.answer_next("/sync", news(words("here", room_id="!other:matrix.test"), next_batch="s1"))
        platform.drop_connections()
        await host.until(lambda _: host.unread, "an event that is counted")
    assert not host.events


NONSENSE = {
    "HTML": Canned(body=b"<html>sign in</html>"),
    "a list": Canned(body=b"[1]"),
    "nothing": Canned(body=b""),
    "no token": Canned(body=b"{}"),
    "a token that is none": Canned(body=b'{"next_batch": 5}'),
    "a cut answer": Canned(body=b'{"next_batch": "s', cut=True),
    "a redirect": Canned(status=302, headers={"Location": "/elsewhere"}),
    "500": refusal(500, "M_UNKNOWN"),
    "502": Canned(status=502, body=b"<html>"),
    "no text at all": Canned(body=b"\xff\xfe\x00"),
}


@pytest.mark.parametrize("answer", NONSENSE.values(), ids=NONSENSE.keys())
async def test_nonsense_ends_the_run_and_keeps_the_position(
    platform: MatrixEmulator, host: KitHost, answer: Canned
) -> None:
    await host.publish(position="s1")
    platform.answer_next("/sync", answer)
    with pytest.raises(Unavailable):
        await asyncio.wait_for(matrix(platform, host).run(), 10)
    assert await host.position() == "s1"
    assert syncs(platform) == 1


async def test_a_limit_ends_the_run_with_its_waiting_time(platform: MatrixEmulator, host: KitHost) -> None:
    platform.answer_next("/sync", refusal(429, "M_LIMIT_EXCEEDED", retry_after_ms=7000))
    with pytest.raises(Unavailable) as caught:
        await asyncio.wait_for(matrix(platform, host).run(), 10)
    assert caught.value.retry_after == 7.0


async def test_a_token_that_is_taken_away_ends_the_run(platform: MatrixEmulator, host: KitHost) -> None:
    platform.answer_next("/sync", refusal(401, "M_UNKNOWN_TOKEN"))
    with pytest.raises(Unauthorized):
        await asyncio.wait_for(matrix(platform, host).run(), 10)


STRANGE_EVENTS: dict[str, object] = {
    "no object": "event",
    "no id": {key: value for key, value in words("x").items() if key != "event_id"},
    "an id that is none": words("x", event_id=["$x"]),
    "no sender": words("x", sender=None),
    "no type": words("x", type=7),
    "no time": words("x", origin_server_ts="noon"),
    "not a time": words("x", origin_server_ts=1e400),
    "no content": words("x", content="words"),
    "another room's": words("x", room_id="!other:matrix.test"),
    "a redaction of nothing": words("x", type="m.room.redaction", content={}),
    "an edit without content": words("x", content={"m.relates_to": {"rel_type": "m.replace", "event_id": "$good"}}),
    **{f"a wordless message {number}": words("x", content=content) for number, content in enumerate(WORDLESS[1:])},
    "a message with a list for words": words("x", content={"msgtype": "m.text", "body": [], "formatted_body": {}}),
    "a reaction to nothing": words("x", type="m.reaction", content={"m.relates_to": {"rel_type": "m.annotation"}}),
    "an edit of another room's message": words(
        "x", content={"m.new_content": {"body": "y"}, "m.relates_to": {"rel_type": "m.replace", "event_id": "$other"}}
    ),
    "a tombstone to nowhere": words("x", type="m.room.tombstone", state_key="", content={}),
}


@pytest.mark.parametrize("event", STRANGE_EVENTS.values(), ids=STRANGE_EVENTS.keys())
async def test_a_malformed_event_is_passed_over_by_its_id(
    platform: MatrixEmulator, host: KitHost, event: dict[str, Any]
) -> None:
    await host.publish(position="s1")
    platform.answer_next("/sync", news(words("good"), event, words("better")))
    with capture_logs() as logs:
        async with Listening(kit(platform, host)):
            await host.until(lambda events: posted(events) == ["good", "better"], "the others")
    assert await host.position() == "s99"
    assert all(set(line) <= {"event", "event_id", "why", "log_level"} for line in logs)


async def test_words_that_were_taken_back_while_we_were_away_are_not_told_by_their_edits(
    platform: MatrixEmulator, host: KitHost
) -> None:
    """A homeserver empties the message and keeps its edits."""
    gone = words("gone", content={}, unsigned={"redacted_because": {"type": "m.room.redaction"}})
    edits = {"m.relates_to": {"rel_type": "m.replace", "event_id": "$gone"}, "m.new_content": {"body": "secret"}}
    edit = words("edit", content={"msgtype": "m.text", "body": "* secret", **edits})
    await host.publish(position="s1")
    platform.answer_next("/sync", news(gone, edit, words("good")))
    async with Listening(kit(platform, host)):
        await host.until(lambda events: posted(events) == ["good"], "the other")
    assert not any(isinstance(event, Edited) for event in host.events)


async def test_one_event_cannot_make_a_whole_answer_unreadable(platform: MatrixEmulator, host: KitHost) -> None:
    await host.publish(position="s1")
    deep = '{"a":' + "[" * 30_000 + "]" * 30_000 + "}"
    strange = json.dumps(words("strange", content={"body": "half \ud83d", "msgtype": "m.text", "n": 1, "deep": 2}))
    strange = strange.replace('"deep": 2', f'"deep": {deep}').replace('"n": 1', '"n": ' + "9" * 5000)
    body = news("strange", words("good")).body.decode().replace('"strange"', strange)
    platform.answer_next("/sync", Canned(body=body.encode()))
    async with Listening(kit(platform, host)):
        await host.until(lambda events: posted(events) == ["half ?", "good"], "both")


async def test_a_times_end_is_a_time(platform: MatrixEmulator, host: KitHost) -> None:
    await host.publish(position="s1")
    platform.answer_next("/sync", news(words("late", origin_server_ts=2**60), words("early", origin_server_ts=-5)))
    async with Listening(kit(platform, host)):
        await host.until(lambda events: len(posted(events)) == 2, "both")
    assert [event.at.year for event in host.events] == [9999, 1970]


async def test_a_room_that_is_only_listed_as_left_is_told(platform: MatrixEmulator, host: KitHost) -> None:
    await host.publish(position="s1")
    platform.answer_next("/sync", news(words("bye"), section="leave"))
    async with Listening(kit(platform, host)):
        await host.until(lambda events: [event for event in events if isinstance(event, Left)], "our leaving")
    assert [type(event) for event in host.events] == [Posted, Left]


async def test_a_gap_that_may_not_be_read_is_told_and_passed_over(platform: MatrixEmulator, host: KitHost) -> None:
    await host.publish(position="s1")
    platform.answer_next("/sync", news(words("after"), limited=True, prev_batch="t5"))
    with capture_logs() as logs:
        async with Listening(kit(platform, host)):
            await host.until(lambda events: posted(events) == ["after"], "what there is")
    assert [line["event"] for line in logs] == ["missed events cannot be read"]


async def test_a_gap_that_fails_is_fetched_again_after_the_next_start(platform: MatrixEmulator, host: KitHost) -> None:
    one = kit(platform, host)
    async with one.running() as run:
        await run.hears("before")
    for number in range(150):
        await platform.say(one.town, "Ada", said(f"missed {number}"))
    platform.answer_next("/messages", refusal(500, "M_UNKNOWN"))
    async with one.running() as run:
        await run.hears("after")
    assert run.errors
    assert posted(host.events) == ["before", *(f"missed {number}" for number in range(150)), "after"]


async def test_a_gap_without_end_is_cut_and_told(platform: MatrixEmulator, host: KitHost) -> None:
    one = kit(platform, host, catch_up_events=100)
    async with one.running() as run:
        await run.hears("before")
    for number in range(350):
        await platform.say(one.town, "Ada", said(f"missed {number}"))
    with capture_logs() as logs:
        async with one.running() as run:
            await run.published("missed 349")
    assert [plain(e.text) for e in host.events if isinstance(e, Posted)][1] == "missed 150"
    assert [line["kept"] for line in logs if "too many" in line["event"]] == [100]
