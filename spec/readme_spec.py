"""Every Python block of the README runs. (Those of the pages in docs/: docs_spec.)"""

import re
import socket
import subprocess
import time
from contextlib import contextmanager

import pytest
from websockets.sync.client import connect

from spec.examples_spec import echo, get, proxy
from spec.wires import PATIENCE, ROOT, finish, free_port, program


def blocks(page):
    return re.findall(
        r"^```python\n(.*?)^```$", (ROOT / page).read_text(), re.DOTALL | re.MULTILINE
    )


README = blocks("README.md")
HTTP_SERVER, TCP_SERVER, CLIENT, PROXY, *SNIPPETS = README


@contextmanager
def running(folder, block, **ports):
    for name, port in ports.items():
        assert name[1:] in block
        block = block.replace(name[1:], str(port))
    path = folder / "block.py"
    path.write_text(block)
    with program(path) as process:
        yield process


@contextmanager
def server(folder, block):
    port = free_port()
    with running(folder, block, _4180=port) as process:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except ConnectionRefusedError:
                assert process.poll() is None, process.stderr.read()
                assert time.monotonic() < deadline
                time.sleep(0.02)
        process.port = port
        yield process


class DescribeReadme:
    def it_has_an_http_server(self, tmp_path):
        with server(tmp_path, HTTP_SERVER) as process:
            with connect(f"ws://127.0.0.1:{process.port}/") as client:
                client.send("Hello")
                assert process.stdout.readline() == "Got a message Hello\n"
            assert get(process.port, "/")[0] == 426

    def it_has_a_tcp_server(self, tmp_path):
        with server(tmp_path, TCP_SERVER) as process:
            with connect(f"ws://127.0.0.1:{process.port}/") as client:
                client.send("Hello")
                assert client.recv(PATIENCE) == "Hello"
            assert get(process.port, "/") == (404, b"")

    def it_has_a_client(self, tmp_path):
        with echo() as port, running(tmp_path, CLIENT, _4180=port) as process:
            assert finish(process) == "Got a message Hello\n"

    def it_has_a_client_that_goes_through_a_proxy(self, tmp_path):
        with (
            echo() as port,
            proxy() as (proxy_port, heads),
            running(tmp_path, PROXY, _4180=port, _3128=proxy_port) as process,
        ):
            assert finish(process) == "Got a message Hello\n"
        assert b"Proxy-Authorization: Basic dXNlcm5hbWU6cGFzc3dvcmQ=" in heads[0]

    @pytest.mark.parametrize("block", SNIPPETS)
    def it_has_snippets_that_run(self, block):
        exec(compile(block, "README.md", "exec"), {"__name__": "readme"})

    def it_names_only_make_targets_that_exist(self):
        text = (ROOT / "README.md").read_text() + (ROOT / "CONTRIBUTING.md").read_text()
        for target in set(re.findall(r"(?:^    |`)make ([a-z]+)", text, re.MULTILINE)):
            subprocess.run(["make", "-n", target], cwd=ROOT, check=True, capture_output=True)

    def it_links_to_files_that_exist(self):
        for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), ROOT / "CONTRIBUTING.md"]:
            for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text()):
                assert (page.parent / link).exists(), f"{page.name}: {link}"
