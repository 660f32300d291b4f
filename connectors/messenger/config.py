"""Settings of a Messenger account: one page, served by one app of Meta's."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from bridge.recipient import Recipient
from connectors.graph.config import GraphConfig

_NUMBER = r"^\d{3,32}$"


class Names(StrEnum):
    """How copies show who wrote them."""

    PERSONAS = "personas"
    PREFIX = "prefix"


class AfterWindow(StrEnum):
    """What becomes of an answer once a person has been silent for 24 hours."""

    HOLD = "hold"
    HUMAN_AGENT = "human_agent"


class Files(StrEnum):
    """How files reach Meta."""

    UPLOAD = "upload"
    LINK = "link"


class Webhook(StrEnum):
    """Who tells Meta our address."""

    REGISTER = "register"
    MANUAL = "manual"


class TokenPlace(StrEnum):
    """Where the token stands in a call."""

    HEADER = "header"
    QUERY = "query"


class MessengerConfig(GraphConfig):
    """The inbox of a Facebook page; give each account an app of its own, because an app has one webhook address."""

    page: Annotated[str, Field(pattern=_NUMBER)]
    """The page's number: on the page, About, Page transparency."""
    app_id: Annotated[str, Field(pattern=_NUMBER)]
    """The app's number, as it stands above its dashboard."""
    webhook: Webhook = Webhook.REGISTER
    """`register` tells Meta our address where the app has none yet; with `manual` you enter it in the dashboard."""
    names: Names = Names.PERSONAS
    """`personas` lets up to 50 people at once speak under their own name; `prefix` puts the name before the words."""
    persona_picture: Annotated[str, Field(pattern=r"^https?://\S+$")] | None = None
    """Address of the picture beside people of whom the bridge has none; without it they have no persona."""
    after_window: AfterWindow = AfterWindow.HOLD
    """`hold` keeps answers until the person writes; `human_agent` sends people's answers for 7 days, if Meta allows."""
    files: Files = Files.UPLOAD
    """`upload` brings files to Meta and uses them again; `link` lets Meta fetch them, which needs `http.public_url`."""
    media_hosts: frozenset[str] = frozenset({"*.fbcdn.net", "*.fbsbx.com"})
    """Where files of people may be fetched from; one written with its port may be inside of your own network."""
    rate_per_second: Annotated[float, Field(ge=0)] = 300
    """Messages a second over all people together; 0 means none is counted."""
    token_place: TokenPlace = TokenPlace.HEADER
    """Whether the token goes in a `header`, or in the `query` of each address as Meta's pages show it."""
    check_seconds: Annotated[float, Field(ge=5, le=3600)] = 120
    """How often we look whether Meta still tells us of the page, and ask it to where it does not."""


RECIPIENT = Recipient(
    company="Meta Platforms Ireland Ltd. (in Europe), Meta Platforms, Inc. (elsewhere)",
    seat="Ireland, USA",
    terms="https://www.facebook.com/legal/terms https://www.facebook.com/privacy/policy",
    keeps="It keeps conversations with a page until they are deleted.",
    reads="Its servers can read them: conversations with a page through its interface are not end-to-end encrypted.",
    server="api_url",
)
"""Who runs the platform."""
