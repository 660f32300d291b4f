"""How the emulated server puts its answers: tags in front, labels around. Pure."""

from collections.abc import Mapping

from irctokens.line import Line, build

from connectors.irc.emulator_relay import CAP, SEPARATORS

TAG_OF = {
    "time": "server-time", "msgid": "message-tags", "account": "account-tag", "label": "labeled-response", CAP: CAP,
}  # fmt: skip
"""By which capability a client gets a tag."""
VALUES = {"sasl": "sasl=PLAIN", CAP: f"{CAP}={SEPARATORS}"}
"""Capabilities that say more than their name."""


def tags_written(tags: Mapping[str, str]) -> str:
    """Tags as they stand between the @ and the space."""
    return build("X", [], tags=dict(tags)).format().removesuffix(" X").removeprefix("@")


def labelled(answers: list[Line], label: str, server: str) -> list[Line]:
    """IRCv3 labeled-response: no answer is an ACK, one carries the label, several are a batch."""
    match answers:
        case []:
            return [Line({"label": label}, server, "ACK", [])]
        case [only]:
            return [Line({**(only.tags or {}), "label": label}, only.source, only.command, only.params)]
        case _:
            inside = [
                Line({**(each.tags or {}), "batch": "1"}, each.source, each.command, each.params) for each in answers
            ]
            begin = Line({"label": label}, server, "BATCH", ["+1", "labeled-response"])
            return [begin, *inside, Line(None, server, "BATCH", ["-1"])]
