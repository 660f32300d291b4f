"""Connectors and emulators by name: found without importing, imported when asked for, missing with a remedy."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bridge.registry import Registry, emulators, installed

METADATA = "Metadata-Version: 2.1\nName: {name}\nVersion: 1\nProvides-Extra: zulip\n"


@pytest.fixture
def package(tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Puts a stranger's installed package on the path: its entry points, and the code of its module."""

    def install(name: str, points: str, code: str) -> None:
        information = tmp_path / f"{name}-1.dist-info"
        information.mkdir()
        (information / "METADATA").write_text(METADATA.format(name=name))
        (information / "entry_points.txt").write_text(points)
        (tmp_path / f"{name}.py").write_text(code)

    sys.path.insert(0, str(tmp_path))
    yield install
    sys.path.remove(str(tmp_path))
    for name in [name for name, module in sys.modules.items() if str(tmp_path) in str(getattr(module, "__file__", ""))]:
        del sys.modules[name]


def test_our_own_connectors_are_found_as_a_stranger_would_be() -> None:
    assert {"console", "irc", "matrix", "telegram"} <= set(installed().names())


def test_emulators_are_found_for_the_demo() -> None:
    assert {"irc", "matrix", "telegram"} <= set(emulators().names())


def test_a_strangers_connector_needs_one_entry_point(package: Callable[..., None]) -> None:
    code = "from bridge import Connector\nclass Zulip(Connector): ...\n"
    package("stranger", "[qantara.connectors]\nzulip = stranger:Zulip\n", code)
    assert installed().get("zulip").__name__ == "Zulip"


def test_a_missing_library_says_what_to_install(package: Callable[..., None]) -> None:
    package("stranger", "[qantara.connectors]\nzulip = stranger:Zulip\n", "import no_such_library\n")
    with pytest.raises(ImportError) as raised:
        installed().get("zulip")
    assert str(raised.value) == 'connector "zulip": install stranger[zulip] (there is no module no_such_library)'


def test_a_missing_library_without_an_extra_is_named(package: Callable[..., None]) -> None:
    package("stranger", "[qantara.connectors]\nother = stranger:Other\n", "import no_such_library\n")
    with pytest.raises(ImportError, match="cannot be imported from stranger: No module named 'no_such_library'"):
        installed().get("other")


def test_a_missing_class_is_named(package: Callable[..., None]) -> None:
    package("stranger", "[qantara.connectors]\nzulip = stranger:Zulip\n", "")
    with pytest.raises(ImportError, match=r'connector "zulip": cannot be imported from stranger: .*Zulip'):
        installed().get("zulip")


@pytest.mark.parametrize("code", ["Zulip = 5\n", "class Zulip: ...\n"])
def test_what_is_no_connector_is_refused(package: Callable[..., None], code: str) -> None:
    package("stranger", "[qantara.connectors]\nzulip = stranger:Zulip\n", code)
    with pytest.raises(ImportError, match='connector "zulip": stranger:Zulip is no subclass of Connector'):
        installed().get("zulip")


def test_two_packages_that_offer_the_same_name_are_refused(package: Callable[..., None]) -> None:
    package("stranger", "[qantara.connectors]\nzulip = stranger:Zulip\n", "")
    package("another", "[qantara.connectors]\nzulip = another:Zulip\n", "")
    with pytest.raises(ImportError, match='"zulip" is offered by another and stranger: uninstall all but one'):
        installed().get("zulip")


def test_names_are_known_without_importing_anything() -> None:
    program = (
        "import sys; from bridge.registry import installed, emulators; print(installed().names(), emulators().names());"
        "print([name for name in sys.modules if name.split('.')[0] in ('connectors', 'nio', 'telegram', 'pytest')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.splitlines()[1] == "[]"


def test_a_registry_of_a_tests_own_gives_what_it_was_given() -> None:
    registry = Registry.of({"b": 2, "a": 1})
    assert (registry.names(), registry.get("b")) == (("a", "b"), 2)


def test_an_unknown_name_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        Registry.of({"a": 1}).get("b")
