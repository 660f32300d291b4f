"""Whether platforms reach this very bridge under `http.public_url`."""

from collections.abc import Iterator

import aiohttp
import msgspec
from msgspec import Struct

from bridge.findings import Finding, Grade

SECONDS = 10.0
PATH = "/in/.here"
_MOST_BYTES = 65_536
_OK = 200


class Reached(Struct, frozen=True, kw_only=True):
    """Who answered: `instance` is the word of a bridge, `problem` why nobody did."""

    status: int = 0
    instance: str = ""
    problem: str = ""


async def look(public_url: str) -> Reached:
    """Call ourselves from outside, as a platform would."""
    timeout = aiohttp.ClientTimeout(total=SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(public_url + PATH, allow_redirects=False) as answer,
        ):
            return Reached(status=answer.status, instance=_word(await answer.content.read(_MOST_BYTES)))
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return Reached(problem=str(error) or type(error).__name__)


def _word(body: bytes) -> str:
    try:
        found = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ""
    return str(found.get("instance", "")) if isinstance(found, dict) else ""


def judged(public_url: str, reached: Reached, ours: str) -> Iterator[Finding]:
    """Whether we answered ourselves; `ours` is the word of the running bridge."""
    if reached.instance == ours and ours:
        return
    what, remedy = _wrong(public_url, reached)
    yield Finding(grade=Grade.FAULT, where="http.public_url", what=what, remedy=remedy)


def _wrong(public_url: str, reached: Reached) -> tuple[str, str]:
    see = f"curl -i {public_url}{PATH}"
    if reached.problem:
        return f"nobody answers at {public_url}: {reached.problem}", f"start the proxy, open its port; then {see}"
    if reached.instance:
        return f"another bridge answers at {public_url}", "let the proxy lead to `http.listen` of this one"
    if 300 <= reached.status < 400:  # noqa: PLR2004 - HTTP's redirections
        return f"{public_url} leads elsewhere ({reached.status}), where platforms do not follow", f"{see} shows where"
    if reached.status == _OK:
        return f"something else answers at {public_url}", "let the proxy lead /in/ to `http.listen`"
    return f"{public_url} answers {reached.status}", f"let the proxy lead /in/ to `http.listen`; then {see}"
