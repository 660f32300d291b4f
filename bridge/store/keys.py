"""The keys that a configuration gives the store."""

from bridge.config import StoreSettings
from bridge.config.settings import key_bytes
from bridge.store.vault import Keys


def keys_of(settings: StoreSettings) -> Keys | None:
    """The keys to open the store with; None where none is set."""
    if settings.key is None:
        return None
    previous = (key_bytes(key.get_secret_value()) for key in settings.previous_keys)
    return Keys(key_bytes(settings.key.get_secret_value()), tuple(previous))
