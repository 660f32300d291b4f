"""Forum topics: what they are called, whoever says so and whenever."""

from bridge import Posted
from bridge.testing.contract_kit import Kit, Running
from bridge.text.nodes import said
from connectors.telegram.emulator import FORUM, TOPIC, TelegramEmulator

ROOM = f"{FORUM}/{TOPIC}"


async def heard(run: Running, server: TelegramEmulator, words: str) -> Posted:
    await server.say(ROOM, "Ada", said(words))
    return await run.event(Posted, lambda one: one.text == said(words), words)


async def test_a_message_of_a_topic_says_what_the_topic_is_called(kit: Kit, server: TelegramEmulator) -> None:
    async with kit.running() as run:
        event = await heard(run, server, "hello")
        assert (event.thread, event.thread_name, event.in_reply_to) == (str(TOPIC), "Roses", None)
        outside = await server.say(str(FORUM), "Ada", said("outside"))
        event = await run.event(Posted, lambda one: one.message == (outside,), "outside")
        assert (event.thread, event.thread_name) == (None, "")


async def test_a_new_name_of_a_topic_is_known_and_outlives_a_restart(kit: Kit, server: TelegramEmulator) -> None:
    async with kit.running() as run:
        assert (await heard(run, server, "one")).thread_name == "Roses"
        server.world.rename(server.world.chats[FORUM], TOPIC, "Tulips")
        assert (await heard(run, server, "two")).thread_name == "Tulips"
    server.world.chats[FORUM].topics[TOPIC] = "Roses"  # beside a message stands the name it was made with
    async with kit.running() as run:
        assert (await heard(run, server, "three")).thread_name == "Tulips"


async def test_an_answer_in_a_topic_is_in_it_as_well(kit: Kit, server: TelegramEmulator) -> None:
    async with kit.running() as run:
        first = await heard(run, server, "one")
        await server.say(ROOM, "Bob", said("two"), in_reply_to=first.message[0])
        answer = await run.event(Posted, lambda one: one.text == said("two"), "two")
        assert (answer.thread, answer.thread_name, answer.in_reply_to) == (str(TOPIC), "Roses", first.message[0])
