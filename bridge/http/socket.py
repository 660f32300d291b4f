"""The local socket beside the store: who may read the store's folder may ask the daemon, without a token."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LONGEST = 100
"""Bytes of a path that fit into a socket's address on every system."""


def socket_path(store: Path) -> Path:
    """Where the daemon of this store listens: `qantara.db` → `qantara.sock`."""
    return store.with_suffix(".sock")


@contextmanager
def reachable(path: Path) -> Iterator[str]:
    """An address of this path that is short enough; a long one is reached through its open folder."""
    if len(os.fsencode(path)) <= _LONGEST:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_DIRECTORY | os.O_RDONLY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def listening(path: Path) -> socket.socket:
    """A socket there that only its owner may use. A dead daemon's is replaced: the store is ours alone by now."""
    path.unlink(missing_ok=True)
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        with reachable(path) as address:
            channel.bind(address)
    finally:
        os.umask(before)
    return channel
