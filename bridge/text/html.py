"""HTML as Matrix carries it ↔ the text tree. Pure: no I/O, no state.

The allow list is the one of the Matrix specification for `formatted_body`. Anything else loses its tag and keeps its
words, except what nobody was meant to read: scripts, style sheets and the old quotation of the message replied to.
"""

import re
from html.parser import HTMLParser

from bridge.text.html_meaning import BOXES, SOFT, STYLES, UNREAD, Open, alone, blocks, closed
from bridge.text.html_render import render
from bridge.text.nodes import Rich, Text
from bridge.text.normal import normal

__all__ = ["parse", "render"]

MAX_DEPTH = 32
"""Tags inside more open tags than this keep their words only, so that no message can exhaust the stack."""

_KNOWN = BOXES | frozenset(STYLES) | {"a", "code", "span"} | UNREAD
_ENDS = {"li": frozenset({"ul", "ol"}), "p": frozenset({"blockquote", "li", "td", "div"})}
"""Tags that a sibling closes by opening, and the tags beyond which nobody looks for one."""

_LINE = re.compile(r"[ \t\f]*[\r\n][ \t\r\n\f]*")
# Both kept parsers can be stopped by 60 kB: html5lib takes 19 s for nested tags, html.parser 36 s for tags that never
# end (Python 3.11.7), and the latter falls over odd declarations. html.parser is twelve times as fast on what people
# write, so it is the one, and gets only whole tags to see.
_NO_TAG = re.compile(
    r"""<!--.*?(?:-->|\Z) | <[!?][^<>]*>? | <(?!/?[a-z](?:[^<>"']|"[^"]*"|'[^']*')*+>)""",
    re.DOTALL | re.IGNORECASE | re.VERBOSE,
)


def parse(native: str) -> Rich:
    """The tree of a message; never raises, whatever was typed."""
    reader = _Reader()
    reader.feed(_NO_TAG.sub(lambda found: "&lt;" if found[0] == "<" else "", native))
    return normal(reader.finished())


class _Reader(HTMLParser):
    """Keeps the tags that are open; what one held goes to the tag around it when it closes."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._open = [Open("", {})]
        self._too_deep = 0

    def finished(self) -> Rich:
        """Everything that was read."""
        self.close()
        self._close_down_to(1)
        return blocks(self._open[0].inside)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in BOXES:
            self._close_siblings(tag)
        around = self._open[-1]
        if tag not in _KNOWN:
            around.inside.extend(alone(tag, dict(attrs)))
        elif tag == "code" and around.tag == "pre":
            around.attributes |= dict(attrs)
            around.inside.append(Text(""))
        elif len(self._open) > MAX_DEPTH and (tag not in UNREAD or around.tag in UNREAD):
            self._too_deep += 1
        else:
            self._open.append(Open(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in _KNOWN:
            return
        if self._too_deep and tag not in UNREAD:
            self._too_deep -= 1
            return
        self._close_down_to(self._last(frozenset({tag})))

    def handle_data(self, data: str) -> None:
        around = self._open[-1]
        if self._last(frozenset({"pre"})) < len(self._open):
            text = data.removeprefix("\n") if around.tag == "pre" and not around.inside else data
        else:
            text = _LINE.sub(SOFT, data)
        around.inside.append(Text(text))

    def _last(self, tags: frozenset[str]) -> int:
        """Where the innermost of these is open; beyond the end when none is."""
        places = (place for place in range(len(self._open) - 1, 0, -1) if self._open[place].tag in tags)
        return next(places, len(self._open))

    def _close_siblings(self, tag: str) -> None:
        """An item ends the item before it, and any block ends a paragraph: nobody has to write their end."""
        closing = "li" if tag == "li" else "p"
        place, border = self._last(frozenset({closing})), self._last(_ENDS[closing])
        if place < len(self._open) and (border == len(self._open) or border < place):
            self._close_down_to(place)

    def _close_down_to(self, count: int) -> None:
        while len(self._open) > count:
            done = self._open.pop()
            self._open[-1].inside.extend(closed(done))
