"""Which messages are joined, what of them fits, and how a block looks."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from bridge.asked import Edit, Outgoing
from bridge.blocks import JOIN_SECONDS, MOST_MESSAGES, gathered, is_slow, joined, lag, without
from bridge.capabilities import Authorship, Capabilities, Rate
from bridge.errors import Feature, Scope
from bridge.events import Attachment, Kind, Manner, Posted, User
from bridge.ids import EventId, MessageId, MessageNumber, PersonNumber, Place, RoomId, RoomNumber, RowNumber, UserId
from bridge.steps import Plan, View
from bridge.store.questions import Joint, Known
from bridge.store.rows import Row, RowKind
from bridge.text.nodes import ALL_NODES, Bold, Break, CodeBlock, Paragraph, Rich, said
from bridge.text.walk import plain

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
NOON_MS = int(NOON.timestamp() * 1000)
GROUP = Capabilities(formatting=ALL_NODES, rates=(Rate(Scope.ROOM, 20, 60.0),), max_text=100)
PEOPLE = {"Ada": 1, "Ben": 2}


def row(number: int, words: Rich | str = "hello", who: str = "Ada", **more: object) -> Row:
    author = User(id=UserId(who), name=who)
    text = said(words) if isinstance(words, str) else words
    event = Posted(
        id=EventId(f"e{number}"), room=RoomId("!left"), at=NOON, message=(MessageId(f"m{number}"),), author=author,
        text=text,
    )  # fmt: skip
    made = Row(
        number=RowNumber(number), room=RoomNumber(2), event_number=number, event=event, link="town", born=0,
        kind=RowKind.POST, at=NOON_MS - 5000, fanout=1, message=MessageNumber(number), person=PersonNumber(PEOPLE[who]),
    )  # fmt: skip
    return replace(made, **more)


def posted(number: int, **more: object) -> Row:
    made = row(number)
    return replace(made, event=replace(made.event, **more))


def view(to: Capabilities = GROUP) -> View:
    return View(place=Place(RoomId("!right")), capabilities=to, features=frozenset(Feature), prefix="ep.1")


def content(plan: Plan | None) -> Outgoing:
    assert plan is not None
    (step,) = plan.steps
    assert isinstance(step.action, Outgoing)
    return step.action


def words(rows: Sequence[Row], to: Capabilities = GROUP) -> str:
    return plain(content(joined(rows, view(to), NOON)).text)


ALONE = [
    row(2, at=NOON_MS, link="other"),
    row(2, kind=RowKind.EDIT),
    row(2, plan=b"sealed"),
    row(2, gone=True),
    row(2, doubtful=True),
    row(2, alone=True),
    row(2, unreadable="rotten"),
    row(2, next_at=5),
    row(2, person=None),
    row(2, message=None),
    row(2, reply=MessageNumber(9)),
    posted(2, in_reply_to=MessageId("m9")),
    posted(2, manner=Manner.NOTICE),
    posted(2, attachments=(Attachment(kind=Kind.IMAGE),)),
]


@pytest.mark.parametrize("other", ALONE)
def test_only_plain_words_of_people_are_joined_and_nothing_is_passed(other: Row) -> None:
    assert gathered(row(1), (other, row(3)), NOON_MS) == ()
    assert gathered(row(1), (row(3), other, row(4)), NOON_MS) == (row(3),)


def test_nothing_is_joined_before_the_first_waited() -> None:
    fresh = row(1, at=NOON_MS - int(JOIN_SECONDS * 1000) + 1)
    assert gathered(fresh, (row(2),), NOON_MS) == ()
    assert gathered(row(1, alone=True), (row(2),), NOON_MS) == ()


def test_a_block_has_so_many_messages_and_no_more() -> None:
    assert len(gathered(row(1), [row(number) for number in range(2, 200)], NOON_MS)) == MOST_MESSAGES - 1


def test_each_is_named_and_stands_on_a_line_of_its_own() -> None:
    assert words((row(1), row(2, "hi", "Ben"), row(3, "how are you?"))) == "Ada: hello\nBen: hi\nAda: how are you?"


def test_what_is_more_than_a_paragraph_keeps_its_form() -> None:
    code: Rich = (*said("look"), CodeBlock("x = 1"))
    text = content(joined((row(1), row(2, code, "Ben"), row(3)), view(), NOON)).text
    assert [type(one) for one in text] == [Paragraph, CodeBlock, Paragraph]


def test_a_block_ends_where_the_room_ends() -> None:
    rows = [row(number, "word " * 5) for number in range(1, 9)]
    plan = joined(rows, view(), NOON)
    assert len(plain(content(plan).text)) <= GROUP.max_text
    assert plan is not None
    assert plan.joined == (2, 3)
    assert joined([row(1, "long " * 30), row(2)], view(), NOON) is None
    assert joined([row(1), row(2, "long " * 30)], view(), NOON) is None


def test_where_names_are_no_words_only_one_persons_messages_are_joined() -> None:
    named = replace(GROUP, authorship=Authorship.OVERRIDE)
    rows = (row(1), row(2, "more"), row(3, "hi", "Ben"))
    plan = joined(rows, view(named), NOON)
    assert plain(content(plan).text) == "hello\nmore"
    assert content(plan).author is not None
    assert content(joined(rows, view(), NOON)).author is None


def test_the_lag_stands_above_what_is_a_minute_late() -> None:
    late = [row(number, at=NOON_MS - 150_000) for number in (1, 2)]
    assert words(late) == "(2 min late)\nAda: hello\nAda: hello"


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.4, "0 s"), (59, "59 s"), (90, "2 min"), (3600, "60 min"), (7200, "2 h")]
)
def test_a_lag_reads_as_people_say_it(seconds: float, shown: str) -> None:
    assert lag(seconds) == shown


def test_a_block_without_one_message_keeps_the_others() -> None:
    plan = joined((row(1), row(2, "hi", "Ben")), view(), NOON)
    assert plan is not None
    known = Known(
        number=MessageNumber(1), author="Ada", excerpt="", at=0, gone=False, parts=((MessageId("c1"),),), ours=True,
        joined=True, joint=plan.joint,
    )  # fmt: skip
    again = without(row(9), known, view())
    assert again is not None
    assert isinstance(again.steps[0].action, Edit)
    assert plain(again.steps[0].action.content.text) == "Ben: hi"
    assert without(row(9), replace(known, joint=None), view()) is None


def test_the_words_are_kept_as_long_as_they_may_change() -> None:
    for within, kept in ((None, 48), (timedelta(hours=1), 1), (timedelta(days=9), 48)):
        plan = joined((row(1), row(2)), view(replace(GROUP, edit_within=within)), NOON)
        assert plan is not None
        assert isinstance(plan.joint, Joint)
        assert plan.joint.until == NOON_MS + kept * 3_600_000


@pytest.mark.parametrize(
    ("to", "slow"),
    [
        (GROUP, True),
        (replace(GROUP, rates=(Rate(Scope.ROOM, 1, 1.0),)), True),
        (replace(GROUP, rates=(Rate(Scope.ROOM, 5, 1.0),)), False),
        (replace(GROUP, rates=(Rate(Scope.ACCOUNT, 1, 9.0),)), False),
        (replace(GROUP, formatting=frozenset({Bold})), False),
        (replace(GROUP, formatting=frozenset({Break})), True),
    ],
)
def test_a_room_is_slow_where_it_takes_one_a_second_or_fewer(to: Capabilities, slow: bool) -> None:  # noqa: FBT001 a case
    assert is_slow(to, set(Feature)) is slow
    assert not is_slow(to, {Feature.DELETE})
