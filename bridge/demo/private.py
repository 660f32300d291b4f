"""The scene of the desk: people write in private, and are answered from one room."""

from collections.abc import Sequence

from bridge.clock import Clock
from bridge.demo.stage import Cast, Seat
from bridge.testing.platform import Shown
from bridge.text.nodes import said

AGENT = "Olha"
_PATIENCE_SECONDS = 12.0
_LOOK_AGAIN_SECONDS = 0.05


async def answered(cast: Cast, clock: Clock) -> Sequence[str]:
    """What was read, line by line; a line that says so where somebody got no answer."""
    if cast.office is None:
        return ()
    lines: list[str] = []
    for seat in cast.private:
        lines += await _one(seat, *cast.office, clock)
    return lines


async def _one(seat: Seat, office: Seat, room: str, clock: Clock) -> Sequence[str]:
    title, asked = seat.platform.title, f"Is the office open today? (asked on {seat.platform.title})"
    await seat.platform.say(seat.room(0), seat.person, said(asked))
    question = await _seen(office, room, asked, clock)
    if question is None:
        return (f"{title:<10} nobody read the question of {seat.person}",)
    reply = f"Until six. (answered to {title})"
    await office.platform.say(room, AGENT, said(reply), in_reply_to=question.id)
    found = await _seen(seat, seat.room(0), reply, clock)
    got = f"{title:<10} {found.author}: {found.text}" if found else f"{title:<10} {seat.person} got no answer"
    return f"{office.platform.title:<10} {question.author}: {question.text}", got


async def _seen(seat: Seat, room: str, words: str, clock: Clock) -> Shown | None:
    """The message with these words, as soon as a reader sees it; None when nobody does in time."""
    deadline = clock.monotonic() + _PATIENCE_SECONDS
    while clock.monotonic() < deadline:
        for shown in await seat.platform.shown(room):
            if words in shown.text:
                return shown
        await clock.sleep(_LOOK_AGAIN_SECONDS)
    return None
