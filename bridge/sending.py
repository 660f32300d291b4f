"""One row on its way: its steps, and the one call of the connector that each of them is."""

from collections.abc import Collection
from typing import Any

from msgspec import Struct

from bridge.after import Apart, Closed, GiveUp, Next, Refit
from bridge.asked import Closing, Deletion, Edit, Opening, Outgoing, Reaction
from bridge.connector import Connector
from bridge.desk import handle
from bridge.errors import Feature, ThreadGone
from bridge.failpoints import Point, around
from bridge.ids import MessageId, RowNumber, ThreadId
from bridge.refit import divisible
from bridge.steps import Action, Plan, Step
from bridge.store.ops import Settle
from bridge.store.questions import Joint
from bridge.store.rows import NO_ID, Arrived, Copy, Made, Outcome, Row, RowKind, TwinKind

OF_ONE = frozenset({Feature.ATTACHMENT, Feature.THREAD, Feature.EMOJI, Feature.TEMPLATE})
"""What a room may refuse of one message without a word about the next; a template is what it takes only."""


class Delivery(Struct, gc=False):
    """One row on its way: which steps are done, under way or still to start."""

    row: Row
    done: set[int]
    plan: Plan | None = None
    without: frozenset[Feature] = frozenset()
    """What the room was known to lack when the plan was made."""
    suspect: bool = False
    """It may have gone before the bridge died: marked before its first step starts."""
    next_step: int = 0
    parked: bool = False
    patience: float = 0.0
    """How many seconds a send may take longer than others, for its files."""

    @property
    def steps(self) -> tuple[Step, ...]:
        return self.plan.steps if self.plan else ()

    @property
    def joined(self) -> tuple[RowNumber, ...]:
        """Rows behind this one that its steps show as well."""
        return self.plan.joined if self.plan else ()

    @property
    def joint(self) -> Joint | None:
        """What stands in the message that shows several, once this went."""
        return self.plan.joint if self.plan else None

    @property
    def finished(self) -> bool:
        return len(self.done) == len(self.steps)

    def settled(self, made: Made, joined: tuple[Row, ...]) -> Settle:
        """Its end, with all that stands in the room now."""
        return Settle(row=self.row, outcome=Outcome.DELIVERED, made=made, joined=joined, joint=self.joint)

    def told(self, decision: Next, error: Exception, index: int, templates: Collection[str] = ()) -> Next:
        """What follows a try of one step, by what is known here: a refused block goes message by message.

        `templates` are the links whose messages go as templates where nothing else is taken.
        """
        if isinstance(decision, Refit) and decision.feature is Feature.EMOJI:
            decision = self._told_of_emoji(decision, error, self.steps[index].action)
        elif isinstance(decision, Refit) and decision.feature in self.without:
            decision = GiveUp("rejected", str(error))
        if isinstance(decision, Closed) and self.plan and "thread" in self.plan.fragile:
            self._told_of_thread(error, self.steps[index].action)
            return Refit(Feature.THREAD)  # one thread of the room, not the room
        if isinstance(decision, Closed) and Feature.TEMPLATE in decision.accepts and self.row.link in templates:
            decision = GiveUp("rejected", str(error)) if Feature.TEMPLATE in self.row.lacks else Refit(Feature.TEMPLATE)
        refused = isinstance(decision, GiveUp) and decision.reason == "rejected"
        if refused and self.row.kind is RowKind.OPEN:
            return Refit(Feature.OPEN)  # then threads are told in words
        return Apart() if refused and self.joined and self.joint else decision

    def _told_of_thread(self, error: Exception, action: Action) -> None:
        """The thread of a conversation is gone: another is opened for it, once."""
        row = self.row
        if isinstance(error, ThreadGone) and handle(row.event.thread) is not None and isinstance(action, Outgoing):
            row.uprooted = action.thread if row.uprooted is None else ThreadId("")

    def _told_of_emoji(self, decision: Refit, error: Exception, action: Action) -> Next:
        """One emoji is refused on one message: it goes in words, unless it was to be taken back, or does not help."""
        emoji = action.emoji if isinstance(action, Reaction) and action.emoji in action.wanted else None
        if emoji is None or emoji in self.row.unfit:
            return GiveUp("rejected", str(error))
        self.row.unfit |= {emoji}
        return decision

    def plan_without(self, feature: Feature) -> None:
        """The room refused a feature: of all messages, or of this one's files or thread."""
        another = feature is Feature.THREAD and self.row.uprooted
        if feature in OF_ONE and feature is not Feature.EMOJI and not another:
            self.row.lacks |= {feature}
        self.plan_anew()

    def plan_alone(self) -> None:
        """The room refused a block, perhaps for the words of one of its messages."""
        self.row.alone = True
        self.plan_anew()

    def let_go(self) -> None:
        """Nothing of a block went, and nobody knows when it will: what is joined, and how late, is decided then."""
        if self.joined and self.joint and not self.row.doubtful:
            self.plan_anew()

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
        case Opening():
            thread = await connector.open_thread(action.room, action.title, action.key)
            return Made((Copy(step.part, MessageId(thread), TwinKind.THREAD),))
        case Closing():
            await connector.close(action)
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
