"""Whom a ban is about: whoever is thrown out with it, and nobody who is thrown out without."""

from collections.abc import Mapping, Sequence

import pytest

from connectors.irc.bans import TOGETHER_SECONDS, Bans, changes

LIBERA: Mapping[str, str] = {"CHANMODES": "eIbq,k,flj,CFLMPQScgimnprstuz", "PREFIX": "(ov)@+"}


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        (["+b", "*!*@h"], [("+", "b", "*!*@h")]),
        (["+bo-v", "*!*@h", "ada", "bob"], [("+", "b", "*!*@h"), ("+", "o", "ada"), ("-", "v", "bob")]),
        (["+m-l+b", "*!*@h"], [("+", "m", ""), ("-", "l", ""), ("+", "b", "*!*@h")]),
        (["+lb", "5", "*!*@h"], [("+", "l", "5"), ("+", "b", "*!*@h")]),
        (["b"], [("+", "b", "")]),
        ([], []),
    ],
)
@pytest.mark.parametrize("support", [LIBERA, {}], ids=["told", "not told"])
def test_modes_are_read_with_their_values(
    params: Sequence[str], expected: list[tuple[str, str, str]], support: Mapping[str, str]
) -> None:
    assert list(changes(params, support)) == expected


@pytest.mark.parametrize(
    ("mask", "address", "banned"),
    [
        ("bob!*@*", "", True),
        ("b[o?!*@*", "", False),
        ("BOB!*@*", "u@h.example", True),
        ("*!*@h.example", "u@h.example", True),
        ("*!*@*.example", "u@h.example", True),
        ("*!*@other.example", "u@h.example", False),
        ("*!*@other.example", "", True),  # who it is about is not known, but it was set for this
        ("$a:bob", "", False),
        ("bob", "", False),
    ],
)
def test_a_mask_is_about_who_is_thrown_out_with_it(mask: str, address: str, banned: bool) -> None:  # noqa: FBT001 - a case
    bans = Bans(str.lower)
    if address:
        bans.met("Bob", address)
    bans.heard("#town", "Ada", ["+b", mask], LIBERA, 100.0)
    assert bans.means("#town", "Ada", "Bob", 101.0) is banned


def test_a_ban_of_an_address_is_about_one_person_soon_and_by_the_same_moderator() -> None:
    def thrown(by: str = "Ada", after: float = 1.0, channel: str = "#town") -> list[bool]:
        bans = Bans(str.lower)
        bans.heard("#town", "Ada", ["+b", "*!*@h"], LIBERA, 0.0)
        return [bans.means(channel, by, nick, after) for nick in ("Bob", "Eve")]

    assert thrown() == [True, False]
    assert thrown(by="Mo") == thrown(after=TOGETHER_SECONDS + 1) == thrown(channel="#garden") == [False, False]


def test_a_ban_that_was_taken_back_is_none() -> None:
    bans = Bans(str.lower)
    bans.heard("#town", "Ada", ["+b", "bob!*@*"], LIBERA, 0.0)
    bans.heard("#town", "Ada", ["-b", "bob!*@*"], LIBERA, 1.0)
    assert not bans.means("#town", "Ada", "Bob", 2.0)


def test_an_address_goes_with_its_person() -> None:
    bans = Bans(str.lower)
    bans.met("Bob", "u@h.example")
    bans.renamed("Bob", "Rob")
    bans.heard("#town", "Ada", ["+b", "*!*@h.example"], LIBERA, 0.0)
    assert bans.means("#town", "Mo", "Rob", 900.0)
    bans.gone("Rob")
    assert not bans.means("#town", "Mo", "Rob", 900.0), "a stranger who has the name now"
