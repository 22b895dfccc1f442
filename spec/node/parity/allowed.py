"""What may differ between Node and this package, and why.

Each cause has a pattern for the first difference of a scenario, as compare.py describes it, and may
ask for something in the scenario.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Cause:
    name: str
    reason: str
    difference: str
    scenario: str = ""

    def explains(self, difference: str, scenario: str) -> bool:
        return bool(re.search(self.difference, difference) and re.search(self.scenario, scenario))


CAUSES = [
    Cause(
        "listen-binds-at-once",
        "listen() with an IP address has bound when it returns, so that address() has the port on "
        "the next line; Node binds one tick later.",
        r"after «do (address|connect)» Node «(ret address none|noport|ev connect .*)», "
        r"port «(ret address yes|ev (connect|error))",
        r'"listen"\]',
    ),
    Cause(
        "which-error-first",
        "After a reset, whether reading (ECONNRESET) or writing (EPIPE) notices it first is up to "
        "the system.",
        r"Node «ev error (EPIPE|ECONNRESET).*», port «ev error (EPIPE|ECONNRESET)",
    ),
    Cause(
        "reset-with-data-is-an-end-in-node",
        "A reset that arrives together with data is a clean end in Node (libuv makes one of "
        "POLLHUP). Here it is an error, so that nothing cut off passes for complete.",
        r"after «(data N|ev connection .*)» Node «(ev end .*|do .*)», port «ev error ECONNRESET",
        r'"rst"|"resetAndDestroy"|"destroy|"close"|"end"',
    ),
    Cause(
        "early-end-of-tls",
        "Node's TLS server may not emit a connection whose client ended at once.",
        r"^s(erver)?: .*Node «(nothing|do .*)», port «ev connection ",
    ),
    Cause(
        "tls-delivers-what-was-written",
        "Node's TLS sockets lose what was written in a listener for secureConnection, and the "
        "second of two writes, if they are destroyed right behind it. Here it is delivered.",
        r"Node «(data N|ev end .*)», port «data N»",
        r'"tls": true.*"(destroy|destroyErr|end)"',
    ),
    Cause(
        "nothing-after-a-bad-argument",
        "A call that raises changes nothing; Node has set `connecting` by then, for good.",
        r"^c: after «do end» Node «nothing», port «ev ",
        r'"socketConnect"',
    ),
    Cause(
        "written-before-destroy-over-tls",
        "What was written to a TLS socket before destroy() is sent here; Node sends what the "
        "handshake or an earlier write has left room for.",
        r"(Node «data N», port «data N»|Node «(ev (error ECONNRESET|end)|do ).*», port «data N»)",
        r'"tls": true.*"destroy|"destroy.*"tls": true',
    ),
    Cause(
        "reset-while-ending",
        "resetAndDestroy() right after end() is an error in Node (EINVAL of libuv, and no close "
        "event ever); here it resets.",
        r"(Node «ev error EINVAL.*», port «(ret ask|ev close)|"
        r"Node «stat N eof -», port «stat N - Conn)",
        r'"resetAndDestroy"',
    ),
    Cause(
        "no-trailing-arguments",
        "Arguments that have no meaning raise TypeError; Node ignores them.",
        r"Node «ev connect », port «throw connectAs .* bad argument",
    ),
]
