"""A town of emulators, new for every test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.chance import SeededChance
from tests.crash.town import Town, emulated
from tests.crash.trial import Trial


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with emulated(tmp_path) as made:
        yield made


@pytest.fixture
def trial(town: Town, tmp_path: Path) -> Trial:
    return Trial(town, SeededChance(7), tmp_path / "deaths")
