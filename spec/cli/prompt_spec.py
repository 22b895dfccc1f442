"""`websocket-driver connect` on a terminal."""

import os
import re
import sys
import threading

import pytest
from websockets.exceptions import ConnectionClosed

from spec.cli.support import command, foreign, interrupt, raw, read_to_end, shake_hands, terminal
from spec.wires import PATIENCE
from websocket_driver.cli.commands import HELP
from websocket_driver.cli.inputs import Lines, Texts, is_terminal, make_input
from websocket_driver.cli.output import Output
from websocket_driver.cli.prompt import Prompt
from websocket_driver.node import run, timers
from websocket_driver.node.process import Input

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no ptys")

# Control sequences: the specs read the text without them.
SEQUENCE = re.compile(r"\x1b(\[[0-9;?]*[a-zA-Z]|[78=>])")

NOT_THERE = {"prompt_toolkit": None, "websocket_driver.cli.prompt": None}


@pytest.fixture(params=["prompt_toolkit", "plain lines"])
def with_and_without(request, monkeypatch):
    if request.param == "plain lines":
        for name, module in NOT_THERE.items():
            monkeypatch.setitem(sys.modules, name, module)
    return request.param


def shown_on(screen):
    """The text on the terminal, without control sequences."""
    screen.wait_for("Closed with")
    return SEQUENCE.sub("", screen.shown)


class DescribeATerminal:
    def it_sends_what_is_typed_and_obeys_commands(self, monkeypatch, with_and_without):
        def handler(client):
            screen.type("Hello\n")
            assert client.recv(PATIENCE) == "Hello"
            client.send("a\x1b\tb\u202e\nc")
            screen.wait_for("< a\\x1b\\tb\\u202e\\nc")
            screen.type("//quoted\n")
            assert client.recv(PATIENCE) == "/quoted"
            screen.type("/binary 00ff\n")
            assert client.recv(PATIENCE) == b"\x00\xff"
            client.send(b"\x00\xff")
            screen.wait_for("< (binary, 2 bytes) 00 ff")
            client.send(b"")
            screen.wait_for("< (binary, 0 bytes)")
            screen.type("/ping there\n")
            screen.wait_for("Pong there after ")
            screen.type("/help\n")
            screen.wait_for("Commands: ")
            screen.type("/close 1005\n")
            screen.wait_for("1005")
            screen.type("/close 4000 see you\n")
            with pytest.raises(ConnectionClosed):
                client.recv(PATIENCE)
            ends.append((client.close_code, client.close_reason))

        ends: list[tuple[object, object]] = []
        with terminal(monkeypatch) as screen, foreign(handler) as url:
            assert command("connect", url) == 0
            shown = shown_on(screen)
        assert ends == [(4000, "see you")]
        assert f"Connected to {url}" in shown
        assert "Closed with 4000 see you" in shown

    def it_shows_messages_above_the_line_that_is_typed(self, monkeypatch):
        def handler(client):
            screen.wait_for(">")
            screen.type("Hel")
            screen.wait_for("Hel")
            client.send("one")
            client.send("two")
            screen.wait_for("< two")
            screen.type("lo\n")
            assert client.recv(PATIENCE) == "Hello"
            client.close(1001)

        with terminal(monkeypatch) as screen, foreign(handler) as url:
            assert command("connect", url) == 0
            shown = shown_on(screen)
        assert re.findall("< [a-z]+", shown) == ["< one", "< two"]

    def it_has_history_and_editing(self, monkeypatch):
        def handler(client):
            screen.wait_for(">")
            screen.type("ello\x01H\n")  # Ctrl-A
            assert client.recv(PATIENCE) == "Hello"
            screen.type("\x1b[A!\n")  # up
            assert client.recv(PATIENCE) == "Hello!"
            client.close()

        with terminal(monkeypatch) as screen, foreign(handler) as url:
            assert command("connect", url) == 0

    def it_shows_the_time_of_the_ping_that_is_answered(self, monkeypatch):
        def handler(client):
            shake_hands(client)
            screen.wait_for(">")
            screen.type("/ping a\n/ping b\n")
            for _ in range(14):  # two masked frames of one byte
                assert client.recv(1)
            client.sendall(b"\x8a\x01b")
            screen.wait_for("Pong b after ")
            client.sendall(b"\x88\x02\x03\xe8")
            read_to_end(client)

        with terminal(monkeypatch) as screen, raw(handler) as url:
            assert command("connect", url) == 0
            assert shown_on(screen).count("Pong") == 1

    def it_closes_on_ctrl_d(self, monkeypatch, with_and_without):
        def handler(client):
            screen.wait_for("Connected")
            if with_and_without == "prompt_toolkit":
                screen.wait_for(">")
            screen.type("\x04")
            with pytest.raises(ConnectionClosed):
                client.recv(PATIENCE)
            codes.append(client.close_code)

        codes: list[int | None] = []
        with terminal(monkeypatch) as screen, foreign(handler) as url:
            assert command("connect", url) == 0
            assert "Closed with 1000" in shown_on(screen)
        assert codes == [1000]

    @pytest.mark.parametrize("how", ["key", "signal"])
    def it_closes_on_ctrl_c(self, monkeypatch, how):
        def handler(client):
            screen.wait_for(">")
            screen.type("half")
            screen.wait_for("half")
            interrupt() if how == "signal" else screen.type("\x03")
            with pytest.raises(ConnectionClosed):
                client.recv(PATIENCE)
            codes.append(client.close_code)

        codes: list[int | None] = []
        with terminal(monkeypatch) as screen, foreign(handler) as url:
            assert command("connect", url) == 0
            assert "Closed with 1000" in shown_on(screen)
        assert codes == [1000]

    def it_takes_the_prompt_away_when_the_server_closes(self, monkeypatch):
        def handler(client):
            screen.wait_for(">")
            screen.type("half")
            screen.wait_for("half")
            client.close(1001)

        with terminal(monkeypatch) as screen, foreign(handler) as url:
            assert command("connect", url) == 0
            screen.wait_for("Closed with 1001")
        # To the beginning of the line, and everything after it erased.
        assert re.search(r"\x1b\[\d*D\x1b\[J.*Closed with 1001", screen.shown, re.DOTALL)

    def it_has_lines_without_prompt_if_its_output_goes_elsewhere(self, monkeypatch, tmp_path):
        def handler(client):
            screen.type("Hello\n/binary 00\n")
            assert [client.recv(PATIENCE) for _ in range(2)] == ["Hello", b"\x00"]
            client.send("\x1b")
            client.ping().wait(PATIENCE)
            screen.type("\x04")

        with (
            terminal(monkeypatch) as screen,
            foreign(handler) as url,
            open(tmp_path / "output", "w") as output,
        ):
            monkeypatch.setattr(sys, "stdout", output)
            assert command("connect", url) == 0
            assert "Closed with 1000" in shown_on(screen)
        assert (tmp_path / "output").read_text() == "\\x1b\n"


class DescribeInputs:
    OUTPUT = Output(interactive=True, pretty=False)

    def it_takes_texts_before_anything_else(self):
        assert isinstance(make_input(["a"], self.OUTPUT, interactive=True), Texts)

    def it_has_a_prompt_if_prompt_toolkit_is_there(self, monkeypatch, with_and_without):
        with terminal(monkeypatch):
            source = make_input(None, self.OUTPUT, interactive=True)
        kinds = {"prompt_toolkit": Prompt, "plain lines": Lines}
        assert type(source) is kinds[with_and_without]

    def it_knows_what_a_terminal_is(self, monkeypatch, stdin):
        assert not is_terminal("stdin")
        monkeypatch.setattr(sys, "stdin", None)
        assert not is_terminal("stdin")
        with terminal(monkeypatch):
            assert is_terminal("stdin") and is_terminal("stdout")

    def it_says_what_the_commands_are(self):
        assert all(name in HELP for name in ("/ping", "/close", "/binary", "/help"))


class DescribeLines:
    def read(self, descriptor, listener=None):
        """The lines that are read until the end, and whether there was one."""
        seen: list[str | None] = []
        lines = Lines(Input(descriptor))
        lines.on("data", seen.append)
        lines.on("end", lambda: seen.append(None))
        if listener is not None:
            lines.on("data", lambda line: listener(lines))
        timers.set_immediate(lines.resume)
        run()
        return seen

    @pytest.mark.parametrize("size", [1, 3, 100])
    def it_puts_lines_together(self, size):
        text = "a\nbc\r\n\nGr\u00fc\u00df\r\r\nrest".encode()
        reader, writer = os.pipe()

        def write():
            for start in range(0, len(text), size):
                os.write(writer, text[start : start + size])
            os.close(writer)

        thread = threading.Thread(target=write)
        thread.start()
        with open(reader, "rb"):
            assert self.read(reader) == ["a", "bc", "", "Gr\u00fc\u00df\r", "rest", None]
        thread.join()

    def it_stops_while_it_is_paused(self, tmp_path):
        text = [f"{number}" for number in range(50000)]
        (tmp_path / "lines").write_text("".join(f"{line}\n" for line in text))
        pauses: list[Lines] = []

        def pause(lines):
            if not pauses or len(pauses) < 3:
                pauses.append(lines)
                lines.pause()
                timers.set_immediate(lines.resume)

        with open(tmp_path / "lines") as file:
            assert self.read(file.fileno(), pause) == [*text, None]
        assert len(pauses) == 3

    def it_emits_nothing_once_it_is_destroyed(self, tmp_path):
        (tmp_path / "lines").write_text("a\nb\n")
        with open(tmp_path / "lines") as file:
            assert self.read(file.fileno(), self.destroy) == ["a"]

    def destroy(self, lines):
        lines.destroy()
        lines.resume()

    def it_ends_when_the_terminal_is_gone(self, monkeypatch):
        with terminal(monkeypatch) as screen:
            timers.set_immediate(lambda: screen.type("a\n\x04"))
            assert self.read(sys.stdin.fileno()) == ["a", None]

    def it_ends_where_nothing_can_be_read(self, tmp_path):
        descriptor = os.open(tmp_path, os.O_RDONLY)
        try:
            assert self.read(descriptor) == [None]
        finally:
            os.close(descriptor)


class DescribePrompt:
    def ask(self, monkeypatch, begin, somebody=lambda screen: None):
        """The lines that a prompt emits for typed keys, after `begin(prompt)`."""
        seen: list[str | None] = []
        with terminal(monkeypatch) as screen:
            prompt = Prompt(Output(interactive=True, pretty=False))
            prompt.on("data", seen.append)
            prompt.on("end", lambda: seen.append(None))
            timers.set_immediate(begin, prompt)
            thread = threading.Thread(target=somebody, args=(screen,))
            thread.start()
            run()
            thread.join()
        return seen

    def it_asks_once_at_a_time(self, monkeypatch):
        def begin(prompt):
            prompt.resume()
            prompt.resume()

        def somebody(screen):
            screen.wait_for(">")
            screen.type("a\n\x04")

        assert self.ask(monkeypatch, begin, somebody) == ["a", None]

    def it_asks_for_nothing_once_it_is_destroyed(self, monkeypatch):
        def begin(prompt):
            prompt.destroy()
            prompt.resume()

        assert self.ask(monkeypatch, begin) == []


class DescribeTexts:
    def it_stops_while_it_is_paused(self):
        seen: list[str | None] = []
        texts = Texts(["a", "b", "c"])
        texts.on("data", seen.append)
        texts.on("data", lambda text: texts.pause())
        texts.on("end", lambda: seen.append(None))
        texts.resume()
        assert seen == ["a"]
        texts.resume()
        texts.resume()
        texts.resume()
        texts.resume()
        assert seen == ["a", "b", "c", None]

    def it_emits_nothing_once_it_is_destroyed(self):
        seen: list[str | None] = []
        texts = Texts(["a", "b"])
        texts.on("data", seen.append)
        texts.on("data", lambda text: texts.destroy())
        texts.on("end", lambda: seen.append(None))
        texts.resume()
        assert seen == ["a"]
