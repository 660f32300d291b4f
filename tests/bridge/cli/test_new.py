"""`new`: a package whose contract test is red until the connector is written, and green then."""

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bridge.cli import app
from tests.bridge.cli.program import ROOT, Done, environment, qantara


async def contract(folder: Path, *arguments: str) -> Done:
    """Run the generated tests as their author does."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments, cwd=folder,
        env={**environment(), "PYTEST_ADDOPTS": ""}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(50):
        out, err = await process.communicate()
    return Done(process.returncode or 0, out.decode(), err.decode())


async def test_it_is_red_until_written_and_green_then(tmp_path: Path) -> None:
    done = await qantara("new", "zulip", cwd=tmp_path)
    assert (done.status, done.err) == (0, "")
    folder = tmp_path / "qantara-zulip"
    red = await contract(folder, "--tb=line")
    assert red.status == 1
    assert "not written yet: NotImplementedError('run: connect to zulip" in red.out
    failed = re.search(r"(\d+) failed", red.out)
    assert failed is not None
    assert int(failed[1]) > 40
    body = (ROOT / "tests" / "bridge" / "cli" / "written_connector.py").read_text()
    (folder / "qantara_zulip" / "connector.py").write_text(body)
    green = await contract(folder)
    assert green.status == 0, green.out
    assert "failed" not in green.out


async def test_what_is_written_is_clean_and_says_where_to_begin(tmp_path: Path) -> None:
    done = await qantara("new", "my_chat", "--directory", tmp_path / "here")
    assert done.out.splitlines()[-1].startswith(f"Now write {tmp_path}/here/qantara_my_chat/connector.py;")
    assert "class MyChat(Connector[MyChatConfig]):" in (tmp_path / "here/qantara_my_chat/connector.py").read_text()
    assert 'my_chat = "qantara_my_chat.connector:MyChat"' in (tmp_path / "here/pyproject.toml").read_text()
    ruff = Path(sys.executable).with_name("ruff")
    clean = [ruff, "check", "--isolated", "--select", "E,F,W", "--line-length", "120", tmp_path / "here"]
    process = await asyncio.create_subprocess_exec(*map(os.fspath, clean), stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    assert process.returncode == 0, out.decode()


@pytest.mark.parametrize("name", ["Zulip", "1st", "a-b", "", "../x", "class", "console", "a" * 41])
def test_a_name_that_cannot_be_is_refused(tmp_path: Path, name: str) -> None:
    done = CliRunner().invoke(app, ["new", name, "--directory", str(tmp_path / "here")])
    assert done.exit_code == 2
    assert not list(tmp_path.iterdir())


async def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("mine")
    done = await qantara("new", "zulip", "-d", tmp_path)
    assert (done.status, done.err) == (1, f"{tmp_path} is there already and not empty: nothing was written\n")
    assert (tmp_path / "kept").read_text() == "mine"
