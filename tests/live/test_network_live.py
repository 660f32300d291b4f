"""Promises about the network, some of them kept on real servers: there time cannot be skipped, so outages are short."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bridge.testing.contract_kit import Terms
from bridge.testing.contract_line import Behind, Line, real_line_to
from bridge.testing.contract_network import NetworkPromises
from bridge.testing.host import KitHost
from connectors.irc.config import IrcConfig
from connectors.irc.connector import Irc
from connectors.matrix.config import MatrixConfig
from connectors.matrix.connector import Matrix
from tests.live.irc_people import RealIrc
from tests.live.irc_servers import IrcServer
from tests.live.synapse import running
from tests.live.synapse_platform import SynapsePlatform

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]

PATIENT = Terms(patience_seconds=20.0)
KINDS = ("inspircd", "ngircd")
SLOWEST_WELCOME = {"inspircd": 2.5, "ngircd": 1.0}
"""Seconds: InspIRCd lets people in once a second."""
IRC_SOON = {"keepalive_seconds": 0.5, "rejoin_seconds": 0.05}
MATRIX_SOON = {"request_timeout_seconds": 1.0, "sync_timeout_seconds": 0.5}
EVERYWHERE = ("test_a_torn_line_comes_back", "test_a_dead_line_is_noticed")
HTTP = ("test_an_answer_that_is_none_is_never_success", "test_what_was_said_over_a_dead_line_arrives")


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, IrcServer]]:
    """One server of each kind for all tests here."""
    running = {kind: IrcServer(kind, tmp_path_factory.mktemp(kind)) for kind in KINDS}
    with running["inspircd"], running["ngircd"]:
        yield running


@pytest.fixture(params=KINDS)
async def irc(request: pytest.FixtureRequest, servers: dict[str, IrcServer], tmp_path: Path) -> AsyncIterator[Line]:
    def connect(platform: Behind, host: KitHost) -> Irc:
        return Irc(IrcConfig.model_validate(platform.settings()), host)

    soon = {**IRC_SOON, "timeout_seconds": SLOWEST_WELCOME[request.param]}
    async with (
        RealIrc(servers[request.param]) as platform,
        real_line_to(platform, connect, tmp_path, PATIENT, soon) as line,
    ):
        yield line


@pytest.fixture
async def matrix(tmp_path: Path) -> AsyncIterator[Line]:
    def connect(platform: Behind, host: KitHost) -> Matrix:
        return Matrix(MatrixConfig.model_validate(platform.settings()), host)

    async with (
        SynapsePlatform(running()) as platform,
        real_line_to(platform, connect, tmp_path, PATIENT, MATRIX_SOON) as line,
    ):
        yield line


@pytest.mark.parametrize("promise", EVERYWHERE)
async def test_a_line_to_a_real_irc_server(promise: str, irc: Line) -> None:
    await getattr(NetworkPromises(), promise)(irc)


@pytest.mark.parametrize("promise", EVERYWHERE + HTTP)
async def test_a_line_to_a_real_homeserver(promise: str, matrix: Line) -> None:
    await getattr(NetworkPromises(), promise)(matrix)
