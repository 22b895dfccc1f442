"""Each part of the pipeline by itself, for which the original has no examples."""

import random
import weakref
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock, call

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec.doubles import FakeClock, Results
from websocket_driver import ProtocolError
from websocket_driver.extensions.pipeline import Pipeline
from websocket_driver.extensions.pipeline.cell import Cell, ExtensionError
from websocket_driver.extensions.pipeline.functor import Functor, Raised
from websocket_driver.extensions.pipeline.pledge import Pledge


class Session:
    """Keeps the callbacks of the messages it was given, for the spec to answer."""

    def __init__(self):
        self.incoming = {}
        self.outgoing = {}
        self.close = Mock()

    def process_incoming_message(self, message, callback):
        self.incoming[message] = callback

    def process_outgoing_message(self, message, callback):
        self.outgoing[message] = callback


@pytest.fixture
def session():
    return Session()


@pytest.fixture
def results():
    return Results()


class DescribePledge:
    def it_runs_callbacks_when_it_is_done(self):
        pledge, calls = Pledge(), []
        pledge.then(lambda: calls.append(1))
        pledge.then(lambda: calls.append(2))
        assert calls == []

        pledge.done()
        assert calls == [1, 2]

    def it_runs_a_callback_at_once_if_it_is_done_already(self):
        pledge, calls = Pledge(), []
        pledge.done()
        pledge.then(lambda: calls.append(1))
        assert calls == [1]

    def it_runs_all_callbacks_whatever_one_raises(self):
        pledge, calls = Pledge(), []
        pledge.then(Mock(side_effect=KeyError("first")))
        pledge.then(lambda: calls.append(2))
        with pytest.raises(KeyError, match="first"):
            pledge.done()
        assert calls == [2]

    def it_runs_each_callback_once(self):
        pledge, calls = Pledge(), []
        pledge.then(lambda: calls.append(1))
        pledge.done()
        pledge.done()
        assert calls == [1]

    class DescribeAll:
        def it_is_done_when_all_are(self):
            pledges, calls = [Pledge(), Pledge(), Pledge()], []
            Pledge.all(pledges).then(lambda: calls.append("done"))

            pledges[1].done()
            pledges[0].done()
            assert calls == []

            pledges[2].done()
            assert calls == ["done"]

        def it_is_done_if_all_were_done_before(self):
            pledges, calls = [Pledge(), Pledge()], []
            for pledge in pledges:
                pledge.done()
            Pledge.all(iter(pledges)).then(lambda: calls.append("done"))
            assert calls == ["done"]

        def it_is_done_if_there_are_none(self):
            calls = []
            Pledge.all([]).then(lambda: calls.append("done"))
            assert calls == ["done"]


class DescribeFunctor:
    @pytest.fixture
    def functor(self, session):
        return Functor(session, "process_incoming_message")

    def send(self, functor, message, callback, error=None):
        functor.announce()
        functor.call(error, message, callback)

    def it_passes_on_what_the_session_answers(self, functor, session, results):
        self.send(functor, "a", results)
        assert results.calls == []
        assert functor.pending == 1

        session.incoming["a"](None, "A")
        assert results.calls == [(None, "A")]
        assert functor.pending == 0

    def it_passes_answers_on_in_the_order_of_the_calls(self, functor, session, results):
        for name in "abc":
            self.send(functor, name, results)

        session.incoming["c"](None, "C")
        session.incoming["b"](None, "B")
        assert results.calls == []

        session.incoming["a"](None, "A")
        assert results.calls == [(None, "A"), (None, "B"), (None, "C")]

    def it_takes_the_first_answer_to_a_message(self, functor, session, results):
        self.send(functor, "a", results)
        session.incoming["a"](None, "A")
        session.incoming["a"](None, "again")
        session.incoming["a"](RuntimeError("late"), None)
        assert results.calls == [(None, "A")]
        assert functor.pending == 0

    def it_takes_the_first_answer_to_a_message_that_waits_for_another(
        self, functor, session, results
    ):
        self.send(functor, "a", results)
        self.send(functor, "b", results)
        session.incoming["b"](None, "B")
        session.incoming["b"](RuntimeError("late"), None)
        session.incoming["a"](None, "A")
        assert results.calls == [(None, "A"), (None, "B")]

    def it_passes_an_error_on_behind_the_messages_before_it(self, functor, session, results):
        error = RuntimeError("no")
        self.send(functor, "a", results)
        self.send(functor, "b", results)

        session.incoming["b"](error, "B")
        assert results.calls == []
        assert functor.pending == 2

        session.incoming["a"](None, "A")
        assert results.calls == [(None, "A"), (error, None)]
        assert functor.pending == 0

    def it_passes_nothing_on_after_an_error(self, functor, session, results):
        error = RuntimeError("no")
        for name in "abc":
            self.send(functor, name, results)
        session.incoming["b"](error, None)
        self.send(functor, "d", results)

        session.incoming["c"](None, "C")
        session.incoming["a"](None, "A")

        assert results.calls == [(None, "A"), (error, None)]
        assert list(session.incoming) == ["a", "b", "c"]
        assert functor.pending == 0

    def it_passes_an_error_from_before_it_through_without_asking_the_session(
        self, functor, session, results
    ):
        error = RuntimeError("no")
        self.send(functor, "a", results)
        self.send(functor, None, results, error)
        assert results.calls == []

        session.incoming["a"](None, "A")
        assert results.calls == [(None, "A"), (error, None)]
        assert list(session.incoming) == ["a"]

    def it_tells_what_the_session_raises_from_what_it_answers(self, results):
        error = RuntimeError("no")
        functor = Functor(
            SimpleNamespace(process_incoming_message=Mock(side_effect=error)),
            "process_incoming_message",
        )
        self.send(functor, "a", results)
        [(raised, message)] = results.calls
        assert isinstance(raised, Raised)
        assert raised.exception is error
        assert message is None

    def it_ignores_what_the_session_raises_after_its_answer(self, results):
        def process_incoming_message(message, callback):
            callback(None, "A")
            raise RuntimeError("too late")

        functor = Functor(
            SimpleNamespace(process_incoming_message=process_incoming_message),
            "process_incoming_message",
        )
        self.send(functor, "a", results)
        assert results.calls == [(None, "A")]

    def it_takes_a_session_without_the_method_for_one_that_fails(self, results):
        functor = Functor(SimpleNamespace(), "process_incoming_message")
        self.send(functor, "a", results)
        assert [type(error.exception) for error, _ in results.calls] == [AttributeError]

    def it_lets_what_the_callback_raises_through(self):
        # The original takes it for an error of the session.
        functor = Functor(
            SimpleNamespace(
                process_incoming_message=lambda message, callback: callback(None, message)
            ),
            "process_incoming_message",
        )
        seen = []

        def listener(error, message):
            seen.append((error, message))
            raise KeyError("listener")

        with pytest.raises(KeyError, match="listener"):
            self.send(functor, "a", listener)
        with pytest.raises(KeyError, match="listener"):
            self.send(functor, "b", listener)
        assert seen == [(None, "a"), (None, "b")]

    def it_passes_on_the_messages_behind_one_whose_callback_raises(self, functor, session, results):
        self.send(functor, "a", Mock(side_effect=KeyError("listener")))
        self.send(functor, "b", results)
        session.incoming["b"](None, "B")

        with pytest.raises(KeyError, match="listener"):
            session.incoming["a"](None, "A")
        assert results.calls == [(None, "B")]
        assert functor.pending == 0

    def it_raises_the_first_of_several_exceptions(self, functor, session, results):
        self.send(functor, "a", Mock(side_effect=KeyError("first")))
        self.send(functor, "b", Mock(side_effect=ValueError("second")))
        self.send(functor, "c", results)
        session.incoming["c"](None, "C")
        session.incoming["b"](None, "B")
        with pytest.raises(KeyError, match="first"):
            session.incoming["a"](None, "A")
        assert results.calls == [(None, "C")]

    def it_can_be_called_by_a_callback(self, session, functor, results):
        def again(error, message):
            results(error, message)
            self.send(functor, "b", results)

        self.send(functor, "a", again)
        session.incoming["a"](None, "A")
        session.incoming["b"](None, "B")
        assert results.calls == [(None, "A"), (None, "B")]

    @given(st.permutations(range(12)), st.sets(st.integers(0, 11), max_size=3))
    def it_answers_in_order_up_to_the_first_error(self, order, failing):
        session, results = Session(), Results()
        functor: Any = Functor(session, "process_incoming_message")
        for _ in order:
            functor.announce()
        for n in range(12):
            functor.call(None, n, results)

        for n in order:
            session.incoming[n](f"error {n}" if n in failing else None, n)

        # The error that is answered first stops the functor; one that is nearer still counts.
        first = min(failing, default=12)
        assert results.calls[:first] == [(None, n) for n in range(first)]
        assert results.calls[first:] == [(f"error {n}", None) for n in sorted(failing)[:1]]
        assert functor.pending == 0


class DescribeCell:
    @pytest.fixture
    def cell(self, session):
        return Cell(SimpleNamespace(name="deflate"), session)

    def send(self, cell, direction, message, callback):
        cell.pending(direction)
        cell.process(direction, None, message, callback)

    def it_passes_messages_through_the_session_in_both_directions(self, cell, session, results):
        self.send(cell, "incoming", "a", results)
        self.send(cell, "outgoing", "b", results)
        session.outgoing["b"](None, "B")
        session.incoming["a"](None, "A")
        assert results.calls == [(None, "B"), (None, "A")]

    def it_names_the_extension_in_an_error(self, cell, session, results):
        cause = RuntimeError("no")
        self.send(cell, "incoming", "a", results)
        session.incoming["a"](cause, None)

        [(error, message)] = results.calls
        assert isinstance(error, ExtensionError)
        assert isinstance(error, ProtocolError)
        assert (error.message, str(error), error.type) == ("deflate: no", "deflate: no", None)
        assert error.__cause__ is cause
        assert message is None

    def it_tells_the_peer_nothing_of_an_exception(self, results):
        cause = OSError("/etc/secret")
        session = SimpleNamespace(process_incoming_message=Mock(side_effect=cause))
        self.send(Cell(SimpleNamespace(name="deflate"), session), "incoming", "a", results)

        [(error, message)] = results.calls
        assert isinstance(error, ExtensionError)
        assert (error.message, error.type) == ("deflate: The extension failed", None)
        assert error.__cause__ is cause
        assert message is None

    def it_logs_an_exception_that_follows_an_answer(self, results, caplog):
        class Hasty:
            def process_incoming_message(self, message, callback):
                callback(None, message)
                raise OSError("/etc/secret")

            def __repr__(self):
                return "<Hasty>"

        session: Any = Hasty()
        self.send(Cell(SimpleNamespace(name="deflate"), session), "incoming", "a", results)
        assert results.calls == [(None, "a")]
        [log] = caplog.records
        assert (log.name, log.levelname) == ("websocket_driver", "ERROR")
        assert log.getMessage() == "The session <Hasty> raised after its answer"
        assert log.exc_info[0] is OSError

    def it_takes_an_answer_without_error_and_message_for_a_failure(self, cell, session, results):
        self.send(cell, "incoming", "a", results)
        session.incoming["a"](None, None)
        [(error, message)] = results.calls
        assert (error.message, message) == ("deflate: The extension failed", None)
        assert isinstance(error.__cause__, TypeError)
        assert str(error.__cause__) == "callback(error, message) was given neither"

    def it_keeps_the_cause_of_an_error_that_passes_several_extensions(self, results):
        cause = OSError("/etc/secret")
        first: Any = Cell(
            SimpleNamespace(name="a"),
            SimpleNamespace(process_outgoing_message=Mock(side_effect=cause)),
        )
        second = Cell(SimpleNamespace(name="b"), Session())
        for cell in (first, second):
            cell.pending("outgoing")
        first.process(
            "outgoing",
            None,
            "m",
            lambda error, message: second.process("outgoing", error, message, results),
        )
        [(error, _)] = results.calls
        assert error.message == "b: a: The extension failed"
        assert error.__cause__ is cause

    def it_names_each_extension_that_an_error_passes(self, results):
        sessions = [Session(), Session()]
        cells: list[Any] = [
            Cell(SimpleNamespace(name=name), session)
            for name, session in zip(("a", "b"), sessions, strict=True)
        ]
        for cell in cells:
            cell.pending("outgoing")
        cells[0].process(
            "outgoing",
            None,
            "m",
            lambda error, message: cells[1].process("outgoing", error, message, results),
        )
        sessions[0].outgoing["m"](SimpleNamespace(message="no", type="too_large"), None)

        assert results.errors == ["b: a: no"]
        assert results.calls[0][0].type == "too_large"
        assert sessions[1].outgoing == {}

    @pytest.mark.parametrize(
        ("verbatim", "text"), [(True, "no"), (False, "x: no"), ("yes", "x: no"), (None, "x: no")]
    )
    def it_names_the_extension_unless_the_error_is_verbatim(self, results, verbatim, text):
        session = Session()
        cell = Cell(SimpleNamespace(name="x"), session)
        self.send(cell, "incoming", "a", results)
        error = SimpleNamespace(message="no", type="too_large", verbatim=verbatim)
        session.incoming["a"](error, None)
        [(error, _)] = results.calls
        assert (error.message, error.type) == (text, "too_large")
        assert error.verbatim is (verbatim is True)

    @pytest.mark.parametrize(
        ("type", "kept"), [("too_large", "too_large"), (1009, 1009), ([1009], None), (None, None)]
    )
    def it_keeps_the_type_of_an_error_that_is_text_or_a_number(
        self, cell, session, results, type, kept
    ):
        self.send(cell, "incoming", "a", results)
        session.incoming["a"](SimpleNamespace(message="no", type=type), None)
        assert results.calls[0][0].type == kept

    @pytest.mark.parametrize(
        ("error", "text"),
        [
            ("no", "deflate: no"),
            (RuntimeError("no"), "deflate: no"),
            (SimpleNamespace(message="no"), "deflate: no"),
            (ProtocolError("no"), "deflate: no"),
        ],
    )
    def it_takes_anything_for_an_error(self, cell, session, results, error, text):
        self.send(cell, "incoming", "a", results)
        session.incoming["a"](error, None)
        assert results.errors == [text]

    def it_closes_the_session_at_once_if_there_is_nothing_in_it(self, cell, session):
        closed = Mock()
        cell.close().then(closed)
        assert session.close.call_args_list == [call()]
        assert closed.call_args_list == [call()]

    def it_closes_the_session_once(self, cell, session):
        cell.close()
        cell.close()
        assert session.close.call_args_list == [call()]

    def it_closes_the_session_after_the_last_message_in_either_direction(
        self, cell, session, results
    ):
        closed = Mock()
        self.send(cell, "incoming", "a", results)
        self.send(cell, "outgoing", "b", results)
        cell.close().then(closed)

        session.incoming["a"](None, "A")
        assert session.close.call_args_list == []

        session.outgoing["b"](None, "B")
        assert session.close.call_args_list == [call()]
        assert closed.call_args_list == [call()]

    def it_waits_for_messages_that_are_announced(self, cell, session, results):
        cell.pending("outgoing")
        cell.close()
        assert session.close.call_args_list == []

        cell.process("outgoing", None, "a", results)
        session.outgoing["a"](None, "A")
        assert session.close.call_args_list == [call()]

    def it_calls_back_before_it_closes_the_session(self, cell, session):
        calls = []
        session.close = lambda: calls.append("close")
        self.send(cell, "incoming", "a", lambda error, message: calls.append(message))
        cell.close()
        session.incoming["a"](None, "A")
        assert calls == ["A", "close"]

    def it_closes_the_session_after_an_error(self, cell, session, results):
        self.send(cell, "incoming", "a", results)
        self.send(cell, "incoming", "b", results)
        cell.close()
        session.incoming["a"](RuntimeError("no"), None)
        assert results.errors == ["deflate: no"]
        assert session.close.call_args_list == [call()]

    def it_reports_a_session_that_fails_to_close(self, cell, session, caplog):
        session.close.side_effect = OSError("no")
        closed = Mock()
        cell.close().then(closed)
        assert closed.call_args_list == [call()]
        [record] = caplog.records
        assert record.name == "websocket_driver"
        assert record.getMessage() == "The session of the extension deflate failed to close"
        assert record.exc_info[1] is session.close.side_effect

    def it_closes_the_session_when_a_callback_raises(self, cell, session):
        self.send(cell, "incoming", "a", Mock(side_effect=KeyError("listener")))
        cell.close()
        with pytest.raises(KeyError, match="listener"):
            session.incoming["a"](None, "A")
        assert session.close.call_args_list == [call()]


class DescribePipeline:
    def build(self, names="ab"):
        sessions = [Session() for _ in names]
        extensions = [SimpleNamespace(name=name) for name in names]
        return Pipeline(list(zip(extensions, sessions, strict=True))), sessions

    def it_passes_messages_through_without_sessions(self, results):
        pipeline: Any = Pipeline([])
        pipeline.process_incoming_message("a", results)
        pipeline.process_outgoing_message("b", results)
        assert results.calls == [(None, "a"), (None, "b")]

    def it_passes_outgoing_messages_forwards(self, results):
        pipeline, (first, second) = self.build()
        pipeline.process_outgoing_message(1, results)
        assert (list(first.outgoing), list(second.outgoing)) == ([1], [])

        first.outgoing[1](None, 2)
        assert (list(first.outgoing), list(second.outgoing)) == ([1], [2])

        second.outgoing[2](None, 3)
        assert results.calls == [(None, 3)]

    def it_passes_incoming_messages_backwards(self, results):
        pipeline, (first, second) = self.build()
        pipeline.process_incoming_message(1, results)
        assert (list(first.incoming), list(second.incoming)) == ([], [1])

        second.incoming[1](None, 2)
        assert (list(first.incoming), list(second.incoming)) == ([2], [1])

        first.incoming[2](None, 3)
        assert results.calls == [(None, 3)]

    def it_takes_no_more_messages_in_a_direction_that_has_failed(self, results):
        pipeline, [session] = self.build("a")
        pipeline.process_incoming_message(1, results)
        session.incoming[1](RuntimeError("no"), None)
        pipeline.process_incoming_message(2, results)
        pipeline.process_outgoing_message(3, results)
        session.outgoing[3](None, 4)

        assert list(session.incoming) == [1]
        assert results.errors == ["a: no", None]
        assert results.messages == [None, 4]

    def it_takes_no_more_messages_if_both_directions_have_failed(self, results):
        pipeline, (first, second) = self.build()
        pipeline.process_incoming_message(1, results)
        second.incoming[1](None, 2)
        first.incoming[2](RuntimeError("no"), None)
        pipeline.process_outgoing_message(3, results)
        first.outgoing[3](RuntimeError("no"), None)
        pipeline.process_incoming_message(4, results)
        pipeline.process_outgoing_message(5, results)

        assert (list(second.incoming), list(first.outgoing)) == ([1], [3])
        assert results.errors == ["a: no", "b: a: no"]

    def it_takes_no_more_messages_once_it_is_closed(self, results):
        pipeline, [session] = self.build("a")
        pipeline.close()
        pipeline.process_incoming_message(1, results)
        pipeline.process_outgoing_message(2, results)
        assert (session.incoming, session.outgoing) == ({}, {})
        assert results.calls == []

    def it_calls_back_when_all_sessions_are_closed(self, results):
        pipeline, (first, second) = self.build()
        closed = Mock()
        pipeline.process_outgoing_message(1, results)
        pipeline.close(closed)

        first.outgoing[1](None, 2)
        assert (first.close.call_count, second.close.call_count, closed.call_count) == (1, 0, 0)

        second.outgoing[2](None, 3)
        assert (first.close.call_count, second.close.call_count, closed.call_count) == (1, 1, 1)
        assert results.calls == [(None, 3)]

    def it_calls_back_for_each_close(self):
        pipeline, [session] = self.build("a")
        callbacks = [Mock(), Mock()]
        pipeline.process_incoming_message(1, Results())
        for callback in callbacks:
            pipeline.close(callback)
        session.incoming[1](None, 2)
        assert [callback.call_count for callback in callbacks] == [1, 1]
        assert session.close.call_count == 1

    @given(st.randoms(use_true_random=False), st.integers(1, 4), st.integers(1, 12))
    def it_keeps_the_order_however_long_each_session_takes(
        self, chance: random.Random, width, length
    ):
        clock, out = FakeClock(), Results()

        def process(message, callback):
            if chance.random() < 0.3:
                callback(None, message)
            else:
                clock.set_timeout(lambda: callback(None, message), chance.randrange(50))

        closed = Mock()
        sessions = [
            SimpleNamespace(
                process_incoming_message=process, process_outgoing_message=process, close=closed
            )
            for _ in range(width)
        ]
        pipeline: Any = Pipeline([(SimpleNamespace(name="x"), session) for session in sessions])

        for n in range(length):
            send = chance.choice(
                [pipeline.process_incoming_message, pipeline.process_outgoing_message]
            )
            send((send.__name__, n), out)
            clock.tick(chance.randrange(10))
        pipeline.close(closed)
        clock.tick(10_000)

        for name in ("process_incoming_message", "process_outgoing_message"):
            numbers = [n for direction, n in out.messages if direction == name]
            assert numbers == sorted(numbers)
        assert sorted(n for _, n in out.messages) == list(range(length))
        assert [error for error, _ in out.calls] == [None] * length
        assert closed.call_count == width + 1


@pytest.mark.usefixtures("without_collector")
class DescribeMemory:
    """Nothing waits for the garbage collector, which is off here."""

    class Object(Session):
        """A session that can be referred to weakly."""

    def build(self, session):
        return Pipeline([(SimpleNamespace(name="x"), session)])

    def it_is_freed_after_messages_have_passed(self):
        session = self.Object()
        pipeline, results = self.build(session), Results()
        pipeline.process_incoming_message("a", results)
        pipeline.process_outgoing_message("b", results)
        session.incoming["a"](None, "A")
        session.outgoing["b"](None, "B")
        freed = weakref.ref(pipeline), weakref.ref(session)
        del pipeline, session
        assert [reference() for reference in freed] == [None, None]

    class Failure(Exception):
        """An exception that can be referred to weakly."""

    def raising(self, message, callback):
        raise self.Failure

    def answering(self, message, callback):
        callback(self.Failure("no"), None)

    @pytest.mark.parametrize("failure", ["raising", "answering"])
    def it_is_freed_after_a_failure(self, failure):
        session: Any = self.Object()
        session.process_incoming_message = getattr(self, failure)
        pipeline = self.build(session)
        freed: list[Any] = []

        def callback(error, message):
            freed.extend((weakref.ref(error), weakref.ref(error.__cause__)))

        pipeline.process_incoming_message("a", callback)
        freed += weakref.ref(pipeline), weakref.ref(session)
        del pipeline, session
        assert [reference() for reference in freed] == [None] * 4

    def it_is_freed_after_a_listener_has_raised(self):
        session = self.Object()
        pipeline = self.build(session)
        pipeline.process_incoming_message("a", Mock(side_effect=KeyError))
        try:
            session.incoming["a"](None, "A")
        except KeyError as error:
            error.__traceback__ = None
        freed = weakref.ref(pipeline), weakref.ref(session)
        del pipeline, session
        assert [reference() for reference in freed] == [None, None]

    def it_is_freed_although_the_session_keeps_callbacks(self):
        # As one does that waits for a thread, and answers a second time.
        session: Any = self.Object()
        callbacks: list[Any] = []
        session.process_incoming_message = lambda message, callback: callbacks.append(callback)
        pipeline = self.build(session)

        class Driver:
            def receive(self, error, message):
                self.received = message

        driver = Driver()
        pipeline.process_incoming_message("a", driver.receive)
        callbacks[0](None, "A")
        assert driver.received == "A"
        freed = weakref.ref(pipeline), weakref.ref(session), weakref.ref(driver)
        del pipeline, session, driver
        assert [reference() for reference in freed] == [None, None, None]
        callbacks[0](None, "again")
