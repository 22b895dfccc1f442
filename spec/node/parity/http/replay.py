"""Plays scenarios on the http server here. replay.js plays the same on Node."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from spec.node.parity.http.play import Scenario
from websocket_driver.node import http, net
from websocket_driver.node.loop import current
from websocket_driver.node.phases import Timeout

DEFAULT_WATCH = {
    "req": ["end", "close", "error", "aborted"],
    "res": ["finish", "close", "error"],
    "socket": [],
}

ANSWERED = ("request", "checkContinue", "checkExpectation")
HANDED_OVER = ("upgrade", "connect")

MISSING = object()


def text(data: Any) -> str:
    return data.decode("latin-1") if isinstance(data, bytes) else str(data)


class Replay:
    """One scenario."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._on: Mapping[str, Any] = scenario.get("on", {})
        self._watch = {**DEFAULT_WATCH, **scenario.get("watch", {})}
        self.log: list[Any] = []
        self._names: dict[int, str] = {}
        self._objects: dict[str, Any] = {}
        self._counts: Counter[str] = Counter()
        self.throws = bool(scenario.get("throws"))

    async def start(self) -> int:
        options: Any = self._scenario.get("options", {})
        server: Any = http.createServer(options)
        self._objects["server"] = server
        self._names[id(server)] = "server"
        for name, value in self._scenario.get("set", {}).items():
            setattr(server, name, value)
        events = dict.fromkeys(self._scenario.get("listen", ()))
        for key in self._on:
            kind, event = key.split("#")[0].split(".")
            if kind == "server":
                events[event] = None
        for event in events:
            self._listen_to_server(server, event)
        server.listen(0, "127.0.0.1")
        address = server.address()
        assert isinstance(address, net.Address)
        return address.port

    def _listen_to_server(self, server: Any, event: str) -> None:
        def happened(*arguments: Any) -> None:
            context = self._context(event, arguments)
            self._happened("server", "server", event, self._summary(event, context), context)

        server.on(event, happened)

    def _context(self, event: str, arguments: Sequence[Any]) -> dict[str, Any]:
        context: dict[str, Any] = {"server": self._objects["server"]}
        if event in ANSWERED:
            context["req"] = self._named("req", arguments[0])
            context["res"] = self._named("res", arguments[1])
        elif event in (*HANDED_OVER, "dropRequest"):
            context["req"] = self._named("req", arguments[0])
            context["socket"] = self._named("socket", arguments[1])
            context["head"] = arguments[2] if len(arguments) > 2 else None
        elif event == "clientError":
            context["error"] = arguments[0]
            context["socket"] = self._named("socket", arguments[1])
        elif event == "connection":
            context["socket"] = self._named("socket", arguments[0])
        if "req" in context:
            context["socket"] = self._named("socket", context["req"].socket)
        return context

    @staticmethod
    def _summary(event: str, context: Mapping[str, Any]) -> list[Any]:
        if event in ANSWERED:
            return [context["req"].method, context["req"].url]
        if event in HANDED_OVER:
            return [context["req"].method, context["req"].url, text(context["head"])]
        if event == "clientError":
            return [context["error"].code]
        return []

    def _named(self, kind: str, found: Any) -> Any:
        if id(found) in self._names:
            return found
        self._counts[kind] += 1
        name = f"{kind}{self._counts[kind]}"
        self._names[id(found)] = name
        self._objects[name] = found
        events = dict.fromkeys(self._watch[kind])
        for key in self._on:
            of, event = key.split("#")[0].split(".")
            if of == kind:
                events[event] = None
        for event in events:
            self._listen(kind, name, found, event)
        return found

    def _listen(self, kind: str, name: str, found: Any, event: str) -> None:
        def happened(*arguments: Any) -> None:
            context = {"server": self._objects["server"], kind: found}
            if kind != "socket":
                context["req"] = self._objects["req" + name[3:]]
                context["res"] = self._objects.get("res" + name[3:])
                context["socket"] = context["req"].socket
            shown: list[Any] = []
            if event == "error":
                shown = [code_of(arguments[0])]
            elif event == "data":
                last = self.log[-1] if self.log else []
                if last[:3] == [name, "event", "data"]:
                    last[3] += text(arguments[0])
                    self._run(self._on.get(f"{kind}.{event}", ()), context)
                    return
                shown = [text(arguments[0])]
            elif event == "close" and kind == "socket":
                shown = [arguments[0]]
            self._happened(kind, name, event, shown, context)

        found.on(event, happened)

    def _happened(
        self, kind: str, name: str, event: str, shown: Sequence[Any], context: Mapping[str, Any]
    ) -> None:
        self.log.append([name, "event", event, *shown])
        key = f"{kind}.{event}"
        self._counts[key] += 1
        ops = self._on.get(f"{key}#{self._counts[key]}", self._on.get(key, ()))
        self._run(ops, context)

    def _run(self, ops: Sequence[Any], context: Mapping[str, Any]) -> None:
        for op in ops:
            self._perform(op, context)

    def perform(self, ops: Sequence[Any]) -> None:
        current().run(self._run, ops, {"server": self._objects["server"]})

    def _perform(self, op: Sequence[Any], context: Mapping[str, Any]) -> None:
        verb, *rest = op
        if verb == "later":
            Timeout(current(), lambda: self._run(rest[1], context), rest[0])
        elif verb == "tick":
            current().next_tick(self._run, rest[0], context)
        elif verb == "immediate":
            current().set_immediate(self._run, rest[0], context)
        elif verb == "throw":
            raise RuntimeError("thrown")
        elif verb == "listen":
            self._listen_too(self._object(rest[0], context), rest[1], rest[2:], context)
        elif verb == "get":
            target, *path = rest[0].split(".")
            value = self._object(target, context)
            for key in path:
                value = None if value is None else getattr(value, key, None)
            self.log.append([rest[0], "is", self._shown(value)])
        elif verb == "set":
            target, key = rest[0].split(".")
            try:
                setattr(self._object(target, context), key, self._value(rest[1], context))
            except Exception as error:
                self._threw(rest[0], error)
        else:
            self._call(verb, rest, context)

    def _listen_too(
        self, found: Any, event: str, ops: Sequence[Any], context: Mapping[str, Any]
    ) -> None:
        name = self._names[id(found)] + "+"

        def happened(*_: Any) -> None:
            self._happened("", name, event, [], context)
            self._run(ops[0] if ops else (), context)

        found.on(event, happened)

    def _call(self, verb: str, rest: Sequence[Any], context: Mapping[str, Any]) -> None:
        target, method = verb.split(".")
        found = self._object(target, context)
        label = f"{self._names[id(found)]}.{method}"
        arguments = [self._value(value, context) for value in rest]
        while arguments and arguments[-1] is MISSING:
            arguments.pop()
        arguments = [None if value is MISSING else value for value in arguments]
        try:
            shown = self._shown(getattr(found, method)(*arguments))
        except Exception as error:
            self._threw(label, error)
            return
        if shown is not None and method != "pipe":
            self.log.append([label, "returned", shown])

    def _threw(self, label: str, error: Exception) -> None:
        self.log.append([label, "threw", code_of(error), str(error)])

    def _object(self, name: str, context: Mapping[str, Any]) -> Any:
        return context.get(name) or self._objects.get(name)

    def _value(self, value: Any, context: Mapping[str, Any]) -> Any:
        if isinstance(value, list):
            return [self._value(item, context) for item in value]
        if not isinstance(value, dict):
            return value
        if "$bytes" in value:
            return value["$bytes"].encode("latin-1")
        if "$fill" in value:
            return b"x" * value["$fill"]
        if "$ref" in value:
            return self._object(value["$ref"], context)
        if "$error" in value:
            return RuntimeError(value["$error"])
        if "$callback" in value:
            return lambda *arguments: self.log.append(
                [value["$callback"], "called", *(a and code_of(a) for a in arguments)]
            )
        if "$none" in value:
            return MISSING
        return {key: self._value(item, context) for key, item in value.items()}

    def _shown(self, value: Any) -> Any:
        if id(value) in self._names:
            return f"<{self._names[id(value)]}>"
        if isinstance(value, bytes):
            return text(value)
        if isinstance(value, (list, tuple)):
            return [self._shown(item) for item in value]
        if isinstance(value, dict):
            return {key: self._shown(value[key]) for key in sorted(value)}
        if callable(value):
            return "<function>"
        return value

    def stop(self) -> None:
        server = self._objects["server"]
        server.close()
        server.closeAllConnections()
        for name, found in self._objects.items():
            if name.startswith("socket"):
                found.destroy()

    def uncaught(self, error: BaseException) -> None:
        self.log.append(["process", "uncaught", code_of(error)])


def code_of(error: Any) -> str:
    return getattr(error, "code", None) or str(error)


class Here:
    """Plays the server's part in this process."""

    def __init__(self) -> None:
        self._replays: dict[int, Replay] = {}
        self.complaints: list[str] = []

    async def __aenter__(self) -> Here:
        asyncio.get_running_loop().set_exception_handler(self._complain)
        return self

    async def __aexit__(self, *_: object) -> None:
        asyncio.get_running_loop().set_exception_handler(None)

    def _complain(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        throwing = [r for r in self._replays.values() if r.throws]
        for replay in throwing:
            if error is not None:
                replay.uncaught(error)
        if not throwing:
            self.complaints.append(f"{context['message']}: {error!r}")
            import traceback

            if error is not None:
                traceback.print_exception(error)

    async def start(self, number: int, scenario: Scenario) -> int:
        replay = self._replays[number] = Replay(scenario)
        return await replay.start()

    async def perform(self, number: int, ops: Sequence[Any]) -> None:
        self._replays[number].perform(ops)

    async def log(self, number: int) -> list[Any]:
        replay = self._replays.pop(number)
        log = list(replay.log)
        replay.stop()
        return log
