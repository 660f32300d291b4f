"""Desks in the file: what they become, and each way to write them wrong."""

from datetime import timedelta

import pytest

from bridge.asked import Template
from bridge.config import Answer
from bridge.ids import AccountName, Room
from tests.bridge.config.examples import SMALL, faults, read


def test_a_desk_has_its_defaults() -> None:
    desk = read(f"{SMALL}desks: {{help: {{room: a/desk, accounts: [b, c]}}}}\n").desks["help"]
    assert (desk.room, desk.accounts) == (Room(AccountName("a"), "desk"), {"b", "c"})
    assert (desk.answers, desk.shown_as, desk.show_ids) == (frozenset(Answer), "{name}", False)
    assert (desk.claim, desk.warning, desk.alarm) == (timedelta(hours=1), timedelta(hours=1), None)


def test_every_setting_of_a_desk_is_read() -> None:
    settings = (
        "room: a/desk, accounts: [b], answers: [replies], shown_as: Us, greeting: Hi, away: Bye, timezone: Europe/Kyiv,"
        " hours: ['mon-fri 09:00-17:00'], alarm_minutes: 5, claim_minutes: 0, window_warning_minutes: 0,"
        " template: {name: n, language: uk, parameters: ['{answer}']}, show_ids: true"
    )
    desk = read(f"{SMALL}desks: {{help: {{{settings}}}}}\n").desks["help"]
    assert (desk.answers, desk.shown_as, desk.greeting, desk.away) == (frozenset({Answer.REPLIES}), "Us", "Hi", "Bye")
    assert (desk.hours.zone, len(desk.hours.spans), desk.alarm) == ("Europe/Kyiv", 1, timedelta(minutes=5))
    assert (desk.claim, desk.warning, desk.show_ids) == (None, None, True)
    assert desk.template == Template(name="n", language="uk", parameters=("{answer}",))


def test_a_file_with_a_desk_needs_no_links() -> None:
    assert read(f"{SMALL}desks: {{help: {{room: a/desk, accounts: [b]}}}}\n").warnings == ()


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("{room: a/desk}", "desks.help.accounts  is missing"),
        ("{room: a/desk, accounts: []}", "desks.help.accounts  needs an account"),
        ("{room: desk, accounts: [b]}", 'desks.help.room  "desk" is no room'),
        ("{room: x/desk, accounts: [b]}", 'desks.help.room  no account "x"'),
        ("{room: a/desk, accounts: [x]}", 'desks.help.accounts[0]  no account "x"'),
        ("{room: a/desk, accounts: [b, b]}", "desks.help.accounts[1]  is listed by a desk already"),
        ("{room: a/desk, accounts: [b], hours: [always]}", "desks.help.hours  must be days and times"),
        ("{room: a/desk, accounts: [b], timezone: Kyiv}", "desks.help.timezone  is no time zone"),
        ("{room: a/desk, accounts: [b], shown_as: '{nick}'}", "desks.help.shown_as  must be printable text"),
        ("{room: a/desk, accounts: [b], answers: [words]}", "desks.help.answers[0]"),
        (
            "{room: a/desk, accounts: [b], template: {name: x, parameters: ['{who}']}}",
            "desks.help.template.parameters  has a field that there is not",
        ),
    ],
)
def test_each_way_to_write_a_desk_wrong_is_said(written: str, problem: str) -> None:
    found = faults(f"{SMALL}desks: {{help: {written}}}\n")
    assert len(found) == 1, found
    assert problem in found[0]


def test_the_agents_room_is_in_no_link_and_of_one_desk() -> None:
    text = (
        f"{SMALL}links: {{l: {{rooms: [a/desk, b/x]}}}}\n"
        "desks: {help: {room: a/desk, accounts: [b]}, sales: {room: a/desk, accounts: [c]}}\n"
    )
    found = faults(text)
    assert ['is in link "l"' in one for one in found] == [True, True, False]
    assert "is the room of another desk" in found[2]
