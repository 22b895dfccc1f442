"""The arguments of both commands, and their `--help`."""

from __future__ import annotations

import re
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Final, NoReturn

from ..escape import escaped
from ..version import __version__
from . import arguments as types

CONNECT = """\
Connects to a WebSocket server. Each line of standard input is sent as a text
message, without its line ending. Each incoming message is a line of standard
output; binary messages are in hexadecimal. Everything else (pongs, errors, the
close) is printed to standard error. Control characters, and others that could
act on the terminal, are shown as escapes.

On a terminal, Ctrl-D or Ctrl-C closes the connection, and these lines are
commands: /ping [TEXT], /close [CODE [REASON]], /binary HEX, /help. To send a
text that begins with /, put another / in front of it.

From a pipe or a file, or with --send, all texts are sent. Then a ping is sent,
and the connection is closed when its pong has arrived and no message has
arrived for --wait seconds.
"""

CONNECT_MORE = """\
exit status:
  0  closed with 1000, 1001 or the code of --close-code or /close, by either side
  1  could not connect, or the handshake failed
  2  invalid arguments
  3  closed with another code or without a closing handshake, or the output
     could not be written (unless its reader ended, as head does)

The environment variables HTTP_PROXY (for ws: URLs), HTTPS_PROXY (for wss: URLs),
ALL_PROXY and NO_PROXY are used unless --proxy is given. The trusted authorities
are those of the system, or those in the file that SSL_CERT_FILE names.

examples:
  websocket-driver connect ws://127.0.0.1:4180/
  websocket-driver connect wss://www.example.com/chat --subprotocol chat \\
      --header 'Authorization: Bearer 1234' --deflate
  websocket-driver connect ws://127.0.0.1:4180/ --send Hello
  echo Hello | websocket-driver connect ws://127.0.0.1:4180/
"""

ECHO = """\
Runs a server that sends each message back, and serves a web page to try it in
a browser. Ctrl-C closes all connections with 1001 and ends the server.
"""

ECHO_MORE = """\
exit status:
  0  stopped by Ctrl-C or SIGTERM
  1  could not listen
  2  invalid arguments

examples:
  websocket-driver echo
  websocket-driver echo --host 0.0.0.0 --port 8443 --tls-cert cert.pem --tls-key key.pem
"""


# A user name and password in the URL that a message contains, which may be invalid.
USERINFO: Final = re.compile(r"(?<=://).*@", re.DOTALL)


class Parser(ArgumentParser):
    """A parser whose messages contain arguments escaped and without credentials."""

    def error(self, message: str) -> NoReturn:
        """Shows the usage and the message, and exits with 2."""
        super().error(escaped(USERINFO.sub("", message)))


def make_parser() -> ArgumentParser:
    """The parser for the arguments of both commands."""
    parser = Parser(
        prog="websocket-driver",
        description="A WebSocket client and a WebSocket echo server, to test the other side.",
        epilog="websocket-driver COMMAND --help describes a command and its exit status.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    connect = commands.add_parser(
        "connect",
        usage="%(prog)s URL [OPTION]...",
        help="connect to a WebSocket server",
        description=CONNECT,
        epilog=CONNECT_MORE,
        formatter_class=RawDescriptionHelpFormatter,
    )
    add_handshake(connect)
    add_conversation(connect)

    echo = commands.add_parser(
        "echo",
        usage="%(prog)s [OPTION]...",
        help="run an echo server",
        description=ECHO,
        epilog=ECHO_MORE,
        formatter_class=RawDescriptionHelpFormatter,
    )
    add_server(echo)
    for command in (connect, echo):
        command.add_argument(
            "--verbose", action="store_true", help="show each handshake and each frame"
        )
        command.set_defaults(refuse=command.error)
    return parser


def add_handshake(connect: ArgumentParser) -> None:
    """The options for connecting."""
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
        help="send this header with the handshake; can be given several times, each name once "
        "(several Cookie headers are joined)",
    )
    connect.add_argument(
        "--proxy",
        metavar="URL",
        type=types.proxy_url,
        help="connect through this HTTP proxy, http:// or https://USER:PASSWORD@HOST:PORT",
    )
    connect.add_argument("--insecure", action="store_true", help="accept any certificate")
    connect.add_argument(
        "--ca",
        metavar="FILE",
        type=types.authorities,
        help="trust the certificates in this PEM file instead of the system's",
    )
    connect.add_argument(
        "--deflate", action="store_true", help="offer compression (permessage-deflate)"
    )
    connect.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=types.seconds,
        default=30.0,
        help="give up if the handshake takes longer (default: 30)",
    )


def add_conversation(connect: ArgumentParser) -> None:
    """The options for an open connection."""
    connect.add_argument(
        "--send",
        metavar="TEXT",
        action="append",
        type=types.message,
        help="send this text instead of standard input, show the answers and exit; "
        "can be given several times",
    )
    connect.add_argument("--json", action="store_true", help="show messages that are JSON indented")
    connect.add_argument(
        "--ping",
        metavar="SECONDS",
        type=types.interval,
        help="send a ping at this interval, and show the round-trip times",
    )
    connect.add_argument(
        "--wait",
        metavar="SECONDS",
        type=types.seconds,
        default=1.0,
        help="close when no message has arrived for this time after the end of the input, unless "
        "that is a terminal; 0 closes at once, inf never (default: 1)",
    )
    connect.add_argument(
        "--close-code",
        metavar="CODE",
        type=types.close_code,
        default=1000,
        help="close with this code (default: 1000)",
    )


def add_server(echo: ArgumentParser) -> None:
    """The options of the server."""
    echo.add_argument(
        "--host",
        type=types.host,
        default="127.0.0.1",
        help="the address to listen on (default: 127.0.0.1)",
    )
    echo.add_argument(
        "--port",
        type=types.port,
        default=4180,
        help="the port to listen on, 0 for any free one (default: 4180)",
    )
    echo.add_argument(
        "--tls-cert",
        metavar="FILE",
        type=types.file,
        help="serve https: and wss: with this PEM file",
    )
    echo.add_argument(
        "--tls-key",
        metavar="FILE",
        type=types.file,
        help="its private key, if it is in another file",
    )
