"""What the server said about itself: its capabilities, its limits, how it compares names. No I/O."""

import unicodedata
from collections.abc import Iterable

from irctokens.line import Line

WANTED = frozenset(
    {
        "account-tag",
        "batch",
        "cap-notify",
        "draft/chathistory",
        "draft/relaymsg",
        "echo-message",
        "labeled-response",
        "message-tags",
        "multi-prefix",
        "sasl",
        "server-time",
    }
)
"""The IRCv3 capabilities the connector makes use of."""

_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
_STRICT = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ[]\\", "abcdefghijklmnopqrstuvwxyz{}|")
_RFC1459 = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ[]\\~", "abcdefghijklmnopqrstuvwxyz{}|^")
_CASES = {"ascii": _LOWER, "rfc1459": _RFC1459, "rfc1459-strict": _STRICT, "strict-rfc1459": _STRICT}


def fold(name: str, casemapping: str) -> str:
    """The form of a name that is equal for all spellings which the server takes for the same.

    A casemapping that is not one of RFC 1459's family (`precis`, `rfc7613`, `rfc8265`) folds as Unicode does.
    """
    table = _CASES.get(casemapping)
    return unicodedata.normalize("NFC", name).casefold() if table is None else name.translate(table)


class Server:
    """One server as it introduced itself on one connection."""

    def __init__(self) -> None:
        self.offered: dict[str, str] = {}
        self.caps: set[str] = set()
        self.support: dict[str, str] = {}
        self.software = ""
        self._casemapping = "rfc1459"
        self._folded: dict[str, str] = {}

    def offer(self, words: str) -> None:
        """A line of `CAP LS` or `CAP NEW`."""
        for word in words.split():
            name, _, value = word.partition("=")
            self.offered[name] = value

    def withdraw(self, words: str) -> None:
        """A line of `CAP DEL`."""
        for name in words.split():
            self.offered.pop(name, None)
            self.caps.discard(name)

    def acknowledge(self, words: str) -> None:
        """A line of `CAP ACK`; a name after a minus was switched off."""
        for word in words.split():
            if word.startswith("-"):
                self.caps.discard(word[1:])
            else:
                self.caps.add(word)

    def missing(self) -> list[str]:
        """What we would like, is offered, and is not on yet."""
        return sorted((WANTED & self.offered.keys()) - self.caps)

    def introduced(self, line: Line) -> None:
        """RPL_MYINFO (004): what the server runs."""
        self.software = line.params[2]

    def supports(self, line: Line) -> None:
        """A line of RPL_ISUPPORT (005)."""
        for word in line.params[1:-1]:
            name, _, value = word.partition("=")
            if name.startswith("-"):
                self.support.pop(name[1:], None)
            else:
                self.support[name] = value
        self._casemapping = self.support.get("CASEMAPPING", "rfc1459").lower()
        self._folded.clear()

    def fold(self, name: str) -> str:
        """The one form of a name on this server."""
        folded = self._folded.get(name)
        if folded is None:
            if len(self._folded) > 10_000:  # noqa: PLR2004  # a flood of names must not grow this for ever
                self._folded.clear()
            folded = self._folded[name] = fold(name, self._casemapping)
        return folded

    def is_channel(self, name: str) -> bool:
        """Whether a name is a channel's and not a person's."""
        return name[:1] in (self.support.get("CHANTYPES", "#&") or "#&") and bool(name)

    def is_for_some(self, target: str) -> bool:
        """Whether words to `target` are for a channel's operators only (`@#channel`): they must not leave it."""
        prefixes = self.support.get("STATUSMSG", "") or "~&@%+"
        return target[:1] in prefixes and not self.is_channel(target) and self.is_channel(target[1:])

    @property
    def prefixes(self) -> str:
        """The signs that stand before a member's name in a list."""
        _, _, signs = self.support.get("PREFIX", "(ov)@+").partition(")")
        return signs

    @property
    def ruling(self) -> frozenset[str]:
        """The signs of those who may throw others out: half-operators and above (facts/platform-apis.md 5)."""
        modes, _, signs = self.support.get("PREFIX", "(ov)@+").removeprefix("(").partition(")")
        return frozenset(sign for mode, sign in zip(modes, signs, strict=False) if mode in "qaoh")

    @property
    def line_length(self) -> int:
        """Bytes a line may have, its CR and LF included, its tags not."""
        return _number(self.support.get("LINELEN", ""), 512)

    @property
    def nick_length(self) -> int:
        """Bytes a nick may have."""
        return _number(self.support.get("NICKLEN", ""), 30)

    @property
    def topic_length(self) -> int | None:
        """Bytes a topic may have; None where the server names no most."""
        return _number(self.support.get("TOPICLEN", ""), 0) or None

    @property
    def separators(self) -> str:
        """Of which one must stand in the nick of relayed words; empty where the server relays none, or names none."""
        return self.offered.get("draft/relaymsg", "") if "draft/relaymsg" in self.caps else ""

    def carries(self, tag: str) -> bool:
        """Whether a client's tag (without its `+`) goes through: ISUPPORT CLIENTTAGDENY."""
        if "message-tags" not in self.caps:
            return False
        denied = _split(self.support.get("CLIENTTAGDENY", ""))
        return f"-{tag}" in denied if "*" in denied else tag not in denied


def _split(words: str) -> frozenset[str]:
    return frozenset(_present(words.split(",")))


def _present(words: Iterable[str]) -> Iterable[str]:
    return (word for word in words if word)


def _number(word: str, otherwise: int) -> int:
    return int(word) if word.isdecimal() and len(word) < 6 and int(word) > 0 else otherwise  # noqa: PLR2004
