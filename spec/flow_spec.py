"""Flow control: when each side may read and send."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from spec.support import examples
from websocket_driver.flow import Flow


@pytest.fixture
def flow():
    return Flow(high_water_mark=10, max_tasks=2)


def facts(flow):
    return flow.may_read, flow.may_send


class DescribeFlow:
    def it_lets_both_go_on_at_first(self, flow):
        assert facts(flow) == (True, True)
        assert (flow.high_water_mark, flow.max_tasks) == (10, 2)
        assert flow.wire_is_full is False

    def it_holds_up_both_while_the_wire_is_full(self, flow):
        flow.wire_full()
        assert facts(flow) == (False, False)
        assert flow.wire_is_full is True
        flow.wire_free()
        assert facts(flow) == (True, True)
        assert flow.wire_is_full is False

    def it_holds_up_the_reading_while_the_application_is_slow(self, flow):
        flow.application_slow()
        assert facts(flow) == (False, True)
        flow.application_ready()
        assert facts(flow) == (True, True)

    def it_keeps_the_two_pauses_apart(self, flow):
        flow.application_slow()
        flow.wire_full()
        flow.wire_free()
        assert facts(flow) == (False, True)
        flow.wire_full()
        flow.application_ready()
        assert facts(flow) == (False, False)

    class DescribeOutputThatWaits:
        def it_holds_up_the_sending_past_the_mark(self, flow):
            flow.output_queued(10)
            assert facts(flow) == (True, True)
            flow.output_queued(1)
            assert facts(flow) == (True, False)

        def it_owes_a_drain_once_it_has_been_sent(self, flow):
            flow.output_queued(11)
            assert flow.output_sent() is True
            assert facts(flow) == (True, True)
            assert flow.output_sent() is False

        def it_owes_none_if_nobody_was_held_up(self, flow):
            flow.output_queued(10)
            assert flow.output_sent() is False

        def it_is_counted_from_0_once_it_has_been_sent(self, flow):
            flow.output_queued(10)
            flow.output_sent()
            flow.output_queued(10)
            assert flow.may_send is True

        def it_owes_none_while_the_wire_is_full(self, flow):
            flow.output_queued(11)
            flow.wire_full()
            assert flow.output_sent() is False
            flow.wire_free()
            assert facts(flow) == (True, True)

        def it_owes_one_though_the_chosen_driver_queues_less(self, flow):
            flow.output_queued(11)
            flow.requeue()
            flow.output_queued(1)
            flow.input_waiting(1)
            assert flow.may_send is False
            assert flow.output_sent() is True
            assert flow.may_send is True

        def it_owes_one_though_the_chosen_driver_queues_nothing(self, flow):
            flow.output_queued(11)
            flow.requeue()
            assert flow.output_sent() is True
            assert facts(flow) == (True, True)

        def it_counts_from_the_beginning_for_the_chosen_driver(self, flow):
            flow.output_queued(10)
            flow.requeue()
            flow.output_queued(10)
            assert flow.may_send is True

    class DescribeInputThatWaits:
        def it_holds_up_the_reading_from_the_first_byte(self, flow):
            assert flow.input_waiting(0) is False
            assert flow.input_waiting(1) is False
            assert facts(flow) == (False, True)

        def it_owes_a_drain_once_it_has_been_parsed(self, flow):
            flow.input_waiting(5)
            assert flow.input_waiting(0) is True
            assert facts(flow) == (True, True)
            assert flow.input_waiting(0) is False

        def it_owes_none_while_the_application_is_slow(self, flow):
            flow.input_waiting(5)
            flow.application_slow()
            assert flow.input_waiting(0) is False

    class DescribeNothingWaits:
        def it_is_true_at_first_and_up_to_the_mark(self, flow):
            assert flow.nothing_waits() is True
            flow.output_queued(10)
            assert flow.nothing_waits() is True

        def it_is_false_while_input_or_too_much_output_waits(self, flow):
            flow.input_waiting(1)
            assert flow.nothing_waits() is False
            flow.output_queued(11)
            assert flow.nothing_waits() is False
            flow.input_waiting(0)
            assert flow.nothing_waits() is False
            flow.output_sent()
            assert flow.nothing_waits() is True

    class DescribeTasks:
        def it_holds_up_the_reading_past_the_limit(self, flow):
            for _ in range(2):
                flow.task_started()
            assert facts(flow) == (True, True)
            flow.task_started()
            assert facts(flow) == (False, True)

        def it_owes_a_drain_at_the_limit(self, flow):
            for _ in range(4):
                flow.task_started()
            assert [flow.task_ended() for _ in range(4)] == [False, True, False, False]

    class DescribeTheEnd:
        def it_reads_on_to_discard_what_comes(self, flow):
            flow.application_slow()
            flow.input_waiting(5)
            for _ in range(3):
                flow.task_started()
            assert flow.end() is True
            assert facts(flow) == (True, True)
            assert flow.end() is False

        def it_waits_for_a_wire_that_is_full(self, flow):
            flow.application_slow()
            flow.wire_full()
            assert flow.end() is False
            assert flow.may_read is False
            flow.wire_free()
            assert flow.may_read is True

        def it_owes_none_if_nobody_was_held_up(self, flow):
            assert flow.end() is False


class Machine(RuleBasedStateMachine):
    """The results depend on the facts, not on their order, and each wait ends with a `drain`."""

    def __init__(self):
        super().__init__()
        self.flow = Flow(high_water_mark=3, max_tasks=1)
        self.full = self.slow = self.ended = self.much = False
        self.queued = self.waiting = self.tasks = 0

    def check(self, owed, readers, before):
        now = self.flow.may_read if readers else self.flow.may_send
        assert owed is (now and not before)

    @rule()
    def wire_full(self):
        self.full = True
        self.flow.wire_full()

    @rule()
    def wire_free(self):
        self.full = False
        self.flow.wire_free()

    @rule()
    def application_slow(self):
        self.slow = True
        self.flow.application_slow()

    @rule()
    def application_ready(self):
        self.slow = False
        self.flow.application_ready()

    @rule(size=st.integers(0, 5))
    def output_queued(self, size):
        self.queued += size
        self.much = self.much or self.queued > 3
        self.flow.output_queued(size)

    @rule()
    def output_sent(self):
        before, self.queued, self.much = self.flow.may_send, 0, False
        self.check(self.flow.output_sent(), False, before)

    @rule(size=st.integers(0, 2))
    def input_waiting(self, size):
        before, self.waiting = self.flow.may_read, size
        self.check(self.flow.input_waiting(size), True, before)

    @rule()
    def task_started(self):
        self.tasks += 1
        self.flow.task_started()

    @precondition(lambda self: self.tasks)
    @rule()
    def task_ended(self):
        before, self.tasks = self.flow.may_read, self.tasks - 1
        self.check(self.flow.task_ended(), True, before)

    @rule()
    def end(self):
        before, self.ended = self.flow.may_read, True
        self.check(self.flow.end(), True, before)

    @invariant()
    def follows(self):
        held = self.slow or self.waiting > 0 or self.tasks > 1
        assert self.flow.may_read is (not self.full and (self.ended or not held))
        assert self.flow.may_send is (not self.full and not self.much)


class DescribeAnyOrderOfFacts:
    def it_has_the_same_consequences(self):
        run_state_machine_as_test(
            Machine, settings=settings(max_examples=examples(200), derandomize=True, deadline=None)
        )
