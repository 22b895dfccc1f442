"""Node's timers, on a real loop."""

from __future__ import annotations

import asyncio

import pytest

from spec.node.support import handled
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
        calls = []
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
        calls = []

        def again():
            calls.append(len(calls))
            if len(calls) < 3:
                timers.set_timeout(again, 1)

        timers.set_timeout(again, 1)
        run_script()
        assert calls == [0, 1, 2]

    def it_keeps_nothing_running_once_unreferenced(self):
        calls = []
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
                make(None)
            assert caught.value.code == "ERR_INVALID_ARG_TYPE"


class DescribeClearTimeout:
    def it_has_the_callback_not_called(self):
        calls = []
        handle = timers.set_timeout(calls.append, 1, "never")
        timers.clear_timeout(handle)
        timers.clear_timeout(handle)
        timers.clearTimeout(None)
        run_script()
        assert calls == []

    @pytest.mark.parametrize("handle", [5, "5", object(), True])
    def it_refuses_what_is_not_a_handle(self, handle):
        with pytest.raises(TypeError, match="`handle` must be what set_timeout"):
            timers.clear_timeout(handle)
        with pytest.raises(TypeError, match="`handle` must be what set_immediate"):
            timers.clear_immediate(handle)


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
                timers.set_timeout(lambda: (calls.append("timer"), done.set_result(None)), 0)
                timers.set_immediate(calls.append, "immediate")
                process.next_tick(calls.append, "tick")

            timers.set_timeout(both, 1)
            await done
            assert calls == ["tick", "immediate", "timer"]

        run(main)

    def it_does_not_run_if_it_was_cleared(self):
        calls = []
        timers.clear_immediate(timers.setImmediate(calls.append, "never"))
        timers.clearImmediate(None)
        timers.set_immediate(calls.append, "once")
        run_script()
        assert calls == ["once"]
