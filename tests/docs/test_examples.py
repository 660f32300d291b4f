"""Every configuration we show can be used: config.example.yaml, and each YAML block of the README and the docs."""

import re
from pathlib import Path

import pytest
import yaml

from bridge.config import Config, parse
from bridge.config.settings import FileSettings
from bridge.registry import installed

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / "config.example.yaml").read_text()
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SECRET, KEY = "123456789:" + "a" * 35, "0123456789abcdef" * 4
"""Fit for every secret setting: long enough, and of the form each connector asks for."""

_BLOCK = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_VARIABLE = re.compile(r"\$\{([A-Z_0-9]+)\}")
_FILE = re.compile(r"\$\{file:[^}]*\}")
_ROOM = re.compile(r"""["\s\[]([a-z0-9_-]+)/[#@+!:\w-]""")
_LISTED = re.compile(r"accounts: \[([a-z0-9_, -]+)\]")


def blocks() -> list[tuple[str, str]]:
    """Where each block stands, and its text."""
    found = [(page, match) for page in PAGES if page.exists() for match in _BLOCK.finditer(page.read_text())]
    return [
        (f"{page.relative_to(ROOT)}:{match.string.count(chr(10), 0, match.start()) + 2}", match[1])
        for page, match in found
    ]


def whole(text: str) -> str:
    """A fragment as a file: settings of one account, or parts that need accounts, get what they leave out."""
    top = yaml.safe_load(text)
    if "connector" in top:
        return "accounts:\n  shown:\n" + "".join(f"    {line}\n" for line in text.splitlines())
    if "accounts" in top:
        return text
    listed = {name for one in _LISTED.findall(text) for name in one.split(", ")}
    names = sorted(set(_ROOM.findall(text)) | listed) or ["shown"]
    return text + "\naccounts:\n" + "".join(f"  {name}: {{connector: console}}\n" for name in names)


def read(text: str, folder: Path) -> Config:
    """Read with every variable and file it names in place."""
    (folder / "secret").write_text(SECRET + "\n")
    text = _FILE.sub(lambda _: f"${{file:{folder}/secret}}", text)
    environ = {name: KEY if name.endswith("_KEY") else SECRET for name in _VARIABLE.findall(text)}
    return parse(text, name="example", environ=environ, connectors=installed(), base=folder)


def test_the_example_can_be_used(tmp_path: Path) -> None:
    config = read(EXAMPLE, tmp_path)
    assert config.warnings == ()
    assert set(config.links) == {"lobby", "news"}


def test_the_example_uses_every_part_and_every_connector() -> None:
    file = yaml.safe_load(EXAMPLE)
    assert set(file) == set(FileSettings.model_fields)
    assert {account["connector"] for account in file["accounts"].values()} == set(installed().names())


def test_the_example_holds_no_secret() -> None:
    file = yaml.safe_load(EXAMPLE)
    tokens = [account["token"] for account in (*file["accounts"].values(), file["http"]) if "token" in account]
    assert len(tokens) >= 3
    assert all(token.startswith("${") for token in tokens)


@pytest.mark.parametrize("text", [text for _, text in blocks()], ids=[place for place, _ in blocks()])
def test_a_block_of_the_docs_can_be_used(text: str, tmp_path: Path) -> None:
    assert read(whole(text), tmp_path).accounts


@pytest.mark.parametrize(
    ("fragment", "accounts"),
    [
        ("connector: console\n", {"shown"}),
        ("accounts:\n  a: {connector: console}\n", {"a"}),
        ('links:\n  l:\n    rooms: ["a/#x", b/-1]\n', {"a", "b"}),
        ("store: {path: x}\n", {"shown"}),
    ],
)
def test_a_fragment_is_made_whole(fragment: str, accounts: set[str]) -> None:
    assert set(yaml.safe_load(whole(fragment))["accounts"]) == accounts
