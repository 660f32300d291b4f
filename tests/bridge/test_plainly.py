"""The short way of plain messages says what the long way says."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from bridge.capabilities import Authorship, Capabilities, Isolation
from bridge.events import Attachment, Kind, Manner, Posted, User
from bridge.ids import (
    EventId,
    MessageId,
    MessageNumber,
    PersonNumber,
    Place,
    RoomId,
    RoomNumber,
    RowNumber,
    ThreadId,
    UserId,
)
from bridge.people import bare, label
from bridge.plainly import byline, on_time, plainly, words_of
from bridge.plan import features, planned
from bridge.steps import Facts, Plan, View
from bridge.store.rows import Row, RowKind
from bridge.testing.memory import MemoryConnector
from bridge.testing.strategies import trees
from bridge.text.length import Unit
from bridge.text.nodes import ALL_NODES, Bold, Break, Mention, Node, Paragraph, Rich, Text, said

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
PLACE = Place(RoomId("!right"), ThreadId("9"))
ADA = PersonNumber(3)
NAMES = ("Ada", "عادة", "Ада", "A" * 40, "\u2068x", "👩‍👩‍👧‍👦" * 9)


def row(text: Rich, name: str = "Ada", **more: Any) -> Row:  # noqa: ANN401 - fields by name
    author = User(id=UserId("native"), name=name, avatar="handle")
    event = Posted(
        id=EventId("e"), room=RoomId("!left"), at=NOON, message=(MessageId("m"),), author=author, text=text, **more
    )
    return Row(
        number=RowNumber(5), room=RoomNumber(2), event_number=5, event=event, kind=RowKind.POST, link="town", born=0,
        at=0, fanout=1, origin=RoomNumber(1), message=MessageNumber(7), person=ADA,
    )  # fmt: skip


def rooms() -> st.SearchStrategy[Capabilities]:
    formats: list[frozenset[type[Node]]] = [ALL_NODES, frozenset({Break}), frozenset({Bold}), frozenset()]
    return st.builds(
        Capabilities, authorship=st.sampled_from(Authorship), isolation=st.sampled_from(Isolation),
        formatting=st.sampled_from(formats), max_text=st.integers(40, 500), unit=st.sampled_from(Unit),
    )  # fmt: skip


def short_way(one: Row, to: Capabilities) -> Plan | None:
    words, event = words_of(one), one.event
    assert isinstance(event, Posted)
    if not words:
        return None
    shown = label(event.author.name)
    name = shown if to.isolation is Isolation.MARKS else bare(shown)
    return plainly(one, words, byline(ADA, name, event.author.avatar, words, to), PLACE, "ep.5")


def long_way(one: Row, to: Capabilities) -> object:
    event = one.event
    assert isinstance(event, Posted)
    shown = label(event.author.name)
    labels = {ADA: shown if to.isolation is Isolation.MARKS else bare(shown)}
    able = features(MemoryConnector, to)
    view = View(place=PLACE, capabilities=to, features=able, prefix="ep.5", labels=labels)
    return planned(one, Facts(), view, NOON)


TEXTS = st.one_of(trees(ALL_NODES), st.text(max_size=120).map(said), st.text("ab שلо 👋", max_size=60).map(said))


@given(text=TEXTS, name=st.sampled_from(NAMES), to=rooms(), manner=st.sampled_from(Manner))
@example(text=said("hello"), name="Ada", to=Capabilities(), manner=Manner.SAY)
@example(text=said("שלום"), name="Ada", to=Capabilities(), manner=Manner.NOTICE)
def test_the_short_way_says_what_the_long_way_says(text: Rich, name: str, to: Capabilities, manner: Manner) -> None:
    one = row(text, name, manner=manner)
    plan = short_way(one, to)
    assert plan is None or plan == long_way(one, to)


@pytest.mark.parametrize("text", ["hello", "שלום", "як справи?", "👋 one"])
@pytest.mark.parametrize("authorship", Authorship)
@pytest.mark.parametrize("unit", Unit)
def test_plain_words_go_the_short_way(text: str, authorship: Authorship, unit: Unit) -> None:
    to = Capabilities(authorship=authorship, formatting=ALL_NODES, max_text=200, unit=unit)
    assert short_way(row(said(text)), to) == long_way(row(said(text)), to) is not None


@pytest.mark.parametrize(
    "one",
    [
        row((Paragraph((Bold((Text("loud"),)),)),)),
        row(said("two\nlines")),
        row(said("Bob: hello")),
        row(said("hello @Bob")),
        row((Paragraph((Mention("Bob"),)),)),
        row(said("")),
        row(said("waves"), manner=Manner.EMOTE),
        row(said("an answer"), in_reply_to=MessageId("before")),
        row(said("in a thread"), thread=ThreadId("t")),
        row(said("a picture"), attachments=(Attachment(kind=Kind.IMAGE),)),
        replace(row(said("the bridge's own")), person=None),
        replace(row(said("refused before")), generation=1),
        replace(row(said("an answer")), reply=MessageNumber(4)),
    ],
)
def test_what_wants_a_second_look_goes_the_long_way(one: Row) -> None:
    assert words_of(one) == ""


def test_words_that_may_be_too_many_go_the_long_way() -> None:
    to = Capabilities(max_text=50)
    assert short_way(row(said("x" * 36)), to) is not None  # four a character of the name, and the colon
    assert short_way(row(said("x" * 36)), to) == long_way(row(said("x" * 36)), to)
    assert short_way(row(said("x" * 60)), to) is None


def test_a_message_is_late_from_its_links_time_on() -> None:
    assert on_time(NOON, NOON + timedelta(seconds=599), 600.0)
    assert not on_time(NOON, NOON + timedelta(seconds=600), 600.0)
