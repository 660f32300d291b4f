"""The fuzz contract catches connectors that believe too much: each of these has one fault built in."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bridge import Connector, Request, Response
from bridge.ids import UserId
from bridge.testing.fuzz import FuzzContract
from connectors.telegram import webhook
from connectors.telegram.connector import Telegram
from connectors.telegram.incoming import Read, happened

NAME = "telegram"


class FallsForUnreadable(Telegram):
    async def _store(self, updates: Sequence[Read], position: str | None) -> None:
        if any(one.update is None for one in updates):
            raise KeyError("message")
        await super()._store(updates, position)


class LeavesOutBatches(Telegram):
    async def _store(self, updates: Sequence[Read], position: str | None) -> None:
        broken = any(one.update is None for one in updates)
        await super()._store([] if broken else updates, position)


class LeavesOutInSilence(Telegram):
    async def _store(self, updates: Sequence[Read], position: str | None) -> None:
        me = UserId(str(self._known_me().id))
        await super()._store([one for one in updates if not happened([one], me).unreadable], position)


class BelievesEverybody(Telegram):
    async def receive(self, request: Request) -> Response:
        one = webhook.update(request.body)
        await self._store([one] if one else [], None)
        return Response()


class BelievesPrefixes(Telegram):
    async def receive(self, request: Request) -> Response:
        given = request.headers.get(webhook.SECRET_HEADER, "-")
        if self._secret is None or not self._secret.startswith(given):
            return Response(status=403)
        return Response()


class RefusesRepeats(Telegram):
    bodies: frozenset[bytes] = frozenset()

    async def receive(self, request: Request) -> Response:
        if request.body in self.bodies:
            return Response(status=409)
        self.bodies |= {request.body}
        return await super().receive(request)


class FallsForBodies(Telegram):
    async def receive(self, request: Request) -> Response:
        request.body.decode("ascii")
        return await super().receive(request)


def contract(kind: type[Connector[Any]]) -> FuzzContract:
    class Over(FuzzContract):
        patience_seconds = 2.0

        def kind(self, name: str) -> type[Connector[Any]]:
            return kind

    return Over()


async def test_a_connector_that_falls_is_caught(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        await contract(FallsForUnreadable).test_a_broken_event_costs_only_itself(NAME, 1, tmp_path)


async def test_a_connector_that_loses_the_neighbours_is_caught(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        await contract(LeavesOutBatches).test_a_broken_event_costs_only_itself(NAME, 2, tmp_path)


async def test_a_connector_that_leaves_out_in_silence_is_caught(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="0 published and 0 counted"):
        await contract(LeavesOutInSilence).test_what_cannot_be_read_is_published_or_counted(NAME, tmp_path)


@pytest.mark.parametrize("kind", [BelievesEverybody, BelievesPrefixes])
async def test_a_connector_that_believes_forged_calls_is_caught(kind: type[Telegram], tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        await contract(kind).test_a_forged_call_is_refused_and_nothing_stored(NAME, tmp_path)


async def test_a_connector_that_refuses_repeats_is_caught(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        await contract(RefusesRepeats).test_a_storm_of_repeated_calls_is_stored_once(NAME, tmp_path)


async def test_a_connector_that_falls_for_a_body_is_caught(tmp_path: Path) -> None:
    with pytest.raises(UnicodeDecodeError):
        await contract(FallsForBodies).test_a_broken_call_harms_nothing(NAME, 1, tmp_path)
