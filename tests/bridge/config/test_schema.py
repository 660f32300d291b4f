"""The JSON Schema agrees with the program about what a file may hold."""

import json
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from bridge.config import schema
from tests.bridge.config.examples import CONNECTORS, SMALL, account, faults

GOOD = [
    SMALL,
    account("address: a\ntoken: t\nrate: 3\nnames: [x]\nkeys: {c: k}\ncertificate: ca.pem"),
    account('address: a\ntoken: t\nrate: "${RATE:-3}"\nencrypted: "${E:-true}"\nnick: "${N:-x}"'),
    SMALL
    + "links: {l: {rooms: [a/1, b/1]}, m: {from: [a/2], to: [b/2], lifetime_hours: 3,"
    + " limits: {person: {messages: 3}}}}\n",
    SMALL + "notices: a/ops\nhttp: {listen: '127.0.0.1:0'}\nstore: {durability: relaxed, parked_days: 3}\n",
]
BAD = [
    SMALL + "linsk: {}\n",
    SMALL + "announcements: {x: {}}\n",
    "links: {}\n",
    "accounts: {}\n",
    "accounts: {A: {connector: listener}}\n",
    "accounts: {a: {connector: another}}\n",
    "accounts: {a: {}}\n",
    account("address: a"),
    account("address: a\ntoken: t\nrate: many"),
    account("address: a\ntoken: t\nrate: -1"),
    account("address: a\ntoken: t\nnick: B"),
    account("address: a\ntoken: t\nadress: a"),
    SMALL + "store: {durability: normal}\n",
    SMALL + "links: {l: {rooms: a/1}}\n",
    SMALL + "links: {l: {rooms: [a/1, b/1], transforms: [{drop: {}}]}}\n",
]


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    found: dict[str, Any] = json.loads(json.dumps(schema(CONNECTORS)))
    Draft202012Validator.check_schema(found)
    return Draft202012Validator(found)


@pytest.mark.parametrize("text", GOOD)
def test_what_the_program_takes_the_schema_takes(validator: Draft202012Validator, text: str) -> None:
    assert faults(text) == []
    assert [error.message for error in validator.iter_errors(yaml.safe_load(text))] == []


@pytest.mark.parametrize("text", BAD)
def test_what_the_schema_refuses_the_program_refuses(validator: Draft202012Validator, text: str) -> None:
    assert not validator.is_valid(yaml.safe_load(text))
    assert faults(text)


def test_every_setting_brings_its_sentence() -> None:
    settings = schema(CONNECTORS)["$defs"]["Server"]["properties"]
    assert settings["address"]["description"] == "Address of the server."
