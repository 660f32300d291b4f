"""Pictures of people on Matrix: had by their address, shown in the profile of each message (MSC4144)."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from bridge.errors import Rejected
from bridge.events import Posted
from bridge.testing.contract_kit import ADA, Kit, Running, Terms
from bridge.testing.host import KitHost
from bridge.testing.waiting import eventually
from bridge.text.nodes import said
from connectors.matrix.config import MatrixConfig
from connectors.matrix.connector import Matrix
from connectors.matrix.content import PROFILE
from connectors.matrix.emulator import MatrixEmulator
from connectors.matrix.faces import beside
from tests.connectors.matrix_appservice.test_portraits import drawn

WEARS = replace(ADA, avatar="first")


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    server = MatrixEmulator()
    return Kit(
        server, KitHost(tmp_path), lambda host: Matrix(MatrixConfig.model_validate(server.settings()), host), Terms()
    )


async def sent(run: Running, words: str) -> bytes:
    await run.send(words, author=WEARS, label="Ada")
    return (await run.kit.platform.shown(run.kit.town))[-1].face


async def test_a_picture_stands_beside_each_message_and_is_uploaded_once(kit: Kit) -> None:
    async with kit.platform, kit.running() as run:
        run.kit.host.faces[ADA.number] = run.kit.host.keep(drawn("red"))
        assert [await sent(run, "one"), await sent(run, "two")] == [drawn("red").data] * 2
        platform = kit.platform
        assert isinstance(platform, MatrixEmulator)
        assert len(platform.server.media.files) == 1


async def test_a_message_without_a_picture_is_as_before(kit: Kit) -> None:
    async with kit.platform, kit.running() as run:
        assert await sent(run, "one") == b""


async def test_the_picture_of_somebody_is_had_by_its_address(kit: Kit) -> None:
    async with kit.platform, kit.running() as run:
        platform = kit.platform
        assert isinstance(platform, MatrixEmulator)
        await platform.set_face("Grace", drawn("blue"))
        await platform.say(kit.town, "Grace", said("hello"))
        await eventually(lambda: any(isinstance(one, Posted) for one in run.kit.host.events))
        (posted,) = [one for one in run.kit.host.events if isinstance(one, Posted)]
        assert posted.author.avatar is not None
        assert b"".join([piece async for piece in run.connector.face(posted.author.avatar)]) == drawn("blue").data


@pytest.mark.parametrize("address", ["https://127.0.0.1/", "file:///etc/passwd", "mxc://../etc", "mxc://a", ""])
async def test_an_address_that_is_none_of_a_homeserver_is_refused(kit: Kit, address: str) -> None:
    async with kit.platform, kit.running() as run:
        with pytest.raises(Rejected):
            await anext(aiter(run.connector.face(address)))


def test_an_edit_shows_the_picture_in_both_of_its_forms() -> None:
    profile = {"id": "1", "displayname": "Ada"}
    after = beside({PROFILE: profile, "m.new_content": {"body": "x", PROFILE: profile}}, "mxc://a/b")
    assert after[PROFILE]["avatar_url"] == after["m.new_content"][PROFILE]["avatar_url"] == "mxc://a/b"
    assert beside({"body": "x"}, "mxc://a/b") == {"body": "x"}
