"""Questions with answers to press: polls out, and what somebody chose. Pure; facts/platform-apis.md 2.3 and 2.6."""

from typing import Final

from bridge import Feature, Poll, Unsupported
from connectors.graph.wire import Json, an_object, text

MAX_BUTTONS: Final = 3
MAX_BUTTON: Final = 20
"""Characters on a button."""
MAX_ROWS: Final = 10
MAX_ROW: Final = 24
"""Characters of a row's title; a longer answer stands whole beneath it."""
MAX_BENEATH: Final = 72
MAX_QUESTION: Final = 1024
OPENS: Final = "☰"
"""What is pressed to see a list: a sign, since the bridge does not know the language of its reader."""
_CUT: Final = "…"


def interactive(poll: Poll) -> Json:
    """A poll as buttons, or as a list where these are too many or too long. `Unsupported` where neither can show it."""
    answers = [" ".join(answer.split()) for answer in poll.answers]
    if not poll.question.strip() or len(poll.question) > MAX_QUESTION:
        raise Unsupported(Feature.ATTACHMENT, "the poll's question is too long for WhatsApp, or empty")
    if not all(answers) or len(set(answers)) < len(answers):
        raise Unsupported(Feature.ATTACHMENT, "the poll has an answer twice, or an empty one")
    body = {"text": poll.question}
    if len(answers) <= MAX_BUTTONS and poll.most == 1 and max(map(len, answers)) <= MAX_BUTTON:
        buttons = [{"type": "reply", "reply": {"id": str(number), "title": one}} for number, one in enumerate(answers)]
        return {"type": "button", "body": body, "action": {"buttons": buttons}}
    return {"type": "list", "body": body, "action": {"button": OPENS, "sections": [{"rows": _rows(answers)}]}}


def _rows(answers: list[str]) -> list[Json]:
    if len(answers) > MAX_ROWS or max(map(len, answers)) > MAX_BENEATH:
        raise Unsupported(
            Feature.ATTACHMENT, "the poll has more or longer answers than a list of WhatsApp has room for"
        )
    return [{"id": str(number), **_row(one)} for number, one in enumerate(answers)]


def _row(answer: str) -> Json:
    if len(answer) <= MAX_ROW:
        return {"title": answer}
    return {"title": answer[: MAX_ROW - 1].rstrip() + _CUT, "description": answer}


def chosen(content: Json) -> str:
    """What somebody pressed or picked, whole; empty where it is something else."""
    for name in ("button_reply", "list_reply"):
        if picked := an_object(content.get(name)):
            title, beneath = text(picked.get("title")), text(picked.get("description"))
            return beneath if title.endswith(_CUT) and beneath.startswith(title[:-1]) else title
    return ""
