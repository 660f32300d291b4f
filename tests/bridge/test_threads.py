"""Where a message of a thread stands in rooms of every kind."""

import pytest
from msgspec.structs import replace

from bridge.asked import Outgoing
from bridge.capabilities import Capabilities, Relation
from bridge.errors import Feature
from bridge.events import Posted, answered, begins_thread
from bridge.ids import MessageId, ThreadId, UserId
from bridge.plan import is_plain, planned
from bridge.steps import Ended, Facts, Plan
from bridge.store.questions import Known
from bridge.store.rows import Outcome
from bridge.text.nodes import ALL_NODES
from bridge.text.walk import plain
from bridge.threads import in_words
from tests.bridge.test_plan import COPY, EVERY, NOON, POSTED, row, view

ROOTS = Capabilities(
    formatting=ALL_NODES, relations=frozenset({Relation.REPLY, Relation.THREAD, Relation.ROOT}), max_text=100
)
TOPICS = replace(ROOTS, relations=frozenset({Relation.REPLY, Relation.THREAD}))
IN_TOPIC = replace(POSTED, thread=ThreadId("42"), thread_name="Camels")
ROOT = replace(
    POSTED, thread=ThreadId("42"), message=(MessageId("42"),), author=replace(POSTED.author, id=UserId(""), name="")
)
TOPIC = replace(COPY, author="", person=None, excerpt="Camels", parts=())
"""What stands for a topic, in a room that shows nothing of it."""


def sent(event: Posted, thread: Known | None, to: Capabilities, able: frozenset[Feature] = EVERY) -> Outgoing:
    reply = thread if event.in_reply_to is None else COPY
    plan = planned(row(event), Facts(reply=reply, thread=thread), view(able, to), NOON)
    assert isinstance(plan, Plan)
    (step,) = plan.steps
    assert isinstance(step.action, Outgoing)
    return step.action


@pytest.mark.parametrize(
    ("known", "to", "thread", "text"),
    [
        (replace(TOPIC, parts=((MessageId("r1"),),)), ROOTS, "r1", "Ada: hello"),
        (replace(TOPIC, thread=ThreadId("7")), TOPICS, "7", "Ada: hello"),
        (replace(TOPIC, parts=((MessageId("r1"),),)), TOPICS, "9", "Ada: (in Camels) hello"),
        (TOPIC, ROOTS, "9", "Ada: (in Camels) hello"),
        (None, ROOTS, "9", "Ada: (in Camels) hello"),
    ],
)
def test_a_message_stands_in_the_thread_that_the_room_has(
    known: Known | None, to: Capabilities, thread: str, text: str
) -> None:
    action = sent(IN_TOPIC, known, to)
    assert (action.thread, plain(action.text), action.in_reply_to) == (thread, text, None)


def test_a_room_that_refuses_threads_has_the_name_in_front() -> None:
    action = sent(IN_TOPIC, replace(TOPIC, thread=ThreadId("7")), TOPICS, EVERY - {Feature.THREAD})
    assert (action.thread, plain(action.text)) == ("9", "Ada: (in Camels) hello")


def test_an_answer_in_a_thread_is_both() -> None:
    event = replace(IN_TOPIC, in_reply_to=MessageId("m0"))
    action = sent(event, replace(TOPIC, thread=ThreadId("7")), TOPICS)
    assert action.in_reply_to is not None
    assert (action.thread, action.in_reply_to.parts) == ("7", ("c1",))


def test_what_stands_for_a_thread_is_sent_where_it_begins_one() -> None:
    assert (begins_thread(ROOT), answered(ROOT), is_plain(row(ROOT))) == (True, None, False)
    assert isinstance(planned(row(ROOT, person=None), Facts(), view(EVERY, ROOTS), NOON), Plan)
    for to, able in ((TOPICS, EVERY), (ROOTS, EVERY - {Feature.THREAD})):
        ended = planned(row(ROOT, person=None), Facts(), view(able, to), NOON)
        assert ended == Ended(Outcome.MERGED, "a thread in words there")


@pytest.mark.parametrize(
    ("thread", "name", "known", "answers", "said"),
    [
        (None, "", None, False, ""),
        ("42", "", None, False, "in thread 42"),
        ("42", "", None, True, ""),
        ("$a-long-native-id", "", None, False, "in a thread"),
        ("$a-long-native-id", "", TOPIC, True, "in Camels"),
        ("$a-long-native-id", "", replace(TOPIC, excerpt=None), False, "in a thread"),
        ("42", "Ca[mels]\n@room", None, False, "in Ca(mels) @\u200broom"),
        ("42", "שלום", None, False, "in שלום"),
    ],
)
def test_a_thread_in_words(thread: str | None, name: str, known: Known | None, answers: bool, said: str) -> None:  # noqa: FBT001 - a column of the table
    event = replace(POSTED, thread=None if thread is None else ThreadId(thread), thread_name=name)
    assert in_words(event, known, answers=answers) == said
