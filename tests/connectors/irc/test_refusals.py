"""Each documented error of a server, and what it means for the bridge."""

import pytest

from bridge.errors import BridgeError, Feature, Rejected, RoomClosed, Scope, Unauthorized, Unavailable, Unsupported
from connectors.irc.refusals import REFUSALS, closing, failure, refusal

NUMERICS: list[tuple[str, str, type[BridgeError]]] = [
    ("263", "This command could not be completed because it has been used recently", Unavailable),
    ("401", "No such nick/channel", RoomClosed),
    ("403", "No such channel", RoomClosed),
    ("404", "Cannot send to channel", RoomClosed),
    ("404", "You cannot send messages to this channel whilst the +m (moderated) mode is set", RoomClosed),
    ("404", "Your message to this channel contained a banned phrase", Rejected),
    ("404", "Your message cannot contain 70% or more capital letters", Rejected),
    ("404", "Can't send colors to channel (+c is set)", Unsupported),
    ("405", "You have joined too many channels", RoomClosed),
    ("407", "Too many targets", Unavailable),
    ("411", "No recipient given (PRIVMSG)", Rejected),
    ("412", "No text to send", Rejected),
    ("413", "No toplevel domain specified", Rejected),
    ("414", "Wildcard in toplevel domain", Rejected),
    ("415", "Cannot send to channel (+R)", RoomClosed),
    ("417", "Input line was too long", Rejected),
    ("421", "Unknown command", Rejected),
    ("437", "Nick/channel is temporarily unavailable", Unavailable),
    ("439", "Message target change too fast. Please wait 12 seconds", Unavailable),
    ("442", "You're not on that channel", RoomClosed),
    ("451", "You have not registered", Unauthorized),
    ("461", "Not enough parameters", Rejected),
    ("464", "Password incorrect", Unauthorized),
    ("465", "You are banned from this server", Unauthorized),
    ("470", "Forwarding to another channel", RoomClosed),
    ("471", "Cannot join channel (+l)", RoomClosed),
    ("473", "Cannot join channel (+i)", RoomClosed),
    ("474", "Cannot join channel (+b)", RoomClosed),
    ("475", "Cannot join channel (+k)", RoomClosed),
    ("476", "Bad Channel Mask", Rejected),
    ("477", "You need to be identified to a registered account", RoomClosed),
    ("479", "Illegal channel name", Rejected),
    ("489", "Cannot join channel (+z)", RoomClosed),
    ("531", "You cannot message that person", RoomClosed),
    ("716", "is in +g mode", RoomClosed),
    ("902", "You must use a nick assigned to you", Unauthorized),
    ("904", "SASL authentication failed", Unauthorized),
    ("905", "SASL message too long", Unauthorized),
    ("908", "are available SASL mechanisms", Unauthorized),
]


@pytest.mark.parametrize(("numeric", "why", "kind"), NUMERICS)
def test_a_numeric_becomes_what_happens_next(numeric: str, why: str, kind: type[BridgeError]) -> None:
    error = refusal(numeric, why)
    assert type(error) is kind
    assert numeric in str(error)
    assert why in str(error)


def test_every_numeric_of_the_table_is_classified() -> None:
    assert all(isinstance(refusal(numeric, "words"), BridgeError) for numeric in REFUSALS)


def test_refused_formatting_is_a_missing_feature() -> None:
    error = refusal("404", "Can't send colours to channel (+c set)")
    assert isinstance(error, Unsupported)
    assert error.feature is Feature.FORMATTING


@pytest.mark.parametrize(
    ("why", "seconds"),
    [
        ("Please wait 12 seconds", 12),
        ("wait 3s.", 3),
        ("in 99999 sec", 3600),
        ("slow down", None),
        ("wait 1234567 seconds", 3600),
    ],
)
def test_a_waiting_time_is_the_servers(why: str, seconds: float | None) -> None:
    error = refusal("439", why)
    assert isinstance(error, Unavailable)
    assert error.retry_after == seconds


LAST_WORDS = [
    ("Closing Link: me[127.0.0.1] (Excess Flood)", Unavailable),
    ("Closing Link: me[127.0.0.1] (Ping timeout: 120 seconds)", Unavailable),
    ("Closing Link: me[127.0.0.1] (Killed (root (bye)))", Unavailable),
    ("Closing Link: me[127.0.0.1] (Server shutdown)", Unavailable),
    ("Trying to reconnect too fast.", Unavailable),
    ("Closing Link: me[127.0.0.1] (K-lined: spam)", Unauthorized),
    ("Closing Link: me[127.0.0.1] (G-Lined)", Unauthorized),
    ("Closing Link: me[127.0.0.1] (You are banned from this server)", Unauthorized),
    ("Closing Link: me[127.0.0.1] (Bad Password)", Unauthorized),
    ("Closing link: (bridge@127.0.0.1) [SASL access only]", Unauthorized),
]


@pytest.mark.parametrize(("why", "kind"), LAST_WORDS)
def test_a_servers_last_word_says_whether_to_come_back(why: str, kind: type[BridgeError]) -> None:
    error = closing(why)
    assert type(error) is kind
    if isinstance(error, Unavailable):
        assert error.scope is Scope.ACCOUNT


FAILURES = [
    ("ACCOUNT_REQUIRED", Unauthorized),
    ("RATE_LIMITED", Unavailable),
    ("CANNOT_SEND", RoomClosed),
    ("INVALID_UTF8", Rejected),
    ("ANYTHING_ELSE", Rejected),
]


@pytest.mark.parametrize(("code", "kind"), FAILURES)
def test_a_standard_reply_becomes_what_happens_next(code: str, kind: type[BridgeError]) -> None:
    assert type(failure(code, "words")) is kind
