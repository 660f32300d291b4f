"""The emulated homeserver is as strict as a real one."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from bridge.text.nodes import said
from connectors.matrix.emulator import MatrixEmulator
from connectors.matrix.emulator_rooms import MatrixRefusal

V3 = "/_matrix/client/v3"


class Caller:
    """A client of the test's own, with the bridge's token."""

    def __init__(self, server: MatrixEmulator, session: aiohttp.ClientSession) -> None:
        self.server = server
        self._session = session
        self._headers = {"Authorization": f"Bearer {server.settings()['token']}"}

    async def __call__(self, method: str, path: str, **more: Any) -> tuple[int, dict[str, Any]]:  # noqa: ANN401  aiohttp's
        headers = more.pop("headers", self._headers)
        async with self._session.request(
            method, self.server.server.address + path, headers=headers, **more
        ) as response:
            return response.status, await response.json()


@pytest.fixture
async def server() -> AsyncIterator[MatrixEmulator]:
    async with MatrixEmulator(sends_per_second=1000, burst=5) as emulator:
        yield emulator


@pytest.fixture
async def call(server: MatrixEmulator) -> AsyncIterator[Caller]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:
        yield Caller(server, session)


async def joined(call: Caller) -> str:
    room = call.server.room_id(call.server.rooms[0])
    assert await call("POST", f"{V3}/join/{room}", json={}) == (200, {"room_id": room})
    return room


WORDS = {"msgtype": "m.text", "body": "x"}
REFUSALS: dict[str, tuple[str, str, dict[str, Any], int, str]] = {
    "an unknown endpoint": ("GET", f"{V3}/teapot", {}, 404, "M_UNRECOGNIZED"),
    "a wrong method": ("DELETE", f"{V3}/sync", {}, 405, "M_UNRECOGNIZED"),
    "no token": ("GET", f"{V3}/sync", {"headers": {}}, 401, "M_MISSING_TOKEN"),
    "a wrong token": ("GET", f"{V3}/sync", {"headers": {"Authorization": "Bearer x"}}, 401, "M_UNKNOWN_TOKEN"),
    "a token in the address": ("GET", f"{V3}/sync?access_token=x", {}, 400, "M_UNKNOWN"),
    "a wrong sync token": ("GET", f"{V3}/sync?since=x", {}, 400, "M_INVALID_PARAM"),
    "a filter that is none": ("GET", f"{V3}/sync?filter=x", {}, 400, "M_NOT_JSON"),
    "no JSON": ("PUT", f"{V3}/rooms/R/send/m.room.message/1", {"data": b"x"}, 400, "M_NOT_JSON"),
    "a list": ("PUT", f"{V3}/rooms/R/send/m.room.message/1", {"json": []}, 400, "M_BAD_JSON"),
    "a huge body": ("PUT", f"{V3}/rooms/R/send/x/1", {"data": b"x" * 300_000}, 413, "M_TOO_LARGE"),
    "a huge event": ("PUT", f"{V3}/rooms/R/send/x/1", {"json": {"x": "y" * 70_000}}, 413, "M_TOO_LARGE"),
    "somebody else's room": ("PUT", f"{V3}/rooms/!no/send/m.room.message/1", {"json": WORDS}, 403, "M_FORBIDDEN"),
    "an unknown alias": ("GET", f"{V3}/directory/room/%23no", {}, 404, "M_NOT_FOUND"),
    "an unknown person": ("GET", f"{V3}/profile/@no:x", {}, 404, "M_NOT_FOUND"),
    "an unknown event": ("GET", f"{V3}/rooms/R/event/$no", {}, 404, "M_NOT_FOUND"),
    "a state that is not there": ("GET", f"{V3}/rooms/R/state/m.room.topic/", {}, 404, "M_NOT_FOUND"),
    "a redaction of nothing": ("PUT", f"{V3}/rooms/R/redact/$no/1", {"json": {}}, 404, "M_NOT_FOUND"),
    "leaving nowhere": ("POST", f"{V3}/rooms/!no/leave", {"json": {}}, 404, "M_UNKNOWN"),
    "account data of another": ("GET", f"{V3}/user/@no:x/account_data/m.direct", {}, 404, "M_NOT_FOUND"),
}


@pytest.mark.parametrize(("method", "path", "more", "status", "errcode"), REFUSALS.values(), ids=REFUSALS.keys())
async def test_a_wrong_request_is_refused(  # noqa: PLR0913, PLR0917  a table's columns
    call: Caller, method: str, path: str, more: dict[str, Any], status: int, errcode: str
) -> None:
    room = await joined(call)
    got, answer = await call(method, path.replace("/R/", f"/{room}/"), **more)
    assert (got, answer["errcode"]) == (status, errcode)


async def test_a_transaction_is_carried_out_once_for_each_device_and_path(call: Caller) -> None:
    room = await joined(call)
    first = await call("PUT", f"{V3}/rooms/{room}/send/m.room.message/1", json=WORDS)
    assert (
        await call("PUT", f"{V3}/rooms/{room}/send/m.room.message/1", json={"body": "other", "msgtype": "m.text"})
        == first
    )
    assert await call("PUT", f"{V3}/rooms/{room}/send/m.room.message/2", json=WORDS) != first
    assert [shown.text for shown in await call.server.shown(call.server.rooms[0])] == ["x", "x"]


async def test_too_many_sends_are_told_how_long_to_wait() -> None:
    async with (
        MatrixEmulator(sends_per_second=0.5, burst=2) as server,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session,
    ):
        call = Caller(server, session)
        room = await joined(call)
        answers = [await call("PUT", f"{V3}/rooms/{room}/send/m.room.message/{n}", json=WORDS) for n in range(3)]
    assert [status for status, _ in answers] == [200, 200, 429]
    assert answers[2][1]["errcode"] == "M_LIMIT_EXCEEDED"
    assert 0 < answers[2][1]["retry_after_ms"] <= 2001


async def test_who_has_no_power_may_not(call: Caller) -> None:
    room = await joined(call)
    native = await call.server.say(call.server.rooms[0], "Ada", said("mine"))
    await call.server.set_state(call.server.rooms[0], "m.room.power_levels", {"events_default": 50, "redact": 50})
    for path in (f"send/m.room.message/{1}", f"redact/{native}/1"):
        status, answer = await call("PUT", f"{V3}/rooms/{room}/{path}", json=WORDS)
        assert (status, answer["errcode"]) == (403, "M_FORBIDDEN")


async def test_who_is_banned_stays_out(call: Caller) -> None:
    name, user = call.server.rooms[0], str(call.server.settings()["user"])
    room = await joined(call)
    await call.server.change_membership(name, user, "ban")
    status, answer = await call("POST", f"{V3}/join/{room}", json={})
    assert (status, answer["errcode"]) == (403, "M_FORBIDDEN")


async def test_history_is_paged_both_ways(call: Caller) -> None:
    room = await joined(call)
    for number in range(7):
        await call.server.say(call.server.rooms[0], "Ada", said(str(number)))
    for direction in "bf":
        assert await paged(call, room, direction) == [str(n) for n in range(7)][:: -1 if direction == "b" else 1]


async def paged(call: Caller, room: str, direction: str) -> list[str]:
    found: list[str] = []
    start = ""
    while True:
        _, answer = await call("GET", f"{V3}/rooms/{room}/messages?dir={direction}&limit=3{start}")
        found += [event["content"]["body"] for event in answer["chunk"] if event["type"] == "m.room.message"]
        if "end" not in answer:
            return found
        start = f"&from={answer['end']}"


async def test_a_first_sync_shows_the_last_of_each_room(call: Caller) -> None:
    room = await joined(call)
    for number in range(12):
        await call.server.say(call.server.rooms[0], "Ada", said(str(number)))
    _, answer = await call("GET", f"{V3}/sync")
    timeline = answer["rooms"]["join"][room]["timeline"]
    assert [event["content"]["body"] for event in timeline["events"]] == [str(n) for n in range(2, 12)]
    assert timeline["limited"]
    _, later = await call("GET", f"{V3}/sync?since={answer['next_batch']}&timeout=1")
    assert later["rooms"]["join"] == {}


async def test_people_can_only_take_back_reactions_they_made(server: MatrixEmulator) -> None:
    native = await server.say(server.rooms[0], "Ada", said("x"))
    with pytest.raises(MatrixRefusal):
        await server.unreact(server.rooms[0], "Ada", native, "👍")


async def test_the_server_says_what_it_speaks(call: Caller) -> None:
    status, answer = await call("GET", "/_matrix/client/versions", headers={})
    assert status == 200
    assert "v1.11" in answer["versions"]
