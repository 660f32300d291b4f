"""The files of a new connector's package, as `qantara new` writes them: `$name` and the like stand for its names."""

from collections.abc import Mapping
from importlib import resources
from string import Template

from msgspec import Struct

_FILES = {
    "README.md": "README.md.txt",
    "pyproject.toml": "pyproject.toml.txt",
    "$package/__init__.py": "package.py.txt",
    "$package/connector.py": "connector.py.txt",
    "tests/test_contract.py": "test_contract.py.txt",
}


class Names(Struct, frozen=True):
    """What a connector called `zulip_chat` is called everywhere."""

    name: str

    @property
    def project(self) -> str:
        return f"qantara-{self.name.replace('_', '-')}"

    @property
    def package(self) -> str:
        return f"qantara_{self.name}"

    @property
    def title(self) -> str:
        return "".join(part.capitalize() for part in self.name.split("_"))


def files(names: Names) -> Mapping[str, str]:
    """Each file's path and text."""
    words = {"name": names.name, "project": names.project, "package": names.package, "title": names.title}
    folder = resources.files("bridge.scaffold")
    return {
        Template(path).substitute(words): Template((folder / source).read_text("utf-8")).substitute(words)
        for path, source in _FILES.items()
    }
