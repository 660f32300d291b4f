"""Polls on Matrix: written as clients know them, read in all forms, and counted as clients count."""

from typing import Any

import pytest

from bridge.content import Poll
from connectors.matrix import polls
from connectors.matrix.content_fields import part

LUNCH = Poll(question="Lunch?", answers=("soup", "salad"), most=2)
ONE = polls.content(Poll(question="Lunch?", answers=("soup", "salad")))


def response(sender: str, at: int, *answers: object) -> dict[str, Any]:
    relation = {"rel_type": "m.reference", "event_id": "$poll"}
    content = {"m.relates_to": relation, polls.RESPONSE: {"answers": list(answers)}}
    return {"sender": sender, "origin_server_ts": at, "content": content}


def test_what_is_written_is_read_again() -> None:
    content = polls.content(LUNCH)
    assert polls.poll(content).poll == LUNCH
    assert content["body"] == "Lunch?\n1. soup\n2. salad"
    assert content["m.mentions"] == {}


@pytest.mark.parametrize(
    "content",
    [{}, {polls.START: 7}, {polls.START: {"answers": {}, "max_selections": True}}, {polls.START: {"answers": [1, {}]}}],
)
def test_a_poll_that_is_none_has_no_answers(content: dict[str, Any]) -> None:
    assert polls.poll(content).poll == Poll(question="")
    assert polls.tally(content, [response("a", 1, "1")]) == ()


@pytest.mark.parametrize(
    ("responses", "expected"),
    [
        ([], (0, 0)),
        ([response("a", 1, "1"), response("b", 2, "1")], (2, 0)),
        ([response("a", 2, "2"), response("a", 1, "1")], (0, 1)),
        ([response("a", 1, "1"), response("a", 2)], (0, 0)),
        ([response("a", 1, "1", "2")], (1, 0)),
        ([response("a", 1, "9", 7)], (0, 0)),
        ([{"content": {}}], (0, 0)),
    ],
)
def test_everybodys_last_choice_counts(responses: list[dict[str, Any]], expected: tuple[int, ...]) -> None:
    assert polls.tally(ONE, responses) == expected


def test_several_answers_count_where_several_may_be_chosen() -> None:
    assert polls.tally(polls.content(LUNCH), [response("a", 1, "1", "2", "1")]) == (1, 1)


def test_a_response_names_its_poll() -> None:
    assert polls.about(response("a", 1)) == "$poll"
    assert polls.about({"content": {"m.relates_to": {"rel_type": "m.thread", "event_id": "$poll"}}}) == ""
    assert part(ONE, polls.START)["max_selections"] == 1
