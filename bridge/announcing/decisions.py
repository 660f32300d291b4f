"""What may become of an announcement now. Pure: no I/O, no clock, no state.

draft → approved → going → done        !undo: approved → draft       !drop: draft → dropped
                                       !recall: going → stopped, and what went is asked back
"""

from collections.abc import Iterable, Sequence

from bridge.announcing.commands import Verb
from bridge.config import Approval
from bridge.ids import PersonNumber
from bridge.store.announced import Announcement, Course, Progress, Reach, Stage, What

_STAGES = {
    Verb.APPROVE: (Stage.DRAFT,),
    Verb.UNDO: (Stage.APPROVED,),
    Verb.DROP: (Stage.DRAFT,),
    Verb.STATUS: tuple(Stage),
    Verb.CORRECT: (Stage.DONE,),
    Verb.RECALL: (Stage.GOING, Stage.DONE),
    Verb.RESEND: (Stage.GOING, Stage.DONE, Stage.STOPPED),
    Verb.RESUME: (Stage.GOING, Stage.STOPPED),
}
"""At which stages each can be asked for."""
_IS = {
    Stage.DRAFT: "is a draft",
    Stage.APPROVED: "is approved and goes in a moment",
    Stage.GOING: "is being sent",
    Stage.DONE: "is sent",
    Stage.DROPPED: "was dropped",
    Stage.STOPPED: "was stopped",
}
_INSTEAD = {
    (Verb.UNDO, Stage.GOING): "too late: {name} is being sent. !recall {number} stops it and takes back what it can.",
    (Verb.UNDO, Stage.DONE): "too late: {name} is sent. !recall {number} takes back what it can.",
    (Verb.DROP, Stage.APPROVED): "{name} is approved: !undo {number} first.",
    (Verb.RECALL, Stage.DRAFT): "{name} is a draft, nobody has it: !drop {number} drops it.",
    (Verb.RECALL, Stage.APPROVED): "{name} has not gone yet: !undo {number} keeps it back.",
    (Verb.CORRECT, Stage.DRAFT): "{name} is a draft: edit its message.",
    (Verb.CORRECT, Stage.APPROVED): "{name} has not gone yet: !undo {number}, then edit its message.",
    (Verb.CORRECT, Stage.GOING): "{name} is still being sent: wait until all have it, or stop it by !recall {number}.",
}
"""Where another command does what was meant."""
_CALLED = {What.ANNOUNCE: "announcement", What.CORRECT: "correction", What.RECALL: "recall"}


def called(one: Announcement) -> str:
    """An announcement in words: "announcement 7", "correction 9 of 7"."""
    return f"{'urgent ' if one.urgent and one.about is None else ''}{title(one.what, one.number, one.about)}"


def title(what: What, number: int, about: int | None) -> str:
    """The same by its numbers alone."""
    return f"{_CALLED[what]} {number}" + ("" if about is None else f" of {about}")


def chosen(verb: Verb, number: int | None, near: Sequence[Announcement]) -> Announcement | str:
    """Which one is meant: the one of that number, or the only one of which it can be asked; or why none is."""
    if number is not None:
        found = next((one for one in near if one.number == number), None)
        return found or f"there is no announcement {number} in this room."
    fits = [one for one in near if one.stage in _STAGES[verb]]
    if len(fits) == 1:
        return fits[0]
    if not fits:
        return f"there is nothing to {verb}."
    return f"which one? {', '.join(f'!{verb} {one.number}' for one in fits)}"


def refusal(verb: Verb, one: Announcement) -> str:
    """Why this cannot be asked of it now; empty when it can."""
    name = called(one)
    if verb in {Verb.RECALL, Verb.CORRECT} and one.what is not What.ANNOUNCE:
        return f"{name} is none that was announced: !{verb} {one.about}."
    if one.stage in _STAGES[verb]:
        return ""
    instead = _INSTEAD.get((verb, one.stage))
    return instead.format(name=name, number=one.number) if instead else f"{name} {_IS[one.stage]}."


def approval(one: Announcement, by: Iterable[PersonNumber | None], rule: Approval) -> str:
    """Why this person may not approve it; empty when they may. `by` are the numbers they go under."""
    if rule is Approval.SECOND_PERSON and (one.person is None or one.person in set(by) or None in set(by)):
        return f"{called(one)} was written by you: somebody else has to approve it."
    return ""


def state(one: Announcement) -> str:
    """In which stage it is, in words."""
    return f"{called(one)} {_IS[one.stage]}"


_TOLD = {
    Reach.WAITS: "{many} of {account} wait",
    Reach.UNDER_WAY: "{many} of {account} are under way",
    Reach.REFUSED: "{many} refused by {account}",
    Reach.CLOSED: "{many} of {account} cannot be written to",
    Reach.LEFT: "{many} left {account}",
    Reach.UNKNOWN: "{many} of {account} of whom nobody knows (!resend {number} sends it to them again)",
    Reach.STOPPED: "{many} of {account} were not sent to",
    Reach.IMPOSSIBLE: "{many} of {account} cannot be changed",
    Reach.LOST: "{many} of {account} did not get it after all (!resend {number} sends it to them again)",
    Reach.ACCEPTED: "{many} sent to {account}, not confirmed yet",
    Reach.UNCONFIRMED: "{many} of {account} not confirmed in time",
}
_DID = {What.ANNOUNCE: "delivered", What.CORRECT: "corrected", What.RECALL: "taken back from"}


def result(one: Announcement, progress: Progress) -> str:
    """How it went, or goes: "announcement 7: delivered 1,204 of 1,210; 6 left tg".

    Where the platform says later what arrived, only that is delivered.
    """
    left = {share.account: share.left for share in progress.shares if share.left}
    total = sum(count.many for count in progress.counts) + sum(left.values())
    there = sum(count.many for count in progress.counts if count.reach is Reach.DELIVERED)
    told = [f"{called(one)}: {_DID[one.what]} {there:,} of {total:,}"]
    for count in progress.counts:
        if count.reach in _TOLD and (count.reach is not Reach.WAITS or count.account not in left):
            said = _TOLD[count.reach].format(many=f"{count.many:,}", account=count.account, number=one.number)
            told.append(f"{said}: {count.why}" if count.why else said)
    for account, many in left.items():
        waits = sum(c.many for c in progress.counts if c.account == account and c.reach is Reach.WAITS)
        told.append(f"{many + waits:,} of {account} wait")
    told += [f"stopped at {one.account}: {one.why}" for one in progress.shares if one.state is Course.STOPPED]
    return "; ".join(told) + "."


def is_settled(progress: Progress) -> bool:
    """Whether no platform has still to say what became of it."""
    return all(count.reach is not Reach.ACCEPTED for count in progress.counts)


def is_through(progress: Progress) -> bool:
    """Whether no account goes on with it."""
    return all(share.state is not Course.GOING for share in progress.shares)
