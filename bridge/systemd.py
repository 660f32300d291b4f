"""Tells systemd how the daemon is, where systemd asked for it (sd_notify(3)): one datagram, no library needed."""

import os
import socket
from collections.abc import Mapping

import structlog

logger = structlog.get_logger()


def notify(state: str, environ: Mapping[str, str] | None = None) -> bool:
    """Send `READY=1`, `STOPPING=1`, `WATCHDOG=1` or the like. False where nobody listens."""
    address = (os.environ if environ is None else environ).get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        try:
            channel.connect(address.replace("@", "\0", 1) if address[0] == "@" else address)
            channel.sendall(state.encode())
        except OSError as error:
            logger.warning("systemd was not told", state=state, why=str(error))
            return False
    return True


def watchdog_seconds(environ: Mapping[str, str] | None = None) -> float | None:
    """How often systemd wants to hear from us: half of what it allows; None where it does not watch."""
    microseconds = (os.environ if environ is None else environ).get("WATCHDOG_USEC", "")
    return int(microseconds) / 2_000_000 if microseconds.isdecimal() and int(microseconds) else None
