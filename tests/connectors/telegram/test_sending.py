"""What is sent, as Telegram's readers see it, and that every request and update is Bot API."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import pytest
from aiogram import methods
from aiogram.types import Update

from bridge import (
    Attachment,
    Closing,
    Deletion,
    Edit,
    Kind,
    Location,
    Poll,
    Posted,
    Reaction,
    Rejected,
    Relation,
    RoomClosed,
    RoomKind,
    Scope,
    Target,
    Unit,
    Unsupported,
)
from bridge.capabilities import Rate
from bridge.errors import Feature
from bridge.ids import Key, MessageId, RoomId, ThreadId, UserId
from bridge.testing import samples
from bridge.testing.contract_content import CAFE, CARD, GRACE, PLACE, POINT
from bridge.testing.contract_kit import Kit, Running
from bridge.testing.holdings import Ballot
from bridge.testing.platform import texts
from bridge.text.nodes import Bold, Link, Mention, Paragraph, Quote, Rich, Text, said
from connectors.telegram.emulator import CHANNEL, TOPIC, TOWN, TelegramEmulator
from connectors.telegram.emulator_files import Part
from connectors.telegram.emulator_rules import REAL, Call
from connectors.telegram.emulator_world import Status
from connectors.telegram.reactions import ALLOWED, native

MODELS: dict[str, type[methods.TelegramMethod[Any]]] = {
    "getme": methods.GetMe,
    "getchat": methods.GetChat,
    "getchatmember": methods.GetChatMember,
    "getupdates": methods.GetUpdates,
    "getwebhookinfo": methods.GetWebhookInfo,
    "setwebhook": methods.SetWebhook,
    "deletewebhook": methods.DeleteWebhook,
    "sendmessage": methods.SendMessage,
    "sendlocation": methods.SendLocation,
    "sendvenue": methods.SendVenue,
    "sendcontact": methods.SendContact,
    "sendpoll": methods.SendPoll,
    "stoppoll": methods.StopPoll,
    "sendphoto": methods.SendPhoto,
    "sendvideo": methods.SendVideo,
    "sendanimation": methods.SendAnimation,
    "sendaudio": methods.SendAudio,
    "sendvoice": methods.SendVoice,
    "sendsticker": methods.SendSticker,
    "senddocument": methods.SendDocument,
    "sendmediagroup": methods.SendMediaGroup,
    "editmessagecaption": methods.EditMessageCaption,
    "getfile": methods.GetFile,
    "editmessagetext": methods.EditMessageText,
    "deletemessage": methods.DeleteMessage,
    "setmessagereaction": methods.SetMessageReaction,
}
FORMATTED: Rich = (
    Paragraph((Text("see 😀 "), Bold((Text("this"),)), Link((Text(" page"),), "https://example.org/"))),
    Quote(said("quoted")),
)

LUNCH = Attachment(kind=Kind.POLL, poll=Poll(question="Lunch?", answers=("soup", "salad"), most=2))
HERE = Attachment(kind=Kind.LOCATION, location=Location(latitude=1, longitude=2))


def valid(call: Call) -> methods.TelegramMethod[Any]:
    """A call by an independent model of the Bot API; what the model does not know is an error."""
    model = MODELS[call.method]
    attached = {name for name, value in call.fields.items() if isinstance(value, Part)}
    unknown = set(call.fields) - set(model.model_fields) - attached
    assert not unknown, f"{call.method} has no {unknown}"
    return model.model_validate({name: "F" if name in attached else value for name, value in call.fields.items()})


def last(server: TelegramEmulator, method: str) -> Mapping[str, Any]:
    return next(call.fields for call in reversed(server.calls) if call.method == method)


async def exchange_files(run: Running, server: TelegramEmulator) -> None:
    """A file of each kind and an album, both ways; other words under one of them, and the bytes of another."""
    made = [samples.upload(kind, kind) for kind in samples.OF_KIND]
    files = [run.kit.host.keep(one) for one in made]
    for file in (*files, msgspec.structs.replace(files[0], animated=True, sha256="moves")):
        copy = await run.sent("under it", files=(file,))
    await run.connector.edit(Edit(target=copy, content=run.outgoing("other words"), caption=True))
    await run.send("an album", files=(files[0], files[2]), room=run.kit.garden)
    for one in made:
        await server.send_files(run.kit.town, "Ada", (one,), said("look"))
    native = await server.send_files(run.kit.town, "Ada", (made[0], made[2]))
    album = await run.event(Posted, lambda posted: native in posted.message, "an album")
    assert [piece async for piece in run.connector.fetch(album.attachments[0])]


async def conversation(kit: Kit, server: TelegramEmulator) -> None:
    """Everything both sides can do, once."""
    async with kit.running() as run:
        native_id, event = await run.hears("a question")
        copy = await run.sent(FORMATTED)
        answer = await server.say(kit.town, "Grace", FORMATTED, in_reply_to=native_id)
        await server.edit(kit.town, "Grace", answer, said("changed"))
        await server.react(kit.town, "Ada", MessageId(answer), "❤️")
        await server.unreact(kit.town, "Ada", MessageId(answer), "❤️")
        target = Target(room=event.room, parts=event.message)
        await exchange_files(run, server)
        await run.send("an answer", in_reply_to=target)
        await run.send("in the topic", room=kit.garden)
        for one in (HERE, PLACE, CARD, LUNCH):
            shared = await run.sent((), room=kit.garden, shared=(one,))
        await run.connector.close(Closing(target=shared, key=kit.key()))
        for spot in (CAFE, POINT):
            await server.share_spot(kit.town, "Ada", spot)
        await server.share_card(kit.town, "Ada", GRACE)
        await server.open_poll(kit.town, "Ada", Ballot(question="Lunch?", options=("soup", "salad")))
        await run.connector.edit(Edit(target=copy, content=run.outgoing("other words")))
        await run.connector.react(Reaction(target=target, emoji="👍", wanted=("👍",), key=kit.key()))
        await run.connector.react(Reaction(target=target, emoji="👍", wanted=(), key=kit.key()))
        await run.connector.delete(Deletion(target=copy, key=kit.key()))
        server.set_status(kit.town, Status.MEMBER)
        server.set_status(kit.town, Status.RESTRICTED)
        server.set_status(kit.town, Status.KICKED)
        await run.hears("the end", room=kit.garden)


async def test_every_request_is_one_the_bot_api_knows(kit: Kit, server: TelegramEmulator) -> None:
    await conversation(kit, server)
    for call in server.calls:
        valid(call)
    assert {call.method for call in server.calls} == set(MODELS) - {"setwebhook"}


async def test_every_update_and_answer_is_one_the_bot_api_knows(kit: Kit, server: TelegramEmulator) -> None:
    given: list[dict[str, Any]] = []
    server.world.on_update = given.append
    await conversation(kit, server)
    kinds = set()
    for body in given:
        update = Update.model_validate(json.loads(json.dumps(body)))
        assert not update.model_extra, update.model_extra
        kinds |= set(body) - {"update_id"}
    assert kinds == {"message", "edited_message", "message_reaction", "my_chat_member", "poll"}


async def test_words_are_sent_with_entities_and_without_a_card(kit: Kit, server: TelegramEmulator) -> None:
    async with kit.running() as run:
        await run.send(FORMATTED)
    sent = last(server, "sendmessage")
    assert sent["text"] == "see 😀 this page\nquoted"
    assert [(one["type"], one["offset"], one["length"]) for one in sent["entities"]] == [
        ("bold", 7, 4),
        ("text_link", 11, 5),
        ("blockquote", 17, 6),
    ]
    assert "parse_mode" not in sent
    assert sent["link_preview_options"] == {"is_disabled": True}


async def test_cards_are_shown_where_the_operator_wants_them(
    kit_with: Callable[..., Kit], server: TelegramEmulator
) -> None:
    async with kit_with(link_previews="shown").running() as run:
        await run.send("https://example.org/")
    assert last(server, "sendmessage")["link_preview_options"] == {"is_disabled": False}


async def test_a_topic_and_a_reply_are_named(kit: Kit, server: TelegramEmulator) -> None:
    async with kit.running() as run:
        _, event = await run.hears("a question", room=kit.garden)
        target = Target(room=event.room, thread=event.thread, parts=event.message)
        await run.send("an answer", room=kit.garden, in_reply_to=target)
    sent = last(server, "sendmessage")
    assert sent["message_thread_id"] == str(TOPIC)
    assert sent["reply_parameters"]["allow_sending_without_reply"] is True


async def test_a_reply_to_what_is_gone_is_sent_without(kit: Kit, server: TelegramEmulator) -> None:
    async with kit.running() as run:
        gone = Target(room=RoomId(str(TOWN)), parts=(MessageId("4711"),))
        await run.send("to nobody", in_reply_to=gone)
    assert await texts(server, kit.town) == ["to nobody"]


async def test_a_topic_that_is_gone_closes_the_room_and_nothing_goes_elsewhere(
    kit: Kit, server: TelegramEmulator
) -> None:
    async with kit.running() as run:
        for thread in ("4711", str(TOPIC)):
            server.world.chats[-1001000000002].closed_topics = {TOPIC}
            part = msgspec.structs.replace(run.outgoing("secret", room=kit.garden), thread=ThreadId(thread))
            with pytest.raises(RoomClosed):
                await run.connector.send(part)
    assert not any(chat.messages for chat in server.world.chats.values())


async def test_an_edit_that_changes_nothing_is_no_error(kit: Kit, server: TelegramEmulator) -> None:
    async with kit.running() as run:
        copy = await run.sent("the same")
        await run.connector.edit(Edit(target=copy, content=run.outgoing("the same")))
    assert await texts(server, kit.town) == ["the same"]


async def test_edits_and_deletions_out_of_reach_say_which_feature_is_missing(
    kit: Kit, server: TelegramEmulator
) -> None:
    async with kit.running() as run:
        native_id, event = await run.hears("not ours")
        theirs = Target(room=event.room, parts=(native_id,))
        with pytest.raises(Unsupported) as edit:
            await run.connector.edit(Edit(target=theirs, content=run.outgoing("mine now")))
        assert edit.value.feature is Feature.EDIT
        old = await run.sent("two days old")
        server.world.chats[TOWN].messages[int(old.parts[0])].date -= 48 * 3600
        with pytest.raises(Unsupported) as deletion:
            await run.connector.delete(Deletion(target=old, key=Key("k")))
        assert deletion.value.feature is Feature.DELETE


async def test_an_edit_of_what_is_gone_is_rejected(kit: Kit) -> None:
    async with kit.running() as run:
        gone = Target(room=RoomId(str(TOWN)), parts=(MessageId("4711"),))
        with pytest.raises(Rejected):
            await run.connector.edit(Edit(target=gone, content=run.outgoing("x")))
        await run.connector.delete(Deletion(target=gone, key=Key("k")))


@pytest.mark.parametrize("room", ["@everyone", "", "12a", "--5", "１２"])
async def test_a_room_of_another_platform_is_rejected(kit: Kit, room: str) -> None:
    async with kit.running() as run:
        with pytest.raises(Rejected):
            await run.connector.send(msgspec.structs.replace(run.outgoing("x"), room=RoomId(room)))


async def test_the_newest_of_several_wanted_reactions_is_set(kit: Kit, server: TelegramEmulator) -> None:
    async with kit.running() as run:
        native_id, event = await run.hears("good")
        target = Target(room=event.room, parts=(native_id,))
        await run.connector.react(Reaction(target=target, emoji="❤️", wanted=("👍", "❤️"), key=Key("k")))
        assert dict((await server.shown(kit.town))[0].reactions) == {"❤️": 1}
        await run.connector.react(Reaction(target=target, emoji="❤️", wanted=("👍",), key=Key("k")))
        assert dict((await server.shown(kit.town))[0].reactions) == {"👍": 1}


async def test_a_chat_may_allow_some_reactions_only(kit: Kit, server: TelegramEmulator) -> None:
    server.world.chats[TOWN].reactions = ("❤", "👍")
    async with kit.running() as run:
        await run.connector.join(kit.town)
        await run.connector.join(kit.garden)
        town = run.connector.capabilities(RoomId(str(TOWN))).reactions
        assert town == {"❤", "❤\ufe0f", "👍", "👍\ufe0f"}
        assert run.connector.capabilities(RoomId("-1")).reactions == ALLOWED
        native_id, event = await run.hears("good")
        target = Target(room=event.room, parts=(native_id,))
        await run.connector.react(Reaction(target=target, emoji="👍", wanted=("👍",), key=Key("k")))
        assert dict((await server.shown(kit.town))[0].reactions) == {"👍": 1}
        with pytest.raises(Unsupported):
            await run.connector.react(Reaction(target=target, emoji="🔥", wanted=("🔥",), key=Key("k")))


def test_every_allowed_spelling_has_a_native_one() -> None:
    assert {"❤", "❤️", "👍", "❤️‍🔥", "🤷‍♂️"} <= ALLOWED
    assert all(native(emoji) for emoji in ALLOWED)
    assert native("🦊") is None


async def test_capabilities_are_the_bot_apis(kit: Kit, kit_with: Callable[..., Kit]) -> None:
    real = kit_with(rate_per_second=REAL.per_second, room_rate_per_second=1, group_rate_per_minute=20)
    connector = real.connect(real.host)
    group, private = connector.capabilities(RoomId("-100")), connector.capabilities(RoomId("100"))
    rates = (Rate(Scope.ACCOUNT, 30, 1), Rate(Scope.ROOM, 1, 1), Rate(Scope.ROOM, 20, 60))
    assert (group.rates, private.rates) == (rates, rates[:2])
    assert (group.max_text, group.unit, group.max_reactions, group.in_flight) == (4096, Unit.UTF16, 1, 1)
    assert group.relations == {Relation.REPLY, Relation.THREAD}
    assert kit.connect(kit.host).capabilities(RoomId("-100")).rates == ()
    slow = kit_with(room_rate_per_second=0.25)
    assert slow.connect(slow.host).capabilities(RoomId("1")).rates == (Rate(Scope.ROOM, 1, 4),)


async def test_a_mention_of_a_telegram_user_leads_to_them(kit: Kit, server: TelegramEmulator) -> None:
    async with kit.running() as run:
        _, event = await run.hears("hello")
        mention: Rich = (Paragraph((Mention("Ada", event.author.id),)),)
        await run.send(mention)
        await server.say(kit.town, "Grace", mention)
        await run.event(Posted, lambda one: one.text == mention, "a mention")
    assert [shown.rich for shown in await server.shown(kit.town)][1:] == [mention, mention]


async def test_a_channel_is_written_in_as_a_group_is(kit: Kit, server: TelegramEmulator) -> None:
    async with kit.running() as run:
        await run.connector.join(str(CHANNEL))
        await run.connector.send(msgspec.structs.replace(run.outgoing("news"), room=RoomId(str(CHANNEL))))
        assert await texts(server, str(CHANNEL)) == ["news"]
        _, post = await run.hears("an editor's news", room=str(CHANNEL))
        assert (post.room_kind, post.author.name) == (RoomKind.CHANNEL, "Ada")


async def test_a_user_name_that_somebody_typed_elsewhere_calls_nobody(kit: Kit, server: TelegramEmulator) -> None:
    async with kit.running() as run:
        await run.send(said("@ada_lovelace: write to me@example or @here, @bobby"))
        stranger: Rich = (Paragraph((Mention("@grace_h"), Text(" and "), Mention("Ada", UserId("@ada_lovelace")))),)
        await run.send(stranger)
    plainly, meant = await server.shown(kit.town)
    assert "Mention" not in repr(plainly.rich)
    assert plainly.text.replace("\u200b", "") == "@ada_lovelace: write to me@example or @here, @bobby"
    assert [node for node in meant.rich[0].inside if isinstance(node, Mention)] == [
        Mention("@ada_lovelace", UserId("@ada_lovelace"))
    ]
