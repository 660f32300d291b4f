"""What the promises about the network are tested with: the kit of the others, and a proxy in the middle."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import pytest
from msgspec.structs import replace

from bridge.backoff import wait
from bridge.connector import Connector
from bridge.errors import Unavailable, Uncertain
from bridge.testing.clock import LoopClock
from bridge.testing.contract_kit import Kit, Running, Terms
from bridge.testing.host import KitHost
from bridge.testing.loop import hurried
from bridge.testing.platform import Platform, texts
from bridge.testing.proxy import Outage, Proxy

SEND_SECONDS = 60.0
"""After this the bridge ends a send that has not ended by itself; a connector has to be quicker."""
_PATIENCE_SECONDS = 1800.0
_SPAN_SECONDS = 300.0
_HASTE = 300.0
"""How much shorter outages and pauses are where time cannot be skipped."""


class Behind:
    """A platform whose settings lead through the proxy; in everything else the platform itself."""

    def __init__(self, platform: Platform, settings: Mapping[str, object]) -> None:
        self._platform = platform
        self._settings = settings

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 whatever the platform has
        return getattr(self._platform, name)

    def settings(self) -> Mapping[str, object]:
        return self._settings


def address_of(platform: Platform) -> tuple[str, SplitResult]:
    """The setting that names the server, and what it says; skips where the platform is no server."""
    for name, value in platform.settings().items():
        if isinstance(value, str) and (url := _split(value)) is not None:
            return name, url
    pytest.skip("no network: none of the platform's settings is an address with a port")


def _split(value: str) -> SplitResult | None:
    with suppress(ValueError):
        url = urlsplit(value)
        return url if url.scheme and url.hostname and url.port else None
    return None


class Line:
    """A connector with a proxy between it and its server.

    `span_seconds` is how long an outage lasts (a long one `long_seconds`), `settings` what the next connector is made
    with.
    """

    def __init__(self, kit: Kit, proxy: Proxy, setting: str, url: SplitResult) -> None:
        self.kit = kit
        self.proxy = proxy
        self.span_seconds = _SPAN_SECONDS
        self.long_seconds = 2 * _SPAN_SECONDS
        self._setting = setting
        self._url = url
        self.settings = dict(kit.platform.settings())
        self.lead(url.scheme)

    def lead(self, scheme: str, **more: object) -> None:
        """Let connectors that are made from now on come through the proxy with this scheme."""
        url = self._url._replace(scheme=scheme, netloc=f"{self._url.hostname}:{self.proxy.port}")
        self.settings |= {self._setting: url.geturl(), **more}

    def needs_http(self) -> str:
        """Skip where the platform speaks something else."""
        if self._url.scheme not in {"http", "https"}:
            pytest.skip(f"no HTTP: the server's address begins with {self._url.scheme}://")
        return self._url.scheme

    @property
    def plain_scheme(self) -> str:
        return self._url.scheme

    async def passes(self, seconds: float = 0) -> None:
        """Let an outage last; fails at once when the connector does more than it may in so much time."""
        await asyncio.wait(
            [crowded := asyncio.ensure_future(self.proxy.crowded.wait())], timeout=seconds or self.span_seconds
        )
        crowded.cancel()

    async def works(self, run: Running, words: str) -> None:
        """Words get out and in, by themselves and without a restart."""
        await run.deliver(run.outgoing(f"{words} out"))
        await self.kit.until_shown(self.kit.town, lambda shown: f"{words} out" in [one.text for one in shown], words)
        await run.ready()
        await run.hears(f"{words} in")

    async def survives(self, run: Running, outage: Outage) -> None:
        """An outage begins, lasts and ends; after it all is as before."""
        await self.proxy.begin(outage)
        await self.passes()
        await self.proxy.end()
        await self.works(run, f"after {outage}")

    async def fails(self, run: Running, words: str) -> Unavailable:
        """How a send ends that cannot work: in time, as what may be tried again; what surely failed is not shown."""
        try:
            async with asyncio.timeout(SEND_SECONDS):
                ids = await run.connector.send(run.outgoing(words))
        except TimeoutError:
            pytest.fail(f"`send` does not end within {SEND_SECONDS:.0f} s: {words}")
        except Unavailable as caught:
            error = caught
        else:
            pytest.fail(f"`send` returned {ids!r} and nobody said that it arrived: {words}")
        if type(error) is not Uncertain:
            assert words not in await texts(self.kit.platform, self.kit.town), f"surely not sent? {error!r}"
        return error


@asynccontextmanager
async def line_to(
    platform: Platform, connect: Callable[[Behind, KitHost], Connector[Any]], folder: Path, terms: Terms
) -> AsyncIterator[Line]:
    """A line to a server in this process, on which time passes quickly while everybody waits."""
    setting, url = address_of(platform)
    with _quickly():
        async with Proxy((url.hostname or "", url.port or 0)) as proxy:
            host = KitHost(folder, clock=LoopClock())
            kit = Kit(platform, host, lambda one: connect(behind, one), _patient(terms))
            kit.waits = lambda failures: wait(failures, host.chance.fraction())
            line = Line(kit, proxy, setting, url)
            behind = Behind(platform, line.settings)
            yield line


@asynccontextmanager
async def real_line_to(
    platform: Platform,
    connect: Callable[[Behind, KitHost], Connector[Any]],
    folder: Path,
    terms: Terms,
    impatient: Mapping[str, object],
) -> AsyncIterator[Line]:
    """A line to a server elsewhere, in the machine's own time: `impatient` settings let the connector give up soon."""
    setting, url = address_of(platform)
    async with Proxy((url.hostname or "", url.port or 0)) as proxy:
        host = KitHost(folder)
        kit = Kit(platform, host, lambda one: connect(behind, one), terms)
        kit.waits = lambda failures: wait(failures, host.chance.fraction()) / _HASTE
        line = Line(kit, proxy, setting, url)
        line.settings |= impatient
        line.span_seconds, line.long_seconds = _SPAN_SECONDS / _HASTE, 2 * _SPAN_SECONDS / _HASTE
        behind = Behind(platform, line.settings)
        yield line


def _patient(terms: Terms) -> Terms:
    return replace(terms, patience_seconds=max(terms.patience_seconds, _PATIENCE_SECONDS))


@contextmanager
def _quickly() -> Iterator[None]:
    with ExitStack() as stack:
        try:
            stack.enter_context(hurried())
        except RuntimeError as error:
            pytest.skip(str(error))
        yield
