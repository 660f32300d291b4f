"""Names as a link writes them: fields are filled once, and what people call themselves is never one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.ids import PersonNumber
from bridge.people import dressed, label, right_to_left
from bridge.template import filled, wrong_fields

HEBREW = "שָׁלוֹם"


@pytest.mark.parametrize(
    ("template", "wrong"),
    [
        ("{name} [{network}]", []),
        ("{name} {number} {name}", []),
        ("{name} {nick}", ["{nick}"]),
        ("{name} {}", ["{}"]),
        ("{name} {{x}}", ["{x}", "{", "}"]),
        ("{name} }", ["}"]),
        ("{name!r} {name.x}", ["{name!r}", "{name.x}"]),
    ],
)
def test_only_fields_that_there_are_may_be_named(template: str, wrong: list[str]) -> None:
    assert wrong_fields(template) == wrong


@given(st.text(max_size=40))
def test_what_somebody_calls_themselves_is_no_field_and_no_bracket(name: str) -> None:
    shown = dressed(label(name), "{name} [{network}]", "tg", PersonNumber(7))
    assert shown.count("[") == shown.count("]") == 1
    assert shown.removesuffix("\u2069").endswith("[tg]")


@pytest.mark.parametrize(
    ("template", "name", "shown"),
    [
        ("{name} [{network}]", "Ada", "Ada [tg]"),
        ("{network}/{name} #{number}", "Ada", "tg/Ada #7"),
        ("  {name}  ", "Ada", "Ada"),
        ("{name} [{network}]", "{network}", "{network} [tg]"),
        ("{name} [{network}]", "x [tg]", "x (tg) [tg]"),
        ("{name} [{network}]", HEBREW, f"\u2068{HEBREW} [tg]\u2069"),
    ],
)
def test_a_label_as_a_link_writes_it(template: str, name: str, shown: str) -> None:
    assert dressed(label(name), template, "tg", PersonNumber(7)) == shown


def test_a_value_is_not_read_again() -> None:
    assert filled("{name}", {"name": "{number}", "number": "7"}) == "{number}"
    assert right_to_left(HEBREW)
