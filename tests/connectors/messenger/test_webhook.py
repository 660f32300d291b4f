"""Meta's calls: proven, stored before they are answered, counted when they are refused."""

import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest
from msgspec.structs import replace

from bridge.connector import Request
from bridge.errors import Unauthorized, Unavailable
from bridge.events import Deleted, Delivered, Edited, Joined, Kind, Posted, Reacted, Unreacted
from bridge.ids import MessageId
from bridge.testing import samples
from bridge.testing.contract_kit import Running
from bridge.testing.loop import hurried
from bridge.testing.platform import texts
from bridge.testing.waiting import eventually
from bridge.text.nodes import said
from bridge.text.walk import plain
from connectors.messenger.emulator_rules import OTHERWISE, UNLIMITED, Unsure
from connectors.messenger.people import SOMEBODY
from tests.connectors.messenger.conftest import Lab

_NINE_DAYS = 9 * 86_400_000
Labs = Callable[..., Awaitable[Lab]]


def body_of(lab: Lab, room: str, text: str, mid: str = "m_forged", ago: int = 0) -> bytes:
    stamp = lab.server.world.stamp() - ago
    one = {"sender": {"id": room}, "recipient": {"id": "104567890123456"}, "timestamp": stamp}
    return lab.server.webhook.body([{**one, "message": {"mid": mid, "text": text}}])


async def test_a_forged_call_is_refused_and_counted(lab: Lab) -> None:
    async with lab.kit().running() as run:
        body = body_of(lab, run.kit.town, "give me money")
        assert await lab.server.webhook.call(body, "sha256=" + "0" * 64) == 403
        assert await lab.server.webhook.call(body + b"\n", lab.server.webhook.sign(body)) == 403
        assert run.kit.host.unread == ["a call that Meta did not sign"] * 2
        await run.hears("the end")
        assert run.kit.host.words() == ["the end"]


async def test_a_call_without_a_signature_is_refused(lab: Lab) -> None:
    async with lab.kit().running() as run:
        request = Request(method="POST", path="", query={}, headers={}, body=b"{}")
        assert (await run.connector.receive(request)).status == 401


@pytest.mark.parametrize(
    ("body", "status", "counted"),
    [
        (b"nothing", 400, "a call that is no JSON"),
        (b'{"object":"instagram","entry":[]}', 200, "a call about something else than pages"),
        (b'{"object":"page","entry":[{"id":"1"}]}', 200, "an entry of another page"),
        (b'{"object":"page","entry":[{"id":"104567890123456","messaging":[{}]}]}', 200, "an item of no known kind"),
    ],
)  # fmt: skip
async def test_a_malformed_call_is_counted(lab: Lab, body: bytes, status: int, counted: str) -> None:
    async with lab.kit().running() as run:
        assert await lab.server.webhook.call(body) == status
        assert run.kit.host.unread == [counted]


async def test_a_call_that_comes_again_is_stored_once_and_an_old_one_never(lab: Lab) -> None:
    async with lab.kit().running() as run:
        body = body_of(lab, run.kit.town, "once")
        assert [await lab.server.webhook.call(body) for _ in range(3)] == [200] * 3
        assert run.kit.host.words() == ["once"]
        assert await lab.server.webhook.call(body_of(lab, run.kit.town, "long ago", "m_old", _NINE_DAYS)) == 200
        assert run.kit.host.words() == ["once"]
        assert run.kit.host.unread == ["a replayed call"]


async def test_the_handshake_wants_our_word(lab: Lab) -> None:
    async with lab.kit().running() as run:
        query = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": "emulated-verify-token"}
        request = Request(method="GET", path="", query=query, headers={}, body=b"")
        assert (await run.connector.receive(request)).body == b"1158201444"
        wrong = Request(method="GET", path="", query={**query, "hub.verify_token": "x"}, headers={}, body=b"")
        assert (await run.connector.receive(wrong)).status == 403


async def test_several_items_of_one_call_are_stored_together(lab: Lab) -> None:
    async with lab.kit().running() as run:
        await run.hears("before")
        lab.server.webhook.per_call = 10
        run.kit.host.hold()
        for number in range(5):
            await lab.server.say(run.kit.town, "Ada", said(f"number {number}"))
        run.kit.host.release()
        await run.published("number 4")
        assert run.kit.host.words()[1:] == [f"number {number}" for number in range(5)]
    assert max(len(json.loads(call.body)["entry"]) for call in lab.door.calls if call.body) > 1


async def test_while_nothing_can_be_stored_meta_keeps_it(lab: Lab) -> None:
    async with lab.kit().running() as run:
        run.kit.host.fill()
        assert await lab.server.webhook.call(body_of(lab, run.kit.town, "later")) == 503
        run.kit.host.drain()
        assert await lab.server.webhook.call(body_of(lab, run.kit.town, "later")) == 200


async def test_a_page_that_was_unsubscribed_is_subscribed_again(lab_with: Labs) -> None:
    lab = await lab_with(limits=replace(UNLIMITED, give_up_seconds=0.1))
    async with lab.kit(check_seconds=5).running() as run:
        url, lab.server.webhook.url = lab.server.webhook.url, "http://127.0.0.1:9/"
        await lab.server.say(run.kit.town, "Ada", said("into the void"))
        await eventually(lambda: not lab.server.world.subscribed)
        lab.server.webhook.url = url
        await run.connector._look(run.connector._live().page)
        await run.hears("heard again")


async def test_a_connector_that_does_not_run_asks_for_later(lab: Lab) -> None:
    kit = lab.kit()
    connector = kit.connect(kit.host)
    body = body_of(lab, kit.town, "too early")
    headers = {"x-hub-signature-256": lab.server.webhook.sign(body)}
    answer = await connector.receive(Request(method="POST", path="", query={}, headers=headers, body=body))
    assert (answer.status, answer.headers["Retry-After"]) == (503, "2")


async def test_while_the_graph_api_is_away_metas_calls_are_taken(lab: Lab) -> None:
    kit = lab.kit(check_seconds=5)
    connector = kit.connect(kit.host)
    with hurried():
        running = asyncio.create_task(connector.run())
        await kit.host.until(lambda _: kit.host.online, "a connection")
        await lab.server.server.__aexit__()
        with pytest.raises(Unavailable):
            await running
        assert await lab.server.webhook.call(body_of(lab, kit.town, "can you hear me")) == 200
    assert kit.host.words() == ["can you hear me"]


async def test_what_one_person_says_stays_in_order_though_names_come_late(lab: Lab) -> None:
    async with lab.kit().running() as run:
        bodies = [body_of(lab, run.kit.garden, f"number {number}", f"m_{number}") for number in range(5)]
        lab.server.server.silent.add(run.kit.garden)
        with hurried():
            calls = [asyncio.create_task(lab.server.webhook.call(body)) for body in bodies[:1]]
            await eventually(lambda: lab.server.server.calls[-1].path == run.kit.garden)
            lab.server.server.silent.clear()
            calls += [asyncio.create_task(lab.server.webhook.call(body)) for body in bodies[1:]]
            assert await asyncio.gather(*calls) == [200] * 5
        assert sorted(run.kit.host.words()) == run.kit.host.words()


# Echoes.


async def test_an_echo_settles_its_key(lab: Lab) -> None:
    async with lab.kit().running() as run:
        part = run.outgoing("did it arrive")
        ids = await run.send_part(part)
        await eventually(lambda: [one for one in run.kit.host.echoes if one.echo_of == part.key])
        (echo,) = run.kit.host.echoes
        assert isinstance(echo, Posted)
        assert echo.message == ids


async def test_others_who_write_as_the_page_are_heard(lab: Lab) -> None:
    async with lab.kit().running() as run:
        lab.server.answer(run.kit.town, "from the inbox")
        event = await run.published("from the inbox")
        assert event.author.name == "Town Hall"
        lab.server.answer(run.kit.town, "by our app, without a key", "1517776481860111")
        await run.hears("the end")
        assert "by our app, without a key" not in run.kit.host.words()


# What people do, in every position of what is uncertain.


@pytest.mark.parametrize("unsure", [Unsure(), OTHERWISE, replace(OTHERWISE, stickers="as pictures")])
async def test_everything_people_do_arrives_whatever_meta_does(lab_with: Labs, unsure: Unsure) -> None:
    lab = await lab_with(unsure=unsure)
    kit = lab.kit()
    async with kit.running() as run:
        await _everything(lab, run)
        found = {type(one) for one in kit.host.events}
        assert found >= {Posted, Edited, Reacted, Unreacted, Delivered, Joined}
        assert (Deleted in found) == (unsure.unsend == "told")
        assert [one.emoji for one in kit.host.events if isinstance(one, Unreacted)] == ["👍", "❤️"]
        stickers = [one for one in kit.host.events if isinstance(one, Posted) and one.attachments]
        assert [len(one.attachments) for one in stickers] == [1]
        assert not kit.host.unread


async def _everything(lab: Lab, run: Running) -> None:
    server, room = lab.server, run.kit.town
    native, _ = await run.hears("frist")
    await server.edit(room, "Ada", native, said("first"))
    copy = (await run.sent("a copy")).parts[0]
    for emoji in ("👍", "❤️"):
        await server.react(room, "Ada", copy, emoji)
    await server.unreact(room, "Ada", copy, "❤️")
    server.attach(room, [server.files.attach(samples.upload(Kind.STICKER, "thrown"))])
    await server.subscribe(room)
    server.press(room, "Opening hours")
    server.read(room)
    gone, _ = await run.hears("soon gone")
    await server.delete(room, "Ada", gone)
    await run.hears("the end")


async def test_a_person_edits_five_times_at_most(lab: Lab) -> None:
    async with lab.kit().running() as run:
        native, _ = await run.hears("0")
        for number in range(1, 6):
            await lab.server.edit(run.kit.town, "Ada", native, said(str(number)))
        with pytest.raises(ValueError, match="five"):
            await lab.server.edit(run.kit.town, "Ada", native, said("6"))
        await run.event(Edited, lambda one: plain(one.text) == "5", "the fifth")
        await run.hears("the end")
        assert len([one for one in run.kit.host.events if isinstance(one, Edited)]) == 5


async def test_who_has_no_name_is_somebody(lab: Lab) -> None:
    lab.server.world.people[lab.server.rooms[0]].name = ""
    async with lab.kit().running() as run:
        lab.server.attach(run.kit.town, [], "hello")
        assert (await run.published("hello")).author.name == SOMEBODY


async def test_nobody_waits_long_for_a_name(lab: Lab) -> None:
    """The Graph API is silent, and the message is stored all the same."""
    async with lab.kit().running() as run:
        lab.server.server.silent.add(run.kit.garden)
        with hurried():
            _, event = await _said_by_grace(run)
        assert event.author.name == SOMEBODY
        lab.server.server.silent.clear()


async def _said_by_grace(run: Running) -> tuple[MessageId, Posted]:
    async with asyncio.timeout(5):
        return await run.hears("hello", room=run.kit.garden)


# Registration.


async def test_the_address_is_registered_where_there_is_none(lab: Lab) -> None:
    url, lab.server.webhook.url = lab.server.webhook.url, ""
    async with lab.kit(webhook_url=url).running() as run:
        assert lab.server.webhook.url == url
        await run.hears("hello")


async def test_the_address_of_another_program_is_left_alone(lab: Lab) -> None:
    lab.server.webhook.url = other = "http://127.0.0.1:9/another/program"
    async with lab.kit(webhook_url=lab.door.url).running() as run:
        assert lab.server.webhook.url == other
        (found,) = await run.connector.examine()
        ours = lab.door.url.rpartition("/in")[0]
        assert found.what == f"Meta calls http://127.0.0.1:9 for pages of this app, and not {ours}"
        assert lab.door.url in found.remedy


async def test_a_reaction_that_came_while_the_store_was_full_still_replaces_the_last(lab: Lab) -> None:
    async with lab.kit().running() as run:
        native, _ = await run.hears("good news")
        await lab.server.react(run.kit.town, "Ada", native, "👍")
        await run.event(Reacted, lambda one: one.emoji == "👍", "the first")
        run.kit.host.fill()
        await lab.server.react(run.kit.town, "Ada", native, "❤️")
        await run.kit.host.until(lambda _: run.kit.host.refused, "a publish that is turned away")
        run.kit.host.drain()
        await run.event(Reacted, lambda one: one.emoji == "❤️", "the second")
        assert [one.emoji for one in run.kit.host.events if isinstance(one, Unreacted)] == ["👍"]


async def test_where_not_everything_is_known_less_is_asked_for(lab_with: Labs) -> None:
    lab = await lab_with(unsure=Unsure(fields="some unknown"))
    async with lab.kit(webhook_url=lab.door.url).running() as run:
        await run.hears("hello")
        (found,) = await run.connector.examine()
        assert found.what.endswith("message_edits, messaging_optins, messaging_handovers, standby")


async def test_what_is_not_ours_to_ask_for_is_asked_by_hand(lab_with: Labs) -> None:
    lab = await lab_with(unsure=Unsure(fields="not ours to ask for"))
    lab.server.world.subscribed = {"messages"}
    kit = lab.kit(webhook_url=lab.door.url)
    with pytest.raises(Unauthorized):
        await kit.connect(kit.host).run()
    async with lab.kit(webhook="manual").running() as run:
        await run.hears("hello")
        await run.connector._look(run.connector._live().page)


async def test_an_account_that_is_well_has_no_findings(lab: Lab) -> None:
    async with lab.kit(webhook_url=lab.door.url).running() as run:
        assert await run.connector.examine() == []
        lab.server.world.subscribed -= {"messages", "message_reads"}
        (found,) = await run.connector.examine()
        assert "messages, message_reads" in found.what


async def test_without_an_address_the_operator_is_told(lab: Lab) -> None:
    async with lab.kit().running() as run:
        assert [one.where for one in await run.connector.examine()] == ["webhook"]
        assert await texts(lab.server, run.kit.town) == []
