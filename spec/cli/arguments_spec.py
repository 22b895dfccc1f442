import math
import runpy
import sys

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

import websocket_driver
from spec.cli.support import command
from spec.wires import ROOT
from websocket_driver.cli import make_parser
from websocket_driver.cli.arguments import Arguments, joined


def parsed(*arguments):
    return make_parser().parse_args(arguments, Arguments())


class DescribeTheCommandLine:
    @pytest.mark.parametrize("arguments", [["--help"], ["connect", "--help"], ["echo", "--help"]])
    def it_helps(self, capsys, arguments):
        assert command(*arguments) == 0
        output = capsys.readouterr().out
        assert output.startswith("usage: websocket-driver")
        assert "exit status" in output

    def it_runs_as_a_module(self, capsys, monkeypatch):
        monkeypatch.setattr(sys, "argv", ["__main__.py", "--version"])
        with pytest.raises(SystemExit) as end:
            runpy.run_module("websocket_driver", run_name="__main__")
        assert end.value.code == 0
        assert capsys.readouterr().out == f"websocket-driver {websocket_driver.__version__}\n"

    def it_is_installed(self):
        metadata = (ROOT / "setup.cfg").read_text()
        assert "    websocket-driver = websocket_driver.cli:main\n" in metadata
        assert "websocket_driver.cli = echo.html\n" in metadata

    def it_ends_quietly_where_ctrl_c_cannot_be_handled(self, monkeypatch):
        def raise_interrupt(*arguments, **options):
            raise KeyboardInterrupt

        monkeypatch.setattr("websocket_driver.cli.command.run_echo", raise_interrupt)
        assert command("echo") == 130


class DescribeArguments:
    def it_has_defaults(self):
        arguments = parsed("connect", "ws://a")
        assert arguments.url.href == "ws://a/"
        assert (arguments.timeout, arguments.wait, arguments.close_code) == (30.0, 1.0, 1000)
        assert (arguments.send, arguments.ping, arguments.proxy) == (None, None, None)

    def it_understands_numbers(self):
        arguments = parsed(
            *["connect", "ws://a", "--wait", "inf", "--timeout", "0", "--ping", "2.5"],
            *["--close-code", "4999"],
        )
        assert (arguments.wait, arguments.timeout, arguments.ping) == (math.inf, 0.0, 2.5)
        assert arguments.close_code == 4999

    @pytest.mark.parametrize(
        ("arguments", "complaint"),
        [
            ([], "the following arguments are required: COMMAND"),
            (["connect"], "the following arguments are required: URL"),
            (
                ["connect", "ws://a/", "--subprotocol", "a, b"],
                "argument --subprotocol: 'a, b' is not the name of a subprotocol: letters",
            ),
            (
                ["connect", "ws://a/", "--header", "Origin"],
                "argument --header: 'Origin' is not a header, such as 'Origin: ",
            ),
            (
                ["connect", "ws://a/", "--header", "a b: c"],
                "argument --header: Header name must be a token, not 'a b'",
            ),
            (
                ["connect", "ws://a/", "--header", "a: b\r\nc: d"],
                "argument --header: Header value must be one line without NUL, not 'b\\r\\nc: d'",
            ),
            (
                ["connect", "ws://a/", "--header", "a: \udcff"],
                "argument --header: Header value must be one line without NUL, not '\\udcff'",
            ),
            (
                ["connect", "ws://a/", "--header", "authorization Bearer secret"],
                "argument --header: 'authorization: ...' is not a header, such as 'Origin: ",
            ),
            (
                ["connect", "ws://a/", "--header", "Authorization: secret\n"],
                "argument --header: Header value must be one line without NUL, not that of "
                "Authorization",
            ),
            (
                ["connect", "ws://a/"] + ["--header", "Authorization: secret"] * 2,
                "argument --header: Authorization is given twice, and can be sent once; if it is a "
                "list, join the values: 'Authorization: ...'",
            ),
            (
                ["connect", "ws://a/", "ws://user:sec/ret@b/", "\x1b[31m\u202e"],
                "unrecognized arguments: ws://b/ \\x1b[31m\\u202e; --help lists the options",
            ),
            (
                ["ws://user:secret@a/"],
                "argument COMMAND: invalid choice: 'ws://a/' (choose from ",
            ),
            (
                ["connect", "--timeout", "ws://user:secret@a/", "ws://a/"],
                "argument --timeout: 'ws://a/' is not a number of seconds, such as 2.5",
            ),
            (
                ["connect", "ws://a/", "--header", "upgrade: b"],
                "argument --header: upgrade is a header that the handshake sets itself",
            ),
            (
                ["connect", "ws://a/", "--header", "Sec-WebSocket-Key: b"],
                "argument --header: Sec-WebSocket-Key is a header that the handshake sets itself",
            ),
            (
                ["connect", "ws://a/", "--header", "Sec-WebSocket-Protocol: b"],
                "argument --header: Sec-WebSocket-Protocol is set by --subprotocol",
            ),
            (
                ["connect", "ws://a/", "--header", "X: 1", "--header", "x: 2"],
                "argument --header: x is given twice, and can be sent once; if it is a list, join "
                "the values: 'x: 1, 2'",
            ),
            (
                ["connect", "ws://a/", "--wait", "long"],
                "argument --wait: 'long' is not a number of seconds, such as 2.5",
            ),
            (
                ["connect", "ws://a/", "--timeout", "nan"],
                "argument --timeout: 'nan' is not a number of seconds, such as 2.5",
            ),
            (
                ["connect", "ws://a/", "--ping", "0"],
                "argument --ping: '0' is not more than 0 seconds",
            ),
            (
                ["connect", "ws://a/", "--send", "a", "--send", "\udcff"],
                "argument --send: '\\udcff' is not valid UTF-8",
            ),
            (
                ["connect", "ws://a/", "--subprotocol", "a", "--subprotocol", "a"],
                "argument --subprotocol: a is given twice",
            ),
            (
                ["echo", "--host", ""],
                "argument --host: it is empty; 0.0.0.0 or :: is all addresses",
            ),
            (
                ["connect", "ws://a/", "--close-code", "1005"],
                "argument --close-code: '1005' is not a code to close with: 1000-1003, ",
            ),
            (
                ["connect", "ws://a/", "--close-code", "\u0661\u0660\u0660\u0660"],
                "argument --close-code: '\u0661\u0660\u0660\u0660' is not a code to close with",
            ),
            (
                ["connect", "ws://a/", "--ca", "/nowhere"],
                "argument --ca: '/nowhere' is not a file that can be read: No such file",
            ),
            (
                ["connect", "ws://a/", "--ca", str(ROOT / "LICENSE")],
                f"argument --ca: '{ROOT}/LICENSE' has no certificate in it, PEM",
            ),
            (
                ["connect", "ws://a/", "-v", "--colour"],
                "unrecognized arguments: -v --colour; --help lists the options",
            ),
            (
                ["echo", "4180"],
                "unrecognized arguments: 4180; --help lists the options",
            ),
            (
                ["echo", "--port", "65536"],
                "argument --port: '65536' is not a port, a number from 0 to 65535",
            ),
            (["echo", "--port", "http"], "argument --port: 'http' is not a port, a number from"),
            (
                ["echo", "--tls-cert", "a\0b"],
                "argument --tls-cert: 'a\\x00b' is not a file that can be read: embedded null",
            ),
            (
                ["echo", "--tls-key", str(ROOT / "LICENSE")],
                "--tls-key needs --tls-cert, the file of the certificate",
            ),
            (
                ["echo", "--tls-cert", str(ROOT / "LICENSE")],
                f"--tls-cert {ROOT}/LICENSE must contain a certificate and its key, unless "
                "--tls-key names the file of the key, in PEM",
            ),
        ],
    )
    def it_says_what_is_accepted(self, capsys, arguments, complaint):
        assert command(*arguments) == 2
        output, errors = capsys.readouterr()
        assert output == ""
        assert f"error: {complaint}" in errors
        assert len(errors.splitlines()) == 2

    def it_says_that_a_key_is_for_another_certificate(self, capsys, certificate, tmp_path):
        key = tmp_path / "key.pem"
        key.write_bytes(
            ec.generate_private_key(ec.SECP256R1()).private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        assert command("echo", "--tls-cert", certificate, "--tls-key", key) == 2
        assert f"and --tls-key {key} the key that belongs to it" in capsys.readouterr().err


class DescribeUrls:
    def refusal(self, capsys, *arguments):
        assert command("connect", *arguments) == 2
        return capsys.readouterr().err.splitlines()[-1].partition("error: argument ")[2]

    @pytest.mark.parametrize(
        ("text", "complaint"),
        [
            (
                "http://a/",
                "http://a/ is not a valid WebSocket URL; did you mean ws://a/?",
            ),
            (
                "HTTPS://user:secret@a:8443/x?y",
                "HTTPS://a:8443/x?y is not a valid WebSocket URL; did you mean wss://a:8443/x?y?",
            ),
            (
                "a:80",
                "a:80 is not a valid WebSocket URL; did you mean ws://a/?",
            ),
            ("ws//a:81", "ws//a:81 is not a valid WebSocket URL; did you mean ws://a:81/?"),
            (
                "[::1]:8080/chat",
                "[::1]:8080/chat is not a valid WebSocket URL; did you mean ws://[::1]:8080/chat?",
            ),
            (
                "ws:/a",
                "ws:/a is not a valid WebSocket URL: it must begin with ws:// and a host; "
                "did you mean ws://a/?",
            ),
            (
                "wss:a",
                "wss:a is not a valid WebSocket URL: it must begin with wss:// and a host; "
                "did you mean wss://a/?",
            ),
            ("ws:8080", "ws:8080 is not a valid WebSocket URL: it must begin with ws:// and"),
            (
                "ftp://a/",
                "ftp://a/ is not a valid WebSocket URL, such as ws://127.0.0.1:4180/",
            ),
            ("ws://", "ws:// is not a valid WebSocket URL, such as ws://127.0.0.1:4180/"),
            (
                "ws://a b\x1b/",
                "ws://a b\\x1b/ is not a valid WebSocket URL, such as ws://127.0.0.1:4180/",
            ),
            ("ws://u:secret@a:65536/", "ws://a:65536/: the port 65536 is not one of 1 to 65535"),
            ("ws://a:0", "ws://a:0: the port 0 is not one of 1 to 65535"),
            ("a:99999999", "a:99999999: the port 99999999 is not one of 1 to 65535"),
        ],
    )
    def it_suggests_another(self, capsys, text, complaint):
        assert self.refusal(capsys, text).startswith(f"URL: {complaint}")

    @pytest.mark.parametrize(
        ("text", "complaint"),
        [
            (
                "b:3128",
                "b:3128 is not a valid proxy URL; did you mean http://b:3128/?",
            ),
            (
                "wss://b",
                "wss://b is not a valid proxy URL; did you mean https://b/?",
            ),
            (
                "socks://b",
                "socks://b is not a valid proxy URL, such as http://127.0.0.1:3128",
            ),
            ("http://b:70000", "http://b:70000: the port 70000 is not one of 1 to 65535"),
        ],
    )
    def it_suggests_another_proxy(self, capsys, text, complaint):
        assert self.refusal(capsys, "ws://a/", "--proxy", text) == f"--proxy: {complaint}"

    def it_says_that_the_environment_names_no_proxy(self, capsys, monkeypatch):
        monkeypatch.setenv("HTTP_PROXY", "socks://b")
        assert command("connect", "ws://a/") == 2
        assert capsys.readouterr().err.endswith(
            "error: HTTP_PROXY in the environment: socks://b is not a valid proxy URL, "
            "such as http://127.0.0.1:3128\n"
        )


class DescribeHeaders:
    def it_joins_cookies(self):
        headers = [("Cookie", "a=1"), ("X", "y"), ("cookie", "b=2"), ("COOKIE", "c=3")]
        assert joined(headers) == [("Cookie", "a=1; b=2; c=3"), ("X", "y")]
