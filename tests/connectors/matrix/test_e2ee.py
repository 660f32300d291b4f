"""The parts of end-to-end encryption, each alone: what is signed, whose a key is, what a sealed event may hold."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from vodozemac import Account, InboundGroupSession, SessionKey

from bridge.ids import RoomId
from bridge.testing.clock import HandClock
from connectors.matrix.e2ee.devices import OLM, Device, Signed, cross_signed, devices
from connectors.matrix.e2ee.keystore import KeyStore, opened
from connectors.matrix.e2ee.megolm import BrokenError, Megolm, NoKeyError, RoomSession, Rotation, rotation
from connectors.matrix.e2ee.olm import Letter, Olm, UnopenedError
from connectors.matrix.e2ee.signing import canonical, is_signed, signed

ADA, BEA, ROOM = "@ada:x", "@bea:x", RoomId("!room:x")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[KeyStore]:
    with opened(tmp_path / "keys.db", "a passphrase", b"salt") as found:
        yield found


@pytest.fixture
def other(tmp_path: Path) -> Iterator[KeyStore]:
    with opened(tmp_path / "other.db", "a passphrase", b"salt") as found:
        yield found


def person(store: KeyStore, user: str) -> Olm:
    return Olm(store, HandClock(), user=user, device="D")


def device_of(olm: Olm) -> Device:
    (found,) = devices(olm.user, {"device_keys": {olm.user: {olm.device: olm.device_keys()}}})
    return found


def met(one: Olm, two: Olm) -> None:
    """Give `one` a session with `two`, as /keys/claim does."""
    keys = two.new_keys(0)["one_time_keys"]
    name = next(iter(keys))
    assert one.begin(device_of(two), {name: keys[name]})


def test_only_the_whole_object_is_signed() -> None:
    account = Account()
    value = signed({"b": 1, "a": "é", "unsigned": {"age": 1}}, account, ADA, "D")
    key = account.ed25519_key.to_base64()
    assert canonical(value) == '{"a":"é","b":1}'.encode()
    assert is_signed(value, ADA, "D", key)
    assert is_signed({**value, "unsigned": {}}, ADA, "D", key)
    assert not is_signed({**value, "b": 2}, ADA, "D", key)
    assert not is_signed(value, BEA, "D", key)
    assert not is_signed(value, ADA, "D", Account().ed25519_key.to_base64())
    assert not is_signed(value, ADA, "D", "no key")
    assert not is_signed({"a": "\ud800", "signatures": value["signatures"]}, ADA, "D", key)


@pytest.mark.parametrize(
    "change",
    [
        {"user_id": BEA},
        {"device_id": "E"},
        {"algorithms": [OLM]},
        {"algorithms": None},
        {"keys": {}},
        {"keys": [1]},
        {"signatures": {}},
        {"more": "that nobody signed"},
    ],
)
def test_a_device_that_is_not_what_it_says_is_left_out(store: KeyStore, change: dict[str, Any]) -> None:
    ada = person(store, ADA)
    assert list(devices(ADA, {"device_keys": {ADA: {"D": ada.device_keys() | change}}})) == []
    assert list(devices(ADA, {"device_keys": {ADA: {"D": ada.device_keys()}, BEA: 7}})) == [device_of(ada)]


def test_a_device_is_cross_signed_when_the_whole_chain_is(store: KeyStore) -> None:
    master, signer, stranger = Account(), Account(), Account()
    name, key = (account.ed25519_key.to_base64() for account in (master, signer))
    own = signed({"user_id": ADA, "keys": {f"ed25519:{key}": key}}, master, ADA, name)
    device = signed(person(store, ADA).device_keys(), signer, ADA, key)
    whole = {
        "master_keys": {ADA: {"user_id": ADA, "keys": {f"ed25519:{name}": name}}},
        "self_signing_keys": {ADA: own},
        "device_keys": {ADA: {"D": device}},
    }
    assert cross_signed(ADA, "D", whole) is Signed.YES
    assert cross_signed(ADA, "D", {**whole, "master_keys": {}}) is Signed.NO_KEYS
    assert cross_signed(ADA, "D", {**whole, "device_keys": {ADA: {"D": person(store, ADA).device_keys()}}}) is Signed.NO
    forged = signed({"user_id": ADA, "keys": {f"ed25519:{key}": key}}, stranger, ADA, name)
    assert cross_signed(ADA, "D", {**whole, "self_signing_keys": {ADA: forged}}) is Signed.NO
    assert cross_signed(ADA, "E", whole) is Signed.NO


def test_letters_go_both_ways_across_restarts(store: KeyStore, other: KeyStore) -> None:
    ada, bea = person(store, ADA), person(other, BEA)
    met(ada, bea)
    first = bea.open(ADA, ada.seal(device_of(bea), "m.room_key", {"n": 1}))
    assert (first.type, first.content, first.curve) == ("m.room_key", {"n": 1}, ada.curve)
    ada, bea = person(store, ADA), person(other, BEA)
    back = ada.open(BEA, bea.seal(device_of(ada), "m.dummy", {}))
    assert back.type == "m.dummy"
    assert bea.open(ADA, ada.seal(device_of(bea), "m.room_key", {"n": 2})).content == {"n": 2}


def test_a_letter_is_opened_once(store: KeyStore, other: KeyStore) -> None:
    ada, bea = person(store, ADA), person(other, BEA)
    met(ada, bea)
    letter = ada.seal(device_of(bea), "m.dummy", {})
    bea.open(ADA, letter)
    with pytest.raises(UnopenedError) as caught:
        bea.open(ADA, letter)
    assert caught.value.curve == ada.curve


def test_a_letter_that_is_passed_on_by_somebody_else_is_refused(store: KeyStore, other: KeyStore) -> None:
    ada, bea = person(store, ADA), person(other, BEA)
    met(ada, bea)
    with pytest.raises(UnopenedError, match="somebody else"):
        bea.open("@mallory:x", ada.seal(device_of(bea), "m.dummy", {}))


def test_a_one_time_key_of_somebody_else_begins_nothing(store: KeyStore, other: KeyStore) -> None:
    ada, bea = person(store, ADA), person(other, BEA)
    forged = signed({"key": Account().curve25519_key.to_base64()}, Account(), BEA, "D")
    assert not ada.begin(device_of(bea), {"signed_curve25519:AAAA": forged})
    assert not ada.begin(device_of(bea), {})
    assert not ada.has_session(device_of(bea))


def test_keys_that_were_made_and_not_published_are_offered_again(store: KeyStore) -> None:
    ada = person(store, ADA)
    offered = ada.new_keys(40)
    assert len(offered["one_time_keys"]) == 10
    assert len(offered["fallback_keys"]) == 1
    assert person(store, ADA).new_keys(40)["one_time_keys"].keys() == offered["one_time_keys"].keys()
    ada.published()
    assert not set(ada.new_keys(40)["one_time_keys"]) & set(offered["one_time_keys"])


class Writer:
    """Somebody who writes in the room, seen from the bridge."""

    def __init__(self, store: KeyStore, other: KeyStore) -> None:
        self.megolm = Megolm(other, HandClock(), device="D", curve="their curve")
        self.session = self.megolm.begin(ROOM, ADA)
        self.us = Megolm(store, HandClock(), device="E", curve="our curve")

    def share(self, *, sender: str = ADA, **change: str) -> tuple[RoomId, str] | None:
        content = self.megolm.key_of(ROOM, self.session) | change
        return self.us.learn(Letter(sender=sender, curve="their curve", ed25519="", type="m.room_key", content=content))

    def event(self, words: str, **change: object) -> dict[str, Any]:
        content = self.megolm.write(ROOM, self.session, "m.room.message", {"body": words})
        raw = {"type": "m.room.encrypted", "event_id": f"${words}", "sender": ADA, "content": content}
        return raw | change


@pytest.fixture
def ada(store: KeyStore, other: KeyStore) -> Writer:
    return Writer(store, other)


def test_an_event_is_read_by_its_key_and_not_before(ada: Writer) -> None:
    event = ada.event("hello")
    with pytest.raises(NoKeyError):
        ada.us.read(ROOM, event)
    assert ada.share() is not None
    with pytest.raises(NoKeyError):
        ada.us.read(ROOM, event)  # it was written before we got the key
    assert ada.us.read(ROOM, ada.event("again"))["content"] == {"body": "again"}


def test_a_key_is_news_once(ada: Writer) -> None:
    assert ada.share() == (ROOM, ada.session.group.session_id)
    assert ada.share() is None


@pytest.mark.parametrize(
    "change",
    [{"session_id": "another"}, {"algorithm": "m.megolm.v2"}, {"session_key": "x"}, {"room_id": ""}],
)
def test_a_key_that_is_none_is_passed_over(ada: Writer, change: dict[str, str]) -> None:
    assert ada.share(**change) is None


def test_a_key_of_somebody_else_opens_nothing(ada: Writer) -> None:
    ada.share(sender="@mallory:x")
    with pytest.raises(BrokenError, match="somebody else"):
        ada.us.read(ROOM, ada.event("hello"))


def test_a_key_cannot_be_taken_over_by_somebody_else(ada: Writer) -> None:
    early = ada.megolm.key_of(ROOM, ada.session)
    first = ada.event("first")
    ada.share()
    ada.us.learn(Letter(sender="@mallory:x", curve="hers", ed25519="", type="m.room_key", content=early))
    assert ada.us.read(ROOM, ada.event("second"))["content"] == {"body": "second"}
    with pytest.raises(NoKeyError):
        ada.us.read(ROOM, first)


def test_an_event_that_is_sent_again_as_another_is_refused(ada: Writer) -> None:
    ada.share()
    event = ada.event("pay 10")
    ada.us.read(ROOM, event)
    ada.us.read(ROOM, event)  # the same event may be read twice
    with pytest.raises(BrokenError, match="sent before"):
        ada.us.read(ROOM, event | {"event_id": "$again"})


def test_an_event_of_another_room_is_refused(ada: Writer, store: KeyStore) -> None:
    ada.share()
    store.write("UPDATE megolm SET room = '!other:x'")
    with pytest.raises(BrokenError, match="another room"):
        ada.us.read(RoomId("!other:x"), ada.event("hello"))


@pytest.mark.parametrize("content", [{"ciphertext": "x"}, {"ciphertext": 7}, {"algorithm": "m.olm"}])
def test_what_no_key_opens_is_broken(ada: Writer, content: dict[str, Any]) -> None:
    ada.share()
    event = ada.event("hello")
    with pytest.raises(BrokenError):
        ada.us.read(ROOM, event | {"content": event["content"] | content})


def test_an_earlier_key_of_the_same_session_replaces_a_later_one(ada: Writer) -> None:
    early = ada.session.group.session_key
    first = ada.event("first")
    assert ada.share() is not None
    exported = InboundGroupSession(SessionKey(early.to_base64())).export_at(0)
    assert exported is not None
    content = ada.megolm.key_of(ROOM, ada.session) | {"session_key": exported.to_base64()}
    forwarded = Letter(sender=ADA, curve="their curve", ed25519="", type="m.forwarded_room_key", content=content)
    assert ada.us.learn_again(forwarded) is not None
    assert ada.us.read(ROOM, first)["content"] == {"body": "first"}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({}, Rotation(messages=100, seconds=604_800.0)),
        ({"rotation_period_msgs": 5, "rotation_period_ms": 60_000}, Rotation(messages=5, seconds=60.0)),
        ({"rotation_period_msgs": 10**9, "rotation_period_ms": 10**18}, Rotation()),
        ({"rotation_period_msgs": 0, "rotation_period_ms": -1}, Rotation()),
        ({"rotation_period_msgs": "x", "rotation_period_ms": None}, Rotation()),
    ],
)
def test_a_room_says_how_often_its_keys_change(content: dict[str, Any], expected: Rotation) -> None:
    assert rotation(content) == expected


def test_a_session_is_over_after_its_messages_or_its_time(ada: Writer) -> None:
    session: RoomSession = ada.session
    assert not session.is_over(Rotation(messages=2), session.began)
    assert session.is_over(Rotation(), session.began + 604_800)
    ada.event("one")
    ada.event("two")
    assert session.is_over(Rotation(messages=2), session.began)


def test_no_secret_stands_in_the_key_store_in_clear(store: KeyStore, tmp_path: Path) -> None:
    ada = person(store, ADA)
    keys = ada.new_keys(0)["one_time_keys"]
    store.connection.pragma("wal_checkpoint(TRUNCATE)")
    kept = (tmp_path / "keys.db").read_bytes()
    public = base64.b64decode(next(iter(keys.values()))["key"] + "=")
    assert public not in kept
    assert b"one_time_keys" not in kept
