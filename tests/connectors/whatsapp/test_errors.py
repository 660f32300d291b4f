"""Error codes as what happens next: the whole table, whatever HTTP's status."""

import pytest

from bridge import (
    BridgeError,
    Failure,
    Feature,
    Rejected,
    RoomClosed,
    Scope,
    Unauthorized,
    Unavailable,
    Uncertain,
    Unsupported,
)
from connectors.graph.errors import GraphError
from connectors.whatsapp.errors import MEANINGS, Crowded, Faltering, Meaning, PhoneNeeded, failure, meaning, pair_wait

STOP = (0, 3, 10, 190, 200, 230, 299, 131005, 368, 131031, 131042)
LATER = (4, 80007, 130429, 131048, 133016, 2, 131016, 131057, 131052)
FALTER = (1, 131000)
NEVER = (33, 100, 131008, 131009, 131021, 131026, 131030, 131049, 131051, 132000, 132001, 132005, 132007, 132012,
         132015, 132016)  # fmt: skip
AWAY = (130497, 131020, 131041, 131207)
TABLE: list[tuple[int, type[BridgeError]]] = [
    *((code, Unauthorized) for code in STOP),
    *((code, Unavailable) for code in LATER),
    *((code, Faltering) for code in FALTER),
    *((code, Rejected) for code in NEVER),
    *((code, RoomClosed) for code in AWAY),
    (131047, RoomClosed),
    (131056, Crowded),
    (131053, Unsupported),
    (131062, PhoneNeeded),
]


@pytest.mark.parametrize("status", [200, 400, 429, 500, 503])
@pytest.mark.parametrize(("code", "error"), TABLE)
def test_the_code_decides_and_not_the_status(code: int, error: type[BridgeError], status: int) -> None:
    assert type(meaning(GraphError(code=code, status=status, why="no"), Scope.ROOM)) is error


@pytest.mark.parametrize(("code", "scope"), [(4, Scope.ACCOUNT), (130429, Scope.ACCOUNT), (131048, Scope.ACCOUNT),
                                             (2, Scope.ROOM), (131056, Scope.ROOM)])  # fmt: skip
def test_a_wait_binds_the_account_or_the_room(code: int, scope: Scope) -> None:
    error = meaning(GraphError(code=code, wait=40.0), Scope.ROOM)
    assert isinstance(error, Unavailable)
    assert (error.scope, error.retry_after) == (scope, 40.0)


def test_a_closed_window_takes_a_template() -> None:
    error = meaning(GraphError(code=131047), Scope.ROOM)
    assert isinstance(error, RoomClosed)
    assert error.accepts == {Feature.TEMPLATE}


@pytest.mark.parametrize(("status", "error"), [(400, Rejected), (404, Rejected), (500, Uncertain), (503, Uncertain)])
def test_an_unknown_code_is_told_by_the_status_alone(status: int, error: type[BridgeError]) -> None:
    assert type(meaning(GraphError(code=999_999, status=status), Scope.ROOM)) is error


@pytest.mark.parametrize("code", [33, 100])
def test_a_wrong_id_in_the_settings_stops_the_account(code: int) -> None:
    assert isinstance(meaning(GraphError(code=code), Scope.ACCOUNT), Unauthorized)


def test_a_missing_proof_stops_the_account_and_says_which_setting() -> None:
    error = meaning(
        GraphError(code=100, why="API calls from the server require an appsecret_proof argument"), Scope.ROOM
    )
    assert isinstance(error, Unauthorized)
    assert "secret_proof" in str(error)


def test_every_meaning_is_some_codes() -> None:
    assert set(MEANINGS.values()) == set(Meaning)


@pytest.mark.parametrize("code", sorted(MEANINGS))
def test_every_code_has_a_failure_and_an_error(code: int) -> None:
    assert isinstance(failure(GraphError(code=code)), Failure)
    assert str(code) in str(meaning(GraphError(code=code, why="no"), Scope.ROOM))


def test_a_person_who_gets_too_much_is_left_alone_four_times_as_long_each_time() -> None:
    assert [pair_wait(count) for count in (1, 2, 3, 4, 50)] == [6.0, 16.0, 64.0, 256.0, 3600.0]
