"""Desks over Telegram and Matrix: private chats become threads and topics, answers go back, also after a restart."""

import asyncio
from pathlib import Path

from bridge.clock import SystemClock
from bridge.demo.daemon import Daemon, free_port
from bridge.ids import MessageId, ThreadId
from bridge.testing.platform import Shown
from bridge.testing.waiting import eventually, shown
from bridge.text.nodes import said
from connectors.matrix.emulator import MatrixEmulator
from connectors.telegram.emulator import FORUM, TelegramEmulator
from connectors.telegram.emulator_rules import UNLIMITED
from connectors.telegram.emulator_world import Chat

OLENA, TARAS = 380501111, 380502222


async def test_a_desk_in_a_matrix_room_and_one_in_a_forum(tmp_path: Path) -> None:
    port = free_port()
    async with (
        TelegramEmulator(limits=UNLIMITED) as help_, TelegramEmulator(limits=UNLIMITED) as sales,
        MatrixEmulator() as matrix, asyncio.TaskGroup() as group,
    ):  # fmt: skip
        office = matrix.rooms[0]
        help_.world.chats[OLENA] = Chat(OLENA, "Olena", type="private")
        sales.world.chats[TARAS] = Chat(TARAS, "Taras", type="private")
        daemon = Daemon(tmp_path, port, clock=SystemClock(), group=group)
        daemon.configure({
            "store": {"path": "data/q.db", "min_free_mib": 0, "ballast_mib": 0},
            "http": {"listen": f"127.0.0.1:{port}"},
            "accounts": {
                "help": dict(help_.settings()), "home": dict(matrix.settings()), "sales": dict(sales.settings()),
            },
            "desks": {
                "help": {"room": f"home/{office}", "accounts": ["help"], "greeting": "One moment!"},
                "sales": {"room": f"sales/{FORUM}", "accounts": ["sales"]},
            },
        })  # fmt: skip
        await daemon.start()
        await daemon.ready()
        thread, question = await _in_matrix(help_, matrix, office)
        topic = await _in_forum(sales)
        await daemon.stop()
        await daemon.start()
        await daemon.ready()
        await help_.say(str(OLENA), "Olena", said("are you there?"))
        await matrix.post(office, "Ben", "m.room.message", _reply_in(thread, question))
        await matrix.say_in_thread(office, "Ben", thread, said("!reply yes"))
        await shown(help_, str(OLENA), lambda seen: [one.text for one in seen][-2:] == ["Ben: until six", "Ben: yes"])
        await sales.say(str(TARAS), "Taras", said("and two?"))
        in_topic = await _of_topic(sales, topic, "Taras: and two?")
        await sales.say(f"{FORUM}/{topic}", "Ada", said("five each"), in_reply_to=in_topic.id)
        await shown(sales, str(TARAS), lambda seen: seen[-1].text == "Ada: five each")
        assert len(sales.world.chats[FORUM].topics) == 2
        read = repr([await matrix.events(office), sales.world.chats[FORUM].topics])
        assert str(OLENA) not in read
        assert str(TARAS) not in read
        await daemon.stop()


async def _in_matrix(people: TelegramEmulator, matrix: MatrixEmulator, office: str) -> tuple[MessageId, MessageId]:
    """Somebody asks and is greeted: their thread, and what they said in it."""
    await people.say(str(OLENA), "Olena", said("is it open?"))
    root, question = await shown(matrix, office, lambda seen: len(seen) == 2)
    assert (root.text, question.text.removeprefix("Olena: "), question.thread) == ("#1 Olena", "is it open?", root.id)
    await shown(people, str(OLENA), lambda seen: seen[-1].text == "One moment!")
    await matrix.say_in_thread(office, "Ada", root.id, said("who knows?"))
    return root.id, question.id


async def _in_forum(sales: TelegramEmulator) -> ThreadId:
    """Somebody asks: the topic that was made for them."""
    await sales.say(str(TARAS), "Taras", said("how much is one?"))
    topics = sales.world.chats[FORUM].topics
    await eventually(lambda: "#2 Taras" in topics.values(), what=lambda: topics)
    topic = ThreadId(str(next(number for number, name in topics.items() if name == "#2 Taras")))
    await _of_topic(sales, topic, "Taras: how much is one?")
    return topic


async def _of_topic(sales: TelegramEmulator, topic: ThreadId, words: str) -> Shown:
    return (await shown(sales, f"{FORUM}/{topic}", lambda seen: bool(seen) and seen[-1].text == words))[-1]


def _reply_in(thread: MessageId, question: MessageId) -> dict[str, object]:
    """A reply to one message of a thread, as a client writes it that knows threads."""
    relation = {
        "rel_type": "m.thread", "event_id": thread, "is_falling_back": False, "m.in_reply_to": {"event_id": question},
    }  # fmt: skip
    return {"msgtype": "m.text", "body": "until six", "m.relates_to": relation}
