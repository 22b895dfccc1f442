"""The codes and payloads that a caller may send in a frame."""

import pytest

from websocket_driver.driver.hybi.outgoing import (
    OPCODES,
    check_close_code,
    prepare,
    prepare_close,
    truncate,
)


class DescribePrepare:
    @pytest.mark.parametrize(
        ("data", "type", "result"),
        [
            ("äö", None, ("äö".encode(), "text")),
            (b"\xff", None, (b"\xff", "binary")),
            (bytearray(b"ab"), None, (b"ab", "binary")),
            ([0, 255], None, (b"\x00\xff", "binary")),
            (1.5, None, (b"1.5", "text")),
            ("Hi", "binary", (b"Hi", "binary")),
            ("€".encode(), "text", ("€".encode(), "text")),
            (b"\xff", "continuation", (b"\xff", "continuation")),
            (b"\xff" * 125, "ping", (b"\xff" * 125, "ping")),
            ("", "pong", (b"", "pong")),
        ],
    )
    def it_gives_the_bytes_and_the_type(self, data, type, result):
        payload, kind = prepare(data, type)
        assert (payload, kind) == result
        assert payload.__class__ is bytes

    @pytest.mark.parametrize("type", ["txt", "", "Text", "CLOSE", 1, ["text"], {}])
    def it_refuses_a_type_that_does_not_exist(self, type):
        with pytest.raises(ValueError) as error:
            prepare("", type)
        names = "continuation, text, binary, close, ping, pong"
        assert str(error.value) == f"Frame type must be one of {names}, not {type!r}"

    @pytest.mark.parametrize("data", [b"\xff", b"\xe2\x82", [0xED, 0xA0, 0x80]])
    def it_refuses_text_that_is_not_utf_8(self, data):
        with pytest.raises(ValueError, match=r"^A text message must be valid UTF-8$"):
            prepare(data, "text")

    @pytest.mark.parametrize("data", [None, True, object(), {}])
    def it_refuses_other_data(self, data):
        with pytest.raises(TypeError):
            prepare(data, "text")

    @pytest.mark.parametrize("type", ["close", "ping", "pong"])
    def it_limits_control_frames(self, type):
        payload = b"\x03\xe8" + b"x" * 123
        assert prepare(payload, type)[0] == payload
        with pytest.raises(
            ValueError, match=f"Payload of a {type} frame must be 125 bytes at most, not 126"
        ):
            prepare(payload + b"x", type)

    def it_counts_the_code_of_a_close_frame(self):
        assert prepare("x" * 123, "close", 1000)[0] == b"x" * 123
        with pytest.raises(ValueError, match="123 bytes at most, not 124"):
            prepare("x" * 124, "close", 1000)

    @pytest.mark.parametrize("type", [None, "text", "binary", "continuation", "ping", "pong"])
    def it_refuses_the_code_of_another_frame(self, type):
        message = f"^Only a close frame has a code, not a {type or 'text'} frame$"
        with pytest.raises(ValueError, match=message):
            prepare("Hi", type, 1000)

    @pytest.mark.parametrize(
        "payload", [b"", b"\x03\xe8", b"\x03\xe8bye", b"\x0b\xb8\xe2\x82\xac", [3, 233]]
    )
    def it_takes_the_whole_payload_of_a_close_frame(self, payload):
        assert prepare(payload, "close") == (bytes(payload), "close")

    @pytest.mark.parametrize("payload", [b"x", "x", b"\x03"])
    def it_refuses_a_close_frame_without_a_whole_code(self, payload):
        with pytest.raises(ValueError, match=r"^A close frame must begin with a code, not b'.+'$"):
            prepare(payload, "close")

    @pytest.mark.parametrize(("payload", "code"), [(b"\x03\xed", 1005), ("bye", 25209)])
    def it_refuses_a_close_frame_that_begins_with_no_valid_code(self, payload, code):
        with pytest.raises(ValueError, match=f"from 3000 to 4999, not {code}$"):
            prepare(payload, "close")

    @pytest.mark.parametrize(
        ("payload", "code"), [(b"\x03\xe8\xff", None), (b"\xff", 1000), (b"\xe2\x82", 1000)]
    )
    def it_refuses_a_reason_that_is_not_utf_8(self, payload, code):
        with pytest.raises(ValueError, match=r"^The reason of a close frame must be valid UTF-8$"):
            prepare(payload, "close", code)

    def it_limits_no_message(self):
        assert len(prepare(b"x" * 70_000, "binary")[0]) == 70_000

    def it_knows_the_opcodes(self):
        assert OPCODES == {
            "continuation": 0,
            "text": 1,
            "binary": 2,
            "close": 8,
            "ping": 9,
            "pong": 10,
        }


class DescribePrepareClose:
    @pytest.mark.parametrize(
        ("reason", "code", "result"),
        [
            ("", None, (b"", 1000)),
            ("bye", 1001, (b"bye", 1001)),
            (b"bye", 4999, (b"bye", 4999)),
            ("ä" * 61, 3000, ("ä".encode() * 61, 3000)),
        ],
    )
    def it_gives_the_reason_and_the_code(self, reason, code, result):
        assert prepare_close(reason, code) == result

    @pytest.mark.parametrize("reason", [0, 1000, 1.5, True])
    def it_refuses_a_number_in_place_of_the_reason(self, reason):
        message = f"the reason first, then the code: {reason!r} is not text"
        with pytest.raises(ValueError, match=message):
            prepare_close(reason, 1000)

    @pytest.mark.parametrize(
        "code", [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, True, "1000", 1000.0]
    )
    def it_refuses_codes_that_must_not_be_sent(self, code):
        with pytest.raises(ValueError, match=r"must be one of 1000, .* 1014 or a number"):
            prepare_close("", code)
        with pytest.raises(ValueError, match=f"from 3000 to 4999, not {code!r}"):
            check_close_code(code)

    def it_refuses_a_reason_that_is_not_utf_8(self):
        with pytest.raises(ValueError, match=r"^The reason of a close frame must be valid UTF-8$"):
            prepare_close(b"\xff", 1000)

    def it_refuses_a_reason_that_is_too_long(self):
        with pytest.raises(ValueError, match="123 bytes at most, not 124"):
            prepare_close("ä" * 62, 1000)


class DescribeTruncate:
    @pytest.mark.parametrize(
        ("text", "result"),
        [
            ("", ""),
            ("x" * 123, "x" * 123),
            ("x" * 124, "x" * 123),
            ("x" * 122 + "ä", "x" * 122),
            ("x" * 121 + "ä", "x" * 121 + "ä"),
            ("x" * 120 + "\N{GRINNING FACE}", "x" * 120),
            ("\ud800", "?"),
        ],
    )
    def it_keeps_whole_characters(self, text, result):
        assert truncate(text) == result
