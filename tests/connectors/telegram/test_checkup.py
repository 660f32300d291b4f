"""What the doctor hears of a Telegram bot: each thing that is wrong, with the way out."""

from pathlib import Path

import aiohttp
import pytest
import yaml
from telegram import WebhookInfo

from bridge import Grade, RoomInfo
from bridge.cli.probe import probe_all
from bridge.config import parse
from bridge.registry import installed
from connectors.telegram import checkup
from connectors.telegram.emulator import TelegramEmulator
from connectors.telegram.membership import PRIVACY

OURS = "https://bridge.example.org/in/tg"


def info(url: str = OURS, waiting: int = 0, error: str | None = None) -> WebhookInfo:
    return WebhookInfo(url=url, has_custom_certificate=False, pending_update_count=waiting, last_error_message=error)


@pytest.mark.parametrize(
    ("known", "words", "grade"),
    [
        (info(), "", None),
        (info(waiting=100), "", None),
        (info(error="Connection timed out"), "", None),  # it was so once, and is over: nothing waits
        (info(waiting=101), "101 updates wait", Grade.WARNING),
        (info(waiting=3, error="Wrong response: 502"), "(3 wait): Wrong response: 502", Grade.FAULT),
        (info(""), "calls nobody for this bot", Grade.FAULT),
        (info("https://other.example.org/canary"), "calls https://other.example.org for this bot", Grade.FAULT),
    ],
)
def test_calls_of_telegram(known: WebhookInfo, words: str, grade: Grade | None) -> None:
    found = list(checkup.webhook(known, OURS))
    assert len(found) == bool(words)
    assert not words or (words in found[0].what and found[0].remedy and found[0].grade is grade)
    assert "canary" not in repr(found)


def test_a_webhook_of_another_program() -> None:
    assert checkup.foreign(OURS, OURS) == checkup.foreign("", OURS) == ""
    assert list(checkup.polling("")) == []
    (found,) = checkup.polling(checkup.foreign("https://user:canary@other.example.org/canary", OURS))
    assert "https://other.example.org" in found.what
    assert "canary" not in repr(found)


def test_what_is_not_seen_in_rooms() -> None:
    rooms = [RoomInfo(name="-1", title="A"), RoomInfo(name="-2", title="B", note=PRIVACY)]
    (found,) = checkup.rooms(rooms)
    assert (found.grade, found.where) == (Grade.FAULT, "room -2")


async def _told(server: TelegramEmulator, method: str, **fields: str) -> None:
    """What another program with the same token asks of Telegram."""
    url = f"{server.settings()['api_url']}/bot{server.token}/{method}"
    async with aiohttp.ClientSession() as session, session.post(url, json=fields) as answer:
        assert (await answer.json())["ok"]


@pytest.mark.parametrize("mode", ["polling", "webhook"])
async def test_a_check_leaves_the_webhook_of_another_program_and_what_waits_alone(
    mode: str, server: TelegramEmulator, tmp_path: Path
) -> None:
    accounts = {"tg": {**server.settings(), "mode": mode}}
    http = {"public_url": "https://bridge.example.org"}
    text = yaml.safe_dump({"accounts": accounts, "http": http, "links": {}})
    config = parse(text, name="config.yaml", environ={}, connectors=installed(), base=tmp_path)
    await _told(server, "setWebhook", url="https://127.0.0.1:9/other")
    waiting = server.world.pending.copy()
    before = len(server.calls)
    (report,) = await probe_all(config, installed(), None)
    assert not report.faults
    assert any("https://127.0.0.1:9 for this bot" in one.what for one in report.findings)
    assert server.world.pending == waiting
    asked = {call.method for call in server.calls[before:]}
    assert "getme" in asked
    assert not asked & {"setwebhook", "deletewebhook", "getupdates"}
