"""Node's timers, on a real loop."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from spec.node.support import handled, node_error
from spec.wires import run
from websocket_driver.node import process, timers
from websocket_driver.node import run as run_script


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

    def it_does_not_run_if_it_was_cleared(self):
        calls: list[Any] = []
        timers.clear_immediate(timers.setImmediate(calls.append, "never"))
        timers.clearImmediate(None)
        timers.set_immediate(calls.append, "once")
        run_script()
        assert calls == ["once"]
