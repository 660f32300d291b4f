"""Somebody who wrote to a desk asks to be forgotten: nothing of them stays, in the store or in the thread."""

from pathlib import Path

from msgspec import structs

from bridge.events import AnyEvent, Posted
from bridge.ids import PersonNumber
from bridge.store.ops import Forget
from bridge.store.people import Forgotten, Holdings, Somebody
from bridge.store.questions import About, Find
from bridge.testing.memory_rooms import Update
from bridge.testing.waiting import eventually, shown
from tests.scenarios.bridge_under_test import balanced
from tests.scenarios.desk_town import NUMBERS, ROOTS, Private, Town, town

ZENOBIA, TARAS, _ = NUMBERS


async def _found(there: Town, who: str) -> Somebody:
    found: tuple[Somebody, ...] = await there.bridge.writer.ask(Find(who))
    return found[0]


async def _forget(there: Town, number: PersonNumber) -> None:
    done: Forgotten = await there.bridge.writer.ask(Forget(person=number, at=there.bridge.app.shared.now_ms()))
    there.bridge.app.rooms.reread(done.rooms)
    assert done.done


def _left(folder: Path) -> set[str]:
    """Which of the words stand in any file of the bridge's directory."""
    content = b"".join(path.read_bytes() for path in (folder / "data").rglob("*") if path.is_file())
    return {word for word in ("Zenobia", "palmyra", "aurelian", ZENOBIA) if word.encode() in content}


async def test_nothing_of_a_conversation_stays(tmp_path: Path) -> None:
    async with town(tmp_path, desk="greeting: Welcome!", agents=ROOTS) as there:
        await there.writes(ZENOBIA, "Zenobia", "of palmyra")
        thread = await there.thread("#1 Zenobia")
        await there.in_thread(thread, "Zenobia: of palmyra")
        there.answers("Ada", "!who", thread=thread)
        await shown(there.agents, "desk", lambda seen: "#1 Zenobia, on chat" in seen[-1].text)
        there.answers("Ada", "!reply good morning", thread=thread)
        await there.reads(ZENOBIA, "Welcome!", "Ada: good morning")
        await there.writes(TARAS, "Taras", "kept")
        await there.in_thread(await there.thread("#2 Taras"), "Taras: kept")
        there.people.closed.add(ZENOBIA)
        there.answers("Ada", "!reply this waits", thread=thread)
        await shown(there.agents, "desk", lambda seen: "what is written waits" in seen[-1].text)
        somebody = await _found(there, "Zenobia")
        held: Holdings = await there.bridge.writer.ask(About(somebody.number))
        assert [(one.number, one.desk, one.state) for one in held.conversations] == [(1, "help", "open")]
        await _forget(there, somebody.number)
        await eventually(lambda: _gone(there), what=lambda: there.agents.written.messages)
        assert balanced(await there.bridge.ledger())
        await there.bridge.stop()
        assert _left(tmp_path) == set()


async def test_who_was_forgotten_begins_anew(tmp_path: Path) -> None:
    async with town(tmp_path, agents=ROOTS) as there:
        await there.writes(ZENOBIA, "Zenobia", "hello")
        await there.in_thread(await there.thread("#1 Zenobia"), "Zenobia: hello")
        await _forget(there, (await _found(there, "Zenobia")).number)
        await shown(there.agents, "desk", lambda seen: not seen)
        await there.writes(ZENOBIA, "Zenobia", "who am I?")
        await there.in_thread(await there.thread("#2 Zenobia"), "Zenobia: who am I?")


async def test_an_agent_who_is_forgotten_claims_nothing(tmp_path: Path) -> None:
    async with town(tmp_path) as there:
        await there.writes(TARAS, "Taras", "hello")
        thread = await there.thread("#1 Taras")
        await there.in_thread(thread, "Taras: hello")
        there.answers("Ada", "!reply good morning", thread=thread)
        await there.reads(TARAS, "Ada: good morning")
        await _forget(there, (await _found(there, "Ada")).number)
        await there.reads(TARAS)
        there.answers("Bob", "!reply hello", thread=thread)
        await there.reads(TARAS, "Bob: hello")


async def _gone(there: Town) -> bool:
    words = [one.text for one in await there.agents.shown("desk")]
    return not any("Zenobia" in one or "palmyra" in one for one in words) and "Taras: kept" in words


class _Named(Private):
    """Private rooms are called otherwise than the people in them."""

    def _event(self, update: Update) -> AnyEvent:
        event = super()._event(update)
        return structs.replace(event, author=update.person) if isinstance(event, Posted) else event


async def test_a_private_room_with_a_name_of_its_own_is_forgotten_too(tmp_path: Path) -> None:
    async with town(tmp_path, agents=ROOTS, chats=_Named) as there:
        await there.writes(ZENOBIA, "Zenobia", "of palmyra")
        await there.in_thread(await there.thread("#1 Zenobia"), "Zenobia: of palmyra")
        found: tuple[Somebody, ...] = await there.bridge.writer.ask(Find("Zenobia"))
        await _forget(there, max(one.number for one in found if one.messages))
        await shown(there.agents, "desk", lambda seen: not seen)
        await there.bridge.stop()
        assert _left(tmp_path) == set()
