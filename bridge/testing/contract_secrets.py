"""The promise about secrets: what stands in the settings as one never comes out again, whatever goes wrong."""

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from structlog.testing import capture_logs

from bridge.errors import BridgeError
from bridge.testing.contract_kit import Kit
from bridge.testing.platform import Fault, texts
from bridge.testing.secrecy import secrets_of, written


class SecretPromises:
    """Nothing that is logged, raised, published or shown holds a secret."""

    async def test_secrets_stay_secret(self, kit: Kit) -> None:
        secrets = list(secrets_of(kit.connect(kit.host).config))
        if not secrets:
            pytest.skip("no secrets: the settings hold none")
        with overheard() as lines:
            for fault in Fault:
                lines.extend(await _trouble(kit, fault))
        lines += [repr(event) for event in (*kit.host.events, *kit.host.own, *kit.host.echoes)]
        lines += [*await texts(kit.platform, kit.town), repr(kit.connect(kit.host).config)]
        forms = [form for secret in secrets for form in written(secret)]
        leaks = [line.replace(form, "<THE SECRET>") for form in forms for line in lines if form in line]
        assert not leaks, "a secret comes out:\n" + "\n".join(leaks)


def told(error: BaseException) -> str:
    """An error with its causes, as a log would tell it."""
    return "".join(traceback.format_exception(error))


@contextmanager
def overheard() -> Iterator[list[str]]:
    """Everything that is logged meanwhile: ours from DEBUG on, other libraries' from WARNING on."""
    lines: list[str] = []
    listener = _Listener(lines)
    root = logging.getLogger()
    root.addHandler(listener)
    try:
        with capture_logs() as entries:
            yield lines
    finally:
        root.removeHandler(listener)
    lines += [_told_entry(entry) for entry in entries]


class _Listener(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(self.format(record))


def _told_entry(entry: Any) -> str:  # noqa: ANN401 structlog's own entries hold anything
    errors = [told(value) for value in entry.values() if isinstance(value, BaseException)]
    return "\n".join([repr(entry), *errors])


async def _trouble(kit: Kit, fault: Fault) -> list[str]:
    """Run into a fault while sending, lose the connection as well, and tell every error that was raised."""
    errors: list[BaseException] = []
    async with kit.running() as run:
        await run.hears(f"before trouble of the kind {fault}")
        with suppress(NotImplementedError):
            kit.platform.fail_next(fault)
            try:
                await run.send(f"trouble of the kind {fault}")
            except BridgeError as error:
                errors.append(error)
        kit.platform.drop_connections()
        await kit.pause()
        kit.platform.restore()
    return [told(error) for error in (*errors, *run.errors, run.stopped) if error]
