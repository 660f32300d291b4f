"""Polls as questions with answers to press, and who asks to be let into a group."""

from typing import Any

import pytest
from pywa.types import Button, CallbackButton, CallbackSelection, SectionList
from pywa.types.base_update import RawUpdate
from pywa.types.callback import Section, SectionRow
from structlog.testing import capture_logs

from bridge import Attachment, Feature, Joined, Kind, Poll, Posted, RoomId, Unsupported
from bridge.testing.holdings import Ballot
from bridge.testing.waiting import shown
from bridge.text.walk import plain
from connectors.whatsapp.asking import chosen, interactive
from connectors.whatsapp.emulator import WhatsAppEmulator
from tests.connectors.whatsapp.conftest import Lab, Labs
from tests.connectors.whatsapp.test_desk import Office, office  # noqa: F401 a fixture
from tests.connectors.whatsapp.test_pywa import _bare, bodies, client, compared, pywa, updates  # noqa: F401 a fixture

LONG = "the salad of the day, with bread"


def asking(*answers: str, question: str = "Lunch?", most: int = 1) -> tuple[Attachment, ...]:
    return (Attachment(kind=Kind.POLL, poll=Poll(question=question, answers=answers, most=most)),)


# What a poll becomes.


@pytest.mark.parametrize(("poll", "becomes"), [
    (Poll(question="q", answers=("a", "b")), "button"), (Poll(question="q", answers=("a", "b", "c")), "button"),
    (Poll(question="q", answers=("a", "b", "c", "d")), "list"), (Poll(question="q", answers=("a", "x" * 21)), "list"),
    (Poll(question="q", answers=("a", "b"), most=2), "list"),
    (Poll(question="q" * 1024, answers=tuple(map(str, range(10)))), "list"),
])  # fmt: skip
def test_few_and_short_answers_are_buttons_and_others_a_list(poll: Poll, becomes: str) -> None:
    assert interactive(poll)["type"] == becomes


@pytest.mark.parametrize("poll", [
    Poll(question=" ", answers=("a", "b")), Poll(question="q" * 1025, answers=("a", "b")),
    Poll(question="q", answers=("a", "a")), Poll(question="q", answers=("a", " ")),
    Poll(question="q", answers=tuple(map(str, range(11)))), Poll(question="q", answers=("a", "x" * 73)),
])  # fmt: skip
def test_what_neither_shows_goes_in_words(poll: Poll) -> None:
    with pytest.raises(Unsupported) as caught:
        interactive(poll)
    assert caught.value.feature is Feature.ATTACHMENT


def test_a_long_answer_stands_whole_beneath_its_title() -> None:
    row = interactive(Poll(question="q", answers=("soup", LONG)))["action"]["sections"][0]["rows"][1]
    assert len(row["title"]) <= 24
    assert row["description"] == LONG
    assert chosen({"type": "list_reply", "list_reply": row}) == LONG
    other = {"id": "1", "title": "A dish…", "description": "which the cook chooses"}
    assert chosen({"type": "list_reply", "list_reply": other}) == "A dish…", "somebody else's list"


@pytest.mark.parametrize("answers", [("soup", "salad"), ("soup", LONG, "bread", "fruit")])
async def test_what_somebody_presses_is_their_answer_to_the_poll(lab: Lab, answers: tuple[str, ...]) -> None:
    (poll,) = await lab.run.send((), shared=asking(*answers))
    there = await lab.server.shown(lab.ada)
    assert there[-1].holds == (Ballot(question="Lunch?", options=answers),)
    for answer in answers[:2]:
        lab.server.choose(lab.ada, "Ada", poll, answer)
        event = await lab.run.event(Posted, lambda one, answer=answer: plain(one.text) == answer, "a choice")
        assert event.in_reply_to == poll


async def test_groups_have_no_polls(lab_with: Labs) -> None:
    async with lab_with(kind=WhatsAppEmulator) as lab:
        assert Kind.POLL not in lab.connector.capabilities(RoomId(lab.server.rooms[0])).media


async def test_an_agents_poll_is_answered_where_it_was_asked(office: Office) -> None:  # noqa: F811
    question = await office.asked("what is there to eat?")
    office.posts(question, shared=asking("soup", "salad"))
    there = await shown(office.number, office.ada, lambda there: any(one.holds for one in there))
    (poll,) = [one.id for one in there if one.holds]
    office.number.choose(office.ada, "Ada", poll, "salad")
    read = await shown(office.agents, "desk", lambda read: read[-1].text.endswith("salad"))
    asked = next(one for one in read if any(isinstance(held, Ballot) for held in one.holds))
    assert read[-1].in_reply_to == asked.id


# An independent client.


async def test_we_ask_as_the_client_does(lab: Lab, pywa: Any) -> None:  # noqa: ANN401, F811
    await lab.run.send((), shared=asking("soup", "salad"))
    await pywa.send_message(lab.ada, "Lunch?", buttons=[Button("soup", "0"), Button("salad", "1")])
    await lab.run.send((), shared=asking("a", "b", "c", LONG))
    rows = [SectionRow(one, str(number)) for number, one in enumerate("abc")]
    rows.append(SectionRow("the salad of the day, w…", "3", LONG))
    await pywa.send_message(lab.ada, "Lunch?", buttons=SectionList("☰", [Section("x", rows)]))
    buttons, theirs, ours, listed = map(_bare, bodies(lab))
    compared(buttons, theirs)
    del listed["interactive"]["action"]["sections"][0]["title"]  # which one section alone may lack
    compared(ours, listed)


async def test_the_client_reads_what_our_emulator_tells_of_choices(lab: Lab, pywa: Any) -> None:  # noqa: ANN401, F811
    for answers in (("soup", "salad"), ("soup", LONG)):
        (poll,) = await lab.run.send((), shared=asking(*answers))
        lab.server.choose(lab.ada, "Ada", poll, answers[1])
    await lab.run.hears("the end")
    found: list[RawUpdate] = [one for one in updates(lab) if "interactive" in str(one.value.get("messages"))]
    button, row = CallbackButton.from_update(pywa, found[0]), CallbackSelection.from_update(pywa, found[1])
    assert (button.data, button.title) == ("1", "salad")
    assert (row.data, row.description) == ("1", LONG)
    assert row.reply_to_message is not None


# Who asks to be let in.


async def test_who_asks_to_be_let_in_is_told_to_the_operator(lab_with: Labs) -> None:
    async with lab_with(kind=WhatsAppEmulator) as lab, client(lab.server) as pywa:  # noqa: F811
        chat, olena = lab.server.world.chats[lab.server.rooms[0]], lab.server.world.person("Olena")
        chat.asking = {}
        await lab.connector.join(chat.id)
        assert await lab.connector.examine() == []
        with capture_logs() as logs:
            lab.server.world.ask_in(chat, olena)
            await lab.run.hears("the end")
        assert [one["new"] for one in logs if "let into" in one["event"]] == [1]
        assert not any("Olena" in str(one) or olena.phone in str(one) for one in logs)
        (finding,) = await lab.connector.examine()
        assert (finding.where, finding.what) == (chat.id, "1 person waits to be let into this group")
        (asked,) = await pywa.get_group_join_requests(chat.id)
        await asked.approve()
        assert "Olena" in chat.members
        await lab.run.event(Joined, lambda one: one.user.id == olena.bsuid, "who was let in")
        assert await lab.connector.examine() == []
