"""Parsers to be fuzzed: the engine's own, and what installed packages offer by the entry points `qantara.fuzz`.

A target takes bytes and raises only where it found a fault; its seeds are inputs as people and platforms make them.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import entry_points
from pathlib import Path

from bridge import config
from bridge.chance import SeededChance
from bridge.config.faults import ConfigError
from bridge.loops import essence
from bridge.people import label, skeleton
from bridge.registry import installed
from bridge.testing.contract_words import FORGED, HOSTILE
from bridge.testing.fuzz_mutations import body, line
from bridge.testing.fuzz_target import Target, text_of
from bridge.text import html, markdown
from bridge.text.nodes import Paragraph, Text
from bridge.text.walk import normal, plain

GROUP = "qantara.fuzz"


def targets() -> dict[str, Target]:
    """Every parser that is installed, by name."""
    found = dict(OWN)
    for point in sorted(entry_points(group=GROUP), key=lambda one: one.name):
        offered: Mapping[str, Target] = point.load()
        found |= {f"{point.name}.{name}": target for name, target in offered.items()}
    return found


def mutated(target: Target, seed: int) -> bytes:
    """One of the target's seeds with something broken in it: the same again for the same number."""
    chance = SeededChance(seed)
    raw = target.seeds[seed % len(target.seeds)]
    if target.kind == "json" and chance.fraction() < 0.9:
        return body(json.loads(raw), chance)
    for _ in range(1 + int(chance.fraction() * 4)):
        raw = line(raw, chance)
    return raw


def _html(data: bytes) -> None:
    tree = html.parse(text_of(data))
    again = html.parse(html.render(tree))
    assert plain(again) == plain(tree), "words change on the way through HTML"
    assert normal(tree) == tree, "a parsed text is not in normal form"


def _markdown(data: bytes) -> None:
    tree = markdown.parse(text_of(data))
    again = markdown.parse(markdown.render(tree))
    assert plain(again).split() == plain(tree).split(), "words change on the way through Markdown"
    assert normal(tree) == tree, "a parsed text is not in normal form"


def _config(data: bytes) -> None:
    with suppress(ConfigError):  # every fault at once, which is what a wrong file is told
        config.parse(text_of(data), name="fuzz.yaml", environ={"NAME": "x"}, connectors=installed(), base=Path())


def _label(data: bytes) -> None:
    shown = label(text_of(data))
    assert shown
    assert not set(shown) & set("[]<>:\n\r\t\u202a\u202b\u202d\u202e\u2066\u2067")
    again = label(shown.strip("\u2068\u2069"))  # a joiner may go where a name was cut, and nobody sees it
    assert skeleton(again) == skeleton(shown), "a label looks otherwise when it is made a label again"


def _loop(data: bytes) -> None:
    words = text_of(data)
    said_twice = (
        essence((Paragraph((Text(f"ada: hello {words}"),)),)),
        essence((Paragraph((Text(f"ada [7]: hello {words}"),)),)),
    )
    assert said_twice[0] == said_twice[1], "the same words under two labels are told apart"


_YAML = b"""\
store: {path: data/q.db}
http: {listen: "127.0.0.1:8980", token: "${NAME:-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx}"}
notices: i/#ops
accounts:
  i: &i {connector: irc, server: "irc://127.0.0.1:1", nick: q}
  c: {connector: console}
links:
  l: {rooms: ["i/#a", c/terminal], lifetime_hours: 4}
  m: {from: [i/#b], to: [c/x]}
"""
_HTML = (
    (
        b'<p>a <b>bold</b> <i>it</i> <a href="https://x.y/?a=1&amp;b">l</a></p><ul><li>1<ol start="3"><li>2</ol></ul>'
        b'<pre><code class="language-py">x &lt; y\n</code></pre><blockquote>q<br>r</blockquote><h2>t</h2>'
        b'<span data-mx-spoiler="r">s</span><mx-reply>o</mx-reply><img data-mx-emoticon alt=":e:" src="mxc://a/b">'
    ),
    b'<a href="https://matrix.to/#/@ada:example.org">Ada</a><!-- c --><font color="red">x</font><del>d</del><hr>',
    b"<table><tr><td>1<td>2</table><script>alert(1)</script>&#x41;&nbsp;&bogus;&#0;&#xD800;",
)
_MARKDOWN = (
    b"# t\n\n**b** *i* ~~s~~ `c` [l](https://x.y) ![a](https://z)\n\n> q\n> > r\n\n1. a\n2. b\n   - c\n\n```py\nx\n```",
    b"a\\\nb  \nc&amp;&#65; <https://x.y> <b>no</b>\n\n---\n\n    code\n\n* x\n\n  y\n",
)
_WORDS = tuple(one.encode() for one in (*HOSTILE, *FORGED))
_NAMES = tuple(
    name.encode()
    for name in ("Ada", "Bob [tg]", "שָּׁלוֹם", "می‌خواهم", "ක්‍රිස්", "👩‍👩‍👧‍👦 family", "Z" + "\u0301" * 9, "аdmin")
)

OWN: dict[str, Target] = {
    "html": Target(_html, (*_HTML, *_WORDS)),
    "markdown": Target(_markdown, (*_MARKDOWN, *_WORDS)),
    "config": Target(_config, (_YAML, b"accounts: {a: {connector: [}", b"a: &a [*a]")),
    "loop": Target(_loop, (b"hello there", b":" + b"!" * 60_000, b"a: b: <c> [d] e", *_WORDS)),
    "label": Target(_label, (*_NAMES, *_WORDS)),
}
