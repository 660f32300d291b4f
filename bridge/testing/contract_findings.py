"""What a connector tells `qantara doctor`: findings to act on, and addresses that can be looked at."""

from urllib.parse import urlsplit

from bridge.connector import Connector
from bridge.findings import Grade
from bridge.testing.contract_kit import Kit
from bridge.testing.platform import texts
from bridge.testing.secrecy import secrets_of


class FindingPromises:
    """Looking changes nothing, and what is found comes with a way out."""

    async def test_findings_say_where_what_and_what_to_do(self, kit: Kit) -> None:
        kit.needs(Connector.examine, "examination")
        async with kit.running() as run:
            await run.hears("before")
            before = await texts(kit.platform, kit.town)
            found = await run.connector.examine()
            await run.hears("after")
            assert await texts(kit.platform, kit.town) == [*before, "after"], "an examination must write nothing"
        for one in found:
            assert one.where.strip(), f"it does not say where: {one}"
            assert one.what.strip(), f"it does not say what: {one}"
            assert one.remedy.strip() or one.grade is Grade.NOTE, f"it does not say what to do: {one}"
        leaks = [one.where for one in found for secret in secrets_of(run.connector.config) if secret in repr(one)]
        assert not leaks, f"a secret is shown in findings about {leaks}"

    async def test_endpoints_can_be_looked_at(self, kit: Kit) -> None:
        connector = kit.connect(kit.host)
        for one in connector.endpoints():
            parts = urlsplit(one.address)
            assert parts.scheme, f"{one.address} has no scheme"
            assert parts.hostname, f"{one.address} has no host"
            assert parts.port or parts.scheme in {"http", "https"}, f"{one.address} has no port"
            assert not any(secret in one.address for secret in secrets_of(connector.config)), (
                "an address holds a secret"
            )
