"""Tells a platform's server of an account where it has to be told before the account works."""

from bridge.ids import AccountName
from bridge.registry import installed
from bridge.testing.acts import Registers
from bridge.testing.platform import Platform


def register(platform: Platform, account: AccountName, address: str) -> None:
    """Give the server what `qantara registration` writes of the account; `address` is that of `/in/{account}`."""
    if not isinstance(platform, Registers):
        return
    settings = dict(platform.settings())
    kind = installed().get(str(settings["connector"]))
    platform.register(kind.registration(kind.Config.model_validate(settings), account, address))
