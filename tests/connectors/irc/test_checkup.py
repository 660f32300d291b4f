"""What the doctor hears of an account on IRC: its nick, who may take it, whether anybody reads along."""

from collections.abc import Mapping
from typing import Any

import pytest

from bridge import Grade
from connectors.irc.checkup import bracketed, examined
from connectors.irc.config import IrcConfig
from connectors.irc.server import Server
from connectors.irc.wire import tokens

SASL = {"sasl_user": "bridge", "sasl_password": "canary"}


def server(offered: str = "sasl=PLAIN echo-message") -> Server:
    made = Server()
    made.offer(offered)
    for line in tokens(
        [b":irc.test 004 me irc.test ngircd-26.1 abc def", b":irc.test 005 me NETWORK=Test :ok"], "ascii"
    ):
        (made.introduced if line.command == "004" else made.supports)(line)
    return made


@pytest.mark.parametrize(
    ("more", "nick", "offered", "wrong"),
    [
        (SASL, "Bridge", "sasl", []),
        ({}, "bridge", "", []),
        ({}, "bridge", "sasl", ["sasl_user"]),
        (SASL, "bridge_", "sasl", ["nick"]),
        ({"verify": "none", "server": "ircs://irc.test", **SASL}, "bridge", "sasl", ["verify"]),
        ({"verify": "none", **SASL}, "bridge", "sasl", []),
    ],
)
def test_an_account(more: Mapping[str, Any], nick: str, offered: str, wrong: list[str]) -> None:
    config = IrcConfig.model_validate({"connector": "irc", "server": "irc://irc.test", "nick": "bridge", **more})
    about, *found = examined(config, server(offered), nick)
    assert (about.grade, about.what) == (Grade.NOTE, "Test runs ngircd-26.1")
    assert [one.where for one in found] == wrong
    assert all(one.remedy for one in found)


def test_hosts_in_addresses() -> None:
    assert (bracketed("::1"), bracketed("irc.test")) == ("[::1]", "irc.test")
