"""Places on Matrix: `m.location` with the fields of MSC3488, which clients draw as a map. Pure and forgiving."""

import re
from collections.abc import Mapping
from typing import Any

from bridge.content import Location
from bridge.events import Attachment, Kind
from connectors.matrix.content_fields import part, words

LOCATION, ASSET = "org.matrix.msc3488.location", "org.matrix.msc3488.asset"
_GEO = re.compile(r"geo:(-?\d{1,3}(?:\.\d+)?),(-?\d{1,3}(?:\.\d+)?)(?:[,;].*)?")


def place(content: Mapping[str, Any]) -> Attachment:
    """The place a `m.location` shows; where it names no point, its words are all there is."""
    more = part(content, "m.location") or part(content, LOCATION)
    found = _GEO.fullmatch(words(content, "geo_uri") or words(more, "uri"))
    body = words(content, "body")
    named = words(more, "description") or ("" if "geo:" in body else body)
    if found is None:
        return Attachment(kind=Kind.LOCATION, name=named)
    location = Location(latitude=float(found[1]), longitude=float(found[2]), title=" ".join(named.split()))
    return Attachment(kind=Kind.LOCATION, location=location)


def content(location: Location) -> dict[str, Any]:
    """A `m.location`: a pin that stays, with words for clients that draw no maps."""
    named = ", ".join(filter(None, (location.title, location.address)))
    uri = f"geo:{location.latitude:.6f},{location.longitude:.6f}"
    body = f"📍 {named} ({uri})" if named else f"📍 {uri}"
    return {
        "msgtype": "m.location",
        "body": body,
        "geo_uri": uri,
        LOCATION: {"uri": uri, **({"description": named} if named else {})},
        ASSET: {"type": "m.pin"},
        "m.mentions": {},
    }
