"""Files to and from Telegram: uploaded once, fetched without the token leaving, refused in the bridge's words."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from bridge import Attachment, Edit, Kind, Posted, Rejected, Unsupported
from bridge.capabilities import MediaLimit, Thumbnail
from bridge.errors import BridgeError, Feature, Unavailable
from bridge.events import File
from bridge.testing import samples
from bridge.testing.contract_kit import Kit, Running
from bridge.testing.holdings import Filed
from bridge.testing.platform import Fault
from bridge.text.nodes import Bold, Paragraph, Text, said
from connectors.telegram import media
from connectors.telegram.emulator import TelegramEmulator
from connectors.telegram.emulator_files import Stored
from connectors.telegram.emulator_rules import Call

MIB = 1024 * 1024
FILE = File(id="1", kind=Kind.FILE, name="a.pdf", mime="application/pdf", size=1, sha256="ab")
PICTURE = samples.upload(Kind.IMAGE, "one")
CASES: list[tuple[File, tuple[str, str], dict[str, str]]] = [
    (FILE, ("sendDocument", "document"), {"disable_content_type_detection": "true"}),
    (replace(FILE, kind=Kind.IMAGE, width=5), ("sendPhoto", "photo"), {}),
    (replace(FILE, kind=Kind.IMAGE, animated=True, width=5), ("sendAnimation", "animation"), {"width": "5"}),
    (replace(FILE, kind=Kind.VIDEO, animated=True), ("sendAnimation", "animation"), {}),
    (replace(FILE, kind=Kind.VIDEO, duration=2.6, width=5, height=6), ("sendVideo", "video"),
     {"duration": "3", "width": "5", "height": "6"}),
    (replace(FILE, kind=Kind.AUDIO, duration=2.4, width=5), ("sendAudio", "audio"), {"duration": "2"}),
    (replace(FILE, kind=Kind.VOICE, duration=61), ("sendVoice", "voice"), {"duration": "61"}),
    (replace(FILE, kind=Kind.STICKER, emoji="🐫"), ("sendSticker", "sticker"), {"emoji": "🐫"}),
]  # fmt: skip


@pytest.mark.parametrize(("file", "how", "beside"), CASES)
def test_each_kind_has_its_method(file: File, how: tuple[str, str], beside: dict[str, str]) -> None:
    assert (media.form(file).method, media.form(file).field) == how
    assert media.facts(file) == beside


def test_what_has_no_method_is_told_in_words() -> None:
    with pytest.raises(Unsupported):
        media.form(replace(FILE, kind=Kind.POLL))
    for odd in (replace(FILE, kind=Kind.VOICE), replace(FILE, kind=Kind.IMAGE, mime="image/gif", animated=True)):
        with pytest.raises(Unsupported):
            media.item(odd, "F1")


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ({"photo": [{"file_id": "small"}, {"file_id": "large"}]}, "large"),
        ({"animation": {"file_id": "A"}, "document": {"file_id": "D"}}, "A"),
        ({"photo": []}, None),
        ({"document": {"file_id": 7}}, None),
        ({"text": "x"}, None),
    ],
)
def test_the_id_of_what_was_sent_is_found(result: dict[str, Any], expected: str | None) -> None:
    assert media.file_id(result) == expected


@pytest.mark.parametrize("results", [[{"message_id": "1"}], [{}], [7]])
def test_an_answer_without_ids_is_none(results: list[Any]) -> None:
    with pytest.raises((TypeError, KeyError)):
        media.natives(results)


def test_the_limits_are_the_servers() -> None:
    assert media.limits(50)[Kind.FILE] == MediaLimit(max_bytes=50 * MIB, thumbnail=Thumbnail(320, 200_000))
    assert media.limits(2000)[Kind.VIDEO].max_bytes == 2000 * MIB
    assert media.limits(2000)[Kind.IMAGE].max_bytes == 10 * MIB
    assert media.limits(1)[Kind.IMAGE].max_bytes == MIB


def calls(server: TelegramEmulator, method: str) -> list[Call]:
    return [one for one in server.calls if one.method == method]


async def given(run: Running, server: TelegramEmulator, upload: Filed) -> Attachment:
    """What is published of a file that somebody attaches."""
    native = await server.send_files(run.kit.town, "Ada", (upload,))
    event = await run.event(Posted, lambda posted: native in posted.message, "a file")
    return event.attachments[0]


async def fetched(run: Running, attachment: Attachment) -> bytes:
    return b"".join([piece async for piece in run.connector.fetch(attachment)])


def described(path: str) -> bytes:
    """The answer to `getFile` that names this path."""
    return msgspec.json.encode({"ok": True, "result": {"file_id": "F", "file_unique_id": "u", "file_path": path}})


async def test_a_file_is_uploaded_once_however_often_it_is_sent(kit: Kit, server: TelegramEmulator) -> None:
    async with kit.running() as run:
        await run.send("", files=(kit.host.keep(PICTURE),))
        await run.send("", files=(kit.host.keep(PICTURE),), room=kit.garden)
        await run.send("", files=(kit.host.keep(replace(PICTURE, kind=Kind.FILE)),))
    kit.crash()
    async with kit.running() as run:
        await run.send("", files=(kit.host.keep(PICTURE), kit.host.keep(samples.upload(Kind.IMAGE, "two"))))
        shown = await server.shown(kit.town)
    assert server.server.files.uploaded == 3
    assert [one.kind for message in shown for one in message.files] == [Kind.IMAGE, Kind.FILE, Kind.IMAGE, Kind.IMAGE]


SMALL = samples.upload(Kind.IMAGE, "thumbnail", "image/jpeg")


@pytest.mark.parametrize("kind", [Kind.VIDEO, Kind.FILE])
async def test_a_thumbnail_is_uploaded_with_its_file_and_never_alone(
    kind: Kind, kit: Kit, server: TelegramEmulator
) -> None:
    upload = samples.upload(kind, "film")
    file = replace(kit.host.keep(upload), thumbnail=kit.host.keep(SMALL))
    async with kit.running() as run:
        for _ in range(2):  # the second time by its id
            await run.send("", files=(file,))
        await run.send("", files=(file, replace(kit.host.keep(samples.upload(kind, "two")), thumbnail=file.thumbnail)))
        shown = await server.shown(kit.town)
    assert [one.thumbnail for message in shown for one in message.files] == [SMALL.data] * 4
    assert ["thumbnail" in one.fields for one in server.calls if one.method.startswith("send")] == [True, False, False]
    (album,) = calls(server, "sendmediagroup")
    assert ["thumbnail" in one for one in album.items("media") or ()] == [False, True]


async def test_a_file_goes_without_a_thumbnail_that_is_refused(kit: Kit, server: TelegramEmulator) -> None:
    upload = samples.upload(Kind.VIDEO, "film")
    file = replace(kit.host.keep(upload), thumbnail=kit.host.keep(PICTURE))  # a PNG
    async with kit.running() as run:
        await run.send("", files=(file,))
        ((seen,),) = [message.files for message in await server.shown(kit.town)]
    assert (seen.data, seen.thumbnail) == (upload.data, b"")


async def test_an_id_that_died_costs_one_more_upload(kit: Kit, server: TelegramEmulator) -> None:
    async with kit.running() as run:
        await run.send("", files=(kit.host.keep(PICTURE),))
        (name,) = server.server.files.stored
        server.server.files.stored["BQAC-new"] = server.server.files.stored.pop(name)
        server.world.chats[int(kit.town)].messages.clear()
        await run.send("", files=(kit.host.keep(PICTURE),))
        assert [one.data for message in await server.shown(kit.town) for one in message.files] == [PICTURE.data]
    assert server.server.files.uploaded == 2


async def test_words_under_a_file_keep_their_formatting_and_change(kit: Kit, server: TelegramEmulator) -> None:
    async with kit.running() as run:
        look = (Paragraph((Text("see "), Bold((Text("this"),)))),)
        target = await run.sent(look, files=(kit.host.keep(PICTURE),))
        (sent,) = calls(server, "sendphoto")
        assert sent.fields["caption_entities"] == [{"type": "bold", "offset": 4, "length": 4}]
        for _ in range(2):  # the second time it is there already
            await run.connector.edit(Edit(target=target, content=run.outgoing(said("seen")), caption=True))
        assert [one.text for one in await server.shown(kit.town)] == ["seen"]


async def test_an_album_is_one_call_with_an_id_for_each_file(kit: Kit, server: TelegramEmulator) -> None:
    made = [samples.upload(Kind.IMAGE, "a"), samples.upload(Kind.VIDEO, "b"), samples.upload(Kind.IMAGE, "c")]
    async with kit.running() as run:
        ids = await run.send("all of them", files=tuple(map(kit.host.keep, made)))
        shown = await server.shown(kit.town)
    assert [one.id for one in shown] == list(ids)
    assert [one.text for one in shown] == ["all of them", "", ""]
    assert len({one.album for message in shown for one in message.files}) == 1
    assert len(calls(server, "sendmediagroup")) == 1


async def test_an_album_that_is_refused_leaves_nothing(kit: Kit, server: TelegramEmulator) -> None:
    wide = replace(PICTURE, data=samples.png(4000, 8))
    async with kit.running() as run:
        with pytest.raises(Unsupported) as caught:
            await run.send("", files=(kit.host.keep(PICTURE), kit.host.keep(wide)))
        assert await server.shown(kit.town) == []
    assert caught.value.feature is Feature.ATTACHMENT


@pytest.mark.parametrize(
    "refused",
    [
        replace(PICTURE, data=samples.png(6000, 6000)),
        replace(PICTURE, data=b"no picture at all"),
        replace(PICTURE, kind=Kind.STICKER),
    ],
)
async def test_a_file_that_is_refused_is_asked_for_in_another_form(kit: Kit, refused: Filed) -> None:
    async with kit.running() as run:
        with pytest.raises(Unsupported) as caught:
            await run.send("", files=(kit.host.keep(refused),))
    assert caught.value.feature is Feature.ATTACHMENT


async def test_a_file_that_is_gone_here_is_no_unknown_outcome(kit: Kit) -> None:
    async with kit.running() as run:
        file = kit.host.keep(PICTURE)
        kit.host.files.clear()
        with pytest.raises(Rejected, match="gone"):
            await run.send("", files=(file,))


async def test_what_telegram_does_not_give_to_bots_is_refused_before_it_is_asked(
    kit_with: Callable[..., Kit], server: TelegramEmulator
) -> None:
    kit = kit_with(download_mib=1)
    big = samples.upload(Kind.FILE, "big")
    async with kit.running() as run:
        published = await given(run, server, replace(big, data=big.data.ljust(MIB + 1)))
        with pytest.raises(Rejected, match="no file larger than 1 MB"):
            await fetched(run, published)
        assert calls(server, "getfile") == []
        published = replace(published, size=None)
        server.server.files._limits = replace(server.limits, download_bytes=MIB)
        with pytest.raises(Rejected, match="too big"):
            await fetched(run, published)


async def test_no_address_with_the_token_is_told(kit: Kit, server: TelegramEmulator) -> None:
    async with kit.running() as run:
        published = await given(run, server, samples.upload(Kind.FILE, "x"))
        assert server.token not in repr(published)
        told = []
        for source, path in (("nowhere", ""), (published.source, "documents/file_99"), (published.source, "../x")):
            if path:
                server.server.canned["getfile"] = described(path)
            with pytest.raises(BridgeError) as caught:
                await fetched(run, replace(published, source=source))
            told.append(caught.value)
    assert not [one for one in told if server.token in f"{one!r} {one.__cause__!r}"]


async def test_a_path_on_the_servers_disk_is_found_below_its_token(kit: Kit, server: TelegramEmulator) -> None:
    async with kit.running() as run:
        published = await given(run, server, samples.upload(Kind.FILE, "on disk"))
        path = server.server.files.get_file(Call("getfile", {"file_id": published.source}))["file_path"]
        server.server.canned["getfile"] = described(f"/var/lib/{server.token}/{path}")
        assert await fetched(run, published) == samples.upload(Kind.FILE, "on disk").data


async def test_a_connection_that_breaks_half_way_is_tried_again(kit: Kit, server: TelegramEmulator) -> None:
    async with kit.running() as run:
        published = await given(run, server, replace(samples.upload(Kind.FILE, "x"), data=bytes(4 * MIB)))
        pieces = run.connector.fetch(published)
        await anext(pieces)
        server.drop_connections()
        with pytest.raises(Unavailable):
            _ = [piece async for piece in pieces]
        await run.ready()


async def test_a_lost_answer_sends_the_file_again(kit: Kit, server: TelegramEmulator) -> None:
    async with kit.running() as run:
        server.fail_next(Fault.LOST_ANSWER)
        await run.deliver(run.outgoing("", files=(kit.host.keep(PICTURE),)))
    assert server.server.files.uploaded == 2


STORED = Stored("document", "a.pdf", "application/pdf", b"x")
REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("sendphoto", {}, "there is no photo in the request"),
    ("sendphoto", {"photo": "https://example.org/a.jpg"}, "failed to get HTTP URL content"),
    ("sendphoto", {"photo": "F9"}, "wrong file identifier"),
    ("sendphoto", {"photo": "BQAC000001"}, "type of file mismatch"),
    ("senddocument", {"document": "BQAC000001", "caption": "x" * 1025}, "message caption is too long"),
    ("sendmediagroup", {"media": []}, "there must be 2-10 items"),
    ("sendmediagroup", {"media": [{"type": "animation"}] * 2}, "can't use media of the type animation"),
    ("sendmediagroup", {"media": [{"type": "photo"}, {"type": "document"}]}, "can't be mixed"),
    ("getfile", {}, "file_id is empty"),
    ("getfile", {"file_id": "F9"}, "wrong file_id"),
    ("editmessagecaption", {"message_id": 1, "caption": "x"}, "message to edit not found"),
]


@pytest.mark.parametrize(("method", "fields", "why"), REFUSED)
def test_the_emulator_refuses_what_the_bot_api_refuses(
    server: TelegramEmulator, method: str, fields: dict[str, Any], why: str
) -> None:
    server.server.files.keep(STORED)
    with pytest.raises(Exception, match=why):
        server.server.carry_out(Call(method, {"chat_id": int(server.rooms[0]), **fields}))
