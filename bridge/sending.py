"""One row on its way: its steps, and the one call of the connector that each of them is."""

from typing import Any

from msgspec import Struct

from bridge.connector import Connector, Deletion, Edit, Outgoing, Reaction
from bridge.errors import Feature
from bridge.failpoints import Point, around
from bridge.ids import RowNumber
from bridge.refit import divisible
from bridge.steps import Plan, Step
from bridge.store.ops import NO_ID, Arrived, Copy, Made, Row


class Delivery(Struct):
    """One row on its way: which steps are done, under way or still to start."""

    row: Row
    done: set[int]
    plan: Plan | None = None
    without: frozenset[Feature] = frozenset()
    """What the room was known to lack when the plan was made."""
    next_step: int = 0
    parked: bool = False

    @property
    def steps(self) -> tuple[Step, ...]:
        return self.plan.steps if self.plan else ()

    @property
    def joined(self) -> tuple[RowNumber, ...]:
        """Rows behind this one that its steps show as well."""
        return self.plan.joined if self.plan else ()

    @property
    def finished(self) -> bool:
        return len(self.done) == len(self.steps)

    def plan_anew(self) -> None:
        """The room refused a feature: the row is planned again without it, but for the messages that went."""
        row = self.row
        row.generation += 1
        if self.plan is not None and divisible(self.plan, row.sent):
            row.refused = True
        else:
            row.plan, row.sent = None, ()


@around(Point.SEND_BEFORE, Point.SEND_AFTER)
async def perform(connector: Connector[Any], step: Step) -> Made:
    """One call of the connector, and what it left in the room."""
    action = step.action
    match action:
        case Outgoing():
            return copies_of(step, tuple(await connector.send(action)))
        case Edit():
            await connector.edit(action)
            return Made()
        case Deletion():
            await connector.delete(action)
            return Made(removed=action.target.parts)
        case Reaction():
            native = await connector.react(action)
            added = action.emoji in action.wanted
            if added:
                return Made(reacted=((action.emoji, native),), ghost=step.ghost)
            return Made(unreacted=(action.emoji,), ghost=step.ghost)


def copies_of(step: Step, natives: Arrived) -> Made:
    """The ids a part got; a platform that gives none leaves a mark that the part is there."""
    if isinstance(natives, Made):
        return natives
    return Made(tuple(Copy(step.part, native, step.kind) for native in natives or (NO_ID,)))
