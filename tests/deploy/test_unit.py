"""The service file: systemd understands every line, calls it safe, and it says what the daemon and the pages say."""

import re
import sys
from pathlib import Path

import pytest

from bridge.app import Exit
from tests.deploy.analyze import ROOT, analyze

UNIT = ROOT / "deploy" / "qantara.service"
LINES = [line for line in UNIT.read_text().splitlines() if "=" in line and not line.startswith("#")]
SETTINGS = {name: [line.partition("=")[2] for line in LINES if line.startswith(f"{name}=")] for name in
            {line.partition("=")[0] for line in LINES}}  # fmt: skip
MOST_EXPOSED = 15
"""Tenths, of 100: systemd's own word for more than this is not OK any more at 50."""


def _changed(folder: Path, old: str, new: str) -> Path:
    text = re.sub(r"^ExecStart=.*", f"ExecStart={sys.executable}", UNIT.read_text(), flags=re.MULTILINE)
    assert old in text
    path = folder / UNIT.name
    path.write_text(text.replace(old, new))
    return path


def test_systemd_understands_every_line(tmp_path: Path) -> None:
    done = analyze("verify", "--man=no", _changed(tmp_path, "", ""))
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("old", "new"), [("ProtectHome=yes", "ProtectHose=yes"), ("Type=notify", "Type=notifies"), ("[Service]", "[Serve]")]
)
def test_a_misspelled_line_would_be_noticed(tmp_path: Path, old: str, new: str) -> None:
    done = analyze("verify", "--man=no", _changed(tmp_path, old, new))
    assert done.returncode or done.stdout + done.stderr


def _exposed(unit: Path) -> int:
    done = analyze("security", "--offline=true", f"--threshold={MOST_EXPOSED}", unit)
    assert "Overall exposure level" in done.stdout, done.stderr
    return done.returncode


def test_systemd_calls_it_safe(tmp_path: Path) -> None:
    assert _exposed(UNIT) == 0
    assert _exposed(_changed(tmp_path, "\nCapabilityBoundingSet=\n", "\n")) != 0


HARDENING = {
    "NoNewPrivileges": "yes", "ProtectSystem": "strict", "ProtectHome": "yes", "PrivateTmp": "yes",
    "PrivateDevices": "yes", "CapabilityBoundingSet": "", "AmbientCapabilities": "", "PrivateUsers": "yes",
    "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX", "RestrictNamespaces": "yes", "LimitCORE": "0",
    "MemoryDenyWriteExecute": "yes", "ProtectProc": "invisible", "UMask": "0077", "StateDirectoryMode": "0700",
    "SystemCallArchitectures": "native", "RestrictSUIDSGID": "yes", "LockPersonality": "yes",
}  # fmt: skip


@pytest.mark.parametrize(("name", "value"), HARDENING.items())
def test_each_protection_is_on(name: str, value: str) -> None:
    assert SETTINGS[name] == [value]


def test_calls_are_filtered_and_memory_is_bounded() -> None:
    assert SETTINGS["SystemCallFilter"] == ["@system-service", "~@privileged @resources"]
    assert {"MemoryMax", "TasksMax", "WatchdogSec"} <= SETTINGS.keys()
    assert SETTINGS["User"] != ["root"]


def test_it_is_not_started_again_where_that_would_not_help() -> None:
    assert SETTINGS["RestartPreventExitStatus"] == [f"2 {Exit.STORE_UNREADABLE.value}"]
    assert SETTINGS["Type"] == ["notify"]


def test_it_holds_no_secret_and_says_where_they_come_from() -> None:
    assert SETTINGS["LoadCredential"] == ["secret:/etc/qantara/secrets/"]
    assert SETTINGS["Environment"] == ["PYTHONDONTWRITEBYTECODE=1"]
    assert "${file:/run/credentials/qantara.service/secret_" in (ROOT / "docs" / "operate.md").read_text()


def test_the_page_s_store_lies_in_the_state_directory() -> None:
    assert SETTINGS["StateDirectory"] == ["qantara"]
    assert "path: /var/lib/qantara/qantara.db" in (ROOT / "docs" / "operate.md").read_text()
