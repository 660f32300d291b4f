"""The local socket: without a token, for nobody but the daemon's own user."""

import asyncio
import stat
from pathlib import Path

import pytest

from bridge.cli.asking import NoDaemon, ask, store_of
from bridge.http.socket import listening, socket_path
from bridge.testing.memory import MemoryPlatform
from tests.scenarios.bridge_under_test import Bridge, configured


async def asked(store: Path, method: str, path: str) -> tuple[int, object]:
    """As the command line asks: from a thread of its own, for it runs a loop of its own."""
    return await asyncio.to_thread(ask, store, method, path)


@pytest.mark.parametrize("depth", [0, 12])
async def test_the_daemon_is_asked_beside_its_store_however_long_the_path(
    left: MemoryPlatform, right: MemoryPlatform, tmp_path: Path, depth: int
) -> None:
    folder = tmp_path.joinpath(*["a-rather-long-name"] * depth)
    folder.mkdir(parents=True, exist_ok=True)
    bridge = await Bridge(folder, configured(left, right)).start()
    store = folder / "data" / "q.db"
    status, answer = await asked(store, "GET", "/health")
    assert (status, answer) == (200, {"status": "ok"})
    assert (await asked(store, "GET", "/status"))[0] == 200
    assert (await asked(store, "POST", "/in/left"))[0] == 404
    mode = socket_path(store).stat().st_mode
    assert (stat.S_ISSOCK(mode), stat.S_IMODE(mode)) == (True, 0o600)
    await bridge.stop()
    assert not socket_path(store).exists()


def test_the_socket_of_a_dead_daemon_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "q.sock"
    listening(path).close()
    assert path.exists()
    listening(path).close()


@pytest.mark.parametrize("there", ["nothing", "a dead daemon", "a file"])
def test_without_a_daemon_it_is_said_where_it_was_looked_for(tmp_path: Path, there: str) -> None:
    path = socket_path(tmp_path / "q.db")
    match there:
        case "a dead daemon":
            listening(path).close()
        case "a file":
            path.write_text("no socket")
    with pytest.raises(NoDaemon, match=f"no daemon answers at {path}: is `qantara run` running"):
        ask(tmp_path / "q.db", "GET", "/status")


@pytest.mark.parametrize(
    ("text", "store"),
    [
        ("accounts: {}\n", "data/qantara.db"),
        ("store: {path: kept/q.db}\n", "kept/q.db"),
        ("store: {path: /var/q.db}\naccounts: {a: {token: '${NOT_SET_ANYWHERE}'}}\n", "/var/q.db"),
        ("not: [yaml\n", "data/qantara.db"),
    ],
)
def test_the_store_is_found_in_a_file_whose_secrets_are_not_at_hand(tmp_path: Path, text: str, store: str) -> None:
    (tmp_path / "config.yaml").write_text(text)
    assert store_of(tmp_path / "config.yaml") == tmp_path / store
