"""CommonMark: cases from people, hostile input, and the contract of every format."""

import pytest

from bridge.testing import strategies
from bridge.testing.formats import FormatContract
from bridge.text import markdown
from bridge.text.nodes import (
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


def p(*inside: Inline) -> Paragraph:
    return Paragraph(inside)


def t(text: str) -> Text:
    return Text(text)


class TestMarkdown(FormatContract[str]):
    nodes = markdown.NODES
    trees = strategies.trees(markdown.NODES)
    parse = staticmethod(markdown.parse)
    render = staticmethod(markdown.render)


READ: list[tuple[str, str, Rich]] = [
    ("styles", "**a** __b__ *c* _d_ ~~e~~ `f`",
     (p(Bold((t("a"),)), t(" "), Bold((t("b"),)), t(" "), Italic((t("c"),)), t(" "), Italic((t("d"),)), t(" "),
        Strike((t("e"),)), t(" "), Code("f")),)),
    ("a new line is a new line", "a\nb", said("a\nb")),
    ("a hard one too", "a\\\nb  \nc", said("a\nb\nc")),
    ("an empty line begins a paragraph", "a\n\nb", (p(t("a")), p(t("b")))),
    ("links", "[x](https://e.org/a_b) <https://e.org>",
     (p(Link((t("x"),), "https://e.org/a_b"), t(" "), Link((t("https://e.org"),), "https://e.org")),)),
    ("a dangerous link stays as typed", "[x](javascript:alert)", said("[x](javascript:alert)")),
    ("a picture is a link", "![a cat](https://e.org/cat.png)", (p(Link((t("a cat"),), "https://e.org/cat.png")),)),
    ("a definition stays as typed", "[a]: https://e.org", said("[a]: https://e.org")),
    ("HTML is words", "<b>x</b> &amp;", said("<b>x</b> &")),
    ("a quote", "> a\n> > b", (Quote((p(t("a")), Quote((p(t("b")),)))),)),
    ("code blocks", "```py\nx\n\n  y\n```\n\n    z", (CodeBlock("x\n\n  y", "py"), CodeBlock("z"))),
    ("lists", "3. a\n   - b\n4. c", (List(((p(t("a")), List(((p(t("b")),),))), (p(t("c")),)), start=3),)),
    ("titles", "## a *b*\n\nc\n===", (Heading((t("a "), Italic((t("b"),))), 2), Heading((t("c"),), 1))),
    ("a rule is seen", "a\n\n***", (p(t("a")), p(t("———")))),
    ("a name with underscores is a name", "snake_case_name", said("snake_case_name")),
    ("Hebrew, Persian, Sinhala, families", "**שָׁלוֹם** می‌خواهم *ක්‍ර* 👩‍👩‍👧‍👦",
     (p(Bold((t("שָׁלוֹם"),)), t(" می‌خواهم "), Italic((t("ක්‍ර"),)), t(" 👩‍👩‍👧‍👦")),)),
    ("an Arabic line with a Latin name", "> مرحبا *Ada* بك",
     (Quote((p(t("مرحبا "), Italic((t("Ada"),)), t(" بك")),)),)),
]  # fmt: skip


@pytest.mark.parametrize(("native", "tree"), [row[1:] for row in READ], ids=[row[0] for row in READ])
def test_what_people_write_is_understood(native: str, tree: Rich) -> None:
    assert markdown.parse(native) == tree
    assert markdown.parse(markdown.render(tree)) == tree


WRITTEN: list[tuple[str, Rich, str]] = [
    ("words keep their look", said("It's 3.14, a-b (c) #x snake_case!"), "It's 3.14, a-b (c) #x snake_case!"),
    ("what means something is escaped", said("*a* _b_ `c` [d] <e> &f ~g~ \\"),
     "\\*a\\* \\_b\\_ \\`c\\` \\[d\\] \\<e> \\&f \\~g\\~ \\\\"),
    ("so is what begins a block", said("# a\n> b\n- c\n1. d\n12) e\n---"),
     "\\# a\\\n\\> b\\\n\\- c\\\n1\\. d\\\n12\\) e\\\n\\---"),
    ("blanks at the ends are numbers", said(" a "), "&#32;a&#32;"),
    ("styles", (p(Bold((t("a"), Italic((t(" b"),)))), Strike((t("c"),))),), "**&#97;_&#32;b_**~~c~~"),
    ("a style inside a word", (p(t("un"), Italic((t("believ"),)), t("able")),), "u&#110;_believ_&#97;ble"),
    ("a style around a bracket inside a word", (p(t("a"), Bold((t("(b)"),))),), "&#97;**(b)**"),
    ("code with backticks", (p(Code("a`b"), t(" "), Code("`")),), "``a`b`` `` ` ``"),
    ("a link", (p(Link((t("[x]"),), "https://e.org/a_(b)?c&d")),), "[\\[x\\]](https://e.org/a\\_\\(b\\)?c\\&d)"),
    ("a call before a link is no picture", (p(t("wow!"), Link((t("x"),), "https://e.org")),), "wow\\![x](https://e.org)"),
    ("what it lacks is said in words", (p(Spoiler((t("a"),)), Underline((t("b"),)), Mention("Ada"), Emoji("x_y")),),
     "\\[spoiler: a\\]bAda:x_y:"),
    ("two lists stay two", (List(((p(t("a")),),), start=1), List(((p(t("b")),),), start=1)), "1. a\n\n1) b"),
    ("a block in an item is indented", (List(((p(t("a")), CodeBlock("b\n\nc")),), start=10),),
     "10. a\n\n    ```\n    b\n\n    c\n    ```"),
    ("a fence is longer than what it holds", (CodeBlock("````"),), "`````\n````\n`````"),
    ("a title is one line", (Heading((t("a"), Break(), t("b #")), 2),), "## a b &#35;"),
    ("a title may be a number sign", (Heading((t("#"),), 1), Heading((t("1. a"),), 1)), "# &#35;\n\n# 1. a"),
    ("a quote marks its empty lines", (Quote((p(t("a")), p(t("b")))),), "> a\n>\n> b"),
]  # fmt: skip


@pytest.mark.parametrize(("tree", "native"), [row[1:] for row in WRITTEN], ids=[row[0] for row in WRITTEN])
def test_what_is_written_reads_well(tree: Rich, native: str) -> None:
    assert markdown.render(tree) == native


DEEP = [
    "> " * 20_000 + "x", "- " * 20_000 + "x", "**a " * 9_000, "*_" * 9_000, "[" * 9_000, "`" * 30_000, "![[]()" * 5_000,
    "\\" * 30_000, "<a href=" * 5_000, "~~a **b _c " * 5_000, "\n" * 50_000 + "x", "1. " * 10_000 + "x",
]  # fmt: skip


@pytest.mark.parametrize("native", DEEP, ids=[ascii(native[:12]) for native in DEEP])
@pytest.mark.timeout(20)
def test_no_nesting_and_no_size_stops_the_reader(native: str) -> None:
    tree = markdown.parse(native)
    assert normal(tree) == tree
    markdown.render(tree)
    assert ("x" in plain(tree)) == ("x" in native)


def test_styles_too_deep_leave_their_words() -> None:
    deep = "".join(("**", "_", "~~")[index % 3] + f"{index} " for index in range(200))
    assert plain(markdown.parse(deep)).count("199") == 1
    nested = "[**" * 1 + "*a " * 5_000 + "x" + "*" * 5_000 + "**](https://e.org)"
    assert "x" in plain(markdown.parse(nested))
