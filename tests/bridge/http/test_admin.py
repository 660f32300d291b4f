"""What an operator asks and changes, over a real socket."""

import asyncio
import json
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from bridge.http.routes import ROUTES, document
from bridge.ids import Place, RoomId
from bridge.testing.memory import MemoryPlatform
from bridge.testing.platform import Fault
from bridge.testing.waiting import eventually, shows
from bridge.text.nodes import said
from tests.bridge.http.conftest import TOKEN, Caller
from tests.bridge.http.test_access import BODIES
from tests.scenarios.bridge_under_test import Bridge


async def parked(bridge: Bridge, right: MemoryPlatform, left: MemoryPlatform, count: int = 1) -> list[int]:
    """Let that many messages be refused; their rows."""
    right.refused_words.add("bad")
    for number in range(count):
        await left.say("town", "Ada", said(f"bad {number}"))

    async def there() -> bool:
        return len(await bridge.parked()) == count

    await eventually(there)
    return [row.number for row in await bridge.parked()]


def counted(status: dict[str, Any]) -> dict[str, int]:
    return {name: count for name, count in status["counts"].items() if count}


async def test_health_and_readiness_are_told_to_everybody(call: Caller, bridge: Bridge) -> None:
    for path, word in (("/health", "ok"), ("/ready", "ready")):
        answer = await call("GET", path, token=None)
        assert (answer.status, await answer.json()) == (200, {"status": word})
    bridge.app.intake.refusing = "the disk is nearly full"
    answer = await call("GET", "/ready", token=None)
    assert (answer.status, (await answer.json())["error"]) == (503, "the disk is nearly full")
    assert (await call("GET", "/health", token=None)).status == 200


async def test_status_tells_of_every_account_and_room(
    call: Caller, bridge: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    await left.say("town", "Ada", said("hello"))
    await shows(right, "town", ["Ada: hello"])
    await parked(bridge, right, left)
    await eventually(lambda: not bridge.writer.depth)
    status = await (await call("GET", "/status")).json()
    assert counted(status) == {"accepted": 2, "delivered": 1, "parked": 1}
    assert status["counts_add_up"]
    assert status["ready"]
    assert (status["store"]["synchronous"], status["store"]["refusing"]) == ("FULL", None)
    assert status["store"]["commits"] > 0
    assert {name: (one["state"], one["me"], one["rooms"]) for name, one in status["accounts"].items()} == {
        "left": ("up", "bridge", 1),
        "right": ("up", "bridge", 1),
    }
    assert all(room["configured"] and room["entered"] for room in status["rooms"])
    assert {room["room"]: room["counts"]["delivered"] for room in status["rooms"]} == {"left/town": 0, "right/town": 1}


async def test_what_waits_for_a_lost_account_is_counted_with_its_age(
    call: Caller, bridge: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.fail_next(Fault.UNAUTHORIZED)
    await eventually(lambda: bridge.account("right").state == "stopped")
    await left.say("town", "Ada", said("hello"))

    async def queued() -> bool:
        found = await (await call("GET", "/status")).json()
        return bool(found["accounts"]["right"]["queued"])

    await eventually(queued)
    status = await (await call("GET", "/status")).json()
    account = status["accounts"]["right"]
    assert (account["state"], account["queued"], account["last_error"]) == ("stopped", 1, "the token is refused")
    assert account["oldest_waiting_seconds"] >= 0
    assert counted(status) == {"accepted": 1, "waiting": 1}
    assert status["counts_add_up"]


async def test_what_waits_for_a_held_room_counts_as_held(
    call: Caller, bridge: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.closed.add("town")
    await left.say("town", "Ada", said("hello"))
    await eventually(lambda: bridge.lane("right/town").state.held)
    await eventually(lambda: not bridge.writer.depth)
    status = await (await call("GET", "/status")).json()
    assert counted(status) == {"accepted": 1, "held": 1}
    assert [room["held"] for room in status["rooms"] if room["room"] == "right/town"] == ["we may not write here"]


async def test_a_room_that_no_link_names_any_more_is_held(call: Caller, bridge: Bridge, left: MemoryPlatform) -> None:
    bridge.yaml = bridge.yaml.replace("right/town", "right/garden")
    assert (await call("POST", "/reload")).status == 200
    status = await (await call("GET", "/status")).json()
    held = {room["room"]: (room["configured"], room["held"]) for room in status["rooms"]}
    assert held["right/town"] == (False, "no link names this room")
    assert held["right/garden"] == (True, None)
    del left


async def test_parked_deliveries_are_listed_and_sent_again(
    call: Caller, bridge: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    rows = await parked(bridge, right, left, 2)
    listed = (await (await call("GET", "/queue")).json())["rows"]
    assert [(row["number"], row["room"], row["author"], row["reason"]) for row in listed] == [
        (row, "right/town", "Ada", "rejected") for row in rows
    ]
    assert "bad" not in str(listed)
    right.refused_words.clear()
    answer = await call("POST", "/queue/retry", data=msgspec.json.encode({"rows": rows[:1]}))
    assert await answer.json() == {"rows": 1, "rooms": ["right/town"]}
    await shows(right, "town", ["Ada: bad 0"])
    answer = await call("POST", "/queue/retry", data=b'{"room": "right/town"}')
    assert await answer.json() == {"rows": 1, "rooms": ["right/town"]}
    await shows(right, "town", ["Ada: bad 0", "Ada: bad 1"])


async def test_dropped_deliveries_are_gone_and_counted(
    call: Caller, bridge: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    rows = await parked(bridge, right, left, 2)
    with capture_logs() as lines:
        answer = await call("POST", "/queue/drop", data=msgspec.json.encode({"rows": [rows[1], 999]}))
    assert await answer.json() == {"rows": 1, "rooms": ["right/town"]}
    (line,) = [line for line in lines if line["event"] == "operator"]
    assert (line["did"], line["rows"], line["numbers"], line["rooms"]) == ("queue drop", 1, [rows[1]], ["right/town"])
    assert (line["by"], line["remote"]) == ("http.token", "127.0.0.1")
    assert [row.number for row in await bridge.parked()] == rows[:1]
    status = await (await call("GET", "/status")).json()
    assert counted(status) == {"accepted": 2, "dropped": 1, "parked": 1}
    assert status["causes"] == {"dropped:discarded": 1}


async def test_the_queue_of_one_room_is_asked_for(call: Caller, bridge: Bridge) -> None:
    assert (await (await call("GET", "/queue?room=right/town")).json()) == {"rows": [], "more": False}
    assert (await call("GET", "/queue?room=right/nowhere")).status == 404
    del bridge


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"{}", b'{"rows": [], "room": "left/town"}', b'{"rows": [1], "room": "left/town"}',
        b'{"rows": [0]}', b'{"rows": [-1]}', b'{"rows": ["1"]}', b'{"rows": [9223372036854775808]}', b'{"rows": 1}',
        b'{"room": 1}', b'{"room": ""}', b'{"row": [1]}', b"\xff", b'{"rows": [1.5]}',
    ],
)  # fmt: skip
async def test_a_change_that_says_nothing_clear_changes_nothing(call: Caller, body: bytes) -> None:
    answer = await call("POST", "/queue/drop", data=body)
    assert answer.status == 400
    assert (await answer.json())["error"]


async def test_a_changed_file_is_read_and_a_wrong_one_changes_nothing(
    call: Caller, bridge: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    good = bridge.yaml
    bridge.yaml = good + "nonsense: 1\nlink: {}\n"
    answer = await call("POST", "/reload")
    assert answer.status == 422
    assert [fault.split("  ")[1] for fault in (await answer.json())["faults"]] == ["nonsense", "link"]
    await left.say("town", "Ada", said("still there"))
    await shows(right, "town", ["Ada: still there"])
    bridge.yaml = good.replace("town: {", "square: {")
    answer = await call("POST", "/reload")
    assert (answer.status, await answer.json()) == (200, {"accounts": ["left", "right"], "links": ["square"]})


async def test_a_new_token_counts_at_once(call: Caller, bridge: Bridge) -> None:
    fresh = "another-token-of-the-operator-98765"
    bridge.yaml = bridge.yaml.replace(TOKEN, fresh)
    assert (await call("POST", "/reload")).status == 200
    assert [(await call("GET", "/status", token=token)).status for token in (TOKEN, fresh)] == [401, 200]


async def test_a_new_address_is_followed_and_one_that_is_taken_is_not(call: Caller, bridge: Bridge) -> None:
    old = bridge.app.server.port
    taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    bridge.yaml = bridge.yaml.replace("127.0.0.1:0", f"127.0.0.1:{port}")
    assert (await call("POST", "/reload")).status == 200
    assert bridge.app.server.port == old
    taken.close()
    await taken.wait_closed()
    bridge.yaml = bridge.yaml.replace(f"127.0.0.1:{port}", "localhost:0")
    assert (await call("POST", "/reload")).status == 200
    assert bridge.app.server.port not in (old, port)
    assert (await call("GET", "/health")).status == 200


async def test_a_message_is_traced_by_its_number_and_by_any_of_its_ids(
    call: Caller, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    native = await left.say("town", "Ada", said("hello"))
    await shows(right, "town", ["Ada: hello"])

    async def life(what: str) -> dict[str, Any]:
        found: dict[str, Any] = await (await call("GET", f"/trace/{what}")).json()
        return found

    await eventually(lambda: copies(life))
    traced = await life("1")
    assert (traced["message"], traced["room"], traced["author"], traced["waiting"]) == (1, "left/town", "Ada", [])
    assert [(copy["room"], copy["kind"]) for copy in traced["copies"]] == [
        ("left/town", "origin"),
        ("right/town", "copy"),
    ]
    assert await life(native) == traced
    for unknown in ("999", "%24some:id%2Fwith%2Fslashes", "%F0%9F%90%A6", "9" * 40):
        assert (await call("GET", f"/trace/{unknown}")).status == 404


async def copies(life: Any) -> bool:  # noqa: ANN401 - the asking function
    return len((await life("1"))["copies"]) == 2


async def test_a_room_that_says_it_moved_is_followed_by_the_operators_word(
    call: Caller, bridge: Bridge, left: MemoryPlatform
) -> None:
    bridge.lane("left/town").state.hold_until_told("it says so", Place(RoomId("!garden")))
    status = await (await call("GET", "/status")).json()
    (room,) = [room for room in status["rooms"] if room["room"] == "left/town"]
    assert (room["place"], room["moved_to"], room["held"]) == ("!town", "!garden", "it says so")
    assert "somebody you trust" in room["advice"]
    answer = await call("POST", "/follow", data=b'{"room": "left/town", "to": "!elsewhere"}')
    assert answer.status == 409
    with capture_logs() as lines:
        answer = await call("POST", "/follow", data=b'{"room": "left/town", "to": "!town"}')
    assert (answer.status, await answer.json()) == (200, {"room": "left/town", "to": "!town"})
    (line,) = [line for line in lines if line["event"] == "operator"]
    assert (line["did"], line["room"], line["to"], line["by"]) == ("follow", "left/town", "!town", "http.token")
    assert (await call("POST", "/follow", data=b'{"room": "left/town", "to": "!town"}')).status == 409
    del left


@pytest.mark.parametrize("body", [b"", b"{}", b'{"room": "left/town"}', b'{"room": "left/town", "to": ""}', b"\xff"])
async def test_a_word_that_says_nothing_clear_is_refused(call: Caller, body: bytes) -> None:
    assert (await call("POST", "/follow", data=body)).status == 400


async def test_the_links_are_told_with_their_rooms(call: Caller) -> None:
    status = await (await call("GET", "/status")).json()
    rooms = ["left/town", "right/town"]
    assert status["links"] == {"town": {"sources": rooms, "targets": rooms, "lifetime_hours": 24.0}}


async def test_the_rooms_of_an_account_are_listed(call: Caller) -> None:
    answer = await (await call("GET", "/rooms/left")).json()
    assert [room["name"] for room in answer["rooms"]] == ["town", "garden"]
    assert (await call("GET", "/rooms/nobody")).status == 404


async def test_a_room_without_a_link_is_left_and_no_other(call: Caller, left: MemoryPlatform) -> None:
    answer = await call("POST", "/leave", data=b'{"room": "left/garden"}')
    assert (answer.status, await answer.json()) == (200, {"room": "left/garden"})
    assert {room for _, room in left.left} == {"!garden"}
    for room, status in (("left/town", 409), ("left/nowhere", 409), ("nobody/town", 404), ("left/", 404)):
        assert (await call("POST", "/leave", data=json.dumps({"room": room}).encode())).status == status
    assert {room for _, room in left.left} == {"!garden"}


async def test_metrics_say_the_same_as_status(
    call: Caller, bridge: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    await parked(bridge, right, left)
    await eventually(lambda: not bridge.writer.depth)
    answer = await call("GET", "/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain")
    families = {family.name: family for family in text_string_to_metric_families(await answer.text())}
    parked_rows = [sample.value for sample in families["qantara_deliveries_open"].samples]
    assert sum(parked_rows) == 1
    assert families["qantara_counts_add_up"].samples[0].value == 1
    up = [
        s.labels["account"] for s in families["qantara_account_state"].samples if s.value and s.labels["state"] == "up"
    ]
    assert up == ["left", "right"]


async def test_the_document_describes_every_answer(call: Caller, bridge: Bridge, left: MemoryPlatform) -> None:
    api = await (await call("GET", "/openapi.json")).json()
    assert api == msgspec.json.decode(msgspec.json.encode(document()))
    await left.say("town", "Ada", said("hello"))
    for route in ROUTES:
        path = route.path.replace("{what}", "1").replace("{account}", "left").replace("{number}", "1")
        answer = await call(route.method, path, data=BODIES.get(route.path))
        described = api["paths"][route.path][route.method.lower()]["responses"][str(answer.status)]["content"]
        schema = described.get("application/json", {}).get("schema")
        if schema:
            Draft202012Validator({**schema, "components": api["components"]}).validate(await answer.json())
    del bridge


async def test_no_secret_stands_in_any_answer(call: Caller, bridge: Bridge, right: MemoryPlatform) -> None:
    account = bridge.account("right")
    account.last_error = f"GET https://x.example.org/bot{right.token}/ and {TOKEN} and 123456789:{'A' * 35}"
    bridge.app.intake.refusing = f"because of {TOKEN}"
    for route in ROUTES:
        path = route.path.replace("{what}", "1").replace("{account}", "left").replace("{number}", "1")
        answer = await call(route.method, path, data=BODIES.get(route.path))
        text = await answer.text()
        assert not any(secret in text for secret in (TOKEN, right.token, "A" * 35)), route.path
    bridge.app.intake.refusing = None
