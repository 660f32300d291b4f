"""The contract every connector keeps: give a platform and a connector, inherit the promises.

    class TestIrc(ConnectorContract):
        replays = False
        replays_reason = "IRC keeps no history for who was away"

        @pytest.fixture
        async def platform(self):
            async with IrcEmulator() as server:
                yield server

        def connector(self, platform, host):
            return Irc(IrcConfig.model_validate(platform.settings()), host)

A feature that the connector does not override, or that people on the platform lack, is skipped with a reason.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, ClassVar

import pytest
import pytest_asyncio

pytest.register_assert_rewrite(
    "bridge.testing.contract_authors",
    "bridge.testing.contract_content",
    "bridge.testing.contract_crash",
    "bridge.testing.contract_errors",
    "bridge.testing.contract_findings",
    "bridge.testing.contract_incoming",
    "bridge.testing.contract_lifecycle",
    "bridge.testing.contract_line",
    "bridge.testing.contract_media",
    "bridge.testing.contract_network",
    "bridge.testing.contract_outgoing",
    "bridge.testing.contract_power",
    "bridge.testing.contract_changes",
    "bridge.testing.contract_private",
    "bridge.testing.contract_secrets",
    "bridge.testing.contract_threads",
    "bridge.testing.contract_titles",
)

# The imports stand below the call: pytest explains the assertions only of modules that it is told of before.
from bridge.connector import Connector  # noqa: E402
from bridge.testing.clock import HastyClock  # noqa: E402
from bridge.testing.contract_authors import AuthorPromises, GhostPromises  # noqa: E402
from bridge.testing.contract_changes import ChangePromises  # noqa: E402
from bridge.testing.contract_content import ContentPromises  # noqa: E402
from bridge.testing.contract_crash import CrashPromises  # noqa: E402
from bridge.testing.contract_errors import ErrorPromises  # noqa: E402
from bridge.testing.contract_findings import FindingPromises  # noqa: E402
from bridge.testing.contract_incoming import IncomingPromises  # noqa: E402
from bridge.testing.contract_kit import Kit, Terms  # noqa: E402
from bridge.testing.contract_lifecycle import LifecyclePromises  # noqa: E402
from bridge.testing.contract_line import Line, line_to  # noqa: E402
from bridge.testing.contract_media import MediaPromises  # noqa: E402
from bridge.testing.contract_network import NetworkPromises  # noqa: E402
from bridge.testing.contract_outgoing import OutgoingPromises  # noqa: E402
from bridge.testing.contract_power import PowerPromises  # noqa: E402
from bridge.testing.contract_private import PrivatePromises  # noqa: E402
from bridge.testing.contract_secrets import SecretPromises  # noqa: E402
from bridge.testing.contract_threads import ThreadPromises  # noqa: E402
from bridge.testing.contract_titles import TitlePromises  # noqa: E402
from bridge.testing.host import KitHost  # noqa: E402
from bridge.testing.platform import Platform  # noqa: E402


@pytest.mark.asyncio
class ConnectorContract(
    IncomingPromises,
    OutgoingPromises,
    AuthorPromises,
    GhostPromises,
    ChangePromises,
    ContentPromises,
    CrashPromises,
    ErrorPromises,
    LifecyclePromises,
    PowerPromises,
    FindingPromises,
    MediaPromises,
    SecretPromises,
    PrivatePromises,
    ThreadPromises,
    TitlePromises,
    NetworkPromises,
):
    """Every promise of a connector, one test each.

    Subclass it as `TestYours`, with an asynchronous fixture `platform` that yields an entered `Platform`, and with
    `connector`. A promise may be overridden only as `pytest.mark.xfail(reason=...)`.
    """

    replays: ClassVar[bool] = True
    """Whether the platform gives again what was said and not acknowledged; False needs `replays_reason`."""
    replays_reason: ClassVar[str] = ""
    idempotent: ClassVar[bool] = True
    """Whether the platform shows a repeated key once; False needs `idempotent_reason`."""
    idempotent_reason: ClassVar[str] = ""
    patience_seconds: ClassVar[float] = 10.0
    """How long the kit waits for what must happen."""
    closes_within_seconds: ClassVar[float] = 2.0
    """How long `run` may take to end when cancelled."""
    settle_seconds: ClassVar[float] = 0.2
    """How long the kit looks for what must not happen, where nothing marks the end of the wait."""
    elsewhere: ClassVar[str] = ""
    """Why time cannot be skipped in the tests with a proxy, such as "the server is a process of its own"."""
    haste: ClassVar[float] = 1.0
    """How many times as fast as the machine's the host's clock runs: more than 1 for connectors that wait long."""

    def connector(self, platform: Any, host: KitHost) -> Connector[Any]:  # noqa: ANN401 the author's own Platform class
        """A new connector to the platform; called several times in one test, as after a restart."""
        raise NotImplementedError("give your connector: def connector(self, platform, host)")

    @pytest_asyncio.fixture
    async def kit(self, platform: Platform, tmp_path: Path) -> AsyncIterator[Kit]:
        """The platform, a host and the connector of one test."""
        yield self.kit_for(platform, KitHost(tmp_path, clock=HastyClock(self.haste)))

    @pytest_asyncio.fixture
    async def line(self, platform: Platform, tmp_path: Path) -> AsyncIterator[Line]:
        """The same with a proxy in the middle, on which time passes quickly."""
        if self.elsewhere:
            pytest.skip(f"no skipping of time: {self.elsewhere}")
        async with self.line_for(platform, tmp_path) as line:
            yield line

    def line_for(self, platform: Platform, folder: Path) -> AbstractAsyncContextManager[Line]:
        """The line without pytest's fixtures."""
        return line_to(platform, self.connector, folder, self._terms())

    def kit_for(self, platform: Platform, host: KitHost) -> Kit:
        """The kit without pytest's fixtures."""
        return Kit(platform, host, lambda one: self.connector(platform, one), self._terms())

    def _terms(self) -> Terms:
        return Terms(
            no_replay="" if self.replays else self.replays_reason,
            no_idempotency="" if self.idempotent else self.idempotent_reason,
            patience_seconds=self.patience_seconds,
            closes_within_seconds=self.closes_within_seconds,
            settle_seconds=self.settle_seconds,
        )

    def __init_subclass__(cls, **more: Any) -> None:  # noqa: ANN401 what Python passes on
        super().__init_subclass__(**more)
        for name in promises():
            if getattr(cls, name) is not getattr(ConnectorContract, name):
                _refuse_silent_override(f"{cls.__name__}.{name}", getattr(cls, name))
        for name in ("replays", "idempotent"):
            if not getattr(cls, name) and not getattr(cls, f"{name}_reason"):
                raise TypeError(f"{cls.__name__}: `{name} = False` needs a sentence in `{name}_reason`")


def promises() -> list[str]:
    """The names of all tests of the contract."""
    return [name for name in dir(ConnectorContract) if name.startswith("test_")]


def _refuse_silent_override(name: str, override: Callable[..., Any] | None) -> None:
    marks = [mark for mark in getattr(override, "pytestmark", []) if mark.name == "xfail"]
    if not any(mark.kwargs.get("reason") for mark in marks):
        raise TypeError(f"{name}: a promise may be overridden only as pytest.mark.xfail(reason=...)")
