"""A text too long for its room, in parts that fit. Pure: no I/O, no state.

A part ends at a blank line, else at a line, else between words, else between graphemes; the white space there is all
that is lost. Only the window that can become the next part is looked at.
"""

from bisect import bisect_right
from collections.abc import Iterator

from msgspec import Struct

from bridge.text.cut import Place, cut
from bridge.text.graphemes import border_before, is_border
from bridge.text.keep import keep
from bridge.text.length import Unit, fitting, measure
from bridge.text.nodes import ALL_NODES, Break, Code, CodeBlock, Emoji, Heading, List, Mention, Quote, Rich, Text
from bridge.text.normal import normal
from bridge.text.plain import Leaf, plain, spans

_SPACES = frozenset("\n \t\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2008\u2009\u200a\u205f\u3000")
_INLINE_ONLY = ALL_NODES - {Quote, CodeBlock, List, Heading}


class _Stretch(Struct):
    """Words of one leaf in the window: where they begin there, in the leaf, and which leaf it is."""

    start: int
    words: str
    offset: int
    number: int
    leaf: Leaf | None

    @property
    def end(self) -> int:
        return self.start + len(self.words)


class _Window(Struct):
    """The beginning of a text: all that could become its first part, and a little more."""

    words: str
    stretches: list[_Stretch]

    def at(self, index: int) -> _Stretch:
        """The stretch that holds the character at `index`."""
        return self.stretches[bisect_right(self.stretches, index, key=lambda one: one.start) - 1]

    def lead(self) -> int:
        """How much of the first line only markers take."""
        return next((one.start for one in self.stretches if one.leaf is not None), len(self.words))

    def is_space(self, index: int) -> bool:
        """Whether nobody misses the character when it falls to a cut: white space between words, or a marker."""
        leaf = self.at(index).leaf
        return leaf is None or (isinstance(leaf, (Text, Break)) and self.words[index] in _SPACES)

    def place(self, index: int) -> Place:
        """The place in the tree; a marker stands for the leaf behind it."""
        behind = (one for one in self.stretches if one.end > index and one.leaf is not None)
        stretch = next(behind, self.stretches[-1])
        return Place(stretch.number, stretch.offset + max(index - stretch.start, 0))


def split(rich: Rich, limit: int, unit: Unit) -> tuple[Rich, ...]:
    """Parts whose plain words are at most `limit` long, counted in `unit`; nothing but white space at a cut is lost.

    A mention, an emoji or a code that fits in a part is never cut, nor is a grapheme, except where one alone is longer
    than the limit: that is cut by code points. Limits below 16 may be passed by a single character.
    A text that fits is its own only part, also an empty one; one that is too long and all white space has no part.
    """
    if measure(plain(rich), unit) <= limit:
        return (rich,)
    return tuple(_parts(rich, max(limit, 1), unit))


def _parts(rich: Rich, limit: int, unit: Unit) -> Iterator[Rich]:
    rest = normal(rich)
    while rest:
        window = _window(rest, limit)
        if measure(window.words, unit) <= limit:
            yield rest
            return
        if window.lead() > limit // 2:
            rest = keep(rest, _INLINE_ONLY)
            continue
        part, rest = _cut_at(rest, window, _best(window, limit, unit))
        if part:
            yield part


def _window(rich: Rich, limit: int) -> _Window:
    """At least `limit` and one characters of the plain words, or all of them."""
    stretches: list[_Stretch] = []
    start, number = 0, -1
    for words, offset, leaf in spans(rich):
        number += leaf is not None and not offset
        if words:
            stretches.append(_Stretch(start, words[: limit + 1], offset, number, leaf))
            start = stretches[-1].end
        if start > limit and leaf is not None:
            break
    return _Window("".join(one.words for one in stretches), stretches)


def _best(window: _Window, limit: int, unit: Unit) -> int:
    """Where the first part ends, as an index into the window."""
    most = fitting(window.words, limit, unit)
    lead = window.lead()
    for place in (*_line_ends(window, most, lead), *_word_ends(window, most, lead)):
        if is_border(window.words, place):
            return place
    return _grapheme_end(window, most, lead)


def _line_ends(window: _Window, most: int, lead: int) -> Iterator[int]:
    """Ends of lines in the second half of the window, blank lines and borders of blocks first."""
    ends = [index for index in range(most, max(most // 2, lead), -1) if window.words[index] == "\n"]
    yield from (index for index in ends if window.words[index - 1] == "\n" or window.at(index).leaf is None)
    yield from ends


def _word_ends(window: _Window, most: int, lead: int) -> Iterator[int]:
    for index in range(most, lead, -1):
        if window.is_space(index) and not window.is_space(index - 1):
            yield index


def _grapheme_end(window: _Window, most: int, lead: int) -> int:
    index = most
    while index > lead:
        index = border_before(window.words, index)
        torn = window.at(index)
        if not isinstance(torn.leaf, (Code, Mention, Emoji)) or torn.start == index:
            break
        if torn.start <= lead:
            break
        index = torn.start
    return index if index > lead else max(most, lead + 1)


def _cut_at(rich: Rich, window: _Window, index: int) -> tuple[Rich, Rich]:
    end = index
    while end and window.is_space(end - 1):
        end -= 1
    part, rest = cut(rich, window.place(end))[0], _after_spaces(rich, window, index)
    torn = window.at(index)
    if isinstance(torn.leaf, (Code, Mention, Emoji)) and torn.start < index:
        # Its pieces may be words now, with others beside them, or nothing.
        return normal(part), normal(rest)
    return part, rest


def _after_spaces(rich: Rich, window: _Window, index: int) -> Rich:
    """The text from `index` on, without the white space there, however much of it."""
    while True:
        while index < len(window.words) and window.is_space(index):
            index += 1
        rest = cut(rich, window.place(index))[1]
        if index < len(window.words) or not rest:
            return rest
        rich, window, index = rest, _window(rest, len(window.words)), 0
