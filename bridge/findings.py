"""What is not as it should be, and what to do about it: the answers of `qantara doctor`."""

import ssl
from enum import StrEnum

from msgspec import Struct


class Grade(StrEnum):
    """How much a finding matters."""

    NOTE = "note"
    """Worth knowing, such as a server's version: nothing is wrong."""
    WARNING = "warning"
    """It works, and less well or less safely than it could."""
    FAULT = "fault"
    """It does not work, or will not for long."""


class Finding(Struct, frozen=True, kw_only=True):
    """One thing found: `where` it is, `what` is so, and the `remedy`, a line to type or a thing to click.

    Its texts are shown to operators: no secret, no message, no person's native id. Only a note needs no remedy.
    """

    grade: Grade = Grade.WARNING
    where: str
    what: str
    remedy: str = ""


class Endpoint(Struct, frozen=True, kw_only=True):
    """A server that the settings name, as `scheme://host:port`; a scheme that ends in `s` is encrypted.

    `tls` is how the connector encrypts; None means as everybody does, against the machine's own authorities.
    Servers of the schemes `http` and `https` are asked for their clock as well.
    """

    address: str
    tls: ssl.SSLContext | None = None
