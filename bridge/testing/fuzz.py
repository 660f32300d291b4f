"""The fuzz contract: whatever a platform or a person sends, nothing breaks. Every installed connector inherits it.

    class TestFuzz(FuzzContract):
        pass

runs over each connector that is installed together with its emulator; `names` leaves others out.
A failure prints its seed, and the same seed does the same again.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar, Final

import pytest

pytest.register_assert_rewrite("bridge.testing.fuzz_calls")

# The imports stand below the call: pytest explains the assertions only of modules that it is told of before.
from bridge.chance import Chance, SeededChance  # noqa: E402
from bridge.connector import Connector  # noqa: E402
from bridge.errors import BridgeError  # noqa: E402
from bridge.ids import MessageId  # noqa: E402
from bridge.registry import emulators, installed  # noqa: E402
from bridge.testing.acts import Telling  # noqa: E402
from bridge.testing.clock import HastyClock  # noqa: E402
from bridge.testing.contract_kit import Kit, Running, Terms  # noqa: E402
from bridge.testing.door import opened  # noqa: E402
from bridge.testing.fuzz_between import Tamper, between  # noqa: E402
from bridge.testing.fuzz_calls import CallPromises  # noqa: E402
from bridge.testing.fuzz_mutations import body, line, mangled  # noqa: E402
from bridge.testing.host import KitHost  # noqa: E402
from bridge.testing.platform import Platform  # noqa: E402
from bridge.testing.registration import register  # noqa: E402
from bridge.text.nodes import said  # noqa: E402

MARKED: Final = "mangle-me"
"""What a person says so that the one in between knows which event to break."""
_HASTE: Final = 20.0
_SENSELESS: Final = 5


class Off:
    """Everything as it is."""

    def answer(self, value: Any) -> bytes | None:  # noqa: ANN401, ARG002 JSON is anything
        return None

    def line(self, raw: bytes) -> bytes:
        return raw


class Events:
    """Breaks the events that hold the marked words, and nothing around them."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self.broken: list[object] = []

    def answer(self, value: Any) -> bytes | None:  # noqa: ANN401
        changed = self._inside(value)
        return None if changed is value else json.dumps(changed).encode("utf-8", "surrogatepass")

    def line(self, raw: bytes) -> bytes:
        if MARKED.encode() not in raw:
            return raw
        self.broken.append(line(raw, self._chance))
        return self.broken[-1].replace(b"\n", b" ")  # type: ignore[attr-defined, no-any-return]  # bytes, as put in

    def _inside(self, value: Any) -> Any:  # noqa: ANN401
        """The innermost items of lists that hold the words are the events; the same object where there are none."""
        match value:
            case dict():
                changed = {name: self._inside(one) for name, one in value.items()}
                return value if all(changed[name] is value[name] for name in value) else changed
            case list():
                items = [self._item(one) for one in value]
                return value if all(one is old for one, old in zip(items, value, strict=True)) else items
            case _:
                return value

    def _item(self, one: Any) -> Any:  # noqa: ANN401
        if MARKED not in json.dumps(one):
            return one
        inner = self._inside(one)
        if inner is not one:
            return inner
        self.broken.append(mangled(one, self._chance, 1 + int(self._chance.fraction() * 2)))
        return self.broken[-1]


class Senseless:
    """Takes the sense from the events that hold the marked words: their words are no words, their lines cut short."""

    def __init__(self) -> None:
        self.broken = 0

    def answer(self, value: Any) -> bytes | None:  # noqa: ANN401
        before = self.broken
        changed = self._without_words(value)
        return None if self.broken == before else json.dumps(changed).encode()

    def line(self, raw: bytes) -> bytes:
        if MARKED.encode() not in raw:
            return raw
        self.broken += 1
        return raw[: raw.index(MARKED.encode())].rstrip(b" :").rpartition(b" ")[0]

    def _without_words(self, value: Any) -> Any:  # noqa: ANN401
        match value:
            case dict():
                return {name: self._without_words(one) for name, one in value.items()}
            case list():
                return [self._without_words(one) for one in value]
            case str() if MARKED in value:
                self.broken += 1
                return {"no": ["words"]}
            case _:
                return value


class Everything:
    """Breaks one answer or line in three, whatever it is, as a hostile server would."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self.broken = 0

    def answer(self, value: Any) -> bytes | None:  # noqa: ANN401
        if self._chance.fraction() > 1 / 3:
            return None
        self.broken += 1
        return body(value, self._chance)

    def line(self, raw: bytes) -> bytes:
        if self._chance.fraction() > 1 / 3:
            return raw
        self.broken += 1
        return line(raw, self._chance)


class Between:
    """The tamperer in force now, exchanged while a test runs."""

    def __init__(self) -> None:
        self.now: Tamper = Off()

    def answer(self, value: Any) -> bytes | None:  # noqa: ANN401
        return self.now.answer(value)

    def line(self, raw: bytes) -> bytes:
        return self.now.line(raw)


@pytest.mark.asyncio
class FuzzContract(CallPromises):
    """Subclass it as `TestFuzz`; every installed connector with an emulator is fuzzed."""

    names: ClassVar[tuple[str, ...]] = ()
    """Only these connectors; all that are installed when empty."""
    seeds: ClassVar[int] = 4
    """How many runs of each kind; each has a seed of its own."""
    rounds: ClassVar[int] = 40
    """How many events are broken in one run."""
    hostile_rounds: ClassVar[int] = 12
    """How many messages go to and fro while the server is hostile."""
    patience_seconds: ClassVar[float] = 10.0
    """How long to wait for what must happen."""
    settings: ClassVar[dict[str, object]] = {}
    """Settings of the account that differ from the emulator's."""

    def platform(self, name: str) -> Platform:
        """The platform to fuzz against."""
        return emulators().get(name)()

    def kind(self, name: str) -> type[Connector[Any]]:
        """The connector to fuzz."""
        return installed().get(name)

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """One test for each connector, and for each seed where it takes one."""
        if "name" in metafunc.fixturenames:
            metafunc.parametrize("name", self._chosen())
        if "caller" in metafunc.fixturenames:
            metafunc.parametrize("caller", [name for name in self._chosen() if self.kind(name).can(Connector.receive)])
        if "seed" in metafunc.fixturenames:
            metafunc.parametrize("seed", range(self.seeds))

    def _chosen(self) -> tuple[str, ...]:
        return self.names or emulators().names()

    async def test_a_broken_event_costs_only_itself(self, name: str, seed: int, tmp_path: Path) -> None:
        tamper = Between()
        async with self._kit(name, tamper, tmp_path) as kit, kit.running() as run:
            position = await kit.host.position()
            events = Events(SeededChance(seed))
            tamper.now = events
            for number in range(self.rounds):
                await kit.platform.say(kit.town, "Ada", said(f"{MARKED} {number}"))
                if number % 5 == 4:
                    await run.hears(f"fine {number}")
            tamper.now = Off()
            await run.hears("the end", room=kit.garden)
            assert len(events.broken) >= self.rounds // 2, f"only {len(events.broken)} events were broken"
            _nothing_fell(run, seed)
            moved = await kit.host.position()
            assert position is None or moved != position, "the position stands still"
            expected = [f"fine {number}" for number in range(self.rounds) if number % 5 == 4]
            heard = [words for words in kit.host.words() if words.startswith("fine ")]
            assert heard == expected, f"seed {seed}: what stood beside a broken event is lost or disordered: {heard}"

    async def test_what_cannot_be_read_is_published_or_counted(self, name: str, tmp_path: Path) -> None:
        tamper = Between()
        async with self._kit(name, tamper, tmp_path) as kit, kit.running() as run:
            tamper.now = senseless = Senseless()
            for number in range(_SENSELESS):
                await kit.platform.say(kit.town, "Ada", said(f"{MARKED} {number}"))
            await run.hears("fine")
            tamper.now = Off()
            assert senseless.broken >= _SENSELESS, f"only {senseless.broken} events were broken"
            published = len(kit.host.words()) - 1
            counted = len(kit.host.unread)
            assert published + counted >= _SENSELESS, f"of {_SENSELESS}, {published} published and {counted} counted"
            assert not any(MARKED in what for what in kit.host.unread), "the words of an event are told"

    async def test_a_hostile_server_raises_only_what_is_declared(self, name: str, seed: int, tmp_path: Path) -> None:
        tamper = Between()
        async with self._kit(name, tamper, tmp_path) as kit, kit.running() as run:
            hostile = Everything(SeededChance(seed))
            tamper.now = hostile
            undeclared = [error async for error in _life(kit, run, self.hostile_rounds)]
            assert hostile.broken, "nothing was broken"
            assert not undeclared, f"seed {seed}: {undeclared}"
            _nothing_fell(run, seed)

    @asynccontextmanager
    async def _kit(self, name: str, tamper: Tamper, tmp_path: Path) -> AsyncIterator[Kit]:
        async with self.platform(name) as platform, between(platform, tamper) as way:
            if way is None:
                pytest.skip(f"{name} talks to no server")
            host, connect = KitHost(tmp_path, clock=HastyClock(_HASTE)), self._connect(name, way)
            if not isinstance(platform, Telling):
                yield Kit(way, host, connect, self._terms())
                return
            platform.tamper_calls(tamper.answer)
            async with opened() as door:
                register(platform, host.account, door.url)
                yield Kit(way, host, lambda one: door.admitted(connect(one), one), self._terms())

    def _terms(self) -> Terms:
        return Terms(patience_seconds=self.patience_seconds)

    def _connect(self, name: str, platform: Platform) -> Callable[[KitHost], Connector[Any]]:
        kind = self.kind(name)
        config = kind.Config.model_validate({**platform.settings(), **self.settings})
        return lambda host: kind(config, host)


def _nothing_fell(run: Running, seed: int) -> None:
    fell = [error for error in run.errors if not isinstance(error, BridgeError)]
    assert not fell, f"seed {seed}: `run` fell with {fell!r}"


async def _life(kit: Kit, run: Running, rounds: int) -> AsyncIterator[Exception]:
    """People talk and we send while the server is hostile; every error that no connector may raise."""
    for number in range(rounds):
        native = await kit.platform.say(kit.town, "Ada", said(f"hello {number}"))
        for act in _acts(kit, run, native, number):
            try:
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    await act()
            except (BridgeError, TimeoutError, NotImplementedError):
                continue
            except Exception as error:  # noqa: BLE001 what a connector may not raise is what this looks for
                yield error


_PATIENCE_SECONDS: Final = 0.2


def _acts(kit: Kit, run: Running, native: MessageId, number: int) -> Iterator[Callable[[], Any]]:
    if run.places:
        yield lambda: run.connector.send(run.outgoing(f"copy {number}"))
    yield lambda: kit.platform.edit(kit.town, "Ada", native, said(f"changed {number}"))
    yield lambda: kit.platform.react(kit.town, "Grace", native, "👍")
