"""Ghosts look as the people do for whom they speak."""

from io import BytesIO

from msgspec.structs import replace
from PIL import Image

from bridge.asked import Person
from bridge.events import Kind
from bridge.testing.contract_kit import ADA
from bridge.testing.holdings import Filed
from tests.connectors.matrix_appservice.conftest import Lab


def drawn(colour: str) -> Filed:
    out = BytesIO()
    Image.new("RGB", (32, 32), colour).save(out, "PNG")
    return Filed(kind=Kind.IMAGE, data=out.getvalue(), name="face.png", mime="image/png", width=32, height=32)


def portrayed(lab: Lab) -> list[str]:
    return [call for call in lab.server.server.requests if call.endswith("/avatar_url")]


async def faces(lab: Lab) -> list[bytes]:
    return [one.face for one in await lab.server.shown(lab.kit.town)]


async def test_a_ghost_has_the_picture_of_its_person_and_follows_it(lab: Lab) -> None:
    red, blue = drawn("red"), drawn("blue")
    async with lab.kit.running() as run:
        run.kit.host.faces[ADA.number] = run.kit.host.keep(red)
        await run.send("one", author=replace(ADA, avatar="first"))
        assert await faces(lab) == [red.data]
        await run.send("two", author=replace(ADA, avatar="first"))
        assert len(portrayed(lab)) == 1
        run.kit.host.faces[ADA.number] = run.kit.host.keep(blue)
        await run.send("three", author=replace(ADA, avatar="second"))
        assert await faces(lab) == [blue.data] * 3
        del run.kit.host.faces[ADA.number]
        await run.send("four", author=ADA)
        assert await faces(lab) == [b""] * 4


async def test_after_a_restart_a_ghost_bears_its_picture_already(lab: Lab) -> None:
    person = replace(ADA, avatar="first")
    async with lab.kit.running() as run:
        run.kit.host.faces[ADA.number] = run.kit.host.keep(drawn("red"))
        await run.send("before", author=person)
    async with lab.kit.running() as run:
        await run.send("after", author=person)
    assert len(portrayed(lab)) == 1


async def test_a_picture_that_is_not_there_yet_comes_with_a_later_message(lab: Lab) -> None:
    person = replace(ADA, avatar="first")
    async with lab.kit.running() as run:
        await run.send("one", author=person)
        assert await faces(lab) == [b""]
        run.kit.host.faces[ADA.number] = run.kit.host.keep(drawn("red"))
        await run.kit.host.clock.sleep(2.1)
        await run.send("two", author=person)
        assert await faces(lab) == [drawn("red").data] * 2


async def test_who_only_reacts_keeps_the_picture_they_have(lab: Lab) -> None:
    async with lab.kit.running() as run:
        run.kit.host.faces[ADA.number] = run.kit.host.keep(drawn("red"))
        await run.send("one", author=replace(ADA, avatar="first"))
        await run.send("two", author=Person(number=ADA.number, name=""))
        assert (len(portrayed(lab)), await faces(lab)) == (1, [drawn("red").data] * 2)
