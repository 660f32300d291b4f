"""Promises about webhooks: what is forged, repeated, reordered or broken is refused or stored once, never believed."""

import gzip
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, Protocol, runtime_checkable

from aiohttp import web
from msgspec.structs import replace

from bridge.chance import SeededChance
from bridge.connector import Connector, Request, Response
from bridge.events import Posted
from bridge.testing.closing import closed
from bridge.testing.contract_kit import Kit, Running, Terms
from bridge.testing.fuzz_mutations import body, pick
from bridge.testing.host import KitHost
from bridge.testing.platform import Platform
from bridge.testing.registration import register
from bridge.text.walk import plain

STORM: Final = 50
"""How often one call is repeated; platforms that think we did not answer do so for days."""
_BROKEN_CALLS: Final = 300
_REFUSED: Final = frozenset({400, 401, 403})
_ANSWERS: Final = frozenset({200, 400, 401, 403, 404, 405, 413, 415})
_UNSIGNED: Final = frozenset({"host", "content-length", "accept", "accept-encoding", "user-agent", "connection"})


@runtime_checkable
class Calling(Protocol):
    """An emulator of a platform that calls the bridge: what its settings are when it does."""

    def webhook_settings(self) -> Mapping[str, object]:
        """The account's settings, as in YAML, with which the platform calls `/in/{account}`."""
        ...


class Door:
    """The bridge's web server, reduced to one account: hands on calls, and keeps them for the test."""

    def __init__(self) -> None:
        self.connector: Connector[Any] | None = None
        self.calls: list[Request] = []
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        """What the connector answers."""
        call = Request(
            method=request.method,
            path=request.match_info["tail"],
            query=dict(request.query),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await request.read(),
        )
        self.calls.append(call)
        given = await self.give(call)
        return web.Response(status=given.status, body=given.body, headers=dict(given.headers))

    async def give(self, call: Request) -> Response:
        """Hand a call to the connector as the bridge does."""
        assert self.connector is not None
        return await self.connector.receive(call)


class CallPromises:
    """platform → webhook → `connector.receive`, by whoever has found the address."""

    def platform(self, name: str) -> Platform:
        raise NotImplementedError

    def kind(self, name: str) -> type[Connector[Any]]:
        raise NotImplementedError

    def _terms(self) -> Terms:
        raise NotImplementedError

    async def test_a_forged_call_is_refused_and_nothing_stored(self, caller: str, tmp_path: Path) -> None:
        async with self._called(caller, tmp_path) as (run, door):
            await run.hears("a true call")
            true = door.calls[-1]
            secrets = [header for header in _signed(true) if await _is_needed(door, true, header)]
            assert secrets, f"nothing in these headers is a secret: {sorted(true.headers)}"
            before = len(run.kit.host.events), len(run.kit.host.repeated)
            believed = [
                (header, why)
                for header in secrets
                for why, forged in _forgeries(true.headers[header])
                if (await door.give(_with(true, header, forged))).status not in _REFUSED
            ]
            assert not believed, f"forged calls are believed: {believed}"
            assert (len(run.kit.host.events), len(run.kit.host.repeated)) == before, "a forged call is stored"

    async def test_a_storm_of_repeated_calls_is_stored_once(self, caller: str, tmp_path: Path) -> None:
        async with self._called(caller, tmp_path) as (run, door):
            words = [f"number {number}" for number in range(5)]
            for one in words:
                await run.hears(one)
            chance = SeededChance(1)
            calls = [*door.calls]
            answers = [(await door.give(pick(chance, calls))).status for _ in range(STORM * len(calls))]
            assert set(answers) == {200}, "a repeated call is refused, and would come again for ever"
            said = [plain(event.text) for event in run.kit.host.events if isinstance(event, Posted)]
            assert said == words

    async def test_calls_in_another_order_are_all_stored(self, caller: str, tmp_path: Path) -> None:
        async with self._called(caller, tmp_path) as (run, door):
            words = [f"number {number}" for number in range(6)]
            for one in words:
                await run.hears(one)
            calls, kit = [*door.calls], run.kit
            kit.host = KitHost(tmp_path, webhook_url=door.url)
            fresh = kit.running()
            door.connector = fresh.connector
            async with fresh:
                for call in reversed(calls):
                    assert (await door.give(call)).status == 200
                assert sorted(kit.host.words()) == words

    async def test_a_broken_call_harms_nothing(self, caller: str, seed: int, tmp_path: Path) -> None:
        async with self._called(caller, tmp_path) as (run, door):
            await run.hears("a true call")
            true = door.calls[-1]
            bodies = [*_other_forms(true.body), *_broken(true.body, seed)]
            statuses = {(await door.give(replace(true, body=one))).status for one in bodies}
            assert statuses <= _ANSWERS, f"seed {seed}: {statuses - _ANSWERS}"
            await run.hears("the end")

    @asynccontextmanager
    async def _called(self, name: str, tmp_path: Path) -> AsyncIterator[tuple[Running, Door]]:
        """A connector that its platform calls, and the door it calls at."""
        kind = self.kind(name)
        async with self.platform(name) as platform, _door() as door:
            assert isinstance(platform, Calling), f"{name} has webhooks, so its emulator needs `webhook_settings`"
            config = kind.Config.model_validate(platform.webhook_settings())
            host = KitHost(tmp_path, webhook_url=door.url)
            register(platform, host.account, door.url)
            run = Kit(platform, host, lambda one: kind(config, one), self._terms()).running()
            door.connector = run.connector
            async with run:
                yield run, door


@asynccontextmanager
async def _door() -> AsyncIterator[Door]:
    door = Door()
    app = web.Application()
    app.router.add_route("*", "/in/kit{tail:.*}", door.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    door.url = f"http://127.0.0.1:{runner.addresses[0][1]}/in/kit"
    try:
        yield door
    finally:
        await closed(runner)


def _signed(call: Request) -> list[str]:
    return [header for header in call.headers if header not in _UNSIGNED]


async def _is_needed(door: Door, call: Request, header: str) -> bool:
    """Whether the call is refused without this header."""
    headers = {name: value for name, value in call.headers.items() if name != header}
    return (await door.give(replace(call, headers=headers))).status in _REFUSED


def _with(call: Request, header: str, value: str) -> Request:
    return replace(call, headers={**call.headers, header: value})


def _forgeries(secret: str) -> Iterator[tuple[str, str]]:
    """What somebody tries who does not know the secret, or knows something of it."""
    yield "empty", ""
    yield "a blank", " "
    for length in (1, len(secret) // 2, len(secret) - 1):
        yield f"the first {length} characters", secret[:length]
    yield "without its first character", secret[1:]
    yield "one character exchanged", _exchanged(secret)
    yield "doubled", secret * 2
    yield "with a blank behind", f"{secret} "
    yield "with a NUL behind", f"{secret}\0"
    yield "quoted", f'"{secret}"'
    yield "a half character", "\udcff"
    yield "full width", "".join(chr(ord(one) + 0xFEE0) if "!" <= one <= "~" else one for one in secret)
    yield from ((why, other) for why, other in _cases(secret) if other != secret)


def _exchanged(secret: str) -> str:
    return ("b" if secret[0] == "a" else "a") + secret[1:]


def _cases(secret: str) -> Iterator[tuple[str, str]]:
    yield "upper case", secret.upper()
    yield "lower case", secret.lower()


def _broken(raw: bytes, seed: int) -> Iterator[bytes]:
    chance, value = SeededChance(seed), json.loads(raw)
    return (body(value, chance) for _ in range(_BROKEN_CALLS))


def _other_forms(raw: bytes) -> Iterator[bytes]:
    """The same call in encodings and forms it is not meant to have."""
    text = raw.decode()
    forms: tuple[Callable[[], bytes], ...] = (
        lambda: text.encode("utf-16"),
        lambda: text.encode("utf-32"),
        lambda: text.encode("utf-8-sig"),
        lambda: text.encode("utf-7"),
        lambda: gzip.compress(raw),
        lambda: gzip.compress(b" " * 10_000_000 + raw),
        lambda: b"[" + raw + b"]",
        lambda: raw + raw,
        lambda: b"payload=" + raw,
        lambda: b"",
        lambda: b"\x00" * 1000,
        lambda: b"[" * 200_000,
        lambda: b'{"a":' * 100_000,
    )
    return (form() for form in forms)
