"""Files on Matrix: uploaded once, opened only as what their message says, fetched from homeservers old and new."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from nio.crypto.attachments import decrypt_attachment, encrypt_attachment

from bridge.asked import Outgoing
from bridge.errors import Feature, Rejected, Unavailable, Unsupported
from bridge.events import Attachment, Edited, File, Kind, Posted
from bridge.ids import RoomId
from bridge.testing import samples
from bridge.testing.closing import closed
from bridge.testing.contract_kit import Kit, Running, Terms
from bridge.testing.host import KitHost
from bridge.text.nodes import said
from connectors.matrix import files
from connectors.matrix.emulator import MatrixEmulator
from connectors.matrix.emulator_errors import Canned, refusal
from connectors.matrix.sealing import Handle, file_of, handle_of, packed, raw, sealer, text, unpacked
from tests.connectors.matrix.cases import heard, matrix
from tests.connectors.matrix.secret_platform import SecretPlatform

_OLD = refusal(404, "M_UNRECOGNIZED")
_CUT = Canned(body=b"{", cut=True)


@pytest.fixture
async def platform() -> AsyncIterator[MatrixEmulator]:
    async with MatrixEmulator() as server:
        yield server


@pytest.fixture
def kit(platform: MatrixEmulator, tmp_path: Path) -> Kit:
    return Kit(platform, KitHost(tmp_path), lambda host: matrix(platform, host), Terms())


def part(run: Running, kit: Kit, file: File, words: str = "") -> Outgoing:
    return run.outgoing(words, files=(file,))


def picture(kit: Kit, inside: str = "token") -> File:
    return kit.host.keep(samples.upload(Kind.IMAGE, inside))


@given(
    st.lists(st.binary(max_size=300), max_size=5),
    st.binary(min_size=32, max_size=32),
    st.binary(min_size=8, max_size=8),
)
def test_what_is_sealed_in_pieces_opens_with_another_implementation(
    pieces: list[bytes], key: bytes, nonce: bytes
) -> None:
    handle = Handle(url="mxc://x/y", key=text(key), iv=text(nonce + bytes(8)))
    sealing = sealer(handle)
    sealed = b"".join(map(sealing.seal, pieces))
    file = file_of(Handle(url=handle.url, key=handle.key, iv=handle.iv, sha256=sealing.digest))["file"]
    opened = decrypt_attachment(sealed, file["key"]["k"], file["hashes"]["sha256"], file["iv"])
    assert opened == b"".join(pieces)


@given(st.binary(min_size=1, max_size=500))
def test_what_another_implementation_sealed_is_opened(data: bytes) -> None:
    sealed, keys = encrypt_attachment(data)
    handle = handle_of({"file": {**keys, "url": "mxc://x/y"}})
    assert handle is not None
    handle = unpacked(packed(handle))
    opening = sealer(handle)
    assert opening.open(sealed) == data
    assert opening.digest == handle.sha256


@pytest.mark.parametrize("value", ["AA", "AA==", "-_8", "+/8"])
def test_base64_is_read_in_every_form(value: str) -> None:
    assert text(raw(value)) == value.rstrip("=").replace("+", "-").replace("/", "_")


@pytest.mark.parametrize("key", [{}, {"alg": "A128CTR", "k": "x"}, "x"])
def test_a_file_sealed_in_another_way_has_no_handle(key: object) -> None:
    assert (
        handle_of({"file": {"v": "v2", "url": "mxc://x/y", "iv": "x", "hashes": {"sha256": "AA"}, "key": key}}) is None
    )
    assert handle_of({}) is None


async def test_a_file_is_uploaded_once(kit: Kit, platform: MatrixEmulator) -> None:
    async with kit.running() as run:
        file = picture(kit)
        for words in ("one", "two"):
            await run.connector.send(part(run, kit, file, words))
        await run.connector.send(part(run, kit, picture(kit, "another")))
    assert len(platform.server.media.files) == 2


def fronted(kit: Kit) -> File:
    """A film with a thumbnail."""
    small = kit.host.keep(samples.upload(Kind.IMAGE, "thumbnail", "image/jpeg"))
    return structs.replace(kit.host.keep(samples.upload(Kind.VIDEO, "film")), thumbnail=small)


async def test_what_a_client_needs_to_draw_a_film_stands_beside_it(kit: Kit, platform: MatrixEmulator) -> None:
    async with kit.running() as run:
        await run.connector.send(part(run, kit, fronted(kit), "film"))
        await kit.reads(kit.town, "film")
    (content,) = [one["content"] for one in await platform.events(kit.town) if one["content"].get("body") == "film"]
    info, small = content["info"], samples.upload(Kind.IMAGE, "thumbnail", "image/jpeg").data
    assert (info["w"], info["h"], info["duration"], info["mimetype"]) == (8, 8, 2000, "video/mp4")
    assert info["thumbnail_info"] == {"mimetype": "image/jpeg", "size": len(small), "w": 8, "h": 8}
    assert await platform.bytes_of(info["thumbnail_url"]) == small


async def test_nothing_of_a_thumbnail_is_in_clear_in_an_encrypted_room(
    platform: MatrixEmulator, tmp_path: Path
) -> None:
    async with SecretPlatform(platform, tmp_path / "people") as secret:
        kit = Kit(secret, KitHost(tmp_path), lambda host: matrix(secret, host), Terms())
        async with kit.running() as run:
            await run.connector.send(part(run, kit, fronted(kit), "film"))
            shown = await kit.reads(kit.town, "film")
    small = samples.upload(Kind.IMAGE, "thumbnail", "image/jpeg").data
    assert shown.files[0].thumbnail == small
    stored = [one.data or b"" for one in platform.server.media.files.values()]
    assert (len(stored), [one for one in stored if small[:20] in one]) == (2, [])


async def test_a_film_goes_without_a_thumbnail_that_the_homeserver_does_not_take(
    kit: Kit, platform: MatrixEmulator
) -> None:
    async with kit.running() as run:
        platform.answer_next("/upload/", refusal(413, "M_TOO_LARGE"))
        await run.connector.send(part(run, kit, fronted(kit), "film"))
        (seen,) = (await kit.reads(kit.town, "film")).files
    assert (seen.data, seen.thumbnail) == (samples.upload(Kind.VIDEO, "film").data, b"")


@pytest.mark.parametrize("lost", ["/upload/", "/send/"])
async def test_a_lost_answer_makes_no_second_file(kit: Kit, platform: MatrixEmulator, lost: str) -> None:
    async with kit.running() as run:
        outgoing = part(run, kit, picture(kit), "once")
        platform.lose_next(lost)
        with pytest.raises(Unavailable):
            await run.connector.send(outgoing)
    async with kit.running() as run:
        await run.connector.send(outgoing)
        await kit.reads(kit.town, "once")
    assert len(platform.server.media.files) == 1


async def test_a_lost_answer_makes_no_second_file_in_an_encrypted_room(
    platform: MatrixEmulator, tmp_path: Path
) -> None:
    async with SecretPlatform(platform, tmp_path / "people") as secret:
        kit = Kit(secret, KitHost(tmp_path), lambda host: matrix(secret, host), Terms())
        async with kit.running() as run:
            outgoing = part(run, kit, picture(kit), "once")
            platform.lose_next("/upload/")
            with pytest.raises(Unavailable):
                await run.connector.send(outgoing)
            await run.connector.send(outgoing)
            shown = await kit.reads(kit.town, "once")
            assert shown.files[0].data == samples.upload(Kind.IMAGE, "token").data
        (stored,) = platform.server.media.files.values()
        assert stored.mime == "application/octet-stream"
        assert b"token" not in (stored.data or b"")


async def test_an_upload_that_fails_leaves_no_doubt_about_its_message(kit: Kit, platform: MatrixEmulator) -> None:
    async with kit.running() as run:
        platform.answer_next("/upload/", _CUT)
        with pytest.raises(Unavailable) as caught:
            await run.connector.send(part(run, kit, picture(kit)))
    assert type(caught.value) is Unavailable


async def test_homeservers_without_places_and_with_open_files_are_served_too(
    kit: Kit, platform: MatrixEmulator
) -> None:
    async with kit.running() as run:
        platform.answer_next("/v1/create", _OLD)
        await run.connector.send(part(run, kit, picture(kit), "the old way"))
        assert (await kit.reads(kit.town, "the old way")).files
        platform.answer_next("/client/v1/media/download", _OLD)
        platform.answer_next("/media/v3/download", Canned(body=b"bytes", headers={"Content-Type": "image/png"}))
        fetched = [piece async for piece in run.connector.fetch(Attachment(kind=Kind.IMAGE, source="mxc://x/y"))]
    assert fetched == [b"bytes"]


async def test_what_is_too_large_for_the_homeserver_is_no_attachment_there(kit: Kit, platform: MatrixEmulator) -> None:
    platform.server.media.largest = 50
    async with kit.running() as run:
        media = run.connector.capabilities(run.place(kit.town).room).media
        assert media[Kind.FILE].max_bytes == 50
        with pytest.raises(Unsupported, match="too large") as caught:
            await run.connector.send(part(run, kit, picture(kit)))
        assert caught.value.feature is Feature.ATTACHMENT


async def test_a_file_that_was_changed_on_its_way_is_refused(kit: Kit, platform: MatrixEmulator) -> None:
    sealed, keys = encrypt_attachment(b"what was said")
    where = await platform.upload("Ada", sealed[:-1] + b"x", "application/octet-stream")
    handle = handle_of({"file": {**keys, "url": where}})
    assert handle is not None
    async with kit.running() as run:
        with pytest.raises(Rejected, match="changed on its way"):
            [piece async for piece in run.connector.fetch(Attachment(kind=Kind.FILE, source=packed(handle)))]


@pytest.mark.parametrize(
    "source",
    ["", "https://evil.example/x", "mxc://x", "mxc://x/y/../z", '{"url": 7}', '{"url":"mxc://x/y","key":"k","iv":"i"}'],
)
async def test_only_addresses_of_homeservers_are_fetched(kit: Kit, platform: MatrixEmulator, source: str) -> None:
    async with kit.running() as run:
        with pytest.raises(Rejected):
            [piece async for piece in run.connector.fetch(Attachment(kind=Kind.FILE, source=source))]
        assert not any("/download/" in one for one in platform.server.requests)


async def test_a_redirect_is_followed_without_our_token(kit: Kit, platform: MatrixEmulator) -> None:
    headers: list[str | None] = []

    async def elsewhere(request: web.Request) -> web.Response:
        headers.append(request.headers.get("Authorization"))
        return web.Response(body=b"from a cache")

    app = web.Application()
    app.router.add_get("/file", elsewhere)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}/file"
    async with kit.running() as run:
        platform.answer_next("/download/", Canned(status=307, body=b"", headers={"Location": address}))
        fetched = [piece async for piece in run.connector.fetch(Attachment(kind=Kind.FILE, source="mxc://x/y"))]
    await closed(runner)
    assert fetched == [b"from a cache"]
    assert headers == [None]


async def test_a_voice_is_a_voice_with_its_waveform(kit: Kit) -> None:
    upload = samples.described(samples.upload(Kind.VOICE, "t"), "1", "0" * 64)
    content = files.content(upload, files.Placed(Handle(url="mxc://x/y")), {})
    assert content["msgtype"] == "m.audio"
    assert content["org.matrix.msc3245.voice"] == {}
    assert content["org.matrix.msc1767.audio"]["duration"] == content["info"]["duration"] == 2000
    assert content["body"] == content["filename"] == upload.name


async def test_other_words_under_a_file_of_somebody_are_told_with_it(kit: Kit, platform: MatrixEmulator) -> None:
    async with kit.running() as run:
        first = await platform.send_files(kit.town, "Ada", (samples.upload(Kind.IMAGE, "x"),), said("frist"))
        await heard(run, Posted)
        await platform.edit(kit.town, "Ada", first, said("first"))
        edited = await heard(run, Edited)
    assert edited.text == said("first")
    assert [one.kind for one in edited.attachments] == [Kind.IMAGE]


async def test_without_a_run_nothing_is_fetched(kit: Kit, platform: MatrixEmulator) -> None:
    connector = matrix(platform, kit.host)
    with pytest.raises(Unavailable):
        [piece async for piece in connector.fetch(Attachment(kind=Kind.FILE, source="mxc://x/y"))]
    assert connector.capabilities(RoomId("!r:x")).media[Kind.FILE].max_bytes is None
