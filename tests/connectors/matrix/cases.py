"""What Matrix's connector promises beyond the contract: the same tests for the emulator and for a real homeserver."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from bridge.asked import Outgoing, Reaction, Target
from bridge.errors import Rejected, RoomClosed, Unauthorized
from bridge.events import (
    AnyEvent,
    Confirmation,
    Deleted,
    Edited,
    Joined,
    Left,
    Posted,
    Reacted,
    RoomChanged,
    RoomKind,
    RoomMoved,
)
from bridge.ids import Key, Place, RoomId, ThreadId
from bridge.testing.contract_kit import Kit, Running, Terms
from bridge.testing.host import KitHost
from bridge.text.nodes import said
from bridge.text.walk import plain
from connectors.matrix.config import MatrixConfig
from connectors.matrix.connector import Matrix
from connectors.matrix.emulator_people import edit
from connectors.matrix.emulator_rooms import MatrixRefusal

MISSED = 130
"""More than one batch carries, so that the homeserver leaves a gap."""


def matrix(platform: Any, host: KitHost, **more: object) -> Matrix:  # noqa: ANN401  the emulator or a real server
    """A connector to the platform."""
    return Matrix(MatrixConfig.model_validate({**platform.settings(), **more}), host)


async def heard(run: Running, kind: type[Any], fact: Callable[[Any], bool] = lambda _: True) -> Any:  # noqa: ANN401  a test reads any event
    """The first event of a kind, as soon as it is published."""
    return await run.event(kind, fact, kind.__name__)


def posted(events: Sequence[AnyEvent]) -> list[str]:
    return [plain(event.text) for event in events if isinstance(event, Posted)]


class MatrixCases:
    """Needs a fixture `platform`: the emulator, or a wrapper of a real server with the same methods."""

    @pytest.fixture
    def kit(self, platform: Any, tmp_path: Path) -> Kit:  # noqa: ANN401  the same
        terms = Terms(patience_seconds=20.0)
        return Kit(platform, KitHost(tmp_path), lambda host: matrix(platform, host), terms)

    async def test_a_first_start_replays_nothing(self, kit: Kit) -> None:
        await kit.platform.say(kit.town, "Ada", said("long ago"))
        async with kit.running() as run:
            await run.hears("now")
        assert posted(kit.host.events) == ["now"]

    async def test_a_gap_is_filled_in_order(self, kit: Kit) -> None:
        async with kit.running() as run:
            await run.hears("before")
        expected = [f"missed {number}" for number in range(MISSED)]
        for words in expected:
            await kit.platform.say(kit.town, "Ada", said(words))
        async with kit.running() as run:
            await run.hears("after")
        assert posted(kit.host.events) == ["before", *expected, "after"]
        assert not kit.host.repeated, "what was heard before is fetched again"

    async def test_what_was_said_before_we_came_in_is_not_replayed(self, kit: Kit) -> None:
        room = await kit.platform.make_room("attic")
        await kit.platform.say(room, "Ada", said("among us"))
        async with kit.running() as run:
            await run.connector.join(room)
            await heard(run, Joined, lambda event: event.room == kit.platform.room_id(room))
            await kit.platform.say(room, "Ada", said("with the bridge"))
            await run.published("with the bridge")
        assert "among us" not in posted(kit.host.events)

    async def test_a_removal_is_told_with_its_reason(self, kit: Kit) -> None:
        async with kit.running() as run:
            user = kit.platform.settings()["user"]
            await kit.platform.change_membership(kit.town, user, "leave", "too loud")
            left = await heard(run, Left, lambda event: event.user.id == user)
            assert left.room == run.place(kit.town).room
            assert left.reason == "removed by Olga: too loud"
            with pytest.raises(RoomClosed):
                await run.send("anybody there")

    async def test_a_ban_while_we_were_away_is_told(self, kit: Kit) -> None:
        user = kit.platform.settings()["user"]
        async with kit.running() as run:
            await run.hears("before")
        await kit.platform.say(kit.town, "Ada", said("while away"))
        await kit.platform.change_membership(kit.town, user, "ban")
        async with listening(kit) as host:
            await host.until(lambda events: [e for e in events if isinstance(e, Left) and e.user.id == user], "Left")
        assert posted(host.events) == ["before", "while away"]

    async def test_an_invitation_to_a_linked_room_is_accepted(self, kit: Kit) -> None:
        user = kit.platform.settings()["user"]
        wanted, other = await kit.platform.make_room("wanted"), await kit.platform.make_room("other")
        for room in (wanted, other):
            await kit.platform.set_state(room, "m.room.join_rules", {"join_rule": "invite"})
        async with kit.running() as run:
            with pytest.raises(RoomClosed):
                await run.connector.join(wanted)
            for room in (other, wanted):
                await kit.platform.change_membership(room, user, "invite")
            await heard(run, Joined, lambda event: event.room == kit.platform.room_id(wanted))
            listed = [room.name for room in await run.connector.rooms()]
            assert wanted in listed
            assert other not in listed

    async def test_a_tombstone_is_one_ends_word_only(self, kit: Kit) -> None:
        async with kit.running() as run:
            await kit.platform.set_state(kit.town, "m.room.tombstone", {"body": "", "replacement_room": "!trap:evil"})
            moved = await heard(run, RoomMoved)
            assert moved.to == "!trap:evil"
            assert moved.confirmed is Confirmation.OLD_END
            assert moved.room == run.place(kit.town).room

    async def test_a_new_name_and_topic_are_told(self, kit: Kit) -> None:
        async with kit.running() as run:
            await kit.platform.set_state(kit.town, "m.room.name", {"name": "Hall"})
            await kit.platform.set_state(kit.town, "m.room.topic", {"topic": "weather"})
            assert (await heard(run, RoomChanged, lambda event: event.name is not None)).name == "Hall"
            assert (await heard(run, RoomChanged, lambda event: event.topic is not None)).topic == "weather"

    async def test_an_encrypted_room_is_refused_with_the_way_out(self, kit: Kit) -> None:
        room = await kit.platform.make_room("secret", encrypted=True)
        async with kit.running() as run:
            with pytest.raises(RoomClosed, match="make a new room"):
                await run.connector.join(room)

    async def test_nothing_is_sent_in_clear_into_a_room_that_became_encrypted(self, kit: Kit) -> None:
        async with kit.running() as run:
            await kit.platform.set_state(kit.town, "m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"})
            await run.hears("the last clear words")
            with pytest.raises(RoomClosed, match="encrypted"):
                await run.send("in clear")

    async def test_an_edit_by_somebody_else_is_passed_over(self, kit: Kit) -> None:
        async with kit.running() as run:
            native, _ = await run.hears("I owe you one")
            await kit.platform.edit(kit.town, "Mallory", native, said("I owe you a million"))
            await kit.platform.edit(kit.town, "Ada", native, said("I owe you two"))
            await heard(run, Edited, lambda event: plain(event.text) == "I owe you two")
            assert len([event for event in kit.host.events if isinstance(event, Edited)]) == 1

    async def test_an_edit_of_an_old_message_is_checked_with_the_homeserver(self, kit: Kit) -> None:
        native = await kit.platform.say(kit.town, "Ada", said("long ago"))
        async with kit.running() as run:
            await kit.platform.edit(kit.town, "Mallory", native, said("forged"))
            await kit.platform.edit(kit.town, "Ada", native, said("mended"))
            await heard(run, Edited)
        edits = [plain(event.text) for event in kit.host.events if isinstance(event, Edited)]
        assert edits == ["mended"]

    async def test_the_homeserver_refuses_what_leaves_the_room_or_has_no_words(self, kit: Kit) -> None:
        native = await kit.platform.say(kit.town, "Ada", said("in the town"))
        for content in (*WORDLESS, edit(native, said("from the garden"))):
            with pytest.raises(MatrixRefusal) as caught:
                await kit.platform.post(kit.garden, "Ada", "m.room.message", content)
            assert (caught.value.status, caught.value.body["errcode"]) == (400, "M_UNKNOWN")

    async def test_a_thread_goes_both_ways(self, kit: Kit) -> None:
        async with kit.running() as run:
            root, _ = await run.hears("root")
            relation = {"rel_type": "m.thread", "event_id": root, "is_falling_back": True}
            content = {
                "msgtype": "m.text",
                "body": "branch",
                "m.relates_to": relation | {"m.in_reply_to": {"event_id": root}},
            }
            await kit.platform.post(kit.town, "Ada", "m.room.message", content)
            branch = await run.published("branch")
            assert (branch.thread, branch.in_reply_to) == (root, None)
            await run.send_part(_in_thread(run, kit, root))
            sent = next(raw for raw in await kit.platform.events(kit.town) if raw["content"].get("body") == "leaf")
            assert sent["content"]["m.relates_to"]["event_id"] == root

    async def test_a_copy_mentions_nobody_and_carries_our_mark(self, kit: Kit) -> None:
        async with kit.running() as run:
            part = run.outgoing("@room look")
            await run.send_part(part)
            sent = next(
                raw for raw in await kit.platform.events(kit.town) if raw["content"].get("body") == "@room look"
            )
            assert sent["content"]["m.mentions"] == {}
            assert sent["content"]["org.qantara.origin"] == {"account": "kit", "key": part.key}

    async def test_a_reaction_repeated_under_another_key_finds_the_first(self, kit: Kit) -> None:
        async with kit.running() as run:
            target = await run.sent("like me")
            first = await run.connector.react(_liked(target, kit.key()))
            assert first is not None
            assert await run.connector.react(_liked(target, kit.key())) == first

    async def test_a_reaction_is_taken_back_without_its_id(self, kit: Kit) -> None:
        async with kit.running() as run:
            target = await run.sent("like me")
            await run.connector.react(_liked(target, kit.key()))
            gone = Reaction(target=target, emoji="👍", wanted=(), key=kit.key())
            await run.connector.react(gone)
            await run.connector.react(gone)
            await kit.until_shown(kit.town, lambda shown: shown and not shown[-1].reactions, "no reaction")

    async def test_a_redaction_names_what_it_takes_back(self, kit: Kit) -> None:
        async with kit.running() as run:
            native, _ = await run.hears("regret")
            await kit.platform.react(kit.town, "Grace", native, "🎉")
            reacted = await heard(run, Reacted)
            await kit.platform.unreact(kit.town, "Grace", native, "🎉")
            await heard(run, Deleted, lambda event: event.message == reacted.reaction)
            await kit.platform.delete(kit.town, "Ada", native)
            deleted = await heard(run, Deleted, lambda event: event.message == native)
            assert deleted.by.name == "Ada"

    async def test_a_strange_event_stops_nothing(self, kit: Kit) -> None:
        async with kit.running() as run:
            for content in STRANGE:
                await kit.platform.post(kit.town, "Mallory", "m.room.message", content)
            await kit.platform.post(kit.town, "Mallory", "m.sticker", {"body": 7, "info": [], "url": {}})
            await run.hears("still here")

    async def test_a_private_room_is_one_only_by_our_own_list(self, kit: Kit) -> None:
        async with kit.running() as run:
            room = run.place(kit.town).room
        await kit.platform.set_account_data("m.direct", {"@ada:x": [room]})
        async with kit.running() as run:
            _, private = await run.hears("hush")
            _, public = await run.hears("hear", room=kit.garden)
            assert (private.room_kind, public.room_kind) == (RoomKind.DIRECT, RoomKind.GROUP)

    async def test_leaving_is_done_once_and_twice(self, kit: Kit) -> None:
        async with kit.running() as run:
            place = run.place(kit.town)
            await run.connector.leave(place)
            await run.connector.leave(place)
            await run.connector.leave(Place(RoomId("!nowhere:lab.test")))
            assert kit.town not in [room.name for room in await run.connector.rooms()]

    @pytest.mark.parametrize("name", ["lobby", "@ada:lab.test", ""])
    async def test_what_is_no_room_is_rejected(self, kit: Kit, name: str) -> None:
        async with kit.running() as run:
            with pytest.raises(Rejected, match="is no Matrix room"):
                await run.connector.join(name)

    async def test_an_unknown_alias_is_closed(self, kit: Kit) -> None:
        async with kit.running() as run:
            with pytest.raises(RoomClosed, match="no room with the address #nowhere"):
                await run.connector.join("#nowhere:" + kit.town.partition(":")[2])

    async def test_another_persons_token_is_refused(self, kit: Kit) -> None:
        for wrong in ({"user": "@somebody:else"}, {"device_id": "ELSE"}):
            with pytest.raises(Unauthorized, match="another"):
                await asyncio.wait_for(matrix(kit.platform, kit.host, **wrong).run(), 20)

    async def test_rooms_are_listed_without_a_run(self, kit: Kit) -> None:
        async with kit.running():
            pass
        listed = {room.name: room.title for room in await matrix(kit.platform, kit.host).rooms()}
        assert listed[kit.town] == "Lobby"


WORDLESS: tuple[dict[str, Any], ...] = ({}, {"msgtype": 5, "body": 7}, {"msgtype": "m.text"})
"""Messages that a homeserver refuses to its own people."""
STRANGE: tuple[dict[str, Any], ...] = (
    {"msgtype": "m.text", "body": "b", "format": "org.matrix.custom.html", "formatted_body": 3},
    {"msgtype": "m.text", "body": "x", "m.relates_to": "nothing"},
    {"msgtype": "m.text", "body": "x", "m.relates_to": {"m.in_reply_to": []}},
    {"msgtype": "m.text", "body": "x", "m.new_content": 1, "com.beeper.per_message_profile": "?"},
    {"msgtype": "m.image", "body": "a", "info": "big", "url": 9},
    {"msgtype": "m.audio", "body": "a", "info": {"size": "many", "duration": -3}, "file": []},
    {"msgtype": "m.location", "body": "here", "geo_uri": {}},
    {"msgtype": "m.text", "body": "b", "format": "org.matrix.custom.html", "formatted_body": "<b><i><mx-reply></b>"},
)


def listening(kit: Kit) -> "Listening":
    return Listening(kit)


class Listening:
    """A run that joins nothing: as at a start, before the rooms are asked for."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> KitHost:
        self._task = asyncio.create_task(self._kit.connect(self._kit.host).run())
        return self._kit.host

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])


def _liked(target: Target, key: Key) -> Reaction:
    return Reaction(target=target, emoji="👍", wanted=("👍",), key=key)


def _in_thread(run: Running, kit: Kit, root: str) -> Outgoing:
    place = run.place(kit.town)
    return Outgoing(room=place.room, thread=ThreadId(root), key=kit.key(), text=said("leaf"))
