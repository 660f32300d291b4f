"""Matrix's message bodies to the text tree and back: what is Matrix's own beyond `bridge.text.html`. Pure.

A message has a plain `body` and often HTML beside it. Older clients put the message they reply to in front of both;
bridges put the author's name there when they use per-message profiles (MSC4144). Both are taken off on the way in.
"""

import re
from collections.abc import Mapping

from bridge.text import html, walk
from bridge.text.nodes import Break, Mention, Node, Paragraph, Rich, Text, said

HTML_FORMAT = "org.matrix.custom.html"
_REPLY_FIRST_LINE = re.compile(r"> (?:\* )?<@[^>\n]+>")
_PROFILE_MARK = "data-mx-profile-fallback"
_TAG = re.compile(r"<([a-z]+)[\s>]", re.IGNORECASE)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_PLAIN: tuple[type[Node], ...] = (Text, Break)


def parsed(content: Mapping[str, object], *, profile_name: str = "") -> Rich:
    """The tree of a message's content; `profile_name` is the per-message author whose fallback is to be taken off."""
    rich = _from_html(content)
    return rich or _from_body(content, profile_name)


def rendered(rich: Rich) -> dict[str, str]:
    """`body`, and where there is something to format `formatted_body` and its `format`."""
    rich = walk.normal(rich)
    body = {"body": _CONTROLS.sub("", walk.plain(rich))}
    if not is_formatted(rich):
        return body
    return body | {"format": HTML_FORMAT, "formatted_body": _CONTROLS.sub("", html.render(rich))}


def is_formatted(rich: Rich) -> bool:
    """Whether a plain body would lose something: anything but words and new lines in one paragraph."""
    match rich:
        case ():
            return False
        case (Paragraph(inside),):
            return not all(isinstance(node, _PLAIN) or _is_stranger(node) for node in inside)
        case _:
            return True


def _is_stranger(node: Node) -> bool:
    return isinstance(node, Mention) and node.user is None


def without_reply_fallback(body: str) -> str:
    """The body without the quoted message in front of it, as clients wrote it before version 1.13."""
    if not _REPLY_FIRST_LINE.match(body):
        return body
    lines = body.split("\n")
    quoted = next((index for index, line in enumerate(lines) if not line.startswith(">")), len(lines))
    if quoted < len(lines) and not lines[quoted].strip():
        quoted += 1
    return "\n".join(lines[quoted:])


def _from_html(content: Mapping[str, object]) -> Rich:
    formatted = content.get("formatted_body")
    if content.get("format") != HTML_FORMAT or not isinstance(formatted, str):
        return ()
    return html.parse(_without_profile(formatted))


def _without_profile(formatted: str) -> str:
    """The HTML without the element that names a per-message author."""
    mark = formatted.find(_PROFILE_MARK)
    start = formatted.rfind("<", 0, mark) if mark >= 0 else -1
    tag = _TAG.match(formatted, start) if start >= 0 else None
    closing = f"</{tag[1]}>" if tag else ""
    end = formatted.find(closing, mark) if closing else -1
    return formatted[:start] + formatted[end + len(closing) :].lstrip() if end >= 0 else formatted


def _from_body(content: Mapping[str, object], profile_name: str) -> Rich:
    body = content.get("body")
    if not isinstance(body, str):
        return ()
    own = without_reply_fallback(body) if _is_reply(content) else body
    if profile_name:
        own = own.removeprefix(f"{profile_name}: ")
    return walk.normal(said(own.replace("\r\n", "\n")))


def _is_reply(content: Mapping[str, object]) -> bool:
    relation = content.get("m.relates_to")
    return isinstance(relation, Mapping) and "m.in_reply_to" in relation
