"""Promises about errors: each trouble of the platform becomes the error that says what happens next."""

import pytest

from bridge.errors import Rejected, RoomClosed, Unauthorized, Unavailable, Uncertain, Unsupported
from bridge.testing.contract_kit import Kit, Running
from bridge.testing.platform import Fault, texts


class ErrorPromises:
    """What `send` raises, and that the next one goes on."""

    async def test_a_platform_that_is_down_is_unavailable(self, kit: Kit) -> None:
        async with kit.running() as run:
            kit.fail_next(Fault.UNAVAILABLE)
            with pytest.raises(Unavailable):
                await run.send("into the void")
            await run.deliver(run.outgoing("up again"))
            await kit.reads(kit.town, "up again")
            assert "into the void" not in await texts(kit.platform, kit.town)

    async def test_too_many_requests_wait_as_long_as_the_platform_says(self, kit: Kit) -> None:
        async with kit.running() as run:
            kit.fail_next(Fault.RATE_LIMITED)
            with pytest.raises(Unavailable) as caught:
                await run.send("too fast")
            assert not isinstance(caught.value, Uncertain), "a request that was turned away did not happen"
            assert caught.value.retry_after is not None, "the platform's waiting time is lost"
            assert 0 < caught.value.retry_after <= 1
            await run.deliver(run.outgoing("slow enough"))
            await kit.reads(kit.town, "slow enough")

    async def test_a_lost_answer_is_uncertain(self, kit: Kit) -> None:
        async with kit.running() as run:
            kit.fail_next(Fault.LOST_ANSWER)
            with pytest.raises(Uncertain):
                await run.send("did it arrive")
            await kit.reads(kit.town, "did it arrive")

    async def test_a_refused_message_is_rejected(self, kit: Kit) -> None:
        async with kit.running() as run:
            kit.fail_next(Fault.REJECTED)
            with pytest.raises(Rejected) as caught:
                await run.send("not welcome")
            assert not isinstance(caught.value, Unsupported), "no feature is missing: the message itself is refused"
            await run.deliver(run.outgoing("welcome"))
            await kit.reads(kit.town, "welcome")
            assert "not welcome" not in await texts(kit.platform, kit.town)

    async def test_a_room_we_may_not_write_in_is_closed(self, kit: Kit) -> None:
        async with kit.running() as run:
            kit.fail_next(Fault.CLOSED)
            with pytest.raises(RoomClosed):
                await run.send("let me in")
            assert "let me in" not in await texts(kit.platform, kit.town)

    async def test_refused_credentials_are_unauthorized(self, kit: Kit) -> None:
        async with kit.running() as run:
            await run.send("still known")
            kit.fail_next(Fault.UNAUTHORIZED)
            if not await _send_is_unauthorized(run):
                await kit.host.until(lambda _: run.stopped, "`run` or `send` to raise `Unauthorized`")
            kit.platform.restore()
        async with kit.running() as run:
            await run.send("known again")
            await kit.reads(kit.town, "known again")


async def _send_is_unauthorized(run: Running) -> bool:
    try:
        await run.send("who am I")
    except Unauthorized:
        return True
    except Unavailable:
        return False
    pytest.fail("the platform refused the credentials and `send` succeeded")
