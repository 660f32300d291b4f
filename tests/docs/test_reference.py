"""The generated pages are fresh, complete, and the check notices when they are not."""

import json
import subprocess
import sys
from pathlib import Path

from bridge.config.settings import FileSettings, HttpSettings, LinkSettings, StoreSettings
from bridge.registry import installed

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "reference.py"


def check(root: Path) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, str(root / "scripts" / "reference.py"), "--check"]
    return subprocess.run(program, capture_output=True, text=True, check=False, timeout=50, cwd=ROOT)


def test_the_generated_pages_are_fresh() -> None:
    done = check(ROOT)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_stale_page_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "docs" / "reference").mkdir(parents=True)
    (tmp_path / "scripts" / "reference.py").write_bytes(SCRIPT.read_bytes())
    for page in (ROOT / "docs" / "reference").iterdir():
        (tmp_path / "docs" / "reference" / page.name).write_bytes(page.read_bytes())
    (tmp_path / "docs" / "reference" / "configuration.md").write_text("old\n")
    done = check(tmp_path)
    assert done.returncode == 1
    assert done.stderr == "docs/reference/configuration.md is stale: run `python scripts/reference.py`\n"


def test_every_setting_of_every_part_has_its_row() -> None:
    page = (ROOT / "docs" / "reference" / "configuration.md").read_text()
    connectors = [installed().get(name).Config for name in installed().names()]
    for settings in (FileSettings, StoreSettings, HttpSettings, LinkSettings, *connectors):
        for name, field in settings.model_fields.items():
            assert f"| `{field.alias or name}` |" in page
            assert " ".join((field.description or "no sentence").split()).replace("|", "\\|") in page


def test_the_schema_names_every_connector() -> None:
    schema = json.loads((ROOT / "docs" / "reference" / "config.schema.json").read_text())
    account = schema["properties"]["accounts"]["additionalProperties"]
    assert account["properties"]["connector"]["enum"] == list(installed().names())
