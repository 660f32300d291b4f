"""Under which nicks a bot may speak on the emulated network: draft/relaymsg, as strict as Ergo. Pure."""

from collections.abc import Set as AbstractSet

CAP = "draft/relaymsg"
SEPARATORS = "/"
"""Of which one stands in every relayed nick, and in no other."""
_RESERVED = frozenset("!+%@&#$:'\"?*,. ")


def refusal(nick: str, words: str, *, allowed: AbstractSet[str], by: str) -> tuple[str, ...]:
    """Code and words of what is wrong with a RELAYMSG; nothing where nothing is."""
    if by not in allowed:
        return "PRIVS_NEEDED", "Only channel operators may relay messages"
    if not set(SEPARATORS) & set(nick) or set(nick) & _RESERVED:
        return "INVALID_NICK", "Invalid nickname"
    return () if words.strip() else ("BLANK_MSG", "The message must not be blank")
