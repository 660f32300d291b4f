"""Promises about the network: whatever a line does, nothing is taken for sent, nobody spins, and all comes back."""

import asyncio
from typing import Any

import pytest

from bridge.connector import Connector
from bridge.errors import BridgeError, Unavailable, Uncertain
from bridge.testing.certificates import Certificates
from bridge.testing.contract_kit import Kit, Running
from bridge.testing.contract_line import Behind, Line, address_of
from bridge.testing.host import KitHost
from bridge.testing.platform import texts
from bridge.testing.proxy import Answer, Outage
from bridge.text.nodes import said

_MOST_ATTEMPTS = 60
"""What a connector may try in ten minutes: once every ten seconds."""
_PATIENCE_SECONDS = 30.0
_HTML = b"<!doctype html><title>502</title><p>The page you are looking for is on holiday."
_STORM = Answer(status=502, body=_HTML, headers={"Content-Type": "text/html"})
_NO_ANSWERS = {
    "a page": Answer(body=_HTML, headers={"Content-Type": "text/html"}),
    "nothing": Answer(),
    "no content": Answer(status=204),
    "not ok": Answer(body=b'{"ok": false}'),
    "an empty object": Answer(body=b"{}"),
    "an empty list": Answer(body=b"[]"),
    "null": Answer(body=b"null"),
    "half an object": Answer(body=b'{"ok": true, "result": {"message_id": 1'),
    "bytes": Answer(body=b"\xff\xfe\x00\x01"),
    "a server's failure": Answer(status=500, body=b"{}"),
    "a gateway's failure": _STORM,
    "a gateway's time-out": Answer(status=504, body=_HTML),
}
_STORMS = (
    *(_NO_ANSWERS[name] for name in ("a page", "an empty object", "a server's failure")),
    Answer(status=429),
    Answer(status=302, headers={"Location": "/login"}),
)
_WAITS = ("", "5", "-1", "1e9", "x", "NaN", "Thu, 01 Jan 1970 00:00:00 GMT")


class NetworkPromises:
    """Outages of a line, answers that are none, certificates and names that lead nowhere."""

    def connector(self, platform: Any, host: KitHost) -> Connector[Any]:  # noqa: ANN401 the author's own Platform class
        """The author's."""
        raise NotImplementedError

    async def test_a_torn_line_comes_back(self, line: Line) -> None:
        async with line.kit.running() as run:
            await line.works(run, "before")
            assert line.proxy.counts.connections, "the connector is not made from `platform.settings()`"
            for outage in (Outage.REFUSED, Outage.RESET, Outage.CUT):
                await line.survives(run, outage)
            assert not _undeclared(run), "`run` may end as `Unavailable`, anything else counts as a bug"

    async def test_a_dead_line_is_noticed(self, line: Line) -> None:
        async with line.kit.running() as run:
            await line.works(run, "before")
            for outage in (Outage.SILENT, Outage.DEAF, Outage.MUTE):
                await line.survives(run, outage)

    async def test_a_slow_line_is_no_outage(self, line: Line) -> None:
        async with line.kit.running() as run:
            await line.proxy.begin(Outage.SLOW)
            for number in range(5):
                await run.send(f"slowly out {number}")
                await run.hears(f"slowly in {number}")
            assert not run.errors, "half a second there and back is what a far server takes"

    async def test_a_send_over_a_dead_line_ends(self, line: Line) -> None:
        for outage in (Outage.SILENT, Outage.DEAF, Outage.MUTE):
            async with line.kit.running() as run:
                await line.works(run, f"before {outage}")
                await line.proxy.begin(outage)
                error = await line.fails(run, f"lost {outage}")
                if f"lost {outage}" in await texts(line.kit.platform, line.kit.town):
                    assert isinstance(error, Uncertain), "it arrived, and its answer was lost"
                await line.proxy.end()

    async def test_a_send_that_is_never_answered_ends(self, line: Line) -> None:
        async with line.kit.running() as run:
            await line.works(run, "before")
            line.proxy.swallowed = b"unanswered"
            await line.fails(run, "unanswered")
            await line.proxy.end()
            await line.works(run, "after")

    async def test_an_answer_that_drips_ends_in_time(self, line: Line) -> None:
        async with line.kit.running() as run:
            await line.works(run, "before")
            line.proxy.drip_seconds = 5.0
            await line.proxy.begin(Outage.DRIP)
            await line.fails(run, "drip")
            await line.proxy.end()
            await line.works(run, "after")

    async def test_a_cut_answer_is_uncertain(self, line: Line) -> None:
        async with line.kit.running() as run:
            await line.works(run, "before")
            await line.proxy.begin(Outage.CUT)
            error = await line.fails(run, "half an answer")
            assert isinstance(error, Uncertain), f"it may have arrived: {error!r}"
            await line.kit.reads(line.kit.town, "half an answer")

    async def test_what_was_said_over_a_dead_line_arrives(self, line: Line) -> None:
        if line.kit.terms.no_replay:
            pytest.skip(f"no replay: {line.kit.terms.no_replay}")
        async with line.kit.running() as run:
            await line.works(run, "before")
            await line.proxy.begin(Outage.MUTE)
            for number in range(3):
                await line.kit.platform.say(line.kit.town, "Ada", said(f"meanwhile {number}"))
            await line.passes()
            await line.proxy.end()
            await run.published("meanwhile 2")
            assert line.kit.host.words()[1:] == [f"meanwhile {number}" for number in range(3)]

    async def test_an_outage_costs_few_attempts(self, line: Line) -> None:
        for outage in (Outage.RESET, Outage.CUT, Outage.REFUSED):
            async with line.kit.running() as run:
                await line.works(run, f"before {outage}")
                await line.proxy.begin(outage)
                await _few(line, run, str(outage))
                await line.proxy.end()
                await line.works(run, f"after {outage}")

    async def test_a_storm_of_errors_passes(self, line: Line) -> None:
        line.needs_http()
        async with line.kit.running() as run:
            await line.works(run, "before")
            line.proxy.answer = _STORM
            await line.fails(run, "into the storm")
            await line.passes()
            await line.fails(run, "into the storm again")
            await line.proxy.end()
            await line.works(run, "after")
            assert not _undeclared(run), "`run` may end as `Unavailable`, anything else counts as a bug"

    async def test_a_storm_of_errors_costs_few_attempts(self, line: Line) -> None:
        line.needs_http()
        for number, answer in enumerate(_STORMS):
            async with line.kit.running() as run:
                await line.works(run, f"before {number}")
                line.proxy.answer = answer
                await _few(line, run, repr(answer))
                await line.proxy.end()
                await line.works(run, f"after {number}")
                assert not _undeclared(run), f"{answer} ends `run` as what counts as a bug"

    async def test_an_answer_that_is_none_is_never_success(self, line: Line) -> None:
        line.needs_http()
        async with line.kit.running() as run:
            await line.works(run, "before")
            for number, (what, answer) in enumerate(_NO_ANSWERS.items()):
                line.proxy.answer, line.proxy.only = answer, f"unheard{number}".encode()
                error = await line.fails(run, f"unheard{number}")
                assert isinstance(error, Uncertain), f"{what}: who knows what became of it? {error!r}"
            await line.proxy.end()
            await line.works(run, "after")

    async def test_too_many_requests_are_not_sent_whatever_wait_is_asked(self, line: Line) -> None:
        line.needs_http()
        async with line.kit.running() as run:
            await line.works(run, "before")
            for number, asked in enumerate(_WAITS):
                headers = {"Retry-After": asked} if asked else {}
                line.proxy.answer, line.proxy.only = Answer(status=429, headers=headers), f"busy{number}".encode()
                error = await line.fails(run, f"busy{number}")
                assert not isinstance(error, Uncertain), f"a request that was turned away did not happen: {error!r}"
                assert asked != "5" or error.retry_after == 5.0, "the wait of the HTTP header is lost"
            await line.proxy.end()
            await line.works(run, "after")

    async def test_a_name_that_does_not_resolve_is_an_outage(self, kit: Kit) -> None:
        setting, url = address_of(kit.platform)
        address = url._replace(netloc=f"nowhere.invalid:{url.port}").geturl()
        behind = Behind(kit.platform, {**kit.platform.settings(), setting: address})
        error = await _ends(self.connector(behind, kit.host))
        assert isinstance(error, Unavailable), f"names fail for a while and come back: {error!r}"

    async def test_a_bad_certificate_is_an_outage(self, line: Line) -> None:
        certificates = Certificates(line.kit.host.data_dir)
        line.lead(f"{line.plain_scheme}s")
        line.proxy.tls = certificates.bad["of an unknown authority"]
        error = await _ends(line.kit.connect(line.kit.host))
        assert isinstance(error, Unavailable), f"a certificate that nobody vouches for: {error!r}"
        assert not isinstance(error, Uncertain), "nothing was said before the handshake"
        if "ca_file" not in type(line.kit.connect(line.kit.host)).Config.model_fields:
            pytest.skip("no authority of our own: there is no setting `ca_file`")
        line.lead(f"{line.plain_scheme}s", ca_file=str(certificates.ca_file))
        line.proxy.tls = certificates.good
        async with line.kit.running() as run:
            for what, bad in certificates.bad.items():
                await line.works(run, f"before one {what}")
                line.proxy.tls = bad
                line.proxy.cut()
                await line.passes()
                assert not line.kit.host.online, f"a certificate {what} is accepted"
                line.proxy.tls = certificates.good
            await line.works(run, "after")
            assert not _undeclared(run), "`run` may end as `Unavailable`, anything else counts as a bug"


async def _few(line: Line, run: Running, what: str) -> None:
    """Ten minutes of an outage, and how often the connector tried meanwhile."""
    line.proxy.watch(_MOST_ATTEMPTS)
    lives = len(run.errors)
    await line.passes(line.long_seconds)
    assert not line.proxy.crowded.is_set(), f"{what}: tried more than {_MOST_ATTEMPTS} times: {line.proxy.counts}"
    assert len(run.errors) - lives <= _MOST_ATTEMPTS, f"{what}: `run` ended {len(run.errors) - lives} times"


async def _ends(connector: Connector[Any]) -> BridgeError:
    """Why `run` ends that cannot connect."""
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await connector.run()
    except TimeoutError:
        pytest.fail("`run` goes on although it cannot connect")
    except BridgeError as error:
        return error
    pytest.fail("`run` returned although it cannot connect")


def _undeclared(run: Running) -> list[Exception]:
    return [error for error in run.errors if not isinstance(error, Unavailable)]
