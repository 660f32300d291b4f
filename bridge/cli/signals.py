"""What the daemon does when it is told something by a signal."""

import asyncio
import os
import signal
import sys
from types import FrameType, TracebackType
from typing import Self

import structlog

from bridge.app import App

logger = structlog.get_logger()
DEADLINE_SECONDS = 25
"""Longer than this an orderly end may not take."""
_KILLED = 128
"""What a shell adds to the number of the signal that ended a program."""


class Signals:
    """While entered, SIGTERM and SIGINT end the bridge in order, and SIGHUP reads the configuration again.

    A second SIGTERM or SIGINT, and the deadline, end it at once.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._ending = False

    def __enter__(self) -> Self:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end, number)
        loop.add_signal_handler(signal.SIGHUP, self._reload)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.alarm(0)

    def arm(self, status: int) -> None:
        """End with this status at the deadline, whatever still hangs then, even the event loop."""

        def late(_number: int, _frame: FrameType | None) -> None:
            at_once(status, "the end took too long")

        signal.signal(signal.SIGALRM, late)
        signal.alarm(DEADLINE_SECONDS)

    def _end(self, number: signal.Signals) -> None:
        if self._ending:
            at_once(_KILLED + number, "told to stop a second time")
        self._ending = True
        logger.info("stopping", signal=number.name, deadline_seconds=DEADLINE_SECONDS)
        self.arm(_KILLED + number)
        self._app.end()

    def _reload(self) -> None:
        self._app.told_to_reload()


def at_once(status: int, why: str) -> None:
    """End here and now: what is accepted is on disk, the next start carries on."""
    logger.warning("ending at once", why=why, status=status)
    sys.stderr.flush()
    os._exit(status)
