"""Certificates of a server on 127.0.0.1: a good one, and each way in which one can be bad."""

import ssl
from datetime import UTC, datetime
from pathlib import Path

import trustme

_HERE = "127.0.0.1"
_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
_OVER = datetime(2020, 2, 1, tzinfo=UTC)


class Certificates:
    """Issued by an authority that is trusted where `ca_file` is, and by a stranger's."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        self.ca_file = folder / "authority.pem"
        authority.cert_pem.write_to_path(str(self.ca_file))
        self.good = _presents(authority.issue_cert(_HERE))
        self.bad = {
            "expired": _presents(authority.issue_cert(_HERE, not_before=_LONG_AGO, not_after=_OVER)),
            "of another name": _presents(authority.issue_cert("elsewhere.example")),
            "of an unknown authority": _presents(trustme.CA().issue_cert(_HERE)),
        }


def _presents(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context
