"""The callbacks of pings that wait for their pong."""

from functools import partial
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from spec.support import examples
from websocket_driver.driver.hybi.pings import Pings


def pings(limit, *payloads):
    """Pings with these payloads, whose callbacks are numbered, the first is 1."""
    result = Pings(limit)
    for number, payload in enumerate(payloads, 1):
        result.add(payload, partial(int, number))
    return result


def settled(waiting, payload):
    return [callback() for callback in waiting.settle(payload)]


class DescribePings:
    def it_settles_the_one_that_is_answered(self):
        assert settled(pings(9, b"a"), b"a") == [1]

    def it_settles_all_before_it_oldest_first(self):
        waiting = pings(9, b"a", b"b", b"c")
        assert settled(waiting, b"b") == [1, 2]
        assert settled(waiting, b"c") == [3]

    def it_settles_each_once(self):
        waiting = pings(9, b"a", b"b")
        assert settled(waiting, b"b") == [1, 2]
        assert settled(waiting, b"a") == []
        assert settled(waiting, b"b") == []

    def it_settles_all_with_the_same_payload(self):
        assert settled(pings(9, b"a", b"a"), b"a") == [1, 2]

    def it_ignores_a_pong_that_answers_none(self):
        waiting = pings(9, b"a")
        assert settled(waiting, b"b") == []
        assert settled(waiting, b"") == []
        assert settled(waiting, b"a") == [1]

    def it_forgets_the_oldest_past_its_limit(self):
        waiting = pings(2, b"a", b"b", b"c")
        assert settled(waiting, b"a") == []
        assert settled(waiting, b"c") == [2, 3]

    def it_knows_a_payload_as_long_as_one_ping_has_it(self):
        waiting = pings(2, b"a", b"b", b"a")
        assert settled(waiting, b"a") == [2, 3]

    def it_may_keep_none(self):
        assert settled(pings(0, b"a"), b"a") == []

    @given(
        st.integers(0, 5),
        st.lists(st.tuples(st.sampled_from([b"a", b"b", b"c"]), st.booleans()), max_size=30),
    )
    @settings(max_examples=examples(300), deadline=None, derandomize=True, database=None)
    def it_does_what_a_plain_list_does(self, limit, steps):
        waiting, plain = Pings(limit), list[Any]()
        for number, (payload, is_ping) in enumerate(steps):
            if is_ping:
                waiting.add(payload, partial(int, number))
                plain = [*plain, (payload, number)][-limit:] if limit else []
                continue
            places = [i for i, (other, _) in enumerate(plain) if other == payload]
            end = places[-1] + 1 if places else 0
            assert settled(waiting, payload) == [number for _, number in plain[:end]]
            plain = plain[end:]
