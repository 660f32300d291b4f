"""The rest of a plan where a room refused a feature half way."""

from msgspec.structs import replace

from bridge.asked import Outgoing
from bridge.capabilities import Capabilities, Relation
from bridge.errors import Feature
from bridge.events import File, Kind
from bridge.plan import planned
from bridge.refit import divisible, refitted
from bridge.steps import Facts, Plan, View
from bridge.text.nodes import Bold, Break, Italic, Paragraph, Rich, Text
from bridge.text.walk import length, plain
from tests.bridge.test_plan import COPY, EDITED, EVERY, KNOWN, NOON, POSTED, row, view

SMALL = Capabilities(formatting=frozenset({Break, Bold, Italic}), relations=frozenset({Relation.REPLY}), max_text=60)
NOTHING = Facts()
LONG: Rich = (Paragraph((Italic((Text(" ".join(f"w{number}" for number in range(40))),)),)),)


def plan_of(text: Rich, seen: View, facts: Facts = NOTHING) -> Plan:
    found = planned(row(replace(POSTED, text=text)), facts, seen, NOON)
    assert isinstance(found, Plan)
    return found


def again(plan: Plan, done: tuple[int, ...], seen: View, facts: Facts = NOTHING) -> Plan:
    seen = replace(seen, prefix="ep.5.1")
    return refitted(plan, row(POSTED, sent=done), facts, seen)


def sends(plan: Plan) -> list[Outgoing]:
    return [step.action for step in plan.steps if isinstance(step.action, Outgoing)]


def test_what_went_stays_with_its_key_and_the_rest_gets_new_ones() -> None:
    seen = view(EVERY, SMALL)
    plan = plan_of(LONG, seen)
    bare = view(EVERY - {Feature.FORMATTING}, replace(SMALL, formatting=frozenset({Break})))
    rest = again(plan, (0, 1), bare)
    assert rest.steps[:2] == plan.steps[:2]
    assert [step.part for step in rest.steps] == list(range(len(plan.steps)))
    assert [one.key for one in sends(rest)][2:] == [f"ep.5.1.{index}" for index in range(2, len(plan.steps))]
    assert all("Italic" not in repr(one.text) for one in sends(rest)[2:])
    assert "".join(plain(one.text) for one in sends(rest)) == "".join(plain(one.text) for one in sends(plan))


def test_a_part_that_grows_becomes_two_and_no_number_is_given_twice() -> None:
    plan = plan_of(LONG, view(EVERY, SMALL))
    narrow = view(EVERY, replace(SMALL, max_text=40))
    rest = again(plan, (0, len(plan.steps) - 1), narrow)
    assert len(rest.steps) > len(plan.steps)
    assert len({step.part for step in rest.steps}) == len(rest.steps)
    assert all(length(one.text, SMALL.unit) <= 40 for one in sends(rest)[2:])


def test_an_answer_that_may_not_hang_on_its_message_quotes_it() -> None:
    facts = Facts(reply=COPY)
    plan = plan_of(LONG, view(EVERY, SMALL), facts)
    rest = again(plan, (1,), view(EVERY - {Feature.REPLY}, replace(SMALL, max_text=200)), facts)
    first = sends(rest)[1]
    assert first.in_reply_to is None
    assert plain(first.text).startswith("[re Bob: “the old words”] Ada: ")
    assert all(one.in_reply_to is None for one in sends(rest))


def test_a_file_that_may_not_be_sent_is_named() -> None:
    file = File(id="f1", kind=Kind.IMAGE, name="a.jpg", mime="image/jpeg", size=900, sha256="0" * 64)
    plan = plan_of(LONG, view(EVERY, SMALL))
    last = plan.steps[-1]
    assert isinstance(last.action, Outgoing)
    last = replace(last, action=replace(last.action, files=(file,)))
    plan = replace(plan, steps=(*plan.steps[:-1], last))
    kept = again(plan, (0,), view(EVERY, SMALL))
    lost = again(plan, (0,), view(EVERY - {Feature.ATTACHMENT}, replace(SMALL, max_text=200)))
    assert sends(kept)[-1].files == (file,)
    assert sends(lost)[-1].files == ()
    assert plain(sends(lost)[-1].text).endswith('[image "a.jpg", 900 B]')


def test_only_new_messages_of_which_some_went_are_made_anew_in_part() -> None:
    plan = plan_of(LONG, view(EVERY, SMALL))
    assert divisible(plan, (0,))
    assert not divisible(plan, ())
    edits = planned(row(EDITED), KNOWN, view(), NOON)
    assert isinstance(edits, Plan)
    assert not divisible(edits, (0,))
