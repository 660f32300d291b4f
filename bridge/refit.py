"""The rest of a plan in a room that refused a feature half way: what went already stays. Pure: no I/O, no state."""

from collections.abc import Collection, Iterator
from itertools import count

from msgspec import structs

from bridge.asked import Outgoing
from bridge.errors import Feature
from bridge.events import Attachment, File
from bridge.fit import fit_again
from bridge.plan import answering
from bridge.steps import Facts, Plan, Step, View, key_of
from bridge.store.rows import Row


def divisible(plan: Plan, done: Collection[int]) -> bool:
    """Whether only the rest of a plan is made anew: all of it is new messages, and some of them stand there.

    Edits and reactions are planned anew as a whole: what they did is seen in the facts, and not done again.
    """
    return bool(done) and all(isinstance(step.action, Outgoing) for step in plan.steps)


def refitted(plan: Plan, row: Row, facts: Facts, view: View) -> Plan:
    """The steps that are done, first, and then the others as the room can show them now, under new keys."""
    went = [step for index, step in enumerate(plan.steps) if index in row.sent]
    rest = [step for index, step in enumerate(plan.steps) if index not in row.sent]
    taken = {step.part for step in went}
    parts = (number for number in count() if number not in taken)
    made = [again for step in rest for again in _again(step, row, facts, view)]
    steps = (_placed(step, next(parts), view, index) for index, step in enumerate(made, len(went)))
    return structs.replace(plan, steps=(*went, *steps))


def _again(step: Step, row: Row, facts: Facts, view: View) -> Iterator[Step]:
    """One message as one or more that the room can show."""
    action = step.action
    if not isinstance(action, Outgoing):
        return
    target = action.in_reply_to if Feature.REPLY in view.features else None
    quoted = answering(row, facts.reply, view)[1] if action.in_reply_to and target is None else None
    files, shared = (action.files, action.shared) if Feature.ATTACHMENT in view.features else ((), ())
    thread = action.thread if Feature.THREAD in view.features else view.place.thread
    lost: tuple[Attachment | File, ...] = () if files or shared else (*action.files, *action.shared)
    for index, text in enumerate(fit_again(action.text, view.capabilities, quoted, lost)):
        first = structs.replace(action, text=text, in_reply_to=target, thread=thread, files=files, shared=shared)
        other = structs.replace(first, in_reply_to=None, files=(), shared=())
        yield structs.replace(step, action=other if index else first)


def _placed(step: Step, part: int, view: View, index: int) -> Step:
    """The step as part `part` of what was said, under the key of its place in the plan."""
    action = step.action
    if isinstance(action, Outgoing):
        action = structs.replace(action, key=key_of(view, index))
    return structs.replace(step, action=action, part=part)
