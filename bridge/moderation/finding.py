"""Whom a command means: whoever wrote what it answers, or somebody by name or number."""

from bridge.ids import PersonNumber
from bridge.moderation.asked import MOST_LISTED, Asked, Refused
from bridge.people import label
from bridge.shared import Shared
from bridge.store.care import Called, Meant, Who


async def whom(shared: Shared, asked: Asked) -> Who:
    """The person; raises `Refused` where nobody, or more than one, may be meant."""
    name = asked.command.argument
    if not name:
        return await answered_to(shared, asked)
    accounts = tuple({shared.accounts[room] for room in asked.link.rooms})
    found: tuple[Who, ...] = await shared.writer.ask(_question(shared, asked, accounts))
    found = tuple(one for one in found if one.account in accounts)
    if len(found) == 1:
        return found[0]
    if not found:
        raise Refused(f"Nobody here is called {label(name)}.")
    listed = ", ".join(f"#{one.person} ({one.account})" for one in found[:MOST_LISTED])
    raise Refused(f"Several people are called {label(name)}: answer a message of theirs, or say which of {listed}.")


def _question(shared: Shared, asked: Asked, accounts: tuple[str, ...]) -> Called:
    """By the number behind #, by the name that the room shows, or by any name there is on the link's accounts."""
    name = asked.command.argument
    person = shared.names.called(asked.what.room, name)
    if name.startswith("#") and name[1:].isdecimal():
        person = PersonNumber(int(name[1:]))
    return Called(accounts, person=person) if person else Called(accounts, name=bare(name))  # type: ignore[arg-type]


async def answered_to(shared: Shared, asked: Asked) -> Who:
    """Who wrote the message that the command answers, be it a copy."""
    native = asked.event.in_reply_to
    found: Who | None = None
    if native is not None:
        found = await shared.writer.ask(Meant(asked.what.room, native))
    if found is None:
        raise Refused("Who is meant? Answer a message of theirs, or put their name behind the command.")
    return found


def bare(name: str) -> str:
    """A name as somebody typed it."""
    return name.strip().lstrip("@").casefold()
