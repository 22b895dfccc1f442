"""The queues of the event loop, and the order in which they run."""

from __future__ import annotations

import pytest

from spec.node.support import Turns, node_error
from websocket_driver.node.phases import TIMEOUT_MAX, Hold, Phases, Timeout


@pytest.fixture
def turns():
    return Turns()


@pytest.fixture
def calls():
    return []


class DescribeTicks:
    def it_runs_them_after_the_callback_that_queued_them(self, turns, calls):
        def callback():
            turns.next_tick(calls.append, "tick")
            calls.append("callback")

        turns.run(callback)
        assert calls == ["callback", "tick"]
        assert turns.woken == []

    def it_runs_those_that_ticks_queue_before_anything_else(self, turns, calls):
        turns.next_tick(lambda: turns.next_tick(calls.append, "second"))
        turns.next_tick(calls.append, "first")
        turns.run_ticks()
        assert calls == ["first", "second"]

    def it_asks_to_be_woken_for_one_that_is_queued_outside(self, turns, calls):
        turns.next_tick(calls.append, "tick")
        assert (turns.woken, turns.busy) == (["ticks"], True)
        turns.run(calls.append, "callback")
        assert calls == ["tick", "callback"]
        assert turns.busy is False

    def it_reports_an_exception_and_goes_on(self, turns, calls):
        error = ValueError()

        def fail():
            raise error

        turns.next_tick(fail)
        turns.next_tick(calls.append, "tick")
        turns.run(fail)
        assert turns.reported == [error, error]
        assert calls == ["tick"]

    def it_can_be_run_again_after_a_keyboard_interrupt(self, turns, calls):
        def interrupt():
            raise KeyboardInterrupt

        turns.next_tick(interrupt)
        turns.next_tick(calls.append, "tick")
        with pytest.raises(KeyboardInterrupt):
            turns.run_ticks()
        turns.run_ticks()
        assert calls == ["tick"]

    def it_runs_a_callback_inside_another_without_its_ticks(self, turns, calls):
        def callback():
            turns.run(lambda: (turns.next_tick(calls.append, "tick"), calls.append("inner")))
            calls.append("outer")

        turns.run(callback)
        assert calls == ["inner", "outer", "tick"]

    def it_hands_over_those_that_wait(self, turns, calls):
        turns.next_tick(calls.append, "tick")
        assert turns.drop_ticks() == [(calls.append, ("tick",))]
        turns.run_ticks()
        assert calls == []


class DescribeImmediates:
    def it_runs_them_in_the_next_turn(self, turns, calls):
        turns.set_immediate(calls.append, 1)
        turns.set_immediate(calls.append, 2)
        assert (turns.woken, turns.busy) == (["turn"], True)
        turns.turn()
        assert calls == [1, 2]
        assert turns.busy is False

    def it_runs_ticks_between_two_of_them(self, turns, calls):
        turns.set_immediate(lambda: turns.next_tick(calls.append, "tick"))
        turns.set_immediate(calls.append, "immediate")
        turns.turn()
        assert calls == ["tick", "immediate"]

    def it_runs_those_that_one_sets_in_the_turn_after(self, turns, calls):
        turns.set_immediate(lambda: turns.set_immediate(calls.append, "second"))
        turns.turn()
        assert calls == []
        turns.turn()
        assert calls == ["second"]

    def it_runs_timers_before_those_that_one_sets(self, turns, calls):
        Timeout(turns, calls.append, 1, ("timer",))
        turns.set_immediate(lambda: turns.set_immediate(calls.append, "second"))
        turns.time += 5
        turns.turn()
        turns.turn()
        assert calls == ["timer", "second"]

    def it_does_not_run_one_that_was_cleared(self, turns, calls):
        turns.set_immediate(calls.append, 1).close()
        later = turns.set_immediate(calls.append, 3)
        turns.set_immediate(lambda: calls.append(2))
        turns.set_immediate(calls.append, 4).close()
        later.close()
        turns.turn()
        assert calls == [2]
        assert turns.busy is False

    def it_can_be_unreferenced_and_referenced(self, turns, calls):
        immediate = turns.set_immediate(calls.append, 1)
        assert (immediate.has_ref(), turns.busy) == (True, True)
        assert immediate.unref() is immediate
        immediate.unref()
        assert (immediate.hasRef(), turns.busy) == (False, False)
        assert immediate.ref() is immediate
        immediate.ref()
        assert (immediate.has_ref(), turns.busy) == (True, True)
        turns.turn()
        assert turns.busy is False
        immediate.ref()
        assert turns.busy is False

    def it_reports_an_exception_and_runs_the_others(self, turns, calls):
        turns.set_immediate(lambda: 1 / 0)
        turns.set_immediate(calls.append, 2)
        turns.turn()
        assert [type(error) for error in turns.reported] == [ZeroDivisionError]
        assert calls == [2]

    def it_refuses_what_cannot_be_called(self, turns):
        with pytest.raises(TypeError) as caught:
            turns.set_immediate("no function")
        assert node_error(caught).code == "ERR_INVALID_ARG_TYPE"


class DescribeClosings:
    def it_runs_them_after_the_immediates_the_last_one_first(self, turns, calls):
        turns.at_close(lambda: calls.append("first"))
        turns.at_close(lambda: calls.append("last"))
        turns.set_immediate(calls.append, "immediate")
        assert turns.busy is True
        turns.turn()
        assert calls == ["immediate", "last", "first"]
        assert turns.busy is False


class DescribeTimers:
    def it_runs_them_in_the_order_of_their_times(self, turns, calls):
        Timeout(turns, calls.append, 20, ("late",))
        Timeout(turns, calls.append, 10, ("early",))
        Timeout(turns, calls.append, 20, ("last",))
        assert turns.alarm == 1010
        turns.pass_time(9)
        assert calls == []
        turns.pass_time(20)
        assert calls == ["early", "late", "last"]
        assert (turns.busy, turns.alarm) == (False, None)

    def it_runs_ticks_between_two_of_them(self, turns, calls):
        Timeout(turns, lambda: turns.next_tick(calls.append, "tick"), 5)
        Timeout(turns, calls.append, 5, ("timer",))
        turns.pass_time(5)
        assert calls == ["tick", "timer"]

    def it_does_not_run_one_of_the_same_time_that_started_later(self, turns, calls):
        Timeout(turns, calls.append, 10, (1,))
        turns.time += 4
        Timeout(turns, calls.append, 10, (2,))
        turns.pass_time(6)
        assert (calls, turns.alarm) == ([1], 1014)
        turns.pass_time(4)
        assert calls == [1, 2]

    @pytest.mark.parametrize("delay", [0, -5, 0.5, float("nan"), "x", None, []])
    def it_waits_one_millisecond_at_least(self, turns, calls, delay):
        Timeout(turns, calls.append, delay, (1,))
        assert turns.alarm == 1001

    def it_warns_of_a_time_that_is_too_long_and_waits_one_millisecond(self, turns):
        with pytest.warns(RuntimeWarning, match="does not fit into a 32-bit signed integer"):
            Timeout(turns, print, TIMEOUT_MAX + 1)
        assert turns.alarm == 1001

    def it_refuses_what_cannot_be_called(self, turns):
        with pytest.raises(TypeError, match="`callback` must be callable, not None"):
            Timeout(turns, None)  # type: ignore[arg-type]
        assert turns.busy is False

    def it_repeats_an_interval_until_it_is_cleared(self, turns, calls):
        interval = Timeout(turns, calls.append, 10, (1,), repeat=True)
        turns.pass_time(35)
        assert calls == [1, 1, 1]
        interval.close()
        turns.pass_time(35)
        assert calls == [1, 1, 1]
        assert turns.busy is False

    def it_ends_an_interval_that_clears_itself(self, turns, calls):
        def callback():
            calls.append(1)
            interval.close()

        interval = Timeout(turns, callback, 10, repeat=True)
        turns.pass_time(35)
        assert (calls, turns.busy) == ([1], False)

    def it_starts_the_time_of_an_interval_with_its_callback(self, turns, calls):
        def callback():
            calls.append(turns.time)
            turns.time += 3

        Timeout(turns, callback, 10, repeat=True)
        turns.pass_time(32)
        assert calls == [1010, 1020, 1030]

    def it_does_not_run_one_that_was_cleared(self, turns, calls):
        first = Timeout(turns, lambda: second.close(), 10)
        second = Timeout(turns, calls.append, 10, (2,))
        turns.pass_time(10)
        assert calls == []
        assert turns.busy is False
        first.close()
        assert turns.busy is False

    def it_runs_the_others_of_its_length(self, turns, calls):
        first = Timeout(turns, calls.append, 10, (1,))
        Timeout(turns, calls.append, 10, (2,))
        first.close()
        turns.pass_time(10)
        assert calls == [2]

    def it_starts_anew_when_it_is_refreshed(self, turns, calls):
        timer = Timeout(turns, calls.append, 10, (1,))
        turns.pass_time(8)
        assert timer.refresh() is timer
        turns.pass_time(8)
        assert calls == []
        turns.pass_time(2)
        assert calls == [1]
        timer.refresh()
        assert turns.busy is True
        turns.pass_time(10)
        assert calls == [1, 1]

    def it_can_be_refreshed_in_its_own_callback(self, turns, calls):
        def callback():
            calls.append(1)
            if len(calls) < 3:
                timer.refresh()

        timer = Timeout(turns, callback, 10)
        turns.pass_time(50)
        assert (calls, turns.busy) == ([1, 1, 1], False)

    def it_is_not_refreshed_after_it_was_cleared(self, turns, calls):
        timer = Timeout(turns, calls.append, 10, (1,))
        assert timer.close() is timer
        timer.refresh()
        turns.pass_time(20)
        assert (calls, turns.busy) == ([], False)

    def it_can_be_unreferenced_and_referenced(self, turns, calls):
        timer = Timeout(turns, calls.append, 10, (1,))
        assert (timer.has_ref(), turns.busy) == (True, True)
        assert timer.unref() is timer
        assert (timer.hasRef(), turns.busy) == (False, False)
        assert timer.ref() is timer
        assert turns.busy is True
        timer.unref()
        turns.pass_time(10)
        assert calls == [1]
        timer.ref()
        assert turns.busy is False

    def it_keeps_the_loop_running_no_longer_once_unreferenced_in_its_callback(self, turns):
        interval = Timeout(turns, lambda: interval.unref(), 10, repeat=True)
        turns.pass_time(10)
        assert turns.busy is False

    def it_reports_an_exception_and_goes_on(self, turns, calls):
        Timeout(turns, lambda: 1 / 0, 5, repeat=True)
        Timeout(turns, calls.append, 5, (1,))
        turns.pass_time(5)
        assert [type(error) for error in turns.reported] == [ZeroDivisionError]
        assert calls == [1]

    def it_runs_one_of_the_same_length_that_a_callback_starts_when_its_time_has_come(
        self, turns, calls
    ):
        def callback():
            calls.append(turns.time)
            timer.close()
            Timeout(turns, lambda: calls.append(turns.time), 10)

        timer = Timeout(turns, callback, 10)
        turns.pass_time(30)
        assert calls == [1010, 1020]

    def it_forgets_times_that_nobody_waits_for(self, turns):
        kept = Timeout(turns, print, 5)
        for milliseconds in range(10, 1010):
            Timeout(turns, print, milliseconds).close()
        assert len(turns._heap) <= 2 * len(turns._lists) + 8
        kept.close()
        turns.pass_time(2000)
        assert (turns._heap, turns._lists) == ([], {})

    def it_lets_the_clock_stand_still_during_a_callback(self, turns, calls):
        def callback():
            Timeout(turns, calls.append, 10, ("first",))
            turns.time += 5
            Timeout(turns, calls.append, 10, ("second",))

        turns.run(callback)
        turns.pass_time(5)
        assert calls == ["first", "second"]


class DescribePhases:
    def it_leaves_waking_and_the_clock_to_a_subclass(self):
        phases = Phases()
        for method, *arguments in (
            (phases.clock,),
            (phases.report, "message", ValueError()),
            (phases.next_tick, print),
            (phases.at_close, print),
            (phases._set_alarm, 5),
        ):
            with pytest.raises(NotImplementedError):
                method(*arguments)

    def it_is_busy_while_it_is_held(self, turns):
        turns.hold()
        turns.hold()
        turns.release()
        assert (turns.busy, turns.idle) == (True, 0)
        turns.release()
        assert (turns.busy, turns.idle) == (False, 1)


class DescribeHold:
    @pytest.fixture
    def hold(self):
        return Hold()

    def it_holds_from_open_to_close(self, turns, hold):
        assert turns.busy is False
        hold.open(turns)
        hold.open(turns)
        assert turns.busy is True
        hold.close()
        hold.close()
        assert turns.busy is False

    def it_lets_go_while_it_is_unreferenced(self, turns, hold):
        hold.open(turns)
        hold.unref()
        hold.unref()
        assert turns.busy is False
        hold.ref()
        hold.ref()
        assert turns.busy is True
        hold.unref()
        hold.close()
        assert turns.busy is False

    def it_lets_go_while_its_owner_is_not_active(self, turns, hold):
        hold.open(turns)
        hold.set_active(False)
        hold.set_active(False)
        assert (turns.busy, turns.idle) == (False, 1)
        hold.unref()
        hold.set_active(True)
        assert turns.busy is False
        hold.ref()
        assert turns.busy is True
        hold.close()
        hold.open(turns)
        assert turns.busy is True

    def it_remembers_what_was_called_before_it_opens(self, turns, hold):
        hold.unref()
        hold.open(turns)
        assert turns.busy is False
        hold.close()
        hold.ref()
        assert turns.busy is False
        hold.open(turns)
        assert turns.busy is True
