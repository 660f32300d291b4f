"""YAML text → plain values, each with its line; never more than names, texts, numbers, true, false, null and lists."""

import math
import re
from collections.abc import Mapping
from typing import Any, TypeAlias

import yaml
from msgspec import Struct
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from bridge.config.faults import Fault, Trail, dotted
from bridge.config.references import Resolved, resolve

MAX_CHARACTERS = 1024 * 1024
MAX_DEPTH = 32
MAX_VALUES = 100_000
"""Values after every alias has been replaced by what it stands for: some kilobytes of aliases can mean gigabytes."""

Value: TypeAlias = Any  # None, bool, int, float, str, list and dict of the same

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(
    r"[-+]?(0|[1-9][0-9]{0,17})?\.[0-9]{1,30}([eE][-+]?[0-9]{1,3})?|[-+]?[1-9][0-9]{0,17}[eE][-+]?[0-9]{1,3}"
)
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}
_QUOTED = re.compile(r"'[^'<]+'")


class Mark(Struct, frozen=True, kw_only=True):
    """Where a value stands, and which parts of it came from outside the file."""

    line: int
    taken: tuple[str, ...] = ()
    read: tuple[str, ...] = ()

    @property
    def hidden(self) -> tuple[str, ...]:
        """What must not be shown."""
        return (*self.taken, *self.read)


class Page(Struct, frozen=True, kw_only=True):
    """A configuration as it was read: values, where each stands, and what was wrong with the writing itself."""

    name: str
    values: Value
    marks: Mapping[Trail, Mark]
    faults: tuple[Fault, ...] = ()

    def at(self, trail: Trail) -> Value:
        """The value at a trail; None where there is none."""
        value = self.values
        for step in trail:
            match value, step:
                case dict(), str():
                    value = value.get(step)
                case list(), int() if 0 <= step < len(value):
                    value = value[step]
                case _:
                    return None
        return value

    def fault(self, trail: Trail, problem: str) -> Fault:
        """Something wrong at `trail`, or at the nearest place above it that exists."""
        return Fault(file=self.name, line=self.line(trail), path=dotted(trail), problem=problem)

    def line(self, trail: Trail) -> int:
        """The line of the value at `trail`, or of the nearest one above it."""
        while trail and trail not in self.marks:
            trail = trail[:-1]
        return self.marks[trail].line if trail in self.marks else 1

    def mark(self, trail: Trail) -> Mark:
        """The mark at `trail`; line 1 where there is none."""
        return self.marks.get(trail) or Mark(line=self.line(trail))


def read(text: str, *, name: str, environ: Mapping[str, str]) -> Page:
    """Read YAML text; a page with faults holds what could be read of it."""
    text = text.removeprefix("\ufeff")
    if len(text) > MAX_CHARACTERS:
        return _unreadable(name, 0, f"is larger than {MAX_CHARACTERS // 1024} KiB")
    try:
        node = _compose(text)
    except _TooDeep as error:
        return _unreadable(name, error.line, f"lists and mappings are nested more than {MAX_DEPTH} deep")
    except yaml.YAMLError as error:
        return _unreadable(name, _line(error, text), _syntax(error))
    except (ValueError, OverflowError):  # PyYAML's own, from numbers in escapes and directives
        return _unreadable(name, 1, "is no YAML: an escape such as \\U… or a % directive holds an impossible number")
    return _Reader(name, environ).page(node)


def scalar(text: str) -> Value:
    """What an unquoted word means: only `true` and `false` are booleans, only plain decimal numbers are numbers."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return text


class _TooDeep(Exception):
    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line


class _TooMany(Exception):
    pass


class _Loader(yaml.SafeLoader):
    """PyYAML's composer with a limit to its depth and without its guesses about tags."""

    depth = 0

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise _TooDeep(self.line + 1)
        node: Node | None = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def resolve(self, kind: type[Node], value: object, implicit: object) -> str:  # noqa: ARG002  # PyYAML's signature
        return ""  # a tag that is not empty was written in the file


def _compose(text: str) -> Node | None:
    loader = _Loader(text)
    try:
        return loader.get_single_node()
    finally:
        loader.dispose()


def _unreadable(name: str, line: int, problem: str) -> Page:
    fault = Fault(file=name, line=line, path="", problem=problem)
    return Page(name=name, values=None, marks={}, faults=(fault,))


def _line(error: yaml.YAMLError, text: str) -> int:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is not None:
        return int(mark.line) + 1
    return text.count("\n", 0, getattr(error, "position", 0)) + 1


def _syntax(error: yaml.YAMLError) -> str:
    """PyYAML's reason without the words of the file: an unquoted secret may begin with `*`, `&` or `!`."""
    if isinstance(error, yaml.reader.ReaderError):
        return f"is no YAML: the character U+{_code(error.character):04X} is not allowed"
    reason = _QUOTED.sub("…", getattr(error, "problem", None) or "it cannot be read")
    return f"is no YAML: {reason} (text that holds special characters needs quotes)"


def _code(character: str | int) -> int:
    return ord(character) if isinstance(character, str) else character  # PyYAML gives a number, its stubs a letter


class _Reader:
    """Walks the nodes once, noting where each value stands."""

    def __init__(self, name: str, environ: Mapping[str, str]) -> None:
        self._name = name
        self._environ = environ
        self._marks: dict[Trail, Mark] = {}
        self._faults: list[Fault] = []
        self._open: set[int] = set()

    def page(self, node: Node | None) -> Page:
        try:
            values = None if node is None else self._value(node, (), 1)
        except _TooMany:
            return _unreadable(self._name, 0, f"holds more than {MAX_VALUES} values once its aliases are followed")
        return Page(name=self._name, values=values, marks=self._marks, faults=tuple(self._faults))

    def _value(self, node: Node, trail: Trail, line: int) -> Value:
        self._marks[trail] = Mark(line=line)
        if len(self._marks) > MAX_VALUES:
            raise _TooMany
        if id(node) in self._open or len(trail) > MAX_DEPTH:
            self._fault(trail, "holds itself through an alias, or is nested too deep")
            return None
        if node.tag not in {"", "!"}:
            self._fault(trail, "holds a tag (a word that begins with !): text like that needs quotes")
            return None
        self._open.add(id(node))
        try:
            return self._inside(node, trail, line)
        finally:
            self._open.discard(id(node))

    def _inside(self, node: Node, trail: Trail, line: int) -> Value:
        match node:
            case MappingNode():
                return self._mapping(node, trail)
            case SequenceNode():
                items = enumerate(node.value)
                return [self._value(item, (*trail, index), item.start_mark.line + 1) for index, item in items]
            case ScalarNode():
                return self._scalar(node, trail, line)

    def _mapping(self, node: MappingNode, trail: Trail) -> Value:
        values: dict[str, Value] = {}
        lines: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            name = self._key(key, trail)
            if name is None:
                continue
            if name in values:
                self._fault((*trail, name), f"is written twice, first in line {lines[name]}", line)
                continue
            lines[name] = line
            values[name] = self._value(value, (*trail, name), line)
        return values

    def _key(self, node: Node, trail: Trail) -> str | None:
        line = node.start_mark.line + 1
        if not isinstance(node, ScalarNode) or node.tag not in {"", "!"} or not _unicode(node.value):
            self._fault(trail, "holds a name that is no plain text", line)
            return None
        if node.value == "<<" and not node.style:
            self._fault(trail, 'merging with "<<" is not done here: an alias stands for a whole value', line)
            return None
        return str(node.value)

    def _scalar(self, node: ScalarNode, trail: Trail, line: int) -> Value:
        if not _unicode(node.value):
            self._fault(trail, "holds half a character (a lone surrogate)")
            return None
        if "${" not in node.value:
            return node.value if node.style else scalar(node.value)
        return self._referring(resolve(node.value, self._environ), trail, line)

    def _referring(self, resolved: Resolved, trail: Trail, line: int) -> Value:
        self._marks[trail] = Mark(line=line, taken=resolved.taken, read=resolved.read)
        for problem in resolved.problems:
            self._fault(trail, problem)
        return None if resolved.problems else resolved.text

    def _fault(self, trail: Trail, problem: str, line: int | None = None) -> None:
        at = self._marks[trail].line if line is None else line
        self._faults.append(Fault(file=self._name, line=at, path=dotted(trail), problem=problem))


def _unicode(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)
