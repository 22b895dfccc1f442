"""A transport over another stream."""

import asyncio
import socket as bsd
from typing import Any

import pytest

from spec.wires import run
from websocket_driver.emitter import EventEmitter
from websocket_driver.node.net import Socket
from websocket_driver.node.tls.stream_transport import StreamTransport


class Stream(EventEmitter):
    """The smallest stream that TLS can run over."""

    def __init__(self):
        super().__init__()
        self.full = False
        self.calls = []

    def write(self, chunk):
        self.calls.append(chunk)
        return not self.full

    def end(self):
        self.calls.append("end")

    def pause(self):
        self.calls.append("pause")

    def resume(self):
        self.calls.append("resume")


class End:
    """A transport over a `Stream`, and its reports."""

    def __init__(self, stream=None):
        self.stream: Any = stream or Stream()
        self.log: list[Any] = []
        self.wants_more = True
        self.transport = StreamTransport(
            self.stream, self._data, lambda error: self.log.append(("end", error))
        )

    def _data(self, chunk):
        self.log.append(chunk)
        return self.wants_more

    def done(self):
        self.log.append("done")


class DescribeStreamTransport:
    @pytest.mark.parametrize("stream", [None, "text", 5, object(), {}])
    def it_refuses_what_is_not_a_stream(self, stream):
        with pytest.raises(TypeError, match=r"^`stream` must be a stream of bytes, not "):
            StreamTransport(stream, lambda chunk: True, lambda error: None)

    def it_reads_when_it_is_told_to(self):
        end = End()
        end.stream.emit("data", b"early")
        end.transport.start_reading()
        end.stream.emit("data", b"one")
        end.stream.emit("data", "två")
        end.stream.emit("end")
        assert end.log == [b"one", "två".encode(), ("end", None)]
        assert end.stream.calls == ["resume"]

    def it_pauses_the_stream_until_more_is_wanted(self):
        end = End()
        end.transport.start_reading()
        end.wants_more = False
        end.stream.emit("data", b"one")
        end.transport.start_reading()
        assert end.log == [b"one"]
        assert end.stream.calls == ["resume", "pause", "resume"]

    def it_waits_for_drain(self):
        end = End()
        end.transport.write(b"one", end.done)
        assert end.log == ["done"]
        end.stream.full = True
        end.transport.write(b"two", end.done)
        end.stream.emit("drain")
        end.stream.emit("drain")
        assert end.log == ["done", "done"]
        end.transport.write(b"three", end.done)
        end.transport.shut_down(end.done)
        assert end.stream.calls == [b"one", b"two", b"three", "end"]
        assert end.log == ["done", "done", "done"]

    def it_has_no_address_and_no_options_unless_the_stream_has(self):
        end = End()
        assert end.transport.is_tcp is False
        assert (end.transport.local_address, end.transport.remote_address) == (None, None)
        assert end.transport.write_queue_size == 0
        end.stream.writable_length = 7
        assert end.transport.write_queue_size == 7
        end.transport.set_option(bsd.IPPROTO_TCP, bsd.TCP_NODELAY, 1)
        assert end.stream.calls == []

    def it_sets_the_options_of_a_socket(self):
        calls = []

        class Recorder(Socket):
            def set_no_delay(self, *arguments):
                calls.append(("no delay", *arguments))

            def set_keep_alive(self, *arguments):
                calls.append(("keep alive", *arguments))

        transport = End(Recorder()).transport
        transport.set_option(bsd.IPPROTO_TCP, bsd.TCP_NODELAY, 0)
        transport.set_option(bsd.SOL_SOCKET, bsd.SO_KEEPALIVE, 1)
        transport.set_option(bsd.IPPROTO_TCP, bsd.TCP_KEEPIDLE, 5)
        transport.set_option(bsd.IPPROTO_TCP, bsd.TCP_KEEPCNT, 10)
        assert calls == [("no delay", False), ("keep alive", True), ("keep alive", True, 5000)]

    def it_ends_a_stream_that_cannot_be_destroyed(self):
        class Plain:
            """A stream that is not an emitter of this package."""

            def __init__(self):
                self.calls = []

            def on(self, event, listener):
                self.calls.append(event)

            write = pause = resume = lambda self, *arguments: None

            def end(self):
                self.calls.append("ended")

        async def main():
            end = End(Plain())
            closed = asyncio.get_running_loop().create_future()
            end.transport.close(lambda: closed.set_result(None))
            await closed
            assert end.stream.calls == ["drain", "end", "ended"]

        run(main)
