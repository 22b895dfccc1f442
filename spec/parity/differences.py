"""How the two logs of a session are compared, and the differences that are accepted.

Both logs are brought into a common form first: frames are unmasked and inflated, and details of
JavaScript and zlib are left out. Then they are compared step by step. If two steps differ, the
functions in `CHANGES` bring the original's to what the port does on purpose; the steps that follow
are compared too. If two steps still differ, the difference is either one of `DIFFERENCES` or a
mismatch, and the steps that follow it are not compared: the two sides have parted.

The numbers are those of docs/differences.md.
"""

from __future__ import annotations

import contextlib
import copy
import json
import re
import zlib
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

Json = dict[str, Any]


@dataclass
class Result:
    """The result: `reasons` for accepted differences, or the step at which the logs differ."""

    reasons: list[str] = field(default_factory=list)
    mismatch: bool = False
    index: int | None = None
    key: str = ""
    node: Any = None
    python: Any = None


def readable(value: Any) -> str:
    """JSON with bytes as text."""

    def walk(value: Any) -> Any:
        if isinstance(value, dict) and set(value) == {"b"} and isinstance(value["b"], str):
            data = bytes.fromhex(value["b"])
            if len(data) > 300:
                return repr(data[:100]) + f"...({len(data)})"
            return repr(data)
        if isinstance(value, dict):
            return {key: walk(item) for key, item in value.items()}
        if isinstance(value, list):
            return [walk(item) for item in value]
        return value

    return json.dumps(walk(value), ensure_ascii=False)


# The common form


class Output:
    """The output of one driver: frames, unmasked and, with permessage-deflate, decompressed."""

    def __init__(self, deflated: bool) -> None:
        self.deflated = deflated
        self.takeover = True
        self.inflate = zlib.decompressobj(wbits=-15)
        self.hybi = True

    def chunk(self, value: Json) -> Any:
        data = bytes.fromhex(value["b"])
        if data.startswith((b"HTTP/", b"GET ", b"CONNECT ")):
            return value
        if len(data) < 2 or not self.hybi:
            return value
        length, offset = data[1] & 0x7F, 2
        if length == 126:
            length, offset = int.from_bytes(data[2:4], "big"), 4
        elif length == 127:
            length, offset = int.from_bytes(data[2:10], "big"), 10
        masked = bool(data[1] & 0x80)
        key = data[offset : offset + 4] if masked else b""
        payload = data[offset + len(key) :]
        if len(payload) != length:
            return value
        if key:
            whole = (key * (len(payload) // 4 + 1))[: len(payload)]
            number = int.from_bytes(payload, "big") ^ int.from_bytes(whole, "big")
            payload = number.to_bytes(len(payload), "big")
        frame: Json = {"head": data[0], "masked": masked}
        if self.deflated and data[0] & 0x40:
            return {**frame, "inflated": inflated(self.inflate, payload)}
        return {**frame, "size": offset, "payload": payload.hex()}


def inflated(inflate: Any, data: bytes) -> str:
    try:
        return str(inflate.decompress(data + b"\0\0\xff\xff").hex())
    except zlib.error as error:
        return f"{error}: {data.hex()}"


def after_step(session: Json, step: Json) -> Any:
    """The state of each driver after a step, or a line of text for `Headers`."""
    if not isinstance(step["after"], list):
        return step["after"]
    return [told(session, d, state) for d, state in enumerate(step["after"])]


def told(session: Json, d: int, state: Any) -> Any:
    """The state of a driver, without `body` for a client, which the original does not have."""
    if state is None or created(session, d).get("type") != "client":
        return state
    return {name: value for name, value in state.items() if name != "body"}


def created(session: Json, d: int) -> Json:
    """The arguments that driver `d` of a session was made with."""
    for op in session["ops"]:
        if op["do"] == "create" and op.get("d", 0) == d and "spec" in op:
            return dict(op["spec"])
    return {}


# JavaScript's own exceptions: the port raises too, with texts of its own.
OWN_TEXT = re.compile(
    r"Unrecognized option|.* is not a valid WebSocket URL|Invalid Sec-WebSocket-Extensions"
    r"|Server sent|Invalid value for|extension\.|An extension with|boom|no |thrown|failed"
)


def common_form(session: Json, log: list[Json]) -> list[Json]:
    """A log without the entries that have no counterpart on the other side."""
    outputs: dict[str, Output] = {}
    deflated = any("deflate" in spec for spec in session.get("extensions", []))
    mixed = deflated and len(session["extensions"]) > 2 - (session["maker"] != "pair_session")
    codec = zlib.decompressobj(wbits=-15)
    result = []

    for _op, step in zip(session["ops"], log, strict=False):
        events = []
        for event in step["events"]:
            source, name, *rest = [*event, None][: max(2, len(event))]
            if source[:2] == "io" and name == "data":
                output = outputs.setdefault(source, Output(deflated))
                state = step["after"][int(source[2:])]
                output.hybi = state is None or state["version"] in (None, "hybi-13")
                event = [source, name, output.chunk(rest[0])]
            elif source == "done" and session["kind"] == "extensions" and deflated and rest[0]:
                event = [source, name, [*rest[0][:2], "deflated" if rest[0][1][0] else rest[0][2]]]
            elif source == "ext" and mixed and rest[0] == "out" and rest[2][0]:
                event = [*event[:5], "deflated"]
            elif source == "nested" and isinstance(rest[0], dict) and "raise" in rest[0]:
                event = [source, name, {"raise": exception(rest[0]["raise"])}]
            elif source == "done" and name == "out" and rest[1] is not None and rest[1][0]:
                data = bytes.fromhex(rest[1][1]["b"])
                event = [source, name, rest[0], [True, inflated(codec, data)]]
            events.append(event)
        new: Json = {"events": events, "after": after_step(session, step)}
        if session.get("zlib") == "real":
            # Node's zlib answers later: what it was given leaves after the frames behind it.
            events.sort(key=json.dumps)
            step.pop("ret", None)
        if "raise" in step:
            new["raise"] = exception(step["raise"])
        else:
            new["ret"] = step.get("ret")
        result.append(new)
    return result


def exception(raised: list[str]) -> str:
    return raised[1] if OWN_TEXT.match(raised[1]) else "an exception"


# The differences


@dataclass
class Step:
    """The first step in which two logs differ."""

    session: Json
    index: int
    node: Json
    python: Json
    before: list[Json]
    later: list[Json]
    changed_drains: bool = False

    @property
    def op(self) -> Json:
        op: Json = self.session["ops"][self.index]
        return op

    @property
    def do(self) -> str:
        return str(self.op["do"])

    def differing(self) -> list[str]:
        return [
            k for k in ("ret", "raise", "events", "after") if self.node.get(k) != self.python.get(k)
        ]

    def first_events(self) -> tuple[Any, Any]:
        """The first event on either side that differs."""
        a, c = self.node["events"], self.python["events"]
        for x, y in zip(a, c, strict=False):
            if x != y:
                return x, y
        n = min(len(a), len(c))
        return (a[n] if len(a) > n else None), (c[n] if len(c) > n else None)


Rule = Callable[[Step], bool]
CHANGES: list[tuple[str, Rule]] = []
DIFFERENCES: list[tuple[str, Rule]] = []


def change(reason: str) -> Callable[[Rule], Rule]:
    """For a function that edits `step.node`, and `step.python` where only one side has something.

    It returns true if it changed anything.
    """

    def add(rule: Rule) -> Rule:
        CHANGES.append((reason, rule))
        return rule

    return add


def difference(reason: str) -> Callable[[Rule], Rule]:
    def add(rule: Rule) -> Rule:
        DIFFERENCES.append((reason, rule))
        return rule

    return add


def changed(state: Any, other: Any) -> Any:
    """The values that are different in another state."""
    if not isinstance(state, dict) or not isinstance(other, dict):
        return state
    return {name: state[name] for name in state if state[name] != other[name]}


def compare(session: Json, node: Any, python: Any) -> Result:
    """Compares the logs of a session from both sides."""
    result = Result()
    if isinstance(node, dict) or isinstance(python, dict):
        result.mismatch, result.index = True, len(session["ops"]) - 1
        result.key = session["maker"] + " crash"
        result.node, result.python = node, python
        return result

    before: list[Json] = []
    ours = common_form(session, python)
    for index, (a, c) in enumerate(zip(common_form(session, node), ours, strict=False)):
        if a == c:
            before.append(c)
            continue
        step = Step(session, index, copy.deepcopy(a), copy.deepcopy(c), before, ours[index:])
        for reason, rule in CHANGES:
            if rule(step):
                result.reasons.append(reason)
        if step.node == step.python:
            before.append(c)
            continue
        a, c = step.node, step.python
        for reason, rule in DIFFERENCES:
            if (
                reason[0].isdigit()
                and session["kind"] != "driver"
                and reason.split(":")[0] not in ("3", "6", "14", "17", "24", "25", "30", "37")
            ):
                continue
            if rule(step):
                result.reasons.append(reason)
                return result
        result.mismatch, result.index = True, index
        fields = step.differing()
        result.node = {k: a.get(k) for k in fields}
        result.python = {k: c.get(k) for k in fields}
        for k in ("raise",):
            for log, mine in ((node, result.node), (python, result.python)):
                if k in log[index]:
                    mine[k] = log[index][k]
        if "events" in fields:
            same = 0
            while a["events"][same : same + 1] == c["events"][same : same + 1]:
                same += 1
            result.node["events"] = [f"{same} same", *a["events"][same:]]
            result.python["events"] = [f"{same} same", *c["events"][same:]]
        if "after" in fields and isinstance(a["after"], list) and isinstance(c["after"], list):
            pairs = list(zip(a["after"], c["after"], strict=False))
            result.node["after"] = [changed(x, y) for x, y in pairs]
            result.python["after"] = [changed(y, x) for x, y in pairs]
        result.key = "{} {} {}".format(
            session["maker"], session["ops"][index]["do"], ",".join(fields)
        )
        if "events" in fields:
            result.key += " " + " / ".join(
                ".".join(map(str, event[:2])) if event else "-" for event in step.first_events()
            )
        elif fields == ["after"] and a["after"] and c["after"]:
            result.key += " " + ",".join(
                name
                for x, y in zip(a["after"], c["after"], strict=False)
                if isinstance(x, dict) and isinstance(y, dict)
                for name in x
                if x[name] != y[name]
            )
        return result
    return result


# Intended differences after which both sides continue alike


@dataclass
class Facts:
    """The events of the port's driver up to the end of a step."""

    wire_was_full: bool = False
    application_was_slow: bool = False
    input_waited: bool = False
    ended: bool = False
    started: bool = False
    headers: set[str] = field(default_factory=set)


def facts(step: Step, d: int) -> Facts:
    """`_was_` facts are true if they were at any moment of this step."""
    result = Facts()
    full = slow = False
    for index, log in enumerate([*step.before, step.python]):
        op = step.session["ops"][index]
        done = [(op["do"], op.get("args", []), log.get("ret"))] if op.get("d", 0) == d else []
        nested = nested_ops(step.session, log["events"]) if d == 0 else []
        result.wire_was_full, result.application_was_slow = full, slow
        result.input_waited = state_in(step.before[index - 1], d) in (-1, 0) if index else False
        for name, arguments, returned in [*done, *nested]:
            if name in ("io.pause", "io.resume"):
                full = name == "io.pause"
            elif name in ("messages.pause", "messages.resume"):
                slow = name == "messages.pause"
            elif name in ("io.end", "io.destroy"):
                result.ended = True
            elif name == "start":
                result.started = result.started or index < step.index or name != op["do"]
            elif name == "set_header" and returned is True and log is not step.python:
                result.headers.add(str(arguments[0]).strip(" ").lower())
            result.wire_was_full = result.wire_was_full or full
            result.application_was_slow = result.application_was_slow or slow
    return result


def nested_ops(session: Json, events: list[Any]) -> list[tuple[str, list[Any], Any]]:
    """The operations that listeners performed. Their arguments are those of the first of a name."""
    arguments: dict[str, list[Any]] = {}
    for hook in session.get("hooks", []):
        for op in hook["ops"]:
            arguments.setdefault(op["do"], op.get("args", []))
    return [(e[1], arguments.get(e[1], []), e[2]) for e in events if e[0] == "nested"]


def state_in(log: Json, d: int) -> Any:
    return after(log, d).get("ready_state")


def drivers(step: Step) -> list[int]:
    return [d for d in (0, 1) if created(step.session, d)]


@change("31: the facts of back-pressure: a `drain` is emitted if writing may go on")
def _(step: Step) -> bool:
    changed = False
    for d in drivers(step):
        for source in (f"io{d}", f"messages{d}"):
            event = [source, "drain", None]
            theirs, ours = step.node["events"].count(event), step.python["events"].count(event)
            if theirs == ours == 0 or step.node["events"] == step.python["events"]:
                continue
            if ours >= theirs and not may_drain(step, d, source):
                continue
            if theirs > ours and not may_not_drain(step, d, source):
                continue
            step.changed_drains = True
            for side in (step.node, step.python):
                side["events"] = [e for e in side["events"] if e != event]
            changed = True
    return changed


def may_not_drain(step: Step, d: int, source: str) -> bool:
    """True if the port may leave out a `drain` that the original emits."""
    known = facts(step, d)
    now = state_in(step.python, d)
    if source[:2] == "io":
        return known.wire_was_full or known.application_was_slow or known.ended or now in (-1, 0, 3)
    return known.ended or now == 3 or known.wire_was_full or much_waits(step)


def may_drain(step: Step, d: int, source: str) -> bool:
    """True if the port may emit a `drain` that the original does not: a wait is over."""
    known = facts(step, d)
    now = state_in(step.python, d)
    if source[:2] == "io":
        return (known.application_was_slow or known.input_waited) and (
            known.ended or now == 3 or known.input_waited
        )
    return much_waits(step) and (known.input_waited or now == 0)


def much_waits(step: Step) -> bool:
    written = [
        size(op["args"][0])
        for op in all_ops(step.session)
        if op["do"] in ("text", "binary", "frame", "messages.write", "messages.end")
        and op.get("args")
    ]
    # A hixie driver may send three bytes for one that is not UTF-8.
    return 3 * sum(written) > 65536


@change("31: the facts of back-pressure: write() returns whether writing may go on")
def _(step: Step) -> bool:
    theirs, ours = step.node.get("ret"), step.python.get("ret")
    if step.do not in ("io.write", "messages.write") or {theirs, ours} != {True, False}:
        return False
    d = step.op.get("d", 0)
    known, now = facts(step, d), state_in(step.python, d)
    if step.do == "io.write":
        allowed = (
            known.ended or now == 3
            if ours
            else (known.application_was_slow or known.wire_was_full or not known.started)
        )
    else:
        allowed = not ours and (known.ended or now == 3 or much_waits(step))
    if allowed:
        step.node["ret"] = ours
    return allowed


OWN_HEADERS = {
    "client": ("host", "upgrade", "connection", "sec-websocket-key", "sec-websocket-version"),
    "http": ("upgrade", "connection"),
    "server": ("upgrade", "connection"),
}
REPEATABLE = ("set-cookie", "set-cookie2", "warning", "www-authenticate")


@change("23: set_header() and add_extension() tell whether they had an effect")
def _(step: Step) -> bool:
    changed = False
    d = step.op.get("d", 0)
    known = facts(step, d)
    late = known.started or known.ended or state_in(step.python, d) == 3
    if (
        step.do in ("set_header", "add_extension")
        and step.node.get("ret") is True
        and step.python.get("ret") is False
    ):
        name = str(step.op["args"][0]).strip(" ").lower()
        # The headers of a hixie response are there from the beginning.
        own = OWN_HEADERS[driver_type(step)]
        if late or (name in {*own, *known.headers} and name not in REPEATABLE):
            step.node["ret"] = False
            changed = True
    for i, (x, y) in enumerate(zip(step.node["events"], step.python["events"], strict=False)):
        for name in ("set_header", "add_extension"):
            if x == ["nested", name, True] and y == ["nested", name, False]:
                step.node["events"][i] = y
                changed = True
    return changed


@change("23: set_header() tells whether it had an effect")
def _(step: Step) -> bool:
    if step.session["kind"] != "headers" or step.do != "set" or "ret" not in step.node:
        return False
    names: set[str] = set()
    for op in step.session["ops"][: step.index]:
        if op["do"] == "clear":
            names = set()
        elif op["args"][1] is not None:
            names.add(str(op["args"][0]).strip(" ").lower())
    name = str(step.op["args"][0]).strip(" ").lower()
    step.node["ret"] = name not in names or name in REPEATABLE
    return True


@change("27: the Host of a CONNECT request is its target, port included")
def _(step: Step) -> bool:
    changed = False
    for event in step.node["events"]:
        if event[0][:5] == "proxy" and event[1] == "data" and "b" in event[2]:
            data = bytes.fromhex(event[2]["b"])
            new = re.sub(
                rb"\ACONNECT (\S+) HTTP/1.1\r\nHost: [^\r]*\r\n",
                rb"CONNECT \1 HTTP/1.1\r\nHost: \1\r\n",
                data,
            )
            # In front of the rule for Host headers that the user has set.
            changed = changed or new != data
            event[2]["b"] = new.hex()
    return changed


@change("23: Host and Authorization may be set, on a client and on a proxy")
def _(step: Step) -> bool:
    changed = False
    for d in drivers(step):
        given = dict(
            (str(op["args"][0]).strip(" ").lower(), str(op["args"][1]).strip(" "))
            for op in reversed(step.session["ops"][: step.index])
            if op["do"] in ("set_header", "proxy.set_header") and op.get("d", 0) == d
        )
        for x, y in zip(step.node["events"], step.python["events"], strict=False):
            if x == y or x[0] not in (f"io{d}", f"proxy{d}") or x[1] != "data" or y[:2] != x[:2]:
                continue
            if "b" not in x[2] or "b" not in y[2]:
                continue
            a, c = bytes.fromhex(x[2]["b"]), bytes.fromhex(y[2]["b"])
            for name in ("Host", "Authorization", "Proxy-Authorization"):
                line = re.compile(rf"(?<=\r\n){name}: ([^\r]*)\r\n".encode())
                ours = line.search(c)
                if name.lower() not in given or not ours:
                    continue
                if ours[1].decode() == given[name.lower()]:
                    # Where the URL has no credentials, the original sends the header too, behind.
                    a, c = line.sub(b"", a), line.sub(b"", c)
            if a != bytes.fromhex(x[2]["b"]):
                x[2]["b"], y[2]["b"] = a.hex(), c.hex()
                changed = True
    return changed


@change("32: a pong settles all pings up to the one it answers")
def _(step: Step) -> bool:
    changed = False
    for d in drivers(step):

        def is_callback(event: Any, d: int = d) -> bool:
            return bool(event[0] == f"callback{d}")

        theirs = [e for e in step.node["events"] if is_callback(e)]
        ours = [e for e in step.python["events"] if is_callback(e)]
        if theirs == ours:
            continue
        earlier = [e[1] for log in step.before for e in log["events"] if is_callback(e)]
        pings = [op for op in all_ops(step.session) if op["do"] == "ping" and "callback" in op]
        names = [op["callback"] for op in pings if op.get("d", 0) == d]
        pong = any(e[:2] == [f"driver{d}", "pong"] for e in step.python["events"])
        boom = any(op.get("boom") for op in pings)
        # Each callback runs once, with a pong; the original's may come later or never.
        if (
            boom
            or (ours and not pong)
            or any((earlier + [e[1] for e in ours]).count(n) > names.count(n) for n in names)
            or any(e not in ours and e[1] not in earlier for e in theirs)
        ):
            continue
        for side in (step.node, step.python):
            side["events"] = [e for e in side["events"] if not is_callback(e)]
        changed = True
    return changed


@change("17: a server accepts server_max_window_bits by including it, whatever the window")
def _(step: Step) -> bool:
    def without(value: Any) -> Any:
        if isinstance(value, dict):
            kept = {k: v for k, v in value.items() if (k, v) != ("server_max_window_bits", 15)}
            return {k: without(v) for k, v in kept.items()}
        if isinstance(value, list):
            return [without(item) for item in value]
        if isinstance(value, str):
            text = "; server_max_window_bits=15"
            return value.replace(text, "").replace(text.encode().hex(), "")
        return value

    node, python = without(step.node), without(step.python)
    if len(json.dumps(step.python)) - len(json.dumps(step.node)) <= 0 or python == step.python:
        return False
    step.node, step.python = node, python
    return True


@change("38: the sessions of extensions that are not used are closed")
def _(step: Step) -> bool:
    """Sessions that were made for a handshake, and that it failed or was answered without."""
    1 - step.op.get("d", 0) if step.do == "pump" else step.op.get("d", 0)
    if step.session["kind"] == "extensions":
        allowed = step.do in ("activate", "generate_response", "generate_offer")
    else:
        allowed = state(step) in (None, -1, 0)
    if not allowed:
        return False
    made = {
        e[1]
        for log in [*step.before, step.python]
        for e in log["events"]
        if e[0] == "ext" and e[2] in ("createClientSession", "createServerSession")
    }
    extra = [
        e
        for e in step.python["events"]
        if e[0] == "ext" and e[2] == "close" and e[1] in made and e not in step.node["events"]
    ]
    if len({e[1] for e in extra}) != len(extra):
        return False  # each of them once
    step.python["events"] = [e for e in step.python["events"] if e not in extra]
    return bool(extra)


@change("24: a parameter without a value is sent as a quoted string")
def _(step: Step) -> bool:
    """RFC 6455 9.1: a parameter's value is a token, which is not empty, or a quoted string."""

    def quoted(header: str) -> str:
        return re.sub(r"""=(?=;|,|\r|$)""", '=""', header)

    changed = False
    raised = step.node.get("raise") or ""
    if "Server sent unacceptable extension parameters: " in raised:
        changed = quoted(raised) != raised
        step.node["raise"] = quoted(raised)
    if isinstance(step.node.get("ret"), str) and step.do in (
        "generate_offer",
        "generate_response",
        "serialize_params",
    ):
        changed = quoted(step.node["ret"]) != step.node["ret"]
        step.node["ret"] = quoted(step.node["ret"])
    for event in step.node["events"]:
        if event[0][:2] == "io" and event[1] == "data" and "b" in event[2]:
            text = bytes.fromhex(event[2]["b"]).decode("latin-1")
            new = re.sub(
                r"\nSec-WebSocket-Extensions: [^\r]*\r", lambda line: quoted(line[0]), text
            )
            changed = changed or new != text
            event[2]["b"] = new.encode("latin-1").hex()

    text = "Server sent unacceptable extension parameters: "
    theirs = [error for error in errors(step.node["events"]) if text in error]
    for error in theirs:
        new_events = json.dumps(step.node["events"]).replace(
            json.dumps(error), json.dumps(quoted(error))
        )
        changed = changed or quoted(error) != error
        step.node["events"] = json.loads(new_events)
    return changed


def is_bytes(value: object) -> bool:
    """True for the value of an event that is bytes, not text."""
    return isinstance(value, dict) and "b" in value


CREDENTIALS = re.compile(r"(?<=://)[^/?#@]*@")


@change("26: credentials are sent without a password too")
def _(step: Step) -> bool:
    """And without a user name. The original sends none then."""
    changed = False
    for x, y in zip(step.node["events"], step.python["events"], strict=False):
        if x[1] != "data" or y[:2] != x[:2] or x == y or not is_bytes(x[2]) or not is_bytes(y[2]):
            continue
        ours = bytes.fromhex(y[2]["b"])
        line = re.search(rb"\r\n((?:Proxy-)?Authorization: Basic (\S+))(?=\r\n)", ours)
        user, _, password = b64decode(line[2]).partition(b":") if line else (b"", b"", b"")
        if not line or (user and password):
            continue
        if line[1] in bytes.fromhex(x[2]["b"]):
            continue
        y[2]["b"] = ours.replace(line[1] + b"\r\n", b"", 1).hex()
        changed = True
    return changed


@change("26: errors show no credentials")
def _(step: Step) -> bool:
    def without(value: Any) -> Any:
        if isinstance(value, str):
            return CREDENTIALS.sub("", value)
        if isinstance(value, dict):
            return {k: without(v) for k, v in value.items()} if "e" in value else value
        return [without(v) for v in value] if isinstance(value, list) else value

    new = without(step.node["events"])
    text = without(step.node.get("raise"))
    changed: bool = new != step.node["events"] or text != step.node.get("raise")
    step.node["events"] = new
    if text:
        step.node["raise"] = text
    return changed


@change("38: when the wire ends, the sessions of extensions are closed")
def _(step: Step) -> bool:
    if step.do not in ("io.end", "io.destroy"):
        return False
    names = {spec.get("name") for spec in step.session.get("extensions", [])}
    closed = [e for e in step.python["events"] if e[0] == "ext" and e[2] == "close"]
    if not closed or any(e in step.node["events"] or e[1] not in names for e in closed):
        return False
    step.python["events"] = [e for e in step.python["events"] if e not in closed]
    return True


# Intended differences that end a comparison


def sent(events: list[Any]) -> bytes:
    """The bytes that a driver wrote outside frames."""
    data = (e[2]["b"] for e in events if e[0][:2] == "io" and e[1] == "data" and "b" in e[2])
    return b"".join(map(bytes.fromhex, data))


def errors(events: list[Any]) -> list[str]:
    return [e[2]["e"] for e in events if e[1] == "error" and e[0][:6] == "driver"]


def driver_type(step: Step) -> str:
    return str(created(step.session, step.op.get("d", 0)).get("type", ""))


def after(side: Json, d: int = 0) -> Json:
    """The state of a driver after a step."""
    states = side["after"]
    return (states[d] if isinstance(states, list) and len(states) > d else None) or {}


def has(events: list[Any], name: str) -> bool:
    return any(event[0][:6] == "driver" and event[1] == name for event in events)


@difference("35: subprotocols that are not tokens, or come twice, raise")
def _(step: Step) -> bool:
    names = (step.op.get("spec", {}).get("options") or {}).get("protocols")
    if step.do != "create" or step.python.get("raise") != "an exception" or names is None:
        return False
    if isinstance(names, str):
        names = [name.strip(" ") for name in names.split(",")]
    tokens = all(re.fullmatch(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+", name) for name in names)
    return not tokens or len(set(names)) != len(names)


@difference("25: more requests count as secure")
def _(step: Step) -> bool:
    if step.do != "is_secure_request" or step.python.get("ret") is not True:
        return False
    headers = step.op["args"][0]["headers"]
    if str(headers.get("https", headers.get("x-forwarded-ssl"))).lower() == "on":
        return True
    first = [
        str(headers.get(name, "")).split(",")[0].strip().lower()
        for name in ("x-forwarded-proto", "x-forwarded-scheme")
    ]
    return bool({"https", "wss"} & set(first))


@difference("24: a backslash in a quoted string escapes one character")
def _(step: Step) -> bool:
    """RFC 9110 5.6.4. The original drops all backslashes."""

    def without(value: Any) -> Any:
        plain = json.loads(json.dumps(value).replace("\\\\", ""))
        # JavaScript sorts keys that are numbers to the front.
        return plain and [[name, sorted(params, key=json.dumps)] for name, params in plain]

    return (
        step.do == "parse_header"
        and "\\\\" in step.op["args"][0]
        and without(step.node.get("ret")) == without(step.python.get("ret"))
    )


@difference("31: a listener of a `drain` that comes where the original has none, or the reverse")
def _(step: Step) -> bool:
    hooked = {hook["on"] for hook in step.session.get("hooks", []) if hook["on"].endswith("drain")}
    return bool(hooked) and step.changed_drains


@difference("24: empty elements of a list are ignored")
def _(step: Step) -> bool:
    """RFC 9110 5.6.1. The original finds the whole header invalid."""
    theirs = [*errors(step.node["events"]), str(step.node.get("raise", ""))]
    headers = [
        error.partition("Invalid Sec-WebSocket-Extensions header: ")[2]
        for error in theirs
        if "Invalid Sec-WebSocket-Extensions header: " in error
    ]
    if step.session["kind"] in ("parser", "extensions"):
        headers += [arg for arg in step.op.get("args", []) if isinstance(arg, str)]
    ours = [*errors(step.python["events"]), str(step.python.get("raise", ""))]
    return any(
        re.search(r"(^|,)[ \t]*(,|$)", header) and not any(header in error for error in ours)
        for header in headers
    )


@difference("30: request_max_window_bits=15 accepts a response without the parameter")
def _(step: Step) -> bool:
    ops = step.session["ops"]
    asked = [op["args"][0] for op in ops if op["do"] == "configure"]
    asked += [spec["deflate"] for spec in step.session.get("extensions", []) if "deflate" in spec]
    asked = [o for o in asked if o and (o.get("request_max_window_bits") or 0) >= 15]
    refused = "Server sent unacceptable extension parameters: permessage-deflate"
    if step.session["kind"] == "deflate":
        # With Node's own zlib what a call returns is not compared: the next one shows it.
        responses = [op["args"][0] for op in ops[: step.index + 1] if op["do"] == "activate"]
        return (
            bool(asked)
            and bool(responses)
            and "server_max_window_bits" not in (responses[-1] or {})
            and (step.do != "activate" or (step.node["ret"], step.python["ret"]) == (False, True))
        )
    theirs = [*errors(step.node["events"]), str(step.node.get("raise", ""))]
    return (
        bool(asked)
        and any(refused in error for error in theirs)
        and not any(refused in error for error in errors(step.python["events"]))
    )


@difference("35: a WebSocket URL begins with ws:// and a host")
def _(step: Step) -> bool:
    url = step.op.get("spec", {}).get("url") or ""
    return (
        step.do == "create"
        and step.python.get("raise") is not None
        and not re.match(r"\s*wss?://[^/\\?#]", re.sub(r"[\t\r\n]", "", url), re.I)
    )


@difference("2: a client needs HTTP/1.1")
def _(step: Step) -> bool:
    """RFC 6455 4.1 and 4.2.2: the response's version is 1.1 or higher."""
    return any("Unsupported HTTP version: 1.0" in error for error in errors(step.python["events"]))


@difference("28: a client fails on a masked frame")
def _(step: Step) -> bool:
    text = "Received masked frame from a server"
    d = 1 - step.op.get("d", 0) if step.do == "pump" else step.op.get("d", 0)
    spec = created(step.session, d)
    masked = (spec.get("options") or {}).get("require_masking")
    if spec.get("type") != "client" or masked or errors(step.node["events"]) == [text]:
        return False
    # The error waits for the messages that an extension holds.
    return text in later_errors(step) or (
        held(step) and (state_in(step.node, d), state_in(step.python, d)) == (1, 2)
    )


def held(step: Step) -> bool:
    """True if an extension of the session answers later."""
    return any(
        spec.get(way, {}).get("late")
        for spec in step.session.get("extensions", [])
        for way in ("in", "out")
    )


@difference("22: close codes that must not be sent raise")
def _(step: Step) -> bool:
    def bad(op: Json) -> bool:
        code = [*op.get("args", []), None, None][1]
        return op["do"] == "close" and code is not None and not may_be_sent(code)

    nested = [op for hook in step.session.get("hooks", []) for op in hook["ops"]]
    y = step.first_events()[1]
    if y is not None and y[:2] == ["nested", "close"] and isinstance(y[2], dict):
        return any(bad(op) for op in nested)
    return bad(step.op) and step.python.get("raise") == "an exception"


def may_be_sent(code: int) -> bool:
    return code in (*range(1000, 1004), *range(1007, 1015)) or 3000 <= code <= 4999


@difference("35: text that is not UTF-8 raises")
def _(step: Step) -> bool:
    def bad(op: Json) -> bool:
        arguments = op.get("args", [])
        text = op["do"] == "text" or (op["do"] == "frame" and arguments[1:] == ["text"])
        if not text or not arguments or not isinstance(arguments[0], dict):
            return False
        value = arguments[0]
        if "srep" in value:
            return False
        data = bytes.fromhex(value.get("b", value.get("rep", "")) * value.get("n", 1))
        try:
            (bytes(value["l"]) if "l" in value else data).decode()
        except UnicodeDecodeError:
            return True
        return False

    _x, y = step.first_events()
    if y is not None and y[0] == "nested" and y[1] in ("text", "frame"):
        return any(bad(op) for op in all_ops(step.session)) and isinstance(y[2], dict)
    return bad(step.op) and step.python.get("raise") == "an exception"


@difference("35: an option of 0 is 0")
def _(step: Step) -> bool:
    def is_zero(d: int) -> bool:
        return (created(step.session, d).get("options") or {}).get("max_length") == 0

    sessions = {e[2] for e in step.python["events"] if e[0] == "ext" and "Session" in str(e[2])}
    if sessions and any(is_zero(d) for d in drivers(step)):
        x, y = step.first_events()
        return x is not None and y is not None and x[:-1] == y[:-1] and y[-1] == 0
    d = 1 - step.op.get("d", 0) if step.do == "pump" else step.op.get("d", 0)
    if not is_zero(d):
        return False
    version = after(step.python, d).get("version") or ""
    now = state_in(step.python, d)
    if version.startswith("hixie"):
        later = has(step.node["events"], "message") and not has(step.python["events"], "message")
        return bool(now == 3 and (state_in(step.node, d) != 3 or later))
    return TOO_LARGE in later_errors(step) or (held(step) and now == 2)


@difference("27: a proxy connects by any 2xx response")
def _(step: Step) -> bool:
    proxy = after(step.node, step.op.get("d", 0)).get("proxy")
    x, y = step.first_events()
    return bool(
        proxy
        and proxy[2] in range(201, 300)
        and x is not None
        and y is not None
        and (x[1], y[1]) == ("error", "connect")
    )


@difference("37: exceptions of extensions are not sent to the peer")
def _(step: Step) -> bool:
    text = "The extension failed"
    throws = any(
        "throw" in spec.values()
        or any(spec.get(w, {}).get("fail") == "throw" for w in ("in", "out"))
        for spec in step.session.get("extensions", [])
    )
    _x, y = step.first_events()
    if not throws:
        return False
    if step.session["kind"] == "extensions" and "raise" in step.differing():
        return step.python.get("raise") == "an exception"
    # The error, or the close frame or response that it gives rise to.
    return y is not None and (text in json.dumps(y) or text.encode().hex() in json.dumps(y))


@difference("38: when the wire has ended, input is discarded and the driver lets go")
def _(step: Step) -> bool:
    d = 1 - step.op.get("d", 0) if step.do == "pump" else step.op.get("d", 0)
    if not facts(step, d).ended:
        return False
    # Only the effects of a call itself: an output without a reader, and its return value.
    ours = [e for e in step.python["events"] if e[0] not in ("ext", "nested", f"io{d}")]
    theirs = [e for e in step.node["events"] if e[0] not in ("ext", "nested", f"io{d}")]
    return all(e in theirs or e[1] == "close" for e in ours)


@difference("21: a server() driver that is closed before its request has arrived is closed")
def _(step: Step) -> bool:
    if driver_type(step) != "server" or state_in(step.python, step.op.get("d", 0)) != 3:
        return False
    close = [*step.node["events"], *step.python["events"]]
    return (
        (step.do == "close" or ["nested", "close", True] in close)
        and not has(step.node["events"], "close")
        and has(step.python["events"], "close")
    )


@difference("21: nothing is emitted after close")
def _(step: Step) -> bool:
    theirs, ours = step.node["events"], step.python["events"]
    d = step.op.get("d", 0)
    names = [e[1] for e in theirs if e[0] == f"driver{d}"]
    if "close" not in names or not has(ours, "close"):
        return False
    if step.first_events()[0] == [f"driver{d}", "open", None]:
        return True
    last = max(i for i, e in enumerate(theirs) if e[:2] == [f"driver{d}", "close"])
    quiet = [
        e for i, e in enumerate(theirs) if i <= last or e[0] not in (f"driver{d}", f"messages{d}")
    ]
    return bool(quiet == ours)


@difference("2: a client's Connection header with other tokens, interim responses")
def _(step: Step) -> bool:
    given = errors(step.node["events"])
    return (
        any("'Connection' header value is not 'Upgrade'" in e for e in given)
        or any(re.search(r"Unexpected response code: 1\d\d", e) for e in given)
    ) and errors(step.python["events"])[:1] != given[:1]


@difference("2: a proxy passes interim responses over")
def _(step: Step) -> bool:
    proxy = after(step.node).get("proxy")
    code = proxy[2] if proxy else None
    return step.do == "proxy.write" and str(code)[:1] == "1" and code != 101


@difference("3: header values in which a line could break, names that are no token")
def _(step: Step) -> bool:
    if "raise" in step.node or "raise" not in step.python or len(step.op.get("args", [])) != 2:
        return False
    name, value = str(step.op["args"][0]), str(step.op["args"][1])
    return step.do in ("set", "set_header", "proxy.set_header") and (
        not re.fullmatch(r" *[!#$%&'*+\-.^_`|~0-9A-Za-z]+ *", name)
        or re.search("[\r\n\0]", value) is not None
    )


@difference("3: bytes over 127 in a head stay what they are")
def _(step: Step) -> bool:
    def stripped(value: Any) -> Any:
        return value and {k: "".join(chr(ord(c) & 127) for c in v) for k, v in value.items()}

    x, y = (after(side, step.op.get("d", 0)).get("headers") for side in (step.node, step.python))
    return x != y and x == stripped(y)


@difference("5: what follows the head is never read as a second head")
def _(step: Step) -> bool:
    text = "Error during WebSocket handshake: Parse Error"
    theirs, ours = errors(step.node["events"]), errors(step.python["events"])
    if theirs != [text] or len(ours) != 1 or ours == theirs:
        return False
    return incoming(step, step.op.get("d", 0)) != b"" and ours[0].startswith(
        "Error during WebSocket handshake: "
    )


@difference("5: a head of more than 64 KiB")
def _(step: Step) -> bool:
    return any(
        error.endswith("max header size exceeded") for error in errors(step.python["events"])
    )


@difference("4: a server driver gets what is not HTTP/1.1")
def _(step: Step) -> bool:
    if driver_type(step) != "server":
        return False
    refused = sent(step.python["events"]).startswith(b"HTTP/1.1 400 Bad Request\r\n")
    arguments = [arg for op in step.session["ops"] for arg in op.get("args", [])]
    chunks = [arg["b"] for arg in arguments if isinstance(arg, dict) and "b" in arg]
    bare = any(b"HTTP/1.1\n" in bytes.fromhex(chunk) for chunk in chunks)
    if step.session.get("broken") and refused and (bare or not has(step.node["events"], "open")):
        return True
    state = after(step.node)
    if has(step.node["events"], "connect") and state["headers"] == {} and state["method"] is None:
        return refused or not has(step.python["events"], "connect")
    return False


@difference("6: decompression stops at max_length")
def _(step: Step) -> bool:
    if step.session["kind"] == "deflate":
        x, y = step.first_events()
        return y is not None and y[2] == {"e": TOO_LARGE}
    if not any("deflate" in spec for spec in step.session.get("extensions", [])):
        return False
    x = step.first_events()[0]
    if x is not None and x[0] == "ext" and x[2] == "in" and size(x[5]) > max_length(step):
        return True
    wrong = [error for error in errors(step.node["events"]) if "invalid" in error]
    if wrong and TOO_LARGE in errors(step.python["events"]):
        return True  # what is wrong comes after as much as is allowed
    deflated = [
        e for e in step.node["events"] if (e[0] == "ext" and e[2] == "in") or e[1] == "message"
    ]
    return max_length(step) < 1000 and TOO_LARGE in later_errors(step) and deflated != []


TOO_LARGE = "WebSocket frame length too large"
BAD_TEXT = "Could not decode a text frame as UTF-8"


def all_ops(session: Json) -> list[Json]:
    """The operations of a session, those of its listeners too."""
    return [*session["ops"], *(op for hook in session.get("hooks", []) for op in hook["ops"])]


def later_errors(step: Step) -> list[str]:
    """The errors of the port from this step on."""
    return [error for later in step.later for error in errors(later["events"])]


def max_length(step: Step) -> int:
    d = step.op.get("d", 0)
    if step.do == "pump":
        d = 1 - d
    for op in step.session["ops"]:
        if op["do"] == "create" and op.get("d", 0) == d and "spec" in op:
            return (op["spec"].get("options") or {}).get("max_length") or 2**26 - 1
    return 2**26 - 1


def state(step: Step, d: int | None = None) -> int | None:
    """The state of the driver before this step."""
    if d is None:
        d = step.op.get("d", 0)
        if step.do == "pump":
            d = 1 - d
    return after(step.before[-1], d).get("ready_state") if step.before else None


@difference("6: messages after one that ends in a final block arrive whole")
def _(step: Step) -> bool:
    x, y = step.first_events()
    deflated = any("deflate" in spec for spec in step.session.get("extensions", []))
    empty = [
        ["messages0", "data", ""],
        ["messages0", "data", {"b": ""}],
        ["driver0", "message", ""],
        ["driver0", "message", {"b": ""}],
        ["done", "in", None, [True, {"b": ""}]],
    ]
    if deflated and x is not None and x[0] == "ext" and x[2] == "in" and x[5] == {"b": ""}:
        return True
    if deflated and y is not None and y[0] == "done" and follows_a_final_block(step):
        return True
    if step.session.get("zlib") == "real":
        ends = [e for e in step.node["events"] if e not in step.python["events"] and e in empty]
        return bool(ends)
    # A message that cannot be decompressed is dropped without an error once a close has arrived.
    is_closing = y is None and state(step) == 2
    return (
        (deflated or step.session["kind"] == "deflate")
        and x in empty
        and (y is not None or is_closing)
    )


def follows_a_final_block(step: Step) -> bool:
    """True if an earlier message of a session of extensions ended the DEFLATE stream."""
    for op in step.session["ops"][: step.index]:
        if op["do"] == "process_incoming_message" and op["args"][0]["rsv1"]:
            inflate = zlib.decompressobj(wbits=-15)
            with contextlib.suppress(zlib.error):
                inflate.decompress(bytes.fromhex(op["args"][0]["data"]["b"]) + b"\0\0\xff\xff")
            if inflate.eof:
                return True
    return False


@difference("7: bad UTF-8 is failed as soon as it arrives")
def _(step: Step) -> bool:
    if step.do not in ("parse", "io.write", "pump", "io.end", "start", "flush"):
        return False
    x, y = step.first_events()
    ours = later_errors(step) if held(step) else errors(step.python["events"])
    late = BAD_TEXT in ours and (
        BAD_TEXT not in errors(step.node["events"])
        or (x is not None and x[0] == "ext")
        or (y is not None and (y[::2] == ["ext", "close"] or "03ef" in json.dumps(y)))
        or step.session.get("zlib") == "real"
    )
    if late:
        return True
    # The close waits for what an extension holds.
    d = step.op.get("d", 0)
    states = [after(side, d).get("ready_state") for side in (step.node, step.python)]
    same = step.node["events"][: len(step.python["events"])] == step.python["events"]
    return held(step) and states == [1, 2] and same


@difference("9: control frames do not count against max_length")
def _(step: Step) -> bool:
    d = 1 - step.op.get("d", 0) if step.do == "pump" else step.op.get("d", 0)
    if TOO_LARGE not in errors(step.node["events"]) and state_in(step.node, d) != 2:
        return False
    if step.do == "pump" or step.session["maker"] == "pair_session":
        # No message of these sessions has fragments.
        payloads = [
            e[2]["payload"]
            for log in [*step.before, step.python]
            for e in log["events"]
            if e[:2] == [f"io{1 - d}", "data"] and e[2].get("head", 0) & 15 >= 8
        ]
        return any(len(payload) // 2 > max_length(step) for payload in payloads)
    before = 0
    for opcode, final, length in frames(incoming(step, d)):
        if opcode >= 8 and before + length > max_length(step):
            return True
        if opcode < 8:
            before = 0 if final else (0 if opcode else before) + length
    return False


def incoming(step: Step, d: int) -> bytes:
    """All bytes that a driver got after its handshake, from `parse` and `io.write`."""
    data = b""
    for op in step.session["ops"][: step.index + 1]:
        if op["do"] in ("parse", "io.write") and op.get("d", 0) == d:
            chunk = op["args"][0]
            data += bytes(chunk["l"]) if "l" in chunk else bytes.fromhex(chunk["b"])
    if created(step.session, d)["type"] != "http":
        data = data.partition(b"\r\n\r\n")[2]
    return data


def frames(data: bytes) -> list[tuple[int, bool, int]]:
    """The opcodes, final bits and lengths of the frames whose heads are in `data`."""
    result, start = [], 0
    while start + 2 <= len(data):
        first, second = data[start : start + 2]
        size = {126: 2, 127: 8}.get(second & 127, 0)
        length = int.from_bytes(data[start + 2 : start + 2 + size], "big") if size else second & 127
        result.append((first & 15, bool(first & 128), length))
        start += 2 + size + 4 * (second >> 7) + length
    return result


@difference("13: rules hold after a local close()")
def _(step: Step) -> bool:
    d = 1 - step.op.get("d", 0) if step.do == "pump" else step.op.get("d", 0)
    closed_here = any(e[:2] == ["nested", "close"] and e[2] is True for e in step.python["events"])
    closing = state(step) == 2 or after(step.node, d).get("ready_state") == 2 or closed_here
    if not closing or errors(step.node["events"]) != []:
        return False
    events = step.python["events"]
    return errors(events) != [] or (
        bool(later_errors(step)) and step.node["events"][: len(events)] == events
    )


@difference("13: what comes after a failure or a close is dropped")
def _(step: Step) -> bool:
    if "raise" in step.node and "raise" not in step.python and state(step) == 3:
        return True
    if held(step) and state(step) == 2 and step.do in ("parse", "io.write", "pump"):
        events: list[Any] = step.python["events"]
        return bool(step.node["events"][: len(events)] == events)
    if state(step) == 3:
        return step.python["events"] == [] and step.do in ("parse", "io.write", "pump")
    if step.session.get("zlib") == "real":
        # Node's zlib still has messages in hand when one before them fails. What is behind them
        # arrives, and may fail first.
        def is_end(event: Any) -> bool:
            frame = event[2].get("head") == 0x88 if event[0][:2] == "io" else False
            return frame or event[1] in ("error", "close", "end")

        more = [event for event in step.node["events"] if event not in step.python["events"]]
        less = [event for event in step.python["events"] if event not in step.node["events"]]
        arrived = ("message", "data", "ping", "pong")
        return (
            has(step.python["events"], "close")
            and all(is_end(event) for event in less)
            and all(is_end(event) or event[1] in arrived or event[0] == "ext" for event in more)
            and (not less or bool(errors(step.python["events"])))
        )
    names = [event[1] for event in step.node["events"] if event[0][:6] == "driver"]
    same = len(step.python["events"])
    return (
        "close" in names
        and names[-1] != "close"
        and step.node["events"][:same] == step.python["events"]
        and all(
            event[1] == "message" or event[0] == "nested" for event in step.node["events"][same:]
        )
    )


@difference("14: what a listener raises leaves through parse with extensions too")
def _(step: Step) -> bool:
    return (
        step.python.get("raise") == "boom"
        and step.node.get("raise") != "boom"
        and bool(step.session.get("extensions"))
    )


@difference("14: what a listener raises leaves nothing half done: states change before events")
def _(step: Step) -> bool:
    if not step.node.get("raise") == step.python.get("raise") == "boom":
        return False
    theirs, ours = step.node["events"], step.python["events"]
    x = step.first_events()[0]
    # The callbacks of pings are others' too: see 32.
    if step.session.get("zlib") == "real" or (x is not None and x[0].startswith("callback")):
        return all(event in ours for event in theirs)
    return bool(theirs == ours[: len(theirs)])


@difference("14: a call that a listener's exception left has done what it began")
def _(step: Step) -> bool:
    """The original has lost the rest of the chunk, or of the handshake: the next input shows it."""
    began = ("parse", "io.write", "pump", "start")
    earlier = [
        step.session["ops"][i]["do"] for i, b in enumerate(step.before) if b.get("raise") == "boom"
    ]
    return bool(set(earlier) & set(began)) and step.do in began


@difference("rule: the state changes before its event, so that a listener may close()")
def _(step: Step) -> bool:
    hooked = any(hook["on"] == "io0.data" for hook in step.session.get("hooks", []))
    y = step.first_events()[1]
    if (
        hooked
        and y is not None
        and y[0] == "nested"
        and (y[2] is False or y[1] == "messages.write")
    ):
        return state_in(step.python, 0) in (2, 3)  # while the last frame is being written
    if not hooked or step.do != "start":
        return False
    if driver_type(step) != "client":
        return (
            after(step.python)["ready_state"] == 3
            and ["nested", "close", True] in step.python["events"]
        )
    return step.differing() == ["after"] or step.first_events()[1] == ["nested", "start", False]


@difference("15: control frames that the caller makes too long raise")
def _(step: Step) -> bool:
    x, y = step.first_events()
    if y is not None and y[0] == "nested" and y[1] in ("frame", "ping", "pong", "close"):
        return (
            isinstance(y[2], dict)
            and "raise" in y[2]
            and x is not None
            and (x[0][:2] == "io" or x[2] is True)
        )
    args = step.op.get("args", [])
    control = step.do in ("ping", "pong", "close") or (
        step.do == "frame" and args[1:] in (["ping"], ["pong"])
    )
    if step.node.get("raise") == "boom":  # a listener of what the original sends
        return control and step.python.get("raise") == "an exception" and size(args[0]) > 123
    return control and "raise" in step.python and "raise" not in step.node and size(args[0]) > 123


def size(value: Any) -> int:
    """The length in bytes of a value of a session."""
    if isinstance(value, dict):
        return (
            value["n"] * len(value["srep"])
            if "srep" in value
            else value["n"]
            if "rep" in value
            else (len(value["b"]) // 2 if "b" in value else len(value["l"]))
        )
    return len(str(value).encode())


@difference("8: start() or close() before the request is in")
def _(step: Step) -> bool:
    return (
        driver_type(step) == "server"
        and (
            any(op["do"] in ("start", "close") for op in step.session["ops"][: step.index])
            or any(
                op["do"] in ("start", "close")
                for hook in step.session.get("hooks", [])
                if hook["on"] != "driver0.connect"
                for op in hook["ops"]
            )
        )
        and (has(step.node["events"], "connect") or step.node.get("raise") == "boom")
        and (has(step.python["events"], "connect") or has(step.python["events"], "close"))
    )


@difference("8: pong() before the request is in")
def _(step: Step) -> bool:
    if driver_type(step) != "server":
        return False
    if step.first_events() == (["nested", "pong", False], ["nested", "pong", True]):
        return True
    return step.do == "pong" and step.differing() == ["ret"]


@difference("10: credentials in a URL are percent-decoded")
def _(step: Step) -> bool:
    if "events" not in step.differing():
        return False
    a, c = sent(step.node["events"]), sent(step.python["events"])
    if step.do == "proxy.start":
        a, c = (bytes.fromhex(s["events"][0][2]["b"]) for s in (step.node, step.python))
    auth = re.compile(rb"Authorization: Basic (\S+)")
    x, y = auth.search(a), auth.search(c)
    if not x or not y or auth.sub(b"", a) != auth.sub(b"", c):
        return False
    return unquote(b64decode(x[1]).decode()) == b64decode(y[1]).decode()


@difference("10: a proxy URL that is none raises")
def _(step: Step) -> bool:
    if step.do != "proxy" or "raise" in step.node or "raise" not in step.python:
        return False
    return not step.op["args"][0].startswith(("http://", "https://"))


@difference("12: input before start() waits for it")
def _(step: Step) -> bool:
    if step.do not in ("parse", "io.write"):
        return False
    state = after(step.python, step.op.get("d", 0))
    if has(step.python["events"], "connect") and state["body"]:
        return True
    if "Too much input before the handshake" in errors(step.python["events"]):
        return True
    if "raise" in step.python:
        return False
    return (
        step.python["events"] == []
        and state["ready_state"] == (-1 if driver_type(step) == "client" else 0)
        and (driver_type(step) != "server" or state["method"] is not None)
    )


@difference("16: a missing header is reported as missing")
def _(step: Step) -> bool:
    def told(side: Json, text: str) -> bool:
        return any(text in error for error in errors(side["events"]))

    return told(step.python, "Missing handshake request header: Sec-WebSocket-Version") and told(
        step.node, "Unsupported WebSocket version: undefined"
    )


@difference("16: a second start() sends nothing")
def _(step: Step) -> bool:
    if step.first_events()[1] == ["nested", "start", False]:
        return True  # in a listener, while the handshake is being written
    if any(op["do"] == "start" for hook in step.session.get("hooks", []) for op in hook["ops"]):
        return after(step.python).get("version") == "hixie-76"
    return (
        step.do == "start"
        and after(step.python)["version"] == "hixie-76"
        and step.python.get("ret") is False
        and step.python["events"] == []
        and step.node["ret"] is True
        and state(step) == 0
    )


@difference("16: without a Host the URL has none")
def _(step: Step) -> bool:
    return "undefined" in json.dumps(step.node).replace("756e646566696e6564", "undefined")


@difference("19: of the pings that come while io is paused only the last is answered, then")
def _(step: Step) -> bool:
    x = step.first_events()[0]
    paused = any(op["do"] == "io.pause" for op in all_ops(step.session))
    pong = x is not None and x[0][:2] == "io" and x[1] == "data" and x[2].get("head") == 0x8A
    return paused and pong


@difference("18: a wrong version is answered with the right one")
def _(step: Step) -> bool:
    a, c = sent(step.node["events"]), sent(step.python["events"])
    line = b"Sec-WebSocket-Version: 13\r\n"
    once = c.replace(line, b"", 1)
    # The original sends it twice if a listener calls start() while it is being written.
    return b"Unsupported WebSocket version: " in c and once != c and a in (once, once * 2)


@difference("18: a Sec-WebSocket-Key that is not 16 bytes")
def _(step: Step) -> bool:
    refusal = b"Invalid handshake request header: Sec-WebSocket-Key"
    return refusal in sent(step.python["events"]) and refusal not in sent(step.node["events"])


@difference("18: a Host that is none, or two")
def _(step: Step) -> bool:
    ours, theirs = sent(step.python["events"]), sent(step.node["events"])
    if b"\r\n\r\nInvalid Host header" in ours:
        return has(step.node["events"], "connect")
    hosts = [
        op["spec"]["request"]["headers"].get("host", "")
        for op in step.session["ops"]
        if op["do"] == "create" and "request" in op.get("spec", {})
    ]
    refused = ours != theirs and b"\r\n\r\nInvalid character in request header" in ours
    return refused and any("," in host for host in hosts)


# Differences due to JavaScript or http-parser-js


@difference("JavaScript: messages before the negotiation are a TypeError")
def _(step: Step) -> bool:
    return step.do.startswith("process_") and "raise" in step.node and "raise" not in step.python


@difference(
    "JavaScript: a list of integers is its text for a hixie driver, and bytes for the others"
)
def _(step: Step) -> bool:
    lists = any(
        "l" in a for op in all_ops(step.session) for a in op.get("args", []) if isinstance(a, dict)
    )
    hixie = any((after(step.python, d).get("version") or "").startswith("hixie") for d in (0, 1))
    x, y = step.first_events()
    if not lists or not hixie:
        return False
    # The text of a list has commas and digits, or is empty; surrogates or pieces of characters
    # have become U+FFFD.
    return (
        x is not None
        and (y is None or x[:2] == y[:2])
        and x[1] == "data"
        and re.fullmatch(rb"\x00[0-9,]*\xff", bytes.fromhex(x[2].get("b", ""))) is not None
    )


@difference("JavaScript: a zlib stream that has failed does not inflate any more")
def _(step: Step) -> bool:
    failed = any(e[0] == "done" and e[2] for before in step.before for e in before["events"])
    return step.session["kind"] == "deflate" and failed and step.do == "in"


@difference("8: what is called before the request is in raises at once what it would raise then")
def _(step: Step) -> bool:
    return (
        driver_type(step) == "server"
        and "raise" in step.python
        and "raise" not in step.node
        and state(step) == 0
        and not step.node["events"]
    )


@difference("JavaScript: a ping's payload that is no text has no callback")
def _(step: Step) -> bool:
    y = step.first_events()[1]
    pings = [op for op in step.session["ops"] if op["do"] == "ping" and op.get("callback")]
    pings += [
        op for hook in step.session.get("hooks", []) for op in hook["ops"] if op["do"] == "ping"
    ]
    return (
        y is not None
        and y[0][:8] == "callback"
        and any(op.get("callback") == y[1] and not isinstance(op["args"][0], str) for op in pings)
    )


@difference("JavaScript: an error type that names no close code closes without one")
def _(step: Step) -> bool:
    def codes(side: Json) -> list[Any]:
        return [
            event[2][0]
            for event in side["events"]
            if event[0][:6] == "driver" and event[1] == "close"
        ]

    x, y = step.first_events()
    bare = (
        x is not None
        and y is not None
        and x[1] == y[1] == "data"
        and isinstance(x[2], dict)
        and isinstance(y[2], dict)
        and "payload" in y[2]
    )
    if bare and y[2]["payload"] in [code + str(x[2].get("payload")) for code in ("03ea", "03f2")]:
        return True
    return codes(step.node) == [None] and codes(step.python) == [1010]


@difference("JavaScript: keys of an object that are numbers come first")
def _(step: Step) -> bool:
    def ordered(value: Any) -> Any:
        return [[name, sorted(params, key=json.dumps)] for name, params in value]

    return (
        step.do == "parse_header"
        and "raise" not in step.node
        and ordered(step.node["ret"]) == ordered(step.python["ret"])
    )


@difference("http-parser-js: llhttp refuses more heads that are none")
def _(step: Step) -> bool:
    ours, theirs = errors(step.python["events"]), errors(step.node["events"])
    text = "Error during WebSocket handshake: Parse Error"
    return ours == [text] and (theirs != [] or has(step.node["events"], "open") is False)


@difference("JavaScript: a header value that is no text")
def _(step: Step) -> bool:
    if step.do not in ("set", "set_header", "proxy.set_header") or len(step.op["args"]) != 2:
        return False
    value = step.op["args"][1]
    return (isinstance(value, (list, bool)) and "raise" in step.python) or (
        value is None and "raise" in step.node
    )


@difference(
    "rule: the state changes before its event, so that a close() in a listener is one close()"
)
def _(step: Step) -> bool:
    x, y = step.first_events()
    return x is not None and x[1] == "close" and x in step.python["events"] and y is None
