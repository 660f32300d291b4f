"""Links: which rooms they join, and everything that can be wrong with them."""

from datetime import timedelta

import pytest

from bridge.ids import AccountName, Room
from tests.bridge.config.examples import SMALL, faults, read, warnings

CASES = [
    ("neither", "l: {}", '6  links.l  needs "rooms", or "from" and "to"'),
    (
        "both",
        "l: {rooms: [a/1, b/1], to: [c/1]}",
        '6  links.l  has "rooms" and also "from" or "to": it needs one or the other',
    ),
    ("from alone", "l: {from: [a/1]}", '6  links.l  has no "to": it needs "from" and "to", or "rooms"'),
    ("to alone", "l: {to: [a/1]}", '6  links.l  has no "from": it needs "from" and "to", or "rooms"'),
    ("one room", "l: {rooms: [a/1]}", "6  links.l.rooms  needs two rooms or more"),
    ("no room to hear", "l: {from: [], to: [a/1]}", "6  links.l.from  needs a room"),
    ("no room that hears", "l: {from: [a/1], to: []}", "6  links.l.to  needs a room"),
    ("rooms empty", "l: {rooms: }", "6  links.l.rooms  is empty: it needs rooms"),
    ("a link empty", "l:", '6  links.l  is empty, but must be a mapping of "name: value" lines'),
    ("rooms as text", "l: {rooms: a/1}", "6  links.l.rooms  must be a list"),
    ("a number", "l: {rooms: [a/1, 5]}", "6  links.l.rooms[1]  must be text: put it in quotes"),
    ("no slash", "l: {rooms: [a/1, b]}", '6  links.l.rooms[1]  "b" is no room: a room is written account/name'),
    ("no name", "l: {rooms: [a/1, b/]}", '6  links.l.rooms[1]  "b/" is no room: a room is written account/name'),
    (
        "a line feed",
        'l: {rooms: [a/1, "b/x\\ny"]}',
        '6  links.l.rooms[1]  "b/x\\ny" is no room: a room is written account/name',
    ),
    ("no account", "l: {rooms: [a/1, d/1]}", '6  links.l.rooms[1]  no account "d"'),
    ("a room twice", "l: {rooms: [a/1, b/1, a/1]}", '6  links.l.rooms[2]  "a/1" is in this link already, in line 6'),
    (
        "a room that hears itself",
        "l: {from: [a/1], to: [a/1]}",
        '6  links.l.to[0]  "a/1" is in this link already, in line 6',
    ),
    (
        "a lifetime of nothing",
        "l: {rooms: [a/1, b/1], lifetime_hours: 0}",
        "6  links.l.lifetime_hours  must be greater than 0",
    ),
    (
        "a limit of nothing",
        "l: {rooms: [a/1, b/1], limits: {person: {messages: 0}}}",
        "6  links.l.limits.person.messages  must be greater than or equal to 1",
    ),
    (
        "a limit of nobody",
        "l: {rooms: [a/1, b/1], limits: {persons: {messages: 5}}}",
        '6  links.l.limits.persons  unknown setting "persons", did you mean "person"?',
    ),
    (
        "a limit without a number",
        "l: {rooms: [a/1, b/1], limits: {room: {seconds: 5}}}",
        "6  links.l.limits.room.messages  is missing: How many messages may be said in `seconds`.",
    ),
    (
        "a label with a field that is none",
        'l: {rooms: [a/1, b/1], label: "{name} {nick}"}',
        "6  links.l.label  there is no field {nick}: there are {name}, {network}, {number}",
    ),
    (
        "a label with half a field",
        'l: {rooms: [a/1, b/1], label: "{name} {"}',
        "6  links.l.label  there is no field {: there are {name}, {network}, {number}",
    ),
    (
        "a label without a name",
        'l: {rooms: [a/1, b/1], label: "{network}"}',
        "6  links.l.label  must hold {name} and be printable text of at most 64 characters",
    ),
    (
        "a name of nothing",
        '"": {rooms: [a/1, b/1]}',
        "6  links.  a link's name is printable text of at most 80 characters",
    ),
]


def room(text: str) -> Room:
    account, _, name = text.partition("/")
    return Room(AccountName(account), name)


@pytest.mark.parametrize(("link", "said"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_wrong_link_says_what_it_needs(link: str, said: str) -> None:
    assert faults(f"{SMALL}links:\n  {link}\n") == [said]


def test_with_rooms_everyone_hears_everyone() -> None:
    link = read(f"{SMALL}links: {{l: {{rooms: [a/1, b/1, c/1]}}}}").links["l"]
    assert link.sources == link.targets == (room("a/1"), room("b/1"), room("c/1"))
    assert link.lifetime == timedelta(hours=24)


def test_with_from_and_to_one_side_hears_the_other() -> None:
    link = read(f"{SMALL}links: {{l: {{from: [a/1], to: [b/1, c/1], lifetime_hours: 1.5}}}}").links["l"]
    assert (link.sources, link.targets) == ((room("a/1"),), (room("b/1"), room("c/1")))
    assert link.lifetime == timedelta(minutes=90)


def test_a_room_is_split_at_the_first_slash() -> None:
    link = read(f'{SMALL}links: {{l: {{rooms: ["a/#x:example.org/y", "b/-100/42"]}}}}').links["l"]
    assert [place.name for place in link.sources] == ["#x:example.org/y", "-100/42"]


def test_the_same_two_rooms_in_two_links_name_both_links_and_lines() -> None:
    text = f"{SMALL}links:\n  one:\n    rooms: [a/1, b/1]\n  two:\n    rooms:\n      - c/1\n      - b/1\n      - a/1\n"
    (fault,) = faults(text)
    assert fault == (
        '12  links.two.rooms[2]  "a/1" hears "b/1" in link "two" and already in link "one" (line 7): '
        "everything would arrive twice"
    )


def test_the_same_two_rooms_in_opposite_directions_are_no_fault() -> None:
    text = f"{SMALL}links:\n  there: {{from: [a/1], to: [b/1]}}\n  back: {{from: [b/1], to: [a/1]}}\n"
    assert len(read(text).links) == 2


def test_one_way_again_inside_a_link_of_all_is_a_fault() -> None:
    (fault,) = faults(f"{SMALL}links:\n  all: {{rooms: [a/1, b/1]}}\n  again: {{from: [b/1], to: [a/1]}}\n")
    assert fault.startswith(
        '7  links.again.to[0]  "a/1" hears "b/1" in link "again" and already in link "all" (line 6)'
    )


def test_a_chain_is_a_warning_for_the_room_in_the_middle() -> None:
    text = f"{SMALL}links:\n  one: {{rooms: [a/1, b/1]}}\n  two: {{rooms: [b/1, c/1]}}\n"
    (warning,) = warnings(text)
    assert warning == (
        '7  links.two.rooms[0]  "b/1" is in the links "one" and "two": '
        "what it hears in one of them is not passed on to the others"
    )


def test_a_room_that_only_hears_in_two_links_is_no_chain() -> None:
    assert warnings(f"{SMALL}links:\n  one: {{from: [a/1], to: [b/1]}}\n  two: {{from: [c/1], to: [b/1]}}\n") == []


def test_links_that_share_no_room_are_no_chain() -> None:
    assert warnings(f"{SMALL}links:\n  one: {{rooms: [a/1, b/1]}}\n  two: {{rooms: [a/2, b/2]}}\n") == []


def test_a_file_without_links_is_good_for_a_look_around_and_warned_of() -> None:
    config = read(SMALL)
    assert not config.links
    assert [warning.problem for warning in config.warnings] == ["there are no links: nothing is bridged"]


def test_wrong_accounts_do_not_make_their_rooms_unknown() -> None:
    text = "accounts:\n  a: {connector: listener}\n  t: {connector: talker}\nlinks: {l: {rooms: [a/1, t/1]}}\n"
    assert {fault.split("  ")[1] for fault in faults(text)} == {"accounts.t.address", "accounts.t.token"}


def test_notices_are_a_room_of_an_account() -> None:
    assert read(f"{SMALL}notices: a/#ops:example.org\n").notices == room("a/#ops:example.org")


def test_a_link_may_write_names_in_its_own_way() -> None:
    links = read(
        f'{SMALL}links: {{l: {{rooms: [a/1, b/1], label: "{{name}} [{{network}}]"}}, m: {{rooms: [a/2, b/2]}}}}'
    ).links
    assert (links["l"].label, links["m"].label) == ("{name} [{network}]", "{name}")
