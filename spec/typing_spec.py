"""Type checkers know the options, the arguments, and the arguments of the listeners of each event.

mypy and pyright must both report each line of `WRONG`, and no line of `RIGHT`.
"""

import json
import subprocess
import sys

import pytest

from spec.wires import ROOT

PREFACE = """
import websocket_driver as websocket
from websocket_driver import CloseEvent, MessageEvent, PingEvent, permessage_deflate
from websocket_driver.node import events, http, net, process, run, timers, tls
from websocket_driver.node.errors import NodeError
driver = websocket.client("ws://localhost/")
server = websocket.server()
request = websocket.Request("GET", "/", {})
socket = net.Socket()
tcp = net.create_server()
secure = tls.connect(443)
secured = tls.create_server()
web = http.create_server()
https = http.create_server(key="key.pem", cert="cert.pem")
"""

RIGHT = """
def on_message(event: MessageEvent) -> None:
    print(event.data)

driver.on("message", on_message)
driver.on("message", lambda: print("a message"))
driver.once("close", lambda event: print(event.code, event.reason))
server.on("error", lambda error: print(error.message))
websocket.http(request).on("ping", lambda event: print(event.data, event.payload))

@driver.on("message")
async def on_message_later(event: MessageEvent) -> None:
    print(event.data)

@driver.on("close")
def on_close(event: CloseEvent) -> str:
    return event.reason or ""

@server.on("connect")
def on_connect() -> None:
    server.start()

text: str = on_close(CloseEvent(1000, ""))

driver.io.on("data", lambda chunk: print(chunk.hex()))
driver.io.once("drain", lambda: print("drain"))

@driver.messages.on("data")
def on_data(message: str | bytes) -> None:
    print(len(message))

driver.messages.on("end", driver.close)

proxy = driver.proxy("http://localhost/")
proxy.on("connect", lambda: driver.start())
proxy.on("error", lambda error: print(error.message))

websocket.http(request, {"max_length": 5, "requireMasking": False}, protocols=["a"])
websocket.server(maxLength=5, allow_drafts=False, high_water_mark=0)
driver.add_extension(permessage_deflate)
driver.addExtension(permessage_deflate.configure(level=9, memLevel=1))
driver.set_header("X-Color", "red")
driver.setHeader("X-Size", "5")
driver.text("Hi")
driver.text(5)
driver.binary([1, 2, 3])
driver.frame(b"Hi", "binary")
driver.ping("Hi", lambda: None)
driver.parse(bytearray(b"Hi"))
if driver.get_state() == "open" or driver.readyState == 1:
    driver.close("bye", 1001)

# net

net.create_server(lambda: print("a connection")).listen(4180)
net.createServer({"allowHalfOpen": True}, lambda socket: print(socket.remote_address))
tcp.on("connection", lambda socket: print(socket.remoteAddress, socket.bytesRead))
tcp.on("drop", lambda connection: print(connection["remote_port"]))
tcp.once("listening", lambda: print(tcp.address()))
tcp.listen(4180, "127.0.0.1", lambda: print("listening"))
tcp.listen({"port": 0, "ipv6Only": True}, backlog=5)
tcp.listen("/tmp/socket", lambda: print("listening"))

net.connect(4180, lambda: print("connected"))
net.connect({"port": 4180, "localAddress": "127.0.0.1"}, timeout=5)
net.createConnection(port=4180, host="localhost", keepAlive=True)
socket.on("data", lambda chunk: print(chunk.hex()))
socket.on("close", lambda had_error: print("reset" if had_error else "ended"))
socket.on("error", lambda error: print(error.code, error.syscall, error.message))
socket.on("lookup", lambda error, address, family, host: print(address, family))
socket.once("ready", lambda: socket.setTimeout(5, socket.destroy))
socket.write("text", "utf8", lambda: print("sent"))
socket.end(b"bytes").setNoDelay().ref()
socket.pipe(driver.io).pipe(socket)

@socket.on("error")
def on_socket_error(error: Exception) -> None:
    print(error)

@socket.once("data")
def on_text(chunk: str) -> None:
    print(chunk.upper())

# tls

tls.createServer({"key": "key.pem", "cert": "cert.pem", "requestCert": True})
tls.connect(443, "localhost", {"ALPNProtocols": ["http/1.1"]}, lambda: print("secure"))
tls.connect({"port": 443, "minVersion": "TLSv1.3"}, rejectUnauthorized=False)
tls.connect(socket=socket, servername="localhost")
secure.on("secure_connect", lambda: print(secure.authorized, secure.getProtocol()))
secure.on("secureConnect", lambda: print(secure.alpn_protocol))
secured.on("secure_connection", lambda socket: print(socket.authorized))
secured.on("secureConnection", lambda socket: print(socket.servername))
secured.on("tls_client_error", lambda error, socket: print(error.code, socket.remote_port))
secured.on("tlsClientError", lambda error: print(error.code))

@secured.on("secure_connection")
def on_secure(socket: tls.TLSSocket) -> None:
    print(socket.get_cipher())

# http

http.create_server(lambda request, response: response.end("Hello"))
http.createServer({"headersTimeout": 5}, lambda: print("a request"))
http.create_server(max_header_size=5, keepAliveTimeout=5)
web.on("request", lambda request, response: print(request.method, response.statusCode))
web.on("upgrade", lambda request, socket, head: websocket.http(request).io.write(head))
web.on("checkContinue", lambda request, response: response.writeContinue())
web.on("check_expectation", lambda request, response: response.write_head(417))
web.on("client_error", lambda error, socket: socket.end(error.code))
web.on("clientError", lambda error: print(error.message))
https.on("secureConnection", lambda socket: print(socket.authorized))
https.on("request", lambda request, response: response.setHeader("X-Size", 5).end())

@web.on("request")
async def on_request(request: http.IncomingMessage, response: http.ServerResponse) -> None:
    request.on("data", lambda chunk: print(len(chunk)))
    request.on("aborted", response.destroy)
    response.on("finish", lambda: print(request.headers["host"]))
    response.writeHead(200, "OK", {"Set-Cookie": ["a=1", "b=2"]})

# timers, events, process

timers.clearTimeout(timers.set_timeout(print, 5, "later").unref())
timers.clear_immediate(timers.setImmediate(print))
process.nextTick(print, "now")
process.stdin.on("data", lambda chunk: process.stdout.write(chunk))

async def main() -> None:
    (connection,) = await events.once(tcp, "connection")
    async for (chunk,) in events.on(connection, "data"):
        print(chunk)

run()
"""

# Each in the spelling of PEP 8 and, where it differs, in Node's.
WRONG = [
    'websocket.client("ws://a/", max_lenght=5)',
    'websocket.client("ws://a/", maxLenght=5)',
    'websocket.server({"max_lenght": 5})',
    'websocket.client("ws://a/", max_length="5")',
    'websocket.server(maxLength="5")',
    'websocket.http(request, {"max_length": "5"})',
    'websocket.http(request, masking="no")',
    "websocket.http({})",
    'websocket.http("GET / HTTP/1.1")',
    "websocket.http(None)",
    "websocket.is_websocket({})",
    "websocket.isWebSocket({})",
    "driver.text(None)",
    "driver.binary(None)",
    'driver.ping("x", 5)',
    'driver.set_header("X", True)',
    'driver.setHeader("X", True)',
    'driver.frame("x", "txt")',
    'driver.io.write("text")',
    "driver.messages.write(5)",
    'print(driver.get_state() == "opened")',
    'print(driver.getState() == "opened")',
    'driver.add_extension("deflate")',
    'driver.addExtension("deflate")',
    "permessage_deflate.configure(levle=9)",
    "permessage_deflate.configure(memlevel=9)",
    'permessage_deflate.configure(level="9")',
    'driver.on("message", lambda event: event.code)',
    'driver.on("close", lambda event: event.data)',
    'driver.on("mesage", lambda event: None)',
    'driver.io.on("data", lambda chunk: chunk.encode())',
    'driver.messages.on("data", lambda message: message.encode())',
    'driver.proxy("http://a/").on("message", lambda event: None)',
    """
@driver.on("message")
def on_message(event: PingEvent) -> None: ...
""",
    # net
    "net.create_server(allow_half_opne=True)",
    "net.createServer(allowHalfOpne=True)",
    'net.create_server({"no_dealy": True})',
    'net.create_server({"noDealy": True})',
    'net.create_server(allow_half_open="yes")',
    'net.createServer({"allowHalfOpen": "yes"})',
    "net.create_server(lambda socket, head: None)",
    "net.create_server(lambda socket: socket.nothing)",
    'tcp.on("conection", lambda socket: None)',
    'tcp.on("secure_connection", lambda socket: None)',
    'tcp.on("connection", lambda socket: socket.nothing)',
    "tcp.listen(b'4180')",
    'tcp.listen({"prot": 4180})',
    "net.connect(prot=4180)",
    "net.connect(4180, 4181)",
    "net.connect(port=4180, local_adress='127.0.0.1')",
    "net.connect(port=4180, localAdress='127.0.0.1')",
    'socket.on("date", lambda chunk: None)',
    'socket.once("date", lambda chunk: None)',
    'socket.on("secure_connect", lambda: None)',
    'socket.on("secureConnect", lambda: None)',
    'socket.on("data", lambda chunk: chunk.nothing)',
    'socket.on("error", lambda error: error.nothing)',
    'socket.on("close", lambda had_error: had_error.nothing)',
    "socket.write(5)",
    "socket.end({})",
    "socket.pipe(5)",
    'socket.set_timeout("5")',
    'socket.setTimeout("5")',
    "socket.remote_adress",
    "socket.remoteAdress",
    """
@socket.on("data")
def on_data(chunk: int) -> None: ...
""",
    """
@tcp.on("connection")
def on_connection(socket: tls.TLSSocket) -> None: ...
""",
    # tls
    "tls.connect(443, reject_unauthorised=False)",
    "tls.connect(443, rejectUnauthorised=False)",
    'tls.connect({"port": 443, "alpn_protocol": ["a"]})',
    'tls.connect({"port": 443, "alpnProtocol": ["a"]})',
    'tls.connect(443, servername=b"localhost")',
    "tls.connect(socket=5)",
    'tls.create_server(key=5, cert="cert.pem")',
    'tls.createServer({"requestCert": "yes"})',
    'secure.on("secure_conect", lambda: None)',
    'secure.on("secureConect", lambda: None)',
    'secured.on("secure_connect", lambda: None)',
    'secured.on("secureConnect", lambda: None)',
    'secured.on("secure_connection", lambda socket: socket.nothing)',
    'secured.on("secureConnection", lambda socket: socket.nothing)',
    'secured.on("tls_client_error", lambda error: error.nothing)',
    'secured.on("tlsClientError", lambda error, socket: socket.nothing)',
    # http
    "http.create_server(header_timeout=5)",
    "http.createServer(headerTimeout=5)",
    'http.create_server({"max_header_size": "5"})',
    'http.createServer({"maxHeaderSize": "5"})',
    "http.create_server(lambda request, response: response.nothing)",
    "http.create_server(lambda request, response, head: None)",
    'web.on("requset", lambda request, response: None)',
    'web.on("check_continu", lambda request, response: None)',
    'web.on("checkContinu", lambda request, response: None)',
    'web.on("secure_connection", lambda socket: None)',
    'web.on("secureConnection", lambda socket: None)',
    'web.on("request", lambda request, response: response.set_status(5))',
    'web.on("upgrade", lambda request, socket, head: head.encode())',
    'web.on("client_error", lambda error, socket: socket.nothing)',
    'web.on("clientError", lambda error: error.nothing)',
    'web.on("request", lambda request, response: response.set_header("X", None))',
    'web.on("request", lambda request, response: response.setHeader("X", None))',
    'web.on("request", lambda request, response: request.on("upgrade", print))',
    """
@web.on("request")
def on_request(request: http.ServerResponse) -> None: ...
""",
    # timers, process
    "timers.set_timeout(5)",
    "timers.setTimeout(5)",
    'timers.set_timeout(print, "5")',
    "timers.clear_timeout(5)",
    "process.next_tick(5)",
    "process.nextTick(5)",
    """
def on_error(error: CloseEvent) -> None: ...
driver.once("error", on_error)
""",
]


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("typing")
    paths = []
    for number, program in enumerate([RIGHT, *WRONG]):
        path = folder / f"program_{number}.py"
        path.write_text("# pyright: strict\n" + PREFACE + program)
        paths.append(path)
    return paths


@pytest.fixture(scope="module")
def mypy(programs):
    """The errors that mypy reports, by program."""
    result = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-incremental", *map(str, programs)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    lines = [line for line in result.stdout.splitlines() if "error:" in line]
    return [[line for line in lines if path.name in line] for path in programs]


@pytest.fixture(scope="module")
def pyright(programs):
    """The errors that pyright reports, by program."""
    pytest.importorskip("pyright")
    result = subprocess.run(
        [
            sys.executable,
            "-m",
            "pyright",
            "--pythonpath",
            sys.executable,
            "--outputjson",
            *map(str, programs),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    found = json.loads(result.stdout)["generalDiagnostics"]
    # That a name is only used in other programs, or a lambda's type unknown, is no matter here.
    errors = [
        (each["file"], each["message"])
        for each in found
        if each["severity"] == "error" and not each.get("rule", "").startswith("reportUnused")
    ]
    return [[text for file, text in errors if file == str(path)] for path in programs]


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
class DescribeTypeCheckers:
    def it_accepts_programs_that_are_right(self, request, checker):
        assert request.getfixturevalue(checker)[0] == []

    @pytest.mark.parametrize("number", range(len(WRONG)), ids=WRONG)
    def it_refuses_programs_that_are_wrong(self, request, checker, number):
        assert request.getfixturevalue(checker)[number + 1] != []


class DescribeMypy:
    def it_lists_the_events_that_there_are(self, mypy):
        number = WRONG.index('driver.on("mesage", lambda event: None)') + 1
        assert "No overload variant" in mypy[number][0]
