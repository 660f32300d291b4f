"""`qantara run`: the daemon, from the configuration to the exit status."""

import asyncio
import gc
import os
from pathlib import Path
from typing import Annotated

import structlog
import typer

from bridge import logs
from bridge.app import App, Exit
from bridge.chance import SystemChance
from bridge.cli.options import DEFAULT_CONFIG, ConfigFile, read_config
from bridge.cli.signals import Signals
from bridge.clock import SystemClock
from bridge.config import Config, load
from bridge.registry import installed
from bridge.store.keys import keys_of
from bridge.store.ops import StoreBroken
from bridge.store.sqlite import SqliteStore, StoreInUse, StoreUnreadable, StoreUnwritable
from bridge.store.writer import ThreadPump, Writer

logger = structlog.get_logger()


def run(
    config: ConfigFile = DEFAULT_CONFIG,
    log_format: Annotated[
        logs.Format, typer.Option(help="Lines for people, JSON, or whichever fits where stderr goes.")
    ] = logs.Format.AUTO,
    log_level: Annotated[logs.Level, typer.Option(help="The least that is worth a line.")] = logs.Level.INFO,
) -> None:
    """Run the bridge until it is told to stop.

    SIGTERM and SIGINT stop it in order (a second one at once), SIGHUP reads the configuration again.
    """
    os.umask(0o077)
    read = read_config(config)
    mask = logs.Mask(read.secrets)
    logs.configure(mask, log_format, log_level)
    for warning in read.warnings:
        logger.warning("configuration", warning=str(warning))
    raise typer.Exit(_run(config, read, mask))


def _run(path: Path, config: Config, mask: logs.Mask) -> int:
    try:
        store = _opened(config)
    except StoreInUse as error:
        return _refused(Exit.IN_USE, error)
    except StoreUnreadable as error:
        return _refused(Exit.STORE_UNREADABLE, error)
    except (StoreUnwritable, OSError) as error:
        return _refused(Exit.DISK_FAILED, error)
    status = asyncio.run(_serve(path, config, mask, store))
    if status is Exit.DISK_FAILED:
        os._exit(status)  # closing would try to sync what could not be synced, and might seem to succeed
    return status


def _refused(status: Exit, error: Exception) -> Exit:
    logger.critical("the store cannot be used", why=str(error), status=int(status))
    return status


def _opened(config: Config) -> SqliteStore:
    relaxed = config.store.durability == "relaxed"
    level = "NORMAL" if relaxed else "FULL"
    store = SqliteStore(config.store.path, SystemChance(), synchronous=level, keys=keys_of(config.store))
    policy = "fsync at checkpoints: a power cut may lose the last commits" if relaxed else "fsync at every commit"
    logger.info("store open", **store.modes(), policy=policy)
    return store


async def _serve(path: Path, config: Config, mask: logs.Mask, store: SqliteStore) -> Exit:
    """One life of the daemon, on an open store."""

    def again() -> Config:
        fresh = load(path, os.environ, installed())
        mask.learn(fresh.secrets)
        return fresh

    def broken(error: StoreBroken) -> None:
        signals.arm(Exit.DISK_FAILED)
        app.broken(error)

    _settle_memory()
    writer = Writer(store, broken)
    app = App(config, installed(), writer, clock=SystemClock(), chance=SystemChance(), read=again)
    pump = ThreadPump(writer)
    signals = Signals(app)
    with signals:
        pump.start()
        status = await app.run()
        if status is not Exit.DISK_FAILED:
            pump.stop()
    return status


def _settle_memory() -> None:
    """What is loaded now stays: the collector need not look at it again, nor come after every few messages.

    Messages hold no cycles, so counting references frees them; looking for cycles often cost a tenth of the speed.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
