"""Shared by the specs of the command line: servers, a standard input, a terminal."""

import os
import select
import signal
import socket
import ssl
import sys
import threading
from contextlib import contextmanager, suppress

from websockets.sync.server import serve

from spec.wires import PATIENCE
from websocket_driver import cli
from websocket_driver.driver.hybi import Hybi
from websocket_driver.url import DEFAULT_PORTS, valid_url


def command(*arguments):
    """Runs the command in this process, and returns its exit status."""
    try:
        return cli.main(list(map(str, arguments)))
    except SystemExit as end:
        return end.code


def url_of(text):
    """The parts of a URL that is valid."""
    return valid_url(text, tuple(DEFAULT_PORTS), "valid")


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)


def tls_context(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def echo(connection):
    for message in connection:
        connection.send(message)


def echoes(count):
    """A handler that sends `count` messages back, and then closes."""

    def handler(connection):
        for _ in range(count):
            connection.send(connection.recv(PATIENCE))

    return handler


@contextmanager
def foreign(handler=echo, certificate=None, **options):
    """A WebSocket server of another library, and its URL."""
    context = None if certificate is None else tls_context(certificate)
    with serve(handler, "127.0.0.1", 0, ssl=context, **options) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            scheme = "ws" if certificate is None else "wss"
            yield f"{scheme}://127.0.0.1:{server.socket.getsockname()[1]}/"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def raw(handler):
    """A server of bytes for one connection, and its WebSocket URL. Its errors fail the example."""
    failures: list[BaseException] = []

    def work():
        try:
            client, _ = listener.accept()
            with client:
                client.settimeout(PATIENCE)
                handler(client)
        except BaseException as error:
            failures.append(error)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=work)
        thread.start()
        yield f"ws://127.0.0.1:{listener.getsockname()[1]}/"
        thread.join()
    assert failures == []


def read_head(client):
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = client.recv(1)
        assert byte, head
        head += byte
    return head


def shake_hands(client, *lines):
    head = read_head(client)
    key = head.partition(b"Sec-WebSocket-Key: ")[2].partition(b"\r\n")[0].decode()
    client.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        + b"".join(line + b"\r\n" for line in lines)
        + b"Sec-WebSocket-Accept: "
        + Hybi.generate_accept(key).encode()
        + b"\r\n\r\n"
    )
    return head


def read_to_end(client):
    with suppress(ConnectionResetError):
        while client.recv(65536):
            pass


def answering(text):
    """A handler that answers each handshake with `text`."""

    def handler(client):
        read_head(client)
        client.sendall(text)
        client.shutdown(socket.SHUT_WR)
        read_to_end(client)

    return handler


def tunnel(source, heads):
    """Handles one CONNECT request that was received from `source`.

    In one thread: two must not use one TLS connection at the same time.
    """
    head = read_head(source)
    heads.append(head)
    host, port = head.split()[1].decode().split(":")
    with socket.create_connection((host, int(port)), PATIENCE) as target, suppress(OSError):
        source.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        others = {source: target, target: source}
        while True:
            ready = [one for one in others if isinstance(one, ssl.SSLSocket) and one.pending()]
            ready = ready or select.select([*others], [], [], PATIENCE)[0]
            chunks = [(others[one], one.recv(65536)) for one in ready]
            if not chunks or not all(chunk for _, chunk in chunks):
                return
            for other, chunk in chunks:
                other.sendall(chunk)


class Terminal:
    """A terminal and its user."""

    def __init__(self, person):
        self.person = person
        self.shown = ""

    def type(self, text):
        os.write(self.person, text.encode())

    def wait_for(self, text):
        """Reads until `text` has been shown."""
        while text not in self.shown:
            assert select.select([self.person], [], [], PATIENCE)[0], self.shown
            self.shown += os.read(self.person, 65536).decode()


@contextmanager
def terminal(monkeypatch):
    """Standard input and output as a terminal. Not a fixture: pytest has files of its own there."""
    import pty

    person, device = pty.openpty()
    with open(device, closefd=False) as input, open(device, "w") as output:
        for name, file in (("stdin", input), ("stdout", output), ("stderr", output)):
            monkeypatch.setattr(sys, name, file)
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("PROMPT_TOOLKIT_NO_CPR", "1")
        yield Terminal(person)
    os.close(person)
