"""The doctor's judgements, each on facts that are planted; what is as it should be has no finding."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from bridge.chance import SystemChance
from bridge.config import StoreSettings, parse
from bridge.connector import ConnectorConfig
from bridge.doctor import certificates, clocks, place, public, running, settings, store
from bridge.doctor.certificates import Shown
from bridge.doctor.place import Entry, Place
from bridge.doctor.public import Reached
from bridge.findings import Endpoint, Finding, Grade
from bridge.ids import AccountName
from bridge.registry import installed
from bridge.store.sqlite import SqliteStore

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MIB = 1 << 20
KEY = "0123456789abcdef" * 4
FOLDER = Entry(path=Path("/var/lib/qantara"), mode=0o700, owner=990, size=4096, written=NOW.timestamp())
STORE = Entry(path=Path("/var/lib/qantara/qantara.db"), mode=0o600, owner=990, size=100 * MIB, written=NOW.timestamp())
LOG = replace(STORE, path=Path("/var/lib/qantara/qantara.db-wal"), size=4 * MIB)
GOOD = Place(
    path=STORE.path, folder=FOLDER, store=STORE, log=LOG, free_bytes=1000 * MIB, free_files=100_000,
    file_system="ext4", writable=True, user=990,
)  # fmt: skip


def one(found: Iterable[Finding], words: str) -> Finding | None:
    """The only finding, which holds the words and says what to do; None where none is wanted."""
    told = list(found)
    if not words:
        assert told == []
        return None
    assert len(told) == 1, told
    assert words in told[0].what
    assert told[0].remedy
    return told[0]


@pytest.mark.parametrize(
    ("planted", "words", "grade"),
    [
        ({}, "", None),
        ({"free_bytes": 255 * MIB}, "nothing is accepted", Grade.FAULT),
        ({"free_bytes": 300 * MIB}, "not enough for a copy", Grade.WARNING),
        ({"free_bytes": 300 * MIB, "store": None, "log": None}, "", None),
        ({"free_files": 3}, "only 3 more files", Grade.WARNING),
        ({"free_files": None}, "", None),
        ({"log": replace(LOG, size=300 * MIB)}, "log has 300 MiB", Grade.WARNING),
        ({"log": None}, "", None),
        *(({"file_system": kind}, "cannot be trusted", Grade.FAULT) for kind in ("nfs4", "nfs", "cifs", "fuse.sshfs")),
        ({"file_system": "tmpfs"}, "gone when the machine", Grade.WARNING),
        ({"file_system": "btrfs"}, "", None),
        ({"writable": False}, "may not write", Grade.FAULT),
        ({"store": replace(STORE, owner=0)}, "different users", Grade.FAULT),
        ({"user": 1000}, "another user than you", Grade.WARNING),
        ({"user": 0}, "", None),
        ({"store": replace(STORE, mode=0o640)}, "0640", Grade.WARNING),
        ({"log": replace(LOG, mode=0o604)}, "0604", Grade.WARNING),
        ({"folder": replace(FOLDER, mode=0o750)}, "0750", Grade.WARNING),
        (
            {
                "folder": Entry(path=Path("/var/lib"), mode=0o755, owner=0, size=1, written=0),
                "store": None,
                "log": None,
            },
            "",
            None,
        ),
    ],
)
def test_the_store_s_place(planted: Mapping[str, Any], words: str, grade: Grade | None) -> None:
    found = one(place.judged(replace(GOOD, **planted), 256), words)
    assert grade == (found.grade if found else None)


MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:26 / /var/lib rw shared:5 master:1 - nfs4 server:/export rw
31 30 0:27 / /var/lib/my\\040data rw - btrfs /dev/sdb rw
32 22 0:28 / /var/library rw - xfs /dev/sdc rw
broken line
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/q", "ext4"),
        ("/var/lib/qantara", "nfs4"),
        ("/var/lib", "nfs4"),
        ("/var/lib/my data/q", "btrfs"),
        ("/var/library/q", "xfs"),
    ],
)
def test_the_file_system_is_that_of_the_nearest_mount(path: str, kind: str) -> None:
    assert place.file_system(Path(path), MOUNTS) == kind
    assert place.file_system(Path(path), "") == ""


def test_what_is_looked_up_is_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o700)
    path = tmp_path / "data" / "q.db"
    path.write_bytes(b"12345")
    path.chmod(0o640)
    seen = place.look(path)
    assert (seen.store is not None and seen.store.mode, seen.folder.mode, seen.log) == (0o640, 0o700, None)
    assert seen.free_bytes > 0
    assert place.look(tmp_path / "not" / "yet" / "q.db").folder.path == tmp_path


@pytest.mark.parametrize(
    ("ahead", "words", "grade"),
    [
        (None, "", None),
        (29.0, "", None),
        (-29.0, "", None),
        (45.0, "45 s ahead of", Grade.WARNING),
        (-301.0, "301 s behind", Grade.FAULT),
    ],
)
def test_a_clock_beside_another(ahead: float | None, words: str, grade: Grade | None) -> None:
    found = one(clocks.judged("https://example.org", ahead), words)
    assert grade == (found.grade if found else None)


def test_a_clock_that_was_set_back() -> None:
    one(clocks.stepped(GOOD, NOW - timedelta(seconds=59)), "")
    one(clocks.stepped(GOOD, NOW - timedelta(seconds=61)), "set back")
    one(clocks.stepped(replace(GOOD, store=None, log=None), NOW - timedelta(days=9)), "")


@pytest.mark.parametrize(
    ("shown", "words", "grade"),
    [
        (None, "", None),
        (Shown(until=NOW + timedelta(days=15)), "", None),
        (Shown(until=NOW + timedelta(days=13, hours=1)), "in 13 days, on 2026-12-05", Grade.WARNING),
        (Shown(), "", None),
        (Shown(code=10), "has expired", Grade.FAULT),
        (Shown(code=9), "not good yet", Grade.FAULT),
        (Shown(code=62, words="for 'a'"), "another name's: for 'a'", Grade.FAULT),
        (Shown(code=18), "does not trust", Grade.FAULT),
        (Shown(code=-1, words="WRONG_VERSION_NUMBER"), "no TLS", Grade.FAULT),
    ],
)
def test_a_certificate(shown: Shown | None, words: str, grade: Grade | None) -> None:
    found = one(certificates.judged("https://example.org", shown, NOW), words)
    assert grade == (found.grade if found else None)


@pytest.mark.parametrize(
    ("reached", "words"),
    [
        (Reached(status=200, instance="me"), ""),
        (Reached(status=200, instance="other"), "another bridge"),
        (Reached(status=200), "something else"),
        (Reached(status=301), "leads elsewhere (301)"),
        (Reached(status=502), "answers 502"),
        (Reached(problem="refused"), "nobody answers"),
    ],
)
def test_who_answers_in_public(reached: Reached, words: str) -> None:
    one(public.judged("https://bridge.example.org", reached, "me"), words)


def _status(**changed: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    room = {
        "room": "a/#x",
        "configured": True,
        "entered": True,
        "held": None,
        "advice": "",
        "counts": {"held": 0, "parked": 0},
    }
    account = {"connector": "memory", "state": "up", "last_error": "", "advice": "get another"}
    good = {"store": {"refusing": None}, "counts_add_up": True, "accounts": {"a": account}, "rooms": [room]}
    return good | {name: value for name, value in changed.items() if name in good} | {
        "accounts": {"a": account | changed.get("account", {})}, "rooms": [room | changed.get("room", {})]
    }  # fmt: skip


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (_status(), ""),
        (_status(store={"refusing": "the disk is nearly full"}), "nothing is accepted: the disk"),
        (_status(counts_add_up=False), "do not add up"),
        (_status(account={"state": "stopped", "last_error": "credentials are refused"}), "stopped: credentials"),
        (_status(account={"state": "down"}), "down: no reason yet"),
        (_status(room={"held": "kicked"}), "kicked"),
        (_status(room={"entered": False}), "not in this room"),
        (_status(room={"configured": False, "counts": {"held": 3, "parked": 0}}), "3 deliveries wait"),
        (_status(room={"counts": {"held": 0, "parked": 2}}), "2 deliveries are parked"),
    ],
)
def test_what_the_daemon_says_of_itself(status: Mapping[str, Any], words: str) -> None:
    one(running.judged(status, ["a"]), words)


def test_an_announcement_that_needs_somebody_is_found() -> None:
    need = {"what": "may have reached 3 on viber, or not: nobody knows", "advice": "`!resend 7` in its room"}
    going = {"number": 7, "name": "office", "title": "announcement 7", "needs": []}
    one(running.judged({**_status(), "announcements": [going]}, ["a"]), "")
    found = one(
        running.judged({**_status(), "announcements": [{**going, "needs": [need]}]}, ["a"]), "may have reached 3"
    )
    assert found is not None
    assert (found.where, found.remedy) == ("announcements.office", need["advice"])


def test_a_daemon_that_did_not_read_the_file() -> None:
    one(running.judged(_status(), ["a", "b"]), "other accounts")
    one(running.judged(_status(), []), "other accounts")


TOKEN = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("http", "words"),
    [
        (f"{{listen: '127.0.0.1:1', token: {TOKEN}}}", ""),
        (f"{{listen: '0.0.0.0:1', token: {TOKEN}}}", "no TLS in front"),
        (f"{{listen: '0.0.0.0:1', token: {TOKEN}, public_url: 'https://b.example.org'}}", ""),
        (f"{{token: {TOKEN}, public_url: 'http://b.example.org'}}", "without encryption"),
        (f"{{token: {TOKEN}, public_url: 'http://127.0.0.1:9'}}", ""),
        ("{token: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabb}", "can be guessed"),
        ("{token: 0123456789abcdef}", "32 bytes"),
        ("{listen: '127.0.0.1:1'}", "no /status"),
    ],
)
def test_settings_of_the_web_server(http: str, words: str, tmp_path: Path) -> None:
    text = f"accounts: {{a: {{connector: console}}, b: {{connector: console}}}}\nhttp: {http}\nnotices: a/x\n"
    text += f"links: {{l: {{rooms: [a/x, b/x]}}}}\nstore: {{key: {KEY}}}\n"
    found = settings.judged(parse(text, name="c.yaml", environ={}, connectors=installed(), base=tmp_path))
    told = list(found)
    assert len(told) == bool(words)
    assert not words or (told[0].remedy and (words in told[0].what or words == "no /status"))


def test_the_warnings_of_check_are_findings(tmp_path: Path) -> None:
    text = f"accounts: {{a: {{connector: console}}}}\nstore: {{key: {KEY}}}\n"
    config = parse(text, name="c.yaml", environ={}, connectors=installed(), base=tmp_path)
    found = one(settings.judged(config), "nothing is bridged")
    assert found is not None
    assert found.where == "c.yaml:1  links"


def test_a_store_without_a_key_is_told(tmp_path: Path) -> None:
    text = (
        "accounts: {a: {connector: console}, b: {connector: console}}\nlinks: {l: {rooms: [a/x, b/x]}}\nnotices: a/x\n"
    )
    found = one(
        settings.judged(parse(text, name="c.yaml", environ={}, connectors=installed(), base=tmp_path)), "in clear"
    )
    assert found is not None
    assert (found.where, found.grade) == ("store.key", Grade.NOTE)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("irc://irc.example.org:6667", "without encryption"),
        ("http://example.org", "without encryption"),
        ("https://example.org", ""),
        ("ircs://irc.example.org:6697", ""),
        ("http://127.0.0.1:8008", ""),
        ("http://[::1]:8008", ""),
    ],
)
def test_a_server_elsewhere_without_encryption(address: str, words: str) -> None:
    account = AccountName("a")
    one(settings.plain(account, ConnectorConfig(connector="irc"), [Endpoint(address=address)]), words)


def test_a_store_of_an_older_version_is_told_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "q.db"
    assert list(store.older(path, 9)) == []
    SqliteStore(path, SystemChance()).close()
    assert store.written_by(path) == store.newest()
    before = path.read_bytes()
    one(store.older(path, store.newest()), "")
    one(store.older(path, store.newest() + 1), "older version")
    assert path.read_bytes() == before


def test_a_store_of_a_newer_version_and_one_that_is_none(tmp_path: Path) -> None:
    path, found = tmp_path / "q.db", list[Finding]()
    with store.opened(StoreSettings(path=path), found) as none:
        assert (none, found) == (None, [])
    path.write_bytes(b"SQLite format 3\0" + b"\1" * 5000)
    with store.opened(StoreSettings(path=path), found) as none:
        assert none is None
    one(found, "damaged")


@pytest.mark.parametrize(
    ("http", "missing", "words"),
    [
        ("", [], ["told in words"]),
        ("http: {public_url: 'https://b.example.org'}\n", ["pillow"], ["they are linked"]),
        ("http: {public_url: 'https://b.example.org'}\n", ["ffmpeg"], ["there is no ffmpeg"]),
    ],
)
def test_what_becomes_of_files(http: str, missing: list[str], words: list[str], tmp_path: Path) -> None:
    config = parse(f"accounts: {{a: {{connector: console}}}}\n{http}", name="c.yaml", environ={},
                   connectors=installed(), base=tmp_path)  # fmt: skip
    found = list(settings.files(config, missing))
    assert all(one.grade is Grade.NOTE and one.remedy for one in found)
    assert [word in one.what for word, one in zip(words, found, strict=True)] == [True] * len(words)


def test_a_program_that_the_settings_name_has_to_be_there(tmp_path: Path) -> None:
    text = "accounts: {a: {connector: console}}\nmedia: {ffmpeg: /opt/ffmpeg}\n"
    config = parse(text, name="c.yaml", environ={}, connectors=installed(), base=tmp_path)
    found = [one for one in settings.files(config, ["ffmpeg"]) if one.where == "media.ffmpeg"]
    assert [(one.grade, "/opt/ffmpeg" in one.what) for one in found] == [(Grade.WARNING, True)]
