"""Every server that the settings name, looked at once: its certificate, its clock, whether it is encrypted."""

import asyncio
from collections.abc import Mapping, Sequence

from bridge.clock import Clock
from bridge.config import Config
from bridge.doctor import certificates, clocks, settings
from bridge.findings import Endpoint, Finding
from bridge.ids import AccountName


async def examined(config: Config, endpoints: Mapping[AccountName, Sequence[Endpoint]], clock: Clock) -> list[Finding]:
    """What is found of all of them; two accounts on one server are told of it once."""
    found = [
        one for name, servers in endpoints.items() for one in settings.plain(name, config.accounts[name], list(servers))
    ]
    all_of_them = {one.address: one for servers in endpoints.values() for one in servers}
    public = config.http.public_url if config.http else None
    if public is not None:
        all_of_them.setdefault(public, Endpoint(address=public))
    told = await asyncio.gather(*(_one(server, clock) for server in all_of_them.values()))
    return [*found, *(one for findings in told for one in findings)]


async def _one(server: Endpoint, clock: Clock) -> list[Finding]:
    shown = await certificates.look(server)
    found = list(certificates.judged(server.address, shown, clock.now()))
    if server.address.startswith(("http://", "https://")):
        found += clocks.judged(server.address, await clocks.difference(server, clock))
    return found
