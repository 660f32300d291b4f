"""Which messages do not go as they are: rules about words and links. Pure: no I/O, no state."""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

from msgspec import Struct

from bridge.config.transforms import FilterSettings, TransformSettings
from bridge.events import Edited, Posted
from bridge.text.nodes import (
    Bold,
    CodeBlock,
    Heading,
    Inlines,
    Italic,
    Link,
    List,
    Paragraph,
    Quote,
    Rich,
    Spoiler,
    Strike,
    Underline,
)  # fmt: skip
from bridge.text.plain import plain
from bridge.transforms.patterns import compiled


class Verdict(StrEnum):
    """What is done with a message that a rule speaks of."""

    DROP = "drop"
    HOLD = "hold"


class Rule(Struct, frozen=True):
    """A pattern and what it means; it is counted by its name."""

    name: str
    verdict: Verdict
    text: str


def rules(transforms: Iterable[TransformSettings]) -> tuple[Rule, ...]:
    """The filters of a link, in order; those without a name get one by their place in the list."""
    found: list[Rule] = []
    for place, one in enumerate(transforms, 1):
        if one.drop is not None:
            found.append(_rule(one.drop, Verdict.DROP, place))
        if one.hold is not None:
            found.append(_rule(one.hold, Verdict.HOLD, place))
    return tuple(found)


def _rule(settings: FilterSettings, verdict: Verdict, place: int) -> Rule:
    return Rule(settings.name or f"{verdict} {place}", verdict, settings.text)


def replacements(transforms: Iterable[TransformSettings]) -> tuple[tuple[str, str], ...]:
    """What a link replaces with what, in order."""
    return tuple((one.replace.text, one.replace.with_) for one in transforms if one.replace is not None)


def judged(known: Sequence[Rule], said: Sequence[str]) -> Rule | None:
    """The first rule that speaks of a message, of which `said` is all that readers would see."""
    return next((rule for rule in known if any(compiled(rule.text).search(one) for one in said)), None)


def seen_of(event: Posted | Edited) -> tuple[str, ...]:
    """What readers would see of a message: its words, the addresses of its links, names and descriptions of files."""
    files = (words for one in event.attachments for words in (one.name, one.alt) if words)
    return (plain(event.text), *addresses(event.text), *files)


def addresses(rich: Rich) -> Iterator[str]:
    """Where the links of a text lead."""
    for block in rich:
        match block:
            case Paragraph(inside) | Heading(inside):
                yield from _inline(inside)
            case Quote(inside):
                yield from addresses(inside)
            case List(items):
                for item in items:
                    yield from addresses(item)
            case CodeBlock():
                pass


def _inline(inside: Inlines) -> Iterator[str]:
    for node in inside:
        if isinstance(node, Link):
            yield node.url
        if isinstance(node, (Bold, Italic, Underline, Strike, Spoiler, Link)):
            yield from _inline(node.inside)
