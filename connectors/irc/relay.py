"""RELAYMSG (draft/relaymsg): speaking under the nick of whoever is behind the words. Pure.

The server names the separators of which one must stand in such a nick; nobody who is really there can have one.
"""

import re

import grapheme

from bridge.asked import Outgoing
from bridge.errors import BridgeError, Feature, Rejected, RoomClosed, Unsupported
from connectors.irc.wire import ACTION, line

CAP = "draft/relaymsg"
TAG = "draft/relaymsg"
_RESERVED = re.compile(r"[\s\x00-\x1f\x7f!+%@&#$:'\"?*,.]+")
"""What the specification lets no nick hold."""
_NO_RIGHT = re.compile(r"\b48[12]\b|PRIVS_NEEDED")


def nick(name: str, tag: str, separators: str, longest: int) -> str:
    """A name as a nick that nobody can take: `Ada_Lovelace/x`, of at most so many bytes."""
    behind = f"{separators[:1]}{tag}"
    bare = _RESERVED.sub("_", re.sub(f"[{re.escape(separators)}]", "_", name) if separators else name).strip("_")
    kept = ""
    for one in grapheme.graphemes(bare):
        if len((kept + one + behind).encode()) > longest:
            break
        kept += one
    return f"{kept or 'somebody'}{behind}"


def relayed(room: str, by: str, words: str, tags: dict[str, str]) -> bytes:
    """Somebody's words, as one line."""
    return line("RELAYMSG", room, by, words.replace("\x01", "") or " ", tags=tags)


def relayed_act(room: str, by: str, words: str, tags: dict[str, str]) -> bytes:
    """What somebody does, as one line."""
    return line("RELAYMSG", room, by, f"{ACTION}{words.replace(chr(1), '')}\x01", tags=tags)


def refused(code: str, why: str) -> BridgeError:
    """The error behind a `FAIL RELAYMSG`: the words may go without that nick, unless it is they that are refused."""
    said = f"the server says {code}: {why}"
    return Rejected(said) if code == "BLANK_MSG" else Unsupported(Feature.AUTHORSHIP, said)


def without_right(error: RoomClosed) -> bool:
    """Whether only the relaying is refused, and not the room."""
    return _NO_RIGHT.search(str(error)) is not None


def is_relayed(message: Outgoing) -> bool:
    """Whether a part comes without the name in front, to be shown under it."""
    return message.author is not None and not message.label
