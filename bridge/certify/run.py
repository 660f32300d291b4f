"""All trials in turn, and what came of them."""

from collections.abc import AsyncIterator, Callable

from bridge.certify.companion import Companion, Declined
from bridge.certify.report import Line, Verdict
from bridge.certify.stand import Failed, Stand
from bridge.certify.trials import TRIALS, Scene, Trial, tried
from bridge.events import Posted
from bridge.text.plain import plain

CONNECTS = "it connects and enters the room"
AWAY = "what is said while it is away is heard when it is back"
_PATIENCE_SECONDS = 180.0


async def certified(
    stand: Stand,
    companion: Companion,
    patience: float = _PATIENCE_SECONDS,
    begins: Callable[[str], None] = lambda _: None,
) -> AsyncIterator[Line]:
    """What each trial shows, as it is known; `begins` is told the sentence of each before it starts.

    `patience` is how many seconds a person has to do what they are asked.
    """
    scene = Scene(stand, companion, patience)
    begins(CONNECTS)
    try:
        async with stand.running():
            yield Line(CONNECTS, Verdict.KEPT)
            for trial in TRIALS:
                begins(trial.sentence)
                yield await tried(trial, scene)
    except Failed as why:
        yield Line(CONNECTS, Verdict.BROKEN, str(why))
        return
    begins(AWAY)
    yield await tried(Trial(AWAY, _heard_when_back), scene)


async def _heard_when_back(scene: Scene) -> None:
    words = scene.words("while you are away")
    await scene.companion.write(words)
    if not await scene.companion.reads(words):
        raise Declined("nothing was written")
    async with scene.stand.running():
        await scene.heard("now you are back")  # what was said before it comes before it, or never
    heard = scene.stand.found(Posted, lambda event: plain(event.text) == words)
    if not heard:
        raise Declined("what was said meanwhile is not heard")
    if len(heard) > 1:
        raise Failed(f"it is heard {len(heard)} times")
