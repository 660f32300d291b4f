"""Meta's calls: the handshake, and the signature over the bytes as they came."""

import json

import pytest

from bridge import Request
from connectors.graph.config import GraphConfig
from connectors.graph.door import LARGEST_CALL, answered, largest_call, signature
from tests.connectors.graph.graph_server import SECRET, TOKEN

CONFIG = GraphConfig.model_validate(
    {"connector": "graph", "token": TOKEN, "app_secret": SECRET, "verify_token": "open sesame"}
)
CYRILLIC = json.dumps({"text": "Привіт/ї"}).replace("/", "\\/").encode()
BODIES = [b'{"a":1}', CYRILLIC, b'{"a":1}\n', b""]


def called(body: bytes, signed: str | None) -> Request:
    headers = {} if signed is None else {"x-hub-signature-256": signed}
    return Request(method="POST", path="", query={}, headers=headers, body=body)


def asked(**query: str) -> Request:
    named = {f"hub.{name}": value for name, value in query.items()}
    return Request(method="GET", path="", query=named, headers={}, body=b"")


@pytest.mark.parametrize("body", BODIES)
def test_what_meta_signed_is_let_in(body: bytes) -> None:
    assert answered(called(body, signature(body, SECRET)), CONFIG) is None


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize(
    ("forge", "status"),
    [
        (lambda _: None, 401),
        (lambda _: "", 403),
        (lambda body: signature(body, SECRET[::-1]), 403),
        (lambda body: signature(body + b" ", SECRET), 403),
        (lambda body: signature(body, SECRET)[:-1], 403),
        (lambda body: signature(body, SECRET) + "0", 403),
        (lambda body: signature(body, SECRET).upper(), 403),
        (lambda body: signature(body, SECRET).replace("sha256=", "sha1="), 403),
        (lambda body: signature(body, SECRET).removeprefix("sha256="), 403),
        (lambda _: "sha256=é\udcff", 403),
    ],
)
def test_a_forgery_is_refused(body: bytes, forge: object, status: int) -> None:
    assert callable(forge)
    answer = answered(called(body, forge(body)), CONFIG)
    assert answer is not None
    assert answer.status == status


def test_a_signature_is_known_from_elsewhere() -> None:
    assert signature(b"Hello, World!", "It's a Secret to Everybody") == (
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    )


def test_the_challenge_is_given_back() -> None:
    answer = answered(asked(mode="subscribe", challenge="1158201444", verify_token="open sesame"), CONFIG)
    assert answer is not None
    assert (answer.status, answer.body, answer.content_type) == (200, b"1158201444", "text/plain")


@pytest.mark.parametrize(
    "query",
    [
        {"mode": "subscribe", "challenge": "1", "verify_token": "open barley"},
        {"mode": "subscribe", "challenge": "1"},
        {"mode": "unsubscribe", "challenge": "1", "verify_token": "open sesame"},
        {"challenge": "1", "verify_token": "open sesame"},
        {"mode": "subscribe", "verify_token": "open sesame"},
        {"mode": "subscribe", "challenge": "<script>", "verify_token": "open sesame"},
        {"mode": "subscribe", "challenge": "1", "verify_token": "\udcff"},
        {},
    ],
)
def test_a_wrong_handshake_is_refused(query: dict[str, str]) -> None:
    answer = answered(asked(**query), CONFIG)
    assert answer is not None
    assert (answer.status, answer.body) == (403, b"")


def test_other_methods_are_refused() -> None:
    answer = answered(Request(method="PUT", path="", query={}, headers={}, body=b""), CONFIG)
    assert answer is not None
    assert answer.status == 405


def test_a_whole_batch_is_read_only_of_who_shows_a_signature() -> None:
    assert largest_call(called(b"", None), 7) == 7
    assert largest_call(called(b"", "sha256=short"), 7) == 7
    assert largest_call(called(b"", signature(b"", "any")), 7) == LARGEST_CALL
