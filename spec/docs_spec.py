"""The site in docs/: every Python block of its pages runs, and it is built without a warning.

A text block after "prints" is the output of the Python block before it.
"""

import importlib.util
import json
import logging
import os
import re
import shlex
import socket
import subprocess
import sys
import threading
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from spec.examples_spec import get
from spec.readme_spec import running, server
from spec.wires import PATIENCE, ROOT, client_context, finish, port_of, program
from websocket_driver import cli
from websocket_driver.node import net
from websocket_driver.node.http import options as http_options

DOCS = ROOT / "docs"
RUNS = re.compile(r"^run\(\)$", re.MULTILINE)
BLOCK = re.compile(
    r"^```python\n(.*?)^```$(?:\n\nprints\n\n```text\n(.*?)^```$)?", re.DOTALL | re.MULTILINE
)


def pages():
    return sorted(DOCS.glob("*.md"))


def blocks(page):
    """The Python blocks of a page, each with its output, or `None` if the page does not show it."""
    return [(code, output or None) for code, output in BLOCK.findall((DOCS / page).read_text())]


def programs(page):
    """The blocks that run until they are ended."""
    return [(code, output) for code, output in blocks(page) if RUNS.search(code)]


def snippets():
    return [
        pytest.param(code, output, id=f"{page.stem}-{number}")
        for page in pages()
        for number, (code, output) in enumerate(blocks(page))
        if not RUNS.search(code)
    ]


SNIPPETS = snippets()

# How many programs there are on each page: each of them has a spec below.
PROGRAMS = {
    "flow-control.md": 1,
    "getting-started.md": 2,
    "proxies-and-tls.md": 2,
    "security.md": 2,
}

REQUEST = (
    b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: 2vBVWg4Qyk3ZoM/5d3QD9Q==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
PING, PONG = b"\x89\x00", b"\x8a\x80\0\0\0\0"


class DescribeBlocks:
    def it_finds_them_all(self):
        for page in pages():
            text = page.read_text()
            assert len(blocks(page)) == text.count("```python\n"), page.name
            assert sum(output is not None for _, output in blocks(page)) == text.count("\nprints\n")
        assert {page.name: len(programs(page)) for page in pages() if programs(page)} == PROGRAMS
        assert len(SNIPPETS) >= 7

    @pytest.fixture
    def logging_restored(self):
        """Restores logging after a block, because it slows down all later examples."""
        loggers = [logging.getLogger(), logging.getLogger("websocket_driver")]
        before = [(logger, logger.level, list(logger.handlers)) for logger in loggers]
        yield
        for logger, level, handlers in before:
            logger.setLevel(level)
            logger.handlers[:] = handlers

    @pytest.mark.usefixtures("logging_restored")
    @pytest.mark.parametrize(("code", "output"), SNIPPETS)
    def it_runs(self, code, output, capsys):
        exec(compile(code, "docs", "exec"), {"__name__": "docs"})
        printed = capsys.readouterr()
        assert printed.err == ""
        assert printed.out == (output or "")


class DescribeGettingStarted:
    def it_has_a_server_and_a_client_that_talk(self, tmp_path):
        (server_code, _), (client_code, output) = programs("getting-started.md")
        (tmp_path / "client").mkdir()
        with server(tmp_path, server_code) as process:
            with running(tmp_path / "client", client_code, _4180=process.port) as client:
                assert finish(client) == output
            lines = [process.stdout.readline() for _ in range(2)]
            assert lines == ["Got Hello\n", "Closed 1000 Thank you\n"]
            assert get(process.port, "/") == (404, b"")


class DescribeWiring:
    def it_has_a_server_for_any_blocking_socket(self):
        ((code, _),) = blocks("wiring.md")
        namespace: dict[str, Any] = {}
        exec(compile(code, "docs", "exec"), namespace)

        with socket.create_server(("127.0.0.1", 0)) as listener:
            thread = threading.Thread(target=lambda: namespace["serve"](listener.accept()[0]))
            thread.start()
            with connect(f"ws://127.0.0.1:{listener.getsockname()[1]}/") as client:
                client.send("Hello")
                assert client.recv(PATIENCE) == "Hello"
            thread.join(PATIENCE)
            assert not thread.is_alive()

    def it_includes_every_example_from_its_file(self):
        text = "".join(page.read_text() for page in pages())
        included = re.findall(r"^```{literalinclude} \.\./(examples/\w+\.py)$", text, re.MULTILINE)
        examples = [f"examples/{path.name}" for path in (ROOT / "examples").glob("*.py")]
        assert sorted(included) == sorted(examples)

        # And what is included is run by the specs of the examples.
        specs = [path.read_text() for path in (ROOT / "spec").glob("*_spec.py")]
        for path in examples:
            name = "wsgi_gunicorn:app" if "gunicorn" in path else path
            assert any(name in spec for spec in specs), path


class DescribeTheCommandLine:
    PAGE = (DOCS / "command-line.md").read_text()

    def it_has_the_options_that_there_are(self, capsys):
        for name in ("connect", "echo"):
            with pytest.raises(SystemExit):
                cli.main([name, "--help"])
            options = capsys.readouterr().out.partition("\noptions:\n")[2].partition("\n\n")[0]
            names = re.findall(r"^  (--.*?)(?:  |$)", options, re.MULTILINE)
            section = self.PAGE.partition(f"## `{name}`: options\n")[2].partition("\n## ")[0]
            described = re.findall(r"^\| `(--.*?)` \|", section, re.MULTILINE)
            assert sorted(described) == sorted(names)

    def it_shows_what_commands_print(self, tmp_path):
        (tmp_path / "websocket-driver").write_text(
            f'#!/bin/sh\nexec "{sys.executable}" -m websocket_driver "$@"\n'
        )
        (tmp_path / "websocket-driver").chmod(0o755)
        path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
        blocks = re.findall(r"^```console\n(.*?)^```$", self.PAGE, re.DOTALL | re.MULTILINE)
        steps = [
            step
            for block in blocks
            for step in re.findall(r"^\$ (.*\n)((?:[^$].*\n)*)", block, re.M)
        ]
        assert len(steps) == 6
        with program("-m", "websocket_driver", "echo", "--port", 0) as echo:
            port = str(port_of(echo))
            for line, output in steps:
                result = subprocess.run(
                    line.replace("4180", port),
                    cwd=ROOT,
                    env={**os.environ, "PATH": path},
                    shell=True,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    timeout=PATIENCE,
                )
                assert (line, result.stdout) == (line, output.replace("4180", port))

    def it_shows_commands_that_are_understood(self, monkeypatch, certificate):
        monkeypatch.chdir(certificate.parent)
        blocks = re.findall(r"^```sh\n(.*?)^```$", self.PAGE, re.DOTALL | re.MULTILINE)
        lines = [line for block in blocks for line in block.splitlines()]
        assert len(lines) == 6
        for line in lines:
            words = shlex.split(line.partition("websocket-driver ")[2].partition(" <")[0])
            assert cli.make_parser().parse_args(words).command == words[0]


class DescribeDeployment:
    PAGE = (DOCS / "deployment.md").read_text()

    @pytest.mark.parametrize("name", ["nginx", "haproxy"])
    def it_shows_settings_that_are_tried(self, name):
        """The lines that matter are those of the boxes in spec/boxes.py."""
        section = re.split(r"^### ", self.PAGE, flags=re.MULTILINE)
        (block,) = [part for part in section if part.lower().startswith(name)]
        lines = [line.strip() for line in block.split("```")[1].splitlines()[1:]]
        tried = (ROOT / "spec" / "boxes.py").read_text().replace("{{", "{").replace("}}", "}")
        tried += (ROOT / "spec" / "middle_boxes_spec.py").read_text().replace("\\n", "\n        ")
        settings = (
            "map",
            "proxy_http",
            "proxy_set",
            "http-request",
            "http-check",
            "timeout tunnel",
        )
        chosen = [line for line in lines if line.startswith(settings)]
        assert len(chosen) >= 4
        assert [line for line in chosen if line not in tried] == []


class DescribeFlowControl:
    def it_has_a_server_that_stops_reading(self, tmp_path):
        ((code, _),) = programs("flow-control.md")
        with (
            server(tmp_path, code) as process,
            connect(f"ws://127.0.0.1:{process.port}/") as client,
        ):
            for number in range(100):
                client.send(str(number))
            for number in range(100):
                assert client.recv(PATIENCE) == f"Done: {number}"


class DescribeProxiesAndTls:
    def it_has_a_client_and_a_server_that_talk(self, tmp_path, certificate):
        (client_code, _), (server_code, _) = programs("proxies-and-tls.md")
        server_code = server_code.replace("localhost.pem", str(certificate))
        (tmp_path / "client").mkdir()
        with server(tmp_path, server_code) as process:
            url = f"wss://localhost:{process.port}/"
            with connect(url, ssl=client_context(certificate)) as peer:
                peer.send("Hello")
                assert peer.recv(PATIENCE) == "Hello"

            trusting = client_code.replace('"localhost")', f'"localhost", ca={str(certificate)!r})')
            with running(tmp_path / "client", trusting, _4180=process.port) as client:
                assert finish(client) == "Got Hello\n"
            with running(tmp_path / "client", client_code, _4180=process.port) as client:
                assert finish(client) == "Could not connect: self-signed certificate\n"


class DescribeSecurity:
    @pytest.fixture
    def codes(self):
        return [code for code, _ in programs("security.md")]

    def it_has_a_server_that_checks_the_origin(self, tmp_path, codes):
        with server(tmp_path, codes[0]) as process:
            url = f"ws://127.0.0.1:{process.port}/"
            with connect(url, origin=Origin("https://chat.example.com")) as client:
                client.send("Hello")
                assert client.recv(PATIENCE) == "Hello"
            others = (Origin("https://evil.example.com"), Origin("http://chat.example.com"), None)
            for origin in others:
                with pytest.raises(InvalidStatus) as refusal:
                    connect(url, origin=origin)
                assert refusal.value.response.status_code == 403

    def it_has_a_server_that_ends_those_who_say_nothing(self, tmp_path, codes):
        code = codes[1].replace("PATIENCE = 10", "PATIENCE = 1")
        code = code.replace("INTERVAL = 30", "INTERVAL = 0.1")
        with server(tmp_path, code) as process:
            with socket.create_connection(("127.0.0.1", process.port), PATIENCE) as peer:
                peer.sendall(b"GET / HTTP/1.1\r\n")
                assert peer.recv(1) == b""

            with socket.create_connection(("127.0.0.1", process.port), PATIENCE) as peer:
                peer.sendall(REQUEST)
                with peer.makefile("rb") as wire:
                    while wire.readline() != b"\r\n":
                        pass
                    # With its pongs it stays, for longer than the patience is; then it stops.
                    for _ in range(15):
                        assert wire.read(2) == PING
                        peer.sendall(PONG)
                    assert wire.read(3) == PING


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    for package in ("sphinx", "furo", "myst_parser", "sphinx_copybutton"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed: make docs")
    folder = tmp_path_factory.mktemp("site")
    builder = [sys.executable, "-m", "sphinx", "--quiet", "--fail-on-warning", "--keep-going"]
    result = subprocess.run(
        [*builder, "docs", folder],
        cwd=ROOT,
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    return folder


def anchors(page):
    """The anchors that GitHub gives to the headings of a page, in order."""
    text = page.read_text()
    if included := re.search(r"^```{include} (.*)$", text, re.MULTILINE):
        text = (page.parent / included[1]).read_text()
    text = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    found: list[str] = []
    for title in re.findall(r"^#+ (.*)$", text, re.MULTILINE):
        anchor = re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
        number = sum(re.fullmatch(rf"{anchor}(-\d+)?", other) is not None for other in found)
        found.append(f"{anchor}-{number}" if number else anchor)
    return found


class DescribeTheSite:
    def it_is_built_without_a_warning(self, site):
        built = {path.stem for path in site.glob("*.html")}
        assert built >= {page.stem for page in pages()}

    def it_needs_no_network(self, site):
        for page in site.glob("*.html"):
            loaded = re.findall(
                r'<(?:script|link|img)[^>]*(?:src|href)="([^"]*)"', page.read_text()
            )
            assert loaded
            assert not [url for url in loaded if "//" in url], page.name

    def it_has_links_that_resolve(self, site):
        targets = {
            page.name: set(re.findall(r'\sid="([^"]+)"', page.read_text()))
            for page in site.glob("*.html")
        }
        for page in site.glob("*.html"):
            for link in re.findall(r'<a [^>]*href="(?!https?:)([^"]*)"', page.read_text()):
                name, _, anchor = link.partition("#")
                name = name or page.name
                assert (site / name).exists(), f"{page.name}: {link}"
                if anchor:
                    assert anchor in targets[name], f"{page.name}: {link}"

    def it_has_the_anchors_of_github(self, site):
        """So that links to headings work on the site and on GitHub, also those copied from one to
        the other."""
        for page in pages():
            html = (site / f"{page.stem}.html").read_text()
            own = re.findall(r'href="#([^"]+)" title="Link to this heading"', html)
            assert own == anchors(page), page.name
            for name, anchor in re.findall(r"\]\(([\w./-]*)#([^)]+)\)", page.read_text()):
                assert anchor in anchors(DOCS / name if name else page), f"{page.name}: {name}"

    def it_has_an_icon(self, site):
        for page in site.glob("*.html"):
            assert '<link rel="shortcut icon" href="_static/favicon.svg"' in page.read_text()
        assert (site / "_static" / "favicon.svg").exists()

    @pytest.mark.parametrize(
        ("word", "page"),
        [
            ("heartbeat", "recipes"),
            ("broadcast", "recipes"),
            ("reconnect", "recipes"),
            ("redi", "recipes"),
            ("nginx", "deployment"),
            ("systemd", "deployment"),
            ("debug", "debugging"),
            ("1006", "debugging"),
            ("picow", "comparison"),
            ("stunnel", "deployment"),
            ("proxi", "proxies-and-tls"),
            ("tls", "proxies-and-tls"),
            ("1001", "debugging"),
            ("426", "debugging"),
            ("fastapi", "deployment"),
            ("fastapi", "faq"),
            ("disconnect", "faq"),
            ("interval", "faq"),
            ("file", "faq"),
            ("backpressure", "flow-control"),
        ],
    )
    def it_finds_what_people_look_for(self, site, word, page):
        # The words are stemmed, as the search does with what one types.
        index = (site / "searchindex.js").read_text().removeprefix("Search.setIndex(")
        index = json.loads(index.removesuffix(")"))
        found = set()
        for terms in (index["terms"], index["titleterms"]):
            numbers = terms.get(word, [])
            found |= {numbers} if isinstance(numbers, int) else set(numbers)
        found |= {number for number, *_ in index["indexentries"].get(word, [])}
        assert page in {index["docnames"][number] for number in found}

    def it_has_a_file_for_language_models(self, site):
        text = (site / "llms.txt").read_text()
        assert text.startswith("# websocket-driver\n\n> ")
        links = re.findall(r"\]\(([\w-]+)\.html\)", text)
        assert sorted(links) == sorted(page.stem for page in pages() if page.stem != "index")

    def it_has_what_the_api_has(self, site):
        text = (site / "reference.html").read_text()
        for name in ("server", "http", "client", "Request", "ProtocolError", "MessageEvent"):
            assert f'id="websocket_driver.{name}"' in text
        for name in ("start", "parse", "text", "binary", "ping", "pong", "close", "set_header"):
            assert f'id="websocket_driver.driver.base.Base.{name}"' in text
        for name in ("write", "end", "destroy", "pipe", "unshift", "set_encoding"):
            assert f'id="websocket_driver.node.stream.Duplex.{name}"' in text
        for name in ("setHeader", "take_over", "pipe_listener", "DriverNone", "owner: Phases"):
            assert name not in text

    @pytest.mark.parametrize(
        ("heading", "types"),
        [
            (
                "net",
                (
                    net.SocketOptions,
                    net.ConnectOptions,
                    net.ListenOptions,
                    net.ServerOptions,
                ),
            ),
            ("http", (dict.fromkeys(http_options.DEFAULTS),)),
        ],
    )
    def it_has_all_options_of(self, heading, types):
        section = (DOCS / "reference.md").read_text().partition(f"\n### `{heading}`\n")[2]
        section = section.partition("\n### ")[0]
        table = section.partition("| default |\n")[2].partition("\n\n")[0]
        described = set()
        for row in table.splitlines():
            described |= set(re.findall(r"`(\w+)`", row.split("|")[1]))
        options = {name for each in types for name in getattr(each, "__annotations__", each)}
        assert described == {name for name in options if name.islower()}
