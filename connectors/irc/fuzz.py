"""IRC's parsers for the fuzz kit: lines, formatting, and a whole session that hears them."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

from bridge.testing.fuzz_target import Target, text_of
from bridge.testing.host import KitHost
from bridge.text.walk import plain
from connectors.irc import format as formatting
from connectors.irc.config import IrcConfig
from connectors.irc.outgoing import texts
from connectors.irc.session import Session
from connectors.irc.wire import line, spoken, tokens

_BUDGET = 400
_LINES = (
    b"@time=2026-01-01T12:00:00.000Z;msgid=a1;+draft/reply=b2 :ada!a@host PRIVMSG #lobby :hello there",
    b":ada!a@host PRIVMSG #lobby :\x01ACTION waves\x01",
    b"@+draft/react=\xf0\x9f\x91\x8d;+draft/reply=b2 :ada!a@h TAGMSG #lobby",
    b":server 005 bridge CHANTYPES=#& PREFIX=(ov)@+ CASEMAPPING=rfc1459 LINELEN=512 NICKLEN=30 :are supported",
    b":server 353 bridge = #lobby :@ada +grace bridge", b":server 366 bridge #lobby :End", b":bridge!b@h JOIN #lobby",
    b":ada!a@h KICK #lobby bridge :out", b":ada!a@h NICK ada2", b":ada!a@h QUIT :bye", b":ada!a@h MODE #lobby +o-v x y",
    b":server CAP * LS * :sasl=PLAIN message-tags server-time", b":server CAP bridge ACK :message-tags echo-message",
    b":server 001 bridge :Welcome", b":server 376 bridge :End", b":server 433 * bridge :in use", b"AUTHENTICATE +",
    b":server 404 bridge #lobby :Cannot send", b":server FAIL JOIN CHANNEL #lobby :no", b"ERROR :Closing Link",
    b":server 322 bridge #lobby 12 :topic", b"PING :x", b":bridge!b@h PRIVMSG #lobby :mine", b":server PONG server 1",
    b":ada!a@h TOPIC #lobby :new", b":ada!a@h INVITE bridge #lobby", b":server 396 bridge a@b :is now your host",
    b":server 465 bridge :You are banned", b":server 471 bridge #lobby :Cannot join", b":bridge!b@h PART #lobby",
)  # fmt: skip
_WORDS = (
    b"\x02bold\x02 \x1ditalic\x0f \x0304,05red\x03 \x11mono\x11 \x1funder\x1e struck",
    "é\U0001f9d1\u200d\U0001f680".encode(),
)


def _hear(data: bytes) -> None:
    """A session logs in, is in a channel, and hears all that as the connection would hand it on."""
    asyncio.run(_session(data))


async def _session(data: bytes) -> None:
    config = IrcConfig(connector="irc", server="irc://127.0.0.1:1", nick="bridge")
    session = Session(config, KitHost(Path()))
    session.heard(tokens(list(_welcome()), "cp1252"))
    session._settle_in()  # noqa: SLF001 what `open` does once it is welcomed
    session.heard(tokens([b":bridge!b@h JOIN #lobby", b":s 353 bridge = #lobby :bridge ada"], "cp1252"))
    session.heard(tokens(data.split(b"\n"), "cp1252"))


def _welcome() -> Iterator[bytes]:
    yield from (
        b":s 001 bridge :Welcome",
        b":s 005 bridge CHANTYPES=# PREFIX=(ov)@+ :are supported",
        b":s 376 bridge :End",
    )


def _format(data: bytes) -> None:
    tree = formatting.parse(text_of(data).replace("\n", " "))
    again = formatting.parse(formatting.render(tree).replace("\n", " "))
    assert plain(again) == plain(tree).replace("\n", " "), "words change on the way through IRC's codes"


def _lines(data: bytes) -> None:
    """Whatever the words, what is written is one line, whole and not too long."""
    words = formatting.parse(text_of(data).replace("\n", " "))
    for each in texts(words, _BUDGET):
        assert len(each.encode()) <= _BUDGET
        said = spoken("PRIVMSG", "#lobby", each)
        assert_one(said)
        assert not said.split(b" :", 1)[-1].startswith(b"\x01"), "words become a command between clients"
    assert_one(line("TOPIC", "#lobby", text_of(data)))


def assert_one(raw: bytes) -> None:
    """Exactly one line of the protocol."""
    assert raw.endswith(b"\r\n")
    assert not set(raw[:-2]) & {0, 10, 13}


TARGETS = {
    "session": Target(_hear, _LINES, "line"),
    "format": Target(_format, _WORDS),
    "lines": Target(_lines, _WORDS),
}
