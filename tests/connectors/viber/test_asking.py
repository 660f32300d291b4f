"""Polls on Viber: a question over buttons, and what somebody presses."""

from pathlib import Path

import pytest
from viberbot.api.messages import TextMessage

from bridge import Attachment, Feature, Kind, Poll, Posted, RoomId, Unsupported
from bridge.ids import Key
from bridge.testing.door import Door
from bridge.testing.holdings import Ballot
from bridge.testing.host import KitHost
from bridge.text.nodes import said
from bridge.text.walk import plain
from connectors.viber import asking
from connectors.viber.config import ViberConfig
from connectors.viber.connector import Viber
from connectors.viber.emulator import ViberChannelEmulator, ViberEmulator
from connectors.viber.wire import Json
from tests.connectors.viber.conftest import Lab
from tests.connectors.viber.test_emulator import ask, called, text  # noqa: F401 a fixture

KEY = Key("b.991.0")


def question(*answers: str, words: str = "Lunch?") -> tuple[Attachment, ...]:
    return (Attachment(kind=Kind.POLL, poll=Poll(question=words, answers=answers)),)


def sent(lab: Lab) -> Json:
    return next(call.body for call in reversed(lab.server.calls) if call.method == "send_message")


async def test_a_poll_is_a_question_over_buttons(lab: Lab) -> None:
    async with lab.kit.running() as run:
        await run.send((), shared=question("soup", "fish & chips <b>"))
        (shown,) = await lab.server.shown(lab.kit.town)
    assert shown.holds == (Ballot(question="Lunch?", options=("soup", "fish & chips <b>")),)
    assert [one["Text"] for one in sent(lab)["keyboard"]["Buttons"]] == ["soup", "fish &amp; chips &lt;b&gt;"]


async def test_what_somebody_presses_or_writes_next_answers_the_poll(lab: Lab) -> None:
    async with lab.kit.running() as run:
        (poll,) = await run.send((), shared=question("soup", "salad"))
        lab.server.press(lab.kit.town, "Ada", "salad")
        event = await run.event(Posted, lambda one: plain(one.text) == "salad", "a button")
        assert event.in_reply_to == poll
        await lab.server.say(lab.kit.town, "Ada", said("without onions"))
        event = await run.event(Posted, lambda one: plain(one.text) == "without onions", "words")
        assert event.in_reply_to == poll
        await run.send("noted")
        await lab.server.say(lab.kit.town, "Ada", said("thank you"))
        event = await run.event(Posted, lambda one: plain(one.text) == "thank you", "words")
        assert event.in_reply_to is None, "what was said to them last is no poll"


@pytest.mark.parametrize("tracking", ["t-77", "poll ", "poll b.99.0", "poll with blanks", "poll " + "x" * 101, 7, None])
async def test_what_another_program_tracked_answers_nothing(lab: Lab, tracking: object) -> None:
    async with lab.kit.running() as run:
        lab.server.send_raw(lab.kit.town, {"type": "text", "text": "hello", "tracking_data": tracking})
        event = await run.event(Posted, lambda one: plain(one.text) == "hello", "words")
    assert event.in_reply_to is None


async def test_a_poll_to_many_is_answered_by_each(lab: Lab) -> None:
    async with lab.kit.running() as run:
        rooms = [RoomId(one) for one in lab.server.rooms]
        told = await lab.viber.broadcast(run.outgoing((), shared=question("yes", "no")), rooms)
        for room, name, answer in zip(rooms, ("Ada", "Grace"), ("yes", "no"), strict=True):
            lab.server.press(room, name, answer)
            event = await run.event(Posted, lambda one, answer=answer: plain(one.text) == answer, "a button")
            assert (event.room, event.in_reply_to) == (room, told[room])


@pytest.mark.parametrize("poll", [
    Poll(question=" ", answers=("a", "b")), Poll(question="q", answers=("a", "a")),
    Poll(question="q", answers=("a", " ")), Poll(question="q", answers=tuple(map(str, range(25)))),
    Poll(question="q", answers=("a", "x" * 251)), Poll(question="q", answers=("a", "<" * 63)),
    Poll(question="q" * 7001, answers=("a", "b")),
    Poll(question="q" * 7000, answers=tuple("ї" * 240 + str(one) for one in range(24))),
])  # fmt: skip
async def test_what_buttons_cannot_show_goes_in_words(lab: Lab, poll: Poll) -> None:
    async with lab.kit.running() as run:
        with pytest.raises(Unsupported) as caught:
            await run.send((), shared=(Attachment(kind=Kind.POLL, poll=poll),))
    assert caught.value.feature is Feature.ATTACHMENT


async def test_channels_have_no_buttons(door: Door, tmp_path: Path) -> None:
    async with ViberChannelEmulator() as server:
        viber = Viber(ViberConfig.model_validate(server.settings()), KitHost(tmp_path, webhook_url=door.url))
        assert Kind.POLL not in viber.capabilities(RoomId("channel")).media


def keyboard(**more: object) -> Json:
    return {"Type": "keyboard", "Buttons": [{"ActionBody": "yes", "Text": "yes", **more}]}


@pytest.mark.parametrize(("buttons", "status"), [
    ({"Type": "menu", "Buttons": []}, 3), ({"Type": "keyboard"}, 4), ({"Type": "keyboard", "Buttons": []}, 3),
    ("yes", 3), (keyboard(ActionBody=None), 4), (keyboard(ActionBody=""), 4), (keyboard(ActionType="dance"), 3),
    (keyboard(Text="x" * 251), 3), (keyboard(Columns=7), 3), (keyboard(Rows=3), 3),
    ({"Type": "keyboard", "Buttons": keyboard()["Buttons"] * 25}, 3),
])  # fmt: skip
async def test_the_emulator_refuses_wrong_buttons(
    called: ViberEmulator,  # noqa: F811
    buttons: object,
    status: int,
) -> None:
    answer = await ask(called, "send_message", text(called, keyboard=buttons))
    assert answer["status"] == status
    assert await called.shown(called.rooms[0]) == []


def test_our_question_is_the_sdks() -> None:
    ours = asking.question(Poll(question="Lunch?", answers=("soup", "salad")), KEY)
    message = TextMessage().from_dict(ours)
    assert message.validate()
    assert {name: value for name, value in message.to_dict().items() if value is not None} == ours
    assert asking.asked({"message": {"type": "text", "text": "soup", "tracking_data": ours["tracking_data"]}}) == KEY
