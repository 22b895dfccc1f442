"""Random scenarios: calls of programs on requests and responses, and actions of clients
meanwhile."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

from spec.node.parity.http.scenarios import request

Op = list[Any]

BODY = "Hello, this is the body of a request."
CHUNKED = "5\r\nHello\r\n6;a=b\r\n there!\r\n0\r\n\r\n"

# The most requests of one connection: fewer than can wait here before reading stops.
MAX_REQUESTS = 5


def random_request(rng: random.Random) -> str:
    """A request that both sides accept."""
    method = rng.choice(["GET", "GET", "GET", "POST", "POST", "PUT", "HEAD", "DELETE", "OPTIONS"])
    version = "1.0" if rng.random() < 0.12 else "1.1"
    headers = []
    if rng.random() < 0.15:
        headers.append(f"Connection: {rng.choice(['close', 'keep-alive', 'Keep-Alive', 'x'])}")
    if rng.random() < 0.3:
        headers.append(
            rng.choice(["Accept: a", "Cookie: a=1", "X-A: b", "Content-Type: text/plain"])
        )
        headers.append(rng.choice(["Accept: c", "Cookie: b=2", "x-a: d", "Content-Type: x/y"]))
    if rng.random() < 0.08:
        headers.append(f"Expect: {rng.choice(['100-continue', 'x', '100-Continue'])}")
    body = ""
    if method in ("POST", "PUT") or rng.random() < 0.05:
        kind = rng.random()
        if kind < 0.5:
            body = BODY[: rng.randrange(len(BODY))]
            headers.append(f"Content-Length: {len(body)}")
        elif kind < 0.9:
            headers.append("Transfer-Encoding: chunked")
            body = rng.choice([CHUNKED, "0\r\n\r\n", "3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n"])
    return request(f"{method} /{rng.randrange(100)} HTTP/{version}", *headers, body=body)


def random_upgrade(rng: random.Random) -> str:
    """A request for another protocol or for a tunnel."""
    if rng.random() < 0.3:
        return "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n" + rng.choice(["", "early"])
    head = request("GET /up HTTP/1.1", "Connection: Upgrade", "Upgrade: websocket")
    return head + rng.choice(["", "early", "\x81\x00"])


def random_headers(rng: random.Random) -> list[Op]:
    """Calls before the headers are sent."""
    ops: list[Op] = []
    makers: list[Callable[[], Op]] = [
        lambda: [
            "res.setHeader",
            rng.choice(["X-A", "x-a", "X-B"]),
            rng.choice(["1", 2, ["3", "4"]]),
        ],
        lambda: ["res.appendHeader", "X-A", rng.choice(["5", ["6", "7"]])],
        lambda: ["res.removeHeader", rng.choice(["X-A", "Date", "Connection", "none"])],
        lambda: ["res.getHeader", "x-a"],
        lambda: ["res.getHeaders"],
        lambda: ["res.hasHeader", "X-A"],
        lambda: ["set", "res.statusCode", rng.choice([200, 204, 304, 404, 500, 299])],
        lambda: ["set", "res.statusMessage", "Mine"],
        lambda: ["res.setHeader", "Connection", rng.choice(["close", "keep-alive"])],
        lambda: ["res.setHeader", "Content-Type", "text/plain"],
        lambda: ["set", "res.sendDate", False],
        lambda: ["get", "res.headersSent"],
        lambda: ["get", "req.headers"],
        lambda: ["get", "req.rawHeaders"],
        lambda: ["get", "req.httpVersion"],
    ]
    for _ in range(rng.randrange(4)):
        ops.append(rng.choice(makers)())
    if rng.random() < 0.05:
        ops.append(["res.writeEarlyHints", {"link": "</a>; rel=preload"}])
    if rng.random() < 0.25:
        status = rng.choice([200, 201, 204, 304, 404])
        more: list[Any] = rng.choice(
            [[], [{"X-C": 1}], ["Why", {"x-a": "z"}], [["X-D", "1", "X-E", "2"]]]
        )
        ops.append(["res.writeHead", status, *more])
    if rng.random() < 0.07:
        ops.append(["res.flushHeaders"])
    return ops


def random_body(rng: random.Random) -> list[Op]:
    """Calls that write the body and end it, or do not."""
    ops: list[Op] = []
    for _ in range(rng.choice([0, 0, 0, 1, 1, 2, 3])):
        if rng.random() < 0.2:
            ops.append(["res.write", "abc", {"$callback": f"w{rng.randrange(9)}"}])
        else:
            ops.append(["res.write", rng.choice(["a", "bcd", "", "h\xe9", {"$bytes": "\xff\x00"}])])
    ending = rng.random()
    if ending < 0.45:
        ops.append(["res.end", rng.choice(["end", "", {"$bytes": "x"}])])
    elif ending < 0.75:
        ops.append(["res.end"])
    elif ending < 0.82:
        ops.append(["res.end", "last", {"$callback": "ended"}])
    elif ending < 0.87:
        ops += [["res.end", "a"], ["res.end"], ["res.write", "late"]]
    elif ending < 0.9:
        ops += [["res.end"], ["res.setHeader", "X", "1"], ["res.writeHead", 200]]
    elif ending < 0.93:
        ops.append(["res.destroy"])
    elif ending < 0.95:
        ops.append(["req.destroy"])
    elif ending < 0.97:
        ops.append(["socket.end"])
    return ops


def delayed(rng: random.Random, ops: list[Op]) -> list[Op]:
    """The calls, some of them later."""
    kind = rng.random()
    if kind < 0.65 or not ops:
        return ops
    cut = rng.randrange(len(ops))
    if kind < 0.75:
        return [*ops[:cut], ["tick", ops[cut:]]]
    if kind < 0.82:
        return [*ops[:cut], ["immediate", ops[cut:]]]
    return [*ops[:cut], ["later", rng.choice([5, 15]), ops[cut:]]]


def random_listeners(rng: random.Random, upgrades: bool) -> dict[str, list[Op]]:
    """The actions of the server."""
    on: dict[str, list[Op]] = {}
    for number in range(1, MAX_REQUESTS + 1):
        ops = [*random_headers(rng), *random_body(rng)]
        on[f"server.request#{number}"] = delayed(rng, ops)
    on["server.request"] = [["res.end", "more"]]
    if rng.random() < 0.4:
        on["req.data"] = []
    if rng.random() < 0.1:
        on["req.end"] = [["get", "req.complete"], ["get", "req.trailers"]]
    if upgrades or rng.random() < 0.5:
        # Without a listener, Node loses the bytes after such a request.
        on["server.upgrade"] = rng.choice(
            [
                [["socket.write", "HTTP/1.1 101 A\r\n\r\n"], ["socket.pipe", {"$ref": "socket"}]],
                [["socket.end", "HTTP/1.1 403 No\r\n\r\n"]],
                [["socket.write", "HTTP/1.1 401 No\r\n\r\n"], ["socket.destroy"]],
                [["socket.write", "HTTP/1.1 101 A\r\n\r\n"], ["listen", "socket", "data", []]],
            ]
        )
    if rng.random() < 0.5:
        on["server.connect"] = [["socket.end", "HTTP/1.1 200 A\r\n\r\n"]]
    if rng.random() < 0.3:
        on["server.checkContinue"] = rng.choice(
            [[["res.writeContinue"], ["res.end", "c"]], [["res.writeHead", 413], ["res.end"]]]
        )
    if rng.random() < 0.3:
        on["server.checkExpectation"] = [["set", "res.statusCode", 400], ["res.end"]]
    if rng.random() < 0.3:
        on["server.clientError"] = rng.choice(
            [[["socket.end", "HTTP/1.1 400 Mine\r\n\r\n"]], [["socket.destroy"]]]
        )
    return on


def random_client(rng: random.Random, upgrades: bool) -> list[Op]:
    """The actions of the client."""
    sent = "".join(random_request(rng) for _ in range(rng.randrange(1, MAX_REQUESTS)))
    if upgrades:
        sent += random_upgrade(rng)
    elif rng.random() < 0.1:
        sent += rng.choice(["garbage\r\n\r\n", "GET / HTTP/1.1\r\nA b\r\n\r\n"])
    whole = rng.random() < 0.85
    if not whole:
        sent = sent[: rng.randrange(1, len(sent))]
    steps: list[Op] = []
    if rng.random() < 0.12 and len(sent) < 400:
        steps.append(["trickle", sent])
    elif rng.random() < 0.5:
        steps.append(["send", sent])
    else:
        places = sorted(rng.randrange(len(sent) + 1) for _ in range(rng.randrange(1, 4)))
        for start, end in zip([0, *places], [*places, len(sent)], strict=True):
            if end > start:
                steps += [["send", sent[start:end]], ["wait"]]
    steps.append(["wait"])
    if upgrades:
        steps += [["send", "later"], ["wait"]]
    action = rng.random()
    if action < 0.3:
        steps += [["end"], ["wait"]]
    elif action < 0.45:
        steps += [["reset"], ["wait"]]
    elif action < 0.55:
        steps += [
            [
                "do",
                [
                    [
                        rng.choice(
                            [
                                "server.close",
                                "server.closeIdleConnections",
                                "server.closeAllConnections",
                            ]
                        )
                    ]
                ],
            ],
            ["wait"],
        ]
    elif action < 0.7 and whole:
        steps += [["send", random_request(rng)], ["wait"]]
    return steps


def random_scenarios(seed: int, count: int) -> Iterator[dict[str, Any]]:
    """Scenarios by number: the same for the same seed."""
    for number in range(count):
        rng = random.Random(f"{seed}/{number}")
        upgrades = rng.random() < 0.2
        yield {
            "name": f"random {seed}/{number}",
            "on": random_listeners(rng, upgrades),
            "client": random_client(rng, upgrades),
            "watch": {
                "req": ["end", "close", "error", "aborted"],
                "res": ["finish", "close", "error", "drain"],
                "socket": rng.choice([[], [], ["end", "close", "error"]]),
            },
            "listen": rng.choice([[], [], ["connection", "close"]]),
        }
