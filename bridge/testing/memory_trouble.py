"""What a messenger in memory refuses with."""

from bridge.testing.platform import Fault


class Trouble(Exception):
    """The platform's one error: `fault` says which."""

    def __init__(self, fault: Fault, why: str, *, retry_after: float | None = None) -> None:
        super().__init__(why)
        self.fault = fault
        self.retry_after = retry_after
