"""The text tree → HTML as Matrix carries it. Pure: no I/O, no state."""

import re
from collections.abc import Iterator
from html import escape
from urllib.parse import quote

from bridge.ids import UserId
from bridge.text.nodes import (
    Block,
    Bold,
    Break,
    Code,
    CodeBlock,
    Emoji,
    Heading,
    Inline,
    Inlines,
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
)
from bridge.text.url import safe_url

_TAGS: dict[type[Bold | Italic | Underline | Strike], str] = {
    Bold: "strong", Italic: "em", Underline: "u", Strike: "del",
}  # fmt: skip
_MATRIX_USER = re.compile(r"@[^:/?]+:[^/?]+")


def render(rich: Rich) -> str:
    """The HTML that shows a tree: every character of it escaped, links only where `safe_url` lets them lead."""
    return "".join(_rendered_blocks(rich))


def _rendered_blocks(rich: Rich) -> Iterator[str]:
    """Paragraphs get tags of their own only where two of them meet."""
    for index, block in enumerate(rich):
        around = (*rich[max(index - 1, 0) : index], *rich[index + 1 : index + 2])
        if isinstance(block, Paragraph) and not any(isinstance(other, Paragraph) for other in around):
            yield _rendered(block.inside)
        else:
            yield _rendered_block(block)


def _rendered_block(block: Block) -> str:
    match block:
        case Paragraph(inside):
            return f"<p>{_rendered(inside)}</p>"
        case Heading(inside, level):
            return f"<h{level}>{_rendered(inside)}</h{level}>"
        case Quote(inside):
            return f"<blockquote>{render(inside)}</blockquote>"
        case CodeBlock(text, language):
            kind = f' class="language-{escape(language)}"' if language else ""
            return f"<pre><code{kind}>{escape(text, quote=False)}</code></pre>"
        case List(items, start):
            rows = "".join(f"<li>{render(item)}</li>" for item in items)
            return f"<ul>{rows}</ul>" if start is None else f"<ol{_numbered(start)}>{rows}</ol>"


def _numbered(start: int) -> str:
    return "" if start == 1 else f' start="{start}"'


def _rendered(inside: Inlines) -> str:
    return "".join(map(_rendered_inline, inside))


def _rendered_inline(node: Inline) -> str:
    match node:
        case Text(text):
            return escape(text, quote=False)
        case Break():
            return "<br>"
        case Code(text):
            return f"<code>{escape(text, quote=False)}</code>"
        case Bold(inside) | Italic(inside) | Underline(inside) | Strike(inside):
            tag = _TAGS[type(node)]
            return f"<{tag}>{_rendered(inside)}</{tag}>"
        case Spoiler(inside, reason):
            why = f'="{escape(reason)}"' if reason else ""
            return f"<span data-mx-spoiler{why}>{_rendered(inside)}</span>"
        case Link(inside, url):
            return f'<a href="{escape(url)}">{_rendered(inside)}</a>' if safe_url(url) else _rendered(inside)
        case Mention(name, user):
            return _rendered_mention(name, user)
        case Emoji(name, native):
            return _rendered_emoji(name, native)


def _rendered_mention(name: str, user: UserId | None) -> str:
    """A person of this platform as a link to them; a stranger's id leads nowhere and is not shown."""
    words = escape(name, quote=False)
    if user is None or not _MATRIX_USER.fullmatch(user):
        return words
    return f'<a href="https://matrix.to/#/{escape(quote(user, safe="@:"))}">{words}</a>'


def _rendered_emoji(name: str, native: str) -> str:
    words = escape(f":{name}:")
    if not native.startswith("mxc://"):
        return words
    return f'<img data-mx-emoticon height="32" src="{escape(native)}" alt="{words}" title="{words}">'
