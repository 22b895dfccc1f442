"""The input line of a terminal, with prompt_toolkit: editing, history, Ctrl-Z, output above it."""

from __future__ import annotations

import asyncio

from prompt_toolkit import PromptSession
from prompt_toolkit.application import run_in_terminal
from prompt_toolkit.input import create_input
from prompt_toolkit.output import create_output

from .output import Output, Write
from .source import Source

PROMPT = "> "


class Prompt(Source):
    """Emits each typed line as `data`, and `end` after Ctrl-D or Ctrl-C.

    Anything that `output` shows appears above the input line.
    """

    def __init__(self, output: Output) -> None:
        super().__init__()
        self._output = output
        self._waiting: list[Write] = []
        self._task: asyncio.Task[None] | None = None
        self._session: PromptSession[str] = PromptSession(
            enable_suspend=True, input=create_input(), output=create_output()
        )

    def resume(self) -> None:
        """Begins to ask for lines."""
        super().resume()
        if self._task is None and self.readable:
            self._output.writer = self._write_above
            self._task = asyncio.get_running_loop().create_task(self._ask())

    def destroy(self) -> None:
        """Removes the prompt, and emits nothing more."""
        super().destroy()
        if self._task is not None:
            self._session.app.erase_when_done = True
            self._task.cancel()

    async def _ask(self) -> None:
        while self.readable:
            try:
                line = await self._session.prompt_async(
                    PROMPT, handle_sigint=False, set_exception_handler=False
                )
            except (EOFError, KeyboardInterrupt):
                self.readable = False
                self.emit("end")
                return
            self.emit("data", line)

    def _write_above(self, write: Write) -> None:
        self._waiting.append(write)
        if len(self._waiting) == 1:
            run_in_terminal(self._write_all)

    def _write_all(self) -> None:
        waiting, self._waiting = self._waiting, []
        for write in waiting:
            write()
