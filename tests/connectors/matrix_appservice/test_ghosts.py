"""Ghosts: made for who speaks, let in where they may, gone when the link ends, and never heard."""

import re
from datetime import UTC, datetime

import pytest

from bridge import Edit, Feature, Joined, Left, Posted, Reaction, Rejected, RoomClosed, Target, Unsupported
from bridge.asked import Deletion, Person
from bridge.ids import PersonNumber, UserId
from bridge.testing.contract_kit import ADA
from bridge.testing.platform import texts
from bridge.text.nodes import Mention, Paragraph, Text, said
from connectors.matrix_appservice.emulator import BOT, SERVER
from connectors.matrix_appservice.names import ghost, is_mark
from connectors.matrix_appservice.registration import is_served
from tests.connectors.matrix_appservice.conftest import Lab

GRACE = Person(number=PersonNumber(2), name="Grace")


def ghosts(lab: Lab, room: str) -> list[str]:
    """The ghosts that are in a room."""
    found = lab.server.room_of(room)
    return sorted(user for user in found.members() if user != BOT and is_served(user, BOT))


async def test_only_who_speaks_has_a_ghost_and_only_where_they_speak(lab: Lab) -> None:
    async with lab.kit.running() as run:
        assert (ghosts(lab, lab.kit.town), ghosts(lab, lab.kit.garden)) == ([], [])
        await run.send("hello", author=ADA)
        await run.send("hello again", author=ADA)
        await run.send("the bridge's own words", author=None)
        (one,) = ghosts(lab, lab.kit.town)
        assert re.fullmatch(rf"@bridge_[0-9a-z]{{6}}_1:{SERVER}", one)
        assert ghosts(lab, lab.kit.garden) == []
        made = [call for call in lab.server.server.requests if call.endswith("/register")]
        assert len(made) == 2, "the bridge's own user, and one ghost"


async def test_a_ghost_has_the_same_name_after_a_restart(lab: Lab) -> None:
    async with lab.kit.running() as run:
        await run.send("before", author=ADA)
        before = ghosts(lab, lab.kit.town)
    async with lab.kit.running() as run:
        await run.send("after", author=ADA)
        assert ghosts(lab, lab.kit.town) == before
    renames = [call for call in lab.server.server.requests if call.endswith("/displayname")]
    assert len(renames) == 1


async def test_who_has_another_nick_in_one_room_is_called_so_there_alone(lab: Lab) -> None:
    other = Person(number=ADA.number, name="Countess")
    async with lab.kit.running() as run:
        for words, author, room in (
            ("one", ADA, lab.kit.town), ("two", other, lab.kit.garden), ("three", ADA, lab.kit.town),
            ("four", other, lab.kit.garden),
        ):  # fmt: skip
            await run.send(words, author=author, room=room)
        assert {one.author for one in await lab.server.shown(lab.kit.town)} == {"Ada"}
        assert {one.author for one in await lab.server.shown(lab.kit.garden)} == {"Countess"}
    async with lab.kit.running() as run:
        before = len(await lab.server.events(lab.kit.garden))
        await run.send("five", author=other, room=lab.kit.garden)
        await run.send("six", author=ADA)
        assert len(await lab.server.events(lab.kit.garden)) == before + 1, "nobody is renamed to what they are called"
    renames = [call for call in lab.server.server.requests if call.endswith("/displayname")]
    assert len(renames) == 1, "the name in one room is not the profile's"


async def test_a_new_name_is_the_profiles_where_its_ghost_is_in_one_room_only(lab: Lab) -> None:
    async with lab.kit.running() as run:
        await run.send("one", author=ADA)
        await run.send("two", author=Person(number=ADA.number, name="Countess"))
        await run.send("three", author=Person(number=ADA.number, name="Countess"), room=lab.kit.garden)
        shown = [*await lab.server.shown(lab.kit.town), *await lab.server.shown(lab.kit.garden)]
        assert {one.author for one in shown} == {"Countess"}
    renames = [call for call in lab.server.server.requests if call.endswith("/displayname")]
    assert len(renames) == 2


async def test_a_message_bears_the_time_it_was_written_and_never_a_later_one(lab: Lab) -> None:
    noon, never = datetime(2026, 1, 1, 12, tzinfo=UTC), datetime(2999, 1, 1, tzinfo=UTC)
    async with lab.kit.running() as run:
        await run.send("at noon", at=noon)
        await run.send("from the future", at=never)
    times = {raw["content"].get("body"): raw["origin_server_ts"] for raw in await lab.server.events(lab.kit.town)}
    assert times["at noon"] == noon.timestamp() * 1000
    assert times["from the future"] < never.timestamp() * 1000


async def test_ghosts_are_invited_where_nobody_may_just_enter(lab: Lab) -> None:
    async with lab.kit.running() as run:
        await lab.server.set_state(lab.kit.town, "m.room.join_rules", {"join_rule": "invite"})
        await run.send("let in", author=ADA)
        assert (await lab.kit.reads(lab.kit.town, "let in")).author == "Ada"


async def test_where_ghosts_may_not_enter_the_name_has_to_stand_in_front(lab: Lab) -> None:
    async with lab.kit.running() as run:
        await lab.server.set_state(lab.kit.town, "m.room.join_rules", {"join_rule": "invite"})
        levels = {"users": {lab.server.owner: 100}, "invite": 50, "state_default": 50}
        await lab.server.set_state(lab.kit.town, "m.room.power_levels", levels)
        with pytest.raises(Unsupported, match="invite") as caught:
            await run.send("let in", author=ADA)
        assert caught.value.feature is Feature.AUTHORSHIP
        await run.send("Ada: let in", author=ADA, label="Ada")
        assert (await lab.server.events(lab.kit.town))[-1]["sender"] == BOT
        assert ghosts(lab, lab.kit.town) == []


async def test_a_ghost_that_was_removed_comes_back(lab: Lab) -> None:
    async with lab.kit.running() as run:
        await run.send("before", author=ADA)
        (one,) = ghosts(lab, lab.kit.town)
        await lab.server.change_membership(lab.kit.town, one, "leave")
        await run.hears("is it gone")
        await run.send("after", author=ADA)
        assert ghosts(lab, lab.kit.town) == [one]
        assert not [
            event for event in lab.kit.host.events if isinstance(event, (Joined, Left)) and event.user.id == one
        ]


async def test_a_ghost_that_may_not_write_speaks_through_the_bridge(lab: Lab) -> None:
    async with lab.kit.running() as run:
        await run.send("before", author=ADA)
        levels = {"users": {lab.server.owner: 100, BOT: 50}, "events_default": 50, "state_default": 50}
        await lab.server.set_state(lab.kit.town, "m.room.power_levels", levels)
        with pytest.raises(RoomClosed):
            await run.send("quiet", author=ADA)
        with pytest.raises(Unsupported):
            await run.send("quiet", author=ADA)
        await run.send("Ada: quiet", author=ADA, label="Ada")
        assert await texts(lab.server, lab.kit.town) == ["before", "Ada: quiet"]


async def test_changes_are_made_by_whoever_wrote(lab: Lab) -> None:
    async with lab.kit.running() as run:
        copy = await run.sent("helo", author=ADA)
        plain = await run.sent("Ada: helo", author=ADA, label="Ada")
    async with lab.kit.running() as run:  # nothing is remembered of who wrote
        await run.connector.edit(Edit(target=copy, content=run.outgoing("hello", author=None)))
        await run.connector.edit(Edit(target=plain, content=run.outgoing("Ada: hello", author=ADA, label="Ada")))
        assert await texts(lab.server, lab.kit.town) == ["hello", "Ada: hello"]
        for target in (copy, plain):
            await run.connector.delete(Deletion(target=target, key=lab.kit.key(), by=GRACE))
        assert await texts(lab.server, lab.kit.town) == []


async def test_ghosts_leave_when_the_link_ends(lab: Lab) -> None:
    async with lab.kit.running() as run:
        for author in (ADA, GRACE):
            await run.send("hello", author=author)
            await run.send("hello", room=lab.kit.garden, author=author)
        assert [room.note for room in await run.connector.rooms() if room.note] == ["2 ghosts", "2 ghosts"]
        await run.connector.leave(run.place(lab.kit.town))
        assert ghosts(lab, lab.kit.town) == []
        assert BOT not in lab.server.room_of(lab.kit.town).members()
        assert len(ghosts(lab, lab.kit.garden)) == 2
        await run.connector.leave(run.place(lab.kit.town))


async def test_what_people_who_were_never_introduced_are_called_is_asked(lab: Lab) -> None:
    await lab.server.say(lab.kit.town, "Zoë", said("long before"))
    async with lab.kit.running() as run:
        _, event = await run.hears("hello", person="Zoë")
        assert event.author.name == "Zoë"


def test_a_ghosts_name_holds_the_stores_number_and_mark() -> None:
    assert ghost("@qantara:example.org", "a1b2c3", PersonNumber(12)) == "@qantara_a1b2c3_12:example.org"
    assert is_served("@qantara_a1b2c3_12:example.org", "@qantara:example.org")
    for other in ("@qantara:example.org", "@qantara_a1b2c3_x:example.org", "@qantara_a1b2c3_1:example.com", "@x:y"):
        assert not is_served(other, "@qantara:example.org")
    assert is_mark("a1b2c3")
    assert not is_mark("a1_2c3")


async def test_a_ghost_that_was_removed_still_changes_what_it_wrote(lab: Lab) -> None:
    async with lab.kit.running() as run:
        copy, other = await run.sent("helo", author=ADA), await run.sent("a mistake", author=ADA)
        (one,) = ghosts(lab, lab.kit.town)
        await lab.server.change_membership(lab.kit.town, one, "leave")
        await run.connector.edit(Edit(target=copy, content=run.outgoing("hello", author=ADA)))
        assert ghosts(lab, lab.kit.town) == [one]
        await lab.server.change_membership(lab.kit.town, one, "leave")
        await run.connector.delete(Deletion(target=other, key=lab.kit.key(), by=ADA))
        assert await texts(lab.server, lab.kit.town) == ["hello"]


async def test_what_a_banned_ghost_wrote_is_taken_back_by_the_bridge_where_it_may(lab: Lab) -> None:
    async with lab.kit.running() as run:
        first, second = await run.sent("one", author=ADA), await run.sent("two", author=ADA)
        (one,) = ghosts(lab, lab.kit.town)
        await lab.server.change_membership(lab.kit.town, one, "ban")
        with pytest.raises(Rejected):
            await run.connector.delete(Deletion(target=first, key=lab.kit.key(), by=ADA))
        with pytest.raises(Rejected):
            await run.connector.edit(Edit(target=second, content=run.outgoing("2", author=ADA)))
        levels = {"users": {lab.server.owner: 100, BOT: 50}, "redact": 50, "state_default": 50}
        await lab.server.set_state(lab.kit.town, "m.room.power_levels", levels)
        await run.connector.delete(Deletion(target=first, key=lab.kit.key(), by=ADA))
        assert await texts(lab.server, lab.kit.town) == ["two"]


async def test_what_another_account_wrote_is_not_changed_in_silence(lab: Lab) -> None:
    async with lab.kit.running() as run:
        _, event = await run.hears("not ours")
        target = Target(room=event.room, parts=event.message)
        for act in (
            lambda: run.connector.edit(Edit(target=target, content=run.outgoing("ours", author=ADA))),
            lambda: run.connector.delete(Deletion(target=target, key=lab.kit.key(), by=ADA)),
        ):
            with pytest.raises(Rejected, match="nobody of this account"):
                await act()
        assert await texts(lab.server, lab.kit.town) == ["not ours"]


async def test_where_ghosts_may_talk_and_not_react_reactions_are_told(lab: Lab) -> None:
    async with lab.kit.running() as run:
        _, event = await run.hears("good news")
        levels = {"users": {lab.server.owner: 100}, "events": {"m.reaction": 50}, "state_default": 50, "redact": 50}
        await lab.server.set_state(lab.kit.town, "m.room.power_levels", levels)
        reaction = Reaction(
            target=Target(room=event.room, parts=event.message), emoji="👍", wanted=("👍",), key=lab.kit.key(), by=ADA
        )
        with pytest.raises(Unsupported) as caught:
            await run.connector.react(reaction)
        assert caught.value.feature is Feature.REACT
        await run.send("still talking", author=ADA)


async def test_a_mention_of_a_ghost_names_the_person_it_stands_for(lab: Lab) -> None:
    async with lab.kit.running() as run:
        await run.send("hello", author=ADA)
        (user,) = ghosts(lab, lab.kit.town)
        foreign = user.replace("_1:", "x_1:")
        for who in (user, foreign):
            await lab.server.say(lab.kit.town, "Cid", (Paragraph((Mention("Ada", UserId(who)), Text(" hi"))),))
        await run.hears("the end")
        first, second = [one.text for one in run.kit.host.events if isinstance(one, Posted)][:2]
        assert first == (Paragraph((Mention("Ada", None, ADA.number), Text(" hi"))),)
        assert second == (Paragraph((Mention("Ada", UserId(foreign)), Text(" hi"))),)
