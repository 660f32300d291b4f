"""Promises about who a copy is by, where the platform can show it: another name for each, or a ghost for each."""

import pytest

from bridge.asked import Deletion, Edit, Person, Reaction, Target
from bridge.capabilities import Authorship
from bridge.connector import Connector
from bridge.events import Deleted, Edited, Reacted, Unreacted
from bridge.ids import MessageId, PersonNumber
from bridge.testing.contract_kit import ADA, Kit, Running, told

GRACE = Person(number=PersonNumber(2), name="Grace")
_CHANGES = (Edited, Deleted, Reacted, Unreacted)


class AuthorPromises:
    """`Outgoing.author`, and `by` → platform → reader."""

    async def test_each_author_has_their_own_name(self, kit: Kit) -> None:
        async with kit.running() as run:
            _needs_authors(run)
            for words, author in (("the bridge's", None), ("hers", ADA), ("mine", GRACE)):
                await run.send(words, author=author)
            names = [(await kit.reads(kit.town, words)).author for words in ("hers", "mine", "the bridge's")]
            assert ADA.name in names[0]
            assert GRACE.name in names[1]
            assert not {ADA.name, GRACE.name} & {names[2]}, f"the bridge itself speaks as {names[2]}"

    async def test_a_name_follows(self, kit: Kit) -> None:
        async with kit.running() as run:
            _needs_authors(run)
            await run.send("before", author=ADA)
            await run.send("after", author=Person(number=ADA.number, name="Countess"))
            assert "Countess" in (await kit.reads(kit.town, "after")).author


class GhostPromises:
    """What holds where each person has a ghost: it is they who speak, and they who are not heard."""

    async def test_each_ghost_changes_its_own(self, kit: Kit) -> None:
        kit.needs(Connector.edit, "edits")
        kit.needs(Connector.delete, "deletions")
        async with kit.running() as run:
            _needs_ghosts(run)
            hers, mine = await run.sent("hers", author=ADA), await run.sent("mine", author=GRACE)
            for target, words, by in ((hers, "hers again", ADA), (mine, "mine again", GRACE)):
                await run.connector.edit(Edit(target=target, content=run.outgoing(words, author=_by_number(by))))
                assert by.name in (await kit.reads(kit.town, words)).author
            await run.connector.delete(Deletion(target=mine, key=kit.key(), by=_by_number(GRACE)))
            shown = await kit.until_shown(kit.town, lambda shown: len(shown) < 2, "one message less")
            assert [one.text for one in shown] == ["hers again"]

    async def test_ghosts_react_each_for_themselves(self, kit: Kit) -> None:
        kit.needs(Connector.react, "reactions")
        async with kit.running() as run:
            _needs_ghosts(run)
            _, event = await run.hears("good news", person="Olaf")
            target = Target(room=event.room, thread=event.thread, parts=event.message)
            await _react(run, target, ADA)
            native = await _react(run, target, GRACE)
            await kit.until_shown(kit.town, lambda shown: dict(shown[0].reactions) == {"👍": 2}, "two reactions")
            await _unreact(run, target, GRACE, native)
            await kit.until_shown(kit.town, lambda shown: dict(shown[0].reactions) == {"👍": 1}, "one reaction")

    async def test_what_ghosts_do_is_not_heard(self, kit: Kit) -> None:
        kit.needs(Connector.edit, "edits")
        kit.needs(Connector.react, "reactions")
        async with kit.running() as run:
            _needs_ghosts(run)
            _, event = await run.hears("before", person="Olaf")
            copy = await run.sent("by a ghost", author=ADA)
            await run.connector.edit(Edit(target=copy, content=run.outgoing("by a ghost again", author=ADA)))
            await _react(run, Target(room=event.room, thread=event.thread, parts=event.message), ADA)
            await run.connector.delete(Deletion(target=copy, key=kit.key(), by=ADA))
            await run.hears("after", person="Olaf")
            assert kit.host.words() == ["before", "after"], told(kit.host.events)
            assert not [one for one in kit.host.events if isinstance(one, _CHANGES)], told(kit.host.events)


def _by_number(person: Person) -> Person:
    """Somebody whose ghost is there already: their name need not be known any more."""
    return Person(number=person.number, name="")


def _needs_authors(run: Running) -> None:
    if run.capabilities(run.kit.town).authorship is Authorship.PREFIX:
        pytest.skip("no authors: the bridge's one user speaks for everybody")


def _needs_ghosts(run: Running) -> None:
    if run.capabilities(run.kit.town).authorship is not Authorship.GHOST:
        pytest.skip("no ghosts: the bridge has one user")


async def _react(run: Running, target: Target, by: Person) -> MessageId | None:
    return await run.connector.react(Reaction(target=target, emoji="👍", wanted=("👍",), key=run.kit.key(), by=by))


async def _unreact(run: Running, target: Target, by: Person, native: MessageId | None) -> None:
    reaction = Reaction(target=target, emoji="👍", wanted=(), key=run.kit.key(), native=native, by=_by_number(by))
    await run.connector.react(reaction)
