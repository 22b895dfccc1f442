"""The emitter of drivers and streams: pyee's, with the additional methods of Node's."""

from __future__ import annotations

import asyncio
import copy
import pickle
from typing import Any

import pyee
import pytest

from spec.support import record
from websocket_driver.emitter import EventEmitter, Raised, chain_of, emit_in_python


@pytest.fixture
def emitter():
    return EventEmitter()


class DescribeEventEmitter:
    def it_is_pyees(self, emitter):
        assert isinstance(emitter, pyee.EventEmitter)

    class DescribeOn:
        def it_adds_a_listener_and_returns_it(self, emitter):
            calls: list[Any] = []
            listener = calls.append
            assert emitter.on("data", listener) is listener
            emitter.emit("data", 1)
            emitter.emit("data", 2)
            assert calls == [1, 2]

        def it_decorates_a_function_and_leaves_it_as_it_is(self, emitter):
            calls = []

            @emitter.on("data")
            def listener(value):
                calls.append(value)

            emitter.emit("data", 1)
            listener(2)
            assert calls == [1, 2]

        def it_takes_a_listener_for_two_events(self, emitter):
            calls: list[Any] = []
            emitter.on("data", calls.append)
            emitter.on("end", calls.append)
            emitter.emit("data", 1)
            emitter.emit("end", 2)
            assert calls == [1, 2]

        def it_takes_a_listener_twice_for_one(self, emitter):
            calls: list[Any] = []
            emitter.on("data", calls.append)
            emitter.on("data", calls.append)
            emitter.emit("data", 1)
            assert calls == [1]
            assert emitter.listener_count("data") == 1

        def it_announces_a_new_listener_before_it_adds_it(self, emitter):
            events = record(emitter, "new_listener")
            events.clear()
            emitter.on("data", print)
            assert events == [("new_listener", "data", print)]

    class DescribeEmit:
        def it_calls_the_listeners_in_the_order_in_which_they_were_added(self, emitter):
            log = []
            for name in "bac":
                emitter.on("data", lambda name=name: log.append(name))
            emitter.emit("data")
            assert log == ["b", "a", "c"]

        def it_passes_all_arguments_on(self, emitter):
            calls = []
            emitter.on("data", lambda *args, **kwargs: calls.append((args, kwargs)))
            emitter.emit("data", 1, 2, three=3)
            assert calls == [((1, 2), {"three": 3})]

        def it_returns_whether_there_was_a_listener(self, emitter):
            assert emitter.emit("data", 1) is False
            emitter.on("data", lambda value: False)
            assert emitter.emit("data", 1) is True
            assert emitter.emit("end") is False

        def it_lets_through_what_a_listener_raises(self, emitter):
            calls: list[Any] = []

            @emitter.on("data")
            def listener(value):
                raise KeyError(value)

            emitter.on("data", calls.append)
            with pytest.raises(KeyError, match="1"):
                emitter.emit("data", 1)
            assert calls == []
            assert emitter.listener_count("data") == 2

        def it_calls_a_listener_that_is_added_meanwhile_the_next_time(self, emitter):
            calls: list[Any] = []
            emitter.on("data", lambda value: emitter.on("data", calls.append))
            emitter.emit("data", 1)
            assert calls == []
            emitter.emit("data", 2)
            assert calls == [2]

        def it_calls_a_listener_that_is_removed_meanwhile_a_last_time(self, emitter):
            # As in Node.
            calls: list[Any] = []
            emitter.on("data", lambda value: emitter.off("data", calls.append))
            emitter.on("data", calls.append)
            emitter.emit("data", 1)
            emitter.emit("data", 2)
            assert calls == [1]

        def it_calls_the_others_when_a_listener_removes_itself_or_all(self, emitter):
            calls: list[Any] = []

            @emitter.on("data")
            def first(value):
                emitter.off("data", first)

            emitter.on("data", calls.append)
            emitter.emit("data", 1)
            emitter.on("data", lambda value: emitter.remove_all_listeners())
            emitter.emit("data", 2)
            emitter.emit("data", 3)
            assert calls == [1, 2]

    class DescribeErrors:
        def it_raises_an_error_that_nobody_listens_to(self, emitter):
            error = ValueError("no good")
            with pytest.raises(ValueError, match="no good") as raised:
                emitter.emit("error", error)
            assert raised.value is error

        @pytest.mark.parametrize("arguments", [(), ("no good",), (None,)])
        def it_raises_something_for_what_is_no_exception(self, emitter, arguments):
            with pytest.raises(pyee.PyeeError):
                emitter.emit("error", *arguments)

        def it_gives_an_error_to_a_listener(self, emitter):
            events = record(emitter, "error")
            assert emitter.emit("error", ValueError("no good")) is True
            assert events == [("error", "no good")]

        def it_raises_again_when_the_listener_is_gone(self, emitter):
            emitter.once("error", lambda error: None)
            emitter.emit("error", ValueError("first"))
            with pytest.raises(ValueError, match="second"):
                emitter.emit("error", ValueError("second"))

    class DescribeOnce:
        def it_calls_the_listener_once(self, emitter):
            calls: list[Any] = []
            listener = calls.append
            assert emitter.once("data", listener) is listener
            assert emitter.emit("data", 1) is True
            assert emitter.emit("data", 2) is False
            assert calls == [1]

        def it_decorates_a_function(self, emitter):
            calls = []

            @emitter.once("data")
            def listener(value):
                calls.append(value)

            emitter.emit("data", 1)
            emitter.emit("data", 2)
            assert calls == [1]

        def it_removes_the_listener_before_it_calls_it(self, emitter):
            calls = []

            @emitter.once("data")
            def listener(value):
                calls.append(value)
                emitter.emit("data", value + 1)
                raise KeyError

            with pytest.raises(KeyError):
                emitter.emit("data", 1)
            assert calls == [1]
            assert emitter.event_names() == set()

        def it_can_be_removed(self, emitter):
            calls: list[Any] = []
            emitter.once("data", calls.append)
            emitter.off("data", calls.append)
            assert emitter.emit("data", 1) is False
            assert calls == []

    @pytest.mark.parametrize("name", ["off", "remove_listener", "removeListener"])
    class DescribeOff:
        def it_removes_a_listener(self, emitter, name):
            one: list[Any] = []
            two: list[Any] = []
            emitter.on("data", one.append)
            emitter.on("data", two.append)
            assert getattr(emitter, name)("data", one.append) is None
            emitter.emit("data", 1)
            assert (one, two) == ([], [1])

        def it_leaves_other_events_alone(self, emitter, name):
            calls: list[Any] = []
            emitter.on("data", calls.append)
            emitter.on("end", calls.append)
            getattr(emitter, name)("data", calls.append)
            emitter.emit("end", 1)
            assert calls == [1]

        def it_does_nothing_where_there_is_no_such_listener(self, emitter, name):
            getattr(emitter, name)("data", print)
            emitter.on("data", repr)
            getattr(emitter, name)("data", print)
            getattr(emitter, name)("end", repr)
            assert emitter.listeners("data") == [repr]

    class DescribeRemoveAllListeners:
        def it_removes_those_of_an_event(self, emitter):
            for event in ("data", "data", "end"):
                emitter.on(event, lambda: None)
            assert emitter.remove_all_listeners("data") is None
            assert emitter.emit("data") is False
            assert emitter.emit("end") is True

        def it_removes_those_of_all_events(self, emitter):
            emitter.on("data", print)
            emitter.once("end", print)
            emitter.remove_all_listeners()
            assert emitter.event_names() == set()

        def it_does_nothing_where_there_is_none(self, emitter):
            emitter.remove_all_listeners("data")
            emitter.remove_all_listeners()
            assert emitter.event_names() == set()

        def it_makes_an_error_raise_again(self, emitter):
            emitter.on("error", print)
            emitter.remove_all_listeners("error")
            with pytest.raises(ValueError, match="no good"):
                emitter.emit("error", ValueError("no good"))

    class DescribeWhatThereIs:
        def it_counts_listeners(self, emitter):
            assert emitter.listener_count("data") == 0
            emitter.on("data", print)
            emitter.once("data", repr)
            assert emitter.listener_count("data") == 2
            emitter.emit("data", "")
            assert emitter.listener_count("data") == 1

        def it_lists_listeners_in_order_as_they_were_given(self, emitter):
            emitter.once("data", repr)
            emitter.on("data", print)
            assert emitter.listeners("data") == [repr, print]
            assert emitter.listeners("end") == []

        def it_names_the_events_that_have_listeners(self, emitter):
            assert emitter.event_names() == set()
            emitter.on("data", print)
            emitter.on("end", print)
            emitter.on("close", print)
            assert emitter.event_names() == {"data", "end", "close"}
            emitter.remove_all_listeners("end")
            emitter.off("close", print)
            emitter.emit("drain")
            assert emitter.listener_count("drain") == 0
            assert emitter.event_names() == {"data"}

    class DescribeSetMaxListeners:
        def it_limits_nothing(self, recwarn):
            emitter, calls = EventEmitter(), []
            assert emitter.getMaxListeners() == 10
            assert emitter.setMaxListeners(emitter.get_max_listeners() - 9) is emitter
            for number in range(12):
                emitter.on("data", lambda number=number: calls.append(number))
            emitter.emit("data")
            assert calls == list(range(12))
            assert emitter.get_max_listeners() == 1
            assert EventEmitter().get_max_listeners() == 10
            assert not recwarn


class DescribeRaised:
    def it_raises_nothing_if_nothing_was_raised(self):
        raised = Raised()
        with raised:
            pass
        raised.reraise()  # nothing

    def it_goes_on_and_raises_the_first_at_the_end(self):
        steps, raised = [], Raised()
        first = ValueError("a")
        with raised:
            steps.append(1)
            raise first
        with raised:
            steps.append(2)
        with raised:
            raise KeyError("b")
        with pytest.raises(ValueError, match="a") as caught:
            raised.reraise()
        assert caught.value is first
        assert steps == [1, 2]
        raised.reraise()  # nothing

    def it_shows_the_others_in_the_traceback_of_the_first(self):
        errors = [ValueError("a"), KeyError("b"), TypeError("c")]
        raised = Raised()
        for error in errors:
            raised.add(error)
        with pytest.raises(ValueError, match="a"):
            raised.reraise()
        assert chain_of(errors[0]) == errors

    def it_shows_them_behind_a_cause(self):
        cause = RuntimeError("cause")
        first, second = ValueError("a"), KeyError("b")
        first.__cause__ = cause
        cause.__suppress_context__ = True
        raised = Raised()
        raised.add(first)
        raised.add(second)
        assert chain_of(first) == [first, cause, second]
        assert cause.__suppress_context__ is False

    @pytest.mark.parametrize("times", [2, 3])
    def it_shows_one_that_comes_again_once(self, times):
        first, second = ValueError("a"), KeyError("b")
        raised = Raised()
        for _ in range(times):
            raised.add(first)
            raised.add(second)
        assert chain_of(first) == [first, second]

    def it_makes_no_circle(self):
        first, second = ValueError("a"), KeyError("b")
        second.__context__ = first
        raised = Raised()
        raised.add(first)
        raised.add(second)
        assert chain_of(first) == [first]
        assert chain_of(second) == [second, first]

    @pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit])
    def it_lets_other_exceptions_leave_at_once(self, error):
        raised = Raised()
        with pytest.raises(error), raised:
            raise error
        raised.reraise()  # nothing


class DescribeChainOf:
    def it_is_what_a_traceback_shows(self):
        first, second, third = ValueError(), KeyError(), TypeError()
        first.__context__ = second
        first.__cause__ = third
        assert chain_of(first) == [first, third]
        assert chain_of(second) == [second]

    def it_ends_where_it_began(self):
        first, second = ValueError(), KeyError()
        first.__cause__, second.__cause__ = second, first
        assert chain_of(first) == [first, second]
        assert chain_of(second) == [second, first]


EMITS = [emit_in_python, EventEmitter.emit]


@pytest.mark.parametrize("emit", EMITS, ids=["python", "in use"])
class DescribeEmitting:
    """`emit()`, compiled and not."""

    def it_calls_each_listener_with_the_arguments(self, emitter, emit):
        calls = []
        emitter.on("data", lambda *arguments: calls.append(arguments))
        assert emit(emitter, "data") is True
        assert emit(emitter, "data", None) is True
        assert emit(emitter, "data", 1, 2) is True
        assert calls == [(), (None,), (1, 2)]

    def it_calls_listeners_that_take_fewer(self, emitter, emit):
        calls = []
        emitter.on("data", lambda: calls.append("none"))
        emitter.on("data", lambda first: calls.append(first))
        assert emit(emitter, "data", 1) is True
        assert emit(emitter, "data", 1, 2) is True
        assert calls == ["none", 1, "none", 1]

    def it_says_that_nobody_listens(self, emitter, emit):
        assert emit(emitter, "data") is False
        assert emit(emitter, "data", 1, 2) is False

    def it_raises_an_error_that_nobody_listens_to(self, emitter, emit):
        with pytest.raises(ValueError, match="a"):
            emit(emitter, "error", ValueError("a"))
        with pytest.raises(pyee.PyeeError, match="'error' event: 'text'"):
            emit(emitter, "error", "text")
        with pytest.raises(pyee.PyeeError, match="'error' event: None"):
            emit(emitter, "error")

    def it_knows_the_names_of_node(self, emitter, emit):
        events = []
        emitter.on("new_listener", lambda event, f: events.append(event))
        assert emit(emitter, "newListener", "data", print) is True
        assert events == ["data"]

    def it_runs_what_listeners_return(self, emitter, emit):
        async def main():
            done = []

            async def listener(value=None):
                done.append(value)

            emitter.on("data", listener)
            emit(emitter, "data", 1)
            emit(emitter, "data")
            for _ in range(5):
                await asyncio.sleep(0)
            assert done == [1, None]

        asyncio.run(main())

    def it_stops_at_a_listener_that_raises(self, emitter, emit):
        calls = []
        emitter.on("data", lambda: 1 / 0)
        emitter.on("data", lambda: calls.append(1))
        with pytest.raises(ZeroDivisionError):
            emit(emitter, "data")
        with pytest.raises(ZeroDivisionError):
            emit(emitter, "data", 1)
        assert calls == []


class DescribeOddListeners:
    def it_refuses_one_that_cannot_be_called(self, emitter):
        with pytest.raises(TypeError, match="A listener must be callable, not 5"):
            emitter.on("data", 5)

    def it_calls_a_prepended_one_once_and_first(self, emitter):
        calls = []
        emitter.on("data", lambda value: calls.append(("last", value)))
        emitter.prepend_once_listener("data", lambda value: calls.append(("first", value)))
        emitter.emit("data", 1)
        emitter.emit("data", 2)
        assert calls == [("first", 1), ("last", 1), ("last", 2)]

    def it_calls_one_once_that_emits_its_own_event(self, emitter):
        calls = []

        def listener(value):
            calls.append(value)

        def outer(value):
            if value == 1:
                emitter.emit("data", 2)

        emitter.on("data", outer)
        emitter.once("data", listener)
        emitter.emit("data", 1)
        assert calls == [2]

    def it_passes_everything_to_one_that_does_not_tell_what_it_takes(self, emitter):
        class Untold:
            __signature__ = "none"

            def __call__(self, *arguments):
                self.arguments = arguments

        listener = Untold()
        emitter.on("data", listener)
        emitter.emit("data", 1, 2)
        assert listener.arguments == (1, 2)

    def it_leaves_other_awaitables_to_their_makers_where_no_loop_runs(self, emitter):
        class Awaitable:
            def __await__(self):
                raise AssertionError("nobody awaits this")

        emitter.on("data", Awaitable)
        assert emitter.emit("data") is True

    def it_is_copied_and_pickled_with_the_emitter(self, emitter):
        emitter.on("data", print)
        for twin in (copy.copy(emitter), pickle.loads(pickle.dumps(emitter))):
            assert twin.listeners("data") == [print]
