"""Settings of a Matrix account."""

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator

from bridge.connector import ConnectorConfig
from bridge.recipient import Recipient


class MatrixConfig(ConnectorConfig):
    """One user on one homeserver."""

    homeserver: str
    """Address of the homeserver's client API, such as https://matrix.example.org."""
    ca_file: Path | None = None
    """Certificates to trust instead of the machine's own, as one PEM file."""
    user: str = Field(pattern=r"^@[^:\s]+:\S+$")
    """The bridge's user, such as @bridge:example.org; the token must be this user's."""
    token: SecretStr = Field(min_length=1)
    """Access token of the bridge's user; keep it, because a new one makes the server forget what was sent already."""
    device_id: str | None = None
    """Device the token must belong to; nothing means that any is right."""
    e2ee: bool = False
    """Read and write encrypted rooms; needs the extra `e2ee`. Its keys are kept in the account's data directory."""
    e2ee_passphrase: SecretStr | None = Field(default=None, min_length=8)
    """What those keys are sealed with on the disk; without it they are lost, and with them what they would open."""
    e2ee_wait_seconds: float = Field(default=30.0, ge=0, le=86_400)
    """How long a message waits for its key before readers are told that it could not be decrypted."""
    sync_timeout_seconds: float = Field(default=30.0, ge=0, le=300)
    """How long the homeserver may hold a request for news before it answers that there are none."""
    request_timeout_seconds: float = Field(default=30.0, gt=0, le=600)
    """How long any other request may take."""
    catch_up_events: int = Field(default=10_000, ge=0)
    """How many missed events of one room are fetched after a gap; older ones are given up, with a warning."""

    @field_validator("homeserver")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if not value.startswith(("https://", "http://")):
            raise ValueError("must start with https:// or http://")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _has_passphrase(self) -> Self:
        if self.e2ee and self.e2ee_passphrase is None:
            raise ValueError("e2ee needs e2ee_passphrase: the keys are not kept in clear")
        return self


RECIPIENT = Recipient(
    keeps="The homeserver of everybody in the room keeps a copy of its own, as long as it likes: mostly for ever.",
    reads="In rooms without encryption all these homeservers can read it; in encrypted ones only people's devices.",
    server="homeserver",
)
"""Each homeserver is run by people of its own."""
