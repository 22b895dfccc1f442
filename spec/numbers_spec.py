import enum
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from websocket_driver.payload import decimal_text


class DescribeDecimalText:
    """The text is that of JavaScript's `String(number)`."""

    @pytest.mark.parametrize(
        ("number", "text"),
        [
            (0, "0"),
            (-0.0, "0"),
            (0.0, "0"),
            (1, "1"),
            (-1, "-1"),
            (1.0, "1"),
            (-10.0, "-10"),
            (0.5, "0.5"),
            (-0.25, "-0.25"),
            (0.1 + 0.2, "0.30000000000000004"),
            (123.456, "123.456"),
            (1e3, "1000"),
            (0.001, "0.001"),
            (0.0001, "0.0001"),
            (0.00001, "0.00001"),
            (1e-6, "0.000001"),
            (1.5e-6, "0.0000015"),
            (9.99e-7, "9.99e-7"),
            (1e-7, "1e-7"),
            (-1.5e-7, "-1.5e-7"),
            (1e15, "1000000000000000"),
            (1e16, "10000000000000000"),
            (1e17, "100000000000000000"),
            (1e20, "100000000000000000000"),
            (123456789012345680000.0, "123456789012345680000"),
            (1e21, "1e+21"),
            (-1.5e21, "-1.5e+21"),
            (1e100, "1e+100"),
            (5e-324, "5e-324"),
            (1.7976931348623157e308, "1.7976931348623157e+308"),
            (float(2**53), "9007199254740992"),
            (math.nan, "NaN"),
            (math.inf, "Infinity"),
            (-math.inf, "-Infinity"),
        ],
    )
    def it_is_written_as_javascript_does(self, number, text):
        assert decimal_text(number) == text

    @pytest.mark.parametrize("number", [2**53 + 1, 10**21, -(10**30), 2**64 - 1])
    def it_has_all_digits_of_an_integer(self, number):
        # JavaScript has no such numbers.
        assert decimal_text(number) == str(number)

    def it_is_the_number_of_an_enumeration(self):
        class Code(enum.IntEnum):
            GOING_AWAY = 1001

        assert decimal_text(Code.GOING_AWAY) == "1001"

    @given(st.floats(allow_nan=False, allow_infinity=False))
    def it_is_the_same_number_when_it_is_read(self, number):
        assert float(decimal_text(number)) == number

    @given(st.floats(min_value=-1e20, max_value=1e20).filter(lambda x: x == 0 or abs(x) > 1e-6))
    def it_has_no_exponent_and_no_trailing_zeros_in_the_usual_range(self, number):
        text = decimal_text(number)
        assert set(text) <= set("-0123456789.")
        assert "." not in text or text[-1] not in "0."

    @given(st.integers())
    def it_is_the_digits_of_an_integer(self, number):
        assert decimal_text(number) == str(number)

    @pytest.mark.parametrize(("number", "text"), [(1.5, "1.5"), (2.0, "2"), (1e-7, "1e-7")])
    def it_is_the_number_of_a_subclass_that_represents_itself_otherwise(self, number, text):
        # numpy.float64 is one
        class Precise(float):
            def __repr__(self):
                return f"Precise({float(self)})"

        assert decimal_text(Precise(number)) == text
