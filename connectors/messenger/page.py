"""The calls about one page: who it is, what is sent in its name, what is told of it."""

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from bridge import MessageId, Rejected, Scope, Unauthorized, Unavailable, Uncertain
from bridge.events import File, User
from bridge.ids import UserId
from connectors.graph.client import Call, Client, Upload
from connectors.graph.wire import Json, objects, text
from connectors.messenger import outgoing
from connectors.messenger.config import MessengerConfig, TokenPlace

FIELDS: Final = (
    "messages", "message_echoes", "message_edits", "message_reactions", "message_deliveries", "message_reads",
    "messaging_postbacks", "messaging_referrals", "messaging_optins", "messaging_handovers", "standby",
)  # fmt: skip
"""What we ask to be told of."""
FEWER: Final = FIELDS[:2] + FIELDS[3:8]
"""The same without what came late or needs more permissions: what Meta does not know of makes it refuse all."""
_MOST_PAGES: Final = 20
_PROFILE: Final = "first_name,last_name,name"
Reads: TypeAlias = Callable[[File], AsyncIterator[bytes]]
"""How the bytes of a file are read, from the beginning."""


class Page:
    """One page with its token. Raises the bridge's errors, as all calls do."""

    def __init__(self, config: MessengerConfig, client: Client) -> None:
        self._config = config
        self._client = client

    async def me(self) -> User:
        """The page as a user. `Unauthorized` when the token is another page's."""
        try:
            answer = await self._get(self._config.page, {"fields": "id,name"})
        except Rejected as error:
            raise Unauthorized(f"the token does not see the page that the setting `page` names: {error}") from error
        ident = text(answer.get("id"))
        if not ident:
            raise Unavailable("the Graph API does not say which page it is", scope=Scope.ACCOUNT)
        if ident != self._config.page:
            raise Unauthorized("the token is of another page than the setting `page` names")
        return User(id=UserId(ident), name=text(answer.get("name")) or "Page")

    async def send(self, body: Mapping[str, Any]) -> MessageId:
        """One message; the id that Meta gave it."""
        answer = await self._post("messages", body, Scope.ROOM)
        mid = text(answer.get("message_id"))
        if not mid:
            raise Uncertain("the Graph API gave no id for a message")
        return MessageId(mid)

    async def act(self, body: Mapping[str, Any]) -> None:
        """A sender action; its answer names whom it was about, and nothing else."""
        answer = await self._post("messages", body, Scope.ROOM)
        if "recipient_id" not in answer and not is_done(answer):
            raise Uncertain("the Graph API gave no answer to an action")

    async def upload(self, file: File, pieces: Reads) -> str:
        """Bring a file to Meta; the id under which it may be sent for 90 days."""
        upload = Upload(name=file.name, mime=file.mime, size=file.size, read=lambda: pieces(file), field="filedata")
        call = self._call("message_attachments", "POST", None, Scope.ROOM)
        fields = {"message": json.dumps(outgoing.holder(file)), "type": file.mime}
        ident = text((await self._client.upload(call, fields, upload)).get("attachment_id"))
        if not ident:
            raise Unavailable("the Graph API gave no id for a file")
        return ident

    # What is told of the page.

    async def subscribe(self) -> None:
        """Ask to be told: of everything, or of less where Meta refuses that."""
        try:
            await self._subscribe(FIELDS)
        except Rejected:
            await self._subscribe(FEWER)

    async def _subscribe(self, fields: Sequence[str]) -> None:
        call = self._call("subscribed_apps", "POST", None, Scope.ACCOUNT, subscribed_fields=",".join(fields))
        if not is_done(await self._client.call(call)):
            raise Unavailable("the Graph API does not say that it tells us of the page", scope=Scope.ACCOUNT)

    async def subscribed(self) -> frozenset[str]:
        """What our app is told of the page."""
        answer = await self._get(f"{self._config.page}/subscribed_apps", {"fields": "id,subscribed_fields"})
        ours = [one for one in objects(answer.get("data")) if str(one.get("id")) == self._config.app_id]
        return frozenset(name for one in ours for name in one.get("subscribed_fields") or () if isinstance(name, str))

    # People.

    async def profile(self, person: str) -> str:
        """What somebody is called; empty where Meta does not say."""
        answer = await self._get(person, {"fields": _PROFILE}, Scope.ROOM)
        both = f"{text(answer.get('first_name'))} {text(answer.get('last_name'))}".strip()
        return text(answer.get("name")).strip() or both

    async def personas(self) -> Sequence[Json]:
        """All there are, whoever made them."""
        found: list[Json] = []
        after = ""
        for _ in range(_MOST_PAGES):
            asked = {"fields": "id,name,profile_picture_url", **({"after": after} if after else {})}
            answer = await self._get(f"{self._config.page}/personas", asked)
            found += objects(answer.get("data"))
            paging = answer.get("paging")
            cursors = paging.get("cursors") if isinstance(paging, dict) and "next" in paging else None
            after = text(cursors.get("after")) if isinstance(cursors, dict) else ""
            if not after:
                break
        return found

    async def make_persona(self, name: str, picture: str) -> str:
        """Its id."""
        body = {"name": name, **({"profile_picture_url": picture} if picture else {})}
        ident = text((await self._post("personas", body, Scope.ROOM)).get("id"))
        if not ident:
            raise Unavailable("the Graph API gave no id for a persona", scope=Scope.ACCOUNT)
        return ident

    async def drop_persona(self, ident: str) -> None:
        """Free its place."""
        await self._client.call(Call(path=ident, method="DELETE", query=token_query(self._config), scope=Scope.ACCOUNT))

    async def _get(self, path: str, asked: Mapping[str, str], scope: Scope = Scope.ACCOUNT) -> Json:
        query = {**asked, **token_query(self._config)}
        return await self._client.call(Call(path=path, method="GET", query=query, scope=scope))

    async def _post(self, path: str, body: Mapping[str, Any], scope: Scope) -> Json:
        return await self._client.call(self._call(path, "POST", body, scope))

    def _call(self, path: str, method: str, body: Mapping[str, Any] | None, scope: Scope, **query: str) -> Call:
        query = {**query, **token_query(self._config)}
        return Call(path=f"{self._config.page}/{path}", method=method, body=body, scope=scope, query=query)


def is_done(answer: Json) -> bool:
    """Whether Meta says so: as a word or as a truth, which its pages do not agree on."""
    return answer.get("success") in {True, "true"}


def token_query(config: MessengerConfig) -> dict[str, str]:
    """The token in the address of a call, for a server that does not take it in a header."""
    match config.token_place:
        case TokenPlace.HEADER:
            return {}
        case TokenPlace.QUERY:
            return {"access_token": config.token.get_secret_value()}
