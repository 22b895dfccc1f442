"""The differences from Node that are meant, each with its reason. A name that no longer differs is
an error too."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# Reasons, and the names of the scenarios that they explain.
ALLOWED: dict[str, str] = {
    # Stricter about requests
    "HTTP/0.9, HTTP/2.0 and RTSP/1.0 are refused: a server of HTTP/1.1 cannot answer in them": (
        r"request line(, no listener)?: ('GET /'|'GET / HTTP/0.9'|'GET / HTTP/2.0'"
        r"|'GET / RTSP/1.0'"
        r"|'PRI \* HTTP/2.0')"
    ),
    "two Host headers, and invalid ones, are refused (RFC 9112 3.2)": (
        r"request(, listener)?: \['[Hh]ost: [ab]'\]|raw: bad host.*"
    ),
    "a Transfer-Encoding that does not end in chunked is refused before the request is announced "
    "(RFC 9112 6.3)": r"request(, listener)?: \['Transfer-Encoding: (gzip|identity|xchunked|)'\]",
    "only CRLF may precede a request (RFC 9112 2.2), and it counts for the size of the head": (
        r"raw: (CRs|LFs|many CRLFs).*"
    ),
    "128 headers, not 2,000 of which the rest is dropped in silence": (
        r"request(, listener)?: \['X0: 0'.*|server property: maxHeadersCount"
    ),
    "heads of 64 KiB, not 16 KiB": (
        r"request(, listener)?: \['X+(: x+)?|request line(, no listener)?: 'GET /x+"
        r"|body(, next)?: long trailer|clientError: (destroy|nothing|flags), overflow"
    ),
    # Bytes after a request that is not upgraded
    "what follows an upgrade that nobody listens for is the next request, not lost": (
        r"upgrade, (trickled, )?none listens: .*"
    ),
    # Limits
    "no more than MAX_PIPELINED requests wait for their responses": r"pipeline: a thousand",
    "no request is read while too much of the responses waits to be sent": (
        r"pipeline: large answers"
    ),
    # Python's types
    "None, booleans and lists in lists are no header values": (
        r"response: (setHeader (null|true)|(set|append)Header value (False|\[\[1\]\])"
        r"|writeHead (merged )?value (False|\[\[1\]\]))"
    ),
    "the status message is text": r"response: (writeHead message|statusMessage) (5|True)",
    "texts of errors name Python's None, True and 1e10": (
        r"response: ((set|append)Header\((None|True)\)|writeHead flat name (None|True)"
        r"|(writeHead\(|statusCode )(None|True|10000000000\.0)\)?)"
    ),
    "a missing argument is Python's TypeError": r"response: (setHeader undefined|write bad)",
    "`writableObjectMode` is not here": r"response: props",
    "`bytesParsed` of a parse error is not here": r"clientError: flags, .*",
    "`__proto__` is a header like any other": r"request(, listener)?: \['__proto__: x'\]",
    # Bugs of Node
    "pairs may be merged with headers that are set": r"response: writeHead pairs merges",
    "headers are sent as Latin-1 whatever the body is": r"response: unicode",
    "an interim response in the middle of a body raises": r"response: after sent",
    "a socket is not left corked by an exception in write() or end()": (
        r"answer: (HEAD )?1.0: trailers.*"
    ),
}


def reason_for(name: str) -> str | None:
    """Why the scenario `name` may differ, if it may."""
    for reason, pattern in ALLOWED.items():
        if re.fullmatch(pattern, name):
            return reason
    return None


# An interim response: 100, 102 or 103.
INTERIM = re.compile(r"HTTP/1\.1 10[023] .*\r\n(?:.+\r\n)*\r\n")


def random_reason_for(scenario: Mapping[str, Any], node: Any, here: Any) -> str | None:
    """The same for random scenarios, by what differs."""
    if "trickle" in [step[0] for step in scenario["client"]]:
        return "what arrives of a request that comes byte by byte before a timer runs is chance"
    if without_interim_responses(node) == without_interim_responses(here):
        return "Node sends the interim responses of a response that waits behind its head"
    if without_late_drains(node) == here:
        return "Node emits `drain` on a response whose connection was destroyed"
    return None


def without_interim_responses(result: Any) -> Any:
    """A result without the interim responses that the client received."""
    client = [[name, INTERIM.sub("", text)] for name, text in result["client"]]
    return {**result, "client": client}


def without_late_drains(result: Any) -> Any:
    """A result without the `drain` events of responses that were destroyed."""
    gone = set()
    log = []
    for entry in result["server"]:
        name = entry[0].partition(".")[0]
        if entry[1:] == ["event", "close"] or entry[:2] == [f"{name}.destroy", "returned"]:
            gone.add(name)
        elif entry[1:] == ["event", "drain"] and name in gone:
            continue
        log.append(entry)
    return {**result, "server": log}
