"""Space kept back beside the store: given up when the disk is full, so that what was accepted can still be settled."""

import os
import shutil
from pathlib import Path
from typing import Protocol

import structlog

logger = structlog.get_logger()


class Place(Protocol):
    """Where one file of ballast lies."""

    def free(self) -> int:
        """Bytes that can still be written there."""
        ...

    def size(self) -> int:
        """How long the file is; 0 when there is none."""
        ...

    def allocate(self, size: int) -> None:
        """Make the file, its bytes really taken. Raises `OSError` when there is no space."""
        ...

    def remove(self) -> None:
        """Remove the file if it is there."""
        ...


class Ballast:
    """What is kept back, and whether it had to be given up: while it is, the store takes nothing new."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self.spent = False
        self.refusals = 0
        """How often a commit or a checkpoint found no space."""

    def free(self) -> int:
        """Bytes that can still be written beside the store."""
        return self._place.free()

    def missing(self, size: int) -> int:
        """How many bytes `keep` would take to have `size` bytes kept back."""
        return max(0, size - self._place.size())

    def keep(self, size: int) -> bool:
        """Keep this much back, 0 for nothing. False: there is no space for it."""
        if self._place.size() != size and not self._remade(size):
            self.spent = True
            return False
        self.spent = False
        return True

    def give_up(self) -> bool:
        """There is no space: free what was kept back. False: nothing was."""
        self.refusals += 1
        if not self._place.size():
            return False
        self.spent = True
        self._place.remove()
        logger.error("the disk is full: the ballast is given up, nothing new is accepted")
        return True

    def _remade(self, size: int) -> bool:
        self._place.remove()
        try:
            if size:
                self._place.allocate(size)
        except OSError as error:
            self._place.remove()
            logger.warning("no space for the ballast", size=size, why=str(error))
            return False
        return True


class BallastFile:
    """A file on the machine's own disk."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def free(self) -> int:
        return shutil.disk_usage(self._path.parent).free

    def size(self) -> int:
        return self._path.stat().st_size if self._path.exists() else 0

    def allocate(self, size: int) -> None:
        with self._path.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, size)

    def remove(self) -> None:
        self._path.unlink(missing_ok=True)


__all__ = ["Ballast", "BallastFile", "Place"]
