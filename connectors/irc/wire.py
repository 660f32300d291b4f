"""Lines of the protocol: bytes to tokens and back. Pure: no I/O, no clock.

`line` is the only place where a line for the server is made: nothing a person types can end it and begin another.
"""

import re
from collections.abc import Mapping, Sequence

from irctokens.line import Line, build, tokenise

from bridge.errors import Rejected

UNWIRED = re.compile(r"[\x00\r\n]")
_PLAIN = re.compile(r"[^\x00\x01\r\n]+")
"""Words that go as they are: no need to take the line apart and build it again."""
_SAYING = frozenset({"PRIVMSG", "NOTICE"})
_FIELDS = 4
_UNNAMED = re.compile(r"[\x00-\x20,\x7f]")
_MAX_TAGS = 8191
"""Bytes of tags a server may put before a line (IRCv3 message-tags), the `@` and the space included."""
ACTION = "\x01ACTION "


def line(command: str, *params: str, tags: Mapping[str, str] | None = None) -> bytes:
    """One line, ready for the wire; only its last parameter may be empty or hold spaces.

    CR, LF and NUL in the last parameter become spaces; in any other they are refused, as what would change the
    meaning of what follows: a space, a leading colon, nothing at all. In tags they are escaped or left out.
    """
    *middle, last = params or ("",)
    for param in (command, *middle):
        if not param or param[0] == ":" or " " in param or UNWIRED.search(param):
            raise Rejected(f"{command[:20]!r} has a parameter that no IRC line can carry")
    words = [command, *middle, UNWIRED.sub(" ", last)] if params else [command]
    safe = {name: value.replace("\0", "") for name, value in tags.items()} if tags else None
    formatted: str = build(words[0], words[1:], tags=safe).format()
    return formatted.encode("utf-8", "replace") + b"\r\n"


def spoken(command: str, room: str, text: str, tags: Mapping[str, str] | None = None) -> bytes:
    """Words for a room, the colon always there; what begins like a command between clients is made plain."""
    if _PLAIN.fullmatch(text) and is_name(room) and all(map(_bare, tags.items() if tags else ())):
        head = f"@{';'.join(f'{name}={value}' for name, value in tags.items())} " if tags else ""
        return f"{head}{command} {room} :{text}\r\n".encode("utf-8", "replace")
    return line(command, room, text.replace("\x01", "") or " ", tags=tags)


def _bare(tag: tuple[str, str]) -> bool:
    """Whether a tag needs no escape: our own labels, which every line bears."""
    name, value = tag
    return name == "label" and value.isalnum()


def acted(room: str, text: str, tags: Mapping[str, str] | None = None) -> bytes:
    """`/me` for a room."""
    return line("PRIVMSG", room, f"{ACTION}{text.replace(chr(1), '')}\x01", tags=tags)


def is_name(name: str) -> bool:
    """Whether a channel or a person can be called that: no space, comma or control character, no leading colon."""
    return bool(name) and name[0] != ":" and not _UNNAMED.search(name)


def tokens(raw: Sequence[bytes], fallback: str) -> list[Line]:
    """Whole lines, understood; what is no line at all is left out."""
    return [token for each in raw if (token := _token(each, fallback)) is not None]


def _token(raw: bytes, fallback: str) -> Line | None:
    return _said(raw) or _any(raw, fallback)


def _said(raw: bytes) -> Line | None:
    """A line of the one shape that nearly all have, taken apart in few steps; any other is left to the library."""
    if b"\0" in raw or b"\\" in raw:
        return None
    try:
        text = raw.decode().rstrip("\r")
    except UnicodeDecodeError:
        return None
    tags = ""
    if text[:1] == "@":
        tags, _, text = text.partition(" ")
    fields = text.split(" ", 3)
    if len(fields) < _FIELDS or fields[1] not in _SAYING or len(tags) >= _MAX_TAGS or "\r" in text:
        return None
    source, command, target, words = fields
    if source[:1] != ":" or words[:1] != ":" or not target or target[0] == ":":
        return None
    return Line(_plain_tags(tags[1:]) if tags else None, source[1:], command, [target, words[1:]])


def _any(raw: bytes, fallback: str) -> Line | None:
    raw = raw.rstrip(b"\r")
    if not raw or (raw[:1] == b"@" and raw.find(b" ") > _MAX_TAGS):
        return None
    tags, _, rest = raw.partition(b" ") if raw[:1] == b"@" else (b"", b"", raw)
    if b"\\" in tags:
        tags, rest = b"", raw
    try:
        token = tokenise(rest.lstrip(b" "), fallback=fallback)
    except (ValueError, IndexError):
        return _undecodable(raw, fallback)
    if tags:
        token.tags = _plain_tags(tags[1:].decode("utf-8", "replace"))
    return token


def _plain_tags(tags: str) -> dict[str, str]:
    """Tags without an escape, which nearly all are: they come with every line, and the library reads each by character.

    A tag given twice counts as it was last given (message-tags specification).
    """
    found = {}
    for tag in tags.split(";"):
        name, _, value = tag.partition("=")
        if name:
            found[name] = value
    return found


def _undecodable(raw: bytes, fallback: str) -> Line | None:
    """A second try for bytes that neither UTF-8 nor `fallback` knows."""
    try:
        return tokenise(raw.decode(fallback, "replace"))
    except (ValueError, IndexError):
        return None
