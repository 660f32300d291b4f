"""The checker on made-up conversations: each broken promise is found and named, and what is allowed is let through."""

from collections.abc import Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from bridge.ids import MessageId
from bridge.testing.platform import Shown
from tests.crash.checker import Broken, judged
from tests.crash.record import Death, Held, Line, Post, Record, Traits, held

KEYED = Traits(keyed=True, native=True, history=True, in_flight=1)
KEYLESS = Traits(keyed=False, native=True, history=True, in_flight=1)
PLAIN = Traits(keyed=False, native=False, history=False, in_flight=64)
PLATFORMS = {"matrix": KEYED, "telegram": KEYLESS, "irc": PLAIN}
FIRST, SECOND, THIRD = ("matrix", 0), ("telegram", 0), ("matrix", 1)
POSTS = (
    Post(who=FIRST, native="$a", version=1, emoji="👍"),
    Post(who=SECOND, native="7", answers=FIRST),
    Post(who=THIRD, native="$b", words=("m1w0", "m1w1")),
)
A = Line(who=FIRST, version=1, id="t1", reactions={"👍": 1})
B = Line(who=SECOND, id="$B", answers="$a")
C = Line(who=THIRD, id="t3")
WORDS = frozenset({"m1w0", "m1w1"})
MATRIX = (replace(A, id="$a"), B, replace(C, id="$b"))
TELEGRAM = (A, replace(B, id="7", answers="t1"), C)
IRC = (
    replace(A, version=0, id="i1", reactions={}), replace(A, note="edit", id="i2", reactions={}),
    replace(B, id="i3", answers="words"), replace(C, id="i4"),
)  # fmt: skip
WHOLE = Record(
    platforms=PLATFORMS, posts=POSTS, accepted=(FIRST, SECOND, THIRD), events=5,
    counts={"accepted": 10, "delivered": 9, "merged": 1, "waiting": 0},
    held={"matrix": Held(MATRIX, WORDS), "telegram": Held(TELEGRAM, WORDS), "irc": Held(IRC, WORDS)},
)  # fmt: skip


def holding(**lines: tuple[Line, ...]) -> Mapping[str, Held]:
    return {**WHOLE.held, **{name: Held(there, WORDS) for name, there in lines.items()}}


def dying(**windows: frozenset[Any]) -> list[Death]:
    return [Death(cause="killed", windows=windows)]


def changed(index: int, **fields: object) -> list[Post]:
    posts = list(POSTS)
    posts[index] = replace(posts[index], **fields)
    return posts


def test_a_whole_conversation_breaks_no_promise() -> None:
    verdict = judged(WHOLE)
    assert verdict.faults == ()
    assert (verdict.said, verdict.accepted, verdict.delivered, verdict.lost, verdict.doubles) == (3, 3, 6, 0, {})


@pytest.mark.parametrize(
    ("broken", "promise", "words"),
    [
        ({"accepted": (FIRST, SECOND)}, Broken.LOST, "never accepted"),
        ({"held": holding(telegram=TELEGRAM[:2])}, Broken.LOST, "is not on telegram"),
        ({"held": {**WHOLE.held, "irc": Held(IRC, frozenset({"m1w0"}))}}, Broken.LOST, "lacks 1 words on irc"),
        ({"held": holding(irc=(IRC[2], *IRC[:2], IRC[3]))}, Broken.ORDER, "comes after"),
        ({"held": holding(matrix=(*MATRIX, B))}, Broken.DOUBLE, "which knows keys"),
        ({"held": holding(matrix=(*MATRIX, B)), "deaths": dying(matrix=frozenset({SECOND}))}, Broken.DOUBLE, "keys"),
        ({"held": holding(telegram=(*TELEGRAM, C))}, Broken.DOUBLE, "not under way"),
        ({"held": holding(telegram=(*TELEGRAM, C)), "deaths": dying(telegram=frozenset({FIRST}))}, Broken.DOUBLE, ""),
        (
            {"held": holding(telegram=(*TELEGRAM, C, C)), "deaths": dying(telegram=frozenset({THIRD}))},
            Broken.DOUBLE, "not under way",
        ),
        ({"held": holding(irc=(*IRC, IRC[1]))}, Broken.DOUBLE, "doubled on irc"),
        ({"held": holding(telegram=(replace(A, version=0), *TELEGRAM[1:]))}, Broken.RELATION, "version 0, not 1"),
        ({"held": holding(irc=(IRC[0], *IRC[2:]))}, Broken.RELATION, "on irc"),
        ({"held": holding(telegram=(replace(A, reactions={}), *TELEGRAM[1:]))}, Broken.RELATION, "misses 👍"),
        ({"held": holding(matrix=(replace(A, id="$a", reactions={}), *MATRIX[1:]))}, Broken.RELATION, "misses 👍"),
        ({"held": holding(matrix=(MATRIX[0], replace(B, answers="$b"), MATRIX[2]))}, Broken.RELATION, "hangs on"),
        ({"held": holding(irc=(*IRC[:2], replace(IRC[2], answers=None), IRC[3]))}, Broken.RELATION, "hangs on"),
        ({"posts": changed(2, deleted=True)}, Broken.RELATION, "still on telegram"),
        (
            {"deaths": [Death(cause="killed", passed={"matrix": frozenset({"$a"})}, stored={"matrix": frozenset()})]},
            Broken.POSITION, "matrix is past 1 not stored",
        ),
        ({"counts": {"accepted": 10, "delivered": 9}}, Broken.LEDGER, "found"),
        ({"events": 4}, Broken.LEDGER, "of 4 events"),
        ({"counts": {"accepted": 10, "delivered": 9, "waiting": 1}}, Broken.LEDGER, "still"),
    ],
)  # fmt: skip
def test_a_broken_promise_is_named(broken: dict[str, object], promise: Broken, words: str) -> None:
    faults = judged(replace(WHOLE, **broken)).faults
    assert {fault.promise for fault in faults} == {promise}
    assert any(words in fault.what for fault in faults)


@pytest.mark.parametrize(
    "allowed",
    [
        {"accepted": (FIRST, THIRD), "posts": changed(1, deleted=True), "held": holding(matrix=MATRIX[::2])},
        {"held": holding(telegram=TELEGRAM[:2]), "parked": {("telegram", THIRD): "rejected"}},
        {"held": holding(telegram=TELEGRAM[:2], irc=IRC[:3]), "posts": changed(2, deleted=True)},
        {"held": holding(telegram=(A, *TELEGRAM)), "deaths": dying(telegram=frozenset({FIRST}))},
        {"held": holding(telegram=(replace(A, version=0), *TELEGRAM)), "deaths": dying(telegram=frozenset({FIRST}))},
        {
            "posts": changed(0, deleted=True), "deaths": dying(telegram=frozenset({FIRST})),
            "held": holding(matrix=MATRIX[1:], telegram=(replace(A, reactions={}), *TELEGRAM[1:])),
        },
        {"posts": [*POSTS, Post(who=("irc", 0), native="x")]},
        {"posts": changed(2, answers=("irc", 9))},
    ],
    ids=[
        "deleted before it was accepted", "parked with a reason", "deleted", "a double of what was under way",
        "an edit reaches the copy that is known", "a double of what was deleted bears no reaction",
        "said on IRC while nobody listened", "an answer to what nobody heard",
    ],
)  # fmt: skip
def test_what_is_allowed_is_no_fault(allowed: dict[str, object]) -> None:
    assert judged(replace(WHOLE, **allowed)).faults == ()


def test_doubles_are_counted_by_platform_and_by_the_death_they_come_of() -> None:
    deaths = [
        Death(cause="killed", windows={"telegram": frozenset({FIRST}), "irc": frozenset({FIRST, THIRD})}),
        Death(cause="done.before", windows={"irc": frozenset({THIRD})}),
    ]
    seen = holding(telegram=(A, *TELEGRAM), irc=(*IRC, IRC[3], IRC[3]))
    doubles = judged(replace(WHOLE, held=seen, deaths=deaths)).doubles
    assert doubles == {("telegram", "killed"): 1, ("irc", "killed"): 1, ("irc", "done.before"): 1}


def said(text: str, **fields: Any) -> Shown:  # noqa: ANN401 - fields of any kind
    return Shown(id=MessageId("1"), author="bridge", text=text, **fields)


@pytest.mark.parametrize(
    ("shown", "line"),
    [
        (said("Ada: matrix 12"), Line(who=("matrix", 12), id="1")),
        (said("irc 3 again 2"), Line(who=("irc", 3), version=2, id="1")),
        (said("(edited) Ada: matrix 1 again 1"), Line(who=("matrix", 1), version=1, note="edit", id="1")),
        (said("Ada: telegram 4 begin t4w0 t4w1"), Line(who=("telegram", 4), id="1")),
        (said("[re Ada: “matrix 1 begin m1w0 …”] irc 5"), Line(who=("irc", 5), id="1", answers="words")),
        (said("irc 5", in_reply_to=MessageId("9")), Line(who=("irc", 5), id="1", answers="9")),
        (said("Ada reacted 👍 to “matrix 12 begin”"), None),
        (said("m1w44 m1w45 (2/3)"), None),
    ],
)
def test_a_line_is_read_as_a_reader_reads_it(shown: Shown, line: Line | None) -> None:
    assert held([shown]).lines == (() if line is None else (line,))


def test_the_words_of_a_long_message_are_found_in_all_its_parts() -> None:
    assert held([said("Ada: matrix 1 begin m1w0"), said("m1w1 (2/2)")]).words == WORDS
