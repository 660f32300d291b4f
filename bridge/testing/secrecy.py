"""What may not come out: the secrets of settings, in every form that a leak could take."""

from base64 import b64encode
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

from pydantic import BaseModel, SecretStr


def secrets_of(settings: BaseModel) -> Iterator[str]:
    """Every secret in the settings and in what they hold."""
    for name in type(settings).model_fields:
        match getattr(settings, name):
            case SecretStr() as secret if secret.get_secret_value():
                yield secret.get_secret_value()
            case BaseModel() as inner:
                yield from secrets_of(inner)


def written(secret: str) -> Iterator[str]:
    """A secret in every form in which it could come out: as it is, in an address, in base64 (wherever in it)."""
    yield from dict.fromkeys((secret, quote(secret), quote(secret, safe=""), quote_plus(secret)))
    for before in range(3):
        packed = b64encode(b"\0" * before + secret.encode()).decode()
        sure = packed[-(-before * 8 // 6) : (before + len(secret.encode())) * 8 // 6]
        yield from dict.fromkeys((sure, sure.replace("+", "-").replace("/", "_")))
