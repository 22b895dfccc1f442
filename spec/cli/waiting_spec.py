"""The command line when something is slow, without waiting for that to happen."""

from types import SimpleNamespace
from typing import Any

import pytest

from websocket_driver.cli.connect import Connection


class DescribeASlowConnection:
    @pytest.mark.parametrize(("may_send", "paused"), [(True, []), (False, ["paused"])])
    def it_has_the_input_wait(self, may_send, paused):
        calls: list[str] = []
        connection: Any = SimpleNamespace(
            _driver=SimpleNamespace(messages=SimpleNamespace(write=lambda message: may_send)),
            _source=SimpleNamespace(pause=lambda: calls.append("paused")),
        )
        Connection.send(connection, "Hi")
        assert calls == paused


class DescribeOutputAboveThePrompt:
    def it_is_written_in_one_go_with_what_waits_already(self, monkeypatch):
        prompt = pytest.importorskip("websocket_driver.cli.prompt")
        runs: list[object] = []
        monkeypatch.setattr(prompt, "run_in_terminal", runs.append)
        written: list[str] = []
        waiting: Any = SimpleNamespace(_waiting=[], _write_all=print)
        for text in ("one", "two"):
            prompt.Prompt._write_above(waiting, lambda text=text: written.append(text))  # noqa: SLF001
        assert len(runs) == 1
        for write in waiting._waiting:  # noqa: SLF001
            write()
        assert written == ["one", "two"]
