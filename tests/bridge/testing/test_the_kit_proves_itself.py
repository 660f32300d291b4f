"""Each broken connector is caught by the test named for it, and by no other."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from bridge.capabilities import Authorship, Capabilities
from bridge.testing import (
    broken_authors,
    broken_content,
    broken_incoming,
    broken_life,
    broken_media,
    broken_outgoing,
    broken_power,
    broken_private,
    broken_threads,
    broken_titles,
)
from bridge.testing.broken import BROKEN
from bridge.testing.contract import ConnectorContract, promises
from bridge.testing.contract_authors import GhostPromises
from bridge.testing.contract_kit import Kit
from bridge.testing.contract_network import NetworkPromises
from bridge.testing.contract_power import PowerPromises
from bridge.testing.contract_private import PrivatePromises
from bridge.testing.host import KitHost
from bridge.testing.loop import SkippingLoop
from bridge.testing.memory import WITH_FILES, MemoryConfig, MemoryConnector, MemoryPlatform
from bridge.testing.memory_private import PrivateConnector, PrivatePlatform

SHOWS_AUTHORS = replace(WITH_FILES, authorship=Authorship.OVERRIDE)
CONFIRMS = replace(SHOWS_AUTHORS, confirms_within=timedelta(minutes=1))
HAS_GHOSTS = replace(WITH_FILES, authorship=Authorship.GHOST)
NAMES = [name for name in promises() if not hasattr(NetworkPromises, name)]
"""Those about the network have a test of their own: a platform in memory has none."""
MODULES = (
    broken_authors, broken_content, broken_incoming, broken_outgoing, broken_life, broken_media, broken_power,
    broken_private, broken_threads, broken_titles,
)  # fmt: skip


class Contract(ConnectorContract):
    """The contract over one connector class; not collected, its tests are called by hand."""

    def __init__(self, kind: type[MemoryConnector]) -> None:
        self.kind = kind

    def connector(self, platform: MemoryPlatform, host: KitHost) -> MemoryConnector:
        return self.kind(MemoryConfig.model_validate(platform.settings()), host)


async def broken_promises(kind: type[MemoryConnector], tmp_path: Path) -> dict[str, str]:
    """The tests that fail for a connector, each with its reason."""
    outcomes = {name: await outcome(Contract(kind), name, tmp_path, can_of(kind)) for name in tried(kind)}
    return {name: reason for name, reason in outcomes.items() if reason}


def tried(kind: type[MemoryConnector]) -> list[str]:
    """What a connector is tried with: most would break the promises about ghosts or private rooms as well."""
    others = [] if hasattr(GhostPromises, BROKEN.get(kind, "")) else [GhostPromises]
    others += [PowerPromises] if issubclass(kind, PrivateConnector) else [PrivatePromises]
    return [name for name in NAMES if not any(hasattr(promises, name) for promises in others)]


def can_of(kind: type[MemoryConnector]) -> Capabilities:
    """What the platform is able to on which a connector is tried."""
    if issubclass(kind, PrivateConnector):
        return CONFIRMS
    return HAS_GHOSTS if hasattr(GhostPromises, BROKEN.get(kind, "")) else SHOWS_AUTHORS


async def outcome(contract: Contract, name: str, tmp_path: Path, can: Capabilities) -> str:
    """Why a test failed, empty when it did not."""
    made = PrivatePlatform if issubclass(contract.kind, PrivateConnector) else MemoryPlatform
    async with made(f"{contract.kind.__name__} {name}", capabilities=can) as platform:
        kit: Kit = contract.kit_for(platform, KitHost(tmp_path))
        try:
            await getattr(contract, name)(kit)
        except pytest.skip.Exception as reason:
            return f"skipped: {reason}"
        except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 whatever a test ends with is its outcome
            return repr(error)
    return ""


def run(kind: type[MemoryConnector], tmp_path: Path) -> dict[str, str]:
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        return runner.run(broken_promises(kind, tmp_path))


@pytest.mark.parametrize("kind", BROKEN, ids=lambda kind: kind.__name__)
def test_a_broken_connector_is_caught_by_the_test_named_for_it(kind: type[MemoryConnector], tmp_path: Path) -> None:
    caught = run(kind, tmp_path)
    assert set(caught) == {BROKEN[kind]}, caught


def test_the_whole_connector_breaks_nothing_and_skips_nothing(tmp_path: Path) -> None:
    class WithGhosts(MemoryConnector):
        """The same where people have ghosts."""

    BROKEN[WithGhosts] = next(iter(set(promises()) & set(dir(GhostPromises))))
    try:
        assert run(MemoryConnector, tmp_path) == {}
        assert run(WithGhosts, tmp_path) == {}
        assert run(PrivateConnector, tmp_path) == {}
    finally:
        del BROKEN[WithGhosts]


def test_each_promise_can_be_broken() -> None:
    assert set(NAMES) == set(BROKEN.values())


def test_each_broken_connector_stands_in_the_list() -> None:
    made = {
        kind
        for module in MODULES
        for kind in vars(module).values()
        if isinstance(kind, type)
        and issubclass(kind, MemoryConnector)
        and kind not in {MemoryConnector, PrivateConnector}
    }
    assert made == set(BROKEN)


def test_a_promise_cannot_be_overridden_in_silence() -> None:
    with pytest.raises(TypeError, match="overridden only as"):

        class Lenient(ConnectorContract):
            async def test_an_edit_arrives(self, kit: Kit) -> None:
                """Nothing is tested."""


def test_a_promise_may_be_overridden_as_an_expected_failure_with_a_reason() -> None:
    class Honest(ConnectorContract):
        @pytest.mark.xfail(reason="the server forgets them", strict=True)
        async def test_an_edit_arrives(self, kit: Kit) -> None:
            await super().test_an_edit_arrives(kit)

    assert Honest.test_an_edit_arrives is not ConnectorContract.test_an_edit_arrives


def test_an_expected_failure_needs_a_reason() -> None:
    with pytest.raises(TypeError, match="overridden only as"):

        class Vague(ConnectorContract):
            @pytest.mark.xfail
            async def test_an_edit_arrives(self, kit: Kit) -> None:
                """Nothing is tested."""


def test_a_platform_without_history_says_why() -> None:
    with pytest.raises(TypeError, match="replays_reason"):

        class Silent(ConnectorContract):
            replays = False
