"""Promises about a connector's life: it connects again, ends when cancelled, leaves nothing, and describes itself."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from pathlib import Path
from typing import Any
from weakref import WeakSet

import pytest

from bridge.capabilities import Capabilities
from bridge.connector import Connector, ConnectorConfig
from bridge.testing.contract_kit import Kit, Running, told
from bridge.testing.platform import texts
from bridge.text.nodes import ALL_NODES, said

_ours: ContextVar[bool] = ContextVar("_ours", default=False)
_DESCRIPTORS = Path("/proc/self/fd")


class LifecyclePromises:
    """From the first connection to the last, and what stands in the settings."""

    async def test_a_lost_connection_comes_back(self, kit: Kit) -> None:
        async with kit.running() as run:
            await run.hears("before")
            kit.platform.drop_connections()
            await run.deliver(run.outgoing("out again"))
            await kit.until_shown(kit.town, lambda shown: "out again" in [one.text for one in shown], "'out again'")
            await run.ready()
            await run.hears("in again")

    async def test_the_same_connector_may_be_run_again(self, kit: Kit) -> None:
        async with kit.running() as run:
            await run.hears("first life")
        async with Running(kit, run.connector) as again:
            await again.hears("second life")
            await again.send("still alive")
            await kit.reads(kit.town, "still alive")

    async def test_cancellation_ends_run(self, kit: Kit) -> None:
        async with kit.running() as run:
            await run.hears("before")
            assert await run.cancelled_in_time(), "run did not end when cancelled"
        async with kit.running() as run:
            kit.host.hold()
            await kit.platform.say(kit.town, "Ada", said("never stored"))
            await kit.host.until(lambda _: kit.host.waiting, "a publish that waits")
            assert await run.cancelled_in_time(), "run did not end when cancelled while it published"

    async def test_nothing_is_left_behind(self, kit: Kit) -> None:
        before = _sockets()
        with _tasks_of_ours() as tasks:
            async with kit.running() as run:
                await run.send("soon over")
        try:
            async with asyncio.timeout(kit.terms.closes_within_seconds):
                while _left(tasks, before):
                    await kit.pause()
        except TimeoutError:
            pytest.fail(f"left behind by a connector that was cancelled: {_left(tasks, before)}")
        finally:
            for task in tasks:
                task.cancel()

    async def test_joining_twice_is_no_error(self, kit: Kit) -> None:
        async with kit.running() as run:
            assert await run.connector.join(kit.town) == run.place(kit.town)
            assert run.place(kit.town) != run.place(kit.garden)
            await run.hears("still here")

    async def test_a_room_that_was_left_is_silent_until_it_is_joined_again(self, kit: Kit) -> None:
        kit.needs(Connector.leave, "leaving of rooms")
        async with kit.running() as run:
            await run.hears("hello, garden", room=kit.garden)
            await run.connector.leave(run.place(kit.garden))
            await run.send("we left")  # a platform that confirms no leaving has read it by the time this is answered
            await kit.platform.say(kit.garden, kit.person("Ada", kit.garden), said("is anybody there"))
            await run.hears("only the town")
            assert "is anybody there" not in kit.host.words(), told(kit.host.events)
            assert await run.connector.join(kit.garden) == run.place(kit.garden)
            await run.hears("there you are", room=kit.garden)

    async def test_a_claim_is_found_by_another_connection_and_by_no_reader(self, kit: Kit) -> None:
        kit.needs(Connector.claim, "claims")
        assert type(kit.connect(kit.host)).can(Connector.claimed), "`claimed` must be overridden as well"
        name = f"st0re{int(kit.host.clock.now().timestamp() * 1e6)}"
        async with kit.running() as first:
            before = [await texts(kit.platform, room) for room in (kit.town, kit.garden)]
            assert await first.connector.claimed(f"{name}.home") is None
            await first.connector.claim(f"{name}.home", "1.abcdefgh")
            await first.connector.claim(f"{name}.other", "7.abcdefgh")
            await first.connector.claim(f"{name}.home", "2.abcdefgh")
            await first.hears("after the claim")
        async with kit.running() as second:
            assert await second.connector.claimed(f"{name}.home") == "2.abcdefgh"
            assert await second.connector.claimed(f"{name}.other") == "7.abcdefgh"
        after = [await texts(kit.platform, room) for room in (kit.town, kit.garden)]
        assert after == [[*before[0], "after the claim"], before[1]], "a claim must be seen by nobody"

    async def test_capabilities_are_possible(self, kit: Kit) -> None:
        async with kit.running() as run:
            for room in kit.platform.rooms:
                faults = list(_impossible(run.capabilities(room)))
                assert not faults, f"capabilities of {room}: {faults}"

    async def test_each_setting_has_a_sentence(self, kit: Kit) -> None:
        connector = kit.connect(kit.host)
        config = type(connector).Config
        assert isinstance(connector.config, config), f"the settings are not a {config.__name__}"
        assert issubclass(config, ConnectorConfig)
        silent = [name for name, field in config.model_fields.items() if not _sentence(field.description)]
        assert not silent, f"settings of {config.__name__} without a sentence under them: {silent}"

    async def test_the_room_list_can_be_joined(self, kit: Kit) -> None:
        async with kit.running() as run:
            try:
                rooms = await run.connector.rooms()
            except NotImplementedError:
                pytest.skip("no list of rooms: `rooms` is not overridden")
            assert rooms, "the platform has rooms and none is listed"
            for room in rooms:
                assert await run.connector.join(room.name)


@contextmanager
def _tasks_of_ours() -> Iterator[WeakSet[asyncio.Future[Any]]]:
    """Notes every task that is made here, or by a task made here: the platform's own tasks are not among them."""
    loop = asyncio.get_running_loop()
    before, tasks, token = loop.get_task_factory(), WeakSet[asyncio.Future[Any]](), _ours.set(True)

    def factory(loop: asyncio.AbstractEventLoop, coroutine: Any, **more: Any) -> asyncio.Future[Any]:  # noqa: ANN401
        task = before(loop, coroutine, **more) if before else asyncio.Task(coroutine, loop=loop, **more)
        if (more.get("context") or copy_context()).get(_ours):
            tasks.add(task)
        return task

    loop.set_task_factory(factory)
    try:
        yield tasks
    finally:
        loop.set_task_factory(before)
        _ours.reset(token)


def _left(tasks: WeakSet[asyncio.Future[Any]], before: set[str]) -> list[str]:
    alive = [repr(task) for task in tasks if not task.done()]
    return alive + sorted(_sockets() - before)


def _sockets() -> set[str]:
    """The sockets this process holds, where the system tells."""
    if not _DESCRIPTORS.is_dir():
        return set()
    return {name for path in _DESCRIPTORS.iterdir() if (name := _name(path)).startswith("socket:")}


def _name(path: Path) -> str:
    try:
        return str(path.readlink())
    except FileNotFoundError:  # the one that was open to list the others
        return ""


def _impossible(can: Capabilities) -> Iterator[str]:
    """What no room can be like."""
    for name in ("max_text", "in_flight", "max_lines", "max_reactions"):
        if (value := getattr(can, name)) is not None and value < 1:
            yield f"{name} is {value}"
    if can.max_caption < 0:
        yield f"max_caption is {can.max_caption}"
    if not can.formatting <= ALL_NODES:
        yield f"formatting names what is no node or always shown: {can.formatting - ALL_NODES}"
    if can.reactions is not None and not can.reactions:
        yield "reactions is an empty set: None means any emoji"
    for rate in can.rates:
        if rate.count < 1 or rate.seconds <= 0:
            yield f"{rate} lets nothing pass"
    for name in ("edit_within", "delete_within", "confirms_within"):
        if (value := getattr(can, name)) is not None and value.total_seconds() <= 0:
            yield f"{name} is {value}"


def _sentence(description: str | None) -> bool:
    return (description or "").strip().endswith((".", "!", "?"))
