"""What a type checker knows of listeners: which event gives them what."""

import subprocess
import sys

import pytest

from spec.wires import ROOT

PREFACE = """
import websocket_driver as websocket
from websocket_driver import CloseEvent, MessageEvent, PingEvent, ProtocolError

driver = websocket.client("ws://localhost/")
"""

RIGHT = """
def on_message(event: MessageEvent) -> None:
    print(event.data)

driver.on("message", on_message)
driver.once("close", lambda event: print(event.code, event.reason))
websocket.server().on("error", lambda error: print(error.message))
websocket.http(websocket.Request("GET", "/", {})).on("ping", lambda event: print(event.data))

@driver.on("message")
async def on_message_later(event: MessageEvent) -> None:
    print(event.data)

@driver.on("close")
def on_close(event: CloseEvent) -> str:
    return event.reason or ""

text: str = on_close(CloseEvent(1000, ""))

driver.io.on("data", lambda chunk: print(chunk.hex()))
driver.io.once("drain", lambda: print("drain"))

@driver.messages.on("data")
def on_data(message: str | bytes) -> None:
    print(len(message))

driver.messages.on("end", driver.close)
"""

WRONG = [
    'driver.on("message", lambda event: event.code)',
    'driver.on("close", lambda event: event.data)',
    'driver.on("message", lambda: None)',
    'driver.on("mesage", lambda event: None)',
    'driver.io.on("data", lambda chunk: chunk.encode())',
    'driver.messages.on("data", lambda message: message.encode())',
    """
@driver.on("message")
def on_message(event: PingEvent) -> None: ...
""",
    """
def on_error(error: CloseEvent) -> None: ...
driver.once("error", on_error)
""",
]


def check(folder, *programs):
    """What mypy says of each program: the lines that name it."""
    paths = []
    for number, program in enumerate(programs):
        path = folder / f"program_{number}.py"
        path.write_text(PREFACE + program)
        paths.append(path)
    result = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-incremental", *map(str, paths)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    lines = result.stdout.splitlines()
    return [[line for line in lines if path.name in line] for path in paths]


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory):
    return check(tmp_path_factory.mktemp("typing"), RIGHT, *WRONG)


class DescribeListeners:
    def it_takes_those_that_fit_their_event(self, verdicts):
        assert verdicts[0] == []

    @pytest.mark.parametrize("number", range(len(WRONG)))
    def it_refuses_those_that_do_not(self, verdicts, number):
        errors = [line for line in verdicts[number + 1] if "error:" in line]
        assert errors != []
