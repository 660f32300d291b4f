"""What a room shows of a scene, in the words of the table. Pure: they read what was seen."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from bridge.events import Kind, Manner
from bridge.testing.acts import HasFaces
from bridge.testing.holdings import Ballot, Card, Filed, Holding, Spot
from bridge.testing.interop.pieces import alike
from bridge.testing.interop.scene import Look, Scene
from bridge.testing.platform import Shown
from bridge.text.nodes import Node

NATIVE = "native"
LOST = "lost"
NONE = "the platform has none"
LONG_WORDS = 330
_MOST_SHOWN = 160


def told(scene: Scene, messages: Sequence[Shown]) -> str:
    """A fallback as its reader sees it."""
    words = " ⏎ ".join(_words(scene, one) for one in messages)
    return f"shown as “{words if len(words) <= _MOST_SHOWN else words[: _MOST_SHOWN - 1] + '…'}”"


def _words(scene: Scene, one: Shown) -> str:
    held = "".join(f"[{kind_of(each)}] " for each in one.holds)
    return (held + scene.plain(one.text)).strip()


def kind_of(held: Holding) -> str:
    """What a reader would call it."""
    match held:
        case Filed(kind=kind):
            return str(kind)
        case Spot():
            return "location"
        case Card():
            return "contact"
        case Ballot():
            return "poll"


# Words.


def words(scene: Scene, place: str) -> str | None:
    """The words are there."""
    return NATIVE if scene.found(place) else None


def inside(node: type[Node]) -> Look:
    """The words stand inside a node of the text."""

    def look(scene: Scene, place: str) -> str | None:
        found = scene.found(place)
        if not found:
            return None
        return (
            NATIVE
            if any(node in path for one in found for path in _paths(one.rich, scene.token))
            else told(scene, found)
        )

    return look


def _paths(value: Any, token: str, above: tuple[type[Node], ...] = ()) -> Iterator[tuple[type[Node], ...]]:  # noqa: ANN401 nodes hold nodes, tuples and words
    match value:
        case str():
            if token in value:
                yield above
        case tuple():
            for one in value:
                yield from _paths(one, token, above)
        case Node():
            for name in value.__struct_fields__:
                yield from _paths(getattr(value, name), token, (*above, type(value)))


def holds_node(node: type[Node]) -> Look:
    """A node that holds no words of ours stands in the text: a new line, a mention."""

    def look(scene: Scene, place: str) -> str | None:
        found = scene.found(place)
        if not found:
            return None
        return NATIVE if any(_has(one.rich, node) for one in found) else told(scene, found)

    return look


def _has(value: Any, node: type[Node]) -> bool:  # noqa: ANN401 as above
    match value:
        case tuple():
            return any(_has(one, node) for one in value)
        case Node():
            return isinstance(value, node) or any(_has(getattr(value, name), node) for name in value.__struct_fields__)
    return False


def emote(scene: Scene, place: str) -> str | None:
    """Somebody does something."""
    found = scene.found(place)
    if not found:
        return None
    return (
        NATIVE
        if any(one.manner is Manner.EMOTE for one in found)
        else _marked(scene, found, f"{scene.ada}: waves {scene.token}")
    )


def _marked(scene: Scene, found: Sequence[Shown], *plain: str) -> str:
    """A fallback; lost where nothing shows that it is more than plain words."""
    said = [one.text.replace("_", " ") for one in found]
    return LOST if any(one in plain or one.split(": ", 1)[-1] in plain for one in said) else told(scene, found)


def whole(scene: Scene, place: str) -> str | None:
    """Numbered words, all of them and in order, in however many messages; what is cut is cut visibly."""
    found = scene.found(place)
    if not found:
        return None
    there = scene.room.shown[place]
    cut = [one for one in there[there.index(found[-1]) :] if "more lines]" in one.text][:1]
    numbers = [int(number) for one in found for number in re.findall(rf"(\d+){scene.token}", one.text)]
    if numbers != list(range(1, len(numbers) + 1)) or (len(numbers) < LONG_WORDS and not cut):
        return None
    if len(found) == 1 and not cut:
        return NATIVE
    return f"shown as messages: {len(found)}" + (f", then “{scene.plain(cut[0].text)}”" if cut else "")


# Relations.


def answer(scene: Scene, place: str) -> str | None:
    """A message hangs on the one it answers."""
    found = scene.found(place)
    if not found:
        return None
    hangs = any(one.in_reply_to in scene.before.get(place, ()) for one in found)
    return NATIVE if hangs else _marked(scene, found, f"an answer {scene.token}")


def edited(scene: Scene, place: str) -> str | None:
    """A message has other words now."""
    found = [one for one in scene.found(place) if "better" in one.text]
    if not found:
        return None
    changed = any(one.id in scene.before.get(place, ()) and one.edited for one in found)
    return NATIVE if changed else _marked(scene, found, f"better words {scene.token}")


def deleted(scene: Scene, place: str) -> str | None:
    """A message is gone, or something says so."""
    before = scene.before.get(place, ())
    there = scene.room.shown[place]
    if before and not any(one.id in before for one in there):
        return NATIVE
    about = [one for one in there if "delete" in one.text and (one.id in before or scene.token in one.text)]
    return told(scene, about) if about else None


def reacted(scene: Scene, place: str) -> str | None:
    """An emoji stands on a message."""
    there = scene.found(place)
    if any("👍" in one.reactions for one in there):
        return NATIVE
    lines = [one for one in there if "👍" in one.text]
    return told(scene, lines) if lines else None


def unreacted(scene: Scene, place: str) -> str | None:
    """The emoji stands there no more."""
    there = scene.found(place)
    lines = [one for one in there if "👍" in one.text]
    if not lines and place in scene.had and not any("👍" in one.reactions for one in there):
        return NATIVE
    return told(scene, lines[1:]) if len(lines) > 1 else None


def threaded(scene: Scene, place: str) -> str | None:
    """A message stands in the thread of another."""
    found = scene.found(place)
    if not found:
        return None
    before = scene.before.get(place, ())
    if any(one.thread is not None and one.thread in before for one in found):
        return NATIVE
    answers = any(one.in_reply_to is not None and one.in_reply_to in before for one in found)
    return (
        "shown as a reply to the thread's first message"
        if answers
        else _marked(scene, found, f"in a thread {scene.token}")
    )


# What messages hold.


def held(scene: Scene, place: str) -> str | None:
    """What was planted is there as what it was, else as something that readers see."""
    found = scene.found(place)
    if not found:
        return None
    there = [each for one in found for each in one.holds]
    missing = [one for one in scene.planted if not any(_same(one, each) for each in there)]
    return told(scene, found) if missing else NATIVE


def _same(planted: Holding, there: Holding) -> bool:
    if isinstance(planted, Filed) and isinstance(there, Filed):
        return planted.kind is there.kind and alike(planted, there)
    return type(planted) is type(there) and _outline(planted) == _outline(there)


def _outline(holding: Holding) -> object:
    match holding:
        case Filed(kind=kind):
            return kind
        case Spot():
            return round(holding.latitude, 3), round(holding.longitude, 3)
        case Card():
            return holding.name, holding.phone
        case Ballot():
            return holding.question, holding.options


def captioned(scene: Scene, place: str) -> str | None:
    """The words stand with the picture."""
    cell = held(scene, place)
    if cell != NATIVE:
        return cell
    under = any(one.holds and "a caption" in one.text for one in scene.found(place))
    return NATIVE if under else told(scene, _with_words(scene, place))


def recaptioned(scene: Scene, place: str) -> str | None:
    """The picture has other words now."""
    found = [one for one in _with_words(scene, place) if "better" in one.text]
    if not found:
        return None
    return NATIVE if any(one.holds and one.edited for one in found) else told(scene, found)


def _with_words(scene: Scene, place: str) -> Sequence[Shown]:
    both = (*scene.found(place), *scene.found(place, scene.other))
    return [one for one in scene.room.shown[place] if one in both]


def album(scene: Scene, place: str) -> str | None:
    """Several pictures are one message."""
    cell = held(scene, place)
    if cell != NATIVE:
        return cell
    groups = {each.album or one.id for one in scene.found(place) for each in one.holds if isinstance(each, Filed)}
    return NATIVE if len(groups) == 1 else told(scene, scene.found(place))


# People and order.


def called(scene: Scene, place: str) -> str | None:
    """Somebody's name is the author's name."""
    found = scene.found(place)
    if not found:
        return None
    return NATIVE if any(one.author.replace("_", " ") == scene.called for one in found) else told(scene, found)


def sees(scene: Scene, place: str) -> bool:
    """Whether readers see somebody's picture beside one of their messages."""
    pictures = [Filed(kind=Kind.IMAGE, data=one.face) for one in scene.found(place) if one.face]
    return any(isinstance(face, Filed) and alike(face, one) for face in scene.planted for one in pictures)


def faced(scene: Scene, place: str) -> str | None:
    """Somebody's picture stands beside the words; or only their name, where bots cannot show it."""
    if sees(scene, place):
        return NATIVE
    has_faces = any(seat.name == place and isinstance(seat.platform, HasFaces) for seat in scene.room.seats)
    return told(scene, scene.found(place)[:1]) if scene.found(place) and has_faces else None


def in_order(count: int) -> Callable[[Scene, str], str | None]:
    """All of a burst, each once, in the order in which it was said."""

    def look(scene: Scene, place: str) -> str | None:
        found = scene.found(place)
        numbers = [int(word) for one in found for word in one.text.split() if word.isdigit()]
        if len(numbers) < count:
            return None
        return NATIVE if numbers == list(range(1, count + 1)) else LOST

    return look
