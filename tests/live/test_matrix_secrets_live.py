"""Encrypted rooms on a real Synapse, with another implementation of the encryption on the people's side."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.connectors.matrix.secret_cases import SecretCases
from tests.connectors.matrix.secret_platform import SecretPlatform
from tests.live.synapse import running
from tests.live.synapse_platform import SynapsePlatform

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]


class TestSecretsOnSynapse(SecretCases):
    @pytest.fixture
    async def platform(self, tmp_path: Path) -> AsyncIterator[SecretPlatform]:
        async with SynapsePlatform(running()) as server, SecretPlatform(server, tmp_path / "people") as secret:
            yield secret
