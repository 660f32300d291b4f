"""`${…}`: from the environment, from files, with defaults; and what came in that way is never shown."""

import os
from pathlib import Path

import pytest

from bridge.config.references import MAX_SECRET_BYTES, resolve
from tests.bridge.config.examples import SMALL, account, faults, read, talker

ENVIRON = {"TOKEN": "tok-en", "EMPTY": "", "PORT": "8980", "ON": "true"}
CASES = [
    ("nothing in it", "plain $ text $X", "plain $ text $X"),
    ("a variable", "${TOKEN}", "tok-en"),
    ("inside other text", "Bearer ${TOKEN}!", "Bearer tok-en!"),
    ("two of them", "${TOKEN}:${PORT}", "tok-en:8980"),
    ("set and empty", "${EMPTY}", ""),
    ("a default not needed", "${TOKEN:-x}", "tok-en"),
    ("a default for what is not set", "${NONE:-x:-y}", "x:-y"),
    ("a default for what is empty", "${EMPTY:-x}", "x"),
    ("an empty default", "${NONE:-}", ""),
    ("a literal", "$${TOKEN}", "${TOKEN}"),
    ("dollars", "$$ $", "$$ $"),
    ("values are not read again", "${NONE:-$}{TOKEN}", "${TOKEN}"),
]
WRONG = [
    ("not set", "${NONE}", "the environment variable NONE is not set"),
    ("never closed", "a ${TOKEN", 'holds a "${" that is never closed: '),
    ("no name", "${}", 'holds a "${…}" without a name in it: '),
    ("no name either", "${a b}", 'holds a "${…}" without a name in it: '),
    ("not text", "${BYTES}", "the environment variable BYTES is not UTF-8 text"),
    ("a relative file", "${file:token}", "${file:…} needs an absolute path, "),
    ("no file", "${file:/nowhere/token}", "the file /nowhere/token does not exist, or is no file"),
    ("a directory", "${file:/}", "the file / does not exist, or is no file"),
    ("a device", "${file:/dev/zero}", "the file /dev/zero does not exist, or is no file"),
    ("no path", "${file:/a\0b}", "the file /a\\x00b does not exist, or is no file"),
    ("too long a path", "${file:/" + "x" * 5000 + "}", f"the file /{'x' * 78}… "),
]


@pytest.mark.parametrize(("text", "value"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_references_are_replaced(text: str, value: str) -> None:
    resolved = resolve(text, ENVIRON)
    assert (resolved.text, resolved.problems) == (value, ())


@pytest.mark.parametrize(("text", "problem"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_a_reference_to_nothing_says_what_is_missing(text: str, problem: str) -> None:
    (said,) = resolve(text, ENVIRON | {"BYTES": os.fsdecode(b"\xff")}).problems
    assert said.startswith(problem)


@pytest.mark.parametrize(
    ("content", "value"), [(b"a\n", "a"), (b"a\r\n", "a"), (b"a\n\n", "a\n"), (b"a", "a"), (b"", "")]
)
def test_a_file_loses_one_final_line_end(tmp_path: Path, content: bytes, value: str) -> None:
    (tmp_path / "token").write_bytes(content)
    resolved = resolve(f"${{file:{tmp_path}/token}}", {})
    assert (resolved.text, resolved.read, resolved.problems) == (value, (value,), ())


@pytest.mark.parametrize(
    ("content", "problem"), [(b"\xff", "is not UTF-8 text"), (b"x" * (MAX_SECRET_BYTES + 1), "is larger than 64 KiB")]
)
def test_a_file_that_cannot_be_a_secret_is_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    (tmp_path / "token").write_bytes(content)
    assert resolve(f"${{file:{tmp_path}/token}}", {}).problems == (f"the file {tmp_path}/token {problem}",)


def test_a_pipe_keeps_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (problem,) = resolve(f"${{file:{tmp_path}/pipe}}", {}).problems
    assert problem.endswith("does not exist, or is no file")


def test_an_unset_variable_is_one_fault_at_its_place() -> None:
    text = account('address: a\ntoken: "${NONE}-${NOR}"\nrate: ${NONE}')
    assert faults(text) == [
        "5  accounts.t.token  the environment variable NONE is not set",
        "5  accounts.t.token  the environment variable NOR is not set",
        "6  accounts.t.rate  the environment variable NONE is not set",
    ]


def test_text_from_outside_is_a_number_or_boolean_where_one_is_wanted() -> None:
    settings = (
        'address: a\ntoken: "${PORT}"\nrate: "${PORT}"\nencrypted: ${ON}\nshare: ${SHARE:-0.25}\nnames: ["${PORT}"]'
    )
    found = talker(settings, ENVIRON)
    assert (found.rate, found.encrypted, found.share, found.names) == (8980, True, 0.25, ("8980",))
    assert found.token.get_secret_value() == "8980"


def test_numbers_from_outside_are_read_in_lists_and_parts_inside_parts_too() -> None:
    found = talker('address: a\ntoken: t\ninner: {rate: "${PORT}", mode: slow}', ENVIRON)
    assert found.inner is not None
    assert (found.inner.rate, found.inner.mode) == (8980, "slow")


@pytest.mark.parametrize("word", ["yes", "True", "on", "1"])
def test_only_true_and_false_are_booleans_from_outside_too(word: str) -> None:
    assert faults(account("address: a\ntoken: t\nencrypted: ${WORD}"), {"WORD": word}) == [
        "6  accounts.t.encrypted  must be true or false"
    ]


def test_names_are_never_replaced() -> None:
    assert faults(SMALL + '"${TOKEN}": x\n', ENVIRON) == ['5  ${TOKEN}  unknown setting "${TOKEN}"']


LEAKS = [
    ("a reason that quotes a reference", account("address: ${SECRET}\ntoken: t")),
    ("a reason that quotes another setting", account('address: a\ntoken: "${SECRET}"\nrate: 666')),
    ("a reason that quotes a written secret", account("address: a\ntoken: bad-canary-123\nrate: 666")),
    ("a room", SMALL + 'links: {l: {rooms: ["a/1", "${SECRET}/x"]}}'),
    ("no room", SMALL + 'links: {l: {rooms: ["a/1", "${SECRET}"]}}'),
    ("a room twice", SMALL + 'links: {l: {rooms: ["a/${SECRET}", "a/${SECRET}", b/1]}}'),
    ("two links", SMALL + 'links:\n  l: {rooms: ["a/${SECRET}", b/1]}\n  m: {rooms: ["a/${SECRET}", b/1]}'),
    ("notices", SMALL + "notices: ${SECRET}/ops"),
    ("a connector", SMALL + "  d: {connector: '${SECRET}'}"),
    ("listen", SMALL + "http: {listen: '${SECRET}'}"),
    ("a short token", SMALL + "http: {listen: '0.0.0.0:1', token: '${SECRET}'}"),
    ("a choice", SMALL + "store: {durability: '${SECRET}'}"),
    ("an unquoted secret like an alias", account("address: a\ntoken: *bad-canary-123")),
    ("an unquoted secret like an anchor", account("address: a\ntoken: &bad-canary-123 &bad-canary-123 x")),
    ("an unquoted secret like a tag", account("address: a\ntoken: !bad-canary-123 x")),
    ("an unquoted secret like a handle", account("address: a\ntoken: !bad-canary-123!x y")),
    ("a secret with a colon", account("address: a\ntoken: bad-canary-123: x")),
    ("a number for a secret", account("address: bad-canary-5\ntoken: 5")),
    ("secrets by name", account("address: bad-canary-123\ntoken: t\nkeys: {c: bad-canary-123}")),
    ("a list for secrets by name", account("address: bad-canary-123\ntoken: t\nkeys: [bad-canary-123]")),
    ("a secret in a list", account("address: a\ntoken: [bad-canary-123]")),
]


@pytest.mark.parametrize("text", [case[1] for case in LEAKS], ids=[case[0] for case in LEAKS])
def test_a_fault_never_shows_a_secret(text: str) -> None:
    found = faults(text, {"SECRET": "bad-canary-123"})
    assert found
    assert "canary" not in " ".join(found)


def test_a_reason_that_holds_no_secret_is_shown() -> None:
    assert faults(account("address: bad\ntoken: t0k3n")) == ["4  accounts.t.address  bad is bad"]


def test_secrets_are_known_to_the_log_and_shown_to_nobody(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from-a-file\n")
    address = f'address: "${{ADDRESS}}${{file:{tmp_path}/key}}"\n'
    settings = address + 'token: "Bearer ${TOKEN}"\nkeys: {a: written}\npassword: abc\npin: bytes'
    config = read(account(settings), ENVIRON | {"ADDRESS": "example.org"})
    assert config.secrets == {"from-a-file", "Bearer tok-en", "tok-en", "written", "bytes"}
    assert not any(secret in repr(config) for secret in config.secrets)


def test_the_token_of_the_web_server_is_a_secret() -> None:
    config = read(SMALL + "http: {token: '${TOKEN}'}", {"TOKEN": "x" * 32})
    assert config.secrets == {"x" * 32}
    assert "xxx" not in repr(config.http)
