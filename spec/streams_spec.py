"""The two streams of a driver, and `pipe()`, which is that of Node's `Stream`."""

from __future__ import annotations

import asyncio
import io
import socket
import sys
from typing import Any
from unittest.mock import Mock

import pytest

import websocket_driver as websocket
from spec.support import Collector, record
from websocket_driver.emitter import EventEmitter
from websocket_driver.streams import Stream

STREAM_EVENTS = ("data", "drain", "error", "end", "close", "pipe")

REQUEST = {
    "Host": "example.com",
    "Connection": "upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}


class Source(Stream):
    """A stream that records the calls of its methods."""

    def __init__(self, full=False):
        super().__init__()
        self.calls = []
        self.full = full

    def write(self, chunk):
        self.calls.append(("write", chunk))
        return not self.full

    def pause(self):
        self.calls.append("pause")

    def resume(self):
        self.calls.append("resume")

    def end(self, chunk=None):
        self.calls.append("end")

    def destroy(self):
        self.calls.append("destroy")


class Calls:
    """An object with the methods `names`, which records the calls."""

    def __init__(self, *names):
        self.calls = []
        for name in names:
            setattr(self, name, self._method(name))

    def _method(self, name):
        return lambda *arguments: self.calls.append((name, *arguments))

    def write(self, chunk):
        self.calls.append(("write", chunk))


@pytest.fixture
def driver():
    driver = websocket.http(
        websocket.Request("GET", "/", REQUEST), {"protocols": ["a"], "require_masking": False}
    )
    driver.start()
    return driver


@pytest.fixture
def io_events(driver):
    return record(driver.io, *STREAM_EVENTS)


@pytest.fixture
def message_events(driver):
    return record(driver.messages, *STREAM_EVENTS)


class DescribeIO:
    def it_is_readable_and_writable(self, driver):
        assert (driver.io.readable, driver.io.writable) == (True, True)

    def it_gives_the_bytes_for_the_peer(self, driver, io_events):
        driver.text("Hi")
        driver.binary(b"\x00")
        assert io_events == [("data", b"\x81\x02Hi"), ("data", b"\x82\x01\x00")]

    class DescribeWrite:
        @pytest.mark.parametrize("wrap", [bytes, bytearray, memoryview, list])
        def it_parses_bytes_from_the_peer(self, driver, message_events, wrap):
            assert driver.io.write(wrap(b"\x81\x02Hi")) is True
            assert message_events == [("data", "Hi")]

        def it_sends_what_the_bytes_call_for(self, driver, io_events):
            assert driver.io.write(b"\x89\x01?") is True
            assert io_events == [("data", b"\x8a\x01?")]

        def it_raises_for_what_is_no_input(self, driver):
            with pytest.raises(TypeError, match="Input must be bytes"):
                driver.io.write("\x81\x02Hi")

        def it_lets_through_what_a_listener_raises_and_loses_no_input(self, driver):
            messages = []

            @driver.messages.on("data")
            def listener(message):
                messages.append(message)
                raise RuntimeError(message)

            with pytest.raises(RuntimeError, match="1") as raised:
                driver.io.write(b"\x81\x011\x81\x012")
            assert messages == ["1", "2"]
            assert str(raised.value.__context__) == "2"

    class DescribeEnd:
        def it_ends_the_messages(self, driver, io_events, message_events):
            assert driver.io.end() is None
            assert (io_events, message_events) == ([], [("end",)])
            assert (driver.messages.readable, driver.messages.writable) == (False, False)
            assert (driver.io.readable, driver.io.writable) == (True, False)

        def it_parses_a_last_chunk(self, driver, message_events):
            driver.io.end(b"\x81\x02Hi")
            assert message_events == [("data", "Hi"), ("end",)]

        def it_ends_the_messages_once(self, driver, message_events):
            driver.io.end()
            driver.io.end(b"\x81\x02Hi")
            driver.io.destroy()
            assert message_events == [("end",)]

        def it_takes_nothing_more(self, driver, message_events):
            driver.io.end()
            assert driver.io.write(b"\x81\x02Hi") is False
            assert driver.messages.write("Hi") is False
            assert message_events == [("end",)]

        def it_does_not_end_the_messages_after_a_close(self, driver, message_events):
            events = record(driver, "close", into=message_events)
            driver.io.write(b"\x88\x02\x03\xe8")
            driver.io.end()
            assert events == [("end",), ("close", 1000, "")]

        def it_does_not_send_a_close(self, driver, io_events):
            driver.io.end()
            assert io_events == []
            assert driver.get_state() == "open"

    class DescribeDestroy:
        def it_is_the_same_as_end(self, driver, message_events):
            assert driver.io.destroy() is None
            assert message_events == [("end",)]
            assert driver.io.writable is False

    class DescribePause:
        """The wire is full: no source may produce bytes for it."""

        def it_has_both_streams_ask_for_a_pause(self, driver, message_events, io_events):
            assert driver.io.pause() is None
            assert driver.io.write(b"\x81\x02Hi") is False
            assert driver.messages.write("Ho") is False
            assert message_events == [("data", "Hi")]
            assert io_events == [("data", b"\x81\x02Ho")]

    class DescribeResume:
        def it_drains_both_streams(self, driver):
            driver.io.pause()
            log = []
            driver.io.on("drain", lambda: log.append("io"))
            driver.messages.on("drain", lambda: log.append("messages"))
            assert driver.io.resume() is None
            assert log == ["io", "messages"]
            assert driver.io.write(b"\x81\x02Hi") is True
            assert driver.messages.write("Ho") is True

        def it_is_over_when_the_drain_is_emitted(self, driver):
            driver.io.pause()
            results = []
            driver.io.on("drain", lambda: results.append(driver.io.write(b"\x81\x02Hi")))
            driver.io.on("drain", lambda: results.append(driver.messages.write("Ho")))
            driver.io.resume()
            assert results == [True, True]


class DescribeMessages:
    def it_is_readable_and_writable(self, driver):
        assert (driver.messages.readable, driver.messages.writable) == (True, True)

    def it_gives_text_and_bytes(self, driver, message_events):
        driver.parse(b"\x81\x02Hi\x82\x01\xff")
        assert message_events == [("data", "Hi"), ("data", b"\xff")]

    def it_passes_errors_on(self, driver, message_events):
        driver.parse(b"\x83\x00")
        assert message_events == [("error", "Unrecognized frame opcode: 3"), ("end",)]

    class DescribeWrite:
        def it_sends_text(self, driver, io_events):
            assert driver.messages.write("Hi") is True
            assert io_events == [("data", b"\x81\x02Hi")]

        @pytest.mark.parametrize("wrap", [bytes, bytearray, memoryview, list])
        def it_sends_bytes(self, driver, io_events, wrap):
            assert driver.messages.write(wrap(b"Hi")) is True
            assert io_events == [("data", b"\x82\x02Hi")]

        def it_returns_true_while_the_driver_connects(self):
            driver = websocket.http(websocket.Request("GET", "/", REQUEST))
            assert driver.messages.write("Hi") is True

        def it_raises_for_what_is_no_message(self, driver):
            with pytest.raises(TypeError, match="A message must be"):
                driver.messages.write(None)

        def it_returns_false_when_the_connection_is_closed(self, driver, io_events):
            driver.parse(b"\x88\x02\x03\xe8")
            io_events.clear()
            assert driver.messages.write("Hi") is False
            assert io_events == []

    class DescribeEnd:
        def it_leaves_the_connection_open(self, driver, io_events, message_events):
            assert driver.messages.end() is None
            assert driver.messages.write("Hi") is True
            assert io_events == [("data", b"\x81\x02Hi")]
            assert message_events == []
            assert driver.get_state() == "open"

        @pytest.mark.parametrize(
            ("message", "frame"), [("Hi", b"\x81\x02Hi"), (b"Hi", b"\x82\x02Hi"), ("", b"\x81\x00")]
        )
        def it_sends_a_last_message(self, driver, io_events, message, frame):
            assert driver.messages.end(message) is None
            assert io_events == [("data", frame)]

    class DescribeDestroy:
        def it_does_nothing(self, driver, io_events, message_events):
            assert driver.messages.destroy() is None
            assert (io_events, message_events) == ([], [])
            assert (driver.messages.readable, driver.messages.writable) == (True, True)

    class DescribePause:
        """The application is slow: the wire must slow down."""

        def it_has_the_wire_ask_for_a_pause(self, driver, message_events):
            assert driver.messages.pause() is None
            assert driver.io.write(b"\x81\x02Hi") is False
            assert driver.messages.write("Ho") is True
            assert message_events == [("data", "Hi")]

    class DescribeResume:
        def it_drains_the_wire_only(self, driver, io_events, message_events):
            driver.messages.pause()
            assert driver.messages.resume() is None
            assert (io_events, message_events) == ([("drain",)], [])
            assert driver.io.write(b"") is True

    class DescribeTheEnd:
        def it_comes_once_after_a_closing_handshake(self, driver, message_events):
            driver.close()
            assert message_events == []
            driver.parse(b"\x88\x02\x03\xe8")
            driver.io.end()
            assert message_events == [("end",)]

        def it_comes_once_after_a_failure(self, driver, message_events):
            driver.parse(b"\xff\xff")
            driver.io.end()
            driver.io.end()
            assert message_events[1:] == [("end",)]

        def it_comes_when_a_driver_is_closed_before_it_starts(self):
            driver = websocket.http(websocket.Request("GET", "/", REQUEST))
            events = record(driver.messages, *STREAM_EVENTS)
            driver.close()
            assert events == [("end",)]


class DescribeStream:
    @pytest.fixture
    def stream(self):
        return Stream()

    def it_drains_when_it_resumes(self, stream):
        events = record(stream, *STREAM_EVENTS)
        assert stream.pause() is None
        assert events == []
        assert stream.resume() is None
        assert events == [("drain",)]


class DescribePipe:
    @pytest.fixture
    def source(self):
        return Source()

    class DescribeIntoAStream:
        @pytest.fixture
        def destination(self):
            return Source()

        def it_returns_the_destination(self, source, destination):
            assert source.pipe(destination) is destination

        def it_emits_pipe_on_the_destination(self, source, destination):
            events = record(destination, "pipe")
            source.pipe(destination)
            assert events == [("pipe", source)]

        def it_writes_what_the_source_gives(self, source, destination):
            source.pipe(destination)
            source.emit("data", b"1")
            source.emit("data", "2")
            assert destination.calls == [("write", b"1"), ("write", "2")]
            assert source.calls == []

        def it_pauses_the_source_while_the_destination_is_full(self, source, destination):
            source.pipe(destination)
            destination.full = True
            source.emit("data", b"1")
            assert source.calls == ["pause"]
            destination.emit("drain")
            assert source.calls == ["pause", "resume"]

        def it_does_not_resume_a_source_that_has_ended(self, source, destination):
            source.pipe(destination)
            source.readable = False
            destination.emit("drain")
            assert source.calls == []

        def it_does_not_write_to_what_is_not_writable(self, source, destination):
            source.pipe(destination)
            destination.writable = False
            source.emit("data", b"1")
            assert (source.calls, destination.calls) == ([], [])

        def it_ends_the_destination_with_the_source(self, source, destination):
            source.pipe(destination)
            source.emit("end")
            source.emit("close")
            assert destination.calls == ["end"]

        def it_destroys_the_destination_if_the_source_closes(self, source, destination):
            source.pipe(destination)
            source.emit("close")
            source.emit("end")
            assert destination.calls == ["destroy"]

        @pytest.mark.parametrize("event", ["end", "close"])
        @pytest.mark.parametrize("end", [False, {"end": False}])
        def it_leaves_the_destination_open_if_that_is_asked_for(
            self, source, destination, end, event
        ):
            source.pipe(destination, end)
            source.emit(event)
            assert destination.calls == []
            # It is unbound all the same.
            source.emit("data", b"1")
            destination.emit("drain")
            assert (source.calls, destination.calls) == ([], [])

        # Only False leaves it open, as in Node: pipe(destination, null) ends it.
        @pytest.mark.parametrize("end", [True, {"end": True}, {}, None, {"end": None}])
        def it_ends_the_destination_if_that_is_asked_for(self, source, destination, end):
            source.pipe(destination, end=end)
            source.emit("end")
            assert destination.calls == ["end"]

        def it_ends_the_destination_once_even_if_that_emits_the_end_again(self, source):
            class Echoing(Source):
                def end(self, chunk=None):
                    super().end(chunk)
                    source.emit("end")
                    source.emit("close")

            destination = source.pipe(Echoing())
            source.emit("end")
            assert destination.calls == ["end"]

        @pytest.mark.parametrize(
            "emit",
            [
                lambda source, destination: source.emit("end"),
                lambda source, destination: source.emit("close"),
                lambda source, destination: destination.emit("close"),
            ],
        )
        def it_leaves_no_listener_behind(self, source, destination, emit):
            source.pipe(destination)
            assert source.event_names() == {"data", "error", "end", "close"}
            assert destination.event_names() == {"drain", "error", "close"}
            emit(source, destination)
            assert (source.event_names(), destination.event_names()) == (set(), set())

        def it_takes_no_listener_away_that_is_not_its_own(self, source, destination):
            others = record(source, *STREAM_EVENTS), record(destination, *STREAM_EVENTS)
            source.pipe(destination)
            source.emit("end")
            source.emit("data", b"1")
            destination.emit("drain")
            assert others == ([("end",), ("data", b"1")], [("pipe", source), ("drain",)])

        def it_survives_a_listener_that_was_taken_away(self, source, destination):
            source.pipe(destination)
            source.remove_all_listeners("data")
            destination.remove_all_listeners()
            source.emit("end")
            assert destination.calls == ["end"]
            assert source.event_names() == set()

        def it_goes_on_to_other_destinations(self, source, destination):
            other = Source()
            source.pipe(destination)
            source.pipe(other)
            destination.emit("close")
            source.emit("data", b"1")
            assert (destination.calls, other.calls) == ([], [("write", b"1")])

        def it_can_be_chained(self, source, driver):
            wire = Collector()
            source.pipe(driver.io).pipe(wire)
            source.emit("data", b"\x89\x01?")
            assert wire.chunks == [b"\x8a\x01?"]

        class DescribeErrors:
            @pytest.fixture(params=["source", "destination"])
            def failing(self, request, source, destination):
                return {"source": source, "destination": destination}[request.param]

            def it_raises_one_that_nobody_else_listens_to(self, source, destination, failing):
                source.pipe(destination)
                with pytest.raises(OSError, match="broken"):
                    failing.emit("error", OSError("broken"))
                assert (source.event_names(), destination.event_names()) == (set(), set())

            @pytest.mark.parametrize("before", [True, False])
            def it_gives_one_to_a_listener_once(self, source, destination, failing, before):
                errors: list[Any] = []
                if before:
                    failing.on("error", errors.append)
                source.pipe(destination)
                if not before:
                    failing.on("error", errors.append)

                error = OSError("broken")
                failing.emit("error", error)
                assert errors == [error]
                source.emit("data", b"1")
                assert ("write", b"1") not in destination.calls

            @pytest.mark.parametrize("before", [True, False])
            def it_gives_one_to_a_listener_that_asked_for_one_only(
                self, source, destination, failing, before
            ):
                errors: list[Any] = []
                if before:
                    failing.once("error", errors.append)
                source.pipe(destination)
                if not before:
                    failing.once("error", errors.append)

                error = OSError("broken")
                failing.emit("error", error)
                assert errors == [error]

            def it_leaves_a_destination_that_fails_alone(self, source, destination):
                destination.on("error", lambda error: None)
                source.pipe(destination)
                destination.emit("error", OSError("broken"))
                source.emit("end")
                source.emit("close")
                assert destination.calls == []

            def it_ends_the_destination_of_a_source_that_fails(self, source, destination):
                source.on("error", lambda error: None)
                source.pipe(destination)
                source.emit("error", OSError("broken"))
                source.emit("end")
                source.emit("close")
                assert destination.calls == ["end"]

            def it_ends_it_where_nobody_listens_to_the_error(self, source, destination):
                source.pipe(destination)
                with pytest.raises(OSError, match="broken"):
                    source.emit("error", OSError("broken"))
                assert destination.calls == ["end"]

            def it_leaves_the_destination_open_if_that_was_asked_for(self, source, destination):
                source.on("error", lambda error: None)
                source.pipe(destination, end=False)
                source.emit("error", OSError("broken"))
                assert destination.calls == []

            def it_raises_once_for_two_pipes(self, source, destination):
                source.pipe(destination)
                source.pipe(Source())
                with pytest.raises(OSError, match="broken"):
                    source.emit("error", OSError("broken"))
                assert source.event_names() == set()

            def it_says_nothing_when_it_is_unbound_already(self, source, destination):
                # As the listeners of an event are called that were there when it was emitted.
                errors: list[Any] = []
                source.on("error", lambda error: destination.emit("close"))
                source.on("error", errors.append)
                source.pipe(destination)
                error = OSError("broken")
                source.emit("error", error)
                assert errors == [error]

    class DescribeBetweenTheStreamsOfADriver:
        def it_echoes_messages(self, driver):
            wire = driver.io.pipe(Collector())
            driver.messages.pipe(driver.messages)
            driver.parse(b"\x81\x02Hi\x82\x01\xff")
            assert wire.chunks == [b"\x81\x02Hi", b"\x82\x01\xff"]

        def it_stops_echoing_when_the_connection_closes(self, driver, message_events):
            wire = driver.io.pipe(Collector())
            driver.messages.pipe(driver.messages)
            driver.parse(b"\x88\x02\x03\xe8")
            assert wire.chunks == [b"\x88\x02\x03\xe8"]
            assert message_events == [("pipe", driver.messages), ("end",)]
            assert driver.messages.listener_count("data") == 0

        def it_slows_the_wire_down_when_an_echo_does_not_get_through(self, driver):
            driver.io.pipe(Collector())
            driver.messages.pipe(driver.messages)
            driver.io.pause()
            assert driver.io.write(b"\x81\x02Hi") is False
            driver.io.resume()
            assert driver.io.write(b"\x81\x02Hi") is True

        def it_gives_an_error_to_each_listener_once(self, driver, message_events):
            driver.messages.pipe(driver.messages)
            driver.messages.emit("error", OSError("broken"))
            assert message_events == [("pipe", driver.messages), ("error", "broken")]
            assert driver.messages.listener_count("data") == 1

        def it_raises_an_error_of_a_stream_piped_into_itself_once(self, source):
            source.pipe(source)
            with pytest.raises(OSError, match="broken"):
                source.emit("error", OSError("broken"))
            assert source.event_names() == set()

        def it_carries_back_pressure_from_the_wire_to_who_writes_messages(self, driver, source):
            wire = Source(full=True)
            driver.io.pipe(wire)
            source.pipe(driver.messages)

            source.emit("data", "Hi")
            assert wire.calls == [("write", b"\x81\x02Hi")]
            assert source.calls == ["pause"]

            wire.emit("drain")
            assert source.calls == ["pause", "resume"]

        def it_carries_back_pressure_from_the_application_to_the_wire(self, driver, source):
            application = Source(full=True)
            driver.messages.pipe(application)
            source.pipe(driver.io)

            source.emit("data", b"\x81\x02Hi")
            assert application.calls == [("write", "Hi")]
            assert source.calls == ["pause"]

            application.emit("drain")
            assert source.calls == ["pause", "resume"]

        def it_ends_the_messages_with_the_wire(self, driver, source):
            application = Source()
            driver.messages.pipe(application)
            source.pipe(driver.io)
            source.emit("end")
            assert application.calls == ["end"]

        def it_does_not_end_the_connection_with_one_source_of_messages(self, driver, source):
            source.pipe(driver.messages)
            source.emit("end")
            assert driver.get_state() == "open"
            assert driver.messages.write("Hi") is True

        def it_joins_two_drivers(self):
            client, server = websocket.client("ws://example.com/"), websocket.server()
            server.on("connect", lambda event: server.start())
            client.io.pipe(server.io)
            server.io.pipe(client.io)
            server.messages.pipe(server.messages)
            events = record(client.messages, *STREAM_EVENTS)

            client.start()
            client.messages.write("Hi")
            client.close()
            assert events == [("data", "Hi"), ("end",)]
            assert (client.get_state(), server.get_state()) == ("closed", "closed")

    class DescribeIntoAnEmitter:
        """An emitter of pyee that is not one of this package."""

        def it_waits_for_its_drain(self, source):
            class Writer(EventEmitter):
                def write(self, chunk):
                    return False

            writer = source.pipe(Writer())
            source.emit("data", b"1")
            assert source.calls == ["pause"]
            writer.emit("drain")
            assert source.calls == ["pause", "resume"]

    class DescribeIntoAnyObjectWithWrite:
        def it_needs_no_more_than_that(self, source):
            target = source.pipe(Calls())
            source.emit("data", b"1")
            source.emit("end")
            source.emit("data", b"2")
            assert target.calls == [("write", b"1")]

        def it_writes_to_a_double_that_answers_any_call(self, source):
            target = source.pipe(Mock())
            source.emit("data", b"1")
            assert target.write.call_args_list == [((b"1",),)]

        @pytest.mark.parametrize(
            ("event", "names", "called"),
            [
                ("end", ("end", "close", "destroy"), "end"),
                ("end", ("close", "destroy"), "close"),
                ("close", ("end", "close", "destroy"), "destroy"),
                ("close", ("end", "close"), "end"),
                ("close", ("close",), "close"),
            ],
        )
        def it_is_ended_by_what_it_has(self, source, event, names, called):
            target = source.pipe(Calls(*names))
            source.emit(event)
            assert target.calls == [(called,)]

        @pytest.mark.parametrize("result", [None, True, 0, 5])
        def it_is_full_only_if_it_says_false(self, source, result):
            class Writer:
                def write(self, chunk):
                    return result

            source.pipe(Writer())
            source.emit("data", b"1")
            assert source.calls == []

        def it_raises_what_writing_raises(self, source):
            class Broken:
                def write(self, chunk):
                    raise BrokenPipeError("gone")

            source.pipe(Broken())
            with pytest.raises(BrokenPipeError):
                source.emit("data", b"1")

        def it_raises_errors_of_the_source_that_nobody_else_listens_to(self, source):
            target = source.pipe(Calls("close"))
            with pytest.raises(OSError, match="broken"):
                source.emit("error", OSError("broken"))
            source.emit("data", b"1")
            assert target.calls == [("close",)]

    class DescribeIntoAFile:
        def it_writes_and_closes_it(self, source, tmp_path):
            path = tmp_path / "out"
            target = source.pipe(path.open("wb"))
            source.emit("data", b"1")
            source.emit("data", b"")
            source.emit("data", b"2")
            source.emit("end")
            assert target.closed
            assert path.read_bytes() == b"12"
            assert source.calls == []

        def it_leaves_it_open_if_that_is_asked_for(self, source):
            target = source.pipe(io.BytesIO(), end=False)
            source.emit("data", b"1")
            source.emit("end")
            assert target.getvalue() == b"1"

        def it_raises_if_it_is_open_for_reading_only(self, source, tmp_path):
            path = tmp_path / "in"
            path.write_bytes(b"")
            with path.open("rb") as target:
                source.pipe(target)
                with pytest.raises(io.UnsupportedOperation):
                    source.emit("data", b"1")

        def it_writes_to_the_file_of_a_socket(self, driver):
            ours, theirs = socket.socketpair()
            with theirs:
                driver.io.pipe(ours.makefile("wb", buffering=0))
                driver.text("Hi")
                assert theirs.recv(100) == b"\x81\x02Hi"
                driver.io.emit("end")
                ours.close()
                assert theirs.recv(100) == b""

    class DescribeIntoStandardOutput:
        @pytest.mark.parametrize("name", ["stdout", "stderr"])
        @pytest.mark.parametrize("event", ["end", "close"])
        def it_writes_and_leaves_it_open(self, source, capsys, name, event):
            target = source.pipe(getattr(sys, name))
            source.emit("data", "Hi")
            source.emit(event)
            source.emit("data", "too late")
            target.write("!")
            assert getattr(capsys.readouterr(), name[3:]) == "Hi!"

        @pytest.mark.parametrize("name", ["stdout", "stderr"])
        def it_leaves_its_buffer_open_too(self, source, capsysbinary, name):
            target = source.pipe(getattr(sys, name).buffer)
            source.emit("data", b"Hi")
            source.emit("end")
            target.write(b"!")
            assert getattr(capsysbinary.readouterr(), name[3:]) == b"Hi!"

        @pytest.mark.parametrize("name", ["__stdout__", "__stderr__"])
        def it_is_that_of_the_process_too(self, source, monkeypatch, name):
            # Where sys.stdout has been replaced, as pytest and many shells do.
            target = io.TextIOWrapper(io.BytesIO(), write_through=True)
            monkeypatch.setattr(sys, name, target)
            source.pipe(target)
            source.pipe(target.buffer)
            source.emit("end")
            assert (target.closed, target.buffer.closed) == (False, False)

        def it_is_none_where_there_is_none(self, source, monkeypatch):
            # pythonw.exe
            monkeypatch.setattr(sys, "stdout", None)
            monkeypatch.setattr(sys, "stderr", None)
            target = source.pipe(io.BytesIO())
            source.emit("end")
            assert target.closed

        def it_may_be_without_a_buffer(self, source, monkeypatch):
            output = io.StringIO()
            monkeypatch.setattr(sys, "stdout", output)
            source.pipe(sys.stdout)
            source.emit("data", "Hi")
            source.emit("end")
            assert output.getvalue() == "Hi"

    class DescribeIntoAsyncio:
        async def _pair(self):
            """A writer, and a reader at its far end."""
            ours, theirs = socket.socketpair()
            _, writer = await asyncio.open_connection(sock=ours)
            reader, other = await asyncio.open_connection(sock=theirs)
            return writer, reader, other

        @pytest.mark.parametrize("choose", ["writer", "transport"])
        def it_writes_and_closes(self, driver, choose):
            async def main():
                writer, reader, other = await self._pair()
                driver.io.pipe(writer if choose == "writer" else writer.transport)
                driver.text("Hi")
                driver.io.emit("end")
                assert await asyncio.wait_for(reader.read(), 5) == b"\x81\x02Hi"
                await writer.wait_closed()
                other.close()
                await other.wait_closed()

            asyncio.run(main())

        def it_leaves_it_open_if_that_is_asked_for(self, driver):
            async def main():
                writer, reader, other = await self._pair()
                driver.io.pipe(writer, end=False)
                driver.io.emit("end")
                assert not writer.is_closing()
                writer.write(b"!")
                assert await asyncio.wait_for(reader.read(1), 5) == b"!"
                for each in (writer, other):
                    each.close()
                    await each.wait_closed()

            asyncio.run(main())


class DescribeStreamsOfADriverThatHasClosed:
    @pytest.fixture
    def closed(self):
        driver = websocket.http(websocket.Request("GET", "/", {}))
        driver.messages.on("data", print)
        driver.close()
        return driver

    def it_pauses_for_nothing(self, closed):
        closed.io.pause()
        assert closed.io.write(b"x") is True
        closed.io.resume()
        closed.messages.resume()

    def it_counts_no_tasks(self, closed):
        async def main():
            async def listener():
                pass

            closed.messages.on("late", listener)
            closed.messages.emit("late")
            await asyncio.sleep(0)
            assert closed.io.flow.may_read is True

        asyncio.run(main())

    def it_counts_tasks_of_the_wire_while_it_is_open(self):
        async def main():
            driver = websocket.http(websocket.Request("GET", "/", {}), max_tasks=0)
            gate = asyncio.Event()
            driver.io.on("drain", gate.wait)
            driver.io.emit("drain")
            assert driver.io.flow.may_read is False
            gate.set()
            for _ in range(5):
                await asyncio.sleep(0)

        asyncio.run(main())

    def it_sends_on_once_what_waits_has_gone(self):
        driver = websocket.http(websocket.Request("GET", "/", {}), high_water_mark=1)
        drains = []
        driver.messages.on("drain", lambda: drains.append(1))
        assert driver.messages.write("xx") is False
        driver.io.pause()
        driver.io.resume()
        assert drains == []

    @pytest.mark.parametrize("destination", [5, None, "text", object()])
    def it_pipes_into_streams_only(self, closed, destination):
        with pytest.raises(TypeError, match=r"The destination of a pipe must have write\(\)"):
            closed.io.pipe(destination)

    def it_pipes_into_no_class(self, closed):
        message = r"^The destination of a pipe must be an instance, not the class Collector$"
        with pytest.raises(TypeError, match=message):
            closed.io.pipe(Collector)

    @pytest.mark.parametrize("end", [0, 1, "no", {"end": 0}, {"end": "no"}])
    def it_refuses_an_end_that_is_neither_true_nor_false(self, closed, end):
        message = r"^Whether a pipe ends its destination must be True or False, not (0|1|'no')$"
        with pytest.raises(TypeError, match=message):
            closed.io.pipe(Collector(), end)

    def it_names_the_streams_of_a_driver_that_is_a_destination(self, closed):
        with pytest.raises(TypeError, match=r"; did you mean its io or messages\?$"):
            closed.io.pipe(websocket.server())
