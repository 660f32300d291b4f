"""`qantara demo`: starts everything, shows it, and ends it in order."""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import TypeAlias

from bridge.clock import SystemClock
from bridge.demo.daemon import Daemon, NotStarted, free_port
from bridge.demo.script import NotSeen, play
from bridge.demo.stage import Cast, announce, configuration, take_seats
from bridge.demo.web import Page
from bridge.registry import emulators

_ENOUGH = 2
_FAILED = 1
_INTERRUPTED = 130
"""What a shell says of a program that Ctrl-C ended."""
_PREFIX = "qantara-demo-"
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Show: TypeAlias = Callable[[Cast, Daemon], Awaitable[None]]


def main(*, script: bool = False, port: int = 0, keep: bool = False) -> int:
    """Run the demonstration; returns the exit status.

    `script` plays a conversation in the terminal instead of serving the page on `port` (0 = a free one);
    `keep` leaves the folder with the configuration, the store and the log behind.
    """
    show, interrupted = (_conversation, _INTERRUPTED) if script else (_page(port), 0)
    with _lasting_folder() if keep else _passing_folder() as folder:
        try:
            return asyncio.run(_until_a_signal(_performed(show, folder)))
        except asyncio.CancelledError:
            tell("Ended.")
            return interrupted


def tell(line: str) -> None:
    """One line for whoever sits at the terminal."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def _conversation(cast: Cast, daemon: Daemon) -> None:
    await play(cast, daemon, tell=tell, clock=SystemClock())


def _page(port: int) -> Show:
    async def show(cast: Cast, daemon: Daemon) -> None:
        async with Page(cast, daemon, port=port) as page:
            titles = ", ".join(seat.platform.title for seat in cast.everybody)
            tell(f"{titles}: emulated on this machine, with a real bridge between them.")
            tell(f"Open {page.address} in your browser. Ctrl-C ends it.")
            await asyncio.Event().wait()

    return show


async def _performed(show: Show, folder: Path) -> int:
    """Emulators, then the bridge, then the show; they end in the other order."""
    async with AsyncExitStack() as stack:
        cast = await take_seats(stack, emulators())
        if len(cast.seats) < _ENOUGH:
            tell("The demo needs at least two platforms: install them with `pip install 'qantara[all]'`.")
            return _FAILED
        async with asyncio.TaskGroup() as group:
            port = free_port()
            daemon = Daemon(folder, port, clock=SystemClock(), group=group)
            daemon.configure(configuration(cast, port))
            announce(cast, port)
            return await _shown(show, cast, daemon)


async def _shown(show: Show, cast: Cast, daemon: Daemon) -> int:
    try:
        await daemon.start()
        await daemon.ready()
        await show(cast, daemon)
    except NotStarted as error:
        tell(f"The bridge did not start. The end of its log:\n{error}")
        return _FAILED
    except NotSeen as error:
        tell(f"The play ended early: {error}. The end of the bridge's log:\n{daemon.last_words()}")
        return _FAILED
    finally:
        await daemon.stop()
    return 0


async def _until_a_signal(work: Awaitable[int]) -> int:
    """Let Ctrl-C, and a terminal that closes, end the work in order."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    for number in _SIGNALS:
        if task is not None:
            loop.add_signal_handler(number, task.cancel)
    return await work


@contextmanager
def _passing_folder() -> Iterator[Path]:
    """Where the bridge keeps its things, for as long as the demonstration runs."""
    with TemporaryDirectory(prefix=_PREFIX) as name:
        yield Path(name)


@contextmanager
def _lasting_folder() -> Iterator[Path]:
    """The same, left behind."""
    path = Path(mkdtemp(prefix=_PREFIX))
    tell(f"Configuration, store and log are kept in {path}.")
    yield path
