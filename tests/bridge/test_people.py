"""Names are shown as their owners write them, and can pretend nothing."""

import unicodedata

import grapheme
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.people import cropped, defused, label
from bridge.text.length import Unit, measure

HEBREW = "שָּׁלוֹם"
PERSIAN = "می‌خواهم"
SINHALA = "ක්‍රිස්"
FAMILY = "👩‍👩‍👧‍👦 family"


def bare(name: str) -> str:
    return label(name).strip("\u2068\u2069")


@pytest.mark.parametrize("name", ["Ada", "Ada Lovelace", PERSIAN, SINHALA, FAMILY, "Zoë", "李雷", "O'Neil", "Ada ❤️"])
def test_a_name_stays_as_it_is(name: str) -> None:
    assert bare(name) == unicodedata.normalize("NFC", name)


def test_hebrew_keeps_three_marks_on_a_letter() -> None:
    kept = unicodedata.normalize("NFD", bare(HEBREW))
    assert sorted(kept) == sorted(unicodedata.normalize("NFD", HEBREW))


@pytest.mark.parametrize("name", [HEBREW, PERSIAN, "عبد الله"])
def test_a_name_from_right_to_left_stands_apart(name: str) -> None:
    assert (label(name)[0], label(name)[-1]) == ("\u2068", "\u2069")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Bob [tg]", "Bob (tg)"),
        ("Bob ［tg］", "Bob (tg)"),
        ("admin: x", "admin꞉ x"),
        ("admin： x", "admin꞉ x"),
        ("admin﹕ x", "admin꞉ x"),
        ("<b>x</b>", "(b)x(/b)"),
        ("a\nb", "a b"),
        ("a\r\nPRIVMSG", "a PRIVMSG"),
        ("a\u2028b", "a b"),
        ("\u202eevil", "evil"),
        ("\u2066a\u2069", "a"),
        ("\x1b[31mred", "(31mred"),
        ("\x00a", "a"),
        ("ad\u200cmin", "admin"),
        ("e\u200dve", "eve"),
        ("\u200b", "somebody"),
        ("", "somebody"),
        ("   ", "somebody"),
        ("@everyone", "@\u200beveryone"),
        ("＠Everyone", "@\u200bEveryone"),
        ("@room", "@\u200broom"),
    ],
)
def test_a_name_pretends_nothing(name: str, shown: str) -> None:
    assert label(name) == shown


def test_a_stack_of_marks_is_cut() -> None:
    assert sum(unicodedata.category(one) == "Mn" for one in label("Z" + "\u0301" * 500)) <= 6


def test_a_long_name_is_cut() -> None:
    assert label("x" * 10_000) == "x" * 32
    assert len(label("👩‍👩‍👧‍👦" * 1000)) <= 130


@given(st.text(max_size=200))
def test_the_grammar_of_a_label_holds_for_anything(name: str) -> None:
    shown = label(name)
    inner = shown.removeprefix("\u2068").removesuffix("\u2069")
    assert inner
    assert not set(inner) & set("[]<>:\n\r\t\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    assert grapheme.length(inner) <= 33
    assert len(shown) <= 131
    assert not any(unicodedata.category(one) in {"Cc", "Cs", "Co"} for one in shown)
    assert defused(shown) == shown


@given(st.text(min_size=1, max_size=60), st.integers(12, 80), st.sampled_from(Unit))
def test_a_cropped_label_fits(name: str, limit: int, unit: Unit) -> None:
    shown = label(name)
    short = cropped(shown, limit, unit)
    assert measure(short, unit) <= limit
    assert (short[0] == "\u2068") == (shown[0] == "\u2068")
    assert short.count("\u2068") == short.count("\u2069")


@pytest.mark.parametrize("word", ["@room", "@everyone", "@here", "@all", "@channel", "@EVERYONE", "x@here!"])
def test_a_call_to_everybody_is_broken(word: str) -> None:
    assert "@\u200b" in defused(word)
    assert defused(word).replace("\u200b", "") == word


@pytest.mark.parametrize("word", ["ada@example.org", "@ada", "@hereafter", "@roommate", "no at"])
def test_other_words_stay(word: str) -> None:
    assert defused(word) == word
