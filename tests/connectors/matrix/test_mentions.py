"""Whom a Matrix message mentions, read and written."""

from typing import Any

import pytest

from bridge.asked import Edit, Outgoing, Target
from bridge.ids import AccountName, Key, MessageId, RoomId, UserId
from bridge.text.nodes import Bold, Inline, Mention, Paragraph, Rich, Text, said
from connectors.matrix.mentions import mentioning, users
from connectors.matrix.outgoing import edited, message

ADA, BOB = UserId("@ada:example.org"), UserId("@bob:example.org")
NAMES = {ADA: "Ada", BOB: "Bob (away)"}


def one(*inside: Inline) -> Rich:
    return (Paragraph(inside),)


@pytest.mark.parametrize(
    ("text", "listed", "expected"),
    [
        (said("Ada: hi"), [ADA], one(Mention("Ada", ADA), Text(": hi"))),
        (said("hi Bob (away)"), [BOB], one(Text("hi "), Mention("Bob (away)", BOB))),
        (said("hi @ada:example.org!"), [ADA], one(Text("hi "), Mention(ADA, ADA), Text("!"))),
        (said("Adam: hi"), [ADA], said("Adam: hi")),
        (said("Ada: hi"), [], said("Ada: hi")),
        (said("Ada: hi"), None, said("Ada: hi")),
        (said("Ada: hi"), [5, "", "nobody"], said("Ada: hi")),
        (one(Mention("Ada", ADA), Text(" Ada")), [ADA], one(Mention("Ada", ADA), Text(" Ada"))),
        (one(Bold((Text("Ada"),))), [ADA], one(Bold((Text("Ada"),)))),
    ],
)
def test_a_name_that_the_message_says_it_mentions_is_a_mention(text: Rich, listed: Any, expected: Rich) -> None:  # noqa: ANN401 - anything may stand there
    content = {"m.mentions": {"user_ids": listed}}
    assert mentioning(text, content, lambda user: NAMES.get(UserId(user), "")) == expected


@pytest.mark.parametrize("content", [{}, {"m.mentions": 5}, {"m.mentions": {"user_ids": {}}}, {"m.mentions": {}}])
def test_mentions_of_the_wrong_shape_are_none(content: dict[str, Any]) -> None:
    assert mentioning(said("Ada"), content, str) == said("Ada")


def outgoing(text: Rich) -> Outgoing:
    return Outgoing(room=RoomId("!r:x"), key=Key("k"), text=text)


def test_a_mention_is_a_link_and_tells_the_person() -> None:
    text = one(Mention("Ada", ADA), Text(" and "), Mention("Ada", ADA), Text(" and "), Mention("Eve", UserId("17")))
    content = message(outgoing(text), AccountName("home"))
    assert content["m.mentions"] == {"user_ids": [ADA]}
    assert content["body"] == "Ada and Ada and Eve"
    assert content["formatted_body"].count('<a href="https://matrix.to/#/@ada:example.org">Ada</a>') == 2
    assert "17" not in repr(content)


def test_an_edit_tells_nobody_a_second_time() -> None:
    target = Target(room=RoomId("!r:x"), parts=(MessageId("$1"),))
    content = edited(Edit(target=target, content=outgoing(one(Mention("Ada", ADA)))), AccountName("home"))
    assert (content["m.mentions"], content["m.new_content"]["m.mentions"]) == ({}, {"user_ids": [ADA]})


def test_a_stranger_is_only_named() -> None:
    content = message(outgoing(one(Mention("Eve"))), AccountName("home"))
    assert (content["body"], content["m.mentions"], "formatted_body" in content) == ("Eve", {}, False)
    assert users(one(Mention("Eve"), Mention("Ada", UserId("@ada/x:example.org")))) == []
