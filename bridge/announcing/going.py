"""An announcement on its way, with what its configuration says of it."""

from collections.abc import Mapping

from msgspec import Struct

from bridge.config import ApprovedWords
from bridge.ids import AccountName, MessageId
from bridge.store.announced import Announcement, Recipient, Stands


class Going(Struct, frozen=True, kw_only=True):
    """`since` is when recipients got what a change changes, in milliseconds; money in millionths."""

    one: Announcement
    since: int = 0
    costs: Mapping[AccountName, int] = {}
    budgets: Mapping[AccountName, int] = {}
    templates: Mapping[AccountName, ApprovedWords] = {}

    def anybody(self, account: AccountName) -> Recipient:
        """A recipient as good as any, to see what it will look like."""
        return Recipient(number=0, account=account, natives=(Stands((MessageId("?"),)),))
