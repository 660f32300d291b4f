"""Each connector that a broken line finds unprepared is caught by the test named for it."""

import asyncio
from pathlib import Path

import pytest

from bridge.testing import broken_network
from bridge.testing.broken_network import BROKEN_ON_THE_LINE
from bridge.testing.contract import ConnectorContract, promises
from bridge.testing.contract_network import NetworkPromises
from bridge.testing.host import KitHost
from bridge.testing.memory import MemoryConfig, MemoryConnector, MemoryPlatform
from bridge.testing.wired import WiredConfig, WiredConnector
from bridge.testing.wired_platform import WiredPlatform

NAMES = [name for name in promises() if hasattr(NetworkPromises, name)]


class Contract(ConnectorContract):
    """The contract over one connector class; not collected, its tests are called by hand."""

    def __init__(self, kind: type[WiredConnector]) -> None:
        self.kind = kind

    def connector(self, platform: WiredPlatform, host: KitHost) -> WiredConnector:
        return self.kind(WiredConfig.model_validate(platform.settings()), host)


async def outcome(contract: Contract, name: str, folder: Path) -> str:
    """Why a test failed, empty when it did not."""
    async with WiredPlatform(f"{contract.kind.__name__} {name}") as platform:
        try:
            await tried(contract, name, platform, folder)
        except pytest.skip.Exception as reason:
            return f"skipped: {reason}"
        except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 whatever a test ends with is its outcome
            return repr(error)
    return ""


async def tried(contract: Contract, name: str, platform: WiredPlatform, folder: Path) -> None:
    test = getattr(contract, name)
    if "kit" in test.__code__.co_varnames[: test.__code__.co_argcount]:
        return await test(contract.kit_for(platform, KitHost(folder)))
    async with contract.line_for(platform, folder) as line:
        return await test(line)


@pytest.mark.parametrize("kind", BROKEN_ON_THE_LINE, ids=lambda kind: kind.__name__)
def test_a_connector_that_a_line_breaks_is_caught_by_the_test_named_for_it(
    kind: type[WiredConnector], tmp_path: Path
) -> None:
    caught = asyncio.run(outcome(Contract(kind), BROKEN_ON_THE_LINE[kind], tmp_path))
    assert caught
    assert not caught.startswith("skipped")


@pytest.mark.parametrize("name", NAMES)
def test_the_whole_connector_breaks_nothing_and_skips_nothing(name: str, tmp_path: Path) -> None:
    assert not asyncio.run(outcome(Contract(WiredConnector), name, tmp_path))


def test_each_promise_about_the_network_can_be_broken() -> None:
    assert set(NAMES) == set(BROKEN_ON_THE_LINE.values())


def test_each_connector_that_a_line_breaks_stands_in_the_list() -> None:
    made = {
        kind
        for kind in vars(broken_network).values()
        if isinstance(kind, type) and issubclass(kind, WiredConnector) and kind is not WiredConnector
    }
    assert made == set(BROKEN_ON_THE_LINE)


async def test_a_platform_that_is_no_server_is_skipped_with_a_reason(tmp_path: Path) -> None:
    class Memory(ConnectorContract):
        def connector(self, platform: MemoryPlatform, host: KitHost) -> MemoryConnector:
            return MemoryConnector(MemoryConfig.model_validate(platform.settings()), host)

    async with MemoryPlatform() as platform:
        with pytest.raises(pytest.skip.Exception, match="none of the platform's settings is an address"):
            async with Memory().line_for(platform, tmp_path):
                pass
