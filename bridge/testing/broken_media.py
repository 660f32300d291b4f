"""Broken connectors: files are lost, changed, gathered in memory or torn from their words."""

from collections.abc import AsyncIterator, Sequence

from msgspec.structs import replace

from bridge.asked import Edit, Outgoing
from bridge.events import AnyEvent, Attachment, Edited, File, Kind, Posted
from bridge.ids import MessageId
from bridge.testing.broken import breaks
from bridge.testing.holdings import Filed
from bridge.testing.memory import MemoryConnector, translated
from bridge.testing.memory_rooms import Update
from bridge.text.walk import plain


@breaks("test_what_people_attach_is_published")
class CallsEverythingAFile(MemoryConnector):
    def _event(self, update: Update) -> AnyEvent:
        event = super()._event(update)
        if not isinstance(event, Posted) or event.text:
            return event
        return replace(event, attachments=tuple(replace(one, kind=Kind.FILE) for one in event.attachments))


@breaks("test_a_file_is_fetched_whole")
class FetchesHalf(MemoryConnector):
    async def fetch(self, attachment: Attachment) -> AsyncIterator[bytes]:
        async for piece in super().fetch(attachment):
            yield piece[: len(piece) // 2]


@breaks("test_a_file_is_fetched_again")
class FetchesOnce(MemoryConnector):
    _given: frozenset[str] = frozenset()

    async def fetch(self, attachment: Attachment) -> AsyncIterator[bytes]:
        again, self._given = attachment.source in self._given, self._given | {attachment.source}
        async for piece in super().fetch(attachment):
            if not again:
                yield piece


@breaks("test_a_big_file_comes_in_pieces")
class GathersAFile(MemoryConnector):
    async def fetch(self, attachment: Attachment) -> AsyncIterator[bytes]:
        yield b"".join([piece async for piece in super().fetch(attachment)])


@breaks("test_a_file_that_is_not_there_is_refused")
class GivesNothingForAFileThatIsNotThere(MemoryConnector):
    async def fetch(self, attachment: Attachment) -> AsyncIterator[bytes]:
        if not attachment.source.endswith("-nowhere"):
            async for piece in super().fetch(attachment):
                yield piece


@breaks("test_words_come_with_their_file")
class LeavesTheFileOfWordsOut(MemoryConnector):
    def _event(self, update: Update) -> AnyEvent:
        event = super()._event(update)
        return replace(event, attachments=()) if isinstance(event, Posted | Edited) and event.text else event


@breaks("test_a_file_is_shown")
class SendsEverythingAsAFile(MemoryConnector):
    async def _upload(self, file: File) -> Filed:
        return await super()._upload(replace(file, kind=Kind.FILE))


@breaks("test_words_stand_under_their_file")
class DropsTheWordsUnderAFile(MemoryConnector):
    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        silent = message.files and "under" in plain(message.text)
        return await super().send(replace(message, text=()) if silent else message)


@breaks("test_a_thumbnail_stands_in_front_of_its_file")
class ForgetsTheThumbnail(MemoryConnector):
    async def _upload(self, file: File) -> Filed:
        return await super()._upload(replace(file, thumbnail=None))


@breaks("test_an_album_is_shown_in_order")
class TurnsAnAlbumRound(MemoryConnector):
    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        return await super().send(replace(message, files=message.files[::-1]))


@breaks("test_a_file_goes_whole_after_a_failure")
class GoesOnWhereItWas(MemoryConnector):
    _read: frozenset[str] = frozenset()

    async def _upload(self, file: File) -> Filed:
        whole = await super()._upload(file)
        again, self._read = file.id in self._read, self._read | {file.id}
        return replace(whole, data=b"") if again else whole


@breaks("test_other_words_under_a_file_leave_it_there")
class TakesTheFileAwayWithItsWords(MemoryConnector):
    async def edit(self, edit: Edit) -> None:
        await super().edit(edit)
        if edit.caption:
            with translated():
                self._platform().written.find(edit.target.room, edit.target.parts[0]).files = ()
