"""A configuration from a file: how it is read, where its paths start, and what everybody could read in it."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from bridge import Connector, ConnectorConfig
from bridge.config import Config, ConfigError, StoreSettings, load
from bridge.ids import AccountName
from tests.bridge.config.examples import CONNECTORS, SMALL, Server, account, faults, read, talker


def loaded(path: Path, content: bytes, mode: int = 0o600) -> Config:
    path.write_bytes(content)
    path.chmod(mode)
    return load(path, {}, CONNECTORS)


def test_relative_paths_start_at_the_file(tmp_path: Path) -> None:
    text = account("address: a\ntoken: t\ncertificate: tls/ca.pem") + "store: {path: kept/q.db}\n"
    config = loaded(tmp_path / "config.yaml", text.encode())
    settings = config.accounts[AccountName("t")]
    assert isinstance(settings, Server)
    assert (config.store.path, settings.certificate) == (tmp_path / "kept/q.db", tmp_path / "tls/ca.pem")


def test_absolute_paths_stay() -> None:
    assert read(f"{SMALL}store: {{path: /var/lib/q.db}}\n").store.path == Path("/var/lib/q.db")


def test_the_store_has_a_place_without_being_told() -> None:
    assert read(SMALL).store == StoreSettings(path=Path("/base/data/qantara.db"))


@pytest.mark.parametrize(
    ("listen", "host", "port"),
    [("127.0.0.1:8980", "127.0.0.1", 8980), ("[::1]:0", "::1", 0), ("localhost:80", "localhost", 80)],
)
def test_the_address_to_listen_on_has_a_host_and_a_port(listen: str, host: str, port: int) -> None:
    http = read(f"{SMALL}http: {{listen: '{listen}', public_url: https://x.example.org/q/}}\n").http
    assert http is not None
    assert (http.host, http.port, http.public_url) == (host, port, "https://x.example.org/q")


def test_without_its_part_there_is_no_web_server() -> None:
    assert read(SMALL).http is None


def test_a_file_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        load(tmp_path / "none.yaml", {}, CONNECTORS)
    assert str(raised.value) == f"{tmp_path}/none.yaml  cannot be read: No such file or directory"


def test_a_directory_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path, {}, CONNECTORS)


@pytest.mark.parametrize(("content", "line"), [(b"a: b\nc: \xe9\n", 2), ("a: b\n".encode("utf-16"), 1)])
def test_a_file_in_another_encoding_is_a_fault_with_its_line(tmp_path: Path, content: bytes, line: int) -> None:
    with pytest.raises(ConfigError) as raised:
        loaded(tmp_path / "config.yaml", content)
    assert str(raised.value) == f"{tmp_path}/config.yaml:{line}  is not UTF-8 text: save the file as UTF-8"


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    assert len(loaded(tmp_path / "config.yaml", b"\xef\xbb\xbf" + SMALL.replace("\n", "\r\n").encode()).accounts) == 3


@pytest.mark.parametrize(("mode", "count"), [(0o644, 2), (0o640, 0), (0o600, 0)])
def test_a_secret_written_where_everybody_can_read_it_is_a_warning(tmp_path: Path, mode: int, count: int) -> None:
    text = account("address: a\ntoken: hunter22\npassword: ${P:-x-y-z}\nkeys: {c: swordfish}") + "links: {}\n"
    config = loaded(tmp_path / "config.yaml", text.encode(), mode)
    said = [warning for warning in config.warnings if "secret" in warning.problem]
    assert [(warning.line, warning.path) for warning in said] == [(5, "accounts.t.token"), (7, "accounts.t.keys.c")][
        :count
    ]
    assert "hunter22" not in str(said)


def test_equal_files_make_equal_configurations() -> None:
    first, second = read(account("address: a\ntoken: t")), read("# moved\n" + account("address: a\ntoken: t"))
    assert first.accounts == second.accounts
    assert first.accounts != read(account("address: a\ntoken: u")).accounts


def test_settings_common_to_all_connectors_are_read() -> None:
    assert talker("address: a\ntoken: t\nunknown_outcome: hold").unknown_outcome == "hold"


class Uninstalled:
    """A registry whose only connector lacks its SDK."""

    def names(self) -> Sequence[str]:
        return ("talker",)

    def get(self, name: str) -> type[Connector[ConnectorConfig]]:
        raise ImportError(f'connector "{name}": install bridge[{name}]')


def test_a_connector_that_cannot_be_imported_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(account("address: a"))
    with pytest.raises(ConfigError) as raised:
        load(tmp_path / "config.yaml", {}, Uninstalled())
    (fault,) = raised.value.faults
    assert (fault.line, fault.path) == (3, "accounts.t.connector")
    assert fault.problem == 'connector "talker": install bridge[talker]'


def test_what_is_reported_is_counted_once() -> None:
    assert faults("store: {url: x}\naccounts: 5\n") == [
        "1  store.url  is planned, but not in this version yet",
        '2  accounts  must be a mapping of "name: value" lines',
    ]


@pytest.mark.parametrize("listen", ["127.0.0.1:0", "localhost:0", "'[::1]:0'", "127.8.9.1:0"])
def test_a_short_token_is_only_warned_of_where_nobody_else_can_call(listen: str) -> None:
    config = read(f"{SMALL}http: {{listen: {listen}, token: short-token}}\n")
    assert [warning.path for warning in config.warnings if "32 bytes" in warning.problem] == ["http.token"]
    assert "short-token" in config.secrets


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "bridge:0", "'[::]:0'", "192.0.2.1:0", "localhost.example.org:0"])
def test_a_short_token_is_a_fault_where_others_can_call(listen: str) -> None:
    told = faults(f"{SMALL}http: {{listen: {listen}, token: short-token}}\n")
    assert [fault for fault in told if "http.token" in fault and "short-token" not in fault] == told
    assert not read(f"{SMALL}http: {{listen: {listen}, token: {'x' * 32}}}\n").warnings[1:]
