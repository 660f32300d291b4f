"""Promises about files: what people attach can be fetched, what is sent with a message is shown under it."""

from collections.abc import Sequence
from contextlib import suppress
from functools import partial

import pytest
from msgspec.structs import replace

from bridge.asked import Edit
from bridge.connector import Connector
from bridge.errors import BridgeError, Unsupported
from bridge.events import Attachment, Kind, Posted
from bridge.testing import samples
from bridge.testing.acts import SendsFiles
from bridge.testing.contract_kit import Kit, Running, unsupported
from bridge.testing.holdings import Filed
from bridge.testing.platform import Fault, Shown
from bridge.text.nodes import Rich, said
from bridge.text.walk import plain

_PIECE = 1 << 18
_BIG = 1 << 19


class MediaPromises:
    """Person → platform → `connector.fetch`, and `connector.send` → platform → reader."""

    async def test_what_people_attach_is_published(self, kit: Kit) -> None:
        async with kit.running() as run:
            for upload, (published,) in await _given(run, "in"):
                assert published.kind is upload.kind, f"{upload} is published as {published}"
                assert published.size in {None, len(upload.data)}, f"{upload} has another size: {published}"

    async def test_a_file_is_fetched_whole(self, kit: Kit) -> None:
        async with kit.running() as run:
            for upload, (published,) in await _given(run, "whole"):
                assert b"".join(await _pieces(run, published)) == upload.data, f"{upload} is fetched as something else"

    async def test_a_file_is_fetched_again(self, kit: Kit) -> None:
        async with kit.running() as run:
            for upload, (published,) in await _given(run, "again"):
                first, again = await _pieces(run, published), await _pieces(run, published)
                assert b"".join(first) == b"".join(again), f"{upload} is fetched as something else the second time"

    async def test_a_big_file_comes_in_pieces(self, kit: Kit) -> None:
        async with kit.running() as run:
            for _, (published,) in await _given(run, "big", size=_BIG):
                pieces = await _pieces(run, published)
                assert max(map(len, pieces)) <= _PIECE, "a piece of more than 256 KiB: all of it is in memory"

    async def test_a_file_that_is_not_there_is_refused(self, kit: Kit) -> None:
        async with kit.running() as run:
            for _, (published,) in await _given(run, "lost"):
                with pytest.raises(BridgeError):
                    await _pieces(run, replace(published, source=f"{published.source}-nowhere"))

    async def test_words_come_with_their_file(self, kit: Kit) -> None:
        async with kit.running() as run:
            for upload, _ in await _given(run, "captioned"):
                words = f"under a {upload.kind}"
                if upload.kind is not Kind.STICKER and await _attach(kit, upload, said(words)):
                    event = await run.event(Posted, partial(_says, words), words)
                    assert [one.kind for one in event.attachments] == [upload.kind]

    async def test_a_file_is_shown(self, kit: Kit) -> None:
        async with kit.running() as run:
            for upload in _taken(run, "out"):
                shown = await _sent(run, upload)
                assert shown.files[0].kind is upload.kind, f"{upload} is shown as {shown.files[0]}"

    async def test_words_stand_under_their_file(self, kit: Kit) -> None:
        async with kit.running() as run:
            for upload in _captioned(run, "worded"):
                assert (await _sent(run, upload, f"under the {upload.kind}")).text == f"under the {upload.kind}"

    async def test_a_thumbnail_stands_in_front_of_its_file(self, kit: Kit) -> None:
        async with kit.running() as run:
            small = samples.upload(Kind.IMAGE, "thumbnail", "image/jpeg")
            for upload in _thumbnailed(run, "whole"):
                file = replace(kit.host.keep(upload), thumbnail=kit.host.keep(small))
                await run.send((), files=(file,))
                shown = await kit.until_shown(kit.town, partial(_has, upload), f"{upload}")
                (seen,) = [one for message in shown for one in message.files if one.data == upload.data]
                assert seen.thumbnail == small.data, f"{upload} has another thumbnail, or none"

    async def test_an_album_is_shown_in_order(self, kit: Kit) -> None:
        async with kit.running() as run:
            kind = _together(run)
            made = [*_taken(run, "one", kind), *_taken(run, "two", kind)]
            ids = await run.send("", files=tuple(map(kit.host.keep, made)))
            shown = await kit.until_shown(kit.town, lambda shown: len(_datas(shown)) >= len(made), "an album")
            assert _datas(shown) == [one.data for one in made]
            assert not ids or len(ids) == len(shown), f"{len(ids)} ids for {len(shown)} messages"

    async def test_a_file_goes_whole_after_a_failure(self, kit: Kit) -> None:
        async with kit.running() as run:
            upload = _taken(run, "again")[0]
            part = run.outgoing("", files=(kit.host.keep(upload),))
            kit.fail_next(Fault.UNAVAILABLE)
            with suppress(BridgeError):
                await run.send_part(part)
            await run.deliver(part)
            assert _datas(await kit.until_shown(kit.town, _datas, "a file")) == [upload.data]

    async def test_other_words_under_a_file_leave_it_there(self, kit: Kit) -> None:
        kit.needs(Connector.edit, "edits")
        async with kit.running() as run:
            upload = _captioned(run, "recaptioned")[0]
            target = await run.sent("the frist words", files=(kit.host.keep(upload),))
            await kit.until_shown(kit.town, _datas, "a file")
            try:
                await run.connector.edit(Edit(target=target, content=run.outgoing("other words"), caption=True))
            except Unsupported as error:
                unsupported("edits of the words under a file", error)
            shown = await kit.reads(kit.town, "other words")
            assert [one.data for one in shown.files] == [upload.data]


async def _given(run: Running, token: str, *, size: int = 0) -> Sequence[tuple[Filed, tuple[Attachment, ...]]]:
    """A file of each kind that people on this platform attach, and what was published of it; skips without any."""
    run.kit.needs(Connector.fetch, "files")
    found = []
    for kind in samples.OF_KIND:
        upload = samples.upload(kind, f"{token} {kind}")
        upload = replace(upload, data=upload.data.ljust(size, b"\n"))
        before = len(run.kit.host.events)
        if await _attach(run.kit, upload):
            event = await _published(run, before, upload)
            found.append((upload, event.attachments))
    if not found:
        pytest.skip("no files: people on this platform cannot attach any")
    return found


async def _published(run: Running, before: int, upload: Filed) -> Posted:
    """What came of an upload: the next message after so many events, whoever came in meanwhile."""

    def messages() -> list[Posted]:
        return [event for event in run.kit.host.events[before:] if isinstance(event, Posted)]

    await run.kit.host.until(lambda _: messages(), f"an event with {upload}")
    return messages()[0]


def _says(words: str, event: Posted) -> bool:
    return words in plain(event.text)


async def _attach(kit: Kit, upload: Filed, text: Rich = ()) -> bool:
    """Let a person attach a file, where people here can."""
    if not isinstance(kit.platform, SendsFiles):
        return False
    try:
        await kit.platform.send_files(kit.town, "Ada", (upload,), text)
    except NotImplementedError:
        return False
    return True


async def _pieces(run: Running, attachment: Attachment) -> Sequence[bytes]:
    return [piece async for piece in run.connector.fetch(attachment)]


def _taken(run: Running, token: str, only: Kind | None = None) -> Sequence[Filed]:
    """A file of each kind (or only one) that the room takes; skips where it takes none."""
    media = run.capabilities(run.kit.town).media
    made = [samples.taken(kind, media[kind], f"{token} {kind}") for kind in samples.OF_KIND if kind in media]
    found = [one for one in made if one is not None and only in {None, one.kind}]
    if not found:
        pytest.skip("no files: the room's capabilities name none that the kit has")
    return found


def _captioned(run: Running, token: str) -> Sequence[Filed]:
    """The same of kinds that have words under them."""
    can = run.capabilities(run.kit.town)
    found = [one for one in _taken(run, token) if one.kind not in can.uncaptioned]
    if not can.max_caption or not found:
        pytest.skip("no words under files: the room's capabilities allow none")
    return found


def _thumbnailed(run: Running, token: str) -> Sequence[Filed]:
    """The same of kinds that have a thumbnail in front of them."""
    media = run.capabilities(run.kit.town).media
    found = [one for one in _taken(run, token) if media[one.kind].thumbnail is not None]
    if not found:
        pytest.skip("no thumbnails: the room's capabilities name none")
    return found


def _has(upload: Filed, shown: Sequence[Shown]) -> bool:
    return upload.data in _datas(shown)


def _together(run: Running) -> Kind:
    """A kind of which two stand in one album."""
    can = run.capabilities(run.kit.town)
    for kind in (one for album in can.albums for one in sorted(album)):
        if can.max_album > 1 and kind in can.media:
            return kind
    pytest.skip("no albums: the room's capabilities name none")


async def _sent(run: Running, upload: Filed, words: str = "") -> Shown:
    """What a reader sees of a file that was sent."""
    kit = run.kit
    await run.send(said(words) if words else (), files=(kit.host.keep(upload),))
    shown = await kit.until_shown(kit.town, lambda shown: upload.data in _datas(shown), f"{upload}")
    return next(one for one in shown if upload.data in _datas([one]))


def _datas(shown: Sequence[Shown]) -> list[bytes]:
    return [one.data for message in shown for one in message.files]
