"""Joining, rights, privacy mode, migration: each said in a sentence."""

import inspect

import pytest
from structlog.testing import capture_logs
from telegram import Chat as TelegramChat
from telegram import ChatMemberAdministrator, ChatMemberLeft, ChatMemberRestricted, User

from bridge import Place, Rejected, RoomClosed, RoomMoved, Unavailable
from bridge.events import Confirmation
from bridge.ids import RoomId, ThreadId
from bridge.testing.contract_kit import Kit, Running
from connectors.telegram.emulator import CHANNEL, FORUM, TOWN, TelegramEmulator
from connectors.telegram.emulator_world import Chat, Status
from connectors.telegram.membership import check_member

GROUP, SUPERGROUP = -400500, -1005005005005
NAMES = [
    (str(TOWN), Place(RoomId(str(TOWN)))),
    ("@town_square", Place(RoomId(str(TOWN)))),
    (f"{FORUM}/42", Place(RoomId(str(FORUM)), ThreadId("42"))),
    (f"{FORUM}/1", Place(RoomId(str(FORUM)))),
    (f"{CHANNEL}", Place(RoomId(str(CHANNEL)))),
]


@pytest.mark.parametrize(("name", "place"), NAMES)
async def test_a_room_has_one_canonical_place(kit: Kit, name: str, place: Place) -> None:
    async with kit.running() as run:
        assert await run.connector.join(name) == place


NO_ROOMS = ["", "town", "-100x", "@", f"{TOWN}/42", f"{FORUM}/roses", "12/", "t.me/x", "１２"]


@pytest.mark.parametrize("name", NO_ROOMS)
async def test_what_is_no_room_is_rejected_in_a_sentence(kit: Kit, name: str) -> None:
    async with kit.running() as run:
        with pytest.raises((Rejected, RoomClosed)) as caught:
            await run.connector.join(name)
        assert len(str(caught.value)) > 10


@pytest.mark.parametrize("status", [Status.LEFT, Status.KICKED, Status.RESTRICTED])
async def test_a_group_we_may_not_write_in_is_closed(kit: Kit, server: TelegramEmulator, status: Status) -> None:
    async with kit.running() as run:
        server.world.chats[TOWN].bot = status
        with pytest.raises(RoomClosed):
            await run.connector.join(str(TOWN))


async def test_a_channel_needs_an_administrator(kit: Kit, server: TelegramEmulator) -> None:
    async with kit.running() as run:
        server.world.chats[CHANNEL].bot = Status.MEMBER
        with pytest.raises(RoomClosed, match="administrator"):
            await run.connector.join(str(CHANNEL))


def test_a_channel_needs_the_right_to_post() -> None:
    channel = TelegramChat(CHANNEL, "channel", title="News")
    rights = dict.fromkeys(
        (
            "can_be_edited", "is_anonymous", "can_manage_chat", "can_delete_messages", "can_manage_video_chats",
            "can_restrict_members", "can_promote_members", "can_change_info", "can_invite_users", "can_post_stories",
            "can_edit_stories", "can_delete_stories",
        ),
        True,
    )  # fmt: skip
    bot = User(1, "Bridge", is_bot=True)
    check_member(channel, ChatMemberAdministrator(bot, **rights, can_post_messages=True))
    with pytest.raises(RoomClosed, match="right to post"):
        check_member(channel, ChatMemberAdministrator(bot, **rights, can_post_messages=False))


def test_who_is_outside_may_not_write() -> None:
    muted = dict.fromkeys(list(inspect.signature(ChatMemberRestricted).parameters)[1:18], False)
    outside = ChatMemberRestricted(
        User(1, "Bridge", is_bot=True), **{**muted, "until_date": None, "can_react_to_messages": False}
    )
    for member in (outside, ChatMemberLeft(User(1, "Bridge", is_bot=True))):
        with pytest.raises(RoomClosed, match="not a member of News"):
            check_member(TelegramChat(CHANNEL, "channel", title="News"), member)


async def test_a_private_chat_needs_no_membership(kit: Kit, server: TelegramEmulator) -> None:
    server.world.chats[77] = Chat(77, "Ada", type="private", bot=Status.MEMBER)
    async with kit.running() as run:
        assert await run.connector.join("77") == Place(RoomId("77"))


async def test_a_plain_member_does_not_see_reactions(kit: Kit, server: TelegramEmulator) -> None:
    server.world.chats[TOWN].bot = Status.MEMBER
    async with kit.running() as run:
        notes = {room.name: room.note for room in await run.connector.rooms()}
    assert "reactions are not seen" in notes[str(TOWN)]
    assert notes[str(FORUM)] == ""


async def test_nothing_can_be_joined_before_it_is_connected(kit: Kit) -> None:
    with pytest.raises(Unavailable):
        await kit.connect(kit.host).join(str(TOWN))


async def test_an_unknown_group_is_closed(kit: Kit) -> None:
    async with kit.running() as run:
        with pytest.raises(RoomClosed, match="chat not found"):
            await run.connector.join("-1009999999999")


async def test_privacy_mode_is_told_once_with_the_way_out(kit: Kit, server: TelegramEmulator) -> None:
    server.world.reads_everything = False
    for number in (TOWN, FORUM):
        server.world.chats[number].bot = Status.MEMBER
    with capture_logs() as logs:
        async with kit.running() as run:
            await run.connector.join(str(TOWN))
            notes = {room.name: room.note for room in await run.connector.rooms()}
    warned = [log for log in logs if "does not see" in log["event"]]
    assert len(warned) == 1
    assert "/setprivacy" in warned[0]["way_out"]
    assert "privacy mode" in notes[str(TOWN)]


async def test_an_administrator_needs_no_privacy_warning(kit: Kit, server: TelegramEmulator) -> None:
    server.world.reads_everything = False
    with capture_logs() as logs:
        async with kit.running():
            pass
    assert not [log for log in logs if "does not see" in log["event"]]


async def moves(run: Running, kit: Kit, count: int) -> list[RoomMoved]:
    await kit.host.until(lambda events: sum(isinstance(one, RoomMoved) for one in events) >= count, "a move")
    return [one for one in kit.host.events if isinstance(one, RoomMoved)]


async def test_a_migration_is_confirmed_when_both_ends_tell_of_it(kit: Kit, server: TelegramEmulator) -> None:
    server.world.chats[GROUP] = Chat(GROUP, "Old", type="group")
    async with kit.running() as run:
        await run.connector.join(str(GROUP))
        server.migrate(str(GROUP), SUPERGROUP)
        first, both = await moves(run, kit, 2)
    assert (first.room, first.to, first.confirmed) == (str(GROUP), str(SUPERGROUP), Confirmation.OLD_END)
    assert (both.room, both.to, both.confirmed) == (str(GROUP), str(SUPERGROUP), Confirmation.BOTH)


async def test_a_call_that_learns_of_a_migration_tells_it(kit: Kit, server: TelegramEmulator) -> None:
    server.world.chats[GROUP] = Chat(GROUP, "Old", type="group", migrated_to=SUPERGROUP)
    server.world.chats[SUPERGROUP] = Chat(SUPERGROUP, "Old")
    async with kit.running() as run:
        part = run.outgoing("hello")
        with pytest.raises(RoomClosed):
            await run.connector.join(str(GROUP))
        (told,) = await moves(run, kit, 1)
        assert (told.to, told.confirmed) == (str(SUPERGROUP), Confirmation.OLD_END)
        assert await run.send_part(part)


async def test_a_forged_new_end_alone_moves_nothing(kit: Kit, server: TelegramEmulator) -> None:
    async with kit.running() as run:
        content = {"migrate_from_chat_id": GROUP}
        await server.send_content(kit.town, "Mallory", content)
        await run.hears("the end")
    assert not [one for one in kit.host.events if isinstance(one, RoomMoved)]


async def test_rooms_once_seen_are_known_after_a_restart(kit: Kit) -> None:
    async with kit.running():
        kit.crash()
    async with kit.running() as run:
        titles = [room.title for room in await run.connector.rooms()]
    assert titles == ["Garden", "Town"]
