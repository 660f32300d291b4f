"""What a message becomes where less can be shown: every step visible, every part small enough."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.capabilities import Authorship, Capabilities, MediaLimit
from bridge.events import Attachment, Kind, Manner
from bridge.fit import Part, Quoted, Words, described, excerpted, fit, reacted_line, readable, taken_back_line
from bridge.fit_content import STRUCTURED, is_native
from bridge.ids import UserId
from bridge.people import label
from bridge.testing.contract_words import nodes
from bridge.testing.strategies import attachments, trees
from bridge.text.length import Unit
from bridge.text.nodes import ALL_NODES, Bold, Break, CodeBlock, Italic, Mention, Paragraph, Quote, Rich, Text, said
from bridge.text.walk import keep, length, normal, plain

ALL = Capabilities(formatting=ALL_NODES)
BARE = Capabilities(formatting=frozenset({Break}))
LINES = Capabilities(max_text=80, unit=Unit.BYTES, max_lines=4)


def read(parts: Sequence[Part]) -> list[str]:
    return [plain(part.text) for part in parts]


def ada(text: Rich | str, **more: object) -> Words:
    return Words(text=said(text) if isinstance(text, str) else text, label="Ada", **more)  # type: ignore[arg-type]  # fields by name


@pytest.mark.parametrize(
    ("words", "to", "expected"),
    [
        (ada("hi"), ALL, ["Ada: hi"]),
        (Words(text=said("notice")), ALL, ["notice"]),
        (ada("hi"), Capabilities(authorship=Authorship.GHOST), ["hi"]),
        (ada("hi"), Capabilities(authorship=Authorship.OVERRIDE), ["hi"]),
        (ada("waves", manner=Manner.EMOTE), ALL, ["* Ada waves"]),
        (ada("one\ntwo"), BARE, ["Ada: one\ntwo"]),
        (ada("one\ntwo"), LINES, ["Ada: one", "Ada: two"]),
        (ada("new", mark="edited"), ALL, ["Ada: (edited) new"]),
        (ada(""), ALL, ["Ada: (empty)"]),
        (ada("@everyone look"), ALL, ["Ada: @\u200beveryone look"]),
        (ada("see @here"), LINES, ["Ada: see @\u200bhere"]),
        (ada("yes", quoted=Quoted("Bob", "shall we?")), BARE, ["Ada: [re Bob: “shall we?”] yes"]),
        (ada("yes", quoted=Quoted("Bob", None)), BARE, ["Ada: [replying to Bob] yes"]),
        (ada("yes", quoted=Quoted("Bob", "shall we?")), ALL, ["Ada: \n> Bob: shall we?\nyes"]),
        (ada("1\n2\n3\n4\n5\n6"), LINES, ["Ada: 1", "Ada: 2", "Ada: 3", "Ada: [… 3 more lines]"]),
        (ada("", attachments=(Attachment(kind=Kind.IMAGE, name="a.jpg"),)), ALL, ['Ada: [image "a.jpg"]']),
        (ada("look", attachments=(Attachment(kind=Kind.FILE),)), BARE, ["Ada: look\n[file]"]),
        (ada("שלום"), ALL, ["\u2068Ada\u2069: שלום"]),
        (ada("hello שלום"), BARE, ["\u2068Ada\u2069: hello שלום"]),
        (Words(text=said("hello"), label=label("دانا")), BARE, ["\u2068دانا\u2069: hello"]),
    ],
)
def test_the_ladder(words: Words, to: Capabilities, expected: list[str]) -> None:
    assert read(fit(words, to)) == expected


def test_a_name_is_bold_where_bold_can_be_shown() -> None:
    assert fit(ada("hi"), ALL)[0].text == (Paragraph((Bold((Text("Ada"),)), Text(": hi"))),)
    assert fit(ada("hi"), BARE)[0].text == (Paragraph((Text("Ada: hi"),)),)


def test_the_label_is_told_apart() -> None:
    assert [part.label for part in fit(ada("1\n2"), LINES)] == ["Ada", "Ada"]
    assert fit(Words(text=said("x")), LINES)[0].label == ""


def test_a_reply_stands_as_a_quote_where_quotes_exist() -> None:
    (part,) = fit(ada("yes", quoted=Quoted("Bob", "no")), Capabilities(formatting=frozenset({Quote, Break})))
    assert Quote((Paragraph((Text("Bob: no"),)),)) in part.text


def test_a_long_text_is_numbered_and_complete() -> None:
    text = " ".join(f"word{number}" for number in range(100))
    parts = read(fit(ada(text), Capabilities(formatting=ALL_NODES, max_text=100)))
    assert parts[0].startswith("Ada: word0 ")
    total = len(parts)
    assert [part.rsplit(" ", 1)[1] for part in parts] == [f"({number}/{total})" for number in range(1, total + 1)]
    assert " ".join(part.removeprefix("Ada: ").rsplit(" ", 1)[0] for part in parts) == text


def test_a_very_long_text_keeps_its_numbers_in_size() -> None:
    to = Capabilities(formatting=ALL_NODES, max_text=64)
    parts = fit(Words(text=said("x" * 100_000)), to)
    assert len(parts) > 1000
    assert max(length(part.text, to.unit) for part in parts) <= 64


@st.composite
def situations(draw: st.DrawFn) -> tuple[Words, Capabilities]:
    formatting = draw(st.one_of(st.just(ALL_NODES), st.frozensets(st.sampled_from(sorted(ALL_NODES, key=repr)))))
    to = Capabilities(
        authorship=draw(st.sampled_from(Authorship)),
        formatting=formatting,
        max_text=draw(st.one_of(st.just(64), st.integers(64, 600))),
        unit=draw(st.sampled_from(Unit)),
        max_lines=draw(st.one_of(st.none(), st.integers(1, 6))),
        media=dict.fromkeys(draw(st.frozensets(st.sampled_from(sorted(STRUCTURED)))), MediaLimit()),
    )
    words = Words(
        text=draw(trees()),
        manner=draw(st.sampled_from(Manner)),
        attachments=tuple(draw(st.lists(attachments(), max_size=2))),
        label=draw(st.one_of(st.just(""), st.text(max_size=60).map(label))),
        quoted=draw(st.one_of(st.none(), st.builds(Quoted, st.text(max_size=60).map(label), st.text(max_size=80)))),
        mark=draw(st.sampled_from(("", "edited"))),
    )
    return words, to


@given(situations())
def test_every_part_fits_and_shows_only_what_the_room_can_show(situation: tuple[Words, Capabilities]) -> None:
    words, to = situation
    parts = fit(words, to)
    assert parts
    for part in parts:
        assert length(part.text, to.unit) <= to.max_text, (part, length(part.text, to.unit), to.max_text)
        assert keep(part.text, to.formatting) == normal(part.text)
        assert plain(part.text) or part.shared
        assert all(one.kind in to.media for one in part.shared)
        if Break not in to.formatting:
            assert "\n" not in plain(part.text), part
    assert to.max_lines is None or len([part for part in parts if plain(part.text)]) <= to.max_lines
    shared = [one for part in parts for one in part.shared]
    assert shared == [one for one in words.attachments if is_native(one, to)]


@given(situations())
def test_nothing_in_a_part_calls_everybody(situation: tuple[Words, Capabilities]) -> None:
    words, to = situation
    called_so = Mention("@everyone", UserId("@everyone"))
    shouting = Words(text=(Paragraph((called_so, Text(" @room "))), CodeBlock("@here")), label=words.label)
    parts = fit(shouting, to)
    assert not [one for part in parts for one in nodes(part.text) if isinstance(one, Mention) and one.user]
    shown = "".join(read(parts))
    assert not any(call in shown for call in ("@everyone", "@room", "@here"))


@pytest.mark.parametrize(
    ("attachment", "expected"),
    [
        (Attachment(kind=Kind.IMAGE, name="a.jpg", size=1_258_291, alt="a cat"), '[image "a.jpg", 1.2 MB: a cat]'),
        (Attachment(kind=Kind.VOICE, duration=3.4), "[voice, 3 s]"),
        (Attachment(kind=Kind.STICKER, emoji="🐫"), "[sticker 🐫]"),
        (Attachment(kind=Kind.FILE, name="a\nb @everyone"), '[file "a b @\u200beveryone"]'),
        (Attachment(kind=Kind.POLL), "[poll]"),
    ],
)
def test_an_attachment_is_described(attachment: Attachment, expected: str) -> None:
    assert described(attachment) == expected


@pytest.mark.parametrize(
    ("size", "expected"), [(0, "0 B"), (1023, "1023 B"), (12_288, "12 kB"), (1 << 30, "1024.0 MB")]
)
def test_sizes_are_readable(size: int, expected: str) -> None:
    assert readable(size) == expected


def test_a_reaction_in_words() -> None:
    assert plain(reacted_line([("Ada", "👍"), ("Ada", "🐫")], "hello")) == "Ada reacted 👍 🐫 to “hello”"
    assert plain(reacted_line([("Ada", "👍")], None)) == "Ada reacted 👍"
    assert plain(taken_back_line("Ada", "👍", None)) == "Ada took back 👍"
    assert isinstance(reacted_line([("Ada", "👍")], None)[0].inside[0], Italic)  # type: ignore[union-attr]  # a paragraph


def test_an_excerpt_of_a_picture_describes_it() -> None:
    assert excerpted((), (Attachment(kind=Kind.IMAGE),)) == "[image]"
    assert excerpted(said("words"), ()) == "words"
    assert len(excerpted(said("x" * 500), ())) <= 81
