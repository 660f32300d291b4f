"""Every parser survives its seeds, what broke one before, and some hundred mutations; `make fuzz` goes on."""

import time
from pathlib import Path

import pytest

from bridge.testing.fuzz_target import Target
from bridge.testing.fuzz_targets import mutated, targets

TARGETS = targets()
CRASHES = Path(__file__).parent / "crashes"
SOME = 250
LONGEST_SECONDS = 1.5
"""Slack for a busy machine; on a quiet one nothing takes a second."""


def fed(target: Target, data: bytes) -> None:
    before = time.process_time()
    target.feed(data)
    assert time.process_time() - before < LONGEST_SECONDS, f"{len(data)} bytes cost too much time"


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_are_read(name: str) -> None:
    for seed in TARGETS[name].seeds:
        fed(TARGETS[name], seed)


@pytest.mark.parametrize("name", TARGETS)
def test_mutations_are_survived(name: str) -> None:
    survive(name, TARGETS[name])


def survive(name: str, target: Target) -> None:
    for seed in range(SOME):
        try:
            fed(target, mutated(target, seed))
        except Exception as error:
            raise AssertionError(f"{name} falls for mutation {seed}") from error


@pytest.mark.parametrize("crash", sorted(CRASHES.iterdir()), ids=lambda path: path.name)
def test_what_broke_a_parser_once_breaks_it_no_more(crash: Path) -> None:
    """A file is named after its target: `irc.session-what.bin`."""
    fed(TARGETS[crash.name.partition("-")[0]], crash.read_bytes())


def test_a_parser_that_falls_is_noticed() -> None:
    def fragile(data: bytes) -> None:
        data.decode("ascii")

    target = Target(fragile, (b"plain",))
    with pytest.raises(AssertionError, match="falls for mutation"):
        survive("fragile", target)


def test_every_installed_connector_with_a_server_offers_its_parsers() -> None:
    offered = {name.partition(".")[0] for name in TARGETS}
    assert {"irc", "matrix", "telegram"} <= offered
