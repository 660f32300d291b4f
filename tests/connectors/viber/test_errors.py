"""Every status of Viber's, every answer that is none of its own, and what the bridge does about each."""

import pytest

from bridge import (
    Feature,
    Rejected,
    RoomClosed,
    Scope,
    Unauthorized,
    Unavailable,
    Uncertain,
    Unsupported,
)
from connectors.viber.emulator_rules import MESSAGES
from connectors.viber.errors import (
    FLOOD_SECONDS,
    STATUSES,
    Asked,
    Forgotten,
    GeneralError,
    clean,
    meaning,
    of_http,
    refusal,
)
from connectors.viber.wire import Json

MEANT: dict[int, type[Exception]] = {
    1: Unavailable, 2: Unauthorized, 3: Rejected, 4: Rejected, 5: RoomClosed, 6: RoomClosed, 7: Unauthorized,
    8: Unauthorized, 9: Unauthorized, 10: Forgotten, 11: RoomClosed, 12: Unavailable, 13: Rejected, 14: Rejected,
    15: Unauthorized, 16: Rejected, 17: Rejected, 18: Unauthorized, 19: Rejected, 20: Rejected, 21: RoomClosed,
    22: Rejected, 23: RoomClosed, 24: RoomClosed, 25: GeneralError, 99: GeneralError, -1: GeneralError,
}  # fmt: skip


@pytest.mark.parametrize(("status", "kind"), MEANT.items())
def test_each_status_becomes_the_error_that_says_what_happens_next(status: int, kind: type[Exception]) -> None:
    error = meaning(status, MESSAGES.get(status, "whatever"), Asked.WORDS)
    assert type(error) is kind
    assert f"status {status}" in str(error)


def test_every_status_is_tried() -> None:
    assert set(STATUSES) == set(range(1, 25))
    assert set(STATUSES) <= set(MEANT)


@pytest.mark.parametrize("status", [3, 4, 13, 14])
def test_a_definite_no_to_a_file_is_one_to_what_it_is(status: int) -> None:
    error = meaning(status, "", Asked.FILE)
    assert isinstance(error, Unsupported)
    assert error.feature is Feature.ATTACHMENT


@pytest.mark.parametrize("status", [3, 5, 12, 99])
def test_what_concerns_the_account_is_tried_again(status: int) -> None:
    assert isinstance(meaning(status, "", Asked.ACCOUNT), Unavailable)


def test_too_many_messages_wait_in_one_room_and_a_lost_address_in_all() -> None:
    flood, lost = meaning(12, "", Asked.WORDS), meaning(10, "", Asked.WORDS)
    assert isinstance(flood, Unavailable)
    assert isinstance(lost, Unavailable)
    assert (flood.retry_after, flood.scope, lost.scope) == (FLOOD_SECONDS, Scope.ROOM, Scope.ACCOUNT)


ANSWERS: list[tuple[Json | None, type[Exception] | None]] = [
    ({"status": 0, "message_token": 1}, None),
    ({"status": "0"}, None),
    ({"status": 6}, RoomClosed),
    ({"status": "6", "status_message": "notSubscribed"}, RoomClosed),
    ({"status": 12, "status_message": "Too many requests", "message_token": "1234567890"}, Unavailable),
    ({}, Uncertain),
    (None, Uncertain),
    ({"status": True}, Uncertain),
    ({"status": None}, Uncertain),
    ({"status": "six"}, Uncertain),
    ({"status": 0.0}, Uncertain),
]


@pytest.mark.parametrize(("answer", "kind"), ANSWERS)
def test_an_answer_is_a_success_only_where_it_says_so(answer: Json | None, kind: type[Exception] | None) -> None:
    found = refusal(answer, Asked.WORDS)
    assert (None if found is None else type(found)) is kind


@pytest.mark.parametrize(
    ("status", "kind"),
    [(429, Unavailable), (503, Unavailable), (400, Unavailable), (404, Unavailable), (413, Rejected), (500, Uncertain),
     (502, Uncertain), (504, Uncertain), (302, Uncertain), (204, Uncertain)],
)  # fmt: skip
def test_what_a_gateway_answers_says_whether_it_may_have_arrived(status: int, kind: type[Exception]) -> None:
    assert type(of_http(status, None, Asked.WORDS)) is kind


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7.0), (None, None), ("-1", None), ("x", None), ("99999", 3600.0)]
)
def test_a_wait_is_believed_within_reason(header: str | None, seconds: float | None) -> None:
    error = of_http(429, header, Asked.WORDS)
    assert isinstance(error, Unavailable)
    assert error.retry_after == seconds


def test_a_servers_sentence_tells_no_secret() -> None:
    told = clean("token 0a0a0a0a0a0a0a0a-1b1b1b1b1b1b1b1b refused for 01234567890123456A== at +380 67 111 22 33")
    assert told == "token *** refused for *** at ***"
