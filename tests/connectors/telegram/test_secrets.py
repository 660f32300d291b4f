"""The token stands in every address of the Bot API, and in nothing that anybody reads."""

import io
import logging
import traceback
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import structlog
from pydantic import ValidationError
from telegram import Bot

from bridge.errors import BridgeError
from bridge.testing.contract_kit import Kit
from bridge.testing.host import KitHost
from bridge.testing.platform import Fault
from connectors.telegram.config import TelegramConfig
from connectors.telegram.connector import Telegram
from connectors.telegram.emulator import TOWN, TelegramEmulator
from connectors.telegram.errors import REFUSALS
from connectors.telegram.wire import Wire, quieten

CANARY = "123456789:AAE-emulated-token-of-the-bridge-0123"
SECRET = CANARY.partition(":")[2]


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Whatever any library or we ourselves log, at the loudest."""
    stream = io.StringIO()
    root, handler = logging.getLogger(), logging.StreamHandler(stream)
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    for name in ("telegram", "httpx", "httpcore", "aiohttp"):
        logging.getLogger(name).setLevel(logging.NOTSET)  # as before any connector ran
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(stream))
    yield stream
    structlog.reset_defaults()
    root.setLevel(level)
    root.removeHandler(handler)


def whole(error: BaseException) -> str:
    """Everything an error can tell: its chain, with locals' reprs as a debugger shows them."""
    lines = traceback.TracebackException.from_exception(error, capture_locals=False).format()
    return "".join(lines) + repr(error) + repr(vars(error)) + repr(error.__context__) + repr(error.__cause__)


async def failures(kit: Kit, server: TelegramEmulator) -> list[BridgeError]:
    """Force every error path of a send."""
    met: list[BridgeError] = []
    async with kit.running() as run:
        await run.hears("before")
        for row in REFUSALS:
            server.refuse_next(row)
            met.append(await failed(run.send("x")))
        for body in (b"", f"<html>{CANARY}</html>".encode(), b'{"ok":false,"description":"%s"}' % CANARY.encode()):
            for status in (200, 400, 500):
                server.answer_next(status, body)
                met.append(await failed(run.send("x")))
        for fault in (Fault.LOST_ANSWER, Fault.UNAVAILABLE, Fault.UNAUTHORIZED):
            server.fail_next(fault)
            met.append(await failed(run.send("x")))
            server.restore()
        await server.__aexit__()
        met.append(await failed(run.connector.join(str(TOWN))))
    return [*met, *(error for error in run.errors if isinstance(error, BridgeError))]


async def failed(call: Awaitable[object]) -> BridgeError:
    with pytest.raises(BridgeError) as caught:
        await call
    return caught.value


async def test_no_error_and_no_log_holds_the_token(kit: Kit, server: TelegramEmulator, written: io.StringIO) -> None:
    met = await failures(kit, server)
    assert len(met) > len(REFUSALS) + 10
    for error in met:
        assert SECRET not in whole(error), whole(error)
        assert error.__cause__ is None
    assert SECRET not in written.getvalue()


async def test_nothing_listens_and_the_error_names_no_address(tmp_path: Path, written: io.StringIO) -> None:
    config = TelegramConfig(connector="telegram", token=CANARY, api_url="http://127.0.0.1:9")
    with pytest.raises(BridgeError) as caught:
        await Telegram(config, KitHost(tmp_path)).run()
    assert SECRET not in whole(caught.value)
    assert SECRET not in written.getvalue()


def test_the_library_logs_no_address(written: io.StringIO) -> None:
    quieten()
    wire = Wire(1)
    Bot(CANARY, base_url="http://127.0.0.1:9/bot", request=wire, get_updates_request=wire)
    assert SECRET not in written.getvalue()


def test_settings_hide_the_token() -> None:
    config = TelegramConfig(connector="telegram", token=CANARY)
    assert SECRET not in repr(config) + str(config) + config.model_dump_json()


@pytest.mark.parametrize("token", ["", "x", f" {CANARY}", f"{CANARY}/", f"bot{CANARY}", CANARY.replace(":", "")])
def test_a_wrong_token_is_a_fault_that_does_not_repeat_it(token: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TelegramConfig.model_validate({"connector": "telegram", "token": token})
    assert SECRET not in str(caught.value)
    assert "BotFather" in str(caught.value)


@pytest.mark.parametrize("address", ["", "api.telegram.org", "file:///etc/passwd", "https://"])
def test_an_address_needs_a_scheme_and_a_host(address: str) -> None:
    with pytest.raises(ValidationError):
        TelegramConfig.model_validate({"connector": "telegram", "token": CANARY, "api_url": address})


def test_an_address_may_end_with_a_slash(kit_with: Callable[..., Kit]) -> None:
    config = TelegramConfig(connector="telegram", token=CANARY, api_url="http://127.0.0.1:9/")
    assert config.api_url == "http://127.0.0.1:9"
