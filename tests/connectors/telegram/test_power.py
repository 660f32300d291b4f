"""Who moderates a chat."""

import pytest
from telegram import (
    ChatMember,
    ChatMemberAdministrator,
    ChatMemberLeft,
    ChatMemberMember,
    ChatMemberOwner,
    User,
)

from bridge import Power
from connectors.telegram.power import power

ADA = User(id=1, first_name="Ada", is_bot=False)


def administrator(**rights: bool) -> ChatMember:
    names = (
        "can_be_edited", "is_anonymous", "can_manage_chat", "can_delete_messages", "can_manage_video_chats",
        "can_restrict_members", "can_promote_members", "can_change_info", "can_invite_users", "can_post_stories",
        "can_edit_stories", "can_delete_stories",
    )  # fmt: skip
    return ChatMemberAdministrator(ADA, **{**dict.fromkeys(names, False), **rights})


CASES = [
    ("owner", ChatMemberOwner(ADA, is_anonymous=False), Power.MODERATOR),
    ("who may delete", administrator(can_delete_messages=True), Power.MODERATOR),
    ("who may restrict", administrator(can_restrict_members=True), Power.MODERATOR),
    ("who may only pin", administrator(), Power.NONE),
    ("member", ChatMemberMember(ADA), Power.NONE),
    ("gone", ChatMemberLeft(ADA), Power.NONE),
]


@pytest.mark.parametrize(("member", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_power_is_what_the_membership_says(member: ChatMember, expected: Power) -> None:
    assert power(member) is expected
