"""Polls on Matrix: written as clients know them, read in all forms, and counted as clients count."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bridge.content import Poll
from bridge.events import Tallied
from bridge.ids import EventId, MessageId, RoomId
from bridge.testing.contract_kit import Kit, Terms
from bridge.testing.holdings import Ballot
from bridge.testing.host import KitHost
from connectors.matrix import polls
from connectors.matrix.config import MatrixConfig
from connectors.matrix.connector import Matrix
from connectors.matrix.content_fields import part
from connectors.matrix.emulator import MatrixEmulator

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


LAST = Tallied(
    id=EventId("e"), room=RoomId("!r"), at=datetime(2026, 1, 1, tzinfo=UTC), message=MessageId("$poll"), answers=(),
    counts=(),
)  # fmt: skip
START = {"sender": "ada", "content": ONE}


def end(sender: str) -> dict[str, Any]:
    return {"type": polls.END, "sender": sender, "content": {"m.relates_to": {"rel_type": "m.reference"}}}


@pytest.mark.parametrize(("sender", "closed"), [("ada", True), ("eve", False)])
def test_only_who_asked_ends_a_poll(sender: str, closed: bool) -> None:  # noqa: FBT001 - one of two answers
    told = polls.tallied(START, [end(sender), {"type": polls.RESPONSE, **response("bob", 1, "2")}], LAST)
    assert (told.answers, told.counts, told.closed) == (("soup", "salad"), (0, 1), closed)


def test_of_two_choices_in_one_moment_the_later_counts() -> None:
    newest_first = [{"type": polls.RESPONSE, **response("bob", 1, one)} for one in ("2", "1")]
    assert polls.tallied(START, newest_first, LAST).counts == (0, 1)


@pytest.fixture
async def homeserver() -> AsyncIterator[MatrixEmulator]:
    async with MatrixEmulator() as server:
        yield server


@pytest.fixture
def kit(homeserver: MatrixEmulator, tmp_path: Path) -> Kit:
    config = MatrixConfig.model_validate(homeserver.settings())
    return Kit(homeserver, KitHost(tmp_path), lambda host: Matrix(config, host), Terms())


async def test_votes_in_somebodys_poll_are_counted_once_a_batch(kit: Kit, homeserver: MatrixEmulator) -> None:
    async with kit.running() as run:
        native = await homeserver.open_poll(kit.town, "Ada", Ballot(question="Lunch?", options=("soup", "salad")))
        for person in ("Ada", "Grace", "Eve"):
            await homeserver.vote(kit.town, person, native, 1)
        await run.event(Tallied, lambda one: one.counts == (0, 3), "three votes")
        await homeserver.post(kit.town, "Grace", polls.RESPONSE, {"m.relates_to": {"rel_type": "m.reference"}})
        said = (await run.hears("no poll"))[0]
        about = {"m.relates_to": {"rel_type": "m.reference", "event_id": said}, polls.END: {}}
        await homeserver.post(kit.town, "Ada", polls.END, about)
        await run.hears("the end")
    told = [event for event in kit.host.events if isinstance(event, Tallied)]
    assert {event.message for event in told} == {native}
