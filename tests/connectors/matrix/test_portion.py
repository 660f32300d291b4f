"""An answer that is too large is asked for in smaller pieces, and never again in the same size for ever."""

import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from structlog.testing import capture_logs

from bridge.testing.contract_kit import Kit, Terms
from bridge.testing.host import KitHost
from connectors.matrix import calls
from connectors.matrix.answers import CAREFUL_BYTES
from connectors.matrix.batch import PAGE, news_of
from connectors.matrix.client import LARGEST_ANSWER, TooLargeError
from connectors.matrix.emulator import MatrixEmulator
from connectors.matrix.emulator_errors import Canned
from connectors.matrix.portion import Portion, careful
from tests.connectors.matrix.cases import matrix

DEEP = b'{"a": ' + b"[" * 9000 + b"]" * 9000 + b', "b": "' + b"x" * CAREFUL_BYTES + b'"}'
LONG = b'{"next_batch": "s9", "b": "' + b"x" * LARGEST_ANSWER + b'"}'


async def asked(fits: int) -> list[int]:
    """The sizes that are asked for until so many events fit, and twice after that."""
    portion, sizes = Portion(), []

    async def ask(size: int) -> int:
        sizes.append(size)
        if size > fits:
            raise TooLargeError("too large")
        return size

    for _ in range(3):
        await portion.asked(ask)
    return sizes


@pytest.mark.parametrize(
    ("fits", "sizes"),
    [(PAGE, [100, 100, 100]), (30, [100, 25, 50, 12, 24]), (1, [100, 25, 6, 1, 2, 1, 2, 1])],
)
async def test_fewer_are_asked_for_until_they_fit(fits: int, sizes: list[int]) -> None:
    assert await asked(fits) == sizes


async def test_one_event_that_is_too_much_is_told() -> None:
    with pytest.raises(TooLargeError):
        await asked(0)


def test_the_smallest_piece_is_read_whatever_it_costs() -> None:
    call = calls.sync("s1", 30, news_of(1))
    assert (careful(call, 2).careful, careful(call, 1).careful) == (CAREFUL_BYTES, LARGEST_ANSWER)
    assert json.loads(parse_qs(urlsplit(call.path).query)["filter"][0])["room"]["timeline"] == {"limit": 1}


@pytest.mark.parametrize("body", [DEEP, LONG], ids=["deep", "long"])
async def test_news_that_are_too_large_do_not_stop_the_stream(body: bytes, tmp_path: Path) -> None:
    async with MatrixEmulator() as platform:
        kit = Kit(platform, KitHost(tmp_path), lambda one: matrix(platform, one), Terms())
        async with kit.running() as run:
            with capture_logs() as logs:
                platform.answer_next("/sync", Canned(body=body))
                await run.hears("still here")
                await run.hears("and here")
            assert [one["size"] for one in logs if one["event"] == "fewer events are asked for at once"] == [25]
            assert run.errors == []
