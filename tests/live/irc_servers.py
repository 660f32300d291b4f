"""Real IRC servers: found or unpacked, started on free ports of this machine, stopped at the end of a test."""

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Self

import pytest

_CACHE = Path(__file__).resolve().parents[2] / ".cache" / "irc"
_PACKAGES = {"inspircd": ("inspircd", "libargon2-1", "libhttp-parser2.9"), "ngircd": ("ngircd", "libident")}
_START_SECONDS = 10.0
_LOOK_AGAIN_SECONDS = 0.01
OPERATOR = ("root", "throwaway")
"""Name and password of the server's operator."""

_INSPIRCD = """
<server name="inspircd.test" description="lab" network="Lab">
<admin name="lab" nick="lab" email="lab@example.test">
<path datadir="{home}" logdir="{home}" runtimedir="{home}" moduledir="{modules}">
<bind address="127.0.0.1" port="{port}" type="clients">
<connect allow="*" commandrate="1000000" threshold="1000000" fakelag="no" hardsendq="64M" softsendq="32M" recvq="1M"
 maxchans="1000" localmax="1000" globalmax="1000" useident="no" resolvehostnames="no" timeout="30" pingfreq="120">
<class name="all" commands="*" privs="*" usermodes="*" chanmodes="*">
<type name="net" classes="all">
<oper name="root" password="throwaway" host="*@*" type="net">
<options casemapping="rfc1459" splitwhois="no">
<performance softlimit="2000" somaxconn="128" netbuffersize="65534">
<security maxtargets="1">
<pid file="{home}/pid">
{names}
"""
_INSPIRCD_MODULES = (
    "ircv3 ircv3_ctctags ircv3_echomessage ircv3_batch ircv3_labeledresponse ircv3_msgid ircv3_servertime "
    "ircv3_capnotify ircv3_accounttag cap blockcolor"
)
_NGIRCD = """
[Global]
Name = ngircd.test
Info = lab
AdminEMail = lab@example.test
Listen = 127.0.0.1
Ports = {port}
MotdPhrase = hello
ServerUID = {uid}
ServerGID = {gid}
[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxJoins = 0
MaxPenaltyTime = 0
MaxNickLength = 30
PingTimeout = 120
PongTimeout = 30
[Options]
DNS = no
DefaultUserModes = F
Ident = no
PAM = no
ChrootDir =
SyslogFacility = local1
[Operator]
Name = root
Password = throwaway
"""


class IrcServer:
    """One running server; `kind` is the program's name. A context manager, and it may be stopped and started again."""

    def __init__(self, kind: str, home: Path) -> None:
        self.kind = kind
        self.port = _free_port()
        self._home = home
        self._process: subprocess.Popen[bytes] | None = None
        self.connections: dict[str, socket.socket] = {}
        """Connections that outlive a test, by nick."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def address(self) -> str:
        """What stands behind `server` in the settings."""
        return f"irc://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process, to measure it."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start and wait until it takes connections."""
        program, root = binary(self.kind)
        command = (_inspircd if self.kind == "inspircd" else _ngircd)(program, root, self._home, self.port)
        path = self._home / f"{self.kind}.log"
        with path.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=_environment(root))
        until = time.monotonic() + _START_SECONDS
        while not self._answers():
            assert self._process.poll() is None, path.read_text()
            assert time.monotonic() < until, f"{self.kind} does not answer\n{path.read_text()}"

    def stop(self) -> None:
        """End the process, whatever it does."""
        while self.connections:
            self.connections.popitem()[1].close()
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGKILL)
            process.wait(10)

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            time.sleep(_LOOK_AGAIN_SECONDS)
            return False
        return True


def binary(kind: str) -> tuple[Path, Path]:
    """The program and the root of its tree; fails with the line to type, or skips when ALLOW_SKIP=1."""
    for root in (Path("/"), _CACHE):
        if (program := root / "usr" / "sbin" / kind).exists():
            return program, root
    if shutil.which("apt-get") and _unpack(kind):
        return _CACHE / "usr" / "sbin" / kind, _CACHE
    line = f"the IRC server {kind} is missing; type: apt-get install {kind}"
    if os.environ.get("ALLOW_SKIP") == "1":
        pytest.skip(line)
    pytest.fail(line)


def _unpack(kind: str) -> bool:
    """Get the Debian packages and unpack them into the cache: needs no rights."""
    _CACHE.mkdir(parents=True, exist_ok=True)
    got = subprocess.run(["apt-get", "download", *_PACKAGES[kind]], cwd=_CACHE, capture_output=True, check=False)
    for package in _CACHE.glob("*.deb"):
        subprocess.run(["dpkg", "-x", package, _CACHE], capture_output=True, check=True)
    return got.returncode == 0 and (_CACHE / "usr" / "sbin" / kind).exists()


def _environment(root: Path) -> dict[str, str]:
    if root == Path("/"):
        return dict(os.environ)
    libraries = ":".join(str(path) for path in (root / "usr" / "lib").glob("*-linux-gnu"))
    return {**os.environ, "LD_LIBRARY_PATH": libraries}


def _inspircd(program: Path, root: Path, home: Path, port: int) -> list[str]:
    modules = root / "usr" / "lib" / "inspircd" / "modules"
    names = "\n".join(f'<module name="{name}">' for name in _INSPIRCD_MODULES.split())
    config = home / "inspircd.conf"
    config.write_text(_INSPIRCD.format(home=home, modules=modules, port=port, names=names))
    return [
        str(program),
        "--nofork",
        "--nopid",
        "--config",
        str(config),
        *(["--runasroot"] if os.getuid() == 0 else []),
    ]


def _ngircd(program: Path, _: Path, home: Path, port: int) -> list[str]:
    config = home / "ngircd.conf"
    config.write_text(_NGIRCD.format(port=port, uid=os.getuid() or 65534, gid=os.getgid() or 65534))
    return [str(program), "--nodaemon", "--config", str(config)]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
