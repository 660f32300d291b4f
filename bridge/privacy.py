"""What goes to whom, and how long it is kept: a notice for a room, a record for an authority. Pure: no I/O."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from urllib.parse import urlsplit

from msgspec import Struct

from bridge.config import Announcing, Config, Reachable
from bridge.config.settings import Show
from bridge.connector import ConnectorConfig
from bridge.ids import AccountName, Room
from bridge.recipient import Recipient

_NOT_COMPARED = "nobody has compared this with the terms yet"
_UNDECLARED = "its connector does not say who runs it: ask its author"


class Party(Struct, frozen=True, kw_only=True):
    """One account: who has what goes through it."""

    account: AccountName
    connector: str
    recipient: Recipient | None
    address: str

    @property
    def name(self) -> str:
        """Who that is, in words."""
        if self.recipient is None:
            return f"{self.connector}: {_UNDECLARED}"
        seat = f", {self.recipient.seat}" if self.recipient.seat else ""
        run = f"whoever runs {self.address}" if self.address else "nobody but who sees this machine"
        return f"{self.recipient.company or run}{seat}"


def parties(config: Config, recipients: Mapping[str, Recipient | None]) -> dict[AccountName, Party]:
    """Every account of a configuration; `recipients` are those of the connectors."""
    accounts = config.accounts.items()
    return {name: _party(name, settings, recipients.get(settings.connector)) for name, settings in accounts}


def _party(name: AccountName, settings: ConnectorConfig, recipient: Recipient | None) -> Party:
    written = "" if recipient is None or not recipient.server else str(getattr(settings, recipient.server, ""))
    return Party(
        account=name, connector=settings.connector, recipient=recipient, address=urlsplit(written).hostname or ""
    )


def notice(config: Config, known: Mapping[AccountName, Party], room: Room) -> str | None:
    """What people in a room should know, to be shown there; None when no link names it."""
    links = [link for link in config.links.values() if room in (*link.sources, *link.targets)]
    heard = [to for link in links if room in link.sources for to in link.targets if to != room]
    if not links:
        return None
    lines = [f"This room is bridged. {_shown(heard)}"]
    lines += [f"* {line}" for line in dict.fromkeys(_told(known[to.account]) for to in heard)]
    lines.append(f"The bridge keeps {_kept(config)}")
    shows = {show for link in links for show in link.show}
    if Show.JOINS in shows:
        lines.append("Who comes into this room and leaves it is told in the others.")
    if any(link.moderation is not None for link in links):
        lines.append("Who does not want to be relayed writes: !qantara optout")
    return "\n".join(lines)


def _shown(heard: Sequence[Room]) -> str:
    if not heard:
        return "It shows what is written elsewhere; what is written here stays here."
    rooms = ", ".join(dict.fromkeys(str(room) for room in heard))
    return f"What is written here, with the name of who wrote it, is shown in: {rooms}. So it goes to:"


def _told(party: Party) -> str:
    recipient = party.recipient
    if recipient is None:
        return party.name
    terms = f" Terms: {recipient.terms}" if recipient.terms else ""
    terms += f" ({_NOT_COMPARED})" if terms and not recipient.seen else ""
    return f"{party.name}. {recipient.keeps} {recipient.reads}{terms}"


def _kept(config: Config) -> str:
    """The bridge's own times, as its settings are."""
    store = config.store
    sealed = "encrypted on its disk" if store.key is not None else "not encrypted on its disk"
    return (
        f"the words until every room has them, then the first 80 characters for {store.excerpt_hours} hours, who wrote"
        f" what for {store.relations_days} days, what could not be delivered for {store.parked_days} days; files until"
        f" every room has them, or under a public address for {config.media.link_days} days; {sealed}."
    )


def record(config: Config, known: Mapping[AccountName, Party]) -> str:
    """Everything, as one page: what is done, for whom, who gets it, how long it is kept."""
    return "\n".join([*_purposes(config), *_parties(known.values()), *_times(config), *_rights(config)])


def _purposes(config: Config) -> Iterator[str]:
    yield "# Record of processing: a bridge between messengers\n"
    yield "Messages, their authors' names and pictures, files and reactions of rooms are shown in other rooms:\n"
    for link in config.links.values():
        here, there = (", ".join(map(str, rooms)) for rooms in (link.sources, link.targets))
        yield f"* {link.name}: {here}" + ("" if link.sources == link.targets else f" → {there}")
        if link.show:
            yield f"  * also: {', '.join(sorted(link.show))}"
    for desk in config.desks.values():
        yield f"* {desk.name}: who writes in private to {', '.join(sorted(desk.accounts))} is answered from {desk.room}"
    for one in config.announcements.values():
        yield f"* {one.name}: announcements are drafted in {one.room} and go to {', '.join(_audience(one))}"
    if config.notices is not None:
        yield f"* notices to the operator: {config.notices}"


def _audience(one: Announcing) -> Iterator[str]:
    yield from map(str, one.rooms)
    who = "who asked for them" if one.reachable is Reachable.SUBSCRIBED else "who asked for them or only wrote once"
    for account in one.accounts:
        yield f"people of {account} in private, {who}"


def _parties(known: Iterable[Party]) -> Iterator[str]:
    yield "\n## Who gets it\n"
    yield "| account | platform | who runs it | terms | how long it keeps it | who can read it | looked up |"
    yield "|---|---|---|---|---|---|---|"
    for party in known:
        one = party.recipient or Recipient(keeps=_UNDECLARED, reads=_UNDECLARED)
        looked = one.seen or (f"never: {_NOT_COMPARED}" if one.terms else "ask them")
        cells = (party.account, party.connector, party.name, one.terms or "its own", one.keeps, one.reads, looked)
        yield f"| {' | '.join(cells)} |"


def _times(config: Config) -> Iterator[str]:
    yield "\n## What the bridge itself keeps\n"
    yield f"{_kept(config)[0].upper()}{_kept(config)[1:]}"
    yield "The names of people stay until somebody asks to be forgotten. Logs hold no words of messages."
    if any(one.accounts for one in config.announcements.values()):
        yield "Who hears announcements in private stays on the list until they leave or ask to be forgotten."


def _rights(config: Config) -> Iterator[str]:
    yield "\n## What people can ask for\n"
    yield "* what is held about them: `qantara person`"
    yield "* that it is erased, and that rooms are asked to delete what they show: `qantara forget`"
    if any(link.moderation is not None for link in config.links.values()):
        yield "* not to be relayed, by themselves: `!qantara optout`"
