"""What an operator should know of a bot: what it does not see in its rooms, who else uses its token. Pure."""

from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from telegram import WebhookInfo

from bridge.connector import RoomInfo
from bridge.findings import Finding, Grade
from connectors.telegram.membership import PRIVACY

_MANY_WAITING = 100


def rooms(entered: Iterable[RoomInfo]) -> Iterator[Finding]:
    """What the bot cannot see in rooms that it is in."""
    for room in entered:
        if room.note == PRIVACY:
            what = f"privacy mode is on: in {room.title} the bot sees only commands and replies to itself"
            remedy = "@BotFather: /setprivacy, Disable; then remove the bot from the group and add it again"
            yield Finding(grade=Grade.FAULT, where=f"room {room.name}", what=what, remedy=remedy)
        elif room.note:
            what = f"in {room.title} {room.note}"
            remedy = "in the group: its name, Edit, Administrators, Add Admin, the bot"
            yield Finding(where=f"room {room.name}", what=what, remedy=remedy)


def foreign(address: str, ours: str | None) -> str:
    """The address that Telegram calls for this bot, where it is not ours."""
    return "" if address == ours else address


def polling(replaced: str) -> Iterator[Finding]:
    """Whether another program had asked Telegram to call it: `replaced` is its address, "" for none."""
    if replaced:
        what = f"Telegram was calling {_host(replaced)} for this bot: another program uses the same token"
        remedy = "stop that program, or give the bridge a bot of its own (@BotFather: /newbot)"
        yield Finding(where="token", what=what, remedy=remedy)


def webhook(info: WebhookInfo, ours: str | None) -> Iterator[Finding]:
    """Whether Telegram calls us, and how that goes."""
    if info.url != ours:
        what = f"Telegram calls {_host(info.url) or 'nobody'} for this bot, and not us: another program uses the token"
        remedy = "stop that program, or give the bridge a bot of its own (@BotFather: /newbot)"
        yield Finding(grade=Grade.FAULT, where="token", what=what, remedy=remedy)
    elif info.last_error_message and info.pending_update_count:
        what = f"Telegram cannot deliver its calls ({info.pending_update_count} wait): {info.last_error_message}"
        remedy = f"curl -i {_host(ours or '')}/in/.here shows what Telegram sees; or set `mode: polling`"
        yield Finding(grade=Grade.FAULT, where="mode: webhook", what=what, remedy=remedy)
    elif info.pending_update_count > _MANY_WAITING:
        what = f"{info.pending_update_count} updates wait at Telegram to be delivered"
        yield Finding(where="mode: webhook", what=what, remedy="qantara status tells whether the bridge accepts")


def _host(address: str) -> str:
    """Where an address leads; its path may hold somebody's secret."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else ""
