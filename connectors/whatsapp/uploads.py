"""Files: uploaded once and sent by their id from then on; people's fetched by theirs; facts/platform-apis.md 2.7."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import timedelta
from typing import Final

from bridge import Attachment, Feature, File, Host, Rejected, RoomClosed, Unsupported
from connectors.graph.client import Call, Client, Upload
from connectors.graph.wire import text
from connectors.whatsapp.config import WhatsAppConfig
from connectors.whatsapp.media import type_of

_LIFE: Final = timedelta(days=29)
"""Ids of what we upload live thirty days."""
_NAME: Final = 200


async def uploaded(client: Client, host: Host, config: WhatsAppConfig, file: File, known: str | None) -> str:
    """The id of a file at WhatsApp; `known` is the one that may still be good."""
    if known:
        return known
    upload = Upload(name=file.name[-_NAME:], mime=file.mime, size=file.size, read=lambda: host.read(file))
    fields = {"messaging_product": "whatsapp", "type": file.mime}
    try:
        answer = await client.upload(Call(path=f"{config.phone_number_id}/media"), fields, upload)
    except (Unsupported, RoomClosed):
        raise
    except Rejected as error:
        raise Unsupported(Feature.ATTACHMENT, str(error)) from error
    if not (ident := text(answer.get("id"))):
        raise Unsupported(Feature.ATTACHMENT, "WhatsApp gave no id for the file")
    await host.remember(name_of(file), ident, _LIFE)
    return ident


def name_of(file: File) -> str:
    """Under which the id of a file is remembered: equal bytes of one kind have one."""
    return f"media {type_of(file)} {file.mime} {file.sha256}"


async def fetched(client: Client, config: WhatsAppConfig, attachment: Attachment) -> AsyncGenerator[bytes, None]:
    """The bytes of what somebody sent: its id → an address that lives five minutes → the bytes, with our token."""
    ident = attachment.source
    if not ident.isalnum():
        raise Rejected("WhatsApp knows no such file")
    found = await client.call(Call(method="GET", path=ident, query={"phone_number_id": config.phone_number_id}))
    async with aclosing(client.download(text(found.get("url")), frozenset(config.media_hosts))) as pieces:
        async for piece in pieces:
            yield piece
