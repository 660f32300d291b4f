"""A package of somebody else's, installed as one: connectors that behave badly."""

from pathlib import Path

_METADATA = "Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n"
_NAMES = ("quiet", "stubborn", "talkative", "stuck")
_POINTS = "[qantara.connectors]\n" + "".join(f"{name} = stranger:{name.title()}\n" for name in _NAMES)
_CODE = '''\
import asyncio
import time

from pydantic import SecretStr

from bridge import Connector, ConnectorConfig, User, UserId


class Config(ConnectorConfig):
    """An account."""

    token: SecretStr = SecretStr("nothing at all")


class Stuck(Connector[Config]):
    """Holds up the whole event loop when it is told to end."""

    Config = Config

    async def run(self):
        self.host.connected(User(id=UserId("me"), name="Stuck"))
        try:
            await asyncio.Event().wait()
        finally:
            time.sleep(300)

    async def send(self, message):
        return ()


class Quiet(Connector[Config]):
    """Is there, and that is all."""

    Config = Config

    async def run(self):
        self.host.connected(User(id=UserId("me"), name="Quiet"))
        await asyncio.Event().wait()

    async def send(self, message):
        return ()


class Stubborn(Quiet):
    """Swallows every cancellation."""

    async def run(self):
        while True:
            try:
                await super().run()
            except asyncio.CancelledError:
                pass


class Talkative(Quiet):
    """Tells its token to everybody."""

    async def run(self):
        raise ValueError(f"GET https://api.example.org/{self.config.token.get_secret_value()}/me failed")
'''


def install(folder: Path) -> Path:
    """What `pip install` leaves in a folder that Python searches."""
    info = folder / "stranger-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(_METADATA)
    (info / "entry_points.txt").write_text(_POINTS)
    (folder / "stranger.py").write_text(_CODE)
    return folder
