"""Runs scenarios on this package's `node.net` and `node.tls`: the counterpart of node_runner.js.

python port_runner.py SCENARIOS TRACES CERTIFICATE QUIET_MS JOBS [LOOP]

LOOP is `asyncio` or `uvloop`.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import re
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from websocket_driver.node import net, timers, tls

HERE = Path(__file__).resolve().parent
PATIENCE = 4.0

Call = list[Any]
Scenario = dict[str, Any]


class RawPeer:
    """raw_peer.py, in a process of its own."""

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(HERE / "raw_peer.py"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        self.waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.count = 0
        self.task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout
        while line := await self.process.stdout.readline():
            answer = json.loads(line)
            self.waiting.pop(answer["n"]).set_result(answer)

    async def ask(self, op: str, id: str = "", **more: Any) -> dict[str, Any]:
        assert self.process.stdin
        self.count += 1
        future = asyncio.get_running_loop().create_future()
        self.waiting[self.count] = future
        command = {"op": op, "id": id, **more, "n": self.count}
        self.process.stdin.write(json.dumps(command).encode() + b"\n")
        answer: dict[str, Any] = await future
        return answer

    async def stop(self) -> None:
        assert self.process.stdin
        self.task.cancel()
        self.process.stdin.close()
        await self.process.wait()


def name_of(error: object) -> str:
    """The code of an error; those of certificates and those of TLS are one each."""
    if error is None:
        return "none"
    code = getattr(error, "code", None) or str(error)
    if re.search("SELF_SIGNED|CERT|UNABLE_TO_VERIFY", code):
        return "CERT"
    return "TLS" if re.match("ERR_SSL|EPROTO|ERR_TLS", code) else code


def text(value: object) -> str:
    """A value as JavaScript writes it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def word(value: object) -> str:
    if isinstance(value, (dict, list)):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return "null" if value is None else text(value)


class Session:
    def __init__(self, scenario: Scenario, raw: RawPeer, certificate: Path, quiet: float) -> None:
        self.scenario = scenario
        self.raw = raw
        self.certificate = certificate
        self.quiet = quiet
        self.id = f"P{scenario['id']}/"
        self.trace: dict[str, list[list[Any]]] = {}
        self.actors: dict[str, Any] = {}
        self.listeners: dict[tuple[str, str], Callable[..., object]] = {}
        self.contents: dict[str, list[int]] = {}
        self.counts: dict[str, int] = {}
        self.writes: dict[str, int] = {}
        self.connections = 0
        self.tasks: list[asyncio.Task[None]] = []
        self.muted: str | None = None
        self.last = time.monotonic()
        self.done = False
        self.port: int | None = None
        self.raw_port = self.hole = self.taken = 0

    def log(self, actor: str, *entry: Any) -> None:
        if not self.done:
            self.trace.setdefault(actor, []).append(list(entry))
            self.last = time.monotonic()

    @staticmethod
    def flags(socket: Any) -> str:
        if socket is None:
            return ""
        return ("R" if socket.readable else "r") + ("W" if socket.writable else "w")

    def details(self, error: Any) -> str:
        if not self.scenario.get("errors"):
            return ""
        address = str(getattr(error, "address", None) or "-").replace(self.path(), "PATH")
        port = "port" if getattr(error, "port", None) else "-"
        code, syscall = getattr(error, "code", None), getattr(error, "syscall", None)
        return f" {code or '-'} {syscall or '-'} {address} {port}"

    def event(self, actor: str, name: str, socket: Any, *arguments: Any) -> None:
        if self.done:
            return
        flags = self.flags(socket)
        if name == "data":
            self.data(actor, arguments[0])
        elif name == "close" and socket is not None:
            self.log(actor, "ev", "close", text(arguments[0]), flags)
        elif name == "error":
            error = arguments[0]
            self.log(actor, "ev", "error", name_of(error) + self.details(error), flags)
        else:
            self.log(actor, "ev", name, "", flags)

        key = f"{actor}:{name}"
        nth = self.counts[key] = self.counts.get(key, 0) + 1
        for rule in self.scenario["on"]:
            if rule["at"] == key and rule.get("nth", 1) in (0, nth):
                for call in rule["do"]:
                    self.act(call)

    def data(self, actor: str, chunk: Any) -> None:
        if isinstance(chunk, str):
            self.log(actor, "text", chunk)
            return
        content = self.contents.setdefault(actor, [0, 0])
        content[0] += len(chunk)
        content[1] = zlib.crc32(chunk, content[1])
        trace = self.trace.setdefault(actor, [])
        self.last = time.monotonic()
        if trace and trace[-1][0] == "data":
            trace[-1][1] += len(chunk)
        else:
            trace.append(["data", len(chunk)])

    def watch(self, actor: str, socket: Any, names: list[str]) -> None:
        for name in names:
            self.listeners[actor, name] = self.listener(actor, socket, name)
            socket.on(name, self.listeners[actor, name])

    def listener(self, actor: str, socket: Any, name: str) -> Callable[..., object]:
        return lambda *arguments: self.event(actor, name, socket, *arguments)

    def act(self, call: Call) -> None:
        actor, operation, *arguments = call
        if actor == "!":
            self.log("throw", "do", "throw")
            raise RuntimeError("thrown " + self.scenario["id"])
        if actor == "tick":
            timers.set_immediate(self.act, operation)
            return
        label = " ".join([operation, *map(word, arguments)])
        self.log(actor, "do", label)
        try:
            value = self.call(actor, operation, arguments)
        except Exception as error:
            code = getattr(error, "code", None) or type(error).__name__
            self.log(actor, "throw", label, code)
            return
        told = ("write", "writeCb", "writeAs", "get", "ask", "listenAs", "read", "readAll")
        if operation in told or operation.startswith("ret"):
            result = (
                "self" if value is self.actors.get(actor) and value is not None else text(value)
            )
            self.log(actor, "ret", label, result)

    def fill(self, actor: str, size: Any) -> Any:
        if isinstance(size, str):
            return size
        count = self.writes[actor] = self.writes.get(actor, 0) + 1
        return bytes([97 + (count - 1) % 26]) * size

    def callback(self, actor: str, name: str) -> Callable[..., object]:
        def called(*arguments: Any) -> None:
            error = arguments[0] if arguments else None
            self.log(actor, "ev", name, name_of(error) if error is not None else "", "")

        return called

    def call(self, actor: str, operation: str, arguments: Call) -> Any:
        if operation == "connect":
            return self.connect(actor, arguments[0] if arguments else None)
        if operation == "listen":
            port = self.taken if arguments else 0
            return self.server(actor).listen(port, "127.0.0.1")
        if operation == "listenAs":
            return self.server(actor).listen(*self.fit(actor, arguments[0]))
        if operation in ("connectAs", "newSocket"):
            if operation == "connectAs":
                self.actors[actor] = net.connect(*self.fit(actor, arguments[0]))
            else:
                self.actors[actor] = net.Socket(*arguments)
            return self.watch(actor, self.actors[actor], self.listens_to(actor))
        target = self.actors.get(actor)
        if target is None:
            self.log(actor, "missing", operation)
            return None
        if operation in ("get", "ask", "set"):
            return self.member(target, operation, arguments)
        return self.target_call(actor, target, operation, arguments)

    @staticmethod
    def member(target: Any, operation: str, arguments: Call) -> Any:
        if operation == "set":
            setattr(target, arguments[0], arguments[1])
            return None
        value = getattr(target, arguments[0])
        if operation == "ask":
            return value(*arguments[1:])
        return "function" if callable(value) else value

    def target_call(self, actor: str, target: Any, operation: str, arguments: Call) -> Any:
        if operation == "writeAs":
            return target.write(*arguments)
        if operation == "endAs":
            return target.end(*arguments)
        writes = operation in ("write", "writeCb", "end", "endCb")
        size = [self.fill(actor, arguments[0])] if arguments and writes else []
        calls: dict[str, Callable[[], Any]] = {
            "socketConnect": lambda: target.connect(*self.fit(actor, arguments[0])),
            "write": lambda: target.write(*size),
            "writeCb": lambda: target.write(*size, self.callback(actor, "writeCb")),
            "end": lambda: target.end(*size),
            "endCb": lambda: target.end(*size, self.callback(actor, "endCb")),
            "destroy": lambda: target.destroy(),
            "destroyErr": lambda: target.destroy(Exception("boom")),
            "pause": lambda: target.pause(),
            "resume": lambda: target.resume(),
            "pipe": lambda: target.pipe(self.actors[arguments[0]], *arguments[1:]),
            "unpipe": lambda: target.unpipe(*(self.actors[name] for name in arguments)),
            "read": lambda: self.has_read(actor, target.read(*arguments)),
            "readAll": lambda: self.read_all(actor, target),
            "off": lambda: self.off(actor, target, arguments),
            "iterate": lambda: self.iterate(actor + "i", target, *arguments),
            "nodelay": lambda: target.setNoDelay(),
            "setTimeout": lambda: self.set_timeout(actor, target, *arguments),
            "on": lambda: self.watch(actor, target, arguments),
            "flags": lambda: self.log(actor, "flags", self.flags(target)),
            "close": lambda: target.close(),
            "closeCb": lambda: target.close(self.callback(actor, "closeCb")),
            "address": lambda: self.log(
                actor, "ret", "address", "yes" if target.address() else "none"
            ),
            "addressOf": lambda: self.log(actor, "address", self.place(target.address())),
            "getConnections": lambda: target.getConnections(
                lambda error, count: self.log(actor, "ev", "connections", str(count), "")
            ),
            "startTls": lambda: self.start_tls(actor, target),
            "retPause": lambda: target.pause(),
            "retResume": lambda: target.resume(),
            "retEnd": lambda: target.end(),
            "retDestroy": lambda: target.destroy(),
            "retNodelay": lambda: target.setNoDelay(),
            "retKeepalive": lambda: target.setKeepAlive(),
        }
        return calls[operation]()

    def has_read(self, actor: str, chunk: Any) -> Any:
        """The result of read(): its length, or text as it is."""
        if chunk is None or isinstance(chunk, str):
            return chunk
        content = self.contents.setdefault(actor + "r", [0, 0])
        content[0] += len(chunk)
        content[1] = zlib.crc32(chunk, content[1])
        return len(chunk)

    def read_all(self, actor: str, target: Any) -> int:
        total = 0
        while (chunk := target.read()) is not None:
            self.has_read(actor, chunk)
            total += len(chunk)
        return total

    def off(self, actor: str, target: Any, names: list[str]) -> None:
        for name in names:
            listener = self.listeners.get((actor, name))
            if listener is not None:
                target.removeListener(name, listener)

    def iterate(self, actor: str, target: Any, limit: int = 0, options: Any = None) -> None:
        more = {"destroy_on_return": options["destroyOnReturn"]} if options else {}

        async def go_through() -> None:
            count = 0
            try:
                async with contextlib.aclosing(target.iterator(**more)) as chunks:
                    async for chunk in chunks:
                        self.data(actor, chunk)
                        count += 1
                        if count == limit:
                            break
                self.log(actor, "ev", "finished", "", "")
            except Exception as error:
                self.log(actor, "ev", "failed", name_of(error), "")

        # As in Node, the iteration begins at once.
        loop = asyncio.get_running_loop()
        if sys.version_info >= (3, 12):
            self.tasks.append(asyncio.Task(go_through(), loop=loop, eager_start=True))
        else:
            self.tasks.append(loop.create_task(go_through()))

    def set_timeout(self, actor: str, target: Any, value: Any, called: bool = False) -> Any:
        callback = [self.callback(actor, "timeoutCb")] if called else []
        return target.setTimeout(value, *callback)

    @staticmethod
    def place(address: Any) -> str:
        if isinstance(address, str):
            return "path"
        if address is None:
            return "none"
        return f"{address.address} {address.family} {'port' if address.port else 'no port'}"

    def start_tls(self, actor: str, socket: Any) -> None:
        ca = self.certificate.read_text()
        secure = tls.connect({"socket": socket, "ca": ca, "servername": "localhost"})
        self.actors[actor + "t"] = secure
        events = ["secureConnect", "data", "end", "close", "error", "drain"]
        self.watch(actor + "t", secure, events)
        for (owner, name), listener in self.listeners.items():
            if owner == actor and name != "error":
                socket.remove_listener(name, listener)
        self.muted = actor

    def client(self, actor: str) -> dict[str, Any]:
        client: dict[str, Any] = self.scenario.get("clients", {}).get(actor, {})
        return client

    def connect(self, actor: str, place: str | None) -> None:
        port = {"raw": self.raw_port, "hole": self.hole}.get(place or "", self.port)
        if not port:
            self.log(actor, "noport")
            return
        address: Any = {"port": port, "host": "127.0.0.1"}
        if self.client(actor).get("tls"):
            ca = self.certificate.read_text()
            options: Any = {**address, "ca": ca, "servername": "localhost"}
            socket: Any = tls.connect(options)
        else:
            socket = net.connect(address)
        self.actors[actor] = socket
        self.watch(actor, socket, self.listens_to(actor))

    def listens_to(self, actor: str) -> list[str]:
        client = self.client(actor)
        secure = ["secureConnect"] if client.get("tls") else []
        default = ["connect", *secure, "data", "end", "close", "error", "drain"]
        names: list[str] = client.get("listen", default)
        return names

    def path(self) -> str:
        name = "p" + re.sub(r"\W", "_", self.scenario["id"])[:40] + ".sock"
        return str(self.certificate.parent / name)

    def fit(self, actor: str, arguments: Call) -> Call:
        """The arguments of listen and connect."""
        table = {
            "{port}": self.port,
            "{portText}": str(self.port),
            "{taken}": self.taken,
            "{path}": self.path(),
            "{nopath}": self.path() + ".none",
            "{cb}": self.callback(actor, "cb"),
        }

        def one(value: Any) -> Any:
            if isinstance(value, list):
                return [one(part) for part in value]
            if isinstance(value, dict):
                return {key: one(part) for key, part in value.items()}
            return table.get(value, value) if isinstance(value, str) else value

        return [one(value) for value in arguments]

    def server(self, actor: str) -> Any:
        if actor in self.actors:
            return self.actors[actor]
        options = self.scenario.get("server", {})

        def accepted(socket: Any) -> None:
            name = f"s{self.connections}"
            self.connections += 1
            self.actors[name] = socket
            listens = options.get("listen", ["data", "end", "close", "error", "drain"])
            self.watch(name, socket, listens)
            self.event(actor, "connection", None)
            self.event(name, "connection", socket)

        if options.get("tls"):
            pem = self.certificate.read_text()
            server: Any = tls.create_server({"key": pem, "cert": pem}, accepted)
        else:
            server = net.create_server(options.get("options", {}), accepted)
        for name in ("listening", "error", "close", *options.get("events", [])):
            server.on(name, self.listener(actor, None, name))
        self.actors[actor] = server
        return server

    async def settle(self) -> None:
        start = self.last = time.monotonic()
        while True:
            await asyncio.sleep(0.005)
            now = time.monotonic()
            if now - self.last >= self.quiet:
                return
            if now - start > PATIENCE:
                self.log("runner", "timeout")
                return

    def find_port(self) -> None:
        server = self.actors.get("server")
        # This server is bound before it listens, unlike Node's.
        if self.port is None and server is not None and server.listening:
            self.port = getattr(server.address(), "port", None)

    async def raw_call(self, actor: str, operation: str, argument: Any = None) -> None:
        if operation == "connect":
            answer = await self.raw.ask(
                "connect", self.id + actor, port=self.port, reading=argument != "deaf"
            )
        else:
            name = self.id + (f"r.{actor[1]}" if "raw" in self.scenario else actor)
            more = {} if argument is None else {"size": argument}
            answer = await self.raw.ask(operation, name, **more)
        if operation == "stat":
            stat = "missing"
            if not answer.get("missing"):
                ended = "eof" if answer["eof"] else "-"
                stat = f"{answer['got']} {ended} {answer['err'] or '-'}"
            self.log(actor, "stat", stat)
        self.last = time.monotonic()

    async def prepare(self) -> None:
        scenario, ask = self.scenario, self.raw.ask
        if "raw" in scenario:
            reading = scenario["raw"].get("reading", True)
            self.raw_port = (await ask("listen", self.id + "r", reading=reading))["port"]
        if scenario.get("hole"):
            self.hole = (await ask("hole", self.id + "h"))["port"]
        if scenario.get("taken"):
            self.taken = (await ask("listen", self.id + "t"))["port"]
        if "server" in scenario and not scenario["server"].get("manual"):
            ready = asyncio.get_running_loop().create_future()
            self.server("server").once("listening", lambda: ready.set_result(None))
            self.server("server").listen(0, "127.0.0.1")
            await ready
            self.find_port()
            await asyncio.sleep(0.001)
        if scenario.get("proxy"):
            self.raw_port = (await ask("listen", self.id + "r", proxy=self.port))["port"]

    async def run(self) -> dict[str, Any]:
        await self.prepare()
        for step in self.scenario["steps"]:
            for call in step:
                if re.match(r"r\d", call[0]):
                    await self.raw_call(*call)
                elif call[0] == "wait":
                    await asyncio.sleep(call[1] / 1000)
                else:
                    self.act(call)
                self.find_port()
            await self.settle()
            self.find_port()
        final = {
            name: self.flags(actor)
            for name, actor in self.actors.items()
            if re.match(r"[cs]\d", name) and name != self.muted
        }
        self.done = True
        self.tidy()
        await self.raw.ask("forget", prefix=self.id)
        return self.result(final)

    def result(self, final: dict[str, str]) -> dict[str, Any]:
        return {
            "id": self.scenario["id"],
            "trace": self.trace,
            "final": final,
            "contents": self.contents,
        }

    def tidy(self) -> None:
        for task in self.tasks:
            task.cancel()
        for actor in self.actors.values():
            actor.remove_all_listeners()
            actor.on("error", lambda error: None)
            if isinstance(actor, net.Server):
                actor.close()
            else:
                actor.destroy()


class Runner:
    def __init__(self, certificate: Path, quiet: float) -> None:
        self.certificate = certificate
        self.quiet = quiet
        self.raw = RawPeer()
        self.solo: Session | None = None

    def complain(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if self.solo is not None:
            uncaught = context["message"] if error is None else name_of(error)
            self.solo.log("loop", "uncaught", uncaught)
        else:
            print("outside of a solo scenario:", context, file=sys.stderr)

    async def one(self, scenario: Scenario) -> dict[str, Any]:
        """The trace of a scenario, also of one that makes the runner fail."""
        session = Session(scenario, self.raw, self.certificate, self.quiet)
        if scenario.get("solo"):
            self.solo = session
        try:
            return await asyncio.wait_for(session.run(), 60)
        except Exception as error:
            session.log("runner", "throw", "run", repr(error))
            session.done = True
            return session.result({})

    async def run(self, source: Path, target: Path, jobs: int) -> None:
        asyncio.get_running_loop().set_exception_handler(self.complain)
        await self.raw.start()
        scenarios = [json.loads(line) for line in source.read_text().splitlines()]
        queue = [scenario for scenario in scenarios if not scenario.get("solo")]
        with target.open("w") as output:

            async def worker() -> None:
                while queue:
                    output.write(json.dumps(await self.one(queue.pop(0))) + "\n")

            await asyncio.gather(*(worker() for _ in range(jobs)))
            for scenario in scenarios:
                if scenario.get("solo"):
                    output.write(json.dumps(await self.one(scenario)) + "\n")
                    await asyncio.sleep(0.005)
                    self.solo = None
        await self.raw.stop()


def main() -> None:
    source, target, certificate, quiet, jobs, *loop = sys.argv[1:]
    runner = Runner(Path(certificate), float(quiet) / 1000)
    work = runner.run(Path(source), Path(target), int(jobs))
    if loop == ["uvloop"]:
        new_loop = importlib.import_module("uvloop").new_event_loop()
        new_loop.run_until_complete(work)
        new_loop.close()
    else:
        asyncio.run(work)


if __name__ == "__main__":
    main()
