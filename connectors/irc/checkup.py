"""What an operator should know of an account on IRC: our name, who may take it, what the server lacks. Pure."""

from collections.abc import Sequence

from bridge.findings import Finding, Grade
from connectors.irc.config import IrcConfig, Verify
from connectors.irc.server import Server


def examined(config: IrcConfig, server: Server, nick: str) -> Sequence[Finding]:
    """The findings of one connection that is up."""
    about = Finding(
        grade=Grade.NOTE, where="the server", what=f"{_network(server)} runs {server.software or 'unknown'}"
    )
    return [about, *_name(config, server, nick), *_encryption(config)]


def bracketed(host: str) -> str:
    """A host as it stands in an address."""
    return f"[{host}]" if ":" in host else host


def _network(server: Server) -> str:
    return server.support.get("NETWORK", "the network")


def _name(config: IrcConfig, server: Server, nick: str) -> Sequence[Finding]:
    found = []
    if server.fold(nick) != server.fold(config.nick):
        what = f"the nick {config.nick} is taken by somebody else; the bridge is called {nick}"
        found.append(
            Finding(where="nick", what=what, remedy=f"/msg NickServ REGAIN {config.nick}, or set another `nick`")
        )
    if config.sasl_user is None and "sasl" in server.offered:
        what = "the nick is not registered: anybody can take it while the bridge is away"
        remedy = "/msg NickServ REGISTER as the bridge's nick, then set `sasl_user` and `sasl_password`"
        found.append(Finding(where="sasl_user", what=what, remedy=remedy))
    return found


def _encryption(config: IrcConfig) -> Sequence[Finding]:
    if config.verify is not Verify.NONE or config.tls() is None:
        return []
    what = "the server's certificate is not checked: anybody in between can read and write as the bridge"
    return [
        Finding(where="verify", what=what, remedy="set `verify: full`, and `ca_file` where the network has its own")
    ]
