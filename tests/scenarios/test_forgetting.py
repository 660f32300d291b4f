"""Somebody asks to be forgotten: what waits goes, what was shown is asked back, nothing of them is left."""

from pathlib import Path

from bridge.errors import Unavailable
from bridge.ids import PersonNumber
from bridge.store.ops import Forget
from bridge.store.people import Forgotten, Holdings, Somebody
from bridge.store.questions import About, Find
from bridge.testing.memory import MemoryPlatform
from bridge.testing.waiting import eventually, shown, shows
from bridge.text.nodes import said
from tests.scenarios.bridge_under_test import Bridge, balanced
from tests.scenarios.faulty import FaultyBridge, faulty

WORDS = ("Zenobia", "palmyra", "aurelian", "euphrates")


async def found(bridge: Bridge, who: str) -> tuple[Somebody, ...]:
    somebody: tuple[Somebody, ...] = await bridge.writer.ask(Find(who))
    return somebody


async def forget(bridge: Bridge, number: PersonNumber) -> Forgotten:
    """What the operator's command does."""
    done: Forgotten = await bridge.writer.ask(Forget(person=number, at=bridge.app.shared.now_ms()))
    bridge.app.rooms.reread(done.rooms)
    return done


def left_of_them(folder: Path) -> set[str]:
    """Which of the words stand in any file of the bridge's directory."""
    content = b"".join(path.read_bytes() for path in (folder / "data").rglob("*") if path.is_file())
    return {word for word in WORDS if word.encode() in content}


async def conversed(folder: Path, left: MemoryPlatform, right: MemoryPlatform) -> FaultyBridge:
    """Zenobia said something that was shown and something that waits; others answered her."""
    bridge = await faulty(folder, left, right)
    first = await left.say("town", "Zenobia", said("of palmyra"))
    second = await left.say("town", "Bob", said("of antioch"))
    await shown(right, "town", lambda seen: len(seen) == 2)
    await left.react("town", "Zenobia", second, "👍")
    await left.say("town", "Bob", said("an answer"), in_reply_to=first)
    await shown(right, "town", lambda seen: len(seen) == 3 and bool(seen[1].reactions))
    bridge.connector("right").connects = Unavailable("away")
    right.drop_connections()
    await eventually(lambda: bridge.account("right").state == "down")
    await left.say("town", "Zenobia", said("of aurelian"))
    await left.edit("town", "Zenobia", first, said("of the euphrates"))
    await left.say("town", "Bob", said("kept"))
    await eventually(lambda: bridge.app.intake.received[bridge.account("left").account] == 7)
    await eventually(lambda: not bridge.writer.depth)
    return bridge


async def test_nothing_of_somebody_who_was_forgotten_is_left(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await conversed(tmp_path, left, right)
    (somebody,) = await found(bridge, "zenobia")
    assert (somebody.messages, somebody.waiting) == (2, 2)
    done = await forget(bridge, somebody.number)
    assert (done.dropped, done.copies, done.done) == (2, 2, True)
    ledger = await bridge.ledger()
    assert ledger["dropped:forgotten"] == 2
    assert balanced(ledger)
    await bridge.stop()
    assert left_of_them(tmp_path) == set()


async def test_targets_are_asked_to_delete_what_they_show_also_after_a_restart(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await conversed(tmp_path, left, right)
    await forget(bridge, (await found(bridge, "Zenobia"))[0].number)
    await bridge.stop()
    await bridge.start()
    await shows(right, "town", ["Bob: of antioch", "Bob: an answer", "Bob: kept"], seconds=600)
    await shown(right, "town", lambda seen: not seen[0].reactions)
    await bridge.drained()
    assert balanced(await bridge.ledger())
    await bridge.stop()
    await bridge.start()
    await eventually(lambda: not list(bridge.store._connection.execute("SELECT 1 FROM forgotten")), seconds=120)
    assert not list(
        bridge.store._connection.execute("SELECT 1 FROM twin WHERE message NOT IN (SELECT number FROM message)")
    )
    await bridge.stop()
    assert left_of_them(tmp_path) == set()


async def test_what_is_under_way_when_somebody_is_forgotten_is_taken_back_after_it_arrived(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await faulty(tmp_path, left, right)
    right.hang()
    await left.say("town", "Zenobia", said("of palmyra"))
    await eventually(lambda: bool(right.attempts))
    await forget(bridge, (await found(bridge, "Zenobia"))[0].number)
    right.restore()
    await bridge.drained()
    await shows(right, "town", [], seconds=600)
    assert balanced(await bridge.ledger())
    await bridge.stop()
    assert left_of_them(tmp_path) == set()


async def test_all_that_is_held_about_somebody_is_told(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await conversed(tmp_path, left, right)
    (somebody,) = await found(bridge, "Zeno")
    held: Holdings = await bridge.writer.ask(About(somebody.number))
    assert [one.excerpt for one in held.messages] == ["of palmyra", "of aurelian"]
    assert [one.emoji for one in held.reactions] == ["👍"]
    assert "of aurelian" in str(held.waiting[0].said)
    assert {one.kind for one in held.messages[0].ids} == {"origin", "copy"}
    await bridge.stop()


async def test_somebody_who_speaks_again_is_somebody_new(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await faulty(tmp_path, left, right)
    await left.say("town", "Zenobia", said("of palmyra"))
    await shows(right, "town", ["Zenobia: of palmyra"])
    await forget(bridge, (await found(bridge, "Zenobia"))[0].number)
    assert await found(bridge, "Zenobia") == ()
    await left.say("town", "Zenobia", said("again"))
    await shows(right, "town", ["Zenobia: again"])
    assert len(await found(bridge, "Zenobia")) == 1
    await bridge.stop()
