"""Node's timers, on a real loop."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise
from typing import Any

import pytest

from spec.node.support import handled, node_error
from spec.wires import run
from websocket_driver.node import process, timers
from websocket_driver.node import run as run_script
from websocket_driver.node.loop import current


class DescribeSetTimeout:
    def it_calls_back_once_with_its_arguments(self):
        calls = []
        timers.set_timeout(lambda *arguments: calls.append(arguments), 1, "a", "b")
        run_script()
        assert calls == [("a", "b")]

    def it_runs_the_shorter_one_first(self):
        calls: list[Any] = []
        timers.set_timeout(calls.append, 20, "late")
        timers.set_timeout(calls.append, 1, "early")
        run_script()
        assert calls == ["early", "late"]

    def it_runs_inside_a_running_loop(self):
        async def main():
            done = asyncio.get_running_loop().create_future()
            timers.setTimeout(done.set_result, 1, "done")
            assert await done == "done"

        run(main)

    def it_takes_a_shorter_one_after_a_longer_one(self):
        async def main():
            done = asyncio.get_running_loop().create_future()
            late = timers.set_timeout(done.set_exception, 10_000, TimeoutError())
            timers.set_timeout(done.set_result, 1, "early")
            assert await done == "early"
            timers.clear_timeout(late)

        run(main)

    def it_keeps_a_script_running_until_it_has_run(self):
        calls: list[Any] = []

        def again():
            calls.append(len(calls))
            if len(calls) < 3:
                timers.set_timeout(again, 1)

        timers.set_timeout(again, 1)
        run_script()
        assert calls == [0, 1, 2]

    def it_keeps_nothing_running_once_unreferenced(self):
        calls: list[Any] = []
        timers.set_timeout(calls.append, 60_000, "never").unref()
        timers.set_timeout(calls.append, 1, "once")
        run_script()
        assert calls == ["once"]

    def it_gives_an_exception_to_the_loop(self):
        async def main():
            contexts = handled()
            done = asyncio.get_running_loop().create_future()
            timers.set_timeout(lambda: 1 / 0, 1)
            timers.set_timeout(done.set_result, 2, None)
            await done
            assert [type(context["exception"]) for context in contexts] == [ZeroDivisionError]

        run(main)

    def it_refuses_what_cannot_be_called(self):
        """test-timers-throw-when-cb-not-function.js"""
        for make in (timers.set_timeout, timers.set_interval, timers.set_immediate):
            with pytest.raises(TypeError) as caught:
                make(None)  # type: ignore[arg-type]
            assert node_error(caught).code == "ERR_INVALID_ARG_TYPE"

    @pytest.mark.parametrize(
        "delay",
        [None, True, False, "", "x", [], {}, float("nan"), -1, -0.5, 0, 0.1, 0.5, 1, 1.0, 1.9, "1"],
    )
    def it_takes_any_delay(self, delay):
        calls: list[Any] = []
        timers.set_timeout(calls.append, delay, 1)
        interval = timers.set_interval(lambda: (calls.append(2), interval.close()), delay)  # type: ignore[func-returns-value]
        run_script()
        assert sorted(calls) == [1, 2]

    @pytest.mark.parametrize("delay", [2**31, 1e300, float("inf")])
    def it_takes_a_delay_that_is_too_long_for_the_shortest(self, delay):
        """test-timers-max-duration-warning.js"""
        calls: list[Any] = []
        with pytest.warns(RuntimeWarning, match="the timer waits 1 ms"):
            timers.set_timeout(calls.append, delay, 1)
        run_script()
        assert calls == [1]

    def it_runs_timers_that_timers_set_in_later_turns(self):
        calls: list[Any] = []

        def first():
            timers.set_timeout(calls.append, 0, "second")
            process.next_tick(calls.append, "tick")
            timers.set_immediate(calls.append, "immediate")

        timers.set_timeout(first, 1)
        run_script()
        assert calls == ["tick", "immediate", "second"]

    def it_goes_on_when_an_interval_raises(self):
        async def main():
            contexts = handled()
            done, calls = asyncio.get_running_loop().create_future(), []

            def tick():
                calls.append(1)
                if len(calls) == 2:
                    interval.close()
                    done.set_result(None)
                raise ValueError("no")

            interval = timers.set_interval(tick, 1)
            await done
            await asyncio.sleep(0)
            assert len(contexts) == 2

        run(main)

    def it_runs_an_unreferenced_one_while_something_else_runs(self):
        calls: list[Any] = []
        interval = timers.set_interval(calls.append, 1, "interval").unref()
        timers.set_timeout(lambda: None, 20)
        run_script()
        assert len(calls) > 1
        interval.close()


class DescribeClearTimeout:
    def it_has_the_callback_not_called(self):
        calls: list[Any] = []
        handle = timers.set_timeout(calls.append, 1, "never")
        timers.clear_timeout(handle)
        timers.clear_timeout(handle)
        timers.clearTimeout(None)
        run_script()
        assert calls == []

    @pytest.mark.parametrize("handle", [None, 5, "5", object(), True, {}])
    def it_leaves_what_is_not_a_handle_alone(self, handle):
        timers.clear_timeout(handle)
        timers.clear_interval(handle)
        timers.clear_immediate(handle)

    def it_clears_intervals_and_the_other_way_round(self):
        calls: list[Any] = []
        timers.clear_timeout(timers.set_interval(calls.append, 1, "interval"))
        timers.clear_interval(timers.set_timeout(calls.append, 1, "timeout"))
        immediate = timers.set_immediate(calls.append, "immediate")
        timers.clear_timeout(immediate)  # type: ignore[arg-type]
        run_script()
        assert calls == ["immediate"]


class DescribeSetInterval:
    def it_calls_back_until_it_is_cleared(self):
        calls = []

        def tick():
            calls.append(1)
            if len(calls) == 3:
                timers.clear_interval(interval)

        interval = timers.setInterval(tick, 1)
        run_script()
        assert calls == [1, 1, 1]


class DescribeSetImmediate:
    def it_runs_before_a_timer_that_is_set_with_it(self):
        async def main():
            done, calls = asyncio.get_running_loop().create_future(), []

            def both():
                timers.set_timeout(lambda: (calls.append("timer"), done.set_result(None)), 0)  # type: ignore[func-returns-value]
                timers.set_immediate(calls.append, "immediate")
                process.next_tick(calls.append, "tick")

            timers.set_timeout(both, 1)
            await done
            assert calls == ["tick", "immediate", "timer"]

        run(main)

    def it_runs_after_timers_that_are_due_when_the_loop_starts(self):
        """test-timers-next-tick.js"""
        calls: list[Any] = []
        timers.set_timeout(lambda: process.next_tick(timers.clear_timeout, timeout), 1)
        timeout = timers.set_timeout(calls.append, 1, "never")
        timers.set_timeout(calls.append, 1, "timer")
        timers.set_immediate(lambda: process.next_tick(timers.clear_immediate, immediate))
        immediate = timers.set_immediate(calls.append, "never")
        timers.set_immediate(calls.append, "immediate")
        time.sleep(0.005)
        run_script()
        assert calls == ["timer", "immediate"]

    def it_runs_unreferenced_while_something_else_keeps_the_script_running(self):
        """test-timers-immediate-unref.js"""
        calls: list[Any] = []
        timers.set_immediate(calls.append, "again").ref().unref().unref().ref()
        timers.set_immediate(calls.append, "unreferenced").unref()
        timers.set_timeout(calls.append, 1, "timer")
        run_script()
        assert sorted(calls) == ["again", "timer", "unreferenced"]

    def it_does_not_run_unreferenced_if_nothing_else_does(self):
        """test-timers-immediate-unref-simple.js, test-timers-immediate-unref-nested-once.js"""
        calls: list[Any] = []
        timers.set_immediate(calls.append, "never").unref()
        run_script()
        timers.set_immediate(lambda: timers.set_immediate(calls.append, "nested").unref())
        run_script()
        assert calls == []

    def it_runs_unreferenced_after_the_last_timer(self):
        calls: list[Any] = []
        timers.set_timeout(lambda: timers.set_immediate(calls.append, "immediate").unref(), 1)
        run_script()
        assert calls == ["immediate"]

    def it_does_not_run_if_it_was_cleared(self):
        calls: list[Any] = []
        timers.clear_immediate(timers.setImmediate(calls.append, "never"))
        timers.clearImmediate(None)
        timers.set_immediate(calls.append, "once")
        run_script()
        assert calls == ["once"]


class DescribeNodesTests:
    """test/parallel/test-timers-*.js, carried over."""

    def it_takes_anything_for_the_shortest_time(self):
        """test-timers.js, test-timers-zero-timeout.js"""
        delays: list[Any] = [None, True, False, "", [], {}, float("nan"), -10, -0.5, 0, 0.5, 1, 1.0]
        calls: list[Any] = []
        for delay in delays:
            timers.set_timeout(calls.append, delay, "timeout")
            interval = timers.set_interval(lambda *handles: None, delay)
            interval.close()
        timers.set_timeout(lambda: calls.append(len(calls)), 2)
        run_script()
        assert calls == ["timeout"] * len(delays) + [len(delays)]

    @pytest.mark.parametrize("set_timer", [timers.set_timeout, timers.set_immediate])
    def it_passes_on_any_number_of_arguments(self, set_timer):
        """test-timers-args.js, test-timers-user-call.js, test-timers-immediate.js"""
        calls: list[Any] = []

        class Callback:
            def __call__(self, *arguments):
                calls.append(arguments)

        for number in range(20):
            delay = [1] if set_timer is timers.set_timeout else []
            set_timer(Callback(), *delay, *range(number))
        run_script()
        assert calls == [tuple(range(number)) for number in range(20)]

    def it_ignores_fractions_of_a_millisecond(self):
        """test-timers-non-integer-delay.js, test-timers-timeout-with-non-integer.js"""
        calls: list[Any] = []
        for number, delay in enumerate((1, 1.8, 1.1, 1, 1.00000000000001)):
            timers.set_timeout(calls.append, delay, number)
        timers.set_timeout(calls.append, 2, "last")
        run_script()
        assert calls == [0, 1, 2, 3, 4, "last"]

    def it_waits_for_a_millisecond_each_time(self):
        """test-timers-ordering.js"""
        times: list[int] = []

        def again(number):
            times.append(current().now())
            if number < 10:
                timers.set_timeout(again, 1, number + 1)

        again(1)
        run_script()
        assert all(later > earlier for earlier, later in pairwise(times))

    @pytest.mark.parametrize("delay", [0, 10])
    def it_does_not_run_a_nested_timer_in_the_same_turn(self, delay):
        """test-timers-nested.js"""
        calls: list[Any] = []

        def outer():
            timers.set_timeout(calls.append, delay, "nested")
            time.sleep(delay / 1000)
            process.next_tick(calls.append, "tick")

        timers.set_timeout(outer, delay)
        run_script()
        assert calls == ["tick", "nested"]

    def it_clears_nothing_without_a_handle(self):
        """test-timers-clear-null-does-not-throw-error.js,
        test-timers-clear-object-does-not-throw-error.js"""
        for clear in (timers.clear_timeout, timers.clear_interval, timers.clear_immediate):
            clear()
            clear(None)
            clear({})  # type: ignore[arg-type]

    def it_clears_neither_timers_as_immediates_nor_what_has_run(self):
        """test-timers-invalid-clear.js, test-timers-clearImmediate.js,
        test-timers-same-timeout-wrong-list-deleted.js"""
        calls: list[Any] = []

        def first():
            timers.clear_timeout(handle)
            inner = timers.set_timeout(calls.append, 5, "never")
            timers.set_timeout(timers.clear_timeout, 1, inner)

        timers.clear_immediate(timers.set_timeout(calls.append, 0, "timeout"))  # type: ignore[arg-type]
        immediate = timers.set_immediate(lambda: timers.clear_immediate(immediate))
        handle = timers.set_timeout(first, 5)
        run_script()
        assert calls == ["timeout"]

    def it_runs_immediates_once_in_a_turn(self):
        """test-timers-immediate-queue.js"""
        calls: list[Any] = []
        ticked: list[Any] = []

        def again():
            if not calls:
                process.next_tick(ticked.append, True)
            if len(ticked) < 2:
                calls.append(len(ticked))
                timers.set_immediate(again)

        for _ in range(10):
            timers.set_immediate(again)
        timers.set_immediate(ticked.append, "end of the turn")
        run_script()
        assert calls == [0] + [1] * 9

    def it_runs_the_other_immediates_after_one_that_raises(self):
        """test-timers-immediate-queue-throw.js"""

        async def main():
            contexts, calls = handled(), list[int]()
            done = asyncio.get_running_loop().create_future()
            timers.set_immediate(calls.append, 1)
            timers.set_immediate(lambda: 1 / 0)
            timers.set_immediate(calls.append, 2)
            timers.set_immediate(timers.set_immediate, done.set_result, None)
            await done
            assert calls == [1, 2]
            assert [type(context["exception"]) for context in contexts] == [ZeroDivisionError]

        run(main)

    def it_lets_timers_run_between_immediates(self):
        """test-timers-setimmediate-infinite-loop.js"""
        turns: list[Any] = []

        def again():
            turns.append(1)
            if timer.has_ref():
                timers.set_immediate(again)

        timer = timers.set_timeout(lambda: timer.unref(), 50)
        again()
        run_script()
        assert len(turns) > 3

    def it_restarts_a_timer_that_is_refreshed(self):
        """test-timers-refresh.js, test-timers-refresh-in-callback.js"""
        calls: list[Any] = []

        def again():
            calls.append("refreshed")
            if len(calls) < 3:
                timer.refresh()

        timer = timers.set_timeout(again, 1)
        timers.set_timeout(calls.append, 1, "other")
        assert timer.refresh() is timer
        run_script()
        assert calls == ["other", "refreshed", "refreshed"]

    def it_runs_an_interval_that_unreferences_itself(self):
        """test-timers-unrefed-in-callback.js, test-timers-unrefd-interval-still-fires.js"""
        calls: list[Any] = []

        def tick():
            interval.unref()
            calls.append("interval")
            if len(calls) == 3:
                interval.close()
                timers.clear_timeout(keeps)

        keeps = timers.set_interval(lambda: None, 60_000)
        interval = timers.set_interval(tick, 1)
        run_script()
        assert calls == ["interval"] * 3

    def it_returns_the_handle_when_it_is_unreferenced(self):
        """test-timers-unref.js"""
        calls: list[Any] = []
        for set_timer in (timers.set_timeout, timers.set_interval):
            handle = set_timer(calls.append, 60_000)
            assert handle.unref().ref().unref() is handle

        def tick():
            calls.append("interval")
            interval.unref()

        interval = timers.set_interval(tick, 1)
        run_script()
        interval.close()
        assert set(calls) == {"interval"}

    def it_ends_though_a_timer_that_raises_is_referenced_again(self):
        """test-timers-unref-throw-then-ref.js, test-timers-uncaught-exception.js"""

        async def main():
            contexts = handled()
            done = asyncio.get_running_loop().create_future()

            def fails():
                timer.ref()
                raise ValueError("no")

            timer = timers.set_timeout(fails, 1).unref()
            timers.set_timeout(done.set_result, 1, None)
            await done
            assert [str(context["exception"]) for context in contexts] == ["no"]

        run(main)

    def it_repeats_an_interval_that_raises(self):
        """test-timers-interval-throw.js"""

        async def main():
            contexts = handled()
            done = asyncio.get_running_loop().create_future()

            def fails():
                if contexts:
                    interval.close()
                    done.set_result(None)
                raise ValueError("no")

            interval = timers.set_interval(fails, 1)
            await done
            await asyncio.sleep(0)
            assert len(contexts) == 2

        run(main)
