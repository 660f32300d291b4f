"""Lines: one intended line is one line, whatever is put into it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from irctokens.line import tokenise

from bridge.errors import Rejected
from bridge.testing import strategies
from connectors.irc.wire import acted, is_name, line, spoken, tokens

HOSTILE = [
    "\r",
    "\n",
    "\r\n",
    "\0",
    "\x01",
    "\u2028",
    "\u2029",
    "\x85",
    "\r\nQUIT :gone",
    "\nJOIN 0",
    "\x01DCC SEND x\x01",
]
anything = st.one_of(st.text(), strategies.wild_texts(), st.sampled_from(HOSTILE).map("a{}b".format))


def parts(raw: bytes) -> list[bytes]:
    """What a server makes of it: it splits at each CR and each LF."""
    return [each for each in raw.replace(b"\r", b"\n").split(b"\n") if each]


@given(text=anything, target=st.sampled_from(["#a", "ada"]))
def test_words_are_exactly_one_line(text: str, target: str) -> None:
    for raw in (spoken("PRIVMSG", target, text), acted(target, text)):
        assert raw.endswith(b"\r\n")
        assert raw.count(b"\n") == 1
        assert b"\0" not in raw
        (only,) = parts(raw)
        heard = tokenise(only)
        assert (heard.command, heard.params[0]) == ("PRIVMSG", target)
        assert len(heard.params) == 2


@given(text=anything)
def test_words_are_no_command_between_clients(text: str) -> None:
    assert b"\x01" not in spoken("PRIVMSG", "#a", text)
    assert acted("#a", text).count(b"\x01") == 2


@given(param=anything, where=st.integers(0, 2))
def test_every_parameter_is_guarded(param: str, where: int) -> None:
    params = ["#a", "b", "last"]
    params[where] = param
    try:
        raw = line("KICK", *params)
    except Rejected:
        return
    assert raw.count(b"\n") == 1
    assert raw.count(b"\r") == 1
    heard = tokenise(raw.rstrip(b"\r\n"))
    assert heard.command == "KICK"
    assert [each for index, each in enumerate(heard.params) if index != where] == [
        each for index, each in enumerate(params) if index != where
    ]


@pytest.mark.parametrize("name", ["a b", ":a", "", "a\rb", "a\nb", "a\0b"])
def test_what_would_shift_the_parameters_is_refused(name: str) -> None:
    with pytest.raises(Rejected):
        line("JOIN", name, "key")
    with pytest.raises(Rejected):
        line(name, "#a")


@given(value=anything)
def test_tags_are_guarded(value: str) -> None:
    raw = line("TAGMSG", "#a", tags={"+draft/react": value})
    assert raw.count(b"\n") == 1
    assert b"\0" not in raw
    assert raw.split(b" ")[1:] == [b"TAGMSG", b"#a\r\n"]


@pytest.mark.parametrize(
    ("name", "good"),
    [
        ("#lobby", True), ("#[a]{b}", True), ("#קפה", True), ("#a,#b", False), ("#a b", False), ("#a\x07", False),
        ("#a\r", False), ("#a\n", False), ("", False), (":a", False), ("#a\x00", False), ("#a\x7f", False),
    ],
)  # fmt: skip
def test_a_name_is_one_name(name: str, good: bool) -> None:  # noqa: FBT001  # a column of the table
    assert is_name(name) is good


@given(raw=st.lists(st.binary(max_size=80).map(lambda each: each.replace(b"\n", b"")), max_size=5))
def test_no_bytes_of_a_server_raise(raw: list[bytes]) -> None:
    tokens(raw, "cp1252")


def test_what_is_no_line_is_left_out_and_the_next_one_heard() -> None:
    raw = [b"", b"\r", b":only.a.source\r", b"@only=tags", b" ", b"@" + b"a" * 9000 + b" PING x", b"PING :end\r"]
    assert [each.command for each in tokens(raw, "cp1252")] == ["PING"]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("שלום".encode(), "שלום"),
        ("naïve".encode("cp1252"), "naïve"),
        (b"\x81 has no meaning in cp1252", "\ufffd has no meaning in cp1252"),
    ],
)
def test_old_encodings_are_read(raw: bytes, words: str) -> None:
    (heard,) = tokens([b":a!b@c PRIVMSG #a :" + raw], "cp1252")
    assert heard.params == ["#a", words]


def test_a_broken_encoding_among_tags_costs_only_what_is_broken() -> None:
    (heard,) = tokens([b"@msgid=\xff :a!b@c PRIVMSG #a :words"], "cp1252")
    assert heard.params == ["#a", "words"]


tag_names = st.sampled_from(["time", "msgid", "+draft/reply", "label"])


@given(tags=st.dictionaries(tag_names, st.text().map(lambda value: value.replace("\0", "")), min_size=1))
def test_tags_are_read_as_they_were_written(tags: dict[str, str]) -> None:
    raw = line("PRIVMSG", "#a", "words", tags=tags).rstrip(b"\r\n")
    (heard,) = tokens([raw], "cp1252")
    expected = {name: value.encode("utf-8", "replace").decode() for name, value in tags.items()}
    assert (heard.tags, heard.params) == (expected, ["#a", "words"])


@pytest.mark.parametrize(
    ("raw", "tags"),
    [
        (b"@a=1;b;c=x=y PING x", {"a": "1", "b": "", "c": "x=y"}),
        (b"@a=1;a=2 PING x", {"a": "2"}),
        (b"@a=x\\sy\\:z PING x", {"a": "x y;z"}),
        (b"@a=1   PING x", {"a": "1"}),
    ],
)
def test_odd_tags_are_read_as_the_specification_says(raw: bytes, tags: dict[str, str]) -> None:
    (heard,) = tokens([raw], "cp1252")
    assert (heard.command, heard.tags) == ("PING", tags)
