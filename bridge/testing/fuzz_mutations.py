"""Payloads as no platform sends them: JSON, lines and bytes with something broken. Pure but for the draws of a chance.

The same chance makes the same mutations again, so a seed is all that a failure has to print.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from bridge.chance import Chance

T = TypeVar("T")

STRANGE: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 1, 2**31, 2**53 + 1, 2**63, 2**64, -(2**63), 10**40, 1.5, -0.0, 1e308, float("nan"),
    float("inf"), "", " ", "0", "-1", "x", "null", "\x00", "\r\nQUIT", "\ud800", "\udfff\ud800", "\u202e", "\U0010ffff",
    "\u2028", "!room:server", "@user:server", "$event", "a" * 5_000, [], {}, [[]], [None], {"": None}, ["x", 1, {}],
)  # fmt: skip
"""Values that stand where others are expected."""
_HUGE: Final = 100_000
_STRANGE_BYTES: Final = (
    b"\x00", b"\r", b"\n", b"\r\n", b"\x01", b"\xff", b"\xed\xa0\x80", b"\xf0\x9f", b"\xe2\x80\xa8", b"\xc2\x85",
    b" ", b":", b"@", b"=", b";", b"\\", b"{", b"[", b'"', b"A" * 600,
)  # fmt: skip
_HEADS: Final = (b"@time=nonsense;msgid= ", b":", b": ", b"@ ", b":x ", b"@a=\\;b ", b":!@ ")
_COMMANDS: Final = (
    b"001", b"005", b"353", b"366", b"376", b"396", b"401", b"433", b"471", b"BATCH", b"CAP", b"ERROR", b"FAIL",
    b"INVITE", b"JOIN", b"KICK", b"NICK", b"PART", b"PING", b"PONG", b"QUIT", b"TAGMSG", b"TOPIC", b"AUTHENTICATE",
    b"NOTICE", b"PRIVMSG", b"BOGUS", b"", b"999",
)  # fmt: skip


def pick(chance: Chance, among: Sequence[T]) -> T:
    """One of several."""
    return among[int(chance.fraction() * len(among))]


def mangled(value: Any, chance: Chance, times: int = 1) -> Any:  # noqa: ANN401 JSON is anything
    """A JSON value with `times` things wrong: fields dropped, renamed, of other types, huge, deep."""
    for _ in range(times):
        value = _at(value, chance, pick(chance, _CHANGES))
    return value


def body(value: Any, chance: Chance) -> bytes:  # noqa: ANN401
    """A JSON body: mostly a mangled value, sometimes text that is no JSON, cut, deep or with absurd numbers."""
    if chance.fraction() < 0.8:
        return json.dumps(mangled(value, chance, 1 + int(chance.fraction() * 3))).encode("utf-8", "surrogatepass")
    return pick(chance, _BODIES)(json.dumps(value).encode("utf-8", "surrogatepass"), chance)


def line(raw: bytes, chance: Chance) -> bytes:
    """A line of a protocol of lines: words dropped, doubled, exchanged, bytes put in, all of it cut or long."""
    return pick(chance, _LINES)(raw, chance)


def _at(value: Any, chance: Chance, change: "Change") -> Any:  # noqa: ANN401
    """The change somewhere in the value: going down is as likely as stopping."""
    if isinstance(value, dict) and value and chance.fraction() < 0.85:
        name = pick(chance, list(value))
        return (
            {**value, name: _at(value[name], chance, change)}
            if not _ends(value[name], chance)
            else change(value, name, chance)
        )
    if isinstance(value, list) and value and chance.fraction() < 0.9:
        index = int(chance.fraction() * len(value))
        return [*value[:index], _at(value[index], chance, change), *value[index + 1 :]]
    return pick(chance, STRANGE)


def _ends(value: Any, chance: Chance) -> bool:  # noqa: ANN401
    return not isinstance(value, dict | list) or not value or chance.fraction() < 0.15


Change = Callable[[dict[str, Any], str, Chance], dict[str, Any]]


def _dropped(fields: dict[str, Any], name: str, _: Chance) -> dict[str, Any]:
    return {other: value for other, value in fields.items() if other != name}


def _swapped(fields: dict[str, Any], name: str, chance: Chance) -> dict[str, Any]:
    return {**fields, name: pick(chance, STRANGE)}


def _wrapped(fields: dict[str, Any], name: str, chance: Chance) -> dict[str, Any]:
    return {**fields, name: pick(chance, ([fields[name]], {name: fields[name]}, str(fields[name])))}


def _renamed(fields: dict[str, Any], name: str, chance: Chance) -> dict[str, Any]:
    return {**_dropped(fields, name, chance), pick(chance, (f"{name}2", name.upper(), "", "\x00")): fields[name]}


def _exchanged(fields: dict[str, Any], name: str, chance: Chance) -> dict[str, Any]:
    other = pick(chance, list(fields))
    return {**fields, name: fields[other], other: fields[name]}


def _nested(fields: dict[str, Any], name: str, chance: Chance) -> dict[str, Any]:
    deep: Any = fields[name]
    key = pick(chance, ("", name))
    for _ in range(int(chance.fraction() * 300)):
        deep = {key: deep} if key else [deep]
    return {**fields, name: deep}


def _grown(fields: dict[str, Any], name: str, chance: Chance) -> dict[str, Any]:
    old = fields[name]
    match old:
        case str():
            return {**fields, name: (old or "x") * min(2_000, 1 + _HUGE // (len(old) + 1))}
        case list():
            return {**fields, name: old * 20}
        case int():
            return {**fields, name: old * 10**30}
        case _:
            return {**fields, name: "x" * int(1 + chance.fraction() * _HUGE)}


def _unkind(fields: dict[str, Any], name: str, _: Chance) -> dict[str, Any]:
    return {**fields, name: "org.example.unknown" if isinstance(fields[name], str) else {"unknown": True}}


_CHANGES: Final[tuple[Change, ...]] = (
    _dropped, _swapped, _swapped, _wrapped, _renamed, _exchanged, _nested, _grown, _unkind,
)  # fmt: skip

Bytes = Callable[[bytes, Chance], bytes]


def _cut(raw: bytes, chance: Chance) -> bytes:
    return raw[: int(chance.fraction() * len(raw))]


def _put_in(raw: bytes, chance: Chance) -> bytes:
    at = int(chance.fraction() * (len(raw) + 1))
    return raw[:at] + pick(chance, _STRANGE_BYTES) + raw[at:]


def _overwritten(raw: bytes, chance: Chance) -> bytes:
    at = int(chance.fraction() * (len(raw) + 1))
    return raw[:at] + pick(chance, _STRANGE_BYTES) + raw[at + 1 :]


def _deep_body(_: bytes, chance: Chance) -> bytes:
    deep: int = 10 ** pick(chance, (1, 2, 3, 4, 5))
    return b"[" * deep + b"]" * deep if chance.fraction() < 0.5 else b'{"a":' * deep + b"1" + b"}" * deep


def _absurd_number(raw: bytes, chance: Chance) -> bytes:
    at = max(0, raw.find(b":", int(chance.fraction() * len(raw))))
    return raw[: at + 1] + b"9" * int(1 + chance.fraction() * 20_000) + b"," + raw[at + 1 :]


def _other_form(raw: bytes, chance: Chance) -> bytes:
    text = raw.decode("utf-8", "replace")
    return pick(
        chance, (text.encode("utf-16"), b"\xef\xbb\xbf" + raw, b"[" + raw + b"]", b"<html>" + raw, b"", b"null")
    )


_BODIES: Final[tuple[Bytes, ...]] = (_cut, _put_in, _overwritten, _deep_body, _absurd_number, _other_form)


def _without_a_word(raw: bytes, chance: Chance) -> bytes:
    words = raw.split(b" ")
    del words[int(chance.fraction() * len(words))]
    return b" ".join(words)


def _with_a_word_twice(raw: bytes, chance: Chance) -> bytes:
    words = raw.split(b" ")
    at = int(chance.fraction() * len(words))
    return b" ".join([*words[:at], words[at], *words[at:]])


def _words_exchanged(raw: bytes, chance: Chance) -> bytes:
    words = raw.split(b" ")
    one, two = (int(chance.fraction() * len(words)) for _ in range(2))
    words[one], words[two] = words[two], words[one]
    return b" ".join(words)


def _another_command(raw: bytes, chance: Chance) -> bytes:
    words = raw.split(b" ")
    words[next((index for index, word in enumerate(words) if word[:1] not in b":@"), 0)] = pick(chance, _COMMANDS)
    return b" ".join(words[: 1 + int(chance.fraction() * len(words))])


def _another_head(raw: bytes, chance: Chance) -> bytes:
    return pick(chance, _HEADS) + raw


def _long(raw: bytes, chance: Chance) -> bytes:
    return raw + b"x" * int(chance.fraction() * 60_000)


_LINES: Final[tuple[Bytes, ...]] = (
    _cut, _put_in, _overwritten, _without_a_word, _with_a_word_twice, _words_exchanged, _another_command,
    _another_command, _another_head, _long,
)  # fmt: skip
