"""Several pictures as one message, and questions with buttons, as Messenger's readers have them."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from fbmessenger.quick_replies import QuickReplies, QuickReply
from msgspec.structs import replace

from bridge import Attachment, Contact, Poll, Posted
from bridge.asked import Target
from bridge.errors import Feature, Unavailable, Unsupported
from bridge.events import File, Kind
from bridge.testing import samples
from bridge.testing.contract_kit import Kit
from bridge.testing.holdings import Ballot
from bridge.testing.waiting import shown
from bridge.text.walk import plain
from connectors.messenger.emulator_rules import UNLIMITED, Unsure
from tests.connectors.messenger.conftest import Lab
from tests.connectors.messenger.test_desk import Office, office  # noqa: F401 a fixture

Labs = Callable[..., Awaitable[Lab]]
NOT_TAKEN = Unsure(albums="not taken")


def sends(lab: Lab) -> list[dict[str, Any]]:
    calls = [one.fields for one in lab.server.server.calls if one.path.endswith("/messages")]
    return [one for one in calls if "message" in one]


def pictures(kit: Kit, count: int = 3) -> tuple[File, ...]:
    return tuple(kit.host.keep(samples.upload(Kind.IMAGE, f"picture {number}")) for number in range(count))


def asking(*answers: str, question: str = "Lunch?", most: int = 1) -> tuple[Attachment, ...]:
    return (Attachment(kind=Kind.POLL, poll=Poll(question=question, answers=answers, most=most)),)


async def test_an_album_is_one_message(lab: Lab) -> None:
    async with lab.kit().running() as run:
        files = pictures(run.kit)
        ids = await run.send((), files=files)
        (shown,) = await lab.server.shown(run.kit.town)
    assert ids == (shown.id,)
    assert [one.data for one in shown.files] == [run.kit.host.files[one.id] for one in files]
    (sent,) = sends(lab)
    assert {one["type"] for one in sent["message"]["attachments"]} == {"image"}


async def test_an_album_that_meta_forgot_goes_again(lab: Lab) -> None:
    async with lab.kit().running() as run:
        await run.send((), files=pictures(run.kit))
        lab.server.files.uploads.clear()
        await run.send((), files=pictures(run.kit))
        assert [len(one.files) for one in await lab.server.shown(run.kit.town)] == [3, 3]


async def test_where_albums_are_not_taken_pictures_go_one_by_one(lab_with: Labs) -> None:
    lab = await lab_with(UNLIMITED, NOT_TAKEN)
    async with lab.kit().running() as run:
        question = await lab.server.say(run.kit.town, "Ada", ())
        target = Target(room=run.place(run.kit.town).room, parts=(question,))
        part = run.outgoing((), files=pictures(run.kit), in_reply_to=target)
        ids = await run.send_part(part)
        _, *shown = await lab.server.shown(run.kit.town)
        await run.send((), files=pictures(run.kit))
    assert ids == tuple(one.id for one in shown)
    assert [one.in_reply_to for one in shown] == [question, None, None]
    assert [len(one.files) for one in shown] == [1, 1, 1]
    keys = [one["message"].get("metadata") for one in sends(lab)[1:4]]
    assert keys == [None, None, f"qantara {part.key}"], "its echo would stand for all before all went"
    assert sum("attachments" in one["message"] for one in sends(lab)) == 1, "once is asked, then known"


async def test_pictures_one_by_one_go_on_where_they_ended(lab_with: Labs) -> None:
    lab = await lab_with(replace(UNLIMITED, per_second=2), NOT_TAKEN)
    async with lab.kit(names="prefix").running() as run:
        part = run.outgoing((), files=pictures(run.kit))
        with pytest.raises(Unavailable):
            await run.send_part(part)
        lab.server.pass_time(timedelta(seconds=2))
        ids = await run.send_part(part)
        there = await lab.server.shown(run.kit.town)
    assert ids == tuple(one.id for one in there)
    assert len(ids) == 3, "none went twice"


async def test_a_poll_is_a_question_with_buttons_and_whoever_presses_one_answers_it(lab: Lab) -> None:
    async with lab.kit().running() as run:
        (poll,) = await run.send((), shared=asking("soup", "salad"))
        (shown,) = await lab.server.shown(run.kit.town)
        assert shown.holds == (Ballot(question="Lunch?", options=("soup", "salad")),)
        lab.server.choose(run.kit.town, poll, "salad")
        event = await run.event(Posted, lambda one: plain(one.text) == "salad", "a button")
    assert event.in_reply_to == poll
    assert (await lab.server.shown(run.kit.town))[0].holds == (), "buttons go when one was pressed"


async def test_buttons_are_those_of_the_sdk(lab: Lab) -> None:
    async with lab.kit().running() as run:
        part = run.outgoing((), shared=asking("soup", "salad"))
        await run.send_part(part)
    theirs = QuickReplies([
        QuickReply(title=title, payload=f"qantara {part.key} {number}")
        for number, title in enumerate(("soup", "salad"))
    ])  # fmt: skip
    (sent,) = sends(lab)
    assert sent["message"]["quick_replies"] == theirs.to_dict()


@pytest.mark.parametrize("payload", ["P1", "qantara ", "qantara 0", "qantara b.1 x", "qantara b.99.0 0", 7, None])
async def test_a_button_of_another_program_is_what_somebody_says(lab: Lab, payload: object) -> None:
    async with lab.kit().running() as run:
        who = lab.server.world.people[run.kit.town]
        message = lab.server.world.blank("Ada", ours=False)
        message.text = "Yes"
        lab.server.world.said(who, lab.server.world.post(who, message), {"quick_reply": {"payload": payload}})
        event = await run.event(Posted, lambda one: plain(one.text) == "Yes", "a button")
    assert event.in_reply_to is None


@pytest.mark.parametrize("shared", [
    asking(*map(str, range(14))), asking("x" * 21, "y"), asking("soup", "soup"), asking("a", "b", most=2),
    asking("a", "b", question=" "), asking("a", "b", question="x" * 2001), asking("a", " "),
    (Attachment(kind=Kind.CONTACT, contact=Contact(name="Ada", phone="+1")),),
])  # fmt: skip
async def test_what_no_button_can_show_goes_in_words(lab: Lab, shared: Sequence[Attachment]) -> None:
    async with lab.kit().running() as run:
        with pytest.raises(Unsupported) as caught:
            await run.send((), shared=tuple(shared))
    assert caught.value.feature is Feature.ATTACHMENT
    assert sends(lab) == []


async def test_an_agents_album_and_poll_reach_the_person_and_their_choice_comes_back(office: Office) -> None:  # noqa: F811
    ada, agents = office.page.rooms[0], office.agents
    await office.page.say(ada, "Ada", ())
    there = await shown(agents, "desk", bool)
    kept = [samples.upload(Kind.IMAGE, name) for name in ("one", "two")]
    office.posts(there[0].id, files=tuple(kept))
    read = await shown(office.page, ada, lambda read: any(one.files for one in read))
    (album,) = [one for one in read if one.files]
    assert [one.data for one in album.files] == [one.data for one in kept]
    office.posts(there[0].id, shared=asking("soup", "salad"))
    read = await shown(office.page, ada, lambda read: bool(read[-1].holds) and not read[-1].files)
    assert read[-1].author == "Olaf"
    office.page.choose(ada, read[-1].id, "salad")
    there = await shown(agents, "desk", lambda there: there[-1].text.endswith("salad"))
    asked = next(one for one in there if any(isinstance(held, Ballot) for held in one.holds))
    assert there[-1].in_reply_to == asked.id
