"""Places, cards and polls where a room has no form for them, and what stays of them where it has one."""

import pytest

from bridge.capabilities import Authorship, Capabilities, MediaLimit
from bridge.content import Contact, Location, Poll
from bridge.events import Attachment, Kind
from bridge.fit import Part, Words, described, excerpted, fit
from bridge.fit_content import map_link, moves, still, without_numbers
from bridge.text.nodes import ALL_NODES, Break
from bridge.text.plain import plain

LINK = "https://www.openstreetmap.org/?mlat=48.2085&mlon=-16.372#map=16/48.2085/-16.372"
HERE = Location(latitude=48.2085, longitude=-16.372)
CAFE = Location(latitude=48.2085, longitude=-16.372, title="Café", address="Ring 1")
LIVE = Location(latitude=48.2085, longitude=-16.372, live_seconds=900)
CARD = Contact(name="Grace", phone="+15550100")
LUNCH = Poll(question="Lunch?", answers=("soup", "salad"))
WORDS = Capabilities(formatting=frozenset({Break}))
LINES = Capabilities(max_text=300)
KINDS = {Kind.LOCATION: MediaLimit(), Kind.CONTACT: MediaLimit(), Kind.POLL: MediaLimit()}
NATIVE = Capabilities(formatting=ALL_NODES, media=KINDS)
GHOSTS = Capabilities(formatting=ALL_NODES, media=KINDS, authorship=Authorship.GHOST)


def shared(what: Location | Contact | Poll, text: str = "") -> Words:
    kinds = {Location: "location", Contact: "contact", Poll: "poll"}
    field = kinds[type(what)]
    one = Attachment(kind=Kind(field), **{field: what})  # type: ignore[arg-type]  # one field for each type
    return Words(text=(), attachments=(one,), label="Ada", mark=text)


def read(parts: tuple[Part, ...]) -> list[str]:
    return [plain(part.text) or f"<{part.shared[0].kind}>" for part in parts]


@pytest.mark.parametrize(
    ("what", "to", "expected"),
    [
        (HERE, WORDS, [f"Ada: 📍 a location: {LINK}"]),
        (HERE, LINES, [f"Ada: 📍 a location: {LINK}"]),
        (HERE, NATIVE, ["Ada: 📍 a location", "<location>"]),
        (HERE, GHOSTS, ["<location>"]),
        (CAFE, WORDS, [f"Ada: 📍 Café, Ring 1: {LINK}"]),
        (CAFE, NATIVE, ["Ada: 📍 Café, Ring 1", "<location>"]),
        (LIVE, NATIVE, [f"Ada: 📍 a live location (kept up to date for up to 15 min): {LINK}"]),
        (Location(latitude=99, longitude=0, title="@room"), NATIVE, ["Ada: 📍 @\u200broom"]),
        (CARD, WORDS, ["Ada: 👤 Grace +15550100"]),
        (CARD, NATIVE, ["Ada: 👤 Grace", "<contact>"]),
        (Contact(name="Grace"), NATIVE, ["Ada: 👤 Grace"]),
        (Contact(name="a\nb"), WORDS, ["Ada: 👤 a b"]),
        (LUNCH, WORDS, ["Ada: 📊 Lunch?\n1. soup\n2. salad"]),
        (LUNCH, LINES, ["Ada: 📊 Lunch?", "Ada: 1. soup", "Ada: 2. salad"]),
        (LUNCH, NATIVE, ["Ada: 📊 Lunch?", "<poll>"]),
        (Poll(question="Alone?", answers=("yes",)), NATIVE, ["Ada: 📊 Alone?\n1. yes"]),
        (Poll(question="Nothing?"), NATIVE, ["Ada: 📊 Nothing?"]),
    ],
)
def test_what_a_room_reads(what: Location | Contact | Poll, to: Capabilities, expected: list[str]) -> None:
    assert read(fit(shared(what), to)) == expected


def test_a_mark_stands_before_what_is_shown_as_itself() -> None:
    assert read(fit(shared(HERE, "in a thread"), GHOSTS)) == ["(in a thread) ", "<location>"]


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ((0.0, 0.0), "mlat=0&mlon=0#map=16/0/0"),
        ((-0.1234567, 180), "mlat=-0.123457&mlon=180#"),
        ((1e-9, 10), "mlat=0&mlon=10#"),
    ],
)
def test_a_map_is_named_in_plain_numbers(at: tuple[float, float], expected: str) -> None:
    assert expected in map_link(Location(latitude=at[0], longitude=at[1]))


def test_no_number_stands_in_an_excerpt_or_a_description() -> None:
    (card,) = shared(CARD).attachments
    assert described(card) == excerpted((), (card,)) == "👤 Grace"
    assert without_numbers((card,)) == shared(Contact(name="Grace")).attachments
    assert without_numbers(shared(HERE).attachments) == shared(HERE).attachments


def test_a_place_that_cannot_be_followed_says_so() -> None:
    live, here = shared(LIVE).attachments, shared(HERE).attachments
    assert moves(live)
    assert not moves(here)
    assert still(here) == here
    assert described(still(live)[0]) == "📍 a live location (not followed here)"
