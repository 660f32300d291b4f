"""WhatsApp as the bridge uses it: windows, rates, files, reactions, and what nobody is sure of both ways."""

from typing import Any

import pytest

from bridge.asked import Reaction, Target, Template
from bridge.errors import Feature, Rejected, RoomClosed, Scope, Unauthorized, Unavailable, Uncertain, Unsupported
from bridge.events import Delivered, Failure, Joined, Kind, Posted, Reacted, SendFailed, Unreacted
from bridge.ids import RoomId, UserId
from bridge.testing import samples
from bridge.testing.clock import HandClock
from bridge.testing.platform import Fault
from bridge.text.nodes import said
from connectors.whatsapp.emulator import WhatsAppEmulator
from connectors.whatsapp.emulator_errors import GraphRefusal
from connectors.whatsapp.emulator_world import ACCOUNT_ID, PHONE_ID, UNLIMITED, Limits, Phones, Switches
from tests.connectors.whatsapp.conftest import Lab, Labs

DAY = 24 * 3600
COME_BACK = Template(name="come_back", language="en_US", parameters=("Ada",))


def sent(lab: Lab) -> list[dict[str, Any]]:
    """The bodies of what was posted as messages."""
    return [one.body for one in lab.server.calls if one.path == f"{PHONE_ID}/messages"]


# People.


@pytest.mark.parametrize("phones", Phones)
async def test_wherever_the_phone_number_stands_a_person_is_the_user_id(lab_with: Labs, phones: Phones) -> None:
    async with lab_with(Switches(phones=phones)) as lab:
        _, event = await lab.run.hears("hello")
        assert (event.author.id, event.room) == (lab.ada, lab.ada)
        ids = await lab.run.send("hello, Ada")
        await lab.run.event(Delivered, lambda one: one.message in ids and one.room == lab.ada, "its arrival")
        assert sent(lab)[-1]["recipient"] == lab.ada
        assert "to" not in sent(lab)[-1]


async def test_what_does_not_go_to_user_ids_goes_to_the_phone_number(lab: Lab) -> None:
    await lab.run.hears("hello")
    lab.server.refuse_next(GraphRefusal(131062))
    await lab.run.send("a code")
    first, second = sent(lab)
    assert (first["recipient"], second["to"]) == (lab.ada, lab.server.world.person("Ada").phone)
    assert "recipient" not in second


async def test_who_has_shown_no_phone_number_cannot_get_it(lab_with: Labs) -> None:
    async with lab_with(Switches(phones=Phones.ABSENT)) as lab:
        await lab.run.hears("hello")
        lab.server.refuse_next(GraphRefusal(131062))
        with pytest.raises(Rejected):
            await lab.run.send("a code")


# Windows.


async def test_outside_the_window_only_a_template_goes(lab_with: Labs, clock: HandClock) -> None:
    async with lab_with(clock=clock) as lab:
        await clock.turn(DAY + 1)
        with pytest.raises(RoomClosed) as caught:
            await lab.run.send("too late")
        assert caught.value.accepts == {Feature.TEMPLATE}
        await lab.run.send("come back, Ada", template=COME_BACK)
        await lab.kit.reads(lab.ada, "come_back Ada")
        await lab.run.hears("here I am")
        await lab.run.send("in time again")
        await lab.kit.reads(lab.ada, "in time again")


@pytest.mark.parametrize("contacts", ["given", "left out"])
async def test_a_closed_window_may_be_told_after_a_success(lab_with: Labs, clock: HandClock, contacts: str) -> None:
    async with lab_with(Switches(late=frozenset({131047}), failed_contacts=contacts), clock=clock) as lab:
        await clock.turn(DAY + 1)
        ids = await lab.run.send("too late")
        event = await lab.run.event(SendFailed, lambda one: one.message in ids, "its failure")
        assert (event.failure, event.room) == (Failure.CLOSED, lab.ada)


@pytest.mark.parametrize("late", [frozenset[int](), frozenset({131026})])
async def test_a_person_who_blocks_us_is_told_at_once_or_later(lab_with: Labs, late: frozenset[int]) -> None:
    async with lab_with(Switches(late=late)) as lab:
        lab.server.world.person("Ada").blocks_us = True
        if not late:
            with pytest.raises(Rejected, match="131026"):
                await lab.run.send("hello")
            return
        ids = await lab.run.send("hello")
        event = await lab.run.event(SendFailed, lambda one: one.message in ids, "its failure")
        assert event.failure is Failure.REFUSED


@pytest.mark.parametrize(("template", "code"), [(Template(name="nobody", language="uk"), "132001"),
                                                (Template(name="come_back", language="en_US"), "132000")])  # fmt: skip
async def test_a_template_that_is_none_is_refused(lab: Lab, template: Template, code: str) -> None:
    with pytest.raises(Rejected, match=code):
        await lab.run.send("come back", template=template)


# Unknown outcomes.


async def test_a_lost_answer_is_settled_by_our_key_in_the_status(lab: Lab) -> None:
    part = lab.run.outgoing("did it arrive")
    lab.server.fail_next(Fault.LOST_ANSWER)
    with pytest.raises(Uncertain):
        await lab.run.send_part(part)
    await lab.kit.host.when(lambda: lab.kit.host.echoes)
    (echo,) = lab.kit.host.echoes
    assert isinstance(echo, Posted)
    shown = await lab.kit.reads(lab.ada, "did it arrive")
    assert (echo.echo_of, echo.message, echo.room) == (part.key, (shown.id,), lab.ada)


async def test_what_arrived_on_one_device_did_not_fail(lab: Lab) -> None:
    (ident,) = await lab.run.send("hello")
    await lab.run.event(Delivered, lambda one: one.message == ident, "its arrival")
    status = {"id": ident, "status": "failed", "timestamp": "1760000041", "recipient_user_id": lab.ada,
              "errors": [{"code": 131026}]}  # fmt: skip
    lab.server.world.tell_change("messages", statuses=[status])
    await lab.run.hears("the end")
    assert not [event for event in lab.kit.host.events if isinstance(event, SendFailed)]


async def test_a_status_that_knows_the_phone_number_alone_is_of_the_room_it_went_to(lab: Lab) -> None:
    (ident,) = await lab.run.send("hello")
    status = {"id": ident, "status": "failed", "timestamp": lab.server.world.stamp(), "errors": [{"code": 131047}],
              "recipient_id": lab.server.world.person("Ada").phone}  # fmt: skip
    await lab.run.event(Delivered, lambda one: one.message == ident, "its arrival")
    lab.connector._hearing._arrived.clear()
    lab.server.world.tell_change("messages", statuses=[status])
    event = await lab.run.event(SendFailed, lambda one: one.message == ident, "its failure")
    assert (event.room, event.failure) == (lab.ada, Failure.CLOSED)


@pytest.mark.parametrize(("code", "tries"), [(131000, 3), (2, None)])
async def test_what_may_be_the_messages_fault_is_not_tried_for_ever(lab: Lab, code: int, tries: int | None) -> None:
    part, errors = lab.run.outgoing("hello"), []
    for _ in range(4):
        lab.server.refuse_next(GraphRefusal(code))
        with pytest.raises((Unavailable, Rejected)) as caught:
            await lab.run.send_part(part)
        errors.append(isinstance(caught.value, Rejected))
    assert errors == [tries is not None and number >= tries for number in range(1, 5)]


# Rates.


@pytest.mark.parametrize(("status", "wait"), [(429, 60.0), (400, None)])
async def test_too_many_a_second_bind_the_account_by_either_status(
    lab_with: Labs, status: int, wait: float | None
) -> None:
    limits = Limits(per_second=2, burst=0)
    async with lab_with(Switches(throttled_with=status), limits, rate_per_second=0) as lab:
        lab.server.world.clock = HandClock()
        for number in range(2):
            await lab.run.send(f"number {number}")
        with pytest.raises(Unavailable) as caught:
            await lab.run.send("one too many")
        assert (type(caught.value), caught.value.scope) == (Unavailable, Scope.ACCOUNT)
        assert caught.value.retry_after == wait


async def test_one_person_gets_one_in_six_seconds_and_the_others_go_on(lab_with: Labs) -> None:
    limits = Limits(per_second=0, burst=2)
    async with lab_with(limits=limits, person_burst=0) as lab:
        clock = lab.server.world.clock = HandClock()
        for number in range(2):
            await lab.run.send(f"number {number}")
        waits = []
        for _ in range(3):
            with pytest.raises(Unavailable) as caught:
                await lab.run.send("one too many")
            assert caught.value.scope is Scope.ROOM
            waits.append(caught.value.retry_after)
        assert waits == [6.0, 16.0, 64.0]
        await lab.run.send("to somebody else", room=lab.server.rooms[1])
        await clock.turn(12)
        await lab.run.send("in time")


async def test_the_rates_of_the_settings_are_the_rooms(lab_with: Labs) -> None:
    async with lab_with(rate_per_second=0.5, person_burst=45) as lab:
        rates = {rate.scope: (rate.count, rate.seconds) for rate in lab.connector.capabilities(lab.ada).rates}
        assert rates == {Scope.ACCOUNT: (1, 2.0), Scope.ROOM: (45, 270.0)}


# Reactions and read marks.


@pytest.mark.parametrize("unreacted", ["empty", "absent"])
async def test_a_reaction_replaces_the_one_before_also_after_a_restart(lab_with: Labs, unreacted: str) -> None:
    async with lab_with(Switches(unreacted=unreacted)) as lab:
        native, _ = await lab.run.hears("good news")
        await lab.server.react(lab.ada, "Ada", native, "👍")
        await lab.run.event(Reacted, lambda one: one.emoji == "👍", "a thumb")
        await lab.run.end()
        async with lab.kit.running() as again:
            await lab.server.react(lab.ada, "Ada", native, "🎉")
            await again.event(Reacted, lambda one: one.emoji == "🎉", "a party")
            await lab.server.unreact(lab.ada, "Ada", native, "🎉")
            await again.event(Unreacted, lambda one: one.emoji == "🎉", "the end of it")
        told = [(type(event), event.emoji) for event in lab.kit.host.events if isinstance(event, Reacted | Unreacted)]
        assert told == [(Reacted, "👍"), (Unreacted, "👍"), (Reacted, "🎉"), (Unreacted, "🎉")]


async def test_a_reaction_that_is_given_again_changes_nothing(lab_with: Labs, clock: HandClock) -> None:
    async with lab_with(clock=clock) as lab:
        native, _ = await lab.run.hears("good news")
        for emoji in ("👍", "🎉"):
            await clock.turn(2)
            await lab.server.react(lab.ada, "Ada", native, emoji)
            await lab.run.event(Reacted, lambda one, emoji=emoji: one.emoji == emoji, emoji)
        for call in lab.door.calls[-2:]:
            assert (await lab.connector.receive(call)).status == 200
        told = [(type(event), event.emoji) for event in lab.kit.host.events if isinstance(event, Reacted | Unreacted)]
        assert told == [(Reacted, "👍"), (Unreacted, "👍"), (Reacted, "🎉")]


async def test_no_remembered_reaction_tells_who_it_was(lab: Lab) -> None:
    native, _ = await lab.run.hears("good news")
    await lab.server.react(lab.ada, "Ada", native, "👍")
    await lab.run.event(Reacted, lambda _: True, "a thumb")
    assert not [name for name in lab.kit.host._kept.values if lab.ada in name]


async def test_a_read_mark_stands_under_what_somebody_wrote(lab: Lab) -> None:
    native, event = await lab.run.hears("did you see it")
    await lab.connector.mark_read(Target(room=event.room, parts=event.message))
    assert lab.server.world.chats[lab.ada].messages[native].read
    assert sent(lab) == [{"messaging_product": "whatsapp", "status": "read", "message_id": native}]


# Files.


async def test_a_file_is_uploaded_once(lab: Lab) -> None:
    file = lab.kit.host.keep(samples.upload(Kind.IMAGE, "a picture"))
    for _ in range(2):
        await lab.run.send((), files=(file,))
    assert [one.path for one in lab.server.calls].count(f"{PHONE_ID}/media") == 1
    lab.server.world.files.clear()
    await lab.run.send((), files=(file,))
    assert [one.path for one in lab.server.calls].count(f"{PHONE_ID}/media") == 2


async def test_words_under_a_sound_are_left_to_the_bridge(lab: Lab) -> None:
    assert lab.run.capabilities(lab.ada).uncaptioned == {Kind.AUDIO, Kind.VOICE, Kind.STICKER}


@pytest.mark.parametrize("sizes", ["numbers", "texts"])
async def test_a_file_of_a_person_is_fetched_whatever_its_size_is_written_as(lab_with: Labs, sizes: str) -> None:
    async with lab_with(Switches(sizes=sizes)) as lab:
        picture = samples.upload(Kind.IMAGE, "a picture")
        await lab.server.send_files(lab.ada, "Ada", [picture])
        event = await lab.run.event(Posted, lambda one: bool(one.attachments), "a picture")
        pieces = [piece async for piece in lab.connector.fetch(event.attachments[0])]
        assert b"".join(pieces) == picture.data


@pytest.mark.parametrize("answer", [401, 404])
async def test_no_token_goes_to_another_server(lab_with: Labs, answer: int) -> None:
    async with lab_with(Switches(no_token=answer), media_hosts=["lookaside.fbsbx.com"]) as lab:
        await lab.server.send_files(lab.ada, "Ada", [samples.upload(Kind.IMAGE, "a picture")])
        event = await lab.run.event(Posted, lambda one: bool(one.attachments), "a picture")
        with pytest.raises(Rejected, match="not trusted"):
            [piece async for piece in lab.connector.fetch(event.attachments[0])]


async def test_a_file_that_is_seven_days_old_is_gone(lab_with: Labs, clock: HandClock) -> None:
    async with lab_with(clock=clock) as lab:
        await lab.server.send_files(lab.ada, "Ada", [samples.upload(Kind.IMAGE, "a picture")])
        event = await lab.run.event(Posted, lambda one: bool(one.attachments), "a picture")
        await clock.turn(7 * DAY + 1)
        with pytest.raises(Rejected):
            [piece async for piece in lab.connector.fetch(event.attachments[0])]


# Groups.


@pytest.mark.parametrize("group_types", ["table", "sample"])
async def test_who_comes_into_a_group_is_told(lab_with: Labs, group_types: str) -> None:
    async with lab_with(Switches(group_types=group_types), kind=WhatsAppEmulator) as lab:
        await lab.server.say(lab.ada, "Linus", said("hello"))
        event = await lab.run.event(Joined, lambda one: one.room == lab.ada, "somebody who came")
        assert event.user.id == lab.server.world.person("Linus").bsuid


async def test_groups_take_words_and_files_and_no_reactions(lab_with: Labs) -> None:
    async with lab_with(kind=WhatsAppEmulator) as lab:
        native, event = await lab.run.hears("good news")
        assert {Kind.LOCATION, Kind.CONTACT} & set(lab.run.capabilities(lab.ada).media) == set()
        target = Target(room=event.room, parts=(native,))
        with pytest.raises(Unsupported):
            await lab.connector.react(Reaction(target=target, emoji="👍", wanted=("👍",), key=lab.kit.key()))
        await lab.connector.mark_read(target)
        assert sent(lab) == []


async def test_a_suspended_group_is_closed(lab_with: Labs) -> None:
    async with lab_with(kind=WhatsAppEmulator) as lab:
        lab.server.world.chats[lab.ada].suspended = True
        with pytest.raises(RoomClosed):
            await lab.connector.join(lab.ada)
        with pytest.raises(RoomClosed):
            await lab.run.send("hello")


async def test_each_member_of_a_group_confirms(lab_with: Labs) -> None:
    async with lab_with(kind=WhatsAppEmulator) as lab:
        (ident,) = await lab.run.send("hello, all")
        for person in ("Ada", "Grace"):
            who = RoomId(lab.server.world.person(person).bsuid)
            await lab.run.event(Delivered, lambda one, who=who: (one.message, one.recipient) == (ident, who), person)


@pytest.mark.parametrize(
    ("name", "room"),
    [("+380 67 111-22-33", "380671112233"), ("UA.1349", "UA.1349"), ("US.ENT.118", "US.ENT.118")],
)
async def test_a_room_is_named_as_people_write_it(lab: Lab, name: str, room: str) -> None:
    assert (await lab.connector.join(name)).room == room


@pytest.mark.parametrize("name", ["", "nobody", "../me", "a b c d e f g h i j k l m n"])
async def test_a_name_that_is_none_is_refused(lab: Lab, name: str) -> None:
    with pytest.raises(Rejected):
        await lab.connector.join(name)


# The account.


async def test_meta_is_told_where_to_call(lab: Lab) -> None:
    (asked,) = [one for one in lab.server.calls if one.path == f"{ACCOUNT_ID}/subscribed_apps"]
    assert asked.body == {"override_callback_uri": lab.door.url, "verify_token": "open sesame"}
    assert [finding.where for finding in await lab.connector.examine()] == []


async def test_without_the_account_the_webhook_is_the_operators(lab_with: Labs) -> None:
    async with lab_with(business_account=None) as lab:
        assert not [one for one in lab.server.calls if one.path.endswith("subscribed_apps")]
        lab.server.courier.url = lab.door.url
        await lab.run.hears("hello")
        assert [finding.where for finding in await lab.connector.examine()] == ["business_account"]


async def test_a_door_that_does_not_answer_is_told(lab: Lab) -> None:
    lab.kit.host.webhook_url = lab.door.url.replace("/in/kit", "/nowhere")
    lab.kit.host.lost()
    connector = lab.kit.connect(lab.kit.host)
    lab.kit.host.webhook_url = lab.door.url.replace("/in/kit", "/nowhere")
    with pytest.raises(Unavailable, match="public_url"):
        await connector.run()


@pytest.mark.parametrize(("proof", "works"), [("sent", True), ("omitted", False)])
async def test_a_proof_of_the_apps_secret_is_given_where_it_is_asked_for(
    lab_with: Labs,
    proof: str,
    works: bool,  # noqa: FBT001 a table's column
) -> None:
    async with lab_with(secret_proof=proof) as lab:
        lab.server.world.switches = Switches(proof="required")
        if works:
            await lab.run.send("hello")
        else:
            with pytest.raises(Unauthorized, match="secret_proof"):
                await lab.run.send("hello")


async def test_a_number_that_people_report_is_a_fault(lab: Lab) -> None:
    lab.server.world.quality = "RED"
    assert ["often" in finding.what for finding in await lab.connector.examine()] == [True]
    lab.server.world.quality = "YELLOW"
    assert ["some" in finding.what for finding in await lab.connector.examine()] == [True]


async def test_every_call_speaks_of_our_number_and_no_other(lab: Lab) -> None:
    assert lab.kit.host.connected_as is not None
    assert lab.kit.host.connected_as.id == UserId(PHONE_ID)
    for number in ("1", "999999"):
        config = lab.connector.config.model_copy(update={"phone_number_id": number})
        wrong = type(lab.connector)(config, lab.kit.host)
        with pytest.raises(Unauthorized):
            await wrong.run()


def test_the_emulator_is_as_strict_as_the_platform_unless_told() -> None:
    limits = WhatsAppEmulator().world.limits
    assert (limits.per_second, limits.burst, limits.pair_seconds) == (80, 45, 6.0)
    assert (UNLIMITED.per_second, UNLIMITED.burst) == (0, 0)
