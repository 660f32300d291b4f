"""What a room gets of a message's files: the form it takes, a public address, or a word about why not."""

from collections.abc import Sequence

from bridge.capabilities import Capabilities
from bridge.events import Edited, File, Posted
from bridge.fit_files import Carried, in_front, taken, thumbnailed, told_of, wanted
from bridge.shared import Shared
from bridge.store.attached import Held, HeldOf
from bridge.store.rows import Row

_BYTES_A_SECOND = 50_000
"""As slow as this an upload may be."""


def patience(carried: Sequence[Carried]) -> float:
    """How many seconds longer than others a send with these files may take."""
    return sum(one.file.size for one in carried if one.file is not None) / _BYTES_A_SECOND


async def attached(shared: Shared, row: Row, can: Capabilities) -> tuple[Carried, ...]:
    """One for each attachment that is or was to be fetched; waits for them, as long as the settings say.

    An edit brings no new files: those that were linked are told again.
    """
    match row.event:
        case Posted():
            held = await shared.media.held(row.event_number)
            return tuple([await _carried(shared, row.event_number, one, can) for one in held])
        case Edited() if row.message is not None:
            found: tuple[Held, ...] = await shared.writer.learn(HeldOf(message=row.message))
            count = len(row.event.attachments)
            return tuple([await _linked(shared, one) for one in found if one.part < count])
        case _:
            return ()


async def _carried(shared: Shared, event: int, held: Held, can: Capabilities) -> Carried:
    failed: set[str] = set()
    while (job := wanted(held, can, failed)) is not None:
        made = await shared.media.converted(event, held, job)
        held = made or held
        if made is None:
            failed.add(job)
    file = taken(held, can)
    if file is None:
        return await _linked(shared, held)
    return Carried(part=held.part, file=await _with_thumbnail(shared, event, held, file, can))


async def _with_thumbnail(shared: Shared, event: int, held: Held, file: File, can: Capabilities) -> File:
    """The file with a small picture, where the room takes one and it can be made."""
    form = thumbnailed(file, held, can)
    if form is None or form in held.forms:
        return in_front(file, held, form)
    return in_front(file, await shared.media.converted(event, held, form) or held, form)


async def _linked(shared: Shared, held: Held) -> Carried:
    link = await shared.media.link(held.files[0]) if held.files else None
    return Carried(part=held.part, link=link, why=told_of(held))
