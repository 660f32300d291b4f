"""The contract of a connector, kept by Matrix in encrypted rooms of the emulated homeserver: `make secrets`."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.testing.contract import ConnectorContract
from bridge.testing.host import KitHost
from connectors.matrix.connector import Matrix
from connectors.matrix.emulator import MatrixEmulator
from tests.connectors.matrix.cases import matrix
from tests.connectors.matrix.secret_platform import SecretPlatform


class TestMatrixEncrypted(ConnectorContract):
    elsewhere = "the line between is asked for words, and sees none: test_contract.py has these promises"

    @pytest.fixture
    async def platform(self, tmp_path: Path) -> AsyncIterator[SecretPlatform]:
        async with MatrixEmulator() as server, SecretPlatform(server, tmp_path / "people") as secret:
            yield secret

    def connector(self, platform: SecretPlatform, host: KitHost) -> Matrix:
        return matrix(platform, host)
