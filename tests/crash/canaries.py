"""Words that must not be found, and the search for them in every file of the bridge's directory."""

from base64 import b64encode
from collections.abc import Iterable
from urllib.parse import quote_plus

import yaml

from tests.live.daemon import Daemon

KEY = "5e" * 32
_ALIGNMENTS = 3


def forms(word: str) -> set[bytes]:
    """A word as it may stand in a file: in three Unicode encodings, base64 at any alignment, escaped for addresses."""
    plain = word.encode()
    turned = {_inside(plain, before) for before in range(_ALIGNMENTS)}
    return {plain, word.encode("utf-16-le"), word.encode("utf-16-be"), quote_plus(word).encode(), *turned}


def _inside(plain: bytes, before: int) -> bytes:
    """What base64 makes of these bytes behind so many others, without the letters that the neighbours share."""
    start, end = -(-before * 4 // 3), (before + len(plain)) * 4 // 3
    return b64encode(b"\0" * before + plain + b"\0\0")[start:end]


def found(daemon: Daemon, words: Iterable[str]) -> set[str]:
    """Which of the words stand in any file beside the store, its log and the connectors' folders among them."""
    content = b"\n".join(path.read_bytes() for path in sorted(daemon.store.parent.rglob("*")) if path.is_file())
    return {word for word in words if any(form in content for form in forms(word))}


def give_key(daemon: Daemon, key: str | None) -> None:
    """Write the key into the configuration, or take it out."""
    whole = yaml.safe_load(daemon.config.read_text())
    whole["store"].pop("key", None)
    if key is not None:
        whole["store"]["key"] = key
    daemon.config.write_text(yaml.safe_dump(whole))
