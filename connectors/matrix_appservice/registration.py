"""What the homeserver has to know of us, as the file it reads (application service API 1.19). Pure."""

import re

import yaml

from bridge.connector import Registration
from bridge.ids import AccountName
from connectors.matrix_appservice.config import MatrixAppserviceConfig
from connectors.matrix_appservice.names import namespace, parted


def registration_id(account: AccountName) -> str:
    """The name by which the homeserver knows the account."""
    return f"qantara-{account}"


def registration(config: MatrixAppserviceConfig, account: AccountName, address: str) -> Registration:
    """The file, and how an operator makes the homeserver read it."""
    localpart, _ = parted(config.user)
    content = {
        "id": registration_id(account),
        "url": config.address or address,
        "as_token": config.token.get_secret_value(),
        "hs_token": config.homeserver_token.get_secret_value(),
        "sender_localpart": localpart,
        "rate_limited": False,
        "namespaces": {
            "users": [{"exclusive": True, "regex": namespace(config.user)}],
            "aliases": [],
            "rooms": [],
        },
    }
    told = "name this file below `app_service_config_files` in homeserver.yaml, and restart the homeserver"
    return Registration(name=f"{account}-registration.yaml", text=yaml.safe_dump(content, sort_keys=False), told=told)


def is_served(user: str, by: str) -> bool:
    """Whether a user lies in the namespace of the service whose own user is `by`."""
    return re.fullmatch(namespace(by), user) is not None
