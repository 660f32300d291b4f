"""Settings of a Telegram account."""

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field, SecretStr, field_validator

from bridge import ConnectorConfig
from bridge.recipient import Recipient

_TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]+")


class Mode(StrEnum):
    """How updates come in: we ask for them, or Telegram calls us."""

    POLLING = "polling"
    WEBHOOK = "webhook"


class LinkPreviews(StrEnum):
    """Whether Telegram shows a card below a message with an address in it."""

    HIDDEN = "hidden"
    SHOWN = "shown"


class TelegramConfig(ConnectorConfig):
    """A Telegram bot, made with @BotFather; it must be a member of every linked group and see its messages."""

    model_config = ConfigDict(hide_input_in_errors=True)

    token: SecretStr
    """The bot's token, as @BotFather gave it: digits, a colon, letters."""
    api_url: Annotated[str, Field(pattern=r"^https?://[^/\s]+")] = "https://api.telegram.org"
    """Address of the Bot API: Telegram's own, or a Bot API server you run yourself."""
    ca_file: Path | None = None
    """Certificates to trust instead of the machine's own, as one PEM file, for a Bot API server you run yourself."""
    mode: Mode = Mode.POLLING
    """`polling` asks Telegram for updates; `webhook` lets Telegram call us, which needs `http.public_url`."""
    link_previews: LinkPreviews = LinkPreviews.HIDDEN
    """Whether Telegram shows a card for the first address in a message: `hidden` or `shown`."""
    timeout_seconds: Annotated[float, Field(gt=0)] = 30
    """Longest wait for an answer of the Bot API, the poll's own waiting time not counted."""
    poll_seconds: Annotated[int, Field(ge=1, le=50)] = 50
    """How long one poll waits for news before it is asked again; Telegram allows at most 50."""
    download_mib: Annotated[int, Field(ge=1, le=4000)] = 20
    """The largest file that the server gives to bots, in MiB: 20 at Telegram's own, up to 2000 at a server of yours."""
    upload_mib: Annotated[int, Field(ge=1, le=4000)] = 50
    """The largest file that the server takes of bots, in MiB: 50 at Telegram's own, up to 2000 at a server of yours."""
    rate_per_second: Annotated[float, Field(ge=0)] = 30
    """Messages a second over all rooms together; 0 means none is counted."""
    room_rate_per_second: Annotated[float, Field(ge=0)] = 1
    """Messages a second in one room; 0 means none is counted."""
    group_rate_per_minute: Annotated[float, Field(ge=0)] = 20
    """Messages a minute in one group; 0 means none is counted."""

    @field_validator("token")
    @classmethod
    def _looks_like_a_token(cls, token: SecretStr) -> SecretStr:
        if not _TOKEN.fullmatch(token.get_secret_value()):
            raise ValueError("a bot's token is digits, a colon and letters, as @BotFather shows it")
        return token

    @field_validator("api_url")
    @classmethod
    def _without_slash(cls, address: str) -> str:
        return address.rstrip("/")


RECIPIENT = Recipient(
    company="Telegram Messenger Inc.",
    seat="British Virgin Islands",
    terms="https://telegram.org/privacy",
    keeps="It keeps messages of groups and channels on its servers until somebody deletes them.",
    reads="Its servers can read them: groups and bots are not end-to-end encrypted.",
    server="api_url",
)
"""Who runs the platform."""
