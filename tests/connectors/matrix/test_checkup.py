"""What the doctor hears of a Matrix account: the server's versions, and what it may not do in a room."""

from collections.abc import Mapping
from typing import Any

import pytest

from bridge import Grade
from connectors.matrix import checkup

US = "@bridge:example.org"


@pytest.mark.parametrize(
    ("versions", "grades"),
    [
        ({"versions": ["r0.6.1", "v1.1", "v1.16"]}, [Grade.NOTE]),
        ({"versions": ["v1.9", "v1.10"]}, [Grade.NOTE]),
        ({"versions": ["r0.5.0", "r0.6.1"]}, [Grade.NOTE, Grade.FAULT]),
        ({"versions": "v1.1"}, [Grade.NOTE, Grade.FAULT]),
        ({}, [Grade.NOTE, Grade.FAULT]),
    ],
)
def test_versions(versions: Mapping[str, Any], grades: list[Grade]) -> None:
    found = list(checkup.server(versions, {"server": {"name": "Synapse", "version": "1.140"}}))
    assert [one.grade for one in found] == grades
    assert found[0].what.startswith("Synapse 1.140, ")


def test_the_newest_version_is_found_by_number() -> None:
    (found,) = checkup.server({"versions": ["v1.9", "v1.10"]}, {})
    assert found.what == "unknown software, which speaks Matrix up to v1.10"


def maker(version: str, *others: str) -> dict[str, Any]:
    return {"sender": US, "content": {"room_version": version, "additional_creators": list(others)}}


@pytest.mark.parametrize(
    ("levels", "creation", "denied"),
    [
        ({}, {}, []),
        ({"users": {US: 50}, "events_default": 50}, {}, []),
        ({"events_default": 1}, {}, ["write", "react", "take back"]),
        ({"users_default": 5, "events": {"m.reaction": 10}}, {}, ["react"]),
        ({"users": {US: "50"}, "events": {"m.room.message": "100"}}, {}, ["write"]),
        ({"users": {US: True}, "events": {"m.room.redaction": 1}}, {}, ["take back"]),
        ({"events_default": 50}, maker("12"), []),
        ({"events": {"m.reaction": 50}}, maker("11"), ["react"]),
        ({"users": [], "events": 7, "events_default": None}, maker("org.example.x"), []),
    ],
)
def test_power(levels: Mapping[str, Any], creation: Mapping[str, Any], denied: list[str]) -> None:
    found = list(checkup.room("#a:example.org", US, levels, creation))
    assert len(found) == len(denied)
    assert all(words in one.what for words, one in zip(denied, found, strict=True))
    assert all(one.where == "room #a:example.org" and US in one.remedy for one in found)
