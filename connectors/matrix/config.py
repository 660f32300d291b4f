"""Settings of a Matrix account."""

from pathlib import Path

from pydantic import Field, SecretStr, field_validator

from bridge.connector import ConnectorConfig


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
