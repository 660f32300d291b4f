"""What an application service hears besides words."""

from bridge.events import Edited, Posted
from tests.connectors.matrix_appservice.conftest import Lab

INFO, BEACON = "org.matrix.msc3672.beacon_info", "org.matrix.msc3672.beacon"


async def test_a_live_location_is_one_message_that_moves(lab: Lab) -> None:
    town, server = lab.kit.town, lab.server
    async with lab.kit.running() as run:
        await server.promote(town, "Grace")
        info = await server.set_own_state(town, "Grace", INFO, {"live": True, "timeout": 60_000})
        for at in ("geo:1.0,2.0", "geo:3.0,2.0"):
            relation = {"rel_type": "m.reference", "event_id": info}
            content = {"m.relates_to": relation, "org.matrix.msc3488.location": {"uri": at}}
            await server.post(town, "Grace", BEACON, content)
            await run.hears(at)
        begun = await run.event(Posted, lambda one: one.message == (info,), "where it begins")
        moved = await run.event(Edited, lambda one: one.replaces == info, "where it goes")
        places = [one.location for one in (*begun.attachments, *moved.attachments)]
        assert [(one.latitude, one.live_seconds) for one in places if one] == [(1.0, 60), (3.0, 60)]
