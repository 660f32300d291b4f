"""`registration`: the file a platform's server has to read, made from the account's own settings."""

from pathlib import Path

import pytest
import yaml

from tests.bridge.cli.program import qantara

AS, HS = "a" * 40, "h" * 40
FILE = f"""
http: {{listen: "127.0.0.1:8980"%s}}
accounts:
  home: {{connector: matrix-appservice, homeserver: "http://127.0.0.1:8008", user: "@qantara:example.org", token: {AS},
          homeserver_token: {HS}%s}}
  here: {{connector: console}}
links:
  lobby: {{rooms: ["home/#lobby:example.org", here/terminal]}}
"""


@pytest.mark.parametrize(
    ("public", "address", "url"),
    [
        ("", "", "http://127.0.0.1:8980/in/home"),
        (', public_url: "https://bridge.example.org"', "", "https://bridge.example.org/in/home"),
        ("", ', address: "http://bridge:80/in/home"', "http://bridge:80/in/home"),
    ],
)
async def test_it_says_what_the_homeserver_has_to_know(tmp_path: Path, public: str, address: str, url: str) -> None:
    (tmp_path / "config.yaml").write_text(FILE % (public, address))
    done = await qantara("registration", "home", cwd=tmp_path)
    assert (done.status, done.err) == (0, "")
    assert "app_service_config_files" in done.out
    path = tmp_path / "home-registration.yaml"
    assert path.stat().st_mode & 0o777 == 0o600
    assert yaml.safe_load(path.read_text()) == {
        "id": "qantara-home", "url": url, "as_token": AS, "hs_token": HS, "sender_localpart": "qantara",
        "rate_limited": False,
        "namespaces": {
            "users": [{"exclusive": True, "regex": r"@qantara_[0-9a-z]{6}_[0-9]+:example\.org"}],
            "aliases": [], "rooms": [],
        },
    }  # fmt: skip
    assert AS not in done.out


@pytest.mark.parametrize(
    ("account", "status", "why"), [("here", 1, "need no registration"), ("nowhere", 2, "there are here, home")]
)
async def test_what_needs_none_says_so(tmp_path: Path, account: str, status: int, why: str) -> None:
    (tmp_path / "config.yaml").write_text(FILE % ("", ""))
    done = await qantara("registration", account, cwd=tmp_path)
    assert done.status == status
    assert why in done.err


async def test_without_a_web_server_there_is_nothing_to_reach(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text((FILE % ("", "")).replace("http:", "# http:", 1))
    done = await qantara("registration", "home", cwd=tmp_path)
    assert done.status == 2
    assert "add the part `http`" in done.err
