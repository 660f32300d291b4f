"""The app's webhook: asked for with the app's own token, set where there is none, never taken from another program."""

from typing import Final

from pydantic import SecretStr

from bridge import BridgeError, Rejected, Scope
from connectors.graph.client import Call, connected_to
from connectors.graph.wire import Json, objects, text
from connectors.messenger.config import MessengerConfig
from connectors.messenger.errors import meaning
from connectors.messenger.page import FIELDS, is_done, token_query

_OBJECT: Final = "page"


async def registered(config: MessengerConfig, address: str) -> str:
    """Let Meta call `address`; empty when it does, else why not, for an operator."""
    try:
        return await _registered(_as_app(config), address)
    except BridgeError as error:  # what comes in may be well all the same: the operator may have entered the address
        return f"the app's webhook cannot be looked at: {error}"


async def called(config: MessengerConfig) -> str:
    """The address that Meta calls for pages of our app; empty for none. Raises the bridge's errors."""
    app = _as_app(config)
    async with connected_to(app, meaning) as client:
        call = Call(path=_path(app), method="GET", query=token_query(app), scope=Scope.ACCOUNT)
        return _address(await client.call(call))


async def _registered(app: MessengerConfig, address: str) -> str:
    async with connected_to(app, meaning) as client:
        call = Call(path=_path(app), method="GET", query=token_query(app), scope=Scope.ACCOUNT)
        known = _address(await client.call(call))
        if known == address:
            return ""
        if known:
            return "the app calls another address for its pages; give the bridge an app of its own, or change it there"
        asked = {"object": _OBJECT, "callback_url": address, "fields": ",".join(FIELDS)}
        body = {**asked, "verify_token": app.verify_token.get_secret_value()}
        if not is_done(
            await client.call(Call(path=_path(app), body=body, query=token_query(app), scope=Scope.ACCOUNT))
        ):
            raise Rejected("Meta does not say that it took the address")
        return ""


def _as_app(config: MessengerConfig) -> MessengerConfig:
    """The same settings with the app's own token, which is its number and its secret."""
    token = SecretStr(f"{config.app_id}|{config.app_secret.get_secret_value()}")
    return config.model_copy(update={"token": token})


def _path(config: MessengerConfig) -> str:
    return f"{config.app_id}/subscriptions"


def _address(answer: Json) -> str:
    found = [text(one.get("callback_url")) for one in objects(answer.get("data")) if one.get("object") == _OBJECT]
    return found[0] if found else ""
