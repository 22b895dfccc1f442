"""Fixed scenarios: every form of the arguments, every member, and behaviour on which programs
depend."""

from __future__ import annotations

from typing import Any

Scenario = dict[str, Any]

MANUAL = {"manual": True}
ATTEMPTS = ["connectionAttempt", "connectionAttemptFailed", "connectionAttemptTimeout"]
EVENTS = ["lookup", "connect", "ready", "data", "end", "timeout", "error", "close", "drain"]

LISTEN: list[list[Any]] = [
    [],
    [0],
    ["0"],
    [" 0 "],
    [{"port": 0}],
    [{"port": "0"}],
    [{"port": 0, "host": ""}],
    [{"port": 0, "backlog": 5}],
    [{"port": 0, "path": "{path}"}],
    [{"port": 0, "host": "::", "ipv6Only": True}],
    [0, "{cb}"],
    [0, ""],
    [0, "127.0.0.1", "{cb}"],
    [0, "127.0.0.1", 10, "{cb}"],
    [0, None, "{cb}"],
    [0, 10],
    [0, 10, "{cb}"],
    [0, "localhost"],
    [0, "localhost", "{cb}"],
    [0, "nosuch.invalid"],
    [0, "1.2.3.4"],
    [0, "::1"],
    ["{taken}"],
    ["{taken}", "127.0.0.1"],
    ["{taken}", "127.0.0.1", "{cb}"],
    ["{path}"],
    ["{path}", "{cb}"],
    ["{path}", 5],
    [{"path": "{path}"}, "{cb}"],
    ["{nopath}/x"],
    ["{cb}"],
    [None],
    [None, "{cb}"],
    [{}],
    [True],
    [False],
    [70000],
    [-1],
    [1.5],
    ["70000"],
    [[]],
    [""],
    [{"port": None}],
    [{"port": "x"}],
    [{"port": ""}],
    [{"port": -1}],
    [{"port": 1.5}],
    [{"port": True}],
    [{"path": 5}],
    [{"host": "127.0.0.1"}],
]

HERE = {"port": "{port}", "host": "127.0.0.1"}
CONNECT: list[list[Any]] = [
    ["{port}"],
    ["{portText}"],
    ["{port}", "{cb}"],
    ["{port}", "127.0.0.1"],
    ["{port}", "127.0.0.1", "{cb}"],
    ["{port}", "127.0.0.1", None],
    ["{port}", None, "{cb}"],
    ["{port}", ""],
    ["{port}", "localhost"],
    ["{port}", "localhost", "{cb}"],
    ["{port}", "nosuch.invalid"],
    ["{port}", "nosuch.invalid", "{cb}"],
    [{"port": "{port}"}],
    [{"port": "{portText}"}],
    [HERE, "{cb}"],
    [{**HERE, "family": 4}],
    [{**HERE, "host": "localhost", "family": 4}],
    [{**HERE, "host": "localhost", "family": 6}],
    [{**HERE, "localAddress": "127.0.0.1"}],
    [{**HERE, "localAddress": "1.2.3.4"}],
    [{**HERE, "localAddress": "nope"}],
    [{**HERE, "localPort": "x"}],
    [{**HERE, "allowHalfOpen": True}],
    ["{nopath}"],
    ["{nopath}", "{cb}"],
    [{"path": "{nopath}"}],
    [None],
    [],
    [{}],
    [True],
    [[]],
    [70000],
    ["70000"],
    [-1],
    [1.5],
    [""],
    [{"host": "x"}],
    [{"port": None}],
    [{"port": True}],
    [{"port": "x"}],
]

WRITE: list[list[Any]] = [
    [5],
    [True],
    [[1, 2]],
    [{}],
    ["x", "nosuch"],
    ["x", 5],
    ["x", None],
    ["x", ""],
    ["", "utf8"],
    ["x", "UTF8"],
    ["\u20ac", "latin1"],
    ["\u00fcx", "ascii"],
    ["ab", "ucs2"],
    ["ab", "utf16le"],
    ["ab", "binary"],
    ["6162zz", "hex"],
    ["abc", "hex"],
    ["YWJj", "base64"],
    ["a b=", "base64"],
    ["YWJj-_", "base64url"],
]

MEMBERS = [
    "connecting",
    "pending",
    "destroyed",
    "readyState",
    "closed",
    "bytesRead",
    "bytesWritten",
    "writableLength",
    "writableNeedDrain",
    "readable",
    "writable",
    "remoteAddress",
    "remoteFamily",
    "localAddress",
    "timeout",
    "writableEnded",
    "writableFinished",
    "writableCorked",
    "writableHighWaterMark",
    "readableEnded",
    "readableFlowing",
    "readableLength",
    "readableEncoding",
    "readableHighWaterMark",
    "allowHalfOpen",
    "errored",
    "isPaused",
]

ENCODINGS = ["utf8", "UTF-8", "latin1", "hex", "base64", "base64url", "ucs2", "ascii", "nosuch"]

SERVER_OPTIONS: list[dict[str, Any]] = [
    {"allowHalfOpen": True},
    {"allowHalfOpen": False},
    {"pauseOnConnect": True},
    {"noDelay": True},
    {"keepAlive": True, "keepAliveInitialDelay": 1000},
]


class Collection:
    def __init__(self) -> None:
        self.scenarios: list[Scenario] = []

    def add(self, name: str, *steps: Any, **more: Any) -> None:
        scenario = {"id": name, "on": [], "errors": True, "server": {}, **more, "steps": steps}
        self.scenarios.append(scenario)

    def connected(self, name: str, *steps: Any, **more: Any) -> None:
        """A scenario that begins with a connection."""
        self.add(name, [["c0", "connect"]], *steps, **more)


def scenarios() -> list[Scenario]:
    found = Collection()
    arguments(found)
    members(found)
    socket_methods(found)
    reading(found)
    callbacks(found)
    new_sockets(found)
    idioms(found)
    servers(found)
    return found.scenarios


def arguments(found: Collection) -> None:
    for number, form in enumerate(LISTEN):
        found.add(
            f"listen-{number}",
            [["server", "listenAs", form]],
            [["server", "addressOf"], ["server", "get", "listening"]],
            [["server", "closeCb"]],
            [["server", "closeCb"]],
            server=MANUAL,
            taken=True,
        )
    clients = {"c0": {"listen": EVENTS + ATTEMPTS}}
    for number, form in enumerate(CONNECT):
        found.add(
            f"connect-{number}",
            [["c0", "connectAs", form]],
            [["c0", "get", "pending"], ["c0", "get", "readyState"], ["c0", "end"]],
            clients=clients,
        )
        found.add(
            f"socket-connect-{number}",
            [["c0", "newSocket"], ["c0", "get", "pending"], ["c0", "get", "readyState"]],
            [["c0", "socketConnect", form]],
            [["c0", "end"]],
            clients=clients,
        )
    for number, form in enumerate(WRITE):
        found.connected(
            f"write-{number}",
            [["c0", "writeAs", *form]],
            [["c0", "get", "bytesWritten"], ["c0", "endAs", *form]],
            [["c0", "writeAs", "late"]],
        )
    for encoding in ENCODINGS:
        found.connected(
            f"encoding-{encoding}",
            [["s0", "ask", "setEncoding", encoding], ["s0", "get", "readableEncoding"]],
            [["c0", "writeAs", "h\u00e4\u20acllo"]],
            [["c0", "writeAs", "e282", "hex"]],
            [["c0", "writeAs", "ac", "hex"]],
            [["c0", "writeAs", "e282", "hex"]],
            [["c0", "end"]],
        )


def members(found: Collection) -> None:
    for member in MEMBERS:
        get = [["c0", "get", member], ["s0", "get", member]]
        found.connected(
            f"get-{member}", get, [["c0", "write", 7]], get, [["c0", "end"], *get[:1]], get
        )
        found.add(
            f"get-early-{member}",
            [
                ["c0", "connect"],
                ["c0", "get", member],
                ["c0", "write", 5],
                ["c0", "get", member],
                ["c0", "end", 3],
                ["c0", "get", member],
            ],
            [["c0", "get", member]],
            [["c0", "destroy"], ["c0", "get", member]],
            [["c0", "get", member]],
            server={"options": {"allowHalfOpen": True}},
        )
    for method in ("Pause", "Resume", "End", "Destroy", "Nodelay", "Keepalive"):
        found.connected(f"returns-{method}", [["c0", "ret" + method]], [["c0", "ret" + method]])


def socket_methods(found: Collection) -> None:
    clients = {"c0": {"listen": EVENTS}}
    found.connected(
        "unshift",
        [["s0", "pause"]],
        [["c0", "write", 5]],
        [["s0", "ask", "unshift", "abc"]],
        [["s0", "resume"]],
        [["s0", "ask", "unshift", "later"]],
        [["c0", "end"]],
        [["s0", "ask", "unshift", "never"]],
    )
    found.connected(
        "cork",
        [["c0", "ask", "cork"], ["c0", "write", 5], ["c0", "get", "writableLength"]],
        [["c0", "get", "writableCorked"], ["c0", "write", 6]],
        [["c0", "ask", "uncork"], ["c0", "get", "writableLength"]],
        [["c0", "ask", "cork"], ["c0", "write", 5], ["c0", "end", 2]],
    )
    cork = [["c0", "ask", "cork"], ["c0", "writeCb", 5]]
    found.connected("cork-end-destroy", [*cork, ["c0", "endCb"], ["c0", "destroy"]])
    found.connected("cork-destroy", [*cork, ["c0", "destroy"]])
    found.connected("cork-destroy-error", [*cork, ["c0", "destroyErr"]])
    found.connected("reset", [["c0", "ask", "resetAndDestroy"]])
    found.add("reset-early", [["c0", "connect"], ["c0", "ask", "resetAndDestroy"]])
    found.connected("destroy-soon", [["c0", "write", 100000], ["c0", "ask", "destroySoon"]])
    found.add(
        "destroy-soon-early",
        [["c0", "connect"], ["c0", "write", 10], ["c0", "ask", "destroySoon"]],
    )
    found.connected(
        "timeout",
        [["c0", "setTimeout", 20, True]],
        [["wait", 100]],
        [["c0", "setTimeout", 0]],
        [["wait", 60]],
        [["c0", "get", "timeout"], ["c0", "end"]],
        clients=clients,
    )
    for value in (-1, "x", None, True):
        found.connected(f"timeout-{value}", [["c0", "setTimeout", value]], clients=clients)
    found.connected("refs", [["c0", "ask", "ref"], ["c0", "ask", "unref"]])


READERS: list[list[Any]] = [["read"], ["readAll"], ["read", 3], ["read", 5], ["read", 0]]


def reading(found: Collection) -> None:
    """Paused mode: each way of reading, with enough data, with too little, and at the end."""
    listen = {"listen": ["readable", "end", "close", "error"]}
    for reader in READERS:
        name = "-".join(map(str, reader))
        found.connected(
            f"readable-{name}",
            [["c0", "write", 5]],
            [["c0", "write", 1]],
            [["s0", "get", "readableLength"]],
            [["c0", "end", 2]],
            [["s0", *reader], ["s0", *reader], ["s0", "get", "readableEnded"]],
            server=listen,
            on=[{"at": "s0:readable", "nth": 0, "do": [["s0", *reader]]}],
        )
        found.connected(
            f"paused-{name}",
            [["s0", "pause"], ["s0", *reader], ["c0", "write", 5]],
            [["s0", *reader]],
            [["s0", "resume"], ["s0", *reader]],
            [["c0", "end", 2]],
        )
    found.connected(
        "readable-too-much",
        [["c0", "write", 5]],
        [["s0", "read", 20000], ["s0", "get", "readableHighWaterMark"]],
        [["c0", "write", 20000]],
        [["s0", "read", 20000], ["s0", "read", 2**30 + 1]],
        server=listen,
    )
    found.connected(
        "readable-pipe",
        [["s0", "on", "readable"], ["s0", "pipe", "s0"]],
        [["c0", "write", 5]],
        [["s0", "off", "readable"]],
        [["c0", "end", 3]],
        server={"listen": ["end", "close", "error"]},
    )
    for event in ("connection", "readable"):
        found.connected(
            f"unshift-{event}",
            [["c0", "write", 5]],
            [["s0", "readAll"]],
            [["c0", "end"]],
            server=listen,
            on=[{"at": f"s0:{event}", "nth": 1, "do": [["s0", "ask", "unshift", "abc"]]}],
        )
    for limit in (0, 1):
        found.connected(
            f"iterate-{limit}",
            [["s0", "iterate", limit]],
            [["c0", "write", 5]],
            [["c0", "end", 3]],
            server={"listen": ["end", "close", "error"]},
        )


def callbacks(found: Collection) -> None:
    found.connected(
        "write-callbacks",
        [["c0", "writeCb", 5], ["c0", "writeCb", 5], ["c0", "endCb"]],
        [["c0", "endCb"]],
        [["c0", "endCb", 5]],
        [["c0", "writeCb", 5]],
    )
    found.connected(
        "callbacks-after-destroy", [["c0", "destroy"], ["c0", "writeCb", 5], ["c0", "endCb"]]
    )
    found.connected("callbacks-after-end", [["c0", "end"], ["c0", "writeCb", 5]])
    found.connected("end-twice", [["c0", "endCb", 5], ["c0", "endCb"], ["c0", "endCb", 7]])
    found.add(
        "write-then-destroy-early",
        [
            ["c0", "connect"],
            ["c0", "writeCb", 5],
            ["c0", "writeCb", 6],
            ["c0", "endCb"],
            ["c0", "destroy"],
        ],
    )


def new_sockets(found: Collection) -> None:
    connect = [["c0", "socketConnect", ["{port}", "127.0.0.1"]]]
    found.add("end-new", [["c0", "newSocket"], ["c0", "endCb"]], connect)
    found.add(
        "reconnect",
        [["c0", "connect"]],
        [["c0", "end"]],
        connect,
        [["c0", "write", 5]],
        [["c0", "end"]],
    )
    found.add(
        "reconnect-refused",
        [["c0", "connect", "hole"]],
        connect,
        [["c0", "write", 5]],
        [["c0", "end"]],
        hole=True,
    )
    found.add("refused", [["c0", "connect", "hole"]], hole=True, clients={"c0": {"listen": EVENTS}})
    found.add(
        "name-refused",
        [["server", "close"]],
        [["c0", "connectAs", ["{port}", "localhost"]]],
        clients={"c0": {"listen": EVENTS}},
    )
    found.add(
        "unix",
        [["server", "listenAs", ["{path}"]]],
        [["c0", "connectAs", ["{path}"]]],
        [["c0", "write", "x"], ["c0", "get", "remoteAddress"], ["c0", "addressOf"]],
        [["s0", "write", "abc"]],
        [["c0", "end"]],
        [["server", "close"]],
        server=MANUAL,
        clients={"c0": {"listen": EVENTS}},
    )


def idioms(found: Collection) -> None:
    for event in ("connection", "data"):
        found.connected(
            f"refusal-{event}",
            [["c0", "write", 5]],
            on=[{"at": f"s0:{event}", "do": [["s0", "write", 100], ["s0", "destroy"]]}],
        )
    found.connected(
        "refusal-connect", on=[{"at": "c0:connect", "do": [["c0", "write", 9], ["c0", "destroy"]]}]
    )
    found.connected(
        "paused-peer-ends",
        [["s0", "pause"]],
        [["c0", "end"]],
        [["server", "close"]],
        [["s0", "end"]],
    )
    found.connected(
        "write-after-their-end",
        [["c0", "end"], ["s0", "pause"]],
        [["s0", "write", 5]],
        on=[{"at": "s0:end", "do": [["s0", "write", 3], ["s0", "get", "writable"]]}],
    )
    late = [["c0", "write", 3], ["c0", "destroy"], ["c0", "end"], ["c0", "resume"], ["c0", "pause"]]
    found.connected("calls-in-close", [["c0", "end"]], on=[{"at": "c0:close", "do": late}])
    found.connected(
        "unpipe",
        [["s0", "pipe", "s0"]],
        [["c0", "write", 5]],
        [["s0", "unpipe", "s0"]],
        [["c0", "write", 5]],
        [["s0", "pipe", "s0"], ["s0", "unpipe"]],
        [["c0", "write", 5]],
        [["s0", "resume"]],
        [["c0", "end"]],
        server={"listen": ["end", "close", "error"]},
    )
    for event in ("connection", "data", "close"):
        found.connected(
            f"throw-{event}",
            [["c0", "write", 5]],
            [["c0", "write", 6]],
            [["c0", "end"]],
            on=[{"at": f"s0:{event}", "nth": 1, "do": [["!", ""]]}],
            solo=True,
        )
    found.add(
        "unheard",
        [["c0", "connect", "hole"]],
        hole=True,
        clients={"c0": {"listen": ["close"]}},
        solo=True,
    )
    found.connected(
        "immediate-before-close", [["c0", "destroy"], ["tick", ["c0", "get", "closed"]]]
    )


def servers(found: Collection) -> None:
    for options in SERVER_OPTIONS:
        name = "-".join(f"{option}-{value}" for option, value in options.items())
        found.connected(
            f"server-{name}",
            [["c0", "write", 5]],
            [["c0", "end"]],
            [["s0", "resume"]],
            [["s0", "write", 5]],
            [["s0", "end", 3]],
            server={"options": options},
        )
    for limit in (0, 1):
        found.add(
            f"max-connections-{limit}",
            [["server", "set", "maxConnections", limit]],
            [["c0", "connect"]],
            [["c1", "connect"]],
            [["c0", "end"]],
            [["c2", "connect"]],
            [["server", "getConnections"]],
            server={"events": ["drop"]},
        )
    found.connected(
        "connections",
        [["server", "getConnections"]],
        [["c0", "end"]],
        [["server", "getConnections"], ["server", "close"]],
        [["server", "getConnections"]],
    )
    found.add("listen-twice", [["server", "listenAs", ["{port}", "127.0.0.1"]]])
    found.add(
        "listen-again",
        [["server", "listen", "taken"]],
        [["server", "closeCb"]],
        server=MANUAL,
        taken=True,
        on=[{"at": "server:error", "do": [["server", "listen"]]}],
    )
