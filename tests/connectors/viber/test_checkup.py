"""What a check of a Viber account says and leaves alone."""

from pathlib import Path

import yaml

from bridge.cli.probe import Report, online, probe
from bridge.cli.rooms import _listed
from bridge.config import parse
from bridge.ids import AccountName
from bridge.registry import installed
from connectors.viber.emulator import ViberChannelEmulator, ViberEmulator

VB = AccountName("vb")


def config(server: ViberEmulator | ViberChannelEmulator, path: Path, **more: object):  # noqa: ANN201
    settings = {
        "http": {"listen": "127.0.0.1:8980", "public_url": "https://bridge.example.org"},
        "accounts": {"vb": {**server.settings(), **more}, "here": {"connector": "console"}},
        "links": {"news": {"from": ["here/terminal"], "to": [f"vb/{server.rooms[0]}"]}},
    }
    return parse(yaml.safe_dump(settings), name="config.yaml", environ={}, connectors=installed(), base=path)


async def test_a_check_asks_who_we_are_and_changes_nothing(tmp_path: Path) -> None:
    async with ViberChannelEmulator() as server:
        report = await probe(config(server, tmp_path), VB, installed(), None)
        assert not report.faults, report
        assert {call.method for call in server.calls} == {"get_account_info"}


async def test_a_wrong_token_is_told(tmp_path: Path) -> None:
    async with ViberEmulator() as server:
        report = await probe(config(server, tmp_path, token="1a" * 10), VB, installed(), None)
        assert "the token is refused" in " ".join(report.faults)


async def test_the_channel_is_listed_by_its_name(tmp_path: Path) -> None:
    async with (
        ViberChannelEmulator() as server,
        online(config(server, tmp_path), VB, installed(), None, Report(VB)) as connector,
    ):
        assert connector is not None
        assert [(one.name, one.title, one.kind) for one in await connector.rooms()] == [
            ("townnews", "Town News", "channel")
        ]


async def test_of_people_there_is_no_list(tmp_path: Path) -> None:
    async with ViberEmulator() as server:
        found = await _listed(config(server, tmp_path), VB)
        assert found == "this connector cannot list rooms: name the room in the configuration"
