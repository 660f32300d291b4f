"""The emulated Graph API over HTTP: token, then id, then body, then window and speed; and files behind the token."""

import asyncio
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from aiohttp import web
from msgspec import Struct

from bridge.testing.closing import closed
from connectors.whatsapp.emulator_courier import Courier
from connectors.whatsapp.emulator_errors import GraphRefusal
from connectors.whatsapp.emulator_rules import Posting, posting
from connectors.whatsapp.emulator_statuses import fail, settle
from connectors.whatsapp.emulator_world import DISPLAY, PHONE_ID, US, Chat, Json, Message, World
from connectors.whatsapp.media import MIMES

_SIZES: Final = {"image": 5 << 20, "video": 16 << 20, "audio": 16 << 20, "sticker": 500 << 10, "document": 100 << 20}
_LARGEST: Final = 110 << 20


class Answer(Struct, frozen=True):
    """What the next write gets, whatever it asks for; `lost` carries it out and answers nothing."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = {}
    lost: bool = False


class Asked(Struct, frozen=True):
    """One call as it came: `body` is its JSON, or the fields of its form."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Json


class Server:
    """`calls` are all that came; `due` says what goes wrong with the next."""

    def __init__(self, world: World, courier: Courier, token: str, due: Callable[[Asked], Answer | None]) -> None:
        self.calls: list[Asked] = []
        self.address = ""
        self.going = asyncio.Event()
        self.going.set()
        self._world = world
        self._courier = courier
        self._token = token
        self._due = due
        self._sent_at: list[float] = []
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application(client_max_size=_LARGEST)
        app.router.add_get("/files/{id}", self._give)
        app.router.add_route("*", "/{version:v\\d+\\.\\d}/{path:.+}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.address = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        await closed(self._runner)

    def cut(self) -> None:
        """End every connection."""
        server = self._runner.server if self._runner else None
        for protocol in server.connections if server else ():
            if protocol.transport is not None:
                protocol.transport.abort()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path, query = request.match_info["path"], dict(request.query)
        switches = self._world.switches
        try:
            self._admit(request)
            asked = Asked(request.method, path, query, await _body(request))
            self.calls.append(asked)
            due = self._due(asked)
            if due is not None and not due.lost:
                return web.Response(status=due.status, body=due.body, headers=due.headers)
            found = await self._route(asked)
        except GraphRefusal as refusal:
            status, headers = refusal.status(switches.throttled_with), refusal.headers(switches.throttled_with)
            return web.json_response(refusal.body(), status=status, headers=headers)
        if due is not None and request.transport is not None:
            request.transport.abort()
        return web.json_response(found)

    def _admit(self, request: web.Request) -> None:
        """The token comes first, then the proof that who has it knows the app's secret, where that is asked for."""
        given = request.headers.get("Authorization", "").removeprefix("Bearer ") or request.query.get("access_token")
        if given != self._token:
            raise GraphRefusal(190)
        proof = request.query.get("appsecret_proof")
        if proof is None and self._world.switches.proof == "required":
            raise GraphRefusal(100, "API calls from the server require an appsecret_proof argument")
        if proof is not None and proof != self._courier.proof(self._token):
            raise GraphRefusal(100, "Invalid appsecret_proof provided in the API argument")

    async def _route(self, asked: Asked) -> Json:
        head, _, tail = asked.path.partition("/")
        match asked.method, head, tail:
            case "POST", "106540352242922", "messages":
                return await self._message(asked.body)
            case "POST", "106540352242922", "media":
                await self.going.wait()
                return self._upload(asked.body)
            case "GET", "106540352242922", "groups":
                groups = [{"id": one.id, "subject": one.subject, "created_at": "1"} for one in self._groups()]
                return {"data": {"groups": groups}, "paging": {}}
            case "GET", "106540352242922", "":
                about = {"display_phone_number": DISPLAY, "quality_rating": self._world.quality}
                return {"id": PHONE_ID, "verified_name": US, **about}
            case _, "102290129340398", "subscribed_apps":
                return await self._subscribed(asked)
            case "GET", _, "" if head in self._world.files:
                return self._described(head, asked.query)
            case "DELETE", _, "" if self._world.files.pop(head, None):
                return {"success": True}
            case "GET", _, "" if head in self._world.chats:
                return _group(self._world.chats[head])
            case _, _, "join_requests" if head in self._world.chats and self._world.chats[head].is_group:
                return self._requests(asked.method, self._world.chats[head], asked.body)
            case _:
                raise GraphRefusal(33, f"Object with ID '{head}' does not exist.")

    def _groups(self) -> Sequence[Chat]:
        return [chat for chat in self._world.chats.values() if chat.is_group]

    async def _subscribed(self, asked: Asked) -> Json:
        """Who is called: the address is tried before it is believed."""
        if asked.method == "GET":
            called = {"override_callback_uri": self._courier.url} if self._courier.url else {}
            return {"data": [{"whatsapp_business_api_data": {"id": "1", "name": US}, **called}]}
        url, word = asked.body.get("override_callback_uri"), asked.body.get("verify_token")
        if url is not None:
            if not isinstance(word, str) or not await self._courier.shake_hands(str(url), word):
                raise GraphRefusal(2200, "The callback did not give the challenge back.")
            self._courier.url = str(url)
        return {"success": True}

    def _requests(self, method: str, chat: Chat, body: Json) -> Json:
        """Who wants to be let in: listed, let in (POST), or turned away (DELETE)."""
        if chat.asking is None:
            raise GraphRefusal(131214, "The group lets everybody in.")
        if method == "GET":
            data = [{"join_request_id": ident, **self._world.ids(one), "creation_timestamp": self._world.stamp()}
                    for ident, one in chat.asking.items()]  # fmt: skip
            return {"data": data, "paging": {}}
        wanted = body.get("join_requests")
        if body.get("messaging_product") != "whatsapp" or not isinstance(wanted, list) or not wanted:
            raise GraphRefusal(131008, "messaging_product and join_requests are required.")
        if unknown := set(wanted) - set(chat.asking):
            raise GraphRefusal(131213, f"There is no join request {min(unknown)!r}.")
        for person in [chat.asking.pop(one) for one in wanted]:
            if method == "POST":
                self._world.enter(chat, person)
        return {"messaging_product": "whatsapp", "request_id": "784D93"}

    # Messages.

    async def _message(self, body: Json) -> Json:
        await self.going.wait()
        if body.get("status") == "read":
            return self._read(body)
        asked = posting(self._world, body)
        early = self._late(asked)
        self._in_time(asked)
        message = self._put(asked)
        if early is not None:
            fail(self._world, asked.chat, message, early.event())
        else:
            settle(self._world, asked.chat, message)
        contact = {"input": body.get("to", body.get("recipient")), "wa_id": asked.chat.id}
        if asked.person is not None:
            contact |= {"wa_id": asked.person.phone, "user_id": asked.person.bsuid}
        accepted = {"id": message.id, "message_status": "accepted"}
        return {"messaging_product": "whatsapp", "contacts": [contact], "messages": [accepted]}

    def _read(self, body: Json) -> Json:
        """Only what a person wrote to us alone can be marked as read."""
        chats = (chat for chat in self._world.chats.values() if not chat.is_group)
        found = next(
            (one for chat in chats for one in chat.messages.values() if one.id == body.get("message_id")), None
        )
        if body.get("messaging_product") != "whatsapp" or found is None or found.author == US:
            raise GraphRefusal(131009, "The message to mark as read does not exist.")
        found.read = True
        return {"success": True}

    def _late(self, asked: Posting) -> GraphRefusal | None:
        """What keeps a message from its reader: said at once, or afterwards."""
        refusal = None
        if asked.person is not None and asked.person.blocks_us:
            refusal = GraphRefusal(131026, "Message Undeliverable.")
        elif asked.type != "template" and not self._world.is_open(asked.chat):
            said = "Message failed to send because more than 24 hours have passed since the customer last replied."
            refusal = GraphRefusal(131047, said)
        if refusal is not None and refusal.code not in self._world.switches.late:
            raise refusal
        return refusal

    def _in_time(self, asked: Posting) -> None:
        """Both rates: what one person gets, as a debt that is paid off in six seconds each, and what we say in all."""
        limits, now = self._world.limits, self._world.clock.monotonic()
        pair, recent = asked.chat.sent_at, [one for one in self._sent_at if now - one < 1]
        while pair and now - pair[0] >= limits.burst * limits.pair_seconds:
            pair.popleft()
        if limits.burst and len(pair) >= limits.burst:
            raise GraphRefusal(131056, "There were too many messages to one person.")
        if limits.per_second and len(recent) >= limits.per_second:
            raise GraphRefusal(130429, "There were too many messages in a second.")
        pair.append(now)
        self._sent_at = [*recent, now]

    def _put(self, asked: Posting) -> Message:
        """Into the chat, or onto a message of it."""
        made = Message(
            self._world.new_id(), US, self._world.now(), asked.type, asked.content, asked.reply_to, key=asked.key
        )
        if asked.type != "reaction":
            asked.chat.messages[made.id] = made
        elif emoji := asked.content["emoji"]:
            asked.chat.messages[asked.content["message_id"]].reactions[US] = emoji
        else:
            asked.chat.messages[asked.content["message_id"]].reactions.pop(US, None)
        return made

    # Files.

    def _upload(self, form: Json) -> Json:
        mime, data = form.get("type"), form.get("file")
        if form.get("messaging_product") != "whatsapp" or not isinstance(mime, str) or not isinstance(data, bytes):
            raise GraphRefusal(100, "messaging_product, type and file are required.")
        kinds = [kind for kind, mimes in MIMES.items() if mime in mimes]
        if not kinds:
            raise GraphRefusal(100, f"Param file must be a file with one of the supported types, not {mime}.")
        if len(data) > max(_SIZES[kind] for kind in kinds) or not data:
            raise GraphRefusal(131053, "The file is too large.")
        return {"id": self._world.keep(mime, data, self._world.limits.uploads_life).id}

    def _described(self, ident: str, query: Mapping[str, str]) -> Json:
        file = self._world.files[ident]
        if file.until <= self._world.now() or query.get("phone_number_id", PHONE_ID) != PHONE_ID:
            raise GraphRefusal(33, f"Object with ID '{ident}' does not exist.")
        until = (self._world.now() + self._world.limits.url_life).timestamp()
        size: int | str = len(file.data)
        if self._world.switches.sizes == "texts":
            size = str(size)
        return {
            "messaging_product": "whatsapp", "id": ident, "mime_type": file.mime, "file_size": size,
            "url": f"{self.address}/files/{ident}?until={until}", "sha256": hashlib.sha256(file.data).hexdigest(),
        }  # fmt: skip

    async def _give(self, request: web.Request) -> web.Response:
        """A file's bytes: only with the token, and only for five minutes."""
        if request.headers.get("Authorization") != f"Bearer {self._token}":
            return web.Response(status=self._world.switches.no_token)
        file = self._world.files.get(request.match_info["id"])
        if file is None or float(request.query.get("until", 0)) < self._world.now().timestamp():
            return web.Response(status=404)
        return web.Response(body=file.data, content_type=file.mime)


def _group(chat: Chat) -> Json:
    people = [{"user_id": one.bsuid, "wa_id": one.phone} for one in chat.members.values()]
    return {
        "id": chat.id, "subject": chat.subject, "suspended": chat.suspended, "participants": people,
        "total_participant_count": len(people), "creation_timestamp": "1750269342",
        "join_approval_mode": "auto_approve" if chat.asking is None else "approval_required",
    }  # fmt: skip


async def _body(request: web.Request) -> Json:
    """JSON, or a form whose file is bytes."""
    if request.content_type.startswith("multipart/"):
        return {name: await _field(value) for name, value in (await request.post()).items()}
    raw = await request.read()
    if not raw:
        return {}
    try:
        body = json.loads(raw)
    except ValueError:
        raise GraphRefusal(100, "The body is no JSON.") from None
    if not isinstance(body, dict):
        raise GraphRefusal(100, "The body is no object.")
    return body


async def _field(value: Any) -> object:  # noqa: ANN401 - text or a file
    return value.file.read() if isinstance(value, web.FileField) else value
