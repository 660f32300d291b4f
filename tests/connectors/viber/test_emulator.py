"""The emulated Viber is as strict as the real one: the order of its checks, its errors, its rates."""

import json
from typing import Any

import aiohttp
import pytest

from bridge import Response
from bridge.events import Kind
from bridge.testing import samples
from bridge.testing.clock import HandClock
from bridge.testing.door import Door
from bridge.testing.host import KitHost
from connectors.viber.emulator import TOKEN, ViberChannelEmulator, ViberEmulator
from connectors.viber.emulator_rules import Habits, Limits, Spelling, Webhooks
from connectors.viber.wire import Json

SENDER = {"name": "Ada"}
HEADER = {"X-Viber-Auth-Token": TOKEN}


async def ask(server: ViberEmulator | ViberChannelEmulator, method: str, body: Any, **headers: str) -> Json:  # noqa: ANN401
    """One call as any client would make it."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{server.server.address}/pa/{method}", data=data, headers=headers or HEADER) as answer,
    ):
        assert answer.status == 200, "every answer of Viber's is a 200"
        found: Json = json.loads(await answer.read())
        return found


@pytest.fixture
async def called(server: ViberEmulator, door: Door) -> ViberEmulator:
    """A server that knows an address, at which nobody minds what it says."""
    door.admit(Anything(), KitHost(None))  # type: ignore[arg-type]  # nothing is kept
    assert (await ask(server, "set_webhook", {"url": door.url}))["status"] == 0
    return server


class Anything:
    """Answers 200 to all."""

    is_running = True

    async def receive(self, request: Any) -> Any:  # noqa: ANN401
        return Response()


def text(server: ViberEmulator, **more: Any) -> Json:  # noqa: ANN401
    return {"receiver": server.rooms[0], "type": "text", "text": "x", "sender": SENDER, **more}


async def test_a_token_stands_in_the_header_or_the_body_and_they_agree(server: ViberEmulator) -> None:
    assert (await ask(server, "get_account_info", {}))["status"] == 0
    nothing = {"Accept": "*/*"}
    assert (await ask(server, "get_account_info", {"auth_token": TOKEN}, **nothing))["status"] == 0
    missing = await ask(server, "get_account_info", {}, **nothing)
    assert (missing["status"], missing["status_message"]) == (2, "missing_auth_token")
    assert (await ask(server, "get_account_info", {"auth_token": "1a-2b"}))["status"] == 2


async def test_nothing_is_sent_before_an_address_is_known(server: ViberEmulator) -> None:
    assert (await ask(server, "send_message", text(server)))["status"] == 10


@pytest.mark.parametrize("url", ["http://example.org/x", "http://127.0.0.1:9/x", "ftp://127.0.0.1/x"])
async def test_an_address_has_to_answer_and_to_be_safe(server: ViberEmulator, url: str) -> None:
    answer = await ask(server, "set_webhook", {"url": url})
    assert (answer["status"], answer["status_message"]) == (1, "invalidUrl")


async def test_without_the_switch_not_even_this_machine_is_called_without_tls(door: Door) -> None:
    async with ViberEmulator(habits=Habits(webhooks=Webhooks.SECURE)) as server:
        assert (await ask(server, "set_webhook", {"url": door.url}))["status"] == 1


REFUSED: list[tuple[dict[str, Any], int]] = [
    ({"text": "x" * 7001}, 3), ({"text": ""}, 4), ({"text": None}, 4), ({"text": 5}, 3), ({"type": None}, 4),
    ({"type": "hologram"}, 3), ({"sender": None}, 4), ({"sender": {}}, 4), ({"sender": {"name": "x" * 29}}, 3),
    ({"sender": {"name": "x", "avatar": "http://x"}}, 3), ({"receiver": None}, 4), ({"receiver": "nobody="}, 5),
    ({"tracking_data": "x" * 4001}, 3), ({"min_api_version": "7"}, 3), ({"filler": "x" * 31_000}, 3),
    ({"type": "picture", "media": "https://x/a.png", "text": None}, 4),
    ({"type": "picture", "media": "x", "text": ""}, 3),
    ({"type": "picture", "media": "https://x/a.png", "text": "x" * 513}, 3),
    ({"type": "video", "media": "https://x/a.mp4"}, 4), ({"type": "video", "media": "https://x/a.mp4", "size": 0}, 3),
    ({"type": "video", "media": "https://x/a.mp4", "size": 9, "duration": 181}, 3),
    ({"type": "video", "media": "https://x/a.mp4", "size": 27 << 20}, 3),
    ({"type": "file", "media": "https://x/a", "size": 9}, 4),
    ({"type": "file", "media": "https://x/a", "size": 9, "file_name": "nothing"}, 3),
    ({"type": "file", "media": "https://x/a", "size": 9, "file_name": "a.exe"}, 3),
    ({"type": "file", "media": "https://x/a", "size": 51 << 20, "file_name": "a.pdf"}, 3),
    ({"type": "contact", "contact": {"name": "x"}}, 4), ({"type": "sticker"}, 4),
    ({"type": "sticker", "sticker_id": "1"}, 3),
    ({"type": "contact", "contact": {"name": "x" * 29, "phone_number": "1"}}, 3),
    ({"type": "location", "location": {"lat": 91, "lon": 0}}, 3),
    ({"type": "location", "location": {"lat": "1", "lon": 0}}, 3),
    ({"type": "url"}, 4), ({"type": "url", "media": f"https://x/{'y' * 2000}"}, 3),
    ({"type": "rich_media", "rich_media": {}}, 3),
]  # fmt: skip


@pytest.mark.parametrize(("change", "status"), REFUSED)
async def test_what_viber_refuses_is_refused(called: ViberEmulator, change: dict[str, Any], status: int) -> None:
    body = {name: value for name, value in text(called, **change).items() if value is not None}
    assert (await ask(called, "send_message", body))["status"] == status
    assert not called.world.shown_in(called.rooms[0])


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"null"])
async def test_what_is_no_object_is_bad(called: ViberEmulator, body: bytes) -> None:
    assert (await ask(called, "send_message", body))["status"] == 3


@pytest.mark.parametrize(
    "change",
    [{"type": "sticker", "sticker_id": 40108}, {"type": "url", "media": "https://example.org"},
     {"type": "rich_media", "rich_media": {"Type": "rich_media"}, "min_api_version": 2}],
)  # fmt: skip
async def test_what_viber_takes_is_taken(called: ViberEmulator, change: dict[str, Any]) -> None:
    assert (await ask(called, "send_message", text(called, **change)))["status"] == 0


async def test_who_is_not_subscribed_is_not_written_to(called: ViberEmulator) -> None:
    stranger = called.world.person("Stranger").id
    assert (await ask(called, "send_message", text(called, receiver=stranger)))["status"] == 6
    called.world.say(called.world.people[stranger], {"type": "text", "text": "hello"})
    assert (await ask(called, "send_message", text(called, receiver=stranger)))["status"] == 0


async def test_the_files_in_messages_are_looked_at(called: ViberEmulator) -> None:
    picture, paper = (samples.upload(kind, "x") for kind in (Kind.IMAGE, Kind.FILE))
    good = f"{called.server.address}/media/{called.world.serve(picture)}"
    page = f"{called.server.address}/media/{called.world.serve(paper)}"
    for media, status in ((good, 0), (page, 3), (f"{called.server.address}/media/none.png", 3), (f"{good}?x=.png", 0)):
        body = text(called, type="picture", media=media, text="")
        assert (await ask(called, "send_message", body))["status"] == status, media
    wrong = text(called, type="file", media=page, size=1, file_name="a.pdf")
    assert (await ask(called, "send_message", wrong))["status"] == 3


async def test_an_hour_of_the_clock_has_room_for_a_hundred_without_an_answer(door: Door) -> None:
    clock = HandClock()
    async with ViberEmulator(limits=Limits(hourly=3), clock=clock) as server:
        door.admit(Anything(), KitHost(None))  # type: ignore[arg-type]
        await ask(server, "set_webhook", {"url": door.url})
        statuses = [(await ask(server, "send_message", text(server)))["status"] for _ in range(4)]
        assert statuses == [0, 0, 0, 12]
        server.world.say(server.world.people[server.rooms[0]], {"type": "text", "text": "an answer"})
        assert (await ask(server, "send_message", text(server)))["status"] == 0
        for _ in range(2):
            await ask(server, "send_message", text(server))
        clock.step(3600)
        assert (await ask(server, "send_message", text(server)))["status"] == 0


async def test_broadcasts_have_a_rate_and_a_length(door: Door) -> None:
    async with ViberEmulator(limits=Limits(broadcasts=1, recipients=2)) as server:
        door.admit(Anything(), KitHost(None))  # type: ignore[arg-type]
        await ask(server, "set_webhook", {"url": door.url})
        news = {"type": "text", "text": "x", "sender": SENDER}
        assert (await ask(server, "broadcast_message", {**news, "broadcast_list": ["a", "b", "c"]}))["status"] == 3
        answer = await ask(server, "broadcast_message", {**news, "broadcast_list": ["nobody="]})
        assert (answer["status"], answer["failed_list"][0]["status"]) == (0, 5)
        assert (await ask(server, "broadcast_message", {**news, "broadcast_list": ["nobody="]}))["status"] == 12


async def test_profiles_and_presence(called: ViberEmulator) -> None:
    ada = called.rooms[0]
    details = [(await ask(called, "get_user_details", {"id": ada}))["status"] for _ in range(3)]
    assert details == [0, 0, 12]
    assert (await ask(called, "get_user_details", {"id": "nobody="}))["status"] == 5
    online = await ask(called, "get_online", {"ids": [ada, "nobody="]})
    assert [one["online_status"] for one in online["users"]] == [0, 4]
    assert (await ask(called, "get_online", {"ids": ["x"] * 101}))["status"] == 3
    assert (await ask(called, "no_such_method", {}))["status"] == 3


async def test_a_bot_posts_nothing_and_only_administrators_do(called: ViberEmulator, door: Door) -> None:
    post = {"type": "text", "text": "x", "from": "somebody="}
    assert (await ask(called, "post", post))["status"] == 18
    async with ViberChannelEmulator() as channel:
        await ask(channel, "set_webhook", {"url": door.url})
        assert (await ask(channel, "post", post))["status"] == 15
        assert (await ask(channel, "post", {"type": "text", "text": "x"}))["status"] == 4
        owner, carousel = channel.world.person("Owner").id, {"type": "rich_media", "rich_media": {}}
        assert (await ask(channel, "post", {**post, "from": owner}))["status"] == 0
        assert (await ask(channel, "post", {**post, "from": owner, **carousel}))["status"] == 3
        assert len(door.calls) == 2, "of a channel only the trial call is ever told"


@pytest.mark.parametrize(("spelling", "kind"), [(Spelling.NUMBER, int), (Spelling.TEXT, str)])
async def test_a_token_is_written_one_way_or_the_other(spelling: Spelling, kind: type, door: Door) -> None:
    async with ViberEmulator(habits=Habits(spelling=spelling)) as server:
        door.admit(Anything(), KitHost(None))  # type: ignore[arg-type]
        await ask(server, "set_webhook", {"url": door.url})
        assert isinstance((await ask(server, "send_message", text(server)))["message_token"], kind)
