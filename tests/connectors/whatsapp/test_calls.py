"""Meta's calls: nothing is believed unsigned, everything is stored before it is answered."""

import asyncio
import json

import aiohttp
import pytest

from bridge.connector import Request
from bridge.events import Posted
from bridge.testing.clock import HandClock
from bridge.text.nodes import said
from connectors.graph.door import signature
from connectors.whatsapp.emulator import SECRET
from connectors.whatsapp.emulator_courier import Courier, envelope, wire
from connectors.whatsapp.emulator_world import ACCOUNT_ID, LIKELY, REAL, Switches, World
from tests.connectors.whatsapp.conftest import Lab, Labs

_WEEK = 7 * 24 * 3600


def call(body: bytes, signed: str | None = None) -> Request:
    headers = {"x-hub-signature-256": signature(body, SECRET) if signed is None else signed}
    return Request(method="POST", path="", query={}, headers=headers, body=body)


@pytest.mark.parametrize("signed", ["", "sha256=" + "0" * 64, "sha1=" + "0" * 40])
async def test_a_forged_call_is_refused_counted_and_stores_nothing(lab: Lab, signed: str) -> None:
    await lab.run.hears("a true call")
    before = len(lab.kit.host.events)
    answer = await lab.connector.receive(call(lab.door.calls[-1].body, signed))
    assert answer.status == 403
    assert lab.kit.host.unread == ["a forged call"]
    assert len(lab.kit.host.events) == before


@pytest.mark.parametrize("body", [b"", b"[]", b"nonsense", b'{"object":"page"}', b"\xff"])
async def test_a_malformed_call_is_refused_and_counted(lab: Lab, body: bytes) -> None:
    assert (await lab.connector.receive(call(body))).status == 400
    assert lab.kit.host.unread == ["a call"]


async def test_a_replayed_call_is_taken_and_stored_once(lab: Lab) -> None:
    await lab.run.hears("only once")
    for _ in range(3):
        assert (await lab.connector.receive(lab.door.calls[-1])).status == 200
    assert lab.kit.host.words() == ["only once"]


async def test_what_is_older_than_whatsapp_gives_again_is_a_replay(lab: Lab) -> None:
    await lab.run.hears("now")
    old = lab.door.calls[-1].body.replace(lab.server.world.stamp()[:5].encode(), b"17600")
    assert old != lab.door.calls[-1].body
    assert (await lab.connector.receive(call(old.replace(b"wamid.", b"wamid.X")))).status == 200
    assert lab.kit.host.unread == ["a replayed call"]
    assert lab.kit.host.words() == ["now"]


async def test_messages_that_come_together_are_stored_together(lab: Lab) -> None:
    lab.server.courier.hold()
    for number in range(5):
        await lab.server.say(lab.ada, "Ada", said(f"number {number}"))
    lab.kit.host.hold()
    before = len(lab.door.calls)
    lab.server.courier.release()
    await lab.kit.host.when(lambda: lab.kit.host.waiting)
    assert [len(events) for events in lab.kit.host.waiting] == [5]
    lab.kit.host.release()
    await lab.run.published("number 4")
    assert len(lab.door.calls) == before + 1


async def test_a_call_that_cannot_be_stored_in_time_is_given_again(lab: Lab) -> None:
    lab.kit.host.hold()
    await lab.server.say(lab.ada, "Ada", said("wait for me"))
    await lab.kit.host.when(lambda: lab.kit.host.waiting)
    async with asyncio.timeout(8):
        while not lab.server.courier.answers:
            await lab.kit.pause()
    assert lab.server.courier.answers == [503]
    lab.kit.host.release()
    await lab.run.published("wait for me")
    assert lab.kit.host.words() == ["wait for me"]


async def test_calls_may_come_twice(lab_with: Labs) -> None:
    async with lab_with(Switches(redelivered="twice")) as lab:
        for words in ("one", "two"):
            await lab.run.hears(words)
        await lab.run.send("three")
        await lab.run.hears("four")
        said_there = [event for event in lab.kit.host.events if isinstance(event, Posted)]
        assert len(said_there) == 3


async def test_a_call_before_we_run_is_given_again(lab: Lab) -> None:
    await lab.run.hears("before")
    true = lab.door.calls[-1]
    await lab.run.end()
    assert (await lab.connector.receive(true)).status == 503
    query = {"hub.mode": "subscribe", "hub.challenge": "42", "hub.verify_token": "open sesame"}
    shaken = await lab.connector.receive(Request(method="GET", path="", query=query, headers={}, body=b""))
    assert (shaken.status, shaken.body) == (200, b"42")


def test_a_body_goes_over_the_wire_as_meta_writes_it() -> None:
    assert wire([{"a": "/i і"}]) == b'[{"a":"\\/i \\u0456"}]'
    called = {"object": "whatsapp_business_account", "entry": [{"id": ACCOUNT_ID, "changes": [{"a": 1}]}]}
    assert json.loads(envelope(wire([{"a": 1}]))) == called


async def test_what_nobody_takes_is_given_for_seven_days() -> None:
    clock = HandClock()
    world = World(clock, REAL, LIKELY)
    courier = Courier(world, SECRET)
    courier.url = "http://127.0.0.1:9/"
    courier.take({"field": "messages", "value": {}})
    courier.start()
    try:
        for _ in range(4):
            await clock.turn(_WEEK / 8)
        assert courier.waiting == 1
        async with asyncio.timeout(20):
            while courier.waiting:
                await clock.turn(3600)
        assert (clock.now() - HandClock().now()).total_seconds() > _WEEK
    finally:
        await courier.stop()


async def test_nobody_is_called_who_did_not_give_the_challenge_back(lab: Lab) -> None:
    courier = lab.server.courier
    assert await courier.shake_hands(lab.door.url, "open sesame")
    assert not await courier.shake_hands(lab.door.url, "open barley")
    assert not await courier.shake_hands("http://127.0.0.1:9/", "open sesame")
    async with aiohttp.ClientSession() as session, session.get(lab.door.url) as answer:
        assert answer.status == 403
