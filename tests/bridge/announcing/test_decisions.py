"""What may become of an announcement, stage by stage, and how it is told."""

from datetime import timedelta

import pytest

from bridge.announcing.commands import Verb
from bridge.announcing.decisions import approval, chosen, is_settled, refusal, result
from bridge.announcing.ends import awaiting
from bridge.config import Approval
from bridge.ids import AccountName, MessageId, PersonNumber, RoomNumber
from bridge.store.announced import Announcement, Count, Course, Progress, Reach, Result, Share, Stage, Stands, What

ADA, GRACE = PersonNumber(1), PersonNumber(2)
HOUR = timedelta(hours=1)
V, W = AccountName("viber"), AccountName("wa")
ALLOWED = {
    Verb.APPROVE: {Stage.DRAFT},
    Verb.UNDO: {Stage.APPROVED},
    Verb.DROP: {Stage.DRAFT},
    Verb.STATUS: set(Stage),
    Verb.CORRECT: {Stage.DONE},
    Verb.RECALL: {Stage.GOING, Stage.DONE},
    Verb.RESEND: {Stage.GOING, Stage.DONE, Stage.STOPPED},
    Verb.RESUME: {Stage.GOING, Stage.STOPPED},
}


def announcement(number: int = 7, stage: Stage = Stage.DRAFT, **more: object) -> Announcement:
    fields = {"what": What.ANNOUNCE, "person": ADA, **more}
    return Announcement(
        number=number, name="office", room=RoomNumber(1), stage=stage, event=1, token="t", at=0, **fields  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.mark.parametrize("verb", ALLOWED)
@pytest.mark.parametrize("stage", Stage)
def test_each_stage_allows_what_it_allows(verb: Verb, stage: Stage) -> None:
    why = refusal(verb, announcement(stage=stage))
    assert (not why) == (stage in ALLOWED[verb])
    assert not why or "7" in why


def test_a_correction_is_not_corrected_but_its_announcement() -> None:
    one = announcement(9, Stage.DONE, what=What.CORRECT, about=7)
    assert refusal(Verb.CORRECT, one) == "correction 9 of 7 is none that was announced: !correct 7."
    assert refusal(Verb.RECALL, one) == "correction 9 of 7 is none that was announced: !recall 7."


@pytest.mark.parametrize(
    ("rule", "author", "by", "may"),
    [
        (Approval.SECOND_PERSON, ADA, ADA, False),
        (Approval.SECOND_PERSON, ADA, GRACE, True),
        (Approval.SECOND_PERSON, None, GRACE, False),
        (Approval.SECOND_PERSON, ADA, None, False),
        (Approval.AUTHOR, ADA, ADA, True),
        (Approval.AUTHOR, None, None, True),
    ],
)
def test_who_may_approve(rule: Approval, author: PersonNumber | None, by: PersonNumber | None, *, may: bool) -> None:
    assert (not approval(announcement(person=author), [by], rule)) is may


def test_the_same_person_under_another_number_is_the_same_person() -> None:
    assert approval(announcement(person=ADA), [GRACE, ADA], Approval.SECOND_PERSON)


def test_without_a_number_only_one_may_be_meant() -> None:
    drafts = [announcement(7), announcement(9), announcement(8, Stage.GOING)]
    assert chosen(Verb.APPROVE, None, drafts) == "which one? !approve 7, !approve 9"
    assert chosen(Verb.RECALL, None, drafts) == drafts[2]
    assert chosen(Verb.UNDO, None, drafts) == "there is nothing to undo."
    assert chosen(Verb.UNDO, 5, drafts) == "there is no announcement 5 in this room."


def test_a_report_counts_everybody_once_and_says_why() -> None:
    counts = (
        Count(V, Reach.DELIVERED, 1204), Count(V, Reach.LEFT, 6), Count(W, Reach.DELIVERED, 10),
        Count(W, Reach.CLOSED, 2, "the window is closed"), Count(W, Reach.UNKNOWN, 1),
    )  # fmt: skip
    shares = (Share(account=V, state=Course.THROUGH), Share(account=W, state=Course.STOPPED, why="no money", left=3))
    said = result(announcement(stage=Stage.GOING), Progress(counts=counts, shares=shares))
    assert said == (
        "announcement 7: delivered 1,214 of 1,226; 6 left viber; 2 of wa cannot be written to: the window is closed;"
        " 1 of wa of whom nobody knows (!resend 7 sends it to them again); 3 of wa wait; stopped at wa: no money."
    )


def test_what_is_taken_and_not_confirmed_is_not_called_delivered() -> None:
    counts = (
        Count(V, Reach.DELIVERED, 3), Count(V, Reach.LOST, 1, "later"), Count(V, Reach.ACCEPTED, 5),
        Count(W, Reach.UNCONFIRMED, 2),
    )  # fmt: skip
    progress = Progress(counts=counts, shares=())
    assert result(announcement(stage=Stage.DONE), progress) == (
        "announcement 7: delivered 3 of 11; 1 of viber did not get it after all (!resend 7 sends it to them again):"
        " later; 5 sent to viber, not confirmed yet; 2 of wa not confirmed in time."
    )
    assert not is_settled(progress)
    assert is_settled(Progress(counts=counts[3:], shares=()))


@pytest.mark.parametrize(
    ("natives", "stood", "within", "awaits"),
    [
        ((Stands((MessageId("a"), MessageId("b"))),), 0, HOUR, ("a", "b")),
        ((Stands((MessageId("a"),)), Stands((MessageId("b"),))), 1, HOUR, ("b",)),
        ((Stands((MessageId("a"),)),), 0, None, ()),
        ((Stands((MessageId(""),)), Stands(())), 0, HOUR, ()),
        ((), 0, HOUR, ()),
    ],
)
def test_what_went_is_awaited_where_the_platform_speaks_of_it(
    natives: tuple[Stands, ...], stood: int, within: timedelta | None, awaits: tuple[str, ...]
) -> None:
    went = awaiting(Result(number=1, reach=Reach.DELIVERED, natives=natives), stood, within, 1000)
    assert (went.awaits, went.due) == (awaits, 3_601_000 if awaits else 0)
