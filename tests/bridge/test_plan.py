"""What each kind of row does in rooms of every kind."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bridge.asked import Deletion, Edit, Outgoing, Reaction
from bridge.capabilities import Authorship, Capabilities, Relation
from bridge.connector import Connector
from bridge.errors import Feature
from bridge.events import Deleted, Edited, Posted, Reacted, Unreacted, User
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
from bridge.plan import features, is_plain, planned
from bridge.steps import Ended, Facts, Orphan, Plan, Step, View, person, sealed, unsealed
from bridge.store.questions import Emojis, Known, Put
from bridge.store.rows import Outcome, Row, RowKind, TwinKind
from bridge.testing.memory import BareMemoryConnector, MemoryConnector
from bridge.testing.strategies import trees
from bridge.text.length import Unit
from bridge.text.nodes import ALL_NODES, said
from bridge.text.walk import plain

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ADA = User(id=UserId("native-ada"), name="Ada")
EVERY = frozenset(Feature)
LEFT, RIGHT = RoomNumber(1), RoomNumber(2)
ROOM = Capabilities(formatting=ALL_NODES, relations=frozenset({Relation.REPLY}), max_text=100)
COPY = Known(
    number=MessageNumber(7), author="Bob", excerpt="the old words", at=int(NOON.timestamp() * 1000), gone=False,
    origin=LEFT, parts=((MessageId("c1"),),), carried=True, ours=True,
)  # fmt: skip
BASE: dict[str, Any] = {"id": EventId("e1"), "room": RoomId("!left"), "at": NOON}
POSTED = Posted(**BASE, message=(MessageId("m1"),), author=ADA, text=said("hello"))
EDITED = Edited(**BASE, replaces=MessageId("m1"), author=ADA, text=said("hello again"))
DELETED = Deleted(**BASE, message=MessageId("m1"), by=ADA)
REACTED = Reacted(**BASE, message=MessageId("m1"), emoji="👍", by=ADA)
UNREACTED = Unreacted(**BASE, message=MessageId("m1"), emoji="👍", by=ADA)
KINDS: Mapping[type, RowKind] = {
    Posted: RowKind.POST, Edited: RowKind.EDIT, Deleted: RowKind.DELETE, Reacted: RowKind.REACT,
    Unreacted: RowKind.UNREACT,
}  # fmt: skip


def row(event: Any, **more: Any) -> Row:  # noqa: ANN401 - fields by name
    return Row(**{
        "number": RowNumber(5), "room": RIGHT, "event_number": 5, "event": event, "kind": KINDS[type(event)],
        "link": "town", "born": 0, "at": 0, "fanout": 1, "origin": LEFT, "message": MessageNumber(7),
        "person": PersonNumber(3), **more,
    })  # fmt: skip


def view(able: frozenset[Feature] = EVERY, to: Capabilities = ROOM) -> View:
    return View(place=Place(RoomId("!right"), ThreadId("9")), capabilities=to, features=able, prefix="ep.5")


def steps(event: Any, facts: Facts, seen: View | None = None, now: datetime = NOON, **more: Any) -> tuple[Step, ...]:  # noqa: ANN401 - events and fields
    plan = planned(row(event, **more), facts, seen or view(), now)
    assert isinstance(plan, Plan), plan
    return plan.steps


def ended(event: Any, facts: Facts, seen: View | None = None, now: datetime = NOON, **more: Any) -> object:  # noqa: ANN401 - events and fields
    return planned(row(event, **more), facts, seen or view(), now)


def words(step: Step) -> str:
    action = step.action
    content = action.content if isinstance(action, Edit) else action
    assert isinstance(content, Outgoing)
    return plain(content.text)


def without(*lacking: Feature) -> View:
    return view(EVERY - set(lacking))


KNOWN = Facts(about=COPY)


def test_a_message_is_sent_with_all_that_belongs_to_it() -> None:
    (step,) = steps(POSTED, Facts())
    action = step.action
    assert isinstance(action, Outgoing)
    assert (action.room, action.thread, action.key, action.label) == ("!right", "9", "ep.5.0", "Ada")
    assert action.author is not None
    assert (action.author.number, action.author.name) == (3, "Ada")
    assert (step.part, step.kind) == (0, TwinKind.COPY)


def test_no_native_id_of_a_person_crosses() -> None:
    for event, facts in [(POSTED, Facts(reply=COPY)), (EDITED, KNOWN), (DELETED, KNOWN)]:
        assert "native-ada" not in repr(steps(event, facts))


def test_the_bridges_own_words_have_no_author() -> None:
    own = replace(POSTED, author=User(id=UserId(""), name=""))
    (step,) = steps(own, Facts(), person=None)
    assert isinstance(step.action, Outgoing)
    assert (step.action.author, step.action.label, words(step)) == (None, "", "hello")
    assert person(row(replace(DELETED, by=None)), view()) is None


def test_a_reply_hangs_on_its_message() -> None:
    (step,) = steps(POSTED, Facts(reply=COPY))
    assert isinstance(step.action, Outgoing)
    assert step.action.in_reply_to is not None
    assert step.action.in_reply_to.parts == ("c1",)
    assert words(step) == "Ada: hello"


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (COPY, "Ada: \n> Bob: the old words\nhello"),
        (replace(COPY, parts=()), "Ada: \n> Bob: the old words\nhello"),
        (replace(COPY, excerpt=None), "Ada: \n> Bob\nhello"),
        (replace(COPY, author=""), "Ada: \n> …: the old words\nhello"),
        (replace(COPY, excerpt="@room hi"), "Ada: \n> Bob: @\u200broom hi\nhello"),
        (replace(COPY, gone=True), "Ada: hello"),
        (replace(COPY, origin=RoomNumber(99), parts=(), carried=False), "Ada: hello"),
        (replace(COPY, origin=RoomNumber(99), parts=()), "Ada: \n> Bob: the old words\nhello"),
        (replace(COPY, origin=RoomNumber(99)), "Ada: \n> Bob: the old words\nhello"),
        (None, "Ada: hello"),
    ],
)
def test_a_reply_quotes_where_it_cannot_hang(known: Known | None, expected: str) -> None:
    (step,) = steps(POSTED, Facts(reply=known), without(Feature.REPLY))
    assert words(step) == expected


@pytest.mark.parametrize(
    ("thread", "expected"),
    [("42", "Ada: (in thread 42) hello"), ("$a-long-native-id:of.some.server", "Ada: (in a thread) hello")],
)
def test_a_thread_nobody_here_knows_is_said(thread: str, expected: str) -> None:
    (step,) = steps(replace(POSTED, thread=ThreadId(thread)), Facts())
    assert words(step) == expected


def test_what_is_said_in_a_thread_hangs_on_its_first_message() -> None:
    threaded = replace(POSTED, thread=ThreadId("m0"))
    assert not is_plain(row(threaded))
    (step,) = steps(threaded, Facts(reply=COPY))
    assert isinstance(step.action, Outgoing)
    assert step.action.in_reply_to is not None
    assert words(step) == "Ada: hello"


def test_an_edit_changes_the_copy() -> None:
    (step,) = steps(EDITED, KNOWN)
    assert isinstance(step.action, Edit)
    assert (step.action.target.parts, step.action.content.key, words(step)) == (("c1",), "ep.5.0", "Ada: hello again")


LATE, VERY_LATE = NOON + timedelta(hours=3), NOON + timedelta(hours=49)
SOON = replace(ROOM, edit_within=timedelta(hours=1), delete_within=timedelta(hours=1))


@pytest.mark.parametrize(
    ("seen", "now", "facts", "kind"),
    [
        (without(Feature.EDIT), NOON, KNOWN, TwinKind.NOTE),
        (view(to=SOON), LATE, KNOWN, TwinKind.NOTE),
        (view(), NOON, Facts(), TwinKind.COPY),
        (view(), NOON, Facts(about=replace(COPY, parts=())), TwinKind.COPY),
    ],
)
def test_an_edit_that_cannot_be_made_is_told_anew(seen: View, now: datetime, facts: Facts, kind: TwinKind) -> None:
    (step,) = steps(EDITED, facts, seen, now)
    assert (words(step), step.kind) == ("Ada: (edited) hello again", kind)


@pytest.mark.parametrize(
    ("facts", "seen", "now", "expected"),
    [
        (Facts(about=replace(COPY, gone=True)), view(), NOON, Ended(Outcome.CANCELLED, "deleted before")),
        (Facts(about=replace(COPY, parked=True)), view(), NOON, Orphan()),
        (Facts(about=replace(COPY, ours=False)), view(), NOON, Ended(Outcome.DROPPED, "not ours to edit")),
        (KNOWN, view(to=SOON), VERY_LATE, Ended(Outcome.DROPPED, "an edit too late to show")),
    ],
)
def test_an_edit_that_says_nothing_ends(facts: Facts, seen: View, now: datetime, expected: object) -> None:
    assert ended(EDITED, facts, seen, now) == expected


def test_an_edit_to_more_parts_sends_the_rest() -> None:
    long = replace(EDITED, text=said("word " * 40))
    first, *rest = steps(long, KNOWN)
    assert isinstance(first.action, Edit)
    assert len(rest) >= 1
    assert all(isinstance(step.action, Outgoing) for step in rest)
    assert [step.part for step in (first, *rest)] == list(range(1 + len(rest)))


def test_an_edit_to_fewer_parts_takes_the_rest_back() -> None:
    two = Facts(about=replace(COPY, parts=((MessageId("c1"),), (MessageId("c2"), MessageId("c3")))))
    first, second = steps(EDITED, two)
    assert isinstance(first.action, Edit)
    assert isinstance(second.action, Deletion)
    assert second.action.target.parts == ("c2", "c3")
    _, emptied = steps(EDITED, two, without(Feature.DELETE))
    assert isinstance(emptied.action, Edit)
    assert words(emptied) == "…"


def test_a_deletion_takes_all_parts_and_notes() -> None:
    facts = Facts(about=replace(COPY, parts=((MessageId("c1"),), (MessageId("c2"),)), notes=(MessageId("n1"),)))
    (step,) = steps(DELETED, facts)
    assert isinstance(step.action, Deletion)
    assert step.action.target.parts == ("c1", "c2", "n1")


@pytest.mark.parametrize(
    ("seen", "now"), [(without(Feature.DELETE), NOON), (view(to=replace(SOON, edit_within=None)), LATE)]
)
def test_a_deletion_becomes_a_note_where_only_edits_exist(seen: View, now: datetime) -> None:
    blanked = steps(DELETED, Facts(about=replace(COPY, notes=(MessageId("n1"),))), seen, now)
    assert [words(step) for step in blanked] == ["[deleted]", "…"]
    assert [step.action.target.parts for step in blanked if isinstance(step.action, Edit)] == [("c1",), ("n1",)]


@pytest.mark.parametrize(
    ("facts", "seen", "expected"),
    [
        (Facts(), view(), Ended(Outcome.CANCELLED, "nothing there to delete")),
        (Facts(about=replace(COPY, parts=())), view(), Ended(Outcome.CANCELLED, "nothing there to delete")),
        (Facts(about=replace(COPY, ours=False)), view(), Ended(Outcome.DROPPED, "not ours to delete")),
        (KNOWN, without(Feature.DELETE, Feature.EDIT), Ended(Outcome.DROPPED, "cannot be deleted there")),
    ],
)
def test_a_deletion_that_cannot_be_shown_ends(facts: Facts, seen: View, expected: object) -> None:
    assert ended(DELETED, facts, seen) == expected


def emojis(*wanted: str, ours: Mapping[str, str | None] | None = None) -> Facts:
    shown: Any = dict(ours or {})
    return Facts(about=COPY, emojis=Emojis(puts(wanted), shown))


def puts(wanted: Iterable[str]) -> tuple[Put, ...]:
    return tuple(Put(PersonNumber(number), "Ada", emoji, RoomNumber(2)) for number, emoji in enumerate(wanted, 3))


def test_a_reaction_is_added_and_taken_back() -> None:
    (step,) = steps(REACTED, emojis("👍"))
    assert isinstance(step.action, Reaction)
    assert (step.action.emoji, step.action.wanted, step.action.native) == ("👍", ("👍",), None)
    (step,) = steps(UNREACTED, emojis("🐫", ours={"👍": "r1", "🐫": None}))
    assert isinstance(step.action, Reaction)
    assert (step.action.emoji, step.action.wanted, step.action.native) == ("👍", ("🐫",), "r1")


def test_a_reaction_shown_already_is_merged() -> None:
    assert ended(REACTED, emojis("👍", ours={"👍": None})) == Ended(Outcome.MERGED, "reaction shown already")
    assert ended(DELETED, emojis("👍", ours={"👍": None}), kind=RowKind.UNREACT) == Ended(
        Outcome.MERGED, "reaction shown already"
    )


@pytest.mark.parametrize(
    "seen",
    [
        without(Feature.REACT),
        view(to=replace(ROOM, reactions=frozenset({"🐫"}))),
        view(to=replace(ROOM, max_reactions=0)),
    ],
)
def test_a_reaction_that_cannot_be_shown_is_told(seen: View) -> None:
    (step,) = steps(REACTED, emojis("👍"), seen)
    assert (words(step), step.kind) == ("Ada reacted 👍 to “the old words”", TwinKind.LINE)
    (step,) = steps(REACTED, emojis("👍"), replace(seen, features=seen.features - {Feature.EDIT}))
    assert (words(step), step.kind) == ("Ada reacted 👍 to “the old words”", TwinKind.NOTE)


def test_one_reaction_too_many_is_told() -> None:
    (step,) = steps(REACTED, emojis("🐫", "👍", ours={"🐫": None}), view(to=replace(ROOM, max_reactions=1)))
    assert words(step) == "Ada reacted 👍 to “the old words”"


def test_a_reaction_taken_back_is_told_where_it_was_told() -> None:
    (step,) = steps(UNREACTED, emojis(), without(Feature.REACT, Feature.EDIT))
    assert words(step) == "Ada took back 👍 on “the old words”"
    assert isinstance(ended(UNREACTED, emojis()), Ended)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (Facts(about=COPY), Ended(Outcome.DROPPED, "reaction to a message that is not there")),
        (
            replace(emojis("👍"), about=replace(COPY, carried=False)),
            Ended(Outcome.DROPPED, "reaction to a message that is not there"),
        ),
        (replace(emojis("👍"), about=replace(COPY, gone=True)), Ended(Outcome.CANCELLED, "deleted before")),
    ],
)
def test_a_reaction_to_nothing_ends(facts: Facts, expected: object) -> None:
    assert ended(REACTED, facts) == expected


def test_only_messages_that_answer_none_are_plain() -> None:
    assert is_plain(row(POSTED))
    assert not is_plain(row(POSTED, reply=MessageNumber(1)))
    assert not is_plain(row(replace(POSTED, in_reply_to=MessageId("x"))))
    assert not any(is_plain(row(event)) for event in (EDITED, DELETED, REACTED, UNREACTED))


def test_features_are_asked_of_methods_and_numbers() -> None:
    always = {Feature.FORMATTING, Feature.ATTACHMENT}
    assert features(BareMemoryConnector, Capabilities()) == always
    changes = {Feature.EDIT, Feature.DELETE, Feature.CLOSE, Feature.OPEN, Feature.REACT, Feature.REPLY}
    assert features(MemoryConnector, ROOM) == always | changes
    assert Feature.THREAD in features(Connector, Capabilities(relations=frozenset({Relation.THREAD})))


@st.composite
def cases(draw: st.DrawFn) -> tuple[Row, Facts, View]:
    event = draw(st.sampled_from((POSTED, EDITED, DELETED, REACTED, UNREACTED)))
    if isinstance(event, (Posted, Edited)):
        event = replace(event, text=draw(trees()))
    parts = tuple((MessageId(f"c{number}"),) for number in range(draw(st.integers(0, 4))))
    flags = {name: draw(st.booleans()) for name in ("gone", "ours", "parked", "carried")}
    about = draw(st.one_of(st.none(), st.just(replace(COPY, parts=parts, **flags))))
    some = st.lists(st.sampled_from(("👍", "🐫", "🎉")), unique=True, max_size=3).map(tuple)
    facts = Facts(
        about=about,
        reply=draw(st.sampled_from((None, COPY, replace(COPY, parts=())))),
        emojis=draw(st.one_of(st.none(), st.builds(Emojis, some.map(puts), some.map(dict.fromkeys)))),
    )
    to = Capabilities(
        authorship=draw(st.sampled_from(Authorship)),
        formatting=draw(st.sampled_from((ALL_NODES, frozenset()))),
        max_text=draw(st.integers(64, 300)),
        unit=draw(st.sampled_from(Unit)),
        max_lines=draw(st.sampled_from((None, 3))),
        max_reactions=draw(st.sampled_from((None, 0, 1))),
        edit_within=draw(st.sampled_from((None, timedelta(0)))),
    )
    return row(event), facts, view(draw(st.frozensets(st.sampled_from(sorted(Feature)))), to)


def keys(plan: Plan) -> list[str]:
    return [step.action.content.key if isinstance(step.action, Edit) else step.action.key for step in plan.steps]


@given(cases())
def test_keys_are_unique_stable_and_survive_sealing(case: tuple[Row, Facts, View]) -> None:
    one = planned(*case, NOON)
    assert planned(*case, NOON) == one
    if isinstance(one, Plan):
        assert one.steps
        assert len(set(keys(one))) == len(keys(one))
        assert all(key.startswith("ep.5.") for key in keys(one))
        assert unsealed(sealed(one)) == one
        assert one.fragile or len(one.steps) == 1
