"""What is said: other people's words for the bridge, our own back as receipts."""

from collections.abc import Callable, Mapping, Sequence

from irctokens.line import Line

from bridge.clock import Clock
from bridge.errors import BridgeError
from bridge.events import AnyEvent
from bridge.ids import MessageId
from connectors.irc import relay
from connectors.irc.history import History
from connectors.irc.incoming import Incoming, nick_of
from connectors.irc.presence import Presence
from connectors.irc.receipts import Proof, Receipts, Sending
from connectors.irc.refusals import REFUSALS, failure, refusal
from connectors.irc.server import Server
from connectors.irc.wire import line

_FENCE = "fence-"
_SPEAKING = frozenset({"PRIVMSG", "NOTICE", "TAGMSG"})
_WITHOUT_ROOM = frozenset({"411", "412", "413", "414", "417", "421", "461", "263"})
"""Refusals whose middle parameter, if there is one, is a command and not a room."""

Maker = Callable[[Mapping[str, str]], bytes]
"""Makes a line once its tags are known."""


class Speech:
    """Words in both directions on one connection."""

    def __init__(  # noqa: PLR0913  # the parts of one connection, each once
        self,
        server: Server,
        presence: Presence,
        incoming: Incoming,
        clock: Clock,
        history: History,
        *,
        write: Callable[[bytes], None],
        tell: Callable[[AnyEvent], None],
    ) -> None:
        self._server = server
        self._presence = presence
        self._incoming = incoming
        self._clock = clock
        self._history = history
        self._past = False
        self._write = write
        self._tell = tell
        self._playbacks: set[str] = set()
        self._labels: dict[str, str] = {}
        self.receipts = Receipts(_proof(server))
        self.acts: dict[str, Callable[[Line], None]] = {
            "PRIVMSG": self._words,
            "NOTICE": self._words,
            "TAGMSG": self._tags,
            "ACK": self._acknowledged,
            "BATCH": self._batch,
            "PONG": self._pong,
            "FAIL": self._failed,
            **dict.fromkeys(REFUSALS, self._refused),
        }

    def say(self, sending: Sending, room: str, lines: Sequence[tuple[str, Maker]], deadline: float) -> None:
        """Write lines, each given as its words and what makes it, and expect their receipts."""
        labelled = self.receipts.proof is Proof.LABEL
        for words, make in lines:
            number = self.receipts.expect(sending, room, words, deadline)
            self._write(make({"label": str(number)} if labelled else {}))
            if self.receipts.needs_own_fence():
                self._write(self.fence())

    def fence(self) -> bytes:
        """The line that belongs behind all that was said so far; nothing where no fence is needed."""
        number = self.receipts.fence()
        return b"" if number is None else line("PING", f"{_FENCE}{number}")

    # What the server says.

    def _words(self, heard: Line) -> None:
        nick = nick_of(heard)
        past = self._past and self._is_past(heard)
        if self._presence.is_me(nick) or (self._server.separators and self._relayed_by_us(heard)):
            if not past:
                self._echoed(heard, heard.params[-1])
        elif self._is_for_readers(heard) and (event := self._incoming.posted(heard, nick)) is not None:
            self._tell(event)

    def _tags(self, heard: Line) -> None:
        nick = nick_of(heard)
        past = self._past and self._is_past(heard)
        if self._presence.is_me(nick):
            if not past:
                self._echoed(heard, "")
        elif self._is_for_readers(heard) and (event := self._incoming.reacted(heard, nick)) is not None:
            self._tell(event)

    def _is_past(self, heard: Line) -> bool:
        """Whether a line was said before we came; what we asked for is counted."""
        batch = (heard.tags or {}).get("batch")
        if batch is None:
            return False
        if self._history.is_asked(batch):
            self._history.holds(batch, (heard.tags or {}).get("msgid", ""))
            return True
        return batch in self._playbacks

    def _relayed_by_us(self, heard: Line) -> bool:
        """Our own words under somebody else's nick."""
        return heard.tags is not None and self._presence.is_me(heard.tags.get(relay.TAG, ""))

    def _is_for_readers(self, heard: Line) -> bool:
        """Not a server's notice, not for operators only, not played back from before we came."""
        if heard.source is None or "!" not in heard.source or self._server.is_for_some(heard.params[0]):
            return False
        return not self._playbacks or heard.tags is None or heard.tags.get("batch") not in self._playbacks

    def _echoed(self, heard: Line, words: str) -> None:
        label, message = self._label(heard), (heard.tags or {}).get("msgid")
        native = MessageId(message) if message else None
        if label is not None:
            self.receipts.labelled(label, native)
        elif self.receipts.proof is Proof.ECHO:
            self.receipts.echoed(self._server.fold(heard.params[0]), words, native)

    def _acknowledged(self, heard: Line) -> None:
        label = self._label(heard)
        if label is not None:
            self.receipts.labelled(label, None)

    def _pong(self, heard: Line) -> None:
        token = heard.params[-1]
        if token.startswith(_FENCE) and token[len(_FENCE) :].isdecimal():
            self.receipts.passed(int(token[len(_FENCE) :]))

    def _batch(self, heard: Line) -> None:
        name = heard.params[0]
        if name.startswith("-"):
            self._playbacks.discard(name[1:])
            self._history.ends(name[1:])
            self._labels.pop(name[1:], None)
        elif heard.params[1] in ("chathistory", "znc.in/playback"):
            if not self._history.begins(name[1:], heard.params[-1]):
                self._playbacks.add(name[1:])
        elif heard.tags and "label" in heard.tags:
            self._labels[name[1:]] = heard.tags["label"]
        self._past = bool(self._playbacks) or self._history.open

    def _failed(self, heard: Line) -> None:
        if heard.params[0] == "RELAYMSG":
            self._refuse(heard, _room_in(heard), relay.refused(heard.params[1], heard.params[-1]))
        if heard.params[0] == "CHATHISTORY":
            self._history.failed(next((one for one in heard.params if self._server.is_channel(one)), ""))
        if heard.params[0] in _SPEAKING:
            self._refuse(heard, _room_in(heard), failure(heard.params[1], heard.params[-1]))

    def _refused(self, heard: Line) -> None:
        about = heard.params[1] if len(heard.params) > 2 else ""  # noqa: PLR2004  # we, what it is about, words
        error = refusal(heard.command, heard.params[-1])
        if heard.command in _WITHOUT_ROOM:
            if about == "RELAYMSG":
                self._refuse(heard, "", relay.refused(heard.command, heard.params[-1]))
            elif not about or about in _SPEAKING:
                self._refuse(heard, "", error)
        elif not self._presence.refused(about, error):
            self._refuse(heard, about, error)

    def _refuse(self, heard: Line, room: str, error: BridgeError) -> None:
        self.receipts.refused(error, number=self._label(heard), room=self._server.fold(room))

    def _label(self, heard: Line) -> int | None:
        tags = heard.tags
        if not tags:
            return None
        label = tags.get("label") or self._labels.get(tags.get("batch", ""))
        return int(label) if label is not None and label.isdecimal() else None


def _room_in(heard: Line) -> str:
    """What a FAIL is about: command, code, context…, words."""
    return heard.params[2] if len(heard.params) > 3 else ""  # noqa: PLR2004


def _proof(server: Server) -> Proof:
    """The best receipt this server can give."""
    if {"labeled-response", "batch"} <= server.caps:
        return Proof.LABEL
    return Proof.ECHO if "echo-message" in server.caps else Proof.FENCE
