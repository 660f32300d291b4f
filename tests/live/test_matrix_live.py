"""The contract of a connector and Matrix's own promises, kept on a real Synapse."""

from collections.abc import AsyncIterator

import pytest

from bridge.testing.contract import ConnectorContract
from bridge.testing.host import KitHost
from connectors.matrix.config import MatrixConfig
from connectors.matrix.connector import Matrix
from tests.connectors.matrix.cases import MatrixCases
from tests.live.synapse import running
from tests.live.synapse_platform import SynapsePlatform

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]


@pytest.fixture
async def platform() -> AsyncIterator[SynapsePlatform]:
    async with SynapsePlatform(running()) as server:
        yield server


class TestMatrixOnSynapse(ConnectorContract):
    patience_seconds = 20.0
    elsewhere = "the server is a process of its own: see test_network_live.py"

    def connector(self, platform: SynapsePlatform, host: KitHost) -> Matrix:
        return Matrix(MatrixConfig.model_validate(platform.settings()), host)


class TestMatrixsOwnOnSynapse(MatrixCases):
    """The cases of tests/connectors/matrix, each on the real server."""
