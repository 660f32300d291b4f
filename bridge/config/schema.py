"""The JSON Schema of the configuration file, for editors: from the settings classes of what is installed."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from bridge.config.connectors import Connectors
from bridge.config.settings import FileSettings
from bridge.connector import ConnectorConfig

Schema: TypeAlias = dict[str, Any]

REFERENCE = {"type": "string", "pattern": r"\$\{"}
"""A text with `${…}` in it may stand wherever a number, boolean or certain text is wanted."""
_MODE: JsonSchemaMode = "validation"
_INSIDE = ("items", "additionalProperties")
_FREE = {"type", "format", "writeOnly"}


def schema(connectors: Connectors) -> Schema:
    """JSON Schema (2020-12) of the whole file; raises ImportError when the SDK of a connector is missing."""
    models = {name: connectors.get(name).Config for name in connectors.names()}
    every: list[type[BaseModel]] = [FileSettings, *models.values()]
    keys, parts = models_json_schema([(model, _MODE) for model in every])
    definitions = {name: _loosened(part) for name, part in parts["$defs"].items()}
    file = definitions.pop(keys[FileSettings, _MODE]["$ref"].rpartition("/")[2])
    file["properties"]["accounts"] = _accounts(file["properties"]["accounts"], models, keys)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Qantara's configuration",
        **{key: value for key, value in file.items() if key != "title"},
        "$defs": definitions,
    }


def _accounts(accounts: Schema, models: Mapping[str, type[ConnectorConfig]], keys: Mapping[Any, Schema]) -> Schema:
    """An account is what its `connector` says."""
    choices = [
        {
            "if": {"properties": {"connector": {"const": name}}, "required": ["connector"]},
            "then": keys[model, _MODE],
        }
        for name, model in models.items()
    ]
    account = {
        "type": "object",
        "required": ["connector"],
        "properties": {"connector": {"enum": list(models)}},
        "allOf": choices,
    }
    return {
        **accounts,
        "minProperties": 1,
        "propertyNames": {"pattern": "^[a-z0-9_-]+$"},
        "additionalProperties": account,
    }


def _loosened(part: Schema) -> Schema:
    """Every setting may also be a reference; titles repeat the names and go."""
    if "enum" in part:
        return _or_reference(part)
    properties = {name: _setting(setting) for name, setting in part.get("properties", {}).items()}
    return {**{key: value for key, value in part.items() if key != "title"}, "properties": properties}


def _setting(setting: Schema) -> Schema:
    loose = _or_reference(
        {key: value for key, value in setting.items() if key not in {"title", "description", "default"}}
    )
    return {**{key: setting[key] for key in ("description", "default") if key in setting}, **loose}


def _or_reference(setting: Schema) -> Schema:
    """The same, or a text with `${…}`: at every place where a single value stands."""
    if "anyOf" in setting:
        return {**setting, "anyOf": [_or_reference(choice) for choice in setting["anyOf"]]}
    inner = {key: _or_reference(setting[key]) for key in _INSIDE if isinstance(setting.get(key), dict)}
    free_text = setting.get("type") == "string" and setting.keys() <= _FREE
    if inner or free_text or "$ref" in setting or setting.get("type") in {"null", "object"}:
        return {**setting, **inner}
    return {"anyOf": [setting, REFERENCE]}
