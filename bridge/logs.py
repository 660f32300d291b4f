"""One line an event on stderr, for people or as JSON, with every secret masked: ours and the libraries' alike."""

import json
import logging
import re
import sys
import traceback
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from enum import StrEnum
from types import TracebackType
from typing import Any, TextIO
from urllib.parse import quote

import structlog

MASK = "***"
_BOT_TOKEN = r"\d{6,20}:[A-Za-z0-9_-]{30,}"  # noqa: S105 - the form of such tokens, not one of them
_QUIET = logging.WARNING
"""Libraries are heard from this level on: below it, some write addresses with tokens in them."""
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")
_WORTH_PACKING = 8
_ADDRESSED = str.maketrans("+/", "-_")
"""The alphabet of base64 that may stand in an address."""
_MULTILINE = frozenset({"exception", "stack"})


class Format(StrEnum):
    """How a line is written."""

    AUTO = "auto"
    """For people on a terminal, JSON elsewhere."""
    CONSOLE = "console"
    JSON = "json"


class Level(StrEnum):
    """What is worth a line."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"

    @property
    def number(self) -> int:
        return int(getattr(logging, self.name))


class Mask:
    """Replaces secrets wherever they stand in what is logged. `learn` adds some; none is ever forgotten."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: set[str] = set()
        self.learn(secrets)

    def learn(self, secrets: Iterable[str]) -> None:
        """Mask these from now on, also as they stand inside an address, a JSON text or a repr."""
        for secret in secrets:
            written = (secret, quote(secret, safe=""), quote(secret), json.dumps(secret)[1:-1], repr(secret)[1:-1])
            self._secrets.update(filter(None, (*written, *_packed(secret))))
        longest_first = sorted(self._secrets, key=lambda secret: (-len(secret), secret))
        self._pattern = re.compile("|".join([*map(re.escape, longest_first), _BOT_TOKEN]))

    def text(self, text: str) -> str:
        """The text without any secret."""
        return self._pattern.sub(MASK, text)

    def value(self, value: object) -> object:
        """The same for anything that may stand in a line; what is no plain value becomes its text."""
        match value:
            case None | bool() | int() | float():
                return value
            case str():
                return _one_line(self.text(value))
            case bytes():
                return _one_line(self.text(value.decode("utf-8", "backslashreplace")))
            case Mapping():
                return {self.text(str(key)): self.value(item) for key, item in value.items()}
            case list() | tuple() | set() | frozenset():
                return [self.value(item) for item in value]
        return _one_line(self.text(str(value)))

    def __call__(self, _logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """As a processor of structlog: the last before a line is written out."""
        for name, value in line.items():
            line[name] = self.text(str(value)) if name in _MULTILINE and value else self.value(value)
        return line


def _packed(secret: str) -> Iterator[str]:
    """A secret as it stands inside a text in base64, wherever in it; too little is left of a short one to tell."""
    raw = secret.encode()
    if len(raw) < _WORTH_PACKING:
        return
    for before in range(3):
        # The first and the last character also hold bits of what stands around the secret.
        sure = slice(-(-before * 8 // 6), (before + len(raw)) * 8 // 6)
        packed = b64encode(b"\0" * before + raw).decode()[sure]
        yield from (packed, packed.translate(_ADDRESSED))


def _one_line(text: str) -> str:
    """Nobody outside can begin a line of our log, or move a terminal's cursor."""
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def configure(mask: Mask, form: Format, level: Level, stream: TextIO | None = None) -> None:
    """Send structlog's and the standard library's lines to `stream` (stderr), masked."""
    stream = stream or sys.stderr
    as_console = form is Format.CONSOLE or (form is Format.AUTO and stream.isatty())
    before: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]
    after: list[Any] = [mask, _console(stream) if as_console else _json]
    structlog.configure(
        processors=[*before, *after],
        wrapper_class=structlog.make_filtering_bound_logger(level.number),
        logger_factory=structlog.WriteLoggerFactory(stream),
    )
    _libraries(logging.StreamHandler(stream), [*before, structlog.stdlib.add_logger_name], after, level)
    sys.excepthook = _fell


def _console(stream: TextIO) -> structlog.dev.ConsoleRenderer:
    # The plain traceback: the pretty one shows the values of variables.
    return structlog.dev.ConsoleRenderer(
        colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback, sort_keys=False
    )


def _json(_logger: object, _method: str, line: Mapping[str, Any]) -> str:
    first = {name: line[name] for name in ("timestamp", "level", "event") if name in line}
    return json.dumps({**first, **line}, ensure_ascii=False)


def _libraries(handler: logging.Handler, before: list[Any], after: list[Any], level: Level) -> None:
    """The standard library's loggers write the same lines through the same mask."""
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *after],
            keep_exc_info=False,
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(_QUIET, level.number))
    logging.captureWarnings(capture=True)
    for name in ("aiohttp", "httpx", "httpcore", "asyncio"):
        logging.getLogger(name).setLevel(logging.NOTSET)


def _fell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """What nobody caught is a line like all others, masked."""
    if issubclass(kind, KeyboardInterrupt):
        return
    lines = "".join(traceback.format_exception(kind, error, trace))
    structlog.get_logger().critical("the program fell over: this is a bug", exception=lines)
