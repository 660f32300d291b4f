"""What a message becomes in a room that may show less. Pure: no I/O, no clock, no state.

The fallback ladder (facts/platform-apis.md and docs/promises.md): what a room lacks is shown in another, visible way.
"""

from collections.abc import Sequence

from msgspec import Struct, structs

from bridge.capabilities import Authorship, Capabilities, Isolation
from bridge.events import Attachment, File, Manner
from bridge.fit_content import headline, in_words, is_native
from bridge.fit_files import Carried, albums, captioned
from bridge.media.names import visible
from bridge.people import calls_everybody, cropped, defused, isolated, right_to_left
from bridge.text.length import measure
from bridge.text.mapped import mapped, renamed
from bridge.text.nodes import Bold, Break, Inline, Inlines, Italic, Link, Mention, Paragraph, Quote, Rich, Text
from bridge.text.plain import only_words
from bridge.text.walk import excerpt, keep, length, lines, normal, plain, split

_ROOM_FOR_NUMBER = len(" (999/999)")
_MANY = 1000
_ROOM_FOR_BIG_NUMBER = len(" (99999/99999)")
_QUOTED_CHARACTERS = 80
_KIB = 1024


class Quoted(Struct, frozen=True):
    """The message a reply answers, for rooms where the answer cannot hang on it. No words: its time is over."""

    author: str
    words: str | None


class Words(Struct, frozen=True, kw_only=True, gc=False):
    """What somebody said, before it is fitted. `label` is their name, safe to show; empty for the bridge itself."""

    text: Rich
    manner: Manner = Manner.SAY
    attachments: tuple[Attachment, ...] = ()
    files: tuple[File, ...] = ()
    """What the room takes as what it is."""
    lost: tuple[tuple[Attachment, Carried], ...] = ()
    """Files that it does not take, or that did not come."""
    label: str = ""
    quoted: Quoted | None = None
    mark: str = ""
    """Put in front, such as "edited", or when it was written."""


class Part(Struct, frozen=True, kw_only=True, gc=False):
    """One message of the target room."""

    text: Rich
    label: str = ""
    manner: Manner = Manner.SAY
    shared: tuple[Attachment, ...] = ()
    """What is no file, shown as what it is."""
    files: tuple[File, ...] = ()
    """The words stand under them."""


def fit(words: Words, to: Capabilities) -> tuple[Part, ...]:
    """The parts a room can show, in order; at least one, however little there was to say."""
    label = _label(words, to) if to.authorship is Authorship.PREFIX else ""
    return _plainly(words, to, label) or _fitted(words, to, label)


def _label(words: Words, to: Capabilities) -> str:
    return prefixed_label(words.label, plain(words.text), to) if words.label else ""


def prefixed_label(name: str, words: str, to: Capabilities) -> str:
    """The name in front: at most half of a message, and no master of the direction of somebody's words."""
    isolates = to.isolation is Isolation.MARKS and right_to_left(words)
    return cropped(isolated(name) if isolates else name, to.max_text // 2 - len(": "), to.unit)


def _plainly(words: Words, to: Capabilities, label: str) -> tuple[Part, ...]:
    """The short way for what nearly every message is: a few plain words on one line. () when it is not."""
    said = only_words(words.text)
    if not said or words.attachments or words.quoted or words.mark or words.manner is Manner.EMOTE or "@" in said:
        return ()
    if words.files or words.lost:
        return ()
    if not said.isprintable() or measure(said, to.unit) + measure(label, to.unit) + len(": ") > to.max_text:
        return ()
    if not label:
        return (Part(text=words.text, manner=words.manner),)
    head: Inlines = (Bold((Text(label),)), Text(f": {said}")) if Bold in to.formatting else (Text(f"{label}: {said}"),)
    return (Part(text=(Paragraph(head),), label=label, manner=words.manner),)


def _fitted(words: Words, to: Capabilities, label: str) -> tuple[Part, ...]:
    """The words, and behind them what the room shows as what it is."""
    natives = tuple(Part(text=(), shared=(one,)) for one in words.attachments if is_native(one, to))
    body = _told(words, to, label)
    if words.files:
        return (*_under(words, body, to, label), *natives)
    if natives and not body:
        return natives
    return (*_worded(words, body or (Paragraph((Text("(empty)"),)),), to, label), *natives)


def _under(words: Words, body: Rich, to: Capabilities, label: str) -> tuple[Part, ...]:
    """Files with what is said under them; what is too long for that, or may not stand there, in a part of its own."""
    groups = [Part(text=(), files=group) for group in albums(words.files, to)]
    if not captioned(words.files, to):
        said = _before(words, body, to, label)
        return (*said, *groups)
    caption, behind = recaptioned(words, to, body)
    return (structs.replace(caption, files=groups[0].files), *groups[1:], *behind)


def _before(words: Words, body: Rich, to: Capabilities, label: str) -> tuple[Part, ...]:
    """The words of files under which nothing can stand; at least whose they are, where the room does not say so."""
    shown = words.files[0]
    named = (Paragraph((Text(f"[{shown.kind}{' ' if shown.emoji else ''}{shown.emoji}]"),)),) if label else ()
    return _worded(words, body or named, to, label) if body or named else ()


def recaptioned(words: Words, to: Capabilities, body: Rich | None = None) -> tuple[Part, tuple[Part, ...]]:
    """What stands under files, and the parts of what does not fit there: then only the name stands under them."""
    label = _label(words, to) if to.authorship is Authorship.PREFIX else ""
    body, small = _told(words, to, label) if body is None else body, structs.replace(to, max_text=to.max_caption)
    name = Part(text=(Paragraph((_name(label, to),)),) if label else (), label=label)
    if not body:
        return name, ()
    short = _worded(words, body, small, _label(words, small) if label else "")
    if len(short) == 1:
        return short[0], ()
    return name, _worded(words, body, to, label)


def _name(label: str, to: Capabilities) -> Inline:
    return Bold((Text(label),)) if Bold in to.formatting else Text(label)


def _worded(words: Words, body: Rich, to: Capabilities, label: str) -> tuple[Part, ...]:
    manner = words.manner
    if label and manner is Manner.EMOTE:
        body, manner = _prefixed(body, (Text("* "), Bold((Text(label),)), Text(" "))), Manner.SAY
        return _cut(keep(body, to.formatting), to, "", label, manner)
    return _cut(keep(body, to.formatting), to, label, label, manner)


def fit_again(
    text: Rich, to: Capabilities, quoted: Quoted | None, attachments: Sequence[Attachment | File]
) -> tuple[Rich, ...]:
    """A part that was fitted before, name and all, in a room that can show less than was known then."""
    body = (*text, *(block for one in attachments for block in _all_of(one)))
    body = body if quoted is None else _quoting(quoted, body, to)
    return tuple(part.text for part in _cut(keep(normal(body), to.formatting), to, "", "", Manner.SAY))


def _told(words: Words, to: Capabilities, label: str) -> Rich:
    """The words with everything that is shown in words."""
    body = (*_safe(words.text), *(block for one in words.attachments for block in _beside(one, to, label)))
    body = (*body, *(_linked(attachment, carried) for attachment, carried in words.lost))
    if words.mark:
        body = _prefixed(body, (Italic((Text(f"({words.mark})"),)), Text(" ")))
    if words.quoted is not None:
        body = _quoting(words.quoted, body, to)
    return normal(body)


def _beside(one: Attachment, to: Capabilities, label: str) -> Rich:
    """What words say of an attachment: all of it, or who shows what where a part of its own follows."""
    if is_native(one, to):
        return (Paragraph((Text(headline(one)),)),) if label else ()
    return _all_of(one)


def _linked(attachment: Attachment, carried: Carried) -> Paragraph:
    """A file that the room does not get: where it is, or why it is nowhere."""
    said = described(attachment, carried.why)
    return Paragraph((Text(f"{said} "), Link((Text(carried.link),), carried.link)) if carried.link else (Text(said),))


def _all_of(one: Attachment | File) -> Rich:
    told = in_words(one) if isinstance(one, Attachment) else ()
    return told or (Paragraph((Text(described(one)),)),)


def _safe(text: Rich) -> Rich:
    return mapped(renamed(text, _nobody_if_everybody), defused) if "@" in plain(text) else text


def _nobody_if_everybody(mention: Mention) -> Mention:
    """A whole room is never mentioned, though on some platforms somebody may be called so."""
    return Mention(mention.name) if calls_everybody(mention.name) else mention


def _quoting(quoted: Quoted, body: Rich, to: Capabilities) -> Rich:
    """A reply where replies do not exist: as a quote above, or in brackets where a message is one line."""
    said = f"{quoted.author}: {quoted.words}" if quoted.words else quoted.author
    if Quote in to.formatting and Break in to.formatting:
        return (Quote((Paragraph((Text(said),)),)), *body)
    shown = f"[re {quoted.author}: “{quoted.words}”] " if quoted.words else f"[replying to {quoted.author}] "
    return _prefixed(body, (Text(shown),))


def _prefixed(body: Rich, prefix: Inlines) -> Rich:
    """Inlines put in front of the first paragraph, or above whatever stands there instead."""
    if body and isinstance(body[0], Paragraph):
        return normal((Paragraph((*prefix, *body[0].inside)), *body[1:]))
    return normal((Paragraph(prefix), *body))


def _cut(body: Rich, to: Capabilities, prefix: str, label: str, manner: Manner) -> tuple[Part, ...]:
    """Split to size; the name stands on the first part, or on each line where a message is one line."""
    head: Inlines = (Bold((Text(prefix),)), Text(": ")) if prefix else ()
    if Bold not in to.formatting and prefix:
        head = (Text(f"{prefix}: "),)
    # One more: above a quote, a list or code the name has a line of its own.
    space = to.max_text - length((Paragraph(head),), to.unit) - 1 if head else to.max_text
    single_lines = Break not in to.formatting
    pieces = _one_liners(body, space, to) if single_lines else _blocks(body, space, to)
    shown = _few(pieces, to.max_lines)
    return tuple(
        Part(text=_prefixed(piece, head) if head and (single_lines or not index) else piece, label=label, manner=manner)
        for index, piece in enumerate(shown)
    )


def _blocks(body: Rich, space: int, to: Capabilities) -> tuple[Rich, ...]:
    """As few parts as possible, numbered when there are several."""
    if length(body, to.unit) <= space:
        return (body,)
    pieces = split(body, max(16, space - _ROOM_FOR_NUMBER), to.unit)
    if len(pieces) >= _MANY:
        pieces = split(body, max(16, space - _ROOM_FOR_BIG_NUMBER), to.unit)
    return tuple(_numbered(piece, index, len(pieces)) for index, piece in enumerate(pieces, start=1))


def _one_liners(body: Rich, space: int, to: Capabilities) -> tuple[Rich, ...]:
    """A part a line; a line too long for one is split."""
    return tuple(piece for line in lines(body) for piece in _short(keep(line, to.formatting), space, to))


def _short(line: Rich, space: int, to: Capabilities) -> tuple[Rich, ...]:
    return (line,) if length(line, to.unit) <= space else split(line, max(16, space), to.unit)


def _numbered(piece: Rich, index: int, total: int) -> Rich:
    number: tuple[Inline, ...] = (Text(f" ({index}/{total})"),)
    if piece and isinstance(piece[-1], Paragraph):
        return normal((*piece[:-1], Paragraph((*piece[-1].inside, *number))))
    return (*piece, Paragraph((Text(f"({index}/{total})"),)))


def _few(pieces: tuple[Rich, ...], most: int | None) -> tuple[Rich, ...]:
    """At most so many parts, and a word about what was left out."""
    if most is None or len(pieces) <= most:
        return pieces
    left = len(pieces) - most + 1
    return (*pieces[: most - 1], (Paragraph((Text(f"[… {left} more lines]"),)),))


def described(attachment: Attachment | File, why: str = "") -> str:
    """An attachment in words: `[image "a.jpg", 1.2 MB: alt text]`; what is no file by its first line."""
    if isinstance(attachment, Attachment) and (line := headline(attachment)):
        return line
    shown = visible(attachment.name)
    name = f' "{shown}"' if shown else ""
    size = f", {readable(attachment.size)}" if attachment.size is not None else ""
    time = f", {round(attachment.duration)} s" if attachment.duration is not None else ""
    alt = f": {attachment.alt}" if attachment.alt else ""
    emoji = f" {attachment.emoji}" if attachment.emoji else ""
    lost = f" ({why})" if why else ""
    return defused(" ".join(f"[{attachment.kind}{name}{emoji}{size}{time}{alt}{lost}]".split()))


def readable(size: int) -> str:
    """Bytes as people write them: 900 B, 12 kB, 1.2 MB."""
    if size < _KIB:
        return f"{size} B"
    if size < _KIB * _KIB:
        return f"{round(size / _KIB)} kB"
    return f"{size / _KIB / _KIB:.1f} MB"


def reacted_line(reactions: Sequence[tuple[str, str]], to: str | None, wordless: str = "") -> Rich:
    """Reactions where none exist, as one line: who, what, and on which words. `reactions`: names with their emoji.

    `wordless` says what they are on where no words are known.
    """
    by_name: dict[str, list[str]] = {}
    for name, emoji in reactions:
        by_name.setdefault(name, []).append(emoji)
    by_emojis: dict[str, list[str]] = {}
    for name, emojis in by_name.items():
        by_emojis.setdefault(" ".join(emojis), []).append(name)
    said = "; ".join(f"{', '.join(names)} reacted {emojis}" for emojis, names in by_emojis.items())
    return _aside(f"{said} to “{to}”" if to else f"{said} {wordless}".rstrip())


def taken_back_line(name: str, emoji: str, on: str | None) -> Rich:
    """A reaction taken back where none exist."""
    return _aside(f"{name} took back {emoji}" + (f" on “{on}”" if on else ""))


def _aside(said: str) -> Rich:
    return (Paragraph((Italic((Text(said),)),)),)


def excerpted(text: Rich, attachments: tuple[Attachment, ...]) -> str:
    """The first words of a message, kept for answers to it."""
    words = excerpt(text, _QUOTED_CHARACTERS)
    return words or " ".join(described(one) for one in attachments)[:_QUOTED_CHARACTERS]
