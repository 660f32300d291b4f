"""What the calls of the emulated Graph API do, and what each of them checks; facts/platform-apis.md 3.8."""

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from connectors.messenger import emulator_rules as rules
from connectors.messenger.emulator_files import Files, Part, Upload, album
from connectors.messenger.emulator_rules import OUTSIDE, ApiError, Json, Limits, bad
from connectors.messenger.emulator_webhook import Webhook
from connectors.messenger.emulator_world import APP, PAGE, PAGE_NAME, Message, Person, World

_A_PAGE: Final = 25


class Calls:
    """The calls of one page's token and one app's."""

    def __init__(self, world: World, limits: Limits, files: Files, webhook: Webhook) -> None:
        self.world, self.files = world, files
        self.limits = limits
        self._webhook = webhook
        self._sends: deque[float] = deque()
        self._heavy: deque[float] = deque()
        self.app_fields: tuple[str, ...] = ()

    def done(self) -> Json:
        """Success, in one of the two ways in which Meta's pages write it."""
        return {"success": "true" if self.world.unsure.success == "a word" else True}

    # The page.

    def page(self, _: Json) -> Json:
        """`GET /{page}`."""
        return {"id": PAGE, "name": PAGE_NAME}

    def node(self, method: str, parts: list[str]) -> Json:
        """A person's profile, or a persona to be dropped."""
        if len(parts) == 1 and method == "GET" and (person := self.world.people.get(parts[0])) is not None:
            return _profile(person)
        if len(parts) == 1 and method == "DELETE" and self.world.personas.pop(parts[0], None) is not None:
            return self.done()
        raise ApiError(100, f"Unsupported {method.lower()} request. Object with ID does not exist", 33)

    def subscriptions(self, _: Json) -> Json:
        """`GET /{page}/subscribed_apps`."""
        known = {"id": APP, "name": "Bridge", "subscribed_fields": sorted(self.world.subscribed)}
        return {"data": [known] if self.world.subscribed else []}

    def subscribe(self, fields: Json) -> Json:
        """`POST /{page}/subscribed_apps`."""
        asked = set(str(fields.get("subscribed_fields", "")).split(",")) - {""}
        if not asked:
            raise bad("Param subscribed_fields is required")
        if self.world.unsure.fields == "not ours to ask for":
            raise ApiError(200, "(#200) Requires pages_manage_metadata permission to manage the object")
        if self.world.unsure.fields == "some unknown" and "standby" in asked:
            raise bad("Param subscribed_fields[10] must be one of {messages, message_echoes, ...}")
        self.world.subscribed = asked
        return self.done()

    def webhook(self, _: Json) -> Json:
        """`GET /{app}/subscriptions`."""
        if not self._webhook.url:
            return {"data": []}
        fields = [{"name": one, "version": "v25.0"} for one in self.app_fields]
        return {"data": [{"object": "page", "callback_url": self._webhook.url, "active": True, "fields": fields}]}

    async def enter(self, fields: Json) -> Json:
        """`POST /{app}/subscriptions`: Meta asks the address at once whether it is ours."""
        if fields.get("object") != "page" or not fields.get("verify_token"):
            raise bad("Params object and verify_token are required")
        if not await self._webhook.enter(str(fields.get("callback_url", "")), str(fields["verify_token"])):
            raise ApiError(2200, "(#2200) Callback verification failed with the following errors: HTTP Status Code = 0")
        self.app_fields = tuple(str(fields.get("fields", "")).split(","))
        return self.done()

    # Personas.

    def personas(self, fields: Json) -> Json:
        """`GET /{page}/personas`, in pages."""
        known = list(self.world.personas.values())
        begin = next((index + 1 for index, one in enumerate(known) if one["id"] == fields.get("after")), 0)
        shown = known[begin : begin + _A_PAGE]
        more = {"next": "https://graph.facebook.com/next"} if begin + _A_PAGE < len(known) else {}
        return {"data": shown, "paging": {"cursors": {"after": shown[-1]["id"] if shown else ""}, **more}}

    def make_persona(self, fields: Json) -> Json:
        """`POST /{page}/personas`."""
        name, picture = str(fields.get("name", "")), str(fields.get("profile_picture_url", ""))
        if self.world.unsure.personas == "not made":
            raise ApiError(10, "(#10) Application does not have permission for this action")
        if not name.strip() or len(name) > self.limits.persona_name:
            raise bad("Param name must be a non-empty string of at most 50 characters")
        if not picture.startswith(("https://", "http://")):
            raise bad("Param profile_picture_url must be a valid URL")
        if len(self.world.personas) >= self.limits.personas:
            raise bad("The page has as many personas as it may have")
        ident = str(201 + self.world.stamp())
        self.world.personas[ident] = {"id": ident, "name": name, "profile_picture_url": picture}
        return {"id": ident}

    # Sending.

    async def upload(self, fields: Json) -> Json:
        """`POST /{page}/message_attachments`."""
        message = fields.get("message")
        kind, payload = rules.check_attachment(message.get("attachment") if isinstance(message, dict) else None)
        if payload.get("is_reusable") not in {True, "true"}:
            raise bad("is_reusable must be true to upload an attachment")
        part = fields.get("filedata")
        if isinstance(part, Part):
            return {"attachment_id": self.files.take(kind, part)}
        if "url" not in payload:
            raise bad("Failed to upload: there is no file", 2018047)
        fetched = await self.files.fetched(kind, payload["url"])
        return {"attachment_id": self.files.take(kind, Part(fetched.name, fetched.mime, fetched.data))}

    async def send(self, fields: Json) -> Json:
        """`POST /{page}/messages`."""
        rules.check_send(fields)
        recipient = fields.get("recipient")
        person = self.world.people.get(str(recipient.get("id"))) if isinstance(recipient, dict) else None
        if person is None:
            raise bad("No matching user found", 2018001)
        if person.blocks:
            code = 551 if self.world.unsure.blocked == "551" else 200
            raise ApiError(code, f"(#{code}) This person isn't available right now.", 1545041)
        if "sender_action" in fields:
            return self._act(person, fields)
        return await self._say(person, fields)

    def _act(self, person: Person, fields: Json) -> Json:
        name, payload = str(fields["sender_action"]), fields.get("payload") or {}
        if name == "mark_seen":
            self.world.seen[person.psid] = self.world.stamp()
        if name in {"react", "unreact"}:
            message = self.world.find(person.psid, payload["message_id"])
            message.reactions.pop(PAGE, None)
            if name == "react":
                message.reactions[PAGE] = str(payload["reaction"])
        return {"recipient_id": person.psid}

    async def _say(self, person: Person, fields: Json) -> Json:
        said = rules.check_message(fields["message"], self.limits)
        self._check_window(person, fields)
        name = self._speaker(fields)
        answered = fields.get("reply_to")
        mid = self.world.find(person.psid, answered.get("mid")).mid if isinstance(answered, dict) else ""
        uploads = await self._uploads(said, fields.get("filedata"))
        self._check_rate(uploads)
        message = self.world.blank(name, ours=True)
        message.text, message.reply_to = str(said.get("text", "")), mid
        message.files = album(uploads, message.mid)
        message.choices = {str(one["title"]): str(one["payload"]) for one in said.get("quick_replies", ())}
        self.world.post(person, message)
        self._tell(person, message, {"metadata": said["metadata"]} if "metadata" in said else {}, uploads)
        return {"recipient_id": person.psid, "message_id": message.mid}

    def _tell(self, person: Person, message: Message, more: Mapping[str, object], uploads: Sequence[Upload]) -> None:
        """The echo of a message, and that the person's device has it."""
        words = {"text": message.text} if message.text else {}
        payload = {"url": "https://scontent.xx.fbcdn.net/echo"}
        files = {"attachments": [{"type": one.type, "payload": payload} for one in uploads]} if uploads else {}
        echo = {"is_echo": True, "app_id": int(APP), **more, "mid": message.mid, **words, **files}
        self.world.tell("echo", person, echo, message.at)
        self.world.confirm(person, message)

    def _check_window(self, person: Person, fields: Json) -> None:
        silent = self.world.now() - person.heard
        if fields["messaging_type"] != "MESSAGE_TAG":
            if silent > timedelta(hours=self.limits.window_hours):
                raise OUTSIDE
            return
        if self.world.unsure.human_agent == "not allowed":
            raise ApiError(10, "(#10) Application does not have permission for this action")
        if silent > timedelta(hours=self.limits.agent_hours):
            raise OUTSIDE

    def _speaker(self, fields: Json) -> str:
        ident = fields.get("persona_id")
        if ident is None:
            return PAGE_NAME
        persona = self.world.personas.get(str(ident))
        if persona is None or self.world.unsure.personas == "not heard":
            raise bad("Invalid persona id")
        return str(persona["name"])

    async def _uploads(self, said: Json, part: object) -> Sequence[Upload]:
        """The files of a message: by their addresses, by their ids, or one beside it."""
        files = rules.check_album(said, self.limits, self.world.unsure)
        if isinstance(part, Part) and len(files) != 1:
            raise bad("A file beside a message is its one attachment")
        return [await self._upload(kind, payload, part) for kind, payload in files]

    async def _upload(self, kind: str, payload: Json, part: object) -> Upload:
        if ("url" in payload) + ("attachment_id" in payload) + isinstance(part, Part) != 1:
            raise bad("Exactly one of url, attachment_id and a file is required")
        if isinstance(part, Part):
            return self.files.checked(kind, part)
        if "url" in payload:
            return await self.files.fetched(kind, payload["url"])
        return self.files.named(kind, payload["attachment_id"])

    def _check_rate(self, uploads: Sequence[Upload]) -> None:
        heavy = any(one.type in rules.HEAVY for one in uploads)
        most, sends = (self.limits.heavy_per_second, self._heavy) if heavy else (self.limits.per_second, self._sends)
        now = self.world.now().timestamp()
        while sends and sends[0] <= now - 1:
            sends.popleft()
        if most and len(sends) >= most:
            raise ApiError(613, "(#613) Calls to this api have exceeded the rate limit.")
        sends.append(now)


def _profile(person: Person) -> Json:
    if not person.name:
        return {}
    first, _, last = person.name.partition(" ")
    return {"id": person.psid, "first_name": first, "last_name": last, "name": person.name}
