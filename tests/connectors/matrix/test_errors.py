"""Every documented refusal, from the emulator through the connector; every failure of a connection."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey

from bridge.errors import Scope, Unavailable, Uncertain
from bridge.testing.contract_kit import Kit, Terms
from bridge.testing.host import KitHost
from connectors.matrix import calls
from connectors.matrix.client import connected_to
from connectors.matrix.config import MatrixConfig
from connectors.matrix.emulator import MatrixEmulator
from connectors.matrix.emulator_errors import DOCUMENTED, Documented
from connectors.matrix.errors import translated
from tests.connectors.matrix.cases import matrix


@pytest.fixture
async def platform() -> AsyncIterator[MatrixEmulator]:
    async with MatrixEmulator() as server:
        yield server


@pytest.mark.parametrize("row", DOCUMENTED, ids=[row.title for row in DOCUMENTED])
async def test_a_documented_answer_becomes_the_error_of_its_row(
    platform: MatrixEmulator, tmp_path: Path, row: Documented
) -> None:
    kit = Kit(platform, KitHost(tmp_path), lambda host: matrix(platform, host), Terms())
    async with kit.running() as run:
        platform.answer_next("/send/", row.answer)
        with pytest.raises(row.becomes) as caught:
            await run.send("words")
        if row.becomes is Unavailable:
            assert not isinstance(caught.value, Uncertain)
            assert caught.value.scope is Scope.ACCOUNT
        if isinstance(caught.value, Unavailable):
            assert caught.value.retry_after == row.retry_after
        assert str(platform.settings()["token"]) not in repr(caught.value)


def test_a_401_of_something_in_the_way_is_no_refusal_of_our_token() -> None:
    error = translated(status=401, body={"message": "please log in"})
    assert type(error) is Unavailable
    assert error.scope is Scope.ACCOUNT


_KEY = ConnectionKey("matrix.test", 443, is_ssl=True, ssl=True, proxy=None, proxy_auth=None, proxy_headers_hash=None)
FAILURES: tuple[tuple[Exception, type[Unavailable]], ...] = (
    (aiohttp.ClientConnectorError(_KEY, OSError(111, "refused")), Unavailable),
    (aiohttp.ClientConnectorDNSError(_KEY, OSError(-2, "no such name")), Unavailable),
    (aiohttp.ClientConnectorSSLError(_KEY, ssl.SSLError(1, "handshake")), Unavailable),
    (aiohttp.ClientConnectorCertificateError(_KEY, ssl.CertificateError("expired")), Unavailable),
    (aiohttp.ConnectionTimeoutError(), Unavailable),
    (aiohttp.SocketTimeoutError(), Uncertain),
    (aiohttp.ServerDisconnectedError(), Uncertain),
    (aiohttp.ClientPayloadError(), Uncertain),
    (aiohttp.ClientOSError(104, "reset"), Uncertain),
    (TimeoutError(), Uncertain),
    (ConnectionResetError(), Uncertain),
)


@pytest.mark.parametrize(("cause", "becomes"), FAILURES, ids=[type(cause).__name__ for cause, _ in FAILURES])
def test_a_failed_exchange_is_uncertain_unless_nothing_was_sent(cause: Exception, becomes: type[Unavailable]) -> None:
    error = translated(cause=cause)
    assert type(error) is becomes
    assert becomes is Uncertain or error.scope is Scope.ACCOUNT


def settings(address: str) -> MatrixConfig:
    return MatrixConfig(
        connector="matrix", homeserver=address, user="@a:b", token="canary", request_timeout_seconds=0.2
    )


async def test_a_closed_port_is_unavailable() -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    await server.wait_closed()
    async with connected_to(settings(address)) as client:
        with pytest.raises(Unavailable) as caught:
            await client.call(calls.whoami())
    assert type(caught.value) is Unavailable


async def test_a_server_without_tls_is_unavailable(platform: MatrixEmulator) -> None:
    async with connected_to(settings(platform.server.address.replace("http:", "https:"))) as client:
        with pytest.raises(Unavailable) as caught:
            await client.call(calls.whoami())
    assert type(caught.value) is Unavailable


async def test_an_answer_that_never_comes_is_uncertain() -> None:
    held: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _, writer: held.append(writer), "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, connected_to(settings(address)) as client:
        with pytest.raises(Uncertain):
            await client.call(calls.send("!r", "m.room.message", {}, "key"))
    for writer in held:
        writer.close()


async def test_a_secret_stands_in_no_error(platform: MatrixEmulator) -> None:
    async with connected_to(settings(platform.server.address)) as client:
        with pytest.raises(Exception, match="M_UNKNOWN_TOKEN") as caught:
            await client.call(calls.whoami())
    assert "canary" not in repr(caught.value) + str(caught.value) + repr(caught.value.__cause__)
