"""Reactions on one message that a room shows in words: which go together, for how long they wait, what is said."""

from collections.abc import Sequence
from datetime import UTC, datetime

import grapheme
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bridge.asked import Deletion, Edit, Outgoing, Person, Reaction
from bridge.capabilities import Authorship, Capabilities
from bridge.errors import Feature
from bridge.events import Posted, Reacted, Unreacted, User
from bridge.ids import EventId, MessageId, MessageNumber, PersonNumber, Place, RoomId, RoomNumber, RowNumber, UserId
from bridge.nearest import FAMILY, nearest
from bridge.reactions import JOIN_SECONDS, lingers, reacted, together
from bridge.steps import Ended, Facts, Plan, Step, View
from bridge.store.questions import Emojis, Known, Put
from bridge.store.rows import Outcome, Row, RowKind, TwinKind
from bridge.text.nodes import said
from bridge.text.walk import plain

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
WORDLESS = frozenset(Feature) - {Feature.REACT, Feature.EDIT}
COPY = Known(number=MessageNumber(7), author="Bob", excerpt="hello", at=0, parts=((MessageId("c1"),),), gone=False,
             carried=True, ours=True)  # fmt: skip
PEOPLE = {"Ada": 1, "Bob": 2, "Eve": 3}


def row(who: str, emoji: str, number: int = 1) -> Row:
    by = User(id=UserId(who), name=who)
    event = Reacted(
        id=EventId(f"e{number}"), room=RoomId("!left"), at=NOON, message=MessageId("m1"), emoji=emoji, by=by
    )
    return Row(
        number=RowNumber(number), room=RoomNumber(2), event_number=number, event=event, link="town", born=0, at=0,
        kind=RowKind.REACT, fanout=1, message=MessageNumber(7), person=PersonNumber(PEOPLE[who]),
    )  # fmt: skip


def back(who: str, emoji: str, number: int = 1) -> Row:
    put = row(who, emoji, number).event
    assert isinstance(put, Reacted)
    event = Unreacted(id=put.id, room=put.room, at=put.at, message=put.message, emoji=emoji, by=put.by)
    return replace(row(who, emoji, number), event=event, kind=RowKind.UNREACT)


def facts(*put: tuple[str, str], ours: Sequence[str] = (), line: str = "") -> Facts:
    wanted = tuple(Put(PersonNumber(PEOPLE[who]), who, emoji, RoomNumber(2)) for who, emoji in put)
    shown: dict[str, MessageId | None] = dict.fromkeys(ours)
    about = replace(COPY, line=(MessageId(line),) if line else ())
    return Facts(about=about, emojis=Emojis(wanted, shown))


def view(features: frozenset[Feature] = WORDLESS) -> View:
    return View(place=Place(RoomId("!right")), capabilities=Capabilities(), features=features, prefix="ep.5")


def told(rows: Sequence[Row]) -> list[str]:
    decision = reacted(rows, facts(), view(), NOON)
    if isinstance(decision, Ended):
        return [decision.cause]
    return [plain(step.action.text) for step in decision.steps if isinstance(step.action, Outgoing)]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([row("Ada", "👍")], ["Ada reacted 👍 to “hello”"]),
        ([row("Ada", "👍"), row("Bob", "👍")], ["Ada, Bob reacted 👍 to “hello”"]),
        ([row("Ada", "👍"), row("Ada", "🐫")], ["Ada reacted 👍 🐫 to “hello”"]),
        ([row("Ada", "👍"), row("Bob", "🐫"), row("Eve", "👍")], ["Ada, Eve reacted 👍; Bob reacted 🐫 to “hello”"]),
        ([row("Ada", "👍"), back("Ada", "👍")], ["reaction shown already"]),
        (
            [row("Ada", "👍"), back("Bob", "👍")],
            ["Ada reacted 👍 to “hello”", "Bob took back 👍 on “hello”"],
        ),
        ([back("Ada", "👍"), row("Ada", "👍")], ["reaction shown already"]),
    ],
)
def test_reactions_of_several_are_one_line(rows: list[Row], expected: list[str]) -> None:
    assert told(rows) == expected


def test_the_plan_names_the_rows_that_it_shows_too() -> None:
    decision = reacted([row("Ada", "👍", 5), row("Bob", "👍", 8)], facts(), view(), NOON)
    assert isinstance(decision, Plan)
    assert decision.joined == (8,)
    nothing = [row("Ada", "👍", 5), back("Ada", "👍", 8)]
    ended = reacted(nothing, facts(), view(), NOON)
    assert ended == Ended(Outcome.MERGED, "reaction shown already", (RowNumber(8),))


def test_only_reactions_on_the_same_message_go_together() -> None:
    first, second = row("Ada", "👍", 1), row("Bob", "👍", 2)
    posted = Posted(id=EventId("e9"), room=RoomId("!left"), at=NOON, message=(), author=User(id=UserId("x"), name="x"),
                    text=said("hi"))  # fmt: skip
    words = replace(second, event=posted, kind=RowKind.POST)
    for other in (
        words,
        replace(second, message=MessageNumber(8)),
        replace(second, link="other"),
        replace(second, plan=b"sealed"),
    ):
        assert together((first, other, second)) == (first,)
    assert together((first, second, words)) == (first, second)


@given(st.integers(min_value=-10_000_000, max_value=10_000_000))
def test_a_reaction_waits_at_most_its_time_whatever_the_clock_says(now: int) -> None:
    assert lingers((row("Ada", "👍"),), WORDLESS, now) <= JOIN_SECONDS


def test_a_reaction_waits_only_where_it_becomes_a_line_and_nothing_else_is_behind_it() -> None:
    first, second = row("Ada", "👍", 1), row("Bob", "👍", 2)
    assert lingers((first,), WORDLESS, 0) == JOIN_SECONDS
    assert lingers((first, second), WORDLESS, 500) == JOIN_SECONDS - 0.5
    assert lingers((first,), frozenset(Feature), 0) == 0
    assert lingers((first, replace(second, message=MessageNumber(8))), WORDLESS, 0) == 0
    assert lingers((replace(first, plan=b"sealed"),), WORDLESS, 0) == 0
    assert lingers((back("Ada", "👍"),), WORDLESS, 0) == 0
    assert lingers((first,), WORDLESS, -3_600_000) == 0


def ghosts(allowed: frozenset[str] | None = None) -> View:
    return replace(view(frozenset(Feature)), capabilities=Capabilities(authorship=Authorship.GHOST, reactions=allowed))


def done(rows: Sequence[Row], emojis: Emojis, seen: View) -> list[tuple[str, str, int]]:
    """What the ghosts do: emoji, whether it comes or goes, whose; and what is said in words."""
    decision = reacted(rows, Facts(about=COPY, emojis=emojis), seen, NOON)
    if isinstance(decision, Ended):
        return []
    return [
        (step.action.emoji, "put" if step.action.emoji in step.action.wanted else "taken", step.ghost)
        if isinstance(step.action, Reaction)
        else (plain(step.action.text), "said", step.ghost)
        for step in decision.steps
        if isinstance(step.action, (Reaction, Outgoing))
    ]


ADA, BOB, EVE = (PersonNumber(PEOPLE[name]) for name in ("Ada", "Bob", "Eve"))


@pytest.mark.parametrize(
    ("rows", "people", "shown", "ours", "expected"),
    [
        ([row("Ada", "👍")], [(ADA, "👍")], {}, {}, [("👍", "put", 1)]),
        ([row("Bob", "👍")], [(ADA, "👍"), (BOB, "👍")], {(ADA, "👍"): "r1"}, {}, [("👍", "put", 2)]),
        ([row("Ada", "👍")], [(ADA, "👍"), (BOB, "👍")], {}, {}, [("👍", "put", 1)]),
        ([row("Ada", "👍")], [(ADA, "👍"), (BOB, "👍"), (BOB, "🐫")], {(BOB, "👍"): "r1"}, {}, [("👍", "put", 1)]),
        (
            [row("Ada", "👍"), row("Bob", "🐫")],
            [(ADA, "👍"), (BOB, "🐫")],
            {},
            {},
            [("👍", "put", 1), ("🐫", "put", 2)],
        ),
        ([back("Ada", "👍")], [(BOB, "👍")], {(ADA, "👍"): "r1", (BOB, "👍"): "r2"}, {}, [("👍", "taken", 1)]),
        ([back("Eve", "👍")], [], {(ADA, "👍"): "r1"}, {}, [("👍", "taken", 1)]),
        ([row("Ada", "👍")], [(ADA, "👍")], {(ADA, "👍"): "r1"}, {}, []),
        ([row("Ada", "👍")], [(ADA, "👍")], {}, {"👍": "r0"}, [("👍", "put", 1)]),
        ([back("Ada", "👍")], [], {(ADA, "👍"): "r1"}, {"👍": "r0"}, [("👍", "taken", 0), ("👍", "taken", 1)]),
    ],
)
def test_each_ghost_is_brought_to_what_its_person_wants(
    rows: list[Row],
    people: list[tuple[PersonNumber, str]],
    shown: dict[tuple[PersonNumber, str], MessageId | None],
    ours: dict[str, MessageId | None],
    expected: list[tuple[str, str, int]],
) -> None:
    names = {number: name for name, number in PEOPLE.items()}
    emojis = Emojis(tuple(Put(who, names[who], emoji, RoomNumber(2)) for who, emoji in people), ours, shown)
    assert done(rows, emojis, ghosts()) == expected


def test_what_a_ghost_may_not_put_is_said_by_the_bridge() -> None:
    both = [row("Ada", "🐫"), row("Bob", "👍")]
    decision = reacted(both, facts(("Ada", "🐫"), ("Bob", "👍")), ghosts(frozenset("👍")), NOON)
    assert isinstance(decision, Plan)
    put, line = (step.action for step in decision.steps)
    assert isinstance(put, Reaction)
    assert put.by == Person(number=BOB, name="Bob")
    assert isinstance(line, Outgoing)
    assert (plain(line.text), line.author) == ("Ada reacted 🐫 to “hello”", None)


ONE = replace(view(frozenset(Feature)), capabilities=Capabilities(max_reactions=1, reactions=frozenset({"👍", "❤"})))


def steps(rows: Sequence[Row], known: Facts, seen: View = ONE) -> tuple[Step, ...]:
    decision = reacted(rows, known, seen, NOON)
    return decision.steps if isinstance(decision, Plan) else ()


def test_what_one_account_cannot_show_is_one_line() -> None:
    both = facts(("Ada", "👍"), ("Bob", "🐫"), ("Eve", "🐫"), ours=["👍"])
    (step,) = steps([row("Bob", "🐫"), row("Eve", "🐫", 2)], both)
    assert isinstance(step.action, Outgoing)
    assert (plain(step.action.text), step.kind) == ("Bob, Eve reacted 🐫 to “hello”", TwinKind.LINE)


def test_the_line_is_brought_up_to_date() -> None:
    more = facts(("Ada", "👍"), ("Bob", "🐫"), ("Eve", "🦜"), ours=["👍"], line="n1")
    (step,) = steps([row("Eve", "🦜")], more)
    assert isinstance(step.action, Edit)
    assert (step.action.target.parts, plain(step.action.content.text)) == (
        ("n1",), "Bob reacted 🐫; Eve reacted 🦜 to “hello”",
    )  # fmt: skip


def test_the_line_goes_with_the_last_reaction_it_told() -> None:
    (step,) = steps([back("Bob", "🐫")], facts(("Ada", "👍"), ours=["👍"], line="n1"))
    assert isinstance(step.action, Deletion)
    keeps = replace(ONE, features=ONE.features - {Feature.DELETE})
    (step,) = steps([back("Bob", "🐫")], facts(("Ada", "👍"), ours=["👍"], line="n1"), keeps)
    assert isinstance(step.action, Edit)
    assert plain(step.action.content.text) == "…"


def test_a_reaction_of_the_line_takes_a_free_place() -> None:
    """Ada took back what the account showed: Bob's, which the line told, stands there now, and the line goes."""
    native = steps([back("Ada", "👍")], facts(("Bob", "❤"), ours=["👍"], line="n1"))
    assert [type(step.action) for step in native] == [Reaction, Reaction, Deletion]


def test_a_line_that_says_the_same_is_left_alone() -> None:
    same = facts(("Ada", "👍"), ("Bob", "👍"), ("Eve", "🐫"), ours=["👍"], line="n1")
    assert steps([row("Bob", "👍")], same) == ()


@pytest.mark.parametrize(
    ("emoji", "shown"),
    [("👍", "👍"), ("👍🏽", "👍"), ("❤️", "❤"), ("💚", "❤"), ("✅", "👍"), ("🐫", None), ("", None)],
)
def test_the_nearest_emoji_that_a_room_allows(emoji: str, shown: str | None) -> None:
    assert nearest(emoji, {"👍", "❤"}) == shown
    assert nearest(emoji, None) == emoji


def test_the_nearest_emoji_may_be_one_in_its_coloured_form() -> None:
    assert nearest("❤", {"❤️"}) == "❤️"
    assert nearest("💙", {"❤️"}) == "❤️"


def test_every_emoji_of_a_family_is_one_sign() -> None:
    assert all(len(list(grapheme.graphemes(emoji))) == 1 for emoji in FAMILY)


def test_a_near_emoji_is_set_for_the_one_somebody_used() -> None:
    (step,) = steps([row("Ada", "👍🏽")], facts(("Ada", "👍🏽")))
    assert isinstance(step.action, Reaction)
    assert (step.action.emoji, step.action.wanted) == ("👍", ("👍",))


def test_without_edits_a_reaction_told_in_words_is_taken_back_in_words() -> None:
    plainly = replace(ONE, features=ONE.features - {Feature.EDIT})
    (step,) = steps([back("Bob", "🐫")], facts(("Ada", "👍"), ours=["👍"]), plainly)
    assert isinstance(step.action, Outgoing)
    assert plain(step.action.text) == "Bob took back 🐫 on “hello”"
    assert steps([back("Bob", "👍")], facts(("Ada", "👍"), ours=["👍"]), plainly) == ()


def test_what_is_on_an_unknown_message_is_one_line_and_what_is_taken_back_from_one_is_none() -> None:
    unknown = [replace(one, message=None) for one in (row("Ada", "👍"), row("Bob", "🐫", 2), back("Eve", "👍", 3))]
    assert together([*unknown, replace(row("Ada", "👍", 4), message=None, origin=RoomNumber(9))]) == tuple(unknown)
    decision = reacted(unknown, Facts(), ONE, NOON)
    assert isinstance(decision, Plan)
    (step,) = decision.steps
    assert isinstance(step.action, Outgoing)
    assert plain(step.action.text) == "Ada reacted 👍; Bob reacted 🐫 to an older message"
    taken = reacted(unknown[2:], Facts(), ONE, NOON)
    assert taken == Ended(Outcome.DROPPED, "reaction to an unknown message taken back")


def test_a_refused_emoji_is_told_and_the_others_stay() -> None:
    both = facts(("Ada", "👍"), ("Bob", "❤"), ours=["👍"])
    two = replace(ONE, capabilities=Capabilities(), unfit=frozenset({"❤"}))
    (step,) = steps([row("Bob", "❤")], both, two)
    assert isinstance(step.action, Outgoing)
    assert plain(step.action.text) == "Bob reacted ❤ to “hello”"
