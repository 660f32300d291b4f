"""What is a command, and what only looks like one."""

from datetime import UTC, datetime

import pytest

from bridge.commands import Command, Word, command_in
from bridge.events import Attachment, Kind, Manner, Posted, User
from bridge.ids import EventId, MessageId, RoomId, UserId
from bridge.text.nodes import Bold, Break, Paragraph, Quote, Rich, Text, said


def posted(text: Rich, manner: Manner = Manner.SAY, *files: Attachment) -> Posted:
    return Posted(
        id=EventId("e"), room=RoomId("r"), at=datetime(2026, 1, 1, tzinfo=UTC), message=(MessageId("m"),),
        author=User(id=UserId("1"), name="Ada"), text=text, manner=manner, attachments=files,
    )  # fmt: skip


CASES = [
    ("short", said("!mute"), Command(Word.MUTE)),
    ("with a name", said("!mute Ada Lovelace "), Command(Word.MUTE, "Ada Lovelace")),
    ("capitals", said("!MUTE ada"), Command(Word.MUTE, "ada")),
    ("long", said("!qantara optout"), Command(Word.OPTOUT)),
    ("long with a name", said("!Qantara unmute  Ada"), Command(Word.UNMUTE, "Ada")),
    ("long and unknown", said("!qantara fly"), Command(Word.HELP, "")),
    ("long alone", said("!qantara"), Command(Word.HELP)),
    ("bold", (Paragraph((Text("!"), Bold((Text("pause"),)))),), Command(Word.PAUSE)),
    ("another bot's", said("!roll 6"), None),
    ("another bot's help", said("!help"), None),
    ("another bot's longer word", said("!qantaras"), None),
    ("not at the beginning", said("please !mute Ada"), None),
    ("quoted", (Quote(said("!mute Ada")),), None),
    ("two lines", (Paragraph((Text("!mute"), Break(), Text("Ada"))),), None),
    ("nothing", (), None),
    ("a bang", said("!"), None),
    ("an essay", said("!mute " + "x" * 500), None),
]


@pytest.mark.parametrize(("text", "command"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_command_is_a_word_of_ours_on_one_line(text: Rich, command: Command | None) -> None:
    assert command_in(posted(text)) == command


def test_a_machine_an_act_and_a_picture_command_nothing() -> None:
    assert command_in(posted(said("!pause"), Manner.NOTICE)) is None
    assert command_in(posted(said("!pause"), Manner.EMOTE)) is None
    assert command_in(posted(said("!pause"), Manner.SAY, Attachment(kind=Kind.IMAGE))) is None
