"""What is unwise in a configuration that is not wrong. Pure."""

from collections.abc import Collection, Iterator
from urllib.parse import urlsplit

from bridge.config import Config, Fault, HttpSettings, is_loopback
from bridge.connector import ConnectorConfig
from bridge.findings import Endpoint, Finding, Grade
from bridge.ids import AccountName

_FEWEST_CHARACTERS = 8
"""Random text of 32 characters has more different ones than this."""

_WITHOUT_FFMPEG = (
    "films are carried as MP4 and QuickTime only, and not those with a track of data, for what others say of place and"
    " time cannot be taken out; sound goes with what it says; none is made into a type that a room takes"
)


def judged(config: Config) -> Iterator[Finding]:
    """The warnings that `check` prints, and what else is unwise."""
    yield from map(_warning, config.warnings)
    if config.http is not None:
        yield from _http(config.http)
    if config.store.key is None:
        what = "there is none: what waits, and the names of people, stand in clear on the disk"
        remedy = "`openssl rand -hex 32` makes one; keep a copy of it elsewhere: without it the store is lost"
        yield Finding(grade=Grade.NOTE, where="store.key", what=what, remedy=remedy)
    if config.notices is None and config.links:
        what = "the bridge has no room where it tells you what is lost, held and parked"
        yield Finding(grade=Grade.NOTE, where="notices", what=what, remedy="set `notices: account/room`")


def files(config: Config, missing: Collection[str]) -> Iterator[Finding]:
    """What becomes of files that a room does not take; `missing` are packages and programs that work on them."""
    if config.http is None or config.http.public_url is None:
        what = "there is none: a file that a room does not take is told in words, and nobody there can open it"
        yield Finding(grade=Grade.NOTE, where="http.public_url", what=what, remedy="set `http.public_url: https://…`")
    if "ffmpeg" in missing and config.media.ffmpeg is not None:
        what = f"there is no program {config.media.ffmpeg}: {_WITHOUT_FFMPEG}"
        yield Finding(where="media.ffmpeg", what=what, remedy="apt-get install ffmpeg, or leave the setting out")
    elif "ffmpeg" in missing:
        what = f"there is no ffmpeg: {_WITHOUT_FFMPEG}"
        yield Finding(grade=Grade.NOTE, where="this program", what=what, remedy="apt-get install ffmpeg")
    if packages := [one for one in missing if one != "ffmpeg"]:
        what = (
            "pictures are not made into types that a room takes, such as stickers and photos of phones"
            f" ({' and '.join(sorted(packages))} missing): they are linked, or told"
        )
        remedy = "pip install 'qantara[media]'"
        yield Finding(grade=Grade.NOTE, where="this program", what=what, remedy=remedy)


def plain(account: AccountName, settings: ConnectorConfig, endpoints: list[Endpoint]) -> Iterator[Finding]:
    """Servers elsewhere that are called without encryption."""
    for one in endpoints:
        parts = urlsplit(one.address)
        if not parts.scheme.endswith("s") and not is_loopback(parts.hostname or ""):
            what = f"{one.address} is called without encryption: anybody in between reads the words and the secrets"
            remedy = f"use its address that begins with {parts.scheme}s://"
            yield Finding(where=f"accounts.{account} ({settings.connector})", what=what, remedy=remedy)


def _warning(fault: Fault) -> Finding:
    where = f"{fault.file}:{fault.line}" if fault.line else fault.file
    readable = "everybody on this machine can read" in fault.problem
    remedy = f"chmod 600 {fault.file}" if readable else f"edit {where}, then `qantara check`"
    return Finding(where=f"{where}  {fault.path}", what=fault.problem, remedy=remedy)


def _http(http: HttpSettings) -> Iterator[Finding]:
    encrypted = http.public_url is not None and http.public_url.startswith("https://")
    if not http.is_local and not encrypted:
        what = f"{http.listen} can be reached from elsewhere, and there is no TLS in front that we know of"
        remedy = (
            "set `http.listen: 127.0.0.1:8980`, put a proxy with TLS in front, and set `http.public_url: https://…`"
        )
        yield Finding(where="http.listen", what=what, remedy=remedy)
    if http.public_url is not None and not encrypted and not is_loopback(urlsplit(http.public_url).hostname or ""):
        what = "platforms call this address without encryption, or refuse to"
        yield Finding(where="http.public_url", what=what, remedy="put a proxy with TLS in front, write https://")
    if http.token is None:
        what = "there is none, so /status, /metrics and /queue do not exist on the network"
        yield Finding(grade=Grade.NOTE, where="http.token", what=what, remedy="`openssl rand -hex 32` makes one")
    elif len(set(http.token.get_secret_value())) < _FEWEST_CHARACTERS:
        what = "the token repeats a few characters: it can be guessed"
        yield Finding(where="http.token", what=what, remedy="`openssl rand -hex 32` makes one")
