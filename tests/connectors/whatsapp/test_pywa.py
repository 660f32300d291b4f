"""An independent client (pywa): it asks our emulator, reads what that tells, and writes what our connector writes."""

import json
import warnings
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from pywa import errors, utils
from pywa.types import DeletedMessage, EditedMessage, Message, MessageStatus
from pywa.types.base_update import RawUpdate
from pywa.types.others import Contact, MessageType
from pywa.types.templates import BodyText, TemplateLanguage
from pywa_async import WhatsApp as Pywa

from bridge import Attachment, Kind, Location, MessageId, Reaction, Target, Template
from bridge import Contact as Card
from bridge.errors import RoomClosed
from bridge.events import Posted, Reacted
from bridge.testing import samples
from bridge.testing.clock import HandClock
from bridge.testing.holdings import Card as HeldCard
from bridge.testing.holdings import Spot
from bridge.text.nodes import said
from connectors.whatsapp.emulator import SECRET, TOKEN, WhatsAppEmulator
from connectors.whatsapp.emulator_world import ACCOUNT_ID, PHONE_ID, Switches
from tests.connectors.whatsapp.conftest import Lab, Labs

Json = dict[str, Any]


class _Rerouted(httpx.AsyncHTTPTransport):
    """The library knows Meta's own address alone."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self._to = httpx.URL(address)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(scheme=self._to.scheme, host=self._to.host, port=self._to.port)
        request.headers["Host"] = f"{self._to.host}:{self._to.port}"
        return await super().handle_async_request(request)


@asynccontextmanager
async def client(server: WhatsAppEmulator) -> AsyncIterator[Pywa]:
    async with httpx.AsyncClient(transport=_Rerouted(server.server.address)) as session:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield Pywa(phone_id=PHONE_ID, token=TOKEN, session=session, app_secret=SECRET, waba_id=ACCOUNT_ID)


@pytest.fixture
async def pywa(lab: Lab) -> AsyncIterator[Pywa]:
    async with client(lab.server) as made:
        yield made


def bodies(lab: Lab) -> list[Json]:
    return [one.body for one in lab.server.calls if one.path == f"{PHONE_ID}/messages"]


# The client against our emulator.


async def test_our_emulator_answers_what_the_client_expects(lab: Lab, pywa: Pywa) -> None:
    native, _ = await lab.run.hears("hello")
    sent = await pywa.send_message(lab.ada, "hello, *Ada*", reply_to_message_id=native, tracker="k.1.0")
    shown = await lab.kit.reads(lab.ada, "hello, Ada")
    assert (sent.id, shown.in_reply_to) == (shown.id, native)
    assert sent.input == lab.ada
    await pywa.send_reaction(lab.ada, "👍", native)
    assert dict((await lab.kit.reads(lab.ada, "hello")).reactions) == {"👍": 1}
    await pywa.remove_reaction(lab.ada, native)
    assert (await lab.kit.reads(lab.ada, "hello")).reactions == {}
    assert await pywa.mark_message_as_read(native)
    assert lab.server.world.chats[lab.ada].messages[native].read


async def test_the_client_sends_files_through_our_emulator(lab: Lab, pywa: Pywa) -> None:
    picture = samples.upload(Kind.IMAGE, "a picture")
    await pywa.send_image(lab.ada, picture.data, caption="a caption", mime_type="image/png")
    shown = await lab.kit.reads(lab.ada, "a caption")
    assert [one.data for one in shown.files] == [picture.data]
    (stored,) = lab.server.world.files.values()
    found = await pywa.get_media_url(stored.id)
    assert (found.mime_type, found.file_size) == ("image/png", len(picture.data))
    assert await found.get_bytes() == picture.data


@pytest.mark.parametrize(
    ("ask", "error"),
    [
        (lambda pywa, _: pywa.send_message("UA.1", "hello"), errors.MessageUndeliverable),
        (lambda pywa, ada: pywa.send_message(ada, "x" * 4097), errors.WhatsAppError),
        (lambda pywa, ada: pywa.send_image(ada, "77", caption="x"), errors.InvalidParameter),
        (lambda pywa, ada: pywa.send_template(ada, "nobody", TemplateLanguage.ENGLISH_US, []),
         errors.TemplateNotExists),
    ],
)  # fmt: skip
async def test_our_emulators_errors_are_the_clients(
    lab: Lab, pywa: Pywa, ask: Callable[[Pywa, str], Coroutine[Any, Any, Any]], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await ask(pywa, lab.ada)


async def test_a_closed_window_is_the_clients_too(lab_with: Labs, clock: HandClock) -> None:
    async with lab_with(clock=clock) as lab, client(lab.server) as pywa:
        await clock.turn(24 * 3600 + 1)
        with pytest.raises(errors.ReEngagementMessage):
            await pywa.send_message(lab.ada, "too late")
        with pytest.raises(RoomClosed):
            await lab.run.send("too late")


# What our emulator tells.


def updates(lab: Lab) -> list[RawUpdate]:
    """Every change of every call, one by one: the client reads only the first of each."""
    found = []
    for call in lab.door.calls:
        if call.method == "POST":
            assert utils.webhook_updates_validator(SECRET, call.body, call.headers["x-hub-signature-256"])
            body = json.loads(call.body)
            for change in body["entry"][0]["changes"]:
                one = {**body, "entry": [{**body["entry"][0], "changes": [change]}]}
                found.append(RawUpdate(json.dumps(one).encode(), hmac_header=None, update_hash=str(len(found))))
    return found


def messages(lab: Lab, pywa: Pywa) -> list[Message]:
    found = []
    for update in updates(lab):
        value = update["entry"][0]["changes"][0]["value"]
        if value.get("messages") and value["messages"][0]["type"] not in {"edit", "revoke"}:
            found.append(Message.from_update(pywa, update))
    return found


async def test_the_client_reads_every_message_of_our_emulator_as_we_do(lab: Lab, pywa: Pywa) -> None:
    native, _ = await lab.run.hears("hello *there*")
    for kind in samples.OF_KIND:
        await lab.server.send_files(lab.ada, "Ada", [samples.upload(kind, f"a {kind}")])
    await lab.server.share_spot(lab.ada, "Ada", Spot(latitude=50.45, longitude=30.52, title="Office"))
    await lab.server.share_card(lab.ada, "Ada", HeldCard(name="Ivan", phone="+38067"))
    await lab.server.react(lab.ada, "Ada", native, "👍")
    await lab.server.say(lab.ada, "Ada", said("the end"), in_reply_to=native)
    await lab.run.published("the end")
    read = messages(lab, pywa)
    kinds = (
        "text",
        "image",
        "sticker",
        "video",
        "audio",
        "audio",
        "document",
        "location",
        "contacts",
        "reaction",
        "text",
    )
    assert [one.type for one in read] == [MessageType(kind) for kind in kinds]
    heard = [event for event in lab.kit.host.events if isinstance(event, Posted | Reacted)]
    assert [one.from_user.bsuid for one in read] == [str(_who(event)) for event in heard]
    ours = [event for event in heard if isinstance(event, Posted)]
    theirs = [one for one in read if one.type is not MessageType.REACTION]
    assert [(one.id, one.timestamp) for one in theirs] == [(event.message[0], event.at) for event in ours]
    assert [one.media.id for one in theirs if one.media] == [
        one.source for event in ours for one in event.attachments if one.source
    ]
    assert theirs[-1].reply_to_message is not None
    assert theirs[-1].reply_to_message.message_id == ours[-1].in_reply_to == native


def _who(event: Posted | Reacted) -> str:
    return event.author.id if isinstance(event, Posted) else event.by.id


async def test_the_client_reads_what_became_of_our_messages(lab: Lab, pywa: Pywa) -> None:
    (ident,) = await lab.run.send("hello")
    lab.server.read(lab.ada, ident)
    await lab.run.hears("the end")
    states = [MessageStatus.from_update(pywa, one) for one in updates(lab) if "statuses" in one.value]
    assert [(one.id, one.status.value) for one in states] == [
        (ident, state) for state in ("sent", "delivered", "read")
    ]  # fmt: skip
    assert {one.from_user.bsuid for one in states} == {lab.ada}
    assert all(one.tracker == bodies(lab)[0]["biz_opaque_callback_data"] for one in states)


async def test_the_client_reads_edits_deletions_and_failures(lab_with: Labs, clock: HandClock) -> None:
    switches = Switches(coexists="yes", late=frozenset({131047}))
    async with lab_with(switches, clock=clock) as lab, client(lab.server) as pywa:
        native, _ = await lab.run.hears("helo")
        await lab.server.edit(lab.ada, "Ada", native, said("hello"))
        await lab.server.delete(lab.ada, "Ada", native)
        await clock.turn(25 * 3600)
        await lab.run.send("too late")
        await lab.run.hears("the end")
        _, edit, revoke, failed, _ = updates(lab)
        edited = EditedMessage.from_update(pywa, edit)
        assert (edited.original_message_id, edited.message.text) == (native, "hello")
        assert DeletedMessage.from_update(pywa, revoke).original_message_id == native
        status = MessageStatus.from_update(pywa, failed)
        assert isinstance(status.error, errors.ReEngagementMessage)


# What our connector writes.


def compared(ours: Json, theirs: Json) -> None:
    """The same but for the key, which the client has no part in."""
    assert {name: value for name, value in ours.items() if name != "biz_opaque_callback_data"} == theirs


async def test_we_write_what_the_client_writes(lab: Lab, pywa: Pywa) -> None:
    native, event = await lab.run.hears("hello")
    answered = Target(room=event.room, parts=event.message)
    await lab.run.send("hello, Ada", in_reply_to=answered)
    await pywa.send_message(lab.ada, "hello, Ada", reply_to_message_id=native)
    place = Location(latitude=50.45, longitude=30.52, title="Office", address="Khreshchatyk 1")
    await lab.run.send((), shared=(Attachment(kind=Kind.LOCATION, location=place),))
    await pywa.send_location(lab.ada, 50.45, 30.52, name="Office", address="Khreshchatyk 1")
    await lab.run.send((), shared=(Attachment(kind=Kind.CONTACT, contact=Card(name="Ivan", phone="+38067")),))
    card = Contact(name=Contact.Name("Ivan", first_name="Ivan"), phones=[Contact.Phone(phone="+38067", type="CELL")])
    await pywa.send_contact(lab.ada, card)
    template = Template(name="come_back", language="en_US", parameters=("Ada",))
    await lab.run.send("come back", template=template)
    await pywa.send_template(lab.ada, "come_back", TemplateLanguage.ENGLISH_US, [BodyText.params("Ada")])
    for ours, theirs in zip(bodies(lab)[::2], bodies(lab)[1::2], strict=True):
        compared(_bare(ours), _bare(theirs))


async def test_we_react_and_mark_as_the_client_does(lab: Lab, pywa: Pywa) -> None:
    native, event = await lab.run.hears("hello")
    target = Target(room=event.room, parts=(MessageId(native),))
    for wanted in (("👍",), ()):
        await lab.connector.react(Reaction(target=target, emoji="👍", wanted=wanted, key=lab.kit.key()))
    await lab.connector.mark_read(target)
    await pywa.send_reaction(lab.ada, "👍", native)
    await pywa.remove_reaction(lab.ada, native)
    await pywa.mark_message_as_read(native)
    ours, theirs = bodies(lab)[:3], bodies(lab)[3:]
    for mine, other in zip(ours, theirs, strict=True):
        compared(mine, other)


@pytest.mark.parametrize("kind", [Kind.IMAGE, Kind.VIDEO, Kind.AUDIO, Kind.VOICE, Kind.STICKER, Kind.FILE])
async def test_we_send_files_as_the_client_does(lab: Lab, pywa: Pywa, kind: Kind) -> None:
    file = lab.kit.host.keep(samples.upload(kind, f"a {kind}"))
    await lab.run.send(said("words") if kind in {Kind.IMAGE, Kind.VIDEO, Kind.FILE} else (), files=(file,))
    (stored,) = lab.server.world.files
    match kind:
        case Kind.IMAGE:
            await pywa.send_image(lab.ada, stored, caption="words")
        case Kind.VIDEO:
            await pywa.send_video(lab.ada, stored, caption="words")
        case Kind.FILE:
            await pywa.send_document(lab.ada, stored, filename=file.name, caption="words")
        case Kind.STICKER:
            await pywa.send_sticker(lab.ada, stored)
        case _:
            await pywa.send_audio(lab.ada, stored, is_voice=True if kind is Kind.VOICE else None)
    ours, theirs = bodies(lab)
    compared(ours, theirs)


def _bare(body: Json) -> Json:
    """Without what the client leaves empty; it writes the names of a template's parts in capitals."""

    def full(one: Json) -> Json:
        found = {name: value for name, value in one.items() if value not in (None, [])}
        return {**found, "type": found["type"].lower()} if "parameters" in found else found

    cleaned: Json = json.loads(json.dumps(body), object_hook=full)
    return cleaned
