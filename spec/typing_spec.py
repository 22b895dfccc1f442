"""What type checkers know: options, arguments, and which event gives its listeners what.

Each line of `WRONG` must be refused by mypy and by pyright, and none of `RIGHT` by either.
"""

import json
import subprocess
import sys

import pytest

from spec.wires import ROOT

PREFACE = """
import websocket_driver as websocket
from websocket_driver import CloseEvent, MessageEvent, PingEvent, permessage_deflate
driver = websocket.client("ws://localhost/")
server = websocket.server()
request = websocket.Request("GET", "/", {})
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
