"""Items of Meta's calls → events, as facts/platform-apis.md 3.3 writes them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.content import Location
from bridge.events import (
    Attachment,
    Deleted,
    Delivered,
    Edited,
    Joined,
    Kind,
    Posted,
    Reacted,
    RoomKind,
    Unreacted,
    User,
)
from bridge.ids import Key, MessageId, RoomId, UserId
from bridge.text.nodes import said
from bridge.text.walk import plain
from connectors.messenger.incoming import NOT_READ, Known, Read, events, read
from connectors.messenger.incoming import before as place

ADA, PAGE, APP = "6571234567890123", "104567890123456", "1517776481860111"
AT = 1760000001000
NOW = datetime.fromtimestamp(AT / 1000, UTC) + timedelta(minutes=1)
ME = User(id=UserId(PAGE), name="Town Hall")
KNOWN = Known(ME, APP, {ADA: User(id=UserId(ADA), name="Ada")})


def item(at: object = AT, *, echo: str = "", **body: Any) -> dict[str, Any]:  # noqa: ANN401 JSON is anything
    ends = (PAGE, ADA) if echo else (ADA, PAGE)
    return {"sender": {"id": ends[0]}, "recipient": {"id": ends[1]}, "timestamp": at, **body}


def call(*items: dict[str, Any], page: str = PAGE) -> dict[str, Any]:
    return {"object": "page", "entry": [{"id": page, "time": AT, "messaging": [one]} for one in items]}


def told(*items: dict[str, Any], known: Known = KNOWN) -> list[Any]:
    return [event for one in read(call(*items), PAGE, NOW).items for event in events(one, known)]


def only(*items: dict[str, Any], known: Known = KNOWN) -> Any:  # noqa: ANN401 any event
    (event,) = told(*items, known=known)
    assert (event.room, event.room_kind) == (RoomId(ADA), RoomKind.DIRECT)
    return event


def carried(*attachments: dict[str, Any], text: str = "") -> Posted:
    words = {"text": text} if text else {}
    event = only(item(message={"mid": "m_3", "attachments": list(attachments), **words}))
    assert isinstance(event, Posted)
    return event


def test_words_are_posted() -> None:
    event = only(item(message={"mid": "m_AbC", "text": "hello\nthere", "quick_reply": {"payload": "P1"}}))
    assert (event.message, event.text, event.author.name) == (("m_AbC",), said("hello\nthere"), "Ada")
    assert event.at == datetime.fromtimestamp(AT / 1000, UTC)
    assert event.echo_of is None


def test_a_reply_names_what_it_answers() -> None:
    answered = {"mid": "m_1", "is_self_reply": False}
    assert only(item(message={"mid": "m_2", "text": "yes", "reply_to": answered})).in_reply_to == "m_1"


FILES = [
    ("image", "https://scontent.xx.fbcdn.net/v/a.jpg?oh=1", Kind.IMAGE, "a.jpg"),
    ("image", "https://scontent.xx.fbcdn.net/v/a.gif?oh=1", Kind.IMAGE, "a.gif"),
    ("video", "https://video.xx.fbcdn.net/v/a.mp4", Kind.VIDEO, "a.mp4"),
    ("audio", "https://cdn.fbsbx.com/v/song.mp3", Kind.AUDIO, "song.mp3"),
    ("audio", "https://cdn.fbsbx.com/v/audioclip-17.mp4?x", Kind.VOICE, "audioclip-17.mp4"),
    ("file", "https://cdn.fbsbx.com/v/my%20paper.pdf/", Kind.FILE, ""),
    ("file", "https://cdn.fbsbx.com/v/my%20paper.pdf", Kind.FILE, "my paper.pdf"),
]


@pytest.mark.parametrize(("kind", "url", "becomes", "name"), FILES)
def test_files_are_attachments(kind: str, url: str, becomes: Kind, name: str) -> None:
    (found,) = carried({"type": kind, "payload": {"url": url}}).attachments
    assert (found.kind, found.source, found.name, found.animated) == (becomes, url, name, url.endswith(".gif?oh=1"))


STICKER = {"url": "https://scontent.xx.fbcdn.net/s.png", "sticker_id": 369239263222822}


@pytest.mark.parametrize(
    "attachments",
    [
        ({"type": "sticker", "payload": STICKER},),
        ({"type": "image", "payload": STICKER}, {"type": "sticker", "payload": STICKER}),
        ({"type": "image", "payload": {**STICKER, "sticker_id": "369239263222822"}},),
    ],
)
def test_a_sticker_is_one_in_every_form(attachments: tuple[dict[str, Any], ...]) -> None:
    event = carried(*attachments)
    assert event.attachments == (Attachment(kind=Kind.STICKER, source=STICKER["url"], emoji="👍"),)
    assert event.text == ()


POINTERS = [
    ({"type": "fallback", "payload": {"url": "https://x", "title": "X"}}, "see https://x", "see https://x\nX"),
    ({"type": "fallback", "title": "X", "url": "https://x", "payload": None}, "see it", "see it\nX\nhttps://x"),
    ({"type": "reel", "payload": {"url": "https://r", "title": "A reel"}}, "", "A reel\nhttps://r"),
    ({"type": "template", "payload": {}}, "", NOT_READ),
    ({"type": "something new", "payload": {"url": "https://n"}}, "", "https://n"),
    ({"type": "post", "payload": {"url": "javascript:alert(1)"}}, "", NOT_READ),
]


@pytest.mark.parametrize(("attachment", "text", "shown"), POINTERS)
def test_what_is_shown_elsewhere_is_pointed_at(attachment: dict[str, Any], text: str, shown: str) -> None:
    event = carried(attachment, text=text)
    assert plain(event.text) == shown
    assert event.attachments == ()


def test_a_place_is_a_place() -> None:
    event = carried({"type": "location", "title": "Here", "payload": {"coordinates": {"lat": 48.2, "long": 16.3}}})
    assert event.attachments[0].location == Location(latitude=48.2, longitude=16.3, title="Here")


ECHO = {"is_echo": True, "mid": "m_6", "text": "from page"}


def test_our_echo_carries_our_key() -> None:
    event = only(item(echo="yes", message={**ECHO, "app_id": int(APP), "metadata": "qantara epoch.9.0"}))
    assert (event.echo_of, event.author, event.message) == (Key("epoch.9.0"), ME, ("m_6",))


def test_an_echo_of_our_app_without_a_key_is_nobodys() -> None:
    assert told(item(echo="yes", message={**ECHO, "app_id": int(APP), "metadata": "another program"})) == []


@pytest.mark.parametrize("app", [26390203743090, "26390203743090"])
def test_what_is_written_in_the_pages_inbox_is_somebodys(app: object) -> None:
    event = only(item(echo="yes", message={**ECHO, "app_id": app}))
    assert (event.author.id, event.author.name) == (f"{PAGE}/26390203743090", "Town Hall")
    assert event.author.id != ME.id
    assert event.echo_of is None


@pytest.mark.parametrize("number", [2, "2"])
def test_an_edit_keeps_the_id(number: object) -> None:
    event = only(item(message_edit={"mid": "m_AbC", "text": "fixed", "num_edit": number}))
    assert isinstance(event, Edited)
    assert (event.replaces, plain(event.text), event.id) == ("m_AbC", "fixed", "edit m_AbC 2")


def test_each_edit_is_an_event_of_its_own() -> None:
    edits = [item(message_edit={"mid": "m", "text": "x", "num_edit": one}) for one in (1, 2)]
    assert len({event.id for event in told(*edits)}) == 2


def test_an_unsent_message_is_deleted_where_meta_says_so() -> None:
    event = only(item(message={"mid": "m_1", "is_deleted": True}))
    assert isinstance(event, Deleted)
    assert event.message == "m_1"


REACTIONS = [
    ({"reaction": "love", "emoji": "❤️", "action": "react"}, "", ["+❤️"]),
    ({"reaction": "smile", "action": "react"}, "", ["+😆"]),
    ({"reaction": "other", "emoji": "🐫", "action": "react"}, "❤️", ["-❤️", "+🐫"]),
    ({"reaction": "like", "emoji": "👍", "action": "react"}, "👍", ["+👍"]),
    ({"action": "unreact"}, "❤️", ["-❤️"]),
    ({"action": "unreact", "emoji": "👍"}, "", ["-👍"]),
    ({"action": "unreact"}, "", []),
    ({"reaction": "other", "action": "react"}, "", []),
]


@pytest.mark.parametrize(("body", "before", "changes"), REACTIONS)
def test_reactions_change_one_at_a_time(body: dict[str, Any], before: str, changes: list[str]) -> None:
    given = item(reaction={**body, "mid": "m_6"})
    name = place(read(call(given), PAGE, NOW).items[0])
    assert ADA not in name
    found = told(given, known=Known(ME, APP, KNOWN.people, {name: before} if before else {}))
    signs = {Reacted: "+", Unreacted: "-"}
    assert [f"{signs[type(one)]}{one.emoji}" for one in found] == changes
    assert all(one.message == "m_6" for one in found)


def test_deliveries_name_messages_and_a_time() -> None:
    found = told(item(delivery={"mids": ["m_6"], "watermark": 1760000000500}))
    assert all(isinstance(one, Delivered) for one in found)
    assert found[0].message == MessageId("m_6")
    assert found[1].until == datetime.fromtimestamp(1760000000.5, UTC)
    assert [one.recipient for one in found] == [RoomId(ADA)] * 2


def test_what_was_read_was_delivered() -> None:
    assert only(item(read={"watermark": 1760000000})).until == datetime.fromtimestamp(1760000000, UTC)


def test_a_button_says_its_title_and_a_first_one_comes_in() -> None:
    body = {"mid": "m_7", "title": "Start", "payload": "GET_STARTED"}
    joined, posted = told(item(postback=body))
    assert isinstance(joined, Joined)
    assert (plain(posted.text), posted.message) == ("Start", ("m_7",))
    assert isinstance(only(item(postback={"title": "Menu", "payload": "M"})), Posted)


@pytest.mark.parametrize("kind", ["referral", "optin"])
def test_who_comes_by_a_link_joins(kind: str) -> None:
    event = only(item(AT // 1000, **{kind: {"ref": "site"}}))
    assert isinstance(event, Joined)
    assert (event.user.name, event.at) == ("Ada", datetime.fromtimestamp(AT // 1000, UTC))


PASSED = [
    item(pass_thread_control={"new_owner_app_id": "1"}),
    item(app_roles={"1": ["primary_receiver"]}),
]


@pytest.mark.parametrize("passed", PASSED)
def test_what_concerns_nobody_is_passed_over(passed: dict[str, Any]) -> None:
    assert read(call(passed), PAGE, NOW) == Read((), ())


UNREADABLE = [
    (call(item(message={"mid": "m", "text": "x"}), page="999"), "an entry of another page"),
    (call({"sender": {"id": PAGE}, "recipient": {"id": PAGE}, "timestamp": AT, "message": {"mid": "m"}}), "a message"),
    (call({"sender": {"id": "x"}, "recipient": {"id": PAGE}, "timestamp": AT, "read": {}}), "a read"),
    (call(item("soon", message={"mid": "m"}) | {"timestamp": 10**30}), "a message"),
    (call(item(unheard_of={})), "an item of no known kind"),
    (call(item(AT - 8 * 86_400_000, message={"mid": "m"})), "a replayed call"),
]


@pytest.mark.parametrize(("body", "counted"), UNREADABLE)
def test_what_cannot_be_read_is_counted_and_costs_nothing_else(body: dict[str, Any], counted: str) -> None:
    body["entry"] += call(item(message={"mid": "m_ok", "text": "ok"}))["entry"]
    found = read(body, PAGE, NOW)
    assert found.unreadable == (counted,)
    assert [one.body["mid"] for one in found.items] == ["m_ok"]


def test_a_message_without_an_id_is_no_event() -> None:
    (found,) = read(call(item(message={"text": "x"})), PAGE, NOW).items
    with pytest.raises(ValueError, match="no id"):
        events(found, KNOWN)


def test_the_times_decide_the_order_and_standby_is_heard() -> None:
    late, early = (item(AT + one, message={"mid": f"m{one}", "text": str(one)}) for one in (5, 1))
    body = call(late, early)
    body["entry"][1] = {"id": PAGE, "time": AT, "standby": [early]}
    assert [one.body["mid"] for one in read(body, PAGE, NOW).items] == ["m1", "m5"]


_NAMES = (
    "message", "mid", "sender", "id", "attachments", "payload", "url", "timestamp", "reaction", "read", "watermark",
    "text", "delivery", "mids", "entry", "messaging",
)  # fmt: skip
_LEAVES = st.none() | st.booleans() | st.integers() | st.text()


def _strange(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.dictionaries(st.sampled_from(_NAMES), inner | st.lists(inner, max_size=3), max_size=5)


@given(st.recursive(_LEAVES, _strange, max_leaves=20))
def test_nothing_that_meta_might_say_is_too_strange(body: Any) -> None:  # noqa: ANN401 JSON is anything
    strange = {"id": PAGE, "time": AT, "messaging": [item(**body) if isinstance(body, dict) else body]}
    for one in read({"entry": [strange]}, PAGE, NOW).items:
        known = Known(ME, APP, {one.person: User(id=UserId(one.person), name="x")})
        try:
            events(one, known)
        except ValueError as error:
            assert "no id" in str(error)  # noqa: PT017 the only one there may be
