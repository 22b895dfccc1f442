"""`run()`, and the loop to which all objects belong."""

from __future__ import annotations

import asyncio
import signal
import threading
from typing import Any

import pytest

from spec.node.support import handled
from spec.wires import bound, event, finish, program, run
from websocket_driver.node import loop as loops
from websocket_driver.node import net, process, timers
from websocket_driver.node import run as run_script
from websocket_driver.node.loop import current

SCRIPT = """
from websocket_driver.node import net, run

server = net.create_server(lambda connection: connection.pipe(connection))

def on_listening():
    client = net.connect(server.address().port, "127.0.0.1")
    client.on("data", lambda chunk: (print(chunk), client.end()))
    client.on("close", lambda had_error: server.close())
    client.write(b"Hello")

server.listen(0, "127.0.0.1", on_listening)
run()
print("done")
"""


def connected(then):
    """A connection that nobody closes. `then` is called once it is open."""
    sockets: list[Any] = []
    server = net.create_server(sockets.append)

    def on_listening():
        client = net.connect(bound(server).port, "127.0.0.1")
        sockets.append(client)
        client.once("data", lambda chunk: then())

    server.on("connection", lambda connection: connection.write(b"Hello"))
    server.listen(0, "127.0.0.1", on_listening)
    return sockets


class DescribeRun:
    def it_runs_a_script_laid_out_as_in_node(self):
        with program("-c", SCRIPT) as child:
            assert finish(child) == "b'Hello'\ndone\n"

    def it_ends_with_the_status_that_a_listener_asks_for(self):
        with program("-c", SCRIPT.replace("print(chunk)", "exit(3)")) as child:
            assert finish(child, 3) == ""

    def it_runs_on_another_kind_of_loop(self):
        pytest.importorskip("uvloop")
        script = SCRIPT.replace("run()", "import uvloop; run(loop_factory=uvloop.new_event_loop)")
        with program("-c", script) as child:
            assert finish(child) == "b'Hello'\ndone\n"

    def it_raises_keyboard_interrupt_if_nobody_takes_it(self):
        script = """
from websocket_driver.node import net, run
net.create_server().listen(0, "127.0.0.1", lambda: print(":0"))
try:
    run()
except KeyboardInterrupt:
    print("interrupted")
"""
        with program("-c", script) as child:
            child.stdout.readline()
            child.send_signal(signal.SIGINT)
            assert finish(child) == "interrupted\n"

    @pytest.mark.parametrize(
        "line",
        [
            'net.connect(1, "127.0.0.1")',
            'net.connect(1, "localhost")',
            'net.connect("/nosuch/socket")',
            'net.connect(1, "nosuch.invalid")',
            'net.create_server().listen(0, "1.2.3.4")',
            'net.create_server().listen("/nosuch/socket")',
            'net.create_server().listen(0, "nosuch.invalid")',
        ],
    )
    def it_ends_with_an_error_that_nobody_listens_to(self, line):
        script = f"from websocket_driver.node import net, run\n{line}\nrun()"
        with program("-c", script) as child:
            output, errors = child.communicate(timeout=15)
            assert (output, child.returncode) == ("", 1)
            assert "Traceback" in errors

    def it_raises_the_first_of_them_after_everything_else(self):
        server, calls = net.create_server(), []
        first, second = (net.connect(1, "127.0.0.1") for _ in range(2))
        first.on("close", lambda: timers.set_timeout(server.close, 5))
        second.on("close", lambda: calls.append("second"))
        server.on("close", lambda: calls.append("closed"))
        server.listen(0)
        with pytest.raises(ConnectionRefusedError, match="connect ECONNREFUSED"):
            run_script()
        assert calls == ["second", "closed"]

    def it_returns_at_once_if_nothing_is_open(self):
        assert run_script() is None  # type: ignore[func-returns-value]

    def it_returns_when_everything_is_closed(self):
        chunks: list[Any] = []
        server = net.create_server(lambda connection: connection.end(b"Hello"))

        def on_listening():
            client = net.connect(bound(server).port, "127.0.0.1")
            client.on("data", chunks.append)
            client.on("close", lambda had_error: server.close())

        server.listen(0, "127.0.0.1", on_listening)
        run_script()
        assert chunks == [b"Hello"]

    def it_waits_for_timers_of_a_client_that_connects_again(self):
        attempts = []
        server = net.create_server(lambda connection: connection.destroy())
        server.listen(0)
        port = bound(server).port

        def connect():
            attempts.append(True)
            client = net.connect(port, "127.0.0.1")
            client.on("error", lambda error: None)
            if len(attempts) < 3:
                client.on("close", lambda: timers.set_timeout(connect, 5))
            else:
                client.on("close", lambda: server.close())

        server.unref()
        connect()
        run_script()
        assert len(attempts) == 3

    def it_waits_for_tasks(self):
        done = []
        server = net.create_server()

        @server.on("close")
        async def on_close():
            await asyncio.sleep(0.01)
            done.append(True)
            timers.set_timeout(done.append, 1, True)

        server.listen(0, "127.0.0.1", server.close)
        run_script()
        assert done == [True, True]

    def it_does_not_wait_for_what_is_unreferenced(self):
        server = net.create_server().listen(0)
        client = net.connect(bound(server).port, "127.0.0.1")
        accepted = []
        server.on("connection", lambda connection: accepted.append(connection.unref()))
        client.on("connect", lambda: timers.set_timeout(lambda: client.unref(), 5))
        server.unref()
        run_script()
        assert [accepted[0].destroyed, client.destroyed, server.listening] == [True, True, False]

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def it_calls_on_interrupt(self, number):
        calls = []
        server = net.create_server()
        server.listen(0, "127.0.0.1", lambda: signal.raise_signal(number))
        run_script(on_interrupt=lambda: (calls.append(True), server.close()))  # type: ignore[func-returns-value]
        assert calls == [True]

    def it_cuts_off_what_is_left_after_a_time(self, monkeypatch):
        monkeypatch.setattr(loops, "GRACE_SECONDS", 0.01)
        sockets = connected(lambda: signal.raise_signal(signal.SIGINT))
        run_script(on_interrupt=lambda: None)
        assert [socket.destroyed for socket in sockets] == [True, True]

    def it_cuts_off_what_is_left_at_the_next_interrupt(self, monkeypatch):
        monkeypatch.setattr(loops, "GRACE_SECONDS", 1000)
        sockets = connected(lambda: signal.raise_signal(signal.SIGINT))
        run_script(on_interrupt=lambda: timers.set_timeout(signal.raise_signal, 1, signal.SIGINT))
        assert [socket.destroyed for socket in sockets] == [True, True]

    def it_ends_tasks_too(self, monkeypatch):
        monkeypatch.setattr(loops, "GRACE_SECONDS", 0.01)
        ended = []
        server = net.create_server()

        @server.on("listening")
        async def on_listening():
            try:
                await asyncio.sleep(0)
                signal.raise_signal(signal.SIGINT)
                await asyncio.Event().wait()
            finally:
                ended.append(True)

        server.listen(0, "127.0.0.1")
        run_script(on_interrupt=server.close)
        assert ended == [True]

    def it_ends_a_client_that_connects_again_whenever_it_is_closed(self, monkeypatch):
        monkeypatch.setattr(loops, "GRACE_SECONDS", 0.01)
        server = net.create_server().listen(0)
        port = bound(server).port

        def connect():
            client = net.connect(port, "127.0.0.1")
            client.on("error", lambda error: None)
            client.on("close", lambda: connect())
            return client

        connect().on("connect", lambda: signal.raise_signal(signal.SIGINT))
        run_script(on_interrupt=server.close)
        assert server.listening is False

    def it_closes_everything_when_something_is_raised(self):
        def fail():
            raise SystemExit(3)

        sockets = connected(fail)
        with pytest.raises(SystemExit):
            run_script()
        assert [socket.destroyed for socket in sockets] == [True, True]

    def it_does_without_signal_handlers_where_there_are_none(self):
        class Plain(asyncio.SelectorEventLoop):
            def add_signal_handler(self, *arguments):  # type: ignore[override]
                raise NotImplementedError

        server = net.create_server()
        server.listen(0, "127.0.0.1", server.close)
        run_script(on_interrupt=lambda: None, loop_factory=Plain)
        assert server.listening is False

    def it_cannot_be_called_inside_a_running_loop(self):
        async def main():
            with pytest.raises(RuntimeError, match="inside a running asyncio loop"):
                run_script()

        run(main)

    def it_leaves_streams_that_do_nothing_any_more(self):
        sockets = []
        server = net.create_server(lambda connection: connection.destroy()).listen(0)
        client = net.connect(bound(server).port, "127.0.0.1", server.close)
        sockets.append(client)
        run_script()
        client.resume()
        client.set_timeout(5)
        client.destroy()
        assert (client.destroyed, client.write(b"x")) == (True, False)

    def it_can_be_called_again(self):
        for _ in range(2):
            calls: list[Any] = []
            timers.set_timeout(calls.append, 1, True)
            run_script()
            assert calls == [True]


class DescribeCurrent:
    def it_is_the_loop_that_runs(self):
        async def main():
            return current(), current(), asyncio.get_running_loop()

        first, again, running = run(main)
        assert first is again
        assert first.loop is running
        assert run(main)[0] is not first

    def it_refuses_a_loop_that_cannot_watch_sockets(self):
        class Proactor(asyncio.AbstractEventLoop):
            """As the default loop of Windows."""

        with pytest.raises(RuntimeError, match=r"Proactor cannot watch sockets: use asyncio\.Sel"):
            loops.Loop(Proactor())  # type: ignore[abstract]

    def it_is_another_one_in_each_thread(self):
        found = [current()]
        thread = threading.Thread(target=lambda: found.append(current()))
        thread.start()
        thread.join()
        assert found[0] is not found[1]
        assert found[0] is current()

    def it_runs_scripts_in_two_threads_at_once(self):
        def script(answers):
            server = net.create_server(lambda connection: connection.pipe(connection))
            server.listen(0)
            client = net.connect(bound(server).port, "127.0.0.1")
            client.end(b"hello")
            client.on("data", answers.append)
            client.on("close", lambda: server.close())
            run_script()

        answers = [list[Any](), list[Any]()]
        threads = [threading.Thread(target=script, args=[answer]) for answer in answers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(15)
        assert answers == [[b"hello"], [b"hello"]]

    def it_goes_back_to_a_loop_that_ran_before(self):
        first, second = asyncio.new_event_loop(), asyncio.new_event_loop()

        async def find():
            return current()

        try:
            found = first.run_until_complete(find())
            other = second.run_until_complete(find())
            assert first.run_until_complete(find()) is found
            assert second.run_until_complete(find()) is other
        finally:
            first.close()
            second.close()

    def it_takes_over_what_streams_began_before_any_loop_ran(self):
        server = net.create_server(lambda connection: connection.end(b"hello"))
        client, chunks = net.Socket(), list[Any]()
        client.on("data", chunks.append)

        async def main():
            ready = event(server, "listening")
            server.listen(0, "127.0.0.1")
            await ready
            client.connect(bound(server).port, "127.0.0.1")
            await event(client, "close")
            closed = event(server, "close")
            server.close()
            await closed

        run(main)
        assert chunks == [b"hello"]

    def it_runs_ticks_of_a_task_before_the_next_callback(self):
        async def main():
            calls: list[Any] = []
            process.next_tick(calls.append, "tick")
            timers.set_immediate(calls.append, "immediate")
            process.next_tick(calls.append, "second")
            while len(calls) < 3:
                await asyncio.sleep(0)
            assert calls == ["tick", "second", "immediate"]

        run(main)

    def it_gives_exceptions_of_ticks_to_the_loop(self):
        async def main():
            contexts = handled()
            process.next_tick(lambda: 1 / 0)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert [type(context["exception"]) for context in contexts] == [ZeroDivisionError]

        run(main)

    def it_gives_exceptions_at_the_top_of_a_script_to_its_loop(self, caplog):
        current().report("Exception at the top", ValueError("no"))
        run_script()
        assert "Exception at the top" in caplog.text
