"""The rows of the table: what people do on one platform, and how one sees on the others that it arrived.

Another feature is one more entry of `FEATURES`: something to do, and a look from `looks`.
An act that a platform lacks raises `NotImplementedError`, as `bridge.testing.platform` says.
"""

from collections.abc import Callable, Sequence
from functools import partial

from bridge.ids import MessageId
from bridge.testing.acts import HasFaces, HasThreads, Mentions, OpensPolls, SendsFiles, SharesCards, SharesSpots
from bridge.testing.holdings import Ballot, Card, Filed, Spot
from bridge.testing.interop import looks, pieces
from bridge.testing.interop.looks import LONG_WORDS
from bridge.testing.interop.scene import Act, Feature, NotSeen, Scene, Seat
from bridge.text.nodes import (
    Bold,
    Break,
    Code,
    CodeBlock,
    Emoji,
    Heading,
    Inline,
    Italic,
    Link,
    List,
    Mention,
    Paragraph,
    Quote,
    Rich,
    Spoiler,
    Strike,
    Text,
    Underline,
    said,
)

_BURST = 12
_LOOK_AT_ME = ("look at me", "do you see me", "here I am", "and now", "at last", "look here", "still here", "well")
_STILL = 2  # times of three seconds in which no further room sees the picture: then no further one will


def _block(make: Callable[[str], Rich]) -> Act:
    async def act(scene: Scene) -> None:
        await scene.say(make(scene.token))

    return act


def _inline(make: Callable[[str], Inline]) -> Act:
    return _block(lambda token: (Paragraph((Text("some "), make(token), Text(" words"))),))


async def _mention(scene: Scene) -> None:
    if not isinstance(scene.platform, Mentions):
        raise NotImplementedError
    node = scene.platform.mention(scene.ben)
    await scene.say((Paragraph((Text("ask "), node, Text(f" about {scene.token}"))),))


async def _emote(scene: Scene) -> None:
    await scene.platform.emote(scene.seat.room, scene.ada, said(f"waves {scene.token}"))


# Relations.


async def _question(scene: Scene, words: str = "a question") -> MessageId:
    """Something to hang on, seen everywhere."""
    asked = await scene.say(said(f"{words} {scene.other}"), by=scene.ben)
    await scene.crossed(scene.other)
    return asked


async def _reply(scene: Scene) -> None:
    await scene.say(said(f"an answer {scene.token}"), to=await _question(scene))


async def _reply_to_copy(scene: Scene) -> None:
    """Somebody answers what was said elsewhere, and it is looked at there."""
    for there in scene.room.seats:
        if there != scene.seat:
            await _answer_here(scene, there)


async def _answer_here(scene: Scene, there: Seat) -> None:
    here, words = scene.seat, f"asked on {there.name} {scene.other}"
    asked = await there.platform.say(there.room, there.named("Ben"), said(words))
    copy = await _copy(scene, words)
    scene.before = {**scene.before, there.name: (asked,), here.name: (*scene.before.get(here.name, ()), copy)}
    await scene.say(said(f"an answer {scene.token}"), to=copy)


async def _copy(scene: Scene, words: str) -> MessageId:
    """What was said elsewhere, as it stands here."""

    def copies() -> Sequence[MessageId]:
        return [one.id for one in scene.room.shown[scene.seat.name] if words in one.text]

    if not await scene.room.until(copies):
        raise NotSeen(f"{words!r} did not come to {scene.seat.name}")
    return copies()[0]


async def _edit_of_reply(scene: Scene) -> None:
    """An answer to what was said elsewhere gets other words."""
    there = next(seat for seat in scene.room.seats if seat != scene.seat)
    words = f"asked on {there.name} {scene.other}"
    await there.platform.say(there.room, there.named("Ben"), said(words))
    answer = await scene.say(said(f"first words {scene.token}"), to=await _copy(scene, words))
    await scene.crossed()
    await scene.platform.edit(scene.seat.room, scene.ada, answer, said(f"better words {scene.token}"))


async def _first(scene: Scene) -> MessageId:
    first = await scene.say(said(f"first words {scene.token}"))
    await scene.crossed()
    return first


async def _edit(scene: Scene) -> None:
    first = await _first(scene)
    await scene.platform.edit(scene.seat.room, scene.ada, first, said(f"better words {scene.token}"))


async def _delete(scene: Scene) -> None:
    await scene.platform.delete(scene.seat.room, scene.ada, await _first(scene))


async def _react(scene: Scene) -> None:
    await scene.platform.react(scene.seat.room, scene.ben, await _first(scene), "👍")


async def _unreact(scene: Scene) -> None:
    first = await _first(scene)
    await scene.platform.react(scene.seat.room, scene.ben, first, "👍")
    await scene.until(lambda place: looks.reacted(scene, place))
    scene.had = frozenset(place for place in scene.places if looks.reacted(scene, place) == looks.NATIVE)
    await scene.platform.unreact(scene.seat.room, scene.ben, first, "👍")


async def _thread(scene: Scene) -> None:
    if not isinstance(scene.platform, HasThreads):
        raise NotImplementedError
    root = await _question(scene)
    await scene.platform.say_in_thread(scene.seat.room, scene.ada, root, said(f"in a thread {scene.token}"))


# What messages hold.


def _file(*make: Callable[[str], Filed], caption: str = "") -> Act:
    async def act(scene: Scene) -> None:
        await _sent(scene, *make, caption=f"{caption} {scene.token}" if caption else "")

    return act


async def _sent(scene: Scene, *make: Callable[[str], Filed], caption: str = "") -> MessageId:
    """Files by somebody whose name has the token too: a sticker has nowhere else to carry it."""
    files = tuple(one(scene.token if not index else scene.other) for index, one in enumerate(make))
    scene.planted = files
    if not isinstance(scene.platform, SendsFiles):
        raise NotImplementedError
    return await scene.platform.send_files(scene.seat.room, f"{scene.ada} {scene.token}", files, said(caption))


async def _caption_edit(scene: Scene) -> None:
    sent = await _sent(scene, pieces.image, caption=f"first caption {scene.token}")
    await scene.crossed()
    by, words = f"{scene.ada} {scene.token}", said(f"better caption {scene.token}")
    await scene.platform.edit(scene.seat.room, by, sent, words)


async def _spot(scene: Scene) -> None:
    number = pieces.number_of(scene.token)
    spot = Spot(latitude=round(number % 80 + 0.125, 3), longitude=round(number % 170 + 0.25, 3))
    scene.planted = (spot,)
    if not isinstance(scene.platform, SharesSpots):
        raise NotImplementedError
    await scene.platform.share_spot(scene.seat.room, f"{scene.ada} {scene.token}", spot)


async def _card(scene: Scene) -> None:
    card = Card(name=f"Grace {scene.token}", phone=f"+1202555{pieces.number_of(scene.token) % 10_000:04}")
    scene.planted = (card,)
    if not isinstance(scene.platform, SharesCards):
        raise NotImplementedError
    await scene.platform.share_card(scene.seat.room, scene.ada, card)


async def _poll(scene: Scene) -> None:
    ballot = Ballot(question=f"Tea or coffee {scene.token}?", options=("Tea", "Coffee"))
    scene.planted = (ballot,)
    if not isinstance(scene.platform, OpensPolls):
        raise NotImplementedError
    await scene.platform.open_poll(scene.seat.room, scene.ada, ballot)


# Length, order, people.


async def _long(scene: Scene) -> None:
    await scene.say(said(" ".join(f"{number}{scene.token}" for number in range(1, LONG_WORDS + 1))))


async def _burst(scene: Scene) -> None:
    for number in range(1, _BURST + 1):
        await scene.say(said(f"message {number} of {scene.token}"))


async def _name(scene: Scene) -> None:
    scene.called = scene.named("Ζωή")
    await scene.say(said(f"my name is mine {scene.token}"), by=scene.called)


async def _face(scene: Scene) -> None:
    face = pieces.image(scene.token)
    scene.planted = (face,)
    by = scene.named("Mona")
    if not isinstance(scene.platform, HasFaces):
        raise NotImplementedError
    await scene.platform.set_face(by, face)
    still = 0
    for words in _LOOK_AT_ME:  # nobody's words wait for their picture
        before = _seeing(scene)
        await scene.say(said(f"{words} {scene.token}"), by=by)
        came = await scene.room.until(partial(_more_see, scene, before), 3.0)
        still = 0 if came else still + 1
        if before and still == _STILL:
            return


def _more_see(scene: Scene, before: int) -> bool:
    return _seeing(scene) > before


def _seeing(scene: Scene) -> int:
    """In how many other rooms readers see the picture."""
    return sum(looks.sees(scene, one) for one in scene.places if one != scene.seat.name)


FEATURES: tuple[Feature, ...] = (
    Feature("plain words", _block(lambda token: said(f"plain words {token}")), looks.words),
    Feature(
        "lines",
        _block(lambda token: (Paragraph((Text(f"one {token}"), Break(), Text(f"two {token}"))),)),
        looks.holds_node(Break),
    ),
    Feature("bold", _inline(lambda token: Bold((Text(f"bold {token}"),))), looks.inside(Bold)),
    Feature("italic", _inline(lambda token: Italic((Text(f"italic {token}"),))), looks.inside(Italic)),
    Feature("underline", _inline(lambda token: Underline((Text(f"underlined {token}"),))), looks.inside(Underline)),
    Feature("strike", _inline(lambda token: Strike((Text(f"struck {token}"),))), looks.inside(Strike)),
    Feature("spoiler", _inline(lambda token: Spoiler((Text(f"hidden {token}"),))), looks.inside(Spoiler)),
    Feature("code", _inline(lambda token: Code(f"print({token})")), looks.inside(Code)),
    Feature(
        "code block",
        _block(lambda token: (CodeBlock(f"print({token})\nexit({token})", "python"),)),
        looks.inside(CodeBlock),
    ),
    Feature(
        "quote", _block(lambda token: (Quote(said(f"quoted {token}")), *said(f"and mine {token}"))), looks.inside(Quote)
    ),
    Feature("list", _block(lambda token: (List((said(f"one {token}"), said(f"two {token}")), 1),)), looks.inside(List)),
    Feature("heading", _block(lambda token: (Heading((Text(f"Title {token}"),), 2),)), looks.inside(Heading)),
    Feature(
        "link", _inline(lambda token: Link((Text(f"a place {token}"),), "https://example.org/a")), looks.inside(Link)
    ),
    Feature("custom emoji", _inline(Emoji), looks.inside(Emoji)),
    Feature("mention", _mention, looks.holds_node(Mention)),
    Feature("emote", _emote, looks.emote),
    Feature("reply", _reply, looks.answer),
    Feature("reply to a copy", _reply_to_copy, looks.answer),
    Feature("edit", _edit, looks.edited),
    Feature("edit of a reply to a copy", _edit_of_reply, looks.edited),
    Feature("delete", _delete, looks.deleted, if_absent=looks.NONE),
    Feature("reaction", _react, looks.reacted),
    Feature("reaction taken back", _unreact, looks.unreacted),
    Feature("thread", _thread, looks.threaded),
    Feature("image", _file(pieces.image), looks.held),
    Feature("video", _file(pieces.video), looks.held),
    Feature("audio", _file(pieces.audio), looks.held),
    Feature("voice", _file(pieces.voice), looks.held),
    Feature("file", _file(pieces.file), looks.held),
    Feature("sticker", _file(pieces.sticker), looks.held),
    Feature("animated sticker", _file(pieces.animated), looks.held),
    Feature("album", _file(pieces.image, pieces.image), looks.album),
    Feature("caption", _file(pieces.image, caption="a caption"), looks.captioned),
    Feature("caption edit", _caption_edit, looks.recaptioned),
    Feature("location", _spot, looks.held),
    Feature("contact", _card, looks.held),
    Feature("poll", _poll, looks.held),
    Feature("long text", _long, looks.whole),
    Feature("burst in order", _burst, looks.in_order(_BURST)),
    Feature("name", _name, looks.called),
    Feature("avatar", _face, looks.faced, if_absent=looks.NONE),
)
