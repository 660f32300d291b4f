"""What of people's words does not go by itself over a link. Decides at once, from what it was told before."""

from collections.abc import Mapping, Sequence

from bridge.config import Link
from bridge.events import Edited, Posted, Relayed
from bridge.fit import excerpted
from bridge.routing import Heard
from bridge.shared import Shared
from bridge.store.ops import Tally
from bridge.transforms.filters import Rule, Verdict, judged, rules, seen_of


class Guard:
    """Stands behind the intake. While it `watches` nothing, a message costs one look."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._rules: Mapping[str, tuple[Rule, ...]] = {}
        self.watches = False

    def follow(self, links: Mapping[str, Link]) -> None:
        """Keep to what the links say from now on."""
        found = {name: rules(link.transforms) for name, link in links.items()}
        self._rules = {name: known for name, known in found.items() if known}
        self.watches = bool(self._rules)

    def let_through(self, event: Relayed, heard: tuple[Heard, ...]) -> tuple[Heard, ...]:
        """Who hears of an event all the same; what is dropped is counted by the rule's name."""
        if not isinstance(event, (Posted, Edited)):
            return heard
        found = self._judged(event, heard)
        dropped = [to for to in heard if (rule := found.get(to.link)) and rule.verdict is Verdict.DROP]
        for to in dropped:
            self._shared.writer.tell_lazily(Tally(to.room, f"dropped:{found[to.link].name}"))
        return tuple(to for to in heard if to not in dropped) if dropped else heard

    def held(self, event: Relayed, heard: Sequence[Heard]) -> Mapping[Heard, str]:
        """Where a message waits for a decision, and why."""
        if not isinstance(event, (Posted, Edited)):
            return {}
        found = self._judged(event, heard)
        return {to: found[to.link].name for to in heard if to.link in found}

    def excerpt(self, event: Relayed, heard: Sequence[Heard], excerpt: str) -> str:
        """The first words of a message as its readers have them: what a link replaces is not quoted either."""
        rewrites = (self._shared.rewrites.get(to.link) for to in heard)
        rewrite = next(filter(None, rewrites), None)
        if rewrite is None or not isinstance(event, (Posted, Edited)):
            return excerpt
        return excerpted(rewrite(event.text), event.attachments)

    def _judged(self, event: Posted | Edited, heard: Sequence[Heard]) -> Mapping[str, Rule]:
        """The rule of each link that speaks of a message."""
        links = {to.link: self._rules[to.link] for to in heard if to.link in self._rules}
        if not links:
            return {}
        said = seen_of(event)
        found = {link: judged(known, said) for link, known in links.items()}
        return {link: rule for link, rule in found.items() if rule is not None}
