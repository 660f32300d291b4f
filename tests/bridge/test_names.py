"""Nobody is shown under a name that belongs to, or looks like, somebody else's."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.ids import PersonNumber, RoomNumber
from bridge.names import MOST_PEOPLE, Names
from bridge.people import label, skeleton, told_apart

TOWN, GARDEN = RoomNumber(1), RoomNumber(2)
ADA, EVE = PersonNumber(7), PersonNumber(23)
LOOKS_LIKE_ADMIN = [
    "admin",
    "Admin",
    "Аdmin",
    "аdmіn",
    "ａｄｍｉｎ",
    "𝐀𝐝𝐦𝐢𝐧",
    "adrnin",
    "ad\u200bmin",
    "\u202eadmin",
    "Admın",
]


@pytest.mark.parametrize("name", LOOKS_LIKE_ADMIN)
def test_a_look_alike_of_somebody_in_the_room_gets_a_number(name: str) -> None:
    names = Names()
    names.present(TOWN, ADA, "admin")
    assert names.shown(TOWN, EVE, name) == f"{label(name)} [23]"


@pytest.mark.parametrize("name", LOOKS_LIKE_ADMIN)
def test_a_look_alike_of_who_spoke_first_gets_a_number(name: str) -> None:
    names = Names()
    assert names.shown(TOWN, ADA, "Admin") == "Admin"
    assert names.shown(TOWN, EVE, name).endswith(" [23]")
    assert names.shown(TOWN, ADA, "Admin") == "Admin"


@pytest.mark.parametrize("name", ["libera", "Lіbera", "Iibera", "1ibera", "Qаntara", "qantara"])
def test_a_look_alike_of_an_account_or_of_the_bridge_gets_a_number(name: str) -> None:
    names = Names(["libera"])
    names.reserve("Qantara")
    assert names.shown(TOWN, EVE, name).endswith(" [23]")


@pytest.mark.parametrize("name", ["Ada", "Adam", "Zoë", "李雷", "عبد الله", "Ada L", "Áda"])
def test_other_names_stay(name: str) -> None:
    names = Names(["libera"])
    names.present(TOWN, ADA, "Zoe")
    names.present(TOWN, PersonNumber(8), "Ad a m")
    assert names.shown(TOWN, EVE, name) == (f"{label(name)} [23]" if name == "Adam" else label(name))


def test_rooms_do_not_know_of_each_other() -> None:
    names = Names()
    names.present(TOWN, ADA, "Ada")
    assert names.shown(GARDEN, EVE, "Ada") == "Ada"


def test_who_comes_into_the_room_itself_takes_the_name_from_who_was_shown_under_it() -> None:
    names = Names()
    assert names.shown(TOWN, EVE, "Ada") == "Ada"
    names.present(TOWN, ADA, "Ada")
    assert names.shown(TOWN, EVE, "Ada") == "Ada [23]"


def test_a_changed_name_is_decided_anew() -> None:
    names = Names()
    names.present(TOWN, ADA, "Ada")
    assert names.shown(TOWN, EVE, "Eve") == "Eve"
    assert names.shown(TOWN, EVE, "Аda") == "Аda [23]"


def test_a_number_cannot_be_typed() -> None:
    assert label("Ada [7]") != told_apart("Ada", ADA)


def test_a_room_of_very_many_begins_anew() -> None:
    names = Names()
    for number in range(1, MOST_PEOPLE + 10):
        names.shown(TOWN, PersonNumber(number), f"person {number}")
    assert len(names._rolls[TOWN].shown) <= MOST_PEOPLE + 1


@given(st.text(max_size=80), st.integers(1, 2**63 - 1))
def test_a_name_told_apart_is_still_one_safe_line(name: str, number: int) -> None:
    shown = told_apart(label(name), PersonNumber(number)).strip("\u2068\u2069")
    assert len(shown) <= 32
    assert shown.endswith(f" [{number}]")
    assert not set(shown[: -len(f"[{number}]")]) & set("[]<>:\n\r\t\u202a\u202b\u202d\u202e")


@given(st.text(max_size=60))
def test_looks_do_not_depend_on_case_width_or_what_cannot_be_seen(name: str) -> None:
    look = skeleton(label(name))
    assert (
        skeleton(label("\u200b".join(name))) == look
        or "\u200b" in name
        or any(unicodedata.category(one)[0] in "CM" for one in name)
    )
    assert skeleton(label(name)) == look


def test_a_latin_name_flips_no_arabic_line_and_an_arabic_one_no_latin() -> None:
    assert told_apart(label("עדה"), ADA)[0] == "\u2068"
    assert told_apart(label("עדה"), ADA)[-1] == "\u2069"
