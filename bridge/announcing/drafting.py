"""What people ask for in rooms for drafts, one after the other, and what they are answered."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

import structlog
from msgspec import structs

from bridge.announcing.commands import HELP, Asked, Verb, Wrong, understood
from bridge.announcing.decisions import approval, called, chosen, refusal, result, state
from bridge.announcing.preview import Sample, preview, too_dear
from bridge.announcing.running import Running
from bridge.config import Announcing, Approval
from bridge.errors import StoreFull
from bridge.events import Edited, Posted
from bridge.ids import RoomNumber
from bridge.shared import Shared
from bridge.store.announced import (
    Announced,
    Announcement,
    Command,
    Commands,
    Draft,
    Handled,
    Move,
    Redraft,
    Resend,
    Resume,
    Stage,
    Unsure,
    What,
)
from bridge.store.ops import Op
from bridge.store.rows import RowKind
from bridge.text.nodes import Rich

logger = structlog.get_logger()
_AGAIN_SECONDS = 5.0
Post = Callable[[RoomNumber, Rich], None]


class Announcements:
    """All announcements of one bridge; `post` says something formatted in a room."""

    def __init__(self, shared: Shared, running: Running, post: Post, commanded: asyncio.Event) -> None:
        self._shared, self.running, self._post, self._commanded = shared, running, post, commanded
        self._say = running.say

    async def run(self) -> None:
        """Until cancelled: what was asked for, in order."""
        started = False
        while True:
            self._commanded.clear()
            try:
                if not started:
                    await self.running.start()
                    started = True
                for command in await self._commands():
                    await self._try(command)
            except StoreFull as error:
                logger.warning("command waits", why=str(error))
                await self._shared.clock.sleep(_AGAIN_SECONDS)
                continue
            await self._commanded.wait()

    async def _commands(self) -> Sequence[Command]:
        found: Sequence[Command] = await self._shared.writer.ask(Commands())
        return found

    async def _do(self, *ops: Op) -> list[object]:
        """In one transaction, with what was said just before: they are asked for in one turn of the loop."""
        loop = asyncio.get_running_loop()
        results: list[asyncio.Future[object]] = [loop.create_future() for _ in ops]
        for op, result_of in zip(ops, results, strict=True):
            self._shared.writer.offer(op, partial(_answered, result_of))
        return [await one for one in results]

    # --- one command ---

    async def _try(self, command: Command) -> None:
        """Carry it out, once: what cannot be done must not be tried at every start."""
        try:
            await self._handle(command)
        except StoreFull:
            raise
        except Exception:  # a command must stop neither the bridge nor the next one
            logger.exception("command failed", room=command.room)
            await self._answer(command, "that went wrong, and was not done: the operator's log says why.")

    async def _handle(self, command: Command) -> None:
        settings = self.running.drafting.get(command.room)
        if settings is None:
            await self._do(Handled(command.event))
        elif command.kind is RowKind.EDIT:
            await self._edited(command, settings)
        elif command.kind is RowKind.DELETE:
            await self._deleted(command)
        elif isinstance(command.words, Posted):
            asked = understood(command.words.text, files=len(command.words.attachments))
            await self._asked(command, settings, asked)

    async def _asked(self, command: Command, settings: Announcing, asked: Asked | Wrong | None) -> None:
        if isinstance(asked, Asked) and asked.verb in {Verb.ANNOUNCE, Verb.URGENT}:
            await self._draft(command, settings, What.ANNOUNCE, urgent=asked.verb is Verb.URGENT)
            return
        if isinstance(asked, Asked) and asked.verb is not Verb.HELP:
            await self._about_one(command, settings, asked)
            return
        await self._answer(command, HELP if isinstance(asked, Asked) else asked.why if asked else "")

    async def _answer(self, command: Command, text: str, *ops: Op) -> None:
        """Do what was asked for, and say so, in one transaction."""
        if text:
            self._say(command.room, f"{command.author}: {text}" if command.author else text)
        await self._do(*ops, Handled(command.event))

    async def _draft(
        self, command: Command, settings: Announcing, what: What, *, about: int | None = None, urgent: bool = False
    ) -> Announcement | None:
        draft = Draft(
            command=command, name=settings.name, what=what, token=self._shared.chance.token(8), about=about,
            urgent=urgent,
        )  # fmt: skip
        number: int = await self._shared.writer.ask(draft)
        one = await self.running.find(number)
        if one is not None and what is not What.RECALL:
            self.running.begin_work(lambda: self._preview(one, settings))
        return one

    async def _preview(self, one: Announcement, settings: Announcing) -> None:
        samples = await self.running.samples(one)
        who = "Somebody else" if settings.approval is Approval.SECOND_PERSON else "Anybody here"
        then = f"{who} approves it by !approve {one.number}; !drop {one.number} drops it."
        refused = too_dear(samples)
        title = f"{called(one)}, by {one.author}" if one.author else called(one)
        self._post(one.room, preview(title, samples, f"It cannot go: {refused}" if refused else then))

    # --- commands about one ---

    async def _about_one(self, command: Command, settings: Announcing, asked: Asked) -> None:
        near = await self._near(command.room, asked.number)
        if asked.verb is Verb.STATUS and asked.number is None:
            await self._overview(command, near)
            return
        one = chosen(asked.verb, asked.number, near)
        why = one if isinstance(one, str) else refusal(asked.verb, one)
        if why or isinstance(one, str):
            await self._answer(command, why)
            return
        await self._done(command, settings, asked.verb, one)

    async def _near(self, room: RoomNumber, number: int | None) -> Sequence[Announcement]:
        question = Announced(room=room) if number is None else Announced(number=number)
        found: Sequence[Announcement] = await self._shared.writer.ask(question)
        return [one for one in found if one.room == room]

    async def _done(self, command: Command, settings: Announcing, verb: Verb, one: Announcement) -> None:
        match verb:
            case Verb.APPROVE:
                await self._approve(command, settings, one)
            case Verb.UNDO:
                text = f"{called(one)} is a draft again: !approve {one.number} sends it, !drop {one.number} drops it."
                await self._move(command, one, Stage.DRAFT, text)
            case Verb.DROP:
                await self._move(command, one, Stage.DROPPED, f"{called(one)} is dropped.")
            case Verb.CORRECT:
                await self._draft(command, settings, What.CORRECT, about=one.number)
            case Verb.RECALL:
                await self._recall(command, settings, one)
            case Verb.RESEND | Verb.RESUME:
                await self._again(command, verb, one)
            case Verb.STATUS | Verb.HELP | Verb.ANNOUNCE | Verb.URGENT:
                await self._status(command, one)

    async def _move(self, command: Command, one: Announcement, to: Stage, text: str) -> None:
        moved, _ = await self._do(Move(number=one.number, before=one.stage, stage=to), Handled(command.event))
        now = one if moved else await self.running.find(one.number)
        self._say(command.room, text if moved or now is None else f"{state(now)}.")

    async def _approve(self, command: Command, settings: Announcing, one: Announcement) -> None:
        same, person = self._shared.identities.one, command.person
        author = [one.person] if None not in {person, one.person} and same(person) == same(one.person) else []  # type: ignore[arg-type]
        why = approval(one, [person, *author], settings.approval)
        samples = () if why else await self.running.samples(one)
        why = why or too_dear(samples) or _nobody(samples)
        if why:
            await self._answer(command, why)
            return
        due = self._shared.now_ms() + int(settings.undo * 1000)
        move = Move(number=one.number, before=Stage.DRAFT, stage=Stage.APPROVED, due=due)
        many = sum(sample.many for sample in samples)
        text = (
            f"{called(one)} is approved and goes to {many:,} in {settings.undo:g} s; !undo {one.number} keeps it back."
        )
        await self._answer(command, text, move)
        self.running.arm(structs.replace(one, stage=Stage.APPROVED, due=due))

    async def _recall(self, command: Command, settings: Announcing, one: Announcement) -> None:
        """Nothing more goes, and what went is asked back at once: who waits with that makes it worse."""
        stopped = await self.running.stop(one) if one.stage is Stage.GOING else 0
        recall = await self._draft(command, settings, What.RECALL, about=one.number, urgent=True)
        kept = f"; {stopped:,} did not get it" if stopped else ""
        self._say(command.room, f"{called(one)} is taken back where that is possible{kept}.")
        if recall is not None:
            await self.running.begin(recall)

    async def _again(self, command: Command, verb: Verb, one: Announcement) -> None:
        op = Resend(one.number) if verb is Verb.RESEND else Resume(one.number)
        found, _ = await self._do(op, Handled(command.event))
        many = found if isinstance(found, int) else len(found) if isinstance(found, tuple) else 0
        if not many:
            self._say(command.room, f"{called(one)}: there is nothing to {verb}.")
            return
        self._say(command.room, f"{called(one)} goes on.")
        again = await self.running.find(one.number)
        if again is not None:
            await self.running.go(again)

    # --- how they go ---

    async def _overview(self, command: Command, near: Sequence[Announcement]) -> None:
        lines = [await self._line(one) for one in near]
        await self._answer(command, "\n".join(lines) or "no draft, and nothing that is being sent.")

    async def _line(self, one: Announcement) -> str:
        if one.stage is not Stage.GOING:
            return f"{state(one)}."
        return result(one, await self.running.progress(one.number))

    async def _status(self, command: Command, one: Announcement) -> None:
        lines = [f"{state(one)}.", result(one, await self.running.progress(one.number))]
        unsure = await self._shared.writer.ask(Unsure(one.number))
        if unsure:
            names = [self.running.name_of(who.room) or f"{who.account} no. {who.number}" for who in unsure]
            lines.append(f"Nobody knows of: {', '.join(names)}")
        text = "\n".join(lines if one.stage not in {Stage.DRAFT, Stage.APPROVED, Stage.DROPPED} else lines[:1])
        await self._answer(command, text)

    # --- the draft's own message ---

    async def _drafted_in(self, command: Command) -> Announcement | None:
        """What the message is: a draft or correction that has not gone yet, or else the announcement."""
        if command.message is None:
            return None
        found: Sequence[Announcement] = await self._shared.writer.ask(Announced(message=command.message))
        early = (one for one in found if one.stage in {Stage.DRAFT, Stage.APPROVED} and one.what is not What.RECALL)
        return next(early, None) or next((one for one in found if one.what is What.ANNOUNCE), None)

    async def _edited(self, command: Command, settings: Announcing) -> None:
        """An edit changes a draft; of what is sent already it makes a correction, to be approved like any other."""
        one, words = await self._drafted_in(command), command.words
        if one is None or not isinstance(words, Edited):
            await self._answer(command, "")
            return
        asked = understood(words.text, files=len(words.attachments))
        if not isinstance(asked, Asked) or asked.verb not in {Verb.ANNOUNCE, Verb.URGENT, Verb.CORRECT}:
            await self._answer(
                command, f"{called(one)} stays as it was: {asked.why if isinstance(asked, Wrong) else ''}"
            )
        elif one.stage in {Stage.DRAFT, Stage.APPROVED}:
            await self._redraft(command, settings, one)
        elif why := refusal(Verb.CORRECT, one):
            await self._answer(command, why)
        else:
            await self._draft(command, settings, What.CORRECT, about=one.number)

    async def _redraft(self, command: Command, settings: Announcing, one: Announcement) -> None:
        if isinstance(one.words, (Posted, Edited)) and one.words.attachments:
            why = f"a draft with files cannot be changed: !drop {one.number}, and announce it anew."
            await self._answer(command, why)
            return
        await self._do(Redraft(one.number, command))
        changed = await self.running.find(one.number)
        if changed is not None:
            await self._preview(changed, settings)

    async def _deleted(self, command: Command) -> None:
        """Who deletes the draft drops it; who deletes what is sent takes it back."""
        one, settings = await self._drafted_in(command), self.running.drafting[command.room]
        if one is None or one.stage in {Stage.DROPPED, Stage.STOPPED}:
            await self._answer(command, "")
        elif one.stage in {Stage.DRAFT, Stage.APPROVED}:
            await self._move(command, one, Stage.DROPPED, f"{called(one)} is dropped.")
        else:
            await self._recall(command, settings, one)


def _answered(waiting: "asyncio.Future[object]", answer: object) -> None:
    if waiting.done():
        return
    if isinstance(answer, Exception):
        waiting.set_exception(answer)
    else:
        waiting.set_result(answer)


def _nobody(samples: Sequence[Sample]) -> str:
    return "" if any(sample.many for sample in samples) else "nobody would get it."
