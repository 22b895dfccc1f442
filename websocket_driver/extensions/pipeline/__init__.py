"""The pipeline of messages through the sessions of a connection.

    application  --outgoing-->  A  -->  B  -->  C  -->  driver
    application  <--incoming--  A  <--  B  <--  C  <--  driver

Messages leave in the order in which they entered, however long a session takes for each. A session
is closed when the last message that can reach it has left it. See `docs/pipeline.md`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from ..errors import ExtensionError
from ..interfaces import AnySession, Described, Message, Outcome
from .cell import Cell
from .pledge import Pledge

__all__ = ["ExtensionError", "Pipeline"]


class Pipeline:
    """A sequence of cells, one for each extension and its session."""

    # The directions in which no more messages are accepted.
    _stopped: frozenset[str] = frozenset()

    def __init__(self, sessions: Sequence[tuple[Described, AnySession]]) -> None:
        self._cells = tuple(Cell(extension, session) for extension, session in sessions)

    def process_incoming_message(self, message: Message, callback: Outcome[Message]) -> None:
        """Passes a message from the peer through all cells, the last one first."""
        self._loop("incoming", self._cells[::-1], message, callback)

    def process_outgoing_message(self, message: Message, callback: Outcome[Message]) -> None:
        """Passes a message for the peer through all cells."""
        self._loop("outgoing", self._cells, message, callback)

    def close(self, callback: Callable[[], object] | None = None) -> None:
        """Accepts no more messages; `callback` runs when those inside have left."""
        self._stopped = frozenset(("incoming", "outgoing"))
        closed = Pledge.all([cell.close() for cell in self._cells])
        if callback is not None:
            closed.then(callback)

    def _loop(
        self, direction: str, cells: Sequence[Cell], message: Message, callback: Outcome[Message]
    ) -> None:
        if direction in self._stopped:
            return

        for cell in cells:
            cell.pending(direction)
        self._pass_on(direction, cells, 0, callback, None, message)

    def _pass_on(
        self,
        direction: str,
        cells: Sequence[Cell],
        index: int,
        callback: Outcome[Message],
        error: ExtensionError | None,
        message: Message | None,
    ) -> None:
        """Passes on the result of the cell before `index`."""
        if error:
            self._stopped |= {direction}
        if index == len(cells):
            callback(error, message)
        else:
            proceed = partial(self._pass_on, direction, cells, index + 1, callback)
            cells[index].process(direction, error, message, proceed)
