"""Polls on Viber: a question over buttons, each of which says its answer. Pure; facts/platform-apis.md 1.4, 1.5.

Viber gives back with somebody's words what stood in the bot's last message to them: so it is known what they answer.
"""

import re
from datetime import timedelta
from html import escape
from typing import Final

from bridge import Feature, Key, Poll, Unsupported
from connectors.viber.wire import Json, part, text

MAX_ROWS: Final = 24
"""Buttons under one message, a row each."""
MAX_BUTTON: Final = 250
"""Characters on a button, counted with its signs."""
LIFE: Final = timedelta(days=90)
"""How long it is remembered which message a poll became."""
_MARK: Final = "poll "
_KEY: Final = re.compile(r"[!-~]{1,100}")


def question(poll: Poll, key: Key) -> Json:
    """The text with its buttons. `Unsupported` where they cannot show the poll."""
    answers = [" ".join(answer.split()) for answer in poll.answers]
    if not poll.question.strip() or not all(answers) or len(set(answers)) < len(answers):
        raise Unsupported(Feature.ATTACHMENT, "the poll has no question, or an answer twice, or an empty one")
    if len(answers) > MAX_ROWS or max(len(escape(answer, quote=False)) for answer in answers) > MAX_BUTTON:
        raise Unsupported(Feature.ATTACHMENT, "the poll has more or longer answers than Viber has buttons for")
    keyboard = {"Type": "keyboard", "DefaultHeight": False, "Buttons": [_button(answer) for answer in answers]}
    return {"type": "text", "text": poll.question, "tracking_data": f"{_MARK}{key}", "keyboard": keyboard}


def _button(answer: str) -> Json:
    """Its words are read as HTML; what it says in the name of who presses it is not."""
    shown = escape(answer, quote=False)
    return {"Columns": 6, "Rows": 1, "ActionType": "reply", "ActionBody": answer, "Text": shown}


def asked(raw: Json) -> Key | None:
    """The key of our poll that was the last thing said to somebody when they wrote this."""
    told = text(part(raw, "message"), "tracking_data")
    key = told.removeprefix(_MARK)
    return Key(key) if told.startswith(_MARK) and _KEY.fullmatch(key) else None


def name(key: Key) -> str:
    """The name under which it is remembered which message a poll became."""
    return f"poll {key}"
