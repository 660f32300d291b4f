"""What moderators, and people for themselves, ask for in a room: who may is asked, it is done, noted and answered."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping

import structlog
from msgspec import structs

from bridge.asked import Power
from bridge.commands import FOR_EVERYBODY, HELP, Command, Word
from bridge.config import Link
from bridge.errors import BridgeError
from bridge.events import Left, Posted, User
from bridge.guard import Commanded, Guard
from bridge.ids import AccountName, EventId, PersonNumber, Room, RoomNumber
from bridge.moderation.asked import MOST_LISTED, Asked, Refused, Watch, named, reaching, watch
from bridge.moderation.finding import answered_to, bare, whom
from bridge.moderation.holding import Holding
from bridge.moderation.retracting import Retracting
from bridge.people import label
from bridge.powers import power_in
from bridge.routing import Atlas
from bridge.shared import Shared
from bridge.store.care import Called, Decide, Meant, Note, Retract, Revoke, Ruled, Ruling, Rulings, Who
from bridge.supervisor import Account

logger = structlog.get_logger()
_REMEMBERED = 500
_TELL_AGAIN_SECONDS = 600.0
_NO_POWER = "Only moderators of this room can ask for that."
_HOURS = 3_600_000
_TRUSTED_DAYS = 30
"""So long after their last command a moderator is relayed under a lock without another."""
_SWITCHES = {
    Word.PAUSE: (Ruled.PAUSE, "Paused: what is written waits until somebody says !resume."),
    Word.LOCK: (Ruled.LOCK, "Only moderators are relayed now, until somebody says !unlock."),
    Word.HOLD: (Ruled.HOLD, "Each message waits for a moderator now: !held lists them, !approve lets them go."),
}
_BACK = {Word.RESUME: Ruled.PAUSE, Word.UNLOCK: Ruled.LOCK, Word.RELEASE: Ruled.HOLD}


class Moderation:
    """One for all links. `reread` lets lanes look again at what waits in their rooms."""

    def __init__(
        self, shared: Shared, atlas: Atlas, accounts: Mapping[AccountName, Account],
        reread: Callable[[Iterable[RoomNumber]], None],
    ) -> None:  # fmt: skip
        self._shared, self._atlas, self._accounts = shared, atlas, accounts
        self._holding, self._retracting = Holding(shared, reread), Retracting(shared, reread)
        self._links: dict[str, Watch] = {}
        self._done: OrderedDict[tuple[AccountName, EventId], None] = OrderedDict()
        self._told: dict[str, float] = {}

    async def begin(self, guard: Guard) -> None:
        """What was decided before is in force again."""
        self._guard = guard
        guard.on_command, guard.on_held = self.asked, self._tell_of_held
        found: tuple[Ruling, ...] = await self._shared.writer.ask(Rulings())
        for ruling in found:
            guard.obey(ruling)
        late = self._shared.now_ms() - _TRUSTED_DAYS * 24 * _HOURS
        await self._take_back([one for one in found if one.kind is Ruled.TRUST and one.at < late])

    def follow(self, links: Mapping[str, Link], numbers: Mapping[Room, RoomNumber]) -> None:
        """Heed the moderators of these links from now on."""
        heeding = {name: (link, link.moderation) for name, link in links.items()}
        self._links = {
            name: watch(link, settings, numbers) for name, (link, settings) in heeding.items() if settings is not None
        }

    def heeded(self) -> dict[RoomNumber, str]:
        """The rooms in which commands are read, with the emoji of a report there."""
        found = {link.told: "" for link in self._links.values() if link.told is not None}
        return {**found, **{room: link.settings.report for link in self._links.values() for room in link.rooms}}

    # --- what is asked ---

    def asked(self, what: Commanded) -> None:
        """Do it, beside what else goes on; what a platform gives twice is done once."""
        key = what.account, what.event.id
        if key in self._done:
            return
        self._done[key] = None
        if len(self._done) > _REMEMBERED:
            self._done.popitem(last=False)
        self._shared.group.create_task(self._answer(what))

    async def _answer(self, what: Commanded) -> None:
        for link in [one for one in self._links.values() if what.room in one.rooms or what.room == one.told]:
            try:
                words = await self._answered(what, link)
            except (BridgeError, Refused) as error:
                words = str(error)
            if words:
                self._shared.say(what.room, words)

    async def _answered(self, what: Commanded, link: Watch) -> str:
        event, command = what.event, what.command
        if command is None or not isinstance(event, Posted):
            return await self._reported(what, link)
        across = link.settings.reach == "link" or what.room == link.told
        asked = Asked(what, event, command, link, None if across else what.room)
        if command.word in FOR_EVERYBODY:
            return await self._for_themselves(asked)
        if await self._power(what, event.author) is not Power.MODERATOR:
            await self._distrust(asked)
            return _NO_POWER
        words = await self._moderated(asked)
        await self._trust(asked)
        return words

    async def _power(self, what: Commanded, user: User) -> Power:
        """What somebody may do where they ask; a platform that cannot say gives nobody any."""
        account, place = self._accounts.get(what.account), self._atlas.place(what.room)
        if account is None or place is None:
            return Power.NONE
        return await power_in(account.connector, place.room, user.id)

    async def _trust(self, asked: Asked) -> None:
        """Who has power is remembered, over restarts, and for a while: nobody tells us when they lose it."""
        room, now = asked.what.room, self._shared.now_ms()
        known = self._guard.trusted(room, asked.by.id)
        if known is not None and now - known.at < 24 * _HOURS:
            return
        await self._distrust(asked)
        op = Decide(kind=Ruled.TRUST, link="", at=now, room=room, account=asked.what.account, user=asked.by.id)
        self._guard.obey(await self._shared.writer.ask(op))

    async def _distrust(self, asked: Asked) -> None:
        known = self._guard.trusted(asked.what.room, asked.by.id)
        if known is not None:
            await self._take_back([known])

    async def _moderated(self, asked: Asked) -> str:
        does = {
            Word.MUTE: self._mute, Word.UNMUTE: self._unmute, Word.MUTED: self._in_force, Word.REMOVE: self._remove,
            Word.PURGE: self._purge, Word.APPROVE: self._approve, Word.HELD: self._holding.listed,
            Word.PAUSE: self._switch_on, Word.LOCK: self._switch_on, Word.HOLD: self._switch_on,
            Word.RESUME: self._switch_off, Word.UNLOCK: self._switch_off, Word.RELEASE: self._switch_off,
        }  # fmt: skip
        return await does[asked.command.word](asked)

    # --- for oneself ---

    async def _for_themselves(self, asked: Asked) -> str:
        account, user = asked.what.account, asked.by.id
        own = [one for one in self._about(account, self._shared.writer.store.alias(account, user))
               if one.kind is Ruled.OPTOUT]  # fmt: skip
        match asked.command.word:
            case Word.OPTOUT if not own:
                ruling = Decide(kind=Ruled.OPTOUT, link="", at=self._shared.now_ms(), account=account, user=user)
                self._guard.obey(await self._shared.writer.ask(ruling))
                return (
                    f"{named(asked.by)}: nothing of what you write is relayed from now on, and your name is not shown"
                    " elsewhere. !qantara optin takes that back. What was relayed before stays: ask the operator of the"
                    " bridge to forget you."
                )
            case Word.OPTIN if own:
                await self._take_back(own)
                return f"{named(asked.by)}: what you write is relayed again."
            case Word.OPTOUT | Word.OPTIN:
                return f"{named(asked.by)}: it is so already."
            case _:
                return HELP

    # --- people ---

    async def _mute(self, asked: Asked) -> str:
        who = await whom(self._shared, asked)
        scope = reaching(asked, who)
        if any(one.kind is Ruled.MUTE and one.link == asked.link.name and one.room in {None, scope}
               for one in self._about(who.account, who.native)):  # fmt: skip
            return f"{label(who.name)} is muted already."
        await self._decide(asked, Ruled.MUTE, scope, who)
        where = "" if scope is None else " to here"
        return f"{label(who.name)} is muted: nothing of what they write is relayed{where}."

    async def _unmute(self, asked: Asked) -> str:
        known = [one for one in self._guard.rulings if one.kind is Ruled.MUTE and one.link == asked.link.name]
        if asked.command.argument:
            wanted = bare(asked.command.argument)
            found = [one for one in known if one.name.casefold() == wanted or str(one.number) == wanted]
        else:
            who = await whom(self._shared, asked)
            found = [one for one in known if (one.account, one.native) == (who.account, who.native)]
        if not found:
            return "Nobody like that is muted: !muted lists who is."
        own = asked.what.account
        mine = [one for one in found if asked.scope is None or one.room == asked.scope or one.account == own]
        if not mine:
            return "Moderators of another room muted them for the whole link: only they can take that back."
        await self._take_back(mine)
        await self._note(asked, "unmute", mine[0].name)
        return f"{label(mine[0].name)} is relayed again."

    def _about(self, account: AccountName, native: str) -> list[Ruling]:
        return [one for one in self._guard.rulings if (one.account, one.native) == (account, native)]

    async def _in_force(self, asked: Asked) -> str:
        lines = [self._told_as(one) for one in self._of(asked.link)]
        return "\n".join(lines[:MOST_LISTED]) or "Nobody is muted, and nothing is held."

    def _told_as(self, ruling: Ruling) -> str:
        where = "" if ruling.room is None else " (one room)"
        return f"{ruling.number} {ruling.kind}{where} {label(ruling.name) if ruling.name else ''}".rstrip()

    # --- the whole link, or one room of it ---

    async def _switch_on(self, asked: Asked) -> str:
        kind, words = _SWITCHES[asked.command.word]
        if not any(one.kind is kind and one.room == asked.scope for one in self._of(asked.link)):
            await self._decide(asked, kind, asked.scope)
        return words

    async def _switch_off(self, asked: Asked) -> str:
        kind = _BACK[asked.command.word]
        found = [one for one in self._of(asked.link) if one.kind is kind and asked.scope in {None, one.room}]
        if not found:
            return "It is not so, or another room's moderators said so."
        await self._take_back(found)
        await self._note(asked, asked.command.word)
        if kind is Ruled.PAUSE:
            await self._holding.go_on(asked.link, [one for one in self._of(asked.link) if one.kind is Ruled.PAUSE])
        return "As before, then." if kind is not Ruled.HOLD else "As before, then; what is held waits: !approve all."

    def _of(self, link: Watch) -> list[Ruling]:
        return [one for one in self._guard.rulings if one.link == link.name]

    # --- what is held ---

    async def _approve(self, asked: Asked) -> str:
        count = await self._holding.approve(asked)
        if count:
            await self._note(asked, f"approve {count}")
        return "" if count else "Nothing like that is held here: !held lists what is."

    def _tell_of_held(self, link: str) -> None:
        """The moderators' room hears at most every ten minutes that something waits."""
        known, now = self._links.get(link), self._shared.clock.monotonic()
        if known is not None and now - self._told.get(link, float("-inf")) >= _TELL_AGAIN_SECONDS:
            self._told[link] = now
            self._tell(known, f"Link {link}: messages wait for a moderator. !held lists them, !approve lets them go.")

    # --- taking copies back ---

    async def _remove(self, asked: Asked) -> str:
        who = await answered_to(self._shared, asked)
        deed = await self._note(asked, "remove", who.name, who.person)
        scope = None if who.room == asked.what.room else asked.scope
        op = Retract(purge=deed, at=self._shared.now_ms(), message=who.message, room=scope)
        return await self._retracting.retract(op, asked.what.room)

    async def _purge(self, asked: Asked) -> str:
        hours, argument = float(asked.link.settings.ban_hours), asked.command.argument
        name, _, last = argument.rpartition(" ")
        if last.isdecimal():
            hours, asked = float(last), structs.replace(asked, command=Command(Word.PURGE, name))
        who = await whom(self._shared, asked)
        deed = await self._note(asked, f"purge {hours:g} h", who.name, who.person)
        now = self._shared.now_ms()
        scope = reaching(asked, who)
        op = Retract(purge=deed, at=now, person=who.person, since=now - int(hours * _HOURS), room=scope)
        return await self._retracting.retract(op, asked.what.room)

    # --- what the platform tells ---

    def banned(self, account: AccountName, room: RoomNumber, event: Left) -> None:
        """Somebody was thrown out for good: they are muted, and what they wrote lately is taken back."""
        for link in [one for one in self._links.values() if room in one.rooms]:
            self._shared.group.create_task(self._ban(account, room, event, link))

    async def _ban(self, account: AccountName, room: RoomNumber, event: Left, link: Watch) -> None:
        user, now = event.user, self._shared.now_ms()
        native = self._shared.writer.store.alias(account, user.id)
        try:
            if not any(one.kind is Ruled.MUTE and one.room is None for one in self._about(account, native)):
                op = Decide(kind=Ruled.MUTE, link=link.name, at=now, account=account, user=user.id, name=user.name)
                self._guard.obey(await self._shared.writer.ask(op))
            known: tuple[Who, ...] = await self._shared.writer.ask(Called((account,), user=user.id))
            deed = Note(
                at=now, link=link.name, room=room, actor=named(event.by), did="ban", about=user.name,
                person=known[0].person if known else None,
            )  # fmt: skip
            purge: int = await self._shared.writer.ask(deed)
            since = now - int(link.settings.ban_hours * _HOURS)
            for who in known:
                await self._retracting.retract(Retract(purge=purge, at=now, person=who.person, since=since), link.told)
        except BridgeError as error:
            self._shared.notice(None, f"Link {link.name}: a ban could not be carried over: {error}")

    async def _reported(self, what: Commanded, link: Watch) -> str:
        event = what.event
        if isinstance(event, Posted):
            return ""
        found: Who | None = await self._shared.writer.ask(Meant(what.room, event.message))
        if found is None:
            return ""
        note = Note(
            at=self._shared.now_ms(), link=link.name, room=what.room, actor=named(event.by), did="report",
            about=found.name, person=found.person,
        )  # fmt: skip
        await self._shared.writer.ask(note)
        words = f": “{found.excerpt}”" if found.excerpt else ""
        who = f"{named(event.by)} reports message {found.message} of {label(found.name)}"
        self._tell(link, f"Link {link.name}: {who}{words}")
        return ""

    def _tell(self, link: Watch, words: str) -> None:
        if link.told is not None:
            self._shared.say(link.told, words)
        else:
            self._shared.notice(None, words)

    # --- what stays ---

    async def _decide(self, asked: Asked, kind: Ruled, scope: RoomNumber | None, who: Who | None = None) -> None:
        op = Decide(
            kind=kind, link=asked.link.name, at=self._shared.now_ms(), room=scope,
            person=None if who is None else who.person,
        )  # fmt: skip
        self._guard.obey(await self._shared.writer.ask(op))
        await self._note(asked, kind.value, "" if who is None else who.name, None if who is None else who.person)

    async def _take_back(self, rulings: Iterable[Ruling]) -> None:
        numbers = tuple(one.number for one in rulings)
        await self._shared.writer.ask(Revoke(numbers))
        self._guard.drop(numbers)

    async def _note(self, asked: Asked, did: str, about: str = "", person: PersonNumber | None = None) -> int:
        op = Note(
            at=self._shared.now_ms(), link=asked.link.name, room=asked.what.room, actor=named(asked.by), did=did,
            about=about, person=person,
        )  # fmt: skip
        number: int = await self._shared.writer.ask(op)
        logger.info("moderation", did=did, link=asked.link.name, deed=number)
        return number
