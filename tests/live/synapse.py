"""A real Synapse: installed into the cache, started once for all tests of a run, stopped at its end."""

import atexit
import base64
import fcntl
import functools
import hashlib
import hmac
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from bridge.ids import AccountName
from connectors.matrix_appservice.config import MatrixAppserviceConfig
from connectors.matrix_appservice.registration import registration

VERSION = "1.163.2"
SERVER_NAME = "lab.test"
_SECRET = "a throw-away secret of the lab"
_ROOT = Path(__file__).resolve().parents[2]
_HOME = _ROOT / ".cache" / "synapse"
_INSTALL_SECONDS = 300
_START_SECONDS = 60
_LIMITS = {"per_second": 100_000, "burst_count": 100_000}
_LIMITED = (
    "rc_message",
    "rc_registration",
    "rc_admin_redaction",
    "rc_joins_per_room",
    "rc_3pid_validation",
    "rc_third_party_invite",
    "rc_media_create",
    "rc_presence",
)


class Service(Struct, frozen=True):
    """The application service that the server knows: it is reached at `listen`, as the account `home`."""

    listen: str
    as_token: str
    hs_token: str
    user: str = f"@qantara:{SERVER_NAME}"

    def settings(self, homeserver: str) -> dict[str, str]:
        """The account's settings, as in YAML."""
        return {
            "connector": "matrix-appservice", "homeserver": homeserver, "user": self.user, "token": self.as_token,
            "homeserver_token": self.hs_token,
        }  # fmt: skip

    def registration(self) -> str:
        """The file that the server reads, as `qantara registration` writes it."""
        config = MatrixAppserviceConfig.model_validate(self.settings("http://127.0.0.1:1"))
        return registration(config, AccountName("home"), f"http://{self.listen}/in/home").text


class Synapse:
    """A running server; `address` is its client API."""

    def __init__(self, address: str, process: subprocess.Popen[bytes], home: Path, service: Service) -> None:
        self.address = address
        self.service = service
        self._process = process
        self._home = home

    def stop(self) -> None:
        """End the process and remove what it wrote."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        shutil.rmtree(self._home, ignore_errors=True)

    def register(self, localpart: str, name: str) -> dict[str, Any]:
        """A new user, by the shared secret: `user_id`, `access_token`, `device_id`."""
        path = f"{self.address}/_synapse/admin/v1/register"
        nonce = _json(path)["nonce"]
        signed = f"{nonce}\0{localpart}\0password\0notadmin".encode()
        mac = hmac.new(_SECRET.encode(), signed, hashlib.sha1).hexdigest()
        body = {"nonce": nonce, "username": localpart, "displayname": name, "password": "password", "mac": mac}
        return _json(path, body | {"admin": False})


@functools.cache
def running() -> Synapse:
    """The server of this test run, started on first use.

    Where it cannot be had the test fails with the line to type, or is skipped when ALLOW_SKIP=1.
    """
    try:
        server = _started(installed())
    except (OSError, subprocess.SubprocessError, TimeoutError) as error:
        line = f"{sys.executable} -m venv {_HOME} && {_HOME}/bin/pip install matrix-synapse=={VERSION}"
        told = f"no Synapse ({error}); to get it type:\n    {line}"
        if os.environ.get("ALLOW_SKIP") == "1":
            pytest.skip(told)
        pytest.fail(told, pytrace=False)
    atexit.register(server.stop)
    return server


def installed() -> Path:
    """The Python of Synapse's own environment, made where it is missing or of another version."""
    python, mark = _HOME / "bin" / "python", _HOME / "version"
    _HOME.parent.mkdir(parents=True, exist_ok=True)
    with (_HOME.parent / "synapse.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not mark.exists() or mark.read_text() != VERSION:
            _run(sys.executable, "-m", "venv", str(_HOME))
            _run(str(python), "-m", "pip", "install", "--quiet", f"matrix-synapse=={VERSION}")
            mark.write_text(VERSION)
    return python


def _run(*command: str) -> None:
    subprocess.run(command, check=True, timeout=_INSTALL_SECONDS, stdout=subprocess.DEVNULL)


def _started(python: Path) -> Synapse:
    home = Path(tempfile.mkdtemp(prefix="synapse-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))  # noqa: S108  memory, twice as fast as the disk
    port = _free_port()
    service = Service(f"127.0.0.1:{_free_port()}", os.urandom(20).hex(), os.urandom(20).hex())
    (home / "service.yaml").write_text(service.registration())
    (home / "homeserver.yaml").write_text(json.dumps(_settings(home, port)))  # JSON is YAML
    (home / "signing.key").write_text(f"ed25519 a_lab {base64.b64encode(os.urandom(32)).decode().rstrip('=')}\n")
    (home / "log.yaml").write_text(json.dumps(_LOGGING | {"handlers": {"file": _log_file(home)}}))
    command = [str(python), "-m", "synapse.app.homeserver", "--config-path", str(home / "homeserver.yaml")]
    with (home / "output").open("wb") as output:
        process = subprocess.Popen(command, cwd=home, stdout=output, stderr=subprocess.STDOUT)
    server = Synapse(f"http://127.0.0.1:{port}", process, home, service)
    try:
        _wait_until_ready(server, process, home)
    except BaseException:
        server.stop()
        raise
    return server


def _wait_until_ready(server: Synapse, process: subprocess.Popen[bytes], home: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise OSError(f"Synapse ended with {process.returncode}: {(home / 'output').read_text()[-2000:]}")
        try:
            _json(f"{server.address}/_matrix/client/versions")
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(f"Synapse was not ready within {_START_SECONDS} s")


def _settings(home: Path, port: int) -> dict[str, Any]:
    return {
        "server_name": SERVER_NAME,
        "public_baseurl": f"http://127.0.0.1:{port}/",
        "listeners": [
            {
                "port": port,
                "bind_addresses": ["127.0.0.1"],
                "type": "http",
                "tls": False,
                "resources": [{"names": ["client", "federation"], "compress": False}],
            }
        ],
        "database": {"name": "sqlite3", "args": {"database": str(home / "homeserver.db")}},
        "log_config": str(home / "log.yaml"),
        "media_store_path": str(home / "media"),
        "signing_key_path": str(home / "signing.key"),
        "pid_file": str(home / "synapse.pid"),
        "registration_shared_secret": _SECRET,
        "macaroon_secret_key": "lab",
        "form_secret": "lab",
        "bcrypt_rounds": 4,
        "report_stats": False,
        "app_service_config_files": [str(home / "service.yaml")],
        "trusted_key_servers": [],
        "federation_domain_whitelist": [],
        "url_preview_enabled": False,
        **dict.fromkeys(_LIMITED, _LIMITS),
        "rc_login": dict.fromkeys(("address", "account", "failed_attempts"), _LIMITS),
        "rc_joins": dict.fromkeys(("local", "remote"), _LIMITS),
        "rc_invites": dict.fromkeys(("per_room", "per_user", "per_issuer"), _LIMITS),
    }


_LOGGING: dict[str, Any] = {
    "version": 1,
    "formatters": {"plain": {"format": "%(asctime)s %(name)s %(levelname)s %(message)s"}},
    "root": {"level": "WARNING", "handlers": ["file"]},
    "disable_existing_loggers": False,
}


def _log_file(home: Path) -> dict[str, str]:
    return {"class": "logging.FileHandler", "formatter": "plain", "filename": str(home / "log")}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _json(address: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(address, data, timeout=10) as response:  # noqa: S310  our own server's address
        answer: dict[str, Any] = json.loads(response.read())
        return answer
