"""What agents do at a desk: answers, changes of them, commands, and whose turn it is."""

from pathlib import Path

from bridge.ids import MessageId
from bridge.testing.memory_rooms import room_id
from bridge.testing.platform import Fault
from bridge.testing.waiting import shown
from bridge.text.nodes import said
from tests.scenarios.desk_town import NUMBERS, Town, town

OLENA, TARAS, _ = NUMBERS


async def _begun(there: Town, number: str = OLENA, name: str = "Olena") -> tuple[MessageId, MessageId]:
    """Somebody wrote; their thread, and what they wrote as it stands there."""
    await there.writes(number, name, "hello")
    thread = await there.thread(f"#{1 if number == OLENA else 2} {name}")
    return thread, await there.in_thread(thread, f"{name}: hello")


async def test_talk_among_agents_stays_among_them(tmp_path: Path) -> None:
    async with town(tmp_path) as there:
        thread, question = await _begun(there)
        talk = there.answers("Ada", "what does she mean?", thread=thread)
        there.answers("Bob", "no idea", thread=thread, reply=talk)
        there.answers("Bob", "not in the thread")
        there.answers("Ada", "hello Olena", thread=thread, reply=question)
        await there.reads(OLENA, "Ada: hello Olena")


async def test_an_unknown_command_is_an_error_for_agents(tmp_path: Path) -> None:
    async with town(tmp_path) as there:
        thread, question = await _begun(there)
        there.answers("Ada", "!replay good morning", thread=thread, reply=question)
        found = await shown(there.agents, "desk", lambda seen: "There is no !replay." in seen[-1].text)
        assert found[-1].thread == thread
        there.answers("Ada", "!reply", thread=thread)
        await there.in_thread(thread, "Not sent: there are no words behind !reply.")
        there.answers("Ada", "!close")
        await shown(there.agents, "desk", lambda seen: seen[-1].text.startswith("Which conversation?"))
        await there.reads(OLENA)


async def test_an_answer_that_is_changed_changes_where_it_went(tmp_path: Path) -> None:
    async with town(tmp_path) as there:
        thread, question = await _begun(there)
        first = there.answers("Ada", "at five", reply=question, thread=thread)
        second = there.answers("Ada", "!reply at noon", thread=thread)
        talk = there.answers("Ada", "was that right?", thread=thread)
        await there.reads(OLENA, "Ada: at five", "Ada: at noon")
        await there.agents.edit("desk", "Ada", first, said("at six"))
        await there.agents.edit("desk", "Ada", second, said("!reply at one"))
        await there.agents.edit("desk", "Ada", talk, said("that was wrong"))
        await there.reads(OLENA, "Ada: at six", "Ada: at one")
        await there.agents.delete("desk", "Ada", first)
        await there.reads(OLENA, "Ada: at one")


async def test_reactions_cross_on_each_others_words(tmp_path: Path) -> None:
    async with town(tmp_path) as there:
        thread, question = await _begun(there)
        answer = there.answers("Ada", "yes", reply=question, thread=thread)
        (copy,) = await there.reads(OLENA, "Ada: yes")
        await there.agents.react("desk", "Ada", question, "👍")
        await there.people.react(OLENA, "Olena", copy, "🎉")
        await shown(there.people, OLENA, lambda seen: dict(seen[0].reactions) == {"👍": 1})
        await shown(there.agents, "desk", lambda seen: any(o.id == answer and "🎉" in o.reactions for o in seen))


async def test_reactions_can_stay_among_agents(tmp_path: Path) -> None:
    async with town(tmp_path, desk="answers: [replies]") as there:
        thread, question = await _begun(there)
        await there.agents.react("desk", "Ada", question, "👀")
        there.answers("Ada", "yes", reply=question, thread=thread)
        await there.reads(OLENA, "Ada: yes")
        assert not (await there.people.shown(OLENA))[0].reactions


async def test_what_a_person_changes_changes_in_the_thread(tmp_path: Path) -> None:
    async with town(tmp_path) as there:
        first = await there.writes(OLENA, "Olena", "hello")
        thread = await there.thread("#1 Olena")
        await there.in_thread(thread, "Olena: hello")
        await there.people.edit(OLENA, "Olena", first, said("good morning"))
        question = await there.in_thread(thread, "Olena: good morning")
        there.answers("Ada", "welcome", reply=question, thread=thread)
        (copy,) = await there.reads(OLENA, "Ada: welcome")
        await there.writes(OLENA, "Olena", "thanks", reply=copy)
        await there.in_thread(thread, "Olena: thanks")
        await there.people.delete(OLENA, "Olena", first)
        await shown(there.agents, "desk", lambda seen: all(one.id != question for one in seen))


async def test_two_agents_do_not_answer_at_once(tmp_path: Path) -> None:
    async with town(tmp_path) as there:
        thread, question = await _begun(there)
        there.answers("Ada", "one moment", reply=question, thread=thread)
        there.answers("Bob", "what is it?", reply=question, thread=thread)
        await there.in_thread(thread, "Not sent: Ada answers this conversation. !claim takes it over.")
        await there.bridge.stop()
        await there.bridge.start()
        there.answers("Bob", "!claim", thread=thread)
        await there.in_thread(thread, "Bob answers this conversation now. !release gives it back.")
        there.answers("Ada", "!reply it is me", thread=thread)
        await there.in_thread(thread, "Not sent: Bob answers this conversation. !claim takes it over.")
        there.answers("Bob", "!release", thread=thread)
        await there.in_thread(thread, "Released by Bob: anybody may answer.")
        there.answers("Ada", "!reply now me", thread=thread)
        await there.reads(OLENA, "Ada: one moment", "Ada: now me")


async def test_a_closed_conversation_opens_when_the_person_writes(tmp_path: Path) -> None:
    async with town(tmp_path) as there:
        thread, _ = await _begun(there)
        there.answers("Ada", "!close", thread=thread)
        await there.in_thread(thread, "Closed by Ada. It opens again when the person writes.")
        await there.writes(OLENA, "Olena", "one more thing")
        await there.in_thread(thread, "Olena: one more thing")
        before = [one.text for one in await there.agents.shown("desk")][-2]
        assert before == "The person writes again: the conversation is open."


async def test_a_blocked_person_is_not_heard(tmp_path: Path) -> None:
    async with town(tmp_path) as there:
        thread, question = await _begun(there)
        there.answers("Ada", "!block", thread=thread)
        await there.in_thread(
            thread, "Blocked by Ada: what the person writes is not shown any more. !unblock ends that."
        )
        await there.writes(OLENA, "Olena", "insults")
        there.answers("Ada", "so there", reply=question, thread=thread)
        await there.in_thread(thread, "Not sent: the person is blocked. !unblock ends that.")
        there.answers("Ada", "!unblock", thread=thread)
        await there.in_thread(thread, "Unblocked by Ada.")
        await there.writes(OLENA, "Olena", "sorry")
        await there.in_thread(thread, "Olena: sorry")
        assert "insults" not in repr(await there.agents.shown("desk"))


async def test_one_person_on_two_numbers_is_one_conversation(tmp_path: Path) -> None:
    async with town(tmp_path) as there:
        thread, _ = await _begun(there)
        await _begun(there, TARAS, "O. K.")
        there.answers("Ada", "!join #2", thread=thread)
        await there.in_thread(thread, "Ada joined #2 O. K. with this: what they write stands here now.")
        await there.writes(TARAS, "O. K.", "it is me again")
        question = await there.in_thread(thread, "O. K.: it is me again")
        there.answers("Ada", "I see", reply=question, thread=thread)
        await there.reads(TARAS, "Ada: I see")
        await there.writes(OLENA, "Olena", "and here")
        await there.in_thread(thread, "Olena: and here")
        there.answers("Ada", "!reply where you wrote last", thread=thread)
        await there.reads(OLENA, "Ada: where you wrote last")


async def test_agents_may_have_one_name(tmp_path: Path) -> None:
    async with town(tmp_path, desk="shown_as: The town hall, claim_minutes: 0") as there:
        thread, question = await _begun(there)
        there.answers("Ada", "yes", reply=question, thread=thread)
        there.answers("Bob", "!reply or no", thread=thread)
        await there.reads(OLENA, "The town hall: yes", "The town hall: or no")


async def test_agents_may_have_no_name(tmp_path: Path) -> None:
    async with town(tmp_path, desk="shown_as: ''") as there:
        _, question = await _begun(there)
        there.answers("Ada", "yes", reply=question)
        await there.reads(OLENA, "yes")


async def test_an_answer_survives_a_death_and_goes_once(tmp_path: Path) -> None:
    async with town(tmp_path) as there:
        thread, question = await _begun(there)
        there.people.fail_next(Fault.LOST_ANSWER)
        there.answers("Ada", "yes", reply=question, thread=thread)
        await there.reads(OLENA, "Ada: yes")
        await there.bridge.crash()
        await there.bridge.start()
        there.answers("Ada", "!reply and goodbye", thread=thread)
        await there.reads(OLENA, "Ada: yes", "Ada: and goodbye")


async def test_an_answer_waits_through_a_restart_for_an_account_that_is_down(tmp_path: Path) -> None:
    async with town(tmp_path) as there:
        thread, _ = await _begun(there)
        there.people.fail_next(Fault.UNAUTHORIZED)
        there.answers("Ada", "!reply later", thread=thread)
        await there.bridge.stop()
        there.people.restore()
        await there.bridge.start()
        await there.reads(OLENA, "Ada: later")


async def test_what_comes_twice_is_said_once(tmp_path: Path) -> None:
    async with town(tmp_path, desk="greeting: Welcome!") as there:
        thread, _ = await _begun(there)
        await there.reads(OLENA, "Welcome!")
        there.answers("Ada", "!who", thread=thread)
        await shown(there.agents, "desk", lambda seen: "The conversation is open." in seen[-1].text)
        for platform, account in ((there.people, "chat"), (there.agents, "office")):
            platform.confirmed.clear()
            await there.bridge.account(account).publish(position="0")
        before = len(await there.agents.shown("desk"))
        await there.bridge.stop()
        await there.bridge.start()
        await there.writes(OLENA, "Olena", "the end")
        await there.in_thread(thread, "Olena: the end")
        assert len(await there.agents.shown("desk")) == before + 1
        await there.reads(OLENA, "Welcome!")


async def test_lanes_of_people_exist_only_while_something_waits(tmp_path: Path) -> None:
    async with town(tmp_path) as there:
        thread, question = await _begun(there)
        there.answers("Ada", "yes", reply=question, thread=thread)
        await there.reads(OLENA, "Ada: yes")
        rooms = there.bridge.app.rooms
        assert len(rooms.privates) == 1
        await there.bridge.clock.sleep(120)
        assert len(rooms.privates) == 0
        assert set(rooms.lanes) == set(there.bridge.account("office").rooms)
        assert room_id(OLENA) not in repr(await there.agents.shown("desk"))
