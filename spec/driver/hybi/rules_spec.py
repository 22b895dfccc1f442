"""The rules that a peer's frames and messages must obey: each of them once, at its limits."""

import pytest

from websocket_driver.driver.hybi import rules
from websocket_driver.driver.hybi.frame import Frame
from websocket_driver.driver.hybi.rules import Limits, Violation, limits

FIN = 0x80


def violation(rule, *arguments):
    """The type and the text of the violation that a rule finds; `None` if there is none."""
    try:
        rule(*arguments)
    except Violation as error:
        assert error.args == (error.type, error.message)
        return (error.type, error.message)
    return None


class DescribeTheFirstByte:
    @pytest.mark.parametrize(
        ("first", "bits"),
        [
            (0xC1, "reserved1 = 1, reserved2 = 0, reserved3 = 0"),
            (0xA1, "reserved1 = 0, reserved2 = 1, reserved3 = 0"),
            (0x91, "reserved1 = 0, reserved2 = 0, reserved3 = 1"),
            (0xF1, "reserved1 = 1, reserved2 = 1, reserved3 = 1"),
        ],
    )
    def it_may_have_reserved_bits_of_extensions_only(self, first, bits):
        assert violation(rules.check_reserved_bits, Frame(first), True) is None
        assert violation(rules.check_reserved_bits, Frame(first), False) == (
            "protocol_error",
            f"One or more reserved bits are on: {bits}",
        )

    @pytest.mark.parametrize("opcode", range(16))
    def it_has_an_opcode_that_is_defined(self, opcode):
        result = violation(rules.check_opcode, Frame(FIN | opcode))
        if opcode in (0x0, 0x1, 0x2, 0x8, 0x9, 0xA):
            assert result is None
        else:
            assert result == ("protocol_error", f"Unrecognized frame opcode: {opcode}")

    @pytest.mark.parametrize("in_message", [False, True])
    @pytest.mark.parametrize("opcode", [0x8, 0x9, 0xA])
    def it_says_that_a_control_frame_is_whole(self, opcode, in_message):
        assert violation(rules.check_fragmentation, Frame(FIN | opcode), in_message) is None
        assert violation(rules.check_fragmentation, Frame(opcode), in_message) == (
            "protocol_error",
            f"Received fragmented control frame: opcode = {opcode}",
        )

    @pytest.mark.parametrize("first", [0x01, 0x81, 0x02, 0x82])
    def it_begins_no_message_within_another(self, first):
        assert violation(rules.check_fragmentation, Frame(first), False) is None
        assert violation(rules.check_fragmentation, Frame(first), True) == (
            "protocol_error",
            "Received new data frame but previous continuous frame is unfinished",
        )

    @pytest.mark.parametrize("first", [0x00, 0x80])
    def it_continues_a_message(self, first):
        assert violation(rules.check_fragmentation, Frame(first), True) is None
        assert violation(rules.check_continuation, True) is None
        assert violation(rules.check_continuation, False) == (
            "protocol_error",
            "Received unexpected continuation frame",
        )


class DescribeLengths:
    TOO_LARGE = ("too_large", "WebSocket frame length too large")

    @pytest.mark.parametrize("before", [0, 1, 100])
    def it_limits_messages(self, before):
        allowed = Limits(100, None)
        assert violation(rules.check_frame, 100 - before, before, False, allowed) is None
        assert violation(rules.check_frame, 101 - before, before, True, allowed) == self.TOO_LARGE
        assert violation(rules.check_message_length, 100, allowed) is None
        assert violation(rules.check_message_length, 101, allowed) == self.TOO_LARGE

    def it_may_allow_empty_messages_only(self):
        assert violation(rules.check_message_length, 0, Limits(0, None)) is None
        assert violation(rules.check_message_length, 1, Limits(0, None)) == self.TOO_LARGE

    def it_checks_the_length_before_the_mask(self):
        assert violation(rules.check_frame, 2, 0, False, Limits(1, True)) == self.TOO_LARGE

    @pytest.mark.parametrize(
        ("length", "text"),
        [
            (126, "126"),
            (65536, "65536"),
            (2**53 + 1, "9007199254740992"),
            (2**63, "9223372036854776000"),
        ],
    )
    def it_limits_control_frames(self, length, text):
        assert violation(rules.check_control_length, 125) is None
        assert violation(rules.check_control_length, length) == (
            "protocol_error",
            f"Received control frame having too long payload: {text}",
        )


class DescribeMasking:
    UNMASKED = ("unacceptable", "Received unmasked frame but masking is required")
    MASKED = ("protocol_error", "Received masked frame from a server")

    @pytest.mark.parametrize(
        ("expected", "masked", "result"),
        [
            (True, True, None),
            (True, False, UNMASKED),
            (False, False, None),
            (False, True, MASKED),
            (None, True, None),
            (None, False, None),
        ],
    )
    def it_is_as_the_limits_say(self, expected, masked, result):
        assert violation(rules.check_masking, masked, Limits(9, expected)) == result
        assert violation(rules.check_frame, 1, 0, masked, Limits(9, expected)) == result


class DescribePayloads:
    def it_fails_on_text_that_is_not_utf_8(self):
        assert violation(rules.check_text, True) is None
        assert violation(rules.check_text, False) == (
            "encoding_error",
            "Could not decode a text frame as UTF-8",
        )

    def it_knows_the_close_codes_that_may_be_sent(self):
        valid = [code for code in range(-1, 65537) if rules.is_close_code(code)]
        registered = [*range(1000, 1004), *range(1007, 1015)]
        assert valid == [*registered, *range(3000, 5000)]


class DescribeLimits:
    def it_is_shared_by_connections_with_the_same_options(self):
        assert limits(5, True) is limits(5, True)
        assert limits(5, True) is not limits(5, None)
        assert (limits(5, True).max_length, limits(5, True).masked) == (5, True)
