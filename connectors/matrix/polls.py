"""Polls on Matrix (MSC3381), read in any of the forms the drafts had, written in the one clients know. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from msgspec import structs

from bridge.content import Poll
from bridge.events import Attachment, Kind, Tallied
from bridge.ids import MessageId
from connectors.matrix.content_fields import part, words

START: Final = "org.matrix.msc3381.poll.start"
RESPONSE: Final = "org.matrix.msc3381.poll.response"
END: Final = "org.matrix.msc3381.poll.end"
STARTS: Final = frozenset({"m.poll.start", START})
_RESPONSES: Final = frozenset({"m.poll.response", RESPONSE})
_ENDS: Final = frozenset({"m.poll.end", END})
VOTES: Final = _RESPONSES | _ENDS
_TEXT: Final = "org.matrix.msc1767.text"
_BODIES: Final = ("m.poll.start", "m.poll", START)
_MOST: Final = 20


def poll(content: Mapping[str, Any]) -> Attachment:
    """The question and the answers of a poll; an answer without words is none."""
    start = _start(content)
    most = start.get("max_selections", 1)
    answers = tuple(text for _, text in answers_of(content))
    whole = isinstance(most, int) and not isinstance(most, bool)
    asked = Poll(
        question=_spoken(start.get("question")), answers=answers, most=min(max(most, 1), _MOST) if whole else 1
    )
    return Attachment(kind=Kind.POLL, poll=asked)


def answers_of(content: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The ids of a poll's answers with their words, in order."""
    answers = _start(content).get("answers")
    listed = [one for one in answers if isinstance(one, Mapping)] if isinstance(answers, list) else []
    spoken = ((words(one, "id") or words(one, "m.id"), _spoken(one)) for one in listed[:_MOST])
    return [(ident, text) for ident, text in spoken if text]


def content(asked: Poll) -> dict[str, Any]:
    """A poll whose result everybody sees while it is open, with words for clients that know no polls."""
    answers = [{"id": str(number), _TEXT: text} for number, text in enumerate(asked.answers, 1)]
    lines = [asked.question, *(f"{number}. {text}" for number, text in enumerate(asked.answers, 1))]
    return {
        START: {
            "kind": "org.matrix.msc3381.poll.disclosed",
            "max_selections": asked.most,
            "question": {_TEXT: asked.question, "body": asked.question, "msgtype": "m.text"},
            "answers": answers,
        },
        _TEXT: "\n".join(lines),
        "body": "\n".join(lines),
        "msgtype": "m.text",
        "m.mentions": {},
    }


def end(poll: MessageId) -> dict[str, Any]:
    """The event by which who asked ends a poll."""
    said = "The poll is over."
    return {END: {}, _TEXT: said, "body": said, "m.relates_to": {"rel_type": "m.reference", "event_id": poll}}


def _start(content: Mapping[str, Any]) -> Mapping[str, Any]:
    return next((part(content, name) for name in _BODIES if name in content), {})


def _spoken(value: object) -> str:
    """The words of a poll's question or answer."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return _first(value)
    if isinstance(value, Mapping):
        return _first(value.get(form) for form in ("m.text", _TEXT, "body"))
    return ""


def _first(values: Iterable[object]) -> str:
    return next((text for one in values if (text := _spoken(one))), "")


def tally(start: Mapping[str, Any], responses: Iterable[Mapping[str, Any]]) -> tuple[int, ...]:
    """How many people chose each answer, of a poll's content and the responses to it: everybody's last one counts."""
    idents = [ident for ident, _ in answers_of(start)]
    attached = poll(start).poll
    most = attached.most if attached else 1
    chosen: dict[str, list[str]] = {}
    for raw in sorted(responses, key=_when):
        said = part(raw, "content")
        answers = (part(said, RESPONSE) or part(said, "m.poll.response") or said).get("answers")
        wanted = [one for one in answers if one in idents] if isinstance(answers, list) else []
        chosen[words(raw, "sender")] = list(dict.fromkeys(wanted))[:most]
    return tuple(sum(ident in one for one in chosen.values()) for ident in idents)


def spoken_of(timeline: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The polls in which somebody voted or which somebody ended, each with the last event that says so."""
    return {poll: raw for raw in timeline if words(raw, "type") in VOTES and (poll := about(raw))}


def tallied(start: Mapping[str, Any], answers: Sequence[Mapping[str, Any]], last: Tallied) -> Tallied:
    """How a poll stands, of its event and all that speak of it, newest first; only who asked may end it."""
    content = part(start, "content")
    responses = [raw for raw in reversed(answers) if words(raw, "type") in _RESPONSES]
    ended = any(words(raw, "type") in _ENDS and words(raw, "sender") == words(start, "sender") for raw in answers)
    texts = tuple(text for _, text in answers_of(content))
    return structs.replace(last, answers=texts, counts=tally(content, responses), closed=ended)


def about(raw: Mapping[str, Any]) -> str:
    """The poll that a response or an end speaks of."""
    relation = part(part(raw, "content"), "m.relates_to")
    return words(relation, "event_id") if words(relation, "rel_type") == "m.reference" else ""


def _when(raw: Mapping[str, Any]) -> int:
    sent = raw.get("origin_server_ts")
    return sent if isinstance(sent, int) else 0
