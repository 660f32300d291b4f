"""Whose name it is in a room: also after a restart, and also where somebody is quoted."""

from pathlib import Path

from msgspec.structs import replace

from bridge.testing.memory import EVERYTHING, MemoryPlatform
from bridge.testing.platform import texts
from bridge.testing.waiting import shown
from bridge.text.nodes import Quote, said
from tests.scenarios.bridge_under_test import Bridge, configured

IMPOSTOR = "А" + "da"  # the first letter is Cyrillic


async def test_after_a_restart_an_impostor_who_speaks_first_does_not_get_the_name(
    bridge: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    await left.say("town", "Ada", said("one"))
    await right.say("town", "Bob", said("two"))
    await shown(left, "town", lambda seen: len(seen) == 2)
    await shown(right, "town", lambda seen: len(seen) == 2)
    await bridge.stop()
    await bridge.start()
    await left.say("town", IMPOSTOR, said("I am Ada"))
    await left.say("town", "Bоb", said("I am Bob"))
    await left.say("town", "Ada", said("so am I"))
    *_, ada, bob, true = [one.text for one in await shown(right, "town", lambda seen: len(seen) == 5)]
    assert ada.startswith(f"{IMPOSTOR} [")
    assert bob.startswith("Bоb [")
    assert true == "Ada: so am I"


async def test_a_quoted_impostor_is_called_as_the_room_calls_them(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.capabilities = replace(
        EVERYTHING, relations=frozenset(), formatting=EVERYTHING.formatting - {Quote}, in_flight=1
    )
    bridge = await Bridge(tmp_path, configured(left, right)).start()
    await left.say("town", "Ada", said("true words"))
    native = await left.say("town", IMPOSTOR, said("false words"))
    await left.say("town", "Grace", said("indeed?"), in_reply_to=native)
    await shown(right, "town", lambda seen: len(seen) == 3)
    _, false, answer = await texts(right, "town")
    called = false.removesuffix(": false words")
    assert called.startswith(f"{IMPOSTOR} [")
    assert f"[re {called}: “false words”]" in answer
    await bridge.stop()


ARABIC, HEBREW = "السلام عليكم", "שָׁלוֹם"


async def test_a_link_writes_names_in_its_own_way(tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform) -> None:
    yaml = configured(left, right).replace("town: {", 'town: {label: "{name} [{network}]", ')
    bridge = await Bridge(tmp_path, yaml).start()
    await left.say("town", "Ada", said("hello"))
    await left.say("town", "Eve [right]", said("hello"))
    await left.say("town", HEBREW, said("hello"))
    await shown(right, "town", lambda seen: len(seen) == 3)
    assert await texts(right, "town") == [
        "Ada [left]: hello", "Eve (right) [left]: hello", f"\u2068{HEBREW} [left]\u2069: hello",
    ]  # fmt: skip
    await bridge.stop()


async def test_a_latin_name_turns_no_arabic_line(bridge: Bridge, left: MemoryPlatform, right: MemoryPlatform) -> None:
    await left.say("town", "Ada", said(ARABIC))
    await left.say("town", "Ada", said("hello"))
    await shown(right, "town", lambda seen: len(seen) == 2)
    assert await texts(right, "town") == [f"\u2068Ada\u2069: {ARABIC}", "Ada: hello"]


async def test_an_account_whose_programs_show_the_marks_gets_none(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    yaml = configured(left, right).replace("platform: right", "isolation: none, platform: right")
    bridge = await Bridge(tmp_path, yaml).start()
    right.capabilities = replace(EVERYTHING, relations=frozenset(), formatting=EVERYTHING.formatting - {Quote})
    first = await left.say("town", HEBREW, said(ARABIC))
    await left.say("town", "Ada", said(ARABIC), in_reply_to=first)
    await shown(right, "town", lambda seen: len(seen) == 2)
    assert "\u2068" not in "".join(await texts(right, "town"))
    await right.say("town", "דנה", said("hello"))
    back = await shown(left, "town", lambda seen: len(seen) == 3)
    assert back[2].text == "\u2068דנה\u2069: hello"
    await bridge.stop()
