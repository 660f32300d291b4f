"""The pages are true: links lead somewhere, commands, settings, paths and messages they name exist."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from bridge.cli import app
from bridge.config.settings import FileSettings, HttpSettings, LinkSettings, StoreSettings
from bridge.registry import installed
from tests.docs.features import in_readme, table

ROOT = Path(__file__).parents[2]
TOP = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")
PAGES = [*(ROOT / name for name in TOP), *sorted((ROOT / "docs").rglob("*.md"))]
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
_FENCE = re.compile(r"^( *)```.*?^\1```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_COMMAND = re.compile(r"(?<![\w./!-])qantara ((?:-{0,2}[a-z][\w-]*|[A-Z]+|\d+)(?: (?:-{0,2}[a-z][\w-]*|[A-Z]+|\d+))*)")
_MAKE = re.compile(r"(?:`|^)make ([a-z]+(?: [a-z]+)*)", re.MULTILINE)
_PATH = re.compile(r"`((?:bridge|connectors|docs|scripts|tests|changes|examples)/[\w./-]*)`")
_SETTING = re.compile(r"`((?:store|http|links|accounts|notices)(?:\.\*?[a-z_]+)+)`")
_PROSE_AFTER_QANTARA = {"a", "is", "links"}


def words(page: Path) -> str:
    """A page without its blocks of code."""
    return _FENCE.sub("", page.read_text("utf-8"))


def anchors(page: Path) -> set[str]:
    """What one can link to behind `#`."""
    titles = re.findall(r"^#+ (.+)$", words(page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.replace("`", "")).lower().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in _LINK.findall(words(page)):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        leads_to = (page.parent / path).resolve() if path else page
        assert leads_to.exists(), f"{target} leads nowhere"
        assert not anchor or anchor in anchors(leads_to), f"{target}: there is no such heading"


def known(command: Any, typed: list[str]) -> str:  # noqa: ANN401 - typer carries a click of its own
    """What of a typed command does not exist; "" when all does."""
    for word in typed:
        inside = getattr(command, "commands", {})
        if word.startswith("-"):
            options = {option for one in command.params for option in one.opts}
            if word not in options | {"--help"}:
                return f"no option {word}"
        elif word in inside:
            command = inside[word]
        elif inside and not word.isupper():  # a word in capitals stands for any
            return f"no command {word}"
    return ""


def commands(page: Path) -> Iterator[str]:
    """Everything of the form `qantara …` in code, inline or in a block."""
    text = page.read_text("utf-8")
    code = [*re.findall(r"`([^`\n]+)`", text), *(match[0] for match in _FENCE.finditer(text))]
    for piece in code:
        for found in _COMMAND.findall(piece):
            if found.split()[0] not in _PROSE_AFTER_QANTARA:
                yield found


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_command_exists(page: Path) -> None:
    faults = {typed: known(get_command(app), typed.split()) for typed in commands(page)}
    assert {typed: fault for typed, fault in faults.items() if fault} == {}


def test_a_command_that_does_not_exist_is_noticed() -> None:
    program = get_command(app)
    assert known(program, ["run", "--config"]) == ""
    assert known(program, ["queue", "retry", "17"]) == ""
    assert known(program, ["fly"]) == "no command fly"
    assert known(program, ["run", "--fast"]) == "no option --fast"


def test_every_command_is_described() -> None:
    program: Any = get_command(app)
    told = "\n".join(page.read_text("utf-8") for page in PAGES)
    assert {name for name in program.commands if f"qantara {name}" not in told} == set()
    assert {name for name, one in program.commands.items() if not one.help} == set()


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_target_of_make_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {target for found in _MAKE.findall(page.read_text("utf-8")) for target in found.split()}
    assert named <= targets


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_path_exists(page: Path) -> None:
    text = page.read_text("utf-8")
    own = re.findall(r"^`([\w/.]+)`(?:, at the end)?$", text, re.MULTILINE)  # files that the page itself writes
    assert [path for path in _PATH.findall(text) if path not in own and not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_setting_exists(page: Path) -> None:
    accounts = {name for one in installed().names() for name in installed().get(one).Config.model_fields}
    parts = {"store": StoreSettings, "http": HttpSettings, "links": LinkSettings}
    there = {
        part: {field.alias or name for name, field in one.model_fields.items()} for part, one in parts.items()
    } | {"accounts": accounts}  # fmt: skip
    for found in _SETTING.findall(words(page)):
        part, *names = [name for name in found.split(".") if name != "*"]
        assert part in FileSettings.model_fields
        assert set(names) <= there[part], found


def test_the_readmes_table_is_what_the_code_says() -> None:
    assert in_readme() == table(), "run `python -m tests.docs.features`"


def test_the_readme_tells_of_every_part_of_the_repository() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    parts = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith((".", "__"))}
    ours = parts & {"bridge", "connectors", "tests", "docs", "scripts", "changes", "benchmarks", "examples"}
    assert {part for part in ours if f"| `{part}/` |" not in readme} == set()


def test_every_message_in_the_table_of_troubles_can_appear() -> None:
    page = (ROOT / "docs" / "start.md").read_text("utf-8")
    shown = re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE)
    code = "\n".join(
        path.read_text("utf-8") for part in ("bridge", "connectors") for path in (ROOT / part).rglob("*.py")
    )
    assert len(shown) >= 15
    assert [message for message in shown if message not in code] == []


def nouns() -> set[str]:
    """The classes of the engine that are things of its domain."""
    files = [path for path in (ROOT / "bridge").glob("*.py") if not path.name.startswith("_")]
    trees = [ast.parse(path.read_text("utf-8")) for path in files]
    classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    things = [one for one in classes if {ast.unparse(base) for base in one.bases}.isdisjoint(_NO_THINGS)]
    return {one.name for one in things if not one.name.startswith("_")} - _SENTENCES - _ORDINARY


_NO_THINGS = {"Exception", "BridgeError", "Unavailable", "Rejected", "RoomClosed", "Event", "Protocol"}
_SENTENCES = {"Again", "Refit", "Apart", "GiveUp", "Closed", "Stop", "Ended", "Loaded", "Quoted", "Made"}
"""What follows a failed try, and what became of something."""
_ORDINARY = {"App", "State", "Exit", "Format", "Level", "Mask", "SystemClock", "SystemChance", "SeededChance"}
"""Words that mean here what they mean everywhere."""
_TOLD_AS = {"Heard": "listener", "RoomState": "held", "Breaker": "loop", "RoomInfo": "room"}


def test_the_glossary_has_every_noun_of_the_engine() -> None:
    entries = re.findall(r"^\* (.+)$", (ROOT / "docs" / "glossary.md").read_text("utf-8"), re.MULTILINE)
    there = set(re.findall(r"[a-z]+", " ".join(entries).lower()))
    parts = {noun: re.findall(r"[A-Z][a-z]+", _TOLD_AS.get(noun, noun).capitalize() if noun in _TOLD_AS else noun)
             for noun in nouns()}  # fmt: skip
    assert {noun for noun, words in parts.items() if not {word.lower() for word in words} <= there} == set()


def test_the_glossary_gives_each_noun_one_sentence_and_keeps_their_order() -> None:
    page = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    for section in page.split("\n## ")[1:]:
        entries = re.findall(r"^\* \*\*(.+?)\*\*.*: (.+)$", section, re.MULTILINE)
        assert [name for name, _ in entries] == sorted(name for name, _ in entries)
        assert len(entries) == section.count("\n* ")
        assert all(sentence.endswith(".") for _, sentence in entries)


DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))


@pytest.mark.parametrize("page", DECISIONS, ids=[page.name for page in DECISIONS])
def test_a_decision_tells_situation_choice_and_consequences(page: Path) -> None:
    headings = re.findall(r"^## (.+)$", page.read_text("utf-8"), re.MULTILINE)
    assert [heading for heading in headings if heading in {"Situation", "Choice", "Consequences"}] == [
        "Situation", "Choice", "Consequences",
    ]  # fmt: skip
