"""What a server says about itself, and how it compares names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from irctokens.line import tokenise

from connectors.irc.rooms import Rooms
from connectors.irc.server import Server, fold

FOLDED = [
    ("ascii", "#A[]\\~", "#a[]\\~"),
    ("rfc1459", "#A[]\\~", "#a{}|^"),
    ("rfc1459", "#A{}|^", "#a{}|^"),
    ("strict-rfc1459", "#A[]\\~", "#a{}|~"),
    ("rfc1459-strict", "#A[]\\~", "#a{}|~"),
    ("rfc1459", "#Ä", "#Ä"),
    ("precis", "#Ä", "#ä"),
    ("rfc8265", "#STRASSE", "#strasse"),
]


@pytest.mark.parametrize(("casemapping", "name", "folded"), FOLDED)
def test_names_are_folded_as_the_server_does(casemapping: str, name: str, folded: str) -> None:
    assert fold(name, casemapping) == folded


@given(name=st.text(), casemapping=st.sampled_from(["ascii", "rfc1459", "strict-rfc1459", "precis"]))
def test_folding_twice_changes_nothing(name: str, casemapping: str) -> None:
    assert fold(fold(name, casemapping), casemapping) == fold(name, casemapping)


def server(*words: str) -> Server:
    made = Server()
    made.supports(tokenise(f":s 005 me {' '.join(words)} :are supported"))
    return made


def test_two_spellings_are_one_channel_and_two_channels_stay_two() -> None:
    rooms = Rooms(server("CASEMAPPING=rfc1459"))
    assert rooms.want("#Lobby[1]") is rooms.want("#lobby{1}")
    rooms = Rooms(server("CASEMAPPING=ascii"))
    assert rooms.want("#lobby[1]") is not rooms.want("#lobby{1}")
    assert rooms.find("#a,#b") is None


@pytest.mark.parametrize(
    ("target", "some"), [("#a", False), ("@#a", True), ("+#a", True), ("ada", False), ("@ada", False), ("", False)]
)
def test_words_for_some_are_told_from_words_for_all(target: str, some: bool) -> None:  # noqa: FBT001
    assert server("STATUSMSG=@+", "CHANTYPES=#").is_for_some(target) is some
    assert Server().is_for_some(target) is some


def test_plus_channels_are_channels_where_the_server_says_so() -> None:
    assert not server("CHANTYPES=#+", "STATUSMSG=@+").is_for_some("+a")


def test_limits_are_numbers_or_the_standard_ones() -> None:
    said = server("LINELEN=1024", "NICKLEN=9", "PREFIX=(qaohv)~&@%+")
    assert (said.line_length, said.nick_length, said.prefixes) == (1024, 9, "~&@%+")
    odd = server("LINELEN=a", "NICKLEN=-1", "PREFIX")
    assert (odd.line_length, odd.nick_length, odd.prefixes) == (512, 30, "")
    taken_back = server("LINELEN=1024", "-LINELEN")
    assert taken_back.line_length == 512


@pytest.mark.parametrize(
    ("denied", "tag", "carried"),
    [
        ("", "draft/reply", True),
        ("draft/react", "draft/reply", True),
        ("draft/react", "draft/react", False),
        ("*", "draft/reply", False),
        ("*,-draft/reply", "draft/reply", True),
    ],
)
def test_denied_tags_are_known(denied: str, tag: str, carried: bool) -> None:  # noqa: FBT001
    said = server(f"CLIENTTAGDENY={denied}")
    assert not said.carries(tag)
    said.acknowledge("message-tags")
    assert said.carries(tag) is carried


def test_capabilities_come_and_go() -> None:
    said = Server()
    said.offer("sasl=PLAIN,EXTERNAL echo-message unheard-of")
    assert said.missing() == ["echo-message", "sasl"]
    said.acknowledge("echo-message sasl")
    said.acknowledge("-sasl")
    assert said.caps == {"echo-message"}
    said.withdraw("echo-message")
    assert said.caps == set()


def test_a_flood_of_names_is_forgotten() -> None:
    said = Server()
    for number in range(25_000):
        assert said.fold(f"Nick{number}") == f"nick{number}"
    assert len(said._folded) < 11_000


@pytest.mark.parametrize(
    ("prefix", "ruling"), [("(qaohv)~&@%+", "~&@%"), ("(ov)@+", "@"), ("(Yqaohv)!~&@%+", "~&@%"), ("", ""), ("(o", "")]
)
def test_those_who_may_throw_others_out_rule(prefix: str, ruling: str) -> None:
    assert server(f"PREFIX={prefix}").ruling == frozenset(ruling)
