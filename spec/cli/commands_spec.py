import pytest

from websocket_driver.cli.commands import HELP, perform


class Actions:
    def __init__(self):
        self.done = []

    def send(self, data):
        self.done.append(data)

    def ping(self, text):
        self.done.append(("ping", text))

    def close(self, code, reason):
        self.done.append(("close", code, reason))


class DescribePerform:
    @pytest.mark.parametrize(
        ("line", "action"),
        [
            ("Hello", "Hello"),
            ("", ""),
            (" /ping", " /ping"),
            ("//ping", "/ping"),
            ("///", "//"),
            ("/ping", ("ping", "")),
            ("/ping are you there", ("ping", "are you there")),
            ("/close", ("close", None, "")),
            ("/close 1000 bye", ("close", 1000, "bye")),
            ("/close  4000  see you ", ("close", 4000, "see you")),
            ("/binary deadbeef", b"\xde\xad\xbe\xef"),
            ("/binary DE AD", b"\xde\xad"),
            ("/binary", b""),
        ],
    )
    def it_sends_texts_and_obeys_commands(self, line, action):
        actions = Actions()
        perform(line, actions)
        assert actions.done == [action]

    @pytest.mark.parametrize(
        ("line", "complaint"),
        [
            ("/", f"/ is not a command. {HELP}"),
            ("/pong", f"/pong is not a command. {HELP}"),
            ("/pings", f"/pings is not a command. {HELP}"),
            ("/help", HELP),
            ("/close bye", "'bye' is not a code, such as /close 1000 bye"),
            ("/close \u0661", "'\u0661' is not a code, such as /close 1000 bye"),
            ("/binary deadbee", "'deadbee' is not hexadecimal, such as /binary deadbeef"),
            ("/binary xyz", "'xyz' is not hexadecimal, such as /binary deadbeef"),
        ],
    )
    def it_says_what_is_accepted(self, line, complaint):
        actions = Actions()
        with pytest.raises(ValueError) as error:
            perform(line, actions)
        assert str(error.value) == complaint
        assert actions.done == []
