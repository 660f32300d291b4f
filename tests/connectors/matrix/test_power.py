"""Who moderates a room, by its power levels."""

from typing import Any

import pytest

from bridge.asked import Power
from connectors.matrix.power import power

USERS = {"users": {"@ada:x": 50, "@low:x": 49, "@old:x": "50"}}
CREATION: dict[str, Any] = {"sender": "@maker:x", "content": {"room_version": "12", "additional_creators": ["@too:x"]}}
CASES = [
    ("moderator", "@ada:x", USERS, {}, Power.MODERATOR),
    ("level written as text", "@old:x", USERS, {}, Power.MODERATOR),
    ("not enough", "@low:x", USERS, {}, Power.NONE),
    ("nobody", "@who:x", USERS, {}, Power.NONE),
    ("no levels", "@who:x", {}, {}, Power.NONE),
    ("maker of a new room", "@maker:x", {}, CREATION, Power.MODERATOR),
    ("who made it too", "@too:x", {}, CREATION, Power.MODERATOR),
    ("maker of an old room", "@maker:x", {}, {**CREATION, "content": {"room_version": "11"}}, Power.NONE),
    ("who may redact and not ban", "@ada:x", {**USERS, "ban": 60}, {}, Power.NONE),
    ("a room where everybody may", "@who:x", {"ban": 0, "redact": 0}, {}, Power.NONE),
    ("everybody is one", "@who:x", {"users_default": 50}, {}, Power.MODERATOR),
]


@pytest.mark.parametrize(
    ("user", "levels", "creation", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_power_is_what_the_levels_say(
    user: str, levels: dict[str, Any], creation: dict[str, Any], expected: Power
) -> None:
    assert power(user, levels, creation) is expected
