"""Settings of a WhatsApp account."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from bridge.recipient import Recipient
from connectors.graph.config import GraphConfig


class LinkPreviews(StrEnum):
    """Whether WhatsApp shows a card for an address in a message."""

    HIDDEN = "hidden"
    SHOWN = "shown"


class WhatsAppConfig(GraphConfig):
    """A business phone number on the WhatsApp Cloud API; the bridge must be reachable at `http.public_url`."""

    phone_number_id: Annotated[str, Field(pattern=r"^\d{5,25}$")]
    """The id of the phone number, not the number itself: WhatsApp, API Setup, Phone number ID."""
    business_account: Annotated[str, Field(pattern=r"^\d{5,25}$")] | None = None
    """The id of the WhatsApp Business Account: with it the bridge tells Meta at each start where to call.

    Without it you enter the webhook's address in the app's settings yourself.
    """
    media_hosts: tuple[Annotated[str, Field(min_length=1)], ...] = ("lookaside.fbsbx.com",)
    """Servers that people's files are fetched from with the token; `.example.org` means any below it."""
    link_previews: LinkPreviews = LinkPreviews.HIDDEN
    """Whether WhatsApp shows a card for the first address in a message: `hidden` or `shown`."""
    rate_per_second: Annotated[float, Field(ge=0)] = 80
    """Messages a second over all people together; 0 means none is counted."""
    person_burst: Annotated[int, Field(ge=0)] = 45
    """Messages that may go to one person at once, and then as many in six seconds each; 0 means none is counted."""
    check_seconds: Annotated[float, Field(ge=5, le=3600)] = 60
    """How often the Graph API is asked whether it still knows us."""


RECIPIENT = Recipient(
    company="WhatsApp Ireland Limited (in Europe), WhatsApp LLC (elsewhere)",
    seat="Ireland, USA",
    terms="https://www.whatsapp.com/legal/business-terms https://www.whatsapp.com/legal/business-data-processing-terms",
    keeps="It keeps messages of business accounts on its servers for up to 30 days.",
    reads="Its servers can read them: for business accounts of this interface they are one of the ends.",
    server="api_url",
)
"""Who runs the platform."""
