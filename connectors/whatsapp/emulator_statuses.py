"""What the emulated WhatsApp tells of our messages: taken, delivered, read, or failed after all."""

from connectors.whatsapp.emulator_world import Chat, Json, Message, Person, World

_ORIGIN = {"id": "7270432eae", "origin": {"type": "service"}}
_PRICE = {"billable": False, "pricing_model": "PMP", "category": "service", "type": "free_customer_service"}


def settle(world: World, chat: Chat, message: Message) -> None:
    """All that is told of a message which arrives; of a reaction only that it was taken."""
    _tell(world, chat, message, "sent")
    if message.type != "reaction":
        _tell(world, chat, message, "delivered")


def read(world: World, chat: Chat, message: Message) -> None:
    """Whoever it is for has looked."""
    message.read = True
    _tell(world, chat, message, "read")


def fail(world: World, chat: Chat, message: Message, error: Json) -> None:
    """It was accepted, and does not arrive."""
    _tell(world, chat, message, "failed", error)


def _tell(world: World, chat: Chat, message: Message, state: str, error: Json | None = None) -> None:
    base: Json = {"id": message.id, "status": state, "timestamp": world.stamp()}
    if message.key:
        base["biz_opaque_callback_data"] = message.key
    base |= {"errors": [error]} if error else {"conversation": _ORIGIN, "pricing": _PRICE}
    people = list(chat.members.values())
    statuses = [base | (_for_member(chat, one) if chat.is_group else _for_person(world, one)) for one in people]
    silent = error is not None and world.switches.failed_contacts == "left out"
    contacts = {} if silent else {"contacts": [world.contact(one) for one in people]}
    world.tell_change("messages", **contacts, statuses=statuses)


def _for_person(world: World, person: Person) -> Json:
    """The phone number is left out where it is hidden."""
    shown = world.ids(person).get("wa_id")
    return {**({"recipient_id": shown} if shown else {}), "recipient_user_id": person.bsuid}


def _for_member(chat: Chat, person: Person) -> Json:
    return {
        "recipient_id": chat.id, "recipient_type": "group", "recipient_participant_id": person.phone,
        "recipient_participant_user_id": person.bsuid,
    }  # fmt: skip
