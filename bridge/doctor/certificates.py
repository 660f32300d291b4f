"""The certificates of servers: whether they are good, and for how long."""

import asyncio
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from msgspec import Struct

from bridge.findings import Endpoint, Finding, Grade

SECONDS = 10.0
_SOON = timedelta(days=14)
_EXPIRED, _NOT_YET, _NOBODY, _SELF_SIGNED, _ITSELF, _OTHER_NAME = 10, 9, 20, 18, 19, 62
"""OpenSSL's numbers of what is wrong with a certificate (x509_vfy.h)."""
_PORT = 443


class Shown(Struct, frozen=True, kw_only=True):
    """What a server showed: until when its certificate is good, or OpenSSL's number and words against it."""

    until: datetime | None = None
    code: int = 0
    words: str = ""


async def look(endpoint: Endpoint) -> Shown | None:
    """Shake hands; None for a server without TLS, or one that cannot be reached: the account tells that."""
    parts = urlsplit(endpoint.address)
    if not parts.scheme.endswith("s"):
        return None
    context = endpoint.tls or ssl.create_default_context()
    try:
        async with asyncio.timeout(SECONDS):
            return await _handshake(parts.hostname or "", parts.port or _PORT, context)
    except ssl.SSLCertVerificationError as error:
        return Shown(code=error.verify_code, words=error.verify_message)
    except ssl.SSLError as error:
        return Shown(code=-1, words=error.reason or "the handshake failed")
    except OSError:  # a time-out is one
        return None


async def _handshake(host: str, port: int, context: ssl.SSLContext) -> Shown:
    _, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=host)
    try:
        certificate = writer.get_extra_info("peercert") or {}
    finally:
        writer.close()
    ends = certificate.get("notAfter")
    return Shown(until=datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC) if ends else None)


def judged(address: str, shown: Shown | None, now: datetime) -> Iterator[Finding]:
    """What is wrong with the certificate behind an address."""
    if shown is None:
        return
    if shown.code:
        what, remedy = _against(shown)
        yield Finding(grade=Grade.FAULT, where=address, what=what, remedy=remedy)
    elif shown.until is not None and shown.until - now < _SOON:
        left = max(0, (shown.until - now).days)
        what = f"the certificate expires in {left} days, on {shown.until:%Y-%m-%d}"
        yield Finding(where=address, what=what, remedy="renew it: `certbot renew`, or tell the server's administrator")


def _against(shown: Shown) -> tuple[str, str]:
    """What is wrong, and what to do."""
    match shown.code:
        case code if code == _EXPIRED:
            return "the certificate has expired", "renew it: `certbot renew`, or tell the server's administrator"
        case code if code == _NOT_YET:
            return "the certificate is not good yet", "check this machine's clock: `timedatectl`"
        case code if code == _OTHER_NAME:
            return f"the certificate is another name's: {shown.words}", "write the address that the certificate names"
        case code if code in {_NOBODY, _SELF_SIGNED, _ITSELF}:
            words = f"this machine does not trust who signed the certificate: {shown.words}"
            remedy = "apt install ca-certificates, or add the authority's file and type update-ca-certificates"
            return words, remedy
        case _:
            return f"no TLS with this server: {shown.words}", "look at the address and port in the configuration"
