"""What an operator can set for an account on IRC."""

import ssl
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from bridge.connector import ConnectorConfig
from bridge.recipient import Recipient

_PORTS = {"irc": 6667, "ircs": 6697}
_NICK = r"^[^\s\x00-\x1f\x7f:#&@!,*?.$0-9-][^\s\x00-\x1f\x7f@!,*?.:]*$"
_WORD = r"^[^\s\x00-\x1f\x7f@!:]+$"

Nick = Annotated[str, Field(pattern=_NICK, max_length=64)]
Word = Annotated[str, Field(pattern=_WORD, max_length=64)]


class Verify(StrEnum):
    """How the server's certificate is checked."""

    FULL = "full"
    NONE = "none"


class IrcConfig(ConnectorConfig):
    """An account on an IRC network."""

    server: str
    """Address of the server, such as ircs://irc.libera.chat:6697; `irc://` is without encryption."""
    nick: Nick
    """The name the bridge has on the network."""
    alternative_nicks: tuple[Nick, ...] = ()
    """Names to take while `nick` is in use; after these, `nick` with something behind it."""
    username: Word = "qantara"
    """The part before the @ in the bridge's address."""
    realname: str = Field("Qantara, a bridge between messengers", pattern=r"^[^\r\n\x00]+$")
    """A sentence about the bridge that everybody can look up."""
    password: SecretStr | None = None
    """The server's own password, where it asks for one."""
    sasl_user: Word | None = None
    """Name of the account that the network's services know the bridge by."""
    sasl_password: SecretStr | None = None
    """Password of that account."""
    verify: Verify = Verify.FULL
    """How the server's certificate is checked: `none` lets anybody in between read along."""
    ca_file: Path | None = None
    """Certificates to trust instead of the machine's own, as one PEM file."""
    channel_keys: dict[str, SecretStr] = Field(default_factory=dict)
    """Passwords of channels that ask for one, by the channel's name."""
    rate_per_second: float = Field(2, ge=0, le=100_000)
    """How many lines the bridge sends in a second once its burst is used up; 0 means as many as there are."""
    burst: int = Field(5, ge=1, le=100_000)
    """How many lines may go at once."""
    relays: Literal["auto", "off"] = "auto"
    """Where the server and the channel let us speak under other people's nicks (RELAYMSG): whether we do."""
    relay_tag: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,16}$")] = "x"
    """What stands behind the separator in such a nick: `Ada/x`."""
    max_lines: int = Field(8, ge=1, le=1000)
    """How many lines one message may become before it is cut, visibly."""
    relations: Literal["words", "tags"] = "words"
    """How replies and reactions are shown: in words, which everybody reads, or as tags, which few clients show yet."""
    encoding_fallback: str = "cp1252"
    """What bytes that are no UTF-8 are read as."""
    timeout_seconds: float = Field(30, gt=0, le=600)
    """How long to wait for any answer of the server."""
    keepalive_seconds: float = Field(60, gt=0, le=3600)
    """After how much silence the bridge asks whether the server is still there."""
    rejoin_seconds: float = Field(5, gt=0, le=3600)
    """How long to wait before the first attempt to come back into a channel; each further wait is twice as long."""

    @field_validator("server")
    @classmethod
    def _is_an_address(cls, server: str) -> str:
        url = urlsplit(server)
        if url.scheme not in _PORTS or not url.hostname or url.path not in ("", "/"):
            raise ValueError("write it as irc://host:port or ircs://host:port")
        if url.query or url.fragment or url.username:
            raise ValueError("write it as irc://host:port or ircs://host:port")
        _ = url.port
        return server

    @field_validator("encoding_fallback")
    @classmethod
    def _is_an_encoding(cls, encoding: str) -> str:
        try:
            b"x".decode(encoding, "replace")
        except LookupError as error:
            raise ValueError(f"there is no encoding {encoding!r}") from error
        return encoding

    @model_validator(mode="after")
    def _sasl_is_whole(self) -> "IrcConfig":
        if (self.sasl_user is None) is not (self.sasl_password is None):
            raise ValueError("sasl_user and sasl_password belong together")
        return self

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of the server."""
        url = urlsplit(self.server)
        return url.hostname or "", url.port or _PORTS[url.scheme]

    def tls(self) -> ssl.SSLContext | None:
        """How the connection is encrypted; None means it is not."""
        if urlsplit(self.server).scheme == "irc":
            return None
        context = ssl.create_default_context(cafile=self.ca_file)
        if self.verify is Verify.NONE:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


RECIPIENT = Recipient(
    keeps="Most networks keep nothing, or a few days of history; everybody in a channel may keep a log.",
    reads="The network's servers and everybody in the channel read it: channels are not encrypted.",
    server="server",
)
"""Each network is run by people of its own."""
