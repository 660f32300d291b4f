"""How a run reads a room: what is native, what a fallback, and what was lost."""

import pytest
from msgspec import structs

from bridge.events import Kind, Manner
from bridge.ids import MessageId
from bridge.testing.holdings import Ballot, Card, Filed, Spot
from bridge.testing.interop import looks, pieces
from bridge.testing.interop.scene import Look, Room, Scene, Seat
from bridge.testing.memory import MemoryPlatform
from bridge.testing.platform import Shown
from bridge.text.nodes import Bold, Mention, Paragraph, Text, said

PICTURE = pieces.image("planted")


def scene() -> Scene:
    room = Room([Seat("left", MemoryPlatform("left")), Seat("right", MemoryPlatform("right"))])
    made = Scene("feature", room.seats[0], room)
    made.before = {"right": (MessageId("old"),)}
    return made


def seen(look: Look, *messages: Shown, having: Scene | None = None) -> str | None:
    one = having or scene()
    one.room.shown = {"left": (), "right": messages}
    return look(one, "right")


def message(text: str, **fields: object) -> Shown:
    """Words in which TOKEN and OTHER stand for the scene's own."""
    here = scene()
    words = text.replace("TOKEN", here.token).replace("OTHER", here.other)
    made = Shown(id=MessageId("new"), author="bridge", text=words, rich=said(words))
    return structs.replace(made, **fields)


CASES: list[tuple[Look, tuple[Shown, ...], str | None]] = [
    (looks.words, (message("something else"),), None),
    (looks.words, (message("Ada Left: TOKEN"),), "native"),
    (looks.inside(Bold), (message("bold TOKEN", rich=(Paragraph((Bold((Text(scene().token),)),)),)),), "native"),
    (looks.inside(Bold), (message("Ada Left: *bold TOKEN*"),), "shown as “Ada: *bold*”"),
    (looks.holds_node(Mention), (message("ask Ben Left TOKEN"),), "shown as “ask Ben”"),
    (looks.emote, (message("waves TOKEN", manner=Manner.EMOTE),), "native"),
    (looks.emote, (message("* Ada_Left waves TOKEN"),), "shown as “* Ada waves”"),
    (looks.emote, (message("Ada Left: waves TOKEN"),), "lost"),
    (looks.answer, (message("an answer TOKEN", in_reply_to=MessageId("old")),), "native"),
    (looks.answer, (message("Ada Left: [re Ben Left: “a question OTHER”] an answer TOKEN"),),
     "shown as “Ada: [re Ben: “a question”] an answer”"),
    (looks.answer, (message("Ada Left: an answer TOKEN"),), "lost"),
    (looks.edited, (message("first words TOKEN"),), None),
    (looks.edited, (message("better words TOKEN", id=MessageId("old"), edited=True),), "native"),
    (looks.edited, (message("Ada Left: (edited) better words TOKEN"),), "shown as “Ada: (edited) better words”"),
    (looks.edited, (message("Ada Left: better words TOKEN"),), "lost"),
    (looks.deleted, (), "native"),
    (looks.deleted, (message("first words TOKEN", id=MessageId("old")),), None),
    (looks.deleted, (message("[deleted]", id=MessageId("old")),), "shown as “[deleted]”"),
    (looks.reacted, (message("first words TOKEN"),), None),
    (looks.reacted, (message("first words TOKEN", reactions={"👍": 1}),), "native"),
    (looks.reacted, (message("first words TOKEN"), message("Ben Left reacted 👍 to “first words TOKEN”")),
     "shown as “Ben reacted 👍 to “first words””"),
    (looks.unreacted, (message("first words TOKEN"), message("reacted 👍 TOKEN")), None),
    (looks.threaded, (message("in a thread TOKEN", thread=MessageId("old")),), "native"),
    (looks.threaded, (message("in a thread TOKEN"),), "lost"),
    (looks.called, (message("TOKEN", author="Ada_Left"),), "native"),
    (looks.in_order(2), (message("message 2 of TOKEN"), message("message 1 of TOKEN")), "lost"),
    (looks.in_order(2), (message("message 1 of TOKEN"),), None),
]  # fmt: skip


@pytest.mark.parametrize(("look", "messages", "cell"), CASES)
def test_a_room_is_read_as_its_reader_would(look: Look, messages: tuple[Shown, ...], cell: str | None) -> None:
    assert seen(look, *messages) == cell


def planting(*holdings: Filed | Spot | Card | Ballot) -> Scene:
    made = scene()
    made.planted = holdings
    return made


HELD = [
    (PICTURE, PICTURE, "native"),
    (PICTURE, structs.replace(PICTURE, data=PICTURE.data + b"\0", name=""), "native"),
    (PICTURE, structs.replace(PICTURE, data=pieces.png(1, 2, "other")), "shown as “[image] Ada: look”"),
    (PICTURE, structs.replace(PICTURE, kind=Kind.FILE), "shown as “[file] Ada: look”"),
    (pieces.voice("a"), structs.replace(pieces.voice("a"), kind=Kind.AUDIO), "shown as “[audio] Ada: look”"),
    (Spot(latitude=1.5, longitude=2.5), Spot(latitude=1.5, longitude=2.5, title="here"), "native"),
    (Card(name="Grace", phone="1"), Card(name="Grace", phone="2"), "shown as “[contact] Ada: look”"),
    (Ballot(question="Tea?", options=("Yes", "No")), Ballot(question="Tea?", options=("Yes", "No"), votes=(1, 0)),
     "native"),
]  # fmt: skip


@pytest.mark.parametrize(("planted", "there", "cell"), HELD)
def test_what_a_message_holds_is_what_was_planted(planted: Filed, there: Filed, cell: str) -> None:
    found = message("Ada Left: look TOKEN", holds=(there,))
    assert seen(looks.held, found, having=planting(planted)) == cell


def test_words_alone_are_a_fallback_for_a_file() -> None:
    found = message('Ada Left: [image "TOKEN.png", 1 kB] at http://127.0.0.1:99/m/secret')
    assert seen(looks.held, found, having=planting(PICTURE)) == 'shown as “Ada: [image ".png", 1 kB] at ‹link›”'


def test_an_album_in_two_messages_is_none() -> None:
    second = pieces.image("second")
    apart = (
        message("TOKEN", id=MessageId("1"), holds=(PICTURE,)),
        message("TOKEN", id=MessageId("2"), holds=(second,)),
    )
    together = (message("TOKEN", holds=(PICTURE, second)),)
    assert seen(looks.album, *apart, having=planting(PICTURE, second)) == "shown as “[image] ⏎ [image]”"
    assert seen(looks.album, *together, having=planting(PICTURE, second)) == "native"


def test_a_long_text_may_come_in_parts_but_no_word_may_be_missing() -> None:
    numbers = range(1, looks.LONG_WORDS + 1)
    half, rest = " ".join(f"{one}TOKEN" for one in numbers[:99]), " ".join(f"{one}TOKEN" for one in numbers[99:])
    torn = " ".join(f"{one}TOKEN" for one in numbers[100:])
    assert seen(looks.whole, message(f"{half} {rest}")) == "native"
    assert seen(looks.whole, message(half), message(rest)) == "shown as messages: 2"
    assert seen(looks.whole, message(half), message(torn)) is None
    assert (
        seen(looks.whole, message(half), message("[… 3 more lines]")) == "shown as messages: 1, then “[… 3 more lines]”"
    )


def test_a_reaction_that_was_there_and_is_gone_was_taken_back() -> None:
    had = scene()
    had.had = frozenset({"right"})
    assert seen(looks.unreacted, message("first words TOKEN"), having=had) == "native"


def test_files_are_what_they_say_they_are() -> None:
    assert pieces.image("a").data.startswith(b"\x89PNG")
    assert pieces.voice("a").data.startswith(b"OggS")
    assert pieces.sticker("a").data[8:12] == b"WEBP"
    assert pieces.animated("a").data.startswith(b"\x1f\x8b")
    assert not pieces.alike(pieces.image("a"), pieces.image("b"))
