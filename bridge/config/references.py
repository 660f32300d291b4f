"""`${NAME}`, `${NAME:-default}` and `${file:/path}` inside a value, replaced by what they stand for."""

import re
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from bridge.config.faults import shown

MAX_SECRET_BYTES = 64 * 1024
"""A secret file larger than this is somebody's mistake."""

_REFERENCE = re.compile(r"\$\$\{|\$\{([^}]*)\}|\$\{")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HOW = "write ${NAME}, ${NAME:-default} or ${file:/path}, or $${ for the characters themselves"


class Resolved(Struct, frozen=True, kw_only=True):
    """A value with its references replaced: `taken` from the environment, `read` from files."""

    text: str
    taken: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


class _Bad(Exception):
    """A reference that stands for nothing; its text names the variable or file, never a value."""


def resolve(text: str, environ: Mapping[str, str]) -> Resolved:
    """Replace every reference; what could not be replaced is in `problems`."""
    taken: list[str] = []
    read: list[str] = []
    problems: list[str] = []

    def replacement(match: re.Match[str]) -> str:
        if match[0] == "$${":
            return "${"
        try:
            value = _value(match[1], environ)
        except _Bad as bad:
            problems.append(str(bad))
            return ""
        (read if match[1].startswith("file:") else taken).append(value)
        return value

    return Resolved(
        text=_REFERENCE.sub(replacement, text), taken=tuple(taken), read=tuple(read), problems=tuple(problems)
    )


def _value(inside: str | None, environ: Mapping[str, str]) -> str:
    if inside is None:
        raise _Bad(f'holds a "${{" that is never closed: {_HOW}')
    if inside.startswith("file:"):
        return _file(inside.removeprefix("file:"))
    name, default_follows, default = inside.partition(":-")
    if not _NAME.fullmatch(name):
        raise _Bad(f'holds a "${{…}}" without a name in it: {_HOW}')
    return _variable(name, default if default_follows else None, environ)


def _variable(name: str, default: str | None, environ: Mapping[str, str]) -> str:
    value = environ.get(name)
    if default is not None:
        return value or default
    if value is None:
        raise _Bad(f"the environment variable {name} is not set")
    return _unicode(value, f"the environment variable {name}")


def _file(path: str) -> str:
    if not path.startswith("/"):
        raise _Bad("${file:…} needs an absolute path, such as ${file:/run/secrets/token}")
    what = f"the file {shown(path)}"
    content = _content(path, what)
    if len(content) > MAX_SECRET_BYTES:
        raise _Bad(f"{what} is larger than {MAX_SECRET_BYTES // 1024} KiB")
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise _Bad(f"{what} is not UTF-8 text") from None
    return text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text


def _content(path: str, what: str) -> bytes:
    try:
        if not Path(path).is_file():  # a pipe or a device could keep us waiting for ever
            raise _Bad(f"{what} does not exist, or is no file")
        with Path(path).open("rb") as file:
            return file.read(MAX_SECRET_BYTES + 1)
    except OSError as error:
        raise _Bad(f"{what} cannot be read: {error.strerror or 'error'}") from None


def _unicode(text: str, what: str) -> str:
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise _Bad(f"{what} is not UTF-8 text")
    return text
