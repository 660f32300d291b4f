"""What a target room can show now, and how often it may be written to."""

from collections.abc import Callable

from msgspec import structs

from bridge.connector import Capabilities
from bridge.errors import Feature, Scope
from bridge.lanes import Lanes
from bridge.limits import Limiter
from bridge.plan import features
from bridge.text.nodes import Break


class Abilities:
    """Asked of the connector once a connection, and after each refusal of a feature."""

    def __init__(self, account: Lanes, ask: Callable[[], Capabilities]) -> None:
        self._account, self._ask = account, ask
        self._asked_at = -1
        self.lacking: frozenset[Feature] = frozenset()
        self._shown = Capabilities()
        self._features: frozenset[Feature] = frozenset()
        self._limiter = Limiter((), Scope.ROOM)

    @property
    def capabilities(self) -> Capabilities:
        self._look()
        return self._shown

    @property
    def features(self) -> frozenset[Feature]:
        self._look()
        return self._features

    @property
    def limiter(self) -> Limiter:
        """It outlives connections: what was sent before one was lost still counts."""
        self._look()
        return self._limiter

    def lose(self, feature: Feature) -> None:
        """The room refused this feature."""
        self.lacking |= {feature}
        self._asked_at = -1

    def _look(self) -> None:
        if self._asked_at != self._account.connection:
            self._asked_at = self._account.connection
            shown = self._ask()
            if Feature.FORMATTING in self.lacking:
                shown = structs.replace(shown, formatting=shown.formatting & {Break})
            self._shown = shown
            self._features = features(type(self._account.connector), shown) - self.lacking
            self._limiter = self._limiter.changed(shown.rates)
