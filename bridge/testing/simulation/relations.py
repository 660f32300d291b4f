"""Whether edits, deletions, answers and reactions found the right messages, and whose words stand where."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from bridge.capabilities import Relation
from bridge.events import Deleted, Edited, Posted, Reacted, Tallied, Unreacted, answered
from bridge.ids import MessageId, RoomId
from bridge.store.rows import Outcome, RowKind
from bridge.testing.memory_rooms import Happening, Message, room_id
from bridge.testing.simulation.abilities import Ids, Kind
from bridge.testing.simulation.platform import SimulatedPlatform
from bridge.testing.simulation.witness import Line, Witness
from bridge.text.nodes import Rich
from bridge.text.walk import plain

_TOKEN = re.compile(r"w\d+z(?:v\d+y)?")
_NAME = re.compile(r"w\d+z")


def words(rich: Rich) -> str:
    return plain(rich)


def room_of(name: str) -> RoomId:
    """The platform's id of a room."""
    return room_id(name)


class Numbers:
    """Which message each native id belongs to, found from what was sent and accepted, not from the store."""

    def __init__(self, witness: Witness, platforms: Mapping[str, SimulatedPlatform]) -> None:
        self.witness, self.platforms = witness, platforms
        self.of: dict[tuple[str, str], int] = {}
        self.home: dict[int | None, str] = {}
        self.natives: dict[int, str] = {}
        self.deleted: set[int | None] = set()
        self.first: dict[int, int] = {}
        """The row that told of each message: its edit, where it was said while nobody heard it."""
        self._posts: dict[tuple[int, str], Line] = {}
        self._about: dict[tuple[int, str], list[Line]] = {}
        self._places: dict[int, list[str]] = {}
        for number in sorted(witness.lines):
            self._learn(witness.lines[number])

    def _learn(self, line: Line) -> None:
        message = line.message
        if message is None:
            return
        if (message, line.place) not in self._about:
            self._places.setdefault(message, []).append(line.place)
        self._about.setdefault((message, line.place), []).append(line)
        if line.kind is RowKind.DELETE:
            self.deleted.add(message)
        if line.kind is RowKind.POST and isinstance(line.event, Posted):
            self._posts[message, line.place] = line
            self._said(message, line, line.event.message[0])
        if isinstance(line.event, Edited):  # it may have been said while nobody heard the room
            self._said(message, line, line.event.replaces)
        for copy in line.made:
            if copy.native:
                self.of.setdefault((line.place, copy.native), message)

    def _said(self, message: int, line: Line, native: MessageId) -> None:
        if self.of.setdefault((line.origin, native), message) == message:
            self.first.setdefault(message, line.number)
            self.home.setdefault(message, line.origin)
            self.natives.setdefault(message, native)

    def post(self, message: int | None, place: str) -> Line | None:
        """The row that carried a message to a room."""
        return None if message is None else self._posts.get((message, place))

    def about(self, message: int | None, place: str) -> Iterable[Line]:
        """Every row of a message for a room, in order."""
        return () if message is None else self._about.get((message, place), ())

    def everywhere(self, message: int) -> Iterable[tuple[str, list[Line]]]:
        """The same for each room."""
        return [(place, self._about[message, place]) for place in self._places.get(message, ())]

    def messages(self) -> Iterable[int]:
        return self._places

    def kind(self, place: str) -> Kind:
        return self.platforms[place.split("/", maxsplit=1)[0]].kind

    def carried(self, message: int | None, place: str, before: int) -> bool:
        """Whether a message stood in a room when a later row for it was looked at."""
        if message is None:
            return False
        post = self.post(message, place)
        return self.home.get(message) == place or (post is not None and _arrived(post) and post.number < before)

    def shows(self, native: MessageId, message: int, place: str) -> bool:
        """Whether what stands under an id in a room tells of a message.

        A commit that a death met may be on the disk: of a parked row only the platform knows what it gave us.
        """
        made = (one.native for line in self.about(message, place) for one in line.tries)
        return self.of.get((place, native)) == message or native in made

    def stands(self, message: int | None, place: str, before: int) -> bool:
        """The same, under an id that the bridge knows."""
        return self.carried(message, place, before) and self.kind(place).ids is Ids.GIVEN


def _arrived(line: Line) -> bool:
    return line.end is Outcome.DELIVERED


def judge(witness: Witness, platforms: Mapping[str, SimulatedPlatform], known: Numbers) -> None:
    """All of it."""
    for line in witness.lines.values():
        _resolved(witness, line, known)
        if line.kind is RowKind.POST and _arrived(line):
            _answers(witness, line, known)
            if known.kind(line.place).ids is Ids.GIVEN:
                _final(witness, line, known)
    for message in known.messages():
        for place, lines in known.everywhere(message):
            _reactions(witness, message, place, lines, known)
    for platform in platforms.values():
        _no_foreign_words(witness, platform, platforms)


# --- which message a row speaks of ---


def _native(line: Line) -> MessageId | None:
    event = line.event
    match event:
        case Edited():
            return event.replaces
        case Deleted() | Reacted() | Unreacted() | Tallied():
            return event.message
        case Posted():
            return answered(event)
        case _:
            return None


def _resolved(witness: Witness, line: Line, known: Numbers) -> None:
    """What the store knew when a row was accepted, the row must have found."""
    native = _native(line)
    if native is None or line.end is Outcome.EXPIRED:
        return
    expected = known.of.get((line.origin, native))
    found = line.reply if line.kind is RowKind.POST else line.message
    if found is not None and expected is not None and found != expected:
        witness.wrong(f"row {line.number} speaks of message {found} instead of {expected}")
    if found is None and expected is not None and expected not in known.deleted:
        since = witness.heard.get((line.origin, native))
        if witness.taken_out.get((line.origin, native), line.at + 1) <= line.at:
            since = None
        said_there = (known.home.get(expected), known.natives.get(expected)) == (line.origin, native)
        said_there = said_there and known.first[expected] < line.number
        if said_there or (since is not None and since < line.at):
            witness.wrong(f"row {line.number} did not find message {expected} that it speaks of")


# --- answers ---


def _answers(witness: Witness, line: Line, known: Numbers) -> None:
    """An answer hangs on the message it answers, wherever that stands and answers can hang."""
    first = next((one for one in line.tries if one.part == 0 and one.executed), None)
    if first is None or line.reply is None:
        return
    if first.reply is not None:
        if not known.shows(first.reply, line.reply, line.place):
            witness.wrong(f"row {line.number} hangs on {first.reply} in {line.place}: another message")
        return
    kind = known.kind(line.place)
    if Relation.REPLY not in kind.shows.relations or line.reply in known.deleted:
        return
    if known.stands(line.reply, line.place, line.number) and kind.ids is Ids.GIVEN:
        witness.wrong(f"row {line.number} hangs on nothing in {line.place}, though what it answers stands there")


# --- last words and deletions ---


def _final(witness: Witness, post: Line, known: Numbers) -> None:
    """The copy says what was said last; what was taken back is gone."""
    copies = {one.native for one in post.tries if one.executed and one.part == 0}
    if len(copies) != 1 or post.message is None:
        return
    platform = known.platforms[post.place.split("/")[0]]
    copy = _message(platform, post, next(iter(copies)))
    later = [line for line in known.about(post.message, post.place) if line.number > post.number]
    moderated = any((room_of(post.place.split("/")[1]), one.native) in platform.taken for one in post.tries)
    if copy is None or moderated or any(not _settled(line) for line in later):
        return
    kind = platform.kind
    deletes = [line for line in later if line.kind is RowKind.DELETE]
    if deletes:
        if any(_arrived(line) for line in deletes) and kind.shows.delete_within is None and not copy.deleted:
            witness.wrong(f"the copy of row {post.number} in {post.place} still stands, though it was taken back")
        return
    if copy.deleted:
        witness.wrong(f"the copy of row {post.number} in {post.place} is gone, though nobody took it back")
        return
    if post.message not in known.deleted:
        edits = [line for line in later if line.kind is RowKind.EDIT]
        _last_words(witness, post, edits, platform)


def _last_words(witness: Witness, post: Line, edits: list[Line], platform: SimulatedPlatform) -> None:
    kind = platform.kind
    if edits and (kind.connector in {"bare", "reacting"} or kind.shows.edit_within is not None):
        return
    last = edits[-1] if edits else post
    (expected, *_) = _TOKEN.findall(plain(last.event.text))
    shown = _TOKEN.findall(_all_parts(post, edits, platform))
    if not shown or shown[-1] != expected:
        witness.wrong(f"the copy of row {post.number} in {post.place} says {shown} instead of {expected}")


def _all_parts(post: Line, edits: list[Line], platform: SimulatedPlatform) -> str:
    """What stands there of a message, part by part; an edit may have added some."""
    natives = {native: None for line in (post, *edits) for native in _known(line)}
    found = [_message(platform, post, native) for native in natives]
    return " ".join(plain(one.rich) for one in found if one is not None and not one.deleted)


def _known(line: Line) -> list[MessageId]:
    """Where its parts stand; of doubles the bridge knows one, and can change no other."""
    made = {copy.native for copy in line.made}
    sent = [one for one in line.tries if one.native is not None]
    counts = Counter(one.part for one in sent)
    return [one.native for one in sent if one.native is not None and (counts[one.part] == 1 or one.native in made)]


def _settled(line: Line) -> bool:
    return line.end in {Outcome.DELIVERED, Outcome.MERGED, Outcome.DROPPED, Outcome.CANCELLED} and not line.was_parked


def _message(platform: SimulatedPlatform, line: Line, native: MessageId | None) -> Message | None:
    room = platform.written.messages[room_of(line.place.split("/")[1])]
    return room[int(native[1:]) - 1] if native else None


# --- reactions ---


def _of_nothing_known(line: Line) -> bool:
    """Whether a reaction was told in words, as its message was not known then; a platform may give that again later."""
    return any(one.words and plain(one.words).endswith("to an older message") for one in line.tries)


def _reactions(witness: Witness, message: int, place: str, lines: list[Line], known: Numbers) -> None:
    """Our one account shows what people elsewhere put on a message."""
    kind = known.kind(place)
    if kind.connector not in {"reacting", "whole"} or message in known.deleted or message not in known.home:
        return
    changes = [line for line in lines if line.kind in {RowKind.REACT, RowKind.UNREACT}]
    if not changes or any(not _settled(line) for line in lines) or any(map(_of_nothing_known, changes)):
        return
    shown = _shown(known, message, place)
    if shown is None or not all(_everywhere_settled(known, message)):
        return
    least, most = _wanted(known, message, place)
    limit = kind.shows.max_reactions
    good = shown <= most if limit is not None else least <= shown <= most
    if not good or (limit is not None and len(shown) < min(limit, len(least))):
        witness.wrong(f"message {message} shows {sorted(shown)} in {place}, people elsewhere put {sorted(least)}")


def _everywhere_settled(known: Numbers, message: int) -> Iterable[bool]:
    for _, lines in known.everywhere(message):
        yield from (_settled(line) for line in lines)


def _shown(known: Numbers, message: int, place: str) -> set[str] | None:
    """The emoji of our account on a message in a room; None where it stands twice or not at all."""
    platform = known.platforms[place.split("/", maxsplit=1)[0]]
    if known.home[message] == place:
        native: MessageId | None = MessageId(known.natives[message])
    else:
        post = known.post(message, place)
        natives = {one.native for one in post.tries if one.executed and one.part == 0} if post else set()
        native = next(iter(natives)) if len(natives) == 1 else None
    if native is None:
        return None
    room = platform.written.messages[room_of(place.split("/")[1])]
    found = room[int(native[1:]) - 1]
    return None if found.deleted else {emoji for emoji, users in found.reactions.items() if platform.me.id in users}


def _wanted(known: Numbers, message: int, place: str) -> tuple[set[str], set[str]]:
    """What people put on a message as this room was told, and as anybody was."""
    told: dict[tuple[str, str, str], bool] = {}
    ever: dict[tuple[str, str, str], bool] = {}
    for target, lines in known.everywhere(message):
        for line in lines:
            event = line.event
            if isinstance(event, (Reacted, Unreacted)) and line.origin != place:
                key = (line.origin, event.by.id, event.emoji)
                ever[key] = isinstance(event, Reacted)
                if target == place:
                    told[key] = ever[key]
    # What a room was told while another file was in force may stay there or go.
    least = {key[2] for key, put in told.items() if put and ever[key] and place in known.witness.due(key[0])}
    return least, {key[2] for key, put in (*ever.items(), *told.items()) if put}


# --- words where they do not belong ---


def _no_foreign_words(
    witness: Witness, platform: SimulatedPlatform, platforms: Mapping[str, SimulatedPlatform]
) -> None:
    """A room shows the words of its own people, of rooms it hears, and of nobody else."""
    homes = _homes(platforms)
    carried = {(line.place, name) for line in witness.lines.values() for name in _names(line)}
    for update in platform.written.journal:
        if update.person.id != platform.me.id or update.what not in {Happening.POSTED, Happening.EDITED}:
            continue
        place = platform.places[update.room]
        for name in _NAME.findall(plain(update.rich)):
            home = homes.get(name, "")
            if home != place and (place, name) not in carried and place not in witness.ever.get(home, ()):
                witness.wrong(f"{place} shows {name}, which was said in {home}")


def _names(line: Line) -> Iterable[str]:
    return _NAME.findall(plain(line.event.text)) if isinstance(line.event, (Posted, Edited)) else ()


def _homes(platforms: Mapping[str, SimulatedPlatform]) -> dict[str, str]:
    return {
        name: platform.places[update.room]
        for platform in platforms.values()
        for update in platform.written.journal
        if update.what is Happening.POSTED and update.person.id != platform.me.id
        for name in _NAME.findall(plain(update.rich))
    }
