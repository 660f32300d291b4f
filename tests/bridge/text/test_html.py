"""HTML as Matrix carries it: cases from clients, hostile input, and the contract of every format."""

import pytest
from hypothesis import strategies as st

from bridge.ids import UserId
from bridge.testing import strategies
from bridge.testing.formats import FormatContract
from bridge.text import html
from bridge.text.nodes import (
    ALL_NODES,
    Bold,
    Break,
    Code,
    CodeBlock,
    Emoji,
    Heading,
    Inline,
    Italic,
    Link,
    List,
    Mention,
    Paragraph,
    Quote,
    Rich,
    Spoiler,
    Strike,
    Text,
    Underline,
    said,
)
from bridge.text.walk import normal, plain

ADA = UserId("@ada:example.org")


def p(*inside: Inline) -> Paragraph:
    return Paragraph(inside)


def t(text: str) -> Text:
    return Text(text)


class TestHtml(FormatContract[str]):
    nodes = ALL_NODES
    trees = strategies.trees(
        users=st.just(ADA),
        emoji=st.just("mxc://example.org/parrot"),
        reasons=st.just("") | strategies.words(),
    )
    parse = staticmethod(html.parse)
    render = staticmethod(html.render)


READ: list[tuple[str, str, Rich]] = [
    ("styles", "<b>a</b><strong>b</strong> <i>c</i><em>d</em> <u>e</u> <s>f</s><del>g</del><strike>h</strike>",
     (p(Bold((t("ab"),)), t(" "), Italic((t("cd"),)), t(" "), Underline((t("e"),)), t(" "), Strike((t("fgh"),))),)),
    ("a person", '<a href="https://matrix.to/#/@ada:example.org">Ada</a>: hi', (p(Mention("Ada", ADA), t(": hi")),)),
    ("a person, escaped", '<a href="https://matrix.to/#/%40ada%3Aexample.org?via=e.org">Ada</a>',
     (p(Mention("Ada", ADA)),)),
    ("a person by matrix: address", '<a href="matrix:u/ada:example.org?action=chat">Ada</a>',
     (p(Mention("Ada", ADA)),)),
    ("a person without a name", '<a href="https://matrix.to/#/@ada:example.org"></a>', (p(Mention(ADA, ADA)),)),
    ("a room is a link", '<a href="https://matrix.to/#/#room:example.org">room</a>',
     (p(Link((t("room"),), "https://matrix.to/#/#room:example.org")),)),
    ("a link", '<a href="https://e.org/?a=1&amp;b=2">x <b>y</b></a>',
     (p(Link((t("x "), Bold((t("y"),))), "https://e.org/?a=1&b=2")),)),
    ("a dangerous link is words", '<a href="java&#10;script:alert(1)">x</a>', said("x")),
    ("a spoiler", "<span data-mx-spoiler>x</span>", (p(Spoiler((t("x"),))),)),
    ("a spoiler with its reason", '<span data-mx-spoiler="a &lt; b">x</span>', (p(Spoiler((t("x"),), "a < b")),)),
    ("another span is words", '<span data-mx-color="#f00">x</span>', said("x")),
    ("a custom emoji", '<img data-mx-emoticon src="mxc://e.org/1" alt=":parrot:" height="32">',
     (p(Emoji("parrot", "mxc://e.org/1")),)),
    ("another picture is its description", '<img src="mxc://e.org/1" alt="a cat">', said("a cat")),
    ("code", "run <code>a &lt; b</code>", (p(t("run "), Code("a < b")),)),
    ("a code block", '<pre><code class="language-py">if x:\n  y &amp; z\n</code></pre>',
     (CodeBlock("if x:\n  y & z", "py"),)),
    ("a bare pre", "<pre>\n a\n\n b\n</pre>", (CodeBlock(" a\n\n b"),)),
    ("paragraphs as a Markdown client writes them", "<p>a</p>\n<p>b<br />\nc</p>\n",
     (p(t("a")), p(t("b"), Break(), t("c")))),
    ("a quote", "<blockquote>\n<p>a</p>\n<p>b</p>\n</blockquote>\nc", (Quote((p(t("a")), p(t("b")))), p(t("c")))),
    ("lists", "<ul>\n<li>a\n<ol start='3'>\n<li>b</li>\n</ol>\n</li>\n<li><p>c</p></li>\n</ul>",
     (List(((p(t("a")), List(((p(t("b")),),), start=3)), (p(t("c")),))),)),
    ("items without an end", "<ol><li>a<li>b</ol>", (List(((p(t("a")),), (p(t("b")),)), start=1),)),
    ("an item without a list is its words", "<li>a</li>b", (p(t("a")), p(t("b")))),
    ("a list without items is one item", "<ul>a</ul>", (List(((p(t("a")),),)),)),
    ("a title of blocks is one title", "<h1><p>a</p><p>b</p></h1>", (Heading((t("a"), Break(), t("b")), 1),)),
    ("a style around a title and a list", "<i><h1>a</h1><ul><li>b</li></ul></i>",
     (Heading((Italic((t("a"),)),), 1), List(((p(t("b")),),)))),
    ("code of several tags", "<code>a<p>b</p></code>", (p(Code("a"), Break(), Code("b")),)),
    ("a title", "<h3>a <b>b</b></h3>", (Heading((t("a "), Bold((t("b"),))), 3),)),
    ("the old reply is not said again", "<mx-reply><blockquote>q <b>x</b></blockquote></mx-reply>yes", said("yes")),
    ("scripts and style sheets are nobody's words", "<script>a</script>b<style>c</style>", said("b")),
    ("unknown tags keep their words", "<marquee>a</marquee><foo bar=1>b</foo>", said("ab")),
    ("a table is rows", "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", (p(t("a b")), p(t("c")))),
    ("a rule is seen", "a<hr>b", (p(t("a")), p(t("———")), p(t("b")))),
    ("comments and declarations are nothing", "<!DOCTYPE html><!-- x --><![CDATA[y]]>a<?php z ?>", said("a")),
    ("what only looks like a tag is words", "a < b && c > d <3 <>", said("a < b && c > d <3 <>")),
    ("a tag that never ends is words", "a <b class='x", said("a <b class='x")),
    ("styles nobody closed end with the text", "<b>a<i>b", (p(Bold((t("a"), Italic((t("b"),))))),)),
    ("an end nobody opened is nothing", "a</b></p>", said("a")),
    ("a style around blocks reaches into them", "<b>a<p>b</p></b>", (p(Bold((t("a"),))), p(Bold((t("b"),))))),
    ("Hebrew with points and a Latin name", "<b>שָׁלוֹם</b> Ada עֲלֵיכֶם", (p(Bold((t("שָׁלוֹם"),)), t(" Ada עֲלֵיכֶם")),)),
    ("joiners survive", "می‌خواهم <i>ක්‍ර</i> 👩‍👩‍👧‍👦", (p(t("می‌خواهم "), Italic((t("ක්‍ර"),)), t(" 👩‍👩‍👧‍👦")),)),
    ("isolates around an Arabic name survive", "\u2068مرحبا\u2069 [tg]: <b>hi</b>",
     (p(t("\u2068مرحبا\u2069 [tg]: "), Bold((t("hi"),))),)),
]  # fmt: skip


@pytest.mark.parametrize(("native", "tree"), [row[1:] for row in READ], ids=[row[0] for row in READ])
def test_what_clients_write_is_understood(native: str, tree: Rich) -> None:
    assert html.parse(native) == tree
    assert html.parse(html.render(tree)) == tree


WRITTEN: list[tuple[str, Rich, str]] = [
    ("everything is escaped", said('<b> & "x" \'y\''), "&lt;b&gt; &amp; \"x\" 'y'"),
    ("lines", said("a\nb"), "a<br>b"),
    ("two paragraphs", (p(t("a")), p(t("b"))), "<p>a</p><p>b</p>"),
    ("a link", (p(Link((t("x"),), "https://e.org/?a=1&b='2'")),),
     '<a href="https://e.org/?a=1&amp;b=&#x27;2&#x27;">x</a>'),
    ("a dangerous link is words", (p(Link((t("x"),), "javascript:alert(1)")),), "x"),
    ("a person", (p(Mention("Ada <3", ADA)),), '<a href="https://matrix.to/#/@ada:example.org">Ada &lt;3</a>'),
    ("a stranger's id is not shown", (p(Mention("Ada", UserId("12345"))),), "Ada"),
    ("nor is an id that is none", (p(Mention("Ada", UserId('@a"b/../:e.org'))),), "Ada"),
    ("a spoiler's reason is escaped", (p(Spoiler((t("x"),), '"><b>')),),
     '<span data-mx-spoiler="&quot;&gt;&lt;b&gt;">x</span>'),
    ("another platform's emoji is its name", (p(Emoji("parrot", "123")),), ":parrot:"),
    ("a list from one needs no number", (List(((p(t("a")),),), start=1),), "<ol><li>a</li></ol>"),
    ("a language is escaped", (CodeBlock("x", '"><script>'),),
     '<pre><code class="language-&quot;&gt;&lt;script&gt;">x</code></pre>'),
]  # fmt: skip


@pytest.mark.parametrize(("tree", "native"), [row[1:] for row in WRITTEN], ids=[row[0] for row in WRITTEN])
def test_what_is_written_is_safe_and_small(tree: Rich, native: str) -> None:
    assert html.render(tree) == native


DEEP = [
    "<b>" * 100_000 + "x", "<div>" * 100_000 + "x", "<blockquote>" * 50_000 + "x", "<ul><li>" * 50_000 + "x",
    "<mx-reply>" * 50_000, "<a href='https://e.org'>" * 20_000 + "x", "<a " * 20_000, "<!--" * 20_000, "<" * 60_000,
    "<a b='" * 15_000 + ">", "<b><i>" * 4_000 + "x" + "</b></i>" * 4_000, "&#x1F600;" * 8_000, "<p>x" * 4_000,
    "<script>" * 8_000, "<pre>" * 20_000 + "\n",
]  # fmt: skip


@pytest.mark.parametrize("native", DEEP, ids=[native[:16] for native in DEEP])
@pytest.mark.timeout(10)
def test_no_nesting_and_no_size_stops_the_reader(native: str) -> None:
    tree = html.parse(native)
    assert normal(tree) == tree
    assert html.parse(html.render(tree)) == tree
    assert ("x" in plain(tree)) == (">x" in native)
