"""Settings of every account that is served through Meta's Graph API."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field, SecretStr, field_validator

from bridge import ConnectorConfig

_SHORTEST_SECRET = 16
_SHORTEST_WORD = 8


class SecretProof(StrEnum):
    """Whether each call proves that we know the app's secret."""

    SENT = "sent"
    OMITTED = "omitted"


class GraphConfig(ConnectorConfig):
    """How the Graph API is reached, and how it proves itself to us."""

    model_config = ConfigDict(hide_input_in_errors=True)

    token: Annotated[SecretStr, Field(min_length=_SHORTEST_SECRET)]
    """The access token, best of a system user, so that it does not end."""
    app_secret: Annotated[SecretStr, Field(min_length=_SHORTEST_SECRET)]
    """The app's secret, with which Meta signs its calls: App settings, Basic, App secret."""
    verify_token: Annotated[SecretStr, Field(min_length=_SHORTEST_WORD)]
    """A word of your own making: Meta repeats it when you enter the webhook's address."""
    api_url: Annotated[str, Field(pattern=r"^https?://[^/\s]+")] = "https://graph.facebook.com"
    """Address of the Graph API."""
    api_version: Annotated[str, Field(pattern=r"^v\d{1,3}\.\d$")] = "v25.0"
    """Version of the Graph API that is asked for, as it stands in the address of each call."""
    secret_proof: SecretProof = SecretProof.SENT
    """Whether each call carries `appsecret_proof`: `sent`, or `omitted` when the token is of another app."""
    ca_file: Path | None = None
    """Certificates to trust instead of the machine's own, as one PEM file."""
    timeout_seconds: Annotated[float, Field(gt=0, le=600)] = 30
    """Longest wait for an answer of the Graph API; files get more, by their size."""

    @field_validator("api_url")
    @classmethod
    def _without_slash(cls, address: str) -> str:
        return address.rstrip("/")
