"""The emoji nearest to another among those that a room allows. Pure: no I/O, no state."""

from collections.abc import Collection, Iterator

_FORM = "\ufe0f"
"""Asks for the coloured form of a sign; platforms put it in or leave it out as they like."""
_SKIN = dict.fromkeys(range(0x1F3FB, 0x1F400))
"""Colours of skin, taken out of an emoji."""
_FAMILIES = (
    "❤ ♥ 🧡 💛 💚 💙 💜 🖤 🤍 🤎 💖 💗 💓 💞 💕 💝 🩷 🩵 🩶 ❣ 🫶",
    "👍 👌 ✅ ☑ ✔ 🆗 🙆",
    "👎 ❌ ✖ 🙅",
    "😁 😀 😃 😄 😆 😊 🙂 ☺",
    "🤣 😂 😹",
    "😍 🤩 😻",
    "🥰 🤗 😇",
    "😘 💋 😚 😗 😙",
    "😢 😭 😿 🥲 😥 ☹ 🙁 😞 😔",
    "😡 😠 🤬 👿",
    "😱 😨 😰 😧 🙀",
    "🤯 😮 😲 😯",
    "🎉 🥳 🎊 🪅",
    "🙏 🤲",
    "🤝 🫱",
    "👏 🙌",
    "🔥 ❤‍🔥 🌶",
    "🤔 🧐 🤨",
    "👀 👁",
    "🤡 🃏",
    "💯 🎯",
    "🏆 🥇 🏅",
    "😴 💤 🥱",
    "💩 🚽",
    "🤮 🤢",
    "😎 🆒 🕶",
    "🕊 ☮",
)
"""Emoji that say the same, the plainest first; what stands in none of them is shown in words."""
FAMILY = {emoji: family.split() for family in _FAMILIES for emoji in family.split()}


def nearest(emoji: str, allowed: Collection[str] | None) -> str | None:
    """The emoji itself where it is allowed, one that says the same, or None where only words can say it."""
    if allowed is None or emoji in allowed:
        return emoji
    return next((form for one in _alike(emoji) for form in (one, one + _FORM) if form in allowed), None)


def _alike(emoji: str) -> Iterator[str]:
    plain = emoji.translate(_SKIN).replace(_FORM, "")
    yield plain
    yield from FAMILY.get(plain, ())
