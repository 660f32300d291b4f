"""The emulator is as strict as the real one: facts/platform-apis.md 4.7."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from bridge.testing.clock import HandClock
from bridge.text.nodes import said
from connectors.telegram.emulator import CHANNEL, FORUM, TOPIC, TOWN, TelegramEmulator
from connectors.telegram.emulator_files import Stored
from connectors.telegram.emulator_rules import Limits
from connectors.telegram.emulator_world import Status

Json = dict[str, Any]


class Bot:
    """A bare client of the Bot API."""

    def __init__(self, session: aiohttp.ClientSession, server: TelegramEmulator) -> None:
        self.session = session
        self.server = server

    async def call(self, method: str, token: str = "", **fields: object) -> Json:
        url = f"{self.server.settings()['api_url']}/bot{token or self.server.token}/{method}"
        async with self.session.post(url, json=fields) as answer:
            body = dict(await answer.json())
            assert answer.status == (200 if body["ok"] else body["error_code"])
            return body


@pytest.fixture
async def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def strict(clock: HandClock) -> AsyncIterator[TelegramEmulator]:
    async with TelegramEmulator(clock=clock) as emulator:
        yield emulator


@pytest.fixture
async def bot(strict: TelegramEmulator) -> AsyncIterator[Bot]:
    async with aiohttp.ClientSession() as session:
        yield Bot(session, strict)


BAD = "Bad Request: "
TEXT: Json = {"chat_id": TOWN, "text": "hello"}
REFUSED: list[tuple[str, Json, int, str]] = [
    ("nonsense", {}, 404, "Not Found: method not found"),
    ("sendMessage", {"text": "x"}, 400, BAD + "chat_id is empty"),
    ("sendMessage", {"chat_id": -5, "text": "x"}, 400, BAD + "chat not found"),
    ("sendMessage", {"chat_id": TOWN}, 400, BAD + "message text is empty"),
    ("sendMessage", {**TEXT, "text": " \n "}, 400, BAD + "message text is empty"),
    ("sendMessage", {**TEXT, "text": "😀" * 2049}, 400, BAD + "message is too long"),
    ("sendMessage", {**TEXT, "message_thread_id": 3}, 400, BAD + "message thread not found"),
    ("sendMessage", {**TEXT, "message_thread_id": "x"}, 400, BAD + "can't parse message_thread_id"),
    ("sendMessage", {**TEXT, "reply_parameters": {"message_id": 9}}, 400, BAD + "message to be replied not found"),
    ("sendMessage", {**TEXT, "entities": 5}, 400, BAD + "can't parse entities"),
    ("sendMessage", {**TEXT, "entities": [{"type": "bold"}]}, 400, BAD + "can't parse entities"),
    ("sendMessage", {**TEXT, "entities": [{"type": "x", "offset": 0, "length": 1}]}, 400, BAD + "can't parse"),
    ("sendMessage", {**TEXT, "entities": [{"type": "bold", "offset": 3, "length": 9}]}, 400, BAD + "ENTITY_BOUNDS"),
    ("sendMessage", {**TEXT, "text": "😀", "entities": [{"type": "bold", "offset": 1, "length": 1}]}, 400, BAD + "ENT"),
    ("sendMessage", {**TEXT, "parse_mode": "HTML"}, 400, BAD + "unsupported parse_mode"),
    ("sendPhoto", {"chat_id": TOWN}, 400, BAD + "there is no photo in the request"),
    ("sendPhoto", {"chat_id": TOWN, "photo": "F", "caption": "x" * 1025}, 400, BAD + "message caption is too long"),
    ("sendChatAction", {"chat_id": TOWN}, 400, BAD + "wrong parameter action"),
    ("editMessageText", {**TEXT, "message_id": 99}, 400, BAD + "message to edit not found"),
    ("editMessageText", TEXT, 400, BAD + "message identifier is not specified"),
    ("editMessageText", {**TEXT, "message_id": 1}, 400, BAD + "message can't be edited"),
    ("deleteMessage", {"chat_id": TOWN, "message_id": 99}, 400, BAD + "message to delete not found"),
    ("deleteMessages", {"chat_id": TOWN, "message_ids": []}, 400, BAD + "message identifiers are not specified"),
    ("setMessageReaction", {"chat_id": TOWN, "message_id": 99}, 400, BAD + "message to react not found"),
    (
        "setMessageReaction",
        {"chat_id": TOWN, "message_id": 1, "reaction": [{"type": "emoji", "emoji": "🦊"}]},
        400,
        BAD + "REACTION_INVALID",
    ),
    (
        "setMessageReaction",
        {"chat_id": TOWN, "message_id": 1, "reaction": [{"type": "emoji", "emoji": "👍"}] * 2},
        400,
        BAD + "REACTIONS_TOO_MANY",
    ),
    ("createForumTopic", {"chat_id": TOWN, "name": "x"}, 400, BAD + "the chat is not a forum"),
    ("createForumTopic", {"chat_id": FORUM, "name": "x" * 129}, 400, BAD + "TOPIC_TITLE_EMPTY"),
    ("getChatMember", {"chat_id": TOWN, "user_id": 1}, 400, BAD + "member not found"),
    ("setWebhook", {"url": "http://example.org/"}, 400, BAD + "bad webhook: An HTTPS URL must be provided"),
    ("setWebhook", {"url": "ftp://example.org/"}, 400, BAD + "bad webhook: invalid"),
    ("setWebhook", {"url": "https://127.0.0.1:9/", "secret_token": "a b"}, 400, BAD + "secret token contains"),
    ("setWebhook", {"url": "https://127.0.0.1:9/", "secret_token": "a" * 257}, 400, BAD + "secret token is too long"),
]


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row[0])
async def test_a_wrong_call_is_refused_in_the_servers_words(
    bot: Bot, strict: TelegramEmulator, row: tuple[str, Json, int, str]
) -> None:
    method, fields, code, description = row
    await strict.say(str(TOWN), "Ada", said("hers"))
    answer = await bot.call(method, **fields)
    assert (answer["ok"], answer["error_code"]) == (False, code)
    assert answer["description"].startswith(description)


async def test_the_token_is_checked(bot: Bot) -> None:
    assert (await bot.call("getMe", token="1:other"))["description"] == "Unauthorized"
    assert (await bot.call("getMe", token="nonsense"))["description"] == "Unauthorized: invalid token specified"
    assert (await bot.call("GETME"))["result"]["is_bot"] is True


PLACES = [
    (TOWN, Status.KICKED, 403, "Forbidden: bot was kicked from the supergroup chat"),
    (TOWN, Status.LEFT, 403, "Forbidden: bot is not a member of the supergroup chat"),
    (TOWN, Status.RESTRICTED, 400, BAD + "not enough rights to send text messages to the chat"),
    (CHANNEL, Status.MEMBER, 400, BAD + "need administrator rights in the channel chat"),
    (CHANNEL, Status.KICKED, 403, "Forbidden: bot was kicked from the channel chat"),
]


@pytest.mark.parametrize("row", PLACES, ids=lambda row: row[3])
async def test_membership_and_rights_are_checked(
    bot: Bot, strict: TelegramEmulator, row: tuple[int, Status, int, str]
) -> None:
    chat, status, code, description = row
    strict.world.chats[chat].bot = status
    answer = await bot.call("sendMessage", chat_id=chat, text="x")
    assert (answer["error_code"], answer["description"]) == (code, description)


async def test_deleted_and_migrated_groups_are_gone(bot: Bot, strict: TelegramEmulator) -> None:
    strict.world.chats[TOWN].deleted = True
    assert (await bot.call("sendMessage", **TEXT))["description"] == "Forbidden: the group chat was deleted"
    strict.world.chats[TOWN].migrated_to = -1007
    assert (await bot.call("sendMessage", **TEXT))["parameters"] == {"migrate_to_chat_id": -1007}


async def test_rates_are_the_real_ones_and_name_the_wait(bot: Bot, clock: HandClock) -> None:
    answers = [await bot.call("sendMessage", **TEXT) for _ in range(6)]
    assert [answer["ok"] for answer in answers] == [True] * 5 + [False]
    wait = answers[-1]["parameters"]["retry_after"]
    assert answers[-1]["description"] == f"Too Many Requests: retry after {wait}"
    await clock.turn(wait)
    for _ in range(15):
        assert (await bot.call("sendMessage", **TEXT))["ok"]
        await clock.turn(1)
    full = await bot.call("sendMessage", **TEXT)
    assert full["error_code"] == 429
    await clock.turn(full["parameters"]["retry_after"])
    assert (await bot.call("sendMessage", **TEXT))["ok"]


async def test_thirty_messages_a_second_are_the_accounts_limit(clock: HandClock) -> None:
    limits = Limits(room_per_second=0, group_per_minute=0)
    async with TelegramEmulator(limits=limits, clock=clock) as server, aiohttp.ClientSession() as session:
        bot = Bot(session, server)
        answers = [await bot.call("sendMessage", **TEXT) for _ in range(31)]
        assert [answer["ok"] for answer in answers] == [True] * 30 + [False]
        assert answers[-1]["parameters"] == {"retry_after": 1 + 1}


async def test_a_message_is_deleted_within_48_hours(bot: Bot, clock: HandClock, strict: TelegramEmulator) -> None:
    sent = (await bot.call("sendMessage", **TEXT))["result"]["message_id"]
    await clock.turn(48 * 3600)
    answer = await bot.call("deleteMessage", chat_id=TOWN, message_id=sent)
    assert answer["description"] == BAD + "message can't be deleted"
    young = (await bot.call("sendMessage", **TEXT))["result"]["message_id"]
    assert (await bot.call("deleteMessages", chat_id=TOWN, message_ids=[young, 4711]))["ok"]
    assert [shown.id for shown in await strict.shown(str(TOWN))] == [str(sent)]


async def test_an_unchanged_edit_says_so(bot: Bot) -> None:
    sent = (await bot.call("sendMessage", **TEXT))["result"]["message_id"]
    answer = await bot.call("editMessageText", message_id=sent, **TEXT)
    assert answer["description"].startswith(BAD + "message is not modified: specified new message content")
    assert (await bot.call("editMessageText", message_id=sent, chat_id=TOWN, text="other"))["result"]["edit_date"]


async def test_updates_wait_for_their_offset_and_no_longer_than_a_day(
    bot: Bot, strict: TelegramEmulator, clock: HandClock
) -> None:
    for words in ("one", "two", "three"):
        await strict.say(str(TOWN), "Ada", said(words))
    first, second, third = (await bot.call("getUpdates"))["result"]
    assert (await bot.call("getUpdates"))["result"] == [first, second, third]
    assert (await bot.call("getUpdates", limit=1))["result"] == [first]
    assert (await bot.call("getUpdates", offset=second["update_id"]))["result"] == [second, third]
    assert (await bot.call("getUpdates", offset=-1))["result"] == [third]
    assert (await bot.call("getUpdates"))["result"] == [third]
    await clock.turn(24 * 3600)
    assert (await bot.call("getUpdates"))["result"] == []


async def test_reactions_must_be_asked_for_and_need_an_administrator(bot: Bot, strict: TelegramEmulator) -> None:
    room = str(TOWN)
    message = await strict.say(room, "Ada", said("one"))
    await strict.react(room, "Ada", message, "👍")
    (only,) = (await bot.call("getUpdates"))["result"]
    assert "message" in only
    await bot.call("getUpdates", allowed_updates=["message_reaction"], offset=only["update_id"] + 1)
    await strict.unreact(room, "Ada", message, "👍")
    await strict.say(room, "Ada", said("unheard"))
    (reaction,) = (await bot.call("getUpdates"))["result"]
    assert reaction["message_reaction"]["old_reaction"] == [{"type": "emoji", "emoji": "👍"}]
    strict.world.chats[TOWN].bot = Status.MEMBER
    await strict.react(room, "Ada", message, "👍")
    assert (await bot.call("getUpdates"))["result"] == [reaction]


async def test_privacy_mode_hides_all_but_commands_mentions_and_replies(bot: Bot, strict: TelegramEmulator) -> None:
    strict.world.reads_everything = False
    strict.world.chats[TOWN].bot = Status.MEMBER
    ours = (await bot.call("sendMessage", **TEXT))["result"]["message_id"]
    for words in ("hidden", "/start", f"hi @{strict.world.bot['username']}"):
        await strict.say(str(TOWN), "Ada", said(words))
    await strict.say(str(TOWN), "Ada", said("a reply"), in_reply_to=str(ours))
    heard = [one["message"]["text"] for one in (await bot.call("getUpdates"))["result"]]
    assert heard == ["/start", f"hi @{strict.world.bot['username']}", "a reply"]


async def test_forms_are_read_as_json_is(bot: Bot, strict: TelegramEmulator) -> None:
    url = f"{strict.settings()['api_url']}/bot{strict.token}/sendMessage"
    form = {"chat_id": "@town_square", "text": "[x]", "entities": '[{"type":"bold","offset":0,"length":1}]'}
    async with bot.session.post(url, data=form) as answer:
        result = (await answer.json())["result"]
    assert (result["text"], result["entities"]) == ("[x]", [{"type": "bold", "offset": 0, "length": 1}])
    async with bot.session.post(url, data={**form, "entities": "[{"}) as answer:
        assert answer.status == 400


async def test_a_topic_can_be_made_and_written_in(bot: Bot, strict: TelegramEmulator) -> None:
    made = (await bot.call("createForumTopic", chat_id=FORUM, name="Tulips"))["result"]["message_thread_id"]
    sent = await bot.call("sendMessage", chat_id=FORUM, text="x", message_thread_id=made)
    assert sent["result"]["message_thread_id"] == made
    assert [shown.text for shown in await strict.shown(f"{FORUM}/{made}")] == ["x"]
    assert list(await strict.shown(f"{FORUM}/{TOPIC}")) == []


async def test_a_bot_that_left_is_outside(bot: Bot) -> None:
    assert (await bot.call("leaveChat", chat_id=TOWN))["ok"]
    assert (await bot.call("getChat", chat_id=TOWN))["error_code"] == 403
    assert (await bot.call("getChatMember", chat_id=TOWN, user_id=999000111))["result"]["status"] == "left"


async def test_administrators_are_listed(bot: Bot) -> None:
    (admin,) = (await bot.call("getChatAdministrators", chat_id=TOWN))["result"]
    assert admin["status"] == "administrator"


async def test_a_webhook_excludes_polling(bot: Bot) -> None:
    assert (await bot.call("setWebhook", url="https://127.0.0.1:9/"))["ok"]
    assert (await bot.call("getWebhookInfo"))["result"]["url"] == "https://127.0.0.1:9/"
    answer = await bot.call("getUpdates")
    assert answer["error_code"] == 409
    assert answer["description"].startswith("Conflict: can't use getUpdates method while webhook is active")
    await bot.call("deleteWebhook")
    assert (await bot.call("getUpdates"))["ok"]


async def test_a_person_edits_only_what_is_theirs(strict: TelegramEmulator) -> None:
    message = await strict.say(str(TOWN), "Ada", said("mine"))
    with pytest.raises(ValueError, match="did not write"):
        await strict.edit(str(TOWN), "Grace", message, said("mine now"))
    with pytest.raises(NotImplementedError):
        await strict.react(str(TOWN), "Ada", message, "🦊")


async def test_other_calls_are_answered_as_they_are(bot: Bot, strict: TelegramEmulator) -> None:
    name = strict.server.files.keep(Stored("photo", "a.jpg", "image/jpeg", b"x"))
    photo = await bot.call("sendPhoto", chat_id=TOWN, photo=name, caption="look")
    assert photo["result"]["caption"] == "look"
    assert (await bot.call("sendChatAction", chat_id=TOWN, action="typing"))["result"] is True
    ada = strict.world.person("Ada")
    assert (await bot.call("getChatMember", chat_id=TOWN, user_id=ada["id"]))["result"]["user"] == ada
    assert (await bot.call("sendMessage", **TEXT, reply_parameters=[1]))["error_code"] == 400


async def test_a_body_that_is_no_json_is_refused(bot: Bot, strict: TelegramEmulator) -> None:
    url = f"{strict.settings()['api_url']}/bot{strict.token}/getMe"
    async with bot.session.post(url, data=b"{", headers={"Content-Type": "application/json"}) as answer:
        assert (answer.status, (await answer.json())["description"]) == (400, BAD + "can't parse JSON object")


async def test_a_bot_outside_hears_nothing(bot: Bot, strict: TelegramEmulator) -> None:
    strict.world.chats[TOWN].bot = Status.LEFT
    await strict.say(str(TOWN), "Ada", said("among us"))
    assert (await bot.call("getUpdates"))["result"] == []
