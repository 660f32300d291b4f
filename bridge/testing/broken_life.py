"""Broken connectors: a crash, an error, a lost connection or a cancellation finds them unprepared."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from itertools import count
from typing import Any, ClassVar, NoReturn

import structlog
from msgspec.structs import replace

from bridge.asked import Outgoing
from bridge.capabilities import Capabilities, Rate
from bridge.connector import ConnectorConfig, RoomInfo
from bridge.errors import Rejected, RoomClosed, Scope, StoreFull, Unauthorized, Unavailable, Uncertain
from bridge.events import AnyEvent
from bridge.findings import Endpoint, Finding, Grade
from bridge.ids import EventId, MessageId, Place, RoomId
from bridge.testing.broken import breaks
from bridge.testing.memory import MemoryConfig, MemoryConnector
from bridge.testing.memory_platform import Session
from bridge.testing.memory_rooms import Update

_lives = count(1)


@breaks("test_a_claim_is_found_by_another_connection_and_by_no_reader")
class KeepsItsClaimToItself(MemoryConnector):
    async def claim(self, name: str, value: str) -> None:
        await self.host.remember(name, f"{id(self)} {value}", timedelta(days=1))

    async def claimed(self, name: str) -> str | None:
        owner, _, value = (await self.host.recall(name) or "").partition(" ")
        return value if owner == str(id(self)) else None


@breaks("test_a_first_start_replays_nothing")
class ReplaysHistory(MemoryConnector):
    async def _begin(self, session: Session) -> int:
        return await super()._begin(session) if await self.host.position() else 0


@breaks("test_nothing_is_acknowledged_before_it_is_stored")
class AcknowledgesEarly(MemoryConnector):
    async def _relay(self, session: Session, after: int) -> int:
        updates = await session.updates(after)
        await session.confirm(updates[-1].offset)
        await self._store(self._events(session, updates), updates[-1].offset)
        return updates[-1].offset


@breaks("test_what_was_said_meanwhile_arrives")
class SkipsWhatWasSaidMeanwhile(MemoryConnector):
    _fetched: ClassVar[dict[str, int]] = {}
    _missed: range | None = None

    async def _begin(self, session: Session) -> int:
        after = await super()._begin(session)
        missed = range(self._fetched.get(session.platform.token, 0) + 1, await session.newest() + 1)
        self._missed = missed if self._missed is None else self._missed
        return after

    def _events(self, session: Session, updates: Sequence[Update]) -> Sequence[AnyEvent]:
        self._fetched[session.platform.token] = updates[-1].offset
        return super()._events(session, [update for update in updates if update.offset not in (self._missed or ())])


@breaks("test_what_was_said_while_the_connection_was_lost_arrives")
class BeginsAnewWhenItFalls(MemoryConnector):
    _falls = 0

    async def run(self) -> None:
        try:
            await super().run()
        except Unavailable:
            self._falls += 1
            raise

    async def _begin(self, session: Session) -> int:
        after = await super()._begin(session)
        return await session.newest() if self._falls else after


@breaks("test_what_was_stored_does_not_come_again")
class LosesThePosition(MemoryConnector):
    async def _begin(self, session: Session) -> int:
        self._life = next(_lives)
        after = await super()._begin(session)
        return 0 if session.platform.confirmed.pop(session.me.id, 0) else after

    def _event(self, update: Update) -> AnyEvent:
        event = super()._event(update)
        return replace(event, id=EventId(f"{self._life}-{event.id}"))


@breaks("test_a_full_store_is_given_the_event_again")
class GivesUpOnAFullStore(MemoryConnector):
    async def _store(self, events: Sequence[AnyEvent], position: int) -> None:
        try:
            await self.host.publish(*events, position=str(position))
        except StoreFull:
            return


@breaks("test_a_full_store_does_not_stop_what_is_sent")
class StopsSendingWhenFull(MemoryConnector):
    def __init__(self, *more: Any) -> None:  # noqa: ANN401 passed on as it comes
        super().__init__(*more)
        self._turn = asyncio.Lock()

    async def _store(self, events: Sequence[AnyEvent], position: int) -> None:
        async with self._turn:
            await super()._store(events, position)

    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        async with self._turn:
            return await super().send(message)


@breaks("test_a_platform_that_is_down_is_unavailable")
class TakesAnOutageForARefusal(MemoryConnector):
    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        try:
            return await super().send(message)
        except Unavailable as error:
            if "asked to fail" in str(error):
                raise Rejected(str(error)) from error
            raise


@breaks("test_too_many_requests_wait_as_long_as_the_platform_says")
class ForgetsTheWaitingTime(MemoryConnector):
    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        try:
            return await super().send(message)
        except Unavailable as error:
            error.retry_after = None
            raise


@breaks("test_a_lost_answer_is_uncertain")
class IsSureOfALostAnswer(MemoryConnector):
    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        try:
            return await super().send(message)
        except Uncertain as error:
            raise Unavailable(str(error)) from error


@breaks("test_a_refused_message_is_rejected")
class ClaimsSuccess(MemoryConnector):
    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        try:
            return await super().send(message)
        except Rejected:
            return ()


@breaks("test_a_room_we_may_not_write_in_is_closed")
class TakesAClosedRoomForARefusal(MemoryConnector):
    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        try:
            return await super().send(message)
        except RoomClosed as error:
            raise Rejected(str(error)) from error


@breaks("test_refused_credentials_are_unauthorized")
class TriesRefusedCredentialsAgain(MemoryConnector):
    async def run(self) -> None:
        try:
            await super().run()
        except Unauthorized as error:
            raise Unavailable(str(error)) from error

    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        try:
            return await super().send(message)
        except Unauthorized as error:
            raise Unavailable(str(error)) from error


@breaks("test_a_lost_connection_comes_back")
class ComesBackMute(MemoryConnector):
    _mute = False

    async def run(self) -> None:
        try:
            await super().run()
        except Unavailable:
            self._mute = True
            raise

    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        if self._mute:
            raise Unavailable("not connected")
        return await super().send(message)


@breaks("test_the_same_connector_may_be_run_again")
class LivesOnce(MemoryConnector):
    _over = False

    async def run(self) -> None:
        if self._over:
            raise Unavailable("closed for good")
        try:
            await super().run()
        except asyncio.CancelledError:
            self._over = True
            raise


@breaks("test_cancellation_ends_run")
class SwallowsCancellation(MemoryConnector):
    async def run(self) -> None:
        try:
            await super().run()
        except asyncio.CancelledError:
            await asyncio.Event().wait()


@breaks("test_nothing_is_left_behind")
class LeavesATask(MemoryConnector):
    async def run(self) -> None:
        self._heart = asyncio.create_task(asyncio.Event().wait())
        await super().run()


@breaks("test_joining_twice_is_no_error")
class JoinsAnotherRoomTheSecondTime(MemoryConnector):
    _joined: tuple[object, ...] = ()

    async def join(self, name: str) -> Place:
        place, visit = await super().join(name), (self._session, name)
        known = visit in self._joined
        self._joined = (*self._joined, visit)
        return Place(RoomId(f"{place.room}-2")) if known else place

    async def leave(self, place: Place) -> None:
        await super().leave(place)
        self._joined = ()


@breaks("test_a_room_that_was_left_is_silent_until_it_is_joined_again")
class StaysInTheRoom(MemoryConnector):
    async def leave(self, place: Place) -> None:
        """Claim that it worked."""


@breaks("test_capabilities_are_possible")
class LetsNothingPass(MemoryConnector):
    def capabilities(self, room: RoomId) -> Capabilities:
        return replace(super().capabilities(room), rates=(Rate(Scope.ROOM, 0, 1.0),))


class SilentConfig(MemoryConfig):
    """One setting has no sentence."""

    speed: int = 1


@breaks("test_each_setting_has_a_sentence")
class HasASilentSetting(MemoryConnector):
    Config: ClassVar[type[ConnectorConfig]] = SilentConfig

    def __init__(self, config: MemoryConfig, *more: Any) -> None:  # noqa: ANN401 passed on as it comes
        super().__init__(SilentConfig.model_validate(config.model_dump()), *more)


@breaks("test_the_room_list_can_be_joined")
class ListsNoRooms(MemoryConnector):
    async def rooms(self) -> Sequence[RoomInfo]:
        return ()


@breaks("test_findings_say_where_what_and_what_to_do")
class FindsFaultWithoutAWayOut(MemoryConnector):
    async def examine(self) -> Sequence[Finding]:
        return [Finding(where="the platform", what="it is slow")]


@breaks("test_findings_say_where_what_and_what_to_do")
class FindsTheToken(MemoryConnector):
    async def examine(self) -> Sequence[Finding]:
        told = f"logged in with {self.config.token.get_secret_value()}"
        return [Finding(grade=Grade.NOTE, where="the platform", what=told)]


@breaks("test_endpoints_can_be_looked_at")
class NamesAServerWithoutAPort(MemoryConnector):
    def endpoints(self) -> Sequence[Endpoint]:
        return [Endpoint(address="memory://somewhere")]


@breaks("test_secrets_stay_secret")
class TellsTheToken(MemoryConnector):
    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        try:
            return await super().send(message)
        except Unavailable as error:
            self._explain(error)

    def _explain(self, error: Unavailable) -> NoReturn:
        error.args = (f"{error} at memory://{self.config.token.get_secret_value()}",)
        raise error


@breaks("test_secrets_stay_secret")
class LogsTheToken(MemoryConnector):
    async def run(self) -> None:
        structlog.get_logger().info("connecting", url=f"memory://{self.config.token.get_secret_value()}")
        await super().run()
