"""Lines of the log: one an event, and no secret in any of them."""

import io
import json
import logging
import sys
import time
import warnings
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from bridge.logs import MASK, Format, Level, Mask, configure

SECRET = 'hünter"2 \\ /+?&'
BOT = "123456789:" + "A" * 35


@contextmanager
def logging_to(
    stream: io.StringIO, form: Format, level: Level = Level.INFO, mask: Mask | None = None
) -> Iterator[Mask]:
    """Configured inside, as before outside."""
    root, hook = logging.getLogger(), sys.excepthook
    before = (root.handlers[:], root.level)
    mask = mask or Mask([SECRET])
    configure(mask, form, level, stream)
    try:
        yield mask
    finally:
        structlog.reset_defaults()
        logging.captureWarnings(capture=False)
        root.handlers[:], sys.excepthook = before[0], hook
        root.setLevel(before[1])


@pytest.fixture(params=[Format.JSON, Format.CONSOLE])
def stream(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    written = io.StringIO()
    with logging_to(written, request.param):
        yield written


def unreachable() -> None:
    raise ConnectionError(f"cannot reach https://api.example.org/bot{BOT}/x?key={quote(SECRET)}")


def fell() -> None:
    try:
        unreachable()
    except ConnectionError as error:
        raise RuntimeError(f"and {SECRET}") from error


@pytest.mark.parametrize("word", [SECRET, BOT, quote(SECRET), quote(SECRET, safe=""), repr(SECRET), json.dumps(SECRET)])
@pytest.mark.parametrize(
    "place", ["event", "field", "list", "mapping", "key", "object", "bytes", "library", "argument"]
)
def test_a_secret_is_masked_wherever_it_stands(stream: io.StringIO, word: str, place: str) -> None:
    logger, library = structlog.get_logger(), logging.getLogger("some.library")
    match place:
        case "event":
            logger.info(f"{word} said")  # noqa: G004 - on purpose
        case "field":
            logger.info("said", what=word)
        case "list":
            logger.info("said", what=[1, (word,), {"in": {word}}])
        case "mapping":
            logger.info("said", what={"deep": {"er": word}})
        case "key":
            logger.info("said", what={word: 1})
        case "object":
            logger.info("said", what=ValueError(word), where=Path(word))
        case "bytes":
            logger.info("said", what=word.encode())
        case "library":
            library.warning(f"{word} said")
        case "argument":
            library.warning("said %s", word)
    text = stream.getvalue()
    assert "said" in text
    assert MASK in text
    assert not any(
        form in text for form in (SECRET, BOT, quote(SECRET), quote(SECRET, safe=""), json.dumps(SECRET)[1:-1])
    )


def test_a_traceback_is_written_without_secrets_and_without_the_values_of_variables(stream: io.StringIO) -> None:
    token = SECRET
    try:
        fell()
    except RuntimeError:
        structlog.get_logger().exception("connector fell")
        logging.getLogger("aiohttp.server").exception("Error handling request")
    text = stream.getvalue()
    assert text.count("RuntimeError") >= 2
    assert "ConnectionError" in text
    assert not any(secret in text for secret in (token, BOT, quote(SECRET)))


def test_what_nobody_caught_is_a_line_too(stream: io.StringIO) -> None:
    try:
        fell()
    except RuntimeError as error:
        sys.excepthook(RuntimeError, error, error.__traceback__)
    assert "the program fell over" in stream.getvalue()
    assert BOT not in stream.getvalue()


def test_an_interrupt_is_no_bug(stream: io.StringIO) -> None:
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert stream.getvalue() == ""


def test_nobody_can_begin_a_line_of_the_log_or_move_the_cursor(stream: io.StringIO) -> None:
    structlog.get_logger().info("room entered", room="x\n2026 [info] all is well\x1b[2J\r\u2028")
    logging.getLogger("library").warning("nick %s", "a\nb\x1b]0;title\x07")
    text = stream.getvalue()
    assert text.count("\n") == 2
    assert not any(control in text for control in ("\x1b", "\r", "\u2028", "\x07"))


def test_libraries_speak_from_warnings_on(stream: io.StringIO) -> None:
    for name in ("httpx", "aiohttp.access", "nio.client", "telegram.ext", "asyncio"):
        logging.getLogger(name).info("GET https://x/bot/secret")
        logging.getLogger(name).debug("more")
    assert stream.getvalue() == ""


def test_warnings_of_python_are_lines(stream: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn(f"old and {SECRET}", UserWarning, stacklevel=1)
        logging.captureWarnings(capture=False)
    assert "old and ***" in stream.getvalue()


def test_json_lines_begin_with_time_level_and_event() -> None:
    stream = io.StringIO()
    with logging_to(stream, Format.JSON):
        structlog.get_logger().warning("account lost", account="tg", tries=3, why=None)
        logging.getLogger("nio").error("bad")
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert list(first)[:3] == ["timestamp", "level", "event"]
    assert (first["event"], first["account"], first["tries"], first["why"]) == ("account lost", "tg", 3, None)
    assert (second["event"], second["level"], second["logger"]) == ("bad", "error", "nio")


def test_without_a_terminal_lines_are_json() -> None:
    stream = io.StringIO()
    with logging_to(stream, Format.AUTO):
        structlog.get_logger().info("running")
    assert json.loads(stream.getvalue())["event"] == "running"


@pytest.mark.parametrize(("level", "count"), [(Level.DEBUG, 4), (Level.INFO, 3), (Level.WARNING, 2), (Level.ERROR, 1)])
def test_the_level_says_what_is_worth_a_line(level: Level, count: int) -> None:
    stream = io.StringIO()
    with logging_to(stream, Format.JSON, level):
        for each in Level:
            getattr(structlog.get_logger(), each.value)("x")
    assert len(stream.getvalue().splitlines()) == count


def test_a_secret_learnt_later_is_masked_and_an_old_one_still() -> None:
    stream = io.StringIO()
    with logging_to(stream, Format.JSON) as mask:
        mask.learn(["swordfish"])
        structlog.get_logger().info("x", one="swordfish", two=SECRET)
    assert (line := json.loads(stream.getvalue()))["one"] == line["two"] == MASK


def test_the_longer_secret_wins() -> None:
    assert Mask(["abcd", "abcdef"]).text("abcdef abcd") == f"{MASK} {MASK}"


@given(st.text(), st.text(min_size=4), st.text())
def test_no_text_with_a_secret_in_it_comes_out_with_it(before: str, secret: str, after: str) -> None:
    masked: Any = Mask([secret]).text(before + secret + after)
    assert secret not in masked.replace(MASK, "\0")


@given(st.text(alphabet="abc 1:/", max_size=40))
def test_a_text_without_secrets_stays(text: str) -> None:
    assert Mask(["hunter22"]).text(text) == text


@given(st.text(st.characters(codec="utf-8"), min_size=8, max_size=60), st.binary(max_size=9), st.binary(max_size=9))
def test_a_secret_is_masked_in_base64_wherever_it_stands_in_it(secret: str, before: bytes, after: bytes) -> None:
    mask = Mask([secret])
    for pack in (b64encode, urlsafe_b64encode):
        packed = pack(before + secret.encode() + after).decode()
        assert MASK in mask.text(f"AUTHENTICATE {packed}")


def test_many_digits_in_a_log_cost_no_time() -> None:
    mask, began = Mask(["a secret of ours"]), time.process_time()
    mask.text("9" * 100_000)
    assert time.process_time() - began < 1
