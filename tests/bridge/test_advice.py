"""What an operator is told to do: something for whatever is not well, nothing where nothing is to be done."""

import ast
from pathlib import Path

import pytest

from bridge.advice import _PARKED, about_account, about_parked, about_room
from bridge.supervisor import State

BRIDGE = Path(__file__).parents[2] / "bridge"


@pytest.mark.parametrize("state", State)
def test_an_account_that_is_down_or_stopped_has_advice(state: State) -> None:
    assert bool(about_account(state, "why")) == (state in {State.DOWN, State.STOPPED})


def test_another_users_credentials_are_told_apart() -> None:
    assert "of that user" in about_account(State.STOPPED, "account a was another user before; restore")
    assert "new credentials" in about_account(State.STOPPED, "the token is refused")


def test_a_held_room_has_advice_and_an_open_one_none() -> None:
    assert about_room(None, None) == ""
    assert "let it write" in about_room("kicked", None)
    assert "qantara follow" in about_room("it moved", "!new")
    assert "take one of them out" in about_room("a/b is the same room as a/c", None)


def test_every_reason_to_park_has_advice_of_its_own() -> None:
    """The reasons stand in the code as the second word of whoever parks."""
    found: set[str] = set()
    for name in ("delivery.py", "preparing.py", "after.py"):
        for node in ast.walk(ast.parse((BRIDGE / name).read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in {
                "park",
                "put_aside",
                "GiveUp",
            }:
                found.update(one.value for one in node.args[:2] if isinstance(one, ast.Constant))
    assert found | {"loop", "flood", "poison", "restored"} == set(_PARKED)
    assert about_parked("some day another") == "Retry it, or drop it."
