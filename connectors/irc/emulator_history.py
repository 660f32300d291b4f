"""What the emulated server says of itself, and of the past: draft/chathistory, as strict as Ergo. Pure."""

from collections.abc import Sequence
from itertools import count

from irctokens.line import Line

from connectors.irc.emulator_network import Network, Relay

CAP = "draft/chathistory"
NEEDS = frozenset({CAP, "batch", "server-time", "message-tags"})
MOST = 50
_batches = count(1)


def support(network: Network) -> list[str]:
    """What stands in ISUPPORT."""
    limits, denied = network.limits, network.denied_tags
    found = [
        f"CASEMAPPING={network.casemapping}", "CHANTYPES=#", f"NICKLEN={limits.nick_length}",
        f"CHANNELLEN={limits.channel_length}", "PREFIX=(ov)@+", "STATUSMSG=@+", "NETWORK=Emulated",
        f"TOPICLEN={limits.topic_bytes}",
    ]  # fmt: skip
    found += [f"LINELEN={limits.line_bytes}"] if limits.line_bytes != 512 else []  # RFC 2812's
    found += [f"CLIENTTAGDENY={denied}"] if denied else []
    return found + ([f"CHATHISTORY={MOST}"] if CAP in network.capabilities else [])


def answer(params: Sequence[str], said: Sequence[Relay], server: str) -> list[Line]:
    """A batch of what was said, or the FAIL that a real server gives; `said` is what the channel keeps."""
    if len(params) < 4:  # how, where, from when, how many
        return [_fail(server, "NEED_MORE_PARAMS", "CHATHISTORY", "Missing parameters")]
    how, room, since, most = params[0].upper(), params[1], params[2], params[3]
    if how not in {"AFTER", "LATEST"} or not most.isdecimal() or (how == "AFTER" and since == "*"):
        return [_fail(server, "INVALID_PARAMS", how, "Invalid parameters")]
    kind, _, value = since.partition("=")
    if since != "*" and (kind not in {"timestamp", "msgid"} or not value):
        return [_fail(server, "INVALID_PARAMS", how, "Invalid reference")]
    found = list(said) if since == "*" else _after(said, kind, value)
    few = min(int(most), MOST)
    return _batched(found[:few] if how == "AFTER" else found[-few:], room, server)


def _after(said: Sequence[Relay], kind: str, value: str) -> list[Relay]:
    if kind == "timestamp":
        return [one for one in said if one.tags["time"] > value]
    ids = [one.tags["msgid"] for one in said]
    return list(said[ids.index(value) + 1 :]) if value in ids else []


def _batched(found: Sequence[Relay], room: str, server: str) -> list[Line]:
    name = f"h{next(_batches)}"
    lines = [Line({**one.tags, "batch": name}, one.source, one.command, list(one.params)) for one in found]
    begin = Line(None, server, "BATCH", [f"+{name}", "chathistory", room])
    return [begin, *lines, Line(None, server, "BATCH", [f"-{name}"])]


def _fail(server: str, code: str, about: str, words: str) -> Line:
    return Line(None, server, "FAIL", ["CHATHISTORY", code, about, words])
