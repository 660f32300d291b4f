"""Where a text may be cut without tearing a character a person sees. Pure: no I/O, no state."""

import grapheme

_JOINER = "\u200d"


def border_before(text: str, index: int) -> int:
    """The last place at or before `index` that tears no grapheme; 0 when there is none."""
    while 0 < index < len(text) and not _plainly_apart(text[index - 1], text[index]):
        found = int(grapheme.safe_split_index(text, index))
        # A joiner binds what follows it in scripts the grapheme rules do not know (Sinhala, Persian ligatures).
        if found == index and text[index - 1] != _JOINER:
            return index
        index = found if found < index else index - 1
    return max(index, 0)


def is_border(text: str, index: int) -> bool:
    """Whether `text` may be cut at `index`."""
    return border_before(text, index) == index


def _plainly_apart(before: str, after: str) -> bool:
    """Most borders need no rule book; it costs some 20 µs to open."""
    return before < "\x7f" and after < "\x7f" and (before, after) != ("\r", "\n")
