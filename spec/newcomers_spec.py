"""Mistakes of a first program: each error names the mistake and what is accepted."""

import gc
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

import websocket_driver as websocket
from spec.node.tls import certificates
from spec.wires import PATIENCE
from websocket_driver.node import events, http, loop, net, run, timers, tls

IMPORTS = "from websocket_driver.node import net, run, timers\n"
MISSING_RUN = "run() was not called: the servers, sockets and timers of this script have not run\n"


def options(value: object) -> Any:
    """Options that a type checker would refuse."""
    return value


class DescribeADecoratorWithoutTheNameOfAnEvent:
    @pytest.mark.parametrize("name", ["on", "once", "listens_to"])
    def it_raises(self, name):
        driver = websocket.client("ws://127.0.0.1/")
        for emitter in (driver, driver.io, driver.messages, net.Socket(), net.create_server()):
            with pytest.raises(TypeError, match=r"^The name of an event must come first, as in "):
                getattr(emitter, name)(lambda event: None)


class DescribeAHostInFrontOfItsPort:
    @pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
    def it_is_not_the_path_of_a_unix_socket(self, host):
        with pytest.raises(TypeError) as raised:
            net.create_server().listen(host, 8080)
        assert str(raised.value) == (
            "listen takes ([port][, host][, backlog][, callback]), (path[, backlog][, callback]) "
            f"or (options[, callback]); not ('{host}', 8080)"
        )


class DescribeAMissingRun:
    def stderr_of(self, code, *options):
        command = [sys.executable, *options, "-c", IMPORTS + code]
        return subprocess.run(
            command, input="", capture_output=True, text=True, timeout=PATIENCE
        ).stderr

    @pytest.mark.parametrize(
        "code",
        [
            "net.create_server().listen(0)",
            "net.connect(9, '127.0.0.1')",
            "timers.set_timeout(print, 5)",
        ],
    )
    def it_is_logged_at_the_end_of_the_script(self, code):
        assert self.stderr_of(code) == MISSING_RUN

    @pytest.mark.parametrize(
        "code",
        [
            "net.Socket(); net.create_server()",
            "timers.clear_timeout(timers.set_timeout(print, 5))",
            "timers.set_timeout(print, 5); run()",
            "timers.set_timeout(print, 5); run(); timers.set_timeout(print, 5)",
        ],
    )
    def it_is_not_logged_without_need(self, code):
        assert self.stderr_of(code) == ""

    def it_is_logged_unless_a_loop_has_run_or_the_script_is_interactive(self, monkeypatch, caplog):
        """The same in this process, where coverage is measured."""
        monkeypatch.setattr(loop.Loop, "any_has_run", False)
        monkeypatch.setattr("websocket_driver.node.loop._thread.script", None)
        monkeypatch.delattr(sys, "last_value", raising=False)
        with caplog.at_level("WARNING", "websocket_driver"):
            timer = timers.set_timeout(print, 5)
            monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)
            loop.warn_of_missing_run()
            assert caplog.messages == []
            monkeypatch.delattr(sys, "ps1")
            loop.warn_of_missing_run()
            assert caplog.messages == [MISSING_RUN.strip()]
            timers.clear_timeout(timer)
            loop.warn_of_missing_run()
            assert len(caplog.messages) == 1

    def it_is_not_logged_if_the_script_has_failed(self):
        errors = self.stderr_of("timers.set_timeout(print, 5); 1 / 0")
        assert errors.endswith("\nZeroDivisionError: division by zero\n")


class DescribeAListenerThatCannotBeCalled:
    @pytest.mark.parametrize("name", ["on", "once", "add_listener", "prepend_listener"])
    def it_is_the_result_of_a_call(self, name):
        driver = websocket.client("ws://127.0.0.1/")
        for emitter in (driver, driver.io, driver.messages, net.Socket(), net.create_server()):
            with pytest.raises(TypeError) as raised:
                getattr(emitter, name)("message", None)
            assert str(raised.value) == (
                "A listener must be callable, not None: "
                "pass the function itself, without calling it"
            )

    def it_is_a_generator_function(self):
        def on_message(event):
            yield event

        async def on_close(event):
            yield event

        class Application:
            on_ping = on_message

        driver = websocket.client("ws://127.0.0.1/")
        for listener in (on_message, on_close, Application().on_ping):
            with pytest.raises(TypeError, match=r" is a generator function: its body never runs$"):
                driver.on("message", listener)
        assert driver.listener_count("message") == 0


class DescribeAnAddressInOneString:
    @pytest.mark.parametrize(
        "address",
        ["ws://127.0.0.1:4180/", "http://localhost", "127.0.0.1:4180", "localhost:80", "[::1]:80"],
    )
    def it_is_not_the_path_of_a_unix_socket(self, address):
        for call, name in (
            (net.connect, "connect"),
            (net.Socket().connect, "connect"),
            (tls.connect, "connect"),
            (net.create_server().listen, "listen"),
            (http.create_server().listen, "listen"),
        ):
            with pytest.raises(TypeError) as raised:
                call(address)
            assert str(raised.value).startswith(f"{name} takes (")
            assert str(raised.value).endswith(f"; not ('{address}')")

    def it_can_be_a_path_in_the_options(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        server = net.create_server().listen(path="localhost:80")
        assert (tmp_path / "localhost:80").is_socket()
        server.close()


class DescribeOptionsOfOtherLibraries:
    @pytest.mark.parametrize(
        ("name", "hint"),
        [
            ("subprotocols", "did you mean protocols?"),
            ("max_size", "did you mean max_length?"),
            ("maxPayload", "did you mean max_length?"),
            ("max_msg_size", "did you mean max_length?"),
            ("headers", "a driver has the method set_header() for that"),
            ("additional_headers", "a driver has the method set_header() for that"),
            ("origin", "a driver has the method set_header() for that"),
            ("perMessageDeflate", "a driver has the method add_extension() for that"),
            ("compression", "a driver has the method add_extension() for that"),
            ("ping_interval", "a driver has the method ping() for that"),
            ("proxy", "a driver has the method proxy() for that"),
        ],
    )
    def it_names_the_option_or_method_of_a_driver(self, name, hint):
        with pytest.raises(websocket.ConfigurationError) as raised:
            websocket.client("ws://127.0.0.1/", options({name: None}))
        assert str(raised.value) == f"Unrecognized option: {name} ({hint})"

    @pytest.mark.parametrize(
        ("name", "option"),
        [
            ("certfile", "cert"),
            ("keyfile", "key"),
            ("cafile", "ca"),
            ("ssl", "secure_context"),
            ("ssl_context", "secure_context"),
            ("password", "passphrase"),
            ("verify", "reject_unauthorized"),
            ("server_hostname", "servername"),
        ],
    )
    def it_names_the_option_of_tls(self, name, option):
        given = options({name: "x"})
        calls: list[Callable[[], object]] = [lambda: tls.connect(443, "127.0.0.1", given)]
        if option != "servername":
            calls += [
                lambda: tls.create_server(given),
                lambda: http.create_server(given),
                lambda: http.create_server(options({"cert": "x", name: "x"})),
            ]
        for call in calls:
            with pytest.raises(websocket.ConfigurationError) as raised:
                call()
            assert str(raised.value) == f"Unrecognized option: {name} (did you mean {option}?)"


class DescribeAPortInPlaceOfOptions:
    def it_belongs_to_listen(self):
        for create_server in (net.create_server, http.create_server):
            with pytest.raises(TypeError) as raised:
                create_server(options(4180))
            assert str(raised.value) == (
                "`options` must be a mapping (a port is passed to listen() or connect()), "
                "not int (4180)"
            )
        with pytest.raises(TypeError, match=r"must be a mapping, not bool"):
            net.create_server(options(True))


class DescribeCoroutineFunctionsInPlaceOfCallbacks:
    def it_refuses_a_lookup_that_would_never_run(self):
        async def lookup(host, options, callback):
            callback(None, "127.0.0.1", 4)

        with pytest.raises(TypeError, match="must be a plain function with a callback, not func"):
            net.connect({"port": 80, "host": "localhost", "lookup": lookup})


class DescribeOnceWithoutALoop:
    def it_names_what_is_missing(self):
        with pytest.raises(RuntimeError) as raised:
            events.once(net.create_server(), "listening")
        assert str(raised.value) == (
            "once() needs a running asyncio loop: await it in a coroutine function"
        )


class DescribeCertificatesAndKeysThatAreMixedUp:
    def refusal(self, **options):
        with pytest.raises(websocket.ConfigurationError) as raised:
            tls.create_server(**options)
        return str(raised.value).removeprefix("cert and key cannot be used: ")

    def it_names_the_one_that_is_wrong(self, tmp_path):
        own = certificates.localhost()
        cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
        cert.write_text(own.cert)
        key.write_text(own.key)
        assert self.refusal(cert=own.cert) == "key is missing"
        assert self.refusal(cert=own.cert, key=own.cert) == "key contains no private key"
        assert self.refusal(cert=key, key=cert) == "cert contains no certificate"
        assert self.refusal(cert=own.key, key=own.key) == "cert contains no certificate"

    def it_names_the_passphrase(self):
        refusal = self.refusal(**certificates.encrypted()._asdict(), passphrase="wrong")
        assert refusal.endswith("; the passphrase may be wrong")

    def it_names_the_protocol_of_a_context_for_clients(self):
        with pytest.raises(websocket.ConfigurationError) as raised:
            tls.create_server(secure_context=ssl.create_default_context())
        assert str(raised.value) == (
            "secure_context must be made with PROTOCOL_TLS_SERVER, not PROTOCOL_TLS_CLIENT"
        )


class DescribeAPortInUse:
    def it_is_logged_while_other_things_keep_run_going(self, caplog):
        """run() raises it at the end, which may never come."""
        other = net.create_server().listen(0, "127.0.0.1")
        address = other.address()
        assert isinstance(address, net.Address)

        def end_once_logged():
            if caplog.messages:
                timers.clear_interval(timer)
                other.close()

        timer = timers.set_interval(end_once_logged, 10)
        net.create_server().listen(address.port, "127.0.0.1")
        with caplog.at_level("ERROR", "asyncio"), pytest.raises(OSError, match="EADDRINUSE"):
            run()
        assert caplog.messages == ["Unhandled 'error' event of a server"]

    def it_is_only_raised_if_there_is_nothing_else(self, caplog):
        with socket.create_server(("127.0.0.1", 0)) as other:
            net.create_server().listen(other.getsockname()[1], "127.0.0.1")
            with pytest.raises(OSError, match="EADDRINUSE"):
                run()
        assert caplog.messages == []


class DescribeArgumentsInPlaceOfOptions:
    @pytest.mark.parametrize("protocols", ["chat", ["chat"], ("chat", "superchat")])
    def it_shows_how_subprotocols_are_passed(self, protocols):
        """As in `new WebSocket(url, protocols)` of browsers."""
        with pytest.raises(TypeError) as raised:
            websocket.client("ws://127.0.0.1/", options(protocols))
        assert str(raised.value) == (
            "Options must be a mapping, such as {'protocols': ['chat']}, "
            f"not {type(protocols).__name__}"
        )

    def it_names_the_function_for_requests(self):
        with pytest.raises(TypeError) as raised:
            websocket.server(options(websocket.Request("GET", "/", {})))
        assert str(raised.value) == (
            "Options must be a mapping, not Request; http() takes a request"
        )


class DescribeAThreadWithoutRun:
    def log_of(self, function, caplog):
        thread = threading.Thread(target=function, name="worker")
        with caplog.at_level("WARNING", "websocket_driver"):
            thread.start()
            thread.join(PATIENCE)
            gc.collect()
        return caplog.messages

    def it_is_logged_at_its_end(self, caplog):
        def work():
            timers.set_timeout(print, 5)

        assert self.log_of(work, caplog) == [
            "run() was not called in the thread worker, which has an event loop of its own: "
            "its servers, sockets and timers have not run"
        ]

    def it_is_not_logged_without_need(self, caplog):
        def work():
            timers.set_timeout([].append, 5, 1)
            run()
            timers.clear_timeout(timers.set_timeout(print, 5))
            net.create_server()

        assert self.log_of(work, caplog) == []

    def it_is_not_logged_if_warnings_are_off(self, caplog):
        with caplog.at_level("ERROR", "websocket_driver"):
            thread = threading.Thread(target=lambda: timers.set_timeout(print, 5))
            thread.start()
            thread.join(PATIENCE)
            gc.collect()
        assert caplog.messages == []
