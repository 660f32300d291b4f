"""Promises about crashes and a full store: stored before acknowledged, and nothing twice, nothing lost."""

import asyncio

import pytest

from bridge.testing.contract_kit import Kit, told
from bridge.text.nodes import said


class CrashPromises:
    """What a kill, a restart or a full disk must not change."""

    async def test_a_first_start_replays_nothing(self, kit: Kit) -> None:
        await kit.platform.say(kit.town, "Ada", said("old news"))
        async with kit.running() as run:
            await run.hears("new news")
            assert "old news" not in kit.host.words(), told(kit.host.events)

    async def test_nothing_is_acknowledged_before_it_is_stored(self, kit: Kit) -> None:
        _needs_replay(kit)
        async with kit.running() as run:
            await run.hears("stored")
            kit.host.hold()
            await kit.platform.say(kit.town, "Ada", said("not stored yet"))
            await kit.host.until(lambda _: kit.host.waiting, "a publish that waits")
            await kit.platform.say(kit.town, "Ada", said("said meanwhile"))
            await _settle(kit)
            kit.crash()
        async with kit.running() as run:
            await run.published("not stored yet")

    async def test_what_was_said_meanwhile_arrives(self, kit: Kit) -> None:
        _needs_replay(kit)
        async with kit.running() as run:
            await run.hears("before")
        kit.crash()
        for words in ("meanwhile", "and meanwhile"):
            await kit.platform.say(kit.town, "Ada", said(words))
        async with kit.running() as run:
            await run.published("meanwhile")
            await run.published("and meanwhile")

    async def test_what_was_said_while_the_connection_was_lost_arrives(self, kit: Kit) -> None:
        _needs_replay(kit)
        async with kit.running() as run:
            await run.hears("before")
            kit.platform.drop_connections()
            for words in ("in the gap", "and in the gap"):
                await kit.platform.say(kit.town, "Ada", said(words))
            await run.published("in the gap")
            await run.published("and in the gap")

    async def test_what_was_stored_does_not_come_again(self, kit: Kit) -> None:
        async with kit.running() as run:
            await run.hears("one")
            await run.hears("two")
            stored = kit.host.words()
            kit.crash()
        async with kit.running() as run:
            await run.hears("three")
            again = {"one", "two"} & set(kit.host.words()[len(stored) :])
            assert not again, f"published again as new: {again}\n{told(kit.host.events)}"

    async def test_a_full_store_is_given_the_event_again(self, kit: Kit) -> None:
        async with kit.running() as run:
            await run.hears("before")
            kit.host.fill()
            await kit.platform.say(kit.town, "Ada", said("no room"))
            await kit.host.until(lambda _: kit.host.refused, "a publish that is turned away")
            await kit.platform.say(kit.town, "Ada", said("no room either"))
            kit.host.drain()
            await run.published("no room either")
            await run.hears("after")
            heard = list(dict.fromkeys(kit.host.words()))
            assert heard == ["before", "no room", "no room either", "after"], told(kit.host.events)

    async def test_a_full_store_does_not_stop_what_is_sent(self, kit: Kit) -> None:
        async with kit.running() as run:
            kit.host.fill()
            await kit.platform.say(kit.town, "Ada", said("no room"))
            await kit.host.until(lambda _: kit.host.refused, "a publish that is turned away")
            await run.deliver(run.outgoing("still delivered"))
            await kit.reads(kit.town, "still delivered")


def _needs_replay(kit: Kit) -> None:
    if kit.terms.no_replay:
        pytest.skip(f"no replay: {kit.terms.no_replay}")


async def _settle(kit: Kit) -> None:
    """Give a connector that goes on although its publish waits the time to do so: nothing tells when it will not."""
    try:
        async with asyncio.timeout(kit.terms.settle_seconds):
            await kit.host.when(lambda: len(kit.host.waiting) > 1)
    except TimeoutError:
        return
