"""What the workshop says of a job that is done."""

from typing import Final

from msgspec import Struct

CLEAN: Final = "clean"
"""The job that takes out what a file says of place and camera; every other is what to make of it, as `asked` says."""
PHOTO: Final = "image/jpeg"
"""The job that makes a photo of a picture that cannot be cleaned."""

THUMBNAIL: Final = "thumbnail "
"""What the name of a form begins with that only stands in front of a file; the job that makes it follows."""


class Made(Struct, frozen=True):
    """What came of it: the file as it is now; `same` says that nothing had to be changed. `duration` in seconds."""

    width: int = 0
    height: int = 0
    animated: bool = False
    same: bool = False
    refused: str = ""
    duration: float | None = None
