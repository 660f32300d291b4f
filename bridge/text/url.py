"""Which addresses a text may lead to. Pure: no I/O, no state."""

import re

# A host or a path must follow, so that nothing hides behind a scheme alone; browsers drop controls and white space
# inside an address before they read its scheme, so an address with any of them is refused as a whole.
_SAFE = re.compile(r"(?:https?://[^/?#\\]|mailto:[^/]|matrix:[^/])", re.IGNORECASE)
_UNSEEN = re.compile('[\\s\x00-\x20"<>\\\\\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]')


def safe_url(url: str) -> bool:
    """Whether a link may lead there: http, https, mailto or matrix, without white space or unseen characters."""
    return _SAFE.match(url) is not None and _UNSEEN.search(url) is None
