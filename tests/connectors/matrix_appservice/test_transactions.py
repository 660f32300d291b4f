"""What the homeserver asks: only it may, a transaction is answered once it is stored, and a repeat without work."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge import Request, Response
from bridge.testing.contract_kit import Running
from bridge.testing.waiting import eventually
from bridge.text.nodes import said
from connectors.matrix_appservice.door import LARGEST_TRANSACTION
from connectors.matrix_appservice.emulator import HS_TOKEN
from connectors.matrix_appservice.incoming import Transactions
from tests.connectors.matrix_appservice.conftest import Lab

TRUE = {"authorization": f"Bearer {HS_TOKEN}"}
V1 = "_matrix/app/v1/"


def call(path: str, body: object = None, *, method: str = "PUT", **more: Any) -> Request:  # noqa: ANN401 Request's fields
    fields: dict[str, Any] = {"query": {}, "headers": TRUE, **more}
    raw = body if isinstance(body, bytes) else json.dumps({} if body is None else body).encode()
    return Request(method=method, path=path, body=raw, **fields)


def event(lab: Lab, words: str, **more: object) -> dict[str, object]:
    return {
        "event_id": f"${words.replace(' ', '')}", "type": "m.room.message", "sender": "@eve:matrix.test",
        "origin_server_ts": 1, "room_id": lab.server.room_id(lab.kit.town),
        "content": {"msgtype": "m.text", "body": words}, **more,
    }  # fmt: skip


async def asked(run: Running, request: Request) -> Response:
    return await run.connector.receive(request)


@pytest.mark.parametrize("path", [f"{V1}transactions/7", "transactions/7", f"/{V1}transactions/7"])
@pytest.mark.parametrize(
    ("headers", "query"),
    [(TRUE, {}), ({}, {"access_token": HS_TOKEN}), (TRUE, {"access_token": HS_TOKEN})],
)
async def test_the_homeserver_is_believed(
    lab: Lab, path: str, headers: Mapping[str, str], query: Mapping[str, str]
) -> None:
    async with lab.kit.running() as run:
        body = {"events": [event(lab, "hello")]}
        assert (await asked(run, call(path, body, headers=headers, query=query))).status == 200
        assert lab.kit.host.words() == ["hello"]


@pytest.mark.parametrize(
    ("headers", "query", "status"),
    [
        ({}, {}, 401),
        ({"authorization": HS_TOKEN}, {}, 401),
        ({"authorization": f"Basic {HS_TOKEN}"}, {}, 401),
        ({"authorization": "Bearer "}, {}, 403),
        ({"authorization": f"Bearer {HS_TOKEN[:-1]}"}, {}, 403),
        ({"authorization": f"Bearer {HS_TOKEN}x"}, {}, 403),
        ({"authorization": f"Bearer {HS_TOKEN.upper()}"}, {}, 403),
        ({"authorization": "Bearer \udcff"}, {}, 403),
        ({}, {"access_token": "x"}, 403),
        (TRUE, {"access_token": "x"}, 403),
        ({"authorization": "Bearer x"}, {"access_token": HS_TOKEN}, 403),
    ],
)
async def test_nobody_else_is(lab: Lab, headers: Mapping[str, str], query: Mapping[str, str], status: int) -> None:
    async with lab.kit.running() as run:
        for path, method in ((f"{V1}transactions/7", "PUT"), (f"{V1}users/@a:b", "GET"), (f"{V1}ping", "POST")):
            forged = call(path, {"events": [event(lab, "forged")]}, method=method, headers=headers, query=query)
            assert (await asked(run, forged)).status == status
            assert run.connector.largest_call(forged) < LARGEST_TRANSACTION
        assert lab.kit.host.words() == []


async def test_a_repeat_is_answered_without_work(lab: Lab) -> None:
    async with lab.kit.running() as run:
        body = {"events": [event(lab, "hello")]}
        for _ in range(3):
            assert (await asked(run, call(f"{V1}transactions/7", body))).status == 200
        assert lab.kit.host.repeated == []
    async with lab.kit.running() as run:  # also after a restart
        assert (await asked(run, call(f"{V1}transactions/7", body))).status == 200
        assert lab.kit.host.repeated == []
        assert lab.kit.host.words() == ["hello"]


async def test_a_number_that_is_given_again_for_other_events_is_no_repeat(lab: Lab) -> None:
    async with lab.kit.running() as run:
        for words in ("hello", "after the homeserver was restored"):
            assert (await asked(run, call(f"{V1}transactions/7", {"events": [event(lab, words)]}))).status == 200
        assert lab.kit.host.words() == ["hello", "after the homeserver was restored"]


@pytest.mark.parametrize(
    ("path", "method", "body", "status"),
    [
        (f"{V1}transactions/7", "PUT", b"", 400),
        (f"{V1}transactions/7", "PUT", b"[]", 400),
        (f"{V1}transactions/7", "PUT", b'{"events": 7}', 400),
        (f"{V1}transactions/7", "PUT", b"{}", 200),
        (f"{V1}transactions/7", "PUT", b'{"events": [null, 7, {}, {"type": "m.room.message"}]}', 200),
        (f"{V1}transactions/7", "GET", b"{}", 405),
        (f"{V1}transactions", "PUT", b"{}", 404),
        (f"{V1}users/@ada:matrix.test", "GET", b"", 404),
        (f"{V1}users/@bridge_a1b2c3_99:matrix.test", "GET", b"", 404),
        (f"{V1}users/@bridge:matrix.test", "GET", b"", 200),
        (f"{V1}rooms/#anything:matrix.test", "GET", b"", 404),
        (f"{V1}ping", "POST", b'{"transaction_id": "x"}', 200),
        (f"{V1}ping/x", "POST", b"{}", 404),
        (f"{V1}thirdparty/protocol/irc", "GET", b"", 404),
        ("", "GET", b"", 404),
    ],
)
async def test_each_address_is_answered(lab: Lab, path: str, method: str, body: bytes, status: int) -> None:
    async with lab.kit.running() as run:
        assert (await asked(run, call(path, body, method=method))).status == status


async def test_what_cannot_be_read_is_counted_and_costs_only_itself(lab: Lab) -> None:
    async with lab.kit.running() as run:
        odd = event(lab, "odd") | {"content": {"msgtype": "m.text"}}
        body = {"events": [odd, event(lab, "fine")]}
        assert (await asked(run, call(f"{V1}transactions/7", body))).status == 200
        assert (lab.kit.host.words(), lab.kit.host.unread) == (["fine"], ["m.room.message"])


async def test_while_nothing_runs_the_homeserver_keeps_its_events(lab: Lab) -> None:
    async with lab.kit.running() as run:
        await run.hears("before")
    assert (await asked(run, call(f"{V1}transactions/7"))).status == 503
    await lab.server.say(lab.kit.town, "Ada", said("meanwhile"))
    async with lab.kit.running() as run:
        await run.published("meanwhile")
        await run.hears("after")
    assert lab.kit.host.words() == ["before", "meanwhile", "after"]


async def test_a_ping_brings_at_once_what_was_kept(lab: Lab) -> None:
    lab.service.retry_seconds = 3600.0
    async with lab.kit.running() as run:
        await run.hears("before")
    await lab.server.say(lab.kit.town, "Ada", said("meanwhile"))
    await eventually(lambda: lab.service.is_waiting, what="a push that failed")
    async with lab.kit.running() as run:
        await run.published("meanwhile")


async def test_our_own_messages_come_home_as_echoes(lab: Lab) -> None:
    async with lab.kit.running() as run:
        part = run.outgoing("by a ghost")
        await run.send_part(part)
        await run.send("by the bridge", author=None)
        await lab.kit.host.until(lambda _: len(lab.kit.host.echoes) == 2, "two echoes")
        assert lab.kit.host.echoes[0].echo_of == part.key
        assert lab.kit.host.words() == []


@given(st.lists(st.text()))
def test_what_was_done_is_read_as_it_was_written(marks: list[str]) -> None:
    done = Transactions()
    for mark in marks:
        done = done.later(mark)
    assert Transactions.read(done.position()) == done
    assert not marks or done.knows(marks[-1])


@pytest.mark.parametrize("position", [None, "", "{}", "7", "s12_3", '"x"'])
def test_any_other_position_means_that_nothing_is_known(position: str | None) -> None:
    assert Transactions.read(position) == Transactions()
