"""What other rooms can have of a name or topic."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.capabilities import Capabilities
from bridge.config.settings import Sync
from bridge.text.length import Unit, measure
from bridge.text.nodes import Break
from bridge.titles import fitted

SHORT = Capabilities(max_name=8, max_topic=12, unit=Unit.BYTES, formatting=frozenset({Break}))
ONE_LINE = Capabilities(max_topic=12)

CASES = [
    ("Town hall", Sync.NAME, SHORT, "Town hal"),
    ("  Town \t hall ", Sync.NAME, Capabilities(), "Town hall"),
    ("tea\nand cake", Sync.NAME, Capabilities(formatting=frozenset({Break})), "tea and cake"),
    ("tea\r\nand cake", Sync.TOPIC, SHORT, "tea\nand cake"),
    ("tea\n\nand cake", Sync.TOPIC, ONE_LINE, "tea and cake"),
    ("чай и торт", Sync.TOPIC, SHORT, "чай и т"),
    ("tea\x00\x07 \ud83d", Sync.TOPIC, Capabilities(), "tea ?"),
    ("", Sync.TOPIC, SHORT, ""),
]


@pytest.mark.parametrize(("words", "what", "can", "expected"), CASES)
def test_a_title_is_what_a_room_can_have(words: str, what: Sync, can: Capabilities, expected: str) -> None:
    assert fitted(words, what, can) == expected


@given(st.text(), st.sampled_from(Sync), st.sampled_from([SHORT, ONE_LINE, Capabilities()]))
def test_what_fits_fits_again_and_is_never_too_long(words: str, what: Sync, can: Capabilities) -> None:
    once = fitted(words, what, can)
    assert fitted(once, what, can) == once
    most = can.max_name if what is Sync.NAME else can.max_topic
    assert most is None or measure(once, can.unit) <= most
