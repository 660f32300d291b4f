"""What is sent: the content of messages, edits and reactions."""

import json
from typing import Any

import pytest

from bridge.asked import Edit, Outgoing, Person, Target
from bridge.events import Manner
from bridge.ids import AccountName, Key, MessageId, PersonNumber, RoomId, ThreadId
from bridge.text.nodes import Bold, Break, CodeBlock, Heading, Inline, Link, Paragraph, Rich, Text, said
from bridge.text.walk import normal
from connectors.matrix import outgoing
from connectors.matrix.content import PROFILE
from connectors.matrix.format import is_formatted, parsed, without_reply_fallback
from connectors.matrix.outgoing import MAX_TEXT_BYTES

HOME = AccountName("home")
ROOM = RoomId("!r:x")
LIMIT = 65_536
BOLD: Rich = (Paragraph((Text("so "), Bold((Text("bold"),)))),)


def sent(text: Rich, **more: Any) -> dict[str, Any]:  # noqa: ANN401  Outgoing's own fields
    return outgoing.message(Outgoing(room=ROOM, key=Key("k.1.0"), text=text, **more), HOME)


def target(*parts: str) -> Target:
    return Target(room=ROOM, parts=tuple(MessageId(part) for part in parts))


def edited(text: Rich) -> dict[str, Any]:
    return outgoing.edited(Edit(target=target("$1"), content=Outgoing(room=ROOM, key=Key("k.2.0"), text=text)), HOME)


def size(content: dict[str, Any]) -> int:
    return len(json.dumps(content, ensure_ascii=False).encode())


def test_plain_words_have_no_html() -> None:
    assert sent(said("one\ntwo")) == {
        "msgtype": "m.text",
        "body": "one\ntwo",
        "m.mentions": {},
        "org.qantara.origin": {"account": "home", "key": "k.1.0"},
    }


def test_formatting_stands_beside_the_plain_words() -> None:
    content = sent(BOLD)
    assert content["body"] == "so bold"
    assert content["format"] == "org.matrix.custom.html"
    assert "<strong>bold</strong>" in content["formatted_body"]


@pytest.mark.parametrize(
    ("manner", "msgtype"), [(Manner.SAY, "m.text"), (Manner.EMOTE, "m.emote"), (Manner.NOTICE, "m.notice")]
)
def test_the_type_is_the_manner(manner: Manner, msgtype: str) -> None:
    assert sent(said("x"), manner=manner)["msgtype"] == msgtype


@pytest.mark.parametrize(
    ("more", "relation"),
    [
        ({}, None),
        ({"in_reply_to": target("$1", "$2")}, {"m.in_reply_to": {"event_id": "$1"}}),
        (
            {"thread": ThreadId("$t")},
            {"rel_type": "m.thread", "event_id": "$t", "is_falling_back": True, "m.in_reply_to": {"event_id": "$t"}},
        ),
        (
            {"thread": ThreadId("$t"), "in_reply_to": target("$1")},
            {"rel_type": "m.thread", "event_id": "$t", "is_falling_back": False, "m.in_reply_to": {"event_id": "$1"}},
        ),
    ],
)
def test_a_message_hangs_on_others(more: dict[str, Any], relation: dict[str, Any] | None) -> None:
    assert sent(said("x"), **more).get("m.relates_to") == relation


def test_an_edit_is_whole_inside_and_marked_outside() -> None:
    content = edited(BOLD)
    assert content["m.relates_to"] == {"rel_type": "m.replace", "event_id": "$1"}
    assert content["body"] == "* so bold"
    assert content["m.new_content"]["body"] == "so bold"
    assert content["m.new_content"]["formatted_body"] in content["formatted_body"]
    assert content["m.mentions"] == content["m.new_content"]["m.mentions"] == {}


@pytest.mark.parametrize("letter", ["x", "<", '"', "\\", "é", "😀", "&"])
@pytest.mark.parametrize("make", [sent, edited], ids=["sent", "edited"])
def test_the_longest_text_fits_into_an_event(letter: str, make: Any) -> None:  # noqa: ANN401  one of two functions
    text = letter * (MAX_TEXT_BYTES // len(letter.encode()))
    content = make((Paragraph((Bold((Text(text),)),)),))
    assert size(content) < LIMIT - 3000
    assert content.get("m.new_content", content)["body"] == text


def test_formatting_is_dropped_only_where_it_does_not_fit() -> None:
    assert "formatted_body" in sent((Paragraph((Bold((Text("x" * MAX_TEXT_BYTES),)),)),))
    assert "formatted_body" not in sent((Paragraph((Bold((Text("<" * MAX_TEXT_BYTES),)),)),))


def test_half_a_character_is_left_to_the_homeserver() -> None:
    assert sent((Paragraph((Text("half \ud83d"),)),))["body"] == "half \ud83d"


def test_controls_never_leave() -> None:
    assert sent((Paragraph((Text("a\x00b\x07c\rd"),)),))["body"] == "abc\nd"


@pytest.mark.parametrize(
    ("rich", "formatted"),
    [
        ((), False),
        (said("x"), False),
        (said("x\ny"), False),
        (BOLD, True),
        ((Paragraph((Link((Text("x"),), "https://example.org"),)),), True),
        ((Heading((Text("x"),), 2),), True),
        ((CodeBlock("x"),), True),
        ((Paragraph((Text("x"),)), Paragraph((Text("y"),))), True),
        ((Paragraph((Text("x"), Break(), Text("y"))),), False),
    ],
)
def test_what_needs_html(rich: Rich, formatted: bool) -> None:  # noqa: FBT001  a table's column
    assert is_formatted(rich) is formatted


@pytest.mark.parametrize(
    ("body", "own"),
    [
        ("words", "words"),
        ("> words", "> words"),
        ("> <@a:x> one\n\nwords", "words"),
        ("> <@a:x> one\n> two\n\nwords\n\n> mine", "words\n\n> mine"),
        ("> <@a:x> one\nwords", "words"),
        ("> <@a:x> one", ""),
        ("> * <@a:x> waves\n\nwords", "words"),
        ("", ""),
    ],
)
def test_the_reply_fallback_is_taken_off(body: str, own: str) -> None:
    assert without_reply_fallback(body) == own


ADA = Person(number=PersonNumber(7), name="Ada")


def named(*inside: Inline, label: str = "Ada") -> Rich:
    """Words as the bridge gives them: the name in front."""
    return normal((Paragraph((Bold((Text(label),)), Text(": "), *inside)),))


@pytest.mark.parametrize(
    ("text", "body", "formatted"),
    [
        (named(Text("hello")), "Ada: hello", "<strong data-mx-profile-fallback>Ada: </strong>hello"),
        (
            named(Text("1 < 2\nand")),
            "Ada: 1 < 2\nand",
            "<strong data-mx-profile-fallback>Ada: </strong>1 &lt; 2<br>and",
        ),
        (
            named(Text("so "), Bold((Text("bold"),))),
            "Ada: so bold",
            "<strong data-mx-profile-fallback>Ada: </strong>so <strong>bold</strong>",
        ),
    ],
)
def test_the_author_stands_in_a_profile_and_in_its_fallback(text: Rich, body: str, formatted: str) -> None:
    content = sent(text, author=ADA, label="Ada")
    assert (content["body"], content["formatted_body"]) == (body, formatted)
    assert content[PROFILE] == {"id": "7", "displayname": "Ada", "has_fallback": True}
    assert parsed(content, profile_name="Ada") == _without(text)


def _without(text: Rich) -> Rich:
    (paragraph,) = text
    assert isinstance(paragraph, Paragraph)
    _, second, *others = paragraph.inside
    assert isinstance(second, Text)
    return normal((Paragraph((Text(second.text.removeprefix(": ")), *others)),))


@pytest.mark.parametrize(
    "text",
    [said("the second part"), (Paragraph((Text("* "), Bold((Text("Ada"),)), Text(" waves"))),), named(label="Bob")],
)
def test_where_the_name_does_not_stand_in_front_there_is_no_fallback(text: Rich) -> None:
    content = sent(text, author=ADA, label="Ada")
    assert content[PROFILE] == {"id": "7", "displayname": "Ada"}
    assert "data-mx-profile-fallback" not in content.get("formatted_body", "")


@pytest.mark.parametrize("label", ["", "é" * 200])
def test_without_a_name_that_may_be_shown_there_is_no_profile(label: str) -> None:
    assert PROFILE not in sent(named(Text("hello"), label=label), author=ADA, label=label)
    assert PROFILE not in sent(said("the bridge's own"), author=None, label="Ada")


def test_a_name_is_no_markup_and_an_edit_bears_its_own_profile() -> None:
    tricky = "<b>&"
    content = outgoing.edited(
        Edit(
            target=target("$1"),
            content=Outgoing(
                room=ROOM, key=Key("k.2.0"), text=named(Text("x"), label=tricky), label=tricky, author=ADA
            ),
        ),
        HOME,
    )
    inside = content["m.new_content"]
    assert inside[PROFILE]["displayname"] == tricky
    assert "&lt;b&gt;&amp;: </strong>x" in inside["formatted_body"]
