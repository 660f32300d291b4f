"""What may stand in the configuration file, each setting with its sentence, and what the file becomes."""

import re
from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC, timedelta, tzinfo
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, LiteralString
from urllib.parse import urlsplit

from msgspec import Struct
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr
from pydantic_core import PydanticCustomError

from bridge.config.announcements import AnnouncementSettings, Announcing
from bridge.config.desks import Desk, DeskSettings
from bridge.config.faults import FIXED_SENTENCE, Fault, shown
from bridge.config.moderation import ModerationSettings
from bridge.config.pairing import PairingSettings
from bridge.config.people import People
from bridge.config.transforms import TransformSettings
from bridge.config.zones import known_zone
from bridge.connector import ConnectorConfig
from bridge.ids import AccountName, Room
from bridge.patience import Patience, Policy
from bridge.template import FIELDS, MOST_CHARACTERS, PLAIN, wrong_fields

MIN_TOKEN_BYTES = 32
MAX_PORT = 65535

_LISTEN = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):(?P<port>[0-9]{1,5})")


def _sentence(problem: LiteralString) -> PydanticCustomError:
    return PydanticCustomError(FIXED_SENTENCE, problem)


def _label(value: str) -> str:
    wrong = wrong_fields(value)
    if wrong:
        raise PydanticCustomError(
            FIXED_SENTENCE, "there is no field {wrong}: there are {known}",
            {"wrong": shown(wrong[0]), "known": ", ".join(f"{{{field}}}" for field in FIELDS)},
        )  # fmt: skip
    if "{name}" not in value or not value.isprintable() or len(value) > MOST_CHARACTERS:
        raise PydanticCustomError(
            FIXED_SENTENCE, "must hold {field} and be printable text of at most {most} characters",
            {"field": "{name}", "most": MOST_CHARACTERS},
        )  # fmt: skip
    return value


def _listen(value: str) -> str:
    match = _LISTEN.fullmatch(value)
    if match is None or int(match["port"]) > MAX_PORT:
        raise _sentence("must be an address and a port, such as 127.0.0.1:8980 or [::1]:8980")
    return value


def _public_url(value: str) -> str:
    if not _is_plain_address(value):
        raise _sentence("must be an address such as https://bridge.example.org, without a name, password or query")
    return value.rstrip("/")


def _is_plain_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        return False
    plain = not (parts.query or parts.fragment or "@" in parts.netloc)
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and plain


def is_loopback(host: str) -> bool:
    """Whether a name or address leads to this machine only."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"


def _token(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().strip():
        raise _sentence("is empty: give it 32 bytes (`openssl rand -hex 32` makes them), or leave it out")
    return value


_KEY = "must be at least 32 bytes in hex or base64: `openssl rand -hex 32` makes them; a passphrase is no key"


def _key(value: SecretStr) -> SecretStr:
    if len(key_bytes(value.get_secret_value())) < MIN_TOKEN_BYTES:
        raise _sentence(_KEY)
    return value


def key_bytes(written: str) -> bytes:
    """The bytes of a key as it is written, in hex or else in base64; none when it is neither."""
    plain = written.strip()
    try:
        return bytes.fromhex(plain)
    except ValueError:
        pass
    try:
        return b64decode(plain.replace("-", "+").replace("_", "/"), validate=True)
    except ValueError:
        return b""


class Settings(BaseModel):
    """A part of the file; `not_yet` are names that are planned and must not be ignored in silence."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
    not_yet: ClassVar[frozenset[str]] = frozenset()


class StoreSettings(Settings):
    """Where everything that must survive a restart is kept, and for how long."""

    not_yet: ClassVar[frozenset[str]] = frozenset({"url"})

    path: Path = Path("data/qantara.db")
    """The SQLite file; a relative path starts at the directory of the configuration file."""
    durability: Literal["full", "relaxed"] = "full"
    """`full`: what was accepted survives a power cut; `relaxed`: the last of it may be lost then."""
    relations_days: Annotated[int, Field(ge=1, le=3650)] = 90
    """How long, in days, edits, deletions, reactions and replies still find the copies of a message."""
    excerpt_hours: Annotated[int, Field(ge=1, le=8760)] = 48
    """How long, in hours, the first 80 characters of a message stay, to show what a reply answers."""
    parked_days: Annotated[int, Field(ge=1, le=3650)] = 30
    """How long, in days, a message that a platform refused stays for the operator to look at."""
    audit_days: Annotated[int, Field(ge=1, le=3650)] = 365
    """How long, in days, it is kept who did what as a moderator."""
    key: Annotated[SecretStr, AfterValidator(_key)] | None = None
    """32 bytes or more in hex or base64, under which everything with words in it is encrypted; lost with it, too."""
    previous_keys: tuple[Annotated[SecretStr, AfterValidator(_key)], ...] = ()
    """Keys used before: the next start encrypts everything anew under `key`, and then they are not needed any more."""
    room_quota: Annotated[int, Field(ge=100, le=1_000_000_000)] = 1_000_000
    """When so many messages wait for a room, accounts that fill it pause, where their platform keeps what they miss."""
    min_free_mib: Annotated[int, Field(ge=0, le=1024 * 1024)] = 256
    """With less free space than this, in MiB, nothing new is accepted; what was accepted is still delivered."""
    ballast_mib: Annotated[int, Field(ge=0, le=1024 * 1024)] = 64
    """Size, in MiB, of a file beside the store that is given up when the disk is full, to deliver what was accepted."""


class HttpSettings(Settings):
    """The bridge's own web server: health, metrics, status, queue, reload and webhooks."""

    listen: Annotated[str, AfterValidator(_listen)] = "127.0.0.1:8980"
    """Address and port to listen on; port 0 takes a free one."""
    public_url: Annotated[str, AfterValidator(_public_url)] | None = None
    """The address under which platforms reach this server from outside, for webhooks."""
    token: Annotated[SecretStr, AfterValidator(_token)] | None = None
    """Bearer token for the operator's page, /status and so on, 32 bytes or more; without it they do not exist."""

    @property
    def is_local(self) -> bool:
        """Whether only this machine can call."""
        return is_loopback(self.host)

    @property
    def token_is_short(self) -> bool:
        """Whether the token might be guessed."""
        return self.token is not None and len(self.token.get_secret_value().encode()) < MIN_TOKEN_BYTES

    @property
    def host(self) -> str:
        """The address of `listen`, without brackets."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The port of `listen`."""
        return int(self.listen.rpartition(":")[2])


class MediaSettings(Settings):
    """Files that people attach: where they are kept until everybody has them, how big they may be, and for how long."""

    convert_seconds: Annotated[float, Field(gt=0, le=600)] = 60
    """How long, in seconds, a film or a sound may be worked on; then it goes as it is, as a link, or in words."""
    directory: Path | None = None
    """Where files are kept; without it, a directory `media` beside the store."""
    ffmpeg: Path | None = None
    """The program that opens sound and films, with `ffprobe` beside it; without it, the first `ffmpeg` on the PATH."""
    wait_seconds: Annotated[float, Field(ge=0, le=600)] = 30
    """How long, in seconds, a message waits for its files; then it goes with a note instead of them."""
    link_days: Annotated[int, Field(ge=1, le=365)] = 7
    """How long, in days, a file that a platform does not take is served under a public address."""
    max_mib: Annotated[int, Field(ge=1, le=4096)] = 100
    """Files bigger than this, in MiB, are not fetched."""
    metadata: Literal["strip", "keep"] = "strip"
    """`strip`: what pictures and films say of place, time and camera is taken out, also as files; `keep`: not.

    With `strip`, pictures and films of which it cannot be taken out are told in words.
    """
    total_mib: Annotated[int, Field(ge=1, le=16 * 1024 * 1024)] = 4096
    """How much space, in MiB, all files together may take; more are not fetched until some are gone."""


class Allowance(Settings):
    """So many messages in so much time."""

    messages: Annotated[int, Field(ge=1, le=100_000)]
    """How many messages may be said in `seconds`."""
    seconds: Annotated[float, Field(gt=0, le=3600)] = 60
    """In how much time, in seconds, they may be said."""


class Limits(Settings):
    """What is over an allowance is parked with the reason `flood`, for the operator to send or drop."""

    person: Allowance | None = None
    """What one person may say in one room; without it there is no limit."""
    slow_seconds: Annotated[float | None, Field(gt=0, le=3600)] = None
    """Slow mode: how much time, in seconds, has to pass between two messages of one person in one room."""
    room: Allowance | None = None
    """What all people together may say in one room; without it there is no limit."""


class Show(StrEnum):
    """What a link carries only where the operator says so."""

    PHONE_NUMBERS = "phone_numbers"
    """The numbers on cards that people send; without it only the name on a card crosses."""
    JOINS = "joins"
    """Who comes into a room and who leaves it, as a line in the others."""
    TOPICS = "topics"
    """A room's new name or topic, as a line in the others."""
    PINS = "pins"
    """Which message somebody pinned, as a line that answers it."""
    THREADS = "threads"
    """A thread on a message, as a thread of its own where a room has such (a topic of a forum)."""


class Sync(StrEnum):
    """What is the same in all rooms of a link where the operator says so."""

    TOPIC = "topic"
    """What the room is about."""
    NAME = "name"
    """What the room is called."""


class LinkSettings(Settings):
    """Rooms that hear each other: either `rooms`, or `from` and `to`."""

    rooms: tuple[str, ...] | None = None
    """Two rooms or more, each `account/name`: everyone hears everyone."""
    from_: Annotated[tuple[str, ...] | None, Field(alias="from")] = None
    """The rooms that are heard in `to`, one way."""
    to: tuple[str, ...] | None = None
    """The rooms that hear `from`."""
    lifetime_hours: Annotated[float, Field(gt=0, le=8760)] = 24
    """A message waiting longer than this, in hours during which the target's account was up, expires."""
    late_minutes: Annotated[float, Field(ge=0, le=10080)] = 10
    """A message shown this long, in minutes, after it was written has its time in front of it; 0: never."""
    time_zone: Annotated[str, AfterValidator(known_zone)] = "UTC"
    """Whose time readers are told, by its name in the time zone database, such as `Europe/Kyiv`."""
    max_lag_minutes: Annotated[float | None, Field(gt=0, le=525600)] = None
    """How old, in minutes, a message may be when its turn comes; without it, any age."""
    over_max_lag: Policy = Policy.TELL
    """What is done with older ones: `tell` you and send them, or `park` them and tell the readers how many, or `file`:
    the same, with a file of what was said."""
    label: Annotated[str, AfterValidator(_label)] = PLAIN
    """What stands in front of words for who wrote them; `{network}` is their account's name here, `{number}` theirs."""
    limits: Limits = Limits()
    """How much a person or a room may say before it is held; nothing is limited by default."""
    show: tuple[Show, ...] = ()
    """What crosses besides messages; nothing by default: `phone_numbers` (those on cards that people send), `joins`
    (who comes and goes), `topics` (a room's new name or topic), `pins` (which message somebody pinned) and `threads`
    (one that people begin on a message opens a topic in a forum)."""
    sync: tuple[Sync, ...] = ()
    """What people set in one room and the bridge then sets in those that hear it: `topic`, `name`; nothing by default.
    The bridge's user must be allowed to; you are told once where it is not."""
    moderation: ModerationSettings | None = None
    """What moderators of the rooms may do; without this part the bridge heeds nobody there."""
    transforms: tuple[TransformSettings, ...] = ()
    """What is done with words on their way, in this order: each is a `drop`, a `hold` or a `replace`."""


class FileSettings(Settings):
    """The whole file."""

    store: StoreSettings = StoreSettings()
    """What must survive a restart: where it is kept, and for how long."""
    http: HttpSettings | None = None
    """The bridge's own web server; without this part there is none."""
    media: MediaSettings = MediaSettings()
    """Files that people attach."""
    notices: str | None = None
    """The room, `account/name`, where the bridge tells its operator what is lost, held, parked and back."""
    accounts: dict[str, dict[str, Any]]
    """The bridge's accounts on the platforms, by names of your choice (`[a-z0-9_-]+`)."""
    links: dict[str, LinkSettings] = {}
    """Which rooms hear which, by names of your choice."""
    desks: dict[str, DeskSettings] = {}
    """Which people who write in private are answered from which room, by names of your choice."""
    announcements: dict[str, AnnouncementSettings] = {}
    """Where announcements are drafted and approved, and to whom they go, by names of your choice."""
    budget: dict[str, Annotated[float, Field(ge=0, le=1_000_000_000)]] = {}
    """What announcements may cost an account in a calendar month (UTC), by account; then they stop."""
    pairing: PairingSettings | None = None
    """Whether moderators may link rooms by a code; without this part only this file links rooms."""
    people: dict[str, tuple[str, ...]] = {}
    """Who is the same person on several platforms, by names of your choice: two ids or more, each `account/id`."""


class Link(Struct, frozen=True, kw_only=True):
    """Who hears whom: what is said in a source is heard in every other room of `targets`."""

    name: str
    sources: tuple[Room, ...]
    targets: tuple[Room, ...]
    lifetime: timedelta = timedelta(hours=24)
    limits: Limits = Limits()
    late: float = 600.0
    zone: tzinfo = UTC
    patience: Patience | None = None
    label: str = PLAIN
    show: frozenset[Show] = frozenset()
    sync: frozenset[Sync] = frozenset()
    transforms: tuple[TransformSettings, ...] = ()
    moderation: ModerationSettings | None = None
    moderators: Room | None = None
    """The moderators' room."""


class Config(Struct, frozen=True, kw_only=True):
    """A configuration without a fault; two are equal when they mean the same.

    `secrets` are the values a log must never show.
    `warnings` are for the operator's eyes: they stop nothing.
    """

    store: StoreSettings
    accounts: Mapping[AccountName, ConnectorConfig]
    http: HttpSettings | None = None
    media: MediaSettings = MediaSettings()
    notices: Room | None = None
    links: Mapping[str, Link] = {}
    desks: Mapping[str, Desk] = {}
    announcements: Mapping[str, Announcing] = {}
    budget: Mapping[AccountName, int] = {}
    people: People = {}
    pairing: PairingSettings | None = None
    secrets: frozenset[str] = frozenset()
    warnings: tuple[Fault, ...] = ()

    def __repr__(self) -> str:
        return f"Config(accounts={sorted(self.accounts)}, links={sorted(self.links)}, secrets=<{len(self.secrets)}>)"
