"""Pictures of people on Telegram: the newest one, of the size that is large enough."""

import pytest

from bridge.errors import Rejected
from bridge.events import Posted
from bridge.testing.contract_kit import Kit
from bridge.testing.waiting import eventually
from bridge.text.nodes import said
from connectors.telegram.emulator import TelegramEmulator
from tests.connectors.matrix_appservice.test_portraits import drawn


async def test_the_picture_of_who_wrote_is_had_by_what_the_event_says(kit: Kit) -> None:
    platform = kit.platform
    assert isinstance(platform, TelegramEmulator)
    await platform.set_face("Grace", drawn("blue"))
    async with kit.running() as run:
        await platform.say(kit.town, "Grace", said("hello"))
        await platform.say(kit.town, "Olaf", said("hei"))
        await eventually(lambda: len(run.kit.host.words()) == 2)
        grace, olaf = [one.author.avatar or "" for one in run.kit.host.events if isinstance(one, Posted)]
        assert b"".join([piece async for piece in run.connector.face(grace)]) == drawn("blue").data
        with pytest.raises(Rejected):
            await anext(aiter(run.connector.face(olaf)))
