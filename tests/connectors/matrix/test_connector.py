"""Matrix's own promises, kept over the emulated homeserver."""

from collections.abc import AsyncIterator

import pytest

from connectors.matrix.emulator import MatrixEmulator
from tests.connectors.matrix.cases import MatrixCases


class TestMatrixOnTheEmulator(MatrixCases):
    @pytest.fixture
    async def platform(self) -> AsyncIterator[MatrixEmulator]:
        async with MatrixEmulator() as server:
            yield server
