"""The page's server: what it lets visitors do, and what it keeps from everybody else."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bridge.clock import SystemClock
from bridge.demo.daemon import Daemon, free_port
from bridge.demo.stage import Cast, Seat, take_seats
from bridge.demo.web import Page
from bridge.registry import Registry
from bridge.testing.memory import MemoryPlatform
from bridge.testing.waiting import PATIENCE_SECONDS
from bridge.text.nodes import said


@pytest.fixture
async def seat() -> AsyncIterator[Seat]:
    async with AsyncExitStack() as stack:
        (seat,) = (await take_seats(stack, Registry.of({"memory": MemoryPlatform}))).seats
        yield seat


@pytest.fixture
async def visitor(seat: Seat, tmp_path: Path) -> AsyncIterator[aiohttp.ClientSession]:
    """Whoever opened the page; the bridge of it is stopped, and its configuration wrong."""
    async with asyncio.TaskGroup() as group:
        daemon = Daemon(tmp_path, free_port(), clock=SystemClock(), group=group)
        daemon.configure({"accounts": {}})
        async with Page(Cast([seat]), daemon) as page, aiohttp.ClientSession(page.address) as session:
            yield session


async def act(visitor: aiohttp.ClientSession, **what: object) -> tuple[int, str]:
    """Do something in the first room; the status and the sentence for the visitor."""
    async with visitor.post("/act", json={"account": "memory", "room": "town", **what}) as answer:
        return answer.status, (await answer.json())["error"] if answer.status != 204 else ""


async def seen(visitor: aiohttp.ClientSession) -> dict[str, Any]:
    """The first view that the stream sends."""
    async with asyncio.timeout(PATIENCE_SECONDS), visitor.get("/events") as stream:
        assert stream.content_type == "text/event-stream"
        line = await stream.content.readline()
        view: dict[str, Any] = json.loads(line.removeprefix(b"data: "))
        return view


async def messages(visitor: aiohttp.ClientSession) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await seen(visitor))["links"][0]["rooms"][0]["messages"]
    return found


async def test_a_person_writes_and_the_page_shows_it(visitor: aiohttp.ClientSession) -> None:
    assert await act(visitor, do="say", person="Ada", text="hello") == (204, "")
    (message,) = await messages(visitor)
    assert (message["author"], message["own"], message["text"]) == ("Ada", "hello", "hello")
    assert message["rich"] == [["paragraph", [["text", "hello"]]]]


async def test_what_is_typed_is_markdown_and_comes_back_as_typed_for_an_edit(visitor: aiohttp.ClientSession) -> None:
    await act(visitor, do="say", person="Ada", text="so **bold**, <b>not</b>")
    (message,) = await messages(visitor)
    assert message["own"] == "so **bold**, <b>not</b>"
    assert message["rich"] == [["paragraph", [["text", "so "], ["bold", [["text", "bold"]]], ["text", ", <b>not</b>"]]]]
    await act(visitor, do="edit", message=message["id"], text="so *slanted*")
    (message,) = await messages(visitor)
    assert (message["own"], message["text"]) == ("so *slanted*", "so slanted")


@pytest.mark.parametrize("text", ["---", "[a]: b", "> ", "<!-- -->"])
async def test_nothing_typed_disappears(visitor: aiohttp.ClientSession, text: str) -> None:
    assert (await act(visitor, do="say", person="Ada", text=text))[0] == 204
    assert [one["rich"] != [] for one in await messages(visitor)] == [True]


async def test_the_stream_sends_what_changed(visitor: aiohttp.ClientSession) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS), visitor.get("/events") as stream:
        assert b'"messages":[]' in await stream.content.readline()
        await act(visitor, do="say", person="Ada", text="hello")
        await stream.content.readline()
        assert b'"hello"' in await stream.content.readline()


async def test_an_answer_shows_what_it_answers(visitor: aiohttp.ClientSession) -> None:
    await act(visitor, do="say", person="Ada", text="hello")
    (first,) = await messages(visitor)
    await act(visitor, do="say", person="Ben", text="hi", in_reply_to=first["id"])
    assert (await messages(visitor))[1]["answers"] == {"author": "Ada", "excerpt": "hello"}


async def test_only_ones_own_messages_are_changed(visitor: aiohttp.ClientSession, seat: Seat) -> None:
    await seat.platform.say("town", "Eve", said("not typed here"))
    (message,) = await messages(visitor)
    assert message["own"] is None
    assert (await act(visitor, do="edit", message=message["id"], text="changed"))[0] == 409
    assert (await act(visitor, do="delete", message=message["id"]))[0] == 409
    assert [one["text"] for one in await messages(visitor)] == ["not typed here"]


async def test_an_edit_and_a_deletion_of_ones_own(visitor: aiohttp.ClientSession) -> None:
    await act(visitor, do="say", person="Ada", text="helo")
    (message,) = await messages(visitor)
    assert (await act(visitor, do="edit", message=message["id"], text="hello"))[0] == 204
    (changed,) = await messages(visitor)
    assert (changed["text"], changed["edited"]) == ("hello", True)
    assert (await act(visitor, do="delete", message=message["id"]))[0] == 204
    assert await messages(visitor) == []


async def test_the_same_reaction_once_more_takes_it_back(visitor: aiohttp.ClientSession) -> None:
    await act(visitor, do="say", person="Ada", text="hello")
    (message,) = await messages(visitor)
    for reactions in ({"👍": 1}, {}):
        await act(visitor, do="react", person="Ben", message=message["id"], emoji="👍")
        assert (await messages(visitor))[0]["reactions"] == reactions


async def test_an_emote_is_written_as_everywhere(visitor: aiohttp.ClientSession) -> None:
    assert await act(visitor, do="say", person="Ada", text="/me waves") == (204, "")
    assert [one["text"] for one in await messages(visitor)] == ["waves"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"do": "say", "person": "", "text": "nobody"},
        {"do": "say", "person": "Ada", "text": " \n"},
        {"do": "say", "person": "Ada", "text": "x" * 4001},
        {"do": "say", "person": "Ada", "text": 7},
        {"do": "shout", "person": "Ada", "text": "unknown"},
        {"do": "say", "person": "Ada", "text": "too much", "more": 1},
        {"text": "nothing"},
    ],
)
async def test_what_is_no_act_is_refused(visitor: aiohttp.ClientSession, wrong: dict[str, object]) -> None:
    assert (await act(visitor, **wrong))[0] == 400
    assert await messages(visitor) == []


@pytest.mark.parametrize("where", [{"account": "other"}, {"room": "cellar"}])
async def test_rooms_that_are_not_shown_are_not_written_to(
    visitor: aiohttp.ClientSession, where: dict[str, str]
) -> None:
    assert await act(visitor, do="say", person="Ada", text="x", **where) == (409, "There is no such room.")


async def test_another_sites_page_can_do_nothing(visitor: aiohttp.ClientSession) -> None:
    body = json.dumps({"do": "say", "account": "memory", "room": "town", "person": "Eve", "text": "x"})
    for path in ("/act", "/bridge/kill", "/bridge/start"):
        async with visitor.post(path, data=body, headers={"Content-Type": "text/plain"}) as answer:
            assert answer.status == 415
        async with visitor.post(path, json={}, headers={"Host": "evil.example"}) as answer:
            assert answer.status == 403
    async with visitor.get("/events", headers={"Host": "evil.example:80"}) as answer:
        assert answer.status == 403
    assert await messages(visitor) == []


@pytest.mark.parametrize("path", ["/", "/page.css", "/page.js", "/icon.svg", "/events", "/nowhere"])
async def test_every_answer_forbids_foreign_code(visitor: aiohttp.ClientSession, path: str) -> None:
    async with visitor.get(path) as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'self';")
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_the_page_holds_no_inline_code_and_no_foreign_address(visitor: aiohttp.ClientSession) -> None:
    async with visitor.get("/") as answer:
        page = await answer.text()
    assert "<script src=" in page
    assert page.count("<script") == 1
    assert not [word for word in ("style=", "onclick", "onload", "http:", "https:", "//") if word in page]
    async with visitor.get("/page.js") as answer:
        code = await answer.text()
    assert not [
        word for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "eval(", "document.write") if word in code
    ]


async def test_a_bridge_that_does_not_start_is_told_of(visitor: aiohttp.ClientSession) -> None:
    assert (await seen(visitor))["bridge"] == "stopped"
    async with visitor.post("/bridge/start", json={}) as answer:
        assert answer.status == 503
        assert "did not start" in (await answer.json())["error"]
    assert (await seen(visitor))["bridge"] == "stopped"
    async with visitor.post("/bridge/kill", json={}) as answer:
        assert answer.status == 204
