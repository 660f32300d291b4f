"""What Prometheus is told: from one status, bound in its labels, every metric on its page."""

import re
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from prometheus_client.parser import text_string_to_metric_families

from bridge.announcing.oversight import Need
from bridge.metrics import FAMILIES, exposition
from bridge.snapshot import AccountStatus, AnnouncementStatus, Counts, RoomStatus, Status, StoreStatus

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"
COUNTS = Counts(accepted=10, delivered=4, dropped=1, held=2, parked=1, waiting=2)
STATUS = Status(
    version="1.2.3", at=datetime(2026, 1, 1, tzinfo=UTC), ready=True, counts_add_up=True, counts=COUNTS,
    causes={"dropped:discarded": 1},
    store=StoreStatus(path="/q.db", synchronous="FULL", commits=7, operations=0, free_bytes=5, refusing=None),
    accounts={
        "tg": AccountStatus(
            connector="telegram", state="down", since=datetime(2026, 1, 1, tzinfo=UTC), last_error="x",
            advice="", me=None, uptime_seconds=60, rooms=1, queued=4, oldest_waiting_seconds=12.5, received=3,
            unreadable=2,
        )
    },
    rooms=[
        RoomStatus(
            room="tg/-1", account="tg", configured=True, entered=True, held="kicked", oldest_waiting_seconds=12.5,
            counts=COUNTS, place=None, moved_to=None, advice="",
        )
    ],
    links={},
    announcements=[
        AnnouncementStatus(
            number=number, name="office", title=f"announcement {number}", stage="going", waiting=2,
            since=datetime(2026, 1, 1, tzinfo=UTC), reaches={"viber": {"delivered": 5, "unknown": number}},
            needs=[Need(what="is stuck", advice="look")] if number == 7 else [],
        )
        for number in (7, 8)
    ],
)  # fmt: skip


def values(status: Status) -> dict[tuple[str, ...], float]:
    """Each sample by its name and the values of its labels."""
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(exposition(status).decode())
        for sample in family.samples
    }


def test_a_status_becomes_samples() -> None:
    found = values(STATUS)
    assert found["qantara_account_state", "tg", "telegram", "down"] == 1
    assert found["qantara_account_state", "tg", "telegram", "up"] == 0
    assert found["qantara_deliveries_total", "tg", "accepted", "tg/-1"] == 10
    assert found["qantara_deliveries_open", "tg", "tg/-1", "held"] == 2
    assert found["qantara_room_held", "tg", "tg/-1"] == 1
    assert found["qantara_account_oldest_waiting_seconds", "tg", "telegram"] == 12.5
    assert found["qantara_account_unreadable_total", "tg", "telegram"] == 2
    assert found["qantara_causes_total", "dropped:discarded"] == 1
    assert found["qantara_store_commits_total",] == 7
    assert found["qantara_accepting",] == 1
    assert found["qantara_announcements_open", "office"] == 2
    assert found["qantara_announcement_needs", "office"] == 1
    assert found["qantara_announcement_waiting", "office"] == 4
    assert found["qantara_announcement_recipients", "viber", "office", "delivered"] == 10
    assert found["qantara_announcement_recipients", "viber", "office", "unknown"] == 15
    assert found["qantara_build_info", "1.2.3"] == 1
    assert found["qantara_process_resident_memory_bytes",] > 0


def test_the_ends_and_what_is_open_are_all_there_is() -> None:
    found = {key[2:] for key in values(STATUS) if key[0].startswith("qantara_deliveries")}
    named = {name for key in found for name in key if name in Counts.__struct_fields__}
    assert named == set(Counts.__struct_fields__)


@given(st.text(), st.text())
def test_whatever_a_room_is_called_the_text_can_be_read(room: str, cause: str) -> None:
    odd = structs.replace(STATUS, rooms=[structs.replace(STATUS.rooms[0], room=f"tg/{room}")], causes={cause: 1})
    assert exposition(odd)


@given(st.builds(Counts, **{name: st.integers(0, 9) for name in Counts.__struct_fields__}))
def test_counts_add_up_when_everything_accepted_is_somewhere(counts: Counts) -> None:
    somewhere = sum(structs.astuple(counts)) - counts.accepted
    assert counts.add_up == (counts.accepted == somewhere)
    assert structs.replace(counts, accepted=somewhere).add_up


def test_every_metric_is_on_its_page_and_no_other() -> None:
    listed = re.findall(r"^\| `(qantara_[a-z_]+)` ", PAGE.read_text(), re.MULTILINE)
    process = [name for name in listed if name.startswith("qantara_process_")]
    assert sorted(set(listed) - set(process)) == sorted(family.shown for family in FAMILIES)
    assert len(process) > 3
