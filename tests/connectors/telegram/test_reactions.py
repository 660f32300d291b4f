"""Reactions: custom emoji are read as what they stand for, and a refused emoji is the only one that goes."""

from collections.abc import Callable

import pytest
from aiogram import methods
from aiogram.types import Sticker

from bridge import Feature, Reaction, Target, Unsupported
from bridge.events import Reacted, Unreacted
from bridge.ids import Key, MessageId
from bridge.testing.contract_kit import Kit, Running
from bridge.text.nodes import said
from connectors.telegram.emulator import TOWN, TelegramEmulator
from connectors.telegram.emulator_rules import Call

PARROT, OTHER, LOST = "5368324170671202286", "5368324170671202287", "5368324170671202288"


async def put(server: TelegramEmulator, message: MessageId, *emoji: str) -> None:
    chat = server.world.chats[TOWN]
    server.world.react(chat.messages[int(message)], server.world.person("Ada"), list(emoji))


def reactions(run: Running) -> list[str]:
    return [f"+{one.emoji}" if isinstance(one, Reacted) else f"-{one.emoji}" for one in run.kit.host.events
            if isinstance(one, (Reacted, Unreacted))]  # fmt: skip


async def test_a_custom_emoji_is_read_as_what_it_stands_for(kit: Kit, server: TelegramEmulator) -> None:
    server.world.customs = {PARROT: "🦜", OTHER: "🦜"}
    async with kit.running() as run:
        native, _ = await run.hears("good")
        await put(server, native, PARROT, "👍")
        await put(server, native, OTHER)
        await put(server, native)
        await run.hears("the end")
        assert reactions(run) == ["+🦜", "+👍", "-👍", "-🦜"]
    asked = [call for call in server.calls if call.method == "getcustomemojistickers"]
    assert [number for call in asked for number in valid(call).custom_emoji_ids] == [PARROT, OTHER]
    found = server.server.methods.carry_out(Call("getcustomemojistickers", {"custom_emoji_ids": [PARROT]}))
    assert [Sticker.model_validate(one).emoji for one in found] == ["🦜"]


def valid(call: Call) -> methods.GetCustomEmojiStickers:
    return methods.GetCustomEmojiStickers.model_validate(call.fields)


async def test_a_custom_emoji_is_asked_for_once_also_after_a_restart(kit: Kit, server: TelegramEmulator) -> None:
    server.world.customs = {PARROT: "🦜"}
    async with kit.running() as run:
        native, _ = await run.hears("good")
        await put(server, native, PARROT)
        await run.hears("the end")
    server.world.customs = {}
    async with kit.running() as run:
        await put(server, native)
        await run.hears("another end")
        assert reactions(run)[-1] == "-🦜"


async def test_a_custom_emoji_that_nobody_knows_has_one_name_for_a_day(kit: Kit, server: TelegramEmulator) -> None:
    async with kit.running() as run:
        native, _ = await run.hears("good")
        await put(server, native, LOST)
        await run.hears("drawn in between")
        server.world.customs = {LOST: "🦜"}
        await put(server, native)
        await run.hears("the end")
        assert reactions(run) == ["+:custom-202288:", "-:custom-202288:"]


async def test_a_server_that_knows_no_custom_emoji_delays_nothing(
    kit_with: Callable[..., Kit], server: TelegramEmulator
) -> None:
    server.world.customs = {str(PARROT): "🦜"}
    server.server.methods.forget("getcustomemojistickers")
    async with kit_with().running() as run:
        native = await server.say(run.kit.town, "Ada", said("good"))
        await put(server, native, PARROT)
        await run.hears("the end")
        assert reactions(run) == ["+:custom-202286:"]


async def test_a_refused_emoji_is_no_longer_among_those_of_its_chat(kit: Kit, server: TelegramEmulator) -> None:
    async with kit.running() as run:
        place = await run.connector.join(kit.town)
        native, event = await run.hears("good")
        server.world.chats[TOWN].reactions = ("❤", "👍")
        target = Target(room=event.room, parts=(native,))
        with pytest.raises(Unsupported) as caught:
            await run.connector.react(Reaction(target=target, emoji="🔥", wanted=("🔥",), key=Key("k")))
        assert caught.value.feature is Feature.EMOJI
        left = run.connector.capabilities(place.room).reactions or frozenset()
        assert "🔥" not in left
        assert {"❤", "👍", "🎉"} < left
