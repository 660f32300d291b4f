"""A part of the page against its settings class: the settings, or every fault with its line."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar, get_args

import msgspec
from pydantic import BaseModel, SecretBytes, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_core.core_schema import ErrorType

from bridge.config.faults import FIXED_SENTENCE, Fault, Trail, did_you_mean, shown
from bridge.config.page import Page, Value, scalar

M = TypeVar("M", bound=BaseModel)

_OURS_TO_SHOW = frozenset(get_args(ErrorType)) - {"value_error", "assertion_error"} | {FIXED_SENTENCE}
"""Reasons that pydantic or we word, and that hold nothing of the value."""
_SHOULD = re.compile(r"^\w+ should")
_WORDS = {
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "set_type": "must be a list",
    "frozen_set_type": "must be a list",
    "dict_type": 'must be a mapping of "name: value" lines',
    "model_type": 'must be a mapping of "name: value" lines',
    "model_attributes_type": 'must be a mapping of "name: value" lines',
}


def check(model: type[M], page: Page, trail: Trail = ()) -> tuple[M | None, tuple[Fault, ...]]:
    """Read the value at `trail` as `model`; text that came from a reference is read as a number where one is wanted."""
    value = page.at(trail)
    settings, errors = _attempt(model, value)
    if errors and (respelled := _respelled(value, errors, page, trail)) is not None:
        settings, errors = _attempt(model, respelled)
    hidden = tuple(_hidden(model, page, trail)) if errors else ()
    return settings, tuple(_fault(model, page, trail, error, hidden) for error in errors)


def _attempt(model: type[M], value: Value) -> tuple[M | None, Sequence[ErrorDetails]]:
    """Strict, and as JSON: lists are tuples and sets there, while "yes" is no boolean and "5" no number."""
    try:
        return model.model_validate_json(msgspec.json.encode(value), strict=True), ()
    except ValidationError as error:
        return None, error.errors(include_url=False, include_context=False, include_input=False)


def _respelled(value: Value, errors: Sequence[ErrorDetails], page: Page, trail: Trail) -> Value | None:
    """A copy in which texts from references are numbers or booleans where those were wanted; None if none were."""
    copy = msgspec.json.decode(msgspec.json.encode(value))
    found = False
    for error in errors:
        inner = _place(value, error)
        text = page.at((*trail, *inner))
        if error["type"] in {"int_type", "float_type", "bool_type"} and page.mark((*trail, *inner)).hidden:
            read = scalar(text)
            found = found or read is not text
            _put(copy, inner, read)
    return copy if found else None


def _put(value: Value, trail: Trail, new: Value) -> None:
    for step in trail[:-1]:
        value = value[step]
    if trail:
        value[trail[-1]] = new


def _place(value: Value, error: ErrorDetails) -> Trail:
    """As much of pydantic's location as names values of the file: the rest are names of its own."""
    trail: Trail = ()
    for step in error["loc"]:
        match value, step:
            case dict(), str() if step in value:
                value = value[step]
            case list(), int() if step < len(value):
                value = value[step]
            case _:
                return trail
        trail = (*trail, step)
    return trail


def _fault(model: type[BaseModel], page: Page, trail: Trail, error: ErrorDetails, hidden: Sequence[str]) -> Fault:
    place = (*trail, *_place(page.at(trail), error))
    if error["type"] == "missing":
        return page.fault((*place, error["loc"][-1]), f"is missing{_sentence(model, error)}")
    if error["type"] == "extra_forbidden":
        return page.fault(place, _unknown(_owner(model, error["loc"][:-1]), shown(str(error["loc"][-1]))))
    if error["type"] == "string_pattern_mismatch":
        return page.fault(place, f"is not written as it must be{_sentence(model, error)}")
    return page.fault(place, _problem(page.at(place), error, hidden))


def _problem(value: Value, error: ErrorDetails, hidden: Sequence[str]) -> str:
    problem = _WORDS.get(error["type"], " ".join(error["msg"].removeprefix("Value error, ").split()))
    problem = _SHOULD.sub("must", problem)
    if error["type"] not in _OURS_TO_SHOW and leaks(problem, hidden):
        return "is refused (the reason is not shown: it may hold a part of a secret)"
    if value == "" and error["type"] in {"too_short", "string_too_short"}:
        return "is empty"
    if value is None:
        return f"is empty, but {problem}"
    if error["type"] == "string_type" and isinstance(value, int | float):
        return f"{problem}: put it in quotes"
    return problem


def leaks(problem: str, hidden: Sequence[str]) -> bool:
    """Whether six characters in a row of something hidden can be read in `problem`."""
    for secret in filter(None, hidden):
        size = min(6, len(secret))
        if any(problem[start : start + size] in secret for start in range(len(problem) - size + 1)):
            return True
    return False


def _unknown(owner: type[BaseModel] | None, name: str) -> str:
    if owner is not None and name in getattr(owner, "not_yet", ()):
        return "is planned, but not in this version yet"
    return f'unknown setting "{name}"{did_you_mean(name, () if owner is None else _fields(owner))}'


def _fields(model: type[BaseModel]) -> Mapping[str, FieldInfo]:
    """The settings of a part by the names they have in the file."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _sentence(model: type[BaseModel], error: ErrorDetails) -> str:
    """What the setting's own sentence says."""
    owner = _owner(model, error["loc"][:-1])
    field = None if owner is None else _fields(owner).get(str(error["loc"][-1]))
    return f": {' '.join(field.description.split())}" if field is not None and field.description else ""


def _owner(model: type[BaseModel], location: Sequence[int | str]) -> type[BaseModel] | None:
    """The settings class that a location leads to, through optional parts, lists and mappings."""
    owner: type[BaseModel] | None = model
    for step in location:
        fields = {} if owner is None else _fields(owner)
        if step in fields:
            owner = next(_models(fields[str(step)].annotation), None)
    return owner


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)


def _hidden(model: type[BaseModel], page: Page, trail: Trail) -> Iterator[str]:
    """Every text under `trail` that no fault may show: what came by reference, and what a secret's field holds."""
    for place, mark in page.marks.items():
        if place[: len(trail)] == trail:
            yield from mark.hidden
    value = page.at(trail)
    for name, field in _fields(model).items():
        if isinstance(value, Mapping) and _holds_secret(field.annotation):
            yield from _texts(value.get(name))


def _holds_secret(annotation: object, seen: frozenset[type[BaseModel]] = frozenset()) -> bool:
    if isinstance(annotation, type) and issubclass(annotation, SecretStr | SecretBytes):
        return True
    models = frozenset(_models(annotation)) - seen
    inner = [field.annotation for model in models for field in model.model_fields.values()]
    return any(_holds_secret(argument, seen | models) for argument in (*get_args(annotation), *inner))


def _texts(value: Value) -> Iterator[str]:
    match value:
        case str():
            yield value
        case int() | float():
            yield str(value)
        case dict():
            for item in value.values():
                yield from _texts(item)
        case list():
            for item in value:
                yield from _texts(item)
