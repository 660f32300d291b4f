"""Matrix's own promises of encrypted rooms, kept over the emulated homeserver."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connectors.matrix.emulator import MatrixEmulator
from tests.connectors.matrix.secret_cases import SecretCases
from tests.connectors.matrix.secret_platform import SecretPlatform


class TestSecretsOnTheEmulator(SecretCases):
    @pytest.fixture
    async def platform(self, tmp_path: Path) -> AsyncIterator[SecretPlatform]:
        async with MatrixEmulator() as server, SecretPlatform(server, tmp_path / "people") as secret:
            yield secret
