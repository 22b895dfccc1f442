"""The entry point: from arguments to an exit status."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import websocket_driver as websocket

from .. import permessage_deflate
from .arguments import Arguments, distinct, joined
from .connect import Connection
from .echo import EchoServer
from .inputs import is_terminal, make_input
from .output import Output
from .parser import make_parser
from .proxies import UnusableProxy, proxy_for
from .route import Route

# 128 and the number of SIGINT, as a shell reports a program that ended by it.
INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command with these arguments, or the process's, and returns its exit status.

    Raises `SystemExit` for invalid arguments, and for `--help` and `--version`.
    """
    arguments, unknown = make_parser().parse_known_args(argv, Arguments())
    if unknown:
        # Here, to show the usage of the command, and not that of the program.
        arguments.refuse(f"unrecognized arguments: {' '.join(unknown)}; --help lists the options")
    run = run_connect if arguments.command == "connect" else run_echo
    try:
        return run(arguments)
    except KeyboardInterrupt:  # where the loop cannot handle SIGINT
        return INTERRUPTED


def run_connect(arguments: Arguments) -> int:
    """`websocket-driver connect`."""
    proxy = arguments.proxy
    if proxy is None:
        try:
            proxy = proxy_for(arguments.url, os.environ)
        except UnusableProxy as error:
            arguments.refuse(str(error))

    answers_only = arguments.send is not None
    interactive = not answers_only and is_terminal("stdin") and is_terminal("stdout")
    output = Output(interactive=interactive, pretty=arguments.json)
    with logged(output.note, arguments.verbose):
        try:
            protocols, headers = distinct(arguments.subprotocol), joined(arguments.header)
        except ValueError as error:
            arguments.refuse(str(error))
        driver = websocket.client(arguments.url.href, protocols=protocols)
        for name, value in headers:
            driver.set_header(name, value)
        if arguments.deflate:
            driver.add_extension(permessage_deflate)

        route = Route(
            driver, arguments.url, proxy, verify=not arguments.insecure, authorities=arguments.ca
        )
        source = make_input(arguments.send, output, interactive=interactive)
        return Connection(
            driver,
            route,
            source,
            output,
            arguments,
            commands=not answers_only and is_terminal("stdin"),
        ).run()


def run_echo(arguments: Arguments) -> int:
    """`websocket-driver echo`."""
    output = Output(interactive=False, pretty=False)
    with logged(output.note, arguments.verbose):
        try:
            server = EchoServer(
                arguments.host,
                arguments.port,
                output,
                certificate=arguments.tls_cert,
                key=arguments.tls_key,
            )
        except ValueError as error:
            arguments.refuse(str(error))
        return server.run()


class NoteHandler(logging.Handler):
    """Shows log records as notes."""

    def __init__(self, note: Callable[[str], None]) -> None:
        super().__init__()
        self._note = note

    def emit(self, record: logging.LogRecord) -> None:
        """Shows one record."""
        self._note(record.getMessage())


@contextmanager
def logged(note: Callable[[str], None], verbose: bool) -> Iterator[None]:
    """A context in which handshakes and frames are shown, if `verbose` is true."""
    logger = logging.getLogger("websocket_driver")
    level, handler = logger.level, NoteHandler(note)
    if verbose:
        logger.setLevel(logging.DEBUG)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.setLevel(level)
        logger.removeHandler(handler)
