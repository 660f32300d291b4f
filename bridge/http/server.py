"""The one web server of the bridge."""

from typing import Any


class Server:
    def __init__(self, app: Any) -> None:
        self.app = app

    async def start(self) -> None: ...

    async def stop(self) -> None: ...
