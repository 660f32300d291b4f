"""What a link does with words on their way: dropped, held, replaced."""

from pathlib import Path

from bridge.snapshot import look
from bridge.testing.memory import MemoryPlatform
from bridge.testing.platform import texts
from bridge.testing.waiting import eventually, shows
from bridge.text.nodes import said
from tests.scenarios.bridge_under_test import Bridge, balanced, configured


async def transformed(folder: Path, *platforms: MemoryPlatform, transforms: str) -> Bridge:
    return await Bridge(folder, configured(*platforms, link=f"transforms: {transforms}, ")).start()


async def test_what_matches_is_dropped_and_counted_by_the_rules_name(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await transformed(tmp_path, left, right, transforms='[{drop: {text: "^!", name: commands}}]')
    await left.say("town", "Ada", said("!roll"))
    await left.say("town", "Ada", said("hello"))
    await shows(right, "town", ["Ada: hello"])
    status = await look(bridge.app, bridge.clock.now())
    assert status.causes["dropped:commands"] == 1
    assert balanced(await bridge.ledger())
    await bridge.stop()


async def test_what_matches_is_held_until_the_operator_says_so_also_after_a_restart(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await transformed(tmp_path, left, right, transforms='[{hold: {text: "https?://", name: links}}]')
    await left.say("town", "Ada", said("look at https://example.org"))
    first = await left.say("town", "Bob", said("harmless"))
    await left.edit("town", "Bob", first, said("http://example.com"))
    await shows(right, "town", ["Bob: harmless"])
    await eventually(lambda: _parked(bridge, ["links", "links"]))
    await bridge.stop()
    await bridge.start()
    await bridge.retry_parked()
    await shows(right, "town", ["Bob: http://example.com", "Ada: look at https://example.org"])
    assert balanced(await bridge.ledger())
    await bridge.stop()


async def test_words_are_replaced_in_messages_edits_and_quotes(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await transformed(
        tmp_path, left, right, transforms='[{replace: {text: "(?i)darn", with: "d***"}}, {drop: {text: "^!"}}]'
    )
    first = await left.say("town", "Ada", said("Darn it"))
    await shows(right, "town", ["Ada: d*** it"])
    await left.edit("town", "Ada", first, said("darn them"))
    await shows(right, "town", ["Ada: d*** them"])
    assert (await texts(left, "town")) == ["darn them"]
    await bridge.stop()


async def test_rules_follow_the_configuration(tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform) -> None:
    bridge = await transformed(tmp_path, left, right, transforms='[{drop: {text: "."}}]')
    await left.say("town", "Ada", said("one"))
    await bridge.drained()
    bridge.yaml = configured(left, right)
    await bridge.app.reload()
    assert not bridge.app.intake.guard.watches
    await left.say("town", "Ada", said("two"))
    await shows(right, "town", ["Ada: two"])
    await bridge.stop()


async def _parked(bridge: Bridge, reasons: list[str]) -> bool:
    return sorted(row.reason for row in await bridge.parked()) == reasons
