"""What goes to whom: a notice for a room and a record for an authority, from the configuration alone."""

import re
from pathlib import Path
from typing import ClassVar

import pytest
from msgspec.structs import replace

from bridge import Connector, ConnectorConfig, MessageId, Outgoing, Recipient
from bridge.config import Config, parse
from bridge.ids import AccountName, Room
from bridge.privacy import notice, parties, record
from bridge.registry import Registry, installed

ACME = Recipient(
    company="Acme Ltd.", seat="Utopia", terms="https://acme.example/terms", seen="2026-11",
    keeps="It keeps all.", reads="It reads all.",
)  # fmt: skip
TOWN = Room(AccountName("a"), "town")


class Served(ConnectorConfig):
    """Settings with a server of one's own."""

    server: str = "ircs://irc.example.org:6697"


class Bought(Connector[ConnectorConfig]):
    """A platform of a company."""

    Config: ClassVar[type[ConnectorConfig]] = ConnectorConfig
    recipient = ACME

    async def run(self) -> None: ...

    async def send(self, message: Outgoing) -> tuple[MessageId, ...]:
        return ()


class OfOnesOwn(Bought):
    """A platform of servers."""

    Config: ClassVar[type[ConnectorConfig]] = Served
    recipient = Recipient(keeps="Nothing.", reads="Everybody.", server="server")


class Silent(Bought):
    """A platform that says nothing."""

    recipient = None


KINDS = {"bought": Bought, "own": OfOnesOwn, "silent": Silent}
ACCOUNTS = "accounts:\n  a: {connector: own}\n  b: {connector: bought}\n"
LINK = "links:\n  l: {rooms: [a/town, b/market]}\n"


def read(text: str) -> Config:
    return parse(text, name="config.yaml", environ={}, connectors=Registry.of(dict(KINDS)), base=Path())


def told(text: str, room: Room = TOWN) -> str | None:
    config = read(text)
    return notice(config, parties(config, {name: one.recipient for name, one in KINDS.items()}), room)


def recorded(text: str) -> str:
    config = read(text)
    return record(config, parties(config, {name: one.recipient for name, one in KINDS.items()}))


def test_a_notice_says_where_words_go_to_whom_and_how_long_they_stay() -> None:
    words = told(ACCOUNTS + LINK) or ""
    assert "is shown in: b/market." in words
    assert "* Acme Ltd., Utopia. It keeps all. It reads all. Terms: https://acme.example/terms" in words
    assert "the first 80 characters for 48 hours" in words
    assert "not encrypted on its disk" in words
    assert "optout" not in words


def test_whoever_runs_a_server_of_their_own_is_named_by_its_address() -> None:
    assert "* whoever runs irc.example.org. Nothing. Everybody." in (
        told(ACCOUNTS + LINK, Room(AccountName("b"), "market")) or ""
    )


def test_another_account_and_other_settings_change_it() -> None:
    more = (
        "links:\n  l: {rooms: [a/town, b/market, c/hall], moderation: {}, show: [joins]}\nstore: {excerpt_hours: 2}\n"
    )
    words = told(f"{ACCOUNTS}  c: {{connector: silent}}\n{more}") or ""
    assert "* silent: its connector does not say who runs it: ask its author" in words
    assert "for 2 hours" in words
    assert "!qantara optout" in words
    assert "comes into this room" in words


def test_a_room_that_is_only_written_to_keeps_what_is_said_there() -> None:
    words = told(f"{ACCOUNTS}links:\n  l: {{from: [b/market], to: [a/town]}}\n") or ""
    assert "what is written here stays here" in words
    assert "Acme" not in words


def test_a_room_that_no_link_names_has_no_notice() -> None:
    assert told(ACCOUNTS + LINK, Room(AccountName("a"), "attic")) is None


def test_a_record_names_every_link_every_account_and_what_people_can_ask() -> None:
    page = recorded(f"{ACCOUNTS}{LINK}notices: a/ops\n")
    assert "* l: a/town, b/market" in page
    assert "* notices to the operator: a/ops" in page
    assert (
        "| b | bought | Acme Ltd., Utopia | https://acme.example/terms | It keeps all. | It reads all. | 2026-11 |"
        in page
    )
    assert "| a | own | whoever runs irc.example.org |" in page
    assert "qantara forget" in page


def test_what_nobody_compared_with_the_terms_is_told_as_such_in_notice_and_record() -> None:
    config = read(ACCOUNTS + LINK)
    unseen = {"own": OfOnesOwn.recipient, "bought": replace(ACME, seen="")}
    for recipients, said in ((unseen, True), ({**unseen, "bought": ACME}, False)):
        known = parties(config, recipients)
        for page in (notice(config, known, TOWN) or "", record(config, known)):
            assert ("nobody has compared this with the terms yet" in page) is said


DECLARED = [name for name in installed().names() if installed().get(name).recipient is not None]


def test_the_connectors_we_ship_declare_who_gets_what_is_written() -> None:
    ours = {"console", "irc", "matrix", "matrix-appservice", "messenger", "telegram", "viber", "whatsapp"}
    assert ours <= set(DECLARED)


@pytest.mark.parametrize("name", DECLARED)
def test_a_declaration_is_whole(name: str) -> None:
    connector = installed().get(name)
    one = connector.recipient
    assert one is not None
    assert all(words.endswith(".") and "\n" not in words and "|" not in words for words in (one.keeps, one.reads))
    assert not one.seen or re.fullmatch(r"20\d\d-[01]\d", one.seen), "a year and a month"
    assert not one.server or one.server in connector.Config.model_fields
    assert bool(one.company) == bool(one.terms), "a company has terms"


@pytest.mark.parametrize(
    ("reachable", "who"), [("subscribed", "who asked for them"), ("writers", "who asked for them or only wrote once")]
)
def test_to_whom_announcements_go_is_recorded(reachable: str, who: str) -> None:
    one = f"{{room: a/press, to: [b/market], subscribers: [b], reachable: {reachable}}}"
    config = read(f"{ACCOUNTS}announcements:\n  office: {one}\n")
    said = record(config, parties(config, {name: one.recipient for name, one in KINDS.items()}))
    assert f"office: announcements are drafted in a/press and go to b/market, people of b in private, {who}\n" in said
    assert "stays on the list until they leave" in said
