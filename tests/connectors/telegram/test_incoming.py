"""Updates as Telegram gives them → events."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge import (
    Attachment,
    Contact,
    Edited,
    Joined,
    Kind,
    Left,
    Location,
    Pinned,
    Poll,
    Posted,
    Reacted,
    RoomChanged,
    RoomKind,
    RoomMoved,
    Unreacted,
    User,
)
from bridge.events import AnyEvent, Confirmation
from bridge.ids import UserId
from bridge.text.walk import plain
from connectors.telegram.albums import ready
from connectors.telegram.incoming import happened, read

ME = UserId("999")
OLENA = {"id": 111, "is_bot": False, "first_name": "Olena", "last_name": "K", "username": "olena"}
IVAN = {"id": 112, "is_bot": False, "first_name": "Ivan"}
BOT = {"id": 999, "is_bot": True, "first_name": "Bridge"}
OFFICE = {"id": -1001234567890, "type": "supergroup", "title": "Office"}
FORUM = {**OFFICE, "is_forum": True}
NEWS = {"id": -1009, "type": "channel", "title": "News", "username": "news"}
OLD = {"id": -400500, "type": "group", "title": "Old"}
DATE = 1_760_000_000
FILE = {"file_id": "F1", "file_unique_id": "u1"}
Json = dict[str, Any]


def message(**more: object) -> Json:
    return {"message_id": 51, "from": OLENA, "chat": OFFICE, "date": DATE, **more}


def made(kind: str, body: Json, number: int = 873_251_001) -> tuple[AnyEvent, ...]:
    return happened([read({"update_id": number, kind: body})], ME).events


def posted(**more: object) -> Posted:
    (event,) = made("message", message(**more))
    assert isinstance(event, Posted)
    return event


def test_a_message_of_a_topic_names_the_topic() -> None:
    event = posted(chat=FORUM, message_thread_id=7, is_topic_message=True, text="Hi")
    assert (event.room, event.thread, event.room_kind) == ("-1001234567890", "7", RoomKind.GROUP)
    assert (event.author.id, event.author.name) == ("111", "Olena K")
    assert event.message == ("51",)
    assert event.at.timestamp() == DATE


def test_a_chain_of_replies_is_no_topic() -> None:
    target = message(message_id=40, text="orig")
    event = posted(text="answer", message_thread_id=40, reply_to_message=target, quote={"text": "ori", "position": 0})
    assert (event.thread, event.in_reply_to, plain(event.text), event.quoted) == (None, "40", "answer", "ori")


def test_an_unheard_of_kind_of_chat_is_a_group() -> None:
    assert posted(chat={**OFFICE, "type": "hypergroup"}, text="x").room_kind is RoomKind.GROUP


def test_the_opening_of_a_topic_is_nothing_to_answer() -> None:
    opening = message(chat=FORUM, message_id=7, forum_topic_created={"name": "Roses", "icon_color": 1})
    event = posted(chat=FORUM, message_thread_id=7, is_topic_message=True, text="Hi", reply_to_message=opening)
    assert event.in_reply_to is None


def test_a_quoted_message_of_another_chat_does_not_cross() -> None:
    reply = {"origin": {"type": "user", "date": DATE, "sender_user": IVAN}}
    event = posted(text="look", external_reply=reply, quote={"text": "a secret", "position": 0})
    assert plain(event.text) == "look"
    assert event.in_reply_to is None


def test_private_chats_and_channels_are_told_from_groups() -> None:
    private = posted(chat={"id": 111, "type": "private", "first_name": "Olena"}, text="psst")
    assert (private.room, private.room_kind) == ("111", RoomKind.DIRECT)
    body = {"message_id": 9, "sender_chat": NEWS, "chat": NEWS, "date": DATE, "text": "post", "author_signature": "Ed"}
    (post,) = made("channel_post", body)
    assert isinstance(post, Posted)
    assert (post.room_kind, post.author.name, post.author.id) == (RoomKind.CHANNEL, "Ed", "-1009")


def test_an_anonymous_administrator_speaks_as_the_group() -> None:
    anonymous = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
    event = posted(**{"from": anonymous}, sender_chat=OFFICE, text="rules")
    assert (event.author.id, event.author.name) == ("-1001234567890", "Office")


@pytest.mark.parametrize("kind", ["message", "edited_message"])
def test_our_own_messages_are_never_events(kind: str) -> None:
    assert made(kind, message(**{"from": BOT}, text="echo", edit_date=DATE + 1)) == ()


def test_two_edits_in_one_second_are_two_events() -> None:
    body = message(text="Hi fixed", edit_date=DATE + 30)
    (first,), (second,) = made("edited_message", body, 1), made("edited_message", body, 2)
    assert isinstance(first, Edited)
    assert (first.replaces, plain(first.text), first.at.timestamp()) == ("51", "Hi fixed", DATE + 30)
    assert first.id != second.id


def test_a_message_has_one_id_whatever_its_update_is_called() -> None:
    assert [one.id for one in made("message", message(text="x"), 5)] == [
        one.id for one in made("message", message(text="x"), 9_000)
    ]


def test_a_name_may_be_missing() -> None:
    assert posted(**{"from": {**IVAN, "first_name": ""}}, text="x").author.name == "Deleted Account"


def reaction(old: list[Json], new: list[Json], **more: object) -> tuple[AnyEvent, ...]:
    body = {"chat": OFFICE, "message_id": 51, "user": IVAN, "date": DATE, **more}
    return made("message_reaction", {**body, "old_reaction": old, "new_reaction": new})


def emoji(sign: str) -> Json:
    return {"type": "emoji", "emoji": sign}


def test_a_change_of_reactions_is_what_went_and_what_came() -> None:
    gone, came = reaction([emoji("👍"), emoji("🔥")], [emoji("👍"), emoji("❤")])
    assert isinstance(gone, Unreacted)
    assert isinstance(came, Reacted)
    assert (gone.emoji, came.emoji, came.message, came.by.name) == ("🔥", "❤️", "51", "Ivan")


def test_reactions_that_are_no_emoji_have_names() -> None:
    custom = {"type": "custom_emoji", "custom_emoji_id": "5368324170671202286"}
    came = reaction([], [custom, {"type": "paid"}])
    assert [one.emoji for one in came if isinstance(one, Reacted)] == [":custom-202286:", "⭐"]


def test_a_channel_may_react_and_a_count_names_nobody() -> None:
    (came,) = reaction([], [emoji("👍")], user=None, actor_chat=NEWS)
    assert isinstance(came, Reacted)
    assert came.by.name == "News"
    assert reaction([], [emoji("👍")], user=None) == ()
    counted = {"chat": NEWS, "message_id": 9, "date": DATE, "reactions": [{"type": emoji("👍"), "total_count": 3}]}
    assert made("message_reaction_count", counted) == ()


SIZES = [{**FILE, "width": 90, "height": 60}, {"file_id": "F2", "file_unique_id": "u2", "width": 1280, "height": 853}]
STICKER = {**FILE, "type": "regular", "width": 9, "height": 9, "is_animated": False, "is_video": False, "emoji": "😀"}
CLIP = {**FILE, "width": 9, "height": 9, "duration": 5}
POINT = {"latitude": 1.5, "longitude": 2.25}
CARRIED: list[tuple[Json, Kind, dict[str, object]]] = [
    ({"photo": SIZES}, Kind.IMAGE, {"source": "F2", "mime": "image/jpeg", "width": 1280, "height": 853}),
    ({"video": {**CLIP, "file_name": "a.mp4"}}, Kind.VIDEO, {"duration": 5, "name": "a.mp4"}),
    ({"animation": CLIP, "document": FILE}, Kind.VIDEO, {"source": "F1", "animated": True, "height": 9}),
    ({"video_note": {**FILE, "length": 9, "duration": 7}}, Kind.VIDEO, {"duration": 7, "width": 9, "height": 9}),
    ({"voice": {**FILE, "duration": 3, "file_size": 10}}, Kind.VOICE, {"duration": 3, "size": 10}),
    ({"audio": {**FILE, "duration": 3, "performer": "X", "title": "Y"}}, Kind.AUDIO, {"name": "X - Y"}),
    ({"document": {**FILE, "file_name": "a.pdf", "mime_type": "application/pdf"}}, Kind.FILE, {"name": "a.pdf"}),
    ({"sticker": STICKER}, Kind.STICKER, {"emoji": "😀", "mime": "image/webp", "animated": False}),
    (
        {"sticker": {**STICKER, "is_animated": True}},
        Kind.STICKER,
        {"mime": "application/x-tgsticker", "animated": True, "width": 9},
    ),
    ({"sticker": {**STICKER, "is_video": True}}, Kind.STICKER, {"mime": "video/webm", "animated": True}),
    ({"location": POINT}, Kind.LOCATION, {"location": Location(latitude=1.5, longitude=2.25)}),
    (
        {"location": POINT, "venue": {"location": POINT, "title": "Café", "address": "Ring 1"}},
        Kind.LOCATION,
        {"location": Location(latitude=1.5, longitude=2.25, title="Café", address="Ring 1")},
    ),
    (
        {"location": {**POINT, "live_period": 900}},
        Kind.LOCATION,
        {"location": Location(latitude=1.5, longitude=2.25, live_seconds=900)},
    ),
    (
        {"contact": {"phone_number": "+1", "first_name": "Ann", "last_name": "B"}},
        Kind.CONTACT,
        {"contact": Contact(name="Ann B", phone="+1")},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("content", "kind", "facts"), CARRIED, ids=[row[1] + str(i) for i, row in enumerate(CARRIED)])
def test_whatever_a_message_carries_is_an_attachment(content: Json, kind: Kind, facts: dict[str, object]) -> None:
    event = posted(**content, caption="look", caption_entities=[{"type": "bold", "offset": 0, "length": 4}])
    (attachment,) = event.attachments
    assert attachment.kind is kind
    assert {name: getattr(attachment, name) for name in facts} == facts
    assert plain(event.text) == "look"


def test_a_poll_is_its_question_and_options() -> None:
    options = [{"text": text, "voter_count": 0, "persistent_id": text} for text in ("yes", "no")]
    kind = {"is_anonymous": True, "type": "regular", "allows_multiple_answers": False, "is_closed": False}
    poll = {"id": "1", "question": "Tea?", "options": options, "total_voter_count": 0, **kind}
    (attachment,) = posted(poll={**poll, "allows_revoting": True, "members_only": False}).attachments
    assert attachment == Attachment(kind=Kind.POLL, poll=Poll(question="Tea?", answers=("yes", "no")))


def test_what_is_pinned_is_told_with_who_pinned_it() -> None:
    (event,) = made("message", message(pinned_message=message(message_id=40, text="orig")))
    assert isinstance(event, Pinned)
    assert (event.message, event.by, event.room) == (
        "40",
        User(id=UserId("111"), name="Olena K", avatar="111"),
        "-1001234567890",
    )


PLACEHOLDERS: list[tuple[Json, str]] = [
    ({"dice": {"emoji": "🎲", "value": 4}}, "🎲 4 of 6"),
    ({"dice": {"emoji": "🏀", "value": 5}}, "🏀 5 of 5"),
    ({"dice": {"emoji": "🎰", "value": 1}}, "🎰 BAR BAR BAR"),
    ({"dice": {"emoji": "🎰", "value": 64}}, "🎰 7️⃣ 7️⃣ 7️⃣"),
    ({"dice": {"emoji": "🎰", "value": 42}}, "🎰 🍇 🍋 🍋"),
    ({"story": {"chat": NEWS, "id": 1}}, "[story]"),
    ({"hologram": {"depth": 3}}, "[hologram]"),
    ({}, "[a message that bots cannot see]"),
]


@pytest.mark.parametrize(("content", "words"), PLACEHOLDERS)
def test_what_cannot_cross_leaves_a_placeholder(content: Json, words: str) -> None:
    assert plain(posted(**content).text) == words


ORIGINS: list[tuple[Json, str]] = [
    ({"type": "hidden_user", "sender_user_name": "Somebody\nElse"}, "Somebody Else"),
    ({"type": "user", "sender_user": IVAN}, "Ivan"),
    ({"type": "chat", "sender_chat": OFFICE}, "Office"),
    ({"type": "channel", "chat": NEWS, "message_id": 1}, "News"),
    ({"type": "hologram"}, "somebody"),
]


@pytest.mark.parametrize(("origin", "name"), ORIGINS)
def test_a_forwarded_message_says_so(origin: Json, name: str) -> None:
    event = posted(text="news", forward_origin={**origin, "date": DATE})
    assert plain(event.text) == f"Forwarded from {name}\nnews"
    automatic = posted(text="news", forward_origin={**origin, "date": DATE}, is_automatic_forward=True)
    assert plain(automatic.text) == "news"


def test_coming_going_and_renaming_are_events_of_the_room() -> None:
    (joined,) = made("message", message(new_chat_members=[IVAN, BOT]))
    assert isinstance(joined, Joined)
    assert joined.user.name == "Ivan"
    (left,) = made("message", message(left_chat_member=IVAN))
    assert isinstance(left, Left)
    (renamed,) = made("message", message(new_chat_title="Bureau"))
    assert isinstance(renamed, RoomChanged)
    assert renamed.name == "Bureau"
    topic = {"message_thread_id": 7, "is_topic_message": True, "forum_topic_edited": {"name": "Tulips"}}
    (topic_renamed,) = made("message", message(chat=FORUM, **topic))
    assert isinstance(topic_renamed, RoomChanged)
    assert (topic_renamed.thread, topic_renamed.name) == ("7", "Tulips")
    assert made("message", message(new_chat_photo=SIZES)) == ()


def membership(old: str, new: str, user: Json = BOT, chat: Json = OFFICE) -> tuple[AnyEvent, ...]:
    ends = {"kicked": {"until_date": 0}}
    body = {"chat": chat, "from": OLENA, "date": DATE}
    states = {
        "old_chat_member": {"user": user, "status": old, **ends.get(old, {})},
        "new_chat_member": {"user": user, "status": new, **ends.get(new, {})},
    }
    return made("my_chat_member" if user is BOT else "chat_member", {**body, **states})


def test_being_removed_is_told_with_its_reason() -> None:
    (left,) = membership("member", "kicked")
    assert isinstance(left, Left)
    assert (left.user.id, left.reason) == (ME, "removed")
    (blocked,) = membership("member", "kicked", chat={"id": 111, "type": "private", "first_name": "Olena"})
    assert isinstance(blocked, Left)
    assert blocked.reason == "blocked by the person"
    (back,) = membership("kicked", "member")
    assert isinstance(back, Joined)


def test_a_service_message_and_its_membership_update_are_one_event() -> None:
    (told,) = made("message", message(new_chat_members=[IVAN]))
    (again,) = membership("left", "member", IVAN)
    assert told.id == again.id


def test_one_end_alone_does_not_confirm_a_migration() -> None:
    (told,) = made("message", message(chat=OLD, migrate_to_chat_id=-1001234567890))
    assert isinstance(told, RoomMoved)
    assert (told.room, told.to, told.confirmed) == ("-400500", "-1001234567890", Confirmation.OLD_END)
    assert made("message", message(migrate_from_chat_id=-400500)) == ()


def album(*numbers: int, chat: Json = OFFICE, group: str = "13579") -> list[Json]:
    return [
        {"update_id": 100 + n, "message": message(message_id=n, chat=chat, media_group_id=group, photo=SIZES)}
        for n in numbers
    ]


def test_an_album_is_one_message_with_several_ids() -> None:
    first, *rest = album(1, 2, 3)
    first["message"]["caption"] = "our garden"
    (event,) = happened([read(one) for one in (first, *rest)], ME).events
    assert isinstance(event, Posted)
    assert (event.message, plain(event.text), len(event.attachments)) == (("1", "2", "3"), "our garden", 3)


OTHER = {"id": -1007, "type": "supergroup", "title": "Other"}
TEXT = {"update_id": 150, "message": message(message_id=9, text="next")}
ELSEWHERE = {"update_id": 151, "message": message(message_id=9, chat=OTHER, text="next")}
READY: list[tuple[str, list[Json], int]] = [
    ("an album at the end may grow", album(1, 2), 0),
    ("what stands before it need not wait", [TEXT, *album(1, 2)], 1),
    ("an album is whole when its chat went on", [*album(1, 2), TEXT], 3),
    ("another chat's words do not end it", [*album(1, 2), ELSEWHERE], 0),
    ("another album of the chat ends it", [*album(1, 2), *album(3, group="2")], 2),
    ("an album of ten is full", album(*range(1, 11)), 10),
    ("without albums nothing waits", [TEXT, ELSEWHERE], 2),
]


@pytest.mark.parametrize(("what", "updates", "count"), READY, ids=[row[0] for row in READY])
def test_an_album_waits_for_its_pictures(what: str, updates: list[Json], count: int) -> None:
    parsed = [read(one) for one in updates]
    assert ready(parsed, frozenset()) == count, what
    assert ready(parsed, {f"{OFFICE['id']}/13579", f"{OFFICE['id']}/2"}) == len(updates)


POISON: list[Json] = [
    {"message_id": 51, "date": DATE, "chat": {"id": -5}, "from": {"id": 3}, "text": "x"},
    {"message_id": 51, "date": DATE, "chat": {"id": -5, "type": "supergroup"}, "entities": 7, "text": "x"},
    {"message_id": 51, "date": DATE, "chat": {"id": -5, "type": "supergroup"}, "photo": [3], "from": []},
    {"message_id": 51, "date": DATE, "chat": {"id": -5, "type": "supergroup"}, "text": {"a": 1}, "from": IVAN},
]


@pytest.mark.parametrize("body", POISON)
def test_a_message_that_cannot_be_read_leaves_a_placeholder(body: Json) -> None:
    (event,) = made("message", body)
    assert isinstance(event, Posted)
    assert (event.room, event.message) == ("-5", ("51",))
    assert plain(event.text) == "[a message that could not be read]"


def test_a_picture_that_cannot_be_read_costs_only_itself() -> None:
    first, second, third = album(1, 2, 3)
    second["message"]["caption"] = 7
    told = happened([read(one) for one in (first, second, third)], ME)
    shown = [(one.message, plain(one.text)) for one in told.events if isinstance(one, Posted)]
    assert shown == [(("1",), ""), (("2",), "[a message that could not be read]"), (("3",), "")]
    assert told.unreadable == (102,)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
CHANGE: Json = {"chat": OFFICE, "date": DATE}
BEFORE: Json = {"user": BOT, "status": "left"}
AFTER: Json = {"user": BOT, "status": "member"}
WHOLE: list[tuple[str, Json]] = [
    ("message", message(text="x", entities=[{"type": "bold", "offset": 0, "length": 1}], reply_to_message=message())),
    ("message", message(photo=SIZES, media_group_id="1", caption="c")),
    ("edited_message", message(text="y", edit_date=DATE)),
    ("channel_post", {"message_id": 9, "sender_chat": NEWS, "chat": NEWS, "date": DATE, "text": "post"}),
    ("message_reaction", {**CHANGE, "message_id": 1, "user": IVAN, "old_reaction": [], "new_reaction": [emoji("👍")]}),
    ("my_chat_member", {**CHANGE, "from": OLENA, "old_chat_member": BEFORE, "new_chat_member": AFTER}),
]


@given(st.sampled_from(WHOLE), st.data())
def test_no_update_raises_whatever_is_wrong_with_it(whole: tuple[str, Json], data: st.DataObject) -> None:
    kind, body = whole
    name = data.draw(st.sampled_from(sorted(body)))
    wrong = {**body, name: data.draw(json_values)}
    if data.draw(st.booleans()):
        del wrong[name]
    for event in made(kind, wrong):
        assert event.id
