"""Every rule of the configuration, broken once: the line, the path and the sentence an operator reads."""

import pytest

from bridge.config import ConfigError
from bridge.config.faults import did_you_mean, dotted, listed, shown
from tests.bridge.config.examples import SMALL, account, faults, read

ONE = [
    ("an empty file", "", "1  is empty: it needs at least `accounts`"),
    ("only a comment", "# nothing\n", "1  is empty: it needs at least `accounts`"),
    ("a list", "- a\n", '1  must be a mapping: "accounts:", "links:" and so on'),
    ("a word", "hello", '1  must be a mapping: "accounts:", "links:" and so on'),
    ("no account", "accounts: {}\n", "1  accounts  needs at least one account"),
    ("accounts as a list", "accounts: [a]\n", '1  accounts  must be a mapping of "name: value" lines'),
    ("accounts empty", "accounts:\n", '1  accounts  is empty, but must be a mapping of "name: value" lines'),
    ("an account empty", "accounts:\n  a:\n", '2  accounts.a  is empty, but must be a mapping of "name: value" lines'),
    (
        "an account's name",
        SMALL + "  A b: {connector: listener}\n",
        "5  accounts.A b  an account's name is made of a-z, 0-9, _ and - only",
    ),
    ("no connector", SMALL + "  d: {}\n", '5  accounts.d.connector  is missing; there are "listener" and "talker"'),
    (
        "another connector",
        SMALL + "  d: {connector: talkr}\n",
        '5  accounts.d.connector  no connector "talkr", did you mean "talker"?',
    ),
    (
        "an unlike connector",
        SMALL + "  d: {connector: x}\n",
        '5  accounts.d.connector  no connector "x"; there are "listener" and "talker"',
    ),
    (
        "a connector that is no name",
        SMALL + "  d: {connector: 5}\n",
        '5  accounts.d.connector  is no connector\'s name; there are "listener" and "talker"',
    ),
    ("unknown part", SMALL + "linsk: {}\n", '5  linsk  unknown setting "linsk", did you mean "links"?'),
    (
        "unknown setting of a part",
        SMALL + "http: {listn: x}\n",
        '5  http.listn  unknown setting "listn", did you mean "listen"?',
    ),
    (
        "unknown setting of a link",
        SMALL + "links:\n  l:\n    rooms: [a/1, b/1]\n    romos: []\n",
        '8  links.l.romos  unknown setting "romos", did you mean "rooms"?',
    ),
    (
        "unknown setting of an account",
        account("address: a\ntoken: t\nadress: a"),
        '6  accounts.t.adress  unknown setting "adress", did you mean "address"?',
    ),
    ("unlike any setting", SMALL + "xyz: 1\n", '5  xyz  unknown setting "xyz"'),
    ("a key twice", SMALL + "links: {}\nlinks: {}\n", "6  links  is written twice, first in line 5"),
    ("an account twice", SMALL + "  a: {connector: talker}\n", "5  accounts.a  is written twice, first in line 2"),
    ("a missing setting", account("token: t"), "2  accounts.t.address  is missing: Address of the server."),
    ("an empty setting", account("address:\ntoken: t"), "4  accounts.t.address  is empty, but must be text"),
    ("an empty secret", account("address: a\ntoken: t\npin: ''"), "6  accounts.t.pin  is empty"),
    ("a number for text", account("address: 5\ntoken: t"), "4  accounts.t.address  must be text: put it in quotes"),
    ("text for a number", account('address: a\ntoken: t\nrate: "5"'), "6  accounts.t.rate  must be a whole number"),
    ("yes is text", account("address: a\ntoken: t\nencrypted: yes"), "6  accounts.t.encrypted  must be true or false"),
    (
        "True is text",
        account("address: a\ntoken: t\nencrypted: True"),
        "6  accounts.t.encrypted  must be true or false",
    ),
    ("1 is a number", account("address: a\ntoken: t\nencrypted: 1"), "6  accounts.t.encrypted  must be true or false"),
    ("one for a list", account("address: a\ntoken: t\nnames: a"), "6  accounts.t.names  must be a list"),
    (
        "a list's item",
        account("address: a\ntoken: t\nnames:\n  - a\n  - 5"),
        "8  accounts.t.names[1]  must be text: put it in quotes",
    ),
    ("too small", account("address: a\ntoken: t\nrate: -1"), "6  accounts.t.rate  must be greater than or equal to 0"),
    ("not as it must be", account("address: a\ntoken: t\nnick: B"), "6  accounts.t.nick  is not written as it must be"),
    ("a connector's own reason", account("address: bad-place\ntoken: t"), "4  accounts.t.address  bad-place is bad"),
    (
        "one of several",
        SMALL + "  d: {connector: listener, unknown_outcome: maybe}\n",
        "5  accounts.d.unknown_outcome  must be 'retry', 'detect' or 'hold'",
    ),
    ("durability", SMALL + "store: {durability: normal}\n", "5  store.durability  must be 'full' or 'relaxed'"),
    ("days", SMALL + "store: {relations_days: 0}\n", "5  store.relations_days  must be greater than or equal to 1"),
    (
        "listen",
        SMALL + "http: {listen: here}\n",
        "5  http.listen  must be an address and a port, such as 127.0.0.1:8980 or [::1]:8980",
    ),
    (
        "port",
        SMALL + "http: {listen: '127.0.0.1:65536'}\n",
        "5  http.listen  must be an address and a port, such as 127.0.0.1:8980 or [::1]:8980",
    ),
    (
        "a short token where others can call",
        SMALL + "http: {listen: '0.0.0.0:8980', token: " + "x" * 31 + "}\n",
        "5  http.token  is shorter than 32 bytes and might be guessed (`openssl rand -hex 32` makes one)",
    ),
    (
        "an empty token",
        SMALL + "http: {token: ' '}\n",
        "5  http.token  is empty: give it 32 bytes (`openssl rand -hex 32` makes them), or leave it out",
    ),
    ("an empty http", SMALL + "http:\n", "5  http  is empty: give it settings, or leave it out"),
    ("an empty notices", SMALL + "notices:\n", "5  notices  is empty: give it settings, or leave it out"),
    ("notices elsewhere", SMALL + "notices: d/ops\n", '5  notices  no account "d"'),
    ("notices no room", SMALL + "notices: ops\n", '5  notices  "ops" is no room: a room is written account/name'),
    (
        "a tag",
        account("address: !!python/name:os.system x\ntoken: t"),
        "4  accounts.t.address  holds a tag (a word that begins with !): text like that needs quotes",
    ),
    (
        "a merge",
        account("address: a\ntoken: t\n<<: {rate: 1}"),
        '6  accounts.t  merging with "<<" is not done here: an alias stands for a whole value',
    ),
    ("a list as a name", SMALL + "[a, b]: c\n", "5  holds a name that is no plain text"),
    (
        "half a character",
        account('address: "\\ud800"\ntoken: t'),
        "4  accounts.t.address  holds half a character (a lone surrogate)",
    ),
]

URLS = [
    "bridge.example.org",
    "ftp://x",
    "https://",
    "https://a:b@x",
    "https://x/?q=1",
    "https://x/#f",
    "http://[::1",
    "https://x:99999",
]


@pytest.mark.parametrize(("text", "said"), [case[1:] for case in ONE], ids=[case[0] for case in ONE])
def test_a_fault_names_its_line_its_path_and_what_is_wrong(text: str, said: str) -> None:
    assert faults(text) == [said]


def test_settings_that_do_not_exist_yet_are_never_ignored() -> None:
    transforms = "[{translate: {}}]"
    text = f"{SMALL}store: {{url: x}}\nlinks:\n  l:\n    rooms: [a/1, b/1]\n    transforms: {transforms}\n"
    problem = "is planned, but not in this version yet"
    assert faults(text) == [f"5  store.url  {problem}", f"9  links.l.transforms[0].translate  {problem}"]


@pytest.mark.parametrize("key", ["x", "''", "correct horse battery staple and a few words more", "0" * 62, "QUJD"])
def test_a_key_that_is_none_is_refused_and_not_shown(key: str) -> None:
    (fault,) = faults(f"{SMALL}store: {{key: {key}}}\n")
    assert fault.startswith("5  store.key  must be at least 32 bytes in hex or base64: `openssl rand -hex 32` makes")


@pytest.mark.parametrize("url", URLS)
def test_a_public_address_is_an_address_and_nothing_more(url: str) -> None:
    (fault,) = faults(f"{SMALL}http: {{public_url: '{url}'}}\n")
    assert fault.startswith("5  http.public_url  must be an address such as")


def test_all_faults_come_at_once_in_the_order_of_the_lines() -> None:
    text = """\
accounts:
  viber: {connector: listener}
  t:
    connector: talker
    rate: many
links:
  news:
    from: [viber/in]
    to: [viber/a, vibr/b]
store:
  durability: maybe
  path: 5
"""
    assert faults(text) == [
        "3  accounts.t.address  is missing: Address of the server.",
        "3  accounts.t.token  is missing: Access token.",
        "5  accounts.t.rate  must be a whole number",
        '9  links.news.to[1]  no account "vibr", did you mean "viber"?',
        "11  store.durability  must be 'full' or 'relaxed'",
        "12  store.path  must be text: put it in quotes",
    ]


def test_the_error_reads_as_the_lines_an_operator_gets() -> None:
    with pytest.raises(ConfigError) as raised:
        read(SMALL + "links: {l: {rooms: [a/1, d/1]}}\n")
    assert str(raised.value) == 'config.yaml:5  links.l.rooms[1]  no account "d"'


def test_a_fault_stays_one_line_whatever_a_name_holds() -> None:
    (fault,) = faults(SMALL + '"a\\nb\\u202e": 1\n')
    assert fault == '5  a\\nb\\u202e  unknown setting "a\\nb\\u202e"'


def test_names_are_cut_before_they_fill_the_screen() -> None:
    assert len(shown("x" * 1000)) == 80


def test_paths_are_dotted_with_indexes_in_brackets() -> None:
    assert dotted(("links", "news", "to", 1)) == "links.news.to[1]"
    assert dotted(()) == ""


def test_only_what_looks_alike_is_suggested() -> None:
    assert did_you_mean("vibr", ["viber", "tg"]) == ', did you mean "viber"?'
    assert did_you_mean("matrix", ["irc", "tg"]) == ""


@pytest.mark.parametrize(("names", "text"), [([], ""), (["a"], '"a"'), (["a", "b", "c"], '"a", "b" and "c"')])
def test_names_are_listed_as_people_do(names: list[str], text: str) -> None:
    assert listed(names) == text
