"""The states of a connection, and which may follow which."""

import pytest

import websocket_driver as websocket
from websocket_driver.driver.states import (
    CLOSED,
    CLOSING,
    CONNECTING,
    MOVES,
    NAMES,
    OPEN,
    UNSTARTED,
    State,
)

ALL: list[State] = [UNSTARTED, CONNECTING, OPEN, CLOSING, CLOSED]


class DescribeStates:
    def it_has_the_numbers_of_the_original(self):
        assert ALL == [-1, 0, 1, 2, 3]

    def it_names_those_that_have_a_name(self):
        assert NAMES == {0: "connecting", 1: "open", 2: "closing", 3: "closed"}
        assert websocket.Base.STATES == ("connecting", "open", "closing", "closed")

    def it_has_moves_from_each_of_them(self):
        assert {*MOVES} == {*ALL}

    def it_never_goes_back(self):
        for state, following in MOVES.items():
            assert all(other > state for other in following)

    def it_may_close_from_any_of_them(self):
        assert all(CLOSED in following for state, following in MOVES.items() if state != CLOSED)

    def it_stays_closed(self):
        assert MOVES[CLOSED] == frozenset()

    def it_opens_after_the_handshake_only(self):
        assert [state for state in ALL if OPEN in MOVES[state]] == [CONNECTING]


class Driver(websocket.Base):
    """A driver whose state a spec may change."""

    def enter(self, state):
        return self._enter(state)


class DescribeEnter:
    @pytest.mark.parametrize("state", ALL)
    @pytest.mark.parametrize("following", ALL)
    def it_makes_the_moves_of_the_table_and_no_others(self, state, following):
        driver = Driver(None, None)
        driver.ready_state = state
        allowed = following in MOVES[state]
        assert driver.enter(following) is allowed
        assert driver.ready_state == (following if allowed else state)
        assert driver.get_state() == NAMES.get(driver.ready_state)
