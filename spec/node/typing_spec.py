"""Types of `websocket_driver.node` for type checkers: events, arguments and options.

mypy and pyright must both reject each line of `WRONG`, and neither may reject a line of `RIGHT`.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from spec.wires import ROOT

RIGHT = """
from websocket_driver.node import events, net, process, run, timers, tls

def listener(socket: net.Socket) -> None:
    socket.on("data", lambda chunk: chunk.hex())
    socket.on("readable", lambda: print(socket.read(), socket.read(5)))
    socket.on("close", lambda had_error: print(not had_error))
    socket.on("close", lambda: None)
    socket.on("error", print)
    socket.once("lookup", lambda error, address, family, host: print(host.upper()))

    socket.on("connection_attempt", lambda address, port, family: print(address.upper()))
    socket.on("connectionAttemptFailed", lambda address, port, family, error: print(error.code))

    @socket.on("connection_attempt_timeout")
    def on_timeout(address: str, port: int | None, family: int | None) -> None:
        print(address)

    @socket.on("data")
    def on_data(chunk: bytes) -> int:
        return len(chunk)

    @socket.once("data")
    def on_text(text: str) -> None:
        print(text)

    @socket.on("connect")
    async def on_connect() -> None:
        await events.once(socket, "drain")

    length: int = on_data(b"")
    socket.pipe(socket).pipe(socket).write(b"", lambda: None)
    socket.setTimeout(5, lambda: None).set_no_delay(True).setKeepAlive(True, 5).ref().unref()
    socket.setEncoding("utf8").end("x", "latin1", lambda: None)
    socket.set_encoding("hex").pause().resume().destroy(ValueError())
    state: str = socket.readyState + socket.ready_state
    port: int | None = socket.remotePort

server = net.create_server(listener)
server.listen(80, "host", lambda: None).listen("4180").listen({"port": 1, "host": "x"}, print)
server.listen(port=5).listen(80, lambda: None).listen(80, 511).listen("/path").listen(print)
server.listen(80, "x", 511, lambda: None).listen().close(lambda: None).ref()
server.on("connection", lambda socket: socket.end())
server.on("drop", lambda data: data["remote_address"])
server.getConnections(lambda error, count: None)
net.create_server(allow_half_open=True, pauseOnConnect=True)
net.createServer({"allowHalfOpen": True}, listener)
net.connect(80, "x", lambda: None).on("close", lambda had_error: None)
net.connect({"port": 80, "host": "h", "allowHalfOpen": True}, timeout=5)
net.connect(path="/path")
net.Socket(allowHalfOpen=True).connect(80)
timers.set_timeout(lambda number: None, 5, 1).unref().refresh().close()
timers.clearImmediate(timers.setImmediate(print))
process.stdin.on("data", lambda chunk: chunk.hex())
process.stdin.pipe(process.stdout).write("x")
secure = tls.connect(443, "x", ca=["a.pem"], checkServerIdentity=lambda name, cert: None)
secure.on("session", lambda session: print(session.has_ticket))
secure.on("session", lambda: None)
above = secure.getPeerCertificate(True).get("issuerCertificate", {}).get("subject")
context = tls.create_secure_context(key=["a", {"pem": b"", "passphrase": "x"}], cert=["a", b""])
tls_server = tls.create_server(secureContext=context, SNICallback=lambda name, callback: None)
tls_server.addContext("*.example.com", {"cert": "a.pem", "key": "b.pem"})
tls_server.set_secure_context(cert="a.pem", ecdhCurve="P-256", ciphers="x")
tls.connect(443, session=secure.get_session(), check_server_identity=tls.check_server_identity)
process.nextTick(print, process.argv[2], process.env["HOME"])
run(on_interrupt=server.close)
"""

PREFACE = """
from websocket_driver.node import events, net, process, run, timers, tls
socket = net.Socket()
server = net.create_server()
secure = tls.connect(443)
tls_server = tls.create_server(cert="a.pem")
"""

WRONG = [
    'socket.on("nosuch", print)',
    'socket.once("listening", lambda: None)',
    'socket.on("data", lambda first, second: None)',
    'socket.on("connect", lambda argument: None)',
    'socket.on("readable", lambda argument: None)',
    'socket.read("5")',
    "socket.iterator(True)",
    "socket.write(5)",
    "socket.write(None)",
    "socket.end([])",
    "socket.pipe(5)",
    'socket.set_timeout("5")',
    "socket.setTimeout(None)",
    'socket.connect(80, "host", 5)',
    "socket.unshift(5)",
    "socket.ready_state + 5",
    'server.on("conection", print)',
    'server.on("connection", lambda socket: socket.nosuch)',
    'server.listen(80, "host", "host")',
    "server.listen(prot=80)",
    'server.listen({"port": []})',
    "net.connect()(80)",
    'net.connect(port=80, hots="x")',
    "net.connect(80, callback=print)",
    'net.connect({"port": 80, "allowHalfOpen": 5})',
    'net.create_server({"allowHalfOpen": 5})',
    "net.create_server(lambda: None, 5)",
    "net.create_server(half_open=True)",
    "timers.set_timeout(5)",
    "timers.set_interval(print, 5).nosuch()",
    "events.once(server, 5)",
    "process.next_tick(5)",
    "process.stdout.write(5)",
    "tls.connect(443, check_server_identity=5)",
    'tls.connect(443, session=b"")',
    'secure.on("session", lambda session: session.nosuch)',
    "tls.create_secure_context(nosuch=1)",
    "tls.create_secure_context(key=5)",
    'tls_server.add_context("x", 5)',
    "run(print)",
    "run(on_interrupt=5)",
]


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("typing")
    right, wrong = folder / "right.py", folder / "wrong.py"
    right.write_text(RIGHT)
    wrong.write_text(PREFACE + "".join(line + "\n" for line in WRONG))
    return right, wrong


@pytest.fixture(scope="module")
def mypy(programs):
    """The lines in which mypy finds errors, by program."""
    result = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-incremental", *map(str, programs)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    found = re.findall(r"(\w+\.py):(\d+): error: (.*)", result.stdout)
    return {
        program.name: {int(line): text for name, line, text in found if name == program.name}
        for program in programs
    }


@pytest.fixture(scope="module")
def pyright(programs):
    """The lines in which pyright finds errors, by program."""
    pytest.importorskip("pyright")
    result = subprocess.run(
        [
            *(sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "--outputjson"),
            *map(str, programs),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    found = json.loads(result.stdout)["generalDiagnostics"]
    return {
        program.name: {
            each["range"]["start"]["line"] + 1: each["message"]
            for each in found
            if each["file"] == str(program) and each["severity"] == "error"
        }
        for program in programs
    }


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
class DescribeTypeCheckers:
    def it_accepts_a_program_that_is_right(self, request, checker):
        assert request.getfixturevalue(checker)["right.py"] == {}

    @pytest.mark.parametrize("number", range(len(WRONG)), ids=WRONG)
    def it_refuses_a_line_that_is_wrong(self, request, checker, number):
        first = PREFACE.count("\n") + 1
        assert first + number in request.getfixturevalue(checker)["wrong.py"]


class DescribeMypy:
    def it_lists_the_events_that_there_are(self, mypy):
        assert "No overload variant" in mypy["wrong.py"][PREFACE.count("\n") + 1]
