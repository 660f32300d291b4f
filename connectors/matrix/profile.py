"""Per-message profiles (MSC4144): the author of one message, for clients that show it in place of our own name. Pure.

The name stays in front of the words for all other clients, marked so that those which show the profile take it off.
"""

import html
from typing import Any

from bridge.asked import Outgoing
from bridge.text.nodes import Bold, Paragraph, Rich, Text
from connectors.matrix.content import PROFILE
from connectors.matrix.format import HTML_FORMAT, rendered

_LONGEST = 255
"""Bytes that an id or a name may have."""


def worded(outgoing: Outgoing) -> dict[str, Any]:
    """Body and HTML of a part, and its author's profile where there is one."""
    label, author = outgoing.label, outgoing.author
    if author is None or not label or len(label.encode()) > _LONGEST:
        return dict(rendered(outgoing.text))
    profile = {"id": str(author.number), "displayname": label}
    bare = _without_name(outgoing.text, label)
    if bare is None:
        return {**rendered(outgoing.text), PROFILE: profile}
    return {**_behind_name(label, bare), PROFILE: {**profile, "has_fallback": True}}


def _without_name(text: Rich, label: str) -> Rich | None:
    """The words without the name that the bridge put in front; None where it did not, or says more than the name."""
    match text:
        case (Paragraph((Bold((Text(named),)), Text(words), *others)), *blocks) if named == label and words[:2] == ": ":
            return (Paragraph((Text(words[2:]), *others)), *blocks)
        case _:
            return None


def _behind_name(label: str, bare: Rich) -> dict[str, Any]:
    """The same with the name as the fallback that clients know to take off."""
    words = rendered(bare)
    formatted = words.get("formatted_body") or html.escape(words["body"], quote=False).replace("\n", "<br>")
    name = f"<strong data-mx-profile-fallback>{html.escape(label)}: </strong>"
    opening = "<p>" if formatted.startswith("<p>") else ""
    return {
        "body": f"{label}: {words['body']}",
        "format": HTML_FORMAT,
        "formatted_body": f"{opening}{name}{formatted.removeprefix(opening)}",
    }
