"""Entry points → connectors and emulators: found without importing, imported only when asked for."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from bridge.connector import Connector

if TYPE_CHECKING:  # the kit is for tests and the demo: running a bridge does not import it
    from bridge.testing.platform import Platform

CONNECTORS = "qantara.connectors"
EMULATORS = "qantara.emulators"

T = TypeVar("T")
Check: TypeAlias = Callable[[Any], Any]
"""Takes what an entry point gave, or raises TypeError with what is wrong with it."""


class Registry(Generic[T]):
    """Things by name; each is imported when it is first asked for."""

    def __init__(self, imports: Mapping[str, Callable[[], T]]) -> None:
        self._imports = dict(sorted(imports.items()))

    @classmethod
    def of(cls, things: Mapping[str, T]) -> "Registry[T]":
        """A registry of what is imported already: for tests, and for programs that bring their own."""
        return Registry({name: partial(_same, thing) for name, thing in things.items()})

    def names(self) -> tuple[str, ...]:
        """Every name, sorted; nothing is imported for it."""
        return tuple(self._imports)

    def get(self, name: str) -> T:
        """The thing of that name; KeyError when there is none, ImportError with what to install when it cannot come."""
        return self._imports[name]()


def _same(thing: T) -> T:
    return thing


def installed() -> Registry[type[Connector[Any]]]:
    """The connectors of every installed package."""
    return Registry(_imports("connector", entry_points(group=CONNECTORS), _connector))


def emulators() -> "Registry[Callable[[], Platform]]":
    """The emulators of every installed package."""
    return Registry(_imports("emulator", entry_points(group=EMULATORS), _same))


def _connector(found: object) -> type[Connector[Any]]:
    if isinstance(found, type) and issubclass(found, Connector):
        return found
    raise TypeError("is no subclass of Connector")


def _imports(kind: str, points: Iterable[EntryPoint], check: Check) -> Mapping[str, Callable[[], Any]]:
    by_name: dict[str, list[EntryPoint]] = {}
    for point in points:
        others = by_name.setdefault(point.name, [])
        if point.value not in {other.value for other in others}:
            others.append(point)
    return {name: partial(_imported, kind, found, check) for name, found in by_name.items()}


def _imported(kind: str, points: list[EntryPoint], check: Check) -> Any:  # noqa: ANN401  # whatever the package offers
    if len(points) > 1:
        packages = " and ".join(sorted(_package(point) for point in points))
        raise ImportError(f'{kind} "{points[0].name}" is offered by {packages}: uninstall all but one')
    return _checked(kind, points[0], check)


def _checked(kind: str, point: EntryPoint, check: Check) -> Any:  # noqa: ANN401  # the same
    try:
        found = point.load()
    except (ImportError, AttributeError) as error:
        raise ImportError(f'{kind} "{point.name}": {_remedy(point, error)}') from error
    try:
        return check(found)
    except TypeError as error:
        raise ImportError(f'{kind} "{point.name}": {point.value} {error}') from error


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else point.module


def _remedy(point: EntryPoint, error: Exception) -> str:
    """What to do: the extra of the connector's name where its package has one, and a module outside it is missing."""
    extras = point.dist.metadata.get_all("Provides-Extra") or [] if point.dist is not None else []
    missing = getattr(error, "name", None) if isinstance(error, ModuleNotFoundError) else None
    if missing and point.name in extras and missing.partition(".")[0] != point.module.partition(".")[0]:
        return f"install {_package(point)}[{point.name}] (there is no module {missing})"
    return f"cannot be imported from {point.module}: {error}"
