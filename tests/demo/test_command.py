"""`qantara demo` as a process: the play in the terminal, the page, and their orderly end."""

import os
import re
import signal
import subprocess
import urllib.request
from pathlib import Path

import pytest

from bridge.registry import emulators
from bridge.testing.acts import AlsoPrivate, Private
from tests.demo.running import alive, command, demo

pytestmark = pytest.mark.timeout(90)


def test_the_play_shows_who_sees_what_and_ends_well(tmp_path: Path) -> None:
    done = subprocess.run(
        command("--script"), capture_output=True, text=True, timeout=60, check=False,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    scenes = re.split(r"\n \d\. ", done.stdout)
    greeting, answer, edit, reaction, deletion, desk, death, start, rooms = scenes[1:]
    made = [emulators().get(name)() for name in emulators().names()]
    shared = sum(not isinstance(one, (AlsoPrivate, Private)) for one in made)
    assert len(re.findall(r"everybody", greeting)) == shared
    assert answer.count("Good morning") == shared, "every room shows what is answered, natively or in words"
    assert "↪" in answer
    assert "(edited)" in edit
    assert reaction.count("👍") == shared
    assert re.search(r"^ +\w+ +- .*wrong room", deletion, re.MULTILINE)
    assert desk.count("Until six.") == len(made) - shared, "everybody who asked in private has an answer"
    assert "the bridge is stopped" in death
    assert death.count("Meanwhile") == shared, "nothing crosses while the bridge is dead"
    assert start.count("Meanwhile") >= 4
    for room in rooms.split("──")[1:]:
        assert len(re.findall(r"Before, from (\w+)", room)) >= 3
    assert not list(tmp_path.iterdir()), "the play leaves nothing behind"


def test_ctrl_c_ends_the_page_the_bridge_and_the_folder(tmp_path: Path) -> None:
    with demo(tmp_path) as running:
        with urllib.request.urlopen(running.address) as answer:  # noqa: S310 - the address is the demo's own
            assert answer.status == 200
        bridges = running.children
        assert bridges
        assert all(map(alive, bridges))
        assert list(tmp_path.iterdir())
        assert running.interrupt() == 0
        assert not any(map(alive, bridges))
        assert not list(tmp_path.iterdir())


def test_ctrl_c_ends_the_play_early(tmp_path: Path) -> None:
    with subprocess.Popen(
        command("--script"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert any(" 1. " in line for line in process.stdout)
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        assert process.wait(30) == 130, rest
    assert "Traceback" not in rest
    assert not list(tmp_path.iterdir())
