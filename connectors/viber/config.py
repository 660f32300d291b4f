"""Settings of a Viber account."""

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field, SecretStr, field_validator

from bridge import ConnectorConfig, Recipient

_TOKEN = re.compile(r"[!-~]{16,}")
MAX_NAME = 28
MAX_TEXT = 7000


class Account(StrEnum):
    """What the token belongs to."""

    BOT = "bot"
    CHANNEL = "channel"


class ViberConfig(ConnectorConfig):
    """A Viber bot, which speaks with one person at a time, or a channel, into which the bridge only writes."""

    model_config = ConfigDict(hide_input_in_errors=True)

    token: SecretStr
    """The token, as the admin panel of the bot or the developer tools of the channel show it."""
    account: Account = Account.BOT
    """What the token belongs to: a `bot`, or a `channel`."""
    api_url: Annotated[str, Field(pattern=r"^https?://[^/\s]+")] = "https://chatapi.viber.com"
    """Address of Viber's API."""
    ca_file: Path | None = None
    """Certificates to trust instead of the machine's own, as one PEM file."""
    name: Annotated[str, Field(min_length=1, max_length=MAX_NAME)] = "Bridge"
    """Under which name the bot says what is the bridge's own, at most 28 characters; people keep their own names."""
    avatar: Annotated[str, Field(pattern=r"^(?:https://\S+)?$")] = ""
    """Address of a picture that is shown beside that name, at most 100 KB; nothing means none."""
    welcome: Annotated[str, Field(max_length=MAX_TEXT)] = ""
    """What somebody reads who opens the chat for the first time; nothing means nothing."""
    post_as: str = ""
    """Id of the administrator in whose name a channel's posts go; nothing means its owner, as Viber names them."""
    media_hosts: tuple[str, ...] = ("*.viber.com",)
    """Servers from which files of people are fetched, such as `*.viber.com`."""
    fetch_inside: tuple[str, ...] = ()
    """Servers inside of your own network from which files may be fetched, with their port, such as 127.0.0.1:8081."""
    picture_mib: Annotated[float, Field(gt=0, le=3)] = 1
    """Largest picture sent as one, in MiB: iPhones show 1, Android 3; larger ones go as files."""
    video_mib: Annotated[float, Field(gt=0, le=200)] = 26
    """Largest video sent as one, in MiB; for channels 50 is said to work."""
    caption_characters: Annotated[int, Field(ge=0, le=512)] = 512
    """Longest text under a picture or a video; longer ones follow as a message of their own."""
    min_api_version: Annotated[int, Field(ge=1, le=20)] = 1
    """The oldest interface that readers' programs must know; 7 hides messages from programs without captions."""
    rate_per_second: Annotated[float, Field(ge=0)] = 50
    """Calls a second over all rooms together; 0 means none is counted."""
    timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 30
    """Longest wait for an answer of Viber."""
    check_seconds: Annotated[float, Field(ge=5, le=3600)] = 120
    """How often Viber is asked whether it still knows the account and calls us."""

    @field_validator("token")
    @classmethod
    def _looks_like_a_token(cls, token: SecretStr) -> SecretStr:
        if not _TOKEN.fullmatch(token.get_secret_value()):
            raise ValueError("a token is letters and digits, mostly in three groups with dashes between them")
        return token

    @field_validator("api_url")
    @classmethod
    def _without_slash(cls, address: str) -> str:
        return address.rstrip("/")


RECIPIENT = Recipient(
    company="Viber Media S.à r.l. (Rakuten Viber)",
    seat="Luxembourg",
    terms="https://www.viber.com/terms/viber-terms-use/ https://www.viber.com/terms/viber-privacy-policy/",
    keeps="It keeps messages until they are delivered, for up to two weeks, and channels until they are deleted.",
    reads="Its servers can read them: conversations with bots and channels are not end-to-end encrypted.",
    server="api_url",
)
"""Who runs the platform."""
