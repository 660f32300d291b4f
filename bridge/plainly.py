"""The short way for what nearly every message is: a few plain words that hang on nothing and name nobody.

It says what the long way (`plan.planned`) says, in a third of the time. Pure: no I/O, no clock, no state.
"""

from datetime import datetime

from msgspec import Struct

from bridge.asked import Outgoing, Person
from bridge.capabilities import Authorship, Capabilities
from bridge.events import Manner, Posted
from bridge.fit import prefixed_label
from bridge.ids import Key, PersonNumber, Place
from bridge.mentions import speaks_to_nobody
from bridge.people import bare, right_to_left
from bridge.steps import Plan, Step, sign
from bridge.store.rows import Row
from bridge.text.nodes import Bold, Inlines, Paragraph, Rich, Text
from bridge.text.plain import only_words

_MOST_OF_ONE = 4
"""In any unit: bytes of UTF-8 that a character takes at most."""


class Byline(Struct, frozen=True, gc=False):
    """Who a message is by, as one room shows it: made once for many messages.

    `label` and `head` stand in front of the words, () where the room shows names elsewhere. `space` is how many
    characters there are behind it, whatever they are.
    """

    author: Person
    label: str
    head: Inlines
    space: int


def byline(number: PersonNumber, name: str, avatar: str | None, words: str, to: Capabilities) -> Byline:
    """How `name`, a label, stands beside these words, and all others that run in the same direction."""
    label = prefixed_label(name, words, to) if to.authorship is Authorship.PREFIX else ""
    head: Inlines = (Bold((Text(label),)),) if label and Bold in to.formatting else ()
    space = to.max_text - _MOST_OF_ONE * len(label) - len(": ")
    return Byline(Person(number=number, name=bare(name), avatar=sign(avatar)), label, head, space)


def words_of(row: Row) -> str:
    """The words of a row that goes the short way if they fit; "" when it does not."""
    event = row.event
    if type(event) is not Posted or row.person is None or row.reply is not None or row.generation or row.lacks:
        return ""
    if event.in_reply_to is not None or event.thread is not None or event.attachments or event.manner is Manner.EMOTE:
        return ""
    words = only_words(event.text) or ""
    return words if words.isprintable() and speaks_to_nobody(words) else ""


def direction(words: str) -> bool:
    """Whether words turn the direction of a line: a byline is made for each of the two."""
    return not words.isascii() and right_to_left(words)


def plainly(row: Row, words: str, by: Byline, place: Place, prefix: str) -> Plan | None:
    """The plan of a row on time whose `words` were taken out of it; None when they are perhaps too many."""
    if (len(words) if words.isascii() else _MOST_OF_ONE * len(words)) > by.space:
        return None
    event = row.event
    if not isinstance(event, Posted):
        return None
    action = Outgoing(
        room=place.room, thread=place.thread, key=Key(f"{prefix}.0"), text=_text(event.text, words, by),
        manner=event.manner, author=by.author, label=by.label, at=event.at,
    )  # fmt: skip
    return Plan((Step(action),))


def _text(text: Rich, words: str, by: Byline) -> Rich:
    if by.head:
        return (Paragraph((*by.head, Text(f": {words}"))),)
    return (Paragraph((Text(f"{by.label}: {words}"),)),) if by.label else text


def on_time(at: datetime, now: datetime, late: float) -> bool:
    """Whether a message is shown without its time, as it is younger than `late` seconds."""
    return (now - at).total_seconds() < late
