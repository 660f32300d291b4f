"""Settings of a Matrix application service."""

from pathlib import Path

from pydantic import Field, SecretStr, field_validator

from bridge.connector import ConnectorConfig

_SHORTEST_TOKEN = 32


class MatrixAppserviceConfig(ConnectorConfig):
    """One application service of a homeserver; `qantara registration` writes what the homeserver has to know."""

    homeserver: str
    """Address of the homeserver's client API, such as http://127.0.0.1:8008."""
    ca_file: Path | None = None
    """Certificates to trust instead of the machine's own, as one PEM file."""
    user: str = Field(pattern=r"^@[a-z0-9._=/+-]+:\S+$")
    """The bridge's own user, such as @qantara:example.org; the ghosts' names begin with its name and `_`."""
    token: SecretStr = Field(min_length=_SHORTEST_TOKEN)
    """What we prove ourselves with to the homeserver (`as_token`); `openssl rand -hex 32` makes one."""
    homeserver_token: SecretStr = Field(min_length=_SHORTEST_TOKEN)
    """What the homeserver proves itself with to us (`hs_token`); another one, made in the same way."""
    address: str | None = None
    """Where the homeserver reaches the bridge; nothing means `http.public_url`, or else `http.listen`."""
    request_timeout_seconds: float = Field(default=30.0, gt=0, le=600)
    """How long a request to the homeserver may take."""
    ping_seconds: float = Field(default=60.0, ge=5, le=3600)
    """How often the homeserver is asked whether it still reaches us."""

    @field_validator("homeserver", "address")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("https://", "http://")):
            raise ValueError("must start with https:// or http://")
        return None if value is None else value.rstrip("/")
