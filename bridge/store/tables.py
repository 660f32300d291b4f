"""Which part of the store does what of announcements."""

from collections.abc import Callable
from typing import Any, TypeAlias

import apsw

from bridge.store import announced, confirmed, overseen
from bridge.store.accepting import Accepting
from bridge.store.announcing import Announcing
from bridge.store.confirming import Confirming
from bridge.store.overseeing import Overseeing
from bridge.store.spreading import Spreading
from bridge.store.vault import Vault

Act: TypeAlias = Callable[[Any], object]


def of_announcements(
    cursor: apsw.Cursor, accepting: Accepting, vault: Vault
) -> tuple[dict[type, Act], dict[type, Act]]:
    """What is done for each fact, inside the transaction, and for each question, after it."""
    confirming = Confirming(cursor, vault)
    drafts, spreading = Announcing(cursor, vault, confirming), Spreading(cursor, accepting, vault, confirming)
    facts: dict[type, Act] = {
        announced.Subscribe: drafts.subscribe, announced.Handled: drafts.handled, announced.Draft: drafts.draft,
        announced.Redraft: drafts.redraft, announced.Move: drafts.move, announced.Begin: spreading.begin,
        announced.Take: spreading.take, announced.Record: spreading.record, announced.Through: spreading.through,
        announced.Resume: spreading.resume, announced.Resend: spreading.resend, announced.Stop: spreading.stop,
        announced.Recover: spreading.recover, confirmed.Failed: confirming.failed,
        confirmed.Arrived: confirming.arrived, confirmed.Settled: drafts.settled, confirmed.Reopen: spreading.reopen,
    }  # fmt: skip
    questions: dict[type, Act] = {
        announced.Commands: drafts.commands, announced.Announced: drafts.announced,
        overseen.Oversee: Overseeing(cursor, spreading).overseen,
        confirmed.IsAnnounced: confirming.is_announced, confirmed.Unsettled: confirming.unsettled,
        announced.Unfinished: drafts.unfinished,
        announced.Shares: spreading.progress,
        announced.Size: spreading.size, announced.Spent: spreading.spent, announced.Unsure: spreading.unsure,
    }  # fmt: skip
    return facts, questions
