"""What a draft will look like on each platform, who gets it and what it costs. Pure: no I/O, no state."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from bridge.asked import Outgoing
from bridge.config.announcements import MILLIONTHS
from bridge.fit import described
from bridge.ids import AccountName
from bridge.steps import Ended, Orphan, Plan, Step
from bridge.text.nodes import Block, Bold, Break, Inlines, Paragraph, Quote, Rich, Text
from bridge.text.plain import plain


class Sample(Struct, frozen=True, kw_only=True):
    """An account's share of a draft: so many `rooms` and `people`, and what one of them would be shown.

    `each` is what one message costs, `spent` what the account's announcements cost this month, both in millionths;
    `most` is its budget. `template` is the name of the words that go where ours may not.
    """

    account: AccountName
    shown: Plan | Ended | Orphan
    rooms: int = 0
    people: int = 0
    each: int = 0
    spent: int = 0
    most: int | None = None
    template: str = ""

    @property
    def many(self) -> int:
        return self.rooms + self.people

    @property
    def messages(self) -> int:
        """How many messages one recipient gets."""
        steps = self.shown.steps if isinstance(self.shown, Plan) else ()
        return sum(isinstance(step.action, Outgoing) for step in steps)

    @property
    def cost(self) -> int:
        """What all of them cost, at most."""
        return self.many * self.messages * self.each

    @property
    def left(self) -> int | None:
        """What the account may still cost this month."""
        return None if self.most is None else max(0, self.most - self.spent)


def money(amount: int) -> str:
    """Millionths as people write money: 12.50, and small sums to the last digit that counts."""
    said = f"{amount / MILLIONTHS:.6f}".rstrip("0")
    whole, _, cents = said.partition(".")
    return f"{int(whole):,}.{cents.ljust(2, '0')}"


def too_dear(samples: Sequence[Sample]) -> str:
    """Why the budget does not allow it; empty when it does."""
    for one in samples:
        if one.left is not None and one.cost > one.left:
            return (
                f"it would cost {money(one.cost)} on {one.account}, and {money(one.left)} of"
                f" {money(one.most or 0)} are left this month."
            )
    return ""


def preview(title: str, samples: Sequence[Sample], then: str) -> Rich:
    """The draft as it will be shown, platform by platform; `then` says what can be done now.

    How many, how dear and what can be done stand first: a room that shows a few lines only, as on IRC, cuts the end.
    """
    total = sum(one.cost for one in samples)
    many = sum(one.many for one in samples)
    summary = f"{many:,} in all" + (f", at most {money(total)}" if total else "")
    blocks: list[Block] = [Paragraph((Bold((Text(title),)),)), Paragraph((Text(f"{summary}. {then}"),))]
    for one in samples:
        blocks.append(Paragraph((Text(f"{one.account}: {_whom(one)}{_costs(one)}"),)))
        blocks += list(_looks(one))
    return tuple(blocks)


def _whom(one: Sample) -> str:
    found = []
    if one.rooms:
        found.append("1 room" if one.rooms == 1 else f"{one.rooms:,} rooms")
    if one.people or not one.rooms:
        found.append("1 person" if one.people == 1 else f"{one.people:,} people")
    return " and ".join(found)


def _costs(one: Sample) -> str:
    if not one.each:
        return ""
    left = "" if one.left is None else f" ({money(one.left)} left this month)"
    return f", at most {money(one.cost)}{left}"


def _looks(one: Sample) -> Iterator[Block]:
    match one.shown:
        case Plan(steps):
            for step in steps:
                yield Quote(_stepped(step))
        case Ended(_, cause):
            yield Quote((Paragraph((Text(f"[nothing: {cause}]"),)),))
        case Orphan():
            yield Quote((Paragraph((Text("[nothing]"),)),))
    if one.template:
        said = f"Where our own words may not go, the template {one.template} does, with these words in its gap."
        yield Paragraph((Text(said),))


def _stepped(step: Step) -> Rich:
    """One message as it will stand there."""
    action = step.action
    if not isinstance(action, Outgoing):
        return (Paragraph((Text(f"[{type(action).__name__.lower()}]"),)),)
    files: Inlines = tuple(node for file in action.files for node in (Text(described(file)), Break()))
    words = action.text or ((Paragraph((Text("(no words)"),)),) if not files else ())
    return (*((Paragraph(files[:-1]),) if files else ()), *words)


def as_words(rich: Rich) -> str:
    """A preview on one line, for tests and logs of rooms without formatting."""
    return " ".join(plain(rich).split())
