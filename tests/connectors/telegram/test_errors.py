"""One table of refusals: the emulator gives each row, the connector says what it means."""

from collections.abc import Callable

import msgspec
import pytest

from bridge import Outgoing, Reaction, Rejected, RoomClosed, Scope, Target, Unauthorized, Unavailable, Uncertain
from bridge.errors import BridgeError, Feature, Unsupported
from bridge.ids import Key, RoomId
from bridge.testing.contract_kit import Kit
from bridge.testing.contract_line import address_of
from bridge.testing.platform import texts
from bridge.testing.proxy import Answer, Proxy
from bridge.text.nodes import said
from connectors.telegram.config import TelegramConfig
from connectors.telegram.connector import Telegram
from connectors.telegram.emulator import TelegramEmulator
from connectors.telegram.errors import CONFLICT_SECONDS, REFUSALS, Migrated, Refusal, clean, refusal, translated
from connectors.telegram.wire import Wire

TOKEN = "123456789:AAFakeFakeFakeFakeFakeFakeFakeFakeFak"


@pytest.mark.parametrize("row", REFUSALS, ids=lambda row: row.description)
async def test_each_documented_refusal_becomes_its_error(kit: Kit, server: TelegramEmulator, row: Refusal) -> None:
    async with kit.running() as run:
        server.refuse_next(row)
        expected = row.becomes(row.description)
        with pytest.raises(type(expected)) as caught:
            await run.send("hello")
        assert type(caught.value) is type(expected)
        if isinstance(expected, Unsupported):
            assert isinstance(caught.value, Unsupported)
            assert caught.value.feature is expected.feature
        server.restore()
        await run.deliver(run.outgoing("the next one goes"))
        assert await texts(server, kit.town) == ["the next one goes"]


def test_no_row_is_hidden_by_one_before_it() -> None:
    for row in REFUSALS:
        first = next(one for one in REFUSALS if one.code == row.code and row.description.startswith(one.description))
        assert type(first.becomes("")) is type(row.becomes("")), row.description


def answer(description: str, **parameters: object) -> bytes:
    return msgspec.json.encode({"ok": False, "description": description, "parameters": parameters})


WAITS: list[tuple[str, dict[str, object], float | None]] = [
    ("Too Many Requests: retry after 3", {"retry_after": 3}, 3),
    ("Too Many Requests: retry after 14", {}, 14),
    ("Too Many Requests", {}, None),
    ("Too Many Requests", {"retry_after": -1}, None),
    ("Too Many Requests", {"retry_after": "x"}, None),
    ("Too Many Requests", {"retry_after": True}, None),
    ("Too Many Requests", {"retry_after": [1]}, None),
    ("Too Many Requests", {"retry_after": 1_000_000_000}, 3600),
    ("Too Many Requests", {"retry_after": 10**30}, 3600),
]


@pytest.mark.parametrize(("description", "parameters", "wait"), WAITS)
def test_a_waiting_time_is_believed_up_to_an_hour(
    description: str, parameters: dict[str, object], wait: float | None
) -> None:
    error = refusal(429, answer(description, **parameters), Scope.ROOM)
    assert type(error) is Unavailable
    assert error.retry_after == wait
    assert error.scope is Scope.ROOM


NEVER_SENT: list[tuple[int, bytes]] = [
    (200, b""),
    (200, b'{"ok":false}'),
    (200, b'{"ok":true}'),
    (200, b"<html>fine</html>"),
    (200, b'{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}'),
    (500, b'{"ok":false,"error_code":500,"description":"Internal Server Error"}'),
    (502, b"<html><h1>Bad Gateway</h1></html>"),
    (503, b""),
    (504, b"\xff\xfe"),
    (401, b"<html>proxy</html>"),
    (400, b"[1,2]"),
]


@pytest.mark.parametrize(("status", "body"), NEVER_SENT)
def test_an_unclear_answer_is_never_taken_for_sent(status: int, body: bytes) -> None:
    assert isinstance(refusal(status, body, Scope.ROOM), Uncertain)


@pytest.mark.parametrize(("status", "body"), NEVER_SENT)
async def test_an_unclear_answer_makes_a_send_uncertain(
    kit: Kit, server: TelegramEmulator, status: int, body: bytes
) -> None:
    async with kit.running() as run:
        server.answer_next(status, body)
        with pytest.raises(Uncertain):
            await run.send("hello")


UNKNOWN: list[tuple[int, type[BridgeError]]] = [
    (400, Rejected),
    (401, Unauthorized),
    (403, RoomClosed),
    (404, Unauthorized),
    (409, Unavailable),
    (413, Rejected),
    (418, Uncertain),
    (500, Uncertain),
]


@pytest.mark.parametrize(("status", "expected"), UNKNOWN)
def test_an_unknown_description_goes_by_its_code(status: int, expected: type[BridgeError]) -> None:
    assert type(refusal(status, answer("Something nobody wrote down"), Scope.ACCOUNT)) is expected


def test_success_is_no_error() -> None:
    assert refusal(200, b'{"ok":true,"result":false}', Scope.ROOM) is None


def test_a_second_poller_is_left_alone_for_long() -> None:
    error = refusal(409, answer("Conflict: terminated by other getUpdates request; make sure"), Scope.ACCOUNT)
    assert isinstance(error, Unavailable)
    assert (error.retry_after, error.scope) == (CONFLICT_SECONDS, Scope.ACCOUNT)


def test_a_migration_names_the_new_group() -> None:
    error = refusal(400, answer("Bad Request: group chat was upgraded", migrate_to_chat_id=-1007), Scope.ROOM)
    assert isinstance(error, Migrated)
    assert error.to == -1007


def test_a_sentence_of_the_server_is_short_and_without_a_token() -> None:
    text = clean(f"Bad Request: see https://api.telegram.org/bot{TOKEN}/x\n\n" + "long " * 100)
    assert TOKEN not in text
    assert "\n" not in text
    assert len(text) <= 200


async def test_a_server_that_is_not_there_is_unavailable_for_the_whole_account(kit: Kit) -> None:
    async with kit.running() as run:
        await kit.platform.__aexit__(None, None, None)
        with pytest.raises(Unavailable) as caught:
            await run.send("hello")
        if not isinstance(caught.value, Uncertain):
            assert caught.value.scope is Scope.ACCOUNT


async def test_before_it_is_connected_a_send_is_unavailable(kit: Kit) -> None:
    connector = kit.connect(kit.host)
    assert isinstance(connector, Telegram)
    with pytest.raises(Unavailable):
        await connector.send(Outgoing(room=RoomId("-1"), key=Key("k"), text=said("x")))


async def test_a_slow_answer_is_uncertain(kit_with: Callable[..., Kit], server: TelegramEmulator) -> None:
    async with kit_with(timeout_seconds=0.2).running() as run:
        server.hang()
        with pytest.raises(Uncertain):
            await run.send("hello")
        server.restore()


async def test_a_reaction_the_server_does_not_know_is_unsupported(kit: Kit) -> None:
    async with kit.running() as run:
        _, event = await run.hears("react to this")
        target = Target(room=event.room, parts=event.message)
        with pytest.raises(Unsupported) as caught:
            await run.connector.react(Reaction(target=target, emoji="🦊", wanted=("🦊",), key=Key("k")))
        assert caught.value.feature is Feature.EMOJI


async def test_a_wire_that_is_not_open_sends_nothing() -> None:
    wire = Wire(5)
    assert wire.read_timeout == 5
    with pytest.raises(Unavailable), translated():
        await wire.updates("http://127.0.0.1:9/bot1:x", {})


@pytest.mark.parametrize(("header", "wait"), [("7", 7), (None, None), ("-1", None), ("x", None), ("1000000000", 3600)])
def test_a_server_in_front_that_has_had_enough_did_not_send(header: str | None, wait: float | None) -> None:
    error = refusal(429, b"<html>slow down", Scope.ROOM, header)
    assert type(error) is Unavailable
    assert error.retry_after == wait


async def test_a_redirect_is_not_followed_because_the_address_holds_the_token(
    kit: Kit, server: TelegramEmulator
) -> None:
    away = Answer(status=302, headers={"Location": "http://nowhere.invalid/"})
    _, url = address_of(server)
    async with Proxy((url.hostname or "", url.port or 0)) as proxy:
        proxy.answer = away
        config = TelegramConfig.model_validate({**server.settings(), "api_url": f"http://127.0.0.1:{proxy.port}"})
        with pytest.raises(Uncertain, match="302"):
            await Telegram(config, kit.host).run()
        assert proxy.counts.requests == 1
