"""The standard streams, the command line and the environment."""

from __future__ import annotations

import asyncio
import os
import pty
import signal
import sys
import tempfile
import threading
from typing import Any

import pytest

from spec.node.support import Log, Pipe, handled, node_error, ticks
from spec.wires import event, finish, program, run
from websocket_driver.node import process, timers
from websocket_driver.node import run as run_script
from websocket_driver.node.process import Input, Output

STREAM = ("data", "end", "pause", "error", "close")


class DescribeNextTick:
    def it_runs_before_everything_else_at_the_top_of_a_script_too(self):
        script = """
from websocket_driver.node import process, run, timers
timers.set_timeout(print, 0, "timer")
timers.set_immediate(print, "immediate")
process.nextTick(lambda: (print("tick"), process.next_tick(print, "second")))
print("top")
run()
"""
        with program("-c", script) as child:
            lines = finish(child).split()
        assert lines[:3] == ["top", "tick", "second"]
        assert sorted(lines[3:]) == ["immediate", "timer"]

    def it_runs_those_that_ticks_queue_before_timers_and_immediates(self):
        """test-next-tick.js, test-next-tick-ordering.js, test-next-tick-ordering2.js"""
        calls: list[Any] = []

        def first(*arguments):
            calls.append(arguments)
            timers.set_timeout(calls.append, 0, "timer")
            timers.set_immediate(calls.append, "immediate")
            process.next_tick(process.next_tick, calls.append, "nested")

        process.next_tick(first, 42, "more")
        process.next_tick(calls.append, "second")
        timers.set_timeout(process.next_tick, 100, calls.append, "last")
        run_script()
        assert (calls[:3], sorted(calls[3:5])) == (
            [(42, "more"), "second", "nested"],
            ["immediate", "timer"],
        )
        assert calls[5:] == ["last"]

    def it_lets_nothing_else_run_while_there_are_any(self):
        """test-next-tick-intentional-starvation.js, test-next-tick-fixed-queue-regression.js"""
        calls: list[Any] = []

        def spin(number):
            if number:
                process.next_tick(spin, number - 1)
            else:
                calls.append("ticks")

        timers.set_timeout(calls.append, 0, "timer")
        immediate = timers.set_immediate(calls.append, "never")
        spin(5000)
        process.next_tick(timers.clear_immediate, immediate)
        run_script()
        assert calls == ["ticks", "timer"]

    def it_runs_the_others_after_one_that_raises(self):
        """test-next-tick-errors.js, test-process-next-tick.js"""

        async def main():
            contexts, calls = handled(), list[str]()
            process.next_tick(lambda: (calls.append("A"), 1 / 0))  # type: ignore[func-returns-value]
            process.next_tick(calls.append, "C")
            await asyncio.sleep(0)
            assert calls == ["A", "C"]
            assert [type(context["exception"]) for context in contexts] == [ZeroDivisionError]

        run(main)

    @pytest.mark.parametrize("callback", [None, 1, "test", {}, [], True])
    def it_needs_something_that_can_be_called(self, callback):
        """test-process-next-tick.js"""
        with pytest.raises(TypeError, match="`callback` must be callable") as caught:
            process.next_tick(callback)
        assert node_error(caught).code == "ERR_INVALID_ARG_TYPE"

    def it_does_not_keep_a_script_running_for_ever(self):
        """test-next-tick-doesnt-hang.js"""
        process.next_tick(list)
        run_script()

    def it_keeps_a_script_running(self):
        script = """
from websocket_driver.node import process, run
def later(count):
    print(count)
    if count:
        process.next_tick(later, count - 1)
process.next_tick(later, 2)
run()
"""
        with program("-c", script) as child:
            assert finish(child) == "2\n1\n0\n"


class DescribeArgvAndEnv:
    def it_has_the_interpreter_first_as_in_node(self, monkeypatch):
        monkeypatch.setattr(sys, "argv", ["chat.py", "4180"])
        assert process.argv == [sys.executable, "chat.py", "4180"]

    def it_is_the_environment(self, monkeypatch):
        monkeypatch.setenv("PORT", "4180")
        assert process.env["PORT"] == "4180"

    def it_has_nothing_else(self):
        with pytest.raises(AttributeError, match="has no attribute 'nosuch'"):
            _ = process.nosuch


class DescribeStdin:
    SCRIPT = """
from websocket_driver.node import process, run
process.stdin.set_encoding("utf8")
process.stdin.on("data", lambda text: print(repr(text), flush=True))
process.stdin.on("end", lambda: print("end"))
run()
print("done")
"""

    def it_reads_a_pipe(self):
        code = f"""
import subprocess, sys
child = subprocess.run({[sys.executable, "-c", self.SCRIPT]!r}, input="ä", text=True)
sys.exit(child.returncode)
"""
        with program("-c", code) as child:
            assert finish(child) == "'ä'\nend\ndone\n"

    def it_is_one_stream(self):
        assert process.stdin is process.stdin
        assert process.stdin.fd == 0

    def it_reads_until_the_end(self):
        async def main():
            reading, writing = os.pipe()
            stream = Input(reading)
            log = Log(stream, *STREAM)
            os.write(writing, b"hello")
            await event(stream, "data")
            assert (stream.is_tty, stream.isTTY, stream.writable) == (False, False, False)
            os.close(writing)
            await event(stream, "close")
            os.close(reading)
            assert log == [("data", b"hello"), ("end",), ("close",)]

        run(main)

    def it_reads_ahead_until_it_is_full_and_goes_on_later(self):
        async def main():
            reading, writing = os.pipe()
            stream = Input(reading)
            os.write(writing, bytes(20000))
            stream.resume()
            stream.pause()
            await asyncio.sleep(0)
            received = bytearray()
            stream.on("data", received.extend)
            stream.resume()
            await event(stream, "data")
            os.close(writing)
            await event(stream, "close")
            os.close(reading)
            assert len(received) == 20000

        run(main)

    @pytest.mark.parametrize("size", [0, 5, 200_000])
    def it_reads_a_file(self, size):
        async def main():
            with tempfile.TemporaryFile() as file:
                file.write(bytes(size))
                file.flush()
                file.seek(0)
                stream = Input(file.fileno())
                received = bytearray()
                stream.on("data", received.extend)
                await event(stream, "close")
                assert len(received) == size

        run(main)

    def it_stops_reading_a_file_while_it_is_paused(self):
        async def main():
            with tempfile.TemporaryFile() as file:
                file.write(bytes(200_000))
                file.flush()
                file.seek(0)
                stream = Input(file.fileno())
                log = Log(stream, "end")
                stream.once("data", lambda chunk: stream.pause())
                await event(stream, "data")
                for _ in range(5):
                    await asyncio.sleep(0)
                assert log == []
                stream.resume()
                await event(stream, "end")

        run(main)

    def it_ends_with_its_terminal(self):
        async def main():
            master, slave = pty.openpty()
            stream = Input(master)
            log = Log(stream, *STREAM)
            assert stream.is_tty is True
            os.write(slave, b"x")
            await event(stream, "data")
            os.close(slave)
            await event(stream, "close")
            os.close(master)
            assert log == [("data", b"x"), ("end",), ("close",)]

        run(main)

    def it_fails_if_it_cannot_be_read(self):
        async def main():
            with tempfile.TemporaryDirectory() as folder:
                descriptor = os.open(folder, os.O_RDONLY)
                stream = Input(descriptor)
                log = Log(stream, *STREAM)
                await event(stream, "close")
                os.close(descriptor)
                assert log == [("error", "EISDIR"), ("close",)]

        run(main)

    def it_waits_if_there_is_nothing_after_all(self, monkeypatch):
        async def main():
            reading, writing = os.pipe()
            os.set_blocking(reading, False)
            stream = Input(reading)
            log = Log(stream, *STREAM)
            os.write(writing, b"hello")
            read = os.read

            def once(descriptor, size):
                monkeypatch.setattr(os, "read", read)
                raise BlockingIOError

            monkeypatch.setattr(os, "read", once)
            await event(stream, "data")
            stream.destroy()
            await event(stream, "close")
            os.close(reading)
            os.close(writing)
            assert log == [("data", b"hello"), ("close",)]

        run(main)

    def it_is_read_by_the_loop_that_run_runs(self):
        reading, writing = os.pipe()
        stream, chunks = Input(reading), []

        @stream.on("data")
        def take(chunk: bytes) -> None:
            chunks.append(chunk)
            stream.pause()

        os.write(writing, b"hello")
        run_script()
        stream.resume()
        ticks()
        stream.pause()
        run_script()
        assert chunks == [b"hello"]
        stream.destroy()
        ticks()
        os.close(reading)
        os.close(writing)

    def it_is_read_no_more_when_run_is_interrupted(self):
        reading, writing = os.pipe()
        stream = Input(reading)
        stream.on("data", print)
        timers.set_timeout(signal.raise_signal, 5, signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            run_script()
        assert stream._watched is None
        os.close(reading)
        os.close(writing)

    def it_stops_reading_a_file_between_two_pieces(self):
        async def main():
            with tempfile.TemporaryFile() as file:
                file.write(bytes(200_000))
                file.flush()
                file.seek(0)
                stream = Input(file.fileno())
                stream.resume()
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                stream.pause()
                for _ in range(5):
                    await asyncio.sleep(0)
                assert stream.readable_ended is False
                stream.destroy()
                await event(stream, "close")

        run(main)

    def it_keeps_nothing_running_while_it_is_paused(self):
        script = """
from websocket_driver.node import process, run
process.stdin.on("data", lambda chunk: (print(chunk), process.stdin.pause()))
run()
"""
        code = f"""
import subprocess, sys
child = subprocess.Popen({[sys.executable, "-c", script]!r}, stdin=subprocess.PIPE)
child.stdin.write(b"x")
child.stdin.flush()
status = child.wait(10)
child.stdin.close()
sys.exit(status)
"""
        with program("-c", code) as child:
            assert finish(child) == "b'x'\n"

    def it_can_be_paused_before_the_loop_runs(self):
        script = """
from websocket_driver.node import process, run
process.stdin.on("data", print)
process.stdin.pause()
run()
"""
        with program("-c", script) as child:
            assert finish(child) == ""

    def it_is_not_read_any_more_when_a_script_is_interrupted(self):
        script = """
import signal
from websocket_driver.node import process, run, timers
process.stdin.on("data", print)
timers.set_timeout(signal.raise_signal, 20, signal.SIGINT)
try:
    run()
except KeyboardInterrupt:
    print("interrupted")
"""
        code = f"""
import subprocess, sys
child = subprocess.Popen({[sys.executable, "-c", script]!r}, stdin=subprocess.PIPE)
status = child.wait(10)
child.stdin.close()
sys.exit(status)
"""
        with program("-c", code) as child:
            assert finish(child) == "interrupted\n"


class DescribeStdout:
    def it_writes_in_order_with_print(self):
        script = """
from websocket_driver.node import process
print("one")
process.stdout.write("two\\n")
print("three")
process.stderr.write("")
"""
        with program("-c", script) as child:
            assert finish(child) == "one\ntwo\nthree\n"

    def it_is_not_ended_by_a_pipe(self, capfd):
        source = Pipe()
        source.pipe(process.stdout)
        source.push(b"hello")
        source.push(None)
        ticks()
        assert capfd.readouterr().out == "hello"
        assert process.stdout.writable is True
        assert process.stdout.readable is False

    def it_knows_its_descriptor_and_whether_it_is_a_terminal(self, capfd):
        assert process.stderr.fd == sys.stderr.fileno()
        assert (process.stderr.is_tty, process.stderr.isTTY) == (False, False)

    def it_writes_to_a_stream_of_text_too(self, monkeypatch):
        class Text:
            encoding = None
            written = ""

            def fileno(self):
                raise OSError("not a file")

            def write(self, text):
                self.written += text

            def flush(self):
                pass

        file = Text()
        monkeypatch.setattr(sys, "stdout", file)
        Output("stdout").write("hällo")
        assert file.written == "hällo"

    def it_fails_and_waits_as_the_system_says(self, monkeypatch):
        class File:
            def __init__(self, descriptor):
                self.descriptor = descriptor

            def fileno(self):
                return self.descriptor

            def flush(self):
                pass

        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        monkeypatch.setattr(sys, "stdout", File(writing))
        stream, received = Output("stdout"), list[Any]()
        log = Log(stream, *STREAM)

        def read():
            while sum(received) < 300_000:
                received.append(len(os.read(reading, 65536)))
            os.close(reading)

        thread = threading.Thread(target=read)
        thread.start()
        stream.write(bytes(300_000))
        thread.join(15)
        assert sum(received) == 300_000
        stream.write(b"x")
        ticks()
        assert log == [("error", "EPIPE"), ("close",)]
        os.close(writing)

    def it_fails_if_nobody_reads(self):
        script = """
import os
from websocket_driver.node import process, run
reading, writing = os.pipe()
os.close(reading)
os.dup2(writing, 1)
process.stdout.on("error", lambda error: process.stderr.write(error.code))
process.stdout.write("x")
process.next_tick(lambda: None)
run()
os._exit(0)
"""
        with program("-c", script) as child:
            output, errors = child.communicate(timeout=15)
            assert (output, errors, child.returncode) == ("", "EPIPE", 0)

    def it_waits_for_a_terminal_that_does_not_block(self):
        script = """
import os, threading, time
from websocket_driver.node import process
reading, writing = os.pipe()
os.set_blocking(writing, False)
os.dup2(writing, 1)
size = 300_000
received = []
def read():
    while sum(received) < size:
        received.append(len(os.read(reading, 65536)))
thread = threading.Thread(target=read)
thread.start()
process.stdout.write(bytes(size))
thread.join()
process.stderr.write(str(sum(received)))
os._exit(0)
"""
        with program("-c", script) as child:
            output, errors = child.communicate(timeout=15)
            assert (output, errors, child.returncode) == ("", "300000", 0)
