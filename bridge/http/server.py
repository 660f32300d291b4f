"""The one web server of the bridge."""

from typing import Any


class CannotListen(Exception):
    """The configured address is not ours to listen on."""


class Server:
    def __init__(self, app: Any) -> None:  # noqa: ANN401 - a placeholder
        self.app = app

    async def start(self) -> None: ...

    async def reload(self) -> None: ...

    async def stop(self) -> None: ...
