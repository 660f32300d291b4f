"""How a service begins, and what it says when its homeserver knows it otherwise, or does not reach it."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from bridge import Place, Rejected, RoomClosed, RoomId, Unauthorized, Unavailable
from bridge.events import Left
from bridge.testing.contract_kit import ADA, Kit, Terms
from bridge.testing.host import KitHost
from bridge.text.nodes import said
from connectors.matrix.emulator_errors import Canned, refusal
from connectors.matrix_appservice.config import MatrixAppserviceConfig
from connectors.matrix_appservice.connector import MatrixAppservice
from connectors.matrix_appservice.emulator import BOT
from tests.connectors.matrix_appservice.conftest import Lab


async def ends(lab: Lab) -> Exception:
    """Why `run` ends that cannot begin."""
    connector = lab.kit.connect(lab.kit.host)
    with pytest.raises((Unauthorized, Unavailable)) as caught:
        await connector.run()
    return caught.value


@pytest.mark.parametrize(
    ("path", "answer", "kind", "why"),
    [
        ("whoami", refusal(401, "M_UNKNOWN_TOKEN"), Unauthorized, "qantara registration"),
        ("whoami", Canned(body=b'{"user_id": "@other:matrix.test"}'), Unauthorized, "of another user"),
        ("whoami", Canned(body=b"{}"), Unavailable, "without saying who we are"),
        ("/ping", refusal(403, "M_FORBIDDEN", "Mismatching ID"), Unauthorized, "another registration"),
        ("/ping", refusal(400, "M_URL_NOT_SET", "no URL"), Unauthorized, "another registration"),
        ("/ping", refusal(502, "M_CONNECTION_FAILED", "refused"), Unavailable, "does not reach the bridge"),
        ("/ping", refusal(504, "M_CONNECTION_TIMEOUT", "late"), Unavailable, "does not reach the bridge"),
        ("/ping", refusal(502, "M_BAD_STATUS", "HTTP 404 Not Found"), Unavailable, "does not reach the bridge"),
        ("/ping", Canned(status=502, body=b"<html>"), Unavailable, "502"),
    ],
)
async def test_what_is_wrong_is_said(lab: Lab, path: str, answer: Canned, kind: type[Exception], why: str) -> None:
    lab.server.answer_next(path, answer)
    error = await ends(lab)
    assert isinstance(error, kind)
    assert why in str(error)
    assert not lab.kit.host.online


@pytest.mark.parametrize(
    "answer", [refusal(404, "M_NOT_FOUND"), refusal(502, "M_BAD_STATUS", "HTTP 503 Service Unavailable")]
)
async def test_an_old_homeserver_and_a_full_store_are_no_reason_to_end(lab: Lab, answer: Canned) -> None:
    lab.server.answer_next("/ping", answer)
    async with lab.kit.running() as run:
        await run.hears("hello")


async def test_a_homeserver_that_lets_us_have_no_ghosts_stops_the_account(lab: Lab) -> None:
    async with lab.kit.running() as run:
        lab.server.answer_next("/register", refusal(400, "M_EXCLUSIVE"))
        with pytest.raises(Unauthorized, match="write the registration anew"):
            await run.send("hello", author=ADA)


async def test_where_ghosts_may_have_no_names_the_name_has_to_stand_in_front(lab: Lab) -> None:
    async with lab.kit.running() as run:
        lab.server.answer_next("/displayname", refusal(403, "M_FORBIDDEN"))
        with pytest.raises(Rejected, match="have names"):
            await run.send("hello", author=ADA)


async def test_an_invitation_to_a_linked_room_is_accepted(lab: Lab) -> None:
    async with lab.kit.running() as run:
        await lab.server.change_membership(lab.kit.town, BOT, "leave", "by mistake")
        gone = await run.event(Left, lambda left: left.user.id == BOT, "our own leaving")
        assert gone.reason.casefold() == "removed by olga: by mistake"
        await lab.server.change_membership(lab.kit.town, BOT, "invite")
        await lab.kit.until_shown(lab.kit.town, lambda _: BOT in lab.server.room_of(lab.kit.town).members(), "us again")
        await run.hears("welcome back")


async def test_encrypted_rooms_are_refused(lab: Lab) -> None:
    secret = await lab.server.make_room("secret", encrypted=True)
    async with lab.kit.running() as run:
        with pytest.raises(RoomClosed, match="encrypted"):
            await run.connector.join(secret)
        await lab.server.set_state(lab.kit.garden, "m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"})
        await run.hears("said meanwhile")
        with pytest.raises(RoomClosed, match="encrypted"):
            await run.send("secret", room=lab.kit.garden)


@pytest.mark.parametrize(
    ("name", "kind"), [("lobby", Rejected), ("#nowhere:matrix.test", RoomClosed), ("!nowhere:matrix.test", RoomClosed)]
)
async def test_a_room_that_is_none_says_so(lab: Lab, name: str, kind: type[Exception]) -> None:
    async with lab.kit.running() as run:
        with pytest.raises(kind):
            await run.connector.join(name)
        await run.connector.leave(Place(RoomId(name)))


async def test_an_edit_of_somebody_elses_message_is_passed_over(lab: Lab) -> None:
    async with lab.kit.running() as run:
        native, _ = await run.hears("mine")
        content = {
            "msgtype": "m.text", "body": "* forged", "m.new_content": {"msgtype": "m.text", "body": "forged"},
            "m.relates_to": {"rel_type": "m.replace", "event_id": native},
        }  # fmt: skip
        await lab.server.post(lab.kit.town, "Eve", "m.room.message", content)
        await run.hears("the end")
        assert lab.kit.host.words() == ["mine", "the end"]


async def test_before_it_runs_nothing_can_be_asked_of_it(lab: Lab) -> None:
    connector = lab.kit.connect(lab.kit.host)
    with pytest.raises(Unavailable, match="not connected"):
        await connector.join(lab.kit.town)


async def test_two_stores_have_ghosts_of_their_own(lab: Lab, tmp_path: Path) -> None:
    marks = []
    for seed in (1, 2):
        host = KitHost(tmp_path)
        for _ in range(seed):
            host.chance.token(8)
        kit = Kit(lab.server, host, lab.kit.connect, Terms())
        async with kit.running() as run:
            await run.send(f"by store {seed}", author=ADA)
        marks.append(await host.recall("ghosts"))
    assert marks[0] != marks[1]
    senders = {raw["sender"] for raw in await lab.server.events(lab.kit.town) if raw["type"] == "m.room.message"}
    assert len(senders) == 2
    await lab.server.say(lab.kit.town, "Olaf", said("hello"))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"homeserver": "matrix.example.org"}, "must start with"),
        ({"address": "bridge:80"}, "must start with"),
        ({"token": "short"}, "at least 32"),
        ({"user": "@Bridge:x"}, "pattern"),
    ],
)
def test_settings_that_cannot_be_right_are_faults(change: dict[str, str], why: str) -> None:
    whole = {
        "connector": "matrix-appservice", "homeserver": "http://x", "user": "@b:x", "token": "a" * 32,
        "homeserver_token": "b" * 32,
    }  # fmt: skip
    assert MatrixAppserviceConfig.model_validate(whole).address is None
    with pytest.raises(ValidationError, match=why):
        MatrixAppserviceConfig.model_validate(whole | change)
    assert MatrixAppservice.Config is MatrixAppserviceConfig
