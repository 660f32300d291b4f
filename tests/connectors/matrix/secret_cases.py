"""What Matrix's connector promises of encrypted rooms: the same tests for the emulator and for a real homeserver."""

from pathlib import Path
from typing import Any

import pytest

from bridge.asked import Outgoing, Target
from bridge.errors import Unauthorized
from bridge.events import Deleted, Edited, Kind, Posted, Reacted
from bridge.ids import RoomId
from bridge.testing import samples
from bridge.testing.contract_kit import Kit, Terms
from bridge.testing.host import KitHost
from bridge.text.nodes import said
from bridge.text.walk import plain
from connectors.matrix.emulator_people import edit, message
from tests.connectors.matrix.cases import heard, matrix
from tests.connectors.matrix.secret_platform import SecretPlatform


class SecretCases:
    """Needs a fixture `platform`: a `SecretPlatform`."""

    @pytest.fixture
    def kit(self, platform: SecretPlatform, tmp_path: Path) -> Kit:
        terms = Terms(patience_seconds=20.0)
        return Kit(platform, KitHost(tmp_path), lambda host: matrix(platform, host), terms)

    async def test_nothing_of_the_words_stands_on_the_homeserver(self, kit: Kit) -> None:
        async with kit.running() as run:
            await run.send("a secret of ours")
            await kit.reads(kit.town, "a secret of ours")
            await run.hears("a secret of theirs")
        kept = str(await kit.platform.inner.events(kit.town))
        assert "secret of" not in kept
        assert kit.host.unread == []

    async def test_the_same_message_tried_again_is_one_event(self, kit: Kit) -> None:
        async with kit.running() as run:
            outgoing = run.outgoing("once")
            first = await run.connector.send(outgoing)
            assert await run.connector.send(outgoing) == first
        async with kit.running() as run:
            assert await run.connector.send(outgoing) == first, "not even after a restart, under other keys"
        await kit.reads(kit.town, "once")

    async def test_no_session_of_ours_is_used_after_a_restart(self, kit: Kit) -> None:
        for words in ("one life", "another"):
            async with kit.running() as run:
                await run.send(words)
                await kit.reads(kit.town, words)
        assert len(await sessions(kit)) == 2

    async def test_who_left_gets_no_key_of_what_follows(self, kit: Kit) -> None:
        async with kit.running() as run:
            carl = await kit.platform.person(kit.town, "Carl")
            await run.send("with Carl")
            await run.send("still with Carl")
            await kit.platform.change_membership(kit.town, carl.user, "leave")
            await run.hears("Carl is gone")
            await run.send("without Carl")
            await kit.reads(kit.town, "without Carl")
        assert len(await sessions(kit)) == 2
        assert not await _has_key(kit, carl, "without Carl")

    async def test_who_comes_later_reads_from_then_on(self, kit: Kit) -> None:
        async with kit.running() as run:
            await run.send("before Dora")
            dora = await kit.platform.person(kit.town, "Dora")
            await dora.say(kit.platform.room_id(kit.town), message(said("here I am")))
            await run.published("here I am")
            await run.send("with Dora")
            events = await dora.events(kit.platform.room_id(kit.town))
        words = [raw["content"].get("body") for raw in events]
        assert "with Dora" in words
        assert "before Dora" not in words

    async def test_an_edit_a_reply_and_a_deletion_find_their_message(self, kit: Kit) -> None:
        async with kit.running() as run:
            first = await kit.platform.say(kit.town, "Ada", said("frist"))
            posted = await heard(run, Posted, lambda event: event.message == (first,))
            await kit.platform.write(kit.town, "Ada", edit(first, said("first")))
            edited = await heard(run, Edited)
            assert edited.replaces == first
            assert edited.text == said("first")
            await kit.platform.react(kit.town, "Ada", first, "👍")
            assert (await heard(run, Reacted)).message == first
            target = Target(room=posted.room, parts=(first,))
            reply = Outgoing(room=posted.room, key=kit.key(), text=said("indeed"), in_reply_to=target)
            await run.connector.send(reply)
            assert (await kit.reads(kit.town, "indeed")).in_reply_to == first
            await kit.platform.delete(kit.town, "Ada", first)
            assert (await heard(run, Deleted)).message == first

    async def test_an_edit_by_somebody_else_is_passed_over(self, kit: Kit) -> None:
        async with kit.running() as run:
            first = await kit.platform.say(kit.town, "Ada", said("my words"))
            await run.published("my words")
            await kit.platform.write(kit.town, "Mallory", edit(first, said("not yours")))
            await run.hears("after that")
        assert not [event for event in kit.host.events if isinstance(event, Edited)]

    async def test_keys_that_came_before_a_death_open_what_came_with_them(self, kit: Kit) -> None:
        async with kit.running() as run:
            await run.hears("all is well")
            kit.host.hold()
            ada = await kit.platform.person(kit.town, "Ada")
            ada.forget_session(kit.platform.room_id(kit.town))
            await kit.platform.say(kit.town, "Ada", said("under a new key"))
            await kit.host.when(lambda: kit.host.waiting)
            kit.crash()
        async with kit.running() as run:
            await run.published("under a new key")
        assert kit.host.unread == []

    async def test_keys_of_another_passphrase_are_not_opened(self, kit: Kit) -> None:
        async with kit.running() as run:
            await run.send("hello")
        with pytest.raises(Unauthorized, match="e2ee_passphrase"):
            await matrix(kit.platform, kit.host, e2ee_passphrase="another one").run()

    async def test_a_device_whose_keys_are_lost_is_not_given_new_ones(self, kit: Kit, tmp_path: Path) -> None:
        async with kit.running() as run:
            await run.send("hello")
        empty = tmp_path / "empty"
        empty.mkdir()
        with pytest.raises(Unauthorized, match="log in anew"):
            await matrix(kit.platform, KitHost(empty)).run()

    async def test_files_go_both_ways_and_the_homeserver_cannot_open_them(self, kit: Kit) -> None:
        async with kit.running() as run:
            for kind in (Kind.IMAGE, Kind.VIDEO, Kind.VOICE, Kind.FILE, Kind.STICKER):
                words = "" if kind is Kind.STICKER else f"a {kind}"
                theirs, ours = samples.upload(kind, f"their {kind}"), samples.upload(kind, f"our {kind}")
                first = await kit.platform.send_files(kit.town, "Ada", (theirs,), said(words) if words else ())
                posted = await heard(run, Posted, lambda event, first=first: event.message == (first,))
                (attached,) = posted.attachments
                assert (attached.kind, plain(posted.text)) == (kind, words)
                assert b"".join([piece async for piece in run.connector.fetch(attached)]) == theirs.data
                await run.connector.send(run.outgoing(words, files=(kit.host.keep(ours),)))
                shown = (await kit.platform.shown(kit.town))[-1]
                assert [(one.kind, one.data) for one in shown.files] == [(kind, ours.data)]
                assert shown.text == words
        events = str(await kit.platform.inner.events(kit.town))
        assert "mxc://" not in events
        assert "m.sticker" not in events

    async def test_long_words_are_not_cut_by_their_encryption(self, kit: Kit) -> None:
        words = "<&> " * 3_999
        async with kit.running() as run:
            target = await run.sent(words.strip())
            await kit.reads(kit.town, words.strip())
            assert target.parts

    async def test_a_room_in_clear_stays_in_clear(self, kit: Kit) -> None:
        room = await kit.platform.inner.make_room("terrace")
        async with kit.running() as run:
            place = await run.connector.join(room)
            await run.connector.send(Outgoing(room=place.room, key=kit.key(), text=said("in the open")))
        assert "in the open" in str(await kit.platform.inner.events(room))


async def sessions(kit: Kit) -> set[str]:
    """The sessions in which the bridge wrote."""
    ours = kit.platform.settings()["user"]
    events = await kit.platform.inner.events(kit.town)
    return {raw["content"]["session_id"] for raw in events if raw["sender"] == ours and "ciphertext" in raw["content"]}


async def _has_key(kit: Kit, person: Any, words: str) -> bool:  # noqa: ANN401  a client of nio's
    """Whether a client that is not in the room any more could read the bridge's last words there."""
    await person.catch_up()
    ours = kit.platform.settings()["user"]
    mine = [raw for raw in await kit.platform.inner.events(kit.town) if raw["sender"] == ours]
    last = [raw["content"] for raw in mine if "ciphertext" in raw["content"]][-1]
    store = person.client.olm.inbound_group_store
    return store.get(RoomId(kit.platform.room_id(kit.town)), last["sender_key"], last["session_id"]) is not None
