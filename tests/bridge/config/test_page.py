"""YAML as it is read here: few kinds of values, each with its line, and nothing that can blow up."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bridge.config.page import MAX_CHARACTERS, MAX_DEPTH, MAX_VALUES, read, scalar
from tests.bridge.config.examples import SMALL, faults

WORDS = [
    ("true", True), ("false", False), ("null", None), ("~", None), ("", None), ("0", 0), ("-7", -7), ("+7", 7),
    ("1.5", 1.5), ("-.5", -0.5), ("1e3", 1000.0), ("1.0E+2", 100.0),
    ("yes", "yes"), ("no", "no"), ("on", "on"), ("off", "off"), ("y", "y"), ("True", "True"), ("FALSE", "FALSE"),
    ("NULL", "NULL"), ("007", "007"), ("0x1F", "0x1F"), ("0o7", "0o7"), ("1_000", "1_000"), ("1:30", "1:30"),
    (".inf", ".inf"), (".nan", ".nan"), ("1e999", "1e999"), ("2026-01-01", "2026-01-01"), ("9" * 30, "9" * 30),
]  # fmt: skip

BROKEN = [
    ("a tab", "a:\n\t- b\n", "2  is no YAML: found character … that cannot start any token"),
    ("two documents", "a: b\n---\na: c\n", "2  is no YAML: but found another document"),
    ("an open bracket", "a: [b\n\nc: d\n", "3  is no YAML: expected … or …, but got"),
    ("a control character", "a: b\nc: \x07\n", "2  is no YAML: the character U+0007 is not allowed"),
    ("an impossible escape", 'a: "\\UFFFFFFFF"\n', "1  is no YAML: an escape such as"),
    ("an impossible version", "%YAML " + "1" * 5000 + ".1\n---\na: b\n", "1  is no YAML: "),
    ("an unknown alias", "a: *b\n", "1  is no YAML: found undefined alias …"),
]


def page(text: str) -> object:
    found = read(text, name="config.yaml", environ={})
    assert found.faults == ()
    return found.values


@pytest.mark.parametrize(("word", "value"), WORDS)
def test_a_word_is_a_number_or_boolean_only_where_nobody_could_mean_text(word: str, value: object) -> None:
    assert repr(scalar(word)) == repr(value)


def test_no_is_text_inside_braces_too() -> None:
    assert page("{tg: no}") == {"tg": "no"}


def test_quotes_make_text_of_anything() -> None:
    assert page('["true", \'5\', ""]') == ["true", "5", ""]


def test_names_are_text_whatever_they_look_like() -> None:
    assert page("{1: a, true: b, null: c}") == {"1": "a", "true": "b", "null": "c"}


def test_an_alias_stands_for_a_whole_value() -> None:
    assert page("a: &x {b: [1]}\nc: *x\n") == {"a": {"b": [1]}, "c": {"b": [1]}}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_any_line_end_and_a_byte_order_mark_change_nothing(end: str, mark: str) -> None:
    text = mark + (SMALL + "links: {l: {rooms: [a/1, d/1]}}\n").replace("\n", end)
    assert faults(text) == ['5  links.l.rooms[1]  no account "d"']


@pytest.mark.parametrize(("text", "said"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN])
def test_broken_yaml_names_the_line(text: str, said: str) -> None:
    (fault,) = faults(text)
    assert fault.startswith(said)


def test_every_value_has_a_line() -> None:
    found = read("a:\n  b:\n    - c\n    - d: e\n", name="x", environ={})
    assert {trail: mark.line for trail, mark in found.marks.items()} == {
        (): 1, ("a",): 1, ("a", "b"): 2, ("a", "b", 0): 3, ("a", "b", 1): 4, ("a", "b", 1, "d"): 4,
    }  # fmt: skip
    assert found.line(("a", "b", 1, "missing", "too")) == 4
    assert (found.at(("a", "b", 1, "d")), found.at(("a", "b", 2)), found.at(("a", "b", "c"))) == ("e", None, None)


def test_aliases_cannot_grow_without_end() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    (fault,) = faults("\n".join(lines))
    assert fault == f"config.yaml  holds more than {MAX_VALUES} values once its aliases are followed"


def test_an_alias_cannot_hold_itself() -> None:
    assert faults("accounts: &a\n  b: *a\n")[0] == "2  accounts.b  holds itself through an alias, or is nested too deep"


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_nesting_has_an_end(opening: str) -> None:
    (fault,) = faults(opening * 5000)
    assert fault.endswith(f"lists and mappings are nested more than {MAX_DEPTH} deep")


def test_nesting_through_aliases_has_an_end() -> None:
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 100)]
    assert any("nested too deep" in fault for fault in faults("\n".join(lines)))


def test_a_file_has_an_end() -> None:
    assert faults("#" * (MAX_CHARACTERS + 1)) == ["config.yaml  is larger than 1024 KiB"]


NAMES = [
    "accounts",
    "links",
    "store",
    "http",
    "notices",
    "a",
    "b",
    "l",
    "connector",
    "rooms",
    "from",
    "to",
    "token",
    "listen",
    "path",
    "lifetime_hours",
]
NAMES += ["address", "rate", "names", "keys", "public_url", "desks", "<<", "", "\n"]
TEXTS = [
    "talker",
    "listener",
    "a/1",
    "b/1",
    "a/",
    "/",
    "yes",
    "${X}",
    "${NO}",
    "$${",
    "${file:/nowhere}",
    "127.0.0.1:1",
    "https://[",
    "bad",
    "�",
    "\x00",
]
SCALARS = st.sampled_from([*TEXTS, "", True, None, 5, -1, 10**30, 0.5])
TREES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(NAMES), inner), max_leaves=9
)
FILES = st.fixed_dictionaries(
    {"accounts": st.dictionaries(st.sampled_from("abc"), st.sampled_from([{"connector": "listener"}]) | TREES) | TREES},
    optional=dict.fromkeys(("store", "http", "notices", "links", "desks"), TREES)
    | {"links": st.dictionaries(st.sampled_from("lmn"), st.dictionaries(st.sampled_from(NAMES), TREES))},
)


@given(st.text())
@example('"\\U00110000"')
@example("? ? ?")
@example("%TAG ! !\n--- !a b")
def test_any_text_is_a_configuration_or_a_list_of_faults(text: str) -> None:
    assert faults(text)


@given(st.text(alphabet="aA:-[]{}&*!|>'\"%@`#,?$ \n\t\r\\/u0<=~\ufeff\x85\u2028", max_size=60))
def test_any_yaml_like_text_is_a_configuration_or_a_list_of_faults(text: str) -> None:
    assert faults(text)


@given(FILES)
def test_any_structure_is_a_configuration_or_a_list_of_faults(file: object) -> None:
    assert all("\n" not in fault for fault in faults(json.dumps(file), {"X": "x"}))
