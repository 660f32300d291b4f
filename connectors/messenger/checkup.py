"""What an operator should know of a page: whether Meta tells us everything, and whom it calls. Pure."""

from collections.abc import Collection, Iterator
from urllib.parse import urlsplit

from bridge.findings import Finding, Grade
from connectors.messenger.page import FIELDS

_NEEDED = frozenset({"messages", "message_echoes", "messaging_postbacks"})


def fields(subscribed: Collection[str]) -> Iterator[Finding]:
    """What we are not told of the page."""
    missing = [one for one in FIELDS if one not in subscribed]
    if not missing:
        return
    grade = Grade.FAULT if _NEEDED & set(missing) else Grade.NOTE
    what = f"Meta does not tell us of: {', '.join(missing)}"
    remedy = "the app's dashboard: Messenger, Messenger API Settings, Webhooks, the page, Edit; then restart the bridge"
    yield Finding(grade=grade, where="page", what=what, remedy=remedy)


def webhook(calls: str, ours: str | None) -> Iterator[Finding]:
    """Whether Meta calls us: `calls` is the address that the app names, `ours` where we listen."""
    if ours is None:
        what = "nothing can come in: Meta has to call us, and there is no public address"
        yield Finding(grade=Grade.FAULT, where="webhook", what=what, remedy="set `http.public_url` to an https address")
    elif calls != ours:
        what = f"Meta calls {_host(calls) or 'nobody'} for pages of this app, and not {_host(ours)}"
        remedy = (
            f"the app's dashboard: Messenger, Messenger API Settings, Webhooks: enter {ours} and your `verify_token`"
        )
        yield Finding(grade=Grade.FAULT, where="webhook", what=what, remedy=remedy)


def _host(address: str) -> str:
    """Where an address leads; its path may hold somebody's secret."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else ""
