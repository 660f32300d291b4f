"""Broken connectors: a line that fails, or an answer that is none, finds them unprepared."""

import ssl
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeVar

import aiohttp
from msgspec.structs import replace

from bridge.asked import Outgoing
from bridge.errors import Rejected, Unauthorized, Unavailable, Uncertain
from bridge.ids import MessageId
from bridge.testing.wired import Call, Told, WiredConnector

BROKEN_ON_THE_LINE: dict[type[WiredConnector], str] = {}
"""Each broken connector with the test that catches it, and no other."""

C = TypeVar("C", bound=type[WiredConnector])


def breaks(promise: str) -> Callable[[C], C]:
    """Mark a connector with the one promise that it breaks."""

    def mark(connector: C) -> C:
        BROKEN_ON_THE_LINE[connector] = promise
        return connector

    return mark


@breaks("test_a_torn_line_comes_back")
class LetsItsLibrarysErrorsOut(WiredConnector):
    async def run(self) -> None:
        try:
            await super().run()
        except Unavailable as error:
            if "cannot be reached" in str(error):
                raise OSError(str(error)) from error
            raise


@breaks("test_a_dead_line_is_noticed")
class WaitsForNewsForEver(WiredConnector):
    async def _exchange(self, http: aiohttp.ClientSession, call: Call) -> Told:
        return await super()._exchange(http, replace(call, seconds=1e9) if call.name == "updates" else call)


@breaks("test_a_send_over_a_dead_line_ends")
class IsSureThatNothingHappened(WiredConnector):
    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        try:
            return await super().send(message)
        except Uncertain as error:
            if "Timeout" in str(error):
                raise Unavailable(str(error)) from error
            raise


@breaks("test_a_send_that_is_never_answered_ends")
class WaitsForItsReceiptForEver(WiredConnector):
    async def _exchange(self, http: aiohttp.ClientSession, call: Call) -> Told:
        return await super()._exchange(http, replace(call, seconds=1e9) if call.name == "post" else call)


@breaks("test_an_answer_that_drips_ends_in_time")
class IsContentWithAnySign(WiredConnector):
    async def _exchange(self, http: aiohttp.ClientSession, call: Call) -> Told:
        if call.name != "post":
            return await super()._exchange(http, call)
        limit = aiohttp.ClientTimeout(total=None, sock_read=call.seconds, connect=call.seconds)
        headers = {"Token": self.config.token.get_secret_value()}
        async with http.post(f"{self.config.url}/post", data=call.body, headers=headers, timeout=limit) as answer:
            return Told(answer.status, answer.headers.get("Retry-After"), await answer.read())


@breaks("test_a_slow_line_is_no_outage")
class HasNoPatience(WiredConnector):
    async def _exchange(self, http: aiohttp.ClientSession, call: Call) -> Told:
        return await super()._exchange(http, call if call.name == "updates" else replace(call, seconds=0.75))


@breaks("test_a_cut_answer_is_uncertain")
class TakesHalfAnAnswerForSuccess(WiredConnector):
    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        try:
            return await super().send(message)
        except Uncertain as error:
            if "ClientPayloadError" in str(error):
                return ()
            raise


@breaks("test_what_was_said_over_a_dead_line_arrives")
class BelievesThatWhatWasGivenArrived(WiredConnector):
    _asked = False

    async def _relay(self, after: int) -> int:
        self._asked = True
        return await super()._relay(after)

    async def _follow(self) -> None:
        if self._asked:
            newest = (await self._ask("begin", {}, 20.0))["newest"]
            await self.host.publish(position=str(newest))
        await super()._follow()


@breaks("test_an_outage_costs_few_attempts")
class Spins(WiredConnector):
    _torn: ClassVar[tuple[str, ...]] = ("cannot be reached", "answer was lost")

    async def run(self) -> None:
        while True:
            try:
                return await super().run()
            except Unavailable as error:
                if not any(words in str(error) for words in self._torn):
                    raise


@breaks("test_a_storm_of_errors_passes")
class TakesAStormForTheEnd(WiredConnector):
    def _judged(self, told: Told) -> Any:  # noqa: ANN401 JSON is anything
        if told.status == 502:
            raise Rejected("the platform answered 502")
        return super()._judged(told)


@breaks("test_a_storm_of_errors_costs_few_attempts")
class AsksAgainAtOnce(WiredConnector):
    async def _ask(self, call: str, asked: object, seconds: float) -> Any:  # noqa: ANN401 JSON is anything
        while True:
            try:
                return await super()._ask(call, asked, seconds)
            except Unavailable as error:
                if call != "begin" or "502" in str(error) or "many" in str(error):
                    raise


@breaks("test_an_answer_that_is_none_is_never_success")
class TakesAnyAnswerForSuccess(WiredConnector):
    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        try:
            return await super().send(message)
        except Uncertain as error:
            if "no JSON" in str(error):
                return ()
            raise


@breaks("test_too_many_requests_are_not_sent_whatever_wait_is_asked")
class ChokesOnAnAbsurdWait(WiredConnector):
    def _judged(self, told: Told) -> Any:  # noqa: ANN401 JSON is anything
        if told.status == 429 and told.asked:
            raise Unavailable("too many requests", retry_after=float(told.asked))
        return super()._judged(told)


@breaks("test_a_name_that_does_not_resolve_is_an_outage")
class TakesALostNameForALostAccount(WiredConnector):
    async def run(self) -> None:
        try:
            await super().run()
        except Unavailable as error:
            if "DNS" in str(error):
                raise Unauthorized("there is no such server") from error
            raise


@breaks("test_a_bad_certificate_is_an_outage")
class TrustsAnybody(WiredConnector):
    def _tls(self) -> ssl.SSLContext | bool:
        return False
