"""What is sent, as Messenger's readers see it: windows, personas, files, reactions."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from msgspec.structs import replace

from bridge.asked import Person, Reaction, Target
from bridge.capabilities import Authorship
from bridge.errors import Feature, Rejected, RoomClosed, Unauthorized, Unavailable, Unsupported
from bridge.events import File, Kind, Manner
from bridge.ids import MessageId, PersonNumber, RoomId
from bridge.testing import samples
from bridge.testing.clock import HandClock
from bridge.testing.contract_kit import ADA, Kit
from bridge.testing.host import KitHost
from connectors.messenger.emulator_rules import SURE, UNLIMITED, ApiError, Unsure, bad
from tests.connectors.messenger.conftest import Lab

Labs = Callable[..., Awaitable[Lab]]


def sends(lab: Lab, what: str = "message") -> list[dict[str, Any]]:
    return [one.fields for one in lab.server.server.calls if one.path.endswith("/messages") and what in one.fields]


def personas(lab: Lab) -> list[str]:
    return [str(one["name"]) for one in lab.server.world.personas.values()]


async def test_a_message_carries_its_key_and_its_persona(lab: Lab) -> None:
    async with lab.kit().running() as run:
        part = run.outgoing("good evening")
        await run.send_part(part)
    (sent,) = sends(lab)
    assert sent["messaging_type"] == "RESPONSE"
    assert sent["message"] == {"text": "good evening", "metadata": f"qantara {part.key}"}
    assert lab.server.world.personas[sent["persona_id"]]["name"] == "Ada"


async def test_an_emote_of_a_persona_has_a_star(lab: Lab) -> None:
    async with lab.kit().running() as run:
        await run.send("waves", manner=Manner.EMOTE)
        await run.send("waves", manner=Manner.EMOTE, author=None)
    assert [one["message"]["text"] for one in sends(lab)] == ["* waves", "waves"]


@pytest.mark.parametrize("room", ["@ada", "", "12", "12345x", "１２３４５"])
async def test_a_room_that_is_no_persons_number_is_rejected(lab: Lab, room: str) -> None:
    async with lab.kit().running() as run:
        with pytest.raises(Rejected):
            await run.connector.join(room)
        with pytest.raises(Rejected):
            await run.connector.send(replace(run.outgoing("x"), room=RoomId(room)))


# Windows.


async def test_after_a_day_of_silence_the_room_is_closed(lab: Lab) -> None:
    async with lab.kit().running() as run:
        lab.server.pass_time(timedelta(hours=25))
        with pytest.raises(RoomClosed):
            await run.send("too late")
        await run.hears("still there?")
        await run.send("in time")
    assert len(sends(lab)) == 2
    assert run.connector.capabilities(RoomId("1")).window == timedelta(hours=24)


async def test_a_reaction_opens_the_window(lab: Lab) -> None:
    async with lab.kit().running() as run:
        copy = await run.sent("hello")
        lab.server.pass_time(timedelta(hours=25))
        await lab.server.react(run.kit.town, "Ada", copy.parts[0], "👍")
        await run.send("in time")


async def test_an_agents_answer_goes_for_a_week_with_a_tag(lab: Lab) -> None:
    async with lab.kit(after_window="human_agent").running() as run:
        await run.send("in time")
        lab.server.pass_time(timedelta(days=6))
        await run.send("an answer")
        assert [one.get("tag") for one in sends(lab)] == [None, None, "HUMAN_AGENT"]
        with pytest.raises(RoomClosed):
            await run.send("the bridge itself is no human", author=None)
        lab.server.pass_time(timedelta(days=2))
        with pytest.raises(RoomClosed):
            await run.send("too late")
        assert run.capabilities(run.kit.town).window == timedelta(days=7)


async def test_an_agents_answer_that_is_not_allowed_closes_the_room(lab_with: Labs) -> None:
    lab = await lab_with(unsure=Unsure(human_agent="not allowed"))
    async with lab.kit(after_window="human_agent").running() as run:
        lab.server.pass_time(timedelta(days=2))
        with pytest.raises(RoomClosed):
            await run.send("an answer")


@pytest.mark.parametrize("blocked", ["551", "200"])
async def test_who_blocked_us_is_not_written_to(lab_with: Labs, blocked: Any) -> None:  # noqa: ANN401 one of two words
    lab = await lab_with(unsure=Unsure(blocked=blocked))
    async with lab.kit().running() as run:
        lab.server.block(run.kit.town)
        with pytest.raises(RoomClosed):
            await run.send("are you there")
        await run.send("somebody else", room=run.kit.garden)


# Personas.


def somebody(number: int) -> Person:
    return Person(number=PersonNumber(number), name=f"Person {number}")


async def test_a_persona_is_made_once_and_found_after_a_crash(lab: Lab) -> None:
    kit = lab.kit()
    async with kit.running() as run:
        for words in ("one", "two"):
            await run.send(words)
    kit.host = KitHost(lab.folder)  # everything is forgotten, as after a restore from nothing
    async with kit.running() as run:
        await run.send("three")
    assert personas(lab) == ["Ada"]
    assert len({one["persona_id"] for one in sends(lab)}) == 1


async def test_with_fifty_personas_the_next_has_none_until_one_is_silent(lab: Lab) -> None:
    kit = lab.kit()
    clock = HandClock(kit.host.clock.now())
    kit.host.clock = clock
    async with kit.running() as run:
        for number in range(50):
            await run.send("hello", author=somebody(number))
        with pytest.raises(Unsupported) as caught:
            await run.send("hello", author=somebody(50))
        assert caught.value.feature is Feature.AUTHORSHIP
        await run.send("hello", author=replace(somebody(50), name=""), label="Person 50")
        await clock.turn(3600)
        await run.send("still here", author=somebody(0))
        await run.send("hello", author=somebody(50))
    assert len(personas(lab)) == 50
    assert "Person 1" not in personas(lab)
    assert {"Person 0", "Person 50"} <= set(personas(lab))


async def test_a_foreign_persona_is_not_dropped(lab_with: Labs) -> None:
    lab = await lab_with(limits=replace(UNLIMITED, personas=50))
    for number in range(50):
        lab.server.world.personas[str(number)] = {"id": str(number), "name": f"P{number}", "profile_picture_url": "x"}
    async with lab.kit().running() as run:
        with pytest.raises(Unsupported):
            await run.send("hello")
    assert len(personas(lab)) == 50


async def test_a_persona_that_is_gone_is_made_anew(lab: Lab) -> None:
    async with lab.kit().running() as run:
        await run.send("one")
        lab.server.world.personas.clear()
        with pytest.raises(Unavailable) as caught:
            await run.send("two")
        assert caught.value.retry_after == 0
        await run.send("two")
    assert personas(lab) == ["Ada"]


@pytest.mark.parametrize("refused", ["not made", "not heard"])
async def test_where_personas_are_not_allowed_names_go_before_the_words(
    lab_with: Labs, refused: Any  # noqa: ANN401 one of two words
) -> None:  # fmt: skip
    lab = await lab_with(unsure=Unsure(personas=refused))
    async with lab.kit().running() as run:
        for author in (ADA, somebody(2)):
            with pytest.raises(Unsupported) as caught:
                await run.send("hello", author=author)
            assert caught.value.feature is Feature.AUTHORSHIP
        await run.send("Ada: hello", label="Ada")
        assert (
            len([one for one in lab.server.server.calls if (one.method, one.path[-9:]) == ("POST", "/personas")]) == 1
        )


async def test_without_a_picture_there_is_no_persona(lab: Lab) -> None:
    async with lab.kit(persona_picture=None).running() as run:
        with pytest.raises(Unsupported):
            await run.send("hello")
        with pytest.raises(Unsupported):
            await run.send("hello", author=replace(ADA, avatar="https://example.org/ada.png"))
        run.kit.host.faces[ADA.number] = picture(run.kit)
        await run.send("hello", author=replace(ADA, avatar="mxc://example.org/ada"))
    assert personas(lab) == ["Ada"]


async def test_a_persona_has_the_picture_that_the_bridge_has_and_another_one_with_another(lab: Lab) -> None:
    first, ada = "https://bridge.example.org/files", replace(ADA, avatar="mxc://example.org/ada")
    async with lab.kit().running() as run:
        await run.send("before the picture is there", author=ada)
        host = run.kit.host
        host.faces[ada.number] = host.keep(samples.upload(Kind.IMAGE, "one"))
        await run.send("with it", author=ada)
        host.files_url = "https://bridge.example.org/later"
        await run.send("under another address", author=ada)
        host.faces[ada.number] = host.keep(samples.upload(Kind.IMAGE, "two"))
        await run.send("with another", author=ada)
        host.files_url = "http://127.0.0.1:1/files"
        host.faces[ada.number] = host.keep(samples.upload(Kind.IMAGE, "three"))
        await run.send("where Meta cannot fetch it", author=ada)
    pictures = [one["profile_picture_url"] for one in lab.server.world.personas.values()]
    assert len(pictures) == 3
    begin = ["https://bridge.example.org/face.png", f"{first}/", "https://bridge.example.org/later/"]
    assert all(one.startswith(start) for one, start in zip(pictures, begin, strict=True)), pictures


async def test_names_may_go_before_the_words_for_everybody(lab: Lab) -> None:
    async with lab.kit(names="prefix").running() as run:
        assert run.capabilities(run.kit.town).authorship is Authorship.PREFIX
        await run.send("Ada: hello")
    assert "persona_id" not in sends(lab)[0]


# Files.


def picture(kit: Kit) -> File:
    return kit.host.keep(samples.upload(Kind.IMAGE, "one"))


async def test_a_file_is_uploaded_once(lab: Lab) -> None:
    async with lab.kit().running() as run:
        file = picture(run.kit)
        await run.send((), files=(file,))
        await run.send((), files=(file,), room=run.kit.garden)
        assert lab.server.files.uploaded == 1
        await run.send((), files=(replace(file, kind=Kind.FILE),))
        assert lab.server.files.uploaded == 2
        assert len(sends(lab)) == 3, "an upload was used as another type, and refused"


async def test_an_upload_that_meta_forgot_goes_again(lab: Lab) -> None:
    async with lab.kit().running() as run:
        file = picture(run.kit)
        await run.send((), files=(file,))
        lab.server.files.uploads.clear()
        await run.send((), files=(file,))
        shown = await lab.server.shown(run.kit.town)
        assert [one.files[0].kind for one in shown] == [Kind.IMAGE, Kind.IMAGE]
    assert lab.server.files.uploaded == 2


async def test_a_file_that_meta_does_not_take_is_unsupported(lab_with: Labs) -> None:
    lab = await lab_with(limits=replace(UNLIMITED, image_bytes=10))
    async with lab.kit().running() as run:
        with pytest.raises(Unsupported) as caught:
            await run.send((), files=(picture(run.kit),))
        assert caught.value.feature is Feature.ATTACHMENT
    assert sends(lab) == []


class Linking(KitHost):
    """A host whose links lead to a server."""

    address = ""

    async def link(self, file: File) -> str | None:
        return f"{self.address}/{file.name}" if self.address else None


async def test_meta_may_fetch_files_by_itself(lab: Lab) -> None:
    kit = lab.kit(files="link")
    kit.host = host = Linking(lab.folder)
    file = picture(kit)

    async def give(_: web.Request) -> web.Response:
        return web.Response(body=host.files[file.id], content_type="image/png")

    app = web.Application()
    app.router.add_get("/{name}", give)
    async with TestServer(app) as server, kit.running() as run:
        await run.send((), files=(file,))
        host.address = str(server.make_url("")).rstrip("/")
        await run.send((), files=(file,))
        shown = await lab.server.shown(kit.town)
        assert [one.files[0].data for one in shown] == [host.files[file.id]] * 2
        host.address += "/nowhere/to/be/found"
        with pytest.raises(Unsupported):
            await run.send((), files=(file,))
    assert lab.server.files.uploaded == 1
    assert "url" in sends(lab)[1]["message"]["attachment"]["payload"]


# Actions.


async def test_one_reaction_stands_and_the_newest_wins(lab: Lab) -> None:
    async with lab.kit().running() as run:
        native, event = await run.hears("good news")
        target = Target(room=event.room, parts=event.message)

        async def react(emoji: str, *wanted: str) -> dict[str, int]:
            await run.connector.react(Reaction(target=target, emoji=emoji, wanted=wanted, key=run.kit.key()))
            return dict((await lab.server.shown(run.kit.town))[0].reactions)

        assert await react("👍", "👍") == {"👍": 1}
        assert await react("❤️", "👍", "❤️") == {"❤️": 1}
        assert await react("❤️", "👍") == {"👍": 1}
        assert await react("👍") == {}
    assert sends(lab, "sender_action")[0]["payload"] == {"message_id": native, "reaction": "👍"}


async def test_a_reaction_that_is_refused_is_a_missing_feature(lab: Lab) -> None:
    async with lab.kit().running() as run:
        target = Target(room=run.place(run.kit.town).room, parts=(MessageId("m_nowhere"),))
        with pytest.raises(Unsupported) as caught:
            await run.connector.react(Reaction(target=target, emoji="👍", wanted=("👍",), key=run.kit.key()))
        assert caught.value.feature is Feature.REACT


async def test_what_was_read_is_shown_so(lab: Lab) -> None:
    async with lab.kit().running() as run:
        _, event = await run.hears("did you see")
        await run.connector.mark_read(Target(room=event.room, parts=event.message))
    assert event.room in lab.server.world.seen


# Credentials.


async def test_a_proof_that_is_left_out_is_told(lab: Lab) -> None:
    kit = lab.kit(secret_proof="omitted")
    with pytest.raises(Unauthorized):
        await kit.connect(kit.host).run()


async def test_a_token_of_another_page_stops_the_account(lab: Lab) -> None:
    kit = lab.kit(page="999")
    with pytest.raises(Unauthorized):
        await kit.connect(kit.host).run()


async def test_the_token_goes_where_it_is_wanted(lab_with: Labs) -> None:
    lab = await lab_with(unsure=Unsure(bearer="not taken"))
    async with lab.kit().running() as run:
        await run.send("hello")
    kit = lab.kit(token_place="header")
    with pytest.raises((Unauthorized, Rejected)):
        await kit.connect(kit.host).run()


@pytest.mark.parametrize("statuses", ["by code", "all 400"])
async def test_refusals_are_known_by_their_body(lab_with: Labs, statuses: Any) -> None:  # noqa: ANN401 one of two words
    lab = await lab_with(unsure=replace(SURE, statuses=statuses))
    async with lab.kit().running() as run:
        for error, becomes in (
            (ApiError(613, "rate"), Unavailable), (bad("no"), Rejected), (ApiError(10, "x", 2018278), RoomClosed),
            (ApiError(190, "expired"), Unauthorized),
        ):  # fmt: skip
            lab.server.refuse_next(error)
            with pytest.raises(becomes):
                await run.send("x")
