"""What the emulated Cloud API refuses of a question with answers to press; facts/platform-apis.md 2.6."""

from typing import Any, Final

from connectors.whatsapp.emulator_errors import GraphRefusal
from connectors.whatsapp.emulator_world import Json

_QUESTION: Final = 1024
_BUTTONS: Final = 3
_BUTTON: Final = 20
_BUTTON_ID: Final = 256
_ROWS: Final = 10
_ROW: Final = 24
_ROW_ID: Final = 200
_BENEATH: Final = 72


def check(content: Json) -> None:
    """A question of one of the two kinds that a bridge may send, and of it every part."""
    if extra := set(content) - {"type", "header", "body", "footer", "action"}:
        raise GraphRefusal(100, f"Unexpected key {min(extra)!r} on param 'interactive'.")
    _words(content.get("body"), "text", _QUESTION)
    action = content.get("action")
    match content.get("type"):
        case "button":
            _buttons(action)
        case "list":
            _list(action)
        case other:
            raise GraphRefusal(131009, f"Interactive type {other!r} is not valid.")


def options(content: Json) -> dict[str, tuple[str, str]]:
    """What can be pressed, by the words on it, whole: the id and the title."""
    if content["type"] == "button":
        return {one["reply"]["title"]: (one["reply"]["id"], one["reply"]["title"])
                for one in content["action"]["buttons"]}  # fmt: skip
    rows = [row for section in content["action"]["sections"] for row in section["rows"]]
    return {row.get("description", row["title"]): (row["id"], row["title"]) for row in rows}


def pressed(content: Json, option: str) -> Json:
    """What a webhook tells of somebody's choice."""
    ident, title = options(content)[option]
    if content["type"] == "button":
        return {"type": "button_reply", "button_reply": {"id": ident, "title": title}}
    beneath = {"description": option} if option != title else {}
    return {"type": "list_reply", "list_reply": {"id": ident, "title": title, **beneath}}


def _buttons(action: Any) -> None:  # noqa: ANN401 whatever stands there
    buttons = action.get("buttons") if isinstance(action, dict) and set(action) == {"buttons"} else None
    if not isinstance(buttons, list) or not 0 < len(buttons) <= _BUTTONS:
        raise GraphRefusal(131009, "Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: 3")
    for one in buttons:
        if not isinstance(one, dict) or one.get("type") != "reply" or set(one) != {"type", "reply"}:
            raise GraphRefusal(131009, "Button type is not valid.")
        _words(one["reply"], "title", _BUTTON)
        _words(one["reply"], "id", _BUTTON_ID)
    _alone([one["reply"]["title"] for one in buttons], "titles")
    _alone([one["reply"]["id"] for one in buttons], "ids")


def _list(action: Any) -> None:  # noqa: ANN401 whatever stands there
    _words(action, "button", _BUTTON)
    sections = action.get("sections")
    if set(action) != {"button", "sections"} or not isinstance(sections, list) or not sections:
        raise GraphRefusal(131009, "Param action['sections'] is required.")
    rows: list[Json] = []
    for one in sections:
        found = one.get("rows") if isinstance(one, dict) else None
        if not isinstance(found, list) or not found or (len(sections) > 1 and not one.get("title")):
            raise GraphRefusal(131009, "Each section needs rows, and a title where there are several.")
        rows += found
    if len(rows) > _ROWS:
        raise GraphRefusal(131009, "Total row count exceed max allowed count: 10")
    for row in rows:
        _words(row, "title", _ROW)
        _words(row, "id", _ROW_ID)
        if "description" in row:
            _words(row, "description", _BENEATH)
    _alone([row["id"] for row in rows], "ids")


def _words(holder: Any, name: str, most: int) -> None:  # noqa: ANN401 whatever stands there
    value = holder.get(name) if isinstance(holder, dict) else None
    if not isinstance(value, str) or not value.strip():
        raise GraphRefusal(131008, f"{name} is required.")
    if len(value) > most:
        raise GraphRefusal(131009, f"{name} must be at most {most} characters long.")


def _alone(values: list[str], what: str) -> None:
    if len(set(values)) < len(values):
        raise GraphRefusal(131009, f"Duplicated {what}.")
