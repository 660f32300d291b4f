"""What people linked by a code, together with the file."""

import yaml
from msgspec import structs

from bridge.cli.export import union
from bridge.config import Config, Link
from bridge.config.pairing import PairingSettings
from bridge.config.settings import StoreSettings
from bridge.connector import ConnectorConfig
from bridge.ids import AccountName, Room
from bridge.pairing import bonded, linked
from bridge.store.bonds import Bond

A, B, C = (Room(AccountName(name), "town") for name in "abc")
FILE = Config(
    store=StoreSettings(), accounts={AccountName(name): ConnectorConfig(connector="memory") for name in "ab"},
    links={"l": Link(name="l", sources=(A,), targets=(A,))}, pairing=PairingSettings(),
)  # fmt: skip


def test_what_people_linked_stands_beside_what_the_file_says() -> None:
    config = bonded(FILE, [Bond(number=7, rooms=(A, B))])
    assert list(config.links) == ["l", "paired 7"]
    paired = config.links["paired 7"]
    assert paired.sources == paired.targets == (A, B)
    assert paired.moderation is not None
    assert linked(config, A, B)
    assert not linked(FILE, A, B)


def test_a_bond_whose_account_is_gone_waits_for_it() -> None:
    assert bonded(FILE, [Bond(number=1, rooms=(A, C))]) == FILE


def test_without_pairing_only_the_file_counts() -> None:
    file = structs.replace(FILE, pairing=None)
    assert bonded(file, [Bond(number=1, rooms=(A, B))]) == file


def test_the_union_is_a_file_that_means_the_same() -> None:
    text = "accounts: {a: {connector: x, token: '${T}'}}\nlinks:\n  l: {rooms: [a/one, a/two]}  # mine\n"
    links = {
        "l": {"sources": ["a/one", "a/two"], "targets": ["a/one", "a/two"]},
        "paired 1": {"sources": ["a/one", "a/!x"], "targets": ["a/one", "a/!x"]},
        "paired 2": {"sources": ["a/!y"], "targets": ["a/!y"]},
    }
    read = yaml.safe_load(union(text, links))
    assert read["accounts"] == {"a": {"connector": "x", "token": "${T}"}}
    assert read["links"] == {
        "l": {"rooms": ["a/one", "a/two"]},
        "paired 1": {"rooms": ["a/one", "a/!x"], "moderation": {}},
    }
