"""Replays sessions on `websocket_driver`: a session as JSON on each line of standard input, its log
as JSON on each line of standard output. The twin of replay.js; sessions.py says what a session is.
"""

from __future__ import annotations

import json
import math
import sys
import traceback
from typing import Any

import websocket_driver as websocket
from websocket_driver import permessage_deflate
from websocket_driver.driver.client import Client
from websocket_driver.driver.headers import Headers
from websocket_driver.extensions import Extensions
from websocket_driver.extensions.parser import Parser
from websocket_driver.spelling import node

KEY = "dGhlIHNhbXBsZSBub25jZQ=="

Client.generate_key = staticmethod(lambda: KEY)  # type: ignore[method-assign]


class Boom(Exception):
    """An exception that a listener raises."""


def node_name(name: str) -> str:
    """The Node spelling of a name of the API."""
    return "isWebSocket" if name == "is_websocket" else node(name)


def read(value: Any) -> Any:
    """A value from JSON."""
    if isinstance(value, list):
        return [read(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "b" in value:
        return bytes.fromhex(value["b"])
    if "l" in value:
        return value["l"]
    if "rep" in value:
        unit = bytes.fromhex(value["rep"])
        return (unit * (value["n"] // len(unit) + 1))[: value["n"]]
    if "srep" in value:
        return value["srep"] * value["n"]
    return value


def written(value: Any) -> Any:
    """A value for JSON."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"b": bytes(value).hex()}
    if isinstance(value, (list, tuple)):
        return [written(item) for item in value]
    if isinstance(value, Exception):
        return {"e": getattr(value, "message", str(value))}
    if isinstance(value, float) and not math.isfinite(value):
        return {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN")
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, dict):
        return {key: written(value[key]) for key in sorted(value)}
    return value


def raised(error: Exception) -> list[str]:
    """An exception for JSON."""
    return [type(error).__name__, str(error)]


class Message:
    """A message for extensions without a driver."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self.__dict__.update(fields)


class TestError(Exception):
    """An extension's error."""

    def __init__(self, message: str, type: Any) -> None:
        super().__init__(message)
        self.message = message
        if type is not None:
            self.type = type


class TestExtension:
    def __init__(self, spec: dict[str, Any], replay: Replay) -> None:
        self.name = spec["name"]
        self.type = spec.get("type", "permessage")
        self.rsv1 = spec.get("rsv1", False)
        self.rsv2 = spec.get("rsv2", False)
        self.rsv3 = spec.get("rsv3", False)
        self.spec = spec
        self.replay = replay
        self.session: TestSession | None = None

    def create_client_session(self, options: Any) -> Any:
        self.replay.log("ext", self.name, "createClientSession", options.get("max_length"))
        if self.spec.get("client") == "throw":
            raise Exception("no client session")
        if self.spec.get("client") == "null":
            return None
        self.session = TestSession(self)
        return self.session

    def create_server_session(self, offers: Any, options: Any) -> Any:
        self.replay.log("ext", self.name, "createServerSession", offers, options.get("max_length"))
        if self.spec.get("server") == "throw":
            raise Exception("no server session")
        if self.spec.get("server") == "null":
            return None
        self.session = TestSession(self)
        return self.session


class TestSession:
    def __init__(self, extension: TestExtension) -> None:
        self.extension = extension
        self.spec = extension.spec
        self.replay = extension.replay
        self.count = {"in": 0, "out": 0}
        self.waiting: dict[str, list[Any]] = {"in": [], "out": []}

    def generate_offer(self) -> Any:
        if self.spec["offer"] == "throw":
            raise Exception("no offer")
        return read(self.spec["offer"])

    def activate(self, params: Any) -> Any:
        self.replay.log("ext", self.extension.name, "activate", params)
        if self.spec["activate"] == "throw":
            raise Exception("no activation")
        return self.spec["activate"]

    def generate_response(self) -> Any:
        if self.spec["response"] == "throw":
            raise Exception("no response")
        return read(self.spec["response"])

    def process_incoming_message(self, message: Any, callback: Any) -> None:
        self._process("in", message, callback)

    def process_outgoing_message(self, message: Any, callback: Any) -> None:
        self._process("out", message, callback)

    def _process(self, direction: str, message: Any, callback: Any) -> None:
        mode = self.spec[direction]
        self.count[direction] += 1
        special = self.count[direction] == mode["at"]
        on = direction == "out"
        self.replay.log(
            "ext",
            self.extension.name,
            direction,
            message.opcode,
            [message.rsv1, message.rsv2, message.rsv3],
            message.data,
        )

        def answer() -> None:
            if special and mode["fail"] == "error":
                callback(TestError("failed", mode["type"]), None)
                return
            message.data = bytes(message.data) + mode["tag"].encode()
            for bit in ("rsv1", "rsv2", "rsv3"):
                if self.spec.get(bit):
                    setattr(message, bit, on)
            callback(None, message)
            if special and mode["fail"] == "twice":
                callback(None, message)

        if special and mode["fail"] == "throw":
            raise TestError("thrown", mode["type"])
        if mode["late"]:
            self.waiting[direction].append(answer)
        else:
            answer()

    def flush(self, direction: str, order: str) -> None:
        waiting = self.waiting[direction]
        if order == "one":
            self.waiting[direction] = waiting[1:]
            waiting = waiting[:1]
        else:
            self.waiting[direction] = []
            if order == "lifo":
                waiting.reverse()
        for answer in waiting:
            answer()

    def close(self) -> None:
        self.replay.log("ext", self.extension.name, "close")


STREAMS = {
    "driver": ("connect", "open", "message", "ping", "pong", "error", "close"),
    "io": ("data", "drain"),
    "messages": ("data", "error", "end", "drain"),
    "proxy": ("data", "connect", "error", "close", "end", "drain"),
}


class Replay:
    """A session with drivers."""

    def __init__(self, session: dict[str, Any]) -> None:
        self.session = session
        self.spell = node_name if session.get("spelling") == "node" else str
        self.events: list[Any] = []
        self.drivers: dict[int, Any] = {}
        self.proxies: dict[int, Any] = {}
        self.sent: dict[int, list[bytes]] = {}
        self.counts: dict[str, int] = {}
        self.extensions = [self.extension(spec) for spec in session.get("extensions", [])]

    def extension(self, spec: dict[str, Any]) -> Any:
        if "deflate" in spec:
            if spec["deflate"] is None:
                return permessage_deflate
            return permessage_deflate.configure(self.options(spec["deflate"]))
        return TestExtension(spec, self)

    def options(self, options: dict[str, Any] | None) -> Any:
        return options and {self.spell(name): value for name, value in options.items()}

    def log(self, *entry: Any) -> None:
        self.events.append(written(entry))

    def listen(self, d: int, source: str, emitter: Any) -> None:
        for name in STREAMS[source]:
            emitter.on(name, self.listener(d, source, name))

    def listener(self, d: int, source: str, name: str) -> Any:
        def listener(event: Any = None) -> None:
            payload = event
            if source == "driver":
                if name in ("message", "ping", "pong"):
                    payload = event.data
                elif name == "close":
                    payload = [event.code, event.reason]
                elif name != "error":
                    payload = None
            elif source == "proxy" and name == "connect":
                payload = None
            self.log(f"{source}{d}", name, payload)
            if source == "io" and name == "data":
                self.sent[d].append(event)

            where = f"{source}{d}.{name}"
            count = self.counts[where] = self.counts.get(where, 0) + 1
            for hook in self.session.get("hooks", []):
                if hook["on"] == where and hook["nth"] == count:
                    for op in hook["ops"]:
                        self.nested(op)

        return listener

    def nested(self, op: dict[str, Any]) -> None:
        if op["do"] == "throw":
            raise Boom("boom")
        try:
            result = self.perform(op)
        except Boom:
            raise
        except Exception as error:
            self.log("nested", op["do"], {"raise": raised(error)})
        else:
            self.log("nested", op["do"], result)

    def create(self, d: int, spec: dict[str, Any]) -> None:
        options = self.options(spec.get("options"))
        self.sent[d] = []
        if spec["type"] == "client":
            driver: Any = websocket.client(spec["url"], options)
        elif spec["type"] == "server":
            driver = websocket.server(options)
        else:
            request: Any = Message(spec["request"])
            driver = websocket.http(request, options)
        self.drivers[d] = driver
        self.listen(d, "driver", driver)
        self.listen(d, "io", driver.io)
        self.listen(d, "messages", driver.messages)

    def perform(self, op: dict[str, Any]) -> Any:
        d = op.get("d", 0)
        args = [read(argument) for argument in op.get("args", [])]
        do = op["do"]
        if do == "create":
            return self.create(d, op["spec"])
        driver = self.drivers.get(d)
        if driver is None:
            return None

        if do == "ping":
            if "callback" in op:

                def callback() -> None:
                    self.log(f"callback{d}", op["callback"])
                    if op.get("boom"):
                        raise Boom("boom")

                args.append(callback)
            return driver.ping(*args)
        if do == "add_extension":
            return getattr(driver, self.spell(do))(self.extensions[args[0]])
        if do == "pump":
            data, self.sent[d] = b"".join(self.sent[d]), []
            start = 0
            for cut in [*op["cuts"], len(data)]:
                end = min(max(cut, start), len(data))
                if end > start:
                    self.drivers[1 - d].parse(data[start:end])
                start = end
            return None
        if do == "flush":
            return self.flush(op)
        if do == "proxy":
            self.proxies[d] = driver.proxy(*args)
            self.listen(d, "proxy", self.proxies[d])
            return None

        target, _, name = do.rpartition(".")
        object = {
            "": driver,
            "io": driver.io,
            "messages": driver.messages,
            "proxy": self.proxies.get(d),
        }[target]
        if object is None:
            return None
        return getattr(object, self.spell(name))(*args)

    def flush(self, op: dict[str, Any]) -> Any:
        index = op["extension"]
        extension = self.extensions[index] if index < len(self.extensions) else None
        session = extension.session if isinstance(extension, TestExtension) else None
        return session.flush(op["direction"], op["order"]) if session is not None else None

    def snapshot(self) -> Any:
        result: list[Any] = []
        for d in range(max(self.drivers, default=-1) + 1):
            driver = self.drivers.get(d)
            if driver is None:
                result.append(None)
                continue
            proxy = self.proxies.get(d)

            def get(name: str, driver: Any = driver) -> Any:
                return getattr(driver, self.spell(name), None)

            result.append(
                written(
                    {
                        "ready_state": get("ready_state"),
                        "state": get("get_state")(),
                        "protocol": get("protocol"),
                        "version": get("version"),
                        "url": get("url"),
                        "status_code": get("status_code"),
                        "headers": get("headers"),
                        "method": get("method"),
                        "body": None if get("body") is None else len(get("body")),
                        "io": [driver.io.readable, driver.io.writable],
                        "messages": [driver.messages.readable, driver.messages.writable],
                        "proxy": proxy
                        and [
                            proxy.readable,
                            proxy.writable,
                            getattr(proxy, self.spell("status_code")),
                            proxy.headers,
                        ],
                    }
                )
            )
        return result

    def run(self) -> list[Any]:
        steps = []
        for op in self.session["ops"]:
            step: dict[str, Any] = {}
            try:
                step["ret"] = written(self.perform(op))
            except Exception as error:
                step["raise"] = raised(error)
            step["events"], self.events = self.events, []
            step["after"] = self.snapshot()
            steps.append(step)
        return steps


class ExtensionsReplay(Replay):
    """A session with `Extensions` and no driver."""

    target: Any = None

    def perform(self, op: dict[str, Any]) -> Any:
        do = op["do"]
        args = [read(argument) for argument in op.get("args", [])]
        if do == "create":
            self.target = Extensions(self.options(args[0]))
            return None
        if self.target is None:
            return None

        def done(error: Any, message: Any) -> None:
            self.log(
                "done",
                error and {"e": error.message, "type": getattr(error, "type", None)},
                message
                and [message.opcode, [message.rsv1, message.rsv2, message.rsv3], message.data],
            )
            if op.get("boom"):
                raise Boom("boom")

        if do == "add":
            return self.target.add(self.extensions[args[0]])
        if do == "flush":
            return self.flush(op)
        if do == "valid_frame_rsv":
            return getattr(self.target, self.spell(do))(Message(args[0]))
        if do.startswith("process"):
            args[0]["data"] = read(args[0]["data"])
            return getattr(self.target, self.spell(do))(Message(args[0]), done)
        if do == "close":
            return self.target.close(lambda: self.log("closed", None))
        return getattr(self.target, self.spell(do))(*args)

    def snapshot(self) -> Any:
        return None


class DeflateReplay(Replay):
    """A session with `permessage_deflate` and no driver."""

    def __init__(self, session: dict[str, Any]) -> None:
        super().__init__(session)
        self.configured: Any = permessage_deflate
        self.target: Any = None

    def perform(self, op: dict[str, Any]) -> Any:
        do = op["do"]
        args = [read(argument) for argument in op.get("args", [])]
        if do == "configure":
            self.configured = self.configured.configure(self.options(args[0]))
            return None
        if do == "client":
            self.target = self.configured.create_client_session({"max_length": args[0]})
            return self.target is not None
        if do == "server":
            self.target = self.configured.create_server_session(args[0], {"max_length": args[1]})
            return self.target is not None
        if self.target is None:
            return None
        if do in ("in", "out"):
            message = Message(
                {"rsv1": args[1], "rsv2": False, "rsv3": False, "opcode": 1, "data": args[0]}
            )

            def done(error: Any, message: Any) -> None:
                self.log(
                    "done",
                    do,
                    error and {"e": error.message},
                    message and [message.rsv1, message.data],
                )

            if do == "in":
                self.target.process_incoming_message(message, done)
            else:
                self.target.process_outgoing_message(message, done)
            return None
        result = getattr(self.target, self.spell(do))(*args)
        if do == "activate" and result is not True:
            self.target = None
        return result

    def snapshot(self) -> Any:
        return None


class ParserReplay(Replay):
    """A session with the parser of `Sec-WebSocket-Extensions`."""

    def perform(self, op: dict[str, Any]) -> Any:
        args = [read(argument) for argument in op.get("args", [])]
        if op["do"] == "parse_header":
            offers = Parser.parse_header(*args).to_array()
            return [[offer["name"], list(offer["params"].items())] for offer in offers]
        return Parser.serialize_params(*args)

    def snapshot(self) -> Any:
        return None


class HeadersReplay(Replay):
    """A session with header lines."""

    def __init__(self, session: dict[str, Any]) -> None:
        super().__init__(session)
        self.target = Headers()

    def perform(self, op: dict[str, Any]) -> Any:
        args = [read(argument) for argument in op.get("args", [])]
        return self.target.set(*args) if op["do"] == "set" else self.target.clear()

    def snapshot(self) -> Any:
        return str(self.target)


class FunctionsReplay(Replay):
    """A session with the functions of the module that take a request."""

    def perform(self, op: dict[str, Any]) -> Any:
        args = [read(argument) for argument in op.get("args", [])]
        if op["do"] != "validate_options":
            args[0] = Message(args[0])
        return getattr(websocket, self.spell(op["do"]))(*args)

    def snapshot(self) -> Any:
        return None


KINDS = {
    "driver": Replay,
    "extensions": ExtensionsReplay,
    "deflate": DeflateReplay,
    "parser": ParserReplay,
    "headers": HeadersReplay,
    "functions": FunctionsReplay,
}


def main() -> None:
    for line in sys.stdin:
        try:
            session = json.loads(line)
            log: Any = KINDS[session["kind"]](session).run()
        except Exception:
            log = {"crash": traceback.format_exc()}
        sys.stdout.write(json.dumps(log) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
