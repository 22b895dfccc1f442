"""Mistakes of a first program: each error names the mistake and what is accepted."""

import subprocess
import sys

import pytest

import websocket_driver as websocket
from spec.wires import PATIENCE
from websocket_driver.node import loop, net, timers

IMPORTS = "from websocket_driver.node import net, run, timers\n"
MISSING_RUN = "run() was not called: the servers, sockets and timers of this script have not run\n"


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
