"""`connectors`, `schema`, `--help`, `--version` and completion."""

import json
from importlib.metadata import version
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bridge.cli import app
from bridge.cli.connectors import features
from bridge.registry import installed
from bridge.testing.memory import BareMemoryConnector, MemoryConnector
from tests.bridge.cli.program import ROOT, environment, qantara
from tests.bridge.cli.stranger import install


async def test_every_installed_connector_is_listed_with_its_package(tmp_path: Path) -> None:
    done = await qantara("connectors", env=environment(install(tmp_path)))
    assert (done.status, done.err) == (0, "")
    listed = {line.split()[0]: line.split()[1:3] for line in done.out.splitlines()[1:]}
    assert set(listed) == {*installed().names(), "quiet", "stubborn", "stuck", "talkative"}
    assert listed["console"] == ["qantara", version("qantara")]
    assert listed["quiet"] == ["stranger", "1.0"]


async def test_a_connector_that_cannot_be_imported_says_what_to_do(tmp_path: Path) -> None:
    install(tmp_path)
    (tmp_path / "stranger.py").write_text("import no_such_thing\n")
    done = await qantara("connectors", env=environment(tmp_path))
    assert done.status == 1
    assert "console" in done.out
    assert 'connector "quiet": ' in done.err


def test_features_come_from_the_code() -> None:
    assert features(BareMemoryConnector)[:4] == ("", "", "", "yes")
    assert features(MemoryConnector)[:4] == ("yes", "yes", "any", "yes")


async def test_the_schema_is_the_one_in_the_docs() -> None:
    done = await qantara("schema")
    assert json.loads(done.out) == json.loads((ROOT / "docs" / "reference" / "config.schema.json").read_text())


async def test_it_says_its_version() -> None:
    assert (await qantara("--version")).out == f"qantara {version('qantara')}\n"


@pytest.mark.parametrize(
    "command",
    [
        [], ["run"], ["check"], ["status"], ["queue"], ["queue", "list"], ["queue", "retry"], ["queue", "drop"],
        ["trace"], ["rooms"], ["connectors"], ["schema"], ["new"], ["registration"], ["leave"], ["demo"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_every_command_explains_itself(command: list[str]) -> None:
    done = CliRunner().invoke(app, [*command, "--help"])
    assert (done.exit_code, done.stderr) == (0, "")
    assert "Usage:" in done.stdout


@pytest.mark.parametrize("arguments", [["rum"], ["run", "--confg", "x"], ["trace"], ["run", "--log-level", "loud"]])
def test_wrong_usage_ends_with_2(arguments: list[str]) -> None:
    done = CliRunner().invoke(app, arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "Usage:" in done.stderr


async def test_the_shell_completes_commands() -> None:
    env = environment(_QANTARA_COMPLETE="complete_bash", COMP_WORDS="qantara con", COMP_CWORD="1")
    done = await qantara(env=env)
    assert done.out.split() == ["connectors"]
