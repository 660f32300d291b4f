"""What an event at a desk means: the rules, without a store, a clock or a platform."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.config import Answer, Desk
from bridge.desk import chosen, handle, heard, is_late, late_link_of, link_of, thread_of
from bridge.desk_agents import Spoken, claimed_by_other, overheard
from bridge.desk_commands import Word, command
from bridge.events import Posted, User
from bridge.hours import Hours, span
from bridge.ids import AccountName, EventId, MessageId, Room, RoomId, RoomNumber, ThreadId, UserId
from bridge.store.conversations import Conversation, Overheard, Private, State
from bridge.text.nodes import Bold, Break, Mention, Paragraph, Rich, Text, said
from bridge.text.walk import plain

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
AT = int(NOW.timestamp() * 1000)
AGENTS = RoomNumber(1)
NATIVE = RoomId("380501111111")
THERE = Private(room=RoomNumber(5), account=AccountName("chat"), native=NATIVE)
TALK = Conversation(number=12, desk="help", agents=AGENTS, title="Olena", rooms=(THERE,), rooted=True)
DESK = Desk(name="help", room=Room(AccountName("home"), "#desk"), accounts=frozenset({AccountName("chat")}))
OLENA = User(id=UserId(NATIVE), name="Olena", avatar="https://faces.test/1")
ADA = User(id=UserId("u1"), name="Ada")


def posted(text: Rich, by: User = OLENA, **more: object) -> Posted:
    return Posted(id=EventId("e1"), room=NATIVE, at=NOW, message=(MessageId("m1"),), author=by, text=text, **more)  # type: ignore[arg-type]


def spoken(text: Rich, found: Overheard) -> Spoken:
    event = posted(text, ADA, in_reply_to=MessageId("m0"))
    return Spoken(event=event, by=ADA, account=AccountName("home"), room=AGENTS, heard=found, now=NOW)


THEIRS = Overheard(conversation=TALK, speaker="ada", theirs=True, place=THERE)
TALKING = Overheard(conversation=TALK, speaker="ada")


@pytest.mark.parametrize(
    ("text", "name", "number", "rest"),
    [
        (said("!reply hello"), "reply", None, "hello"),
        (said("!reply #12 hello"), "reply", 12, "hello"),
        (said("!Reply\nhello\nthere"), "reply", None, "hello\nthere"),
        (said("!reply #12"), "reply", 12, ""),
        (said("!join #14"), "join", 14, ""),
        (said("!nonsense"), "nonsense", None, ""),
        ((Paragraph((Text("!reply "), Bold((Text("now"),)))),), "reply", None, "now"),
        (
            (Paragraph((Text("!reply"), Break(), Text("now"))), Paragraph((Text("then"),))),
            "reply",
            None,
            "now\nthen",
        ),
    ],
)
def test_commands_are_read(text: Rich, name: str, number: int | None, rest: str) -> None:
    found = command(text)
    assert found is not None
    assert (found.name, found.handle, plain(found.rest)) == (name, number, rest)
    assert (found.word is None) == (name not in set(Word))


NO_COMMANDS = (said("hello"), said("! reply"), said("!!"), said("say !reply"), (), said("!1"), said("!a.b"))


@pytest.mark.parametrize("text", NO_COMMANDS)
def test_what_is_no_command(text: Rich) -> None:
    assert command(text) is None


@given(st.text(max_size=40))
def test_no_words_break_the_reading_of_commands(words: str) -> None:
    found = command(said(f"!reply {words}".replace("\r", "")))
    assert found is None or found.word is Word.REPLY


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Olena", "Olena"), (" Olena ", "Olena"), ("", "Guest"), ("+380 50 111 11 11", "Guest"), (NATIVE, "Guest"),
        (f"me {NATIVE}", "Guest"), ("Agent 007", "Agent 007"),
    ],
)  # fmt: skip
def test_a_name_that_tells_a_number_is_not_shown(name: str, shown: str) -> None:
    assert chosen(User(id=UserId(NATIVE), name=name), NATIVE) == shown


def test_a_thread_names_its_conversation() -> None:
    assert handle(thread_of(TALK)) == 12
    assert handle(ThreadId("$abc")) is None
    assert handle(ThreadId("desk 1 12")) is None
    assert handle(None) is None
    assert is_late(late_link_of("help"))
    assert not is_late(link_of("help"))


def test_nothing_of_the_person_but_name_and_words_goes_to_the_agents() -> None:
    text = (Paragraph((Text("ask "), Mention("me", UserId(NATIVE)))),)
    ruling = heard(posted(text), THERE, TALK, DESK, NOW, timedelta(hours=24))
    (words,) = ruling.passages
    assert isinstance(words.event, Posted)
    assert (words.event.room, words.event.author.avatar) == ("", None)
    assert words.event.text == (Paragraph((Text("ask "), Mention("me", None))),)
    (turn,) = ruling.turns
    assert (turn.heard, turn.window_until, turn.waits_since) == (THERE.room, AT + 86_400_000, AT)


def test_away_is_told_again_after_twelve_hours() -> None:
    closed = span("sun 00:00-00:01")
    assert closed is not None
    desk = Desk(name="help", room=DESK.room, accounts=DESK.accounts, away="We are away.", hours=Hours((closed,)))
    for hours, passages in ((None, 2), (13, 2), (11, 1)):
        at = None if hours is None else AT - hours * 3_600_000
        talk = Conversation(**{name: getattr(TALK, name) for name in TALK.__struct_fields__} | {"away_at": at})
        assert len(heard(posted(said("hello")), THERE, talk, desk, NOW, None).passages) == passages


def test_only_answers_go_to_the_person() -> None:
    assert overheard(spoken(said("hello"), TALKING), DESK).passages == ()
    (answer,) = overheard(spoken(said("hello"), THEIRS), DESK).passages
    assert (answer.to, answer.private) == (THERE.room, THERE)
    silent = Desk(name="help", room=DESK.room, accounts=DESK.accounts, answers=frozenset({Answer.REACTIONS}))
    assert overheard(spoken(said("hello"), THEIRS), silent).passages == ()


def test_an_answer_hangs_on_nothing_that_the_person_has_not_seen() -> None:
    for found, hangs in ((TALKING, None), (THEIRS, "m0")):
        (answer,) = overheard(spoken(said("!reply hello"), found), DESK).passages
        assert isinstance(answer.event, Posted)
        assert answer.event.in_reply_to == hangs


@pytest.mark.parametrize(
    ("by", "at", "other"),
    [
        (None, None, False),
        ("ada", None, False),
        ("bob", None, True),
        ("bob", AT - 30 * 60_000, True),
        ("bob", AT - 61 * 60_000, False),
    ],
)
def test_a_claim_holds_for_a_while_or_until_it_is_released(by: str | None, at: int | None, *, other: bool) -> None:
    talk = Conversation(number=12, desk="help", agents=AGENTS, title="Olena", claimed_by=by, claimed_at=at)
    assert claimed_by_other(talk, "ada", DESK, NOW) is other


def test_commands_of_another_desk_do_nothing_here() -> None:
    stranger = Conversation(number=12, desk="sales", agents=RoomNumber(2), title="Olena", rooms=(THERE,))
    (told,) = overheard(spoken(said("!close #12"), Overheard(conversation=stranger, speaker="ada")), DESK).passages
    assert told.to == AGENTS
    assert isinstance(told.event, Posted)
    assert plain(told.event.text).startswith("Which conversation?")


def test_a_reply_to_another_desks_person_goes_nowhere() -> None:
    stranger = Conversation(number=12, desk="sales", agents=RoomNumber(2), title="Olena", rooms=(THERE,))
    found = Overheard(conversation=stranger, speaker="ada", theirs=True, place=THERE)
    assert overheard(spoken(said("hello"), found), DESK).passages == ()


def test_a_blocked_person_says_nothing() -> None:
    talk = Conversation(number=12, desk="help", agents=AGENTS, title="Olena", rooms=(THERE,), state=State.BLOCKED)
    assert heard(posted(said("hello")), THERE, talk, DESK, NOW, None).passages == ()
