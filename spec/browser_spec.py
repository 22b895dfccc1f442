"""The page of the echo server in Chromium, used as a person with a keyboard uses it."""

import base64
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import threading
from datetime import datetime, timedelta, timezone

import pytest

from spec.wires import PATIENCE, ROOT, finish, free_port, port_of, program

NODE = shutil.which("node") or ""
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
PEERS = ROOT / "spec" / "peers"
WHY_NOT = (
    "there is no Node.js"
    if not NODE
    else "there is no Chromium"
    if not CHROMIUM
    else "the npm packages are not there: npm ci --prefix spec/peers"
    if not (PEERS / "node_modules").is_dir()
    else ""
)

pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)

CONNECTED = ("note", "connected with permessage-deflate", "")
CLOSED = ("note", "closed with code 1000 (normal closure): bye", "")
GOING_AWAY = ("note", "closed with code 1001 (going away): The server is going away", "")
GONE = ("note bad", "could not connect: is the server running?", "")

GROUNDS = {"light": "rgb(246, 247, 249)", "dark": "rgb(18, 21, 27)"}

# Where the browser is.
KATHMANDU = timezone(timedelta(hours=5, minutes=45))

LINES = """\
Array.from(document.querySelectorAll("#log li"), (item) =>
  [item.className, ...[".data", ".size"].map((part) => item.querySelector(part).textContent)])
"""

FOCUSED = """\
(() => {
  const element = document.activeElement, style = getComputedStyle(element)
  return [element.id || element.type, style.outlineStyle, style.outlineWidth]
})()
"""

# The controls that are small, or not wholly on a screen of that width.
SIZES = """\
((width) => Array.from(document.querySelectorAll("input, button:not(.more)"))
  .filter((element) => {
    const box = element.getBoundingClientRect()
    return box.height < 40 || box.width < 60 || box.left < 0 || box.right > width ||
           box.bottom > innerHeight
  }).map((element) => element.id))"""

BOTTOM = "((selector) => document.querySelector(selector).getBoundingClientRect().bottom)"

# The colour of a text, and of the nearest background that is not transparent.
COLOURS = """\
((selectors) => selectors.map(([selector, pseudo]) => {
  const element = document.querySelector(selector)
  const ground = (element) => {
    const colour = getComputedStyle(element).backgroundColor
    return colour === "rgba(0, 0, 0, 0)" ? ground(element.parentElement) : colour
  }
  return [getComputedStyle(element, pseudo).color, ground(element)]
}))"""

# The colours of an image, each once, and that of its first corner.
PIXELS = """\
(async (url) => {
  const image = Object.assign(new Image(), {src: url})
  await image.decode()
  const {width, height} = image
  const canvas = Object.assign(document.createElement("canvas"), {width, height})
  const context = canvas.getContext("2d")
  context.drawImage(image, 0, 0)
  const {data} = context.getImageData(0, 0, width, height)
  return [new Set(new Uint32Array(data.buffer)).size, `rgb(${data.slice(0, 3).join(", ")})`]
})"""


class Browser:
    """A page in spec/peers/browser.js."""

    def __init__(self, process):
        self.process = process

    def answer(self):
        watchdog = threading.Timer(2 * PATIENCE, self.process.kill)
        watchdog.start()
        line = self.process.stdout.readline()
        watchdog.cancel()
        assert line, self.process.stderr.read()
        answer = json.loads(line)
        assert "error" not in answer, answer["error"]
        return answer.get("value")

    def ask(self, method, *arguments):
        self.process.stdin.write(json.dumps([method, *arguments]) + "\n")
        self.process.stdin.flush()
        return self.answer()

    def call(self, function, *arguments):
        return self.ask("evaluate", f"{function}({', '.join(map(json.dumps, arguments))})")

    def open(self, server):
        self.ask("goto", f"http://127.0.0.1:{server.port}/")
        self.wait_for("open")

    def wait_for(self, state):
        self.ask("waitForSelector", f'#state[data-state="{state}"]')

    def lines(self, count):
        """The lines of the log, without their times, once there are `count`."""
        self.ask("waitForSelector", f"#log li:nth-child({count})")
        return [(kind, data, size.strip()) for kind, data, size in self.ask("evaluate", LINES)]

    def type(self, text):
        self.ask("type", ":focus", text)

    def press(self, key):
        self.ask("press", ":focus", key)

    def focused(self):
        return self.ask("evaluate", FOCUSED)

    def text(self, selector):
        return self.ask("textContent", selector)


def running():
    return program("examples/echo_server.py", free_port())


@pytest.fixture(scope="module")
def echo():
    with running() as process:
        process.port = port_of(process)
        yield process


@pytest.fixture(scope="module")
def chromium(tmp_path_factory, echo):
    profile = tmp_path_factory.mktemp("profile")
    process = subprocess.Popen(
        [NODE, PEERS / "browser.js", CHROMIUM, profile, f"http://127.0.0.1:{echo.port}/"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "TZ": "Asia/Kathmandu"},
        text=True,
    )
    try:
        browser = Browser(process)
        assert browser.answer() == "ready"
        yield browser
        output, errors = process.communicate(timeout=PATIENCE)
        assert (output, errors, process.returncode) == ("", "", 0)
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def page(chromium, echo):
    """A new page, connected. It loads nothing from other hosts, and raises no error."""
    chromium.ask("setViewportSize", {"width": 800, "height": 600})
    chromium.ask("emulateMedia", {"colorScheme": None})
    chromium.open(echo)
    yield chromium
    assert chromium.ask("complaints") == []


class DescribeTheEchoPage:
    def it_connects_with_compression(self, page):
        assert page.lines(1) == [CONNECTED]
        assert (page.text("#state"), page.text("#toggle")) == ("open", "Close")

    def it_sends_what_is_typed_and_shows_the_echo(self, page):
        page.type("Hello")
        page.press("Enter")
        page.lines(3)
        page.type("again")
        page.press("Enter")
        assert page.lines(5) == [
            CONNECTED,
            ("out", "Hello", "text, 5 B"),
            ("in", "Hello", "text, 5 B"),
            ("out", "again", "text, 5 B"),
            ("in", "again", "text, 5 B"),
        ]
        assert page.ask("inputValue", "#message") == ""

    def it_sends_bytes_and_shows_them_in_hexadecimal(self, page):
        page.type("H\u00fc~")
        page.press("Tab")
        page.press("Tab")
        page.press("Space")
        assert page.lines(3) == [
            CONNECTED,
            ("out", "48 c3 bc 7e", "binary, 4 B"),
            ("in", "48 c3 bc 7e", "binary, 4 B"),
        ]
        assert page.focused()[0] == "message"

    @pytest.mark.parametrize(
        ("text", "size"),
        [
            ("", "text, 0 B"),
            ("Gr\u00fc\u00df Gott \u4f60\u597d \U0001f600", "text, 23 B"),
            ("<b>no</b> &amp; markup", "text, 22 B"),
            ("x" * 500, "text, 500 B"),
        ],
        ids=["empty", "not_ascii", "markup", "just_not_cut"],
    )
    def it_sends_any_text(self, page, text, size):
        page.ask("fill", "#message", text)
        page.press("Enter")
        assert page.lines(3) == [CONNECTED, ("out", text, size), ("in", text, size)]
        assert page.ask("evaluate", "document.documentElement.scrollWidth") == 800

    @pytest.mark.parametrize(
        ("text", "shown", "size"),
        [
            ("0123456789abcdef" * 2**14, "0123456789abcdef" * 31 + "0123", "text, 262,144 B"),
            # The last character that would be shown is half of a pair.
            ("x" * 499 + "\U0001f600" * 2, "x" * 499, "text, 507 B"),
        ],
        ids=["long", "pair"],
    )
    def it_cuts_what_is_long_and_shows_all_on_request(self, page, text, shown, size):
        page.ask("fill", "#message", text)
        page.press("Enter")
        assert page.lines(3) == [
            CONNECTED,
            ("out", shown + "\u2026", size),
            ("in", shown + "\u2026", size),
        ]
        page.ask("click", "#log li.in .more")
        assert page.lines(3)[2] == ("in", text, size)
        assert page.focused()[0] == "log"
        assert page.ask("evaluate", "document.documentElement.scrollWidth") == 800

    def it_cuts_bytes_too(self, page):
        page.ask("fill", "#message", "~" * 501)
        page.ask("click", "#binary")
        line = ("in", " ".join(["7e"] * 500) + "\u2026", "binary, 501 B")
        assert page.lines(3)[2] == line
        page.ask("click", "#log li.in .more")
        assert page.lines(3)[2] == ("in", " ".join(["7e"] * 501), "binary, 501 B")

    def it_is_emptied_by_a_button(self, page):
        page.type("Hello")
        page.press("Enter")
        page.lines(3)
        page.ask("click", "#clear")
        assert page.ask("evaluate", LINES) == []
        assert page.focused()[0] == "message"
        page.type("again")
        page.press("Enter")
        assert page.lines(2) == [("out", "again", "text, 5 B"), ("in", "again", "text, 5 B")]

    def it_keeps_the_last_thousand_lines(self, page):
        page.ask("evaluate", "for (let i = 0; i < 600; i++) send(String(i))")
        page.ask(
            "waitForFunction",
            "$('log').lastElementChild.matches('.in') && "
            "$('log').lastElementChild.querySelector('.data').textContent === '599'",
        )
        lines = page.lines(1000)
        assert len(lines) == 1000
        assert lines[-1] == ("in", "599", "text, 3 B")

    def it_shows_the_last_line_of_many(self, page):
        for number in range(20):
            page.ask("fill", "#message", str(number))
            page.press("Enter")
        assert page.lines(41)[-1] == ("in", "19", "text, 2 B")
        assert page.call(BOTTOM, "#log li:last-child") <= page.call(BOTTOM, "#log")

    def it_shows_the_time_of_the_day_where_it_is(self, page):
        before = datetime.now(KATHMANDU)
        page.ask("reload")
        page.lines(1)
        shown = page.text("#log time")
        assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3}", shown)
        # A minute may begin between.
        assert shown[:5] in (f"{before:%H:%M}", f"{datetime.now(KATHMANDU):%H:%M}")

    def it_closes_and_connects_again(self, page):
        for _ in range(2):
            page.press("Shift+Tab")
        assert page.focused()[0] == "toggle"
        assert page.text("#address") == page.ask("url").replace("http:", "ws:")
        page.press("Enter")
        page.wait_for("closed")
        assert page.lines(2) == [CONNECTED, CLOSED]
        assert page.text("#toggle") == "Connect"
        assert page.focused()[0] == "toggle"

        page.press("Enter")
        page.wait_for("open")
        page.type("Hello")
        page.press("Enter")
        message = ("Hello", "text, 5 B")
        assert page.lines(5)[2:] == [CONNECTED, ("out", *message), ("in", *message)]

    @pytest.mark.parametrize(
        ("code", "reason", "line"),
        [
            ("1000", "", "closed with code 1000 (normal closure)"),
            ("4999", "see you", "closed with code 4999: see you"),
            (" 3000 ", "\u00fc" * 61, "closed with code 3000: " + "\u00fc" * 61),
            # The server answers a close frame without a code with 1000.
            ("", "not sent", "closed with code 1000 (normal closure)"),
        ],
    )
    def it_closes_with_any_code_and_reason(self, page, code, reason, line):
        page.ask("fill", "#code", code)
        page.ask("fill", "#reason", reason)
        page.ask("press", "#reason", "Enter")
        page.wait_for("closed")
        assert page.lines(2) == [CONNECTED, ("note", line, "")]

    @pytest.mark.parametrize(
        ("code", "reason", "line", "field"),
        [
            ("1001", "", "a page can close with 1000 or 3000 to 4999", "code"),
            ("5000", "", "a page can close with 1000 or 3000 to 4999", "code"),
            ("4e3", "", "a page can close with 1000 or 3000 to 4999", "code"),
            ("1000", "\u00fc" * 62, "a reason has at most 123 bytes", "reason"),
        ],
    )
    def it_says_with_what_a_page_can_close(self, page, code, reason, line, field):
        page.ask("fill", "#code", code)
        page.ask("fill", "#reason", reason)
        page.ask("click", "#toggle")
        assert page.lines(2) == [CONNECTED, ("note bad", line, "")]
        assert page.focused()[0] == field
        assert page.text("#state") == "open"

    def it_says_that_the_server_went_and_is_gone(self, page):
        with running() as server:
            server.port = port_of(server)
            page.open(server)
            server.send_signal(signal.SIGINT)
            finish(server)
            page.wait_for("closed")
            assert page.lines(2) == [CONNECTED, GOING_AWAY]

            page.press("Enter")
            assert page.lines(3) == [CONNECTED, GOING_AWAY, GONE]
            assert page.text("#state") == "closed"

    def it_can_be_reached_with_the_tab_key(self, page):
        for _ in range(4):
            page.press("Shift+Tab")
        focused = [page.focused()]
        for _ in range(7):
            page.press("Tab")
            focused.append(page.focused())
        controls = ["code", "reason", "toggle", "log", "message", "submit", "binary", "clear"]
        assert focused == [[control, "solid", "2px"] for control in controls]


class DescribeItsLooks:
    @pytest.fixture(params=["light", "dark"])
    def scheme(self, request, page):
        page.ask("emulateMedia", {"colorScheme": request.param})
        return request.param

    def it_has_text_with_contrast(self, page, scheme):
        page.type("Hello")
        page.press("Enter")
        page.lines(3)
        parts = ["h1", "#address", "#state", "#code", "#reason", "#toggle", "#message", "#submit"]
        parts += ["#binary", "#clear"]
        parts += ["#log time", ".note .data", ".out .mark", ".in .mark", ".in .data", ".in .size"]
        assert poor(page, parts) == []
        assert poor(page, ["#message"], "::placeholder") == []

        page.ask("click", "#toggle")
        page.wait_for("closed")
        assert poor(page, ["#state", "#toggle"]) == []

    @pytest.mark.parametrize("width", [800, 360, 320])
    def it_can_be_looked_at(self, page, scheme, width, tmp_path):
        page.ask("setViewportSize", {"width": width, "height": 600})
        for text in ("Hello", "Gr\u00fc\u00df Gott " * 12):
            page.ask("fill", "#message", text)
            page.press("Enter")
        page.lines(5)
        page.type("\u00bd")
        page.ask("click", "#binary")
        page.lines(7)

        path = tmp_path / f"{scheme}-{width}.png"
        page.ask("screenshot", {"path": str(path)})
        image = path.read_bytes()
        assert image[:8] == b"\x89PNG\r\n\x1a\n"
        assert struct.unpack(">4s2I", image[12:24]) == (b"IHDR", width, 600)
        url = "data:image/png;base64," + base64.b64encode(image).decode()
        count, corner = page.call(PIXELS, url)
        assert count > 50
        assert corner == GROUNDS[scheme]

        assert page.ask("evaluate", "document.documentElement.scrollWidth") == width
        # Every control can be hit with a finger (WCAG 2.5.8 asks for 24 px), and is on the screen.
        assert page.call(SIZES, width) == []


def poor(page, selectors, pseudo=None):
    """The selectors whose text has less contrast than WCAG 2 requires."""
    colours = page.call(COLOURS, [[selector, pseudo] for selector in selectors])
    return [
        (selector, *pair)
        for selector, pair in zip(selectors, colours, strict=True)
        if contrast(*map(luminance, pair)) < 4.5
    ]


def contrast(one, other):
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


def luminance(colour):
    match = re.fullmatch(r"rgb\((\d+), (\d+), (\d+)\)", colour)
    assert match, colour
    parts = [int(part) / 255 for part in match.groups()]
    red, green, blue = (x / 12.92 if x <= 0.03928 else ((x + 0.055) / 1.055) ** 2.4 for x in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
