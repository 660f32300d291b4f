"""The forms of the reactions Telegram offers, held against an independent list."""

from emoji import EMOJI_DATA
from telegram.constants import ReactionEmoji

from connectors.telegram.reactions import VARIATION, shown

_FULLY_QUALIFIED = 2


def test_every_reaction_is_shown_in_the_form_unicode_calls_fully_qualified() -> None:
    offered = {emoji.value.replace(VARIATION, "") for emoji in ReactionEmoji}
    full = {form for form, facts in EMOJI_DATA.items() if facts["status"] == _FULLY_QUALIFIED}
    assert {shown(bare) for bare in offered} <= full
