"""What Hypothesis draws for tests of formats and connectors: texts people type, trees, attachments, events."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from msgspec import Struct

from bridge.content import Contact, Location, Poll
from bridge.events import (
    AnyEvent,
    Attachment,
    Confirmation,
    Deleted,
    Delivered,
    Edited,
    Event,
    Failure,
    Joined,
    Kind,
    Left,
    Manner,
    Pinned,
    Posted,
    Reacted,
    RoomChanged,
    RoomKind,
    RoomMoved,
    SendFailed,
    Tallied,
    Unreacted,
    User,
)
from bridge.ids import EventId, Key, MessageId, RoomId, ThreadId, UserId
from bridge.text.nodes import (
    ALL_NODES,
    Block,
    Bold,
    Break,
    Code,
    CodeBlock,
    Emoji,
    Heading,
    Inline,
    Inlines,
    Italic,
    Link,
    List,
    Mention,
    Node,
    Paragraph,
    Quote,
    Rich,
    Spoiler,
    Strike,
    Text,
    Underline,
)
from bridge.text.walk import normal

Nodes = frozenset[type[Node]]
Happened = TypeVar("Happened", bound=Event)
Id = TypeVar("Id")

SPOKEN = (
    "hello", "Ünïcödé", "naïve café", "don't", "3.14", "a-b", "snake_case_name", "x*y*z", "2 > 1", "A&B", "C:\\dir",
    "שָׁלוֹם עֲלֵיכֶם", "שלום world שלום", "مرحبا", "می‌خواهم", "العربية Latin عربي", "ක්‍රියා", "ශ්‍රී ලංකා", "हिन्दी", "क्ष",
    "ภาษาไทย", "日本語のテキスト", "한국어", "각", "Ελληνικά", "Việt", "e\u0301\u0323", "Z\u0351\u036b\u0343a\u030a",
    "👩‍👩‍👧‍👦", "👍🏽", "🏳️‍🌈", "🇮🇱🇱🇰", "❤️", "1️⃣", "🤷🏾‍♀️", "𝕏", "𝓗𝓲",
)  # fmt: skip
"""Words in many scripts: right to left, joined, combined, beyond the first plane."""

MARKUP = (
    "<b>", "</b>", "<br>", "&amp;", "&#64;", "&nbsp;", "<script>", "<!--", "-->", "<a href=", "]]>", "<mx-reply>",
    "*", "**", "_", "__", "~", "~~", "`", "``", "```", "|", "||", "[", "]", "(", ")", "](", "![", "!", "#", "# ", "## ",
    ">", "> ", "- ", "+ ", "1. ", "1) ", "---", "===", "\\", "\\*", "<", "&", ";", ":", "http://", "https://e.org/a_b_(c)",
    "@everyone", "@here", "@room", "<!channel>", "<@1>", "<#1>", ":parrot:", "/quit", "/me ", "!cmd", "$x$", "{0}",
    "%s", "[b]", "tg://user?id=1", "www.example.org", "a@example.org", "|table|", "^1", "[^1]", "[ ]", "[x]: /y",
)  # fmt: skip
"""What means something to one platform or another."""

UNSEEN = (
    "\u200b", "\u200c", "\u200d", "\u200e", "\u200f", "\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2060",
    "\u2066", "\u2067", "\u2068", "\u2069", "\ufeff", "\ufe0f", "\u00ad", "\u00a0", "\u034f", "\u061c", "\u180e",
)  # fmt: skip
"""Format characters: joiners, marks of direction, isolates."""

CONTROLS = (
    "\x00", "\x01", "\x02", "\x03", "\x02\x0304,12", "\x04", "\x07", "\x08", "\t", "\v", "\f", "\r", "\r\n", "\x0f",
    "\x11", "\x16", "\x1b", "\x1b[31m", "\x1d", "\x1e", "\x1f", "\x7f", "\x85", "\x9f", "\u2028", "\u2029",
)  # fmt: skip
"""What no person types and every bridge meets: colours, ends of lines, escapes."""

_LETTERS = st.text(st.characters(exclude_categories=["Cc", "Cn", "Cs", "Zl", "Zp"]), min_size=1, max_size=6)
_PIECES = st.one_of(st.sampled_from(SPOKEN), st.sampled_from(MARKUP), st.sampled_from(UNSEEN), _LETTERS)
_PAIRS = st.builds("{}{}{}".format, _PIECES, st.sampled_from(("", " ", " ", "  ")), _PIECES)
_WORDS = st.one_of(_PIECES, _PAIRS).map(str.strip).filter(bool)


def words() -> SearchStrategy[str]:
    """One line as it stands in a `Text`: never empty, no control characters, no white space at its ends."""
    return _WORDS


def texts() -> SearchStrategy[str]:
    """What people type: several lines, all scripts, the markup of every format; no control characters."""
    lines = st.lists(st.one_of(words(), st.just(""), words().map("  {} ".format)), max_size=4)
    return lines.map("\n".join)


def wild_texts() -> SearchStrategy[str]:
    """Anything a platform could hand over as text: `texts` with control characters."""
    pieces = st.one_of(words(), st.sampled_from(CONTROLS), st.sampled_from(MARKUP), st.just("\n"), st.text(max_size=5))
    return st.lists(pieces, max_size=8).map("".join)


_NOBODY: SearchStrategy[UserId | None] = st.none()
_NOTHING = st.just("")


@st.composite
def trees(  # noqa: PLR0913 - what a format cannot hold is said one thing at a time, each by name
    draw: DrawFn,
    nodes: Nodes = ALL_NODES,
    *,
    lines: SearchStrategy[str] = _WORDS,
    users: SearchStrategy[UserId | None] = _NOBODY,
    emoji: SearchStrategy[str] = _NOTHING,
    reasons: SearchStrategy[str] = _NOTHING,
    bare: Nodes = frozenset(),
) -> Rich:
    """A normal tree of the given nodes (and `Text`, `Paragraph`).

    `lines` draws the words of each leaf, `users` whom a mention names, `emoji` the native name of a custom emoji,
    `reasons` why a spoiler hides. Nodes in `bare` wear no style and stand in no link.
    """
    drawer = _Drawer(draw=draw, nodes=nodes, bare=bare, lines=lines, users=users, emoji=emoji, reasons=reasons)
    return normal(drawer.blocks(0))


def joined(rich: Rich) -> Rich:
    """Neighbouring paragraphs as one, divided by a break: for formats that know lines but no paragraphs."""
    blocks: list[Block] = []
    for block in rich:
        if blocks and isinstance(block, Paragraph) and isinstance(blocks[-1], Paragraph):
            blocks[-1] = Paragraph((*blocks[-1].inside, Break(), *block.inside))
        else:
            blocks.append(Quote(joined(block.inside)) if isinstance(block, Quote) else block)
    return normal(tuple(blocks))


class _Drawer(Struct, frozen=True, kw_only=True):
    """Draws a tree from its parts."""

    draw: DrawFn
    nodes: Nodes
    bare: Nodes
    lines: SearchStrategy[str]
    users: SearchStrategy[UserId | None]
    emoji: SearchStrategy[str]
    reasons: SearchStrategy[str]

    def some(self, worn: Nodes = frozenset(), *gaps: Inline) -> Inlines:
        """Nodes with nothing, a space or one of `gaps` between them, so that no line begins or ends in a space."""
        inside: list[Inline] = []
        between = st.sampled_from((Text(""), Text(" "), *gaps))
        for index in range(self.draw(st.integers(1, 2 if worn else 3))):
            if index:
                inside.append(self.draw(between))
            inside.append(self.one(worn, *gaps))
        return tuple(inside)

    def one(self, worn: Nodes, *gaps: Inline) -> Inline:
        """A leaf, or a style that is not worn yet around more."""
        leaves = self.nodes & {Code, Mention, Emoji} - (self.bare if worn else frozenset())
        styles = self.nodes & _STYLES - worn if len(worn) < 3 else frozenset()
        no_person = {Mention} if Link in worn else set()
        kinds: list[type[Node]] = [Text, Text, *_sorted((leaves | styles) - no_person)]
        kind = self.draw(st.sampled_from(kinds))
        return self.styled(kind, self.some(worn | {kind}, *gaps)) if kind in styles else self.leaf(kind)

    def leaf(self, kind: type[Node]) -> Inline:
        if kind is Mention:
            return Mention(self.draw(self.lines), self.draw(self.users))
        if kind is Emoji:
            return Emoji(self.draw(st.sampled_from(("parrot", "blob_cat", "+1"))), self.draw(self.emoji))
        return Code(self.draw(self.lines)) if kind is Code else Text(self.draw(self.lines))

    def styled(self, kind: type[Node], inside: Inlines) -> Inline:
        if kind is Spoiler:
            return Spoiler(inside, self.draw(self.reasons))
        if kind is Link:
            return Link(inside, self.draw(urls()))
        return _DECORATIONS[kind](inside)

    def blocks(self, depth: int) -> Rich:
        kinds: list[type[Node]] = [Paragraph]
        kinds += _sorted(self.nodes & {Quote, CodeBlock, List, Heading}) if depth < 2 else []
        drawn = self.draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=2 if depth else 3))
        return tuple(self.block(kind, depth) for kind in drawn)

    def block(self, kind: type[Node], depth: int) -> Block:
        if kind is Quote:
            return Quote(self.blocks(depth + 1))
        if kind is List:
            items = tuple(self.blocks(depth + 1) for _ in range(self.draw(st.integers(1, 2))))
            return List(items, self.draw(st.none() | st.integers(0, 120)))
        if kind is CodeBlock:
            rows = st.lists(st.one_of(self.lines, st.just(""), st.just("  return x")), min_size=1, max_size=3)
            return CodeBlock("\n".join([*self.draw(rows), "end"]), self.draw(st.sampled_from(("", "py", "c++"))))
        if kind is Heading:
            return Heading(self.some(), self.draw(st.integers(1, 6)))
        return Paragraph(self.some(frozenset(), *((Break(),) if Break in self.nodes else ())))


_DECORATIONS: dict[type[Node], Callable[[Inlines], Inline]] = {
    Bold: Bold, Italic: Italic, Underline: Underline, Strike: Strike,
}  # fmt: skip
_STYLES: Nodes = frozenset({*_DECORATIONS, Spoiler, Link})


def _sorted(nodes: Nodes) -> list[type[Node]]:
    """In an order that does not change from run to run."""
    return sorted(nodes, key=lambda kind: kind.__name__)


def urls() -> SearchStrategy[str]:
    """Addresses a link may lead to, with everything that makes them hard to carry."""
    return st.sampled_from((
        "https://example.org", "http://example.org/a?b=1&c=2#d", "https://example.org/a_(b)_*c*",
        "mailto:ada@example.org", "https://example.org/שלום", "https://fa.example.org/می‌خواهم",
        "https://example.org/%20a'b", "matrix:r/room:example.org",
        "https://example.org/[x]`y`|z~~", "https://example.org/&amp;",
    ))  # fmt: skip


def attachments() -> SearchStrategy[Attachment]:
    """Attachments of every kind, with and without what a platform may not tell."""
    return st.builds(
        Attachment,
        kind=st.sampled_from(Kind),
        name=st.just("") | words(),
        mime=st.sampled_from(("", "image/png", "audio/ogg; codecs=opus", "application/octet-stream")),
        size=st.none() | st.integers(0, 2**40),
        duration=st.none() | st.floats(0, 86_400),
        width=st.none() | st.integers(0, 100_000),
        height=st.none() | st.integers(0, 100_000),
        waveform=st.lists(st.integers(0, 1024), max_size=3).map(tuple),
        animated=st.booleans(),
        alt=st.just("") | words(),
        emoji=st.sampled_from(("", "👍", "🏳️‍🌈")),
        source=st.sampled_from(("", "file-1", "https://example.org/file")),
        location=st.none() | locations(),
        contact=st.none() | st.builds(Contact, name=st.just("") | words(), phone=st.sampled_from(("", "+15550100"))),
        poll=st.none() | polls(),
    )


def locations() -> SearchStrategy[Location]:
    """Points, and some numbers that are none."""
    return st.builds(
        Location,
        latitude=st.floats(-91, 91),
        longitude=st.floats(-181, 181),
        title=st.just("") | words(),
        address=st.just("") | words(),
        live_seconds=st.none() | st.integers(1, 86_400),
    )


def polls() -> SearchStrategy[Poll]:
    """Questions with few or no answers."""
    return st.builds(Poll, question=words(), answers=st.lists(words(), max_size=4).map(tuple), most=st.integers(1, 4))


def people() -> SearchStrategy[User]:
    """Persons with opaque ids and any name."""
    return st.builds(User, id=_ids(UserId), name=words(), avatar=st.none() | st.just("avatar-1"))


def posted() -> SearchStrategy[Posted]:
    """Somebody wrote: words, attachments, or both."""
    return _event(
        Posted,
        message=st.lists(_ids(MessageId), min_size=1, max_size=3, unique=True).map(tuple),
        author=people(),
        in_reply_to=st.none() | _ids(MessageId),
        **_content(),
    )


def edited() -> SearchStrategy[Edited]:
    """Somebody changed a message."""
    return _event(Edited, replaces=_ids(MessageId), author=people(), **_content())


def events() -> SearchStrategy[AnyEvent]:
    """Any valid event."""
    emoji = st.sampled_from(("👍", "❤️", ":parrot:"))
    return st.one_of(
        posted(),
        edited(),
        _event(Deleted, message=_ids(MessageId), by=st.none() | people()),
        _event(Reacted, message=_ids(MessageId), emoji=emoji, by=people(), reaction=st.none() | _ids(MessageId)),
        _event(Pinned, message=_ids(MessageId), by=st.none() | people()),
        _event(Tallied, message=_ids(MessageId), answers=st.just(("a", "b")), counts=st.just((1, 0))),
        _event(Unreacted, message=_ids(MessageId), emoji=emoji, by=people()),
        _event(Joined, user=people()),
        _event(Left, user=people(), reason=st.just("") | words()),
        _event(RoomChanged, name=st.none() | words(), topic=st.none() | words()),
        _event(RoomMoved, to=_ids(RoomId), confirmed=st.sampled_from(Confirmation)),
        _event(Delivered, message=st.none() | _ids(MessageId), recipient=st.none() | _ids(RoomId)),
        _event(
            SendFailed,
            message=_ids(MessageId),
            reason=words(),
            failure=st.sampled_from(Failure),
            recipient=st.none() | _ids(RoomId),
        ),
    )


def _ids(kind: Callable[[str], Id]) -> SearchStrategy[Id]:
    opaque = st.text("abcXYZ019!@#:$/._- é", min_size=1, max_size=12)
    return opaque.map(kind)


def _content() -> dict[str, SearchStrategy[object]]:
    return {
        "text": trees(),
        "manner": st.sampled_from(Manner),
        "attachments": st.lists(attachments(), max_size=2).map(tuple),
    }


def _event(kind: type[Happened], **fields: SearchStrategy[object]) -> SearchStrategy[Happened]:
    return st.builds(
        kind,
        id=_ids(EventId),
        room=_ids(RoomId),
        at=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - Hypothesis adds the zone
        thread=st.none() | _ids(ThreadId),
        room_kind=st.sampled_from(RoomKind),
        echo_of=st.none() | _ids(Key),
        **fields,
    )
