"""Who may call: the signature over the raw bytes, in the header or the query, and nothing that is a week old."""

from datetime import UTC, datetime, timedelta

import pytest

from bridge import Request
from connectors.viber.door import SIGNATURE, Callback, Refused, callback, signature

TOKEN = "0a0a0a0a0a0a0a0a-1b1b1b1b1b1b1b1b"
NOW = datetime(2025, 10, 9, 8, 53, 24, tzinfo=UTC)
BODY = b'{"event":"seen","timestamp":1760000004000,"message_token":5741311803571721087}'


def call(body: bytes = BODY, **more: object) -> Request:
    fields = {"method": "POST", "path": "", "query": {}, "headers": {SIGNATURE: signature(body, TOKEN)}, **more}
    return Request(body=body, **fields)  # type: ignore[arg-type]  # the fields of a request


def test_a_signed_call_is_believed_and_its_token_is_whole() -> None:
    found = callback(call(), TOKEN, NOW)
    assert isinstance(found, Callback)
    assert (found.event, found.at, found.raw["message_token"]) == ("seen", NOW, 5741311803571721087)


def test_the_signature_may_stand_in_the_query() -> None:
    assert isinstance(callback(call(headers={}, query={"sig": signature(BODY, TOKEN)}), TOKEN, NOW), Callback)


def test_the_header_counts_before_the_query() -> None:
    forged = call(headers={SIGNATURE: "0" * 64}, query={"sig": signature(BODY, TOKEN)})
    assert callback(forged, TOKEN, NOW) is Refused.FORGED


@pytest.mark.parametrize(
    "body",
    [BODY, '{"event":"x","timestamp":1760000004000,"text":"Привіт"}'.encode(),
     b'{"event":"x","timestamp":1760000004000,"text":"\\u041f"}', BODY + b"\n"],
)  # fmt: skip
def test_the_bytes_are_signed_as_they_came(body: bytes) -> None:
    assert isinstance(callback(call(body), TOKEN, NOW), Callback)
    assert callback(call(body + b" ", headers={SIGNATURE: signature(body, TOKEN)}), TOKEN, NOW) is Refused.FORGED


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (call(headers={}), Refused.UNSIGNED),
        (call(headers={SIGNATURE: ""}), Refused.FORGED),
        (call(headers={SIGNATURE: signature(BODY, "another")}), Refused.FORGED),
        (call(headers={SIGNATURE: f"sha256={signature(BODY, TOKEN)}"}), Refused.FORGED),
        (call(headers={SIGNATURE: signature(BODY, TOKEN).upper()}), Refused.FORGED),
        (call(method="GET"), Refused.METHOD),
        (call(b""), Refused.MALFORMED),
        (call(b"[]"), Refused.MALFORMED),
        (call(b'{"timestamp":1760000004000}'), Refused.MALFORMED),
        (call(b'{"event":"seen"}'), Refused.MALFORMED),
        (call(b'{"event":"seen","timestamp":1e99}'), Refused.MALFORMED),
    ],
)
def test_whoever_is_not_viber_is_refused(request_: Request, why: Refused) -> None:
    assert callback(request_, TOKEN, NOW) is why


def test_what_is_older_than_the_memory_of_the_bridge_is_a_replay() -> None:
    assert callback(call(), TOKEN, NOW + timedelta(days=6)) is not Refused.STALE
    assert callback(call(), TOKEN, NOW + timedelta(days=7, seconds=1)) is Refused.STALE
