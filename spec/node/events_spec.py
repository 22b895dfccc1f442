"""Waiting for events."""

from __future__ import annotations

import asyncio

import pyee
import pytest

from spec.node.support import close, listening, node_error
from spec.wires import run
from websocket_driver.node import events, net


class Source(events.EventEmitter):
    """An emitter that can be paused."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def pause(self):
        self.calls.append("pause")

    def resume(self):
        self.calls.append("resume")


class DescribeOnce:
    @pytest.mark.parametrize("emitter", [None, "x", object(), pyee.EventEmitter()])
    @pytest.mark.parametrize("wait", [events.once, events.on])
    def it_refuses_what_is_not_an_emitter(self, wait, emitter):
        async def main():
            with pytest.raises(TypeError, match="`emitter` must be an EventEmitter of websocket"):
                wait(emitter, "greeting")

        run(main)

    def it_waits_for_an_event_and_returns_its_arguments(self):
        async def main():
            emitter = Source()
            waiting = events.once(emitter, "greeting")
            emitter.emit("greeting", "hello", "world")
            emitter.emit("greeting", "again")
            assert await waiting == ("hello", "world")
            await asyncio.sleep(0)
            assert emitter.event_names() == set()

        run(main)

    def it_raises_an_error_that_comes_first(self):
        """test-events-once.js"""

        async def main():
            emitter = Source()
            waiting = events.once(emitter, "greeting")
            emitter.emit("error", ValueError("no"))
            with pytest.raises(ValueError, match="no"):
                await waiting
            await asyncio.sleep(0)
            assert emitter.event_names() == set()

        run(main)

    def it_can_wait_for_an_error(self):
        async def main():
            emitter, error = Source(), ValueError("no")
            waiting = events.once(emitter, "error")
            emitter.emit("error", error)
            assert await waiting == (error,)

        run(main)

    def it_can_be_cancelled(self):
        async def main():
            emitter = Source()
            waiting = events.once(emitter, "greeting")
            waiting.cancel()
            emitter.emit("greeting", 1)
            waiting = events.once(emitter, "greeting")
            waiting.cancel()
            emitter.emit("error", ValueError())
            await asyncio.sleep(0)
            assert emitter.event_names() == set()

        run(main)

    def it_works_with_sockets(self):
        async def main():
            server, port = await listening()
            connected = events.once(server, "connection")
            client = net.connect(port, "127.0.0.1")
            (connection,) = await connected
            connection.write(b"hello")
            assert await events.once(client, "data") == (b"hello",)
            await close(server, connection, client)

        run(main)

    def it_needs_a_running_loop(self):
        with pytest.raises(RuntimeError):
            events.once(Source(), "greeting")


@pytest.mark.parametrize("emitter", [None, {}, "socket", object()])
def it_needs_an_emitter(emitter):
    """test-events-once.js, test-events-on-async-iterator.js"""

    async def main():
        for function in (events.once, events.on):
            with pytest.raises(TypeError, match="`emitter` must be an EventEmitter") as caught:
                function(emitter, "greeting")
            assert node_error(caught).code == "ERR_INVALID_ARG_TYPE"

    run(main)


class DescribeOn:
    def it_goes_through_all_events_from_the_call_on(self):
        async def main():
            emitter = Source()
            iterator = events.on(emitter, "greeting", close=["bye"])
            emitter.emit("greeting", 1)
            emitter.emit("greeting", 2, 3)
            asyncio.get_running_loop().call_soon(emitter.emit, "greeting", 4)
            asyncio.get_running_loop().call_soon(emitter.emit, "bye")
            assert [arguments async for arguments in iterator] == [(1,), (2, 3), (4,)]
            assert emitter.event_names() == set()

        run(main)

    def it_raises_an_error_after_what_came_before_it(self):
        async def main():
            emitter, found = Source(), []
            iterator = events.on(emitter, "greeting")
            emitter.emit("greeting", 1)
            emitter.emit("error", ValueError("no"))
            with pytest.raises(ValueError, match="no"):
                async for arguments in iterator:
                    found.append(arguments)
            assert found == [(1,)]
            with pytest.raises(StopAsyncIteration):
                await anext(iterator)

        run(main)

    def it_raises_an_error_at_whoever_waits(self):
        async def main():
            emitter = Source()
            waiting = asyncio.ensure_future(anext(events.on(emitter, "greeting")))
            await asyncio.sleep(0)
            emitter.emit("error", ValueError("no"))
            with pytest.raises(ValueError, match="no"):
                await waiting

        run(main)

    def it_can_go_through_errors(self):
        async def main():
            emitter, error = Source(), ValueError("no")
            iterator = events.on(emitter, "error")
            emitter.emit("error", error)
            assert await anext(iterator) == (error,)
            await iterator.aclose()

        run(main)

    def it_ends_for_whoever_waits_when_it_is_closed(self):
        async def main():
            emitter = Source()
            iterator = events.on(emitter, "greeting")
            waiting = [asyncio.ensure_future(anext(iterator)) for _ in range(2)]
            await asyncio.sleep(0)
            waiting[0].cancel()
            await asyncio.sleep(0)
            await iterator.aclose()
            with pytest.raises(StopAsyncIteration):
                await waiting[1]

        run(main)

    def it_gives_an_event_to_the_next_if_one_does_not_wait_any_more(self):
        async def main():
            emitter = Source()
            iterator = events.on(emitter, "greeting")
            waiting = [asyncio.ensure_future(anext(iterator)) for _ in range(2)]
            await asyncio.sleep(0)
            waiting[0].cancel()
            await asyncio.sleep(0)
            emitter.emit("greeting", 1)
            assert await waiting[1] == (1,)
            await iterator.aclose()

        run(main)

    def it_pauses_the_emitter_while_too_many_wait(self):
        async def main():
            emitter = Source()
            iterator = events.on(emitter, "data", high_water_mark=2, low_water_mark=2)
            for number in range(4):
                emitter.emit("data", number)
            assert emitter.calls == ["pause"]
            assert [await anext(iterator) for _ in range(2)] == [(0,), (1,)]
            assert emitter.calls == ["pause"]
            assert await anext(iterator) == (2,)
            assert emitter.calls == ["pause", "resume"]
            await iterator.aclose()

        run(main)

    @pytest.mark.parametrize(
        ("option", "value", "kind"),
        [
            ("high_water_mark", 0, ValueError),
            ("low_water_mark", -1, ValueError),
            ("high_water_mark", 1.5, TypeError),
            ("low_water_mark", True, TypeError),
        ],
    )
    def it_refuses_marks_that_are_none(self, option, value, kind):
        with pytest.raises(kind, match=f"`{option}` must be"):
            events.on(Source(), "data", **{option: value})


class DescribeNodesTests:
    """test/parallel/test-event-emitter-*.js, where this emitter behaves like Node's."""

    @pytest.mark.parametrize("number", range(6))
    def it_passes_on_any_number_of_arguments(self, number):
        """test-event-emitter-num-args.js, test-event-emitter-once.js"""
        emitter, calls = events.EventEmitter(), []
        emitter.once("event", lambda *arguments: calls.append(("once", *arguments)))
        emitter.on("event", lambda *arguments: calls.append(("on", *arguments)))
        for _ in range(2):
            emitter.emit("event", *range(number))
        assert calls == [("once", *range(number)), *[("on", *range(number))] * 2]

    def it_calls_a_listener_of_once_again_only_if_it_is_added_again(self):
        """test-event-emitter-once.js"""
        emitter, calls = events.EventEmitter(), list[str]()

        def first():
            calls.append("first")
            emitter.emit("event")

        emitter.once("event", first)
        emitter.once("event", lambda: calls.append("second"))
        emitter.emit("event")
        emitter.emit("event")
        assert calls == ["first", "second"]

    def it_calls_the_listeners_that_there_were_when_it_was_emitted(self):
        """test-event-emitter-modify-in-emit.js"""
        emitter, calls = events.EventEmitter(), list[str]()

        def first():
            calls.append("first")
            emitter.on("event", second)
            emitter.on("event", third)
            emitter.remove_listener("event", first)

        def second():
            calls.append("second")
            emitter.remove_listener("event", second)
            emitter.remove_listener("event", third)

        def third():
            calls.append("third")

        emitter.on("event", first)
        for expected in (["first"], ["first", "second", "third"], ["first", "second", "third"]):
            emitter.emit("event")
            assert calls == expected

    def it_calls_prepended_listeners_first(self):
        """test-event-emitter-prepend.js"""
        emitter, calls = events.EventEmitter(), list[str]()
        emitter.on("event", lambda: calls.append("last"))
        emitter.prepend_listener("event", lambda: calls.append("second"))
        emitter.prepend_once_listener("event", lambda: calls.append("first"))
        emitter.emit("event")
        assert calls == ["first", "second", "last"]

    def it_returns_a_new_list_of_listeners(self):
        """test-event-emitter-listeners.js, test-event-emitter-listener-count.js"""
        emitter = events.EventEmitter()
        emitter.on("event", print)
        emitter.once("event", len)
        listeners = emitter.listeners("event")
        emitter.remove_all_listeners("event")
        assert (listeners, emitter.listeners("event")) == ([print, len], [])
        assert (emitter.listener_count("event"), emitter.listener_count("other")) == (0, 0)

    def it_announces_each_listener_that_it_removes(self):
        """test-event-emitter-remove-listeners.js"""
        emitter, removed = events.EventEmitter(), []
        for listener in (print, len):
            emitter.on("event", listener)
        emitter.once("once", repr)

        @emitter.on("removeListener")
        def announced(event, listener):
            removed.append((event, listener, emitter.listeners(event)))
            emitter.off("event", len)

        emitter.remove_listener("event", repr)
        assert removed == []
        emitter.remove_listener("event", print)
        assert removed == [("event", print, [len]), ("event", len, [])]
        emitter.emit("once", "")
        assert removed[2:] == [("once", repr, [])]

    def it_does_not_announce_the_only_listener_for_that(self):
        """test-event-emitter-remove-listeners.js"""
        emitter, removed = events.EventEmitter(), list[tuple[object, ...]]()
        emitter.on("remove_listener", removed_one := lambda *listener: removed.append(listener))
        emitter.off("removeListener", removed_one)
        assert removed == []

    def it_announces_the_last_listener_first_when_it_removes_all(self):
        """test-event-emitter-remove-all-listeners.js"""
        emitter, removed = events.EventEmitter(), []
        emitter.on("remove_listener", lambda event, listener: removed.append((event, listener)))
        emitter.remove_all_listeners("event")
        for event, listener in (("a", print), ("a", len), ("b", print), ("b", repr)):
            emitter.on(event, listener)
        emitter.on("remove_listener", print_none := lambda *_: None)
        emitter.remove_all_listeners("a")
        assert removed == [("a", len), ("a", print)]
        assert emitter.listeners("b") == [print, repr]
        emitter.remove_all_listeners()
        assert removed[2:] == [("b", repr), ("b", print), ("remove_listener", print_none)]
        assert emitter.event_names() == set()

    def it_lists_the_wrappers_of_listeners_that_are_called_once(self):
        """test-event-emitter-listeners.js"""
        emitter, calls = events.EventEmitter(), list[str]()
        emitter.once("event", once := lambda: calls.append("once"))
        emitter.on("event", on := lambda: calls.append("on"))
        wrapper, plain = emitter.raw_listeners("event")
        assert (getattr(wrapper, "listener", None), plain) == (once, on)
        wrapper()
        assert (calls, emitter.rawListeners("event")) == (["once"], [on])
        assert emitter.raw_listeners("other") == []

    def it_has_events_of_any_name(self):
        """test-event-emitter-special-event-names.js"""
        emitter, calls = events.EventEmitter(), list[int]()
        for name in ("__proto__", "__class__", "__dict__"):
            emitter.on(name, calls.append)
            assert emitter.emit(name, 1) is True
        assert calls == [1, 1, 1]
        assert emitter.event_names() == {"__proto__", "__class__", "__dict__"}

    def it_raises_an_error_that_nobody_listens_to(self):
        """test-event-emitter-errors.js"""
        emitter, error = events.EventEmitter(), ValueError("no")
        with pytest.raises(ValueError, match="no") as caught:
            emitter.emit("error", error)
        assert caught.value is error
        for argument in ("Accepts a string", {"message": "Error!"}):
            with pytest.raises(Exception, match="Uncaught, unspecified 'error' event"):
                emitter.emit("error", argument)
