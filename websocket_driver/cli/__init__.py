"""The command line: a client to try a server with, and a server to try a client with."""

from __future__ import annotations

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence

from .. import permessage_deflate
from ..version import __version__
from . import arguments as types
from .connect import Connection
from .echo import EchoServer
from .screen import Screen

CONNECT = """\
Connects to a WebSocket server. Each line of standard input is sent as a text
message, without the end of the line; each message that comes is a line of
standard output, text as it is and binary in hexadecimal. What else happens
(pings, pongs, errors, the close) is told on standard error.

On a terminal, Ctrl-D or Ctrl-C closes the connection with 1000; control
characters of the server's are shown as escapes.

From a pipe or a file, all lines are sent, then the answers are waited for:
until the server has answered a ping that follows the last line, and then until
no message has come for --wait seconds. Then the connection is closed with 1000.
"""

CONNECT_MORE = """\
exit status:
  0  closed with 1000 or 1001, by either side
  1  could not connect, or the handshake failed
  2  the arguments are not right
  3  closed with another code, or without a closing handshake, or the output
     cannot be written (a reader that has had enough, such as head, is fine)

Certificates are checked against the system's, or against those in the file that
the environment variable SSL_CERT_FILE names.

examples:
  websocket-driver connect ws://127.0.0.1:4180/
  websocket-driver connect wss://www.example.com/chat --subprotocol chat \\
      --header 'Authorization: Bearer 1234' --deflate
  echo Hello | websocket-driver connect ws://127.0.0.1:4180/
"""

ECHO = """\
Runs a server that sends each message back, for any WebSocket client, and for a
browser, which gets a page to try it with. Ctrl-C closes all connections with
1001 and ends it.
"""

ECHO_MORE = """\
exit status:
  0  stopped by Ctrl-C or SIGTERM
  1  could not listen
  2  the arguments are not right

examples:
  websocket-driver echo
  websocket-driver echo --host 0.0.0.0 --port 8443 --tls-cert cert.pem --tls-key key.pem
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command with these arguments, or the process's, and returns its exit status."""
    parser = make_parser()
    arguments = parser.parse_args(argv)
    try:
        if arguments.command == "connect":
            return run_connect(arguments, parser)
        return run_echo(arguments, parser)
    except KeyboardInterrupt:  # where a loop cannot handle it: net.run()
        return 130


def run_connect(arguments: types.Namespace, parser: ArgumentParser) -> int:
    """`websocket-driver connect`."""
    if arguments.proxy is not None and not types.can_connect(arguments.url, arguments.proxy):
        parser.error("a wss: URL through an https: proxy takes Python 3.11 or newer")
    connection = Connection(
        arguments.url,
        Screen(),
        protocols=arguments.subprotocol,
        headers=arguments.header,
        extensions=[permessage_deflate] if arguments.deflate else [],
        proxy=arguments.proxy,
        verify=not arguments.insecure,
        timeout=arguments.timeout,
        wait=arguments.wait,
        ping=arguments.ping,
    )
    return connection.run()


def run_echo(arguments: types.Namespace, parser: ArgumentParser) -> int:
    """`websocket-driver echo`."""
    context = None
    if arguments.tls_cert is not None:
        try:
            context = types.server_context(arguments.tls_cert, arguments.tls_key)
        except ValueError as error:
            parser.error(str(error))
    elif arguments.tls_key is not None:
        parser.error("--tls-key goes with --tls-cert, the file of the certificate")
    return EchoServer(arguments.host, arguments.port, context).run()


def make_parser() -> ArgumentParser:
    """What knows the arguments of both commands."""
    parser = ArgumentParser(
        prog="websocket-driver",
        description="A WebSocket client and a WebSocket echo server, to try the other side with.",
        epilog="websocket-driver COMMAND --help tells more, and the exit status.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    connect = commands.add_parser(
        "connect",
        help="talk to a WebSocket server",
        description=CONNECT,
        epilog=CONNECT_MORE,
        formatter_class=RawDescriptionHelpFormatter,
    )
    connect.add_argument(
        "url",
        metavar="URL",
        type=types.websocket_url,
        help="ws://HOST:PORT/PATH, or wss:// for TLS",
    )
    connect.add_argument(
        "--subprotocol",
        metavar="NAME",
        action="append",
        default=[],
        type=types.subprotocol,
        help="offer this subprotocol; can be given several times, the preferred one first",
    )
    connect.add_argument(
        "--header",
        metavar="'NAME: VALUE'",
        action="append",
        default=[],
        type=types.header,
        help="send this header with the handshake; can be given several times",
    )
    connect.add_argument(
        "--proxy",
        metavar="URL",
        type=types.proxy_url,
        help="connect through this HTTP proxy, http:// or https://USER:PASSWORD@HOST:PORT",
    )
    connect.add_argument(
        "--insecure", action="store_true", help="take any certificate, whoever it is for"
    )
    connect.add_argument(
        "--deflate", action="store_true", help="offer compression (permessage-deflate)"
    )
    connect.add_argument(
        "--ping",
        metavar="SECONDS",
        type=types.interval,
        help="send a ping every so many seconds",
    )
    connect.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=types.seconds,
        default=30.0,
        help="give up if the handshake is not done by then (default: 30)",
    )
    connect.add_argument(
        "--wait",
        metavar="SECONDS",
        type=types.seconds,
        default=1.0,
        help="how long it has to be quiet after the input ended, if that is no terminal; "
        "0 closes at once, inf never (default: 1)",
    )

    echo = commands.add_parser(
        "echo",
        help="run an echo server",
        description=ECHO,
        epilog=ECHO_MORE,
        formatter_class=RawDescriptionHelpFormatter,
    )
    echo.add_argument(
        "--host", default="127.0.0.1", help="the address to listen on (default: 127.0.0.1)"
    )
    echo.add_argument(
        "--port",
        type=types.port,
        default=4180,
        help="the port to listen on, 0 for any that is free (default: 4180)",
    )
    echo.add_argument(
        "--tls-cert", metavar="FILE", type=types.file, help="serve https: and wss: with this, PEM"
    )
    echo.add_argument(
        "--tls-key", metavar="FILE", type=types.file, help="its key, if that is in another file"
    )
    return parser
