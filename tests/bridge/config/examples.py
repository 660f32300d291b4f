"""Small connectors and a small file that the tests of the configuration share."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field, SecretBytes, SecretStr, field_validator, model_validator

from bridge import Connector, ConnectorConfig, MessageId, Outgoing
from bridge.config import Config, ConfigError, parse
from bridge.registry import Registry


class Mode(StrEnum):
    """How it goes."""

    FAST = "fast"
    SLOW = "slow"


class Inner(BaseModel):
    """A part inside the settings."""

    rate: int = 0
    mode: Mode = Mode.FAST
    again: "Inner | None" = None


class Server(ConnectorConfig):
    """Settings of all kinds."""

    address: str
    """Address of the server."""
    token: SecretStr
    """Access token."""
    password: SecretStr | None = None
    rate: int = Field(5, ge=0)
    share: float = 0.5
    encrypted: bool = False
    names: tuple[Annotated[str, Field(max_length=9)], ...] = ()
    keys: Mapping[str, SecretStr] = Field(default_factory=dict)
    certificate: Path | None = None
    pin: SecretBytes | None = Field(None, min_length=1)
    mode: Mode = Mode.FAST
    inner: Inner | None = None
    nick: str = Field("bridge", pattern="^[a-z]+$")

    @field_validator("address")
    @classmethod
    def _talks_too_much(cls, address: str) -> str:
        if "bad" in address:
            raise ValueError(f"{address} is bad")
        return address

    @model_validator(mode="after")
    def _tells_all(self) -> "Server":
        if self.rate == 666:
            raise ValueError(f"token {self.token.get_secret_value()} is cursed")
        return self


class Plain(ConnectorConfig):
    """No setting of its own."""


class Talker(Connector[Server]):
    Config = Server

    async def run(self) -> None:
        raise NotImplementedError

    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        raise NotImplementedError


class Listener(Connector[Plain]):
    Config = Plain

    async def run(self) -> None:
        raise NotImplementedError

    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        raise NotImplementedError


CONNECTORS = Registry[type[Connector]].of({"talker": Talker, "listener": Listener})
SMALL = "accounts:\n  a: {connector: listener}\n  b: {connector: listener}\n  c: {connector: listener}\n"
"""Four lines: three accounts without settings."""


def read(text: str, environ: Mapping[str, str] | None = None) -> Config:
    return parse(text, name="config.yaml", environ=environ or {}, connectors=CONNECTORS, base=Path("/base"))


def faults(text: str, environ: Mapping[str, str] | None = None) -> list[str]:
    """What is wrong with the text, without the file's name; nothing when it can be used."""
    try:
        read(text, environ)
    except ConfigError as error:
        return [str(fault).removeprefix("config.yaml:") for fault in error.faults]
    return []


def account(settings: str) -> str:
    """A file with one account of the talker, whose settings begin in line 4."""
    lines = "".join(f"    {line}\n" for line in settings.splitlines())
    return f"accounts:\n  t:\n    connector: talker\n{lines}"


def talker(settings: str, environ: Mapping[str, str] | None = None) -> Server:
    """The settings of that account."""
    (found,) = read(account(settings), environ).accounts.values()
    assert isinstance(found, Server)
    return found


def warnings(text: str) -> list[str]:
    return [str(warning).removeprefix("config.yaml:") for warning in read(text).warnings]
